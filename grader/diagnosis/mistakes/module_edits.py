"""Edits of Modules: what is registered, and what forward does."""

from __future__ import annotations

import ast
import difflib
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
    is_method,
    match,
    operator,
    replaced,
    statements,
    swap,
    without_keywords,
)

_REGISTERING = {
    cst.List: "List", cst.ListComp: "List", cst.Tuple: "List", cst.GeneratorExp: "List", cst.Dict: "Dict",
    cst.DictComp: "Dict",
}  # fmt: skip
"""What a plain container is written as, and what the container of torch.nn that registers ends with."""
_BATCHED = re.compile(r"(torch\.)?nn\.(RNN|LSTM|GRU|MultiheadAttention)")
_IN_PLACE = ("abs", "add", "clamp", "mul", "relu", "sigmoid", "square", "sub", "tanh")

swap("list", "nn.ModuleList becomes a list", "nn.ModuleList(_x)", "list(_x)", "list_not_registered")
swap("dict", "nn.ModuleDict becomes a dict", "nn.ModuleDict(_x)", "dict(_x)", "list_not_registered")
for _kind, _plain in (("List", "list"), ("Dict", "dict")):
    swap(
        f"parameter-{_plain}",
        f"nn.Parameter{_kind} becomes a {_plain}",
        f"nn.Parameter{_kind}(_x)",
        f"{_plain}(_x)",
        "parameters_in_list",
    )


def _assigned_attribute(line: cst.SimpleStatementLine) -> cst.Assign | None:
    """An assignment to one attribute, of `self` or of another object."""
    (part, *_) = line.body
    if isinstance(part, cst.Assign) and len(part.targets) == 1 and match("_o._name", part.targets[0].target):
        return part
    return None


def _container(value: cst.BaseExpression) -> str | None:
    """Whether a value is a plain list (or tuple) or dict, as it is written."""
    for pattern, kind in (("list(*_rest)", "List"), ("tuple(*_rest)", "List"), ("dict(*_rest)", "Dict")):
        if match(pattern, value) is not None:
            return kind
    if isinstance(value, cst.BinaryOperation):  # `[layer] * n`
        return _container(value.left) or _container(value.right)
    return _REGISTERING.get(type(value))


def _registered(line: cst.SimpleStatementLine, what: str) -> Iterator[Changed]:
    """An attribute that is a plain container, kept in one that registers."""
    made = _assigned_attribute(line)
    kind = _container(made.value) if made is not None else None
    if made is not None and kind is not None:
        value = cst.parse_expression(f"nn.{what}{kind}({code(made.value)})")
        yield line.with_changes(body=[made.with_changes(value=value)])


@fixes("list_not_registered", cst.SimpleStatementLine)
def layers_registered(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    yield from _registered(line, "Module")


@fixes("parameters_in_list", cst.SimpleStatementLine)
def parameters_registered(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    yield from _registered(line, "Parameter")


swap(
    "shared-layer",
    "every place of an nn.ModuleList gets the same layer",
    "nn.ModuleList(_layer for _i in range(_n))",
    "nn.ModuleList([_layer] * _n)",
    "layer_shared",
)
fix(
    "layer_shared",
    "[_layer] * _n",
    "[_layer for _ in range(_n)]",
    "[__import__('copy').deepcopy(_layer) for _ in range(_n)]",
)


def _sets_up(above: Above) -> bool:
    """Whether a node stands where attributes are made, and not where they change."""
    function = enclosing(above, cst.FunctionDef)
    return function is not None and function.name.value != "forward"


@fixes("tensor_instead_of_parameter", cst.SimpleStatementLine)
def made_a_parameter(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    made = _assigned_attribute(line)
    if made is not None and _sets_up(above) and _is_tensor(made.value):
        value = re.sub(r"\.requires_grad_\((True)?\)$|, requires_grad=True", "", code(made.value))
        yield line.with_changes(body=[made.with_changes(value=cst.parse_expression(f"nn.Parameter({value})"))])


@fixes("buffer_as_attr", cst.SimpleStatementLine)
def made_a_buffer(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    made = _assigned_attribute(line)
    if made is not None and _sets_up(above) and _is_tensor(made.value):
        (target,) = made.targets
        owner, _, name = code(target.target).rpartition(".")
        for more in ("", ", persistent=False"):
            yield statements(f"{owner}.register_buffer({name!r}, {code(made.value)}{more})")


def _is_tensor(value: cst.BaseExpression) -> bool:
    """Whether a value may be a plain tensor, as it is written."""
    if _container(value) is not None or re.match(r"(torch\.)?nn\.", code(value)):
        return False
    return isinstance(value, (cst.Call, cst.BinaryOperation, cst.UnaryOperation, cst.Name, cst.Attribute))


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
for _sign in ("*", "/", "+", "-"):
    fix("parameter_then_op", f"nn.Parameter(_x) {_sign} _y", f"nn.Parameter((_x) {_sign} _y)")
    fix("parameter_then_op", f"_y {_sign} nn.Parameter(_x)", f"nn.Parameter(_y {_sign} (_x))")
fix("parameter_then_op", "nn.Parameter(_x)._method(*_rest)", "nn.Parameter((_x)._method(*_rest))")
swap(
    "parameter-frozen",
    "a Parameter requires no grad",
    "nn.Parameter(_x)",
    "nn.Parameter(_x, requires_grad=False)",
    "parameter_frozen",
)
fix("parameter_frozen", "nn.Parameter(_x, requires_grad=False)", "nn.Parameter(_x)")
fix("parameter_frozen", "nn.Parameter(_x, False)", "nn.Parameter(_x)")
fix("parameter_frozen", "_x.requires_grad_(False);", "pass")
fix("parameter_frozen", "_x.requires_grad = False;", "pass")
fix("parameter_frozen", "_x.requires_grad_(False)", "_x", "_x.data")

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
for _made in ("nn.Parameter(_x)", "nn.Parameter(_x, requires_grad=False)"):
    fix("buffer_as_parameter", f"self._name = {_made};", "self.register_buffer('_name', _x)")
    fix("registered_tensor", f"self._name = {_made};", "self._name = _x")
fix("registered_tensor", "self.register_buffer(_name, _x, *_rest);", "self._name = _x")
swap(
    "buffer-not-saved",
    "a buffer is not saved",
    "_o.register_buffer(_name, _x)",
    "_o.register_buffer(_name, _x, persistent=False)",
    "buffer_not_persistent",
)
for _given in ("persistent=False", "False"):
    fix("buffer_not_persistent", f"_o.register_buffer(_name, _x, {_given})", "_o.register_buffer(_name, _x)")
swap(
    "buffer-saved",
    "a buffer is saved",
    "_o.register_buffer(_name, _x, persistent=False)",
    "_o.register_buffer(_name, _x)",
)
swap("sizes-swapped", "two sizes change places", "nn.Linear(_in, _out)", "nn.Linear(_out, _in)", "sizes_swapped")
fix("sizes_swapped", "nn._layer(_in, _out, *_rest)", "nn._layer(_out, _in, *_rest)")
swap("super-init", "super().__init__() is dropped", "super().__init__(*_rest);", "pass", "missing_super")


@fixes("missing_super", cst.FunctionDef)
def super_called_first(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "__init__" and is_method(above):
        rest = [line for line in block(function) if not re.match(r"super\b.*__init__", code(line))]
        first = cst.parse_statement("super().__init__()")
        yield function.with_deep_changes(function.body, body=[first, *rest])


_ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "leaky_relu", "elu", "silu")
for _home in ("torch", "F"):
    for _one in _ACTIVATIONS:
        for _other in _ACTIVATIONS:
            if _one != _other and not (_home == "torch" and _other in ("gelu", "leaky_relu", "elu", "silu")):
                fix("other_activation", f"{_home}.{_one}(_x)", f"{_home}.{_other}(_x)")
for _one in ("ReLU", "Tanh", "Sigmoid", "GELU", "LeakyReLU"):
    for _other in ("ReLU", "Tanh", "Sigmoid", "GELU", "LeakyReLU"):
        if _one != _other:
            fix("other_activation", f"nn.{_one}()", f"nn.{_other}()")
for _one, _other in (("relu", "tanh"), ("tanh", "relu"), ("sigmoid", "tanh")):
    for _home in ("torch", "F"):
        _names = (f"{_home}.{_one}(_x)", f"{_home}.{_other}(_x)")
        swap("activation-other", "an activation is another", *_names, "other_activation")
for _one, _other in (("ReLU", "Tanh"), ("Tanh", "ReLU"), ("Sigmoid", "Tanh"), ("GELU", "ReLU"), ("LeakyReLU", "ReLU")):
    swap("activation-other", "an activation is another", f"nn.{_one}()", f"nn.{_other}()", "other_activation")
for _function in ("torch.tanh", "torch.relu", "torch.sigmoid", "F.relu", "F.gelu", "F.tanh"):
    swap("activation", "an activation is dropped", f"{_function}(_x)", "_x", "activation_left_out")
_ACTIVATION = re.compile(r"(?:torch\.)?nn\.(ReLU|Tanh|Sigmoid|GELU)\(\)")
_ACTIVATED = re.compile(r"(?:torch|F|nn\.functional)\.(relu|tanh|sigmoid|gelu)$|\.(relu|tanh|sigmoid)$")


@operator("activation-module", "an activation module is dropped", cst.Arg, "activation_left_out")
def activation_module(argument: cst.Arg, above: Above) -> Iterator[Changed]:
    if _is_activation_module(argument):
        yield argument.with_changes(value=cst.parse_expression("nn.Identity()"))


def _is_activation_module(argument: cst.Arg) -> bool:
    return _ACTIVATION.fullmatch(code(argument.value)) is not None


def _is_activation(call: cst.Call) -> bool:
    return _ACTIVATED.search(code(call.func)) is not None


def _between_layers(activation: str) -> None:
    """Register the fix that puts an activation behind all layers of a forward but the last."""

    @fixes("activation_left_out", cst.FunctionDef)
    def all_but_last_activated(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
        """In forward, what each layer but the last gives goes through it."""
        lines = [[one for one in inside(line, cst.Call) if match("self._layer(_x)", one)] for line in block(function)]
        calls = [call for found in lines for call in found]
        activated = any(map(_is_activation, inside(function, cst.Call)))
        if function.name.value == "forward" and len(calls) > 1 and not activated:
            last = [found for found in lines if found][-1][0]  # in the last line, the outermost one
            changed = {call: cst.parse_expression(f"{activation}({code(call)})") for call in calls if call is not last}
            yield function.with_changes(body=all_replaced(function.body, changed))


def _behind_one(activation: str, module: str) -> None:
    """Register the fixes that put an activation in one place, or in a Sequential."""

    @fixes("activation_left_out", cst.Call)
    def layer_activated(call: cst.Call, above: Above) -> Iterator[Changed]:
        """What a layer gives goes through it; a Sequential has it between two layers."""
        outer, loop = enclosing(above, cst.Call), enclosing(above, cst.For)
        found = match("_layer(_x)", call)
        of_loop = found is not None and loop is not None and code(call.func) in re.findall(r"\w+", code(loop.target))
        if (of_loop or match("self._layer(_x)", call) is not None) and not (outer and _is_activation(outer)):
            yield cst.parse_expression(f"{activation}({code(call)})")
        if match("nn.Sequential(*_rest)", call) is not None and not any(map(_is_activation_module, call.args)):
            weighty = [bool(re.match(r"(torch\.)?nn\.(Linear|Conv\dd)\(", code(one))) for one in call.args]
            made = cst.Arg(cst.parse_expression(module))
            args = [
                part
                for place, one in enumerate(call.args)
                for part in ([made, one] if place and weighty[place] and weighty[place - 1] else [one])
            ]
            if len(args) > len(call.args):
                yield call.with_changes(args=args)

    @fixes("activation_left_out", cst.Return)
    def result_activated(made: cst.Return, above: Above) -> Iterator[Changed]:
        if made.value is not None and not isinstance(made.value, (cst.Tuple, cst.Name)):
            yield made.with_changes(value=cst.parse_expression(f"{activation}({code(made.value)})"))

    fix("activation_left_out", "nn.Identity()", module)


for _activation in ("torch.relu", "torch.tanh"):  # of what comes first, one as soon as the other
    _between_layers(_activation)
for _activation, _module in (("torch.relu", "nn.ReLU()"), ("torch.tanh", "nn.Tanh()")):
    _behind_one(_activation, _module)


@fixes("activation_added", cst.Return)
def result_as_it_is(made: cst.Return, above: Above) -> Iterator[Changed]:
    if isinstance(made.value, cst.Call) and _is_activation(made.value):
        found = match("_home._function(_x)", made.value) or match("_x._function()", made.value)
        if found is not None:
            yield made.with_changes(value=cst.parse_expression(fill("_x", found)))


@fixes("activation_added", cst.Call)
def last_is_a_layer(call: cst.Call, above: Above) -> Iterator[Changed]:
    """A Sequential ends with a layer."""
    if match("nn.Sequential(*_rest)", call) is not None and len(call.args) > 1:
        *rest, last = call.args
        if _is_activation_module(last):
            yield call.with_changes(args=[*rest[:-1], rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])


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
fix("parameter_as_buffer", "_o.register_buffer(_name, _x, *_rest);", "_o._name = nn.Parameter(_x)")


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


@fixes("hook_forward_called_directly", cst.Call)
def module_called(call: cst.Call, above: Above) -> Iterator[Changed]:
    if match("_m.forward(*_rest)", call) is not None and not code(call.func).startswith("super("):
        assert isinstance(call.func, cst.Attribute)
        yield call.with_changes(func=call.func.value)


@operator("forward-misspelt", "forward is misspelt", cst.FunctionDef, "forward_misspelt")
def forward_misspelt(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "forward" and is_method(above):
        yield function.with_changes(name=cst.Name("foward"))


def _misspelt(made: cst.ClassDef, right: str, *others: str) -> Iterator[Changed]:
    """A class in which a method that is not there takes its name back from one whose name is like it."""
    methods = {f.name.value: f for f in made.body.body if isinstance(f, cst.FunctionDef)}
    near = difflib.get_close_matches(right, methods, n=1, cutoff=0.75) or [n for n in others if n in methods]
    if near and right not in methods:
        function = methods[near[0]]
        renamed = function.with_changes(name=cst.Name(right))
        yield made.with_deep_changes(made.body, body=[renamed if p is function else p for p in made.body.body])


@fixes("forward_misspelt", cst.ClassDef)
def forward_spelt(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    yield from _misspelt(made, "forward", "Forward", "__forward__", "__call__")


@fixes("init_misspelt", cst.ClassDef)
def init_spelt(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    yield from _misspelt(made, "__init__", "init", "_init_")


@operator("init-misspelt", "__init__ is misspelt", cst.FunctionDef, "init_misspelt")
def init_misspelt(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "__init__":
        yield function.with_changes(name=cst.Name("__int__"))


@operator("forward-no-return", "forward returns nothing", cst.SimpleStatementLine, "forward_no_return")
def forward_no_return(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    found = match("return _x;", line)
    if found is not None and function is not None and function.name.value == "forward":
        yield statements(fill("_x", found))


def _returned(function: cst.FunctionDef) -> Iterator[Changed]:
    """A function that gives back what its last line computes."""
    *lines, last = block(function)
    if isinstance(last, cst.FunctionDef) and not any(inside(cst.Module(lines), cst.Return)):
        given = cst.parse_statement(f"return {last.name.value}")
        yield function.with_deep_changes(function.body, body=[*lines, last, given])
        return
    found = match("_x = _y;", last) or match("_x;", last)
    if found is None or isinstance(last.body[0], cst.Return) or any(inside(function, cst.Return)):
        return
    made = cst.parse_statement(fill("return _x", found))
    kept = [last, made] if "_y" in found else [made]
    yield function.with_deep_changes(function.body, body=[*lines, *kept])


@fixes("forward_no_return", cst.FunctionDef)
def forward_returns(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value == "forward":
        yield from _returned(function)


@fixes("result_not_returned", cst.FunctionDef)
def result_returned(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.name.value not in ("forward", "__init__"):
        yield from _returned(function)
        (*_, last) = block(function)
        found = match("_x._method(*_rest);", last)
        if found is not None and isinstance(found["_x"], ast.Name):  # `model.apply(f)`: the model itself
            given = cst.parse_statement(f"return {found['_x'].id}")
            yield function.with_deep_changes(function.body, body=[*block(function), given])


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


@fixes("mutates_input", cst.FunctionDef)
def argument_copied(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """The function writes to a copy of its argument."""
    body = "\n".join(map(code, block(function)))
    for name in arguments_of(function):
        loops = re.findall(rf"for .*?\b(\w+) in (?:enumerate\()?{name}\b", body)
        others = re.findall(rf"^\s*(\w+) = {name}$", body, re.MULTILINE)
        for written in (name, *loops, *others):
            place = rf"\b{written}(\[.*\]|\.data|\.detach\(\))*"
            if re.search(rf"{place}( [-+*/@%]?=[^=]|\.\w+_\()", body):
                yield after_docstring(function, f"{name} = {name}.clone()")
            if re.search(rf"{place}( [-+*/@%]?=[^=]|\.({_CHANGES})\()", body):
                yield after_docstring(function, f"{name} = __import__('copy').deepcopy({name})")


for _sign in ("+", "-", "*", "/"):
    fix("mutates_input", f"_x {_sign}= _y;", "pass")
_CHANGES = "append|clear|extend|insert|pop|remove|reverse|sort|update|setdefault"
_WRITES_TO_SELF = re.compile(
    r"self\.\w+\(.*\)$|self\.\w+(\.data|\[.*\])?( [-+*/]?= |\.(\w+_|add|append|update)\()|self\.\w+, .* = "
)


@fixes("training_ignored", cst.FunctionDef)
def only_in_training(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """What forward writes to its module, it writes in training alone."""
    lines = block(function)
    writes = [place for place, line in enumerate(lines) if _WRITES_TO_SELF.match(code(line))]
    if function.name.value == "forward" and writes and "self.training" not in code(function):
        between = list(range(writes[0], writes[-1] + 1))
        for held in (writes, between) if between != writes else (writes,):
            test = cst.If(cst.parse_expression("self.training"), cst.IndentedBlock([lines[place] for place in held]))
            rest = [lines[place] for place in between if place not in held]
            changed = [*lines[: writes[0]], *rest, test, *lines[writes[-1] + 1 :]]
            yield function.with_deep_changes(function.body, body=changed)


@operator("training-ignored", "training and evaluation do the same", cst.If, "training_ignored")
def training_ignored(made: cst.If, above: Above) -> Iterator[Changed]:
    if match("self.training", made.test) is not None and made.orelse is None:
        yield cst.FlattenSentinel(made.body.body)


swap(
    "dropout-always",
    "dropout drops in evaluation, too",
    "F.dropout(_x, _p, training=self.training)",
    "F.dropout(_x, _p)",
    "training_ignored",
)
for _dropout in ("F.dropout", "nn.functional.dropout", "torch.nn.functional.dropout", "torch.dropout"):
    fix("training_ignored", f"{_dropout}(_x)", f"{_dropout}(_x, training=self.training)")
    fix("training_ignored", f"{_dropout}(_x, _p)", f"{_dropout}(_x, _p, training=self.training)")
    fix("training_ignored", f"{_dropout}(_x, p=_p)", f"{_dropout}(_x, p=_p, training=self.training)")
    fix("training_ignored", f"{_dropout}(_x, _p, True)", f"{_dropout}(_x, _p, self.training)")
fix("layer_created_in_forward", "nn.Dropout(*_rest)(_x)", "F.dropout(_x, *_rest, training=self.training)")


@fixes("layer_created_in_forward", cst.ClassDef)
def layer_made_once(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    """A layer that forward makes is made by `__init__`: where a name is given to it, under that name."""
    methods = {f.name.value: f for f in made.body.body if isinstance(f, cst.FunctionDef)}
    if "forward" not in methods:
        return
    forward = methods["forward"]
    init = methods.get("__init__") or cst.parse_statement("def __init__(self):\n    super().__init__()\n")
    kept: list[str] = []
    body = "\n".join(code(line) for line in block(forward))
    for line in inside(forward, cst.SimpleStatementLine):
        found = match("_name = nn._kind(*_rest);", line)
        if found is not None and isinstance(found["_name"], ast.Name):
            name = found["_name"].id
            kept.append(fill(f"self.{name} = nn._kind(*_rest)", found))
            body = re.sub(rf"(?<![.\w]){name}\b", f"self.{name}", body.replace(code(line), "pass"))
    for number, call in enumerate(inside(forward, cst.Call)):
        if match("nn._kind(*_rest)(*_more)", call) is not None:
            kept.append(f"self.layer{number or ''} = {code(call.func)}")
            body = body.replace(code(call.func), f"self.layer{number or ''}")
    if kept and isinstance(init, cst.FunctionDef):
        moved = forward.with_deep_changes(forward.body, body=[*cst.parse_module(body).body])
        lines = [*block(init), *(cst.parse_statement(line.replace("self.self.", "self.")) for line in kept)]
        grown = init.with_deep_changes(init.body, body=lines)
        rest = [moved if part is forward else part for part in made.body.body if part is not methods.get("__init__")]
        yield made.with_deep_changes(made.body, body=[grown, *rest])


@fixes("base_missing", cst.ClassDef)
def base_named(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    if not made.bases:
        for name in ("nn.Module", "torch.utils.data.Dataset", "torch.utils.data.Sampler"):
            yield made.with_changes(
                bases=[cst.Arg(cst.parse_expression(name))], lpar=cst.LeftParen(), rpar=cst.RightParen()
            )


@fixes("doc_as_method", cst.ClassDef)
def doc_written(made: cst.ClassDef, above: Above) -> Iterator[Changed]:
    for method in made.body.body:
        if isinstance(method, cst.FunctionDef) and method.name.value == "__doc__":
            for text in inside(method, cst.SimpleString):
                doc = cst.parse_statement(code(text))
                rest = [part for part in made.body.body if part is not method]
                yield made.with_deep_changes(made.body, body=[doc, *rest])


@fixes("batch_first_forgotten", cst.Call)
def batch_comes_first(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _BATCHED.fullmatch(code(call.func)):
        given = [a for a in call.args if a.keyword is None or a.keyword.value != "batch_first"]
        if not any("True" in code(a) for a in call.args if a not in given):
            yield call.with_changes(args=[*given, cst.Arg(cst.Name("True"), cst.Name("batch_first"))])


@operator("batch-first", "batch_first is left out", cst.Call, "batch_first_forgotten")
def batch_first(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _BATCHED.fullmatch(code(call.func)):
        yield from without_keywords(call, "batch_first")


@operator("rnn-tuple", "a recurrent layer's tuple is not taken apart", cst.SimpleStatementLine, "rnn_tuple_kept")
def rnn_tuple(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("_x, _state = self._rnn(*_rest);", line)
    if found is not None and re.fullmatch(r"\w*(rnn|lstm|gru)\w*", found["_rnn"].id):
        yield statements(fill("_x = self._rnn(*_rest)", found))


@fixes("rnn_tuple_kept", cst.SimpleStatementLine)
def output_unpacked(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("_x = self._rnn(*_rest);", line)
    if found is not None and isinstance(found["_x"], ast.Name):
        yield statements(fill("_x, _ = self._rnn(*_rest)", found | {"_": ast.Name("_")}))
        yield statements(fill("_, _x = self._rnn(*_rest)", found | {"_": ast.Name("_")}))
        yield statements(fill("_, (_x, _) = self._rnn(*_rest)", found | {"_": ast.Name("_")}))


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


for _wrong, _right in (
    ("_h[:, -1]", "_h[-1]"),
    ("_h[:, -1, :]", "_h[-1]"),
    ("_h[-1]", "_h[:, -1]"),
    ("_h[0]", "_h[:, -1]"),
):
    fix("last_of_the_wrong_dimension", _wrong, _right)
fix("last_of_the_wrong_dimension", "_h[:, 0]", "_h[-1]", "_h[:, -1]")


@operator("last-layer", "the last of another dimension is taken", cst.Subscript, "last_of_the_wrong_dimension")
def last_of_batch(made: cst.Subscript, above: Above) -> Iterator[Changed]:
    owner = enclosing(above, cst.ClassDef)
    found = match("_h[:, -1]", made)
    if found is not None and owner is not None and re.search(r"nn\.(LSTM|GRU|RNN)\(", code(owner)):
        yield expression(fill("_h[-1]", found), above[-1])


@fixes("flatten_forgotten", cst.Call)
def flattened(call: cst.Call, above: Above) -> Iterator[Changed]:
    """What goes into a layer is flattened; in a Sequential, before its first Linear."""
    found = match("self._layer(_x)", call)
    if found is not None:
        yield expression(fill("self._layer(_x.flatten(1))", found), above[-1])
    if match("nn.Sequential(*_rest)", call) is not None and "Flatten" not in code(call):
        places = [
            place for place, one in enumerate(call.args) if code(one).startswith(("nn.Linear", "torch.nn.Linear"))
        ]
        for place in places[:1]:
            flatten = cst.Arg(cst.parse_expression("nn.Flatten()"))
            yield call.with_changes(args=[*call.args[:place], flatten, *call.args[place:]])


swap(
    "flatten", "what goes into a Linear is not flattened", "self._l(_x.flatten(1))", "self._l(_x)", "flatten_forgotten"
)


@fixes("attribute_not_written_back", cst.SimpleStatementLine)
def written_back(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    """A variable that began as an attribute, or has its name, and is changed is put back there."""
    function = enclosing(above, cst.FunctionDef)
    found = re.match(r"(\w+) (?:=|\+=|-=|\*=) ", code(line)) if function is not None else None
    if found is not None:
        name, within = found[1], code(function.body)
        began = re.search(rf"^\s*{name} = self\.(\w+)$", within, re.MULTILINE)
        kept = began[1] if began is not None else name if f"self.{name}" in within else ""
        if kept and f"{name} = self.{kept}" != code(line):
            yield statements(f"{code(line)}\nself.{kept} = {name}.detach()")


def _to_variable(line: cst.SimpleStatementLine, above: Above, elsewhere: bool) -> Iterator[Changed]:
    """An attribute that a method assigns, as a variable.

    Args:
        elsewhere: whether another method assigns the attribute, too.
    """
    found, function = match("self._name = _x;", line), enclosing(above, cst.FunctionDef)
    owner = enclosing(above, cst.ClassDef)
    if found is None or owner is None or function is None or function.name.value in ("__init__", "__setstate__"):
        return
    name = found["_name"].id
    others = code(owner).replace(code(line), "")
    made = re.search(rf"self\.{name} = |register_\w+\(['\"]{name}['\"]", others) is not None
    if made == elsewhere:
        yield statements(fill("_name = _x", found))


@operator(
    "local-variable", "a variable takes an attribute's place", cst.SimpleStatementLine, "attribute_not_written_back"
)
def local_variable(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    yield from _to_variable(line, above, elsewhere=True)


@operator("kept-in-variable", "nothing makes an attribute", cst.SimpleStatementLine, "kept_in_variable")
def kept_in_variable(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    yield from _to_variable(line, above, elsewhere=False)


@fixes("kept_in_variable", cst.SimpleStatementLine)
def kept_as_attribute(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    """A variable whose name others read as an attribute that nothing makes."""
    found, owner = re.match(r"(\w+) = ", code(line)), enclosing(above, cst.ClassDef)
    if found is not None and owner is not None and enclosing(above, cst.FunctionDef) is not None:
        read = rf"self\.{found[1]}\b(?! = )"
        if re.search(read, code(owner)) and f"self.{found[1]} = " not in code(owner):
            yield statements(f"{code(line)}\nself.{found[1]} = {found[1]}")


@operator("bias-untested", "nothing asks whether there is a bias", cst.If, "bias_is_none")
def bias_untested(made: cst.If, above: Above) -> Iterator[Changed]:
    if match("_m.bias is not None", made.test) is not None and made.orelse is None:
        yield cst.FlattenSentinel(made.body.body)


@fixes("bias_is_none", cst.SimpleStatementLine)
def bias_asked_for(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    used = re.search(r"[\w.]+\.bias\b", code(line))
    if used is not None and not isinstance(line.body[0], cst.Return):
        yield cst.If(cst.parse_expression(f"{used[0]} is not None"), cst.IndentedBlock([line]))


fix("bias_is_none", "_x + _m.bias", "(_x if _m.bias is None else _x + _m.bias)")


@operator("stored-order", "a loop goes through what is stored", cst.For, "stored_order")
def stored_order(loop: cst.For, above: Above) -> Iterator[Changed]:
    name, given = code(loop.target), code(loop.iter)
    stored = re.search(rf"(self\.\w+)\[{name}\]", code(loop.body)) if name.isidentifier() else None
    if stored is not None and given.isidentifier():
        held = cst.If(cst.parse_expression(f"{name} in {given}"), cst.IndentedBlock(block(loop)))
        yield loop.with_changes(iter=cst.parse_expression(stored[1]), body=cst.IndentedBlock([held]))


@fixes("stored_order", cst.For)
def given_order(loop: cst.For, above: Above) -> Iterator[Changed]:
    """A loop through a dict that takes what a list names goes through that list."""
    stored = re.fullmatch(r"(.*?)(\.items\(\)|\.keys\(\))?", code(loop.iter))
    name, _, value = code(loop.target).partition(", ")
    lines = block(loop)
    if stored is not None and len(lines) == 1 and isinstance(lines[0], cst.If) and lines[0].orelse is None:
        found = match("_n in _given", lines[0].test)
        if found is not None and fill("_n", found) == name:
            first = [cst.parse_statement(f"{value} = {stored[1]}[{name}]")] if value else []
            yield loop.with_changes(
                target=cst.Name(name),
                iter=cst.parse_expression(fill("_given", found)),
                body=cst.IndentedBlock([*first, *lines[0].body.body]),
            )


def _argument(name: str, above: Above) -> cst.Param | None:
    """The argument of the function around that a name stands for."""
    function = enclosing(above, cst.FunctionDef)
    parameters = (*function.params.params, *function.params.kwonly_params) if function is not None else ()
    return next((one for one in parameters if one.name.value == name), None)


def _may_be_none(name: str, above: Above) -> bool:
    """Whether a name is an argument that is None where it is not given."""
    given = _argument(name, above)
    return given is not None and given.default is not None and code(given.default) == "None"


fix("zero_is_false", "not _d.get(_k)", "_k not in _d")


def _asked(node: cst.If | cst.IfExp, above: Above) -> Iterator[Changed]:
    for pattern, asked in (("_x", "is not None"), ("not _x", "is None")):
        found = match(pattern, node.test)
        if found is not None and isinstance(found["_x"], ast.Name) and _may_be_none(found["_x"].id, above):
            yield node.with_changes(test=cst.parse_expression(f"{found['_x'].id} {asked}"))
    looked_up = match("_d.get(_k)", node.test)
    if looked_up is not None:
        yield node.with_changes(test=cst.parse_expression(fill("_k in _d", looked_up)))


@fixes("zero_is_false", cst.If)
def none_asked_for(made: cst.If, above: Above) -> Iterator[Changed]:
    yield from _asked(made, above)


@fixes("zero_is_false", cst.IfExp)
def none_asked_for_in_line(made: cst.IfExp, above: Above) -> Iterator[Changed]:
    yield from _asked(made, above)


@operator("none-to-false", "0 is taken for None", cst.Comparison, "zero_is_false")
def none_to_false(made: cst.Comparison, above: Above) -> Iterator[Changed]:
    for pattern, truth in (("_x is not None", "_x"), ("_x is None", "not _x")):
        found = match(pattern, made)
        if found is not None and isinstance(found["_x"], ast.Name) and _may_be_none(found["_x"].id, above):
            yield expression(fill(truth, found), above[-1])


@operator("type-compared", "subclasses are left out", cst.Call, "subclasses_left_out")
def type_compared(call: cst.Call, above: Above) -> Iterator[Changed]:
    """Where the class is an argument: few exercises ask for subclasses of one that the code names."""
    found = match("isinstance(_x, _kind)", call)
    if found is not None and isinstance(found["_kind"], ast.Name) and _argument(found["_kind"].id, above) is not None:
        yield expression(fill("type(_x) is _kind", found), above[-1])


for _type in ("type(_x)", "_x.__class__"):
    for _same in ("==", "is"):
        fix("subclasses_left_out", f"{_type} {_same} _kind", "isinstance(_x, _kind)")
    fix("subclasses_left_out", f"{_type} in _kind", "isinstance(_x, tuple(_kind))")
