"""What `module`, `parameters`, `buffers`, `children` and `docs` ask in common: what is it made of?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from grader.models.message import Message, say
from grader.requirements.compare import Failure
from grader.requirements.expressions import Call
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

    def structure(self, seed: int) -> Question:
        """Asks for the structure of the object."""
        return ask(observe_structure, seed, tree=self.object)

    @property
    def name(self) -> str:
        """The callable's name, for the names of checks: `RunningMean` of `RunningMean(4)`."""
        return self.object.split("(", 1)[0].strip()


def observe_structure(student: look.Student, tree: Any) -> Any:
    """What an object is made of: `look.structure`."""
    return look.structure(look.evaluate(student, tree))


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
        raise Failure(
            say("an object whose class inherits from nn.{base}", base=base),
            say("an object of {type}", type=seen["bases"][0]),
            say("Write `class {name}(nn.{base}):`.", name=seen["bases"][0].removeprefix("nn."), base=base),
        )
    if "parameters" not in seen:
        raise Failure(
            say("a module that was set up"),
            say("a {type} on which nn.Module's __init__ never ran", type=seen["bases"][0]),
            say("Call `super().__init__()` first in __init__."),
        )
    if f"nn.{base}" not in seen["bases"]:
        raise Failure(say("an nn.{base}", base=base), say("a {type}", type=seen["bases"][0]))
