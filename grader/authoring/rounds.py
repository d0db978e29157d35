"""What `grade author` does at each save: judges again what has changed, with everything warm.

A mutant is judged again unless a check has killed it that still is what it was, in a solution that is, too.
The checks are collected once for a round; solution and starter are judged in this process, and mutants in forks
of it, which have the checks as well. Mistakes are not named: that takes most of the time, and `grade verify` does it.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.assignment.spec import Exercise
from grader.authoring.declared import Declared, judge_survivors, read_declared
from grader.authoring.findings import Result
from grader.authoring.judge_mutant import MutantJob, judge_mutant
from grader.authoring.mutants.engine import mutants_of, with_mutant
from grader.authoring.variants import TRIED, faults_of
from grader.authoring.verify import PATIENCE
from grader.errors import GraderError
from grader.judging.driver import run_collected, run_pytest
from grader.judging.plugin import SESSION, exercise_of
from grader.judging.session import Judged, Session
from grader.models.cells import Submission
from grader.models.observation import Answer
from grader.models.policy import Policy
from grader.models.report import CheckResult
from grader.requirements.requirement import Requirement
from grader.sandbox.client import Zygote

_NOBODY = Submission(name="", sha256="", cells=())


@dataclass(frozen=True)
class ExerciseState:
    """How an exercise stands.

    Attributes:
        checks: how many it has.
        missed: checks that the solution does not pass.
        given: ids of checks that the starter passes.
        mutants: how many there are; None as long as that is not known.
        results: of those judged so far.
        seconds: from the beginning of the round.
    """

    exercise: str
    checks: int = 0
    missed: tuple[CheckResult, ...] = ()
    given: tuple[str, ...] = ()
    mutants: int | None = None
    results: tuple[Result, ...] = ()
    seconds: float = 0.0

    @property
    def survivors(self) -> list[Result]:
        return [result for result in self.results if result.hole]

    @property
    def done(self) -> bool:
        return bool(self.missed) or self.mutants == len(self.results)

    @property
    def ok(self) -> bool:
        broken = any(result.status == "error" for result in self.results)
        return self.done and not (self.missed or self.given or self.survivors or broken)


Told = Callable[[], None]
"""Is told how the exercises stand, each time that this changes."""


@dataclass
class Bench:
    """An assignment that is being written.

    Attributes:
        states: how each exercise of it stands, by id; those that are to be judged again have none.
        order: the ids of its exercises.
        faults: what is wrong with other variants, by exercise; of all of a variant, under no name.
    """

    path: Path
    zygote: Zygote
    workers: int
    states: dict[str, ExerciseState] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    faults: dict[str, list[str]] = field(default_factory=dict)
    _marks: dict[str, _Mark] = field(default_factory=dict)
    _before: dict[str, ExerciseState] = field(default_factory=dict)

    def round(self, told: Told) -> None:
        """Judge what has changed since the last round.

        Raises:
            GraderError: when spec, checks or notebooks cannot be read.
        """
        start = time.monotonic()
        folder = load_assignment(self.path)
        declared = read_declared(folder)
        solution, starter = folder.read(folder.solution), folder.read(folder.notebook)
        self.order = tuple(one.id for one in folder.spec.exercises)
        marks = {one.id: _mark(folder, one, declared, solution, starter) for one in folder.spec.exercises}
        changed = [id for id in marks if self._marks.get(id) != marks[id] or id not in self.states]
        self._before |= self.states
        self.states = {id: self.states[id] for id in marks if id not in changed}
        told()
        if changed:
            still = {id: self._still_killed(id, marks[id]) for id in changed}
            self._marks = {id: mark for id, mark in self._marks.items() if id not in changed}  # until all is judged
            turn = _Turn(self, folder, declared, solution, starter, still, told, start)
            session = Session(_NOBODY, zygote=self.zygote, given=folder, diagnose="none")
            try:
                run_pytest(folder.path, session, turn)
            finally:
                session.close()
            self._try_variants(folder, changed)
            told()
        self._marks = marks

    def _try_variants(self, folder: Folder, changed: list[str]) -> None:
        """Judge solution and starter of some other variants in the exercises that have changed."""
        self.faults = {id: said for id, said in self.faults.items() if id in self.order and id not in changed}
        first = range(min(folder.spec.variants, TRIED + 1))
        for number in [one for one in first if one != folder.spec.variant][:TRIED]:
            for said in faults_of(folder, number, self.zygote, " or ".join(changed)):
                id = next((one for one in changed if said.startswith(f"variant {number}: {one}::")), "")
                self.faults.setdefault(id, []).append(said)

    def _still_killed(self, id: str, mark: _Mark) -> dict[str, Result]:
        """Mutants that a check killed which is as it was, in a solution that is as it was; by their sources."""
        last = self._marks.get(id)
        if last is None or id not in self._before or last.answers != mark.answers:
            return {}
        same = {name for name, check in mark.checks.items() if last.checks.get(name) == check}
        return {one.mutant.source: one for one in self._before[id].results if same & set(one.failed)}


@dataclass(frozen=True)
class _Mark:
    """What tells whether anything has changed that an exercise is judged by.

    Attributes:
        answers: of its cells, and of what they run with.
        checks: of each check of its requirements, by name.
        rest: of all else.
    """

    answers: str
    checks: dict[str, str]
    rest: str


def _mark(folder: Folder, exercise: Exercise, declared: Declared, solution: Submission, starter: Submission) -> _Mark:
    spec = folder.spec.model_copy(update={"exercises": (), "title": exercise.title, "grading": Policy()})
    data = [path.stat() for path in sorted(folder.data.rglob("*"))] if folder.data.is_dir() else []
    answers = [
        spec.model_dump_json(),
        folder.fixtures,
        *(f"{one.st_mtime_ns} {one.st_size}" for one in data),
        *(
            cell.text
            for submission in (solution, starter)
            for cell in submission.cells
            if exercise.id in cell.exercises or not cell.exercises
        ),
    ]
    checks = {
        check.name: _digest(check.question.digest, _asked(requirement, check.name))
        for requirement in exercise.requirements
        for check in requirement.checks(folder.spec.seed)
    }
    own = [path.read_text(encoding="utf-8") for path in sorted((folder.path / "checks").rglob("*.py"))]
    rest = [
        exercise.model_dump_json(exclude={"title", "hint"}),
        *(source for source in own if exercise.id in source or "exercise=" not in source),
        *(entry.model_dump_json() for entry in declared.equivalents if entry.exercise == exercise.id),
    ]
    return _Mark(_digest(*answers), checks, _digest(*rest))


def _asked(requirement: Requirement, check: str) -> str:
    """What a requirement says of one of its checks: of several calls, that one."""
    asked = requirement.model_dump(mode="json", exclude={"hint", "hidden", "weight"})
    number = re.search(r"\[(\d+)", check)
    if isinstance(asked.get("calls"), list) and number:
        asked["calls"] = asked["calls"][int(number[1]) - 1]
    return json.dumps(asked, sort_keys=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Turn:
    """Does a round inside of pytest's loop, where the checks are collected.

    Args:
        changed: the exercises to judge, each with the mutants whose end is known, by their sources.
    """

    def __init__(
        self,
        bench: Bench,
        folder: Folder,
        declared: Declared,
        solution: Submission,
        starter: Submission,
        changed: dict[str, dict[str, Result]],
        told: Told,
        start: float,
    ) -> None:
        self._bench = bench
        self._folder = folder
        self._declared = declared
        self._solution = solution
        self._starter = starter
        self._changed = changed
        self._told = told
        self._start = start
        self._working = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._working:
            return None  # what runs the checks of a submission: the plugin, and pytest
        self._working = True
        given, items = session.config.stash[SESSION], session.items
        self._judge(given, session, [item for item in items if exercise_of(item) in self._changed])
        return True

    def _judge(self, given: Session, collected: pytest.Session, items: list[pytest.Item]) -> None:
        solved = self._graded(self._solution, given, collected, items)
        started = self._graded(self._starter, given, collected, items)
        planned: dict[str, list[MutantJob]] = {}
        for id in self._changed:
            checks = [one.result for one in solved if one.exercise == id]
            missed = tuple(check for check in checks if check.outcome != "passed")
            passed = tuple(one.result.id for one in started if one.exercise == id and one.result.outcome == "passed")
            self._tell(ExerciseState(id, len(checks), missed, passed))
            if checks and not missed:
                longest = PATIENCE + 10 * max(check.duration for check in checks)
                planned[id] = self._jobs(id, min(self._folder.spec.limits.seconds, longest))
            jobs = planned.get(id, [])
            known = [self._changed[id][job.mutant.source] for job in jobs if job.mutant.source in self._changed[id]]
            planned[id] = [job for job in jobs if job.mutant.source not in self._changed[id]]
            self._tell(replace(self._bench.states[id], mutants=len(jobs), results=tuple(known)))
        jobs = [job for some in planned.values() for job in some]
        assert given.started is not None
        answers = given.started.references.answers
        for result in _in_forks(self._bench, self._folder, jobs, answers, collected, items):
            (judged,), _ = judge_survivors([result], self._declared)
            state = self._bench.states[result.mutant.exercise]
            self._tell(replace(state, results=(*state.results, judged)))

    def _graded(
        self, submission: Submission, given: Session, collected: pytest.Session, items: list[pytest.Item]
    ) -> list[Judged]:
        assert given.started is not None
        session = Session(
            submission, zygote=given.zygote, given=self._folder, references=given.started.references, diagnose="none"
        )
        try:
            session.grading(self._folder.path)
            run_collected(session, collected, list(items))
            return session.judged
        finally:
            session.close()

    def _jobs(self, id: str, seconds: float) -> list[MutantJob]:
        return [
            MutantJob(mutant=mutant, submission=with_mutant(self._solution, mutant), seconds=seconds, named=False)
            for mutant in mutants_of(self._solution, [id], self._starter)
        ]

    def _tell(self, state: ExerciseState) -> None:
        self._bench.states[state.exercise] = replace(state, seconds=time.monotonic() - self._start)
        self._told()


def _in_forks(
    bench: Bench,
    folder: Folder,
    jobs: list[MutantJob],
    answers: dict[tuple[str, str], Answer],
    collected: pytest.Session,
    items: list[pytest.Item],
) -> Iterator[Result]:
    """What becomes of mutants, as it comes: each fork takes every so-manieth of them."""
    context = get_context("fork")
    size = min(bench.workers, len(jobs))
    ends: dict[Connection, list[MutantJob]] = {}
    processes = []
    for number in range(size):
        share = jobs[number::size]
        ours, theirs = context.Pipe(duplex=False)
        control = bench.zygote.clone()
        process = context.Process(
            target=_judge_share, args=(theirs, control, folder, share, answers, collected, items), daemon=True
        )
        process.start()
        theirs.close()
        control.close()
        processes.append(process)
        ends[ours] = share
    try:
        while ends:
            for ready in wait(list(ends)):
                assert isinstance(ready, Connection)
                try:
                    result: Result = ready.recv()
                    ends[ready].pop(0)
                    yield result
                except (EOFError, OSError):  # it is done, or it ended
                    for job in ends.pop(ready):
                        yield Result(mutant=job.mutant, status="error", detail="the process that judged it ended")
    finally:
        for process in processes:
            process.kill()
            process.join()


def _judge_share(
    connection: Connection,
    control: socket.socket,
    folder: Folder,
    jobs: list[MutantJob],
    answers: dict[tuple[str, str], Answer],
    collected: pytest.Session,
    items: list[pytest.Item],
) -> None:
    """A fork's whole life."""
    with Zygote(control) as zygote:
        session = Session(_NOBODY, zygote=zygote, given=folder, diagnose="none")
        grading = session.grading(folder.path)
        grading.references.answers |= answers
        try:
            for job in jobs:
                own = [item for item in items if exercise_of(item) == job.mutant.exercise]
                with suppress(OSError):
                    connection.send(judge_mutant(job, session, collected, own))
        except GraderError:
            return
        finally:
            session.close()
