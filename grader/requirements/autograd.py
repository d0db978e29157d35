"""`autograd`: gradients of a function, and what of its results is in the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from grader.models.message import Message, joined, say, verbatim
from grader.requirements.base import Check, Requirement, ask
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Call
from grader.requirements.function import judge_inputs

if TYPE_CHECKING:
    import torch
    from torch import nn

    from grader.guest import look


class AutogradRequirement(Requirement):
    """A call with tensors that require grad, compared with the solution.

    Attributes:
        call: e.g. `clip(randn(5, requires_grad=True), 0.5)`.
        values: compare the results' numbers.
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
        question = ask(observe_graph, seed, tree=self.call, seed=seed, run=self.gradients)
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
            question = ask(observe_differences, seed, tree=self.call, seed=seed)
            yield self._check(f"finite-differences[{name}]", said, question, self._judge_differences)

    def _judge_values(self, observed: Any, expected: Any) -> None:
        compare(observed["returned"], expected["returned"], self.tolerance)
        judge_inputs(observed["changed"])

    def _judge_graph(self, observed: Any, expected: Any) -> None:
        compare(observed["returned"], expected["returned"], self.tolerance)
        for place, (left, right) in enumerate(zip(observed["graph"], expected["graph"], strict=True), 1):
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
        if observed["left"] != expected["left"]:
            raise Failure(
                say("gradients left by the call: {names}", names=_arguments(expected["left"])),
                _arguments(observed["left"]),
            )

    def _judge_gradients(self, observed: Any, expected: Any) -> None:
        for place, (left, right) in enumerate(zip(observed["gradients"], expected["gradients"], strict=True), 1):
            compare(left, right, self.tolerance, say("the gradient of argument {place}", place=place))

    def _judge_differences(self, observed: Any, _: Any) -> None:
        analytic, numeric = float(observed["analytic"]), float(observed["numeric"])
        if not abs(analytic - numeric) <= 1e-5 * max(1.0, abs(numeric)):
            raise Failure(
                say("the derivative {number} by finite differences", number=f"{numeric:.6g}"),
                say("{number} by backward", number=f"{analytic:.6g}"),
            )


def _arguments(names: list[str]) -> Message:
    """`argument 1, argument 2`, as the probe counts them."""
    said = [say("argument {place}", place=name.rpartition(" ")[2]) for name in names]
    return joined(said) if said else say("(none)")


def observe_graph(student: look.Student, tree: Any, seed: int, run: bool) -> Any:
    function = look.evaluate(student, tree["call"])
    arguments = [look.evaluate(student, part) for part in tree["args"]]
    keywords = {key: look.evaluate(student, part) for key, part in tree["kwargs"].items()}
    before = look.snapshot(arguments)
    given = [value for value in arguments if isinstance(value, torch.Tensor)]
    returned = function(*arguments, **keywords)
    storages = {value.untyped_storage().data_ptr() for value in given}
    seen = {
        "returned": look.copied(returned),
        "changed": look.changed(arguments, before),
        "graph": [
            {
                "requires_grad": value.requires_grad,
                "leaf": value.is_leaf,
                "shares": value.untyped_storage().data_ptr() in storages,
            }
            for value in look.tensors(returned)
        ],
        "left": [f"argument {n}" for n, value in enumerate(given, 1) if value.is_leaf and value.grad is not None],
    }
    if run:
        look.backward(returned, seed)
        seen["gradients"] = [value.grad if value.is_leaf else None for value in given]
    return seen


def observe_differences(student: look.Student, tree: Any, seed: int) -> Any:
    function = look.evaluate(student, tree["call"])
    keywords = {key: look.evaluate(student, part) for key, part in tree["kwargs"].items()}
    given = [look.evaluate(student, part) for part in tree["args"]]
    own = dict(function.double().named_parameters()) if isinstance(function, nn.Module) else {}
    generator = torch.Generator().manual_seed(seed)
    moved = {
        place: v.detach().double()
        for place, v in (*enumerate(given), *own.items())
        if torch.is_tensor(v) and v.is_floating_point()
    }
    ways = {place: torch.randn(v.shape, generator=generator, dtype=v.dtype) for place, v in moved.items()}
    weights: list[Any] = []

    def total(at):  # type: ignore[no-untyped-def]  # sent as source: no annotations inside a probe
        arguments = [at.get(place, value) for place, value in enumerate(given)]
        if own:
            replaced = {name: at[name] for name in own}
            found = look.tensors(torch.func.functional_call(function, replaced, tuple(arguments), keywords))
        else:
            found = look.tensors(function(*arguments, **keywords))
        if not weights:
            weights.extend(torch.randn(v.shape, generator=generator, dtype=torch.float64) for v in found)
        return torch.stack([(v.double() * w).sum() for v, w in zip(found, weights, strict=True)]).sum()

    step = 1e-6
    inputs = {place: v.clone().requires_grad_() for place, v in moved.items()}
    total(inputs).backward()  # type: ignore[no-untyped-call]
    parts = [(v.grad * ways[place]).sum() for place, v in inputs.items() if v.grad is not None]
    ahead, behind = (
        total(  # type: ignore[no-untyped-call]
            {place: v + sign * step * ways[place] for place, v in moved.items()}
        )
        for sign in (1, -1)
    )
    return {"analytic": float(sum(parts)), "numeric": float(ahead - behind) / (2 * step)}
