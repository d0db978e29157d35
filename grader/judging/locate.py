"""Where in a submission a name is defined, for failures that raised nothing."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from difflib import get_close_matches

from rich.cells import cell_len

from grader.diagnosis.syntax import parse_source
from grader.models.cells import Cell, Submission
from grader.models.message import clean
from grader.submission.bindings import bound_names

NEAR = 0.6
"""How much two names must have in common, as difflib counts it, for one to be taken for the other."""


MAX_LINE = 200
"""Characters of a line that are shown."""


@dataclass(frozen=True)
class Place:
    """Where something is, as a person finds it.

    Attributes:
        prompt: the cell's `In [n]`.
        code: the line.
    """

    cell: int | None = None
    line: int | None = None
    prompt: int | None = None
    code: str = ""


NOWHERE = Place()


class Definitions:
    """Finds classes and functions by name in the cells an exercise ends with, and lines by their numbers."""

    def __init__(self, submission: Submission) -> None:
        self._cells = submission.cells

    def place(self, exercise: str, called: str) -> tuple[int | None, int | None]:
        """Cell and line where the first name of an expression that the exercise defines stands."""
        last = max(
            (i for i, cell in enumerate(self._cells) if exercise in cell.exercises), default=len(self._cells) - 1
        )
        for name in re.findall(r"[^\W\d]\w*", called):
            for cell in reversed(self._cells[: last + 1]):
                line = _definition(cell, name)
                if line is not None:
                    return cell.number, line
        if self._cells and exercise in self._cells[last].exercises:
            return self._cells[last].number, None
        return None, None

    def near(self, exercise: str, name: str) -> tuple[str, int | None, int] | None:
        """A name like this one that is bound, with its cell and line; those of the exercise's own cells come first."""
        own = [cell for cell in self._cells if exercise in cell.exercises]
        for cells in (own, self._cells):
            bound = {other: (cell.number, line) for cell in cells for other, line in bound_names(cell.source).items()}
            near = get_close_matches(name.casefold(), {other.casefold() for other in bound}, n=1, cutoff=NEAR)
            for other, (number, line) in bound.items():
                if near and other.casefold() == near[0] and other != name:
                    return other, number, line
        return None

    def at(self, number: int | None, line: int | None, column: int | None) -> Place:
        """A place with its line as it stands there, and a caret below the character at `column`."""
        cells = [cell for cell in self._cells if cell.number == number]
        texts = [cell.source.split("\n")[: line or 0] for cell in cells]
        text = next((lines[-1] for lines in texts if lines and len(lines) == line and lines[-1].strip()), "")
        code = clean(text.strip()[:MAX_LINE])
        before = text[:column].lstrip()
        if column is not None and len(before) < MAX_LINE and code:
            code += f"\n{' ' * cell_len(clean(before))}^"
        return Place(number, line, cells[0].prompt if cells else None, code)


def _definition(cell: Cell, name: str) -> int | None:
    tree = parse_source(cell.source) if name in cell.source else None
    for node in reversed(tree.body if tree else []):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return node.lineno
            case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return node.lineno
    return None
