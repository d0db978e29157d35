"""A submission as cells to run."""

from __future__ import annotations

from grader.models.model import Model


class Cell(Model):
    """One code cell.

    Attributes:
        number: as a person counts the code cells, from 1; None in a script without cells.
        source: Python, with IPython's own syntax already turned into calls.
        filename: what tracebacks call it.
        exercise: the exercise that owns it.
        text: the source as the student wrote it.
    """

    number: int | None
    source: str
    filename: str
    exercise: str | None
    text: str


class Submission(Model):
    """What was handed in.

    Attributes:
        name: the file's name.
        sha256: of the file's bytes.
        cells: in order.
    """

    name: str
    sha256: str
    cells: tuple[Cell, ...]

    @property
    def script(self) -> str | None:
        """The file's name, where it is a script and no notebook."""
        return self.name if self.name.lower().endswith(".py") else None

    def cells_of(self, exercise: str) -> tuple[Cell, ...]:
        """An exercise's own cells; all, where none is marked as its own."""
        return tuple(cell for cell in self.cells if cell.exercise == exercise) or self.cells
