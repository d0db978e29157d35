# Reads address 0 and recurses without end, in cells and in what a check calls.
# aims: stops
# shows: signal 11
# costs: noise, linear, sequential, describe
# %%
# exercise: noise
import ctypes

ctypes.string_at(0)

# %%
# exercise: linear
import ctypes


class MyLinear(nn.Module):
    def __init__(self, *sizes):
        ctypes.string_at(0)


# %%
# exercise: sequential
def deeper():
    return deeper()


deeper()


# %%
# exercise: describe
import sys


class Scale(nn.Module):
    def __init__(self, factor):
        sys.setrecursionlimit(10**9)
        repr(self)

    def __repr__(self):
        return repr([self])
