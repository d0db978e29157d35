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

frame = sys._getframe()
while "_channel" not in vars(frame.f_locals.get("self", object)):
    frame = frame.f_back
channel = frame.f_locals["self"]._channel
channel.sendall(struct.pack("!II", 4 << 20, 0) + b"{")
while True:
    try:
        channel.sendall(b" ")
        time.sleep(0.02)
    except OSError:
        break
    except BaseException:
        pass
