# Stops its process with SIGSTOP: where it is asked, and from a child that does so again whenever it goes on.
# aims: stops
# limits: seconds: 0.5
# shows: stopped after 0.5 s
# costs: noise, linear
# %%
# exercise: noise
import os
import signal


def noise(rows, columns, seed):
    os.kill(os.getpid(), signal.SIGSTOP)


# %%
# exercise: linear
import os
import signal
import time

parent = os.getpid()
if os.fork() == 0:
    while True:
        os.kill(parent, signal.SIGSTOP)
        time.sleep(0.005)
time.sleep(5)
