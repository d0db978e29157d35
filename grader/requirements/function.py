"""`function`: calls, with the results or exceptions expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.models.message import say, verbatim
from grader.models.model import Model
from grader.requirements.compare import Failure, compare
from grader.requirements.conditions import Condition, judge_condition, names_solution
from grader.requirements.expressions import Call, LiteralExpression, compile_expression, literal_value
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    from grader.guest import look


class FunctionCall(Model):
    """One call.

    Attributes:
        call: e.g. `diagonals(randn(3, 4, 4))`.
        returns: an expression of literals and tensors; without it, what the solution returns.
        holds: instead, conditions over what is returned, e.g. `sorted(second) == range(50)`; each must hold.
        raises: name of the exception that must come instead.
        exact: types count as well: a tuple is no list, an int no float.
        keeps_inputs: tensors passed to it must hold the same values afterwards.
        keeps_random: torch's global random state must be as it was.
    """

    call: Call
    returns: LiteralExpression | None = None
    holds: tuple[Condition, ...] = ()
    raises: str | None = Field(default=None, pattern=r"^\w+$")
    exact: bool = False
    keeps_inputs: bool = True
    keeps_random: bool = False

    @model_validator(mode="after")
    def _one_outcome(self) -> FunctionCall:
        if sum(map(bool, (self.returns, self.raises, self.holds))) > 1:
            raise ValueError("give `returns`, `holds` or `raises`, not two of them")
        return self

    @property
    def needs_solution(self) -> bool:
        """Whether what the solution returns is part of the judgement."""
        if self.holds:
            return any(map(names_solution, self.holds))
        return not self.returns and not self.raises


def _name(call: str) -> str:
    """The name of what is called."""
    return call.partition("(")[0].strip()


class FunctionRequirement(Requirement):
    """Calls of a student's function (or of anything callable)."""

    kind: Literal["function"]
    calls: tuple[FunctionCall, ...] = Field(min_length=1)

    def checks(self, seed: int) -> Iterator[Check]:
        questions = [ask(observe_call, seed, tree=made.call, random=made.keeps_random) for made in self.calls]
        right = {_name(made.call): q for made, q in zip(self.calls, questions, strict=True) if not made.raises}
        for number, (made, question) in enumerate(zip(self.calls, questions, strict=True), 1):
            yield self._check(
                f"call[{number}]",
                verbatim(made.call),
                question,
                partial(self._judge, made, compile_expression(made.returns, seed) if made.returns else None),
                reference=made.needs_solution,
                raises=made.raises,
                right=right.get(_name(made.call)) if made.raises else None,
            )

    def _judge(self, made: FunctionCall, literal: Any, observed: Any, expected: Any) -> None:
        solution = expected["returned"] if expected else None
        if made.holds:
            for condition in made.holds:
                judge_condition(condition, observed["returned"], solution, self.tolerance)
        else:
            wanted = literal_value(literal) if made.returns else solution
            compare(observed["returned"], wanted, self.tolerance, exact=made.exact)
        if made.keeps_inputs:
            judge_inputs(observed["before"], observed["after"])
        if made.keeps_random and observed["random_before"] != observed["random_after"]:
            raise Failure(say("torch's global random state as it was"), say("another state after the call"))


def observe_call(student: look.Student, tree: Any, random: bool) -> Any:
    """What a call returns, and its tensor arguments before and after it.

    Returns:
        `returned`, `before`, `after`; with `random`, torch's global random state: `random_before`, `random_after`.
    """
    return look.call(student, tree, random)


def judge_inputs(before: list[Any], after: list[Any]) -> None:
    """Fail where a call wrote to its arguments.

    Args:
        before, after: the tensors among the arguments; None in the place of any other.
    """
    for place, (old, new) in enumerate(zip(before, after, strict=True), 1):
        if old is not None and old != new:
            raise Failure(
                say("the arguments as they were before the call"),
                say("the call changed argument {place}", place=place),
                say("Work on a new tensor: `x = x + 1`, not `x += 1`, which writes into the caller's tensor."),
            )
