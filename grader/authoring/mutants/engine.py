"""Makes the mutants of a solution: each is the solution's code with one place changed.

None is made in lines that the starter gives, nor in those that do nothing.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Collection, Iterator
from functools import lru_cache

import libcst as cst

from grader.authoring.findings import Mutant
from grader.authoring.mutants import general, learning  # noqa: F401 (they register operators)
from grader.authoring.mutants.dead import dead_lines
from grader.diagnosis.edits import OPERATORS, Operator, replaced, walk
from grader.diagnosis.mistakes import data_edits, flow_edits, hook_edits, module_edits, training_edits  # noqa: F401 (likewise)
from grader.models.cells import Cell, Submission

CONTEXT = 2  # lines around a change in a diff


def mutants_of(solution: Submission, exercises: list[str], starter: Submission | None = None) -> list[Mutant]:
    """All mutants of a solution, planted in the cells of some exercises.

    Args:
        starter: what students start from: its lines are not changed, since nobody who keeps them makes a mistake there.
    """
    return [
        mutant
        for exercise in exercises
        for given in [_lines(starter.own_cells(exercise) if starter else ())]
        for place, cell in enumerate(solution.cells)
        if exercise in cell.exercises
        for mutant in _of_cell(cell, place, exercise)
        if not mutant.before or not given.issuperset(mutant.before.splitlines())
    ]


def _lines(cells: Collection[Cell]) -> frozenset[str]:
    return frozenset(line.strip() for cell in cells for line in cell.source.splitlines())


def with_mutant(solution: Submission, mutant: Mutant) -> Submission:
    """The solution with a mutant in it, up to where the mutant's exercise ends: what comes later is not judged."""
    return solution.until(mutant.exercise, {mutant.cell: mutant.source})


@lru_cache(maxsize=256)
def _of_cell(cell: Cell, place: int, exercise: str) -> tuple[Mutant, ...]:
    """A cell's mutants; kept, since `grade author` asks for them at each save."""
    return tuple(_planted_in(cell, place, exercise))


def _planted_in(cell: Cell, place: int, exercise: str) -> Iterator[Mutant]:
    seen = {_meaning(cell.source)}
    dead = dead_lines(cell.source) if None not in seen else frozenset()
    for operator, source in changes(cell.source):
        meaning = _meaning(source)
        if meaning is None or meaning in seen or (dead and _changed_lines(cell.source, source) <= dead):
            continue
        seen.add(meaning)
        before, after, diff = _difference(cell.source, source)
        yield Mutant(
            exercise=exercise,
            operator=operator.id,
            title=operator.title,
            mistake=operator.mistake,
            cell=place,
            source=source,
            before=before,
            after=after,
            diff=diff,
        )


def changes(source: str) -> Iterator[tuple[Operator, str]]:
    """Every operator at every place of some code where it applies; those that plant a named mistake come first."""
    module = cst.parse_module(source)
    nodes = list(walk(module))
    for operator in sorted(OPERATORS, key=lambda operator: operator.mistake is None):
        for node, above in nodes:
            if isinstance(node, operator.node):
                for changed in operator.mutate(node, above):
                    yield operator, replaced(module, node, changed).code


def _changed_lines(before: str, after: str) -> set[int]:
    """The lines of some code, from 1, that are others, or behind which something is added."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    changed = [code[1:3] for code in matcher.get_opcodes() if code[0] != "equal"]
    return {line for first, last in changed for line in range(first + 1, max(last, first + 1) + 1)}


def _meaning(source: str) -> str | None:
    """What tells code apart from other code, whatever its layout; None for what does not compile."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(tree, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return None
    return ast.dump(tree)


def _difference(before: str, after: str) -> tuple[str, str, str]:
    """The lines that go, the lines that come, and both with their surroundings."""
    old, new = before.splitlines(), after.splitlines()
    lines = list(difflib.unified_diff(old, new, "solution", "mutant", lineterm="", n=CONTEXT))[2:]
    gone, come = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign) and line[1:].strip()) for sign in "-+"
    )
    return gone, come, "\n".join(lines)
