"""What the code of a test needs from the cells before it: found by names, and put before it.

A notebook's tests stand in cells that follow one another in one scope; a check stands alone. So what a test uses and
earlier cells define (imports, data, helpers) goes with it, but for what the student's own cells define.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from grader.assignment.plain_checks import Function
from grader.submission.bindings import bound_names

Role = Literal["given", "own", "test"]
_SEEDS = re.compile(r"\b(?:manual_seed|seed|set_default_dtype|set_seed|seed_everything)\(")
_RANDOM = re.compile(r"rand|normal|uniform|shuffle|permutation|sample|choice|bernoulli|multinomial|\btime\(")
_STARS = {"torch", "numpy", "math", "random", *sys.stdlib_module_names}
"""Packages that are looked into for what `import *` brings."""
_NOT_HERE = set(dir(builtins)) | {"__name__", "__file__"}


@dataclass(frozen=True)
class Piece:
    """A statement of a cell.

    Attributes:
        order: of its cell.
        role: whose the cell is.
        hidden: whether students do not see it.
    """

    node: ast.stmt
    text: str
    order: float
    role: Role
    hidden: bool = False

    @cached_property
    def binds(self) -> frozenset[str]:
        return frozenset(bound_names(self.text))

    @cached_property
    def renews(self) -> bool:
        """Whether what it binds is independent of what the names were bound to before."""
        return isinstance(self.node, (ast.Assign, ast.AnnAssign, Function, ast.ClassDef, ast.Import, ast.ImportFrom))

    @cached_property
    def changes(self) -> frozenset[str]:
        """Names whose objects it may change."""
        found: set[str] = set()
        if isinstance(self.node, (Function, ast.ClassDef)):
            return frozenset()
        for part in ast.walk(self.node):
            match part:
                case ast.Attribute(value=value, ctx=ast.Store()) | ast.Subscript(value=value, ctx=ast.Store()):
                    found |= _first(value)
                case ast.AugAssign(target=target):
                    found |= _first(target)
                case ast.Expr(value=ast.Call(func=function, args=arguments)) if not _judges(function):
                    found |= _first(function) if isinstance(function, ast.Attribute) else set()
                    if not (isinstance(function, ast.Name) and function.id == "print"):
                        found |= {one.id for one in arguments if isinstance(one, ast.Name)}
        return frozenset(found)

    @cached_property
    def uses(self) -> frozenset[str]:
        return frozenset(used_names([self.node]))

    @cached_property
    def is_code(self) -> bool:
        """Whether it only says what is to be done, and does nothing."""
        return isinstance(self.node, (Function, ast.ClassDef, ast.Import, ast.ImportFrom))


def _first(node: ast.expr) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _judges(function: ast.expr) -> bool:
    """Whether a function only judges what it is called with: `np.testing.assert_allclose`, `assert_close`."""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name.startswith("assert")


def used_names(body: Iterable[ast.stmt]) -> set[str]:
    """The names that statements use and have not bound themselves before."""
    bound: set[str] = set()
    used: set[str] = set()
    for node in body:
        inner = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        function = isinstance(node, (Function, ast.ClassDef))
        if function or not isinstance(node, ast.Assign):
            inner |= {p.id for p in ast.walk(node) if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
            if isinstance(node, ast.AugAssign):
                inner -= _first(node.target)
        else:
            inner |= {
                part.id
                for scope in ast.walk(node)
                if isinstance(scope, (ast.comprehension, ast.NamedExpr))
                for part in ast.walk(scope.target)
                if isinstance(part, ast.Name)
            }
        for part in ast.walk(node):
            if (
                isinstance(part, ast.Name)
                and isinstance(part.ctx, (ast.Load, ast.Del))
                and part.id not in inner | bound
            ):
                used.add(part.id)
            elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name) and part.target.id not in bound:
                used.add(part.target.id)
            elif isinstance(part, (Function, ast.ClassDef)) and part is not node:
                inner.add(part.name)
        bound |= set(bound_names(ast.unparse(node)))
    return used - _NOT_HERE


@dataclass
class CellsAround:
    """The cells of a notebook, as what a test may need.

    Args:
        home: the folder in which modules beside the notebook lie.
        own: the names that students' cells bind.
        answer: a file that is no such module: the student's.
    """

    home: Path
    own: set[str]
    answer: Path | None = None
    pieces: list[Piece] = field(default_factory=list)
    modules: dict[str, dict[str, str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)

    def add(self, tree: ast.Module, text: str, order: float, role: Role, hidden: bool = False) -> None:
        """Add a cell."""
        if role == "own":
            self.mentioned |= set(re.findall(r"[^\W\d]\w*", text))
        else:
            tree, text = self.flattened(tree, text, order)
        for node in tree.body:
            segment = None if getattr(node, "decorator_list", None) else ast.get_source_segment(text, node)
            self.pieces.append(Piece(node, segment or ast.unparse(node), order, role, hidden))
        self.pieces.sort(key=lambda piece: piece.order)

    def flattened(self, tree: ast.Module, text: str, order: float) -> tuple[ast.Module, str]:
        """A cell with the names of modules beside the notebook as its own: `tools.near(x)` as `near(x)`."""
        renamed: dict[str, str] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    for one in names:
                        if self._add_module(one.name, order):
                            self.aliases[one.asname or one.name] = one.name
                case ast.ImportFrom(module=module, names=names) if self._add_module(module or "", order):
                    there = self.modules[module or ""]
                    renamed |= {one.asname or one.name: there[one.name] for one in names if one.name in there}
        renamed = {old: new for old, new in renamed.items() if old != new}
        kept = [node for node in tree.body if not self._is_local(node)]
        parts = ast.walk(tree)
        if len(kept) == len(tree.body) and not any(isinstance(p, ast.Name) and p.id in self.aliases for p in parts):
            return tree, text
        tree = ast.Module(kept, [])
        aliases = {alias: self.modules[module] for alias, module in self.aliases.items()}
        made = ast.unparse(ast.fix_missing_locations(_Renamed(renamed, aliases).visit(tree)))
        return ast.parse(made), made

    def _add_module(self, name: str, order: float) -> bool:
        """Make the statements of a module that lies beside the notebook pieces; whether there is one."""
        if name in self.modules:
            return True
        file = self.module(name)
        if file is None:
            return False
        try:
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (SyntaxError, UnicodeDecodeError):
            return False
        names = {bound: f"{file.stem}_{bound}" if bound in self.own else bound for bound in bound_names(text)}
        self.modules[name] = names
        if changed := {old: new for old, new in names.items() if old != new}:
            text = ast.unparse(_Renamed(changed, {}).visit(tree))
            tree = ast.parse(text)
        self.add(tree, text, order, "given")
        return True

    def module(self, name: str) -> Path | None:
        """The file of a module that lies beside the notebook."""
        stem = name.replace(".", "/")
        paths = [self.home / f"{stem}.py", self.home / stem / "__init__.py"] if name else []
        return next((path for path in paths if path.is_file() and path.resolve() != self.answer), None)

    def _is_local(self, node: ast.stmt) -> bool:
        """Whether a statement imports nothing but modules whose statements are pieces."""
        if isinstance(node, ast.Import):
            return all(one.name in self.modules for one in node.names)
        return isinstance(node, ast.ImportFrom) and (node.module or "") in self.modules

    # -- what comes before a test

    def before(self, body: list[ast.stmt], order: float, end: float, hidden: bool, way: Way) -> list[Piece]:
        """The pieces that a test needs, in order.

        Args:
            order: of the test's cell.
            end: the order of the last cell of the exercise that is the student's.
            hidden: whether hidden tests may be used.
        """
        usable = [(at, p) for at, p in enumerate(self.pieces) if p.order < order and (hidden or not p.hidden)]
        chosen: set[int] = set()
        if way.whole:
            chosen |= {
                at for at, p in usable if p.role != "own" and p.order > end and not isinstance(p.node, ast.Assert)
            }
        asked: set[tuple[str, int]] = set()
        queue = [(name, len(self.pieces)) for name in sorted(used_names(body))]
        for at in sorted(chosen):
            queue += [(name, at) for name in self.pieces[at].uses]
        while queue:
            name, until = queue.pop()
            if (name, until) in asked:
                continue
            asked.add((name, until))
            for at in self._sources(name, [(i, p) for i, p in usable if i < until], end, way):
                if at not in chosen:
                    chosen.add(at)
                    piece = self.pieces[at]
                    queue += [(used, until if piece.is_code else at) for used in sorted(piece.uses)]
        chosen |= self._seeds(chosen, usable)
        return [self.pieces[at] for at in sorted(chosen)]

    def _sources(self, name: str, usable: list[tuple[int, Piece]], end: float, way: Way) -> list[int]:
        """Where a name gets what it stands for; nothing where that is the student's."""
        found: list[int] = []
        for at, piece in reversed(usable):
            if name in piece.binds:
                if piece.role == "own":
                    return [one for one in found if self.pieces[one].order > end and self.pieces[one].role == "given"]
                if piece.role == "given" and piece.order < end and self._is_left(name, piece, way):
                    return [one for one in found if self.pieces[one].order > end and self.pieces[one].role == "given"]
                found.append(at)
                if isinstance(piece.node, (ast.Import, ast.ImportFrom)):
                    return [one for one in found if one == at or not self._asks_own(one, name, usable)]
                if piece.renews:
                    return found
            elif name in piece.changes and not (piece.role == "test" and self._only_calls_own(piece)):
                found.append(at)
        return found if any(name in self.pieces[at].binds for at in found) else self._stars(name, usable)

    def _stars(self, name: str, usable: list[tuple[int, Piece]]) -> list[int]:
        for at, piece in reversed(usable):
            match piece.node:
                case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]) if (
                    module.partition(".")[0] in _STARS
                ):
                    with suppress(ImportError):
                        if hasattr(importlib.import_module(module), name):
                            return [at]
        return []

    def _is_left(self, name: str, piece: Piece, way: Way) -> bool:
        """Whether what a given cell binds is taken as it is beside the student's code."""
        if way.copies:
            return False
        if not piece.is_code and self._uses_own(piece):
            return True
        if name not in self.mentioned or isinstance(piece.node, (ast.Import, ast.ImportFrom)):
            return False
        return way.leaves or isinstance(piece.node, ast.ClassDef) or bool(_RANDOM.search(piece.text))

    def _only_calls_own(self, piece: Piece) -> bool:
        """Whether a statement is a call of the student's, of which only they know what it changes."""
        match piece.node:
            case ast.Expr(value=ast.Call(func=function)):
                return not self.own.isdisjoint(_first(function))
        return False

    def _uses_own(self, piece: Piece) -> bool:
        return not self.own.isdisjoint(piece.uses)

    def _asks_own(self, at: int, module: str, usable: list[tuple[int, Piece]]) -> bool:
        """Whether a statement that touches a module is about the student's code, so that others need it not."""
        asked: set[str] = {module}
        queue = [(name, at) for name in self.pieces[at].uses]
        while queue:
            name, until = queue.pop()
            if name in asked:
                continue
            asked.add(name)
            if name in self.own:
                return True
            queue += [(used, i) for i, piece in usable if i < until and name in piece.binds for used in piece.uses]
        return False

    def _seeds(self, chosen: set[int], usable: list[tuple[int, Piece]]) -> set[int]:
        """Seeds in the cells of pieces that draw, before these."""
        drawing = [at for at in chosen if _RANDOM.search(self.pieces[at].text) and not self.pieces[at].is_code]
        return {
            at
            for at, piece in usable
            if isinstance(piece.node, ast.Expr) and _SEEDS.search(piece.text) and piece.role != "own"
            for other in drawing
            if at < other and piece.order == self.pieces[other].order
        }

    def brought(self, piece: Piece, used: set[str]) -> str:
        """The text of a piece; an `import *` names what is used."""
        match piece.node:
            case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]):
                with suppress(ImportError):
                    there = importlib.import_module(module)
                    names = sorted(name for name in used if hasattr(there, name))
                    return f"from {module} import {', '.join(names)}"
        return piece.text


@dataclass(frozen=True)
class Way:
    """How given names are taken.

    Attributes:
        leaves: those that the solution mentions are left as they are beside the student's code.
        copies: all are defined anew.
        whole: all that follows the student's cells is run, not only what is used.
    """

    leaves: bool = False
    copies: bool = False
    whole: bool = False


WAYS = (Way(), Way(leaves=True), Way(copies=True), Way(whole=True))


class _Renamed(ast.NodeTransformer):
    """Gives names of a module new ones.

    Args:
        names: of the code's own.
        aliases: of modules, each with the names of what is in it.
    """

    def __init__(self, names: dict[str, str], aliases: dict[str, dict[str, str]]) -> None:
        self._names = names
        self._aliases = aliases

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self._names.get(node.id, node.id), node.ctx), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        path = ast.unparse(node.value)
        if path in self._aliases and node.attr in self._aliases[path]:
            return ast.copy_location(ast.Name(self._aliases[path][node.attr], node.ctx), node)
        return node

    def visit_FunctionDef(self, node: Function) -> Function:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        return node
