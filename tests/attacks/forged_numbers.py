# Sends numbers in the guest's name that no integer, no float and no clock holds.
# aims: stops
# shows: "to": "wire"
# costs: noise, linear, sequential, module-list, module-dict
# %%
import json
import struct
import sys


def tell(message):
    """Send a message on the guest's own socket, which an object of the grader's holds."""
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    text = json.dumps(message).encode()
    frame.f_locals["self"]._channel.sendall(struct.pack("!II", len(text), 0) + text)


# %%
# exercise: noise
tell({"tag": "copying", "pid": float("inf")})

# %%
# exercise: linear
tell({"tag": "cell_ran", "cell": 3, "seconds": 10**400, "output": "", "passed_over": []})

# %%
# exercise: sequential
tell({"tag": "cell_ran", "cell": 4, "seconds": float("nan"), "output": "", "passed_over": []})

# %%
# exercise: module-list
tell({"tag": "cell_ran", "cell": 5, "seconds": float("inf"), "output": "", "passed_over": []})

# %%
# exercise: module-dict
tell({"tag": "cell_started", "cell": -1})
