# Starts threads until it may not: they use up the numbers that all processes of the machine share.
# aims: exhausts
# limits: seconds: 5
# shows: "to": "processes"
# costs: noise
# %%
# exercise: noise
import threading
import time

threading.stack_size(32768)
try:
    for _ in range(30_000):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
except RuntimeError:
    pass
time.sleep(10)
