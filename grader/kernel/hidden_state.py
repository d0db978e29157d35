"""Faults that a kernel's state hides: names that are there since cells once ran that say something else now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from grader.kernel.runs import Run
from grader.models.message import Message, say
from grader.models.observation import Raised
from grader.models.report import Report
from grader.submission.bindings import bound_names

_NAME = re.compile(r"name '(\w+)' is not defined")


def hidden_faults(
    report: Report, texts: Mapping[int, str], runs: Sequence[Run], names: Collection[str]
) -> list[Message]:
    """What the notebook misses and the kernel has.

    Args:
        texts: of the notebook's cells, by number.
        runs: what ran in the kernel, in order.
        names: what the kernel has.
    """
    there = set(names)
    said: dict[str, Message] = {}
    for name, number in _missed(report):
        if name in there and name not in said and (message := _hidden(name, number, texts, runs)):
            said[name] = message
    return list(said.values())


def _missed(report: Report) -> Iterator[tuple[str, int | None]]:
    """Names that were not defined, each with the cell that wanted it, where that is known."""
    raised = [(cell.raised, cell.number) for cell in report.cells if cell.raised]
    checks = [check for exercise in report.exercises for check in exercise.checks if not check.hidden]
    raised += [(check.raised, check.cell) for check in checks if check.raised]
    for error, number in raised:
        if name := _not_defined(error):
            yield name, number
    for check in checks:
        if check.expected and check.expected.template == "`{name}` is defined":
            yield str(check.expected.params["name"]), None


def _not_defined(error: Raised) -> str | None:
    found = _NAME.search(error.message) if "NameError" in error.bases else None
    return found[1] if found else None


def _hidden(name: str, wanted: int | None, texts: Mapping[int, str], runs: Sequence[Run]) -> Message | None:
    """Why the kernel has a name that the notebook misses."""
    if now := [number for number, text in texts.items() if name in bound_names(text)]:
        if wanted is None or now[0] <= wanted:
            return None
        return say(
            "The kernel has `{name}`, since you ran cell {defines} first; cell {number}, which needs it, stands above.",
            name=name, defines=now[0], number=wanted,
        )  # fmt: skip
    if run := next((run for run in reversed(runs) if name in bound_names(run.text)), None):
        return say(
            "The kernel has `{name}` from In [{number}], but no cell defines it now: that one was changed or deleted.",
            name=name, number=run.number,
        )  # fmt: skip
    return None
