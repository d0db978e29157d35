"""A typical mistake, as data: which facts show it, and what to say then."""

from __future__ import annotations

import ast
import difflib
import string
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from grader.models.message import Scalar, Text
from grader.models.model import Model

_PLACE = ("line", "cell")
_ATTRIBUTE = (
    "owner", "name", "path", "class", "is", "expected", "of", "count", "container", "registered", "shape", "dtype",
    "grad", "leaf",
)  # fmt: skip

FACTS: dict[str, tuple[str, ...]] = {
    # about the check that failed
    "check": ("name",),
    "raised": ("type", "message", "expected", "suggests", "function", "code", *_PLACE),
    "called_on_class": ("class", "function", "code", *_PLACE),
    "none_from": ("function", "own", "code", *_PLACE),
    "self_missing": ("class", "function", *_PLACE),
    "shadowed": ("name", "code", *_PLACE),
    "stopped": ("by",),
    "warned": ("category", "message"),
    "changed_input": ("place",),
    "hooks": ("path", "kind", "number", "expected"),
    "differs": (
        *("what", "at", "expected", "observed", "missing", "broadcasts", "reversed", "sums_to_one", "alike"),
        *("permuted", "reread", "squeezed"),
    ),
    # about the objects
    "attribute": _ATTRIBUTE,
    "no_forward": ("class", "similar"),
    # about the source
    "uses": ("name", "code", *_PLACE),
    "lacks": ("name",),
    "fewer": ("name",),
    "mentions": ("name", "code", *_PLACE),
    "no_base": ("class", "expected", "named", *_PLACE),
    "entry_missing": ("name", "code", *_PLACE),
    "sizes_swapped": ("code", *_PLACE),
    "no_super_init": ("class", *_PLACE),
    "returns_nothing": ("function", *_PLACE),
    "layer_in_forward": ("class", "function", "layer", "code", *_PLACE),
    "forward_called": ("owner", "code", *_PLACE),
    "parameter_then_op": ("owner", "name", "code", *_PLACE),
    "tensor_attribute": ("owner", "name", "code", *_PLACE),
    "column_against_row": ("code", *_PLACE),
    "writes_to_argument": ("function", "name", "code", "sure", *_PLACE),
    "clears_late": ("code", *_PLACE),
    "grad_left_off": ("code", *_PLACE),
    "dropout_always": ("code", *_PLACE),
    "hook_arity": ("kind", "function", "takes", "needs", *_PLACE),
    "hook_returns_nothing": ("kind", "function", *_PLACE),
    "handle_dropped": ("kind", "code", *_PLACE),
    "hook_twice": ("kind", "code", *_PLACE),
    "next_iter_in_loop": ("code", *_PLACE),
    "lambda": ("name", *_PLACE),
    "numpy_random": ("function", "code", *_PLACE),
    "unbounded_getitem": ("class", *_PLACE),
    "doc_method": _PLACE,
    "shared_container": ("class", "name", "code", *_PLACE),
    "method_in_method": ("class", "function", "name", *_PLACE),
    "method_hides_layer": ("class", "name", "code", *_PLACE),
    "argument_unused": ("class", "name", *_PLACE),
    "length_shifted": ("class", "code", *_PLACE),
    "children_once": ("function", "code", *_PLACE),
    "written_at_end": ("code", *_PLACE),
    "buffer_made": ("owner", "name", "code", *_PLACE),
    "step_twice": ("code", *_PLACE),
}
"""The facts a mistake may be shown by, and the fields of each."""

TRIED = {"code", *_PLACE}
"""The fields that a fix fills, where it was tried: the line that it changes."""

Pattern = bool | int | str | tuple[str, ...]
"""A number or truth is equal; a text may have `*` and `?`; of several texts one must fit."""


def _known(condition: dict[str, Pattern]) -> dict[str, Pattern]:
    fact = condition.get("fact")
    if not isinstance(fact, str) or fact not in FACTS:
        raise ValueError(f"there is no fact {fact!r}; {_advice(str(fact), FACTS, 'facts:')}")
    for name in condition.keys() - {"fact", "absent"}:
        if name not in FACTS[fact]:
            raise ValueError(f"the fact {fact} has no {name!r}; {_advice(name, FACTS[fact], 'it has')}")
    return condition


def _advice(name: str, known: Iterable[str], all_of_them: str) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"{all_of_them} {', '.join(known)}"


Condition = Annotated[dict[str, Pattern], AfterValidator(_known)]
"""`{fact: attribute, is: tensor, expected: buffer}`; with `absent: true`, that no such fact is there."""


def _is_python(source: str) -> str:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{source!r} is no Python: {error}") from None
    return source


Source = Annotated[str, AfterValidator(_is_python), Field(max_length=1000)]


class Replacement(Model):
    """A piece of code that takes another's place.

    Attributes:
        replace: an expression, or a simple statement that ends in `;`. A name such as `_x` is a place for any
            expression; `*_rest` stands for all further arguments.
        by: what comes in its place, with the same places; `pass` drops a statement.
    """

    replace: Source
    by: Source


class Mistake(Model):
    """One entry of the catalogue.

    Attributes:
        title: what was done, in a few words.
        when: the facts that show it: all conditions of one of the alternatives must hold.
        suspected: facts, likewise, that only make it worth a try: it is named where its fix, in the student's own
            code, makes a failing check pass.
        fix: what takes it back in code; the mistakes that ship have their fixes in Python.
        hint: what to say; fields of the matched facts stand in it as `{name}`.
        page: of PyTorch's documentation, by name, such as `torch.nn.ModuleList`.
        example, fixed: the mistake in a few lines, and the same done right.
        places: what fills the hint's places where it speaks of the example.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    when: tuple[tuple[Condition, ...], ...] = ()
    suspected: tuple[tuple[Condition, ...], ...] = ()
    fix: tuple[Replacement, ...] = ()
    hint: Text
    page: str | None = None
    example: str = ""
    fixed: str = ""
    places: dict[str, Scalar] = {}

    @model_validator(mode="after")
    def _places_are_filled(self) -> Mistake:
        """Every place of the hint must be filled by every alternative."""
        for said in (self.hint.en, self.hint.ko or ""):
            try:
                wanted = filled_places(said)
            except ValueError as error:
                raise ValueError(f"the hint's places: {error}") from None
            alternatives = (*self.when, *self.suspected)
            for alternative in alternatives or ((),):
                given = {field for c in alternative if not c.get("absent") for field in FACTS[str(c["fact"])]}
                given |= TRIED if alternative not in self.when else set()
                for name in sorted(wanted - given):
                    advice = _advice(name, sorted(given), "these have")
                    raise ValueError(f"the hint's {{{name}}} is no field of the facts that are asked for; {advice}")
        return self


@lru_cache(maxsize=1024)
def filled_places(hint: str) -> frozenset[str]:
    """The names of a hint's places."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(hint) if name is not None)


Fact = dict[str, Scalar]
