"""Why a name is not defined: the cell, or the statement, that was to define it and could not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.judging.endings import lost_text, raised_failure
from grader.judging.grading import Grading
from grader.models.cells import Cell
from grader.models.message import say
from grader.models.observation import Answer, Lost, Raised, Where
from grader.requirements.compare import Failure
from grader.submission.bindings import bound_names, imports_all

_NAME = re.compile(r"name '(\w+)' is not defined")
MAX_STEPS = 10

_NOT_PYTHON = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True)
class Cause:
    """What stopped.

    Attributes:
        failure: what was expected of it, and what happened.
        raised: the exception that stopped it, if one did.
    """

    failure: Failure
    where: Where
    raised: Raised | None = None


@dataclass(frozen=True)
class _Stopped:
    """A cell that stopped, or a statement that was passed over."""

    cell: Cell
    raised: Raised | None = None
    lost: Lost | None = None
    passed_over: bool = False

    def binds(self, name: str | None) -> bool:
        """Whether it was to bind a name."""
        at = bound_names(self.cell.source).get(name or "")
        if at is None and name and self.raised and self.raised.type in _NOT_PYTHON:
            # Nobody can tell more than that it is written there.
            written = rf"\b(def|class) {name}\b|\bimport\b[^=]*\b{name}\b"
            return re.search(written, self.cell.source) is not None
        frames = self.raised.frames[:1] if self.raised and self.passed_over else ()
        return at is not None and all(at.first <= frame.line <= at.last for frame in frames)


def cause_of(grading: Grading, exercise: str, answer: Answer) -> Cause | None:
    """What is behind an answer that misses a name, if something stopped that was to define it."""
    name = _missing(answer.raised)
    stopped = list(_stopped(grading)) if name else []
    own = [one for one in stopped if exercise in one.cell.exercises]
    found = _binder(own, name) or _binder(stopped, name)
    for _ in range(MAX_STEPS):  # a cell may have stopped since another one did
        deeper = _binder(stopped, _missing(found.raised)) if found else None
        if deeper is None or deeper == found:
            break
        found = deeper
    return _cause(grading, exercise, found) if found else None


def _stopped(grading: Grading) -> Iterator[_Stopped]:
    """What stopped so far, in order."""
    for cell, run in grading.cells_so_far():
        for raised in run.passed_over:
            yield _Stopped(cell, raised, passed_over=True)
        if run.raised or run.lost:
            yield _Stopped(cell, run.raised, run.lost)


def _missing(raised: Raised | None) -> str | None:
    """The name that was not defined."""
    if raised is None or raised.missing:
        return raised.missing if raised else None
    named = _NAME.match(raised.message) if raised.type == "NameError" else None
    return named[1] if named else None


def _binder(stopped: list[_Stopped], name: str | None) -> _Stopped | None:
    """The last that was to bind a name, or that may have done so unseen."""
    binders = [one for one in stopped if one.binds(name)]
    unseen = [one for one in stopped if name and imports_all(one.cell.source)]
    return next(reversed(binders or unseen), None)


def _cause(grading: Grading, exercise: str, stopped: _Stopped) -> Cause:
    cell, raised, limits = stopped.cell, stopped.raised, grading.folder.spec.limits
    wanted = say("the cell that this one needs runs to its end")
    if stopped.passed_over:
        wanted = say("the statement that this one needs runs")
    elif exercise in cell.exercises:
        wanted = say("the cell of this exercise runs to its end")
    if raised is None:
        return Cause(Failure(wanted, lost_text(stopped.lost or Lost(to="crash"), limits)), Where(cell.number))
    where = raised.frames[-1].where if raised.frames else Where(cell.number)
    return Cause(raised_failure(raised, wanted, limits), where, raised)
