"""Models and small observers that the checks of assignment3 use in their expressions."""

import copy
import itertools
import os
import random
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from grader.guest import look


def filled(model, seed=0):
    """The model with seeded parameters, whatever the global random state is."""
    look.fill(model, seed)
    return model


# by-hand


def gradient(function, w, x, y, grad=None):
    """The gradient that a function finds, and what is known of `w` before and after."""
    if grad is not None:
        w.grad = torch.full_like(w, grad)
    before = {"requires_grad": w.requires_grad, "grad": look.copied(w.grad)}
    found = function(w, x, y)
    return {
        "gradient": look.copied(found),
        "before": before,
        "after": {"requires_grad": w.requires_grad, "grad": look.copied(w.grad)},
    }


def without_graph(function, w, x, y):
    """The same inside `with torch.no_grad():`."""
    with torch.no_grad():
        return gradient(function, w, x, y)


# leaves


def _known(tensor):
    return {"values": look.copied(tensor.detach()), "requires_grad": tensor.requires_grad, "leaf": tensor.is_leaf}


def split(function, x):
    """What is known of the pair, of `x` before and after, which memory `x`, `a` and `b` lie in; and a gradient."""
    before = _known(x)
    a, b = function(x)
    seen = {"a": _known(a), "b": _known(b), "before": before, "after": _known(x), "memory": look.memory([x, a, b])}
    look.send_back(a)
    return {**seen, "gradient": x.grad}


def leaf(function, x, computed=False):
    """What is known of the leaf, of its origin before and after, and of the gradients after a backward from it."""
    given = x * 3 if computed else x
    before = _known(given)
    made = function(given)
    seen = {"made": _known(made), "before": before, "after": _known(given), "memory": look.memory([given, made])}
    look.send_back(made)
    return {**seen, "own": made.grad, "gradient": x.grad}


# function


def backward(function, x, limit):
    """The gradient for a non-constant one that comes in, and that one before and after."""
    result = function(x, limit)
    incoming = look.weights(result.shape, result.dtype)
    before = look.copied(incoming)
    look.send_back(result, [incoming])
    return {"values": look.copied(result), "gradient": x.grad, "before": before, "after": incoming}


def two_limits(function, x, y):
    """Two calls before the first backward."""
    first, second = function(x, 0.5), function(y, 1.5)
    look.send_back(first)
    look.send_back(second)
    return [x.grad, y.grad]


def own_function(kind, x):
    """The classes it is derived from, and what its own `apply` gives."""
    return {"classes": look.class_names(kind), "applied": kind.apply(x, 0.75)}


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
    seen = []
    model.register_forward_pre_hook(lambda *_: seen.append(look.modes(model)))
    for _ in range(3):
        model.eval()
        step(model, optimizer, F.mse_loss, x, y)
    return {"calls": seen}


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


def _seen(model):
    return {
        "modes": look.modes(model),
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "state": look.copied(dict(model.state_dict())),
        "autograd": torch.is_grad_enabled(),
    }


def _ward(mode="mixed"):
    model = filled(Ward())
    if mode != "mixed":
        model.train(mode == "train")
        if mode == "eval":
            model.body[2].train()
    return model


def measured(evaluate, batches, mode="mixed"):
    """What the evaluation of a Ward returns, the model before and after it, and how it was called."""
    model = _ward(mode)
    before, calls = _seen(model), []

    def spy(*_):
        calls.append({"modes": look.modes(model), "graph": torch.is_grad_enabled()})

    handle = model.register_forward_pre_hook(spy)
    try:
        found = evaluate(model, once(batches))
        after = _seen(model)
    finally:
        torch.set_grad_enabled(True)
        handle.remove()
    return {"accuracy": found, "calls": calls, "before": before, "after": after}


def accuracies(evaluate, inputs, labels, mode="mixed"):
    """What evaluations of a Ward return for each of several sets of data, in batches of unequal size."""
    model = _ward(mode)
    sets = zip(inputs, labels, strict=True)
    return {"accuracies": [evaluate(model, once(zip(x.split(17), y.split(17), strict=True))) for x, y in sets]}


def still_off(evaluate, inputs, labels):
    """The same without autograd, and whether autograd is on afterwards."""
    try:
        with torch.no_grad():
            return {**accuracies(evaluate, inputs, labels), "autograd": torch.is_grad_enabled()}
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


def lettered(letters):
    """Layers with a name for each row of numbers below 3, many of which begin alike, the same ones inside another."""
    names = ["".join("abc"[number] for number in row) + str(place) for place, row in enumerate(letters.tolist())]
    model = nn.ModuleDict({name: nn.Linear(2, 2) for name in names})
    model["outer"] = nn.ModuleDict({name: nn.Linear(2, 1) for name in names})
    model[names[-1]].bias.requires_grad_(False)
    return model


def frozen(freeze, prefix):
    """What still requires grad afterwards, and which object each Parameter was and is."""
    return _frozen(freeze, Bodies(), prefix)


def frozen_alike(freeze, letters):
    """The same of layers with drawn names, whose first two letters are the prefix."""
    model = lettered(letters)
    return _frozen(freeze, model, next(iter(model))[:2])


def _frozen(freeze, model, prefix):
    before = look.named_parameters(model)
    freeze(model, prefix)
    after = look.named_parameters(model)
    return {
        "trainable": [name for name, parameter in after.items() if parameter.requires_grad],
        "objects": look.which([*before.values(), *after.values()]),
    }


def held(make, lr, letters=None):
    """Which Parameters the optimizer holds, its classes and its settings; of drawn names, if given letters."""
    model = Bodies()
    model.body[0].requires_grad_(False)
    if letters is not None:
        model = lettered(letters)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
    optimizer = make(model, lr)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    options = ("momentum", "dampening", "weight_decay", "nesterov", "maximize")
    return {
        "classes": look.class_names(type(optimizer)),
        "parameters": sorted(names.get(id(p), "another") for group in optimizer.param_groups for p in group["params"]),
        "rates": [float(group["lr"]) for group in optimizer.param_groups],
        "options": sorted({key for group in optimizer.param_groups for key in options if group.get(key)}),
    }


# cnn


def pictures():
    """All pictures and their labels."""
    images = torch.from_numpy(np.load("data/images.npy")).float().div(255).unsqueeze(1)
    return images, torch.from_numpy(np.load("data/labels.npy")).long()


def design(model):
    """The classes of all modules, and how many numbers there are to train."""
    return {
        "classes": [name for part in model.modules() for name in look.class_names(type(part))],
        "size": sum(parameter.numel() for parameter in model.parameters()),
    }


def outputs(model, x):
    """What comes out, in evaluation mode."""
    return {"output": model.eval()(x)}


def alone(model):
    """Each picture's output, in evaluation mode, among others and alone."""
    images = pictures()[0][:6] * torch.linspace(0.2, 1.0, 6).reshape(6, 1, 1, 1)
    model.eval()
    with torch.no_grad():
        return {
            "together": [look.copied(row) for row in model(images)],
            "apart": [look.copied(model(images[i : i + 1])[0]) for i in range(6)],
        }


def row_sums(model):
    """The sums of the rows that come out for twenty pictures."""
    model.eval()
    with torch.no_grad():
        return {"sums": model(pictures()[0][:20]).sum(dim=1)}


def drawn_pictures(turns, order):
    """All pictures in a drawn order, some flipped, and some with their sides swapped: a flat line stands upright."""
    images, labels = pictures()
    flipped, swapped = turns.bool()
    images = torch.where(flipped.reshape(-1, 1, 1, 1), images.flip(3), images)
    images = torch.where(swapped.reshape(-1, 1, 1, 1), images.transpose(2, 3), images)
    labels = torch.where(swapped & (labels < 2), 1 - labels, labels)
    places = order.argsort()
    return images[places], labels[places]


def predictions(kind, train, seed, *drawn):
    """What a trained model makes of pictures not seen in training, and their labels."""
    torch.manual_seed(seed)
    images, labels = drawn_pictures(*drawn) if drawn else pictures()
    model = kind()
    train(model, images[:300], labels[:300], seed=seed)
    model.eval()
    with torch.no_grad():
        return {"output": model(images[300:]), "labels": labels[300:]}


def same_weights(kind, train, seed):
    """A model's weights, and those that two trainings make of them under different global random states."""
    images, labels = pictures()
    start = kind()
    states = []
    for other in (11, 12):
        model = copy.deepcopy(start)
        random.seed(other)
        np.random.seed(other)
        torch.manual_seed(other)
        train(model, images[:128], labels[:128], seed=seed)
        states.append(look.named_state(model))
    return {"start": look.named_state(start), "one": states[0], "other": states[1]}


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


def _files(folder):
    found = {os.path.join(place, name) for place, _, names in os.walk(".") for name in names}
    return {os.path.relpath(path, folder) for path in found}


def resumed(save, load, kind="sgd", epoch=4, seed=1):
    """A training that is saved, goes on, and is continued from the file by another model and optimizer.

    `new`: the files there are more, seen from the folder of the path; `stored`: the tensors in the file; `epoch`: what
    load returns; `modes`: before and after saving and loading; `left` and `right`: the states of both trainings.
    """
    folder = tempfile.mkdtemp(dir=".")
    path = os.path.join(folder, "middle.pt")
    model, optimizer = _network(seed, kind, 0.1)
    _train(model, optimizer, seed)
    model[1][0].eval()
    before, modes = _files(folder), [look.modes(model)]
    save(path, model, optimizer, epoch)
    seen = {"new": sorted(_files(folder) - before)}
    modes.append(look.modes(model))
    model.train()
    _train(model, optimizer, 2)
    another, its_optimizer = _network(5, kind, 0.3)
    another[1].eval()
    modes.append(look.modes(another))
    seen["epoch"] = load(path, another, its_optimizer)
    modes.append(look.modes(another))
    another.train()
    _train(another, its_optimizer, 2)
    return {**seen, "modes": modes, "left": look.named_state(another), "right": look.named_state(model)}


def stored(save):
    """The tensors in the file that is saved, as `torch.load` with `weights_only=True` brings them."""
    path = os.path.join(tempfile.mkdtemp(dir="."), "middle.pt")
    model, optimizer = _network(1, "sgd", 0.1)
    _train(model, optimizer, 1)
    save(path, model, optimizer, 4)
    return {"tensors": look.tensors(torch.load(path, weights_only=True))}


def loaded_quietly(save, load):
    """The modes of a model in evaluation mode before and after loading."""
    path = os.path.join(tempfile.mkdtemp(dir="."), "middle.pt")
    save(path, *_network(1, "sgd", 0.1), 4)
    model, optimizer = _network(6, "sgd", 0.3)
    model.eval()
    before = look.modes(model)
    load(path, model, optimizer)
    return {"before": before, "after": look.modes(model)}


# reproducible


def losses(train_once, seed):
    """The losses."""
    return {"losses": train_once(seed)}


def same_losses(train_once, seed):
    """The losses of one seed under two global random states."""
    lists = []
    for other in (21, 22):
        torch.manual_seed(other)
        random.seed(other)
        np.random.seed(other)
        lists.append(train_once(seed))
    return {"one": lists[0], "other": lists[1]}


def other_losses(train_once, one, two):
    """The losses of two seeds, under one global random state."""
    seen = []
    for seed in (one, two):
        torch.manual_seed(23)
        seen.append(train_once(seed))
    return {"one": seen[0], "other": seen[1]}


def state_kept(train_once, seed):
    """The caller's random state before and after, and the losses."""
    torch.manual_seed(1234)
    torch.randn(3)
    before = look.random_state()
    found = train_once(seed)
    return {"losses": found, "before": before, "after": look.random_state()}


_grad = torch.autograd.grad


def _known_part(module):
    shapes = {name: list(one.shape) for name, one in module._parameters.items() if one is not None}
    return [look.class_names(type(module))[0], shapes, getattr(module, "p", None)]


def _hooked(hook, train_once, seed):
    handle = nn.modules.module.register_module_forward_hook(hook)
    try:
        return train_once(seed)
    finally:
        handle.remove()


def steered(train_once, seed, errors):
    """The losses, and how far each step moves the last bias, where every call of the model is made to miss its targets
    by given errors, one after the other; gradients flow as if it had missed them by itself."""
    biases = []

    def miss(module, args, output):
        if not isinstance(module, nn.Sequential) or not output.requires_grad:
            return output
        (x,) = args
        missed = x.square().sum(dim=1, keepdim=True) + errors[len(biases) % len(errors)]
        biases.append(list(look.named_parameters(module).values())[-1].item())
        return missed + (output - output.detach())

    found = _hooked(miss, train_once, seed)
    return {"losses": found, "moves": [after - before for before, after in itertools.pairwise(biases)]}


def trained(train_once, seed):
    """What a hook on every call of the model sees: its modules with their shapes and dropout, modes and shapes; its
    weights and their gradients for the loss of the text, all in a row; and the losses that are returned."""
    calls = []

    def watch(module, args, output):
        if isinstance(module, nn.Sequential) and output.requires_grad:
            (x,) = args
            parameters = list(look.named_parameters(module).values())
            loss = ((output - x.square().sum(dim=1, keepdim=True)) ** 2).mean()
            gradients = _grad(loss, parameters, retain_graph=True)
            calls.append(
                {
                    "model": [_known_part(part) for part in module.modules()],
                    "modes": look.modes(module),
                    "shapes": [list(x.shape), list(output.shape)],
                    "loss": loss.item(),
                    "weights": look.flat(parameters),
                    "gradients": look.flat(gradients),
                }
            )

    found = _hooked(watch, train_once, seed)
    steps = [{"now": one, "next": two["weights"]} for one, two in itertools.pairwise(calls)]
    return {"losses": found, "calls": calls, "steps": steps}


def runs(train_once):
    """The first losses of ten seeds, and the last five of each."""
    found = [train_once(seed) for seed in range(10)]
    return {"first": [run[0] for run in found], "last": [run[-5:] for run in found]}
