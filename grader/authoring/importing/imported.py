"""An assignment of another grader, as far as it was understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LeftOut:
    """What was not carried over.

    Attributes:
        place: where it stands, such as `hw.ipynb, cell 7`.
    """

    place: str
    why: str


@dataclass(frozen=True)
class ImportedTest:
    """A test that becomes a plain check.

    Attributes:
        texts: its code in several forms, of which the first one is taken that the solution passes.
        place: where it stands.
        asked: expressions of which the solution says what they give, with the code before them; each becomes an assert.
    """

    texts: tuple[str, ...]
    place: str
    points: float = 1.0
    hidden: bool = False
    title: str = ""
    asked: tuple[str, ...] = ()


@dataclass
class ImportedExercise:
    """A part that earns points.

    Attributes:
        id: made of the name that it has there.
        graded_as: names of its cells there.
        defines: what its answer binds.
        manual: points that a person gives.
        above: code before all its drafts.
    """

    id: str
    title: str
    graded_as: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    drafts: list[ImportedTest] = field(default_factory=list)
    manual: float = 0.0
    all_or_nothing: bool = False
    above: str = ""


@dataclass
class Imported:
    """An assignment.

    Attributes:
        name: for its folder.
        solution, starter: each a file's name and its content: a notebook's JSON, or a script's text.
        given: files that lie beside every submission, by their names.
    """

    name: str
    title: str
    solution: tuple[str, dict[str, Any] | str]
    starter: tuple[str, dict[str, Any] | str]
    exercises: list[ImportedExercise]
    left_out: list[LeftOut]
    given: dict[str, Path | str]
