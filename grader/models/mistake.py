"""A typical mistake, as data: which facts show it, and what to say then."""

from __future__ import annotations

import difflib
import string
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from grader.models.base import Model
from grader.models.message import Scalar, Text

_PLACE = ("line", "cell")
_ATTRIBUTE = ("name", "path", "class", "is", "expected", "of", "count", "container", "shape", "dtype", "grad", "leaf")

FACTS: dict[str, tuple[str, ...]] = {
    # about the check that failed
    "check": ("name",),
    "raised": ("type", "message", "function", "code", *_PLACE),
    "stopped": ("by",),
    "warned": ("category", "message"),
    "changed_input": ("place",),
    "hooks": ("path", "kind", "number", "expected"),
    "differs": ("what", "at", "expected", "observed", "missing", "broadcasts", "reversed", "sums_to_one"),
    # about the objects
    "attribute": _ATTRIBUTE,
    "no_forward": ("class", "similar"),
    # about the source
    "uses": ("name", "code", *_PLACE),
    "lacks": ("name", "code"),
    "mentions": ("name", "code", *_PLACE),
    "no_super_init": ("class", *_PLACE),
    "returns_nothing": ("function", *_PLACE),
    "layer_in_forward": ("class", "function", "layer", "code", *_PLACE),
    "forward_called": ("class", "owner", "code", *_PLACE),
    "parameter_then_op": ("name", "code", *_PLACE),
    "writes_to_argument": ("function", "name", "code", *_PLACE),
    "hook_arity": ("kind", "function", "takes", "needs", *_PLACE),
    "hook_returns_nothing": ("kind", "function", *_PLACE),
    "handle_dropped": ("kind", "code", *_PLACE),
    "next_iter_in_loop": ("code", *_PLACE),
    "lambda": ("name", *_PLACE),
    "numpy_random": ("function", "code", *_PLACE),
    "unbounded_getitem": ("class", *_PLACE),
    "doc_method": _PLACE,
}
"""The facts a mistake may be shown by, and the fields of each."""

Pattern = bool | int | str | tuple[str, ...]
"""A number or truth is equal; a text may have `*` and `?`; of several texts one must fit."""


def _known(condition: dict[str, Pattern]) -> dict[str, Pattern]:
    fact = condition.get("fact")
    if not isinstance(fact, str) or fact not in FACTS:
        near = difflib.get_close_matches(str(fact), FACTS, n=1)
        advice = f"did you mean `{near[0]}`?" if near else f"facts: {', '.join(FACTS)}"
        raise ValueError(f"there is no fact {fact!r}; {advice}")
    for name in condition.keys() - {"fact", "absent"}:
        if name not in FACTS[fact]:
            raise ValueError(f"the fact {fact} has no {name!r}; it has {', '.join(FACTS[fact])}")
    return condition


Condition = Annotated[dict[str, Pattern], AfterValidator(_known)]
"""`{fact: attribute, is: tensor, expected: buffer}`; with `absent: true`, that no such fact is there."""


class Mistake(Model):
    """One entry of the catalogue.

    Attributes:
        title: what was done, in a few words.
        when: the facts that show it: all conditions of one of the alternatives must hold.
        hint: what to say; fields of the matched facts stand in it as `{name}`.
        page: of PyTorch's documentation, by name, such as `torch.nn.ModuleList`.
        example, cure: the mistake in a few lines, and the same done right.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    when: tuple[tuple[Condition, ...], ...] = Field(min_length=1)
    hint: Text
    page: str | None = None
    example: str = ""
    cure: str = ""

    @model_validator(mode="after")
    def _places_are_filled(self) -> Mistake:
        """Every place of the hint must be filled by every alternative."""
        for said in (self.hint.en, self.hint.ko or ""):
            wanted = {name for _, name, _, _ in string.Formatter().parse(said) if name is not None}
            for alternative in self.when:
                given = {field for c in alternative if not c.get("absent") for field in FACTS[str(c["fact"])]}
                for name in sorted(wanted - given):
                    raise ValueError(f"the hint's {{{name}}} is no field of the facts of `when`")
        return self


Fact = dict[str, Scalar]
