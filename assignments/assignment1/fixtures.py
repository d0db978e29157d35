"""Models and small callers that the checks of assignment1 use in their expressions."""

import torch
from torch import nn

from grader.guest import look


def twice(function, *args):
    """Two equal calls of {function}({args}), one after the other.

    ko: 똑같은 호출 {function}({args}) 두 번의 결과
    """
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
        self.words = nn.Embedding(5, 2)  # its weight looks like a Linear's

    def forward(self, x):
        return self.last(self.shift(self.first(x)))


def fetched(function, model, path):
    """The name in the model of the object that {function}({model}, {path}) returns.

    ko: {function}({model}, {path})의 반환값인 객체가 모델 안에서 갖는 이름
    """
    places = {**dict(model.named_modules()), **dict(model.named_parameters()), **dict(model.named_buffers())}
    (name,) = look.names_of([function(model, path)], places)
    return name


def fetched_in_each(function, model, path):
    """The name in the model of the object that {function} returns for the path {path} in each child.

    ko: 모델의 자식마다 경로 {path}에서 {function}의 반환값인 객체가 모델 안에서 갖는 이름
    """
    return {name: fetched(function, model, f"{name}.{path}") for name, _ in model.named_children()}


def left_by_the_first(watch, module, x):
    """What a call of {module} with {x} logs once the first handle that {watch} returns has removed its hook.

    ko: {watch}가 반환한 첫 핸들로 훅을 제거한 뒤 {module}에 {x}를 넣어 호출했을 때의 기록
    """
    log = []
    watch(module, log)[0].remove()
    module(x)
    return log


def route_kept(router, route):
    """The output of {router} for the route {route}, and that list after the call.

    ko: 경로 {route}에 대한 {router}의 출력과, 호출 뒤의 그 리스트
    """
    return router(torch.zeros(2, 3), route), route


def attribute(thing, name):
    """The attribute {name} of {thing}.

    ko: {thing}의 속성 {name}
    """
    return getattr(thing, name)


def graphs_logged(log_gradients, model, x):
    """The gradients that {log_gradients} logs, where backward(create_graph=True) gives them a graph.

    ko: backward(create_graph=True)에서 {log_gradients}가 기록한 기울기
    """
    look.fill(model, 1)
    log = []
    log_gradients(model, log)
    model(x.requires_grad_()).square().sum().backward(create_graph=True)
    return {"gradients": list(log[0]), "requires_grad": [gradient.requires_grad for gradient in log[0]]}


def run(chain, x):
    """What {chain} makes of {x}.

    ko: {x}에 대한 {chain}의 결과
    """
    return chain(x)


def run_both(module, x, y):
    """What {module} makes of {x} and {y}.

    ko: {x}, {y}에 대한 {module}의 결과
    """
    return module(x, y)
