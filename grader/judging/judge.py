"""Turns an answer into a verdict, and says it well."""

from __future__ import annotations

import re
from typing import Any

from grader.errors import ReferenceFault
from grader.guest.timing import HURRIED
from grader.judging.diagnosing import diagnose_failure
from grader.judging.grading import Grading
from grader.models.limits import Limits, readable
from grader.models.message import Message, Said, say, verbatim
from grader.models.observation import Answer, Lost, Raised
from grader.models.report import Diagnosis
from grader.models.wording import passed_over, unmet
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check

_UNKNOWN = re.compile(r"name '(\w+)' is not defined")


class CheckFailed(Exception):
    """A check the student failed: the four parts, the mistake behind it if it is known, and the place."""

    def __init__(
        self,
        called: Message,
        failure: Failure,
        hint: Said | None,
        cell: int | None = None,
        line: int | None = None,
        diagnosis: Diagnosis | None = None,
    ) -> None:
        super().__init__(str(failure))
        self.called = called
        self.expected = failure.expected
        self.observed = failure.observed
        self.hint = failure.hint or hint
        self.cell = cell
        self.line = line
        self.diagnosis = diagnosis


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
            _blame_ourselves(grading, exercise, check)
        cell, line = place(grading, exercise, answer, str(check.called))
        diagnosis = None
        if not check.hidden:
            diagnosis = diagnose_failure(grading, exercise, check.name, check.question, answer)
        if diagnosis is not None and diagnosis.line is not None and not answer.raised:
            cell, line = diagnosis.cell, diagnosis.line
        failure.hint = _cause(grading, answer) or failure.hint
        raise CheckFailed(check.called, failure, check.hint, cell, line, diagnosis) from None


def _cause(grading: Grading, answer: Answer) -> Message | None:
    """The statement that should have brought a name that is missing, where it could not run here."""
    raised = answer.raised
    if raised is None:
        return None
    unknown = _UNKNOWN.match(raised.message) if raised.type == "NameError" else None
    name = unknown[1] if unknown else raised.missing
    cause = grading.passed_over(name) if name else None
    return passed_over(cause) if cause else None


def _blame_ourselves(grading: Grading, exercise: str, check: Check) -> None:
    """What raises on the solution, too, is no failure of the student's."""
    reference = grading.references.peek(exercise, check.question)
    if reference and reference.raised and check.raises not in reference.raised.bases:
        raise ReferenceFault(
            f"The solution raises {reference.raised.type} in {exercise}::{check.name}: {reference.raised.message}",
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
    except Failure:
        raise
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
        raise Failure(wanted, _lost(answer.lost, limits))
    if answer.raised:
        raise _raised(answer.raised, wanted, limits)


def place(grading: Grading, exercise: str, answer: Answer, called: str) -> tuple[int | None, int | None]:
    """Cell and line to point to: where student code raised, else where the thing called is defined."""
    if answer.raised and answer.raised.frames:
        frame = answer.raised.frames[-1]
        return frame.cell, frame.line
    return grading.definitions.place(exercise, called)


def _raised(raised: Raised, wanted: Message, limits: Limits) -> Failure:
    if raised.missing:
        return Failure(
            say("`{name}` is defined", name=raised.missing),
            say("it is not defined"),
            say("Define `{name}` in this exercise's cell, and run the cell.", name=raised.missing),
        )
    if raised.limit:
        return Failure(wanted, over_limit(raised.limit, limits))
    said = f"{raised.type}: {_first_lines(raised.message)}"
    if raised.lacks == "gpu":
        return Failure(wanted, unmet(raised), say("Choose the device by torch.cuda.is_available(), or use the CPU."))
    if raised.lacks:
        return Failure(wanted, say("{said} ({why})", said=said, why=unmet(raised)))
    return Failure(wanted, verbatim(said))


def _first_lines(message: str) -> str:
    lines = message.strip().splitlines()
    return "\n".join(lines[:3]) + ("\n…" if len(lines) > 3 else "")


def over_limit(limit: str, limits: Limits) -> Message:
    """The text of a limit that was reached, with the limit in it."""
    match limit:
        case "time":
            return say("stopped after {seconds} s", seconds=f"{limits.seconds:g}")
        case "probes_time":
            return say(
                "stopped after {seconds} s, since what was asked before took more than {together} s together",
                seconds=f"{min(limits.seconds, HURRIED):g}",
                together=f"{limits.notebook_seconds:g}",
            )
        case "memory":
            return say("it needed more memory than the limit of {limit}", limit=readable(limits.memory))
        case "processes":
            return say("it started more processes than the limit of {limit}", limit=limits.processes)
    return say("it wrote more to disk than the limit of {limit}", limit=readable(limits.disk))


def _lost(lost: Lost, limits: Limits) -> Message:
    match lost.to:
        case "notebook_time":
            return say("the notebook was stopped after {seconds} s", seconds=f"{limits.notebook_seconds:g}")
        case "time" | "probes_time" | "memory" | "processes" | "disk":
            return over_limit(lost.to, limits)
        case "crash":
            return say("its process ended without an answer ({detail})", detail=lost.detail)
        case "wire":
            return say("its answer could not be read: {detail}", detail=lost.detail)
    return say("the notebook never got to the end of this exercise's cells")
