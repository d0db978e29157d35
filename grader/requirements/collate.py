"""`collate`: from a list of samples to a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, compare, names
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    import torch

    from grader.guest import look


class CollateRequirement(Requirement):
    """A collate function, compared with the solution's on batches of several sizes.

    Attributes:
        function: an expression for it, e.g. `pad_collate`.
        samples: what the batches are made of.
        sizes: each a check: the batch of the first so many samples.
        loader: also as the `collate_fn` of a DataLoader with this many samples in a batch.
    """

    kind: Literal["collate"]
    function: Expression
    samples: tuple[Expression, ...] = Field(min_length=1)
    sizes: tuple[int, ...] = (1, 2, 3)
    loader: int | None = Field(default=None, ge=1)

    def checks(self, seed: int) -> Iterator[Check]:
        for size in self.sizes:
            said = verbatim(f"{self.function}([{', '.join(self.samples[:size])}])")
            question = ask(observe_batch, seed, tree=self.function, trees=compile_all(self.samples[:size], seed))
            yield self._check(f"collate[{size}]", said, question, self._judge, reference=True)
        if self.loader:
            said = verbatim(f"DataLoader(samples, {self.loader}, collate_fn={self.function})")
            trees = compile_all(self.samples, seed)
            question = ask(observe_loader, seed, tree=self.function, trees=trees, size=self.loader)
            yield self._check("collate-loader", said, question, self._judge_loader, reference=True)

    def _judge(self, observed: Any, expected: Any) -> None:
        batch, wanted = observed["batch"], expected["batch"]
        if isinstance(batch, dict) and isinstance(wanted, dict):
            dropped = [key for key in wanted if key not in batch]
            if dropped:
                raise Failure(
                    say("the fields {names}", names=names(list(map(repr, wanted)))),
                    say("{names} is missing", names=names(list(map(repr, dropped)))),
                    say("Collate every field of the samples."),
                )
        compare(batch, wanted, self.tolerance)
        compare(observed["samples"], expected["samples"], self.tolerance, say("the samples after the call"))

    def _judge_loader(self, observed: Any, expected: Any) -> None:
        compare(observed, expected, self.tolerance, say("the batches"))


def observe_batch(student: look.Student, tree: Any, trees: list[Any]) -> Any:
    """The `batch` of some samples, and the `samples` afterwards."""
    samples = [look.evaluate(student, part) for part in trees]
    batch = look.evaluate(student, tree)(samples)
    return {"batch": batch, "samples": samples}


def observe_loader(student: look.Student, tree: Any, trees: list[Any], size: int) -> Any:
    """The batches of a DataLoader with the collate function."""
    samples = [look.evaluate(student, part) for part in trees]
    loader: Any = torch.utils.data.DataLoader(
        samples,  # type: ignore[arg-type]
        batch_size=size,
        collate_fn=look.evaluate(student, tree),
    )
    return look.take(loader)
