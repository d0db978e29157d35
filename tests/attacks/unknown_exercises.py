# Says that it has come to the end of exercises that there are not, and to that of one twice.
# aims: stops
# shows: the cell wrote to the grader's own channel
# costs: noise, linear
# %%
import sys

from grader import wire


def say(*exercises):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    told = {"tag": "reached", "waiting": True, "in_place": True, "threads": False}
    wire.send(frame.f_locals["self"]._channel, {**told, "exercises": list(exercises)})


# %%
# exercise: noise
say("no-such")

# %%
# exercise: linear
say("linear", "linear")
