"""The coordinator: hands submissions to workers, and stores what comes back as it comes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from grader.assignment.folder import Folder
from grader.batch.batch_engine import Engine, Site
from grader.batch.download import key_of
from grader.batch.fingerprint import fingerprint
from grader.batch.gradebook import Attempt, Gradebook, HandIn, Row
from grader.batch.submissions import SubmissionFile
from grader.batch.tasks import Graded, Task
from grader.errors import SubmissionError
from grader.judging.session import with_drawn_seed
from grader.models.message import clean, spelled
from grader.workers.pool import Died

MAX_REASON = 1_000
"""Characters of what is said of a submission that has no result."""


@dataclass(frozen=True)
class Step:
    """One submission is done with.

    Attributes:
        kind: `kept`: it was graded before; `old`: before, by other checks.
        attempt: what is in the gradebook now.
        before: the same submission's result by other checks.
    """

    kind: Literal["graded", "error", "refused", "kept", "old"]
    attempt: Attempt
    before: Attempt | None = None


def run_batch(
    site: Site, engine: Engine, found: Iterable[SubmissionFile], gradebook: Gradebook, regrade: bool = False
) -> Iterator[Step]:
    """Grade what is not graded yet.

    Args:
        regrade: also what was graded by other checks.

    Yields:
        A step for each submission, once its result is stored.
    """
    checks = present_checks(site.folder, gradebook)
    left: dict[Task, list[SubmissionFile]] = {}
    for one in found:
        begun = _begin(site, one, checks, gradebook, regrade)
        if isinstance(begun, Step):
            yield begun
        else:
            left.setdefault(begun, []).append(one)  # a group's submission is graded once
    for task, result in engine.run(site, list(left), gradebook.seed()) if left else ():
        for one in left.pop(task):
            yield _settle(one, task, result, checks, gradebook)


def present_checks(folder: Folder, gradebook: Gradebook) -> str:
    """The `fingerprint` of an assignment as it is graded for this gradebook.

    Raises:
        UsageError: where there are recorded answers in the place of a solution.
    """
    return fingerprint(with_drawn_seed(folder, gradebook.seed()))


def present_rows(folder: Folder, gradebook: Gradebook, student: str | None = None) -> Iterator[Row]:
    """What counts for each student of a class, or for one, as the assignment is now."""
    spec = folder.spec
    return gradebook.rows(spec.grading, present_checks(folder, gradebook), spec.exercises, student)


def _settle(one: SubmissionFile, task: Task, result: Graded | Died, checks: str, gradebook: Gradebook) -> Step:
    """Store what came of a task for one student."""
    before = gradebook.latest(one.student, task.sha256)
    attempt = _attempt(one, task.sha256, checks)
    kind: Literal["graded", "error", "refused"] = "error"
    if isinstance(result, Died):
        attempt.reason = _told(result.detail)
    else:
        kind = "error" if result.fault else "graded" if result.report else "refused"
        attempt.reason, attempt.seconds, attempt.report = _told(result.reason), result.seconds, result.report
        attempt.earned, attempt.possible = result.earned, result.possible
    attempt.status = kind
    gradebook.add(attempt)
    return Step(kind, attempt, before if before is not None and before.checks != checks else None)


def _begin(site: Site, one: SubmissionFile, checks: str, gradebook: Gradebook, regrade: bool) -> Task | Step:
    """A submission as a task; or as a step, where nothing is left to do."""
    problem = one.problem
    sha256 = ""
    if not problem:
        try:
            sha256 = site.folder.digest_of(one.path, one.alone)
        except OSError as error:
            problem = f"it cannot be read: {error.strerror}"
        except SubmissionError as error:
            problem = error.message
    if problem:
        problem = clean(problem)
        attempt = _attempt(one, hashlib.sha256(f"{key_of(one.path.name)}\n{problem}".encode()).hexdigest(), checks)
        attempt.status, attempt.reason = "refused", _told(problem)
        gradebook.note(_hand_in(one, attempt.sha256))
        gradebook.add(attempt)
        return Step("refused", attempt)
    gradebook.note(_hand_in(one, sha256))
    known = gradebook.latest(one.student, sha256)
    if known is not None and known.status != "error":
        if known.checks == checks:
            return Step("kept", known)
        if not regrade:
            return Step("old", known)
    return Task(one.path, sha256, one.alone, site.diagnose)


def _attempt(one: SubmissionFile, sha256: str, checks: str) -> Attempt:
    return Attempt(
        student=one.student, name=key_of(one.path.name), sha256=sha256, checks=checks, submitted=one.submitted,
        graded=datetime.now(UTC), earned=0.0, possible=0.0, seconds=0.0, reason="",
    )  # fmt: skip


def _hand_in(one: SubmissionFile, sha256: str) -> HandIn:
    who = one.person
    return HandIn(
        student=one.student, name=key_of(one.path.name), sha256=sha256, layout=one.layout, file=one.file,
        platform_id=spelled(who.id), person=spelled(who.name), email=spelled(who.email), group=spelled(one.group),
        submitted=one.submitted, late=one.late, passed_over="\n".join(one.passed_over), seen=datetime.now(UTC),
    )  # fmt: skip


def _told(reason: str) -> str:
    """A reason as the gradebook and the page of a class have it."""
    return clean(reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…")
