"""`autograd`: gradients of a function, and what of its results is in the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from grader.models.message import Message, joined, say, verbatim
from grader.models.values import Tensor
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Call
from grader.requirements.function import judge_inputs
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    import torch
    from torch import nn

    from grader.guest import look

STEP = 1e-6
"""How far arguments are moved for finite differences, in both directions."""


class AutogradRequirement(Requirement):
    """A call with tensors that require grad, compared with the solution.

    Attributes:
        call: e.g. `clip(randn(5, requires_grad=True), 0.5)`.
        values: compare the results' values.
        graph: compare which results require grad, are leaves, and share memory with arguments;
            and in which arguments the call itself leaves gradients.
        gradients: compare the gradients of the arguments.
        finite_differences: compare them, and those of a Module's parameters, with finite differences in
            float64, as `torch.autograd.gradcheck` in its fast mode does.
    """

    kind: Literal["autograd"]
    call: Call
    values: bool = True
    graph: bool = False
    gradients: bool = False
    finite_differences: bool = False

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask(observe_graph, seed, tree=self.call, run=self.gradients)
        said = verbatim(self.call)
        name = self.call.split("(", 1)[0]
        for kind, wanted, judge in (
            ("values", self.values, self._judge_values),
            ("graph", self.graph, self._judge_graph),
            ("gradients", self.gradients, self._judge_gradients),
        ):
            if wanted:
                yield self._check(f"autograd-{kind}[{name}]", said, question, judge, reference=True)
        if self.finite_differences:
            question = ask(observe_differences, seed, tree=self.call, step=STEP)
            yield self._check(f"finite-differences[{name}]", said, question, self._judge_differences)

    def _judge_values(self, observed: Any, expected: Any) -> None:
        compare(observed["returned"], expected["returned"], self.tolerance)
        judge_inputs(observed["before"], observed["after"])

    def _judge_graph(self, observed: Any, expected: Any) -> None:
        compare(observed["returned"], expected["returned"], self.tolerance)
        for place, (left, right) in enumerate(zip(_graph(observed), _graph(expected), strict=True), 1):
            for key, yes, no in (
                ("requires_grad", say("requires grad"), say("does not require grad")),
                ("leaf", say("is a leaf"), say("is no leaf")),
                ("shares", say("shares memory with an argument"), say("has memory of its own")),
            ):
                if left[key] != right[key]:
                    told = {True: yes, False: no}
                    raise Failure(
                        say("result {place} {fact}", place=place, fact=told[right[key]]),
                        say("it {fact}", fact=told[left[key]]),
                    )
        found, wanted = (_with_gradients(seen["arguments"]) for seen in (observed, expected))
        if found != wanted:
            raise Failure(say("gradients left by the call: {names}", names=_arguments(wanted)), _arguments(found))

    def _judge_gradients(self, observed: Any, expected: Any) -> None:
        for place, (left, right) in enumerate(zip(observed["gradients"], expected["gradients"], strict=True), 1):
            compare(left, right, self.tolerance, say("the gradient of argument {place}", place=place))

    def _judge_differences(self, observed: Any, _: Any) -> None:
        # torch's gradient of a complex number is the conjugate of what its steps are multiplied with.
        analytic = sum(_dot(np.conj(g.values), _weights(g, 1.0)) for g in _tensors(observed["gradients"]))
        ahead, behind = (
            sum(_dot(part.values, _weights(part)) for part in _tensors(observed[key])) for key in ("ahead", "behind")
        )
        numeric = (ahead - behind) / (2 * STEP)
        if not abs(analytic - numeric) <= 1e-5 * max(1.0, abs(numeric)):
            raise Failure(
                say("the derivative {number} by finite differences", number=f"{numeric:.6g}"),
                say("{number} by backward", number=f"{analytic:.6g}"),
            )


def _arguments(places: list[int]) -> Message:
    said = [say("argument {place}", place=place) for place in places]
    return joined(said) if said else say("(none)")


def _graph(seen: Any) -> list[dict[str, bool]]:
    """What is known of each tensor of the result: in the graph, a leaf, in an argument's memory."""
    arguments = set(seen["memory"][: len(seen["arguments"])])
    results = zip(seen["results"], seen["memory"][len(seen["arguments"]) :], strict=True)
    return [{**result, "shares": memory in arguments} for result, memory in results]


def _with_gradients(arguments: list[Any]) -> list[int]:
    """Numbers of the leaves among the arguments in which the call left a gradient."""
    return [place for place, seen in enumerate(arguments, 1) if seen["leaf"] and seen["grad"] is not None]


def _tensors(values: Any) -> list[Tensor]:
    found = [value for value in (values.values() if isinstance(values, dict) else values) if value is not None]
    if not all(isinstance(value, Tensor) for value in found):
        raise TypeError("gradients and results are tensors")
    return found


def _weights(tensor: Tensor, phase: float = 0.0) -> Any:
    """The numbers that `look.weights` makes for a tensor of this shape and kind."""
    angles = np.arange(1, tensor.values.size + 1, dtype=np.float64).reshape(tensor.shape) + phase
    return np.cos(angles) + 1j * np.cos(angles + 0.5) if tensor.values.dtype.kind == "c" else np.cos(angles)


def _dot(values: Any, weights: Any) -> float:
    return float((values * weights).sum().real)


def observe_graph(student: look.Student, tree: Any, run: bool) -> Any:
    """What a call returns, which of it is in the graph, in which memory everything lies, and gradients.

    Returns:
        `returned`; `before` and `after`: the tensors among the arguments; `arguments` (`leaf` and `grad` of each)
        and `results` (`requires_grad` and `leaf`), both of tensors alone; `memory`: which memory each of the
        arguments and results lies in; with `run`, `gradients` of the arguments.
    """
    function = look.evaluate(student, tree["call"])
    arguments = [look.evaluate(student, part) for part in tree["args"]]
    keywords = {key: look.evaluate(student, part) for key, part in tree["kwargs"].items()}
    before = look.snapshot(arguments)
    given = [value for value in arguments if isinstance(value, torch.Tensor)]
    returned = function(*arguments, **keywords)
    results = look.tensors(returned)
    seen = {
        "returned": look.copied(returned),
        "before": before,
        "after": look.snapshot(arguments),
        "arguments": [{"leaf": value.is_leaf, "grad": look.copied(value.grad)} for value in given],
        "results": [{"requires_grad": value.requires_grad, "leaf": value.is_leaf} for value in results],
        "memory": look.memory([*given, *results]),
    }
    if run:
        look.backward(returned)
        seen["gradients"] = [value.grad if value.is_leaf else None for value in given]
    return seen


def observe_differences(student: look.Student, tree: Any, step: float) -> Any:
    """A function's results a step ahead and behind in one direction, and the gradients in between, in float64.

    Returns:
        `ahead` and `behind`: the tensors of the results; `gradients` of the weighted results, by the argument's
        place or the Parameter's name. The direction and the weights are those of `look.weights`.
    """
    function = look.evaluate(student, tree["call"])
    keywords = {key: look.evaluate(student, part) for key, part in tree["kwargs"].items()}
    given = [look.evaluate(student, part) for part in tree["args"]]
    own = look.named_parameters(function.double()) if isinstance(function, nn.Module) else {}
    moved = {
        place: v.detach().to(torch.complex128 if v.is_complex() else torch.float64)
        for place, v in (*enumerate(given), *own.items())
        if torch.is_tensor(v) and (v.is_floating_point() or v.is_complex())
    }

    def results(at):  # type: ignore[no-untyped-def]  # sent as source: no annotations inside a probe
        arguments = [at.get(place, value) for place, value in enumerate(given)]
        if own:
            replaced = {name: at[name] for name in own}
            return look.tensors(torch.func.functional_call(function, replaced, tuple(arguments), keywords))
        return look.tensors(function(*arguments, **keywords))

    inputs = {place: v.clone().requires_grad_() for place, v in moved.items()}
    look.backward([found if found.is_complex() else found.double() for found in results(inputs)])  # type: ignore[no-untyped-call]
    ahead, behind = (
        results(  # type: ignore[no-untyped-call]
            {place: v + sign * step * look.weights(v.shape, v.dtype, 1.0) for place, v in moved.items()}
        )
        for sign in (1, -1)
    )
    return {"ahead": ahead, "behind": behind, "gradients": {str(place): v.grad for place, v in inputs.items()}}
