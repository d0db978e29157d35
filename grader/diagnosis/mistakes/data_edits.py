"""Edits of datasets, samplers, collate functions and loaders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import libcst as cst

from grader.diagnosis.edits import (
    Above,
    Changed,
    after_docstring,
    arguments_of,
    code,
    enclosing,
    fill,
    fix,
    fixes,
    inside,
    match,
    operator,
    replaced,
    statements,
    swap,
    without,
    without_keywords,
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
for _drawn in ("rand", "randn"):
    swap(
        "numpy-random",
        "NumPy draws what torch drew",
        f"torch.{_drawn}(*_rest).numpy()",
        f"np.random.{_drawn}(*_rest)",
        "numpy_seed_workers",
    )


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


@operator("sampler-shuffled", "shuffle=True comes with a sampler", cst.Call, "sampler_with_shuffle")
def sampler_shuffled(call: cst.Call, above: Above) -> Iterator[Changed]:
    names = {a.keyword.value for a in call.args if a.keyword is not None}
    if names & {"sampler", "batch_sampler"} and "shuffle" not in names:
        yield call.with_changes(args=[*call.args, cst.Arg(cst.Name("True"), cst.Name("shuffle"))])


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


fix("transform_twice", "self.transform(self.transform(_x))", "self.transform(_x)")
fix("dataset_len_wrong", "_x.read().split(_sep)", "_x.read().splitlines()")
for _wrong in ("_x - 1", "_x + 1"):
    fix("dataset_len_wrong", f"return {_wrong};", "return _x")
fix("dataset_len_wrong", "return len(_x);", "return len(_x) - 1", "return len(_x) + 1")
fix("dataset_len_wrong", "return _x // _y;", "return -(-(_x) // (_y))", "return _x")
fix("dataset_len_wrong", "return _x // _y + 1;", "return -(-(_x) // (_y))")
fix("dataset_len_wrong", "return int(_x / _y);", "return -(-(_x) // (_y))")
fix("pad_value", "torch.ones(*_rest)", "torch.zeros(*_rest)")
fix("pad_value", "torch.empty(*_rest)", "torch.zeros(*_rest)")
fix("pad_value", "torch.full(_shape, _value)", "torch.zeros(_shape)")
fix("pad_value", "torch.full(_shape, _value, dtype=_d)", "torch.zeros(_shape, dtype=_d)")
fix("numpy_seed_workers", "np.random.rand(*_rest)", "torch.rand(*_rest).numpy()")
fix("numpy_seed_workers", "np.random.randn(*_rest)", "torch.randn(*_rest).numpy()")
fix("numpy_seed_workers", "np.random.random()", "torch.rand(()).item()")
fix("numpy_seed_workers", "np.random.uniform()", "torch.rand(()).item()")
fix("numpy_seed_workers", "np.random.randint(_a, _b)", "torch.randint(_a, _b, ()).item()")
fix("numpy_seed_workers", "np.random.permutation(_x)", "torch.randperm(_x).numpy()")


@fixes("dataset_len_wrong", cst.Return)
def batches_counted(made: cst.Return, above: Above) -> Iterator[Changed]:
    """A length in batches, where it was given in items."""
    function, owner = enclosing(above, cst.FunctionDef), enclosing(above, cst.ClassDef)
    size = re.search(r"self\.\w*batch\w*", code(owner)) if owner is not None else None
    if function is not None and function.name.value == "__len__" and size is not None and made.value is not None:
        yield made.with_changes(value=cst.parse_expression(f"-(-({code(made.value)}) // {size[0]})"))


@fixes("pad_value", cst.Call)
def padded_with_zeros(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from without_keywords(call, "padding_value", "value")


@fixes("pad_side", cst.Call)
def padded_behind(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from without_keywords(call, "padding_side")


@fixes("pad_side", cst.Slice)
def written_at_the_beginning(made: cst.Slice, above: Above) -> Iterator[Changed]:
    """`[-n:]` and `[size - n:]`, which end at the end, begin at the beginning."""
    if made.upper is None and made.lower is not None:
        length = made.lower
        if isinstance(length, cst.UnaryOperation):
            yield made.with_changes(lower=None, upper=length.expression)
        elif isinstance(length, cst.BinaryOperation) and isinstance(length.operator, cst.Subtract):
            yield made.with_changes(lower=None, upper=length.right)


@fixes("dataset_iter_endless", cst.FunctionDef)
def index_refused(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    arguments = arguments_of(function)
    if function.name.value == "__getitem__" and arguments and "IndexError" not in code(function):
        for least in ("0", "-len(self)"):
            test = f"if not {least} <= {arguments[0]} < len(self):\n    raise IndexError({arguments[0]})"
            yield after_docstring(function, test)


_EXCEPTIONS = ("IndexError", "ValueError", "KeyError", "TypeError", "AttributeError", "RuntimeError")


@fixes("wrong_exception", cst.Raise)
def other_exception(made: cst.Raise, above: Above) -> Iterator[Changed]:
    raised = made.exc.func if isinstance(made.exc, cst.Call) else made.exc
    for name in _EXCEPTIONS:
        if raised is not None and code(raised) != name:
            said = made.exc.args if isinstance(made.exc, cst.Call) else ()
            yield made.with_changes(exc=cst.Call(cst.Name(name), said))


@fixes("wrong_exception", cst.SimpleStatementLine)
def raised_instead(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    """In the place of an assert; and of what a lookup raises, where the function refuses nothing itself."""
    asserted, function = line.body[0], enclosing(above, cst.FunctionDef)
    refuses = function is None or re.search(r"\b(assert|raise)\b", code(function)) is not None
    for name in _EXCEPTIONS:
        if isinstance(asserted, cst.Assert):
            yield cst.parse_statement(f"if not ({code(asserted.test)}):\n    raise {name}()")
        elif not refuses and match("return _d[_k];", line) is not None:
            yield cst.parse_statement(f"try:\n    {code(line).strip()}\nexcept LookupError:\n    raise {name}()")


@fixes("transform_ignored", cst.FunctionDef)
def transform_applied(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """What `__getitem__` returns, or the first of several, goes through the transform that is kept."""
    kept = re.search(r"self\.(\w*transform\w*) = ", code(above[-2])) if len(above) > 1 else None
    if kept is None or function.name.value not in ("__getitem__", "__call__", "__iter__"):
        return
    for line in inside(function, cst.SimpleStatementLine):
        for pattern, changed in (
            ("return _x, _y;", "return (self.transform(_x) if self.transform else _x), _y"),
            ("return _x;", "return self.transform(_x) if self.transform else _x"),
        ):
            found = match(pattern, line)
            if found is not None:
                filled = fill(changed.replace("self.transform", f"self.{kept[1]}"), found)
                yield replaced(function, line, statements(filled))
                break


def _share(items: str) -> str:
    """What one worker takes of some items."""
    info = "torch.utils.data.get_worker_info()"
    first, step = f"({info}.id if {info} else 0)", f"({info}.num_workers if {info} else 1)"
    return f"__import__('itertools').islice({items}, {first}, None, {step})"


def _iterates(above: Above) -> bool:
    function = enclosing(above, cst.FunctionDef)
    return function is not None and function.name.value == "__iter__"


@fixes("workers_repeat", cst.For)
def shared_among_workers(loop: cst.For, above: Above) -> Iterator[Changed]:
    if _iterates(above) and any(inside(loop, cst.Yield)):
        yield loop.with_changes(iter=cst.parse_expression(_share(code(loop.iter))))


@fixes("workers_repeat", cst.SimpleStatementLine)
def shares_given(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    for pattern, how in (("return _x;", "return {}"), ("yield from _x", "yield from {}")):
        node = line if pattern.endswith(";") else getattr(line.body[0], "value", line)
        found = match(pattern, node) if _iterates(above) else None
        if found is not None:
            yield statements(how.format(_share(f"iter({ast.unparse(found['_x'])})")))


@fixes("shared_class_attribute", cst.ClassDef)
def container_of_its_own(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    """Containers of the class are made by `__init__`, for each object."""
    kept: list[str] = []
    rest: list[Any] = []
    for line in made.body.body:
        found = match("_name = _x;", line) if isinstance(line, cst.SimpleStatementLine) else None
        if found is not None and re.search(r"= (\[|\{|list\(|dict\(|set\(|(collections\.)?\w+dict\()", code(line)):
            kept.append(f"self.{code(line)}")
        else:
            rest.append(line)
    inits = [part for part in rest if isinstance(part, cst.FunctionDef) and part.name.value == "__init__"]
    if kept and inits:
        grown = after_docstring(inits[0], *kept)
        begun = inits[0].with_deep_changes(
            inits[0].body,
            body=[*inits[0].body.body[:1], *(cst.parse_statement(k) for k in kept), *inits[0].body.body[1:]],
        )
        for init in (begun, grown):
            yield made.with_deep_changes(made.body, body=[init if part is inits[0] else part for part in rest])
    elif kept:
        made_anew = cst.parse_statement("def __init__(self):\n    super().__init__()\n    " + "\n    ".join(kept))
        yield made.with_deep_changes(made.body, body=[made_anew, *rest])


@fixes("shuffle_flipped", cst.Call)
def shuffle_turned(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from _flipped(call, "shuffle", "DataLoader")


@fixes("drop_last_flipped", cst.Call)
def drop_last_turned(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from _flipped(call, "drop_last", "DataLoader")


@fixes("loader_next", cst.FunctionDef)
def iterator_made_once(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """`next(iter(loader))` in a loop goes on with an iterator that was made before it."""
    for call in inside(function, cst.Call):
        found = match("next(iter(_x))", call)
        if found is not None and isinstance(found["_x"], ast.Name):
            once = replaced(function, call, cst.parse_expression("next(batches)"))
            yield after_docstring(once, f"batches = iter({found['_x'].id})")


fix("loader_next", "next(_x)", "next(iter(_x))")


@fixes("sampler_with_shuffle", cst.Call)
def sampler_alone(call: cst.Call, above: Above) -> Iterator[Changed]:
    names = {a.keyword.value for a in call.args if a.keyword is not None}
    if "shuffle" in names and names & {"sampler", "batch_sampler"}:
        yield from without_keywords(call, "shuffle")


fix("pad_side", "[_zero] * _n + _x", "(_x) + [_zero] * (_n)")
fix("pad_side", "torch.cat([_x, _y])", "torch.cat([_y, _x])")
fix("pad_side", "torch.cat((_x, _y))", "torch.cat((_y, _x))")
fix("rounded_down", "math.floor(_x)", "math.ceil(_x)")
fix("rounded_down", "int(_x / _y)", "-(-(_x) // (_y))")
fix("rounded_down", "_x // _y", "-(-(_x) // (_y))")
swap("rounded-down", "a share is rounded down", "math.ceil(_x)", "math.floor(_x)", "rounded_down")
fix("values_for_indices", "sorted(_x, *_rest)", "sorted(range(len(_x)), key=lambda index: _x[index], *_rest)")
fix("values_for_indices", "torch.sort(_x, *_rest)[0]", "torch.sort(_x, *_rest)[1]")
fix("values_for_indices", "torch.sort(_x, *_rest).values", "torch.sort(_x, *_rest).indices")
fix("values_for_indices", "_x.sort(*_rest).values", "_x.sort(*_rest).indices")
fix("values_for_indices", "_x.sort(*_rest)[0]", "_x.sort(*_rest)[1]")
fix("values_for_indices", "_x.max(*_rest)[0]", "_x.max(*_rest)[1]")
fix("values_for_indices", "_x.max(*_rest).values", "_x.max(*_rest).indices")
fix("values_for_indices", "torch.max(_x, *_rest)[0]", "torch.max(_x, *_rest)[1]")
swap(
    "values-for-indices",
    "values are sorted, not indices",
    "torch.argsort(_x)",
    "torch.sort(_x).values",
    "values_for_indices",
)
swap(
    "values-for-indices",
    "values are sorted, not indices",
    "sorted(range(len(_x)), key=_key)",
    "sorted(_x)",
    "values_for_indices",
)
