"""Submissions without thought: the solution's names and signatures, and a constant in the place of every answer."""

from __future__ import annotations

import ast

from grader.assignment.spec import Assignment
from grader.authoring.findings import Mutant
from grader.models.cells import Submission

CONSTANTS = ("None", "True", "False", "0", "1", "[]", "[True]", "{}", "''")
FIRST = "the first argument"


def hollow_mutants(spec: Assignment, exercises: list[str]) -> list[Mutant]:
    """What may be given in the place of answers: values, first arguments, exceptions that are asked for."""
    mutants = []
    for exercise in (exercise for exercise in spec.exercises if exercise.id in exercises):
        checks = [check for requirement in exercise.requirements for check in requirement.checks(spec.seed)]
        raised = sorted({f"raise {check.raises}" for check in checks if check.raises})
        mutants += [_mutant(exercise.id, constant) for constant in (*CONSTANTS, FIRST, *raised)]
    return mutants


def _mutant(exercise: str, constant: str) -> Mutant:
    title = f"every function gives {constant}"
    return Mutant(
        exercise=exercise, operator="hollow", title=title, mistake=None,
        cell=0, source="", before="", after=constant, diff="",
    )  # fmt: skip


def hollow(solution: Submission, constant: str) -> Submission:
    """The solution with `constant` in the place of what its functions and methods do; its classes inherit as they did.

    Args:
        constant: an expression, `raise TYPE`, or `FIRST`.
    """
    cells = [
        cell.model_copy(update={"source": ast.unparse(_Hollow(constant).visit(ast.parse(cell.source)))})
        for cell in solution.cells
    ]
    return solution.model_copy(update={"cells": tuple(cells)})


_KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


class _Hollow(ast.NodeTransformer):
    def __init__(self, constant: str) -> None:
        self._constant = constant

    def visit_Module(self, node: ast.Module) -> ast.Module:
        kept = [part for part in node.body if isinstance(part, _KEPT)]
        node.body = [self.visit(part) for part in kept]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        methods = [self.visit(part) for part in node.body if isinstance(part, ast.FunctionDef)]
        node.body = methods or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = ast.parse(self._body(node)).body
        return node

    def _body(self, node: ast.FunctionDef) -> str:
        if node.name == "__init__":
            return "super().__init__()"
        if self._constant.startswith("raise "):
            return self._constant
        names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls", "ctx")]
        return f"return {(names or ['None'])[0] if self._constant == FIRST else self._constant}"
