"""`dataset`: what a map-style or iterable Dataset holds, and how it behaves as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import Expression
from grader.requirements.requirement import Check, ask
from grader.requirements.samples import different, unmatched
from grader.requirements.structure import ObjectRequirement

if TYPE_CHECKING:
    import torch

    from grader.guest import look


class DatasetRequirement(ObjectRequirement):
    """A Dataset, compared with the solution's.

    Attributes:
        items: compare `len` and items: at these indices, or at all (at most 64, from both ends).
        iterable: it is an IterableDataset: compare what it yields, at most 1000 samples.
        ends: an index beyond either end raises IndexError, so that `for x in dataset` ends.
        copies: the same item twice is the same, also after the first was written to, and a second instance
            changes neither items nor length.
        lazy: an expression for a list that grows when something is loaded or transformed, usually of
            the fixtures: its length after creation, one access, and a second access.
        pickles: it survives pickling, as for workers of a DataLoader.
        workers: numbers of workers of a DataLoader, each of which must bring the samples that it brings without.
    """

    kind: Literal["dataset"]
    items: tuple[int, ...] | Literal["all"] | None = "all"
    iterable: bool = False
    ends: bool = False
    copies: bool = False
    lazy: Expression | None = None
    pickles: bool = False
    workers: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=4)

    @model_validator(mode="after")
    def _fits_its_style(self) -> DatasetRequirement:
        if self.iterable and (self.ends or self.copies or self.lazy or self.items not in ("all", None)):
            raise ValueError("`ends`, `copies`, `lazy` and single `items` are for map-style datasets")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        said = verbatim(self.object)
        asked = {"tree": self.object}
        if self.items is not None:
            indices = None if self.items == "all" else list(self.items)
            question = (
                ask(observe_samples, seed, **asked)
                if self.iterable
                else ask(observe_items, seed, **asked, indices=indices)
            )
            yield self._check(f"items[{self.name}]", said, question, self._judge_items, reference=True)
        if self.ends:
            yield self._check(f"ends[{self.name}]", said, ask(observe_ends, seed, **asked), self._judge_ends)
        if self.copies:
            question = ask(observe_copies, seed, **asked)
            yield self._check(f"copies[{self.name}]", said, question, self._judge_copies)
        if self.lazy is not None:
            question = ask(observe_lazy, seed, **asked, tree_counter=self.lazy)
            yield self._check(f"lazy[{self.name}]", said, question, self._judge_lazy, reference=True)
        if self.pickles:
            yield self._check(f"pickle[{self.name}]", said, ask(observe_pickle, seed, **asked), self._judge_pickle)
        if self.workers:
            question = ask(observe_workers, seed, **asked, workers=list(self.workers))
            yield self._check(f"workers[{self.name}]", said, question, self._judge_workers)

    def _judge_items(self, observed: Any, expected: Any) -> None:
        require_dataset(observed, "IterableDataset" if self.iterable else "Dataset")
        if not self.iterable and observed["length"] != expected["length"]:
            raise Failure(
                say("len is {length}", length=expected["length"]), say("len is {length}", length=observed["length"])
            )
        for place, left, right in zip(observed["indices"], observed["items"], expected["items"], strict=False):
            compare(left, right, self.tolerance, say("item {place}", place=place))
        compare(len(observed["items"]), len(expected["items"]), at=say("the number of samples"))

    def _judge_ends(self, observed: Any, _: Any) -> None:
        require_dataset(observed, "Dataset")
        for index, came in observed["beyond"]:
            if came != "IndexError":
                seen = say("a {kind}", kind=came[2:]) if came.startswith("a ") else verbatim(came)
                raise Failure(say("IndexError for index {index}", index=index), seen)
        if observed["counted"] != observed["length"]:
            raise Failure(
                say("a `for` loop that ends after {length} items", length=observed["length"]),
                say("it ends after {counted}", counted=observed["counted"])
                if observed["counted"] < observed["length"]
                else say("it goes on"),
                say("`for` asks for 0, 1, 2, ... until __getitem__ raises IndexError."),
            )

    def _judge_copies(self, observed: Any, _: Any) -> None:
        require_dataset(observed, "Dataset")
        alone, *together = observed["lengths"]
        if together != [alone, alone]:
            raise Failure(
                say("len is {alone} in each of two instances", alone=alone),
                say("{one} in the first, {two} in the second", one=together[0], two=together[1]),
                say("What an instance keeps for itself is made in `__init__`, as an attribute of `self`."),
            )
        for key, cause in (
            ("again", say("a second access")),
            ("later", say("the first one was written to")),
            ("other", say("an item of another instance was written to")),
        ):
            try:
                compare(observed[key], observed["first"], self.tolerance)
            except Failure as failure:
                raise Failure(
                    say("the same item after {cause}", cause=cause),
                    failure.observed,
                    say("Return a new object each time."),
                ) from None

    def _judge_lazy(self, observed: Any, expected: Any) -> None:
        for key, when in (
            ("created", say("creation")),
            ("first", say("one access")),
            ("second", say("a second access to the same item")),
        ):
            if observed[key] != expected[key]:
                raise Failure(
                    say("{number} loaded or transformed after {when}", number=expected[key], when=when),
                    verbatim(observed[key]),
                )

    def _judge_pickle(self, observed: Any, _: Any) -> None:
        require_dataset(observed, "Dataset")
        compare(observed["after"], observed["before"], self.tolerance, say("the item after pickling"))

    def _judge_workers(self, observed: Any, _: Any) -> None:
        (_, alone), *together = observed
        for number, samples in together:
            if len(samples) != len(alone) or unmatched(samples, alone, self.tolerance):
                raise Failure(
                    say("each of {count} samples once from {number} workers", count=len(alone), number=number),
                    say(
                        "{count} samples, {different} different",
                        count=len(samples),
                        different=different(samples),
                    ),
                    say(
                        "Every worker has its own copy of the dataset; get_worker_info() tells which share is its own."
                    ),
                )


def require_dataset(observed: Any, base: str) -> None:
    """Fail where the object's class does not inherit from the Dataset class asked for."""
    if base not in observed["bases"]:
        raise Failure(say("a class that inherits from {base}", base=base), say("a {kind}", kind=observed["bases"][0]))


def observe_items(student: look.Student, tree: Any, indices: list[int] | None) -> Any:
    """Length and items of a map-style Dataset, at these `indices`, or at up to 64 from both ends."""
    dataset = look.evaluate(student, tree)
    length = len(dataset)
    if indices is None:
        indices = list(range(length)) if length <= 64 else [*range(32), *range(length - 32, length)]
    items = [look.copied(dataset[index]) for index in indices]
    bases = [base.__name__ for base in type(dataset).__mro__]
    return {"bases": bases, "length": length, "indices": indices, "items": items}


def observe_samples(student: look.Student, tree: Any) -> Any:
    """The first samples of an IterableDataset."""
    dataset = look.evaluate(student, tree)
    items = look.take(dataset)
    bases = [base.__name__ for base in type(dataset).__mro__]
    return {"bases": bases, "indices": list(range(len(items))), "items": items}


def observe_ends(student: look.Student, tree: Any) -> Any:
    """What comes at indices beyond both ends, and how many items a `for` loop brings."""
    dataset = look.evaluate(student, tree)
    length = len(dataset)
    beyond = []
    for index in (length, length + 5, -length - 1):
        try:
            came = f"a {type(dataset[index]).__name__}"
        except IndexError:
            came = "IndexError"
        except Exception as error:
            came = f"{type(error).__name__}: {error}"
        beyond.append([index, came])
    ended = length <= 10_000 and [came for _, came in beyond] == ["IndexError"] * 3
    counted = len(look.take(dataset, length + 3)) if ended else length
    return {
        "bases": [base.__name__ for base in type(dataset).__mro__],
        "length": length,
        "beyond": beyond,
        "counted": counted,
    }


def observe_copies(student: look.Student, tree: Any) -> Any:
    """An item as it is at `first` and `again`, `later`, when the first was written to, and when an `other`
    instance's was; and the `lengths` alone, and of both."""
    dataset = look.evaluate(student, tree)
    alone = len(dataset)
    other = look.evaluate(student, tree)
    item = dataset[0]
    seen = {
        "bases": [base.__name__ for base in type(dataset).__mro__],
        "lengths": [alone, len(dataset), len(other)],
        "first": look.copied(item),
        "again": look.copied(dataset[0]),
    }
    look.scramble(item)
    seen["later"] = look.copied(dataset[0])
    look.scramble(other[0])
    seen["other"] = look.copied(dataset[0])
    return seen


def observe_lazy(student: look.Student, tree: Any, tree_counter: Any) -> Any:
    """How much was loaded once the dataset was `created`, after the `first` access, and after the `second`."""
    counter = look.evaluate(student, tree_counter)
    counter.clear()
    dataset = look.evaluate(student, tree)
    seen = {"created": len(counter)}
    dataset[1]
    seen["first"] = len(counter)
    dataset[1]
    seen["second"] = len(counter)
    return seen


def observe_pickle(student: look.Student, tree: Any) -> Any:
    """An item `before` pickling and `after`."""
    import pickle

    dataset = look.evaluate(student, tree)
    bases = [base.__name__ for base in type(dataset).__mro__]
    # As in every probe, in the student's sandbox: nothing pickled reaches the judge.
    return {"bases": bases, "before": dataset[0], "after": pickle.loads(pickle.dumps(dataset))[0]}


def observe_workers(student: look.Student, tree: Any, workers: list[int]) -> Any:
    """The samples of a DataLoader without workers, and with each of these numbers of them."""
    dataset = look.evaluate(student, tree)
    seen = []
    for number in (0, *workers):
        loader = torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=number)
        seen.append([number, look.take(loader)])
    return seen
