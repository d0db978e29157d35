# Says in the guest's name that each cell ran, with two million characters of output, where 10 000 are kept.
# aims: stops
# shows: and so on
# %%
import sys

from grader import wire

print("and so on")
frame = sys._getframe()
while "_channel" not in vars(frame.f_locals.get("self", object)):
    frame = frame.f_back
channel = frame.f_locals["self"]._channel
for number in range(2, 20):
    wire.send(channel, {"tag": "cell_ran", "cell": number, "seconds": 0.0, "output": "and so on " * 190_000})
    wire.send(channel, {"tag": "cell_started", "cell": number + 1})
