"""Grades one submission: runs the pytest plugin and builds the report."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.assignment.load import SPEC, find_assignment
from grader.errors import GraderError, SpecError, UsageError
from grader.judging import plugin
from grader.judging.results import build_report
from grader.judging.session import Session
from grader.models.report import Report
from grader.sandbox.support import Wish
from grader.sandbox.zygote import Zygote


class _Given:
    """Hands a session to the plugin, and keeps what went wrong in collection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.faults: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[plugin.SESSION] = self._session

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.faults.append(str(report.longrepr))


def grade(
    assignment: str | Path,
    submission: Path | None = None,
    *,
    selection: str | None = None,
    wish: Wish = "auto",
    zygote: Zygote | None = None,
) -> Report:
    """Grade one submission.

    Args:
        assignment: name or folder.
        submission: a `.ipynb` or `.py`; the assignment's starter if None.
        selection: which exercises, as pytest's `-k` takes it.
        wish: which isolation to use.
        zygote: one that is already warm; otherwise one is started and ended.
    Returns:
        The report. A student's failure, of whatever kind, is in it.

    Raises:
        UsageError: for a wrong name, spec, submission or selection.
        GraderError: for a fault of the grader's own.
    """
    folder = find_assignment(str(assignment), Path.cwd())
    session = Session(submission, wish, zygote, selection)
    try:
        return run_checks(folder, session)
    finally:
        session.close()


def run_checks(folder: Path, session: Session) -> Report:
    """Run the checks of an assignment's folder in a session, and report."""
    session.grading(folder)
    _run_pytest(folder, session)
    return build_report(session)


def _run_pytest(folder: Path, session: Session) -> None:
    given = _Given(session)
    arguments = [
        str(folder / SPEC),
        "--rootdir",
        str(folder),
        "-c",
        os.devnull,
        "-p",
        "grader.judging.plugin",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:logging",
        "-p",
        "no:capture",
        "-p",
        "no:faulthandler",
        "-p",
        "no:unraisableexception",
        "-p",
        "no:threadexception",
    ]
    if (folder / "checks").is_dir():
        arguments.append(str(folder / "checks"))
    if session.selection:
        arguments += ["-k", session.selection]
    saved = {key: os.environ.pop(key, None) for key in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        code = pytest.main(arguments, plugins=[given])
    except pytest.UsageError as error:
        raise SpecError(str(error)) from None
    finally:
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        os.environ.update({key: value for key, value in saved.items() if value is not None})
    if given.faults:
        raise SpecError("The checks of the assignment cannot be collected.\n" + "\n".join(given.faults))
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise UsageError(
            f"No exercise matches -k {session.selection!r}." if session.selection else "The spec has no checks.",
            "The exercises are: " + ", ".join(e.id for e in session.folder.spec.exercises) + "."
            if session.folder
            else "",
        )
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderError(f"pytest stopped with {code!r}.", "Run `pytest` on the assignment's folder to see why.")
