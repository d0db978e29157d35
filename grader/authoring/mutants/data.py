"""Operators on datasets, samplers, collate functions and loaders."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from grader.authoring.mutants.operators import (
    Above,
    Changed,
    code,
    enclosing,
    fill,
    inside,
    match,
    operator,
    replaced,
    statements,
    swap,
    without,
)

swap("loader-next", "next is called on what is no iterator", "next(iter(_x))", "next(_x)", "loader_next")
swap("workers-unknown", "workers are not told apart", "get_worker_info()", "None", "workers_repeat")
swap("transform-ignored", "a transform is not applied", "self.transform(_x)", "_x", "transform_ignored")
swap(
    "transform-twice",
    "a transform is applied twice",
    "self.transform(_x)",
    "self.transform(self.transform(_x))",
    "transform_twice",
)
swap("zeros", "ones take the place of zeros", "torch.zeros(*_rest)", "torch.ones(*_rest)")
swap("longest-becomes-shortest", "max becomes min", "max(_x)", "min(_x)")
swap("sort-key", "sorting ignores its key", "sorted(_x, key=_key)", "sorted(_x)")
swap("sort-reversed", "sorting goes the other way", "sorted(_x, key=_key)", "sorted(_x, key=_key, reverse=True)")
swap(
    "generator-global",
    "the global generator is seeded",
    "torch.Generator().manual_seed(_seed)",
    "torch.manual_seed(_seed)",
    "global_seed",
)
swap("generator-unseeded", "a generator is not seeded", "torch.Generator().manual_seed(_seed)", "torch.Generator()")


def _collates(above: Above) -> bool:
    """Whether a node stands in a collate function."""
    return any(isinstance(node, cst.FunctionDef) and "collate" in node.name.value for node in above)


@operator("length", "__len__ is off by one", cst.Return, "dataset_len_wrong")
def length(made: cst.Return, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    if function is not None and function.name.value == "__len__" and made.value is not None:
        for end in ("+ 1", "- 1"):
            yield made.with_changes(value=cst.parse_expression(f"({code(made.value)}) {end}"))


@operator("index-unchecked", "an index outside raises nothing", cst.If, "dataset_iter_endless")
def index_unchecked(made: cst.If, above: Above) -> Iterator[Changed]:
    if re.search(r"^\s*raise IndexError", code(made.body), re.MULTILINE):
        yield cst.parse_statement("pass")


@operator("pad-side", "padding goes to the other side", cst.Slice, "pad_side")
def pad_side(made: cst.Slice, above: Above) -> Iterator[Changed]:
    row = enclosing(above, cst.Subscript)
    if made.lower is None and made.upper is not None and _collates(above):
        yield made.with_changes(lower=cst.parse_expression(f"len({code(row.value)}) - {code(made.upper)}"), upper=None)


@operator("pad-value", "padding is done with ones", cst.Call, "pad_value")
def pad_value(call: cst.Call, above: Above) -> Iterator[Changed]:
    if code(call.func) == "torch.zeros" and _collates(above):
        yield call.with_changes(func=cst.parse_expression("torch.ones"))


@operator("field-dropped", "a field is left out of a batch", cst.Dict, "collate_drops_key")
def field_dropped(made: cst.Dict, above: Above) -> Iterator[Changed]:
    if _collates(above):
        yield from _without_each(made)


@operator("entry-dropped", "an entry is left out of a dict", cst.Dict, "entry_left_out")
def entry_dropped(made: cst.Dict, above: Above) -> Iterator[Changed]:
    yield from _without_each(made)


def _without_each(made: cst.Dict) -> Iterator[cst.Dict]:
    for element in made.elements:
        yield made.with_changes(elements=without(made.elements, element))


@operator("collate-default", "torch's own collate function takes over", cst.FunctionDef, "ragged_lists")
def collate_default(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if "collate" in function.name.value:
        name = function.params.params[0].name.value
        line = cst.parse_statement(f"return torch.utils.data.default_collate({name})")
        yield function.with_deep_changes(function.body, body=[line])


@operator("collate-lambda", "a collate function becomes a lambda", cst.FunctionDef, "lambda_pickle")
def collate_lambda(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    name = function.name.value
    if "collate" in name and isinstance(above[-1], cst.Module):
        line = cst.parse_statement(f"{name} = (lambda inner: lambda samples: inner(samples))({name})")
        yield cst.FlattenSentinel([function, line])


@operator("shuffle", "shuffle is flipped", cst.Call, "shuffle_flipped")
def shuffle(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from _flipped(call, "shuffle", "DataLoader")


@operator("drop-last", "drop_last is flipped", cst.Call, "drop_last_flipped")
def drop_last(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from _flipped(call, "drop_last", "DataLoader")


def _flipped(call: cst.Call, keyword: str, function: str) -> Iterator[cst.Call]:
    """A call with a switch that is off by default flipped."""
    if re.fullmatch(rf"([\w.]+\.)?{function}", code(call.func)):
        given = {a.keyword.value: code(a.value) for a in call.args if a.keyword is not None}
        rest = [a for a in call.args if a.keyword is None or a.keyword.value != keyword]
        value = cst.Name(str(given.get(keyword) != "True"))
        yield call.with_changes(args=[*rest, cst.Arg(value, cst.Name(keyword))])


@operator("shared-container", "a container belongs to the class", cst.ClassDef, "shared_class_attribute")
def shared_container(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    init = next((f for f in inside(made, cst.FunctionDef) if f.name.value == "__init__"), None)
    for line in inside(init, cst.SimpleStatementLine) if init is not None else ():
        for empty in ("{}", "[]"):
            found = match(f"self._name = {empty};", line)
            if found is not None:
                moved = replaced(made, line, statements("pass"))
                first = cst.parse_statement(fill(f"_name = {empty}", found))
                yield moved.with_deep_changes(moved.body, body=[first, *moved.body.body])
