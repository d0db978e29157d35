# Says again and again that its cell begins only now, so that neither its time nor its processes are counted.
# aims: exhausts
# limits: processes: 4, seconds: 2
# shows: the cell wrote to the grader's own channel
# costs: noise
# %%
# exercise: noise
import os
import sys
import time

from grader import wire


def find():
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    return frame.f_locals["self"]


life = find()
index = next(cell["index"] for cell in life._job["cells"] if "noise" in cell["ends"])
end = time.monotonic() + 60
while time.monotonic() < end:
    wire.send(life._channel, {"tag": "cell_started", "cell": index})
    for _ in range(8):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    time.sleep(0.02)
