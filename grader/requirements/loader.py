"""`loader`: the batches of a DataLoader, and what an epoch is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.models.message import say, verbatim
from grader.models.values import Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Call
from grader.requirements.requirement import Check, ask
from grader.requirements.samples import different, exact_form, near, unmatched
from grader.requirements.structure import ObjectRequirement

if TYPE_CHECKING:
    import torch

    from grader.guest import look

_LIMIT = 1000


class LoaderRequirement(ObjectRequirement):
    """A DataLoader (or anything that gives batches), compared with the solution's.

    Attributes:
        ordered: the batches are the solution's, one by one.
        shuffled: instead, an epoch holds the same samples in batches of the same sizes, not in the dataset's
            order; the same call gives the same order again.
        otherwise: a call, with another seed say, whose order must differ; for `shuffled`.
        same_as: calls whose epochs must hold the same samples, e.g. with other numbers of workers.
        epochs: how many epochs are looked at; each must be complete.
    """

    kind: Literal["loader"]
    ordered: bool = True
    shuffled: bool = False
    otherwise: Call | None = None
    same_as: tuple[Call, ...] = ()
    epochs: int = Field(default=1, ge=1, le=5)

    def checks(self, seed: int) -> Iterator[Check]:
        said = say("the batches of {object}", object=self.object)
        question = ask(observe_epochs, seed, tree=self.object, epochs=self.epochs)
        if self.shuffled:
            asked = ask(
                observe_orders, seed, tree=self.object, tree_other=self.otherwise or self.object, epochs=self.epochs
            )
            yield self._check(f"shuffled[{self.name}]", said, asked, self._judge_shuffled, reference=True)
        elif self.ordered:
            yield self._check(f"batches[{self.name}]", said, question, self._judge_batches, reference=True)
        for number, call in enumerate(self.same_as, 1):
            asked = ask(observe_epochs, seed, tree=call, epochs=1)
            yield self._check(
                f"same[{self.name},{number}]",
                say("the batches of {object}", object=call),
                asked,
                self._judge_same,
                reference=True,
            )

    @property
    def _near(self) -> Tolerance:
        """How near two samples must be to count as one."""
        return self.tolerance or Tolerance(rtol=1e-4, atol=1e-6)

    def _judge_batches(self, observed: Any, expected: Any) -> None:
        for epoch, (left, right) in enumerate(zip(observed, expected, strict=True), 1):
            _judge_count(left, right)
            for number, (batch, wanted) in enumerate(zip(left, right, strict=True), 1):
                compare(
                    batch, wanted, self.tolerance, say("batch {number} of epoch {epoch}", number=number, epoch=epoch)
                )

    def _judge_shuffled(self, observed: Any, expected: Any) -> None:
        for left, right in zip(observed["epochs"], expected["epochs"], strict=True):
            _judge_count(left, right)
            _judge_samples(left, right, self._near)
        order = _samples(observed["epochs"][0])
        if near(order, _samples(expected["plain"]), self._near):
            raise Failure(say("the samples in another order than the dataset's"), say("the dataset's order"))
        if exact_form(_samples(observed["again"])) != exact_form(order):
            raise Failure(say("the same order from the same call"), say("another order"))
        if self.otherwise and exact_form(_samples(observed["other"])) == exact_form(order):
            raise Failure(say("another order from {call}", call=self.otherwise), say("the same order"))

    def _judge_same(self, observed: Any, expected: Any) -> None:
        _judge_samples(observed[0], expected[0], self._near)


def _judge_count(batches: Any, wanted: Any) -> None:
    if len(batches) != len(wanted):
        came = say("more than {count}", count=_LIMIT - 1) if len(batches) >= _LIMIT else verbatim(len(batches))
        raise Failure(say("batches: {count}", count=len(wanted)), came)
    for number, (left, right) in enumerate(zip(batches, wanted, strict=True), 1):
        if _size(left) != _size(right):
            raise Failure(
                say("{size} samples in batch {number}", size=_size(right), number=number),
                verbatim(_size(left)),
            )


def _judge_samples(batches: Any, wanted: Any, tolerance: Tolerance) -> None:
    left, right = _samples(batches), _samples(wanted)
    missing = unmatched(left, right, tolerance)
    if missing or len(left) != len(right):
        raise Failure(
            say("every sample exactly once, {count} in all", count=len(right)),
            say(
                "{count}; {missing} missing, {twice} more than once",
                count=len(left),
                missing=missing,
                twice=len(left) - different(left),
            ),
        )


def _size(batch: Any) -> int:
    if isinstance(batch, dict):
        return max((_size(value) for value in batch.values()), default=0)
    if isinstance(batch, (list, tuple)) and batch and isinstance(batch[0], (Tensor, list, tuple)):
        return _size(batch[0])
    try:
        return len(batch)
    except TypeError:
        return 1


def _samples(batches: Any) -> list[Any]:
    """Every sample of every batch, as plain numbers, lists and dicts."""
    return [_part(batch, place) for batch in batches for place in range(_size(batch))]


def _part(batch: Any, place: int) -> Any:
    if isinstance(batch, dict):
        return {key: _part(value, place) for key, value in batch.items()}
    if isinstance(batch, Tensor):
        return batch.values[place].tolist()
    if isinstance(batch, (list, tuple)) and batch and isinstance(batch[0], (Tensor, list, tuple)):
        return [_part(value, place) for value in batch]
    return batch[place]


def observe_epochs(student: look.Student, tree: Any, epochs: int) -> Any:
    """The batches of each of several epochs."""
    loader = look.evaluate(student, tree)
    return [look.take(loader) for _ in range(epochs)]


def observe_orders(student: look.Student, tree: Any, tree_other: Any, epochs: int) -> Any:
    """The batches of several `epochs`, of the same call `again`, of an `other` call, and in `plain` order."""
    loader = look.evaluate(student, tree)
    seen = {
        "epochs": [look.take(loader) for _ in range(epochs)],
        "again": look.take(look.evaluate(student, tree)),
        "other": look.take(look.evaluate(student, tree_other)),
    }
    if isinstance(loader, torch.utils.data.DataLoader):
        seen["plain"] = look.take(
            torch.utils.data.DataLoader(loader.dataset, loader.batch_size or 1, collate_fn=loader.collate_fn)
        )
    return seen
