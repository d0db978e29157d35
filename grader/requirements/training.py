"""`training`: what training steps and loops do to a model, and what it has learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from grader.models.message import say, verbatim
from grader.models.model import Model
from grader.models.values import Tensor
from grader.requirements.compare import Failure, compare, describe, names
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    import torch

    from grader.guest import look


class Learnt(Model):
    """What the model must be able to do afterwards, in evaluation mode.

    Attributes:
        inputs, labels: held-out data; class labels are int64, numbers to come near are not.
        accuracy: the least share of right answers.
        loss: the largest mean loss: cross entropy for class labels, squared error for numbers.
    """

    inputs: Expression
    labels: Expression
    accuracy: float | None = Field(default=None, gt=0, le=1)
    loss: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _has_a_bound(self) -> Learnt:
        if self.accuracy is None and self.loss is None:
            raise ValueError("give `accuracy` or `loss`")
        return self


class TrainingRequirement(Requirement):
    """A call that trains, evaluates or changes a model; compared with the solution.

    Attributes:
        names: name -> expression, evaluated in this order; each may use those before it. `model` must be
            among them; an optimizer is written as `torch.optim.SGD(model.parameters(), lr=0.1)`.
        call: the student's call, with these names.
        times: how often it is called.
        dirty: gradients of ones are there before the call, as left by someone else.
        mode: in which mode the model is before; single modules may be set by the fixtures.
        returns: compare what it returns.
        parameters: compare Parameters and buffers afterwards.
        steps: compare how many steps optimizers made; a number is the most there may be.
        modes: compare the modes and the grad mode in which forward ran, and the modes afterwards.
        gradients: compare which parameters have gradients left that are not zero.
        graph: compare whether anything keeps a graph alive afterwards, such as a loss in a list.
        requires_grad: compare which parameters require grad afterwards.
        learnt: what the model must have learnt.
        weights: whether the model's parameters are seeded first.
    """

    kind: Literal["training"]
    names: dict[str, Expression]
    call: Expression
    times: int = Field(default=1, ge=1, le=10)
    dirty: bool = False
    mode: Literal["train", "eval"] = "train"
    returns: bool = False
    parameters: bool = False
    steps: bool | Annotated[int, Field(ge=1)] = False
    modes: bool = False
    gradients: bool = False
    graph: bool = False
    requires_grad: bool = False
    learnt: Learnt | None = None
    weights: Literal["seeded", "own"] = "seeded"

    @model_validator(mode="after")
    def _fits(self) -> TrainingRequirement:
        if "model" not in self.names:
            raise ValueError("`names` must have a `model`")
        looked_at = ("returns", "parameters", "steps", "modes", "gradients", "graph", "requires_grad", "learnt")
        if not any(getattr(self, key) for key in looked_at):
            raise ValueError(f"give at least one of {', '.join(f'`{key}`' for key in looked_at)}")
        return self

    @property
    def name(self) -> str:
        """The called function's name."""
        return self.call.split("(", 1)[0].strip()

    def checks(self, seed: int) -> Iterator[Check]:
        held = [self.learnt.inputs, self.learnt.labels] if self.learnt else []
        question = ask(
            observe_training,
            seed,
            names=list(self.names),
            trees=compile_all(self.names.values(), seed),
            tree=self.call,
            held=compile_all(held, seed + 1),
            times=self.times,
            dirty=self.dirty,
            train=self.mode == "train",
            returns=self.returns,
            graph=self.graph,
            gradients=self.gradients,
            seeded=self.weights == "seeded",
            seed=seed,
        )
        said = say("{call} with model = {model}", call=self.call, model=self.names["model"])
        for kind, wanted, judge in (
            ("returns", self.returns, self._judge_returned),
            ("parameters", self.parameters, self._judge_parameters),
            ("steps", bool(self.steps), self._judge_steps),
            ("modes", self.modes, self._judge_modes),
            ("gradients", self.gradients, self._judge_gradients),
            ("graph", self.graph, self._judge_graph),
            ("requires-grad", self.requires_grad, self._judge_requires_grad),
            ("learnt", self.learnt is not None, self._judge_learnt),
        ):
            if wanted:
                yield self._check(f"training-{kind}[{self.name}]", said, question, judge, reference=True)

    def _judge_returned(self, observed: Any, expected: Any) -> None:
        for left, right in zip(observed["returned"], expected["returned"], strict=True):
            compare(left, right, self.tolerance)

    def _judge_parameters(self, observed: Any, expected: Any) -> None:
        left, right = observed["state"], expected["state"]
        compare(sorted(left), sorted(right), at=say("the names in the state_dict"))
        for name in right:
            if left[name] == observed["before"][name] and right[name] != expected["before"][name]:
                raise Failure(say("`{name}` has changed", name=name), say("it has not"))
            compare(left[name], right[name], self.tolerance, name)

    def _judge_steps(self, observed: Any, expected: Any) -> None:
        if self.steps is True:
            compare(observed["steps"], expected["steps"], at=say("the number of optimizer steps"))
        elif observed["steps"] > self.steps:
            raise Failure(say("optimizer steps: at most {most}", most=self.steps), verbatim(observed["steps"]))

    def _judge_modes(self, observed: Any, expected: Any) -> None:
        if not observed["during"]:
            raise Failure(say("the model is called"), say("its forward never ran (was it called as model.forward?)"))
        for key, true, false in (
            (
                "training",
                say("the model is called with training mode"),
                say("the model is called without training mode"),
            ),
            ("grad", say("the model is called with a graph"), say("the model is called without a graph")),
            (
                "inner",
                say("the model is called with all its modules in the same mode"),
                say("the model is called without all its modules in the same mode"),
            ),
        ):
            left, right = ({bool(call[key]) for call in seen["during"]} for seen in (observed, expected))
            if left != right:
                raise Failure(true if True in right else false, say("it is not so"))
        compare(observed["modes"], expected["modes"], at=say("which modules are in training mode afterwards"))

    def _judge_gradients(self, observed: Any, expected: Any) -> None:
        left, right = (_not_zero(seen["gradients"]) for seen in (observed, expected))
        if left != right:
            raise Failure(
                say("gradients left in {names}", names=names(right)),
                say("gradients left in {names}", names=names(left)),
            )

    def _judge_graph(self, observed: Any, expected: Any) -> None:
        left, right = observed["kept"] > 0, expected["kept"] > 0
        if left != right:
            told = {True: say("a graph is kept after the call"), False: say("no graph is kept after the call")}
            raise Failure(told[right], told[left])

    def _judge_requires_grad(self, observed: Any, expected: Any) -> None:
        if observed["trainable"] != expected["trainable"]:
            raise Failure(
                say("requires_grad in {names}", names=names(expected["trainable"])),
                say("requires_grad in {names}", names=names(observed["trainable"])),
            )

    def _judge_learnt(self, observed: Any, expected: Any) -> None:
        assert self.learnt is not None
        output, labels, shape = observed["output"], expected["labels"], expected["output"].shape
        if not isinstance(output, Tensor) or output.shape != shape:
            raise Failure(say("an output of shape {shape}", shape=str(list(shape))), describe(output))
        if self.learnt.accuracy is not None:
            right = float(np.mean(output.values.argmax(axis=1) == labels.values))
            if right < self.learnt.accuracy:
                raise Failure(
                    say("an accuracy of at least {least} on held-out data", least=self.learnt.accuracy),
                    verbatim(round(right, 3)),
                )
        if self.learnt.loss is not None:
            loss = mean_loss(output.values, labels)
            if not loss <= self.learnt.loss:
                raise Failure(
                    say("a loss of at most {most} on held-out data", most=self.learnt.loss),
                    verbatim(f"{loss:.4g}"),
                )


def _not_zero(gradients: dict[str, Any]) -> list[str]:
    """Names of the parameters that have a gradient with anything but zeros in it."""
    return [name for name, grad in gradients.items() if isinstance(grad, Tensor) and bool((grad.values != 0).any())]


def mean_loss(output: Any, labels: Tensor) -> float:
    """Mean cross entropy of logits where the labels are classes; else mean squared error."""
    if labels.dtype != "int64":
        return float(np.mean((output - labels.values) ** 2))
    logits = output.astype(np.float64) - output.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), labels.values]))


def observe_training(
    student: look.Student,
    names: list[str],
    trees: list[Any],
    tree: Any,
    held: list[Any],
    times: int,
    dirty: bool,
    train: bool,
    returns: bool,
    graph: bool,
    gradients: bool,
    seeded: bool,
    seed: int,
) -> Any:
    """What calls that train a model do to it.

    Returns:
        `before` and `state`: Parameters and buffers before the calls and after them; `steps` of optimizers;
        `during`: the modes in which forward ran; `modes` and `trainable`: names, after the calls; `kept`: how many
        tensors are still saved for a backward; with `returns`, `returned` of each call; with `gradients`, those
        that are left; with `held`, the model's `output` for held-out data, and its `labels`.
    """
    import contextlib
    import gc
    import weakref

    from torch.optim.optimizer import register_optimizer_step_post_hook

    given: dict[str, Any] = {}
    for name, part in zip(names, trees, strict=True):
        given[name] = look.evaluate(student, part, **given)
        if name == "model":
            if not train:
                given[name].eval()
            if seeded:
                look.fill(given[name], seed)
    model = given["model"]
    if dirty:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
    seen: dict[str, Any] = {"before": look.copied(dict(model.state_dict())), "during": []}
    steps: list[int] = []
    alive: Any = weakref.WeakSet()

    def spy(module, arguments):  # type: ignore[no-untyped-def]  # sent as source: no annotations inside a probe
        parts = [part.training for part in module.modules()]
        here = {"training": module.training, "grad": torch.is_grad_enabled(), "inner": len(set(parts)) == 1}
        seen["during"] += [here] * (len(seen["during"]) < 200)

    def pack(tensor):  # type: ignore[no-untyped-def]
        def saved():  # type: ignore[no-untyped-def]
            return tensor

        alive.add(saved)
        return saved

    def call():  # type: ignore[no-untyped-def]
        spies = [
            model.register_forward_pre_hook(spy),
            register_optimizer_step_post_hook(lambda *_: steps.append(1)),
        ]
        keep = torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved())
        results, returned = [], []
        with keep if graph else contextlib.nullcontext():
            for _ in range(times):
                results.append(look.evaluate(student, tree, **given))
                returned.append(look.copied(results[-1]))
        if alive:
            gc.collect()
        seen["kept"] = len(alive)  # while the results live
        for handle in spies:
            handle.remove()
        if returns:
            seen["returned"] = returned

    call()  # type: ignore[no-untyped-call]
    parameters = look.named_parameters(model)
    seen |= {
        "state": look.copied(dict(model.state_dict())),
        "steps": len(steps),
        "modes": [path for path, training in look.modes(model).items() if training],
        "trainable": [name for name, parameter in parameters.items() if parameter.requires_grad],
    }
    if gradients:
        seen["gradients"] = {name: look.copied(parameter.grad) for name, parameter in parameters.items()}
    if held:
        inputs, labels = (look.evaluate(student, part) for part in held)
        model.eval()
        with torch.no_grad():
            seen["output"], seen["labels"] = model(inputs), labels
    return seen
