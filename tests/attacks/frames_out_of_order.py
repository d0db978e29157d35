# Sends messages that are right in form at the wrong time: the end of a copy that there is not, an answer nobody asked
# for, the notebook's end from its middle, an exercise that is still to come, and a cell that ended before, once more.
# aims: stops
# shows: "to": "wire"
# costs: noise, linear, sequential, module-list, module-dict, calculator
# %%
import sys

from grader import wire


def tell(message, times=1):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    for _ in range(times):
        wire.send(frame.f_locals["self"]._channel, message)


# %%
# exercise: noise
tell({"tag": "copy_ended", "status": 0})

# %%
# exercise: linear
tell({"tag": "answered", "number": 1, "value": True, "warned": [], "changed": False}, 2)

# %%
# exercise: sequential
tell({"tag": "finished"})

# %%
# exercise: module-list
tell({"tag": "reached", "exercises": ["gain"], "waiting": True, "in_place": False, "threads": False})

# %%
# exercise: module-dict
tell({"tag": "cell_ran", "cell": 1, "seconds": 0.0, "output": "", "passed_over": []}, 2)

# %%
# exercise: calculator
tell({"tag": "copying", "pid": 1}, 2)
