"""What a batch left in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grader.batch.gradebook import Gradebook, Row
from grader.models.policy import Policy


def rows(out: Path, policy: Policy = Policy(), assignment: str = "quiz") -> dict[str, Row]:  # noqa: B008 (it is frozen)
    """What counts for each student."""
    with Gradebook(out / "gradebook.sqlite", assignment) as book:
        return {row.student: row for row in book.rows(policy)}


def events(out: Path) -> list[dict[str, Any]]:
    """The diary."""
    return [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines() if line]


def timeless(report: Any) -> Any:
    """A report, or a part of one, but for times."""
    if isinstance(report, dict):
        return {key: timeless(part) for key, part in report.items() if key not in ("duration", "seconds")}
    return [timeless(part) for part in report] if isinstance(report, list) else report


def results(out: Path, assignment: str = "quiz") -> dict[str, str]:
    """Every student's report, but for times."""
    found = {}
    for name, row in rows(out, assignment=assignment).items():
        report = row.attempt.read_report()
        assert report is not None, row.attempt.reason
        found[name] = json.dumps(timeless(report.model_dump(mode="json")), sort_keys=True)
    return found
