"""What `module`, `parameters`, `buffers`, `children`, `docs` and `state_dict` ask in common: what is it made of?"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal

from grader.models.message import Message, say
from grader.requirements.compare import Failure
from grader.requirements.expressions import Call, Expression, compile_all
from grader.requirements.requirement import Question, Requirement, ask

if TYPE_CHECKING:
    from grader.guest import look

Dtype = Literal[
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
    "complex64",
    "complex128",
]


class ObjectRequirement(Requirement):
    """A requirement about an object.

    Attributes:
        object: how to make it, e.g. `RunningMean(4)`.
    """

    object: Call

    @property
    def name(self) -> str:
        """The callable's name, for the names of checks: `RunningMean` of `RunningMean(4)`."""
        return self.object.split("(", 1)[0].strip()


class StructureRequirement(ObjectRequirement):
    """A requirement about what an object is made of.

    Attributes:
        inputs: what a lazy module is called with before its shapes are read; if None, what a requirement of the same
            exercise calls the object with.
    """

    inputs: tuple[Expression, ...] | None = None

    def structure(self, seed: int) -> Question:
        """Asks for the structure of the object."""
        return ask(observe_structure, seed, tree=self.object, trees=compile_inputs(self.inputs, seed))

    def called_with(self) -> tuple[str, ...] | None:
        """What the object is called with, as far as this requirement says it."""
        return self.inputs


def compile_inputs(inputs: tuple[str, ...] | None, seed: int) -> list[Any] | None:
    """The trees of what a lazy module is called with, if that is known."""
    return None if inputs is None else compile_all(inputs, seed)


def observe_structure(student: look.Student, tree: Any, trees: list[Any] | None) -> Any:
    """What an object is made of: `look.structure`; a lazy module is called with `trees` before."""
    subject = look.evaluate(student, tree)
    if trees is not None:
        look.settle(subject, lambda: [look.evaluate(student, part) for part in trees])
    return look.structure(subject)


def plain(kind: str) -> Message:
    """What a plain attribute is, as `look.structure` names it: `tensor`, `list of modules`, `dict of tensors`."""
    container, _, parts = kind.partition(" of ")
    if not parts:
        return say("tensor")
    if parts == "modules":
        return say("{container} of modules", container=container)
    return say("{container} of tensors", container=container)


def require_module(seen: dict[str, Any], base: str = "Module") -> None:
    """Fail where the object is no Module that was set up, or not of the base asked for.

    Raises:
        Failure: with what it is instead.
    """
    if not seen["module"]:
        name = seen["bases"][0]
        own = not hasattr(builtins, name)
        raise Failure(
            say("an object whose class inherits from nn.{base}", base=base),
            say("an object of {type}", type=name),
            say("Write `class {name}(nn.{base}):`.", name=name.removeprefix("nn."), base=base) if own else None,
        )
    if "parameters" not in seen:
        raise Failure(
            say("a module that was set up"),
            say("a {type} on which nn.Module's __init__ never ran", type=seen["bases"][0]),
            say("Call `super().__init__()` first in __init__."),
        )
    if f"nn.{base}" not in seen["bases"]:
        raise Failure(say("an nn.{base}", base=base), say("a {type}", type=seen["bases"][0]))
