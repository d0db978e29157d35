"""A line of code with its part that failed underlined, as Python's own tracebacks have it."""

from __future__ import annotations

import ast
import re

from rich.cells import cell_len

from grader.diagnosis.syntax import parse_source
from grader.models.message import clean

_BELOW = re.compile(r" *[~^]+")
MAX_LINE = 200
"""Characters of a line that are shown."""


def underlined(line: str, column: int | None = None, end: int | None = None) -> str:
    """A line, and where a part of it failed, another one that underlines that part, as wide as a terminal shows it.

    Args:
        line: of a stranger's code.
        column, end: characters of the line, without its indentation, before the part and before what follows it.
    """
    text = line.strip()[:MAX_LINE]
    code = _shown(text)
    if column is None or column >= len(text):
        return code
    end = min(max(end or 0, column + 1), len(text))
    first, last = _operation(text[column:end])
    if (first, last) == (0, len(text)):  # the whole line, as of a `raise`
        return code
    marks = [("~", column, column + first), ("^", column + first, column + last), ("~", column + last, end)]
    below = "".join(mark * cell_len(_shown(text[a:b])) for mark, a, b in marks)
    return f"{code}\n{' ' * cell_len(_shown(text[:column]))}{below}"


def within(text: str, width: int) -> str:
    """Lines of which those with a part underlined are cut to a width, so that it stays in sight and in its place."""
    lines = text.split("\n")
    for number, below in enumerate(lines):
        if _BELOW.fullmatch(below) and number and cell_len(lines[number - 1]) > width:
            lines[number - 1 : number + 1] = _cut(lines[number - 1], below, width)
    return "\n".join(lines)


def _cut(line: str, below: str, width: int) -> tuple[str, str]:
    begin, long = len(below) - len(below.lstrip()), cell_len(line)
    left = max(min(begin - width // 4, long - width), 0)
    first, last = left + bool(left), left + width - (left + width < long)
    kept, column = "", 0
    for character in line:
        size = cell_len(character)
        if first <= column and column + size <= last:
            kept += " " * (column - first) * (not kept) + character
        column += size
    return "…" * bool(left) + kept + "…" * (left + width < long), below[left : left + width]


def _shown(text: str) -> str:
    return clean(text).replace("\t", "    ")  # a tab has no width of its own


def _operation(part: str) -> tuple[int, int]:
    """Where in an expression that is which is done last: an operator, an index, arguments, the name of an attribute."""
    tree = parse_source(f"({part})")
    match tree and tree.body:
        case [ast.Expr(ast.BinOp(left=left, right=right))]:
            first, last = _characters(part, left.end_col_offset), _characters(part, right.col_offset)
            operator = part[first:last].strip(" ()")
            first = part.find(operator, first)
            return first, first + len(operator)
        case [ast.Expr(ast.Subscript(value=left) | ast.Call(func=left))]:
            return _characters(part, left.end_col_offset), len(part)
        case [ast.Expr(ast.Attribute(attr=name))]:
            return len(part) - len(name), len(part)
    return 0, len(part)


def _characters(part: str, offset: int | None) -> int:
    """The characters before a place in an expression: syntax trees count bytes, here from the bracket before it."""
    return len(part.encode()[: (offset or 1) - 1].decode(errors="replace"))
