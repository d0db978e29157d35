# Sends a frame a byte at a time, so that something always comes and never ends.
# aims: stops
# limits: seconds: 0.5
# shows: "to": "
# costs: noise
# %%
# exercise: noise
import struct
import sys
import time


def find():
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    return frame.f_locals["self"]


channel = find()._channel
channel.sendall(struct.pack("!II", 4 << 20, 0) + b"{")
while True:
    try:
        channel.sendall(b" ")
        time.sleep(0.02)
    except OSError:
        break
    except BaseException:
        pass
