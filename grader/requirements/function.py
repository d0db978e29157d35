"""`function`: calls, with the results or exceptions expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from grader.models.base import Model
from grader.models.message import say, verbatim
from grader.requirements.base import Check, Requirement, ask
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Call, Expression, compile_expression

if TYPE_CHECKING:
    from grader.guest import look


def _literal(text: str) -> str:
    literal_value(compile_expression(text, 0))
    return text


class FunctionCall(Model):
    """One call.

    Attributes:
        call: e.g. `diagonals(randn(3, 4, 4))`.
        returns: an expression of literals and tensors; without it, what the solution returns.
        raises: name of the exception that must come instead.
        keeps_inputs: tensors passed to it must hold the same numbers afterwards.
        keeps_random: torch's global random state must be as it was.
    """

    call: Call
    returns: Annotated[Expression, AfterValidator(_literal)] | None = None
    raises: str | None = Field(default=None, pattern=r"^\w+$")
    keeps_inputs: bool = True
    keeps_random: bool = False

    @model_validator(mode="after")
    def _one_outcome(self) -> FunctionCall:
        if self.returns and self.raises:
            raise ValueError("give `returns` or `raises`, not both")
        return self


class FunctionRequirement(Requirement):
    """Calls of a student's function (or of anything callable)."""

    kind: Literal["function"]
    calls: tuple[FunctionCall, ...] = Field(min_length=1)

    def checks(self, seed: int) -> Iterator[Check]:
        for number, made in enumerate(self.calls, 1):
            literal = compile_expression(made.returns, seed) if made.returns else None

            def judge(observed: Any, expected: Any, made: FunctionCall = made, literal: Any = literal) -> None:
                wanted = literal_value(literal) if made.returns else expected["returned"]
                compare(observed["returned"], wanted, self.tolerance)
                judge_inputs(observed["changed"] if made.keeps_inputs else [])
                if made.keeps_random and not observed["random_kept"]:
                    raise Failure(say("torch's global random state as it was"), say("another state after the call"))

            yield self._check(
                f"call[{number}]",
                verbatim(made.call),
                ask(observe_call, seed, tree=made.call),
                judge,
                reference=not made.returns and not made.raises,
                raises=made.raises,
            )


def observe_call(student: look.Student, tree: Any) -> Any:
    return look.call(student, tree)


def literal_value(tree: Any) -> Any:
    """The value of a tree that calls nothing."""
    match tree:
        case {"value": value}:
            return value
        case {"list": parts}:
            return [literal_value(part) for part in parts]
        case {"tuple": parts}:
            return tuple(literal_value(part) for part in parts)
        case {"mapping": pairs}:
            return {literal_value(key): literal_value(value) for key, value in pairs}
        case dict():
            raise ValueError("a literal result may hold numbers, texts, lists, dicts and tensors only")
    return tree


def judge_inputs(changed: list[int]) -> None:
    """Fail where a call wrote to its arguments."""
    if changed:
        raise Failure(
            say("the arguments as they were before the call"),
            say("argument {place} holds other numbers after the call", place=changed[0]),
            say("Work on a new tensor: `x = x + 1`, not `x += 1`, which writes into the caller's tensor."),
        )
