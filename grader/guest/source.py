"""What a student's source shows: facts about its syntax, for naming mistakes.

A fact is flat plain data: `fact` says which, `key` what makes it the same fact in
another source (the solution's), the rest is for the text a person reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from torch import nn

Fact = dict[str, Any]

_HOOKS = {
    "register_forward_pre_hook": ("forward_pre", 2),
    "register_forward_hook": ("forward", 3),
    "register_full_backward_hook": ("full_backward", 3),
    "register_full_backward_pre_hook": ("full_backward_pre", 2),
    "register_backward_hook": ("backward", 3),
    "register_hook": ("tensor", 1),
}
"""What registers a hook -> its kind, and how many arguments the hook is called with."""

_CHANGES_A_LIST = {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "update"}
_LAYERS = {name for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
_NO_LAYERS = {"Module", "ModuleList", "ModuleDict", "Sequential"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def read_source(text: str) -> Iterator[Fact]:
    """The facts of one cell; none where it is not Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    functions: dict[str, Function] = {node.name: node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            functions[node.targets[0].id] = node.value
    yield from _uses(tree)
    yield from _hooks(tree, functions)
    yield from _parameters(tree)
    yield from _loops(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield _fact("defines", node, node.name, **{"class": node.name})
            yield from _class(node)
        elif isinstance(node, _FUNCTIONS):
            yield from _function(node)


def _fact(fact: str, node: Any, key: str = "", **fields: Any) -> Fact:
    return {"fact": fact, "key": key, "line": getattr(node, "lineno", None), **fields}


def _name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> str:
    return ast.unparse(node)[:80]


def _uses(tree: ast.AST) -> Iterator[Fact]:
    """Names called, keywords given, attributes read, exceptions raised."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, keywords=keywords):
                if _name(function):
                    yield _fact("uses", node, _name(function), name=_name(function), code=_text(node))
                for keyword in keywords:
                    if keyword.arg:
                        given = f"{keyword.arg}={_text(keyword.value)}"
                        yield _fact("uses", node, given, name=given, code=_text(node))
                    if keyword.arg == "collate_fn" and isinstance(keyword.value, ast.Lambda):
                        yield _fact("lambda", node, "collate_fn", name="collate_fn")
            case ast.Attribute(attr=name, ctx=ast.Load()):
                yield _fact("uses", node, f".{name}", name=f".{name}", code=_text(node))
            case ast.Raise(exc=raised) if raised is not None:
                name = _name(raised.func if isinstance(raised, ast.Call) else raised)
                yield _fact("uses", node, f"raise {name}", name=f"raise {name}", code=_text(node))
            case ast.FunctionDef(name="__doc__"):
                yield _fact("doc_method", node)


def _hooks(tree: ast.AST, functions: dict[str, Function]) -> Iterator[Fact]:
    """What is registered as a hook: its arguments, what it returns, and what becomes of the handle."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            kind, _ = _HOOKS.get(_name(node.value.func), ("", 0))
            if kind:
                yield _fact("handle_dropped", node, kind, kind=kind, code=_text(node))
        if not isinstance(node, ast.Call) or _name(node.func) not in _HOOKS or not node.args:
            continue
        kind, needs = _HOOKS[_name(node.func)]
        needs += any(k.arg == "with_kwargs" for k in node.keywords)
        hook = node.args[0]
        function = hook if isinstance(hook, ast.Lambda) else functions.get(_name(hook))
        if function is None:
            continue
        name = getattr(function, "name", "lambda")
        arguments = function.args
        method = isinstance(hook, ast.Attribute)
        most = len(arguments.posonlyargs) + len(arguments.args) - method
        least = most - len(arguments.defaults)
        if not arguments.vararg and not least <= needs <= most:
            yield _fact("hook_arity", function, kind, kind=kind, function=name, takes=most, needs=needs)
        if not isinstance(function, ast.Lambda) and not _returns(function):
            yield _fact("hook_returns_nothing", function, kind.removeprefix("full_"), kind=kind, function=name)


def _parameters(tree: ast.AST) -> Iterator[Fact]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=attribute)], value=value) if _wraps_too_early(value):
                yield _fact("parameter_then_op", node, name=attribute, code=_text(value))


def _loops(tree: ast.AST) -> Iterator[Fact]:
    for loop in ast.walk(tree):
        if isinstance(loop, (ast.For, ast.While)):
            for node in ast.walk(loop):
                match node:
                    case ast.Call(func=ast.Name("next"), args=[ast.Call(func=ast.Name("iter")), *_]):
                        yield _fact("next_iter_in_loop", node, code=_text(node))


def _class(node: ast.ClassDef) -> Iterator[Fact]:
    methods = {part.name: part for part in node.body if isinstance(part, _FUNCTIONS)}
    if "__init__" in methods and node.bases and not _calls_super_init(methods["__init__"], node):
        yield _fact("no_super_init", methods["__init__"], **{"class": node.name})
    for name, method in methods.items():
        if name != "__init__":
            yield from _layers_made(method, node)
        for part in ast.walk(method):
            match part:
                case ast.Call(func=ast.Attribute(value=owner, attr="forward")) if not _is_super(owner):
                    yield _fact("forward_called", part, owner=_text(owner), code=_text(part), **{"class": node.name})
                case ast.Attribute(value=ast.Attribute(value=ast.Name("np" | "numpy"), attr="random")) if name in (
                    "__getitem__",
                    "__iter__",
                ):
                    yield _fact("numpy_random", part, function=name, code=_text(part))
    if "__getitem__" in methods and not any(
        isinstance(part, (ast.Raise, ast.Subscript)) for part in ast.walk(methods["__getitem__"])
    ):
        yield _fact("unbounded_getitem", methods["__getitem__"], **{"class": node.name})


def _calls_super_init(method: ast.AST, owner: ast.ClassDef) -> bool:
    bases = {_text(base) for base in owner.bases}
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=base, attr="__init__")) if _is_super(base) or _text(base) in bases:
                return True
    return False


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "super"


def _layers_made(method: ast.AST, owner: ast.ClassDef) -> Iterator[Fact]:
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("nn"), attr=layer) | ast.Name(layer)):
                if layer in _LAYERS - _NO_LAYERS:
                    fields = {"class": owner.name, "function": getattr(method, "name", "")}
                    yield _fact("layer_in_forward", node, layer=layer, code=_text(node), **fields)


def _wraps_too_early(value: ast.AST) -> bool:
    """Whether a value is computed from a Parameter made on the spot, and so is none itself."""
    inside = value
    while True:
        match inside:
            case ast.Call(func=function) if _name(function) == "Parameter":
                return inside is not value
            case ast.BinOp(left=left, right=right):
                return _wraps_too_early(left) or _wraps_too_early(right) or _is_parameter(left) or _is_parameter(right)
            case ast.Call(func=ast.Attribute(value=owner)):
                inside = owner
            case ast.UnaryOp(operand=operand):
                inside = operand
            case _:
                return False


def _is_parameter(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "Parameter"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Fact]:
    if not _returns(node) and not _is_blank(node):
        yield _fact("returns_nothing", node, node.name, function=node.name)
    positional = [*node.args.posonlyargs, *node.args.args]
    given = positional[: len(positional) - len(node.args.defaults)]
    arguments = {argument.arg for argument in given} - {"self", "cls"}
    rebound: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=[ast.Name(name)]) if name in arguments:
                rebound.add(name)
            case ast.AugAssign(target=ast.Name(name) | ast.Subscript(value=ast.Name(name))):
                if name in arguments - rebound:
                    yield _fact("writes_to_argument", part, function=node.name, name=name, code=_text(part))
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(name))]) if name in arguments - rebound:
                yield _fact("writes_to_argument", part, function=node.name, name=name, code=_text(part))
            case ast.Call(func=ast.Attribute(value=ast.Name(name), attr=method)) if name in arguments - rebound:
                in_place = method.endswith("_") and not method.endswith("__") and method != "requires_grad_"
                if in_place or method in _CHANGES_A_LIST:
                    yield _fact("writes_to_argument", part, function=node.name, name=name, code=_text(part))


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield child
            yield from _own(child)


def _returns(function: Function) -> bool:
    """Whether a value comes back: returned or yielded."""
    if isinstance(function, ast.Lambda):
        return True
    return any(
        (isinstance(node, ast.Return) and node.value is not None) or isinstance(node, (ast.Yield, ast.YieldFrom))
        for node in _own(function)
    )


def _is_blank(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether nothing was written: a docstring, `...`, `pass`, `raise`."""
    return all(
        isinstance(part, (ast.Pass, ast.Raise)) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in node.body
    )
