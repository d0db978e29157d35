"""Edits of code: operators plant mistakes, fixes take them back; and the patterns that most of both are written in.

A pattern is a line of Python, so that a spec can hold one, too. What no line says is a function on libcst's nodes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

import libcst as cst

Tree = TypeVar("Tree", bound=cst.CSTNode)
Changed = cst.CSTNode | cst.FlattenSentinel[Any] | cst.RemovalSentinel
Above = tuple[cst.CSTNode, ...]
"""The ancestors of a node, outermost first."""
Mutate = Callable[[Any, Above], Iterable[Changed]]


@dataclass(frozen=True)
class Operator:
    """Plants one kind of mistake.

    Attributes:
        id: as the matrix and `verify.yaml` name it.
        title: what it does, in a line.
        mistake: id of the mistake it plants, where it has one.
        node: the kind of node it works on.
        mutate: takes such a node and its ancestors; yields what may stand in its place.
    """

    id: str
    title: str
    mistake: str | None
    node: type[cst.CSTNode]
    mutate: Mutate


OPERATORS: list[Operator] = []
"""In the order they are tried: where two make the same code, the first one's name stands."""


def operator(id: str, title: str, node: type[cst.CSTNode], mistake: str | None = None) -> Callable[[Mutate], Mutate]:
    """Register a function as an operator."""

    def register(mutate: Mutate) -> Mutate:
        OPERATORS.append(Operator(id, title, mistake, node, mutate))
        return mutate

    return register


def swap(id: str, title: str, pattern: str, replacement: str, mistake: str | None = None) -> None:
    """Register an operator that puts one piece of code in another's place.

    Args:
        pattern: as `match` takes it.
        replacement: as `fill` takes it; `pass` drops a statement.
    """
    OPERATORS.append(Operator(id, title, mistake, _kind(pattern), _putting(pattern, replacement)))


@dataclass(frozen=True)
class Fix:
    """Takes one kind of mistake back, where it may have been made.

    Attributes:
        mistake: id of the mistake.
        node, change: as an operator's `node` and `mutate`. Where several things may stand in a place, the likeliest
            comes first.
    """

    mistake: str
    node: type[cst.CSTNode]
    change: Mutate


FIXES: list[Fix] = []


def fixes(mistake: str, node: type[cst.CSTNode]) -> Callable[[Mutate], Mutate]:
    """Register a function as a fix."""

    def register(change: Mutate) -> Mutate:
        FIXES.append(Fix(mistake, node, change))
        return change

    return register


def fix(mistake: str, pattern: str, *replacements: str) -> None:
    """Register a fix that puts one piece of code in another's place; see `swap`."""
    FIXES.extend(written_fix(mistake, pattern, replacement) for replacement in replacements)


def written_fix(mistake: str, pattern: str, replacement: str) -> Fix:
    """A fix that puts one piece of code in another's place; see `swap`."""
    return Fix(mistake, _kind(pattern), _putting(pattern, replacement))


def _kind(pattern: str) -> type[cst.CSTNode]:
    return cst.SimpleStatementLine if pattern.endswith(";") else type(cst.parse_expression(pattern))


def _putting(pattern: str, replacement: str) -> Mutate:
    def change(node: cst.CSTNode, above: Above) -> Iterator[Changed]:
        found = match(pattern, node)
        if found is not None:
            text = fill(replacement, found)
            yield statements(text) if pattern.endswith(";") else expression(text, above[-1])

    return change


def match(pattern: str, node: cst.CSTNode) -> dict[str, Any] | None:
    """What stands in a pattern's places, if a node fits it.

    Args:
        pattern: an expression, or a simple statement that ends in `;`. A name such as `_x` is a place for any
            expression (or for a name, as in `self._x`), the same one where it comes twice; `*_rest` stands for all
            further arguments.
    """
    wanted, name = _pattern(pattern)
    here, own = _plain(node)
    found: dict[str, Any] = {}
    return found if name in (None, own) and _fits(wanted, here, found) else None


def fill(template: str, found: dict[str, Any]) -> str:
    """A template with its places filled, as source; `'_x'` is the text of the name that was found."""
    return ast.unparse(_Filler(found).visit(ast.parse(template)))


@lru_cache(maxsize=4096)  # each fix of a kind of node asks for the same
def code(node: cst.CSTNode) -> str:
    """A node's source."""
    return cst.Module([]).code_for_node(node).strip()


def expression(text: str, parent: cst.CSTNode) -> cst.BaseExpression:
    """An expression from its source, in brackets where its parent might tear it apart."""
    made = cst.parse_expression(text)
    loose = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.Comparison, cst.IfExp, cst.Lambda)
    if isinstance(made, loose) and isinstance(parent, cst.BaseExpression):
        return made.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return made


def statements(text: str) -> Changed:
    """Statements from their source, to stand where one stood."""
    return cst.FlattenSentinel(cst.parse_module(text).body)


def walk(node: cst.CSTNode, above: Above = ()) -> Iterator[tuple[cst.CSTNode, Above]]:
    """A node and all below it, each with its ancestors; what an exception says is left out: it is free."""
    yield node, above
    if isinstance(node, cst.Raise):
        return
    for child in node.children:
        yield from walk(child, (*above, node))


def all_replaced(tree: Tree, changed: Mapping[cst.CSTNode, Changed]) -> Tree:
    """A tree with several nodes replaced; of one within another, the outer one is."""
    return cast("Tree", tree.visit(_Replacer(changed)))


class _Replacer(cst.CSTTransformer):
    def __init__(self, changed: Mapping[cst.CSTNode, Changed]) -> None:
        super().__init__()
        self._changed = {id(node): new for node, new in changed.items()}

    def on_visit(self, node: cst.CSTNode) -> bool:
        return id(node) not in self._changed

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        return self._changed.get(id(original_node), updated_node)


def replaced(tree: Tree, old: cst.CSTNode, new: Changed) -> Tree:
    """A tree with one node replaced."""
    return cast("Tree", tree.deep_replace(old, cast("cst.CSTNode", new)))


def without(parts: Sequence[Any], part: cst.CSTNode) -> list[Any]:
    """Arguments or elements without one of them, and without a comma at the end."""
    rest = [other for other in parts if other is not part]
    return [*rest[:-1], rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)] if rest else []


def without_keywords(call: cst.Call, *names: str) -> Iterator[cst.Call]:
    """A call without some keywords; nothing where it has none of them."""
    rest = [a for a in call.args if a.keyword is None or a.keyword.value not in names]
    if len(rest) < len(call.args):
        yield call.with_changes(args=[a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in rest])


def with_keyword(call: cst.Call, keyword: str, value: str) -> cst.Call:
    """A call with one more keyword, given as source."""
    (given,) = cst.ensure_type(cst.parse_expression(f"f({keyword}={value})"), cst.Call).args
    return call.with_changes(args=[*call.args, given])


def block(node: cst.FunctionDef | cst.For) -> list[Any]:
    """The statements of a function, or of a loop."""
    return list(node.body.body)


def arguments_of(function: cst.FunctionDef) -> list[str]:
    """The names of a function's arguments, without `self`."""
    return [p.name.value for p in function.params.params if p.name.value not in ("self", "cls")]


def after_docstring(function: cst.FunctionDef, *first: str) -> cst.FunctionDef:
    """A function with some lines at its beginning."""
    lines = block(function)
    start = 1 if function.get_docstring() is not None else 0
    made = [cst.parse_statement(line) for line in first]
    return function.with_deep_changes(function.body, body=[*lines[:start], *made, *lines[start:]])


def enclosing(above: Above, kind: type[cst.CSTNode]) -> Any:
    """The nearest ancestor of a kind, or None."""
    return next((node for node in reversed(above) if isinstance(node, kind)), None)


def is_method(above: Above) -> bool:
    """Whether a function with these ancestors belongs to a class."""
    return len(above) > 1 and isinstance(above[-2], cst.ClassDef)


def inside(node: cst.CSTNode, kind: type[cst.CSTNode]) -> Iterator[Any]:
    """The nodes of a kind below a node, in order."""
    for child in node.children:
        if isinstance(child, kind):
            yield child
        yield from inside(child, kind)


@lru_cache(maxsize=4096)
def _plain(node: cst.CSTNode) -> tuple[ast.AST, str | None]:
    """A node as Python's own, and the name that it calls or reads."""
    try:
        (body,) = ast.parse(code(node)).body
    except (SyntaxError, ValueError):  # an expression over several lines, without the brackets around it
        (body,) = ast.parse(f"({code(node)})").body
    plain = body.value if isinstance(body, ast.Expr) and isinstance(node, cst.BaseExpression) else body
    usual = cast("ast.AST", _UsualNames().visit(plain))
    return usual, _named(usual)


class _UsualNames(ast.NodeTransformer):
    """Has torch.nn and torch.nn.functional go by the names that patterns use, `nn` and `F`."""

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        match self.generic_visit(node):
            case ast.Attribute(ast.Name("torch"), "nn"):
                return ast.Name("nn", node.ctx)
            case ast.Attribute(ast.Name("nn"), "functional"):
                return ast.Name("F", node.ctx)
        return node


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> tuple[ast.AST, str | None]:
    """A pattern's tree, and the name that what fits it calls or reads; None where that is a place."""
    (body,) = ast.parse(pattern).body
    wanted = body.value if isinstance(body, ast.Expr) and not pattern.endswith(";") else body
    name = _named(wanted)
    return wanted, None if _place(name) else name


def _named(node: ast.AST) -> str | None:
    """The last part of the name that an expression calls or reads: most that do not fit differ in it."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) | ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None


def _place(part: object) -> str | None:
    """The name of a pattern's place, if a part of it is one."""
    name = part.id if isinstance(part, ast.Name) else part
    return name if isinstance(name, str) and name[:1] == "_" and name[1:].isalpha() else None


def _fits(pattern: Any, node: Any, found: dict[str, Any]) -> bool:
    place = _place(pattern)
    if place is not None and isinstance(node, (str, ast.expr)):
        here = ast.Name(node) if isinstance(node, str) else node
        return ast.unparse(found.setdefault(place, here)) == ast.unparse(here)
    if isinstance(pattern, list):
        return len(pattern) == len(node) and all(map(lambda a, b: _fits(a, b, found), pattern, node))
    if not isinstance(pattern, ast.AST):
        return bool(pattern == node)
    if type(pattern) is not type(node):
        return False
    match pattern, node:
        case ast.Call(function, [*first, ast.Starred(rest)]), ast.Call(called, args, keywords):
            found[_place(rest) or ""] = [*args[len(first) :], *keywords]
            pattern, node = ast.Call(function, first, []), ast.Call(called, args[: len(first)], [])
    skipped = ("ctx", "kind", "type_comment")
    return all(
        _fits(getattr(pattern, field, None), getattr(node, field, None), found)
        for field in pattern._fields
        if field not in skipped
    )


class _Filler(ast.NodeTransformer):
    """Puts what was found into a template's places."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    def visit_Name(self, node: ast.Name) -> Any:
        return self._found.get(node.id, node)

    def visit_Constant(self, node: ast.Constant) -> Any:
        named = self._found.get(_place(node.value) or "")
        return ast.Constant(named.id) if isinstance(named, ast.Name) else node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        named = self._found.get(_place(node.attr) or "")
        if named is not None:
            node.attr = named.id if isinstance(named, ast.Name) else str(getattr(named, "value", node.attr))
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        match node.args:
            case [*first, ast.Starred(last)] if _place(last) in self._found:
                rest = self._found[_place(last) or ""]
                node.args = [*first, *(part for part in rest if not isinstance(part, ast.keyword))]
                node.keywords += [part for part in rest if isinstance(part, ast.keyword)]
        return self.generic_visit(node)
