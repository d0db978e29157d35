"""Finds where a fixture or a probe compares by itself, beside the student's code, which can change what that gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_COMPARE = {"allclose", "array_equal", "array_equiv", "assert_close", "assert_equal", "eq", "equal", "isclose", "repr"}


def comparisons(source: str, function: str | None = None) -> Iterator[tuple[int, str]]:
    """Lines of a file at which something is compared, and what.

    Args:
        function: only in this one.
    """
    for node in ast.walk(_within(ast.parse(source), function)):
        match node:
            case ast.Call(ast.Name(name) | ast.Attribute(attr=name)) if name in _COMPARE:
                yield node.lineno, f"{name}()"
            case ast.Compare(left, [op], [right]):
                sides = (left, right)
                plain = any(isinstance(side, ast.Constant) for side in sides)
                if isinstance(op, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)) and not plain:
                    yield node.lineno, ast.unparse(node)


def _within(tree: ast.Module, function: str | None) -> ast.AST:
    if function is None:
        return tree
    found = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)
    return next(found, ast.Module([], []))


def probes(source: str) -> list[str]:
    """Names of the functions of a file of checks that are marked `@probe`."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator).split(".")[-1] == "probe" for decorator in node.decorator_list)
    ]
