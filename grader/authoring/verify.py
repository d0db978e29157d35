"""Verifies an assignment: its own notebooks, what must be true of its spec, and what its checks miss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grader
from grader.assignment.folder import Folder
from grader.authoring import verifications as must
from grader.authoring.declared import FILE, Declared, judge_survivors, read_declared
from grader.authoring.findings import Result, Verification, VerifyReport, planted, survivors
from grader.authoring.hollow import hollow, hollow_mutants
from grader.authoring.judge_mutant import MutantJob, judge_mutant
from grader.authoring.mutants.engine import mutants_of, with_mutant
from grader.authoring.variants import drawn_variants, faults_of, verify_used, verify_variants
from grader.judging.session import draw_seed
from grader.models.report import Report
from grader.sandbox.client import Zygote
from grader.workers.pool import Died, Pool

PATIENCE = 2.0  # seconds that any mutant may take
VOTES = 3  # seeds that a mutant is judged with where chance may decide; most of them do then
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

    def arguments(seed: int | None) -> tuple[Any, ...]:
        return judge_mutant, folder.path, "auto", selection, seed, folder.spec.variant

    longest = folder.spec.limits.whole_seconds
    with Pool[MutantJob, Result](zygote, arguments(None), workers if mutants else 1, longest) as pool:
        found, report, foreseen = _verify_itself(folder, zygote, selection, declared, watch)
        solution, passed = folder.read(folder.solution), _seconds(folder, report)
        answers = [
            MutantJob(mutant=mutant, submission=hollow(solution, mutant.after), seconds=passed[mutant.exercise])
            for mutant in hollow_mutants(folder.spec, list(passed))
        ]
        found.append(verify_hollow(report, list(_judged(pool, answers, "constants", watch)), foreseen))
        planned = mutants_of(solution, list(passed), folder.read(folder.notebook)) if mutants else []
        jobs = [
            MutantJob(mutant=mutant, submission=with_mutant(solution, mutant), seconds=passed[mutant.exercise])
            for mutant in planned
        ]
        start = time.monotonic()
        votes = {result.mutant: [result] for result in _judged(pool, jobs, "mutants", watch)}
    for seed in range(folder.spec.seed + 1, folder.spec.seed + VOTES):
        again = [job for job in jobs if _is_open(votes[job.mutant])]
        if again:
            with Pool[MutantJob, Result](zygote, arguments(seed), min(workers, len(again)), longest) as pool:
                for result in _judged(pool, again, "mutants again, with another seed", watch):
                    votes[result.mutant].append(result)
    seconds = time.monotonic() - start
    results = [_settled(votes[job.mutant]) for job in jobs]
    if mutants:
        results, stale = judge_survivors(results, declared)
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
) -> tuple[list[Verification], Report, frozenset[str]]:
    """What grading the assignment's own notebooks shows; the solution's report; and the checks that are foreseen."""
    trials = must.Trials(folder, zygote, selection)
    seeds = [draw_seed() for _ in range(must.SEEDS)]
    again = [partial(trials.solution, seed) for seed in (None, None, *seeds)]
    runs: list[Callable[[], Report]] = [trials.starter, *again]
    reports: list[Report] = []
    for run in runs:
        watch("notebooks", len(reports), len(runs))
        reports.append(run())
    starter, first, second, *others = reports
    foreseen = trials.foreseen()
    found = [
        *_verify_variants(folder, zygote, selection, watch),
        must.verify_starter(starter),
        must.verify_solution(first),
        must.verify_twice(first, second),
        must.verify_seeds(dict(zip(seeds, others, strict=True))),
        must.verify_rounding({folder.spec.seed: first, seeds[0]: others[0]}, trials.elsewhere((None, seeds[0]))),
        must.verify_foreseen(first, foreseen),
        must.verify_zeros(trials.taking_zeros()),
        must.verify_titles(folder),
        must.verify_hints(folder),
        must.verify_files(folder, declared),
        must.verify_observations(folder),
        must.verify_asserts(list(trials.forgeable)),
        must.verify_reached([claim for claim, met in trials.met.items() if not met]),
        must.verify_hidden(folder),
        must.verify_points(folder, first),
    ]
    return found, first, foreseen


def _verify_variants(folder: Folder, zygote: Zygote, selection: str | None, watch: Watch) -> list[Verification]:
    """What must be true of an assignment's other variants, where it has any."""
    if not folder.spec.varies:
        return []
    tried, found = drawn_variants(folder), list[str]()
    for place, number in enumerate(tried):
        watch("variants", place, len(tried))
        found += faults_of(folder, number, zygote, selection)
    return [verify_variants(found, tried), verify_used(folder)]


def _judged(pool: Pool[MutantJob, Result], jobs: list[MutantJob], what: str, watch: Watch) -> Iterator[Result]:
    """What becomes of mutants, as it comes."""
    for number, (job, result) in enumerate(pool.run(jobs), 1):
        if isinstance(result, Died):
            result = Result(mutant=job.mutant, status="error", detail=result.detail)
        yield result
        watch(what, number, len(jobs))


def _is_open(votes: list[Result]) -> bool:
    """Whether another seed may decide: code that trains, of which no check or a single one said something."""
    first, alive = votes[0], sum(result.status == "survived" for result in votes)
    chance = ".backward(" in first.mutant.source and first.status in ("killed", "survived") and len(first.failed) < 2
    return chance and max(alive, len(votes) - alive) <= VOTES // 2


def _settled(votes: list[Result]) -> Result:
    """What most of a mutant's results say: the first of these."""
    alive = sum(result.status == "survived" for result in votes)
    first = next(result for result in votes if (result.status == "survived") == (2 * alive > len(votes)))
    return first.model_copy(update={"seeds": tuple(result.status for result in votes)})


def _seconds(folder: Folder, report: Report) -> dict[str, float]:
    """How long a cell or probe of each exercise that the solution passes may take: what that takes, and much more."""
    return {
        solved.id: min(folder.spec.limits.seconds, PATIENCE + 10 * max(check.duration for check in solved.checks))
        for solved in report.exercises
        if solved.status == "full"
    }


def verify_hollow(report: Report, results: list[Result], foreseen: frozenset[str]) -> Verification:
    """What answers earn that are a constant: foreseen checks pay only beside others that pass."""
    checks = {e.id: [check.id for check in e.checks] for e in report.exercises}
    paid: dict[str, list[str]] = {}
    for result in results:
        exercise = result.mutant.exercise
        failed = {f"{exercise}::{name}" for name in result.failed}
        passed = [] if result.status in ("error", "timeout") else [c for c in checks[exercise] if c not in failed]
        if foreseen >= set(passed) and not foreseen >= set(checks[exercise]):
            continue
        for check in passed:
            paid.setdefault(check, []).append(result.mutant.after)
    return Verification(
        id="hollow",
        title="answers that are a constant earn nothing",
        found=tuple(f"{check} passes where every function gives {', or '.join(by)}" for check, by in paid.items()),
        advice="Ask for more than one value can answer: a result for drawn inputs, or several results in one call.",
    )


def verify_mutants(results: list[Result]) -> Verification:
    holes = [f"{group[0].mutant.name}: no check fails{_where(group)}" for group in survivors(results)]
    broken = [f"{result.mutant.name}: {result.detail}" for result in results if result.status == "error"]
    return Verification(
        id="mutants",
        title="every mutant of the solution loses points",
        found=tuple(broken + holes),
        advice=f"Where the code is wrong, mend the checks; where it is right, declare it in {FILE}.",
    )


def _where(group: list[Result]) -> str:
    """With which seeds, and how often."""
    seeds = " with most seeds" if any(result.mixed for result in group) else ""
    return seeds + (f", in {len(group)} places" if len(group) > 1 else "")


def verify_declared(stale: list[str]) -> Verification:
    return Verification(
        id="declared",
        title=f"every mutant that {FILE} declares survives",
        found=tuple(f"{change}: there is no such mutant, or it is killed" for change in stale),
        advice="Remove it from there.",
    )
