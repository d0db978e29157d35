"""Python's syntax trees, and facts about them.

A fact is flat plain data: `fact` says which, `key` what makes it the same fact in
another source (the solution's), the rest is for the text a person reads.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from grader.models.message import Scalar
from grader.models.mistake import Fact

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


MAX_SOURCE = 100_000
"""Characters that are parsed: a cell, or an exercise, that is longer shows nothing."""
MAX_WORK = 400_000
"""All nodes of a syntax tree with all that is above each: the text of a node is made from all below it."""

MAX_DEPTH = 200
"""Levels of a syntax tree: far below what Python itself can follow."""


def parse_source(text: str) -> ast.Module | None:
    """The syntax tree of a stranger's source; None where it is not Python, or is larger than people write."""
    if len(text) > MAX_SOURCE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of escapes in texts
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    level: list[ast.AST] = [tree]
    depth, work = 0, 0
    while level and work <= MAX_WORK:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
        work += depth * len(level)
    return None if level or depth > MAX_DEPTH else tree


def fact_of(fact: str, node: Any, key: str = "", **fields: Scalar) -> Fact:
    """A fact that a node shows, with its line."""
    return {"fact": fact, "key": key, "line": getattr(node, "lineno", None), **fields}


def last_name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def source_of(node: ast.AST) -> str:
    """The beginning of a node's source, on one line; nothing where Python cannot write it out."""
    try:
        return ast.unparse(node)[:80]
    except (ValueError, RecursionError):  # a number of 4300 digits, or in an f-string what needs a backslash (< 3.12)
        return ""


def calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """All calls below a node."""
    return (part for part in ast.walk(node) if isinstance(part, ast.Call))


def own_parts(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield child
            yield from own_parts(child)


def returns_value(function: Function) -> bool:
    """Whether a value comes back: returned or yielded."""
    if isinstance(function, ast.Lambda):
        return not (isinstance(function.body, ast.Constant) and function.body.value is None)
    return any(
        (isinstance(node, ast.Return) and node.value is not None) or isinstance(node, (ast.Yield, ast.YieldFrom))
        for node in own_parts(function)
    )


def says_nothing(text: str) -> bool:
    """Whether a cell has only what a starter may have: comments, imports, and functions and classes to be filled in."""
    tree = parse_source(text)
    return tree is not None and all(_is_to_be_filled(part) for part in tree.body)


def does_nothing(text: str) -> bool:
    """Whether a cell has comments alone, and statements that do nothing: `pass`, `...`, a text."""
    tree = parse_source(text)
    return tree is not None and all(map(_is_idle, tree.body))


def _is_idle(part: ast.stmt) -> bool:
    return isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))


def _is_to_be_filled(part: ast.stmt) -> bool:
    match part:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(value=ast.Constant(value=value)):
            return value is None or value is ...
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return is_blank(part) or [source_of(one) for one in part.body] == ["super().__init__()"]
        case ast.ClassDef():
            return all(map(_is_to_be_filled, part.body))
    return _is_idle(part)


def is_blank(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether nothing was written: a docstring, `...`, `pass`, `raise`."""
    return all(isinstance(part, ast.Raise) or _is_idle(part) for part in node.body)
