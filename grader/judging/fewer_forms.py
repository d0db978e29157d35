"""Writes a plain check in fewer forms of statements, before it is instrumented.

`match` becomes `if`; unittest's methods, `pytest.fail` and `raise AssertionError` become asserts; an assert of several
parts becomes several asserts, and one about `all(...)` a loop; `raises(E, f, x)` becomes `with raises(E): f(x)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import TypeVar

from grader.assignment.plain_checks import last_name

Made = TypeVar("Made", bound=ast.AST)
SEQUENCE = "own_Sequence"
"""What a pattern such as `[a, b]` asks to be an instance of."""
SUBJECT = "own_subject"
"""Begins the names of what `match` looks at."""
OF_ALL = "of_all"
"""An attribute of asserts that were about `all(...)`: unlike one in a loop, it holds where nothing is gone through."""
_WHOLE = {"bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}
"""Classes whose one positional pattern, as in `int(n)`, is about the object itself."""
_UNITTEST = {
    "assertEqual": "{a} == {b}", "assertNotEqual": "{a} != {b}", "assertIs": "{a} is {b}",
    "assertIsNot": "{a} is not {b}", "assertIn": "{a} in {b}", "assertNotIn": "{a} not in {b}",
    "assertLess": "{a} < {b}", "assertLessEqual": "{a} <= {b}", "assertGreater": "{a} > {b}",
    "assertGreaterEqual": "{a} >= {b}", "assertIsInstance": "isinstance({a}, {b})",
    "assertNotIsInstance": "not isinstance({a}, {b})", "assertTrue": "{a}", "assertFalse": "not {a}",
    "assertIsNone": "{a} is None", "assertIsNotNone": "{a} is not None",
}  # fmt: skip
"""Methods of unittest's cases that say no more than an assert does."""


def in_fewer_forms(tree: ast.Module, theirs: Collection[str] = ()) -> ast.Module:
    """The same check in fewer forms; each statement stands in the line where it stood.

    Args:
        theirs: names that the student defines.
    """
    made = _Fewer(theirs).visit(tree)
    assert isinstance(made, ast.Module)
    return made


def expects_exception(node: ast.expr) -> bool:
    """Whether it is a call that expects an exception or a warning."""
    name = last_name(node).lower() if isinstance(node, ast.Call) else ""
    return name.startswith(("assert", "raises", "warns")) and ("raises" in name or "warn" in name)


class _Fewer(ast.NodeTransformer):
    def __init__(self, theirs: Collection[str]) -> None:
        self._theirs = theirs
        self._numbers = count(1)

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        return list(self._parts(node.test, node.msg))

    def _parts(self, test: ast.expr, said: ast.expr | None) -> Iterator[ast.stmt]:
        """An assert for each part of a condition that has to hold."""
        match test:
            case ast.BoolOp(op=ast.And(), values=parts):
                pass
            case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.Or(), values=denied)):
                parts = [placed(ast.UnaryOp(ast.Not(), one), one) for one in denied]
            case ast.Compare(ops=[_, _, *_], comparators=[*middle, _]) if all(map(_is_simple, middle)):
                sides = zip([test.left, *middle], test.ops, test.comparators, strict=True)
                parts = [placed(ast.Compare(left, [op], [right]), test) for left, op, right in sides]
            case ast.Call(func=ast.Name("all"), args=[made]) if self._is_loop(made, "all"):
                yield from self._loop(made, lambda element: element, said)
                return
            case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name("any"), args=[made])) if self._is_loop(
                made, "any"
            ):
                yield from self._loop(made, lambda element: placed(ast.UnaryOp(ast.Not(), element), element), said)
                return
            case _:
                yield placed(ast.Assert(test, said), test)
                return
        for part in parts:
            yield from self._parts(part, said)

    def _is_loop(self, made: ast.expr, name: str) -> bool:
        """Whether all elements of a comprehension can be asserted one by one."""
        return (
            isinstance(made, ast.GeneratorExp | ast.ListComp)
            and not any(one.is_async for one in made.generators)
            and name not in self._theirs
        )

    def _loop(self, made: ast.expr, of: Callable[[ast.expr], ast.expr], said: ast.expr | None) -> Iterator[ast.stmt]:
        assert isinstance(made, ast.GeneratorExp | ast.ListComp)
        bound = {part.id for one in made.generators for part in ast.walk(one.target) if isinstance(part, ast.Name)}
        for part in ast.walk(made):
            if isinstance(part, ast.Name) and part.id in bound:
                part.id = f"own_{part.id}"
        inside = list(self._parts(of(made.elt), said))
        for part in inside:
            setattr(part, OF_ALL, True)
        for one in reversed(made.generators):
            for condition in reversed(one.ifs):
                inside = [placed(ast.If(condition, inside, []), condition)]
            inside = [placed(ast.For(one.target, one.iter, inside, []), made)]
        yield from inside

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        call = node.value
        if not isinstance(call, ast.Call):
            return node
        if expects_exception(call):
            return _in_context(node, call)
        if last_name(call) == "fail" and isinstance(call.func, ast.Attribute) and _is_text(call):
            return _failure(node, call)
        made = _unittest(node, call)
        return self.visit_Assert(made) if made else node

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        return _failure(node, node.exc) if node.exc and last_name(node.exc) == "AssertionError" else node

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        self.generic_visit(node)
        number = next(self._numbers)
        variable = SUBJECT if number == 1 else f"{SUBJECT}_{number}"
        chain: list[ast.stmt] = []
        for case in reversed(node.cases):
            conditions = [moved(one, case.pattern) for one in self._conditions(case.pattern, variable)]
            conditions += [case.guard] if case.guard else []
            chain = [placed(ast.If(_all(conditions), case.body, chain), case.pattern)] if conditions else case.body
        return [placed(ast.Assign([ast.Name(variable, ast.Store())], node.subject), node), *chain]

    def _conditions(self, pattern: ast.pattern, subject: str) -> Iterator[ast.expr]:
        """What must be true, one after the other, for a pattern to fit what an expression gives."""
        match pattern:
            case ast.MatchValue(value=value):
                yield ast.Compare(_parsed(subject), [ast.Eq()], [value])
            case ast.MatchSingleton(value=value):
                yield ast.Compare(_parsed(subject), [ast.Is()], [ast.Constant(value)])
            case ast.MatchOr(patterns=patterns):
                yield ast.BoolOp(ast.Or(), [_all([*self._conditions(one, subject)]) for one in patterns])
            case ast.MatchAs(pattern=inner, name=name):
                if inner is not None:
                    yield from self._conditions(inner, subject)
                if name is not None:
                    yield _bound(name, subject)
            case ast.MatchSequence(patterns=patterns):
                yield from self._elements(patterns, subject)
            case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
                yield _parsed(f"isinstance({subject}, dict)")
                for key, one in zip(keys, patterns, strict=True):
                    yield ast.Compare(key, [ast.In()], [_parsed(subject)])
                    yield from self._part(one, f"{subject}[{ast.unparse(key)}]")
                if rest is not None:
                    named = ", ".join(map(ast.unparse, keys))
                    others = f"{{own_key: {subject}[own_key] for own_key in {subject} if own_key not in ({named},)}}"
                    yield _bound(rest, others if keys else f"dict({subject})")
            case ast.MatchClass(cls=kind, patterns=patterns, kwd_attrs=names, kwd_patterns=named_patterns):
                made = ast.unparse(kind)
                yield _parsed(f"isinstance({subject}, {made})")
                if patterns and made in _WHOLE:
                    yield from self._conditions(patterns[0], subject)
                    patterns = []
                arguments = f"getattr({made}, '__match_args__', ())"
                if patterns:
                    yield _parsed(f"len({arguments}) >= {len(patterns)}")
                places = [f"{arguments}[{place}]" for place in range(len(patterns))]
                for name, one in zip([*places, *map(repr, names)], [*patterns, *named_patterns], strict=True):
                    yield _parsed(f"hasattr({subject}, {name})")
                    yield from self._part(one, f"getattr({subject}, {name})")

    def _elements(self, patterns: list[ast.pattern], subject: str) -> Iterator[ast.expr]:
        yield _parsed(f"isinstance({subject}, {SEQUENCE})")
        yield _parsed(f"not isinstance({subject}, (str, bytes, bytearray))")
        star = next((place for place, one in enumerate(patterns) if isinstance(one, ast.MatchStar)), None)
        size = len(patterns)
        yield _parsed(f"len({subject}) == {size}" if star is None else f"len({subject}) >= {size - 1}")
        for place, one in enumerate(patterns):
            if isinstance(one, ast.MatchStar):
                if one.name is not None:
                    yield _bound(one.name, f"list({subject}[{place}:len({subject}) - {size - place - 1}])")
            else:
                yield from self._part(one, f"{subject}[{place if star is None or place < star else place - size}]")

    def _part(self, pattern: ast.pattern, text: str) -> Iterator[ast.expr]:
        """The same for a part of the subject, which is asked for once."""
        if isinstance(pattern, (ast.MatchAs, ast.MatchValue, ast.MatchSingleton)) and not _inner(pattern):
            yield from self._conditions(pattern, text)
        else:
            variable = f"own_part_{next(self._numbers)}"
            yield _bound(variable, text)
            yield from self._conditions(pattern, variable)


def _inner(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is not None


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _bound(name: str, text: str) -> ast.expr:
    """A name bound to a value, as a condition that always holds."""
    return _parsed(f"[{name} := {text}]")


def _all(conditions: list[ast.expr]) -> ast.expr:
    match conditions:
        case []:
            return ast.Constant(True)
        case [one]:
            return one
    return placed(ast.BoolOp(ast.And(), conditions), conditions[0])


def _is_text(call: ast.Call) -> bool:
    """Whether a call of `fail` has nothing but a reason."""
    return len(call.args) + len(call.keywords) <= 1


def _failure(node: ast.stmt, said: ast.expr) -> ast.stmt:
    """An assert that never holds, in the place of what fails with a reason."""
    reasons = [*said.args, *(one.value for one in said.keywords)] if isinstance(said, ast.Call) else []
    return placed(ast.Assert(placed(ast.Constant(False), node), reasons[0] if reasons else None), node)


def _in_context(node: ast.Expr, call: ast.Call) -> ast.stmt:
    name = last_name(call).lower()
    first = 0 if "no_warn" in name else 2 if "regex" in name else 1
    if len(call.args) <= first:
        return node
    context = placed(ast.Call(call.func, call.args[:first], []), call)
    called = placed(ast.Call(call.args[first], call.args[first + 1 :], call.keywords), call)
    return placed(ast.With([ast.withitem(context)], [placed(ast.Expr(called), node)]), node)


def _unittest(node: ast.Expr, call: ast.Call) -> ast.Assert | None:
    """The assert that a method of a case of tests stands for."""
    form = _UNITTEST.get(last_name(call)) if isinstance(call.func, ast.Attribute) else None
    if form is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    sides = 1 + ("{b}" in form)
    if len(call.args) < sides:
        return None
    told = [*call.args[sides:], *(one.value for one in call.keywords if one.arg == "msg")]
    made = moved(_parsed(form.format(a="own_a", b="own_b")), node)
    filled = _Filled({f"own_{name}": part for name, part in zip("ab", call.args, strict=False)}).visit(made)
    return placed(ast.Assert(filled, told[0] if told else None), node)


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, given: dict[str, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._given.get(node.id, node)


def _is_simple(node: ast.expr) -> bool:
    """Whether to evaluate an expression twice does nothing."""
    return isinstance(node, ast.Name | ast.Constant) or (isinstance(node, ast.Attribute) and _is_simple(node.value))


def placed(made: Made, place: ast.AST) -> Made:
    """A node that stands in the line of another one, and of which nothing is written there."""
    ast.copy_location(made, place)
    made.end_lineno = None  # type: ignore[attr-defined]
    return made


def moved(made: Made, place: ast.AST) -> Made:
    """The same with all its parts."""
    for part in ast.walk(made):
        placed(part, place)
    return made
