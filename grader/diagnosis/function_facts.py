"""What a student's functions do to their arguments, and give back."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.diagnosis.syntax import (
    FUNCTIONS,
    Function,
    calls_in,
    fact_of,
    is_blank,
    last_name,
    own_parts,
    returns_value,
    source_of,
)
from grader.models.mistake import Fact

_CHANGES_A_LIST = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "update"}
GIVES_NONE = _CHANGES_A_LIST - {"pop"}
"""Methods of lists, dicts and sets that give None."""


def read_function(node: ast.FunctionDef | ast.AsyncFunctionDef, hooks: set[str]) -> Iterator[Fact]:
    """The facts of one function; `hooks` are the names of those that are registered as hooks."""
    if gives_nothing(node):
        yield fact_of("returns_nothing", node, node.name, function=node.name)
    yield from _clears_late(node)
    yield from _children_once(node)
    takes_tensors = node.name == "forward" or node.name in hooks
    # Elsewhere `n += 1` may be about a number, unless `n` is used as an object.
    objects = {last_name(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    positional = [*node.args.posonlyargs, *node.args.args]
    given = positional[: len(positional) - len(node.args.defaults)]
    arguments = {argument.arg for argument in given} - {"self", "cls"}
    rebound: dict[str, int] = {}
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Name(whole)) if whole in arguments:
                arguments.add(name)
            case ast.Assign(targets=[ast.Name(name)]):
                rebound[name] = min(part.lineno, rebound.get(name, part.lineno))
            case ast.For(target=ast.Name(name), iter=ast.Name(whole)) if whole in arguments:
                arguments.add(name)
    for part in ast.walk(node):
        match part:
            case ast.AugAssign(target=target) | ast.Assign(targets=[ast.Subscript() as target]):
                name = _memory_of(target)
            case ast.Call(func=ast.Attribute(value=target, attr=method)):
                in_place = method.endswith("_") and not method.endswith("__") and method != "requires_grad_"
                name = _memory_of(target) if in_place or method in _CHANGES_A_LIST else ""
            case _:
                continue
        if name in arguments and rebound.get(name, part.lineno) >= part.lineno:
            plain = isinstance(target, ast.Name) and isinstance(part, ast.AugAssign)
            sure = takes_tensors or not plain or name in objects
            yield fact_of("writes_to_argument", part, function=node.name, name=name, code=source_of(part), sure=sure)


def gives_nothing(function: Function | None) -> bool:
    """Whether a function was written, and never returns a value."""
    return isinstance(function, FUNCTIONS) and not returns_value(function) and not is_blank(function)


def kept_nothing(tree: ast.AST, functions: dict[str, Function]) -> Iterator[Fact]:
    """Names that get what gives None, up to the line where they get something else."""
    assigned = [part for part in ast.walk(tree) if isinstance(part, ast.Assign)]
    following: dict[str, int] = {}
    for part in sorted(assigned, key=lambda part: part.lineno, reverse=True):
        match part:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Call(func=ast.Name() | ast.Attribute() as called)):
                function = last_name(called)
                own = gives_nothing(functions.get(function))
                if own or (function in GIVES_NONE and isinstance(called, ast.Attribute)):
                    until = following.get(name)
                    yield fact_of("keeps_nothing", part, name, name=name, function=function, own=own, until=until)
        following |= {target.id: part.lineno for target in part.targets if isinstance(target, ast.Name)}


def _memory_of(target: ast.AST) -> str:
    """The name whose memory is written to, through items, `.data` and `detach()`."""
    while True:
        match target:
            case ast.Subscript(value=inner) | ast.Attribute(value=inner, attr="data"):
                target = inner
            case ast.Call(func=ast.Attribute(value=inner, attr="detach")):
                target = inner
            case _:
                return target.id if isinstance(target, ast.Name) else ""


def _clears_late(node: ast.AST) -> Iterator[Fact]:
    """Gradients are cleared, and only after the first backward."""
    first: dict[str, ast.Call] = {}
    for part in sorted(calls_in(node), key=lambda call: call.lineno):
        first.setdefault(last_name(part.func), part)
    backward, clears = first.get("backward"), first.get("zero_grad")
    if backward and clears and backward.lineno < clears.lineno:
        yield fact_of("clears_late", clears, code=source_of(clears))


def _children_once(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Fact]:
    """The children of a module are visited, and not those below: neither by recursion nor in a `while`."""
    parts = list(own_parts(node))
    goes_on = any(last_name(call.func) == node.name for call in calls_in(node))
    if goes_on or any(isinstance(part, ast.While) for part in parts):
        return
    for part in parts:
        if isinstance(part, ast.Call) and last_name(part.func) in ("children", "named_children"):
            yield fact_of("children_once", part, function=node.name, code=source_of(part))
