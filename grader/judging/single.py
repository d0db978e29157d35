"""Grades one submission by itself."""

from __future__ import annotations

from pathlib import Path

from grader.assignment.load import find_assignment
from grader.judging.driver import run_checks
from grader.judging.foreseen import look_ahead
from grader.judging.session import Session
from grader.models.report import Report
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode


def grade(
    assignment: str | Path,
    submission: Path | None = None,
    *,
    selection: str | None = None,
    seed: int | None = None,
    mode: IsolationMode = "auto",
    zygote: Zygote | None = None,
) -> Report:
    """Grade one submission.

    Args:
        assignment: name or folder.
        submission: a `.ipynb` or `.py`; the assignment's starter that was saved last if None.
        selection: which exercises, as pytest's `-k` takes it.
        seed: one that is not published, as for marks: then the solution itself is asked.
        mode: which isolation to use.
        zygote: one that is already warm; otherwise one is started and ended.
    Returns:
        The report. A student's failure, of whatever kind, is in it.

    Raises:
        UsageError: for a wrong name, spec, submission or selection.
        GraderError: for a fault of the grader's own.
    """
    folder = find_assignment(str(assignment), Path.cwd())
    session = Session(submission, mode, zygote, selection, seed=seed)
    try:
        if seed is not None:
            look_ahead(session, folder)
        return run_checks(folder, session)
    finally:
        session.close()
