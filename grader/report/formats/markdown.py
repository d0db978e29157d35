"""A student's report in Markdown, as GitHub shows it in a comment on a pull request or in a step's summary."""

from __future__ import annotations

import re

from grader.models.message import say
from grader.models.observation import CellRun
from grader.models.report import CheckResult, ExerciseResult, Report
from grader.models.wording import ENGLISH, Language
from grader.report.format import Format
from grader.report.outline import (
    MARKS,
    STATUS,
    UNTOUCHED,
    Finding,
    basis,
    explained,
    failed_line,
    findings,
    name_of,
    remarks,
    score,
    told_by_person,
    total,
    troubles,
    worst_first,
)

MAX_SIZE = 60_000
"""Bytes: a comment on GitHub holds 65,536 characters, a step's summary 1 MiB."""


def render_markdown(report: Report, language: Language = ENGLISH) -> str:
    """The report: a table of the exercises, then what failed, each folded; as much as fits."""
    head = [
        f"## {_text(language(report.assignment.title))}: {_text(language(total(report)))}",
        _code(report.submission.name),
    ]
    head += [_text(language(remark)) for remark in (basis(report), *remarks(report))]
    shown = "\n\n".join([*head, _table(report, language)]) + "\n"
    wanted = [one for one in worst_first(report) if findings(one) or one.by_person]
    sections = [_section(exercise, language) for exercise in wanted]
    cells = [_trouble(cell, language) for cell in report.cells if troubles(cell)]
    if cells:
        sections.append(_folded(f"! {language(say('Cells'))}", "\n".join(cells)))
    for number, section in enumerate(sections):
        if len((shown + section).encode()) > MAX_SIZE:
            count = len(sections) - number
            left = (
                say("1 more part does not fit here; the whole report has it.")
                if count == 1
                else say("{number} more parts do not fit here; the whole report has them.", number=count)
            )
            return f"{shown}\n{_text(language(left))}\n"
        shown += f"\n{section}\n"
    return shown


def _table(report: Report, language: Language) -> str:
    rows = [f"| | {language(say('Exercises'))} | |", "|---|---|--:|"]
    for part in report.exercises:
        title = _text(language(part.title)).replace("|", "\\|")
        untouched = f" ({language(UNTOUCHED[part.status])})" if part.status in UNTOUCHED else ""
        rows.append(f"| {STATUS[part.status]} | {title}{untouched} | {score(part)} |")
    return "\n".join(rows)


def _section(exercise: ExerciseResult, language: Language) -> str:
    notes = [_text(language(note)) for note in exercise.notes]
    told = ["\n".join(f"- {_text(line)}" for line in told_by_person(exercise, language).splitlines())]
    told += [_finding(finding, language) for finding in findings(exercise)]
    title = f"{STATUS[exercise.status]} {language(exercise.title)}: {score(exercise)}"
    return _folded(title, "\n\n".join([*notes, *told]))


def _finding(finding: Finding, language: Language) -> str:
    parts = []
    if finding.diagnosis:
        page = f" ({_code(finding.diagnosis.page)})" if finding.diagnosis.page else ""
        parts.append(f"**{_text(language(finding.diagnosis.text))}**{page}")
    where = language(finding.where)
    parts.append(_check(finding.first, language) + (f" · {where}" if where else ""))
    told = explained(finding.first, language)
    shown = [_row(label, text) for name, label, text in told if text and name not in ("mistake", "see", "where")]
    parts += ["\n".join(shown)] if shown else []
    if len(finding.checks) > 1:
        parts.append(", ".join(_check(check, language) for check in finding.checks[1:]))
    return "\n\n".join(parts)


def _check(check: CheckResult, language: Language) -> str:
    hidden = f" ({language(say('hidden check'))})" if check.hidden else ""
    return f"{MARKS[check.outcome]} {_code(name_of(check))}{hidden}"


def _trouble(cell: CellRun, language: Language) -> str:
    """What went wrong in a cell, and the line that raised."""
    said = "\n".join(f"- {_text(language(said))}" for said in troubles(cell))
    line = failed_line(cell.raised) if cell.raised else ""
    return f"{said}\n{_block(line)}" if line else said


def _row(label: str, text: str) -> str:
    """One part of a failure; a value of several lines stands in a block."""
    lead = f"- **{_text(label)}**" if label else "-"
    return f"{lead}\n{_block(text)}" if "\n" in text.strip() else f"{lead} {_text(text.strip())}"


def _block(text: str) -> str:
    """Lines as they are, in an item of a list."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    lines = text.rstrip().replace("@", "@\u2060").splitlines()
    return "\n".join(f"  {line}" for line in [fence + "text", *lines, fence])


def _folded(title: str, content: str) -> str:
    summary = title.replace("&", "&amp;").replace("<", "&lt;").replace("@", "@\u2060")
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _text(text: str) -> str:
    """A sentence that means nothing to Markdown, HTML, or a site that looks for @names; code in it stays code."""
    pieces = re.split(r"(`[^`]+`)", text.replace("\n", " "))
    pieces[::2] = [re.sub(r"([\\`*_\[\]<>&#$~|])", r"\\\1", p).replace("@", "@\u2060") for p in pieces[::2]]
    return "".join(pieces)


def _code(text: str) -> str:
    """A name as code, whatever is in it."""
    text = text.replace("\n", " ")
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


FORMAT = Format("markdown", "Markdown, for GitHub", lambda report, context: render_markdown(report, context.language))
