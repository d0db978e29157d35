"""One submission's result as PrairieLearn reads it from an external grader.

https://docs.prairielearn.com/externalGrading/ (results.json)
"""

from __future__ import annotations

from typing import Any

from grader.models.message import clean
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.format import Format
from grader.report.outline import full_name, summary, told, told_by_person


def render_prairielearn(report: Report, language: Language) -> dict[str, Any]:
    """The share of the points, and a test for each check; or that there is no score."""
    said = language(summary(report))
    if not report.gradable:
        return {"gradable": False, "format_errors": [said], "message": said}
    return {
        "gradable": True,
        "score": report.earned / report.possible if report.possible else 0.0,
        "message": said,
        "tests": [
            {
                "name": full_name(exercise, check, language),
                "description": "" if check.hidden else clean(language(check.called)),
                "points": check.earned,
                "max_points": check.possible,
                "message": "",
                "output": told(check, language),
                "images": [],
            }
            for exercise in report.exercises
            for check in exercise.checks
        ]
        + [
            {
                "name": language(exercise.title),
                "description": "",
                "message": "",
                "output": told_by_person(exercise, language),
                "images": [],
            }
            for exercise in report.exercises
            if exercise.by_person
        ],
    }


FORMAT = Format(
    "prairielearn", "PrairieLearn's results.json",
    lambda report, context: render_prairielearn(report, context.language), platform=True,
)  # fmt: skip
