"""`hooks`: what they record and change, how often they fire, and whether they go away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.models.message import Message, say, verbatim
from grader.models.values import Tensor
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.function import judge_inputs
from grader.requirements.module import compare_gradients
from grader.requirements.requirement import Check, Requirement, Weights, ask

if TYPE_CHECKING:
    from grader.guest import look

HookKind = Literal["forward_pre", "forward", "full_backward", "backward", "tensor"]


class HooksRequirement(Requirement):
    """Hooks that the student's code attaches to a model.

    Attributes:
        model: the model, e.g. `nn.Linear(4, 2)`; `model` in `attach`.
        attach: the student's call, e.g. `watch(model, log)`; `log` is a list that starts empty.
        inputs: what the model is called with, each time.
        calls: how often; gradients add up over the calls.
        gradients: run backward after each call, and compare gradients.
        output: compare the output.
        log: compare what is in the log.
        copies: what is in the log must survive later changes of inputs, outputs and gradients,
            and hold no graph.
        registered: path -> kind -> how many hooks there must be.
        handles: how many handles `attach` must return; removing them must undo everything.
        weights: whether both models get the same seeded parameters.
    """

    kind: Literal["hooks"]
    model: Expression
    attach: Expression
    inputs: tuple[Expression, ...] = Field(min_length=1)
    calls: int = Field(default=1, ge=1, le=10)
    gradients: bool = False
    output: bool = True
    log: bool = False
    copies: bool = False
    registered: dict[str, dict[HookKind, int]] = Field(default_factory=dict)
    handles: int | None = Field(default=None, ge=1)
    weights: Weights = "seeded"

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask(
            observe_hooks,
            seed,
            tree=self.model,
            tree_attach=self.attach,
            trees=compile_all(self.inputs, seed),
            calls=self.calls,
            gradients=self.gradients,
            seeded=self.weights == "seeded",
            seed=seed,
        )
        said = say(
            "{attach} on {model}, called with {inputs}",
            attach=self.attach,
            model=self.model,
            inputs=", ".join(self.inputs),
        )
        for name, wanted, judge in (
            ("registered", bool(self.registered), self._judge_registered),
            ("log", self.log, self._judge_log),
            ("output", self.output, self._judge_output),
            ("gradients", self.gradients, self._judge_gradients),
            ("removed", self.handles is not None, self._judge_removed),
        ):
            if wanted:
                yield self._check(f"hook-{name}[{self.name}]", said, question, judge, reference=True)

    @property
    def name(self) -> str:
        """The attaching function's name."""
        return self.attach.split("(", 1)[0].strip()

    def _judge_registered(self, observed: Any, _: Any) -> None:
        for path, kinds in self.registered.items():
            for kind, number in kinds.items():
                found = observed["registered"].get(path, {}).get(kind, 0)
                if found != number:
                    raise Failure(
                        say(
                            "{kind} hooks at {path}: {number}",
                            number=number,
                            kind=kind,
                            path=path or say("the model itself"),
                        ),
                        verbatim(found) if found else _other_kinds(observed["registered"].get(path, {})),
                    )

    def _judge_log(self, observed: Any, expected: Any) -> None:
        compare(observed["log"], expected["log"], self.tolerance, say("the log"))
        if self.copies:
            if any(tensor.requires_grad for tensor in _tensors(observed["log"])):
                raise Failure(say("detached tensors in the log"), say("tensors that still carry their graph"))
            try:
                compare(observed["log_later"], expected["log_later"], self.tolerance)
            except Failure:
                raise Failure(
                    say("copies in the log"),
                    say("the log changed when the tensors that passed were written to"),
                    say("`detach()` shares memory; `detach().clone()` does not."),
                ) from None

    def _judge_output(self, observed: Any, expected: Any) -> None:
        _require_hook(observed, expected)
        compare(observed["output"], expected["output"], self.tolerance)
        judge_inputs(observed["before"], observed["after"])

    def _judge_gradients(self, observed: Any, expected: Any) -> None:
        _require_hook(observed, expected)
        compare_gradients(observed, expected, self.tolerance)

    def _judge_removed(self, observed: Any, expected: Any) -> None:
        self._judge_effect(observed, expected)
        if observed["handles"] != self.handles:
            raise Failure(
                say("handles returned: {number}", number=self.handles),
                verbatim(observed["handles"]),
                say("register_..._hook returns a handle; return it, so that the caller can remove the hook."),
            )
        left, right = observed["log_after_removal"], expected["log_after_removal"]
        compare(left, right, at=say("the length of the log after removal"))
        left, right = observed["output_after_removal"], expected["output_after_removal"]
        compare(left, right, self.tolerance, say("the output after removal"))
        left, right = observed["gradients_after_removal"], expected["gradients_after_removal"]
        compare(left, right, self.tolerance, say("the gradients after removal"))

    def _judge_effect(self, observed: Any, expected: Any) -> None:
        """Removing what never worked is no achievement."""
        if self.log:
            compare(len(observed["log"]), len(expected["log"]), at=say("the length of the log"))
        if self.output:
            compare(observed["output"], expected["output"], self.tolerance)
        if self.gradients:
            compare_gradients(observed, expected, self.tolerance)


def _require_hook(observed: Any, expected: Any) -> None:
    """An output left alone earns nothing where no hook was attached at all."""
    left, right = (sum(sum(kinds.values()) for kinds in seen["registered"].values()) for seen in (observed, expected))
    if right and not left:
        other = say("only one of `{function}`", function="register_post_accumulate_grad_hook")
        raise Failure(say("a hook is registered"), other if observed["accumulating"] else say("none is"))


def _other_kinds(kinds: dict[str, int]) -> Message:
    found = [f"{number} {kind}" for kind, number in kinds.items() if number]
    return verbatim(", ".join(found)) if found else say("none")


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [found for part in value for found in _tensors(part)] if isinstance(value, (list, tuple)) else []


def observe_hooks(
    student: look.Student,
    tree: Any,
    tree_attach: Any,
    trees: list[Any],
    calls: int,
    gradients: bool,
    seeded: bool,
    seed: int,
) -> Any:
    """What hooks do while a model is called, and what is left once their handles are removed.

    Returns:
        `registered`: how many hooks there are; `output` of the last call; `before` and `after`: the inputs;
        `input_gradients`, `parameter_gradients`; `log`, and `log_later`, after all that passed was written to;
        `handles`: how many were returned; and, once they are removed, `log_after_removal` (its length),
        `output_after_removal` and `gradients_after_removal`.
    """
    model = look.evaluate(student, tree)
    if seeded:
        look.fill(model, seed)
    log: list[Any] = []
    attached = look.evaluate(student, tree_attach, model=model, log=log)
    seen: dict[str, Any] = {
        "registered": look.hook_counts(model),
        "accumulating": look.accumulating_hooks(model),
    }

    def call_and_write():  # type: ignore[no-untyped-def]  # sent as source: no annotations inside a probe
        inputs = [look.evaluate(student, part) for part in trees]
        if gradients:
            inputs = [look.requiring_grad(value) for value in inputs]
        seen["before"] = look.snapshot(inputs)
        passed = list(inputs)
        for _ in range(calls):
            output = model(*inputs)
            seen["output"], seen["after"] = look.copied(output), look.snapshot(inputs)
            passed += look.tensors(output)
            if gradients:
                passed += look.send_back(output)
        seen["input_gradients"] = [look.copied(value.grad) for value in inputs]
        seen["parameter_gradients"] = look.copied({name: p.grad for name, p in look.named_parameters(model).items()})
        seen["log"] = look.copied(log)
        leaves = [*inputs, *model.parameters()]
        look.overwrite([*passed, *(value.grad for value in leaves if value.grad is not None)])
        seen["log_later"] = look.copied(log)

    def call_without_hooks():  # type: ignore[no-untyped-def]
        inputs = [look.evaluate(student, part) for part in trees]
        inputs = [look.requiring_grad(value.detach().fill_(0.5)) if gradients else value for value in inputs]
        leaves = [*inputs, *model.parameters()]
        for value in leaves:
            value.grad = None
        output = model(*inputs)
        seen["output_after_removal"] = look.copied(output)
        if gradients:
            look.send_back(output)
        seen["gradients_after_removal"] = [value.grad for value in leaves]
        seen["log_after_removal"] = len(log)

    call_and_write()  # type: ignore[no-untyped-call]
    found = attached if isinstance(attached, (list, tuple)) else [attached]
    handles = [one for one in found if callable(getattr(one, "remove", None)) and not isinstance(one, list)]
    seen["handles"] = len(handles)
    for handle in handles:
        handle.remove()
    call_without_hooks()  # type: ignore[no-untyped-call]
    return seen
