"""Failures as commands to the runner of GitHub Actions, which shows each at its line of the file handed in.

Their form: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from grader.models.report import Report
from grader.report.format import Context, Format
from grader.report.outline import findings, full_name, told, worst_first

MOST = 10
"""GitHub shows no more errors of one step."""


def render_annotations(report: Report, context: Context) -> str:
    """A line for each finding, the exercises with failures first."""
    found = [one for exercise in worst_first(report) for one in findings(exercise) if one.first.outcome == "failed"]
    lines = []
    for one in found[:MOST]:
        cell, line = one.at
        row = context.file_line(cell, line)
        place = {"file": context.file} | ({"line": str(row)} if row else {})
        place["title"] = full_name(one.exercise, one.first, context.language)
        properties = ",".join(f"{name}={_property(text)}" for name, text in place.items())
        lines.append(f"::error {properties}::{_escaped(told(one.first, context.language))}\n")
    return "".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


FORMAT = Format("annotations", "failures for GitHub's runner, at file and line", render_annotations)
