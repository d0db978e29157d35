"""Models and small callers that the checks of assignment1 use in their expressions."""

import torch
from torch import nn

from grader.guest import look


def twice(function, *args):
    """Two equal calls, one after the other."""
    return [function(*args), function(*args)]


class Shift(nn.Module):
    """Adds a saved vector; inside a block, beside a layer."""

    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.register_buffer("offset", torch.linspace(0.5, 1.5, width))

    def forward(self, x):
        return x * self.gain + self.offset


class Nested(nn.Module):
    """Two levels, a frozen layer, a Parameter that stands in two places, and a buffer."""

    def __init__(self, width=4):
        super().__init__()
        hidden, out = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.encoder = nn.Sequential(nn.Linear(3, width), nn.Tanh(), Shift(width))
        self.decoder = nn.ModuleDict({"hidden": hidden, "out": out})
        self.decoder["out"].weight = self.decoder["hidden"].weight
        self.encoder[0].bias.requires_grad_(False)

    def forward(self, x):
        return self.decoder["out"](torch.relu(self.decoder["hidden"](self.encoder(x))))


def parts(numbers):
    """A model with a Nested for each number, which is its width and in its name."""
    model = nn.Module()
    for place, number in enumerate(numbers.tolist()):
        model.add_module(f"part{place}_{number}", Nested(number))
    return model


LEAVES = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Identity, nn.Flatten, nn.SiLU)


def tree(numbers):
    """A branch for each row of numbers, with the branch before it in the middle of its leaves."""
    branch = nn.Sequential()
    for row in numbers.tolist():
        first, second, *others = (LEAVES[number]() for number in row)
        branch = nn.Sequential(first, second, branch, *others)
    return branch


class Several(nn.Module):
    """A module of more than one operation, so that a hook on the last one alone is not enough."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return torch.sin(x * self.weight).cumsum(-1) * 3


class Pair(nn.Module):
    """Two parameters that share one gradient tensor on its way."""

    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.randn(3))
        self.q = nn.Parameter(torch.randn(3))

    def forward(self, x):
        return (self.p + self.q) * x


class Mixture(nn.Module):
    """Linears at several depths, with and without bias, among modules that also have a weight."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4, bias=False)))
        self.shift = Shift(4)
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        return self.last(self.shift(self.first(x)))


def fetched(function, model, path):
    """Which object was fetched, and which one stands under each name of the model."""
    places = {**dict(model.named_modules()), **dict(model.named_parameters()), **dict(model.named_buffers())}
    found, *objects = look.which([function(model, path), *places.values()])
    return {"fetched": found, "places": dict(zip(places, objects, strict=True))}


def fetched_in_each(function, model, path):
    """Which object was fetched from each child of a model, and which ones stand under the model's names."""
    return {name: fetched(function, model, f"{name}.{path}") for name, _ in model.named_children()}


def route_kept(router, route):
    """The output, and the route after the call."""
    return router(torch.zeros(2, 3), route), route


def attribute(thing, name):
    """An attribute."""
    return getattr(thing, name)


def graphs_logged(log_gradients, model, x):
    """The logged gradients, of a backward whose graph a second derivative needs."""
    look.fill(model, 1)
    log = []
    log_gradients(model, log)
    model(x.requires_grad_()).square().sum().backward(create_graph=True)
    return {"gradients": list(log[0]), "requires_grad": [gradient.requires_grad for gradient in log[0]]}


def run(chain, x):
    """Call a module."""
    return chain(x)


def run_both(module, x, y):
    """Call a module with two inputs."""
    return module(x, y)
