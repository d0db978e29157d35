"""How a graded submission leaves a command: files, and an exit code."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from grader.errors import UsageError
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.format import Context


def exit_code(report: Report) -> int:
    """0 for full marks, 1 where some are missing, 3 where the grader failed."""
    if not report.gradable:
        return 3
    return 0 if report.earned == report.possible else 1


def context_of(submission: Path, language: Language) -> Context:
    """What formats need beside a report on a notebook or script, here and now."""
    from grader.submission.source import read_rows, read_source

    called, rows = os.path.relpath(submission), read_rows(submission)
    return Context(language, read_source(submission), os.environ, datetime.now(UTC), called, rows)


def write_text(text: str, file: str, option: str) -> None:
    """Write a text to the FILE of an option, in UTF-8; `-` is stdout, which then gets the same bytes."""
    if file == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
    else:
        write_bytes(text.encode(), file, option)


def write_bytes(content: bytes, file: str, option: str) -> None:
    """Write the FILE of an option, or of a command.

    Raises:
        UsageError: when it cannot be written.
    """
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", f"Give another FILE to {option}.") from None
