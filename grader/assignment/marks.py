"""What marks in the lines of a master's cell say: what students get of it, and what the solution has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.diagnosis.syntax import parse_source

_MARK = re.compile(
    r"""(?P<indent>[ \t]*)(?P<signs>\#+)[ \t]*
    (?P<what>(?:begin[ ])?solution|begin[ ]hidden[ ]tests|end(?:[ ](?:solution|hidden[ ]tests))?)
    (?P<bare>[ ]no[ ]prompt)?(?:[ \t]*:[ \t]*(?P<prompt>\S.*?))?:?[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_ASIDE = re.compile(r"[ \t]*<!--[ \t]*(.*?)[ \t]*-->[ \t]*")
_BEHIND = re.compile(
    r"(?P<code>[ \t]*[^ \t#].*?)[ \t]*#[ \t]*(?:(?P<solution>solution)(?P<bare>[ ]no[ ]prompt)?|seed)[ \t]*",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"""[ \t]*(?P<quotes>\"{3}|'{3})[ \t]*\#[ \t]*begin[ ]prompt[ \t]*""", re.IGNORECASE)
_END_OF_PROMPT = re.compile(r"""[ \t]*(?P<quotes>\"{3}|'{3})[ \t]*;?[ \t]*\#[ \t]*end[ ]prompt[ \t]*""", re.IGNORECASE)
BLANK = "..."
"""What stands in the place of an answer."""
_OF_NBGRADER = 3  # `#` before its marks


class MarkError(ValueError):
    """Marks that do not fit together.

    Args:
        line: of the cell, from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Line:
    """A line of a cell.

    Attributes:
        starter: what students get in its place, of one line or more; None for nothing.
        solution: what the solution has; None for nothing.
    """

    starter: str | None
    solution: str | None

    @property
    def secret(self) -> str | None:
        """What students must not see."""
        return self.solution if self.solution != self.starter else None


def read_marks(lines: Sequence[str], code: bool) -> list[Line]:
    """Each line of a cell as its marks have it.

    Args:
        code: whether the cell is code; in a text, marks may be in HTML comments, too.

    Raises:
        MarkError: when one is without the other.
    """
    return list(_Reader(lines, code).read())


class _Reader:
    def __init__(self, lines: Sequence[str], code: bool) -> None:
        self._lines = list(enumerate(lines, 1))
        self._code = code

    def read(self) -> Iterator[Line]:
        while self._lines:
            number, line = self._lines.pop(0)
            mark = self._mark(line)
            if mark is not None:
                what = " ".join(mark["what"].lower().split())
                if what.startswith("end"):
                    raise MarkError(number, f"`{line.strip()}` ends what nothing begins")
                yield Line(None if "hidden" in what else self._prompt(mark), None)
                yield from self._answer(number, line, {"end", f"end {what.removeprefix('begin ')}"})
            elif self._code and (begin := _PROMPT.fullmatch(line)):
                yield Line(None, None)
                yield from self._words(number, line, begin["quotes"])
            elif self._code and _END_OF_PROMPT.fullmatch(line):
                raise MarkError(number, f"`{line.strip()}` ends what nothing begins")
            elif self._code and (behind := _BEHIND.fullmatch(line)):
                asked = behind["solution"] and not behind["bare"]
                yield Line(_without_value(behind["code"]) if asked else None, behind["code"])
            else:
                yield Line(line, line)

    def _mark(self, line: str) -> re.Match[str] | None:
        aside = None if self._code else _ASIDE.fullmatch(line)
        return _MARK.fullmatch(f"# {aside[1]}" if aside else line)

    def _prompt(self, mark: re.Match[str]) -> str | None:
        """What students get in the place of an answer."""
        indent, words = mark["indent"], mark["prompt"]
        if mark["bare"]:
            return None
        if not self._code:
            return words or BLANK
        if words:
            return f"{indent}# {words}" + (f"\n{indent}{BLANK}" if indent else "")
        if len(mark["signs"]) == _OF_NBGRADER:
            return f"{indent}# YOUR CODE HERE\n{indent}raise NotImplementedError()"
        return f"{indent}{BLANK}"

    def _answer(self, begun: int, opening: str, ends: set[str]) -> Iterator[Line]:
        while self._lines:
            number, line = self._lines.pop(0)
            mark = self._mark(line)
            if mark is None:
                yield Line(None, line)
            elif " ".join(mark["what"].lower().split()) in ends:
                yield Line(None, None)
                return
            else:
                raise MarkError(number, f"`{line.strip()}` stands inside of what `{opening.strip()}` begins")
        raise MarkError(begun, f"`{opening.strip()}` has no `# {min(ends, key=len)}`")

    def _words(self, begun: int, opening: str, quotes: str) -> Iterator[Line]:
        while self._lines:
            _, line = self._lines.pop(0)
            end = _END_OF_PROMPT.fullmatch(line)
            if end and end["quotes"] == quotes:
                yield Line(None, None)
                return
            yield Line(line, None)
        raise MarkError(begun, f"`{opening.strip()}` has no `{quotes} # END PROMPT`")


def _without_value(line: str) -> str:
    """A line of code with blanks for the values that it assigns; a blank, where it is anything else."""
    indent = line[: len(line) - len(line.lstrip())]
    tree = parse_source(line.strip())
    match tree.body if tree else []:
        case [ast.Assign(targets=[*_, target], value=value)]:
            blanks = ", ".join([BLANK] * (len(target.elts) if isinstance(target, ast.Tuple) else 1))
        case [ast.AnnAssign(value=ast.expr() as value)]:
            blanks = BLANK
        case _:
            return f"{indent}{BLANK}"
    return f"{indent}{line.strip().encode()[: value.col_offset].decode().rstrip('( ')} {blanks}"
