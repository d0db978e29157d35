"""How many mutants of assignment1 `grade verify` judges in a second, and where the time goes.

    python bench/bench_verify.py [MUTANTS]

Rates are of one worker and of two. The parts are of one worker in this process, in milliseconds for each mutant.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.authoring.judge_mutant import MutantJob, judge_mutant
from grader.authoring.mutants.engine import mutants_of, with_mutant
from grader.judging import judge, plugin
from grader.judging.driver import run_pytest
from grader.judging.grading import Grading
from grader.judging.session import Session
from grader.sandbox.client import Zygote
from grader.sandbox.guest import Guest, Ticket
from grader.workers.pool import Pool
from grader.workers.worker import Loop

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3


class Given:
    """A connection that brings jobs, and notes when."""

    def __init__(self, jobs: list[MutantJob]) -> None:
        self._jobs = jobs[::-1]
        self.results: list[Any] = []
        self.started = 0.0

    def recv(self) -> MutantJob:
        self.started = self.started or time.perf_counter()
        if not self._jobs:
            raise EOFError
        return self._jobs.pop()

    def send(self, result: Any) -> None:
        self.results.append(result)


def jobs_of(folder: Folder, number: int) -> list[MutantJob]:
    """Jobs for some mutants, drawn from all."""
    solution = folder.read(folder.solution)
    start = time.perf_counter()
    mutants = mutants_of(solution, [exercise.id for exercise in folder.spec.exercises])
    print(f"making {len(mutants)} mutants              {time.perf_counter() - start:6.2f} s")
    drawn = random.Random(0).sample(mutants, min(number, len(mutants)))
    return [MutantJob(mutant=mutant, submission=with_mutant(solution, mutant), seconds=2) for mutant in drawn]


def rate(folder: Folder, jobs: list[MutantJob], workers: int) -> float:
    """Mutants per second of warm workers."""
    zygote = Zygote.spawn(long_lived=True)
    with zygote, Pool[MutantJob, Any](zygote, (judge_mutant, folder.path), workers, seconds=600) as pool:
        list(pool.run(jobs[: 4 * workers]))
        start = time.perf_counter()
        results = list(pool.run(jobs))
        seconds = time.perf_counter() - start
    assert all(result.status != "error" for _, result in results)
    return len(jobs) / seconds


def parts(folder: Folder, jobs: list[MutantJob]) -> None:
    """Print what a mutant's time is spent on."""
    spent: dict[str, float] = defaultdict(float)
    copies = 0

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - start

        return call

    def counted(ask: Callable[[Guest, list[Ticket]], None]) -> Callable[[Guest, list[Ticket]], None]:
        def call(guest: Guest, tickets: list[Ticket]) -> None:
            nonlocal copies
            copies += 1
            ask(guest, tickets)

        return call

    given = Given(jobs)
    with (
        Zygote.spawn(long_lived=True) as zygote,
        mock.patch.object(Grading, "prefetch", timed("start the guest, ask", Grading.prefetch)),
        mock.patch.object(plugin, "judge", timed("wait and judge", plugin.judge)),
        mock.patch.object(judge, "diagnose_failure", timed("  of it diagnose", judge.diagnose_failure)),
        mock.patch.object(Guest, "ask_copy", counted(Guest.ask_copy)),
        mock.patch.object(Session, "close", timed("end the guest", Session.close)),
    ):
        session = Session(zygote=zygote)
        session.grading(folder.path)
        cpu = time.process_time()
        run_pytest(folder.path, session, Loop(given, judge_mutant))  # type: ignore[arg-type]
        whole = time.perf_counter() - given.started
        cpu = time.process_time() - cpu
    count = len(jobs)
    print(f"one mutant, one worker             {1000 * whole / count:6.1f} ms")
    for name, seconds in spent.items():
        print(f"  {name:<32} {1000 * seconds / count:6.1f}")
    print(f"  the judge's own CPU time         {1000 * cpu / count:6.1f}")
    print(f"copies forked to answer            {copies / count:6.1f}")
    print(f"checks that fail                   {statistics.mean(len(r.failed) for r in given.results):6.1f}")


def main() -> None:
    """Measure and print."""
    folder = load_assignment(ROOT / "assignments" / "assignment1")
    jobs = jobs_of(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 120)
    parts(folder, jobs)
    for workers in (1, 2):
        rates = sorted(rate(folder, jobs, workers) for _ in range(ROUNDS))
        said = ", ".join(f"{one:.1f}" for one in rates)
        print(f"{workers} workers: mutants a second      {statistics.median(rates):6.1f}  ({said})")


if __name__ == "__main__":
    main()
