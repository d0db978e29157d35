"""What an exercise's source shows: facts about its syntax, for naming mistakes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from grader.diagnosis.class_facts import read_class, read_parts
from grader.diagnosis.function_facts import kept_nothing, read_function
from grader.diagnosis.syntax import (
    FUNCTIONS,
    MAX_SOURCE,
    Function,
    calls_in,
    fact_of,
    last_name,
    parse_source,
    returns_value,
    source_of,
)
from grader.models.cells import Cell
from grader.models.mistake import Fact

_HOOKS = {
    "register_forward_pre_hook": ("forward_pre", 2),
    "register_forward_hook": ("forward", 3),
    "register_full_backward_hook": ("full_backward", 3),
    "register_full_backward_pre_hook": ("full_backward_pre", 2),
    "register_backward_hook": ("backward", 3),
    "register_hook": ("tensor", 1),
}
"""What registers a hook -> its kind, and how many arguments the hook is called with."""

LAYERS = {
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d",
    "ConvTranspose2d", "ConvTranspose3d", "Embedding", "EmbeddingBag", "GRU", "GRUCell", "GroupNorm", "InstanceNorm1d",
    "InstanceNorm2d", "InstanceNorm3d", "LSTM", "LSTMCell", "LayerNorm", "LazyBatchNorm1d", "LazyBatchNorm2d",
    "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d",
    "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear", "Linear",
    "MultiheadAttention", "PReLU", "RMSNorm", "RNN", "RNNCell", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
}  # fmt: skip
"""torch.nn's layers that have weights."""
_MAKERS = {"arange", "empty", "eye", "full", "linspace", "ones", "rand", "randint", "randn", "tensor", "zeros"}
_ALWAYS_DROPS = {"F.dropout", "nn.functional.dropout", "torch.nn.functional.dropout"}
_TESTS_OF_TYPE = {"isinstance", "issubclass"}


MOST = 400
"""Facts of an exercise that are told."""


@lru_cache(maxsize=64)
def source_facts(cells: tuple[Cell, ...]) -> tuple[Fact, ...]:
    """The facts of an exercise's cells, each with its cell; what is merely used comes last."""
    if sum(len(cell.source) for cell in cells) > MAX_SOURCE:
        return ()
    trees = ((cell.number, parse_source(cell.source)) for cell in cells)
    found = [{**fact, "cell": number} for number, tree in trees if tree is not None for fact in _of_tree(tree)]
    return tuple(sorted(found, key=lambda fact: fact["fact"] == "uses")[:MOST])


def _of_tree(tree: ast.Module) -> Iterator[Fact]:
    functions: dict[str, Function] = {node.name: node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            functions[node.targets[0].id] = node.value
    yield from _uses(tree)
    yield from _hooks(tree, functions)
    yield from _tensors(tree)
    yield from _loops(tree)
    yield from read_parts(tree)
    yield from kept_nothing(tree, functions)
    hooks = {last_name(call.args[0]) for call in calls_in(tree) if last_name(call.func) in _HOOKS and call.args}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from read_class(node)
            yield from _class(node)
        elif isinstance(node, FUNCTIONS):
            yield from read_function(node, hooks)


def _use(node: ast.AST, name: str) -> Fact:
    return fact_of("uses", node, name, name=name, code=source_of(node))


def _uses(tree: ast.AST) -> Iterator[Fact]:
    """Names called, keywords given, attributes read and set, exceptions raised, types tested."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, keywords=keywords):
                if last_name(function):
                    yield _use(node, last_name(function))
                if last_name(function) in _TESTS_OF_TYPE:
                    yield _use(node, "type test")
                if isinstance(function, ast.Attribute) and function.attr == "forward" and not _is_super(function.value):
                    yield fact_of("forward_called", node, owner=source_of(function.value), code=source_of(node))
                if source_of(function) in _ALWAYS_DROPS and not any(k.arg == "training" for k in keywords):
                    yield fact_of("dropout_always", node, code=source_of(node))
                for keyword in keywords:
                    if keyword.arg:
                        yield _use(node, f"{keyword.arg}={source_of(keyword.value)}")
                    if keyword.arg == "collate_fn" and isinstance(keyword.value, ast.Lambda):
                        yield fact_of("lambda", node, "collate_fn", name="collate_fn")
            case ast.Attribute(value=owner, attr=name, ctx=context):
                of = "self" if last_name(owner) == "self" else ""
                yield _use(node, f"{of}.{name}" + ("" if isinstance(context, ast.Load) else "="))
            case ast.Raise(exc=raised) if raised is not None:
                yield _use(node, f"raise {last_name(raised.func if isinstance(raised, ast.Call) else raised)}")
            case ast.MatchClass() | ast.Compare(left=ast.Call(func=ast.Name("type"))):
                yield fact_of("uses", node, "type test", name="type test", code=source_of(node))
            case ast.Subscript(slice=ast.Tuple()):
                yield _use(node, "[,]")
            case ast.Expr(value=ast.Call(func=function, args=[ast.Constant(False)])):
                if last_name(function) == "set_grad_enabled":
                    yield fact_of("grad_left_off", node, code=source_of(node))
            case ast.FunctionDef(name="__doc__"):
                yield fact_of("doc_method", node)


def _hooks(tree: ast.AST, functions: dict[str, Function]) -> Iterator[Fact]:
    """What is registered as a hook: its arguments, what it returns, and what becomes of the handle."""
    registered: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            kind, _ = _HOOKS.get(last_name(node.value.func), ("", 0))
            if kind:
                yield fact_of("handle_dropped", node, kind, kind=kind, code=source_of(node))
            if kind and source_of(node) in registered:
                yield fact_of("hook_twice", node, kind, kind=kind, code=source_of(node))
            registered.add(source_of(node))
        if not isinstance(node, ast.Call) or last_name(node.func) not in _HOOKS or not node.args:
            continue
        kind, needs = _HOOKS[last_name(node.func)]
        needs += any(k.arg == "with_kwargs" for k in node.keywords)
        hook = node.args[0]
        function = hook if isinstance(hook, ast.Lambda) else functions.get(last_name(hook))
        if function is None:
            continue
        name = getattr(function, "name", "lambda")
        arguments = function.args
        method = isinstance(hook, ast.Attribute)
        most = len(arguments.posonlyargs) + len(arguments.args) - method
        least = most - len(arguments.defaults)
        if not arguments.vararg and not least <= needs <= most:
            yield fact_of("hook_arity", function, kind, kind=kind, function=name, takes=most, needs=needs)
        if not returns_value(function):
            yield fact_of("hook_returns_nothing", function, kind.removeprefix("full_"), kind=kind, function=name)


def _tensors(tree: ast.AST) -> Iterator[Fact]:
    """Plain tensors that are made attributes, and columns that meet rows."""
    columns: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
                fields = {"owner": source_of(owner), "name": name, "code": source_of(value)}
                if _wraps_too_early(value):
                    yield fact_of("parameter_then_op", node, **fields)
                elif last_name(_first_call(value)) in _MAKERS:
                    yield fact_of("tensor_attribute", node, name, **fields)
            case ast.Assign(targets=[ast.Name(name)], value=value) if _is_column(value, columns):
                columns.add(name)
            case ast.BinOp(left, ast.Sub(), right) | ast.Compare(left, [ast.Eq()], [right]):
                if _is_column(left, columns) and isinstance(right, ast.Name) and right.id not in columns:
                    yield fact_of("column_against_row", node, code=source_of(node))


def _first_call(value: ast.AST) -> ast.AST:
    """What is called first in a chain of calls: `torch.zeros` of `torch.zeros(3).float()`."""
    while isinstance(value, ast.Call):
        inner = value.func.value if isinstance(value.func, ast.Attribute) else None
        value = inner if isinstance(inner, ast.Call) else value.func
    return value


def _is_column(node: ast.AST, columns: set[str]) -> bool:
    """Whether a value keeps, or is given, a dimension of one; or is computed from such a column by a matrix product."""
    match node:
        case ast.Name(name):
            return name in columns
        case ast.Call(func=function, keywords=keywords):
            kept = any(k.arg == "keepdim" and isinstance(k.value, ast.Constant) and k.value.value for k in keywords)
            return kept or last_name(function) == "unsqueeze"
        case ast.BinOp(op=ast.MatMult(), right=right):
            return _is_column(right, columns)
    return False


def _loops(tree: ast.AST) -> Iterator[Fact]:
    for loop in ast.walk(tree):
        if isinstance(loop, (ast.For, ast.While, ast.ListComp, ast.GeneratorExp)):
            for node in ast.walk(loop):
                match node:
                    case ast.Call(func=ast.Name("next"), args=[ast.Call(func=ast.Name("iter")), *_]):
                        yield fact_of("next_iter_in_loop", node, code=source_of(node))


def _class(node: ast.ClassDef) -> Iterator[Fact]:
    methods = {part.name: part for part in node.body if isinstance(part, FUNCTIONS)}
    if "__init__" in methods and node.bases and not _calls_super_init(methods["__init__"], node):
        yield fact_of("no_super_init", methods["__init__"], **{"class": node.name})
    if "forward" in methods:
        called = {"forward", *_own_methods(methods["forward"])} - set(_own_methods(methods.get("__init__", node)))
        for name in methods.keys() & called:
            yield from _layers_made(methods[name], node)
    for name in methods.keys() & {"__getitem__", "__iter__"}:
        for part in ast.walk(methods[name]):
            match part:
                case ast.Attribute(value=ast.Attribute(value=ast.Name("np" | "numpy"), attr="random")):
                    yield fact_of("numpy_random", part, function=name, code=source_of(part))
    for name, method in methods.items():
        taken = [arg.arg for arg in (*method.args.posonlyargs, *method.args.args)]
        if not (method.decorator_list or method.args.vararg or {"self", "cls", "ctx"} & set(taken[:1])):
            yield fact_of("no_self", method, name, function=name, **{"class": node.name})
    if "__getitem__" in methods:
        yield from _never_refuses(methods["__getitem__"], node)


def _own_methods(method: ast.AST) -> Iterator[str]:
    """The names of the methods of its own object that a method calls."""
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("self"), attr=name)):
                yield name


def _never_refuses(method: ast.FunctionDef | ast.AsyncFunctionDef, owner: ast.ClassDef) -> Iterator[Fact]:
    """A `__getitem__` that finds something for every index: it looks nothing up, or wraps around."""
    index = method.args.args[-1].arg if method.args.args else ""
    parts = list(ast.walk(method))
    wraps = any(
        isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mod) and isinstance(p.left, ast.Name) and p.left.id == index
        for p in parts
    )
    if wraps or not any(isinstance(part, (ast.Raise, ast.Subscript)) for part in parts):
        yield fact_of("unbounded_getitem", method, **{"class": owner.name})


def _calls_super_init(method: ast.AST, owner: ast.ClassDef) -> bool:
    bases = {source_of(base) for base in owner.bases}
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=base, attr="__init__")) if (
                _is_super(base) or source_of(base) in bases
            ):
                return True
    return False


def _is_super(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "super"


def _layers_made(method: ast.AST, owner: ast.ClassDef) -> Iterator[Fact]:
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("nn"), attr=layer) | ast.Name(layer)):
                if layer in LAYERS:
                    fields = {"class": owner.name, "function": getattr(method, "name", "")}
                    yield fact_of("layer_in_forward", node, layer=layer, code=source_of(node), **fields)


def _wraps_too_early(value: ast.AST) -> bool:
    """Whether a value is computed from a Parameter made on the spot, and so is none itself."""
    inside = value
    while True:
        match inside:
            case ast.Call(func=function) if last_name(function) == "Parameter":
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
    return isinstance(node, ast.Call) and last_name(node.func) == "Parameter"
