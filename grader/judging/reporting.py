"""From what pytest caught to a check's result, and from results to the report."""

from __future__ import annotations

import platform
import traceback
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.assignment.spec import Exercise
from grader.errors import GraderError
from grader.judging.api import Asker
from grader.judging.by_person import laid_over, nothing_checked, status_of
from grader.judging.grading import Grading
from grader.judging.judge import CheckFailed
from grader.judging.session import Judged, Session
from grader.models.figure import DifferenceFigure, ShapeFigure, TreeFigure
from grader.models.message import Localized, Message, Said, clean, joined, say, verbatim
from grader.models.model import Model
from grader.models.observation import CellRun, Frame, Lost, Raised
from grader.models.report import (
    AssignmentInfo,
    CheckResult,
    Diagnosis,
    ExerciseResult,
    Outcome,
    Report,
    SubmissionInfo,
)
from grader.requirements.compare import Failure

MAX_TEXT = 5_000
"""Characters of a text in a report, but for what a cell printed, which has a limit in the spec."""
MAX_REPORT = 500_000
"""Characters of all texts of a report that a submission can fill."""
BESIDE = 20
"""The same, for each text beside itself."""
_FILLED: dict[type[Model], tuple[str, ...]] = {
    CheckResult: (
        "called", "expected", "observed", "hint", "diagnosis", "code", "values", "figure", "raised", "detail",
    ),
    CellRun: ("exercises", "raised", "passed_over", "lost", "output"),
    Raised: ("type", "message", "missing", "library", "suggests", "frames", "notes", "bases"),
    Frame: ("function", "code", "values"),
    Lost: ("detail",),
}  # fmt: skip
"""The fields that a submission can fill with texts, the most telling first."""


class NeedUnmet(pytest.skip.Exception):  # type: ignore[misc,name-defined]
    """Skips a check, since an exercise before it has not passed."""

    def __init__(self, need: str) -> None:
        self.cause = say("needs {need}, which has not passed", need=need)
        super().__init__(self.cause.text)


def make_result(
    name: str,
    call: pytest.CallInfo[None],
    hint: Said | None,
    hidden: bool,
    called: Message | None = None,
    asker: Asker | None = None,
    points: float = 0.0,
    title: str | Localized = "",
) -> CheckResult:
    """What became of one check.

    Args:
        call: pytest's record of it.
        called: what was called, where the spec says it.
        asker: of an instructor's test: what it asked last.
        points: of an instructor's test; the points of others are shared out later.
        title: of an instructor's test: what it expects, in a line.
    """
    error = call.excinfo.value if call.excinfo else None
    failed = _as_failed(error, asker, hint, title)
    outcome: Outcome = "passed"
    parts: dict[str, Any] = {}
    if failed is not None:
        outcome = "failed"
        parts = {
            "called": failed.called,
            "expected": failed.expected,
            "observed": failed.observed,
            "hint": failed.hint,
            "diagnosis": failed.diagnosis,
            "cell": failed.cell,
            "line": failed.line,
            "file": failed.file,
            "prompt": failed.prompt,
            "code": failed.code,
            "values": failed.values,
            "figure": failed.figure,
            "raised": failed.raised,
        }
        if hidden:
            parts = {"expected": say("a hidden check passes"), "observed": say("it does not"), "hint": hint}
    elif isinstance(error, pytest.skip.Exception):
        outcome = "skipped"
        cause = error.cause if isinstance(error, NeedUnmet) else str(error)
        parts = {"observed": say("skipped: {cause}", cause=cause)}
    elif error is not None:
        outcome = "error"
        parts = {"detail": clean(str(error) if isinstance(error, GraderError) else _ours(error))}
    return CheckResult(
        id=name,
        outcome=outcome,
        earned=points if outcome == "passed" else 0.0,
        possible=points,
        hidden=hidden,
        duration=0.0 if hidden else round(call.duration, 4),  # which would tell of what a hidden question did
        **({"called": None if hidden else called} | parts),
    )


def _as_failed(
    error: BaseException | None, asker: Asker | None, hint: Said | None, title: str | Localized
) -> CheckFailed | None:
    """The student's failure, if it is one."""
    if isinstance(error, CheckFailed) or error is None:
        return error
    asked = asker is not None and asker.called is not None
    if isinstance(error, AssertionError) and asked:
        said = str(error).strip().splitlines()[:1]
        error = Failure(joined([title]), joined(said) if said else say("it is not so"))
    if not isinstance(error, Failure):
        return None
    return asker.failed(error) if asker is not None and asked else CheckFailed(joined([title]), error, hint)


def _ours(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    where = f" ({last.filename}, line {last.lineno})" if last else ""
    return f"{type(error).__name__}: {error}{where}"


def build_report(session: Session) -> Report:
    """The report of a session that has run.

    Raises:
        GraderError: when nothing was graded.
    """
    grading = session.started
    if grading is None:
        raise GraderError("Nothing was graded.", "Give an assignment's folder.")
    spec = grading.folder.spec
    exercises = []
    for exercise in spec.exercises:
        if any(judged.exercise == exercise.id for judged in session.judged):
            exercises.append(build_exercise(session, exercise.id))
        elif exercise.manual and not session.selection:
            exercises.append(laid_over(exercise, nothing_checked(exercise), None))
    if isinstance(session.submission, Path) and grading.folder.is_solution(session.submission):
        exercises = [exercise.model_copy(update={"checks": _to_author(exercise.checks)}) for exercise in exercises]
    room = _Room()
    exercises = [e.model_copy(update={"checks": room.fit(e.checks)}) for e in exercises]
    cells = room.fit(grading.cells())
    return Report(
        assignment=AssignmentInfo(id=spec.id, title=spec.title),
        submission=SubmissionInfo(name=grading.submission.name, sha256=grading.submission.sha256),
        grader=grader.__version__,
        torch=grading.torch_version,
        python=platform.python_version(),
        seed=spec.seed if session.seed is None else None,
        isolation=grading.isolation,
        selection=session.selection,
        earned=round(sum(e.earned for e in exercises), 2),
        possible=round(sum(e.possible for e in exercises), 2),
        open=round(sum(e.open for e in exercises), 2),
        gradable=all(e.status != "error" for e in exercises),
        cut=room.cut,
        exercises=tuple(exercises),
        notes=grading.submission.notes,
        cells=cells,
    )


def _to_author(checks: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    return tuple(check.model_copy(update={"to_author": check.outcome == "error"}) for check in checks)


def build_exercise(session: Session, name: str) -> ExerciseResult:
    """The result of an exercise whose checks have run."""
    grading = session.started
    assert grading is not None
    spec = grading.folder.spec
    exercise = spec.exercise(name)
    foreseen = grading.references.foreseen if session.foreseen is None else session.foreseen
    judged = sorted((j for j in session.judged if j.exercise == name), key=lambda j: j.place)
    each = exercise.points_of_weight(spec.seed) if exercise.requirements else 0.0
    checks = [_scored(j, each) for j in judged]
    return laid_over(exercise, _exercise(grading, exercise, checks, foreseen or frozenset()), None)


def _is_form_alone(checks: list[CheckResult], foreseen: frozenset[str]) -> bool:
    """Whether of an exercise's checks only foreseen ones pass, where there are others."""
    passed = [check for check in checks if check.outcome == "passed"]
    return any(check.id not in foreseen for check in checks) and bool(passed) and all(c.id in foreseen for c in passed)


class _Room:
    """What is left of the length that a report may have.

    Attributes:
        cut: characters that had no room.
    """

    def __init__(self) -> None:
        self._left = MAX_REPORT
        self.cut = 0

    def fit(self, part: Any, most: int = MAX_TEXT) -> Any:
        """A part of a report with as much of its texts as there is room for. An instructor's texts stay whole."""
        match part:
            case str():
                return self._text(part, most)
            case Message(text=text):
                if len(text) > min(most, self._left):
                    return verbatim(self._text(text, most))
                self._left = max(self._left - len(text) - BESIDE, 0)
                return part
            case Diagnosis(text=Localized(en=english, ko=korean)):  # it holds names of the student's
                said = Localized(en=self._text(english, most), ko=korean and self._text(korean, most))
                return part.model_copy(update={"text": said})
            case ShapeFigure() | TreeFigure() | DifferenceFigure():
                length = len(part.model_dump_json())
                if length > self._left:
                    self.cut += length
                    return None
                self._left -= length
                return part
            case tuple():
                return tuple(self.fit(one) for one in part)
            case Model() if type(part) in _FILLED:
                return part.model_copy(update={name: self._field(part, name) for name in _FILLED[type(part)]})
        return part

    def _field(self, part: Model, name: str) -> Any:
        value = getattr(part, name)
        if name in ("frames", "notes", "bases") and not self._left:
            return ()
        return self.fit(value, MAX_REPORT if name == "output" else MAX_TEXT)

    def _text(self, text: str, most: int) -> str:
        most = min(most, self._left)
        self._left = max(self._left - min(len(text), most) - BESIDE, 0)
        if len(text) <= most:
            return text
        self.cut += len(text) - most
        return text[:most] + "…"


def _scored(judged: Judged, each: float) -> CheckResult:
    if judged.weight is None:
        return judged.result
    share = each * judged.weight
    passed = judged.result.outcome == "passed"
    return judged.result.model_copy(update={"possible": share, "earned": share if passed else 0.0})


def _exercise(
    grading: Grading, exercise: Exercise, checks: list[CheckResult], foreseen: frozenset[str]
) -> ExerciseResult:
    name = exercise.id
    notes: tuple[Message, ...] = ()
    if exercise.all_or_nothing and any(check.outcome != "passed" for check in checks):
        checks = [check.model_copy(update={"earned": 0.0}) for check in checks]
        notes = (say("This exercise earns its points when all of its checks pass."),)
    elif _is_form_alone(checks, foreseen):
        checks = [check.model_copy(update={"earned": 0.0}) for check in checks]
        notes = (
            say("What passes here is form alone. It earns its points once a check of what is computed passes, too."),
        )
    earned = round(sum(check.earned for check in checks), 2)
    possible = round(sum(check.possible for check in checks), 2)
    rounded = [c.model_copy(update={"possible": round(c.possible, 4), "earned": round(c.earned, 4)}) for c in checks]
    status = status_of(earned, possible)
    if any(check.outcome == "error" for check in checks):
        status = "error"
    elif not earned and grading.untouched(name):
        status = "not started"
    if name in grading.submission.unanswered:
        status = "not answered"
        notes += (grading.submission.unanswered[name],)
    notes += tuple(
        say("`{code}` seeds with another number in each run, so the points may be others, too", code=code)
        for code in grading.drawn_anew(name)
    )
    if name in grading.unexplained:
        error = grading.unexplained[name]
        notes += (say("the grader failed to look for the mistake here, which costs no points ({error})", error=error),)
    return ExerciseResult(
        id=name,
        title=exercise.title,
        status=status,
        earned=earned,
        possible=possible,
        notes=notes,
        checks=tuple(rounded),
    )
