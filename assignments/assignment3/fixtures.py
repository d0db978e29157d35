"""Models and small observers that the checks of assignment3 use in their expressions."""

import copy
import os
import random
import tempfile
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def filled(model, seed=0):
    """The model with seeded parameters, whatever the global random state is."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
    return model


def shares(a, b):
    """Whether two tensors lie in the same memory."""
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


class _SendBack(torch.autograd.Function):
    """A scalar that sends a given gradient back."""

    @staticmethod
    def forward(ctx, tensor, gradient):
        ctx.gradient = gradient
        return tensor.new_zeros(())

    @staticmethod
    def backward(ctx, _):
        return ctx.gradient, None


def send_back(tensor, gradient):
    """Backward from a tensor, with this very gradient."""
    _SendBack.apply(tensor, gradient).backward()


def slopes(tensor):
    """A gradient that is different everywhere, of both signs."""
    return torch.linspace(-1.5, 2.0, tensor.numel(), dtype=tensor.dtype).reshape(tensor.shape)


# by-hand


def gradient(function, w, x, y, grad=None):
    """The gradient that a function finds, and what it leaves behind in `w`."""
    needed = w.requires_grad
    if grad is not None:
        w.grad = torch.full_like(w, grad)
    found = function(w, x, y)
    left = w.grad is None if grad is None else w.grad is not None and bool((w.grad == grad).all())
    return {
        "gradient": found.detach(),
        "it requires grad": found.requires_grad,
        "w.requires_grad as before": w.requires_grad == needed,
        "w.grad as before": left,
    }


def without_graph(function, w, x, y):
    """The same inside `with torch.no_grad():`."""
    with torch.no_grad():
        return gradient(function, w, x, y)


# leaves


def split(function, x):
    """What is known of the pair."""
    before = x.detach().clone()
    a, b = function(x)
    seen = {
        "a": a.detach().clone(),
        "b": b.detach().clone(),
        "a.requires_grad": a.requires_grad,
        "b.requires_grad": b.requires_grad,
        "b shares memory with a": shares(a, b),
        "b shares memory with x": shares(b, x),
        "x as before": x.requires_grad and x.is_leaf and torch.equal(x.detach(), before),
    }
    send_back(a, slopes(a))
    seen["x.grad"] = x.grad
    return seen


def leaf(function, x, computed=False):
    """What is known of the leaf, and of the gradients after a backward from it."""
    given = x * 3 if computed else x
    needed, was_leaf, before = given.requires_grad, given.is_leaf, given.detach().clone()
    made = function(given)
    seen = {
        "values": made.detach().clone(),
        "is_leaf": made.is_leaf,
        "requires_grad": made.requires_grad,
        "shares memory with x": shares(made, given),
        "x as before": (given.requires_grad, given.is_leaf) == (needed, was_leaf)
        and torch.equal(given.detach(), before),
    }
    send_back(made, slopes(made))
    seen["grad"] = made.grad
    seen["x.grad"] = x.grad
    return seen


# function


def backward(function, x, limit):
    """The gradient for a non-constant one that comes in, which must stay as it is."""
    result = function(x, limit)
    incoming = slopes(result)
    before = incoming.clone()
    send_back(result, incoming)
    return {"values": result.detach(), "gradient": x.grad, "incoming as before": torch.equal(incoming, before)}


def two_limits(function, x, y):
    """Two calls before the first backward."""
    first, second = function(x, 0.5), function(y, 1.5)
    send_back(first, slopes(first))
    send_back(second, slopes(second))
    return [x.grad, y.grad]


def own_function(kind, x):
    """Whether it is a Function of autograd, and its own `apply` works."""
    return [issubclass(kind, torch.autograd.Function), kind.apply(x, 0.75).detach()]


# step, accumulate


class Net(nn.Module):
    """With a batch normalization, so that the mode makes a difference."""

    def __init__(self, classes=1):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh())
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.body(x))


def modes_during(step, x, y):
    """In which modes the model's parts ran in three steps, each begun in evaluation mode."""
    model = filled(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = set()
    model.register_forward_pre_hook(lambda *_: seen.update(part.training for part in model.modules()))
    for _ in range(3):
        model.eval()
        step(model, optimizer, F.mse_loss, x, y)
    return sorted(seen)


class _Runs:
    """Which of a model's modules ran, as their hooks see it."""

    def __init__(self, model):
        self.modules = []
        for module in model.modules():
            module.register_forward_hook(lambda module, *_: self.modules.append(module))


def hooked(model, *inputs):
    """Whether the hooks of every module with parameters of its own run in a call of the model."""
    runs = _Runs(model)
    model(*inputs)
    return all(module in runs.modules for module in model.modules() if module._parameters)


def hooked_training(model, train, *args):
    """Whether the model's own hooks run while it is trained."""
    runs = _Runs(model)
    train(model, *args)
    return model in runs.modules


# evaluate


class Ward(nn.Module):
    """Dropout, and a batch normalization at depth 2 that someone has frozen."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.Sequential(nn.BatchNorm1d(8), nn.ReLU()), nn.Dropout(0.5))
        self.norm = nn.BatchNorm1d(8)
        self.head = nn.Linear(8, 3)
        with torch.no_grad():
            self.body[1][0].running_mean.fill_(0.3)
            self.norm.running_var.fill_(2.0)
        self.body[1][0].eval()

    def forward(self, x):
        return self.head(self.norm(self.body(x)))


def once(batches):
    """Batches that can be gone through only once."""
    yield from batches


def measured(what, evaluate, batches, mode="mixed"):
    """One thing seen while a Ward is evaluated, or afterwards."""
    model = filled(Ward())
    if mode != "mixed":
        model.train(mode == "train")
        if mode == "eval":
            model.body[2].train()
    before = copy.deepcopy(model.state_dict())
    modes = {name: part.training for name, part in model.named_modules()}
    during, graphs = set(), set()

    def spy(*_):
        during.update(part.training for part in model.modules())
        graphs.add(torch.is_grad_enabled())

    model.register_forward_pre_hook(spy)
    try:
        found = evaluate(model, once(batches))
        after = torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)
    state = model.state_dict()
    return {
        "accuracy": [found, isinstance(found, float)],
        "training": sorted(during),
        "graph": sorted(graphs),
        "modes": [name for name, part in model.named_modules() if part.training != modes[name]],
        "autograd": after,
        "unchanged": all(p.requires_grad for p in model.parameters())
        and all(torch.equal(state[name], before[name]) for name in before),
    }[what]


def still_off(evaluate, batches):
    """Whether autograd, off before, is off afterwards."""
    try:
        with torch.no_grad():
            evaluate(filled(Ward()), once(batches))
            return torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)


# logits


def loss_and_gradient(function, logits, labels):
    """The loss, and what comes back to the logits."""
    logits.requires_grad_()
    loss = function(logits, labels)
    loss.backward()
    return {"loss": float(loss), "gradient": logits.grad}


# freeze


class Bodies(nn.Module):
    """Names that begin alike, one inside another, and a Parameter of the model's own."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.body = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4))
        self.body2 = nn.Linear(4, 2)
        self.head = nn.ModuleDict({"body": nn.Linear(2, 2), "out": nn.Linear(2, 1)})
        self.head["out"].weight.requires_grad_(False)


def frozen(freeze, prefix):
    """What still requires grad afterwards, and whether all Parameters are the same objects."""
    model = Bodies()
    before = {name: id(parameter) for name, parameter in model.named_parameters()}
    freeze(model, prefix)
    return {
        "trainable": [name for name, parameter in model.named_parameters() if parameter.requires_grad],
        "same Parameters": {name: id(parameter) for name, parameter in model.named_parameters()} == before,
    }


def held(make, lr, gradients=False):
    """Which Parameters the optimizer holds, and its settings."""
    model = Bodies()
    model.body[0].requires_grad_(False)
    if gradients:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
    optimizer = make(model, lr)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    options = ("momentum", "dampening", "weight_decay", "nesterov", "maximize")
    return {
        "SGD": isinstance(optimizer, torch.optim.SGD),
        "parameters": sorted(names.get(id(p), "another") for group in optimizer.param_groups for p in group["params"]),
        "lr": sorted({float(group["lr"]) for group in optimizer.param_groups}),
        "switched on": sorted({key for group in optimizer.param_groups for key in options if group.get(key)}),
    }


# cnn


def pictures():
    """All pictures and their labels."""
    images = torch.from_numpy(np.load("data/images.npy")).float().div(255).unsqueeze(1)
    return images, torch.from_numpy(np.load("data/labels.npy")).long()


def design(model):
    """Whether there is a convolution, and the model is small."""
    return {
        "an nn.Conv2d": any(isinstance(part, nn.Conv2d) for part in model.modules()),
        "at most 6000": sum(parameter.numel() for parameter in model.parameters()) <= 6000,
    }


def logits_shape(model, x):
    """The shape of what comes out."""
    return list(model.eval()(x).shape)


def alone(model):
    """Whether each picture's output, in evaluation mode, is the same alone and among others."""
    images = pictures()[0][:6] * torch.linspace(0.2, 1.0, 6).reshape(6, 1, 1, 1)
    model.eval()
    with torch.no_grad():
        together = model(images)
        apart = torch.cat([model(images[i : i + 1]) for i in range(6)])
    return torch.allclose(together, apart, rtol=1e-3, atol=1e-4)


def are_logits(model):
    """Whether there are rows that do not sum to 1."""
    model.eval()
    with torch.no_grad():
        rows = model(pictures()[0][:20]).sum(dim=1)
    return not torch.allclose(rows, torch.ones(20), atol=1e-3)


def accuracy(kind, train, seed):
    """The accuracy on pictures not seen in training; 0.9 where it is that or more."""
    torch.manual_seed(seed)
    images, labels = pictures()
    model = kind()
    train(model, images[:300], labels[:300], seed=seed)
    model.eval()
    with torch.no_grad():
        right = (model(images[300:]).argmax(dim=1) == labels[300:]).double().mean().item()
    return min(0.9, round(right, 3))


def same_weights(kind, train, seed):
    """Whether equal weights and seeds lead to equal weights, under different global random states."""
    images, labels = pictures()
    start = kind()
    states = []
    for other in (11, 12):
        model = copy.deepcopy(start)
        random.seed(other)
        np.random.seed(other)
        torch.manual_seed(other)
        train(model, images[:128], labels[:128], seed=seed)
        states.append(model.state_dict())
    first, second = states
    moved = any(not torch.equal(value, first[name]) for name, value in start.state_dict().items())
    return moved and all(torch.allclose(first[name], second[name], atol=1e-5) for name in first)


# checkpoint


def _network(seed, kind, lr):
    model = filled(nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.BatchNorm1d(4), nn.Tanh()), nn.Linear(4, 1)), seed)
    if kind == "adam":
        return model, torch.optim.Adam(model.parameters(), lr=lr)
    return model, torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def _train(model, optimizer, seed, steps=3):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        x, y = torch.randn(6, 3, generator=generator), torch.randn(6, 1, generator=generator)
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def _files():
    return {os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names}


def resumed(what, save, load, kind="sgd", epoch=4):
    """One thing seen of a training that is saved, goes on, and is continued from the file."""
    folder = tempfile.mkdtemp(dir=".")
    path = os.path.join(folder, "middle.pt")
    model, optimizer = _network(1, kind, 0.1)
    _train(model, optimizer, 1)
    model[1][0].eval()
    before = _files()
    save(path, model, optimizer, epoch)
    new = _files() - before
    kept = model.training and not model[1][0].training
    if what == "files":
        return {"files": len(new), "at the path": os.path.exists(path)}
    if what == "plain":
        torch.load(path, weights_only=True)
        return True
    model.train()
    _train(model, optimizer, 2)
    another, its_optimizer = _network(5, kind, 0.3)
    another[1].eval()
    modes = [part.training for part in another.modules()]
    returned = load(path, another, its_optimizer)
    if what == "epoch":
        return {"epoch": returned, "an int": type(returned) is int}
    if what == "modes":
        quiet, its = _network(6, kind, 0.3)
        quiet.eval()
        load(path, quiet, its)
        loaded = [part.training for part in another.modules()] == modes
        return {
            "saved": kept,
            "loaded in training": loaded,
            "loaded in evaluation": not any(p.training for p in quiet.modules()),
        }
    another.train()
    _train(another, its_optimizer, 2)
    left, right = another.state_dict(), model.state_dict()
    return {name: torch.equal(left[name], right[name]) for name in right}


# reproducible


def floats(train_once, seed):
    """How many losses there are, and whether all are floats."""
    losses = train_once(seed)
    return [isinstance(losses, list), len(losses), all(isinstance(loss, float) for loss in losses)]


def same_losses(train_once, seed):
    """Whether the list is the same under other global random states."""
    lists = []
    for other in (21, 22):
        torch.manual_seed(other)
        random.seed(other)
        np.random.seed(other)
        lists.append(train_once(seed))
    return lists[0] == lists[1]


def other_losses(train_once, one, two):
    """Whether another seed makes another list."""
    torch.manual_seed(23)
    first = train_once(one)
    torch.manual_seed(23)
    return first != train_once(two)


def state_kept(train_once, seed):
    """Whether the caller's random numbers stay the same."""
    torch.manual_seed(1234)
    torch.randn(3)
    before = torch.get_rng_state()
    train_once(seed)
    return bool(torch.equal(before, torch.get_rng_state()))


def trained(train_once, seed):
    """What a hook on every call sees: the model, its mode, its shapes; and whether losses and steps are right."""
    calls = []

    def watch(module, args, output):
        if isinstance(module, nn.Sequential) and output.requires_grad:
            (x,) = args
            parameters = list(module.parameters())
            loss = ((output - x.square().sum(dim=1, keepdim=True)) ** 2).mean()
            pairs = list(zip(parameters, torch.autograd.grad(loss, parameters, retain_graph=True), strict=True))
            calls.append(
                {
                    "model": repr(module),
                    "training": all(part.training for part in module.modules()),
                    "shapes": [list(x.shape), list(output.shape)],
                    "loss": loss.item(),
                    "now": torch.cat([p.detach().flatten() for p in parameters]),
                    "next": torch.cat([(p.detach() - 0.1 * g).flatten() for p, g in pairs]),
                }
            )

    handle = nn.modules.module.register_module_forward_hook(watch)
    try:
        losses = train_once(seed)
    finally:
        handle.remove()
    return {
        "calls": len(calls),
        **{key: sorted({str(call[key]) for call in calls}) for key in ("model", "training", "shapes")},
        "losses": bool(np.allclose(losses, [call["loss"] for call in calls], rtol=1e-4)),
        "steps": all(torch.allclose(one["next"], two["now"], atol=1e-5) for one, two in pairwise(calls)),
    }


def learns(train_once):
    """Whether, over ten seeds, the last losses are clearly below the first."""
    runs = [train_once(seed) for seed in range(10)]
    return sum(sum(run[-5:]) / 5 for run in runs) < 0.9 * sum(run[0] for run in runs)
