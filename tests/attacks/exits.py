# Ends the process with status 0: at once or politely, in a cell, in forward and in a repr.
# aims: stops
# shows: its process ended without an answer (exit status 0)
# costs: noise, linear, sequential, calculator
# %%
# exercise: noise
import os

os._exit(0)

# %%
# exercise: linear
import os


class MyLinear(nn.Module):
    def __init__(self, *sizes):
        super().__init__()

    def forward(self, x):
        os._exit(0)


# %%
# exercise: sequential
class Add(nn.Module):
    def __init__(self, value):
        raise SystemExit(0)


def make_chain(values):
    return type("Chain", (), {"__repr__": lambda self: quit()})()


# %%
# exercise: calculator
import sys

sys.exit(0)
