# Gives its processes names that those who count them may read wrongly, and starts more than there may be.
# aims: exhausts
# limits: processes: 4, seconds: 3
# shows: "to": "processes"
# costs: noise
# %%
# exercise: noise
import ctypes
import os
import time

libc = ctypes.CDLL(None)
NAMES = [b") Z 0 0 (", b"a\nState:\tZ", b"\xff\xfe) Z", b"", b"rm", b"VmPTE:\t0 kB", b"zygote) S 1 1"]
for number in range(60):
    if os.fork() == 0:
        libc.prctl(15, NAMES[number % len(NAMES)], 0, 0, 0)
        os.setsid()
        time.sleep(30)
        os._exit(0)
time.sleep(2.5)
