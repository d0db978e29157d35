"""The text of a YAML file as it is shown in an error: the place, the line, and the line as it was perhaps meant.

YAML takes apart what looks like one text to people: `call: f(2, 3)` between braces, a colon or a `#` with a space
beside it, what begins with `@`, `%`, `*`, `{` or a tab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import yaml

_SHOWN = 140
"""Characters of a line that are shown."""
_LINE = re.compile(r"^(?P<before>\s*(?:- +)*(?:[\w-]+:\s+)?)(?P<value>\S.*?)\s*$")
_APART = re.compile(r"[,\[\]{}&*!|>'\"%@`]|: |:$|\s#")
"""What takes a text between brackets apart."""
_APART_ALONE = re.compile(r"^[,\[\]{}&*!|>'\"%@`]|: |:$|\s#")
"""The same of a text that has its line for itself."""
_TIGHT = re.compile(r"^(\s*(?:- +)*[\w-]+):(?=[^\s:])")
"""A key without a space behind its colon."""
_UNCLOSED = re.compile(r"^(\s*(?:- +)*(?:[\w-]+:\s+)?)(?:(\")(?:[^\"\\\\]|\\\\.)*|(')[^']*)$")
"""A text whose quote is not closed in its line, with what stands before it."""
_REASONS = (
    ("cannot start any token", "no text begins so without quotes"),
    (
        "mapping values are not allowed",
        "a colon with a space behind it begins a key; in quotes it is a part of the text",
    ),
    ("undefined alias", "what begins with `*` is YAML's name for something else; in quotes it is a text"),
    ("found unexpected end of stream", "a quote or a bracket is not closed"),
    ("did not find expected ',' or", "a bracket is not closed, or a text in it needs quotes"),
    ("did not find expected node content", "a bracket is not closed"),
    ("did not find expected key", "it stands further left or right than the lines that it belongs to"),
    ("did not find expected '-' indicator", "it stands further left or right than the other parts of the list"),
    ("did not find expected alphabetic", "what begins with `&`, `*` or `!` needs quotes"),
    ("did not find expected whitespace", "what begins with `%` or `!` needs quotes"),
    ("did not find expected <document start>", "it stands further left than what it belongs to, or needs quotes"),
    ("could not find expected ':'", "a key needs a colon and a space behind it"),
)


@dataclass(frozen=True)
class YamlText:
    """A file's text.

    Attributes:
        file: what errors call it.
    """

    file: str
    text: str

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    def said(self, mark: yaml.Mark | None, width: int, said: str, meant: str | None = None) -> str:
        """An error: its place, what is wrong, the line with a caret below the place, and the line as it should be.

        Args:
            width: of what is wrong, in characters.
            meant: the line as it should be, where that is known.
        """
        if mark is None:
            return f"{self.file}: {said}"
        if mark.line >= len(self._lines):
            return f"{self.file}:{mark.line + 1}:1: {said}"
        line, column = self._lines[mark.line], mark.column
        where = f"{self.file}:{mark.line + 1}:{column + 1}: {said}"
        if len(line) > _SHOWN or (not line.isprintable() and "\t" not in line):
            return where
        number = f"{mark.line + 1:>5} | "
        room = " " * (len(number) - 2) + "| "
        carets = "^" * max(1, min(width, len(line) - column))
        shown = [number + line.replace("\t", "→"), f"{room}{' ' * column}{carets}"]
        if meant is not None and meant != line:
            shown.append(f"{' ' * (len(number) - 2)}= {meant}")
        return "\n".join([where, *(part.rstrip() for part in shown)])

    def line(self, mark: yaml.Mark) -> str:
        return self.line_at(mark.line)

    def not_yaml(self, error: yaml.MarkedYAMLError) -> str:
        """What to say where the parser gives up."""
        problem = error.problem or str(error)
        mark = error.problem_mark
        opened = error.context_mark
        if mark is not None and mark.line >= len(self._lines) and opened is not None:
            mark = opened  # what is not closed, and not the end of the file
        if mark is None:
            return self.said(None, 1, f"this is not YAML: {problem}.")
        line = self.line(mark)
        if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column : mark.column + 1] == "\t":
            indented = _indentation(self.line_at(mark.line - 1)) + line.lstrip()
            return self.said(mark, 1, "this is not YAML: a tab; YAML is indented with spaces.", indented)
        if isinstance(error, yaml.constructor.ConstructorError):
            tag = "constructor for the tag" in problem
            meant = with_quotes(line) if tag else None
            said = "what begins with `!` needs quotes" if tag else problem
            return self.said(mark, 1, f"this is not YAML: {said}.", meant)
        for number in range(min(mark.line, len(self._lines) - 1) + 1):
            if unclosed := _UNCLOSED.match(self._lines[number]):
                there = yaml.Mark(self.file, 0, number, unclosed.end(1), None, 0)
                closed = self._lines[number].rstrip() + (unclosed[2] or "'")
                return self.said(there, 1, "this is not YAML: the quote is not closed.", closed)
        reason = next((told for words, told in _REASONS if words in problem), problem)
        if guess := self._meant(mark, opened):
            said, number, meant = guess
            if number != mark.line:
                mark = yaml.Mark(self.file, 0, number, len(_indentation(self._lines[number])), None, 0)
            return self.said(mark, 1, f"this is not YAML: {said or reason}.", meant)
        return self.said(mark, 1, f"this is not YAML: {reason}.")

    def line_at(self, number: int) -> str:
        return self._lines[number] if 0 <= number < len(self._lines) else ""

    def _meant(self, mark: yaml.Mark, opened: yaml.Mark | None) -> tuple[str, int, str] | None:
        """The first change of a line with which the parser comes further: why, which line, and the line then."""
        numbers = dict.fromkeys([mark.line, *([opened.line] if opened else []), mark.line - 1])
        for said, change in _CHANGES:
            for number in numbers:
                for changed in change(self.line_at(number), [self.line_at(number - back) for back in range(1, 8)]):
                    if changed != self.line_at(number) and self._reaches(number, changed) > max(mark.line, number):
                        return said, number, changed
        return None

    def _reaches(self, number: int, line: str) -> int:
        """The line at which the parser gives up with another line in some place; behind the last one if nowhere."""
        lines = [*self._lines[:number], line, *self._lines[number + 1 :]]
        try:
            yaml.compose("\n".join(lines), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.MarkedYAMLError as error:
            return error.problem_mark.line if error.problem_mark else 0
        except yaml.YAMLError:
            return 0
        return len(lines)


def with_quotes(line: str) -> str:
    """A line of YAML with quotes around each text that YAML would take apart."""
    found = _LINE.match(line)
    if not found or found["value"].startswith("#"):
        return line
    value = found["value"]
    if value[0] in "{[" and value[-1] in "]}":
        return found["before"] + _in_flow(value)
    if value[0] == value[-1] == "'" and not _is_quoted(value):
        return found["before"] + quoted(value[1:-1])
    return found["before"] + (quoted(value) if _APART_ALONE.search(value) and not _is_quoted(value) else value)


def quoted(text: str) -> str:
    """A text in the quotes that need no escapes."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _is_quoted(value: str) -> bool:
    return bool(re.fullmatch(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'', value))


def _in_flow(text: str) -> str:
    """The same between brackets: a text goes on as long as a parenthesis in it is open."""
    made, place = "", 0
    while place < len(text):
        char = text[place]
        if char in "{[]}, ":
            made, place = made + char, place + 1
            continue
        if string := re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'').match(text, place):
            made, place = made + string[0], string.end()
            if text[place : place + 2] == ": ":
                made, place = made + ": ", place + 2
            continue
        if key := re.compile(r"[\w.-]+:\s+").match(text, place):
            made, place = made + key[0], key.end()
            continue
        end, depth = place, 0
        while end < len(text) and (depth > 0 or text[end] not in ",]}"):
            depth += (text[end] in "([{") - (text[end] in ")]}")
            end += 1
        plain = text[place:end].rstrip()
        made, place = made + (quoted(plain) if _APART.search(plain) else plain), place + len(plain)
    return made


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _as_above(line: str, above: list[str]) -> list[str]:
    """The line, as far to the right as those above it."""
    places = dict.fromkeys(_indentation(one) + "  " * one.lstrip().startswith("- ") for one in above if one.strip())
    dashes = [_indentation(one) for one in above if one.lstrip().startswith("- ")]
    return [place + line.lstrip() for place in (dashes if line.lstrip().startswith("- ") else places)]


def _closed(line: str, _: list[str]) -> list[str]:
    """The line with its brackets closed."""
    missing = [end for start, end in (("[", "]"), ("{", "}")) for _ in range(line.count(start) - line.count(end))]
    return ["".join([line.rstrip(), *missing])] if missing else []


def _in_quotes(line: str, _: list[str]) -> list[str]:
    """The line with its value in quotes, where it begins like another thing than a text and goes on behind that."""
    found = _LINE.match(line)
    return [with_quotes(line)] if found and found["value"][0] in "\"'{[" else []


_CHANGES = (
    ("a key needs a space behind its colon", lambda line, _: [_TIGHT.sub(r"\1: ", line)]),
    ("a bracket is not closed", _closed),
    ("what has quotes or brackets in it needs quotes around all of it", _in_quotes),
    ("it stands further left or right than the lines that it belongs to", _as_above),
    ("", lambda line, _: [with_quotes(line)]),
)
"""What is tried on a line, and what to say where it helps."""
