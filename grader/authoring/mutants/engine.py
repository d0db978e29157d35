"""Makes the mutants of a solution: each is the solution's code with one place changed."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterator

import libcst as cst

from grader.authoring.findings import Mutant
from grader.authoring.mutants import general  # noqa: F401 (it registers operators)
from grader.diagnosis.edits import OPERATORS, Operator, replaced, walk
from grader.diagnosis.mistakes import data_edits, hook_edits, module_edits, training_edits  # noqa: F401 (likewise)
from grader.models.cells import Cell, Submission

CONTEXT = 2  # lines around a change in a diff


def mutants_of(solution: Submission, exercises: list[str]) -> list[Mutant]:
    """All mutants of a solution, planted in the cells of some exercises."""
    return [
        mutant
        for exercise in exercises
        for place, cell in enumerate(solution.cells)
        if exercise in cell.exercises
        for mutant in _of_cell(cell, place, exercise)
    ]


def with_mutant(solution: Submission, mutant: Mutant) -> Submission:
    """The solution with a mutant in it, up to where the mutant's exercise ends: what comes later is not judged."""
    return solution.until(mutant.exercise, {mutant.cell: mutant.source})


def _of_cell(cell: Cell, place: int, exercise: str) -> Iterator[Mutant]:
    seen = {_meaning(cell.source)}
    for operator, source in changes(cell.source):
        meaning = _meaning(source)
        if meaning is None or meaning in seen:
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
