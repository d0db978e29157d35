"""A class on one HTML page that needs nothing else: what went wrong on our side first, then how the class did."""

from __future__ import annotations

import base64
import hashlib
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import numpy as np
from markupsafe import Markup

from grader.assignment.spec import Assignment, Exercise
from grader.diagnosis.catalogue import catalogue
from grader.report.class_summary import ClassSummary, Entry
from grader.report.formats.html import environment
from grader.report.outline import part_alone, to_be_judged, without_time

MOST = 12
"""Lines of a list that is cut."""


@dataclass(frozen=True)
class Share:
    """A line of a list: how many of the class."""

    name: str
    title: str
    number: int
    of: int

    @property
    def percent(self) -> float:
        return 100 * self.number / self.of if self.of else 0.0


@dataclass(frozen=True)
class Rate:
    """How many pass a check, of those who began its exercise.

    Attributes:
        name: its id.
    """

    name: str
    passed: int
    of: int

    @property
    def percent(self) -> float:
        return 100 * self.passed / self.of


def render_class(
    roll: ClassSummary, assignment: Assignment, link: Callable[[Entry], str | None], times: Sequence[datetime] = ()
) -> str:
    """The page of a class.

    Args:
        times: when submissions came, all of each student's, as far as that is known.
        link: where a student's own page is, from this one; None where there is none.
    """
    scored = roll.scored
    credited = [entry.credited for entry in scored]
    script = files("grader.report").joinpath("templates/class.js").read_text(encoding="utf-8")
    mistakes, rates = _mistakes(roll, assignment), _rates(roll)
    ranks = {entry.student: rank for rank, entry in enumerate(_by_score(roll))}
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment().get_template("class.html.j2").render(
        title=assignment.title.en,
        assignment=assignment.id,
        selection=part_alone(roll.selection) if roll.selection else "",
        entries=sorted(roll.entries, key=lambda entry: (entry.state != "error", entry.student.casefold())),
        possible=roll.possible,
        scored=scored,
        faults=[entry for entry in roll.entries if entry.state == "error"],
        old=[entry for entry in roll.entries if entry.state == "old"],
        notes=[
            without_time(sum(entry.untimed for entry in roll.entries)),
            to_be_judged(sum(entry.open > 0 for entry in roll.entries)),
        ],
        over=any(entry.handed.passed_over for entry in roll.entries),
        refused=[entry for entry in roll.entries if entry.state == "refused"],
        mean=statistics.fmean(credited) if credited else 0.0,
        median=statistics.median(credited) if credited else 0.0,
        full=sum(entry.credited >= entry.possible + entry.open for entry in scored),
        late=any(entry.late_days for entry in roll.entries),
        plots=_plots(roll, assignment, times) if credited else [],
        exercises=_exercises(roll, assignment),
        mistakes=mistakes,
        rates=rates,
        nobody=[rate.name for rate in rates if rate.of > 1 and not rate.passed],
        everybody=[rate.name for rate in rates if rate.of > 1 and rate.passed == rate.of],
        made=lambda entry: _bits(one.name in entry.mistakes for one in mistakes),
        failed=lambda entry: _bits(one.name in entry.failed for one in rates),
        rank=ranks.get,
        slowest=sorted(roll.entries, key=lambda entry: -entry.seconds)[:MOST],
        link=link,
        most=MOST,
        script=Markup(script),
        digest=digest,
    )  # fmt: skip


def _plots(roll: ClassSummary, assignment: Assignment, times: Sequence[datetime]) -> list[tuple[str, Markup]]:
    from grader.report.plots import distribution, heat_map, timeline  # matplotlib takes long to import

    ordered = _by_score(roll)
    graded = _graded(roll, assignment)
    earned = np.array([[entry.exercises.get(one.id, np.nan) for entry in ordered] for one in graded])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = earned / np.array([roll.points[one.id] for one in graded])[:, None]
    titles = [one.title.en for one in graded]
    came = (
        [("Submissions by the time they came", timeline(times, assignment.grading.due))] if len(set(times)) > 1 else []
    )
    return [
        ("Scores", distribution([entry.credited for entry in ordered], roll.possible)),
        ("Exercises by students", heat_map(shares, [entry.student for entry in ordered], titles)),
        *came,
    ]


def _graded(roll: ClassSummary, assignment: Assignment) -> list[Exercise]:
    """The exercises in which somebody was graded, in the order of the assignment."""
    return [exercise for exercise in assignment.exercises if exercise.id in roll.points]


def _exercises(roll: ClassSummary, assignment: Assignment) -> list[tuple[Exercise, float, int, int]]:
    """Each with the mean share of the points in percent, how many have all of them, and how many did not begin."""
    rows = []
    for exercise in _graded(roll, assignment):
        worth = roll.points[exercise.id]
        earned = [entry.exercises[exercise.id] for entry in roll.scored if exercise.id in entry.exercises]
        mean = 100 * statistics.fmean(earned) / worth if earned and worth else 0.0
        rows.append((exercise, mean, sum(value == worth for value in earned), roll.untouched[exercise.id]))
    return rows


def _mistakes(roll: ClassSummary, assignment: Assignment) -> list[Share]:
    titles = {mistake.id: mistake.title.en for mistake in (*catalogue(), *assignment.mistakes)}
    return [
        Share(name, titles.get(name, name), number, len(roll.scored)) for name, number in roll.mistakes.most_common()
    ]


def _by_score(roll: ClassSummary) -> list[Entry]:
    """The students of the heat map, from left to right."""
    return sorted(roll.scored, key=lambda entry: (-entry.credited, entry.student.casefold()))


def _rates(roll: ClassSummary) -> list[Rate]:
    """The checks that ran for anybody, those that the fewest pass first."""
    ran = (
        Rate(name, outcomes["passed"], sum(outcomes.values()) - outcomes["error"])
        for name, outcomes in roll.checks.items()
    )
    return sorted((rate for rate in ran if rate.of), key=lambda rate: rate.percent)


def _bits(true: Iterable[bool]) -> str:
    """Which of a list are true, as the script of the page reads it: a number in base 16, the first the lowest bit."""
    return f"{sum(is_true << place for place, is_true in enumerate(true)):x}"
