# Calls itself "Threads:\t1", as the line that tells how many threads there are, and starts more than there may be.
# aims: exhausts
# limits: processes: 4, seconds: 3
# shows: "to": "processes"
# costs: noise
# %%
# exercise: noise
import ctypes
import threading
import time

ctypes.CDLL(None).prctl(15, b"Threads:\t1", 0, 0, 0)
threading.stack_size(32768)
wait = threading.Event()
for _ in range(300):
    threading.Thread(target=wait.wait, daemon=True).start()
time.sleep(2.5)
