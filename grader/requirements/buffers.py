"""`buffers`: tensors that belong to a module and are not trained."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.models.message import Message, say, verbatim
from grader.models.model import Model
from grader.requirements.compare import Failure, compare, names
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.parameters import Initial, judge_initial, judge_tensor, require_shapes
from grader.requirements.requirement import Check, ask
from grader.requirements.structure import Dtype, StructureRequirement, plain, require_module

if TYPE_CHECKING:
    from grader.guest import look


MODES = ("train", "eval")


class BufferSpec(Model):
    """One buffer.

    Attributes:
        persistent: whether it is in the state_dict.
        moves: `.double()` converts it (a floating one), as it does registered tensors.
    """

    shape: tuple[int, ...]
    dtype: Dtype = "float32"
    persistent: bool = True
    moves: bool = True
    initial: Initial | None = None


class BuffersRequirement(StructureRequirement):
    """Registered buffers, and how calls change them.

    Attributes:
        buffers: name -> what it must be; each is a check.
        exact: there may be no others.
        steps: scenarios, each a check: a list of inputs to call the module with, in order;
            `train` and `eval` in it switch the mode. Afterwards the buffers must be the solution's.
    """

    kind: Literal["buffers"]
    buffers: dict[str, BufferSpec] = Field(min_length=1)
    exact: bool = True
    steps: tuple[tuple[Expression, ...], ...] = ()

    def checks(self, seed: int) -> Iterator[Check]:
        question = self.structure(seed)
        for name, spec in self.buffers.items():
            yield self._check(
                f"buffer[{name}]",
                say("the buffers of {object}", object=self.object),
                question,
                partial(self._judge_one, name, spec),
                reference=spec.initial == "reference",
            )
        for number, steps in enumerate(self.steps, 1):
            yield self._check(
                f"buffers-after[{number}]",
                say("the buffers of {object} after {steps}", object=self.object, steps=", ".join(steps)),
                ask(observe_buffers, seed, tree=self.object, steps=steps, trees=compile_all(steps, seed)),
                self._judge_after,
                reference=True,
            )

    def called_with(self) -> tuple[str, ...] | None:
        called = (step for steps in self.steps for step in steps if step not in MODES)
        return self.inputs or next(((step,) for step in called), None)

    def _judge_one(self, name: str, spec: BufferSpec, observed: Any, expected: Any) -> None:
        require_module(observed)
        found = observed["buffers"].get(name)
        if found is None:
            raise Failure(say("a buffer `{name}`", name=name), _instead(name, observed))
        value = found["value"]
        require_shapes({name: value})
        if value.parameter:
            raise Failure(
                say("a buffer `{name}`", name=name),
                say("`{name}` is a Parameter", name=name),
                say("A buffer is a plain tensor: `register_buffer(name, tensor)`."),
            )
        judge_tensor(value, spec.shape, spec.dtype)
        if found["persistent"] != spec.persistent:
            inside = say("`{name}` is in the state_dict", name=name)
            outside = say("`{name}` is not in the state_dict", name=name)
            raise Failure(*((inside, outside) if spec.persistent else (outside, inside)))
        if spec.initial is not None:
            wanted = expected["buffers"][name]["value"] if spec.initial == "reference" else spec.initial
            judge_initial(value, wanted, self.tolerance)
        after = observed.get("doubled", {}).get(name)
        if spec.moves and spec.dtype.startswith("float") and after != "float64":
            raise Failure(say("float64 after .double()"), verbatim(after) if after else say("nothing"))
        others = [other for other in observed["buffers"] if other not in self.buffers]
        if self.exact and others:
            raise Failure(
                say("no buffers but {names}", names=names(list(self.buffers))), say("also {names}", names=names(others))
            )

    def _judge_after(self, observed: Any, expected: Any) -> None:
        for name in self.buffers:
            if name not in observed["buffers"]:
                raise Failure(
                    say("a buffer `{name}`", name=name),
                    say("the buffers are {names}", names=names(list(observed["buffers"]))),
                )
            compare(observed["buffers"][name], expected["buffers"][name], self.tolerance, name)
        learning = [name for name in self.buffers if observed["buffers"][name].requires_grad]
        if learning and not expected["buffers"][learning[0]].requires_grad and observed["buffers"][learning[0]].leaf:
            raise Failure(
                say("`{name}` does not require grad", name=learning[0]), say("`{name}` requires grad", name=learning[0])
            )
        attached = [name for name, value in observed["buffers"].items() if not value.leaf]
        if attached:
            raise Failure(
                say("`{name}` is a plain tensor", name=attached[0]),
                say("`{name}` keeps the graph of every batch so far", name=attached[0]),
                say("Compute the new value from x.detach(), or within torch.no_grad()."),
            )


def observe_buffers(student: look.Student, tree: Any, steps: list[str], trees: list[Any]) -> Any:
    """The module's `buffers` after some calls, with their place in the graph."""
    module = look.evaluate(student, tree)
    for step, part in zip(steps, trees, strict=True):
        if step in ("train", "eval"):
            module.train(step == "train")
        else:
            module(look.requiring_grad(look.evaluate(student, part)))
    return {"buffers": look.named_buffers(module)}


def _instead(name: str, observed: dict[str, Any]) -> Message:
    if name in observed["parameters"]:
        return say("`{name}` is a Parameter", name=name)
    if name in observed["attributes"]:
        kind = plain(observed["attributes"][name])
        return say("`{name}` is a plain {kind}: neither saved nor moved with the module", name=name, kind=kind)
    return say("the buffers are {names}", names=names(list(observed["buffers"])))
