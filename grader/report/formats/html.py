"""A student's report as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from grader.models.figure_text import DRAWN, caption
from grader.models.message import say
from grader.models.observation import CellRun
from grader.models.report import Outcome, Report, Status
from grader.models.wording import ENGLISH, Language, place
from grader.report.figure_svg import figure_svg
from grader.report.format import Format
from grader.report.outline import (
    MARKS,
    STATUS,
    UNTOUCHED,
    Finding,
    basis,
    by_person,
    explained,
    findings,
    name_of,
    points,
    remarks,
    score,
    total,
    traceback,
    troubles,
    worst_first,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from grader.report.standing import Standing
    from grader.submission.source import SourceCell

_TONE: dict[Status, str] = {
    "full": "good", "partial": "some", "none": "bad", "not started": "soft", "not answered": "soft",
    "to be judged": "open", "error": "ours",
}  # fmt: skip
_OUTCOME_TONE: dict[Outcome, str] = {"failed": "bad", "skipped": "some", "error": "ours", "passed": "good"}
"""Colours of the style sheet, by what they stand for."""
MAX_OUTPUT = 20_000
"""Characters of what a cell printed that are shown."""


@dataclass(frozen=True)
class ShownCell:
    """A cell with all that is said of it.

    Attributes:
        place: of the cell, as a person names it.
        finds: each finding with the anchor where it is told.
    """

    anchor: str
    place: str
    code: bool
    body: Markup
    finds: tuple[tuple[str, Finding], ...]
    troubles: tuple[str, ...]
    traceback: str
    printed: str
    more: bool


@cache
def environment() -> Environment:
    """Templates that escape all they are given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # as nbconvert below: only a page needs it

    made = Environment(
        loader=PackageLoader("grader.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters["prose"] = prose
    made.globals |= {
        "points": points, "score": score, "marks": MARKS, "status_marks": STATUS, "name_of": name_of, "tone": _TONE,
        "outcome_tone": _OUTCOME_TONE,
    }  # fmt: skip
    return made


def prose(text: str) -> Markup:
    """A sentence of ours, escaped; what stands between backticks is code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


def render_page(
    report: Report,
    source: Sequence[SourceCell] = (),
    language: Language = ENGLISH,
    standing: Standing | None = None,
) -> str:
    """The page of one submission: failures first, then the notebook with each finding beside its cell.

    Args:
        source: the cells as they were handed in; without them, the page has no notebook.
        standing: what the gradebook of a class says of it.
    """
    counts = report if standing is None else report.model_copy(update={"earned": standing.credited})
    noted = standing.remarks if standing else ()
    told = told_in_page(report, source, language)
    return environment().get_template("student.html.j2").render(
        told,
        counts=counts,
        standing=[language(line) for line in standing.lines] if standing else [],
        timeline=[(language(line), chosen) for line, chosen in standing.timeline] if standing else [],
        total=language(total(counts)),
        remarks=[language(remark) for remark in (*noted, basis(report), *remarks(report))],
        untouched={status: language(said) for status, said in UNTOUCHED.items()},
        troubled=[] if told["cells"] else troubled(report, language),
    )  # fmt: skip


def troubled(report: Report, language: Language) -> list[tuple[list[str], str]]:
    """What is to be said of cells, and the traceback of each that raised."""
    return [
        ([language(said) for said in troubles(cell)], traceback(cell.raised, language) if cell.raised else "")
        for cell in report.cells
        if troubles(cell)
    ]


def told_in_page(report: Report, source: Sequence[SourceCell], language: Language) -> dict[str, Any]:
    """What the templates of exercises and cells need."""
    begun = worst_first(report)
    anchors = {
        f"finding-{exercise.id}-{number}": finding
        for exercise in begun
        for number, finding in enumerate(findings(exercise), 1)
    }
    cells = _shown(report, source, anchors, language)
    comments = {one.id: one.by_person.comment for one in begun if one.by_person}
    return {
        "report": report,
        "code": language.code,
        "say": language,
        "words": _words(language),
        "begun": begun,
        "persons": {one.id: [language(line) for line in by_person(one)] for one in begun if one.by_person},
        "comments": {name: _markdown(comment) for name, comment in comments.items() if comment},
        "whole": _markdown(report.comment) if report.comment else "",
        "anchors": anchors,
        "cells": cells,
        "targets": {anchor: cell.anchor for cell in cells for anchor, _ in cell.finds},
        "rows": lambda check: explained(check, language),
        "picture": lambda figure: figure_svg(figure, language),
        "caption": lambda figure: language(caption(figure)),
        "drawn": DRAWN,
        "traceback": lambda check: traceback(check.raised, language) if check.raised and not check.hidden else "",
        "where": lambda finding: language(finding.where),
        "passes": lambda number: language(
            say("1 check passes") if number == 1 else say("{number} checks pass", number=number)
        ),
        "more": lambda number: language(
            say("1 more check fails for the same reason")
            if number == 1
            else say("{number} more checks fail for the same reason", number=number)
        ),
    }


def _markdown(text: str) -> Markup:
    from grader.report.notebook import markdown  # nbconvert takes long to import

    return markdown(text)


def _code(cell: SourceCell, marked: tuple[int, ...]) -> Markup:
    from grader.report.notebook import code

    return code(cell.text, cell.line, marked)


def _words(language: Language) -> dict[str, str]:
    """The page's own texts."""
    said = {
        "exercises": say("Exercises"),
        "comment": say("Comment"),
        "findings": say("What to look at"),
        "nothing": say("Every check passes."),
        "notebook": say("Your notebook"),
        "cells": say("Cells"),
        "submissions": say("Submissions"),
        "counts": say("this one counts"),
        "printed": say("printed:"),
        "more": say("There is more in the file, which is too long to be shown here."),
        "hidden": say("hidden check"),
        "traceback": say("traceback"),
    }
    return {name: language(message) for name, message in said.items()}


def _shown(
    report: Report, source: Sequence[SourceCell], anchors: dict[str, Finding], language: Language
) -> list[ShownCell]:
    """The cells, each with what was found in it, and what it printed while it was graded."""
    runs = runs_of(report, source)
    found: dict[int, list[tuple[str, Finding]]] = {}
    for anchor, finding in anchors.items():
        position = _position(finding, source, runs)
        if position is not None:
            found.setdefault(position, []).append((anchor, finding))
    shown = []
    for position, cell in enumerate(source):
        run = runs.get(position)
        said = tuple(language(one) for one in troubles(run)) if run else ()
        finds = tuple(found.get(position, ()))
        if not cell.text.strip() and not finds and not said and not cell.more:
            continue
        lines = {finding.at[1] for _, finding in finds if finding.at[1] is not None}
        body = _code(cell, tuple(sorted(lines))) if cell.code else _markdown(cell.text)
        first = None if cell.number or cell.line == 1 else cell.line
        named = place(cell.number, first, run.prompt if run else None)
        shown.append(
            ShownCell(
                f"cell-{position}",
                language(named),
                cell.code,
                body,
                finds,
                said,
                traceback(run.raised, language) if run and run.raised else "",
                run.output.rstrip()[:MAX_OUTPUT] if run else "",
                cell.more,
            )
        )
    return shown


def runs_of(report: Report, source: Sequence[SourceCell]) -> dict[int, CellRun]:
    """What happened in each cell, by its position: by number in a notebook, by order in a script."""
    positions = [position for position, cell in enumerate(source) if cell.code]
    if any(source[position].number for position in positions):
        by_number = {run.number: run for run in report.cells}
        return {p: by_number[source[p].number] for p in positions if source[p].number in by_number}
    return dict(zip(positions, report.cells, strict=True)) if len(positions) == len(report.cells) else {}


def _position(finding: Finding, source: Sequence[SourceCell], runs: dict[int, CellRun]) -> int | None:
    """The cell a finding belongs to: where it was made, else the last of its exercise."""
    number, line = finding.at
    if number is not None:
        return next((position for position, cell in enumerate(source) if cell.number == number), None)
    own = [position for position, run in runs.items() if finding.exercise.id in run.exercises]
    if line is not None:
        before = [p for p, cell in enumerate(source) if cell.code and cell.number is None and cell.line <= line]
        return before[-1] if before else None
    return own[-1] if own else None


FORMAT = Format("html", "a page", lambda report, context: render_page(report, context.source, context.language))
