"""One submission's result as platforms that run a grader read it.

Forms, and where they are described:
    gradescope     https://gradescope-autograders.readthedocs.io/en/latest/specs/ (results.json)
    prairielearn   https://docs.prairielearn.com/externalGrading/ (results.json)
    classroom50    https://github.com/foundation50/classroom50/wiki/Advanced-Autograding (result.json)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from grader.errors import GraderError, UsageError
from grader.models.message import clean
from grader.models.report import CheckResult, ExerciseResult, Report
from grader.models.wording import ENGLISH, Language
from grader.report.outline import explained, name_of, remarks, total

Form = Literal["gradescope", "prairielearn", "classroom50"]
FORMS: tuple[Form, ...] = get_args(Form)

_GITHUB = {
    "classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG", "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
}  # fmt: skip
"""Fields of Classroom 50 and the variables its runner gives them in."""


def render_results(
    report: Report, form: Form, environment: Mapping[str, str], now: datetime, language: Language = ENGLISH
) -> dict[str, Any]:
    """The result as plain data, to be written as JSON.

    Args:
        environment: the variables that a platform's runner sets.
        now: the time to give where a platform asks for one.

    Raises:
        GraderError: when there is no score, and the form cannot say so: none is better than a wrong one.
        UsageError: when the runner's variables are missing.
    """
    if form == "prairielearn":
        return _prairielearn(report, language)
    if not report.gradable:
        raise GraderError(str(total(report)), "No result is written, so that nobody gets a score by our fault.")
    return _gradescope(report, language) if form == "gradescope" else _classroom50(report, environment, now, language)


def _gradescope(report: Report, language: Language) -> dict[str, Any]:
    tests = [
        {
            "name": _title(exercise, check, language),
            "number": f"{first}.{second}",
            "score": check.earned,
            "max_score": check.possible,
            "status": "passed" if check.outcome == "passed" else "failed",
            "output": _told(check, language),
            "output_format": "text",
            "visibility": "visible",
            "tags": [exercise.id],
        }
        for first, exercise in enumerate(report.exercises, 1)
        for second, check in enumerate(exercise.checks, 1)
    ]
    return {
        "score": report.earned,
        "execution_time": round(sum(check.duration for e in report.exercises for check in e.checks), 2),
        "output": _summary(report, language),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"grader": report.grader, "isolation": report.isolation, "sha256": report.submission.sha256},
        "tests": tests,
    }


def _prairielearn(report: Report, language: Language) -> dict[str, Any]:
    said = _summary(report, language)
    if not report.gradable:
        return {"gradable": False, "format_errors": [said], "message": said}
    return {
        "gradable": True,
        "score": report.earned / report.possible if report.possible else 0.0,
        "message": said,
        "tests": [
            {
                "name": _title(exercise, check, language),
                "description": "" if check.hidden else clean(language(check.called)),
                "points": check.earned,
                "max_points": check.possible,
                "message": "",
                "output": _told(check, language),
                "images": [],
            }
            for exercise in report.exercises
            for check in exercise.checks
        ],
    }


def _classroom50(report: Report, environment: Mapping[str, str], now: datetime, language: Language) -> dict[str, Any]:
    missing = [name for name in _GITHUB.values() if name not in environment]
    if missing:
        raise UsageError(f"{', '.join(missing)}: not set.", "This form is for a Classroom 50 runner, which sets them.")
    checks = [(exercise, check) for exercise in report.exercises for check in exercise.checks]
    # Its scores are whole numbers; where an assignment's are not, they are given in hundredths, for all of the class.
    scale = 1 if all(check.possible.is_integer() for _, check in checks) else 100
    tests = [
        {
            "test-name": check.id,
            "passed": check.outcome == "passed",
            "score": round(check.earned * scale),
            "max-score": round(check.possible * scale),
            "output": _told(check, language),
        }
        for _, check in checks
    ]
    return {
        "schema": "classroom50/result/v1",
        **{field: environment[name] for field, name in _GITHUB.items()},
        "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
        "datetime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(round(check.earned * scale) for _, check in checks),
        "max-score": sum(round(check.possible * scale) for _, check in checks),
        "tests": tests,
    }


def _summary(report: Report, language: Language) -> str:
    return "\n".join(language(said) for said in (total(report), *remarks(report)))


def _title(exercise: ExerciseResult, check: CheckResult, language: Language) -> str:
    return clean(f"{language(exercise.title)}: {name_of(check)}")


def _told(check: CheckResult, language: Language) -> str:
    """All that is said of a check, as lines; nothing where it passed."""
    rows = explained(check, language) if check.outcome != "passed" else []
    return clean("\n".join(f"{label}: {text}" if label else text for _, label, text in rows))
