# Says again and again that its cell begins only now, so that neither its time nor its processes are counted.
# limits: processes: 4, seconds: 2
# shows: the cell wrote to the grader's own channel
# costs: noise
# %%
# exercise: noise
import os
import sys
import time

from grader import wire

frame = sys._getframe()
while "notebook" not in frame.f_locals:
    frame = frame.f_back
index = frame.f_locals["cell"]["index"]
end = time.monotonic() + 60
while time.monotonic() < end:
    wire.send(frame.f_locals["notebook"], {"started": index})
    for _ in range(8):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    time.sleep(0.02)
