"""`docs`: docstrings, `extra_repr` and the printed form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from grader.models.message import say, verbatim
from grader.requirements.compare import Failure, describe
from grader.requirements.requirement import Check, ask
from grader.requirements.structure import StructureRequirement

if TYPE_CHECKING:
    from grader.guest import look

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class DocsRequirement(StructureRequirement):
    """What an object says of itself.

    Attributes:
        doc_words: the class has a docstring of its own with at least so many words.
        repr: what `repr` gives; or `reference`.
        extra_repr: what `extra_repr()` gives; or `reference`.
    """

    kind: Literal["docs"]
    doc_words: int | None = Field(default=None, ge=1)
    repr: str | None = None
    extra_repr: str | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> DocsRequirement:
        if self.doc_words is None and self.repr is None and self.extra_repr is None:
            raise ValueError("give `doc_words`, `repr` or `extra_repr`")
        return self

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask(observe_docs, seed, tree=self.object)
        if self.doc_words is not None:
            yield self._check(f"doc[{self.name}]", verbatim(f"{self.name}.__doc__"), question, self._judge_doc)
        for key, wanted in (("repr", self.repr), ("extra_repr", self.extra_repr)):
            if wanted is not None:
                call = f"repr({self.object})" if key == "repr" else f"{self.object}.extra_repr()"
                judge = partial(self._judge_text, key, wanted)
                reference = wanted == "reference"
                yield self._check(f"{key}[{self.name}]", verbatim(call), question, judge, reference=reference)

    def _judge_text(self, key: str, wanted: str, observed: Any, expected: Any) -> None:
        right, shown = expected[key] if wanted == "reference" else wanted, observed[key]
        if shown != right:
            if isinstance(shown, str):
                shown = _ADDRESS.sub(" at 0x…", shown)  # another one each time
            raise Failure(describe(right), describe(shown))

    def _judge_doc(self, observed: Any, _: Any) -> None:
        expected = say("a docstring of at least {number} words", number=self.doc_words)
        doc = observed["doc"]
        if doc is None:
            raise Failure(
                expected,
                say("the class has none of its own"),
                say('A docstring is the first string in the body of the class: """..."""'),
            )
        if not isinstance(doc, str):
            raise Failure(
                expected,
                say("__doc__ is a {kind}", kind=observed["doc_kind"]),
                say("Do not define __doc__; write a string as the first line of the class."),
            )
        if len(doc.split()) < (self.doc_words or 0):
            raise Failure(expected, describe(doc))


def observe_docs(student: look.Student, tree: Any) -> Any:
    """What an object says of itself: `doc` and `doc_kind` of its class, `repr`, `extra_repr`."""
    subject = look.evaluate(student, tree)
    doc = type(subject).__dict__.get("__doc__")
    extra = getattr(subject, "extra_repr", None)
    return {
        "doc": doc,
        "doc_kind": type(doc).__name__,
        "repr": repr(subject),
        "extra_repr": extra() if callable(extra) else None,
    }
