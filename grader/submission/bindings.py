"""The names that a cell's source binds when it runs, and those it mentions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from grader.diagnosis.syntax import parse_source

_DEFINES = re.compile(
    r"^[ \t]*(?:class|(?:async[ \t]+)?def)[ \t]+([^\W\d]\w*)|^[ \t]*([^\W\d]\w*)[ \t]*(?::[^=\n]*)?=(?!=)"
    r"|^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+([\w., \t]+)",
    re.MULTILINE,
)
_IMPORTED = re.compile(r"\b([^\W\d]\w*+)(?:\.[\w.]++)?[ \t]*+(?:,|$)")
_RUN = {"time", "timeit", "prun", "capture"}
"""Magics that run what stands behind or below them."""
_OPTIONS = re.compile(r"^\s*+(?:-\w++(?:\s++\d++(?=\s))?+\s++)++")
_WORD = re.compile(r"[^\W\d]\w*")


MAX_IMPORT = 500
"""Characters of a line with `import` that are looked at."""
MAX_KEPT = 10_000
"""Characters of a source whose names are kept: they are asked for more than once, and a class shares many cells."""


class Bound(NamedTuple):
    """Where a name is bound first.

    Attributes:
        line: of the name.
        first, last: lines of the statement, outside of which nothing else is, that does it; its decorators are in it.
    """

    line: int
    first: int
    last: int


def bound_names(source: str) -> Mapping[str, Bound]:
    """The names that a source binds outside of functions and classes.

    Where it is not Python, what its lines seem to define.
    """
    return _kept_names(source) if len(source) <= MAX_KEPT else _find_names(source)


def _find_names(source: str) -> Mapping[str, Bound]:
    tree = parse_source(source)
    names: dict[str, Bound] = {}
    if tree is None:
        for name, line in _by_lines(source):
            names.setdefault(name, Bound(line, line, line))
    for node in tree.body if tree else ():
        first = min(part.lineno for part in (node, *getattr(node, "decorator_list", ())))
        for name, line in _bound(node):
            names.setdefault(name, Bound(line, first, node.end_lineno or node.lineno))
    return names


_kept_names = lru_cache(maxsize=512)(_find_names)


def _by_lines(source: str) -> Iterator[tuple[str, int]]:
    line, position = 1, 0
    for found in _DEFINES.finditer(source):
        line += source.count("\n", position, found.start())
        position = found.start()
        names = _IMPORTED.findall(found[3][:MAX_IMPORT]) if found[3] else [found[1] or found[2]]
        yield from ((name, line) for name in names)


def _bound(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that a statement binds, each with its line."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, node.lineno
            return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.partition(".")[0], node.lineno
            return
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return
        case ast.Call(ast.Attribute(_, "run_line_magic" | "run_cell_magic"), [ast.Constant(name), *texts]):
            if name in _RUN and isinstance(texts[-1], ast.Constant):
                inside = _find_names(_OPTIONS.sub("", str(texts[-1].value)))
                yield from ((name, node.lineno + bound.line - (len(texts) == 1)) for name, bound in inside.items())
            return
        case ast.ExceptHandler(name=str(name)):
            yield name, node.lineno
        case ast.Name(id=name, ctx=ast.Store()):
            yield name, node.lineno
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def bindings(source: str) -> list[str]:
    """The names that a source binds, in its order, each as often as it does; none where it is not Python."""
    tree = parse_source(source)
    return [name for node in (tree.body if tree else ()) for name, _ in _bound(node)]


def changed_names(source: str) -> set[str]:
    """The names that a source binds, and those whose attributes or items it assigns."""
    tree = parse_source(source)
    parts = ast.walk(tree) if tree else iter(())
    owners = (_owner(part) for part in parts if isinstance(part, (ast.Attribute, ast.Subscript)) and _is_target(part))
    return {*bound_names(source), *filter(None, owners)}


def _is_target(part: ast.Attribute | ast.Subscript) -> bool:
    return isinstance(part.ctx, (ast.Store, ast.Del))


def _owner(part: ast.expr) -> str | None:
    while isinstance(part, (ast.Attribute, ast.Subscript)):
        part = part.value
    return part.id if isinstance(part, ast.Name) else None


def mentioned_names(source: str) -> set[str]:
    """All words of a source, so no name that it uses is missed."""
    return set(_WORD.findall(source))


def imports_all(source: str) -> bool:
    """Whether a source has `from x import *`, which binds names that cannot be seen in it."""
    return "import *" in source


def imported_modules(source: str) -> set[str]:
    """The modules, or their packages, that a source imports."""
    tree = parse_source(source)
    names: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.Import(names=aliases):
                names.update(alias.name.partition(".")[0] for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module.partition(".")[0])
    return names


_HIDES = re.compile(r"\bimport \*|\b(?:exec|globals|locals|setattr)\(|\.__dict__\b|run_line_magic\('run'")


def can_be_read(source: str) -> bool:
    """Whether what a source binds can be seen in it, as far as can be told."""
    return parse_source(source) is not None and not _HIDES.search(source)
