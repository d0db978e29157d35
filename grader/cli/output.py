"""Where commands write their reports."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import SubmissionError
from grader.models.model import Model
from grader.models.report import Report
from grader.models.wording import Language

if TYPE_CHECKING:
    from grader.report.result_forms import Form


def write_json(report: Model, file: str) -> None:
    """Write a report as JSON; `-` is stdout."""
    write_text(report.model_dump_json(indent=2) + "\n", file, "--json")


def write_text(text: str, file: str, option: str) -> None:
    """Write a text to the FILE of an option; `-` is stdout."""
    if file == "-":
        sys.stdout.write(text)
    else:
        write_bytes(text.encode(), file, option)


def write_bytes(content: bytes, file: str, option: str) -> None:
    """Write the FILE of an option.

    Raises:
        SubmissionError: when it cannot be written.
    """
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        advice = f"Give another FILE to {option}."
        raise SubmissionError(f"{file} cannot be written: {error.strerror}.", advice) from None


@dataclass(frozen=True)
class Files:
    """The files a report on one submission is written to; None where that form is not wanted.

    Attributes:
        form: a platform's, in the place of the grader's own JSON.
    """

    json: str | None = None
    form: Form | None = None
    html: str | None = None
    markdown: str | None = None
    junit: str | None = None

    @property
    def take_stdout(self) -> bool:
        return "-" in (self.json, self.html, self.markdown, self.junit)


def write_report(report: Report, submission: Path, files: Files, language: Language) -> None:
    """Write a report in the forms that are wanted; what makes them is imported only then."""
    if files.json and files.form:
        from grader.report.result_forms import render_results

        results = render_results(report, files.form, os.environ, datetime.now(UTC), language)
        write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", files.json, "--json")
    elif files.json:
        write_json(report, files.json)
    if files.html:
        from grader.report.html import render_page
        from grader.submission.source import read_source

        write_text(render_page(report, read_source(submission), language), files.html, "--html")
    if files.markdown:
        from grader.report.markdown import render_markdown

        write_text(render_markdown(report, language), files.markdown, "--markdown")
    if files.junit:
        from grader.report.junit import render_junit

        write_text(render_junit(report, language), files.junit, "--junit")
