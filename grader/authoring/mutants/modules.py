"""Operators on Modules: what is registered, and what forward does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from grader.authoring.mutants.operators import (
    Above,
    Changed,
    block,
    code,
    enclosing,
    expression,
    fill,
    inside,
    is_method,
    match,
    operator,
    replaced,
    statements,
    swap,
)

_IN_PLACE = ("abs", "add", "clamp", "mul", "relu", "sigmoid", "square", "sub", "tanh")

swap("list", "nn.ModuleList becomes a list", "nn.ModuleList(_x)", "list(_x)", "list_not_registered")
swap("dict", "nn.ModuleDict becomes a dict", "nn.ModuleDict(_x)", "dict(_x)", "list_not_registered")
swap(
    "shared-layer",
    "every place of an nn.ModuleList gets the same layer",
    "nn.ModuleList(_layer for _i in range(_n))",
    "nn.ModuleList([_layer] * _n)",
    "layer_shared",
)

swap("parameter-tensor", "a Parameter becomes a tensor", "nn.Parameter(_x)", "_x", "tensor_instead_of_parameter")
swap(
    "parameter-requires-grad",
    "a Parameter becomes a tensor that requires grad",
    "nn.Parameter(_x)",
    "_x.requires_grad_()",
    "tensor_instead_of_parameter",
)
swap(
    "parameter-before-op",
    "a Parameter is divided after it was made",
    "nn.Parameter(_x / _y)",
    "nn.Parameter(_x) / _y",
    "parameter_then_op",
)
swap("parameter-op", "a Parameter is scaled", "nn.Parameter(_x)", "nn.Parameter(_x) * 0.1", "parameter_then_op")
swap(
    "parameter-frozen",
    "a Parameter requires no grad",
    "nn.Parameter(_x)",
    "nn.Parameter(_x, requires_grad=False)",
    "parameter_frozen",
)

swap(
    "buffer-attribute",
    "a buffer becomes a plain attribute",
    "_o.register_buffer(_name, _x, *_rest);",
    "_o._name = _x",
    "buffer_as_attr",
)
swap(
    "buffer-parameter",
    "a buffer becomes a Parameter",
    "_o.register_buffer(_name, _x, *_rest);",
    "_o._name = nn.Parameter(_x)",
    "buffer_as_parameter",
)
swap(
    "buffer-not-saved",
    "a buffer is not saved",
    "_o.register_buffer(_name, _x)",
    "_o.register_buffer(_name, _x, persistent=False)",
    "buffer_not_persistent",
)
swap(
    "buffer-saved",
    "a buffer is saved",
    "_o.register_buffer(_name, _x, persistent=False)",
    "_o.register_buffer(_name, _x)",
)
swap("sizes-swapped", "two sizes change places", "nn.Linear(_in, _out)", "nn.Linear(_out, _in)", "sizes_swapped")
swap("super-init", "super().__init__() is dropped", "super().__init__(*_rest);", "pass", "missing_super")
for _function in ("torch.tanh", "torch.relu", "torch.sigmoid", "F.relu", "F.gelu", "F.tanh"):
    swap("activation", "an activation is dropped", f"{_function}(_x)", "_x")


@operator("activation-module", "an activation module is dropped", cst.Arg)
def activation_module(argument: cst.Arg, above: Above) -> Iterator[Changed]:
    if re.fullmatch(r"nn\.(ReLU|Tanh|Sigmoid|GELU)\(\)", code(argument.value)):
        yield argument.with_changes(value=cst.parse_expression("nn.Identity()"))


swap(
    "plain-attribute-buffer",
    "a plain tensor becomes a buffer",
    "self._name = torch._make(*_rest);",
    "self.register_buffer('_name', torch._make(*_rest))",
    "registered_tensor",
)
swap(
    "parameter-buffer",
    "a Parameter becomes a buffer",
    "_o._name = nn.Parameter(_x);",
    "_o.register_buffer('_name', _x)",
    "parameter_as_buffer",
)


@operator("layer-in-forward", "a layer is made in forward", cst.ClassDef, "layer_created_in_forward")
def layer_in_forward(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    methods = {f.name.value: f for f in inside(made, cst.FunctionDef)}
    if not {"__init__", "forward"} <= methods.keys():
        return
    init, forward = methods["__init__"], methods["forward"]
    names = [parameter.name.value for parameter in init.params.params[1:]]
    for line in inside(init, cst.SimpleStatementLine):
        found = match("self._name = nn._kind(*_rest);", line)
        if found is None or found["_kind"].id == "Parameter":
            continue
        name = found["_name"].id
        used = [other for other in names if re.search(rf"\b{other}\b", code(line))]
        kept = statements("\n".join(f"self.{other} = {other}" for other in used) or "pass")
        anew = fill("nn._kind(*_rest)", found | {other: ast.Name(f"self.{other}") for other in used})
        body = "\n".join(map(code, block(forward)))
        if f"self.{name}" not in body:
            continue
        body = re.sub(rf"\bself\.{name}\b", f"new_{name}", body)
        moved = forward.with_deep_changes(forward.body, body=[*cst.parse_module(f"new_{name} = {anew}\n{body}").body])
        changed = {init: replaced(init, line, kept), forward: moved}
        yield made.with_deep_changes(made.body, body=[changed.get(part, part) for part in made.body.body])


@operator("forward-called", "forward is called instead of the module", cst.Call, "hook_forward_called_directly")
def forward_called(call: cst.Call, above: Above) -> Iterator[Changed]:
    function = code(call.func)
    if re.fullmatch(r"model|module|layer|self\.(?!training)\w+(\[\w+\])?", function):
        yield call.with_changes(func=cst.Attribute(call.func, cst.Name("forward")))


@operator("forward-misspelt", "forward is misspelt", cst.FunctionDef, "forward_misspelt")
def forward_misspelt(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "forward" and is_method(above):
        yield function.with_changes(name=cst.Name("foward"))


@operator("init-misspelt", "__init__ is misspelt", cst.FunctionDef)
def init_misspelt(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "__init__":
        yield function.with_changes(name=cst.Name("__int__"))


@operator("forward-no-return", "forward returns nothing", cst.SimpleStatementLine, "forward_no_return")
def forward_no_return(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    found = match("return _x;", line)
    if found is not None and function is not None and function.name.value == "forward":
        yield statements(fill("_x", found))


@operator("forward-detached", "forward's output is cut from the graph", cst.Return, "no_grad_graph")
def forward_detached(made: cst.Return, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    if made.value is not None and function is not None and code(function).startswith("def forward(self"):
        yield made.with_changes(value=expression(f"({code(made.value)}).detach()", made))


@operator("input-in-place", "the caller's tensor is written to", cst.SimpleStatementLine, "mutates_input")
def input_in_place(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    for sign in ("+", "-", "*", "/"):
        for before in ("return ", "_to = "):
            found = match(f"{before}_x {sign} _y;", line)
            if found is not None and _is_argument(found["_x"], above):
                yield statements(fill(f"_x {sign}= _y", found) + "\n" + fill(f"{before}_x", found))


@operator("method-in-place", "the caller's tensor is changed in place", cst.Call, "mutates_input")
def method_in_place(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_x._method(*_rest)", call)
    if found is not None and found["_method"].id in _IN_PLACE and _is_argument(found["_x"], above):
        found["_method"] = ast.Name(found["_method"].id + "_")
        yield expression(fill("_x._method(*_rest)", found), above[-1])


def _is_argument(node: ast.expr, above: Above) -> bool:
    """Whether a name is a parameter of the function it stands in."""
    function = enclosing(above, cst.FunctionDef)
    names = [parameter.name.value for parameter in function.params.params] if function is not None else []
    return isinstance(node, ast.Name) and node.id in names


@operator("base", "a class inherits nothing", cst.ClassDef, "base_missing")
def base(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    if made.bases:
        yield made.with_changes(bases=[])


@operator("doc-method", "the docstring becomes a method", cst.ClassDef, "doc_as_method")
def doc_method(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    doc = made.get_docstring()
    if doc is not None:
        method = cst.parse_statement(f"def __doc__(self):\n    return {doc!r}\n")
        yield made.with_deep_changes(made.body, body=[method, *made.body.body[1:]])


@operator("doc", "the docstring is dropped", cst.ClassDef)
def no_doc(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    if made.get_docstring() is not None:
        yield made.with_deep_changes(made.body, body=made.body.body[1:] or [cst.parse_statement("pass")])
