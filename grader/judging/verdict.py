"""Whether what a submission answers to a check's question will do."""

from __future__ import annotations

from typing import Any

from grader.errors import ReferenceFault
from grader.judging.endings import lost_text, raised_failure
from grader.judging.grading import Grading
from grader.models.limits import Limits
from grader.models.message import Message, say
from grader.models.observation import Answer, Raised
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check


def verdict(grading: Grading, exercise: str, check: Check) -> tuple[Answer, Failure | None]:
    """The answer to a check's question that counts, and what is wrong with it.

    Raises:
        ReferenceFault: when the solution gives no answer to compare with.
    """
    answer = grading.observe(exercise, check.question, check.hidden)
    failure = _failure(grading, exercise, check, answer)
    if failure is None or (answer.raised and answer.raised.missing):  # no probe undefines a name
        return answer, failure
    # What failed behind other questions is asked again by itself, and that counts.
    again = grading.observe_again(exercise, check.question)
    return (answer, failure) if again is None else (again, _failure(grading, exercise, check, again))


def _failure(grading: Grading, exercise: str, check: Check, answer: Answer) -> Failure | None:
    try:
        _judge_answer(grading, exercise, check, answer)
    except Failure as failure:
        return failure
    return None


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
                grading.references.said_of(reference.raised, f"{exercise}::{check.name}"),
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


def _raised(raised: Raised, wanted: Message, limits: Limits) -> Failure:
    if raised.missing:
        return Failure(
            say("`{name}` is defined", name=raised.missing),
            say("it is not defined"),
            say("Define `{name}` in this exercise's cell, and run the cell.", name=raised.missing),
        )
    return raised_failure(raised, wanted, limits)
