"""`avoids`: functions that an answer must do without."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from pydantic import Field

from grader.models.message import say, verbatim
from grader.models.observation import Where
from grader.models.work import Work
from grader.requirements.compare import Failure
from grader.requirements.expressions import Expression, parse
from grader.requirements.requirement import Check, Requirement
from grader.requirements.uses import FunctionName, ask_called, called_as, written_as


class AvoidsRequirement(Requirement):
    """Functions or classes that must not be called: neither while something is answered, nor in the source.

    Attributes:
        avoids: names, each a check, as in `uses`.
        call: what is asked, e.g. `my_relu(randn(3))`; then the functions and classes of the source count. Of a
            variable, `output`, all of the source counts, and so it does without a `call`.
    """

    kind: Literal["avoids"]
    avoids: tuple[FunctionName, ...] = Field(min_length=1)
    call: Expression | None = None

    def checks(self, seed: int) -> Iterator[Check]:
        question = ask_called(self.call, self.avoids, seed)
        for name in self.avoids:
            judge, reads = partial(self._judge, name), partial(self._judge_written, name)
            said = verbatim(self.call) if self.call else say("the exercise's cells")
            yield self._check(f"avoids[{name}]", said, question, judge, reads=reads)

    def _judge(self, name: str, observed: Any, _: Any) -> None:
        called = called_as(name, observed)
        if called is not None:
            raise Failure(say("`{name}` is not called", name=name), say("`{name}` is called", name=called))

    def _judge_written(self, name: str, work: Work) -> None:
        if work.blank:
            raise Failure(say("an answer without `{name}`", name=name), say("nothing is written"))
        asked = parse(self.call) if self.call else None
        found = written_as(name, work.written, inside=isinstance(asked, ast.Call))
        if found is not None:
            place = Where(found.cell, found.line)
            raise Failure(say("`{name}` is not called", name=name), say("`{code}`", code=found.code), place=place)
