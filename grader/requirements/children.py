"""`children`: which submodules there are, of what kind, where, and in what order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator

from grader.models.message import Message, say, verbatim
from grader.requirements.compare import Failure, names
from grader.requirements.requirement import Check
from grader.requirements.structure import StructureRequirement, plain, require_module


class ChildrenRequirement(StructureRequirement):
    """Registered submodules.

    Attributes:
        children: path, as `get_submodule` takes it, -> class (`ModuleList`, `Linear`, or the
            student's own); each is a check.
        count: class -> how many of it are in the whole tree.
        direct: names of the direct children, in this order.
        distinct: no module may stand in two places.
    """

    kind: Literal["children"]
    children: dict[str, str] = Field(default_factory=dict)
    count: dict[str, int] = Field(default_factory=dict)
    direct: tuple[str, ...] | None = None
    distinct: bool = True

    @model_validator(mode="after")
    def _asks_something(self) -> ChildrenRequirement:
        if not self.children and not self.count and self.direct is None:
            raise ValueError("give `children`, `count` or `direct`")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        question = self.structure(seed)
        said = say("the submodules of {object}", object=self.object)
        for path, kind in self.children.items():
            yield self._check(f"child[{path or self.name}]", said, question, partial(_judge_child, path, kind))
        if self.count or self.direct is not None:
            yield self._check(f"children[{self.name}]", said, question, self._judge_whole)

    def _judge_whole(self, observed: Any, _: Any) -> None:
        require_module(observed)
        modules = observed["modules"]
        direct = [m["path"] for m in modules if m["path"] and "." not in m["path"]]
        if self.direct is not None and direct != list(self.direct):
            raise Failure(
                say("the children {names}", names=names(self.direct)), say("the children {names}", names=names(direct))
            )
        for kind, number in self.count.items():
            found = [m for m in modules if _is(m, kind)]
            different = {m["same"] for m in found}
            if self.distinct and len(different) < len(found) and len(found) >= number:
                raise Failure(
                    say("{number} different {kind} modules", number=number, kind=kind),
                    say("{places} places that share {number}", places=len(found), number=len(different)),
                    say("`[layer] * n` repeats one layer; make each with its own call."),
                )
            if len(found) != number:
                raise Failure(
                    say("registered {kind} modules: {number}", number=number, kind=kind), _instead(observed, len(found))
                )


def _judge_child(path: str, kind: str, observed: Any, _: Any) -> None:
    require_module(observed)
    for module in observed["modules"]:
        if module["path"] == path:
            if not _is(module, kind):
                raise Failure(
                    say("{path} is a {kind}", path=path or say("it"), kind=kind),
                    say("a {kind}", kind=module["bases"][0]),
                )
            return
    attribute = observed["attributes"].get(path.split(".")[0])
    if attribute:
        raise Failure(
            say("a registered submodule `{path}`", path=path),
            say("`{name}` is a plain {kind}", name=path.split(".")[0], kind=plain(attribute)),
            say("Modules inside a Python list or dict are invisible to nn.Module. Which container registers them?"),
        )
    found = [module["path"] for module in observed["modules"] if module["path"]]
    raise Failure(say("a submodule `{path}`", path=path), say("the submodules are {names}", names=names(found[:20])))


def _is(module: dict[str, Any], kind: str) -> bool:
    """Whether a module is of a class, given as `Linear`, `nn.Linear` or a name of the student's."""
    wanted = kind.removeprefix("nn.")
    return any(base.removeprefix("nn.") == wanted for base in module["bases"])


def _instead(observed: Any, number: int) -> Message:
    for name, kind in observed["attributes"].items():
        if kind.endswith("of modules"):
            return say("{number}; `{name}` is a plain {kind}", number=number, name=name, kind=plain(kind))
    return verbatim(number)
