"""What an instructor says must hold of an observation: `sorted(second) == range(50)`.

A condition is an expression over what a call returned. The judge evaluates it, so that
student code has no say: the names are the keys of the returned dict (or `returned`), and
`solution`, what the solution returned for the same call. `==` compares as checks do:
attributes first, then elements within the tolerance.

    operators   == != < <= > >= in + - * / and or not
    functions   abs accuracy all any distinct flat kind len max min range sorted sum
    the rest    x[0]  x.name  [f(x) for x in xs]  literals
"""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from grader.expression import evaluate
from grader.models.message import Message, say, verbatim
from grader.models.values import Exact, Fields, Opaque, Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, compare, describe
from grader.requirements.expressions import parse
from grader.requirements.samples import different

_OPERATORS: dict[type, str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_TENSOR_ATTRIBUTES = {"shape", "dtype", "requires_grad", "leaf", "parameter"}
MOST = 1_000_000
"""Elements that `range` makes at most."""


def check_condition(text: str) -> str:
    """Validate a condition's text.

    Raises:
        ValueError: with what is wrong in it.
    """
    compile_condition(text)
    return text


Condition = Annotated[str, AfterValidator(check_condition), Field(min_length=1, max_length=2000)]


def compile_condition(text: str) -> Any:
    """The tree of a condition, which `judge_condition` evaluates."""

    def tree(node: ast.expr) -> Any:
        match node:
            case ast.BoolOp(ast.And(), parts):
                return {"all": [tree(part) for part in parts]}
            case ast.BoolOp(ast.Or(), parts):
                return {"any": [tree(part) for part in parts]}
            case ast.UnaryOp(ast.Not(), part):
                return {"operator": "not", "args": [tree(part)]}
            case ast.UnaryOp(ast.USub(), part):
                return {"operator": "-", "args": [{"value": 0}, tree(part)]}
            case ast.Compare(left, operators, rights):
                sides = [tree(part) for part in (left, *rights)]
                pairs = [
                    {"operator": _OPERATORS[type(op)], "args": list(pair)}
                    for op, pair in zip(operators, itertools.pairwise(sides), strict=True)
                    if type(op) in _OPERATORS
                ]
                if len(pairs) == len(operators):
                    return pairs[0] if len(pairs) == 1 else {"all": pairs}
            case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
                return {"operator": _OPERATORS[type(op)], "args": [tree(left), tree(right)]}
            case ast.Call(ast.Name(name), args, []) if name in _FUNCTIONS:
                return {"operator": name, "args": [tree(arg) for arg in args]}
            case ast.GeneratorExp(part, [ast.comprehension(ast.Name(name), values, [], 0)]) | ast.ListComp(
                part, [ast.comprehension(ast.Name(name), values, [], 0)]
            ):
                return {"each": tree(part), "as": name, "in": tree(values)}
            case ast.Name(name):
                return {"name": name}
            case ast.Attribute(owner, name) if not name.startswith("_"):
                return {"attribute": name, "of": tree(owner)}
            case ast.Subscript(owner, key):
                return {"item": tree(key), "of": tree(owner)}
            case ast.List(parts) | ast.Tuple(parts):
                return {"list": [tree(part) for part in parts]}
            case ast.Constant(None | bool() | int() | float() | str() as value):
                return {"value": value}
        raise ValueError(f"{text!r}: {ast.unparse(node)!r} is not part of conditions")

    return tree(parse(text))


def names_solution(text: str) -> bool:
    """Whether a condition needs what the solution returned."""
    return any(isinstance(node, ast.Name) and node.id == "solution" for node in ast.walk(parse(text)))


def judge_condition(text: str, observed: Any, solution: Any, tolerance: Tolerance | None) -> None:
    """Fail where a condition does not hold of what a call returned.

    Args:
        observed: what the call returned.
        solution: what it returns for the solution.

    Raises:
        Failure: with the condition, and what was there instead.
    """
    tree, said = compile_condition(text), verbatim(text)
    read: set[str] = set()

    def name(asked: str) -> Any:
        if asked in ("returned", "solution"):
            return observed if asked == "returned" else solution
        if isinstance(observed, Mapping) and asked in observed:
            read.add(asked)
            return observed[asked]
        raise Failure(said, describe(observed))

    differences: list[Failure] = []

    def equal(left: Any, right: Any) -> bool:
        try:
            compare(left, right, tolerance)
        except Failure as failure:
            differences.append(failure)
            return False
        return True

    operators: dict[str, Callable[..., Any]] = {
        **_FUNCTIONS,
        **_CALCULATIONS,
        "==": equal,
        "!=": lambda a, b: not equal(a, b),
    }
    operators |= {".": _attribute, "parts": _parts}
    operators |= {"in": lambda a, b: any(equal(a, part) for part in b)}
    operators |= {"not in": lambda a, b: not any(equal(a, part) for part in b)}
    try:
        if evaluate(tree, name, operators):
            return
        shown = _shown(tree, lambda part: evaluate(part, name, operators), tolerance)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError):
        # An observation of another form than the condition expects, such as None in place of a list.
        raise Failure(said, describe(observed)) from None
    near = any(failure.near for failure in differences)
    raise Failure(said, shown, near=near, reads=frozenset(read) if read else None)


def _shown(tree: Any, value: Callable[[Any], Any], tolerance: Tolerance | None) -> Message:
    """What was there instead, of the comparison that does not hold: the side that the condition does not spell out."""
    match tree:
        case {"all": parts}:
            return _shown(next(part for part in parts if not value(part)), value, tolerance)
        case {"operator": "==", "args": [left, right]}:
            try:
                compare(value(left), value(right), tolerance)
            except Failure as failure:
                if failure.near or not _is_literal(right):  # the left side alone does not show what is wrong with it
                    sides = {"observed": failure.observed, "expected": failure.expected}
                    if failure.compared:  # it has an "instead of" of its own
                        return say("{observed}. Expected: {expected}", **sides)
                    return say("{observed} instead of {expected}", **sides)
            return describe(value(left))
        case {"operator": "in" | "not in", "args": [left, right]} if _is_literal(left):
            return describe(value(right))
        case {"operator": "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in", "args": [left, _]}:
            return describe(value(left))
        case {"operator": "all", "args": [{"each": part, "as": name, "in": values}]}:
            for one in _parts(value(values)):
                place = {"each": part, "as": name, "in": {"value": [one]}}
                if not all(value(place)):
                    return describe(one)
        case {"operator": "not", "args": [part]}:
            return describe(value(part))
    return say("it is not so")


def _is_literal(tree: Any) -> bool:
    """Whether the condition itself says what a part of it is."""
    return set(tree) == {"value"} or (set(tree) == {"list"} and all(map(_is_literal, tree["list"])))


def _attribute(owner: Any, name: str) -> Any:
    match owner:
        case Mapping():
            return owner[name]
        case Fields(fields=fields):
            return fields[name]
        case Tensor() if name in _TENSOR_ATTRIBUTES:
            found = getattr(owner, name)
            return list(found) if isinstance(found, tuple) else found
    raise AttributeError(name)


def _calculation(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator between numbers or tensors; `+` joins lists."""

    def calculate(left: Any, right: Any) -> Any:
        if isinstance(left, list) and isinstance(right, list) and function is operator.add:
            return left + right
        tensors = [side for side in (left, right) if isinstance(side, Tensor)]
        if len(tensors) == 2 and tensors[0].shape != tensors[1].shape:
            raise ValueError("shapes differ")
        if not all(isinstance(side, (int, float, complex, Tensor)) for side in (left, right)):
            raise TypeError("not a number")
        if not tensors:
            return function(left, right)
        left, right = (side.values if isinstance(side, Tensor) else side for side in (left, right))
        with np.errstate(all="ignore"):
            return Tensor(function(left, right).astype(tensors[0].values.dtype), tensors[0].dtype)

    return calculate


def _parts(values: Any) -> list[Any]:
    """What there is to go through; the numbers of a tensor of one dimension."""
    if isinstance(values, Tensor):
        return list(values.tolist())
    if not isinstance(values, (list, tuple, range, frozenset, Mapping)):
        raise TypeError("nothing to go through")
    return list(values)


def _range(*bounds: int) -> list[int]:
    made = range(*bounds)
    if len(made) > MOST:
        raise ValueError("too long")
    return list(made)


def _flat(values: Any) -> list[Any]:
    return [part for inner in _parts(values) for part in _parts(inner)]


def _kind(value: Any) -> str:
    """The name of a value's type: `float`, `list`, `tensor`, `array`; of an object its class's."""
    if isinstance(value, (Exact, Fields, Opaque)):
        return value.type
    return type(value).__name__.lower() if isinstance(value, Tensor) else type(value).__name__


def _accuracy(output: Any, labels: Any) -> float:
    """The share of rows whose largest element stands at the label."""
    if not isinstance(output, Tensor) or not isinstance(labels, Tensor) or output.values.ndim != 2:
        raise TypeError("an accuracy needs rows of logits, and labels")
    if labels.shape != output.shape[:1]:
        raise ValueError("one label for each row")
    return float(np.mean(output.values.argmax(axis=1) == labels.values))


_CALCULATIONS: dict[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "not": operator.not_,
    "+": _calculation(operator.add),
    "-": _calculation(operator.sub),
    "*": _calculation(operator.mul),
    "/": _calculation(operator.truediv),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "accuracy": _accuracy,
    "all": lambda values: all(_parts(values)),
    "any": lambda values: any(_parts(values)),
    "distinct": lambda values: different(_parts(values)),
    "flat": _flat,
    "kind": _kind,
    "len": len,
    "max": lambda values: max(_parts(values)),
    "min": lambda values: min(_parts(values)),
    "range": _range,
    "sorted": lambda values: sorted(_parts(values)),
    "sum": lambda values: sum(_parts(values)),
}
