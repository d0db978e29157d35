"""The tree an expression of the spec becomes, and the one way to evaluate it.

The judge makes trees from text (`grader.requirements.expressions`). A guest evaluates
calls with the student's names in them; the judge evaluates literal results, and
conditions over what came back. Operators are only known to the judge.

A tree is plain data, so that it crosses the wire: what is no dict stands for itself,
and a dict is one of the nodes below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

Names = Callable[[str], Any]
Operators = Mapping[str, Callable[..., Any]]


def evaluate(tree: Any, name: Names, operators: Operators | None = None) -> Any:
    """The value of an expression.

    Args:
        tree: as `compile_expression` or `compile_condition` made it.
        name: gives the value of a name, or raises.
        operators: what `operator` nodes do; `.` gives an attribute, and `parts` what to go through. Without
            them there are no operators, and attributes are Python's own.

    Raises:
        ValueError: for what is no tree.
    """
    if not isinstance(tree, dict):
        return tree

    def inner(part: Any) -> Any:
        return evaluate(part, name, operators)

    match tree:
        case {"name": text}:
            return name(text)
        case {"call": function, "args": args, "kwargs": kwargs}:
            function = inner(function)
            return function(*map(inner, args), **{key: inner(value) for key, value in kwargs.items()})
        case {"attribute": text, "of": owner}:
            return operators["."](inner(owner), text) if operators else getattr(inner(owner), text)
        case {"item": key, "of": owner}:
            return inner(owner)[inner(key)]
        case {"list": parts}:
            return [inner(part) for part in parts]
        case {"tuple": parts}:
            return tuple(inner(part) for part in parts)
        case {"mapping": pairs}:
            return {inner(key): inner(value) for key, value in pairs}
        case {"value": value}:
            return value
        case {"operator": operator, "args": args} if operators:
            return operators[operator](*map(inner, args))
        case {"all": parts}:
            return all(inner(part) for part in parts)
        case {"any": parts}:
            return any(inner(part) for part in parts)
        case {"each": part, "as": text, "in": values} if operators:
            return [
                evaluate(part, partial(_within, text, value, name), operators)
                for value in operators["parts"](inner(values))
            ]
    raise ValueError(f"not an expression: {tree!r}")


def _within(own: str, value: Any, outside: Names, asked: str) -> Any:
    """A name inside a comprehension."""
    return value if asked == own else outside(asked)
