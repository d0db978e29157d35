"""Which functions a source calls or names, whatever it calls them: by way of imports and other names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grader.diagnosis.syntax import FUNCTIONS, parse_source, source_of
from grader.models.cells import Cell
from grader.models.work import Written

UNKNOWN = "?"
"""The owner of a method, where only running tells what it is."""
OWN = "__main__"
_USUAL = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy", "numpy": "numpy"}


def written_calls(cells: Sequence[Cell], before: Sequence[Cell]) -> tuple[Written, ...]:
    """What is called, or named as a function, in some cells.

    Args:
        before: all cells of the notebook, whose imports and functions these may use.
    """
    trees = {cell.filename: parse_source(cell.source) for cell in (*before, *cells)}
    names = usual_names()
    for tree in trees.values():
        if tree is not None:
            learn(tree, names)
    found: list[Written] = []
    for cell in cells:
        tree = trees[cell.filename]
        for name, node, inside in _calls(tree, names, inside=False, owner=None) if tree is not None else ():
            found.append(Written(name, source_of(node), cell.number, getattr(node, "lineno", 1), inside))
    return tuple(found)


def usual_names() -> dict[str, str]:
    """What names mean where no import is seen."""
    return dict(_USUAL)


def learn(tree: ast.Module, names: dict[str, str]) -> None:
    """What the names of a source mean: imports, functions and classes of its own, other names for these."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=imported):
                for one in imported:
                    names[one.asname or one.name.partition(".")[0]] = (
                        one.name if one.asname else one.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=str(module), names=imported):
                names.update({one.asname or one.name: f"{module}.{one.name}" for one in imported})
            case ast.ClassDef(name=name):
                names[name] = f"{OWN}.{name}"
    for part in tree.body:
        match part:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names[name] = f"{OWN}.{name}"
            case ast.Assign(targets=[ast.Name(name)], value=value):
                meant = dotted(value, names, None)
                if meant and not meant.startswith(UNKNOWN):
                    names[name] = meant


def dotted(node: ast.AST, names: dict[str, str], owner: ast.ClassDef | None) -> str | None:
    """The full name of what an expression names; None where it names nothing that is known."""
    match node:
        case ast.Name(name):
            return names.get(name)
        case ast.Attribute(ast.Name("self"), attr) if owner is not None and attr in _methods(owner):
            return f"{OWN}.{owner.name}.{attr}"
        case ast.Attribute(value, attr):
            return f"{dotted(value, names, owner) or UNKNOWN}.{attr}"
        case ast.Call(ast.Name("getattr"), [value, ast.Constant(str(attr)), *_]):
            return f"{dotted(value, names, owner) or UNKNOWN}.{attr}"
    return None


def _methods(owner: ast.ClassDef) -> set[str]:
    return {part.name for part in owner.body if isinstance(part, FUNCTIONS)}


def _calls(
    node: ast.AST, names: dict[str, str], inside: bool, owner: ast.ClassDef | None
) -> Iterator[tuple[str, ast.AST, bool]]:
    """What a node calls or names, with the place, and whether that is in a function or a class."""
    match node:
        case ast.Call(func=function) if not isinstance(function, ast.Name):
            called = dotted(function, names, owner)
            if called is not None and called.startswith(UNKNOWN):
                yield called, node, inside
        case ast.BinOp(op=ast.MatMult()):
            yield f"{UNKNOWN}.matmul", node, inside
    if isinstance(node, (ast.Name, ast.Attribute, ast.Call)) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        named = dotted(node, names, owner)
        if named is not None and not named.startswith(UNKNOWN):
            yield named, node, inside
            return  # its parts name the modules it is in
    within = inside or isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef))
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, names, within, node if isinstance(node, ast.ClassDef) else owner)
