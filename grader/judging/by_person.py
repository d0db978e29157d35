"""Lays what a person said over what the checks came to. The checks' own results stay as they are kept."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from grader.assignment.spec import Exercise
from grader.models.judgement import Judgement
from grader.models.report import ByPerson, ExerciseResult, Report, RubricLine, Status

WHOLE = ""
"""In the place of an exercise: what is said of the whole submission."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What an exercise comes to.

    Attributes:
        open: points that a person is still to give; they are not in `possible`.
    """

    id: str
    status: Status
    earned: float
    possible: float
    open: float = 0.0


@dataclass(frozen=True, slots=True)
class _Checked:
    selection: str | None
    exercises: tuple[Marks, ...]


_READ = TypeAdapter(_Checked)
"""The part of a report that the points need."""


def status_of(earned: float, possible: float) -> Status:
    return "full" if earned >= possible else "partial" if earned else "none"


def marks_of(exercise: Exercise, checked: Marks, said: Judgement | None) -> Marks:
    """What an exercise comes to, with what a person said of it."""
    earned, possible, status = checked.earned, checked.possible, checked.status
    if status == "to be judged":  # as it is kept, before a person has said anything
        status = status_of(earned, possible)
    if exercise.manual:
        given = exercise.manual.given(said) if said else None
        if said is None or given is None:
            waits: Status = "error" if status == "error" else "to be judged"
            return Marks(exercise.id, waits, earned, possible, exercise.manual.points)
        earned, possible = earned + given, possible + exercise.manual.points
        if said.bonus:  # which corrects what the checks came to
            status = "none"
    elif said is None or (said.points is None and not said.bonus):
        return Marks(exercise.id, status, earned, possible)
    elif said.points is not None:
        earned, status = said.points, "none"
    earned = round(max(earned + said.bonus, 0.0), 2)
    return Marks(exercise.id, status_of(earned, possible) if status != "error" else status, earned, possible)


def all_marks(stored: bytes, exercises: Sequence[Exercise], said: Mapping[str, Judgement]) -> list[Marks]:
    """What each exercise of a stored report comes to; where all was graded, also one that a person alone grades."""
    report = _READ.validate_json(zlib.decompress(stored))
    checked = {one.id: one for one in report.exercises}
    known = {one.id for one in exercises}
    found = [
        marks_of(one, checked.get(one.id, Marks(one.id, "none", 0.0, 0.0)), said.get(one.id))
        for one in exercises
        if one.id in checked or (one.manual and not report.selection)
    ]
    return found + [one for one in checked.values() if one.id not in known]


def nothing_checked(exercise: Exercise) -> ExerciseResult:
    """The result of an exercise without a check."""
    return ExerciseResult(id=exercise.id, title=exercise.title, status="none", earned=0.0, possible=0.0, checks=())


def laid_over(exercise: Exercise, result: ExerciseResult, said: Judgement | None) -> ExerciseResult:
    """An exercise's result with what a person said of it."""
    manual = exercise.manual
    if manual is None and (said is None or not said.says_something):
        return result.model_copy(update={"by_person": None})
    marks = marks_of(exercise, Marks(result.id, result.status, result.earned, result.possible), said)
    counts = said if said and (manual is None or said.done) else None
    by_person = ByPerson(
        possible=manual.points if manual else 0.0,
        earned=manual.given(counts) if manual and counts else None,
        rubric=tuple(
            RubricLine(text=item.text, points=item.points)
            for item in (manual.rubric if manual else ())
            if counts and item.key in counts.items
        ),
        checked=result.earned if counts and not manual and counts.points is not None else None,
        bonus=counts.bonus if counts else 0.0,
        comment=counts.comment if counts else "",
    )
    told = {"status": marks.status, "earned": marks.earned, "possible": marks.possible, "by_person": by_person}
    return result.model_copy(update=told)


def with_judgements(report: Report, exercises: Sequence[Exercise], said: Mapping[str, Judgement]) -> Report:
    """A report with what a person said, by the ids of exercises, and by `WHOLE`."""
    results = {one.id: one for one in report.exercises}
    laid = []
    for exercise in exercises:
        result = results.pop(exercise.id, None)
        if result is None and exercise.manual and not report.selection:
            result = nothing_checked(exercise)
        if result is not None:
            laid.append(laid_over(exercise, result, said.get(exercise.id)))
    laid += results.values()
    whole = said.get(WHOLE, Judgement())
    return report.model_copy(
        update={
            "exercises": tuple(laid),
            "earned": round(max(sum(one.earned for one in laid) + whole.bonus, 0.0), 2),
            "possible": round(sum(one.possible for one in laid), 2),
            "open": round(sum(one.open for one in laid), 2),
            "bonus": whole.bonus,
            "comment": whole.comment,
            "gradable": all(one.status != "error" for one in laid),
        }
    )
