"""`sampler`: in which order a Sampler, or a batch sampler, names indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, compare
from grader.requirements.requirement import Check, ask
from grader.requirements.structure import ObjectRequirement

if TYPE_CHECKING:
    from grader.guest import look


class SamplerRequirement(ObjectRequirement):
    """A Sampler, compared with the solution's.

    Attributes:
        order: the indices (or lists of them) must be the solution's, in every pass.
        length: `len` must be the number of what it yields.
    """

    kind: Literal["sampler"]
    order: bool = True
    length: bool = True

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask(observe_sampler, seed, tree=self.object)
        if self.order:
            said = verbatim(f"list({self.object})")
            yield self._check(f"order[{self.name}]", said, question, self._judge_order, reference=True)
        if self.length:
            said = verbatim(f"len({self.object})")
            question = ask(observe_length, seed, tree=self.object)
            yield self._check(f"length[{self.name}]", said, question, self._judge_length, reference=True)

    def _judge_order(self, observed: Any, expected: Any) -> None:
        if "Sampler" not in observed["bases"]:
            raise Failure(say("a class that inherits from Sampler"), say("a {kind}", kind=observed["bases"][0]))
        compare(observed["first"], expected["first"], self.tolerance)
        compare(observed["second"], expected["first"], self.tolerance, say("the second pass"))

    def _judge_length(self, observed: Any, expected: Any) -> None:
        compare(observed, expected)


def observe_sampler(student: look.Student, tree: Any) -> Any:
    """What two passes yield, `first` and `second`."""
    sampler = look.evaluate(student, tree)
    bases = [base.__name__ for base in type(sampler).__mro__]
    return {"bases": bases, "first": look.take(sampler), "second": look.take(sampler)}


def observe_length(student: look.Student, tree: Any) -> Any:
    """What `len` says."""
    return len(look.evaluate(student, tree))
