"""Where in a submission a name is defined, for failures that raised nothing."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from difflib import get_close_matches

from grader.diagnosis.syntax import parse_source
from grader.diagnosis.underline import underlined
from grader.models.cells import Cell, Submission
from grader.models.observation import Where
from grader.submission.bindings import bound_names

NEAR = 0.6
"""How much two names must have in common, as difflib counts it, for one to be taken for the other."""


@dataclass(frozen=True)
class Place:
    """Where something is, as a person finds it.

    Attributes:
        file: the name of the module that it is in.
        prompt: the cell's `In [n]`.
        code: the line.
    """

    cell: int | None = None
    line: int | None = None
    file: str | None = None
    prompt: int | None = None
    code: str = ""


NOWHERE = Place()


class Definitions:
    """Finds classes and functions by name in the cells an exercise ends with, and lines by their numbers."""

    def __init__(self, submission: Submission) -> None:
        self._cells = submission.cells
        self._modules = submission.modules

    def place(self, exercise: str, called: str) -> Where:
        """Where the first name of an expression that the exercise, or a module, defines stands."""
        own = [index for index, cell in enumerate(self._cells) if exercise in cell.exercises]
        until = self._cells[: own[-1] + 1 if own else None]
        for name in re.findall(r"[^\W\d]\w*", called):
            for cell in (*reversed(until), *self._modules):
                line = _definition(cell, name)
                if line is not None:
                    return Where(cell.number, line, file=cell.file)
        return Where(until[-1].number) if own else Where()

    def later(self, exercise: str, name: str) -> Where | None:
        """Where a name is bound behind an exercise's last cell."""
        own = [index for index, cell in enumerate(self._cells) if exercise in cell.exercises]
        for cell in self._cells[own[-1] + 1 :] if own else ():
            if at := bound_names(cell.source).get(name):
                return Where(cell.number, at.line)
        return None

    def near(self, exercise: str, name: str) -> tuple[str, Where] | None:
        """A name like this one that is bound, and where; the exercise's own come first, and none is another's."""
        own = [cell for cell in self._cells if exercise in cell.exercises]
        others = [cell for cell in self._cells if not cell.exercises]
        for cells in (own, others):
            bound = {
                other: Where(c.number, at.line)
                for c in cells
                for other, at in bound_names(c.source).items()
                if not _imports(c.source.split("\n")[at.line - 1])
            }
            near = get_close_matches(name.casefold(), {other.casefold() for other in bound}, n=1, cutoff=NEAR)
            for other, where in bound.items():
                if near and other.casefold() == near[0] and other != name:
                    return other, where
        return None

    def at(self, where: Where) -> Place:
        """A place with its line as it stands there, and what is at its columns underlined."""
        cells = [c for c in (*self._cells, *self._modules) if (c.number, c.file) == (where.cell, where.file)]
        texts = [cell.source.split("\n")[: where.line or 0] for cell in cells]
        text = next((lines[-1] for lines in texts if lines and len(lines) == where.line and lines[-1].strip()), "")
        code = underlined(text, where.column, where.end)
        return Place(where.cell, where.line, where.file, cells[0].prompt if cells else None, code)


def _imports(line: str) -> bool:
    """Whether what a line binds is a library's name, which nobody misspells an answer as."""
    return line.lstrip().startswith(("import ", "from "))


def _definition(cell: Cell, name: str) -> int | None:
    tree = parse_source(cell.source) if name in cell.source else None
    for node in reversed(tree.body if tree else []):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return node.lineno
            case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return node.lineno
    return None
