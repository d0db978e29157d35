"""Edits of hooks, of what they return, and of `apply`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from grader.diagnosis.edits import (
    Above,
    Changed,
    after_docstring,
    all_replaced,
    arguments_of,
    block,
    code,
    enclosing,
    expression,
    fill,
    fix,
    fixes,
    inside,
    match,
    operator,
    statements,
    swap,
)

swap(
    "backward-hook-deprecated",
    "a full backward hook becomes the deprecated one",
    "_o.register_full_backward_hook(_f)",
    "_o.register_backward_hook(_f)",
    "bwd_nonfull",
)
swap(
    "hook-becomes-pre",
    "a forward hook becomes a pre-hook",
    "_o.register_forward_hook(_f)",
    "_o.register_forward_pre_hook(_f)",
    "hook_wrong_arity",
)
swap(
    "hook-no-pre",
    "a forward pre-hook becomes a forward hook",
    "_o.register_forward_pre_hook(_f)",
    "_o.register_forward_hook(_f)",
    "hook_wrong_arity",
)
swap(
    "hook-other-kind",
    "a backward hook becomes a forward hook",
    "_o.register_full_backward_hook(_f)",
    "_o.register_forward_hook(_f)",
    "hook_other_kind",
)
swap(
    "apply-called",
    "the function for apply is called at once",
    "_m.apply(_f)",
    "_m.apply(_f(_m))",
    "called_at_registration",
)
swap("handle-kept", "a hook is not removed", "_handle.remove();", "pass", "hook_not_removed")
swap(
    "apply-returns-nothing",
    "the model that apply gives back is not returned",
    "return _model.apply(_f);",
    "_model.apply(_f)",
    "result_not_returned",
)
swap(
    "apply-to-children",
    "only direct children are visited",
    "_model.apply(_f);",
    "[_f(_child) for _child in _model.children()]",
    "apply_not_recursive",
)
swap(
    "apply-to-children-returned",
    "only direct children are visited",
    "return _model.apply(_f);",
    "[_f(child) for child in _model.children()]\nreturn _model",
    "apply_not_recursive",
)
swap(
    "apply-parents-first",
    "modules() takes the place of apply, parents first",
    "_model.apply(_f);",
    "[(_f)(module) for module in _model.modules()]",
)
swap(
    "fill-in-place",
    "a leaf is changed in place, with a graph",
    "nn.init.constant_(_x, _value)",
    "_x.fill_(_value)",
    "init_inplace_leaf",
)
swap(
    "zero-in-place", "a leaf is changed in place, with a graph", "nn.init.zeros_(_x)", "_x.zero_()", "init_inplace_leaf"
)
swap(
    "parameter-replaced",
    "a Parameter is replaced, not changed",
    "nn.init.constant_(_o._name, _value);",
    "_o._name = nn.Parameter(torch.full_like(_o._name, _value))",
    "parameter_replaced",
)


def _is_hook(function: cst.FunctionDef, above: Above, kind: str = r"\w*") -> bool:
    """Whether the code around a function registers it as a hook."""
    return bool(re.search(rf"register_{kind}hook\({function.name.value}\)", code(above[0])))


@operator("hook-no-return", "a hook returns nothing", cst.SimpleStatementLine, "hook_no_return")
def hook_no_return(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    found = match("return _x;", line)
    if found is not None and function is not None and _is_hook(function, above):
        yield statements(fill("_x", found))


@operator("hook-lambda-nothing", "a hook returns nothing", cst.Lambda, "hook_no_return")
def hook_lambda_nothing(made: cst.Lambda, above: Above) -> Iterator[Changed]:
    call = enclosing(above, cst.Call)
    if call is not None and re.search(r"\.register_\w*hook$", code(call.func)):
        yield made.with_changes(body=cst.Name("None"))


@operator("handle-not-returned", "a hook's handle is not returned", cst.SimpleStatementLine, "hook_handle_not_returned")
def handle_not_returned(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("return _x;", line)
    if found is not None and re.search(r"\.register_\w*hook\(", code(line)):
        yield statements(fill("_x", found))


@operator("hook-twice", "a hook is registered twice", cst.SimpleStatementLine, "hook_not_removed")
def hook_twice(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("return _o._register(_f);", line) or match("_o._register(_f);", line)
    if found is not None and re.fullmatch(r"register_\w*hook", found["_register"].id):
        yield cst.FlattenSentinel([cst.parse_statement(fill("_o._register(_f)", found)), line])


@operator("hook-arity", "a hook takes one argument less", cst.FunctionDef, "hook_wrong_arity")
def hook_arity(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    parameters = function.params.params
    if len(parameters) > 1 and _is_hook(function, above):
        yield function.with_deep_changes(function.params, params=[parameters[0], *parameters[2:]])


@operator("hook-only-last-argument", "a hook takes what passes alone", cst.FunctionDef, "hook_wrong_arity")
def hook_last_argument(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if len(function.params.params) > 2 and _is_hook(function, above):
        yield function.with_deep_changes(function.params, params=function.params.params[-1:])


def _backward_result(above: Above) -> bool:
    """Whether a node is what a backward hook returns."""
    function = enclosing(above, cst.FunctionDef)
    return isinstance(above[-1], cst.Return) and function is not None and _is_hook(function, above, r"\w*backward_")


@operator("backward-bare-tensor", "a backward hook returns a tensor, not a tuple", cst.Tuple, "bwd_full_wrong_number")
def backward_bare_tensor(made: cst.Tuple, above: Above) -> Iterator[Changed]:
    if len(made.elements) == 1 and _backward_result(above):
        yield made.elements[0].value


@operator("backward-too-many", "a backward hook returns a gradient too many", cst.Tuple, "bwd_full_wrong_number")
def backward_too_many(made: cst.Tuple, above: Above) -> Iterator[Changed]:
    if _backward_result(above):
        yield expression(f"({', '.join(code(e.value) for e in (*made.elements, made.elements[-1]))})", made)


@operator("type-not-tested", "a function touches modules of every type", cst.If, "apply_touches_containers")
def type_not_tested(made: cst.If, above: Above) -> Iterator[Changed]:
    if match("isinstance(module, _kind)", made.test) is not None:
        yield cst.FlattenSentinel(made.body.body)


_KINDS = ("register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook")
fix("bwd_nonfull", "_o.register_backward_hook(*_rest)", "_o.register_full_backward_hook(*_rest)")
for _one in _KINDS:
    fix("called_at_registration", f"_o.{_one}(_f(*_rest))", f"_o.{_one}(_f)")
    for _other in _KINDS:
        if _one != _other:
            fix("hook_other_kind", f"_o.{_one}(*_rest)", f"_o.{_other}(*_rest)")
fix("called_at_registration", "_o.register_hook(_f(*_rest))", "_o.register_hook(_f)")
fix("called_at_registration", "_m.apply(_f(_m))", "_m.apply(_f)")
fix("apply_not_recursive", "_m.children()", "_m.modules()", "list(_m.modules())[1:]")
fix("apply_not_recursive", "_m.named_children()", "_m.named_modules()", "list(_m.named_modules())[1:]")
fix(
    "parameter_replaced",
    "_o._name = nn.Parameter(_x);",
    "with torch.no_grad():\n    _o._name.copy_(_x)",
)


def _with_returned(function: cst.FunctionDef) -> Iterator[Changed]:
    """A function that gives back what its last line computes, or what a name in it was given."""
    *lines, last = block(function)
    found = match("_x = _y;", last)
    made = cst.parse_statement(fill("return _x", found)) if found is not None else None
    if made is not None:
        yield function.with_deep_changes(function.body, body=[*lines, last, made])
    found = match("_x;", last)
    if found is not None:
        yield function.with_deep_changes(function.body, body=[*lines, cst.parse_statement(fill("return _x", found))])
    found = match("_x = _y;", last)
    if found is not None:  # of a backward hook
        given = cst.parse_statement(fill("return (_x,)", found))
        yield function.with_deep_changes(function.body, body=[*lines, last, given])


@fixes("hook_no_return", cst.FunctionDef)
def hook_returns(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if _is_hook(function, above):
        yield from _with_returned(function)


@fixes("hook_handle_not_returned", cst.FunctionDef)
def handle_returned(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if re.search(r"\.register_\w*hook\(", code(block(function)[-1])):
        yield from _with_returned(function)


@fixes("hook_not_removed", cst.IndentedBlock)
def registered_once(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    """Of equal lines that register a hook, the first one is left; and a handle that is kept is removed at the end."""
    seen: set[str] = set()
    kept = []
    for line in lines.body:
        registers = re.search(r"\.register_\w*hook\(", code(line)) is not None
        if not (registers and code(line) in seen):
            kept.append(line)
        seen.add(code(line))
    if len(kept) < len(lines.body):
        yield lines.with_changes(body=kept)
    handle = re.search(r"^(\w+) = .*\.register_\w*hook\(", code(lines), re.MULTILINE)
    if handle is not None and f"{handle[1]}.remove(" not in code(lines):
        removal = cst.parse_statement(f"{handle[1]}.remove()")
        *rest, last = lines.body
        ends = code(last).startswith("return")
        yield lines.with_changes(body=[*rest, removal, last] if ends else [*rest, last, removal])


@fixes("hook_not_removed", cst.FunctionDef)
def all_removed(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """The handles that are kept in a list are removed at the end; those that nothing keeps are kept first."""
    if ".remove(" in code(function):
        return
    made = re.search(r"^\s*(\w+) = \[(?!\])[^=]*?\.register_\w*hook\(", code(function), re.MULTILINE)
    grown = re.search(r"\b(\w+)\.append\(.*\.register_\w*hook\(", code(function))
    listed, kept = made or grown, function
    if listed is None:
        registering = {
            line: cst.parse_statement(f"handles.append({code(line)})")
            for line in inside(function, cst.SimpleStatementLine)
            if re.match(r"[\w.]+\.register_\w*hook\(", code(line))
        }
        if not registering:
            return
        kept = after_docstring(all_replaced(function, registering), "handles = []")
    lines = block(kept)
    last = [lines.pop()] if code(lines[-1]).startswith("return") else []
    removal = cst.parse_statement(f"for handle in {listed[1] if listed else 'handles'}:\n    handle.remove()")
    yield kept.with_deep_changes(kept.body, body=[*lines, removal, *last])


@fixes("apply_touches_containers", cst.FunctionDef)
def type_tested(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    arguments = arguments_of(function)
    if len(arguments) == 1:
        for test in (f"isinstance({arguments[0]}, nn.Linear)", f"hasattr({arguments[0]}, 'weight')"):
            held = cst.If(cst.parse_expression(test), cst.IndentedBlock(block(function)))
            yield function.with_deep_changes(function.body, body=[held])
        there = cst.parse_expression(f"{arguments[0]}.bias is not None")
        careful = [
            cst.If(there, cst.IndentedBlock([line])) if ".bias" in code(line) else line for line in block(function)
        ]
        held = cst.If(cst.parse_expression(f"isinstance({arguments[0]}, nn.Linear)"), cst.IndentedBlock(careful))
        yield function.with_deep_changes(function.body, body=[held])


@fixes("apply_touches_containers", cst.For)
def type_tested_in_loop(loop: cst.For, above: Above) -> Iterator[Changed]:
    if re.search(r"\.(named_)?modules\(", code(loop.iter)):
        target = loop.target.elements[-1].value if isinstance(loop.target, cst.Tuple) else loop.target
        for test in (f"isinstance({code(target)}, nn.Linear)", f"hasattr({code(target)}, 'weight')"):
            held = cst.If(cst.parse_expression(test), cst.IndentedBlock([*block(loop)]))
            yield loop.with_deep_changes(loop.body, body=[held])
