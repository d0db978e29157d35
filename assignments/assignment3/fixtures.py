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
    """What {function}({w}, {x}, {y}) returns, and `w` before and after.

    ko: {function}({w}, {x}, {y})의 결과와, 호출 전후의 `w`
    """
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
    """The same for {function} inside `with torch.no_grad():`.

    ko: `with torch.no_grad():` 안에서 {function}의 결과와, 호출 전후의 `w`
    """
    with torch.no_grad():
        return gradient(function, w, x, y)


# leaves


def _known(tensor):
    return {"values": look.copied(tensor.detach()), "requires_grad": tensor.requires_grad, "leaf": tensor.is_leaf}


def split(function, x):
    """What {function}({x}) returns, which memory it lies in, a gradient, and `x` before and after.

    ko: {function}({x})의 결과와 그 메모리, 기울기, 호출 전후의 `x`
    """
    before = _known(x)
    a, b = function(x)
    seen = {"a": _known(a), "b": _known(b), "before": before, "after": _known(x), "memory": look.memory([x, a, b])}
    look.send_back(a)
    return {**seen, "gradient": x.grad}


def leaf(function, x, computed=False):
    """What {function} returns for {x}, a gradient, and `x` before and after.

    ko: {x}에 대한 {function}의 결과, 기울기, 호출 전후의 `x`
    """
    given = x * 3 if computed else x
    before = _known(given)
    made = function(given)
    seen = {"made": _known(made), "before": before, "after": _known(given), "memory": look.memory([given, made])}
    look.send_back(made)
    return {**seen, "own": made.grad, "gradient": x.grad}


# function


def backward(function, x, limit):
    """The gradient that comes back through {function} with the limit {limit}, and the one that went in.

    ko: limit이 {limit}일 때 {function}에서 되돌아온 기울기와, 들어간 기울기
    """
    result = function(x, limit)
    incoming = look.weights(result.shape, result.dtype)
    before = look.copied(incoming)
    look.send_back(result, [incoming])
    return {"values": look.copied(result), "gradient": x.grad, "before": before, "after": incoming}


def two_limits(function, x, y):
    """The gradients of two calls of {function} with different limits, both before the first backward.

    ko: backward 전에 limit을 달리해 두 번 호출한 {function}의 기울기
    """
    first, second = function(x, 0.5), function(y, 1.5)
    look.send_back(first)
    look.send_back(second)
    return [x.grad, y.grad]


def own_function(kind, x):
    """The classes that {kind} is derived from, and what its own `apply` gives.

    ko: {kind}의 부모 클래스와, 그 `apply`의 결과
    """
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
    """The modes of the model's modules in three calls of {step}, each begun in evaluation mode.

    ko: 평가 모드에서 시작한 {step}의 호출 세 번에서 모델의 모드
    """
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
    """What {evaluate} returns for a model in the modes {mode}; the model before and after it; and how it was called.

    ko: 모델의 모드가 {mode}일 때 {evaluate}의 결과, 호출 전후의 모델 상태, 그동안의 호출
    """
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
    """What {evaluate} returns for a model in the modes {mode} and several sets of data, in batches of unequal size.

    ko: 모델의 모드가 {mode}일 때 크기가 다른 배치에 대한 {evaluate}의 결과
    """
    model = _ward(mode)
    sets = zip(inputs, labels, strict=True)
    return {"accuracies": [evaluate(model, once(zip(x.split(17), y.split(17), strict=True))) for x, y in sets]}


def still_off(evaluate, inputs, labels):
    """What {evaluate} returns where autograd is off, and whether it is on afterwards.

    ko: autograd가 꺼진 곳에서 {evaluate}의 결과와, 그 뒤의 autograd 상태
    """
    try:
        with torch.no_grad():
            return {**accuracies(evaluate, inputs, labels), "autograd": torch.is_grad_enabled()}
    finally:
        torch.set_grad_enabled(True)


# logits


def loss_and_gradient(function, logits, labels):
    """The loss of {function}, and the gradient that comes back to the logits.

    ko: {function}의 손실과, 로짓으로 되돌아온 기울기
    """
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
    """What still requires grad after {freeze} with the prefix {prefix}, and which object each Parameter is.

    ko: prefix가 {prefix}인 {freeze} 뒤에 requires_grad가 참인 파라미터와, 객체가 같은지
    """
    return _frozen(freeze, Bodies(), prefix)


def frozen_alike(freeze, letters):
    """What still requires grad after {freeze} in a model whose layers have drawn names.

    ko: 레이어 이름이 무작위인 모델에서 {freeze} 뒤에 requires_grad가 참인 파라미터
    """
    model = lettered(letters)
    return _frozen(freeze, model, next(iter(model))[:2])


def _frozen(freeze, model, prefix):
    before = look.named_parameters(model)
    freeze(model, prefix)
    after = look.named_parameters(model)
    return {
        "trainable": [name for name, parameter in after.items() if parameter.requires_grad],
        "kept": dict(zip(after, look.names_of(after.values(), before), strict=True)),
    }


def held(make, lr, letters=None):
    """The class of the optimizer that {make} returns, its settings, and its Parameters.

    ko: {make}에서 반환한 옵티마이저의 클래스, 설정, 파라미터
    """
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
    """The classes of the modules of {model}, and how many numbers there are to train.

    ko: {model}의 모듈들의 클래스와, 학습되는 값의 개수
    """
    return {
        "classes": [name for part in model.modules() for name in look.class_names(type(part))],
        "size": sum(parameter.numel() for parameter in model.parameters()),
    }


def outputs(model, x):
    """The output of {model} for {x}, in evaluation mode.

    ko: 평가 모드에서 {x}에 대한 {model}의 출력
    """
    return {"output": model.eval()(x)}


def alone(model):
    """The output of {model} for each picture, in evaluation mode, among others and alone.

    ko: 평가 모드에서 그림마다 다른 그림들과 함께일 때와 혼자일 때 {model}의 출력
    """
    images = pictures()[0][:6] * torch.linspace(0.2, 1.0, 6).reshape(6, 1, 1, 1)
    model.eval()
    with torch.no_grad():
        return {
            "together": [look.copied(row) for row in model(images)],
            "apart": [look.copied(model(images[i : i + 1])[0]) for i in range(6)],
        }


def row_sums(model):
    """The sum of each row that comes out of {model} for twenty pictures.

    ko: 그림 20장에 대한 {model}의 출력에서 행마다의 합
    """
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
    """What a {kind} that {train} has trained makes of pictures that it has not seen, and their labels.

    ko: {train}에서 학습한 {kind}의 보지 못한 그림에 대한 출력과 정답
    """
    torch.manual_seed(seed)
    images, labels = drawn_pictures(*drawn) if drawn else pictures()
    model = kind()
    train(model, images[:300], labels[:300], seed=seed)
    model.eval()
    with torch.no_grad():
        return {"output": model(images[300:]), "labels": labels[300:]}


def same_weights(kind, train, seed):
    """The weights after two trainings by {train} with the seed {seed}, while the global random states differ.

    ko: 전역 난수 상태가 다를 때 시드가 {seed}인 {train}의 학습 두 번 뒤의 가중치
    """
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
    # Without a bias before the normalisation: its gradient is 0 but for rounding, and Adam steps by the sign.
    first = nn.Linear(3, 4, bias=False)
    model = filled(nn.Sequential(first, nn.Sequential(nn.BatchNorm1d(4), nn.Tanh()), nn.Linear(4, 1)), seed)
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
    """A training with {kind} that {save} saves in epoch {epoch}, and that goes on in another model after {load}.

    `new`: the files there are more, seen from the folder of the path; `stored`: the tensors in the file; `epoch`: what
    load returns; `modes`: before and after saving and loading; `left` and `right`: the states of both trainings.

    ko: {kind} 학습을 {epoch}번째 에폭에 {save}로 저장하고 {load}로 불러와 이어서 학습한 결과
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
    """The tensors in the file of {save}, as `torch.load` with `weights_only=True` reads them.

    ko: `torch.load(weights_only=True)`로 읽은, {save}의 파일 속 텐서
    """
    path = os.path.join(tempfile.mkdtemp(dir="."), "middle.pt")
    model, optimizer = _network(1, "sgd", 0.1)
    _train(model, optimizer, 1)
    save(path, model, optimizer, 4)
    return {"tensors": look.tensors(torch.load(path, weights_only=True))}


def loaded_quietly(save, load):
    """The modes of a model in evaluation mode before and after {load}.

    ko: 평가 모드인 모델의 {load} 호출 전후의 모드
    """
    path = os.path.join(tempfile.mkdtemp(dir="."), "middle.pt")
    save(path, *_network(1, "sgd", 0.1), 4)
    model, optimizer = _network(6, "sgd", 0.3)
    model.eval()
    before = look.modes(model)
    load(path, model, optimizer)
    return {"before": before, "after": look.modes(model)}


# reproducible


def losses(train_once, seed):
    """The losses of {train_once}({seed}).

    ko: {train_once}({seed})의 손실
    """
    return {"losses": train_once(seed)}


def same_losses(train_once, seed):
    """The losses of {train_once}({seed}) under two global random states.

    ko: 두 가지 전역 난수 상태에서 {train_once}({seed})의 손실
    """
    lists = []
    for other in (21, 22):
        torch.manual_seed(other)
        random.seed(other)
        np.random.seed(other)
        lists.append(train_once(seed))
    return {"one": lists[0], "other": lists[1]}


def other_losses(train_once, one, two):
    """The losses of {train_once} for the seeds {one} and {two}, under one global random state.

    ko: 전역 난수 상태가 같을 때 시드 {one}, {two}에 대한 {train_once}의 손실
    """
    seen = []
    for seed in (one, two):
        torch.manual_seed(23)
        seen.append(train_once(seed))
    return {"one": seen[0], "other": seen[1]}


def state_kept(train_once, seed):
    """The losses of {train_once}({seed}), and the caller's random state before and after.

    ko: {train_once}({seed})의 손실과, 호출 전후의 전역 난수 상태
    """
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
    """The losses of {train_once}({seed}) and its steps, where the model is made to miss by given errors.

    Every call of the model misses its targets by given errors, one after the other; gradients flow as if it had
    missed them by itself. `moves`: how far each step moves the last bias.

    ko: 모델의 오차를 정해 두었을 때 {train_once}({seed})의 손실과 스텝
    """
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
    """What each step of {train_once}({seed}) works with: model, modes, shapes, weights and gradients; and the losses.

    A hook on every call of the model sees them; `weights` and `gradients`, for the loss of the text, are all in a row.

    ko: {train_once}({seed})의 스텝마다의 모델, 모드, 모양, 가중치, 기울기와 손실
    """
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
    """The first loss of {train_once} for ten seeds, and the last five of each.

    ko: 시드 열 개에 대한 {train_once}의 첫 손실과 마지막 다섯 손실
    """
    found = [train_once(seed) for seed in range(10)]
    return {"first": [run[0] for run in found], "last": [run[-5:] for run in found]}
