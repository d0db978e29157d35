# Sends messages whose fields are of other types: a tag that is a list, texts for numbers, numbers for lists, no header.
# aims: stops
# shows: "to": "wire"
# costs: noise, linear, sequential, module-list, module-dict, calculator, parameters, walk
# %%
import json
import struct
import sys


def tell(*messages):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    for message in messages:
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        frame.f_locals["self"]._channel.sendall(struct.pack("!II", len(text), 0) + text)


# %%
# exercise: noise
tell({"tag": ["cell_ran"], "cell": 0})

# %%
# exercise: linear
tell({"tag": "cell_ran", "cell": "3", "seconds": "0", "output": ["text"], "passed_over": []})

# %%
# exercise: sequential
tell({"tag": "reached", "exercises": {"noise": 1}, "waiting": 1, "in_place": "yes", "threads": None})

# %%
# exercise: module-list
tell([], None, 5, "finished")

# %%
# exercise: module-dict
tell({})

# %%
# exercise: calculator
tell(b'{"tag": "finished", "tag": "cell_ran", "cell": ' + b"9" * 5000 + b"}")

# %%
# exercise: parameters
tell({"tag": "cell_ran", "cell": True, "seconds": 0.0, "output": "", "passed_over": [], "raised": {"type": 5, "bases": "Exception"}})

# %%
# exercise: walk
tell(b"\xff\xfe{}", b"", {"tag": "no-such-message"})
