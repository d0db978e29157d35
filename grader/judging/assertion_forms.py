"""What an assert says, told from its form: which part of it is seen, and what that has to be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.assignment.plain_checks import last_name

COMPARING = {"allclose", "equal", "isclose", "array_equal", "array_equiv"}
"""Functions that say whether their first two arguments are the same."""
COMPARED = {"Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Is": "is",
            "IsNot": "is not", "In": "in", "NotIn": "not in"}  # fmt: skip
"""Signs of comparisons."""


@dataclass(frozen=True)
class Form:
    """The form of what is asserted.

    Attributes:
        kind: `compared`, two sides; `true`, one value; `never`, a constant; `other`, several of them.
        seen: what is asserted, or denied.
        sides: of a comparison.
        negated: whether it must not hold.
    """

    kind: Literal["compared", "true", "never", "other"]
    seen: ast.expr
    sides: tuple[ast.expr, ...] = ()
    negated: bool = False

    @property
    def among(self) -> bool:
        """Whether one side is looked for in the other one."""
        return isinstance(self.seen, ast.Compare) and isinstance(self.seen.ops[0], ast.In | ast.NotIn)

    @property
    def parts(self) -> tuple[ast.expr, ...]:
        """Expressions whose values show why it does not hold."""
        match self.kind, self.seen:
            case "true", ast.Call(func=func, args=args):
                inner = [func.value] if isinstance(func, ast.Attribute) else []
                return (self.seen, *(leaf for one in (*inner, *args) for leaf in _leaves(one)))
            case "true", _:
                return (self.seen,)
        return tuple(_leaves(self.seen))


def form_of(test: ast.expr) -> Form:
    """The form of the condition of an assert."""
    negated = False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        negated, test = not negated, test.operand
    inner = _of_elements(test)
    if sides := sides_of(inner):
        return Form("compared", inner, sides, negated)
    if isinstance(test, ast.Constant):
        return Form("never", test)
    if isinstance(test, ast.Compare | ast.BoolOp | ast.IfExp | ast.NamedExpr):
        return Form("other", test, (), negated)
    return Form("true", test, (), negated)


def sides_of(test: ast.expr) -> tuple[ast.expr, ...]:
    """The two sides of a comparison, which may be a call of a function that compares; else nothing."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return (test.left, test.comparators[0])
    if isinstance(test, ast.Call) and len(test.args) >= 2 and not any(isinstance(a, ast.Starred) for a in test.args):
        return tuple(test.args[:2]) if last_name(test.func) in COMPARING | {"isinstance", "issubclass"} else ()
    return ()


def _of_elements(test: ast.expr) -> ast.expr:
    """What is asked of each element in `(a == b).all()` and its like."""
    match test:
        case ast.Call(func=ast.Attribute(value=inner, attr="all"), args=[]) if sides_of(inner):
            return inner
        case ast.Call(func=func, args=[inner], keywords=[]) if last_name(func) in ("all", "bool") and sides_of(inner):
            return inner
    return test


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """The largest parts of a condition that are no conditions themselves."""
    match node:
        case ast.BoolOp(values=parts):
            pass
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            parts = [operand]
        case ast.Compare(left=left, comparators=others):
            parts = [left, *others]
        case ast.IfExp(test=test, body=body, orelse=other):
            parts = [test, body, other]
        case _:
            yield node
            return
    for part in parts:
        yield from _leaves(part)
