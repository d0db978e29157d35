"""Where a source draws numbers that are others in each run: from the clock, or from the system."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from grader.diagnosis.syntax import parse_source, source_of
from grader.diagnosis.written import UNKNOWN, dotted, learn, usual_names
from grader.models.cells import Cell

_SEEDED_ANEW = {"torch.seed", "torch.random.seed", "torch.cuda.seed", "torch.cuda.seed_all"}
_SEEDED_ANEW_WITHOUT_NUMBER = {
    "random.seed", "random.Random", "numpy.random.seed", "numpy.random.default_rng", "numpy.random.RandomState",
    f"{UNKNOWN}.seed",  # of a torch.Generator
}  # fmt: skip
_OF_THE_SYSTEM = {"os.urandom", "os.getpid", "uuid.uuid1", "uuid.uuid4", "random.SystemRandom", "torch.initial_seed"}
_CLOCKS = {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "now", "utcnow", "today"}
_SAYS_SO = re.compile(
    r"urandom|getpid|uuid|SystemRandom|initial_seed|secrets|\btime|datetime"
    r"|(?:seed|seed_all|default_rng|RandomState|Random)\(\s*\)"
)
"""What code that seeds anew has in it; most has not, and need not be parsed."""
_SEEDING = {"manual_seed", "manual_seed_all", "seed", "default_rng", "RandomState", "Random"}


def drawn_anew(cells: Sequence[Cell]) -> tuple[tuple[str, str], ...]:
    """The calls in a notebook that seed from the clock or from the system.

    Returns:
        The exercise of each, as its cell says it or the next one that does; and its source.
    """
    if not any(_SAYS_SO.search(cell.source) for cell in cells):
        return ()
    trees = [parse_source(cell.source) for cell in cells]
    names = usual_names()
    for tree in trees:
        if tree is not None:
            learn(tree, names)
    changing: set[str] = set()
    found: list[tuple[str, str]] = []
    for place, tree in enumerate(trees):
        owners = next((cell.exercises for cell in cells[place:] if cell.exercises), ())
        if tree is not None:
            found += [(owner, source_of(call)) for call in _seeds(tree, names, changing) for owner in owners]
    return tuple(found)


def _seeds(tree: ast.Module, names: dict[str, str], changing: set[str]) -> Iterator[ast.Call]:
    """The calls that seed with something else in each run.

    Args:
        changing: variables that hold such a thing; those of this source are added.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value) if _changes(value, names, changing):
                changing.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = dotted(node.func, names, None) or ""
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            anew = called in _SEEDED_ANEW or (called in _SEEDED_ANEW_WITHOUT_NUMBER and not given)
            seeds = called.rpartition(".")[2] in _SEEDING
            if anew or (seeds and any(_changes(value, names, changing) for value in given)):
                yield node


def _changes(value: ast.AST, names: dict[str, str], changing: set[str]) -> bool:
    """Whether a value is made of the clock, or of what the system draws."""
    for node in ast.walk(value):
        match node:
            case ast.Name(name) if name in changing:
                return True
            case ast.Call(func=function):
                called = dotted(function, names, None) or ""
                root, last = called.partition(".")[0], called.rpartition(".")[2]
                if called in _OF_THE_SYSTEM or root == "secrets" or (root in ("time", "datetime") and last in _CLOCKS):
                    return True
    return False
