"""Figures as lines of text, for terminals, Markdown and whoever does not see the picture."""

from __future__ import annotations

from collections.abc import Callable

from grader.models.figure import DifferenceFigure, Figure, ShapeFigure, ShapeStep, TreeFigure, TreeNode
from grader.models.message import Message, Said, say

SHADES = "·░▒▓█"
"""From equal to what differs most."""
_MARKS = {"same": "·", "missing": "✗", "other": "✗", "plain": "✗"}

DRAWN = ("shapes", "modules", "differs")
"""The labels of figures' texts, which a page shows as pictures."""

Say = Callable[[Said], str]
"""Says a message in the reader's language."""


def figure_label(figure: Figure) -> Message:
    """What a figure shows, in a word."""
    match figure:
        case ShapeFigure():
            return say("shapes")
        case TreeFigure():
            return say("modules")
    return say("differs")


def figure_text(figure: Figure, language: Say) -> str:
    """A figure as lines of text, with its caption."""
    said = caption(figure)
    return "\n".join([*figure_lines(figure, language), *([language(said)] if said else [])])


def figure_lines(figure: Figure, language: Say) -> list[str]:
    """The lines of a figure, which are not to be folded."""
    match figure:
        case ShapeFigure():
            return _shapes(figure)
        case TreeFigure():
            return _tree(figure, language)
    legend = say("{equal} equal, {most} differs most", equal=SHADES[0], most=SHADES[-1])
    return [*("".join(SHADES[int(digit)] for digit in row) for row in figure.rows), language(legend)]


def _shapes(figure: ShapeFigure) -> list[str]:
    rows = [(step.name, shape_text(step), step.layer) for step in figure.steps]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [
        f"{name:{widths[0]}}  {shape:{widths[1]}}  {layer if len(layer) <= 60 else layer[:59] + '…'}".rstrip()
        for name, shape, layer in rows
    ]


def shape_text(step: ShapeStep) -> str:
    """`[4, 10]`, what a step gives; `✗` where it raised."""
    return "✗" if step.gives is None else str(list(step.gives))


def _tree(figure: TreeFigure, language: Say) -> list[str]:
    rows = [
        (node, f"{'  ' * depth(node)}{leaf(node)}", "; ".join(map(language, node_parts(node)))) for node in figure.nodes
    ]
    width = max(len(name) for _, name, _ in rows)
    return [f"{_MARKS[node.state]} {name:{width}}  {text}" if name else text for node, name, text in rows]


def depth(node: TreeNode) -> int:
    """How deep a place is in the tree; the module itself is at 0."""
    return node.path.count(".") + 1 if node.path else 0


def leaf(node: TreeNode) -> str:
    """The last part of its name."""
    return node.path.rpartition(".")[2]


def node_parts(node: TreeNode) -> list[Message]:
    """What is at a place, and what is asked for there, if that is something else."""
    here = node.observed or say("nothing")
    if node.state == "plain":
        here = say("{what}, not registered", what=here)
    if node.expected is None or node.state == "same":
        return [here]
    return [here, say("expected: {what}", what=node.expected)]


def caption(figure: Figure) -> Message | None:
    """What a picture of a figure does not say by itself."""
    match figure:
        case ShapeFigure():
            return figure.sum
        case TreeFigure():
            return _left_out(figure)
    return _first(figure)


def _left_out(figure: TreeFigure) -> Message | None:
    if not figure.left_out:
        return None
    if figure.left_out == 1:
        return say("1 more place is not shown")
    return say("{number} more places are not shown", number=figure.left_out)


def _first(figure: DifferenceFigure) -> Message:
    said = say("first at {place} of shape {shape}", place=str(list(figure.first)), shape=str(list(figure.shape)))
    if figure.part:
        said = say("{said}; shown is {part}", said=said, part=figure.part)
    if figure.each != (1, 1):
        rows, columns = figure.each
        said = say("{said}; each cell is {rows} x {columns} elements", said=said, rows=rows, columns=columns)
    return said
