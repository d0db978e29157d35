"""`value`: what a variable of the notebook holds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from grader.models.message import verbatim
from grader.requirements.compare import compare
from grader.requirements.conditions import Condition, judge_condition, names_solution
from grader.requirements.expressions import Expression, LiteralExpression, compile_expression, literal_value
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    from grader.guest import look


class ValueRequirement(Requirement):
    """What the exercise's cells leave in a variable.

    Attributes:
        value: the variable, or an expression of it: `output`, `history[-1]`.
        equals: an expression of literals and tensors; without it, what the solution has there.
        holds: instead, conditions over `value` and `solution`; each must hold.
        exact: types count as well: a tuple is no list, an int no float.
    """

    kind: Literal["value"]
    value: Expression
    equals: LiteralExpression | None = None
    holds: tuple[Condition, ...] = ()
    exact: bool = False

    @model_validator(mode="after")
    def _one_outcome(self) -> ValueRequirement:
        if self.equals and self.holds:
            raise ValueError("give `equals` or `holds`, not both")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        needs_solution = any(map(names_solution, self.holds)) if self.holds else not self.equals
        literal = compile_expression(self.equals, seed) if self.equals else None
        judge = partial(self._judge, literal)
        question = ask(observe_value, seed, tree=self.value)
        yield self._check(f"value[{self.value}]", verbatim(self.value), question, judge, reference=needs_solution)

    def _judge(self, literal: Any, observed: Any, expected: Any) -> None:
        for condition in self.holds:
            judge_condition(condition, {"value": observed}, expected, self.tolerance)
        if not self.holds:
            wanted = literal_value(literal) if self.equals else expected
            compare(observed, wanted, self.tolerance, exact=self.exact)


def observe_value(student: look.Student, tree: Any) -> Any:
    """What the variable holds."""
    return look.copied(look.evaluate(student, tree))
