"""Why a name is not defined: the cell that was to define it and stopped before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.judging.endings import lost_text, raised_text
from grader.judging.grading import Grading
from grader.models.cells import Cell
from grader.models.message import say
from grader.models.observation import Answer, CellRun, Lost, Raised, Where
from grader.requirements.compare import Failure
from grader.submission.bindings import bound_names, imports_all

_NAME = re.compile(r"name '(\w+)' is not defined")
MAX_STEPS = 10


@dataclass(frozen=True)
class Cause:
    """A cell that stopped.

    Attributes:
        failure: what was expected of it, and what happened.
    """

    failure: Failure
    where: Where


def cause_of(grading: Grading, exercise: str, answer: Answer) -> Cause | None:
    """The cell behind an answer that misses a name, if one stopped that was to define it."""
    name = _missing(answer.raised)
    stopped = [(cell, run) for cell, run in grading.cells_so_far() if run.raised or run.lost]
    if name is None or not stopped:
        return None
    own = [(cell, run) for cell, run in stopped if exercise in cell.exercises]
    found = _binder(own, name) or _binder(stopped, name)
    for _ in range(MAX_STEPS):  # a cell may have stopped since another one did
        deeper = _binder(stopped, _missing(found[1].raised)) if found else None
        if deeper is None or deeper == found:
            break
        found = deeper
    return _cause(grading, exercise, *found) if found else None


def _missing(raised: Raised | None) -> str | None:
    """The name that was not defined."""
    if raised is None or raised.missing:
        return raised.missing if raised else None
    named = _NAME.match(raised.message) if raised.type == "NameError" else None
    return named[1] if named else None


def _binder(cells: list[tuple[Cell, CellRun]], name: str | None) -> tuple[Cell, CellRun] | None:
    """The last of some cells that binds a name, or that may do so unseen."""
    binders = [(cell, run) for cell, run in cells if name in bound_names(cell.source)]
    unseen = [(cell, run) for cell, run in cells if name and imports_all(cell.source)]
    return next(reversed(binders or unseen), None)


def _cause(grading: Grading, exercise: str, cell: Cell, run: CellRun) -> Cause:
    limits = grading.folder.spec.limits
    observed = raised_text(run.raised, limits) if run.raised else lost_text(run.lost or Lost(to="crash"), limits)
    wanted = (
        say("the cell of this exercise runs to its end")
        if exercise in cell.exercises
        else say("the cell that this one needs runs to its end")
    )
    frames = run.raised.frames if run.raised else ()
    return Cause(Failure(wanted, observed), frames[-1].where if frames else Where(cell.number))
