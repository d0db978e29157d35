"""Turns an answer into a verdict, and says it well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.errors import ReferenceFault
from grader.judging.causes import cause_of
from grader.judging.diagnosing import diagnose_failure
from grader.judging.endings import lost_text, raised_failure
from grader.judging.grading import Grading
from grader.judging.locate import NOWHERE, Place
from grader.models.limits import Limits
from grader.models.message import Message, Said, say
from grader.models.observation import Answer, Raised, Where
from grader.models.report import Diagnosis
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check, Question

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
    ) -> None:
        super().__init__(str(failure))
        self.called = called
        self.expected = failure.expected
        self.observed = failure.observed
        self.hint = failure.hint or hint
        self.cell, self.line, self.file, self.prompt, self.code = at.cell, at.line, at.file, at.prompt, at.code
        self.diagnosis = diagnosis


@dataclass(frozen=True)
class Posed:
    """A question of a check, with what to say of it.

    Attributes:
        check: its name in the exercise.
        names: a text whose names tell what to point to, where nothing was raised.
    """

    exercise: str
    check: str
    question: Question
    called: Message
    hint: Said | None
    hidden: bool
    names: str


def judge(grading: Grading, exercise: str, check: Check) -> None:
    """Ask a check's question and judge the answer.

    Raises:
        CheckFailed: when the student's answer does not do.
        ReferenceFault: when the solution gives no answer to compare with.
    """
    answer = grading.observe(exercise, check.question, check.hidden)
    try:
        try:
            _judge_answer(grading, exercise, check, answer)
        except Failure:
            # What failed behind other questions is asked again by itself, and that counts. No probe undefines a name.
            missing = answer.raised and answer.raised.missing
            again = None if missing else grading.observe_again(exercise, check.question)
            if again is None:
                raise
            answer = again
            _judge_answer(grading, exercise, check, answer)
    except Failure as failure:
        if answer.raised and not answer.raised.missing and not answer.raised.limit:
            blame_ourselves(grading, exercise, check.name, check.question, check.raises)
        names = check.code or str(check.called)
        posed = Posed(exercise, check.name, check.question, check.called, check.hint, check.hidden, names)
        raise explained(grading, posed, answer, failure) from None


def explained(grading: Grading, posed: Posed, answer: Answer, failure: Failure) -> CheckFailed:
    """A failed check with all that can be said of it: the first cause, the mistake, and the place.

    Args:
        failure: what was expected of the answer, and what was observed.
    """
    exercise = posed.exercise
    if posed.hidden or (answer.lost and answer.lost.to == "unanswered"):
        return CheckFailed(posed.called, failure, posed.hint)
    if (cause := cause_of(grading, exercise, answer)) is not None:
        return CheckFailed(posed.called, cause.failure, None, grading.definitions.at(cause.where))
    diagnosis = diagnose_failure(grading, exercise, posed.check, posed.question, answer)
    where = failure.place or _where(grading, exercise, answer, posed.names)
    if answer.raised and answer.raised.missing:
        failure, where = _near(grading, exercise, answer.raised.missing, failure, where)
    elif diagnosis is not None and diagnosis.line is not None and not answer.raised:
        where = Where(diagnosis.cell, diagnosis.line)
    hint = None if answer.raised and answer.raised.type in _SLIPS else posed.hint
    return CheckFailed(posed.called, failure, hint, grading.definitions.at(where), diagnosis)


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
            f"The solution raises {reference.raised.type} in {exercise}::{check}: {reference.raised.message}",
            "Correct the solution, the fixtures or the spec.",
        )


def _judge_answer(grading: Grading, exercise: str, check: Check, answer: Answer) -> None:
    if check.raises and answer.raised and check.raises in answer.raised.bases and answer.raised.frames:
        right = grading.observe(exercise, check.right, check.hidden) if check.right else None
        if right and right.raised and check.raises in right.raised.bases:
            raise Failure(
                say("{error} is raised, and only where it should be", error=check.raises),
                say("a right call raises it, too"),
            )
        return
    if check.raises and answer.good:
        raise Failure(say("{error} is raised", error=check.raises), say("nothing is raised"))
    expect_value(answer, grading.folder.spec.limits, check.raises)
    expected = None
    if check.reference:
        reference = grading.references.answer(exercise, check.question)
        if reference.raised:
            raise ReferenceFault(
                f"The solution raises {reference.raised.type} in {exercise}::{check.name}: {reference.raised.message}",
                "Correct the solution or the spec.",
            )
        expected = reference.value
    try:
        check.judge(answer.value, expected)
        if check.reads is not None:
            check.reads(grading.work(exercise))
    except Failure as failure:
        if not (failure.near and check.reference):
            raise
        check.judge(answer.value, grading.references.rounded(exercise, check.question))
    except Exception:
        # Unless the solution's own answer breaks the judgement, too, this one has not the form a probe gives it.
        own = grading.references.peek(exercise, check.question)
        if own is None or not own.good or not _judges(check, own.value):
            raise
        raise Failure(say("an answer of the usual form"), say("an answer that cannot be judged")) from None


def _judges(check: Check, value: Any) -> bool:
    """Whether a check can judge a value, taken for the observed and the expected one."""
    try:
        check.judge(value, value)
    except Failure:
        return True
    except Exception:
        return False
    return True


def expect_value(answer: Answer, limits: Limits, raises: str | None = None) -> None:
    """Fail where student code raised, or where no answer came.

    Raises:
        Failure: saying what happened instead.
    """
    wanted = say("{error} is raised", error=raises) if raises else say("a result")
    if answer.lost:
        raise Failure(wanted, lost_text(answer.lost, limits))
    if answer.raised:
        raise _raised(answer.raised, wanted, limits)


def _where(grading: Grading, exercise: str, answer: Answer, names: str) -> Where:
    """What to point to: where student code raised, else where the first of some names is defined."""
    if answer.raised and answer.raised.frames:
        return answer.raised.frames[-1].where
    return grading.definitions.place(exercise, names)


def _raised(raised: Raised, wanted: Message, limits: Limits) -> Failure:
    if raised.missing:
        return Failure(
            say("`{name}` is defined", name=raised.missing),
            say("it is not defined"),
            say("Define `{name}` in this exercise's cell, and run the cell.", name=raised.missing),
        )
    return raised_failure(raised, wanted, limits)
