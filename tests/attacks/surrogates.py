# Half characters, which no encoder takes, in every name and text that comes back.
# aims: stops
# shows: half
# costs: noise, linear, parameters, describe, postorder
# %%
print("half \ud800")

# %%
# exercise: noise
def noise(rows, columns, seed):
    raise type("\ud800Error", (Exception,), {})("half \ud800")


# %%
# exercise: linear
class MyLinear(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.register_parameter("\ud800", nn.Parameter(torch.zeros(2)))


# %%
# exercise: parameters
def Mixed(size):
    return type("Mixed\ud800", (), {})()


# %%
# exercise: describe
class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()

    def __repr__(self):
        return "\ud800"

    def forward(self, x):
        return type("Half\ud800", (), {"__repr__": lambda self: "\udfff"})()


# %%
# exercise: postorder
def postorder(model):
    return ["\ud800"]
