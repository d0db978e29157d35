"""What a report shows beside its sentences: shapes on their way, a tree of modules, where elements differ."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grader.models.message import Message
from grader.models.model import Model
from grader.models.observation import CleanName

Shape = Annotated[tuple[Annotated[int, Field(ge=0, le=10**12)], ...], Field(max_length=16)]
State = Literal["same", "missing", "other", "plain"]


class ShapeStep(Model):
    """What a layer or a function made of a tensor.

    Attributes:
        name: of the layer in its model, or of the function, with the whole numbers it was given.
        layer: the layer's own description; empty for a function or an input.
        takes: the shapes of the tensors it was given.
        gives: the shape of what it returned; None where it raised.
        wants: the size that a layer expects, of dimension `dim` of its input.
    """

    name: CleanName
    layer: CleanName = ""
    takes: Annotated[tuple[Shape, ...], Field(max_length=4)] = ()
    gives: Shape | None = None
    wants: Annotated[int, Field(ge=0, le=10**12)] | None = None
    dim: Annotated[int, Field(ge=-16, le=16)] = -1


class ShapeFigure(Model):
    """Where each shape came from: what happened to it up to the step that failed, which is the last.

    Attributes:
        sum: why these sizes do not fit.
    """

    kind: Literal["shapes"] = "shapes"
    steps: Annotated[tuple[ShapeStep, ...], Field(max_length=50)]
    sum: Message | None = None


class TreeNode(Model):
    """A place in a module: what is there, and what the failed check asks for.

    Attributes:
        path: dotted; empty for the module itself.
        observed: e.g. `Linear`, `parameter [4, 3]`; None where nothing is.
        expected: the same of the solution; None where the check does not ask for it.
        state: `plain` where it is an attribute that the module does not register.
    """

    path: CleanName
    observed: Message | None
    expected: Message | None
    state: State


class TreeFigure(Model):
    """What a module is made of, and what of it is not as a check asks for.

    Attributes:
        left_out: how many places are not shown.
    """

    kind: Literal["modules"] = "modules"
    nodes: tuple[TreeNode, ...]
    left_out: int = 0


class DifferenceFigure(Model):
    """Where the elements of a tensor differ.

    Attributes:
        rows: a digit for each cell, from 0, where elements are equal, to 4, where they differ most.
        shape: of the whole tensor.
        part: which part is shown, e.g. `[0, 2, :, :]`; empty where it is the whole.
        first: index of the first element that differs.
        each: how many elements of the two dimensions a cell stands for.
    """

    kind: Literal["differences"] = "differences"
    rows: tuple[str, ...]
    shape: Shape
    part: str = ""
    first: Shape
    each: tuple[int, int] = (1, 1)


Figure = Annotated[ShapeFigure | TreeFigure | DifferenceFigure, Field(discriminator="kind")]
