"""Turns an answer into a verdict, and says it well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.errors import GraderError, ReferenceFault
from grader.judging.causes import cause_of
from grader.judging.diagnosing import diagnose_exception, diagnose_failure
from grader.judging.evidence import Failed
from grader.judging.figures import figure_of
from grader.judging.grading import Grading
from grader.judging.locate import NOWHERE, Place
from grader.judging.verdict import verdict
from grader.models.figure import Figure
from grader.models.message import Message, Said, clean, say
from grader.models.observation import Answer, Raised, Where
from grader.models.report import Diagnosis
from grader.processor_time import TooLong
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check, Question

LONGEST_FAULT = 200
"""Characters of what is told of a fault in what explains; it may have the student's own text in it."""
_SLIPS = {"NameError", "UnboundLocalError", "ModuleNotFoundError", "ImportError", "SyntaxError", "IndentationError"}
"""Exceptions that have nothing to do with what an exercise is about, nor with its hint."""


class CheckFailed(Exception):
    """A check the student failed: the four parts, the mistake behind it if it is known, and the place."""

    def __init__(
        self,
        called: Message,
        failure: Failure,
        hint: Said | None,
        at: Place = NOWHERE,
        diagnosis: Diagnosis | None = None,
        raised: Raised | None = None,
        figure: Figure | None = None,
    ) -> None:
        super().__init__(str(failure))
        self.called = called
        self.expected = failure.expected
        self.observed = failure.observed
        self.hint = failure.hint or hint
        self.cell, self.line, self.file, self.prompt, self.code = at.cell, at.line, at.file, at.prompt, at.code
        self.diagnosis = diagnosis
        self.raised = raised
        frames = raised.frames if raised else ()
        self.values = "\n".join(f"{name}: {value}" for name, value in frames[-1].values) if frames else ""
        self.figure = figure


@dataclass(frozen=True)
class Posed:
    """A question of a check, with what to say of it.

    Attributes:
        check: its name in the exercise.
        names: a text whose names tell what to point to, where nothing was raised.
        passes: whether an instructor's own test, which asks it, passes with another grading.
    """

    exercise: str
    check: str
    question: Question
    called: Message
    hint: Said | None
    hidden: bool
    names: str
    passes: Callable[[Grading], bool] | None = None


def judge(grading: Grading, exercise: str, check: Check) -> None:
    """Ask a check's question and judge the answer.

    Raises:
        CheckFailed: when the student's answer does not do.
        ReferenceFault: when the solution gives no answer to compare with.
    """
    answer, failure = verdict(grading, exercise, check)
    if failure is not None:
        if answer.raised and not answer.raised.missing and not answer.raised.limit:
            blame_ourselves(grading, exercise, check.name, check.question, check.raises)
        names = check.code or str(check.called)
        posed = Posed(exercise, check.name, check.question, check.called, check.hint, check.hidden, names)
        raise explained(grading, posed, answer, failure)


def explained(grading: Grading, posed: Posed, answer: Answer, failure: Failure) -> CheckFailed:
    """A failed check with all that can be said of it: the first cause, the mistake, and the place.

    Where a stranger's code brings what looks for these to an error, the check has failed all the same.

    Args:
        failure: what was expected of the answer, and what was observed.
    """
    if posed.hidden or (answer.lost and answer.lost.to == "unanswered"):
        return CheckFailed(posed.called, failure, posed.hint)
    try:
        return _explained(grading, posed, answer, failure)
    except (GraderError, TooLong, MemoryError):  # which others deal with
        raise
    except Exception as error:
        grading.unexplained[posed.exercise] = clean(f"{type(error).__name__}: {error}"[:LONGEST_FAULT])
        return CheckFailed(posed.called, failure, posed.hint)


def _explained(grading: Grading, posed: Posed, answer: Answer, failure: Failure) -> CheckFailed:
    exercise = posed.exercise
    if (cause := cause_of(grading, exercise, answer)) is not None:
        named = diagnose_exception(grading, cause.raised) if cause.raised else None
        return CheckFailed(posed.called, cause.failure, None, grading.definitions.at(cause.where), named, cause.raised)
    failed = Failed(posed.check, posed.question, answer, posed.passes, failure.reads)
    diagnosis = diagnose_failure(grading, exercise, failed)
    where = failure.place or _where(grading, exercise, answer, posed.names)
    if answer.raised and answer.raised.missing:
        failure, where = _near(grading, exercise, answer.raised.missing, failure, where)
    elif diagnosis is not None and diagnosis.line is not None and not answer.raised:
        where = Where(diagnosis.cell, diagnosis.line)
    hint = None if answer.raised and answer.raised.type in _SLIPS else posed.hint
    raised = None if answer.raised and answer.raised.missing else answer.raised
    figure = figure_of(grading, exercise, posed.check, posed.question, answer, failure)
    return CheckFailed(posed.called, failure, hint, grading.definitions.at(where), diagnosis, raised, figure)


def _near(grading: Grading, exercise: str, name: str, failure: Failure, where: Where) -> tuple[Failure, Where]:
    """What to say of a name that is not defined, where it is so later, or one like it is."""
    if later := grading.definitions.later(exercise, name):
        hint = say("`{name}` is defined only after this exercise's last cell.", name=name)
        return Failure(failure.expected, failure.observed, hint), later
    near = grading.definitions.near(exercise, name)
    if near is None:
        return failure, where
    other, where = near
    hint = say("Did you mean `{other}`? The name is `{name}`.", other=other, name=name)
    return Failure(failure.expected, failure.observed, hint), where


def blame_ourselves(grading: Grading, exercise: str, check: str, question: Question, raises: str | None = None) -> None:
    """What raises on the solution, too, is no failure of the student's.

    Args:
        check: its name in the exercise.
        raises: what must be raised.

    Raises:
        ReferenceFault: when it is so.
    """
    reference = grading.references.peek(exercise, question)
    if reference and reference.raised and raises not in reference.raised.bases:
        raise ReferenceFault(
            grading.references.said_of(reference.raised, f"{exercise}::{check}"),
            "Correct the solution, the fixtures or the spec.",
        )


def _where(grading: Grading, exercise: str, answer: Answer, names: str) -> Where:
    """What to point to: where student code raised, else where the first of some names is defined."""
    if answer.raised and answer.raised.frames:
        return answer.raised.frames[-1].where
    return grading.definitions.place(exercise, names)
