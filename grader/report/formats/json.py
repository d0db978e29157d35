"""The whole report as JSON; its schema is `grader/schemas/report.schema.json`."""

from __future__ import annotations

from grader.report.format import Format

FORMAT = Format("json", "the whole report", lambda report, _: report.model_dump_json(indent=2) + "\n")
