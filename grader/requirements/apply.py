"""`apply`: functions that walk a model and change it, or record the order of the walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, compare, names
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.module import compare_gradients
from grader.requirements.requirement import Check, Requirement, Weights, ask

if TYPE_CHECKING:
    from grader.guest import look


class ApplyRequirement(Requirement):
    """What a student's function does to a whole model; all compared with the solution.

    Attributes:
        model: the model, e.g. `nn.Sequential(nn.Linear(4, 2), nn.ReLU())`; `model` in `call`.
        call: the student's call, e.g. `fill_linear(model, 1.0)`.
        returns: compare what it returns (the visiting order, say).
        returns_model: it must return the very model it was given.
        state: compare names and values of Parameters and buffers afterwards.
        same_parameters: the Parameters that were there are still the same objects.
        inputs: call the model afterwards and compare output and gradients; its parameters,
            the new ones too, are filled with seeded numbers first.
        repr: compare the printed form afterwards.
    """

    kind: Literal["apply"]
    model: Expression
    call: Expression
    returns: bool = False
    returns_model: bool = False
    state: bool = False
    same_parameters: bool = False
    inputs: tuple[Expression, ...] = ()
    repr: bool = False
    weights: Weights = "seeded"

    @model_validator(mode="after")
    def _asks_something(self) -> ApplyRequirement:
        if not (self.returns or self.state or self.inputs or self.repr):
            raise ValueError("give at least one of `returns`, `state`, `inputs` and `repr`")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask(
            observe_apply,
            seed,
            tree=self.model,
            tree_call=self.call,
            trees=compile_all(self.inputs, seed),
            seeded=self.weights == "seeded",
            seed=seed,
            returns=self.returns,
            text=self.repr,
        )
        said = say("{call} on {model}", call=self.call, model=self.model)
        for name, wanted, judge in (
            ("returns", self.returns, self._judge_returned),
            ("state", self.state, self._judge_state),
            ("effect", bool(self.inputs), self._judge_effect),
            ("repr", self.repr, self._judge_repr),
        ):
            if wanted:
                yield self._check(f"apply-{name}[{self.name}]", said, question, judge, reference=True)

    @property
    def name(self) -> str:
        """The student's function's name."""
        return self.call.split("(", 1)[0].strip()

    def _judge_returned(self, observed: Any, expected: Any) -> None:
        compare(observed["returned"], expected["returned"], self.tolerance)

    def _judge_model(self, observed: Any) -> None:
        if self.returns_model and observed["returned_object"] != 0:
            raise Failure(say("the model itself is returned"), verbatim(observed["returned_kind"]))

    def _judge_state(self, observed: Any, expected: Any) -> None:
        self._judge_model(observed)
        left, right = observed["state"], expected["state"]
        if set(left) != set(right):
            missing, more = [n for n in right if n not in left], [n for n in left if n not in right]
            raise Failure(
                say("the model then has {names}", names=names(missing or list(right))),
                say("it lacks them") if missing else say("it also has {names}", names=names(more)),
            )
        for name in right:
            compare(left[name], right[name], self.tolerance, name)
            if left[name].parameter != right[name].parameter or left[name].requires_grad != right[name].requires_grad:
                wanted = say("a Parameter") if right[name].parameter else say("no Parameter")
                raise Failure(
                    say(
                        "{name} is {wanted}, requires_grad={grad}",
                        name=name,
                        wanted=wanted,
                        grad=right[name].requires_grad,
                    ),
                    verbatim(f"requires_grad={left[name].requires_grad}"),
                )
        replaced = [name for name in observed["old"] if observed["new"].get(name) != observed["old"][name]]
        if self.same_parameters and replaced:
            raise Failure(
                say("the Parameters themselves are changed"),
                say("{names} is another object now", names=names(replaced)),
            )

    def _judge_effect(self, observed: Any, expected: Any) -> None:
        self._judge_model(observed)
        compare(observed["output"], expected["output"], self.tolerance)
        compare_gradients(observed, expected, self.tolerance)

    def _judge_repr(self, observed: Any, expected: Any) -> None:
        compare(observed["repr"], expected["repr"])


def observe_apply(
    student: look.Student,
    tree: Any,
    tree_call: Any,
    trees: list[Any],
    seeded: bool,
    seed: int,
    returns: bool,
    text: bool,
) -> Any:
    """What a function that was given a model returns, and what the model is then.

    Returns:
        `returned_object`: 0 where it is the model itself; `returned_kind`; `state`: all Parameters and buffers;
        `old` and `new`: which object each Parameter was and is; with `text`, the printed `repr`; with `returns`,
        `returned`; with `trees`, what a call of the model gives.
    """
    model = look.evaluate(student, tree)
    if seeded:
        look.fill(model, seed)
    before = look.named_parameters(model)
    returned = look.evaluate(student, tree_call, model=model)
    after = look.named_parameters(model)
    objects = look.which([model, returned, *before.values(), *after.values()])
    seen = {
        "returned_object": objects[1],
        "returned_kind": type(returned).__name__,
        "state": {
            **look.named_state(model),
            **{k: look.copied_parameter(v) for k, v in after.items()},
        },
        "old": dict(zip(before, objects[2:], strict=False)),
        "new": dict(zip(after, objects[2 + len(before) :], strict=True)),
    }
    if text:
        seen["repr"] = repr(model)
    if returns:
        seen["returned"] = returned
    if trees:
        if seeded:
            look.fill(model, seed + 1)
        seen.update(look.forward(model, [look.evaluate(student, part) for part in trees], gradients=True))
    return seen
