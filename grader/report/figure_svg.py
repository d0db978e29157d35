"""Figures as pictures (SVG) in a page, whose style sheet has their colours."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from grader.models.figure import DifferenceFigure, Figure, ShapeFigure, TreeFigure
from grader.models.figure_text import depth, figure_text, leaf, node_parts, shape_text
from grader.models.wording import Language

WIDTH = 360
CHARACTER = 6.7
"""About as wide as a character of the smaller text is."""


def figure_svg(figure: Figure, language: Language) -> Markup:
    """A figure as a picture; who cannot see it hears its text."""
    match figure:
        case ShapeFigure():
            height, parts = _shapes(figure)
        case TreeFigure():
            height, parts = _tree(figure, language)
        case _:
            height, parts = _map(figure)
    text, size = figure_text(figure, language), (WIDTH, height)
    head = '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">'
    return Markup(head).format(text, *size, *size) + Markup("").join(parts) + Markup("</svg>")


def _text(x: float, y: float, text: str, style: str = "", width: float = WIDTH) -> Markup:
    """A text that is cut where it would leave the picture; pointing at it shows the whole."""
    room = max(int((width - x) / CHARACTER), 1)
    shown = text if len(text) <= room else text[: room - 1] + "…"
    return Markup('<text x="{}" y="{}" class="{}"><title>{}</title>{}</text>').format(x, y, style, text, shown)


def _shapes(figure: ShapeFigure) -> tuple[float, list[Markup]]:
    """Boxes for layers and functions, and on the arrows between them the shapes."""
    parts: list[Markup] = []
    y = 0.0
    for number, step in enumerate(figure.steps):
        failed = step.gives is None
        if step.layer or step.takes:
            height = 40 if step.layer else 24
            style = "box failed" if failed else "box"
            parts.append(
                Markup('<rect x="1" y="{}" width="{}" height="{}" rx="6" class="{}"/>').format(
                    y + 1, WIDTH - 2, height, style
                )
            )
            parts.append(_text(12, y + 17, f"✗ {step.name}" if failed else step.name, "name"))
            if step.layer:
                parts.append(_text(12, y + 33, step.layer, "small", WIDTH - 8))
            y += height + 2
            shape = shape_text(step)
        else:
            shape = f"{step.name}  {shape_text(step)}"
        if not failed and number + 1 < len(figure.steps):
            parts.append(Markup('<path d="M24 {} v18 m-4 -6 l4 6 l4 -6" class="arrow"/>').format(y + 2))
            parts.append(_text(38, y + 15, shape, "shape"))
            y += 22
    return y + 2, parts


def _tree(figure: TreeFigure, language: Language) -> tuple[float, list[Markup]]:
    """A line for each place, and lines from a module down to what is in it."""
    parts: list[Markup] = []
    y = 0.0
    below: dict[int, float] = {}
    for node in figure.nodes:
        deep, good = depth(node), node.state == "same"
        x = 8 + 18 * deep
        if deep:
            parts.append(Markup('<path d="M{} {} V{} h10" class="arrow"/>').format(x - 12, below[deep - 1], y + 11))
        name = leaf(node) if good else f"✗ {leaf(node)}"
        style = "" if good else " bad"
        parts.append(_text(x, y + 15, name, "name" + style))
        beside = x + len(name) * 8.2 + 10 if name else x
        for said in node_parts(node):
            parts.append(_text(beside, y + 15, language(said), "small" + style))
            y += 16
        y += 5
        below[deep] = y
    return y, parts


def _map(figure: DifferenceFigure) -> tuple[float, list[Markup]]:
    """A square for each cell, the darker the more its elements differ; a ring around the first one that does."""
    columns = max(map(len, figure.rows))
    side = min(18.0, (WIDTH - 2) / columns)
    first = figure.first if len(figure.first) > 1 else (0, *figure.first)
    ring = first[-2] // figure.each[0], first[-1] // figure.each[1]
    return side * len(figure.rows) + 2, list(_cells(figure, side, ring))


def _cells(figure: DifferenceFigure, side: float, ring: tuple[int, int]) -> Iterator[Markup]:
    square = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"/>')
    for y, row in enumerate(figure.rows):
        for x, level in enumerate(row):
            yield square.format(1 + x * side, 1 + y * side, side - 1, side - 1, f"level{level}")
    yield square.format(1 + ring[1] * side, 1 + ring[0] * side, side - 1, side - 1, "ring")
