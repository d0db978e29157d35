"""What came back from a guest, validated: cells, answers, and what went wrong in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from grader.models.message import Message, clean
from grader.models.model import Model
from grader.protocol import Lacks

MAX_WORDS = 5_000
"""Characters of an exception's message, or of a warning's, that are kept; a guest cuts what is longer itself."""
MAX_NAME = 200
"""The same of a name, or of a line of code."""


def _cut(most: int) -> BeforeValidator:
    return BeforeValidator(lambda value: clean(value[:most]) if isinstance(value, str) else value)


Clean = Annotated[str, _cut(MAX_WORDS)]
CleanName = Annotated[str, _cut(MAX_NAME)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Where(NamedTuple):
    """Where something is in a submission, as far as it is known.

    Attributes:
        column, end: characters of the line, without its indentation, before it, and before what follows it.
        file: the name of the module that it is in; None in a notebook or script itself.
    """

    cell: int | None = None
    line: int | None = None
    column: int | None = None
    file: str | None = None
    end: int | None = None


class Frame(Model):
    """One place in the student's code.

    Attributes:
        cell: number of the cell, from 1; None in a script.
        line: line in the cell, or in the script, from 1.
        column, end: characters of `code` before what raised, and before what follows it, where Python tells.
        file: the name of the module that it is in; None in a notebook or script itself.
        skipped: frames before this one that are left out.
        values: the names in the line, and what they stood for: shapes of tensors, and layers with their sizes.
    """

    cell: Count | None
    line: Count
    function: CleanName
    code: CleanName
    column: Count | None = None
    end: Count | None = None
    file: CleanName | None = None
    skipped: Count = 0
    values: tuple[tuple[CleanName, CleanName], ...] = Field(default=(), max_length=10)

    @property
    def where(self) -> Where:
        return Where(self.cell, self.line, self.column, self.file, self.end)


class Raised(Model):
    """An exception of student code.

    Attributes:
        bases: names of its class and all bases.
        frames: the student's frames, outermost first.
        library: the innermost function of a library that they were in: `torch: Linear.forward`.
        suggests: what may have been meant, where a name or an attribute is not there.
        notes: what was added to it.
        missing: the name the exercise asks for and that is not defined.
        limit: the limit that ended it.
        lacks: what it is for want of.
    """

    type: CleanName
    bases: tuple[CleanName, ...] = Field(max_length=20)
    message: Clean
    frames: tuple[Frame, ...] = Field(max_length=20)
    library: CleanName | None = None
    suggests: CleanName | None = None
    notes: tuple[Clean, ...] = Field(default=(), max_length=10)
    missing: CleanName | None = None
    limit: Literal["time", "probes_time", "memory"] | None = None
    lacks: Lacks | None = None


LostTo = Literal[
    "time", "probes_time", "notebook_time", "crash", "processes", "memory", "disk", "wire", "notebook", "unanswered"
]


class Lost(Model):
    """No answer came: the process that should have given it was stopped, or died.

    Attributes:
        to: what it was lost to.
        detail: e.g. `signal 11`, `exit status 0`.
    """

    to: LostTo
    detail: Message | None = None


class CellRun(Model):
    """What happened in one code cell.

    Attributes:
        number: of the cell in the notebook, from 1; None in a script.
        prompt: its `In [n]`, where the notebook has one.
        exercises: that own it.
        passed_over: what statements raised that wanted what is not here; the cell went on after them.
    """

    number: int | None
    prompt: int | None = None
    exercises: tuple[str, ...] = ()
    seconds: float = Field(ge=0)
    output: str = ""
    raised: Raised | None = None
    lost: Lost | None = None
    passed_over: tuple[Raised, ...] = Field(default=(), max_length=20)

    @model_validator(mode="before")
    @classmethod
    def _earlier(cls, data: Any) -> Any:
        """Reports of earlier versions in gradebooks have at most one exercise."""
        if isinstance(data, dict) and "exercise" in data:
            one = data["exercise"]
            return {key: value for key, value in data.items() if key != "exercise"} | {
                "exercises": (one,) if one else ()
            }
        return data


Warned = Annotated[tuple[tuple[CleanName, Clean], ...], Field(max_length=20)]
"""Category and message of each warning."""


@dataclass(frozen=True)
class Answer:
    """What a probe brought back: a value, an exception of student code, or nothing; and the warnings on the way."""

    value: Any = None
    raised: Raised | None = None
    lost: Lost | None = None
    warned: Warned = ()

    @property
    def good(self) -> bool:
        return self.raised is None and self.lost is None
