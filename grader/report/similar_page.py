"""Pairs of submissions with much in common, side by side on one HTML page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.report.formats.html import environment

if TYPE_CHECKING:
    from grader.batch.similar import Code, Compared

SHOWN = 100
"""Pairs that are shown side by side."""
AROUND = 2
"""Lines that are shown before and after those in common."""


def render_similar(title: str, compared: Compared) -> str:
    """The page."""
    return environment().get_template("similar.html.j2").render(title=title, compared=compared, shown=SHOWN, part=_part)


def _part(code: Code, marked: frozenset[int]) -> list[tuple[int, str, bool] | None]:
    """The lines to show: their numbers, texts, and whether they are in common; None where some are left out."""
    near = sorted({row + step for row in marked for step in range(-AROUND, AROUND + 1)} & set(range(len(code.lines))))
    shown: list[tuple[int, str, bool] | None] = []
    for before, row in zip([-1, *near], near, strict=False):
        if row > before + 1:
            shown.append(None)
        shown.append((row + 1, code.lines[row], row in marked))
    return shown
