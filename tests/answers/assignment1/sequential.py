# %% wrong: changes-its-input (mutates_input)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        x += self.value
        return x

def make_chain(values):
    return nn.Sequential(*[Add(value) for value in values])

# %% wrong: result-not-returned (forward_no_return)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        x + self.value

def make_chain(values):
    return nn.Sequential(*[Add(value) for value in values])

# %% wrong: no-super (missing_super)
class Add(nn.Module):
    def __init__(self, value):
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.Sequential(*[Add(value) for value in values])

# %% wrong: list-not-unpacked (sequential_of_list)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.Sequential([Add(value) for value in values])

# %% wrong: plain-list (list_instead_of_module)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return [Add(value) for value in values]

# %% wrong: module-list (container_called)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.ModuleList(Add(value) for value in values)

# %% wrong: same-layer-repeated (layer_shared)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.Sequential(*[Add(values[0])] * len(values))

# %% wrong: summed-into-one (-)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.Sequential(Add(sum(values)))

# %% wrong: reversed-order (-)
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return x + self.value

def make_chain(values):
    return nn.Sequential(*[Add(value) for value in reversed(values)])

# %% right: ordered-dict
from collections import OrderedDict

class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.amount = value

    def forward(self, x):
        return torch.add(x, self.amount)

def make_chain(values):
    return nn.Sequential(OrderedDict((f"add{i}", Add(v)) for i, v in enumerate(values)))

# %% right: clone-then-append
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        result = x.clone()
        result = result + self.value
        return result

def make_chain(values):
    chain = nn.Sequential()
    for value in values:
        chain.append(Add(value))
    return chain

# %% right: add-module
class Add(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.v = value

    def forward(self, tensor):
        return self.v + tensor

def make_chain(values):
    chain = nn.Sequential()
    for position, value in enumerate(values):
        chain.add_module(str(position), Add(value))
    return chain
