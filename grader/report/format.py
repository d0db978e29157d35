"""The formats that a report on one submission is written in: each is a file in `formats/`, found by being there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from grader.errors import GraderError
from grader.models.report import Report
from grader.models.wording import Language
from grader.registry import modules_in
from grader.report import formats as folder
from grader.report.outline import total

if TYPE_CHECKING:
    from grader.submission.source import SourceCell


@dataclass(frozen=True)
class Context:
    """What a format may need beside the report.

    Attributes:
        source: the cells as they were handed in.
        environment: the variables that a platform's runner sets.
        now: the time to give where a platform asks for one.
        file: the notebook or script, as it is called from where the command was given.
        rows: of a notebook: for each cell, by number, the line of the file that each of its lines is in.
    """

    language: Language
    source: Sequence[SourceCell]
    environment: Mapping[str, str]
    now: datetime
    file: str
    rows: Mapping[int, Sequence[int]]

    def file_line(self, cell: int | None, line: int | None) -> int | None:
        """The line of the file that a line of a cell is in, or of a script; None where it is not known."""
        if cell is None or line is None:
            return line
        rows = self.rows.get(cell, ())
        return rows[line - 1] if 0 < line <= len(rows) else None


@dataclass(frozen=True)
class Format:
    """How a report is written. A file in `formats/` has one, as `FORMAT`.

    Attributes:
        name: its option is `--NAME FILE`; a platform's results are `--json FILE --format NAME`.
        about: what it is, as the help says it.
        render: gives a text, or plain data to be written as JSON. Pure.
        platform: whether a platform reads it from its runner.
        needs_score: whether it cannot say that there is none. Nothing is written then: better than a wrong one.
    """

    name: str
    about: str
    render: Callable[[Report, Context], str | dict[str, Any]]
    platform: bool = False
    needs_score: bool = False

    def text(self, report: Report, context: Context) -> str:
        """What is written.

        Raises:
            GraderError: when there is no score, and one is needed.
        """
        if self.needs_score and not report.gradable:
            raise GraderError(str(total(report)), "No result is written, so that nobody gets a score by our fault.")
        made = self.render(report, context)
        return made if isinstance(made, str) else json.dumps(made, indent=2, ensure_ascii=False) + "\n"


@cache
def formats() -> dict[str, Format]:
    """Every format, by its name."""
    return {module.FORMAT.name: module.FORMAT for module in modules_in(folder)}
