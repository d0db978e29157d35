# Says in the guest's name that each cell ran, with two million characters of output, where 10 000 are kept.
# aims: stops
# shows: and so on
# %%
import sys

from grader import wire

print("and so on")

def find():
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    return frame.f_locals["self"]


channel = find()._channel
for number in range(2, 20):
    wire.send(channel, {"tag": "cell_ran", "cell": number, "seconds": 0.0, "output": "and so on " * 190_000, "passed_over": []})
    wire.send(channel, {"tag": "cell_started", "cell": number + 1})
