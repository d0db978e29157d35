"""Finds submissions with much code in common that is neither given nor common in the class.

By winnowing (Schleimer, Wilkerson, Aiken 2003), as copydetect does it, over tokens in which a name that the student
chose stands for any other.
"""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import re
import tokenize
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from copydetect.utils import get_copied_slices, get_document_fingerprints, hashed_kgrams

from grader.errors import SubmissionError
from grader.models.message import clean
from grader.submission.read import read_submission

GRAM = 16
"""Tokens of the shortest stretch that counts: two lines of code or three."""
WINDOW = 4
LEAST, FEWEST = 0.5, 4
"""Share of the own stretches of the smaller one that a pair has in common, and how many that are, at the least."""
COMMON, COMMON_FROM, COMMON_TO = 0.1, 4, 60
"""A stretch that more than this share of a class has is common to it: its least and its greatest number."""
MAX_LETTERS = 1_000_000
"""From there on, two tokens may have one character."""
MAX_WORK = 3_000_000
"""Characters of a cell that are parsed, with all attempts."""
_LINE_END = re.compile(r"\r\n?")
_KEPT = {tokenize.OP, tokenize.NUMBER, tokenize.NEWLINE}


@dataclass(frozen=True)
class Code:
    """The code of one submission.

    Attributes:
        name: whose it is.
        lines: of all code cells.
        tokens: a character for each token.
        rows: the number of the line, from 0, that each token is in.
    """

    name: str
    lines: tuple[str, ...]
    tokens: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """Two submissions.

    Attributes:
        share: of the own stretches of the smaller one that the other has, too; 0 to 1.
        marked: for each of the two, the lines that are in those stretches.
    """

    left: Code
    right: Code
    share: float
    marked: tuple[frozenset[int], frozenset[int]]


@dataclass(frozen=True)
class Compared:
    """What was found in a class.

    Attributes:
        number: of submissions.
        common: stretches that counted nowhere, since more than `most` submissions have them.
    """

    number: int
    pairs: tuple[Pair, ...]
    common: int
    most: int

    @property
    def clusters(self) -> list[list[str]]:
        """The groups of names that pairs hold together, of three or more; the greatest first."""
        of: dict[str, set[str]] = {}
        for pair in self.pairs:
            together = of.get(pair.left.name, {pair.left.name}) | of.get(pair.right.name, {pair.right.name})
            of |= dict.fromkeys(together, together)
        groups = {id(group): sorted(group) for group in of.values() if len(group) > 2}
        return sorted(groups.values(), key=lambda group: (-len(group), group))


def cells_in(path: Path, data: bytes | None = None) -> list[str]:
    """The code of a notebook or script; nothing where it cannot be read.

    Args:
        data: what is read in the place of the file's content.
    """
    try:
        return [clean(cell.text) for cell in read_submission(path, data).cells]
    except SubmissionError:
        return []


class Alphabet:
    """A character for each token that there is; the same for all submissions of a class."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def read(self, name: str, cells: Iterable[str]) -> Code:
        """The code of a submission, by its cells."""
        texts = [_LINE_END.sub("\n", cell) for cell in cells]
        pythons = list(map(_as_python, texts))
        own = set().union(*map(_bound, pythons))
        lines: list[str] = []
        found: list[tuple[str, int]] = []
        for text, python in zip(texts, pythons, strict=True):
            found += [(self._letter(word), len(lines) + row) for word, row in _words(python, own)]
            lines += [*text.split("\n"), ""]
        return Code(name, tuple(lines), "".join(letter for letter, _ in found), tuple(row for _, row in found))

    def _letter(self, word: str) -> str:
        return self._known.setdefault(word, chr(0x100 + len(self._known) % MAX_LETTERS))


@dataclass(frozen=True)
class _Python:
    """A cell with something in the place of each line that is no Python; without a tree where that did not help."""

    text: str
    tree: ast.Module | None


def _as_python(text: str) -> _Python:
    """A cell, as far as it is Python: one line that is not (`%time`, `x?`, a slip) hides nothing of the others."""
    lines = text.split("\n")
    work, tried = 0, -1
    while work < MAX_WORK:
        work += len(text) + 1_000
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _Python("\n".join(lines), ast.parse("\n".join(lines)))
        except SyntaxError as error:
            row = min(error.lineno or 1, len(lines)) - 1
            stand_in = "if 1:" if lines[row].rstrip().endswith(":") else "pass"
            indent = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
            lines[row] = "" if row == tried else indent + stand_in
            tried = row
        except (ValueError, RecursionError, MemoryError):
            break
    return _Python(text, None)


def _bound(python: _Python) -> set[str]:
    """Names that a cell gives to something; where that is not known, all but those of the language."""
    if python.tree is None:
        return set(re.findall(r"[^\W\d]\w*", python.text)).difference(dir(builtins))
    names: set[str] = set()
    for node in ast.walk(python.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
    return names


def _words(python: _Python, own: set[str]) -> Iterator[tuple[str, int]]:
    """What each token stands for, and its line, from 0; up to where the text is no Python any more."""
    with suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(python.text).readline):
            if token.type == tokenize.NAME:
                chosen = token.string in own and not keyword.iskeyword(token.string)
                yield "a name" if chosen else token.string, token.start[0] - 1
            elif token.type == tokenize.STRING:
                yield "a text", token.start[0] - 1
            elif token.type in _KEPT:
                yield token.string.strip() or "a line's end", token.start[0] - 1


def compare(codes: Sequence[Code], given: Iterable[Code]) -> Compared:
    """The pairs with much in common, those with most of it first.

    Args:
        given: what all have been given; it counts nowhere.
    """
    left_out = {int(gram) for code in given for gram in hashed_kgrams(code.tokens, GRAM)}
    prints: list[dict[int, list[int]]] = []
    for code in codes:
        _, found = get_document_fingerprints(code.tokens, GRAM, WINDOW) if len(code.tokens) >= GRAM else (set(), {})
        prints.append({int(gram): places for gram, places in found.items() if int(gram) not in left_out})
    holders: dict[int, list[int]] = defaultdict(list)
    for number, grams in enumerate(prints):
        for gram in grams:
            holders[gram].append(number)
    most = min(max(COMMON_FROM, int(COMMON * len(codes))), COMMON_TO)
    rare = {gram: have for gram, have in holders.items() if len(have) <= most}
    own = Counter(number for have in rare.values() for number in have)
    shared: Counter[tuple[int, int]] = Counter(two for have in rare.values() for two in combinations(have, 2))
    pairs = []
    for (one, other), number in shared.items():
        share = number / min(own[one], own[other])
        if share >= LEAST and number >= FEWEST:
            both = [gram for gram in prints[one].keys() & prints[other].keys() if gram in rare]
            marked = tuple(
                _lines(codes[n], [place for gram in both for place in prints[n][gram]]) for n in (one, other)
            )
            pairs.append(Pair(codes[one], codes[other], share, (marked[0], marked[1])))
    ordered = sorted(pairs, key=lambda pair: (-pair.share, pair.left.name, pair.right.name))
    return Compared(len(codes), tuple(ordered), len(holders) - len(rare), most)


def _lines(code: Code, places: list[int]) -> frozenset[int]:
    starts, ends = get_copied_slices(places, GRAM)
    return frozenset(row for start, end in zip(starts, ends, strict=True) for row in code.rows[int(start) : int(end)])
