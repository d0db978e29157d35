"""What is known of an exercise's cells without asking them: what is written in them, and what they printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """A function that is called, or named, in an exercise's source.

    Attributes:
        name: as the imports resolve it, e.g. `torch.nn.functional.relu`; `?.relu` of an object that only running knows.
        code: as the student wrote it.
        cell, line: where.
        inside: whether it stands in a function or a class.
    """

    name: str
    code: str
    cell: int | None
    line: int
    inside: bool


@dataclass(frozen=True)
class Work:
    """An exercise's own cells.

    Attributes:
        written: what they call.
        printed: what they printed and showed, cell after cell.
        blank: whether nothing was written in them.
    """

    written: tuple[Written, ...]
    printed: str
    blank: bool
