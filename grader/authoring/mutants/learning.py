"""Operators on code that trains: its data, hyperparameters, weights, regularisation, clipping and validation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from grader.diagnosis.edits import (
    Above,
    Changed,
    code,
    enclosing,
    expression,
    fill,
    inside,
    match,
    operator,
    swap,
    with_keyword,
    without_keywords,
)
from grader.diagnosis.mistakes.training_edits import loss_call, with_arguments

_BIASED = re.compile(r"(torch\.)?nn\.(Linear|Bilinear|Conv\w+|RNN|LSTM|GRU)$")
_LAYERS = re.compile(r"nn\.(Linear|Conv|RNN|LSTM|GRU|Embedding)")
_MODEL = re.compile(r"(self\.)?(model|net|network|module)$")
_OPTIMIZER = re.compile(r"(torch\.)?optim\.(?!lr_scheduler)\w+$")


def _trains(above: Above) -> bool:
    """Whether a node stands in a function that trains."""
    function = enclosing(above, cst.FunctionDef)
    return function is not None and ".backward(" in code(function)


def _changed(value: cst.BaseExpression, template: str) -> cst.BaseExpression:
    """An expression that takes a value's place, which is `_x` in it."""
    return cst.parse_expression(fill(template, {"_x": ast.parse(code(value), mode="eval").body}))


# -- data


def _samples(id: str, title: str, output: str, target: str) -> None:
    """Register an operator on what a loss gets in training.

    Args:
        output, target: what takes the place of the model's output `_x` and of the target `_y`.
    """

    @operator(id, title, cst.Call)
    def changed(call: cst.Call, above: Above) -> Iterator[Changed]:
        given = loss_call(call) if _trains(above) else None
        if given is not None:
            found = {place: ast.parse(text, mode="eval").body for place, text in zip(("_x", "_y"), given, strict=True)}
            yield with_arguments(call, fill(output, found), fill(target, found))


_samples("labels-shifted", "samples have each other's labels", "_x", "_y.roll(1, 0)")
_samples("samples-fewer", "every other sample is left out", "_x[::2]", "_y[::2]")
_FEW = "[(_y <= _y.float().mean()).flatten()]"
_samples("samples-unbalanced", "samples of the larger labels are left out", f"_x{_FEW}", f"_y{_FEW}")
_samples(
    "labels-overlap",
    "every sample comes twice, with two labels",
    "torch.cat([_x, _x])",
    "torch.cat([_y, _y.roll(1, 0)])",
)


@operator("samples-noisy", "noise is added to what a model learns from", cst.Call)
def samples_noisy(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _trains(above) and _MODEL.match(code(call.func)) and call.args:
        yield with_arguments(call, code(_changed(call.args[0].value, "_x + torch.randn_like(_x)")))


# -- hyperparameters


def _keyword(id: str, title: str, keyword: str, other: str) -> None:
    """Register an operator on what is given for a keyword.

    Args:
        other: what takes the place of the value, `_x`.
    """

    @operator(id, title, cst.Arg)
    def changed(given: cst.Arg, above: Above) -> Iterator[Changed]:
        if given.keyword is not None and given.keyword.value == keyword:
            yield given.with_changes(value=_changed(given.value, other))


_keyword("batch-size", "batches are twice as large", "batch_size", "_x * 2")


@operator("batch-of-all", "all samples are one batch", cst.Call)
def batch_of_all(call: cst.Call, above: Above) -> Iterator[Changed]:
    if re.search(r"\bDataLoader$", code(call.func)) and call.args:
        for loader in without_keywords(call, "batch_size"):
            yield with_keyword(loader, "batch_size", f"len({code(call.args[0].value)})")


def _batches(id: str, title: str, others: str) -> None:
    """Register an operator on a training loop over the parts of a split.

    Args:
        others: what it goes over instead.
    """

    @operator(id, title, cst.For)
    def changed(loop: cst.For, above: Above) -> Iterator[Changed]:
        found = match("_x.split(_n)", loop.iter) if _trains(above) else None
        if found is not None:
            yield loop.with_changes(iter=expression(fill(others, found), loop))


_batches("batch-size", "batches are twice as large", "_x.split(_n * 2)")
_batches("batch-of-all", "all samples are one batch", "[_x]")


@operator("learning-rate", "the learning rate is ten times as large, or a tenth", cst.Arg)
def learning_rate(given: cst.Arg, above: Above) -> Iterator[Changed]:
    call = above[-1]
    optimizer = isinstance(call, cst.Call) and _OPTIMIZER.match(code(call.func))
    if optimizer and given.keyword is not None and given.keyword.value == "lr":
        for other in ("_x * 10", "_x / 10"):
            yield given.with_changes(value=_changed(given.value, other))


@operator("epochs", "training ends halfway", cst.For)
def epochs(loop: cst.For, above: Above) -> Iterator[Changed]:
    found = match("range(_n)", loop.iter) if ".backward(" in code(loop) else None
    if found is not None:
        yield loop.with_changes(iter=expression(fill("range(_n // 2)", found), loop))


# -- layers and their weights


@operator("activation-added", "an activation comes last", cst.Return, "activation_added")
def activation_added(made: cst.Return, above: Above) -> Iterator[Changed]:
    function, owner = enclosing(above, cst.FunctionDef), enclosing(above, cst.ClassDef)
    forward = function is not None and function.name.value == "forward"
    if forward and owner is not None and made.value is not None and _LAYERS.search(code(owner)):
        yield made.with_changes(value=cst.parse_expression(f"torch.relu({code(made.value)})"))


@operator("activation-added", "an activation comes last", cst.Call, "activation_added")
def activation_appended(call: cst.Call, above: Above) -> Iterator[Changed]:
    if match("nn.Sequential(*_rest)", call) is not None and call.args and _LAYERS.search(code(call.args[-1])):
        yield call.with_changes(args=[*call.args, cst.Arg(cst.parse_expression("nn.ReLU()"))])


@operator("layer-dropped", "a layer is left out", cst.Arg)
def layer_dropped(layer: cst.Arg, above: Above) -> Iterator[Changed]:
    call = above[-1]
    if isinstance(call, cst.Call) and match("nn.Sequential(*_rest)", call) is not None and len(call.args) > 1:
        yield cst.RemoveFromParent()


@operator("init-other", "weights begin as zeros, or as ones", cst.Call)
def init_other(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("nn.init._how(_x, *_rest)", call)
    if found is not None:
        constant = "ones_" if found["_how"].id == "zeros_" else "zeros_"
        yield expression(fill(f"nn.init.{constant}(_x)", found), call)


@operator("init-other", "weights begin as zeros, or as ones", cst.Call)
def init_zeros(call: cst.Call, above: Above) -> Iterator[Changed]:
    if re.fullmatch(r"(torch\.)?nn\.Parameter", code(call.func)):
        for drawn in inside(call, cst.Call):
            found = match("torch.randn(*_rest)", drawn) or match("torch.rand(*_rest)", drawn)
            if found is not None:
                yield call.deep_replace(drawn, expression(fill("torch.zeros(*_rest)", found), call))


@operator("bias-added", "a layer has a bias", cst.Call)
def bias_added(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _BIASED.match(code(call.func)):
        yield from without_keywords(call, "bias")


@operator("bias-dropped", "a layer has no bias", cst.Call)
def bias_dropped(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _BIASED.match(code(call.func)) and not list(without_keywords(call, "bias")):
        yield with_keyword(call, "bias", "False")


# -- regularisation, clipping, stopping and validation


@operator("weight-decay-added", "weights decay", cst.Call)
def weight_decay_added(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _OPTIMIZER.match(code(call.func)) and not list(without_keywords(call, "weight_decay")):
        yield with_keyword(call, "weight_decay", "0.1")


@operator("weight-decay-dropped", "weights do not decay", cst.Call)
def weight_decay_dropped(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _OPTIMIZER.match(code(call.func)):
        yield from without_keywords(call, "weight_decay")


_keyword("weight-decay", "weights decay ten times as fast", "weight_decay", "_x * 10")


@operator("dropout-rate", "half as much is dropped", cst.Call)
def dropout_rate(call: cst.Call, above: Above) -> Iterator[Changed]:
    dropout = re.search(r"\b(nn\.\w*D|F\.\w*d|functional\.\w*d)ropout\d?d?$", code(call.func))
    if dropout is not None:
        place = 0 if dropout[1].startswith("nn.") else 1
        for number, given in enumerate(call.args):
            if given.keyword.value == "p" if given.keyword is not None else number == place:
                half = given.with_changes(value=_changed(given.value, "_x / 2"))
                yield call.with_changes(args=[half if a is given else a for a in call.args])


swap("dropout-dropped", "nothing is dropped", "nn.Dropout(*_rest)", "nn.Identity()")
for _clip in ("nn.utils.clip_grad_norm_", "clip_grad_norm_", "nn.utils.clip_grad_value_", "clip_grad_value_"):
    swap("clip-dropped", "gradients are not clipped", f"{_clip}(*_rest);", "pass")
    for _given in ("", "max_norm=", "clip_value="):
        _calls = (f"{_clip}(_parameters, {_given}_most)", f"{_clip}(_parameters, {_given}_most * 10)")
        swap("clip", "gradients are clipped later", *_calls)


_keyword("patience", "early stopping has no patience", "patience", "0")


@operator("patience", "early stopping has no patience", cst.ComparisonTarget)
def never_patient(target: cst.ComparisonTarget, above: Above) -> Iterator[Changed]:
    if "patience" in code(target.comparator):
        yield target.with_changes(comparator=cst.Integer("0"))


for _split in ("random_split", "torch.utils.data.random_split"):
    swap(
        "validation-trained-on",
        "what is for validation is what is trained on",
        f"_train, _held = {_split}(*_rest);",
        f"_train, _held = {_split}(*_rest)\n_held = _train",
    )
