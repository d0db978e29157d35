"""Runs the checks of an assignment: pytest, with our plugin in it."""

from __future__ import annotations

import os
import re
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

from grader.assignment import SPEC
from grader.errors import GraderError, SpecError, UsageError
from grader.judging import plugin
from grader.judging.reporting import build_report
from grader.judging.session import Session
from grader.models.report import Report

_PLACE = re.compile(r"\A.*, line \d+: ")


class _Given:
    """Hands a session to the plugin, and keeps what went wrong in collection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.faults: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[plugin.SESSION] = self._session
        config.option.tbstyle = "native"  # the quickest: nobody reads what pytest says of a failure here

    def pytest_exception_interact(self, call: pytest.CallInfo[object], report: object) -> None:
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self.faults.append(_fault(call.excinfo.value.__cause__ or call.excinfo.value, report.nodeid))


def run_checks(folder: Path, session: Session) -> Report:
    """Run the checks of an assignment's folder in a session, and report."""
    session.grading(folder)
    run_pytest(folder, session)
    return build_report(session)


def run_pytest(folder: Path, session: Session, *plugins: object) -> None:
    """Run pytest on an assignment's folder, in this process.

    Raises:
        UsageError: for a wrong spec, file of checks or selection.
        GraderError: when pytest fails.
    """
    given = _Given(session)
    arguments = [
        str(folder / SPEC),
        "--rootdir",
        str(folder),
        "-c",
        os.devnull,
        "--confcutdir",
        str(folder),
        "--import-mode",
        "importlib",
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
    # Modules, not their names: for each of those, pytest looks through all packages that are installed.
    ours = [import_module("grader.pytest_plugin"), plugin]
    before = set(sys.modules)
    saved = {key: os.environ.pop(key, None) for key in ("PYTEST_ADDOPTS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        code = pytest.main(arguments, plugins=[*ours, given, *plugins])
    except pytest.UsageError as error:
        raise SpecError(str(error)) from None
    finally:
        for name in sys.modules.keys() - before:  # another assignment may have files of the same names
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == (folder / "checks").resolve():
                del sys.modules[name]
        os.environ.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        os.environ.update({key: value for key, value in saved.items() if value is not None})
    if given.faults:
        raise SpecError("The checks of the assignment cannot be collected.\n" + "\n".join(given.faults))
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    exercises = session.folder.spec.exercises if session.folder else ()
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and not session.selection and any(one.manual for one in exercises):
        return  # a person grades all of it
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        selected = f"No exercise matches -k {session.selection!r}."
        raise UsageError(selected if session.selection else "The spec has no checks.", _listed(session))
    if code == pytest.ExitCode.USAGE_ERROR and not session.selection:
        raise SpecError("pytest does not take the assignment's checks, and says above why.")
    if code == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(
            f"-k {session.selection!r} is not an expression.",
            f"Write it as pytest does: `one or two`, `not three`. {_listed(session)}",
        )
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderError(f"pytest stopped with {code!r}.", "Run `pytest` on the assignment's folder to see why.")


def run_collected(session: Session, collected: pytest.Session, items: list[pytest.Item]) -> None:
    """Run checks that are collected already, as pytest runs those of a single submission.

    Args:
        session: grades the submission.
        collected: whose loop is running.
        items: those of its checks to run.
    """
    collected.config.stash[plugin.SESSION] = session
    collected.items, collected.testsfailed = items, 0
    # `shouldstop` cannot be unset by its name, and would end all that come after at their first check.
    collected._shouldstop = False
    with suppress(collected.Interrupted):  # the plugin has seen enough
        collected.config.hook.pytest_runtestloop(session=collected)


def _fault(error: BaseException, where: str) -> str:
    """What is wrong with a file of checks: its place and one line."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {error.msg}."
    if isinstance(error, SpecError) and _PLACE.search(str(error)):
        return str(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).parent.name == "checks"]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else where
    return f"{place}: {error}" if isinstance(error, GraderError) else f"{place}: {type(error).__name__}: {error}"


def _listed(session: Session) -> str:
    exercises = session.folder.spec.exercises if session.folder else ()
    return f"The exercises are: {', '.join(exercise.id for exercise in exercises)}."
