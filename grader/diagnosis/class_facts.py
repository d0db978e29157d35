"""What a student's classes keep, what dicts hold, and what blocks repeat."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.diagnosis.syntax import FUNCTIONS, calls_in, fact_of, last_name, source_of
from grader.models.mistake import Fact

_CONTAINERS = {"Counter", "OrderedDict", "defaultdict", "deque", "dict", "list", "set"}
_FILLS = {"add", "append", "appendleft", "extend", "insert", "setdefault", "update"}
_WORK = {"__call__", "__getitem__", "__iter__", "forward"}
"""Where an object does what it was made for."""
_TWO_SIZES = ("Linear", "Conv", "Embedding")


def read_class(node: ast.ClassDef) -> Iterator[Fact]:
    """The facts of one class."""
    bases = ", ".join(map(source_of, node.bases))
    yield fact_of("defines", node, node.name, **{"class": node.name, "bases": bases})
    yield from _shared_containers(node)
    yield from _unused_arguments(node)
    yield from _shifted_length(node)
    yield from _hidden_layers(node)
    yield from _nested_methods(node)


def read_parts(tree: ast.AST) -> Iterator[Fact]:
    """The facts of dicts, layers' sizes, slices written to, and blocks."""
    for node in ast.walk(tree):
        yield from _repeats(node)
        match node:
            case ast.Dict(keys=keys):
                names = [k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
                yield from _entries(node, names)
            case ast.Call(func=ast.Name("dict"), keywords=keywords):
                yield from _entries(node, [k.arg for k in keywords if k.arg])
            case ast.Call(func=function, args=[first, second, *_]) if last_name(function).startswith(_TWO_SIZES):
                name, sizes = last_name(function), (source_of(first), source_of(second))
                turned = f"{name}({sizes[1]}, {sizes[0]})"
                yield fact_of("sizes", node, f"{name}({', '.join(sizes)})", turned=turned, code=source_of(node))
            case ast.Call(func=ast.Attribute(value=owner, attr="register_buffer"), args=[ast.Constant(str(name)), *_]):
                yield fact_of("buffer_made", node, name, owner=source_of(owner), name=name, code=source_of(node))
            case ast.Assign(targets=[ast.Subscript(slice=place)]):
                if isinstance(place, ast.Constant) and isinstance(place.value, str):
                    yield from _entries(node, [place.value])
                if _is_end(place):
                    yield fact_of("written_at_end", node, code=source_of(node))


def _entries(node: ast.AST, names: list[str]) -> Iterator[Fact]:
    if names:
        yield fact_of("entries", node, names="\n".join(names), code=source_of(node))


def _is_end(place: ast.AST) -> bool:
    """Whether a slice counts from the end to the end: `[-n:]`, `[len(x) - n:]`."""
    last = place.elts[-1] if isinstance(place, ast.Tuple) and place.elts else place
    match last:
        case ast.Slice(lower=ast.UnaryOp(op=ast.USub()) | ast.BinOp(op=ast.Sub()), upper=None):
            return True
    return False


def _repeats(node: ast.AST) -> Iterator[Fact]:
    """The same `step()` twice in one block, with no backward between."""
    for block in (getattr(node, part, None) for part in ("body", "orelse", "finalbody")):
        seen: set[str] = set()
        for statement in block if isinstance(block, list) else ():
            if any(last_name(call.func) == "backward" for call in calls_in(statement)):
                seen.clear()
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute(attr="step"))):
                    code = source_of(statement)
                    if code in seen:
                        yield fact_of("step_twice", statement, code=code)
                    seen.add(code)


def _of_self(node: ast.AST) -> str:
    """The name of an attribute of `self`."""
    match node:
        case ast.Attribute(value=ast.Name("self"), attr=name):
            return name
    return ""


def _shared_containers(node: ast.ClassDef) -> Iterator[Fact]:
    """Containers of the class that its methods fill through `self`, as if each object had its own."""
    made: dict[str, ast.AST] = {}
    for part in node.body:
        match part:
            case (
                ast.Assign(targets=[ast.Name(name)], value=value) | ast.AnnAssign(target=ast.Name(name), value=value)
            ) if value is not None and _is_container(value):
                made[name] = part
    filled: set[str] = set()
    own: set[str] = set()
    for inner in ast.walk(node):
        match inner:
            case ast.Subscript(value=kept, ctx=ast.Store()):
                filled.add(_of_self(kept))
            case ast.Call(func=ast.Attribute(value=kept, attr=method)) if method in _FILLS:
                filled.add(_of_self(kept))
            case ast.Attribute(ctx=ast.Store()):
                own.add(_of_self(inner))
    for name in sorted(made.keys() & filled - own):
        yield fact_of("shared_container", made[name], name, name=name, code=source_of(made[name]), **_within(node))


def _within(node: ast.ClassDef) -> dict[str, str]:
    return {"class": node.name}


def _is_container(value: ast.AST) -> bool:
    made_by_call = isinstance(value, ast.Call) and last_name(value.func) in _CONTAINERS
    return made_by_call or isinstance(value, (ast.List, ast.Dict, ast.Set))


def _unused_arguments(node: ast.ClassDef) -> Iterator[Fact]:
    """Arguments of `__init__` that are kept as attributes, and then at most tested."""
    methods = {part.name: part for part in node.body if isinstance(part, FUNCTIONS)}
    init = methods.get("__init__")
    if init is None or not methods.keys() & _WORK:
        return
    arguments = {argument.arg for argument in [*init.args.args, *init.args.kwonlyargs]}
    kept = {_of_self(t): t for t, v in _assigned(init) if isinstance(v, ast.Name) and v.id in arguments and _of_self(t)}
    tested = {id(part) for test in ast.walk(node) for part in _tested(test)}
    used = {
        _of_self(part)
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load) and id(part) not in tested
    }
    for name in sorted(kept.keys() - used):
        yield fact_of("argument_unused", kept[name], name, name=name, **_within(node))


def _assigned(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Targets and values, also of `a, b = c, d`."""
    for part in ast.walk(function):
        match part:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                yield from zip(targets, values, strict=False)
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                if value is not None:
                    yield target, value


def _tested(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.If(test=test) | ast.IfExp(test=test):
            return [test]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
    return []


def _shifted_length(node: ast.ClassDef) -> Iterator[Fact]:
    """A `__len__` that adds one to a number, or takes one off."""
    for method in node.body:
        if isinstance(method, FUNCTIONS) and method.name == "__len__":
            for part in ast.walk(method):
                match part:
                    case ast.Return(value=ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(1))):
                        yield fact_of("length_shifted", part, code=source_of(part), **_within(node))


def _hidden_layers(node: ast.ClassDef) -> Iterator[Fact]:
    """Layers that are kept under the name of a method: a Module's attributes are looked up in its class first."""
    methods = {part.name for part in node.body if isinstance(part, FUNCTIONS) and not part.decorator_list}
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=[target], value=ast.Call(func=ast.Attribute(value=ast.Name("nn"))) as value):
                if (name := _of_self(target)) in methods:
                    yield fact_of("method_hides_layer", part, name, name=name, code=source_of(value), **_within(node))


def _nested_methods(node: ast.ClassDef) -> Iterator[Fact]:
    """Functions with `self` inside a method, as when they are indented too far."""
    methods = {part.name: part for part in node.body if isinstance(part, FUNCTIONS)}
    for outer, method in methods.items():
        for part in method.body:
            takes = part.args.args[:1] if isinstance(part, FUNCTIONS) else []
            if isinstance(part, FUNCTIONS) and takes and takes[0].arg == "self" and part.name not in methods:
                yield fact_of("method_in_method", part, part.name, function=outer, name=part.name, **_within(node))
