"""One submission's result as Classroom 50 reads it.

https://github.com/foundation50/classroom50/wiki/Advanced-Autograding (result.json)
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from grader.errors import UsageError
from grader.models.report import Report
from grader.report.format import Context, Format
from grader.report.outline import told, told_by_person

_GITHUB = {
    "classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG", "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
}  # fmt: skip
"""Fields of Classroom 50 and the variables its runner gives them in."""


def render_classroom50(report: Report, context: Context) -> dict[str, Any]:
    """Points as whole numbers, and a test for each check.

    Raises:
        UsageError: when the runner's variables are missing.
    """
    environment = context.environment
    missing = [name for name in _GITHUB.values() if name not in environment]
    if missing:
        raise UsageError(f"{', '.join(missing)}: not set.", "This form is for a Classroom 50 runner, which sets them.")
    checks = [check for exercise in report.exercises for check in exercise.checks]
    # Its scores are whole numbers; where an assignment's are not, they are given in hundredths, for all of the class.
    scale = 1 if all(check.possible.is_integer() for check in checks) else 100
    tests = [
        {
            "test-name": check.id,
            "passed": check.outcome == "passed",
            "score": round(check.earned * scale),
            "max-score": round(check.possible * scale),
            "output": told(check, context.language),
        }
        for check in checks
    ]
    tests += [
        {
            "test-name": exercise.id,
            "passed": not exercise.open,
            "score": 0,
            "max-score": 0,
            "output": told_by_person(exercise, context.language),
        }
        for exercise in report.exercises
        if exercise.by_person
    ]
    return {
        "schema": "classroom50/result/v1",
        **{field: environment[name] for field, name in _GITHUB.items()},
        "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
        "datetime": context.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(round(check.earned * scale) for check in checks),
        "max-score": sum(round(check.possible * scale) for check in checks),
        "tests": tests,
    }


FORMAT = Format("classroom50", "Classroom 50's result.json", render_classroom50, platform=True, needs_score=True)
