# Ten million characters in every text that comes back: a message, names of classes, functions and parameters, a repr,
# warnings, output, a docstring, a line of source.
# aims: stops
# shows: LLLL
# costs: noise, linear, parameters, describe, postorder, watch
# %%
import warnings

LONG = "L" * 10_000_000
print(LONG)

# %%
# exercise: noise
def noise(rows, columns, seed):
    raise type(LONG, (type(LONG, (Exception,), {}),), {})(LONG)


# %%
# exercise: linear
class MyLinear(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        for number in range(3):
            self.register_parameter(LONG + str(number), nn.Parameter(torch.zeros(2)))


# %%
# exercise: parameters
def Mixed(size):
    for number in range(30):
        warnings.warn(f"{number}{LONG}", type(LONG, (UserWarning,), {}))
    return type(LONG, (), {})()


# %%
# exercise: describe
class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()

    __doc__ = LONG

    def __repr__(self):
        return LONG * 3

    def forward(self, x):
        return type(LONG, (), {"__repr__": lambda self: LONG})()


# %%
# exercise: postorder
def postorder(model):
    return [LONG, LONG[1:]]


# %%
# exercise: watch
def watch(module, log):
    exec(f"def {LONG[:100_000]}():\n    raise KeyError({LONG[:100_000]!r})\n{LONG[:100_000]}()")
