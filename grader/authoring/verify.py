"""Verifies an assignment: its own notebooks, what must be true of its spec, and what its checks miss."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import grader
from grader.assignment.load import Folder
from grader.authoring import verifications as must
from grader.authoring.declared import FILE, Declared, judge_survivors, read_declared
from grader.authoring.findings import Result, Verification, VerifyReport, planted
from grader.authoring.hollow import constants
from grader.authoring.judge_mutant import MutantJob, judge_mutant
from grader.authoring.mutants.engine import mutants_of, with_mutant
from grader.judging.session import draw_seed
from grader.models.report import ExerciseResult, Report
from grader.sandbox.client import Zygote
from grader.submission.read import read_submission
from grader.workers.pool import Died, Pool

PATIENCE = 2.0  # seconds that any mutant may take
Watch = Callable[[str, int, int], None]
"""Is told what goes on: what is done, how much of it so far, out of how much."""


def verify(
    folder: Folder, zygote: Zygote, selection: str | None, workers: int, mutants: bool, watch: Watch
) -> VerifyReport:
    """Verify an assignment.

    Args:
        folder: the assignment.
        zygote: for the assignment's own notebooks; and to be cloned for each worker.
        selection: which checks, as pytest's `-k` takes it.
        workers: processes that judge mutants.
        mutants: whether to make any.
        watch: is told of the progress.

    Raises:
        UsageError: for a wrong spec, `verify.yaml` or selection.
    """
    declared = read_declared(folder)
    zygote.preload(folder.spec.preload)
    arguments = (judge_mutant, folder.path, "auto", selection)
    with Pool[MutantJob, Result](zygote, arguments, workers if mutants else 0) as pool:
        found, report = _verify_itself(folder, zygote, selection, declared, watch)
        jobs = _jobs(folder, report) if mutants else []
        results: list[Result] = []
        start = time.monotonic()
        for job, result in pool.run(jobs):
            if isinstance(result, Died):
                result = Result(mutant=job.mutant, status="error", detail=result.detail)
            results.append(result)
            watch("mutants", len(results), len(jobs))
        seconds = time.monotonic() - start
    if mutants:
        order = {job.mutant: place for place, job in enumerate(jobs)}
        results, stale = judge_survivors(sorted(results, key=lambda result: order[result.mutant]), declared)
        found += [verify_mutants(results), verify_declared([] if selection else stale)]
    return VerifyReport(
        assignment=folder.spec.id,
        grader=grader.__version__,
        selection=selection,
        verifications=tuple(found),
        results=tuple(results),
        planted=planted(results),
        seconds=round(seconds, 2),
        workers=workers,
    )


def _verify_itself(
    folder: Folder, zygote: Zygote, selection: str | None, declared: Declared, watch: Watch
) -> tuple[list[Verification], Report]:
    """All but the mutants; and the solution's report."""
    trials = must.Trials(folder, zygote, selection)
    seeds = [draw_seed() for _ in range(must.SEEDS)]
    again = [partial(trials.solution, seed) for seed in (None, None, *seeds)]
    foreseen = trials.foreseen()
    given = constants(folder.spec)
    hollows = [partial(trials.hollow, constant, foreseen) for constant in given]
    runs: list[Callable[[], Report]] = [trials.starter, *again, *hollows]
    reports: list[Report] = []
    for run in runs:
        watch("notebooks", len(reports), len(runs))
        reports.append(run())
    starter, first, second, *others = reports
    seeded, answered = others[: len(seeds)], others[len(seeds) :]
    found = [
        must.verify_starter(starter),
        must.verify_solution(first),
        must.verify_twice(first, second),
        must.verify_seeds(dict(zip(seeds, seeded, strict=True))),
        must.verify_foreseen(first, foreseen),
        must.verify_hollow(dict(zip(given, answered, strict=True))),
        must.verify_titles(folder),
        must.verify_hints(folder),
        must.verify_files(folder, declared),
        must.verify_observations(folder),
        must.verify_hidden(folder),
        must.verify_points(folder, first),
    ]
    return found, first


def _jobs(folder: Folder, report: Report) -> list[MutantJob]:
    """A job for each mutant of the exercises that the solution passes."""
    solution = read_submission(folder.solution)
    passed = {e.id: _seconds(folder, e) for e in report.exercises if e.status == "full"}
    mutants = mutants_of(solution, list(passed))
    return [
        MutantJob(mutant=mutant, submission=with_mutant(solution, mutant), seconds=passed[mutant.exercise])
        for mutant in mutants
    ]


def _seconds(folder: Folder, solved: ExerciseResult) -> float:
    """How long a mutant's cell or probe may take: what the solution needs, and a good deal more."""
    return min(folder.spec.limits.seconds, PATIENCE + 10 * max(check.duration for check in solved.checks))


def verify_mutants(results: list[Result]) -> Verification:
    holes = [f"{result.mutant.name}: no check fails" for result in results if result.hole]
    broken = [f"{result.mutant.name}: {result.detail}" for result in results if result.status == "error"]
    return Verification(
        id="mutants",
        title="every mutant of the solution loses points",
        found=tuple(broken + holes),
        advice=f"Where the code is wrong, mend the checks; where it is right, declare it in {FILE}.",
    )


def verify_declared(stale: list[str]) -> Verification:
    return Verification(
        id="declared",
        title=f"every mutant that {FILE} declares survives",
        found=tuple(f"{change}: there is no such mutant, or it is killed" for change in stale),
        advice="Remove it from there.",
    )
