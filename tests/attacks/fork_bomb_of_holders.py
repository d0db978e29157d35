# Forks chains of processes, and tells the grader that the last of each is a holder to be kept.
# limits: processes: 4, seconds: 1
# shows: the cell wrote to the grader's own channel
# %%
# exercise: noise
import json
import os
import struct
import sys
import time

frame = sys._getframe()
while "notebook" not in frame.f_locals:
    frame = frame.f_back
notebook, job = frame.f_locals["notebook"], frame.f_locals["job"]


def chain(length, exercise):
    if os.fork() == 0:
        os.setsid()
        if length:
            chain(length - 1, exercise)
        else:
            text = json.dumps({"held": exercise, "pid": os.getpid()}).encode()
            notebook.sendall(struct.pack("!II", len(text), 0) + text)
        time.sleep(30)
        os._exit(0)


for exercise in [name for cell in job["cells"] for name in cell["ends"]][1:]:
    chain(12, exercise)
    time.sleep(0.06)
time.sleep(30)
