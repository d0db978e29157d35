"""Writes a plain check anew, so that asserts are judged outside of the submission's process.

Two programs are made of one. The first is run beside the student's code, and records what the student's objects are and
do: the value of every expression that something of theirs is in. It asserts nothing. The second is run where no student
code is, with these records in the place of the student's objects (`grader/guest/replay.py`), and there the asserts hold
or do not. Both name their expressions by the same numbers.

Which expressions those are is told from the code alone: names that it does not define are the student's, and what is
made of them, or handed to them, may be so, too.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

from grader.assignment.plain_checks import Function, PlainCheck, last_name
from grader.judging.assertion_forms import COMPARED, COMPARING, Form, form_of, sides_of
from grader.judging.fewer_forms import OF_ALL, SEQUENCE, SUBJECT, expects_exception, in_fewer_forms, moved

TAPE = "__tape__"
GIVEN = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "np": "import numpy as np",
    "math": "import math",
    "random": "import random",
    "pytest": "import pytest",
    "Dataset": "from torch.utils.data import Dataset",
    "DataLoader": "from torch.utils.data import DataLoader",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    SEQUENCE: f"from collections.abc import Sequence as {SEQUENCE}",
}
"""Names that a check may use without an import, as cells of a notebook do."""
SEEDING = {"manual_seed", "seed", "set_rng_state", "setstate", "set_state"}
_SEEN_THERE = {"time", "timeit", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "default_timer",
               "gc", "tracemalloc", "resource"}  # fmt: skip
"""Imported names that tell of the process in which the student's code runs: how long it takes, what it leaves."""
_REFERRING = {"attribute", "item", "name", "student"}
"""What is recorded of things that are there already."""
_BORROWED = "own_first_"
_IN_PLACE = {"Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**",
             "MatMult": "@", "BitAnd": "&", "BitOr": "|", "BitXor": "^", "LShift": "<<", "RShift": ">>"}  # fmt: skip
_UNARY = {"USub": "-", "UAdd": "+", "Invert": "~"}


@dataclass(frozen=True)
class Assertion:
    """An assert of a check.

    Attributes:
        line: in its file.
        text: as it is written.
        called: what is observed, with the names in it explained by what they were bound to; empty where nothing is.
        kind, negated: see `Form`.
        swapped: whether the observed side is the right one.
        looped: whether it stands in a loop, and in nothing else that may leave it out.
        parts: numbers of the expressions whose values show why it does not hold.
        expects: the exceptions that keep a check from it.
        fails: whether it never holds, so that it is not to be reached.
    """

    line: int
    text: str
    called: str
    kind: Literal["compared", "true", "never", "other"] = "compared"
    negated: bool = False
    swapped: bool = False
    looped: bool = False
    parts: tuple[int, ...] = ()
    expects: str = ""
    fails: bool = False


@dataclass(frozen=True)
class Expression:
    """An expression of a check that something of the student's is in.

    Attributes:
        expects: what stands around it that expects an exception or a warning, such as `pytest.raises(ValueError)`.
    """

    line: int
    text: str
    expects: str = ""


@dataclass(frozen=True)
class Instrumented:
    """The two programs of a check.

    Attributes:
        recording, replaying: their texts.
        names: of the student's that it uses, but for modules.
        made: the objects of the student's classes that it makes with plain arguments, as expressions.
        seeds: whether it seeds the generators itself.
        claims: its asserts, by their numbers.
        expressions: those that are recorded, by their numbers.
    """

    recording: str
    replaying: str
    names: tuple[str, ...]
    made: tuple[str, ...]
    seeds: bool
    claims: tuple[Assertion, ...]
    expressions: tuple[Expression, ...]


def instrument(
    check: PlainCheck, modules: Iterable[str] = (), defined: Collection[str] = (), keep: bool = True
) -> Instrumented:
    """Make the two programs of a check.

    Args:
        modules: names of modules under which the check may import what the student wrote.
        defined: names that the solution defines, which are the student's even if Python has such a name.
        keep: whether values that only asserts ask for are kept from the submission's process, or come there after
            what is the student's. They are computed from inputs as they were made, or as they are by then: where even
            the solution changes its inputs, this may not do.
    """
    tree, aliases = _without_imports(check.tree, set(modules))
    tree = in_fewer_forms(tree, defined)
    first = [name for name in _loaded_first(tree) if name in defined and name not in aliases]
    borrowing = ast.parse("\n".join(f"{name} = {_BORROWED}{name}" for name in first)).body
    borrowed = [moved(one, one) for one in borrowing]
    aliases |= {f"{_BORROWED}{name}": name for name in first}
    tree = ast.Module([*borrowed, *tree.body], [])
    names = _Names(tree, set(aliases), defined)
    theirs = _Names(tree, set(aliases), defined, handing=False).touched
    kept = _kept_names(tree, names, theirs) if keep else set()
    names.touched -= kept
    given = [GIVEN[name] for name in sorted(names.free & GIVEN.keys())]
    programs = []
    for records in (True, False):
        writer = _Writer(names, aliases, records, keep, kept, theirs, check.source)
        body = [one for node in tree.body for one in writer.statement(node)]
        head = ast.parse("\n".join(given)).body
        programs.append(ast.unparse(ast.Module([*head, *body], [])))
    students = tuple(sorted({found for name in names.students if (found := aliases.get(name, name))}))
    made = tuple(dict.fromkeys(_made(tree, names.students)))
    seeds = any(isinstance(node, ast.Call) and last_name(node.func) in SEEDING for node in ast.walk(tree))
    return Instrumented(
        programs[0], programs[1], students, made, seeds, tuple(writer.claims), tuple(writer.expressions)
    )


def _loaded_first(tree: ast.Module) -> list[str]:
    """Names that the code of the module itself asks for before it binds them, and binds: `answer = answer + 1`."""
    seen: set[str] = set()
    found: list[str] = []
    for statement in tree.body:
        if isinstance(statement, Function | ast.ClassDef):
            seen.add(statement.name)
            continue
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        loads = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        stores = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
        plain = isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Assert))
        both = loads | stores if isinstance(statement, ast.AugAssign) else loads
        found += sorted(both - seen - (set() if plain else stores))
        seen |= loads | stores
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return [name for name in dict.fromkeys(found) if name in bound]


def _kept_names(tree: ast.Module, names: _Names, made: set[str]) -> set[str]:
    """Variables that are computed from inputs alone, and that nothing but asserts ask for.

    Args:
        made: names that hold what the student's code has made.
    """
    stored = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    found = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and stored[node.targets[0].id] == len(node.targets) == 1
        and not any(isinstance(part, ast.Name) and part.id in made | set(names.functions) for part in ast.walk(node))
        and not any(_draws(part) for part in ast.walk(node.value))
    }
    before = -1
    while before != len(found):
        before = len(found)
        there = names.touched - set(found)
        allowed = {id(part) for value in found.values() for part in ast.walk(value)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                allowed |= {id(part) for part in _apart(node.test, there, made)}
            elif isinstance(node, ast.Call) and last_name(node.func).startswith("assert"):
                parts = [*node.args, *(one.value for one in node.keywords)]
                allowed |= {id(part) for one in parts for part in _apart(one, there, made)}
        loads = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        asked = {name.id for name in loads if id(name) not in allowed}
        found = {name: value for name, value in found.items() if name not in asked}
    return set(found)


_OF_ALL_PARTS = (ast.Attribute, ast.BinOp, ast.Call, ast.List, ast.Slice, ast.Subscript, ast.Tuple, ast.UnaryOp)
"""Expressions that evaluate all of their parts, whatever these are."""


def _apart(node: ast.expr, there: set[str], made: set[str]) -> Iterator[ast.AST]:
    """The parts of what is asserted that need not be beside the student's code.

    Args:
        there: names of what is.
        made: those that hold what the student's code has made.
    """
    if not _loads(node, there):
        yield from ast.walk(node)
        return
    of_all = isinstance(node, _OF_ALL_PARTS) or (isinstance(node, ast.Compare) and len(node.ops) == 1)
    if of_all and not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in made):
        for part in _parts(node):
            yield from _apart(part, there, made)


def _parts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that an expression is made of, in their order."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.expr):
            yield part
        elif isinstance(part, ast.keyword):
            yield part.value


def _loads(node: ast.AST, names: Collection[str]) -> bool:
    """Whether one of these names is asked for in it."""
    return any(
        isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in names for part in ast.walk(node)
    )


def _draws(node: ast.AST) -> bool:
    """Whether it may draw a number, or write to what it is given."""
    name = last_name(node.func) if isinstance(node, ast.Call) else ""
    return name.startswith(("rand", "normal", "uniform", "sample", "choice", "shuffle", "drop")) or name.endswith("_")


def _made(tree: ast.Module, students: set[str]) -> Iterator[str]:
    """Calls of the student's classes whose arguments are literals."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in students:
            with suppress(ValueError):
                for argument in (*node.args, *(one.value for one in node.keywords)):
                    ast.literal_eval(argument)
                if node.func.id[:1].isupper():
                    yield ast.unparse(node)


def _without_imports(tree: ast.Module, modules: set[str]) -> tuple[ast.Module, dict[str, str | None]]:
    """The code without its imports of the student's own modules; what each of their names is (None: a module)."""
    aliases: dict[str, str | None] = {}

    class Leave(ast.NodeTransformer):
        def visit_Import(self, node: ast.Import) -> ast.stmt | None:
            own = [one for one in node.names if one.name in modules]
            aliases.update({one.asname or one.name: None for one in own})
            rest = [one for one in node.names if one not in own]
            return ast.copy_location(ast.Import(rest), node) if rest else _nothing(node)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | None:
            if node.level or node.module in modules:
                aliases.update({one.asname or one.name: one.name for one in node.names if one.name != "*"})
                return _nothing(node)
            return node

    return Leave().visit(deepcopy(tree)), aliases


def _nothing(node: ast.AST) -> ast.stmt:
    return ast.copy_location(ast.Pass(), node)


class _Names:
    """Which names of a check are the student's, or may hold what a student's code has made or changed.

    Args:
        aliases: names that it imports of the student's.
        defined: names that the solution defines.
        handing: whether what is handed to the student's code counts, since it may be changed there.

    Attributes:
        free: names that the check does not define.
        students: those of them that are the student's.
        functions: names of its own functions and classes.
        touched: its variables and functions that something of the student's is in.
    """

    def __init__(
        self, tree: ast.Module, aliases: set[str], defined: Collection[str] = (), handing: bool = True
    ) -> None:
        self._handing = handing
        bound, loaded = set(), set()
        self.functions: dict[str, Function | ast.ClassDef] = {}
        self.imported: set[str] = set()
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    loaded.add(name)
                case ast.Name(id=name):
                    bound.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.functions[name] = node
                case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                    bound.add(name)
                case ast.Import(names=names) | ast.ImportFrom(names=names):
                    self.imported |= {(one.asname or one.name).partition(".")[0] for one in names}
        own = bound | self.imported | set(self.functions) | {TAPE} | (set(dir(builtins)) - set(defined))
        self.free = loaded - own | aliases
        self.students = self.free - GIVEN.keys() | aliases
        self.touched = set(self.students) | (self.imported & _SEEN_THERE)
        self.variables = bound
        before = -1
        while before != len(self.touched):  # until nothing more is found
            before = len(self.touched)
            for node in ast.walk(tree):
                self._follow(node)

    def has(self, node: ast.AST | None) -> bool:
        """Whether something of the student's may be in it."""
        return node is not None and _loads(node, self.touched)

    def _follow(self, node: ast.AST) -> None:
        """What a statement or expression hands on."""
        match node:
            case ast.Assign(targets=targets, value=value):
                if self.has(value):
                    self._touch(*targets)
                elif self._handing and any(isinstance(one, ast.Name) and one.id in self.touched for one in targets):
                    self._touch(value)  # what it was made of is reached through it
            case ast.AnnAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value) if self.has(
                value
            ):
                self._touch(target)
            case ast.AugAssign(target=target, value=value) if self.has(value):
                self._touch(target)
            case (
                ast.For(target=target, iter=iterated)
                | ast.AsyncFor(target=target, iter=iterated)
                | ast.comprehension(target=target, iter=iterated)
            ) if self.has(iterated):
                self._touch(target)
            case ast.withitem(context_expr=made, optional_vars=ast.expr() as target) if self.has(made):
                self._touch(target)
            case ast.Call() if self._handing and self.has(node):
                parts = [*node.args, *(one.value for one in node.keywords)]
                if isinstance(node.func, (ast.Attribute, ast.Name)):
                    parts.append(node.func)
                self._touch(*parts)
                for part in (part for one in parts for part in ast.walk(one)):
                    if isinstance(part, ast.Lambda):
                        self._touch_function(part)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if self.has(node):
                self.touched.add(name)
            case ast.ClassDef(name=name) if self.has(node):
                self.touched.add(name)
                for method in node.body:
                    if isinstance(method, Function):
                        self._touch_function(method)

    def _touch(self, *nodes: ast.AST) -> None:
        for node in nodes:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and part.id in self.functions:
                    if part.id not in self.touched:
                        self.touched.add(part.id)
                        self._touch_function(self.functions[part.id])
                elif isinstance(part, ast.Name) and part.id in self.variables:
                    self.touched.add(part.id)

    def _touch_function(self, node: Function | ast.Lambda | ast.ClassDef) -> None:
        """Its parameters may be the student's, and what it reaches may be changed."""
        for part in ast.walk(node):
            if isinstance(part, ast.arg):
                self.touched.add(part.arg)
            elif isinstance(part, ast.Name) and part.id in self.variables:
                self.touched.add(part.id)


@dataclass(frozen=True)
class _Decided:
    """What a branch hangs on.

    Attributes:
        called, parts: see `Assertion`.
        denied: whether it is taken where a condition holds; None where that is none, as of `match`.
        expects: the exceptions that would end it.
    """

    called: str = ""
    parts: tuple[int, ...] = ()
    denied: bool | None = None
    expects: str = ""


class _Writer:
    """Writes one of the two programs.

    Args:
        records: whether it is the one beside the student's code.
        keep: whether an assert asks the student's code before it computes anything else.
        kept: names that are assigned to only where the check is judged.
        theirs: names of what the student's code has made.
        lines: of the file.
    """

    def __init__(
        self,
        names: _Names,
        aliases: dict[str, str | None],
        records: bool,
        keep: bool,
        kept: set[str],
        theirs: set[str],
        lines: Sequence[str],
    ) -> None:
        self._lines = lines
        self._theirs = theirs
        self._keep = keep
        self._in_order = True
        self._names = names
        self._aliases = aliases
        self._records = records
        self._kept = kept
        self._around: list[str] = []
        self._made: dict[str, str] = {}
        self._given: list[set[str]] = []
        self._decided: list[_Decided] = []
        self._noted: list[ast.AST] = []
        self.claims: list[Assertion] = []
        self.expressions: list[Expression] = []

    # -- statements

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """What stands in the place of a statement."""
        made = self._statement(node)
        return [ast.copy_location(one, node) for one in made]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in self._kept:
                return [ast.Pass() if self._records else node]
            case ast.Assert():
                with self._asking(node.test):
                    return [self._assert(node)]
            case ast.Expr(value=ast.Call() as call) if self._asserts(call):
                with self._asking(call):
                    return [self._asserted(call)]
            case ast.Assign(targets=targets, value=value) if self._names.has(value):
                made = self.expression(value)
                if any(isinstance(target, (ast.Tuple, ast.List)) for target in targets):
                    made = self._record("iterate", value, made)
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._made[target.id] = f"{_shown(target.id)} = {self._written(value)}"
                return [ast.Assign([self.expression(target) for target in targets], made)]
            case ast.AugAssign(target=target, op=op, value=value) if self._names.has(node):
                read = moved(ast.parse(ast.unparse(target), mode="eval").body, target)
                pair = [self.expression(read), self.expression(value)]
                made = self._record("augmented", node, ast.Constant(_IN_PLACE[type(op).__name__]), *pair)
                return [ast.Assign([self.expression(target)], made)]
            case ast.If():
                return [self._if(node)]
            case ast.Try():
                kinds = " or ".join(self._written(one.type) for one in node.handlers if one.type) or "Exception"
                self._decided.append(_Decided(expects=kinds))
                whole = self._with_fields(node)
                self._decided.pop()
                return whole
            case ast.ClassDef(name=name, bases=bases) if any(map(self._names.has, bases)):
                stored = ast.Name(name, ast.Store())
                inside = self._with_fields(node)
                if not self._records:
                    return [ast.Assign([stored], self._record("made", node, ast.Constant(None)))]
                aside = ast.With([ast.withitem(_on_tape("aside"))], inside)
                return [aside, ast.Assign([stored], self._record("made", node, ast.Name(name, ast.Load())))]
        return self._with_fields(node)

    def _with_fields(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement whose parts are written anew."""
        around = type(node).__name__
        if isinstance(node, ast.With | ast.AsyncWith):
            around = next(
                (ast.unparse(w.context_expr) for w in node.items if expects_exception(w.context_expr)), around
            )
        self._around.append(around)
        self._given.append(_given_in(node))
        if isinstance(node, ast.For | ast.AsyncFor) and self._names.has(node.iter):
            for name in self._given[-1]:
                self._made[name] = f"for {self._written(node.target)} in {self._written(node.iter)}"
        fields: dict[str, Any] = {
            name: self._truth(getattr(node, name))
            if isinstance(node, ast.While) and name == "test"
            else self._field(getattr(node, name, None))
            for name in node._fields
        }
        self._given.pop()
        if isinstance(node, ast.For | ast.AsyncFor) and self._names.has(node.iter):
            kind = "iterate" if isinstance(node, ast.For) else "iterate_async"
            fields["iter"] = self._record(kind, node.iter, fields["iter"])
        self._around.pop()
        return [type(node)(**fields)]

    def _if(self, node: ast.If) -> ast.stmt:
        before = len(self.expressions)
        test = self._truth(node.test)
        subject = next((p for p in ast.walk(node.test) if isinstance(p, ast.Name) and p.id.startswith(SUBJECT)), None)
        if subject is not None:
            seen = self._made.get(subject.id, "").partition(" = ")[2]
            told = [_Decided(seen, self._numbers([subject], before))] * 2
            bound = (part.target.id for part in ast.walk(node.test) if isinstance(part, ast.NamedExpr))
            self._made |= dict.fromkeys(bound, f"match {seen}")
        else:
            form = form_of(node.test)
            parts = self._numbers(form.parts, before)
            told = [_Decided(self._explained(form.seen), parts, holds is form.negated) for holds in (False, True)]
        self._around.append("If")
        branches = []
        for decided, branch in zip(told, (node.body, node.orelse), strict=True):
            self._decided.append(decided)
            branches.append(self._field(branch))
            self._decided.pop()
        self._around.pop()
        return ast.If(test, *branches)  # type: ignore[arg-type]

    def _field(self, value: object) -> object:
        if isinstance(value, ast.expr):
            return self.expression(value)
        if isinstance(value, list):
            made: list[object] = []
            for one in value:
                made += self.statement(one) if isinstance(one, ast.stmt) else [self._field(one)]
            return made
        if isinstance(value, (ast.excepthandler, ast.withitem, ast.keyword, ast.comprehension)):
            fields: dict[str, Any] = {name: self._field(getattr(value, name, None)) for name in value._fields}
            if isinstance(value, ast.withitem) and self._names.has(value.context_expr):
                fields["context_expr"] = self._record("context", value.context_expr, fields["context_expr"])
            if isinstance(value, ast.comprehension) and self._names.has(value.iter):
                kind = "iterate_async" if value.is_async else "iterate"
                fields["iter"] = self._record(kind, value.iter, fields["iter"])
            return (
                ast.copy_location(type(value)(**fields), value) if hasattr(value, "lineno") else type(value)(**fields)
            )
        return self._arguments(value) if isinstance(value, ast.arguments) else value

    def _arguments(self, node: ast.arguments) -> ast.arguments:
        defaults = [self.expression(one) for one in node.defaults]
        named = [self.expression(one) if one is not None else None for one in node.kw_defaults]
        return ast.arguments(node.posonlyargs, node.args, node.vararg, node.kwonlyargs, named, node.kwarg, defaults)

    # -- asserts

    def _asserts(self, call: ast.Call) -> bool:
        """Whether a call, as a statement, asserts something, and is no function of the check's own."""
        name = last_name(call.func)
        return (
            name.startswith("assert") and name not in self._names.functions and not name.endswith(("Raises", "Warns"))
        )

    def _assert(self, node: ast.Assert) -> ast.stmt:
        number, form = len(self.claims), form_of(node.test)
        sides = sides_of(node.test)
        touched = [self._names.has(side) for side in sides]
        self.claims.append(self._claim(node, form))
        alone = isinstance(node.test, ast.Compare) and not (form.among and touched[1:] == [True])
        called = node.test.func if isinstance(node.test, ast.Call) else None
        comparing = called is not None and last_name(called) in COMPARING and not self._names.has(called)
        if len(sides) == 2 and (comparing or (alone and touched.count(True) < 2)):
            return self._compared(node, number, comparing)
        before = len(self.expressions)
        made = self._truth(node.test)
        if self._records:
            return ast.Expr(_on_tape("seen", made))
        if form.kind != "never":
            self.claims[number] = replace(self.claims[number], parts=self._numbers(form.parts, before))
        return self._claimed(number, made, node)

    @contextmanager
    def _asking(self, node: ast.expr) -> Iterator[None]:
        """Write what is asserted, in which the student's code is asked first, where that changes nothing else."""
        self._in_order = not self._keep or any(_draws(part) for part in ast.walk(node))
        try:
            yield
        finally:
            self._in_order = True

    def _numbers(self, nodes: Iterable[ast.expr], before: int) -> tuple[int, ...]:
        """The numbers of expressions that were recorded since."""
        found: dict[int, int] = {}
        for number, node in enumerate(self._noted[before:], before):
            found.setdefault(id(node), number)
        return tuple(found[id(node)] for node in nodes if id(node) in found)

    def _compared(self, node: ast.Assert, number: int, comparing: bool) -> ast.stmt:
        """An assert of which only the sides are recorded: what compares them, and a constant, are not in the guest."""
        test = node.test
        if isinstance(test, ast.Call):
            judged = self._of_sides("judged", [test.func], test.args, test.keywords)
        else:
            assert isinstance(test, ast.Compare)
            judged = self._of_sides("related", [ast.Constant(COMPARED[type(test.ops[0]).__name__])], sides_of(test), [])
        return ast.Expr(judged) if self._records else self._claimed(number, judged, node)

    def _of_sides(
        self, kind: str, head: list[ast.expr], sides: Sequence[ast.expr], named: list[ast.keyword]
    ) -> ast.Call:
        """What is compared; beside the student's code, those sides alone that something of the student's is in."""
        made = [self.expression(side) for side in sides]
        others = [ast.keyword(one.arg, self.expression(one.value)) for one in named]
        if self._records:
            kept = [new for side, new in zip(sides, made, strict=True) if self._names.has(side)]
            besides = [new.value for one, new in zip(named, others, strict=True) if self._names.has(one.value)]
            return _on_tape("seen", *self._theirs_first(kept), *besides)
        judged = _on_tape(kind, *head, *self._theirs_first(made))
        judged.keywords = others
        return judged

    def _claimed(self, number: int, truth: ast.expr, node: ast.Assert) -> ast.stmt:
        used = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
        given = sorted(used & {name for names in self._given for name in names})
        parts: list[ast.expr] = [ast.Constant(part) for part in self.claims[number].parts]
        begun = _on_tape("begun", ast.Constant(number), ast.Tuple(parts, ast.Load()))
        begun.keywords = [ast.keyword(name, ast.Name(name, ast.Load())) for name in given]
        said = [ast.Lambda(_no_arguments(), self._message(node.msg))] if node.msg else []
        return ast.Expr(_on_tape("claim", begun, truth, *said))

    def _message(self, node: ast.expr) -> ast.expr:
        """What an assert says: of the student's code, what was noted of it before."""
        numbers = {ast.dump(noted): number for number, noted in enumerate(self._noted)}
        students = self._names.students

        class Message(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> ast.AST:
                if isinstance(node, ast.expr) and not isinstance(node, ast.Name) and ast.dump(node) in numbers:
                    return _on_tape("value", ast.Constant(numbers[ast.dump(node)]))
                seen: ast.AST = super().visit(node)
                return seen

            def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
                self.generic_visit(node)
                asked = any(isinstance(part, ast.Name) and part.id in students for part in ast.walk(node.value))
                return ast.Constant("…") if asked else node

        made = Message().visit(deepcopy(node))
        assert isinstance(made, ast.expr)
        return made

    def _asserted(self, call: ast.Call) -> ast.stmt:
        """A call of a function that asserts."""
        number = len(self.claims)
        self.claims.append(self._claim(call, Form("compared", call, tuple(call.args[:2]))))
        return ast.Expr(self._of_sides("asserted", [ast.Constant(number), call.func], call.args, call.keywords))

    def _claim(self, node: ast.Assert | ast.Call, form: Form) -> Assertion:
        text = self._written(node) if isinstance(node, ast.Call) else f"assert {self._written(node.test)}"
        around = {*self._around}
        loops = {"For", "AsyncFor", "While"}
        looped = bool(loops & around) and around <= loops | {"With", "AsyncWith", "FunctionDef", "AsyncFunctionDef"}
        looped = looped and not hasattr(node, OF_ALL)
        if form.kind == "never":
            decided = self._decided[-1] if self._decided else _Decided()
            kind: Literal["other", "never"] = "never" if decided.denied is None else "other"
            parts, denied = decided.parts, bool(decided.denied)
            return Assertion(
                node.lineno, text, decided.called, kind, denied, False, looped, parts, decided.expects, True
            )
        theirs = [_loads(side, self._theirs) for side in form.sides]
        touched = theirs if any(theirs) else [self._names.has(side) for side in form.sides]
        swapped = touched == [False, True] or (form.among and touched != [True, False])
        called = self._explained(form.sides[swapped] if len(form.sides) > swapped else form.seen)
        return Assertion(node.lineno, text, called, form.kind, form.negated, swapped, looped)

    def _explained(self, node: ast.AST) -> str:
        """An expression, with what its names were bound to, as far as something of the student's was in it."""
        used = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        bound = dict.fromkeys(self._made[name] for name in dict.fromkeys(used) if name in self._made)
        return "; ".join([*[one for one in bound if len(one) < 200], self._written(node)])

    def _written(self, node: ast.AST) -> str:
        """The text of a node, without what marks names that are not in the file."""
        line, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", None)
        if line == end and 0 < line <= len(self._lines):
            row = self._lines[line - 1].encode()
            return row[node.col_offset : node.end_col_offset].decode()  # type: ignore[attr-defined]
        return _shown(ast.unparse(node))

    # -- expressions

    def expression(self, node: ast.expr) -> ast.expr:
        """What stands in the place of an expression."""
        made = self._expression(node) if self._names.has(node) else node
        return ast.copy_location(made, node)

    def _is_apart(self, node: ast.expr) -> bool:
        """Whether it is computed only where the check is judged, of what its parts are beside the student's code."""
        return _loads(node, self._kept)

    def _expression(self, node: ast.expr) -> ast.expr:
        if self._is_apart(node) and self._records:
            return ast.Tuple([self.expression(part) for part in _parts(node) if self._names.has(part)], ast.Load())
        if self._is_apart(node):
            return self._with_parts(node)
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                if name in self._names.students:
                    real = ast.Constant(self._aliases.get(name, name))
                    return self._record("student", node, real)
                return self._record("name", node, node) if name in self._names.variables else node
            case ast.Name():
                return node
            case ast.Call(func=ast.Attribute(value=inner, attr=name), args=args, keywords=keywords) if not (
                _is_super(inner)
            ):
                parts = [self.expression(one) for one in args]
                named = [ast.keyword(one.arg, self.expression(one.value)) for one in keywords]
                if not self._names.has(inner) and _root(inner) in self._names.imported | GIVEN.keys():
                    return self._record("library", node, node.func, *parts, keywords=named)
                return self._record("method", node, self.expression(inner), ast.Constant(name), *parts, keywords=named)
            case ast.Call(func=func, args=args, keywords=keywords) if not _is_super(node):
                parts = [self.expression(one) for one in args]
                named = [ast.keyword(one.arg, self.expression(one.value)) for one in keywords]
                return self._record("call", node, self.expression(func), *parts, keywords=named)
            case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if self._names.has(value):
                return self._record("attribute", node, self.expression(value), ast.Constant(name))
            case ast.Subscript(value=value, slice=index, ctx=ast.Load()):
                return self._record("item", node, self.expression(value), self._index(index))
            case ast.IfExp(test=test, body=body, orelse=other):
                return ast.IfExp(self._truth(test), self.expression(body), self.expression(other))
            case ast.Starred(value=value, ctx=ast.Load()):
                return ast.Starred(self._record("iterate", value, self.expression(value)), ast.Load())
            case ast.BinOp(left=left, op=op, right=right):
                sign = ast.Constant(_IN_PLACE[type(op).__name__])
                return self._record("binary", node, sign, self.expression(left), self.expression(right))
            case ast.NamedExpr(target=target, value=value):
                self._made[target.id] = f"{_shown(target.id)} = {self._written(value)}"
                return ast.NamedExpr(target, self.expression(value))
            case ast.Await(value=value):
                return ast.Await(self._record("awaited", node, self.expression(value)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return ast.UnaryOp(ast.Not(), self._truth(operand))
            case ast.UnaryOp(op=op, operand=operand):
                return self._record("unary", node, ast.Constant(_UNARY[type(op).__name__]), self.expression(operand))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                sign = ast.Constant(COMPARED[type(op).__name__])
                return self._record("compared", node, sign, self.expression(left), self.expression(right))
        return self._with_parts(node)

    def _with_parts(self, node: ast.expr) -> ast.expr:
        """An expression whose parts are written anew."""
        fields: dict[str, Any] = {name: self._field(getattr(node, name, None)) for name in node._fields}
        return type(node)(**fields)

    def _index(self, node: ast.expr) -> ast.expr:
        """An index, which has no slices where it is an argument."""
        if isinstance(node, ast.Slice):
            bounds = [
                self.expression(one) if one else ast.Constant(None) for one in (node.lower, node.upper, node.step)
            ]
            return ast.Call(ast.Name("slice", ast.Load()), bounds, [])
        if isinstance(node, ast.Tuple):
            return ast.Tuple([self._index(one) for one in node.elts], ast.Load())
        return self.expression(node)

    def _truth(self, node: ast.expr) -> ast.expr:
        """Whether an expression counts as true, where something else than a comparison says so."""
        if isinstance(node, ast.BoolOp):
            return ast.copy_location(ast.BoolOp(node.op, [self._truth(one) for one in node.values]), node)
        made = self.expression(node)
        if self._is_apart(node):
            return made
        if self._names.has(node) and isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)):
            return ast.copy_location(self._record("truth", node, made), node)
        return made

    def _record(self, kind: str, node: ast.AST, *parts: ast.expr, keywords: list[ast.keyword] = []) -> ast.Call:  # noqa: B006
        number = len(self.expressions)
        expects = next((text for text in reversed(self._around) if "(" in text), "")
        self._noted.append(node)
        self.expressions.append(Expression(getattr(node, "lineno", 0), self._written(node), expects))
        made = _on_tape(kind, ast.Constant(number), *self._theirs_first(parts))
        made.keywords = keywords
        return made

    def _theirs_first(self, parts: Sequence[ast.expr]) -> list[ast.expr]:
        """Operands in the order that an assert asks for: what is computed from inputs alone comes last."""
        if self._in_order or any(isinstance(part, ast.Starred) for part in parts):
            return list(parts)
        order = sorted(range(len(parts)), key=lambda place: self._is_computed(parts[place]))
        if order == sorted(order):
            return list(parts)
        places = ast.Tuple([ast.Constant(place) for place in order], ast.Load())
        return [ast.Starred(_on_tape("ordered", places, *(parts[place] for place in order)), ast.Load())]

    def _is_computed(self, made: ast.expr) -> bool:
        """Whether a part, as it is written, computes anything, and nothing of the student's is in it."""
        asked = [part.func for part in ast.walk(made) if isinstance(part, ast.Call)]
        kinds = {func.attr if _is_tape(func) else "" for func in asked if isinstance(func, ast.Attribute)}
        apart = _loads(made, self._kept) or any(isinstance(part, ast.BinOp | ast.Tuple) for part in ast.walk(made))
        return (apart or len(kinds - _REFERRING) > 0) and "student" not in kinds and not _loads(made, self._theirs)


def _shown(text: str) -> str:
    """A text without what marks names that are not in the file."""
    return re.sub(r"\bown_(?:case\.|first_)?(?=\w)", "", text)


def _given_in(node: ast.stmt) -> set[str]:
    """Names that a loop or a function of the check binds, each time anew."""
    match node:
        case ast.For(target=target) | ast.AsyncFor(target=target):
            return {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
        case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
            return {part.arg for part in ast.walk(arguments) if isinstance(part, ast.arg)} - {"self"}
    return set()


def _root(node: ast.expr) -> str:
    """The first name of `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_tape(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == TAPE


def _on_tape(kind: str, *parts: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(TAPE, ast.Load()), kind, ast.Load()), list(parts), [])


def _no_arguments() -> ast.arguments:
    return ast.arguments([], [], None, [], [], None, [])
