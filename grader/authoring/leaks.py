"""Looks in what students get for what they must not see.

A line is found wherever it says enough to be no chance, and in notebooks and texts also where it is a whole line. In
code and in the spec, which have lines in common with any solution (`loss.backward()`), three in a row are one leak.
"""

from __future__ import annotations

import base64
import io
import json
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import yaml

from grader.authoring.visible import leaves

ENOUGH, ENOUGH_ALONE, ENOUGH_WHOLE = 4, 3, 2
"""Names and numbers in a line that is no chance; in one that is a whole answer; and in one that is a whole line."""
ROW = 3
_WORDS = ("COMMENT", "STRING", "FSTRING_MIDDLE")


@dataclass(frozen=True)
class Secret:
    """Lines that stand together, and that nobody may see.

    Attributes:
        whence: where they are from, e.g. `the answer in cell 7`.
        shown: whether they are shown in outputs, which notebooks alone have.
    """

    whence: str
    lines: tuple[str, ...]
    shown: bool = False

    @property
    def telling(self) -> Iterator[str]:
        """Those that are no chance wherever they stand."""
        return (line for line in self.lines if _says(line) >= (ENOUGH if len(self.lines) > 1 else ENOUGH_ALONE))

    @property
    def rows(self) -> Iterator[tuple[str, ...]]:
        """Each with those that follow it."""
        return _rows(self.lines)


def secret_of(whence: str, lines: Iterable[str], given: str, shown: bool = False) -> Secret:
    """Those lines that are not in a text that is given."""
    plain = (_plain(line) for line in lines)
    return Secret(whence, tuple(line for line in plain if line and line not in given), shown)


def given_in(texts: Iterable[str]) -> str:
    """Texts that students get, as `secret_of` takes them."""
    return "\n".join(_plain(line) for text in texts for line in text.split("\n"))


def leaks(files: Mapping[str, bytes], secrets: Iterable[Secret], names: Iterable[str]) -> list[str]:
    """Where some secret stands in some file.

    Args:
        names: of what is hidden, that must not stand anywhere.
    """
    searched = [secret for secret in secrets if secret.lines]
    hidden = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names) or r"(?!)")
    found = []
    for part in (part for file, content in files.items() for part in _parts(file, content)):
        if named := hidden.search(part.text):
            found.append(f"{part.place}: the name {named[0]!r} of what is hidden")
        for secret in searched:
            if (part.nature == "notebook" or not secret.shown) and (line := part.shows(secret)):
                found.append(f"{part.place}: {secret.whence}: {line}")
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class _Part:
    """A text in a file.

    Attributes:
        place: where it is.
        nature: `notebook` and `words`, of which whole lines count; `values` of a spec; `code`.
    """

    place: str
    text: str
    nature: Literal["notebook", "words", "values", "code"]

    def shows(self, secret: Secret) -> str | None:
        """A line of a secret that it has, if there is one."""
        if self.nature != "code":
            if line := next((line for line in secret.telling if line in self._plain), None):
                return line
            if self.nature != "values":
                whole = (line for line in secret.lines if _says(line) >= ENOUGH_WHOLE and line in self._lines)
                return next(whole, None)
        return next((row[0] for row in secret.rows if row in self._rows), None)

    @cached_property
    def _plain(self) -> str:
        return given_in([self.text])

    @cached_property
    def _lines(self) -> frozenset[str]:
        return frozenset(self._plain.split("\n"))

    @cached_property
    def _rows(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_rows([line for line in self._plain.split("\n") if line]))


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(lines[at : at + ROW]) for at in range(len(lines) - ROW + 1))


def _plain(line: str) -> str:
    return " ".join(line.split())


def _says(line: str) -> int:
    """How many names and numbers are in a line."""
    return sum(not keyword.iskeyword(word) for word in re.findall(r"\w+", line))


def _parts(file: str, content: bytes) -> Iterator[_Part]:
    text = content.decode(errors="replace")
    suffix = file.rpartition(".")[2]
    with suppress(ValueError, SyntaxError, yaml.YAMLError, tokenize.TokenError):
        if suffix == "ipynb":
            yield from _of_notebook(file, json.loads(text))
            return
        if suffix == "py":
            yield from _of_code(file, text)
            return
        if suffix in ("yaml", "yml"):
            yield _Part(file, "\n".join(str(one) for one in leaves(yaml.safe_load(text))), "values")
            return
    yield _Part(file, text, "values" if suffix == "safetensors" else "words")


def _of_notebook(file: str, content: dict[str, Any]) -> Iterator[_Part]:
    yield _Part(f"{file}, metadata", _flat({key: part for key, part in content.items() if key != "cells"}), "notebook")
    for number, cell in enumerate(content["cells"], 1):
        place = f"{file}, cell {number}"
        yield _Part(place, _flat(cell.pop("source")), "notebook")
        for data in leaves(cell.pop("attachments", {})):
            with suppress(ValueError):
                yield _Part(f"{place}, attachments", base64.b64decode(data).decode(errors="replace"), "words")
        for name, value in cell.items():
            yield _Part(f"{place}, {name}", _flat(value), "notebook")


def _flat(part: Any) -> str:
    """Keys and values of plain data as text; a list of texts is one text, as notebooks have it."""
    if isinstance(part, dict):
        return "\n".join(f"{key}\n{_flat(value)}" for key, value in part.items())
    if isinstance(part, list):
        return ("" if all(isinstance(one, str) for one in part) else "\n").join(_flat(one) for one in part)
    return str(part)


def _of_code(file: str, text: str) -> Iterator[_Part]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    words = [token.string.lstrip("# ") for token in tokens if tokenize.tok_name[token.type] in _WORDS]
    yield _Part(f"{file}, comments and strings", "\n".join(words), "words")
    yield _Part(file, text, "code")
