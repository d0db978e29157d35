"""`module`: a class, what it inherits, how it is constructed, and what calling it does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.models.message import Message, say, verbatim
from grader.models.model import Model
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.function import judge_inputs
from grader.requirements.requirement import Check, Weights, ask
from grader.requirements.structure import StructureRequirement, require_module

if TYPE_CHECKING:
    from grader.guest import look


class ModuleCall(Model):
    """One call of the module, compared with the solution's.

    Attributes:
        inputs: the arguments, each an expression such as `randn(8, 4)`.
        mode: `train` or `eval`, set before the call.
        times: how often it is called; the last output counts.
        gradients: also compare the gradients of inputs and parameters, as a check of its own.
        keeps_inputs: the arguments must hold the same values afterwards.
    """

    inputs: tuple[Expression, ...]
    mode: Literal["train", "eval"] = "train"
    times: int = Field(default=1, ge=1, le=100)
    gradients: bool = False
    keeps_inputs: bool = True


class ModuleRequirement(StructureRequirement):
    """A Module by construction and behaviour.

    Attributes:
        base: the class of torch.nn it must inherit from.
        constructs: whether there is a check for construction alone.
        weights: whether both modules get the same seeded parameters.
        buffers: the same for their buffers; `own` unless said otherwise.
    """

    kind: Literal["module"]
    base: str = Field(default="Module", pattern=r"^\w+$")
    constructs: bool = True
    weights: Weights = "seeded"
    buffers: Weights = "own"
    calls: tuple[ModuleCall, ...] = ()

    def checks(self, seed: int) -> Iterator[Check]:
        if self.constructs:
            yield self._check(
                f"module[{self.name}]",
                verbatim(self.object),
                self.structure(seed),
                self._judge_construction,
            )
        for number, call in enumerate(self.calls, 1):
            said = say(
                "{object}({inputs}) in {mode} mode",
                object=self.object,
                inputs=", ".join(call.inputs),
                mode=say("training") if call.mode == "train" else say("evaluation"),
            )
            question = ask(
                observe_forward,
                seed,
                tree=self.object,
                trees=compile_all(call.inputs, seed),
                train=call.mode == "train",
                times=call.times,
                gradients=call.gradients,
                seeded=self.weights == "seeded",
                buffers=self.buffers == "seeded",
                seed=seed,
            )
            yield self._check(f"forward[{number}]", said, question, partial(self._judge_call, call), reference=True)
            if call.gradients:
                named = say("gradients of {call}", call=said)
                yield self._check(f"gradients[{number}]", named, question, self._judge_gradients, reference=True)

    def called_with(self) -> tuple[str, ...] | None:
        return self.inputs or (self.calls[0].inputs if self.calls else None)

    def _judge_construction(self, observed: Any, _: Any) -> None:
        require_module(observed, self.base)

    def _judge_call(self, call: ModuleCall, observed: Any, expected: Any) -> None:
        judge_output(observed["output"], expected["output"], self.tolerance)
        if call.keeps_inputs:
            judge_inputs(observed["before"], observed["after"])

    def _judge_gradients(self, observed: Any, expected: Any) -> None:
        compare_gradients(observed, expected, self.tolerance)


def observe_forward(
    student: look.Student,
    tree: Any,
    trees: list[Any],
    train: bool,
    times: int,
    gradients: bool,
    seeded: bool,
    buffers: bool,
    seed: int,
) -> Any:
    """What a call of the module gives, its inputs before and after, and the gradients: `look.forward`."""
    module = look.evaluate(student, tree)
    look.settle(module, lambda: [look.evaluate(student, part) for part in trees])
    if seeded:
        look.fill(module, seed, buffers)
    module.train(train)
    return look.forward(module, [look.evaluate(student, part) for part in trees], gradients, times)


def judge_output(observed: Any, expected: Any, tolerance: Tolerance | None) -> None:
    """Compare two outputs; a forgotten `return` is named."""
    if observed is None and expected is not None:
        raise Failure(say("an output"), verbatim(None), say("Does forward return its result?"))
    compare(observed, expected, tolerance)


def compare_gradients(observed: Any, expected: Any, tolerance: Tolerance | None) -> None:
    """Compare gradients of inputs and parameters; parameters by name, else by shape and order."""
    for place, (left, right) in enumerate(
        zip(observed["input_gradients"], expected["input_gradients"], strict=True), 1
    ):
        compare(left, right, tolerance, say("the gradient of input {place}", place=place))
    left, right = observed["parameter_gradients"], expected["parameter_gradients"]
    if set(left) != set(right):
        left, right = _by_shape(left), _by_shape(right)
    if set(left) != set(right):
        raise Failure(
            say("gradients of {count} parameters", count=len(right)), say("gradients of {count}", count=len(left))
        )
    for name in right:
        compare(left[name], right[name], tolerance, say("the gradient of {name}", name=_parameter(name)))


def _parameter(name: str | tuple[int, str]) -> str | Message:
    if isinstance(name, str):
        return name
    number, shape = name
    return say("parameter {number} of shape {shape}", number=number, shape=shape)


def _by_shape(gradients: dict[str, Any]) -> dict[tuple[int, str], Any]:
    seen: dict[str, int] = {}
    renamed: dict[tuple[int, str], Any] = {}
    for gradient in gradients.values():
        shape = str(list(getattr(gradient, "shape", ())))
        seen[shape] = seen.get(shape, 0) + 1
        renamed[seen[shape], shape] = gradient
    return renamed
