# Forks processes that each lead a session, and tells the grader that each is one of its own to be kept.
# limits: processes: 4, seconds: 3
# shows: "to": "processes"
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
notebook = frame.f_locals["notebook"]
for _ in range(300):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
    text = json.dumps({"running": pid, "pid": pid}).encode()
    notebook.sendall(struct.pack("!II", len(text), 0) + text)
    time.sleep(0.005)
time.sleep(30)
