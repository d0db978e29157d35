"""The mistake behind a failed check: proven by a fix that helps, or shown by what the check itself saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.diagnose import diagnose, hint
from grader.diagnosis.exception_facts import exception_facts
from grader.diagnosis.source_facts import source_facts
from grader.judging.evidence import Failed, evidence
from grader.judging.grading import Grading
from grader.models.mistake import Fact, Mistake
from grader.models.observation import Raised
from grader.models.report import Diagnosis
from grader.processor_time import TooLong, at_most

if TYPE_CHECKING:
    from grader.judging.proof import Proven

DIAGNOSING = 2.0
"""Seconds of computing after which a mistake is not looked for any more."""


def diagnose_failure(grading: Grading, exercise: str, failed: Failed) -> Diagnosis | None:
    """The mistake behind a failed check, if one is known."""
    missing = failed.answer.raised and failed.answer.raised.missing
    if grading.diagnose == "none" or missing or grading.untouched(exercise):
        return None
    own = grading.folder.spec.mistakes
    found = _seen(grading, exercise, failed, own) if own else None
    if found is None and grading.diagnose == "proven":
        from grader.judging.proof import proven  # it needs libcst, which right answers do not wait for

        tried = proven(grading, exercise, failed)
        found = _tried(grading, tried) if tried is not None else None
    return found or _seen(grading, exercise, failed, catalogue())


def _seen(grading: Grading, exercise: str, failed: Failed, known: Sequence[Mistake]) -> Diagnosis | None:
    """The mistake that the check itself saw."""
    try:
        with at_most(DIAGNOSING):
            match = diagnose(evidence(grading, exercise, failed), known)
    except (TooLong, MemoryError):
        return None
    return _named(grading, *match) if match is not None else None


def diagnose_exception(grading: Grading, raised: Raised) -> Diagnosis | None:
    """The mistake behind an exception that stopped a cell, if the exception shows it."""
    if grading.diagnose == "none" or raised.limit or raised.lacks:
        return None
    try:
        with at_most(DIAGNOSING):
            facts = list(exception_facts(raised, source_facts(grading.submission.cells)))
            match = diagnose(facts, (*grading.folder.spec.mistakes, *catalogue()))
    except (TooLong, MemoryError):
        return None
    return _named(grading, *match) if match is not None else None


def _named(grading: Grading, mistake: Mistake, fields: Fact) -> Diagnosis:
    """As much as the spec wants to be said of a mistake.

    Args:
        fields: fill the hint's places.
    """
    cell, line = (fields.get(key) for key in ("cell", "line"))
    return Diagnosis(
        id=mistake.id,
        text=mistake.title if grading.folder.spec.diagnosis == "name" else hint(mistake, fields),
        page=mistake.page,
        cell=cell if isinstance(cell, int) else None,
        line=line if isinstance(line, int) else None,
    )


def _tried(grading: Grading, found: Proven) -> Diagnosis:
    """What is to be said of a mistake whose fix helped: of the line that was changed, wherever the facts are from."""
    trial, cell = found.trial, grading.submission.cells[found.trial.index]
    lines = cell.source.splitlines()
    changed: Fact = {
        "cell": cell.number,
        "line": trial.line,
        "code": lines[min(trial.line, len(lines)) - 1].strip(),
    }
    # Where lines were only added, or several changed, the facts know better which one it is about.
    certain = trial.before and "\n" not in trial.before and found.fields.get("line") != trial.line
    fields = {**found.fields, **changed} if certain else {**changed, **found.fields}
    fix = trial.after if grading.folder.spec.diagnosis == "fix" else ""
    passes = tuple(sorted(found.passes))
    more = {"passes": passes, "with_another": found.with_another, "fix": fix}
    return _named(grading, trial.mistake, fields).model_copy(update=more)
