# Climbs the stack to the object that answers, takes the numbers of all questions, and answers them.
# aims: forges
# shows: its answer could not be read
# %%
import sys

from grader import wire

ANSWERS = [
    {"value": True},
    {"value": {"dict": [["returned", None], ["before", []], ["after", []], ["outcome", "passed"]]}},
    {"value": {"dict": [["bases", 5], ["module", True], ["parameters", 5], ["buffers", None]]}},
    {"raised": {"type": "ValueError", "bases": ["ValueError"], "message": "", "frames": []}},
    {"outcome": "passed", "earned": 100},
    {},
]


def forge(*args, **kwargs):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    life = frame.f_locals["self"]
    for number in range(1, 200):
        answer = ANSWERS[number % len(ANSWERS)]
        wire.send(life._channel, {"tag": "answered", "number": number, "warned": [], "changed": False, **answer})
    wire.send(life._channel, {"tag": "copy_ended", "status": 0})
    wire.send(life._channel, {"tag": "finished"})


noise = make_chain = run = module_names = count_parameters = fetch = watch = plus_five = forge
log_gradients = scale_gradient = unit_gradients = postorder = fill_linear = add_gain = forge
MyLinear = Add = Tower = Router = Mixed = RunningMean = Scale = forge
