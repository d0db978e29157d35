"""The plots of a class, as SVG that takes its colours from the page it stands in."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_INK = "#010203"
"""Stands for the page's own colour of text."""
_SHARE = LinearSegmentedColormap.from_list("share", ["#b5432f", "#e6bd62", "#2f7f86"])
"""None, half, and all of the points; apart from each other for every eye."""
NAMED, LONGEST = 60, 30
"""Most students whose names fit under a heat map, and characters of the longest. Elsewhere, none is named there."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10,
    "text.parse_math": False, "text.color": _INK, "axes.edgecolor": _INK, "axes.labelcolor": _INK, "xtick.color": _INK,
    "ytick.color": _INK, "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def distribution(scores: Sequence[float], possible: float) -> Markup:
    """How many students have how many points, with the median."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 2.6), layout="constrained")
        axes = figure.add_subplot()
        bins = [(possible or 1) * step / 20 for step in range(21)]
        axes.hist(scores, bins=bins, color="#3b7dd8", rwidth=0.92)
        middle = float(np.median(scores))
        axes.axvline(middle, color="#e08a1e", linewidth=2)
        axes.annotate("median", (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                      textcoords="offset points", ha="center", va="bottom", color="#e08a1e")  # fmt: skip
        axes.set(xlabel="points", ylabel="students", xlim=(0, possible or 1))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, "Distribution of the scores", axes, f'data-bars="20" data-most="{possible or 1}"')


def timeline(times: Sequence[datetime], due: datetime | None) -> Markup:
    """How many submissions came when, with the due date."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 2.2), layout="constrained")
        axes = figure.add_subplot()
        zone = due.tzinfo if due else UTC
        axes.hist([date2num(time) for time in times], bins=40, color="#3b7dd8", rwidth=0.92)
        if due is not None:
            axes.axvline(float(date2num(due)), color="#e08a1e", linewidth=2)
            axes.annotate("due", (float(date2num(due)), 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                          textcoords="offset points", ha="center", va="bottom", color="#e08a1e")  # fmt: skip
        axes.xaxis_date(zone)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator(), tz=zone))
        axes.set(ylabel="submissions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        return _svg(figure, "Submissions by the time they came", axes)


def heat_map(shares: np.ndarray, students: Sequence[str], exercises: Sequence[str]) -> Markup:
    """Each exercise's share of its points, for each student.

    Args:
        shares: a row for each exercise, a column for each student; NaN where there is no score.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 1.2 + 0.24 * len(exercises)), layout="constrained")
        axes = figure.add_subplot()
        image = axes.imshow(shares, aspect="auto", interpolation="nearest", cmap=_SHARE, vmin=0, vmax=1)
        axes.set_yticks(range(len(exercises)), exercises)
        if len(students) <= NAMED and max(map(len, students)) <= LONGEST:
            axes.set_xticks(range(len(students)), students, rotation=90 if len(students) > 8 else 0)
        else:
            axes.set_xlabel(f"{len(students)} students, by score")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels(["0", "half", "all"])
        bar.outline.set_visible(False)
        return _svg(figure, "Exercises by students", axes, f'data-columns="{len(students)}"')


def _svg(figure: Figure, title: str, plot: Axes, data: str = "") -> Markup:
    """A figure as an element of a page.

    Args:
        plot: the axes where a click means something: `data-box` says where they are, in shares of the whole.
        data: attributes that say what it means; nothing does if empty.
    """
    figure.patch.set_visible(False)
    for axes in figure.axes:
        axes.patch.set_visible(False)
    written = StringIO()
    with warnings.catch_warnings(), mpl.rc_context({"svg.hashsalt": title}):  # no id is twice on a page
        warnings.simplefilter("ignore")  # glyphs that are not in the font that measures them
        figure.savefig(written, format="svg", metadata={"Date": None})
    element = written.getvalue().partition("<svg")[2].replace(_INK, "currentColor")
    element = re.sub(r' (width|height)="[\d.]+pt"', "", element, count=2)
    element = re.sub(r'<g id="[^"]*"', "<g", element)
    box = plot.get_position()
    place = f"{box.x0:.4f} {1 - box.y1:.4f} {box.x1:.4f} {1 - box.y0:.4f}"
    means = f' data-box="{place}" {data}' if data else ""
    return Markup(f'<svg role="img" aria-label="{title}"{means}{element}')
