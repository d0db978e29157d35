"""What a function or a class may be called with: as the notebook itself does, else by the names of its parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice, product

from grader.authoring.starter import Notebook
from grader.diagnosis.syntax import parse_source
from grader.requirements.expressions import MAKERS, check_expression

MOST = 40
"""Calls of one function or class that are tried."""
MODELS = ("nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))", "nn.Linear(4, 4)")
_FENCE = re.compile(r"^```(?:python|py)?\s*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(net|network|.*model|module|inner|base|backbone|encoder|decoder|layer)", MODELS),
    (r"(modules|layers|models|blocks)", ("[nn.Linear(4, 4), nn.ReLU()]", "2")),
    (r"(.*activation|act|nonlinearity|fn|func|f)", ("nn.ReLU()", "torch.relu")),
    (r"(sizes|dims|widths|.*_sizes|.*_dims)", ("[4, 5, 3]",)),
    (r"(rows|cols|columns|height|kernel.*|window|batch_size|size|length|seed|steps?)", ("3",)),
    (r"(hidden.*|.*_hidden)", ("5",)),
    (r"(out.*|.*_out|.*classes|targets?_dim)", ("3",)),
    (r"(vocab.*|num_embeddings)", ("10",)),
    (r"(depth|num_.*|n_.*|n|k|count|repeats|times|heads|epochs)", ("2", "4")),
    (r"(in|in_.*|.*_in|input_.*|.*features|width|.*dim|d|d_.*|channels|embed.*)", ("4",)),
    (r"(p|.*rate|dropout|prob.*|momentum|alpha|beta|eps.*|lr|scale|factor|gain|slope|limit|low|threshold)", ("0.5",)),
    (r"(value|number|high)", ("2.0", "3")),
    (r"(labels?|targets?|y|ys|indices|idx|index|tokens|ids)", ("randint(0, 3, 5)", "randn(5, 3)", "randn(5, 4)", "1")),
    (r"(logits|predictions?|scores)", ("randn(5, 3)", "randn(5, 4)")),
    (r"(samples|batch|pairs)", ("[(randn(4), 0), (randn(4), 1)]", "[[7, 8, 9], [5], [1, 2]]", "randn(5, 4)")),
    (r"(lengths)", ("[3, 1, 2]",)),
    (r"(values|numbers|items|xs|data)", ("randn(9)", "[1, 2, 4]", "randn(9, 4)")),
    (r"(text|string|s|sentence|word)", ("'to be or not to be'",)),
    (r"(dataset|ds)", ("torch.utils.data.TensorDataset(randn(8, 4), randint(0, 3, 8))",)),
    (r"(images?|imgs?)", ("randn(2, 1, 8, 8)", "randn(2, 3, 8, 8)", "randn(8, 8)")),
    (r"(log|logs|store|outputs|records?|activations|captured|cache|history|seen)", ("log",)),
)
_BY_TYPE = {
    "int": ("3",),
    "float": ("0.5",),
    "bool": ("True",),
    "str": ("'to be or not to be'",),
    "nn.Module": MODELS,
    "Module": MODELS,
}
_TENSORS = ("randn(5, 4)", "randn(2, 3, 4)", "randn(4)", "randn(3, 3)", "randint(0, 4, 5)", "randn(2, 1, 8, 8)")
_ANYTHING = (*_TENSORS[:3], "3", "0.5", "[1, 2, 4]", "'to be or not to be'")


def arguments_for(function: ast.FunctionDef, data: list[str], skip: int = 0) -> Iterator[str]:
    """What may stand between the parentheses, likeliest first.

    Args:
        data: files that a path may name.
        skip: of its first parameters, such as self.
    """
    given = function.args
    parameters = [*given.posonlyargs, *given.args][skip:]
    needed = parameters[: len(parameters) - len(given.defaults)] if given.defaults else parameters
    choices = [[(text, "") for text in _values(one, function, data)] for one in needed]
    choices += [
        [(text, f"{one.arg}=") for text in _values(one, function, data)]
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is None
    ]
    found = [", ".join(f"{key}{text}" for text, key in chosen) for chosen in islice(product(*choices), MOST)]
    varied = [text for one in found[:2] for text in _varied(one, function)]
    yield from (found[0], *varied, *found[1:]) if found else ()


def _values(parameter: ast.arg, function: ast.FunctionDef, data: list[str]) -> tuple[str, ...]:
    """Expressions for one parameter."""
    name = parameter.arg.lower()
    if re.fullmatch(r".*(path|file|filename|csv|root|folder)", name):
        return tuple(f"'{one}'" for one in data) or ("'data'",)
    said = _compared_with(function, parameter.arg)
    if said:
        return said
    typed = _BY_TYPE.get(ast.unparse(parameter.annotation)) if parameter.annotation else None
    named = next((values for pattern, values in _BY_NAME if re.fullmatch(pattern, name)), None)
    return typed or (named or ()) + tuple(text for text in _ANYTHING if text not in (named or ()))[: 3 if named else 7]


def _compared_with(function: ast.FunctionDef, name: str) -> tuple[str, ...]:
    """The texts that a parameter is compared with."""
    found = [
        part.value
        for node in ast.walk(function)
        if isinstance(node, ast.Compare) and ast.unparse(node.left).split(".")[-1] == name
        for side in node.comparators
        for part in ast.walk(side)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    return tuple(repr(text) for text in dict.fromkeys(found))


def _varied(arguments: str, function: ast.FunctionDef) -> Iterator[str]:
    """The same with one default that is another."""
    given = function.args
    for parameter, default in zip(reversed(given.args), reversed(given.defaults), strict=False):
        match default:
            case ast.Constant(bool() as value):
                other = repr(not value)
            case ast.Constant(int() | float() as value):
                other = repr(value * 2 if value else value + 1)
            case _:
                continue
        yield ", ".join(filter(None, (arguments, f"{parameter.arg}={other}")))


def inputs_for(forward: ast.FunctionDef, arguments: str) -> Iterator[tuple[str, ...]]:
    """What a module may be called with: tensors of sizes that it was made with."""
    parameters = [*forward.args.posonlyargs, *forward.args.args][1:]
    needed = parameters[: len(parameters) - len(forward.args.defaults)] if forward.args.defaults else parameters
    sizes = list(dict.fromkeys(re.findall(r"(?<![\w.])[1-9]\d?(?![\w.])", arguments))) or ["4"]
    for size in [*sizes, *(one for one in ("4", "3", "1") if one not in sizes)]:
        for shape in (f"5, {size}", f"2, 3, {size}", f"2, {size}, 8, 8", f"2, {size}, 9", size):
            yield (f"randn({shape})",) * len(needed)
    for size in sizes:
        yield (f"randint(0, {size}, 2, 3)",) * len(needed)
    yield ("randn(5, 4)", *("randint(0, 2, 5)",) * (len(needed) - 1))


def calls_in(notebook: Notebook) -> list[str]:
    """The calls of the notebook's own code and of the examples in its texts, as expressions, where they are such."""
    names: dict[str, ast.expr] = {}
    found: list[str] = []
    for cell in notebook["cells"]:
        parts = [cell["source"]] if cell["cell_type"] == "code" else _FENCE.findall(cell["source"])
        for tree in filter(None, map(parse_source, parts)):
            for statement in tree.body:
                if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                    continue
                for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
                    found += filter(None, (_expression(call, names, drawn) for drawn in (True, False)))
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                    names[statement.targets[0].id] = statement.value
    return list(dict.fromkeys(found))


def _expression(node: ast.expr, names: dict[str, ast.expr], drawn: bool) -> str | None:
    """Code as an expression of a spec: variables replaced by what they are; None where it is none."""
    try:
        text = ast.unparse(_Translated(names, drawn).visit(ast.parse(ast.unparse(node), mode="eval").body))
        return check_expression(text) if len(text) < 200 else None
    except (ValueError, RecursionError):
        return None


class _Translated(ast.NodeTransformer):
    def __init__(self, names: dict[str, ast.expr], drawn: bool) -> None:
        self._names = names
        self._drawn = drawn

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self._names:
            return node
        rest = {name: value for name, value in self._names.items() if name != node.id}
        copy = ast.parse(ast.unparse(self._names[node.id]), mode="eval").body
        made: ast.expr = _Translated(rest, self._drawn).visit(copy)
        return made

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Attribute(ast.Name("torch"), name), args) if name in MAKERS:
                shape = args[2:] if name == "randint" else args[1:] if name == "full" else args
                if shape and isinstance(shape[0], (ast.Tuple, ast.List)) and name not in ("tensor", "eye", "arange"):
                    args = [*args[: len(args) - len(shape)], *shape[0].elts]
                if name in ("zeros", "ones") and self._drawn and not node.keywords:
                    name = "randn"
                if name == "tensor" and self._drawn and (size := _floats(args[0])):
                    name, args = "randn", [ast.Constant(one) for one in size]
                return ast.Call(ast.Name(name), args, node.keywords)
        return node


def _floats(node: ast.expr) -> list[int] | None:
    """The shape of a literal tensor of floats."""
    if isinstance(node, ast.List) and node.elts:
        inner = _floats(node.elts[0])
        return None if inner is None else [len(node.elts), *inner]
    value = node.operand if isinstance(node, ast.UnaryOp) else node
    return [] if isinstance(value, ast.Constant) and isinstance(value.value, float) else None
