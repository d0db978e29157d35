"""The mistake behind a failed check: proven by a fix that helps, or shown by what the check itself saw."""

from __future__ import annotations

from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.diagnose import diagnose, hint
from grader.judging.evidence import Failed, evidence
from grader.judging.grading import Grading
from grader.models.report import Diagnosis
from grader.processor_time import TooLong, at_most

DIAGNOSING = 2.0
"""Seconds of computing after which a mistake is not looked for any more."""


def diagnose_failure(grading: Grading, exercise: str, failed: Failed) -> Diagnosis | None:
    """The mistake behind a failed check, if one is known."""
    missing = failed.answer.raised and failed.answer.raised.missing
    if grading.diagnose == "none" or missing or grading.untouched(exercise):
        return None
    if grading.diagnose == "proven":
        from grader.judging.proof import proven  # it needs libcst, which right answers do not wait for

        known = proven(grading, exercise, failed)
        if known is not None:
            return known
    try:
        with at_most(DIAGNOSING):
            facts = evidence(grading, exercise, failed)
            match = diagnose(facts, (*grading.folder.spec.mistakes, *catalogue()))
    except (TooLong, MemoryError):
        return None
    if match is None:
        return None
    mistake, fields = match
    cell, line = (fields.get(key) for key in ("cell", "line"))
    return Diagnosis(
        id=mistake.id,
        text=hint(mistake, fields),
        page=mistake.page,
        cell=cell if isinstance(cell, int) else None,
        line=line if isinstance(line, int) else None,
    )
