"""Lines of an answer that do nothing: what is changed in them cannot be seen, and nobody makes a mistake there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_DOES = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def dead_lines(source: str) -> frozenset[int]:
    """The lines, from 1, that are never reached, or whose results nothing uses."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                dead = [*_behind_the_end(block), *(part for part in block if _is_idle(part))]
                found.update(line for part in dead for line in _lines(part))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.update(line for part in _unread(node) for line in _lines(part))
    return frozenset(found)


def _behind_the_end(block: list[ast.stmt]) -> list[ast.stmt]:
    """Statements behind one that leaves the block."""
    ends = [place for place, part in enumerate(block) if isinstance(part, _ENDS)]
    return block[ends[0] + 1 :] if ends else []


def _is_idle(part: ast.stmt) -> bool:
    """Whether it is a name or a number by itself; a text may be a docstring."""
    return isinstance(part, ast.Expr) and (
        isinstance(part.value, (ast.Name, ast.Attribute))
        or (isinstance(part.value, ast.Constant) and not isinstance(part.value.value, str))
    )


def _unread(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.stmt]:
    """Assignments to names that nothing in the function reads, of what only computes."""
    parts = list(ast.walk(function))
    read = {part.id for part in parts if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store)}
    shared = {name for part in parts if isinstance(part, (ast.Global, ast.Nonlocal)) for name in part.names}
    for part in parts:
        match part:
            case ast.Assign([ast.Name(name)], value) if name not in read | shared:
                if not any(isinstance(inner, _DOES) for inner in ast.walk(value)):
                    yield part


def _lines(part: ast.stmt) -> range:
    return range(part.lineno, (part.end_lineno or part.lineno) + 1)
