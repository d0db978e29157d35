"""What a worker does with one mutant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.assignment.folder import Folder
from grader.authoring.findings import Mutant, Result, Status
from grader.judging.driver import run_collected
from grader.judging.plugin import exercise_of, is_stopped
from grader.judging.session import Session
from grader.models.cells import Submission
from grader.models.limits import Limits
from grader.models.model import Model


class MutantJob(Model):
    """A mutant to judge.

    Attributes:
        submission: the solution with the mutant in it.
        seconds: after which a cell or a probe is stopped.
        named: whether mistakes are named, which takes longer.
    """

    mutant: Mutant
    submission: Submission
    seconds: float
    named: bool = True


def judge_mutant(job: MutantJob, given: Session, collected: pytest.Session, checks: list[pytest.Item]) -> Result:
    """Run the checks of a mutant's exercise, as the plugin does for a submission."""
    items = [item for item in checks if exercise_of(item) == job.mutant.exercise]
    assert given.started is not None
    folder = _short(given.started.folder, job)
    references = given.started.references
    session = Session(
        job.submission,
        zygote=given.zygote,
        given=folder,
        references=references,
        diagnose="none" if not job.named else "proven" if job.mutant.mistake else "bound",
        one_failure_is_enough=True,
    )
    try:
        session.grading(folder.path)
        run_collected(session, collected, items)
        return _result(job.mutant, session, folder.spec.limits)
    finally:
        session.close()


def _short(folder: Folder, job: MutantJob) -> Folder:
    """The assignment with the mutant's exercise alone, and its limit of time."""
    limits = folder.spec.limits.model_copy(update={"seconds": job.seconds})
    only = tuple(exercise for exercise in folder.spec.exercises if exercise.id == job.mutant.exercise)
    return replace(folder, spec=folder.spec.model_copy(update={"exercises": only, "limits": limits}))


def _result(mutant: Mutant, session: Session, limits: Limits) -> Result:
    checks = [judged.result for judged in session.judged]
    failed = [check for check in checks if check.outcome == "failed"]
    broken = [check for check in checks if check.outcome == "error"]
    faults = [f"{check.id}: {check.detail}" for check in broken]
    if session.started is not None:
        faults += [f"{name}: {fault}" for name, fault in session.started.unexplained.items()]
    status: Status = "killed" if failed else "survived"
    if faults:
        status = "error"
    elif checks and is_stopped(checks[-1], limits):
        status = "timeout"
    return Result(
        mutant=mutant,
        status=status,
        failed=tuple(check.id.partition("::")[2] for check in failed),
        diagnoses=tuple(dict.fromkeys(check.diagnosis.id for check in failed if check.diagnosis)),
        detail="; ".join(faults),
    )
