"""`uses`: functions that an answer must call, itself or by way of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from grader.models.message import say, verbatim
from grader.models.work import Work, Written
from grader.requirements.compare import Failure
from grader.requirements.expressions import Expression
from grader.requirements.requirement import Check, Question, Requirement, ask

if TYPE_CHECKING:
    from grader.guest import look

FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)]
_SHORT = {"nn": "torch", "F": "torch", "np": "numpy"}
_UNKNOWN = "?"
"""The owner of a method in a source: most often a tensor."""


class UsesRequirement(Requirement):
    """Functions or classes that must be called.

    With a `call`, what is called while it is answered decides, and not the source: what is written may never run,
    and what runs may be called by any name.

    Attributes:
        uses: names, each a check: `gather` is any function, method or class of this name, `torch.gather` one of
            torch's, be it a function or a method, in place or not.
        call: what is asked; without it, the source of the exercise's cells decides.
    """

    kind: Literal["uses"]
    uses: tuple[FunctionName, ...] = Field(min_length=1)
    call: Expression | None = None

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask_called(self.call, self.uses, seed)
        for name in self.uses:
            yield self._check(
                f"uses[{name}]",
                verbatim(self.call) if self.call else say("the exercise's cells"),
                question,
                partial(self._judge, name),
                reads=None if self.call else partial(self._judge_written, name),
            )

    def _judge(self, name: str, observed: Any, _: Any) -> None:
        if self.call and not called_as(name, observed):
            raise _unused(name)

    def _judge_written(self, name: str, work: Work) -> None:
        if written_as(name, work.written) is None:
            raise _unused(name)


def _unused(name: str) -> Failure:
    return Failure(say("`{name}` is called", name=name), say("it is not called"))


def ask_called(call: str | None, names: Iterable[str], seed: int) -> Question:
    """Asks which functions of some names are called while something is answered; of None, whether the cells ended."""
    return ask(observe_called, seed, tree=call, names=sorted({name.rpartition(".")[2] for name in names}))


def observe_called(student: look.Student, tree: Any, names: list[str]) -> Any:
    """The functions called meanwhile that have one of the names: `look.called`."""
    return [] if tree is None else look.called(student, tree, names)


def called_as(name: str, called: Any) -> str | None:
    """The full name under which a function was called, if it was.

    Args:
        called: `MODULE:NAME` of what was called.
    """
    for one in called:
        module, _, rest = one.partition(":")
        last = module.rpartition(".")[2]
        prefix = f"{last[1:]}_" if last.startswith("_") else ""  # torch._C._linalg has `linalg_inv`
        if _means(name, module.split("."), [part.removeprefix(prefix) for part in rest.split(".")]):
            return f"{module}.{rest}"
    return None


def written_as(name: str, written: Iterable[Written], inside: bool = False) -> Written | None:
    """Where a function is called in a source, if it is.

    Args:
        inside: look into functions and classes alone.
    """
    for one in written:
        module, *rest = one.name.split(".")
        if module == _UNKNOWN:  # the names before the last are attributes, such as `p.grad` in `p.grad.add_()`
            rest = rest[-1:]
        if (one.inside or not inside) and _means(name, [module], rest or [module]):
            return one
    return None


def _means(name: str, module: list[str], rest: list[str]) -> bool:
    """Whether what an instructor names is what stands in a module under the name `rest`."""
    *owners, last = name.split(".")
    if not any(part in (last, f"{last}_") for part in rest):
        return False
    owner = _SHORT.get(owners[0], owners[0]) if owners else None
    return owner is None or owner in module or owner in rest or (owner == "torch" and module == [_UNKNOWN])
