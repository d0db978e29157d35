"""`parameters`: which Parameters a module has registered, and how they begin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from pydantic import Field

from grader.models.message import joined, say, verbatim
from grader.models.model import Model
from grader.models.values import Opaque, Parts, Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, compare, describe, names, shape_of
from grader.requirements.requirement import Check
from grader.requirements.structure import Dtype, StructureRequirement, plain, require_module

Initial = Literal["zeros", "ones", "varied", "reference"] | float


class ParameterSpec(Model):
    """One Parameter.

    Attributes:
        initial: `zeros`, `ones`, a number, `varied` (not all equal) or `reference` (as the solution's).
    """

    shape: tuple[int, ...]
    dtype: Dtype = "float32"
    requires_grad: bool = True
    initial: Initial | None = None


class ParametersRequirement(StructureRequirement):
    """Registered Parameters by name, or by number.

    Attributes:
        parameters: name -> what it must be; each is a check.
        exact: there may be no others (part of each check).
        count: number of Parameters, where names do not matter; one with several names counts once.
        total: number of trainable numbers in all of them.
    """

    kind: Literal["parameters"]
    parameters: dict[str, ParameterSpec] = Field(default_factory=dict)
    exact: bool = True
    count: int | None = Field(default=None, ge=0)
    total: int | None = Field(default=None, ge=0)

    def checks(self, seed: int) -> Iterator[Check]:
        question = self.structure(seed)
        said = say("the parameters of {object}", object=self.object)
        for name, spec in self.parameters.items():
            judge = partial(self._judge_one, name, spec)
            yield self._check(f"parameter[{name}]", said, question, judge, reference=spec.initial == "reference")
        if self.count is not None or self.total is not None:
            yield self._check(f"parameters[{self.name}]", said, question, self._judge_numbers)

    def _judge_one(self, name: str, spec: ParameterSpec, observed: Any, expected: Any) -> None:
        require_module(observed)
        found = observed["parameters"].get(name)
        if found is None:
            raise Failure(say("a Parameter `{name}`", name=name), _instead(name, observed))
        require_shapes({name: found})
        judge_tensor(found, spec.shape, spec.dtype)
        if found.requires_grad != spec.requires_grad:
            raise Failure(
                verbatim(f"requires_grad={spec.requires_grad}"),
                verbatim(f"requires_grad={found.requires_grad}"),
            )
        if spec.initial is not None:
            wanted = expected["parameters"].get(name) if spec.initial == "reference" else spec.initial
            judge_initial(found, wanted, self.tolerance)
        others = [other for other in observed["parameters"] if other not in self.parameters]
        if self.exact and others:
            raise Failure(
                say("no Parameters but {names}", names=names(list(self.parameters))),
                say("also {names}", names=names(others)),
            )

    def _judge_numbers(self, observed: Any, _: Any) -> None:
        require_module(observed)
        found = {name: observed["parameters"][name] for name in observed["own_parameters"]}
        if self.count is not None and len(found) != self.count:
            counted = joined([str(len(found)), names(list(found))], ": ")
            again = [name for name in observed["parameters"] if name not in found]
            if again:
                counted = say("{counted}; others are the same ones again: {again}", counted=counted, again=names(again))
            raise Failure(say("Parameters: {count}", count=self.count), counted)
        if self.total is None:
            return
        require_shapes(found)
        total = sum(p.values.size for p in found.values() if p.requires_grad)
        if total != self.total:
            raise Failure(say("{count} trainable numbers", count=self.total), verbatim(total))


def _instead(name: str, observed: dict[str, Any]) -> Any:
    """What stands in a missing Parameter's place."""
    if name in observed["buffers"]:
        return say("`{name}` is a buffer", name=name)
    if name in observed["attributes"]:
        kind = plain(observed["attributes"][name])
        return say("`{name}` is a plain {kind}, which is not registered", name=name, kind=kind)
    return say("the Parameters are {names}", names=names(list(observed["parameters"])))


def require_shapes(registered: dict[str, Any]) -> None:
    """Fail where something is lazy still: nothing says what the module is called with."""
    for name, found in registered.items():
        if isinstance(found, Opaque) and found.type.startswith("Uninitialized"):
            observed = say("`{name}` is lazy, and has none before the first call", name=name)
        elif not isinstance(found, Tensor):
            kind = found.repr if isinstance(found, Opaque) else found.kind if isinstance(found, Parts) else ""
            observed = say("`{name}` is no ordinary tensor: {kind}", name=name, kind=" ".join(kind.split()))
        else:
            continue
        raise Failure(say("a shape of `{name}`", name=name), observed)


def judge_tensor(found: Tensor, shape: tuple[int, ...], dtype: str) -> None:
    """Shape, then dtype."""
    if found.shape != shape:
        raise Failure(shape_of(shape), shape_of(found.shape))
    if found.dtype != dtype:
        raise Failure(verbatim(f"dtype {dtype}"), verbatim(f"dtype {found.dtype}"))


def judge_initial(found: Tensor, wanted: Any, tolerance: Tolerance | None) -> None:
    """Initial numbers: `zeros`, `ones`, `varied`, a number, or another tensor's."""
    if isinstance(wanted, Tensor):
        compare(found, wanted, tolerance)
    elif wanted == "varied":
        if found.values.size > 1 and bool((found.values == found.values.flat[0]).all()):
            raise Failure(say("different initial numbers"), say("all are {number}", number=float(found.values.flat[0])))
    else:
        number = {"zeros": 0.0, "ones": 1.0}.get(wanted, wanted)
        if not bool((found.values == found.values.dtype.type(number)).all()):
            raise Failure(say("{number} everywhere at first", number=f"{number:g}"), describe(found))
