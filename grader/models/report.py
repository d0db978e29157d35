"""The structured result of grading; every output is rendered from it."""

from __future__ import annotations

from typing import Literal

from grader.models.figure import Figure
from grader.models.message import Localized, Message
from grader.models.model import Model
from grader.models.observation import CellRun, Raised

Outcome = Literal["passed", "failed", "skipped", "error"]
Status = Literal["full", "partial", "none", "not started", "not answered", "to be judged", "error"]


class Diagnosis(Model):
    """The named mistake behind a failure.

    Attributes:
        id: of the mistake in the catalogue.
        text: what was done, in the student's own names, and what follows from it.
        page: PyTorch's documentation page, by name, such as `torch.nn.ModuleList`.
        cell, line: where it was made, if the source shows it.
        passes: names of the exercise's checks that pass once it is fixed, as was tried; empty where the check itself
            saw the mistake.
        with_another: whether they pass only once another mistake in the exercise is fixed as well.
        fix: the lines there as they were in the code with which these pass.
    """

    id: str
    text: Localized
    page: str | None = None
    cell: int | None = None
    line: int | None = None
    passes: tuple[str, ...] = ()
    with_another: bool = False
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
        code: the line there; below it, what of it failed is underlined, where something was raised.
        values: what the names in that line stood for when it raised, a line for each.
        figure: what shows the failure: shapes on their way, the tree of modules, or where elements differ.
        raised: the exception of student code that it ended in.
        detail: for `error`: what went wrong on our side.
        to_author: whether that is told to who wrote the assignment, since its own solution was graded.
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
    figure: Figure | None = None
    raised: Raised | None = None
    detail: str = ""
    to_author: bool = False
    duration: float = 0.0


class RubricLine(Model):
    """An item of a rubric that applies."""

    text: Localized
    points: float


class ByPerson(Model):
    """What a person gives for an exercise.

    Attributes:
        possible: the points that a person gives; 0 where all of the exercise is checked.
        earned: those that were given; None until it is judged.
        rubric: what of it applies.
        checked: what the checks came to, where a person gave other points for them.
        bonus: points beside all others.
        comment: for the student, in Markdown.
    """

    possible: float = 0.0
    earned: float | None = None
    rubric: tuple[RubricLine, ...] = ()
    checked: float | None = None
    bonus: float = 0.0
    comment: str = ""

    @property
    def open(self) -> float:
        """Points that nobody has judged yet."""
        return self.possible if self.earned is None else 0.0


class ExerciseResult(Model):
    """One exercise.

    Attributes:
        status: `to be judged` until a person has graded what a person grades.
        earned, possible: of what is judged.
        notes: what a reader should know, such as lost markers.
        by_person: where a person grades it, or has said something of it.
    """

    id: str
    title: Localized
    status: Status
    earned: float
    possible: float
    notes: tuple[Message, ...] = ()
    checks: tuple[CheckResult, ...]
    by_person: ByPerson | None = None

    @property
    def open(self) -> float:
        """Points that a person is still to give."""
        return self.by_person.open if self.by_person else 0.0


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
        earned, possible: of what is judged.
        open: points that a person is still to give; they are in neither.
        bonus: points for the whole, which are in `earned`.
        comment: a person's, on the whole, in Markdown.
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
    open: float = 0.0
    bonus: float = 0.0
    comment: str = ""
    gradable: bool
    notes: tuple[Message, ...] = ()
    cut: int = 0
    exercises: tuple[ExerciseResult, ...]
    cells: tuple[CellRun, ...]
