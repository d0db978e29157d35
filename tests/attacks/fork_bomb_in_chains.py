# Forks chains of processes, each the leader of a session, and tells the grader that the last of each is a copy of its.
# aims: exhausts
# limits: processes: 4, seconds: 1
# shows: "to": "
# %%
# exercise: noise
import json
import os
import struct
import sys
import time


def find():
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    return frame.f_locals["self"]


life = find()


def chain(length):
    if os.fork() == 0:
        os.setsid()
        if length:
            chain(length - 1)
        else:
            text = json.dumps({"tag": "copying", "pid": os.getpid()}).encode()
            life._channel.sendall(struct.pack("!II", len(text), 0) + text)
        time.sleep(30)
        os._exit(0)


for _ in range(10):
    chain(12)
    time.sleep(0.06)
time.sleep(30)
