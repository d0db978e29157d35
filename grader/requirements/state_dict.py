"""`state_dict`: what is saved, and whether a fresh module that loads it is the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, compare, names
from grader.requirements.expressions import Expression, compile_all
from grader.requirements.requirement import Check, ask
from grader.requirements.structure import StructureRequirement, require_module

if TYPE_CHECKING:
    from grader.guest import look


class StateDictRequirement(StructureRequirement):
    """Saving and loading.

    Attributes:
        keys: the keys of the state_dict, in any order; or `reference`.
        round_trip: inputs. The module is filled, called with them, saved; a fresh one loads that
            and must give the same output in evaluation mode.
    """

    kind: Literal["state_dict"]
    keys: tuple[str, ...] | Literal["reference"] | None = None
    round_trip: tuple[Expression, ...] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> StateDictRequirement:
        if self.keys is None and self.round_trip is None:
            raise ValueError("give `keys` or `round_trip`")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        if self.keys is not None:
            yield self._check(
                f"state_dict[{self.name}]",
                verbatim(f"{self.object}.state_dict()"),
                self.structure(seed),
                self._judge_keys,
                reference=self.keys == "reference",
            )
        if self.round_trip is not None:
            yield self._check(
                f"round-trip[{self.name}]",
                say(
                    "{object}: save, load into a fresh one, call with {inputs}",
                    object=self.object,
                    inputs=", ".join(self.round_trip),
                ),
                ask(observe_round_trip, seed, tree=self.object, seed=seed, trees=compile_all(self.round_trip, seed)),
                self._judge_round_trip,
                reference=True,
            )

    def called_with(self) -> tuple[str, ...] | None:
        return self.inputs or self.round_trip

    def _judge_keys(self, observed: Any, expected: Any) -> None:
        require_module(observed)
        wanted: list[str] = expected["state"] if self.keys == "reference" else list(self.keys or ())
        if sorted(observed["state"]) != sorted(wanted):
            raise Failure(
                say("the keys {names}", names=names(wanted)), say("the keys {names}", names=names(observed["state"]))
            )

    def _judge_round_trip(self, observed: Any, expected: Any) -> None:
        if not observed["loaded"] and expected["loaded"]:
            raise Failure(say("something to load"), say("an empty state_dict"))
        compare(observed["after"], observed["before"], self.tolerance, say("the output after loading"))
        compare(observed["after"], expected["after"], self.tolerance, say("the output after loading"))


def observe_round_trip(student: look.Student, tree: Any, trees: list[Any], seed: int) -> Any:
    """The output `before` saving and `after` loading into a fresh module, and how many tensors were `loaded`."""
    import io

    inputs = [look.evaluate(student, part) for part in trees]
    first = look.evaluate(student, tree)
    look.settle(first, lambda: inputs)
    look.fill(first, seed)
    first(*inputs)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = look.evaluate(student, tree)
    look.settle(second, lambda: inputs)
    look.fill(second, seed + 1)
    state = torch.load(file, weights_only=True)
    second.load_state_dict(state)
    return {"before": first.eval()(*inputs), "after": second.eval()(*inputs), "loaded": len(state)}


if TYPE_CHECKING:
    import torch
