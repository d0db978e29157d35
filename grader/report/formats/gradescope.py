"""One submission's result as Gradescope reads it.

https://gradescope-autograders.readthedocs.io/en/latest/specs/ (results.json)
"""

from __future__ import annotations

from typing import Any

from grader.models.report import Report
from grader.models.wording import Language
from grader.report.format import Format
from grader.report.outline import full_name, summary, told, told_by_person


def render_gradescope(report: Report, language: Language) -> dict[str, Any]:
    """A test for each check, with its points, and one without any for what a person grades."""
    tests: list[dict[str, Any]] = [
        {
            "name": full_name(exercise, check, language),
            "number": f"{first}.{second}",
            "score": check.earned,
            "max_score": check.possible,
            "status": "passed" if check.outcome == "passed" else "failed",
            "output": told(check, language),
            "output_format": "text",
            "visibility": "visible",
            "tags": [exercise.id],
        }
        for first, exercise in enumerate(report.exercises, 1)
        for second, check in enumerate(exercise.checks, 1)
    ]
    tests += [
        {
            "name": language(exercise.title),
            "number": str(number),
            "output": told_by_person(exercise, language),
            "output_format": "text",
            "visibility": "visible",
            "tags": [exercise.id],
        }
        for number, exercise in enumerate(report.exercises, 1)
        if exercise.by_person
    ]
    return {
        "score": report.earned,
        "execution_time": round(sum(check.duration for e in report.exercises for check in e.checks), 2),
        "output": language(summary(report)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"grader": report.grader, "isolation": report.isolation, "sha256": report.submission.sha256},
        "tests": tests,
    }


FORMAT = Format(
    "gradescope", "Gradescope's results.json", lambda report, context: render_gradescope(report, context.language),
    platform=True, needs_score=True,
)  # fmt: skip
