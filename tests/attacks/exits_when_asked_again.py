# Passes a limit when it is asked first, and ends without a word when it is asked again.
# aims: stops
# limits: processes: 4, seconds: 3
# shows: processes than the limit
# costs: noise, linear
# %%
import os
import time

FIRST = time.monotonic() + 0.7


def bomb(*args, **kwargs):
    if time.monotonic() > FIRST:
        os._exit(3)
    while True:
        for _ in range(40):
            if os.fork() == 0:
                time.sleep(30)
                os._exit(0)
        time.sleep(0.05)


# %%
# exercise: noise
noise = bomb

# %%
# exercise: linear
MyLinear = bomb
