"""`prints`: what the exercise's cells print, or a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from grader.models.message import say, verbatim
from grader.models.work import Work
from grader.requirements.compare import Failure
from grader.requirements.expressions import Expression
from grader.requirements.requirement import Check, Requirement, ask

if TYPE_CHECKING:
    from grader.guest import look

MOST = 100_000
"""Characters of what a call prints that are kept."""
SHOWN = 300


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (bool, int, float)) else value


Line = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | bool | int | float), Field(pattern=r"\S")]


class PrintsRequirement(Requirement):
    """Lines that are printed, in this order. How much space is in a line does not count, nor do blank lines.

    Attributes:
        prints: whole lines; others may stand between them.
        exact: there may be no others.
        call: what prints them; without it, the exercise's own cells do, with what they show below them.
    """

    kind: Literal["prints"]
    prints: tuple[Line, ...] = Field(min_length=1)
    exact: bool = False
    call: Expression | None = None

    def checks(self, seed: int) -> Iterator[Check]:
        yield self._check(
            f"prints[{self.call.partition('(')[0].strip()}]" if self.call else "prints",
            verbatim(self.call) if self.call else say("the exercise's cells"),
            ask(observe_printed, seed, tree=self.call, most=MOST),
            self._judge,
            reads=None if self.call else self._judge_cells,
        )

    def _judge(self, observed: Any, _: Any) -> None:
        if self.call:
            self._compare(str(observed))

    def _judge_cells(self, work: Work) -> None:
        self._compare(work.printed)

    def _compare(self, printed: str) -> None:
        found = _lines(printed)
        rest = iter(found)
        for line in (line for text in self.prints for line in _lines(text)):
            if line not in rest:
                wanted = say("a line `{line}`", line=line)
                if line in found:
                    wanted = say("a line `{line}` behind those before it", line=line)
                raise Failure(wanted, _shown(found))
        wanted_lines = [line for text in self.prints for line in _lines(text)]
        if self.exact and len(found) != len(wanted_lines):
            raise Failure(say("lines: {count}", count=len(wanted_lines)), _shown(found))


def _lines(text: str) -> list[str]:
    """The lines that are not blank, each with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _shown(lines: list[str]) -> Any:
    text = "\n".join(lines)
    return verbatim(text if len(text) <= SHOWN else text[:SHOWN] + "…") if lines else say("nothing is printed")


def observe_printed(student: look.Student, tree: Any, most: int) -> Any:
    """The beginning of what a call prints; of None nothing."""
    import contextlib
    import io

    printed = io.StringIO()
    if tree is not None:
        with contextlib.redirect_stdout(printed):
            look.evaluate(student, tree)
    return printed.getvalue()[:most]
