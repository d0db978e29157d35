"""A class on one HTML page that needs nothing else: what went wrong on our side first, then how the class did."""

from __future__ import annotations

import base64
import hashlib
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from markupsafe import Markup

from grader.assignment.spec import Assignment, Exercise
from grader.diagnosis.catalogue import catalogue
from grader.report.class_summary import ClassSummary, Entry
from grader.report.formats.html import environment
from grader.report.outline import part_alone

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


def render_class(roll: ClassSummary, assignment: Assignment, link: Callable[[Entry], str | None]) -> str:
    """The page of a class.

    Args:
        link: where a student's own page is, from this one; None where there is none.
    """
    scored = roll.scored
    credited = [entry.credited for entry in scored]
    script = files("grader.report").joinpath("templates/class.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment().get_template("class.html.j2").render(
        title=assignment.title.en,
        assignment=assignment.id,
        selection=part_alone(roll.selection) if roll.selection else "",
        entries=sorted(roll.entries, key=lambda entry: (entry.state != "error", entry.student.casefold())),
        possible=roll.possible,
        scored=scored,
        faults=[entry for entry in roll.entries if entry.state == "error"],
        refused=[entry for entry in roll.entries if entry.state == "refused"],
        mean=statistics.fmean(credited) if credited else 0.0,
        median=statistics.median(credited) if credited else 0.0,
        full=sum(entry.credited == entry.possible for entry in scored),
        late=any(entry.late_days for entry in roll.entries),
        plots=_plots(roll, assignment) if credited else [],
        exercises=_exercises(roll, assignment),
        mistakes=_mistakes(roll, assignment),
        nobody=_checks(roll, lambda passed, of: passed == 0),
        everybody=_checks(roll, lambda passed, of: passed == of),
        slowest=sorted(roll.entries, key=lambda entry: -entry.seconds)[:MOST],
        link=link,
        most=MOST,
        script=Markup(script),
        digest=digest,
    )  # fmt: skip


def _plots(roll: ClassSummary, assignment: Assignment) -> list[tuple[str, Markup]]:
    from grader.report.plots import distribution, heat_map  # matplotlib takes long to import

    ordered = sorted(roll.scored, key=lambda entry: (-entry.credited, entry.student.casefold()))
    graded = _graded(roll, assignment)
    earned = np.array([[entry.exercises.get(one.id, np.nan) for entry in ordered] for one in graded])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = earned / np.array([roll.points[one.id] for one in graded])[:, None]
    titles = [one.title.en for one in graded]
    return [
        ("Scores", distribution([entry.credited for entry in ordered], roll.possible)),
        ("Exercises by students", heat_map(shares, [entry.student for entry in ordered], titles)),
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


def _checks(roll: ClassSummary, fits: Callable[[int, int], bool]) -> list[str]:
    """The checks whose number of students that pass fits, of those that ran for more than one."""
    ran: Iterable[tuple[str, int, int]] = (
        (name, outcomes["passed"], sum(outcomes.values()) - outcomes["error"]) for name, outcomes in roll.checks.items()
    )
    return [name for name, passed, of in ran if of > 1 and fits(passed, of)]
