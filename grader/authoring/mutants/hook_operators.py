"""Operators on hooks, on what they return, and on `apply`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from grader.authoring.mutants.operators import (
    Above,
    Changed,
    code,
    enclosing,
    expression,
    fill,
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
