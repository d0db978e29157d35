"""A student's code with one mistake fixed, in each place where it may have been made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

import libcst as cst

from grader.diagnosis.edits import FIXES, Above, Changed, Fix, all_replaced, walk, written_fix
from grader.diagnosis.mistakes import data_edits, flow_edits, hook_edits, module_edits, training_edits  # noqa: F401 (they register)
from grader.diagnosis.syntax import parse_source
from grader.models.mistake import Mistake

_IMPORTS = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "copy": "import copy",
}
"""What fixes may use, and its import, for code that goes by other names."""
MOST = 8
"""Trials of one mistake."""
FEW = 2
"""Places that are tried one after the other before all at once: so it is known which one counts."""
Place = tuple[int, cst.CSTNode, Changed]
"""A node of the cell with an index, and what may stand in its place."""


@dataclass(frozen=True)
class Trial:
    """Code with one mistake fixed.

    Attributes:
        sources: of all cells of the exercise, by their indices.
        index, line: the first place that was changed: the cell, and the line in it.
        before, after: the lines there, as they were and as they are now.
    """

    mistake: Mistake
    sources: Mapping[int, str]
    index: int
    line: int
    before: str
    after: str


def trials(mistake: Mistake, sources: Mapping[int, str]) -> Iterator[Trial]:
    """The code of some cells with a mistake fixed: in each place where it may have been made, and in all of them.

    Args:
        sources: of the cells, by their indices.
    """
    written = [written_fix(mistake.id, one.replace, one.by) for one in mistake.fix]
    together: list[list[Place]] = []
    turns: dict[int, list[list[Place]]] = {}
    for fix in (*written, *_fixes_of(mistake.id)):
        seen: dict[tuple[int, int], list[Place]] = {}
        for index, source in sources.items():
            for node, change in _places(source, fix):
                seen.setdefault((index, id(node)), []).append((index, node, change))
        if len(seen) > 1:
            together.append([options[0] for options in seen.values()])
        for options in seen.values():
            for turn, place in enumerate(options):
                turns.setdefault(turn, []).append([place])
    single = [places for turn in sorted(turns) for places in turns[turn]]
    few = len(single) <= FEW
    order = (*single, *together) if few else (*together, *single)
    found = (_trial(mistake, sources, changes) for changes in order)
    yield from islice((one for one in found if one is not None), MOST)


@cache
def _fixes_of(mistake: str) -> list[Fix]:
    return [fix for fix in FIXES if fix.mistake == mistake]


class _Tree:
    """A module, and those of its nodes that fixes may change, by their kinds: each fix is of one kind."""

    def __init__(self, module: cst.Module) -> None:
        self.module = module
        nodes = walk(module)
        self._nodes = [one for one in nodes if not isinstance(getattr(one[0], "body", None), cst.SimpleStatementSuite)]
        self._of: dict[type[cst.CSTNode], list[tuple[cst.CSTNode, Above]]] = {}

    def of(self, kind: type[cst.CSTNode]) -> list[tuple[cst.CSTNode, Above]]:
        """The nodes of a kind, each with its ancestors."""
        if kind not in self._of:
            self._of[kind] = [one for one in self._nodes if isinstance(one[0], kind)]
        return self._of[kind]


@lru_cache(maxsize=64)
def _tree(source: str) -> _Tree | None:
    """The tree of a stranger's source; None where it is not Python, or more than people write."""
    if parse_source(source) is None:
        return None
    try:
        return _Tree(cst.parse_module(source))
    except (cst.ParserSyntaxError, RecursionError):
        return None


def _places(source: str, fix: Fix) -> Iterator[tuple[cst.CSTNode, Changed]]:
    tree = _tree(source)
    for node, above in tree.of(fix.node) if tree is not None else ():
        # Whatever a stranger writes may be of a form that a fix does not expect: then it is none.
        with suppress(Exception):
            for change in fix.change(node, above):
                yield node, change


def _trial(mistake: Mistake, sources: Mapping[int, str], changes: list[Place]) -> Trial | None:
    """The code with some places changed; None where that is no other code."""
    changed = dict(sources)
    for index in {index for index, _, _ in changes}:
        tree = _tree(sources[index])
        assert tree is not None
        try:
            changed[index] = all_replaced(tree.module, {node: new for at, node, new in changes if at == index}).code
        except (cst.CSTValidationError, RecursionError):
            return None
    others = [index for index in sources if changed[index] != sources[index]]
    if not others or any(parse_source(changed[index]) is None for index in others):
        return None
    old, new = (source[others[0]].splitlines() for source in (sources, changed))
    line = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)) - 1)
    tail = _equal_tail(old[line:], new[line:])
    before, after = ("\n".join(lines[line : len(lines) - tail]) for lines in (old, new))
    for name, how in _IMPORTS.items():
        used = re.compile(rf"(?<!\.)\b{name}\.")
        if used.search(changed[others[0]]) and not any(map(used.search, sources.values())):
            changed[others[0]] = f"{how}\n{changed[others[0]]}"
    return Trial(mistake, changed, others[0], line + 1, before, after)


def _equal_tail(one: list[str], other: list[str]) -> int:
    """How many lines at the end of both are the same."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
