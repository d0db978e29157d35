"""The structured result of grading; every output is rendered from it."""

from __future__ import annotations

from typing import Literal

from grader.models.message import Localized, Message
from grader.models.model import Model
from grader.models.observation import CellRun

Outcome = Literal["passed", "failed", "skipped", "error"]
Status = Literal["full", "partial", "none", "not started", "not answered", "error"]


class Diagnosis(Model):
    """The named mistake behind a failure.

    Attributes:
        id: of the mistake in the catalogue.
        text: what was done, in the student's own names, and what follows from it.
        page: PyTorch's documentation page, by name, such as `torch.nn.ModuleList`.
        cell, line: where it was made, if the source shows it.
        passes: names of the exercise's checks that pass once it is fixed, as was tried; empty where the check itself
            saw the mistake.
        fix: the lines there as they were in the code with which these pass.
    """

    id: str
    text: Localized
    page: str | None = None
    cell: int | None = None
    line: int | None = None
    passes: tuple[str, ...] = ()
    fix: str = ""


class CheckResult(Model):
    """One check.

    Attributes:
        id: `EXERCISE::CHECK`.
        outcome: `passed`; `failed`, by the student; `skipped`, since a need failed; `error`, our fault.
        called, expected, observed, hint: the four parts of a message to the student.
        diagnosis: the mistake that is shown by facts, if one is.
        cell, line: the place in the submission, where one is known.
        file: the module that the place is in; None in a notebook or script itself.
        prompt: the cell's `In [n]`, where it has one.
        code: the line there; below it, a caret where something was raised.
        values: what the names in that line stood for when it raised, a line for each.
        detail: for `error`: what went wrong on our side.
        duration: seconds.
    """

    id: str
    outcome: Outcome
    earned: float
    possible: float
    hidden: bool = False
    called: Message | None = None
    expected: Message | None = None
    observed: Message | None = None
    hint: Localized | Message | None = None
    diagnosis: Diagnosis | None = None
    cell: int | None = None
    line: int | None = None
    file: str | None = None
    prompt: int | None = None
    code: str = ""
    values: str = ""
    detail: str = ""
    duration: float = 0.0


class ExerciseResult(Model):
    """One exercise.

    Attributes:
        notes: what a reader should know, such as lost markers.
    """

    id: str
    title: Localized
    status: Status
    earned: float
    possible: float
    notes: tuple[Message, ...] = ()
    checks: tuple[CheckResult, ...]


class AssignmentInfo(Model):
    id: str
    title: Localized


class SubmissionInfo(Model):
    """The file's name and the SHA-256 of its bytes."""

    name: str
    sha256: str


class Report(Model):
    """What grading one submission came to.

    Attributes:
        format: of this report; 1.
        grader, torch, python: versions.
        seed: of everything random, where it is the spec's; None where one was drawn for marks, and the solution asked.
        isolation: what kept the submission's code apart; `sandlock` in gradebooks of earlier versions.
        selection: the `-k` expression, when only a part was graded.
        gradable: false when a check ended in `error`: then `earned` is no score.
        notes: what a reader should know of the submission, such as markers that were not understood.
        cut: characters that are left out of its texts, since it would have been too long.
    """

    format: Literal[1] = 1
    assignment: AssignmentInfo
    submission: SubmissionInfo
    grader: str
    torch: str
    python: str
    seed: int | None
    isolation: Literal["landlock", "sandlock", "none"]
    selection: str | None = None
    earned: float
    possible: float
    gradable: bool
    notes: tuple[Message, ...] = ()
    cut: int = 0
    exercises: tuple[ExerciseResult, ...]
    cells: tuple[CellRun, ...]
