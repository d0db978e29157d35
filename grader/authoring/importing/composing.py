"""Makes a plain check's code of the code of a notebook's test."""

from __future__ import annotations

import ast
import re
import warnings

from IPython.core.inputtransformer2 import TransformerManager

from grader.assignment.plain_checks import Function
from grader.authoring.importing.needs import WAYS, CellsAround, used_names
from grader.authoring.importing.nose_asserts import without_nose

_SHOWS = {"plt", "sns", "display", "clear_output", "IPython", "ipytest", "get_ipython", "grader", "ok", "otter"}
"""First names of calls that only show something, or ask another grader."""
_RUN = {"time", "timeit", "prun", "capture", "ipytest"}
"""Magics whose cell is run as if they were not there."""


_RUNNING = re.compile(r"\b(?:TextTestRunner|TestLoader|TestSuite|defaultTestLoader|makeSuite)\b|\.wasSuccessful\(")
_RUN_FILE = re.compile(r"^%run\s+(?:\./)?([\w/]+)\.py\s*$", re.MULTILINE)


class NotPython(Exception):
    """A cell that cannot be read."""


def python_of(text: str, shown: bool = False) -> tuple[ast.Module, str]:
    """A cell as Python, without magics and what only shows something.

    Args:
        shown: whether what it shows is what it tests.

    Raises:
        NotPython: with the reason.
    """
    if first := re.match(r"\s*%%\s*(\w+)(.*)", text):
        if first[1] not in _RUN:
            raise NotPython(f"its code is for `%%{first[1]}`")
        text = "\n" * text[: first.end()].count("\n") + text[first.end() :]
    text = _RUN_FILE.sub(lambda found: f"from {found[1].replace('/', '.')} import *", text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = text if _parsed(text) else str(TransformerManager().transform_cell(text))
        tree = _parsed(made)
    if tree is None:
        raise NotPython("it is not Python")
    if "globals()" in made or "locals()" in made or "dir()" in made:
        tree = _Defined().visit(tree)
        made = ast.unparse(ast.fix_missing_locations(tree))
        tree = ast.parse(made)
    if (rewritten := without_nose(tree)) is not None:
        tree, made = rewritten
    kept = [node for node in tree.body if not (_runs_tests(node) or (not shown and _only_shows(node)))]
    if len(kept) == len(tree.body):
        return tree, made
    lines = made.split("\n")
    for node in tree.body:
        if node not in kept:
            for line in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[line] = ""
    text = "\n".join(lines)
    tree = _parsed(text) or ast.Module(kept, [])  # two statements may stand in a line
    return tree, text if _parsed(text) else ast.unparse(tree)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _runs_tests(node: ast.stmt) -> bool:
    """Whether a statement runs unittest's cases, or asks how they went: each is a check by itself."""
    return not isinstance(node, Function | ast.ClassDef) and bool(_RUNNING.search(ast.unparse(node)))


def _only_shows(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Expr):
        return False
    called = node.value
    if isinstance(called, ast.Name):
        return True
    if not isinstance(called, ast.Call):
        return False
    function: ast.expr = called.func
    path = ast.unparse(function)
    if path in ("print", "pprint"):
        calls = [one for argument in called.args for one in ast.walk(argument) if isinstance(one, ast.Call)]
        return all(isinstance(one.func, ast.Name) and one.func.id in ("str", "len", "type", "round") for one in calls)
    return path.partition(".")[0] in _SHOWS or path == "unittest.main"


class _Defined(ast.NodeTransformer):
    """A name itself, in the place of the question whether it is among all names, of which a check has others."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In()], comparators=[ast.Call() as names]):
                if name.isidentifier() and ast.unparse(names) in ("globals()", "locals()", "dir()", "vars()"):
                    return ast.parse(f"{name} is not None", mode="eval").body
        return node


def has_test(tree: ast.Module) -> bool:
    """Whether code judges anything."""
    return any(
        isinstance(node, (ast.Assert, ast.Raise, ast.With, ast.Expr, Function, ast.ClassDef, ast.Try))
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
    )


def composed(
    tree: ast.Module, text: str, order: float, end: float, around: CellsAround, hidden: bool = False
) -> list[str]:
    """A test's code with what it needs before it, in the ways that there are.

    Args:
        order, end: see `CellsAround.before`.
    """
    tree, text = around.flattened(tree, text, order)
    text = text.strip("\n")
    found: list[str] = []
    for way in WAYS:
        pieces = around.before(tree.body, order, end, hidden, way)
        used = used_names(tree.body).union(*(piece.uses for piece in pieces))
        parts = [around.brought(piece, used) for piece in pieces if not _only_shows(piece.node)]
        whole = "\n".join([*parts, text]).strip("\n")
        made = _without_tests(_without_shadows(whole, around.own), text)
        if made not in found:
            found.append(made)
    return found


def _without_shadows(whole: str, own: set[str]) -> str:
    """Code in which no local name is one of the student's: by its names it is told what is theirs."""
    shadows = _Shadows(own)
    tree = shadows.visit(ast.parse(whole))
    return ast.unparse(tree) if shadows.found else whole


class _Shadows(ast.NodeTransformer):
    def __init__(self, own: set[str]) -> None:
        self._own = own
        self._renamed: dict[str, str] = {}
        self.found = False

    def _scope(self, node: ast.AST, names: set[str]) -> ast.AST:
        before = self._renamed
        self._renamed = before | {name: f"{name}_" for name in names & self._own}
        self.found = self.found or self._renamed != before
        self.generic_visit(node)
        self._renamed = before
        return node

    def visit_FunctionDef(self, node: Function) -> ast.AST:
        shared = {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}
        stored = {p.id for p in ast.walk(node) if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
        return self._scope(
            node, (stored - shared) | {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)}
        )

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._scope(node, {part.arg for part in ast.walk(node.args) if isinstance(part, ast.arg)})

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._renamed.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self._renamed.get(node.arg, node.arg)
        return node


def _without_tests(whole: str, own: str) -> str:
    """Code whose functions named as tests are called by itself, under other names: pytest's are tests of their own."""
    tree = ast.parse(whole)
    called = {part.func.id for part in ast.walk(tree) if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}
    in_own = {node.name for node in ast.parse(own).body if isinstance(node, (Function, ast.ClassDef))}
    taken = [
        node.name
        for node in tree.body
        if isinstance(node, Function)
        and node.name.startswith("test")
        and (node.name in called or node.name not in in_own)
    ]
    for name in taken:
        whole = re.sub(rf"\b{name}\b", f"run_{name}", whole)
    return whole
