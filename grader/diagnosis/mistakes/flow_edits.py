"""Edits of what is returned, kept and given, and when: loops, results, and arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from grader.diagnosis.edits import (
    Above,
    Changed,
    after_docstring,
    all_replaced,
    arguments_of,
    block,
    code,
    enclosing,
    fill,
    fixes,
    inside,
    match,
    operator,
    statements,
)
from grader.diagnosis.mistakes.training_edits import loss_call, with_arguments

_EMPTY = re.compile(r"(?P<name>\w+) = (\[\]|\{\}|list\(\)|dict\(\)|0|0\.0|0\.)")
_NEW_TENSOR = {
    "clamp", "contiguous", "detach", "double", "exp", "expand", "flatten", "float", "half", "log", "log_softmax",
    "long", "mean", "mm", "mul", "permute", "relu", "repeat", "reshape", "sigmoid", "softmax", "squeeze", "sum", "t",
    "tanh", "to", "transpose", "unsqueeze", "view",
}  # fmt: skip
"""Methods of tensors that change nothing, and give another tensor."""
_TARGET = re.compile(r"\(?(y|yb|target\w*|label\w*|y_true|truth|t)\)?")


@fixes("return_in_loop", cst.IndentedBlock)
def returned_behind(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    """A `return` that ends a loop's body comes behind the loop."""
    for place, loop in enumerate(lines.body):
        last = block(loop)[-1] if isinstance(loop, cst.For) and isinstance(loop.body, cst.IndentedBlock) else None
        if isinstance(loop, cst.For) and last is not None and code(last).startswith("return") and len(block(loop)) > 1:
            left = loop.with_deep_changes(loop.body, body=block(loop)[:-1])
            yield lines.with_changes(body=[*lines.body[:place], left, last])


@fixes("made_in_loop", cst.IndentedBlock)
def made_before(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    """What collects over the rounds of a loop is made before the loop."""
    for place, loop in enumerate(lines.body):
        if isinstance(loop, cst.For) and isinstance(loop.body, cst.IndentedBlock):
            made = [line for line in block(loop) if _EMPTY.fullmatch(code(line))]
            rest = [line for line in block(loop) if line not in made]
            if made and rest:
                left = loop.with_deep_changes(loop.body, body=rest)
                yield lines.with_changes(body=[*lines.body[:place], *made, left, *lines.body[place + 1 :]])


@operator("made-in-loop", "what a loop collects begins anew in each round", cst.IndentedBlock, "made_in_loop")
def made_within(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    for place, (made, loop) in enumerate(zip(lines.body, lines.body[1:], strict=False)):
        found = _EMPTY.fullmatch(code(made)) if isinstance(loop, cst.For) else None
        if isinstance(loop, cst.For) and found is not None and re.search(rf"\b{found['name']}\b", code(loop.body)):
            whole = loop.with_deep_changes(loop.body, body=[made, *block(loop)])
            yield lines.with_changes(body=[*lines.body[:place], whole, *lines.body[place + 2 :]])


@fixes("result_dropped", cst.SimpleStatementLine)
def result_kept(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    """What a method gives takes the place of what it was called on."""
    found = match("_x._method(*_rest);", line)
    if found is not None and isinstance(found["_x"], ast.Name) and found["_method"].id in _NEW_TENSOR:
        yield statements(fill("_x = _x._method(*_rest)", found))


@operator("result-dropped", "what a method of a tensor gives is dropped", cst.SimpleStatementLine, "result_dropped")
def dropped(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("_x = _x._method(*_rest);", line)
    if found is not None and isinstance(found["_x"], ast.Name) and found["_method"].id in _NEW_TENSOR:
        yield statements(fill("_x._method(*_rest)", found))


@fixes("argument_replaced", cst.SimpleStatementLine)
def argument_kept(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    """An argument is not given another value that has nothing of it."""
    function = enclosing(above, cst.FunctionDef)
    found = match("_x = _value;", line) if function is not None else None
    if found is not None and isinstance(found["_x"], ast.Name) and found["_x"].id in arguments_of(function):
        used = {part.id for part in ast.walk(found["_value"]) if isinstance(part, ast.Name)}
        if found["_x"].id not in used:
            yield statements("pass")


@operator("optimizer-replaced", "a new optimizer replaces the given one", cst.FunctionDef, "argument_replaced")
def optimizer_replaced(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if {"model", "optimizer"} <= set(arguments_of(function)) and "optimizer.step()" in code(function):
        yield after_docstring(function, "optimizer = torch.optim.SGD(model.parameters(), lr=0.003)")


@fixes("loss_arguments_swapped", cst.Call)
def prediction_first(call: cst.Call, above: Above) -> Iterator[Changed]:
    given = loss_call(call)
    if given is not None and (_TARGET.fullmatch(given[0]) or "(" in given[1][1:-1]) and given[0] != given[1]:
        yield with_arguments(call, given[1], given[0])


@operator("loss-arguments", "a loss gets the target first", cst.Call, "loss_arguments_swapped")
def target_first(call: cst.Call, above: Above) -> Iterator[Changed]:
    given = loss_call(call)
    if given is not None and re.search(r"cross_entropy|nll_loss|CrossEntropyLoss", code(call.func)):
        yield with_arguments(call, given[1], given[0])


_OTHER_VALUE = {
    "grad_input": "grad_output", "grad_in": "grad_out", "grad_inputs": "grad_outputs", "gin": "gout", "gi": "go",
    "args": "output", "input": "output", "inputs": "outputs", "inp": "out",
}  # fmt: skip
"""What a hook's second argument is called, and with it the third."""


@operator(
    "hook-other-value", "a hook takes the input for the output, or the reverse", cst.FunctionDef, "hook_other_value"
)
@fixes("hook_other_value", cst.FunctionDef)
def other_value(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """In a hook, the names of what goes in and of what comes out in each other's place."""
    taken = arguments_of(function)
    if len(taken) == 3 and taken[2] == _OTHER_VALUE.get(taken[1]):
        turned = {taken[1]: taken[2], taken[2]: taken[1]}
        names = [name for name in inside(function.body, cst.Name) if name.value in turned]
        changed = {name: name.with_changes(value=turned[name.value]) for name in names}
        if changed:
            yield function.with_changes(body=all_replaced(function.body, changed))
