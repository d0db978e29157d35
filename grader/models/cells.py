"""A submission as cells to run."""

from __future__ import annotations

from collections.abc import Mapping

from grader.models.message import Message
from grader.models.model import Model


class Cell(Model):
    """One code cell.

    Attributes:
        number: as a person counts the cells of the notebook, from 1; None in a script without cells.
        prompt: its `In [n]`, where the notebook has one.
        source: Python, with IPython's own syntax already turned into calls.
        filename: what tracebacks call it.
        text: the source as the student wrote it.
        tags: the exercises that its metadata name.
        graded_as: names under which other graders know it: nbgrader's `grade_id`, and that of the next `grader.check`.
        headings: those of the texts between it and the code cell before.
        exercises: that own it; see `grader.submission.ownership`.
        file: its name, where this is a module beside the notebook.
    """

    number: int | None
    prompt: int | None = None
    source: str
    filename: str
    text: str
    tags: tuple[str, ...] = ()
    graded_as: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    exercises: tuple[str, ...] = ()
    file: str | None = None


class Beside(Model):
    """A file beside the notebook.

    Attributes:
        name: as seen from the notebook, such as `net/model.py`.
        path: where it is.
    """

    name: str
    path: str


class Heading(Model):
    """A heading in a text.

    Attributes:
        level: the number of its `#`.
    """

    level: int
    text: str


class Marked(Model):
    """A marker of an exercise in a text, where it owns nothing."""

    number: int | None
    name: str


class Submission(Model):
    """What was handed in.

    Attributes:
        name: the file's name.
        sha256: of the file's bytes; with files beside it, of all of them.
        cells: in order.
        beside: files that the assignment takes, and the modules among them, as if they were cells.
        astray: markers of exercises that stand in texts.
        notes: what a reader should know of it.
        unanswered: exercises without any cell, each with the reason.
    """

    name: str
    sha256: str
    cells: tuple[Cell, ...]
    beside: tuple[Beside, ...] = ()
    modules: tuple[Cell, ...] = ()
    astray: tuple[Marked, ...] = ()
    notes: tuple[Message, ...] = ()
    unanswered: dict[str, Message] = {}

    def until(self, exercise: str, sources: Mapping[int, str]) -> Submission:
        """It up to where an exercise ends, with other sources in some cells, by their indices."""
        last = max(index for index, cell in enumerate(self.cells) if exercise in cell.exercises)
        cells = list(self.cells[: last + 1])
        for index, source in sources.items():
            cells[index] = cells[index].model_copy(update={"source": source, "text": source})
        return self.model_copy(update={"cells": tuple(cells)})

    def own_cells(self, exercise: str) -> tuple[Cell, ...]:
        """The cells that an exercise owns."""
        return tuple(cell for cell in self.cells if exercise in cell.exercises)

    @property
    def script(self) -> str | None:
        """The file's name, where it is a script and no notebook."""
        return self.name if self.name.lower().endswith(".py") else None

    def cells_of(self, exercise: str) -> tuple[Cell, ...]:
        """An exercise's own cells; all, where it owns none."""
        return self.own_cells(exercise) or self.cells
