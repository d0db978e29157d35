# Sends an answer whose value is right in form, and whose warnings are a number.
# aims: stops
# shows: malformed message
# %%
# exercise: noise
import sys

from grader import wire


def noise(*args, **kwargs):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    channel = frame.f_locals["self"]._channel
    for number in range(1, 5):
        wire.send(channel, {"tag": "answered", "number": number, "value": 1, "warned": 5, "changed": False})
    return 1
