# Forks until it may not; every child sleeps.
# aims: exhausts
# limits: processes: 4, seconds: 3
# shows: "to": "processes"
# costs: noise
# %%
# exercise: noise
import os
import time

for _ in range(300):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
    time.sleep(0.005)
time.sleep(30)
