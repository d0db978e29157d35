"""Where in a submission a name is defined, for failures that raised nothing."""

from __future__ import annotations

import ast
import re

from grader.diagnosis.syntax import parse_source
from grader.models.cells import Cell, Submission


class Definitions:
    """Finds classes and functions by name in the cells an exercise ends with."""

    def __init__(self, submission: Submission) -> None:
        self._cells = submission.cells

    def place(self, exercise: str, called: str) -> tuple[int | None, int | None]:
        """Cell and line where the first name of an expression that the exercise defines stands."""
        last = max((i for i, cell in enumerate(self._cells) if cell.exercise == exercise), default=len(self._cells) - 1)
        for name in re.findall(r"[^\W\d]\w*", called):
            for cell in reversed(self._cells[: last + 1]):
                line = _definition(cell, name)
                if line is not None:
                    return cell.number, line
        if self._cells and self._cells[last].exercise == exercise:
            return self._cells[last].number, None
        return None, None


def _definition(cell: Cell, name: str) -> int | None:
    tree = parse_source(cell.source) if name in cell.source else None
    for node in reversed(tree.body if tree else []):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return node.lineno
            case ast.Assign(targets=targets) if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return node.lineno
    return None
