"""Reads an assignment of nbgrader's: the source notebook, with its solutions and all of its tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from grader.assignment.marks import MarkError, read_marks
from grader.authoring.importing.composing import NotPython, composed, has_test, python_of
from grader.authoring.importing.imported import Imported, ImportedExercise, ImportedTest, LeftOut
from grader.authoring.importing.needs import CellsAround
from grader.authoring.importing.notebook_file import (
    Cells,
    defined_in,
    files_named,
    id_of,
    plain,
    read_notebook_file,
    title_of,
    with_cells,
)
from grader.diagnosis.syntax import parse_source
from grader.errors import UsageError
from grader.submission.bindings import bound_names
from grader.submission.read import headings_in

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
_HIDDEN = re.compile(
    r"^[^\n]*BEGIN HIDDEN TESTS?[^\n]*\n(.*?)^[^\n]*END HIDDEN TESTS?[^\n]*$\n?", re.MULTILINE | re.DOTALL
)
_AUTOTEST = re.compile(r"^[ \t]*#+[ \t]*(?:HASHED )?AUTOTEST\b[ \t]*(.*)$", re.MULTILINE)
_MARK_SCHEME = re.compile(
    r"^[^\n]*BEGIN MARK SCHEME[^\n]*\n.*?^[^\n]*END MARK SCHEME[^\n]*$\n?", re.MULTILINE | re.DOTALL
)


_GIVES_NUMBER = re.compile(r"\n[A-Za-z_]\w*(?:\s*[/*+-]\s*[\w.]+)?$")


class _Cell:
    """What nbgrader's metadata say of a cell."""

    def __init__(self, cell: dict[str, Any], number: int, name: str) -> None:
        about = cell.get("metadata", {}).get("nbgrader", {})
        self.text: str = cell["source"]
        self.code = cell["cell_type"] == "code"
        self.number = number
        self.place = f"{name}, cell {number}"
        self.id = str(about.get("grade_id") or "")
        self.solution = bool(about.get("solution"))
        self.grade = bool(about.get("grade"))
        self.task = bool(about.get("task"))
        try:
            self.points = float(about.get("points") or 0)
        except (TypeError, ValueError):
            self.points = 0.0

    @property
    def is_test(self) -> bool:
        return self.code and self.grade and not self.solution

    @property
    def is_manual(self) -> bool:
        return self.task or (self.grade and self.solution)


def read_nbgrader(path: Path, name: str) -> Imported:
    """Read a source notebook.

    Raises:
        UsageError: where it is none, or has nothing that is graded.
    """
    notebook = read_notebook_file(path)
    cells = [_Cell(cell, number, path.name) for number, cell in enumerate(notebook["cells"], 1)]
    if not any(cell.grade or cell.task for cell in cells):
        raise UsageError(
            f"{path} has no cell that nbgrader grades.", "Give the notebook of `source/`, or `grade import otter`."
        )
    left: list[LeftOut] = []
    exercises = _Reader(cells, path, left).exercises()
    return Imported(
        name,
        title_of(notebook["cells"], name),
        ("solution.ipynb", with_cells(notebook, notebook["cells"])),
        (f"{name}.ipynb", with_cells(notebook, _starter(notebook["cells"]))),
        exercises,
        left,
        files_named(path.parent, "\n".join(cell.text for cell in cells if cell.code)),
    )


def _starter(cells: Cells) -> Cells:
    """The cells as nbgrader releases them."""
    made = []
    for cell in cells:
        about = cell.get("metadata", {}).get("nbgrader", {})
        text, code = _MARK_SCHEME.sub("", _HIDDEN.sub("", cell["source"])), cell["cell_type"] == "code"
        if about.get("solution"):
            text = _emptied(text) if code else TEXT_STUB
        elif about.get("grade"):
            text = _AUTOTEST.sub("", text)
        made.append({**cell, "source": text.rstrip("\n")})
    return made


def _emptied(text: str) -> str:
    """A student's cell without what the marks in it enclose; where there are none, without all."""
    try:
        lines = read_marks(text.split("\n"), code=True)
    except MarkError:
        return STUB
    emptied = "\n".join(line.starter for line in lines if line.starter is not None)
    return STUB if emptied == text else emptied


class _Reader:
    """Makes exercises of cells: tests belong to the students' cells before them."""

    def __init__(self, cells: list[_Cell], path: Path, left: list[LeftOut]) -> None:
        self._cells = cells
        self._left = left
        own = {name for cell in cells if cell.solution and cell.code for name in bound_names(cell.text)}
        self._around = CellsAround(path.parent, own)
        self._taken: set[str] = set()
        self._heading = ""
        self._found: list[ImportedExercise] = []

    def exercises(self) -> list[ImportedExercise]:
        """The exercises, in order; a cell that cannot be read is left out."""
        own: list[_Cell] = []
        current: ImportedExercise | None = None
        for cell in self._cells:
            if not cell.code and not cell.grade:
                for heading in headings_in(cell.text):
                    self._heading = plain(heading.text) or self._heading
            if cell.is_manual:
                manual = self._manual(cell)
                if cell.code:
                    own, current = [cell], manual
                    self._add(cell, "own")
            elif cell.solution:
                if current is not None:
                    own, current = [], None
                own.append(cell)
                self._add(cell, "own" if cell.code else "")
            elif cell.is_test:
                current = current or self._exercise(own, cell)
                end = own[-1].number if own else 0
                self._test(current, cell, end)
            elif cell.code:
                self._add(cell, "given")
        for cell in own if current is None else ():
            self._left.append(LeftOut(cell.place, "no test follows the student's cell, which earns nothing"))
        for one in self._found:
            one.all_or_nothing = len(one.drafts) > 1 and len({draft.place for draft in one.drafts}) == 1
        return [one for one in self._found if one.drafts or one.manual]

    def _exercise(self, own: list[_Cell], test: _Cell) -> ImportedExercise:
        answer = own or [test]
        names = tuple(cell.id for cell in answer if cell.id)
        texts = [cell.text for cell in own if cell.code]
        id = id_of(answer[-1].id or test.id or "part", self._taken)
        exercise = ImportedExercise(id, self._heading or id, names, defined_in(texts))
        self._found.append(exercise)
        return exercise

    def _manual(self, cell: _Cell) -> ImportedExercise | None:
        id = id_of(cell.id or "text", self._taken)
        if cell.points <= 0:
            self._left.append(LeftOut(cell.place, "a person grades it, and it has no points"))
            return None
        names = (cell.id,) if cell.id and cell.code else ()
        defines = defined_in([cell.text]) if cell.code else ()
        exercise = ImportedExercise(id, self._heading or id, names, defines, manual=cell.points)
        self._found.append(exercise)
        return exercise

    def _add(self, cell: _Cell, role: str) -> None:
        if role not in ("own", "given"):
            return
        try:
            tree, text = python_of(cell.text)
        except NotPython as error:
            if role == "own":
                self._left.append(LeftOut(cell.place, f"the student's cell is kept, but {error}"))
            return
        self._around.add(tree, text, cell.number, "own" if role == "own" else "given")

    def _test(self, exercise: ImportedExercise, cell: _Cell, end: int) -> None:
        """A cell of tests: what students see of it, and what is hidden."""
        hidden = "\n".join(found[1] for found in _HIDDEN.finditer(cell.text))
        visible = _HIDDEN.sub("", cell.text)
        asked = (_expressions(visible), _expressions(hidden))
        visible, hidden = _AUTOTEST.sub("", visible), _AUTOTEST.sub("", hidden)
        if cell.points <= 0:
            self._left.append(LeftOut(cell.place, "its tests have no points"))
        parts: list[tuple[ast.Module, str, bool]] = []
        read = False
        for text, secret in ((visible, False), (hidden, True)):
            try:
                tree, made = python_of(text)
            except NotPython as error:
                self._left.append(LeftOut(cell.place, str(error)))
                read = False
                break
            if has_test(tree) or asked[secret]:
                parts.append((tree, made, secret))
            else:
                self._around.add(tree, made, cell.number, "test", secret)
                read = True
        if read and not parts and cell.points > 0:
            said = "it gives points by a number" if _GIVES_NUMBER.search(visible.rstrip()) else "it asserts nothing"
            self._left.append(LeftOut(cell.place, said))
        weights = [max(1, len(re.findall(r"\bassert", made)) + len(asked[secret])) for _, made, secret in parts]
        for (tree, made, secret), weight in zip(parts, weights, strict=True):
            if cell.points > 0:
                both = ast.parse("\n".join([made, *asked[secret]])) if asked[secret] else tree
                texts = composed(both, made, cell.number + secret * 0.5, end, self._around, secret)
                points = cell.points * weight / sum(weights)
                title = "" if secret else _said(made)
                exercise.drafts.append(ImportedTest(tuple(texts), cell.place, points, secret, title, asked[secret]))
            self._around.add(tree, made, cell.number, "test", secret)


def _expressions(text: str) -> tuple[str, ...]:
    """What nbgrader is to write tests for: `### AUTOTEST f(1); f(2)`."""
    found = [part.strip() for one in _AUTOTEST.finditer(text) for part in one[1].split(";")]
    return tuple(one for one in found if parse_source(one) and one)


def _said(text: str) -> str:
    """What a test says of itself in its first line."""
    for line in text.strip().split("\n"):
        found = re.match(r"""#+\s*(.+)|["']{1,3}\s*(.+?)\s*["']{0,3}$""", line.strip())
        if found is None:
            return ""
        if text := (found[1] or found[2] or "").strip(" #=-*"):
            return text[:100]
    return ""
