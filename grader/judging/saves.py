"""What `grade watch` does at each save: it grades what has changed, in a fork of a process that has the checks.

An exercise is graded again where its cells changed, or cells before them; of the others, the results are kept, and
the report is the one that `grade` gives. A fork can be ended at any time: the guests are its own zygote's.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import pytest

from grader.errors import GraderError
from grader.judging.driver import run_collected, run_pytest
from grader.judging.grading import PROVING, Grading, modules_for
from grader.judging.plugin import SESSION, exercise_of
from grader.judging.reporting import build_exercise, build_report
from grader.judging.session import Judged, Session
from grader.models.cells import Cell, Submission
from grader.models.report import ExerciseResult, Report
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode

_NOBODY = Submission(name="", sha256="", cells=())


@dataclass(frozen=True)
class Done:
    """All that a save changed is graded."""

    report: Report
    judged: list[Judged]


@dataclass(frozen=True)
class Broke:
    """The grading of a save failed; this is not the student's mistake."""

    detail: str


@dataclass
class Round:
    """One save that is being graded.

    Attributes:
        connection: what came of it: each exercise once it is done, and in the end `Done`, or `Broke`.
        exercises: the ids of those that are graded.
        own: of them, those whose own cells changed.
    """

    connection: Connection
    exercises: tuple[str, ...]
    own: tuple[str, ...]
    marks: dict[str, _Mark]
    _pid: int

    def receive(self) -> ExerciseResult | Done | Broke:
        """What came next."""
        try:
            came: ExerciseResult | Done | Broke = self.connection.recv()
        except (EOFError, OSError):
            came = Broke("the process that graded ended")
        return came

    def end(self) -> None:
        """See it gone, whether it is done or not."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self.connection.close()


@dataclass(frozen=True)
class _Mark:
    """Digests that tell whether an exercise is to be graded again.

    Attributes:
        own: of its own cells.
        all: of these, and of all that runs before them.
    """

    own: str
    all: str


class Saves:
    """An assignment whose checks are collected, and what is known of a submission that is saved again and again."""

    def __init__(self, given: Session, collected: pytest.Session, zygote: Zygote) -> None:
        assert given.started is not None
        self._given = given.started
        self._mode = given.mode
        self._collected = collected
        self._items = list(collected.items)
        self._zygote = zygote
        self._next = zygote.clone()
        self._judged: list[Judged] = []
        self._marks: dict[str, _Mark] = {}
        self.folder = given.started.folder

    def begin(self, path: Path) -> Round | None:
        """Grade what is saved in a file; None where nothing in it has changed.

        Raises:
            GraderError: when it cannot be read.
        """
        submission = self.folder.read(path)
        marks = _marks(submission, [exercise.id for exercise in self.folder.spec.exercises])
        changed = tuple(name for name, mark in marks.items() if mark != self._marks.get(name))
        if not changed:
            return None
        own = tuple(name for name in changed if name in self._marks and marks[name].own != self._marks[name].own)
        if self._zygote.preload(modules_for(self.folder, submission)):
            self._next.close()
            self._next = self._zygote.clone()
        ours, theirs = Pipe(duplex=False)
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._zygote.control.close()
            self._live(theirs, submission, changed)
        theirs.close()
        self._next.close()
        self._next = self._zygote.clone()  # so that the next save does not wait for it
        return Round(ours, changed, own, marks, pid)

    def settle(self, done: Round, result: Done) -> None:
        """Keep what came of a save."""
        self._judged, self._marks = result.judged, done.marks

    def close(self) -> None:
        """Let go of what was ready for the next save."""
        self._next.close()

    def _live(self, connection: Connection, submission: Submission, changed: tuple[str, ...]) -> NoReturn:
        """A fork's whole life."""
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            with Zygote(self._next) as zygote:
                grading = Grading(self.folder, submission, zygote, self._mode, references=self._given.references)
                grading.ask_here()
                session = Session(submission, self._mode, zygote, given=self.folder, make=lambda *_: grading)
                session.judged += [one for one in self._judged if one.exercise not in changed]
                session.diagnose = "none"
                session.grading(self.folder.path)
                self._run(session, connection, changed)
                failed = {one.exercise for one in session.judged if one.result.outcome == "failed"} & {*changed}
                if failed and self.folder.spec.diagnosis != "none":  # to name mistakes takes longer than all else
                    session.judged = [one for one in session.judged if one.exercise not in failed]
                    grading.diagnose, grading.seconds_left = "proven", PROVING
                    self._run(session, connection, failed)
                connection.send(Done(build_report(session), session.judged))
        except GraderError as error:
            connection.send(Broke(str(error)))
        finally:
            os._exit(0)

    def _run(self, session: Session, connection: Connection, exercises: Collection[str]) -> None:
        """Judge some exercises, and tell of each as soon as its last check has run."""
        items = [item for item in self._items if exercise_of(item) in exercises]
        telling = _Telling(connection, session, items)
        self._collected.config.pluginmanager.register(telling)
        if items:
            run_collected(session, self._collected, items)
        self._collected.config.pluginmanager.unregister(telling)


def with_checks(folder: Path, zygote: Zygote, mode: IsolationMode, do: Callable[[Saves], None]) -> None:
    """Collect an assignment's checks, and have something done with them.

    Raises:
        GraderError: when there is something wrong with them.
    """
    session, collected = Session(_NOBODY, mode, zygote), _Collected(zygote, do)
    try:
        run_pytest(folder, session, collected)
    finally:
        session.close()
    if collected.raised is not None:
        raise collected.raised


class _Collected:
    """Does something in the place of pytest's loop.

    Attributes:
        raised: what it ended in, which pytest would take for an error of its own.
    """

    def __init__(self, zygote: Zygote, do: Callable[[Saves], None]) -> None:
        self._zygote = zygote
        self._do = do
        self._inside = False
        self.raised: BaseException | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._inside or session.testsfailed:
            return None  # in a fork, or where the checks cannot be collected
        self._inside = True
        saves = Saves(session.config.stash[SESSION], session, self._zygote)
        try:
            self._do(saves)
        except BaseException as error:
            self.raised = error
        finally:
            saves.close()
        return True


@dataclass
class _Telling:
    """Tells of each exercise as soon as its last check has run."""

    connection: Connection
    session: Session
    items: list[pytest.Item]
    left: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.items:
            name = exercise_of(item) or ""
            self.left[name] = self.left.get(name, 0) + 1

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        name = next(exercise_of(item) or "" for item in self.items if item.nodeid == nodeid)
        self.left[name] -= 1
        if not self.left[name]:
            self.connection.send(build_exercise(self.session, name))


def _marks(submission: Submission, exercises: list[str]) -> dict[str, _Mark]:
    """Digests of each exercise."""
    beside = [submission.modules, [(file.name, os.stat(file.path).st_mtime_ns) for file in submission.beside]]
    common = repr([beside, submission.script])
    last = {exercise: place for place, cell in enumerate(submission.cells) for exercise in cell.exercises}
    running = hashlib.sha256(common.encode())
    until = []
    for cell in submission.cells:
        running.update(repr((cell.source, cell.exercises)).encode())
        until.append(running.hexdigest())
    marks = {}
    for name in exercises:
        own = _digest([_seen(cell) for cell in submission.own_cells(name)], submission.unanswered.get(name))
        before = until[last[name]] if name in last else running.hexdigest()
        marks[name] = _Mark(own, _digest(own, before))
    return marks


def _seen(cell: Cell) -> tuple[Any, ...]:
    """What a report shows of a cell."""
    return cell.number, cell.prompt, cell.text


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
