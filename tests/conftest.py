"""What the tests share: one warm zygote, a writer of tiny courses, and the command line in two speeds."""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import subprocess
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, settings

import grader
from grader import Report
from grader.sandbox.client import Zygote

if TYPE_CHECKING:
    from planted import Answer

ROOT = Path(__file__).parent.parent
settings.register_profile(  # the same examples every time, and no more than a person waits for
    "quick", max_examples=100, derandomize=True, deadline=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=10_000)
settings.register_profile("exploring", settings.get_profile("thorough"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
_numbers = itertools.count(1)
GRADE = Path(sysconfig.get_path("scripts"), "grade")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser, a database or a cluster is left to `make test-all`."""
    for item in items:
        if (
            item.path.name in ("test_browser.py", "test_lab.py")
            or any(item.iter_markers("ray"))
            or any(item.iter_markers("postgres"))
        ):
            item.add_marker("slow")


# pytest-xdist 3.8 writes the group of a test where pytest 9.2 does not look for a test's name any more, and all groups
# are torn apart in silence (pytest-xdist, issue 1386). Only the scheduler needs them: reports tell the own names.
_IDS = pytest.StashKey[Any]()


class Groups:
    """Tells the scheduler which tests share a process."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            grouped = vars(item).get("_nodeid")
            if grouped is not None:
                item.stash[_IDS], item._id = item._id, grouped

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            item._id = item.stash.get(_IDS, item._id)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") and pytest.version_tuple >= (9, 2):
        config.pluginmanager.register(Groups())


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """A process with torch imported, for all tests of the session."""
    with Zygote.spawn(long_lived=True) as warm:
        yield warm


@pytest.fixture(scope="session")
def graded(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Answer], Report]:
    """The report on the notebook that an answer is in; each notebook is graded once."""
    from planted import TOGETHER, with_answers

    @functools.cache
    def grade_together(group: tuple[Answer, ...]) -> Report:
        path = with_answers(group, tmp_path_factory.mktemp("answers"))
        report = grader.grade(ROOT / "assignments" / group[0].assignment, path, zygote=zygote)
        notes = [str(note) for exercise in report.exercises for note in exercise.notes]
        assert not [note for note in notes if "the grader failed" in note]  # which costs a mistake its name, unseen
        return report

    return lambda answer: grade_together(TOGETHER[answer])


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither CI's, nor the terminal's, nor a person's variables decide what the tests see."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "PYTEST_ADDOPTS", "GRADE_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("GRADE_NO_DAEMON", "1")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What a test starts can be interrupted: a child inherits that SIGINT is ignored, as it is in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Course:
    """A folder with one tiny assignment, `quiz`, and submissions to it."""

    def __init__(self, path: Path, zygote: Zygote) -> None:
        self.path = path
        self.quiz = path / "assignments" / "quiz"
        self.zygote = zygote

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file, named from the course's folder."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(textwrap.dedent(content).encode() if isinstance(content, str) else content)
        return path

    def spec(self, text: str) -> Path:
        """Write the spec as it stands; gives the assignment's folder."""
        return self.write("assignments/quiz/assignment.yaml", text).parent

    def assign(self, *exercises: dict[str, Any], solution: str = "", **keys: Any) -> Path:
        """Write an assignment; exercises get a title and, unless a person grades them, a point where they have none."""
        full = [
            {"title": e.get("id", "one").title(), **({} if "manual" in e else {"points": 1}), **e} for e in exercises
        ]
        if solution:
            keys["solution"] = "solution.py"
            self.write("assignments/quiz/solution.py", solution)
        data = {"format": 1, "id": "quiz", "title": "Quiz", "seed": 3, **keys, "exercises": full}
        return self.spec(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))

    def require(self, *requirements: dict[str, Any], solution: str = "", **keys: Any) -> Path:
        """Write an assignment of one exercise, `one`."""
        return self.assign({"id": "one", "requirements": list(requirements)}, solution=solution, **keys)

    def check(self, text: str, name: str = "") -> Path:
        """Write an instructor's own checks; under a name of its own where none is given."""
        return self.write(f"assignments/quiz/checks/{name or f'test_own_{next(_numbers)}.py'}", text)

    def notebook(self, *cells: str | dict[str, Any], name: str = "answer.ipynb", **keys: Any) -> Path:
        """Write a notebook of code cells; a dict gives more than a cell's source."""
        full = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
             **({"source": textwrap.dedent(cell)} if isinstance(cell, str) else cell)}
            for cell in cells
        ]  # fmt: skip
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": full, **keys}
        return self.write(name, json.dumps(content).encode())

    def grade(self, submission: Path | str, **options: Any) -> Report:
        """Grade a file, or the text of a script."""
        path = submission if isinstance(submission, Path) else self.write("answer.py", submission)
        return grader.grade(self.quiz, path, zygote=self.zygote, **options)


@pytest.fixture
def course(tmp_path: Path, zygote: Zygote) -> Course:
    return Course(tmp_path, zygote)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def run(zygote: Zygote, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line in this process, with the warm zygote: as `grade`, without its second of imports."""
    from grader.cli.app import run as run_command

    monkeypatch.setenv("COLUMNS", "400")

    def call(*arguments: str | Path) -> Ended:
        capfd.readouterr()
        code = run_command([str(a) for a in arguments], zygote)
        return Ended(code, *capfd.readouterr())

    return call


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The installed command `grade`, as a person runs it."""

    def call(*arguments: str | Path, cwd: Path = tmp_path, **environment: str) -> Ended:
        done = subprocess.run(
            [GRADE, *map(str, arguments)], cwd=cwd, env={**os.environ, **environment}, capture_output=True,
            encoding=environment.get("PYTHONIOENCODING", "utf-8"), timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


def outcomes(report: Report) -> dict[str, str]:
    """Outcome of every check, by id."""
    return {check.id: check.outcome for exercise in report.exercises for check in exercise.checks}


def refused(run: Command, course: Course, line: int | None, *said: str) -> str:
    """What the command says about a spec that it does not take, with the mistake in this line."""
    ended = run("run", course.quiz, course.write("answer.py", "x = 1\n"))
    message = f"{ended.out}{ended.err}"
    assert ended.code == 2, message
    assert not ended.out, message
    assert "Traceback" not in message
    assert "assignment.yaml" in message
    for part in said:
        assert part in message
    if line is not None:
        assert f"assignment.yaml:{line}:" in message
    return message
