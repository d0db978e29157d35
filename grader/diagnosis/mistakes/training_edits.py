"""Edits of autograd, losses, optimizers and training loops."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

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
    with_keyword,
    without_keywords,
)

_NO_GRAD = re.compile(r"with torch\.(no_grad|inference_mode)\(\)")
_OPTIMIZER = re.compile(r"\b([\w.]+)\.(?:step|zero_grad)\b|\b([\w.]+) = (?:torch\.)?optim\.|\b(opt\w*)\b")
_LEAF = "_leaf = _x.detach().clone().requires_grad_();"
_LOSS = re.compile(r"\b(\w*loss|l|error|cost)\b = ")


def _optimizer_of(function: cst.CSTNode) -> str:
    """What an optimizer is called in a function."""
    found = _OPTIMIZER.search(code(function))
    return next(filter(None, found.groups())) if found else "optimizer"


def _with_lines(
    node: Any, place: int, added: Sequence[str], without: Callable[[str], bool] = lambda line: False
) -> cst.CSTNode:
    """A block with some lines before one of its own, and others left out.

    Args:
        place: of the line that they come before.
        without: which lines, as code, are left out.
    """
    lines = node.body
    made = [cst.parse_statement(line) for line in added]
    kept = [line for line in lines[:place] if not without(code(line))]
    rest = [line for line in lines[place:] if not without(code(line))]
    return cast("cst.CSTNode", node.with_changes(body=[*kept, *made, *rest]))


def _lines_like(node: cst.IndentedBlock, pattern: str) -> list[int]:
    """The places of a block's lines that are as a regular expression has them."""
    return [place for place, line in enumerate(node.body) if re.match(pattern, code(line))]


@fixes("forgot_zero_grad", cst.IndentedBlock)
def cleared_before_backward(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    for place in _lines_like(lines, r".*\.backward\(") if function is not None else ():
        optimizer = _optimizer_of(function)
        clears = [f"{optimizer}.zero_grad()"] if re.search(rf"\b{optimizer}\b", code(function)) else []
        clears += [f"{name}.zero_grad()" for name in arguments_of(function) if name in ("model", "net", "module")]
        clears += [f"{name}.grad = None" for name in dict.fromkeys(re.findall(r"([\w.]+)\.grad\b", code(function)))]
        for clear in clears:
            yield _with_lines(lines, place, [clear])
        if clears and ".zero_grad()" in code(lines):
            yield _with_lines(lines, place, clears[:1], lambda line: line.endswith(".zero_grad()"))


@fixes("forgot_zero_grad", cst.IndentedBlock)
def cleared_after_step(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    if function is not None and ".zero_grad(" not in code(function):
        for place in _lines_like(lines, r".*\.step\(\)$"):
            yield _with_lines(lines, place + 1, [f"{_optimizer_of(function)}.zero_grad()"])


@fixes("cleared_before_step", cst.IndentedBlock)
def cleared_first(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    backwards, clears = _lines_like(lines, r".*\.backward\("), _lines_like(lines, r".*\.zero_grad\(")
    steps = _lines_like(lines, r".*\.step\(")
    if backwards and clears and steps and backwards[0] < clears[0] < steps[0]:
        clear = code(lines.body[clears[0]])
        yield _with_lines(lines, backwards[0], [clear], lambda line: line == clear)


@fixes("forgot_zero_grad", cst.FunctionDef)
def cleared_at_first(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    optimizer = _optimizer_of(function)
    if ".backward(" in code(function) and optimizer in arguments_of(function):
        yield after_docstring(function, f"{optimizer}.zero_grad()")


fix("backward_forgotten", "_loss.backward;", "_loss.backward()")


@fixes("backward_forgotten", cst.IndentedBlock)
def backward_of_each_loss(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    """Where a loss is computed, backward follows."""
    function = enclosing(above, cst.FunctionDef)
    if function is not None and ".backward(" not in code(function):
        for place, line in enumerate(lines.body):
            if found := _LOSS.match(code(line)):
                yield _with_lines(lines, place + 1, [f"{found[1]}.backward()"])


@fixes("backward_forgotten", cst.IndentedBlock)
def backward_before_step(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    losses = [found[1] for line in lines.body if (found := _LOSS.match(code(line)))]
    if function is not None and losses and ".backward(" not in code(function):
        for place in _lines_like(lines, r".*\.step\(\)$|with torch\.no_grad"):
            yield _with_lines(lines, place, [f"{losses[-1]}.backward()"])


fix("step_forgotten", "_o.step;", "_o.step()")


@fixes("step_forgotten", cst.IndentedBlock)
def step_after_backward(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    if function is None or ".step(" in code(function):
        return
    for place in _lines_like(lines, r".*\.backward\("):
        yield _with_lines(lines, place + 1, [f"{_optimizer_of(function)}.step()"])
    if lines is function.body:
        for place, line in enumerate(lines.body):
            if isinstance(line, cst.For) and ".backward(" in code(line):
                yield _with_lines(lines, place + 1, [f"{_optimizer_of(function)}.step()"])


@fixes("step_before_backward", cst.IndentedBlock)
def step_moved(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    steps, backwards = _lines_like(lines, r".*\.step\(\)$"), _lines_like(lines, r".*\.backward\(")
    if steps and backwards and steps[0] < backwards[0]:
        step = code(lines.body[steps[0]])
        yield _with_lines(lines, backwards[0] + 1, [step], lambda line: line == step)


@fixes("step_repeated", cst.IndentedBlock)
def step_once(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    steps = _lines_like(lines, r".*\.step\(\)$")
    for place in steps[1:]:
        yield lines.with_changes(body=[line for other, line in enumerate(lines.body) if other != place])


for _said in ("eval", "train"):
    fix("eval_forgotten", f"_m.{_said};", f"_m.{_said}()")
fix("eval_forgotten", "_m.train();", "_m.eval()")
fix("eval_forgotten", "_m.training = False;", "_m.eval()")
fix("eval_forgotten", "_m.training = True;", "_m.train()")
fix("eval_forgotten", "_m.eval();", "_m.train()", "pass")
fix("eval_forgotten", "_m.train();", "pass")


@fixes("eval_forgotten", cst.FunctionDef)
def mode_set(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    names = [name for name in arguments_of(function) if re.search(rf"\b{name}(\.\w+)?\(", code(function))]
    for name in names[:1]:
        after = [*block(function)]
        last = [after.pop()] if re.match(r"return\b", code(after[-1])) else []
        back = cst.parse_statement(f"{name}.train()")
        trained = function.with_deep_changes(function.body, body=[*after, back, *last])
        evaluated = after_docstring(function, f"{name}.eval()")
        says = {mode: f"{name}.{mode}(" in code(function) for mode in ("eval", "train")}
        if not says["eval"]:
            yield evaluated
        if not any(says.values()):
            given = "for module, mode in modes.items():\n    module.training = mode"
            returned = function.with_deep_changes(function.body, body=[*after, cst.parse_statement(given), *last])
            kept = f"modes = {{module: module.training for module in {name}.modules()}}"
            yield after_docstring(returned, kept, f"{name}.eval()")
            yield after_docstring(trained, f"{name}.eval()")
        if not says["eval"]:
            begins = [place for place, line in enumerate(block(function)) if isinstance(line, (cst.For, cst.With))]
            if begins and begins[0] > 0:
                yield function.with_changes(body=_with_lines(function.body, begins[0], [f"{name}.eval()"]))
        if not says["train"]:
            yield after_docstring(function, f"{name}.train()")
            yield trained


@fixes("no_grad_forgotten", cst.FunctionDef)
def without_graph(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if ".backward(" not in code(function) and "set_grad_enabled" not in code(function):
        lines = block(function)
        context = cst.With([cst.WithItem(cst.parse_expression("torch.no_grad()"))], cst.IndentedBlock(lines))
        yield function.with_deep_changes(function.body, body=[context])


@fixes("grad_left_off", cst.IndentedBlock)
def grad_off_for_a_block(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    for place in _lines_like(lines, r"torch\.set_grad_enabled\(False\)$"):
        rest = lines.body[place + 1 :]
        if rest:
            context = cst.With([cst.WithItem(cst.parse_expression("torch.no_grad()"))], cst.IndentedBlock(rest))
            yield lines.with_changes(body=[*lines.body[:place], context])


for _softmax in ("F.softmax", "torch.softmax", "F.log_softmax", "torch.log_softmax"):
    fix("double_softmax", f"{_softmax}(_x, *_rest)", "_x")
for _softmax in ("softmax", "log_softmax"):
    fix("double_softmax", f"_x.{_softmax}(*_rest)", "_x")
for _softmax in ("nn.Softmax", "nn.LogSoftmax"):
    fix("wrong_dim", f"{_softmax}(dim=0)", f"{_softmax}(dim=1)")
    fix("wrong_dim", f"{_softmax}(dim=1)", f"{_softmax}(dim=0)")
    fix("double_softmax", f"{_softmax}(*_rest)", "nn.Identity()")
for _sigmoid in ("torch.sigmoid(_x)", "F.sigmoid(_x)", "_x.sigmoid()"):
    fix("double_sigmoid", _sigmoid, "_x")
fix("double_sigmoid", "nn.Sigmoid()", "nn.Identity()")
fix("nll_on_logits", "F.nll_loss(_x, *_rest)", "F.cross_entropy(_x, *_rest)")
fix("nll_on_logits", "nn.NLLLoss(*_rest)", "nn.CrossEntropyLoss(*_rest)")
fix("bce_on_logits", "F.binary_cross_entropy(_x, *_rest)", "F.binary_cross_entropy_with_logits(_x, *_rest)")
fix("bce_on_logits", "nn.BCELoss(*_rest)", "nn.BCEWithLogitsLoss(*_rest)")
for _softmax in ("F.{}(_x, *_rest)", "torch.{}(_x, *_rest)", "_x.{}(*_rest)"):
    fix("softmax_without_log", _softmax.format("softmax"), _softmax.format("log_softmax"))
fix("softmax_without_log", "nn.Softmax(*_rest)", "nn.LogSoftmax(*_rest)")
for _function in ("softmax", "log_softmax", "argmax", "mean", "sum", "max", "min"):
    for _one, _other in (("0", "1"), ("1", "0"), ("-1", "0"), ("0", "-1"), ("1", "-1")):
        for _how in ("dim={}", "{}"):
            for _call in (f"_x.{_function}({{}})", f"torch.{_function}(_x, {{}})", f"F.{_function}(_x, {{}})"):
                fix("wrong_dim", _call.format(_how.format(_one)), _call.format(_how.format(_other)))
_WHOLE = re.compile(r"\.(mean|std|var|sum|amax|amin|norm)$")


def _along(**keywords: str) -> None:
    """Register a fix that gives what goes over a whole tensor a dimension."""

    @fixes("wrong_dim", cst.Call)
    def along(call: cst.Call, above: Above) -> Iterator[Changed]:
        given = [argument.keyword.value if argument.keyword else "" for argument in call.args]
        one_number = isinstance(above[-1], cst.Attribute) and above[-1].attr.value == "item"
        if _WHOLE.search(code(call.func)) and not one_number and not {"", "dim", "axis"} & set(given):
            for keyword, value in keywords.items():
                call = with_keyword(call, keyword, value)
            yield call


_along(dim="0")
_along(dim="-1", keepdim="True")
for _loss in (
    *("F.mse_loss", "F.cross_entropy", "F.l1_loss", "F.nll_loss", "F.binary_cross_entropy_with_logits"),
    "F.multi_margin_loss",
):
    fix("loss_summed", f"{_loss}(_x, _y, reduction='sum')", f"{_loss}(_x, _y)")
    fix("loss_averaged", f"{_loss}(_x, _y)", f"{_loss}(_x, _y, reduction='sum')")
    for _other in ("F.mse_loss", "F.cross_entropy", "F.l1_loss", "F.binary_cross_entropy_with_logits"):
        if _loss != _other:
            fix("other_loss", f"{_loss}(_x, _y, *_rest)", f"{_other}(_x, _y, *_rest)")
for _loss in (
    *("nn.MSELoss", "nn.CrossEntropyLoss", "nn.L1Loss", "nn.NLLLoss", "nn.BCEWithLogitsLoss"),
    "nn.MultiMarginLoss",
):
    fix("loss_summed", f"{_loss}(reduction='sum')", f"{_loss}()")
    fix("loss_averaged", f"{_loss}()", f"{_loss}(reduction='sum')")
    for _other in ("nn.MSELoss", "nn.CrossEntropyLoss", "nn.L1Loss", "nn.BCEWithLogitsLoss"):
        if _loss != _other:
            fix("other_loss", f"{_loss}(*_rest)", f"{_other}(*_rest)")


@fixes("loss_summed", cst.Return)
def sum_divided(made: cst.Return, above: Above) -> Iterator[Changed]:
    """What was summed over batches is divided by the number of their samples."""
    function = enclosing(above, cst.FunctionDef)
    if function is None or not isinstance(made.value, cst.Name) or not list(inside(function, cst.For)):
        return
    for name in arguments_of(function):
        if re.search(rf"\bin (enumerate\()?{name}\b", code(function)):
            yield made.with_changes(value=cst.parse_expression(f"{code(made.value)} / len({name}.dataset)"))
            counted = f"{code(made.value)} / sum(len(batch[-1]) for batch in {name})"
            yield made.with_changes(value=cst.parse_expression(counted))


_OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad")
for _home in ("torch.optim", "optim"):
    for _one in _OPTIMIZERS:
        for _other in _OPTIMIZERS:
            if _one != _other:
                fix("other_optimizer", f"{_home}.{_one}(*_rest)", f"{_home}.{_other}(*_rest)")


@fixes("parentheses_forgotten", cst.SimpleStatementLine)
def method_called(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("_o._method;", line)
    if found is not None and getattr(found["_method"], "id", "") not in ("backward", "step"):
        yield statements(fill("_o._method()", found))


fix("parentheses_forgotten", "_f(_m.parameters, *_rest)", "_f(_m.parameters(), *_rest)")
fix("parentheses_forgotten", "_f(_m.children, *_rest)", "_f(_m.children(), *_rest)")


@fixes("argument_unused_in_function", cst.Call)
def seed_used(call: cst.Call, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    found = match("_o.manual_seed(_c)", call)
    for name in arguments_of(function) if function is not None and found is not None else ():
        if "seed" in name and isinstance(call.args[0].value, cst.Integer):
            yield with_arguments(call, name)


@fixes("argument_unused_in_function", cst.Arg)
def argument_used(given: cst.Arg, above: Above) -> Iterator[Changed]:
    """A keyword that gets a fixed value gets the function's argument of the same name."""
    function = enclosing(above, cst.FunctionDef)
    names = arguments_of(function) if function is not None else []
    if given.keyword is not None and given.keyword.value in names and code(given.value) != given.keyword.value:
        yield given.with_changes(value=given.keyword)


def _unused(function: cst.FunctionDef | None) -> list[str]:
    """The names of a function's arguments that are not in its body."""
    names = arguments_of(function) if function is not None else []
    return [name for name in names if not re.search(rf"\b{name}\b", code(function.body))] if function else []


@lru_cache(maxsize=64)
def _assigned(module: cst.CSTNode) -> frozenset[str]:
    """What stands to the left of a module's assignments."""
    return frozenset(code(line).partition("=")[0].strip() for line in inside(module, cst.Assign))


@fixes("argument_unused_in_function", cst.Name)
def argument_for_global(name: cst.Name, above: Above) -> Iterator[Changed]:
    """What is read from the module's variables, though an argument is there for it."""
    function, parent = enclosing(above, cst.FunctionDef), above[-1]
    member = isinstance(parent, (cst.Attribute, cst.Arg, cst.Param)) and name in (
        getattr(parent, part, None) for part in ("attr", "keyword", "name")
    )
    own = function is None or name.value in arguments_of(function)
    read = not own and name.value in _assigned(above[0]) and f"{name.value} = " not in code(function.body)
    if read and not member:
        for argument in _unused(function):
            yield name.with_changes(value=argument)


@fixes("argument_unused_in_function", cst.Integer)
def argument_for_number(number: cst.Integer, above: Above) -> Iterator[Changed]:
    if not any(isinstance(node, (cst.Subscript, cst.Param)) for node in above):
        for argument in _unused(enclosing(above, cst.FunctionDef)):
            yield cst.Name(argument)


@fixes("argument_unused_in_function", cst.List)
def argument_as_length(made: cst.List, above: Above) -> Iterator[Changed]:
    """Equal elements that are written out, as many as an argument says."""
    parts = {code(element.value) for element in made.elements}
    for argument in _unused(enclosing(above, cst.FunctionDef)) if len(parts) == 1 else ():
        yield cst.parse_expression(f"[{parts.pop()} for _ in range({argument})]")


_FREEZES = re.compile(r"requires_grad(_\(False|\s*=\s*False|['\"], False)")


@fixes("frozen_forgotten", cst.For)
def frozen_in_loop(loop: cst.For, above: Above) -> Iterator[Changed]:
    """A loop over parameters that freezes each; where it has a condition, those that meet it."""
    if "parameters(" not in code(loop.iter) or _FREEZES.search(code(loop)):
        return
    target = loop.target.elements[-1].value if isinstance(loop.target, cst.Tuple) else loop.target
    line = cst.parse_statement(f"{code(target)}.requires_grad_(False)")
    tests = [part for part in loop.body.body if isinstance(part, cst.If)]
    if tests:
        inner = tests[0].with_deep_changes(tests[0].body, body=[*tests[0].body.body, line])
        yield loop.with_deep_changes(loop.body, body=[inner if p is tests[0] else p for p in loop.body.body])
    yield loop.with_deep_changes(loop.body, body=[*loop.body.body, line])


fix("frozen_forgotten", "_p.requires_grad = True;", "_p.requires_grad = False")
fix("frozen_forgotten", "_p.requires_grad_(*_rest);", "_p.requires_grad_(False)")
fix("frozen_forgotten", "_p._flag = False;", "_p.requires_grad_(False)")


@fixes("frozen_forgotten", cst.FunctionDef)
def frozen_before_return(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """The first argument, a model, is frozen: the part of it that a text names, else all of it."""
    arguments = arguments_of(function)
    if arguments and not _FREEZES.search(code(function)):
        test = f"if name.startswith({arguments[1]}):\n        " if len(arguments) > 1 else ""
        loop = f"for name, p in {arguments[0]}.named_parameters():\n    {test}p.requires_grad_(False)"
        yield after_docstring(function, loop)
        but_last = f"for part in list({arguments[0]}.children())[:-1]:\n    part.requires_grad_(False)"
        yield after_docstring(function, but_last)


for _wrong in ("require_grad", "requires_grads", "required_grad", "require_grads", "requiresgrad"):
    fix("requires_grad_misspelt", f"_p.{_wrong} = _value;", "_p.requires_grad = _value")
swap(
    "requires-grad-misspelt",
    "requires_grad is misspelt",
    "_p.requires_grad = _value;",
    "_p.require_grad = _value",
    "requires_grad_misspelt",
)
fix("state_not_copied", "_x = _m.state_dict();", "_x = copy.deepcopy(_m.state_dict())")
for _shallow in (
    "_m.state_dict().copy()",
    "dict(_m.state_dict())",
    "copy.copy(_m.state_dict())",
    "OrderedDict(_m.state_dict())",
):
    fix("state_not_copied", _shallow, "copy.deepcopy(_m.state_dict())")
fix("state_not_copied", "_a, _b = _x, _m.state_dict();", "_a, _b = _x, copy.deepcopy(_m.state_dict())")
for _deep in ("copy.deepcopy", "deepcopy"):
    swap("state-shared", "a state is not copied", f"{_deep}(_m.state_dict())", "_m.state_dict()", "state_not_copied")
for _chosen in ("_x.argmax(*_rest)", "torch.argmax(_x, *_rest)", "_x.max(*_rest)[1]", "torch.max(_x, *_rest)[1]"):
    fix("argmax_before_loss", _chosen, "_x")


@fixes("state_not_loaded", cst.FunctionDef)
def state_loaded(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """What was read from a file is put into each argument that an entry of it is named after."""
    read = re.search(r"(\w+) = torch\.load\(", code(function))
    if read is None:
        return
    keys = dict.fromkeys(re.findall(r"[\"'](\w+)[\"']", code(above[0])))
    loads = [
        f"{name}.load_state_dict({read[1]}[{key!r}])"
        for name in arguments_of(function)
        if f"{name}.load_state_dict(" not in code(function)
        for key in keys
        if key.startswith(name[:3])
    ]
    places = _lines_like(function.body, rf"{read[1]} = ") if isinstance(function.body, cst.IndentedBlock) else []
    for place in places[:1]:
        for load in loads:
            yield function.with_changes(body=_with_lines(function.body, place + 1, [load]))


@fixes("seed_forgotten", cst.FunctionDef)
def seeded_first(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    for name in arguments_of(function):
        if "seed" in name and "manual_seed" not in code(function):
            yield after_docstring(function, f"torch.manual_seed({name})")


@fixes("seed_forgotten", cst.With)
def seeded_in_fork(made: cst.With, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    seeds = [name for name in arguments_of(function) if "seed" in name] if function is not None else []
    if "fork_rng" in code(made.items[0]) and "manual_seed" not in code(made):
        for name in seeds:
            yield made.with_changes(body=_with_lines(made.body, 0, [f"torch.manual_seed({name})"]))


_DRAWING = {"random_split", "RandomSampler", "randperm", "rand", "randn", "randint", "normal", "bernoulli"}


@fixes("seed_forgotten", cst.Call)
def generator_seeded(call: cst.Call, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    seeds = [name for name in arguments_of(function) if "seed" in name] if function is not None else []
    if match("torch.Generator()", call) is not None and not isinstance(above[-1], cst.Attribute):
        for name in seeds:
            yield expression(f"torch.Generator().manual_seed({name})", above[-1])
    if code(call.func).rpartition(".")[2] in _DRAWING and "generator=" not in code(call):
        for name in seeds:
            given = cst.Arg(cst.parse_expression(f"torch.Generator().manual_seed({name})"), cst.Name("generator"))
            yield call.with_changes(args=[*call.args, given])


@fixes("global_seed", cst.FunctionDef)
def state_given_back(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    seeds = any("seed" in name for name in arguments_of(function)) and "manual_seed(" in code(above[0])
    if seeds or "manual_seed(" in code(function):
        fork = cst.parse_expression("torch.random.fork_rng()")
        lines = [cst.With([cst.WithItem(fork)], cst.IndentedBlock(block(function)))]
        yield function.with_deep_changes(function.body, body=lines)


fix("graph_kept", "_kept.append(_x)", "_kept.append(_x.detach())")
fix("graph_kept", "_x.clone()", "_x.detach().clone()")
fix("graph_kept", "return _x;", "return (_x).detach()")
fix("graph_kept", "self._name = _x;", "self._name = (_x).detach()")
fix("graph_kept", "_kept[_i] = _x;", "_kept[_i] = (_x).detach()")
fix("shared_memory", "_kept.append(_x.detach())", "_kept.append(_x.detach().clone())")
fix("shared_memory", "_kept.append(_x)", "_kept.append(_x.clone())")
fix("shared_memory", "_x.detach()", "_x.detach().clone()")
fix("shared_memory", "_kept[_i] = _x;", "_kept[_i] = (_x).clone()")
fix("shared_memory", "return _x;", "return (_x).clone()")
fix("shared_memory", "torch.from_numpy(_x)", "torch.from_numpy(_x).clone()")
fix("number_kept_tensor", "_kept.append(_x)", "_kept.append(_x.item())")
fix("number_kept_tensor", "return _x;", "return (_x).item()")
fix("requires_grad_forgotten", "_x.detach().clone()", "_x.detach().clone().requires_grad_()")
fix("requires_grad_forgotten", "_x.detach()", "_x.detach().requires_grad_()")
for _cut in ("_x.detach()", "_x.item()", "_x.numpy()", "_x.tolist()", "_x.data"):
    fix("no_grad_graph", f"torch.tensor({_cut}, requires_grad=True)", "_x")
    fix("no_grad_graph", _cut, "_x")
fix("copy_construct", "torch.tensor(_x, *_rest)", "_x.clone()")
fix("leaf_not_detached", "_x.clone().requires_grad_(*_rest)", "_x.detach().clone().requires_grad_(*_rest)")
swap(
    "leaf-clone",
    "a copy that is to be a leaf is not detached",
    "_x.detach().clone().requires_grad_()",
    "_x.clone().requires_grad_()",
    "leaf_not_detached",
)
fix("train_not_training", "self.train", "self.training")
swap("train-attribute", "the method train is asked, not the mode", "self.training", "self.train", "train_not_training")
for _error in ("ValueError", "TypeError", "IndexError", "KeyError", "RuntimeError", "NotImplementedError"):
    fix("error_returned", f"return {_error}(*_rest);", f"raise {_error}(*_rest)")
    swap(
        "error-returned",
        "an exception is returned",
        f"raise {_error}(*_rest);",
        f"return {_error}(*_rest)",
        "error_returned",
    )


@fixes("generator_unused", cst.Call)
def generator_passed(call: cst.Call, above: Above) -> Iterator[Changed]:
    """Random numbers are drawn from the generator that the function has made."""
    function = enclosing(above, cst.FunctionDef)
    made = re.search(r"(\w+) = torch\.Generator\(", code(function)) if function is not None else None
    if made is not None and _DRAWS.search(code(call.func)) and not list(without_keywords(call, "generator")):
        yield with_keyword(call, "generator", made[1])


@operator("generator-unused", "random numbers do not come from the generator", cst.Call, "generator_unused")
def generator_left_out(call: cst.Call, above: Above) -> Iterator[Changed]:
    if _DRAWS.search(code(call.func)):
        yield from without_keywords(call, "generator")


_DRAWS = re.compile(r"\btorch\.(rand\w*|normal|bernoulli|multinomial)$|\.(normal|uniform|random|bernoulli)_$")


def _out_of_loop(mistake: str, method: str, behind: bool) -> None:
    """Register a fix that takes a call out of a loop, to come before or behind it."""

    @fixes(mistake, cst.IndentedBlock)
    def taken_out(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
        for place, loop in enumerate(lines.body):
            if isinstance(loop, cst.For):
                found = [line for line in block(loop) if re.fullmatch(rf"[\w.]+\.{method}\(\)", code(line))]
                rest = [line for line in block(loop) if line not in found[:1]]
                if found and rest:
                    left = loop.with_deep_changes(loop.body, body=rest)
                    moved = [left, found[0]] if behind else [found[0], left]
                    yield lines.with_changes(body=[*lines.body[:place], *moved, *lines.body[place + 1 :]])


_out_of_loop("zero_grad_in_loop", "zero_grad", behind=False)
_out_of_loop("step_in_loop", "step", behind=True)


def _into_loop(id: str, title: str, mistake: str, method: str) -> None:
    """Register an operator that takes a call into the loop beside it."""

    @operator(id, title, cst.IndentedBlock, mistake)
    def taken_in(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
        for place, (one, other) in enumerate(zip(lines.body, lines.body[1:], strict=False)):
            line, loop = (other, one) if isinstance(one, cst.For) else (one, other)
            called = re.fullmatch(rf"[\w.]+\.{method}\(\)", code(line)) is not None
            if called and isinstance(loop, cst.For) and ".backward(" in code(loop):
                inner = [*block(loop), line] if loop is one else [line, *block(loop)]
                moved = loop.with_deep_changes(loop.body, body=inner)
                yield lines.with_changes(body=[*lines.body[:place], moved, *lines.body[place + 2 :]])


_into_loop("zero-grad-in-loop", "gradients are cleared for each batch", "zero_grad_in_loop", "zero_grad")
_into_loop("step-in-loop", "the optimizer steps for each batch", "step_in_loop", "step")
fix("backward_nonscalar", "_loss.backward();", "_loss.mean().backward()", "_loss.sum().backward()")
fix("backward_twice", "_loss.backward(retain_graph=True);", "_loss.backward()")
fix("matrices_only", "torch.mm(_a, _b)", "torch.matmul(_a, _b)")
fix("matrices_only", "torch.dot(_a, _b)", "torch.matmul(_a, _b)")
fix("matrices_only", "_a.mm(_b)", "(_a) @ (_b)")
fix("matrices_only", "_a.dot(_b)", "(_a) @ (_b)")
fix("matrices_only", "_a.t()", "_a.transpose(-2, -1)")
fix("matrices_only", "_a.T", "_a.mT")


@operator("variance", "n takes the place of n - 1 in a variance", cst.Call, "variance_unbiased")
@fixes("variance_unbiased", cst.Call)
def variance_turned(call: cst.Call, above: Above) -> Iterator[Changed]:
    """A variance divided the other way."""
    if re.search(r"\b(var|std|var_mean|std_mean)$", code(call.func)):
        says = list(without_keywords(call, "unbiased", "correction"))
        yield from says or [with_keyword(call, "unbiased", "False")]


_COUNTS = re.compile(r"math\.\w+|int|range|min|max|round|len|slice|torch\.arange")


@operator("sign-flipped", "a sum is a difference, or the reverse", cst.BinaryOperation, "sign_flipped")
@fixes("sign_flipped", cst.BinaryOperation)
def sign_turned(made: cst.BinaryOperation, above: Above) -> Iterator[Changed]:
    """A sum or difference of numbers that are computed; not of indices, keys, bounds and counts."""
    counted = (cst.Comparison, cst.Subscript, cst.Lambda, cst.Index)
    if not isinstance(made.left, cst.Integer) and not isinstance(made.right, cst.Integer):
        other = {cst.Add: cst.Subtract(), cst.Subtract: cst.Add()}.get(type(made.operator))
        whole = any(isinstance(node, cst.Call) and _COUNTS.fullmatch(code(node.func)) for node in above)
        if other is not None and not whole and not any(isinstance(node, counted) for node in above):
            yield made.with_changes(operator=other)


fix("sign_flipped", "_x.add_(_g, alpha=_lr)", "_x.add_(_g, alpha=-_lr)")
fix("sign_flipped", "return _x.mean();", "return -_x.mean()")
fix("sign_flipped", "_a += _b;", "_a -= _b")
fix("sign_flipped", "_a -= _b;", "_a += _b")
fix("default_dtype_changed", "torch.set_default_dtype(_x);", "pass")
for _sign in ("+", "-", "*", "/"):
    fix("inplace_breaks_graph", f"_x {_sign}= _y;", f"_x = _x {_sign} (_y)")


@fixes("inplace_breaks_graph", cst.SimpleStatementLine)
def made_anew(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("_x._method(*_rest);", line)
    if found is not None and isinstance(found["_x"], ast.Name) and found["_method"].id in _IN_PLACE:
        yield statements(fill("_x = _x._method(*_rest)", found | {"_method": ast.Name(found["_method"].id[:-1])}))


_IN_PLACE = {"abs_", "add_", "clamp_", "div_", "exp_", "mul_", "relu_", "sigmoid_", "sqrt_", "sub_", "tanh_"}


@fixes("inplace_breaks_graph", cst.Call)
def made_anew_within(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_x._method(*_rest)", call)
    if found is not None and found["_method"].id in _IN_PLACE:
        yield expression(fill("_x._method(*_rest)", found | {"_method": ast.Name(found["_method"].id[:-1])}), above[-1])


fix("init_inplace_leaf", "_x[_i] = _y;", "with torch.no_grad():\n    _x[_i] = _y")
fix("init_inplace_leaf", "_x += _y;", "with torch.no_grad():\n    _x += _y")
fix("init_inplace_leaf", "_x -= _y;", "with torch.no_grad():\n    _x -= _y")


def loss_call(call: cst.Call) -> tuple[str, str] | None:
    """The prediction and the target, where a loss is computed."""
    plain = [argument for argument in call.args if argument.keyword is None and not argument.star]
    if len(plain) < 2 or not re.search(r"(?i)loss|criterion|entropy", code(call.func)):
        return None
    return f"({code(plain[0].value)})", f"({code(plain[1].value)})"


def with_arguments(call: cst.Call, *values: str) -> cst.Call:
    """A call with other values in its first places."""
    given = [a.with_changes(value=cst.parse_expression(v)) for a, v in zip(call.args, values, strict=False)]
    return call.with_changes(args=[*given, *call.args[len(given) :]])


@fixes("broadcast_hides", cst.Call)
def shapes_fitted(call: cst.Call, above: Above) -> Iterator[Changed]:
    """A prediction and a target of the same shape."""
    if (given := loss_call(call)) is not None:
        output, target = given
        for shape in ("squeeze(-1)", "squeeze()"):
            yield with_arguments(call, f"{output}.{shape}", target)
        yield with_arguments(call, output, f"{target}.view_as({output})")
        yield with_arguments(call, f"{output}.view_as({target})", target)


@operator("bce-shape", "a binary loss gets a dimension of one more", cst.Call, "target_shape")
def binary_shape(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_x.squeeze(*_rest)", call.args[0].value) if loss_call(call) is not None else None
    if found is not None and re.search(r"(?i)bce|binary", code(call.func)):
        yield with_arguments(call, fill("_x", found))


@fixes("target_shape", cst.Call)
def shapes_made_one(call: cst.Call, above: Above) -> Iterator[Changed]:
    yield from shapes_fitted(call, above)


@fixes("classes_not_second", cst.Call)
def classes_second(call: cst.Call, above: Above) -> Iterator[Changed]:
    """The last dimension of what a loss of classes gets comes second, or all before it are one."""
    if (given := loss_call(call)) is not None:
        output, target = given
        yield with_arguments(call, f"{output}.transpose(1, -1)", target)
        yield with_arguments(call, f"{output}.flatten(0, 1)", f"{target}.flatten()")


@operator("classes-last", "the classes come last", cst.Call, "classes_not_second")
def classes_last(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_x.transpose(1, 2)", call.args[0].value) if loss_call(call) is not None else None
    if found is not None:
        yield with_arguments(call, fill("_x", found))


@operator("loss-argmax", "the loss gets classes that were chosen", cst.Call, "argmax_before_loss")
def loss_of_argmax(call: cst.Call, above: Above) -> Iterator[Changed]:
    if loss_call(call) is not None and "cross_entropy" in code(call.func):
        yield with_arguments(call, f"({code(call.args[0].value)}).argmax(dim=1)")


@fixes("incoming_gradient_ignored", cst.Return)
def chain_rule(made: cst.Return, above: Above) -> Iterator[Changed]:
    """What backward returns is multiplied by the gradient that comes in."""
    function = enclosing(above, cst.FunctionDef)
    if (
        function is None
        or function.name.value != "backward"
        or made.value is None
        or not is_method(_above(function, above))
    ):
        return
    gradient = function.params.params[-1].name.value
    parts = [element.value for element in made.value.elements] if isinstance(made.value, cst.Tuple) else [made.value]
    if re.search(rf"\b{gradient}\b", code(made)):
        return
    returned = [
        part if code(part) == "None" else cst.parse_expression(f"{gradient} * ({code(part)})") for part in parts
    ]
    value = cst.Tuple([cst.Element(part) for part in returned]) if isinstance(made.value, cst.Tuple) else returned[0]
    yield made.with_changes(value=value)


def _above(node: cst.CSTNode, above: Above) -> Above:
    """The ancestors of one of a node's ancestors."""
    return above[: above.index(node)]


@operator("chain-rule", "backward leaves out the gradient that comes in", cst.Return, "incoming_gradient_ignored")
def no_chain_rule(made: cst.Return, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    if function is not None and function.name.value == "backward" and len(function.params.params) == 2:
        gradient = function.params.params[-1].name.value
        for pattern in (f"{gradient} * _x", f"_x * {gradient}"):
            found = match(pattern, made.value) if made.value is not None else None
            if found is not None:
                yield made.with_changes(value=cst.parse_expression(fill("_x", found)))


@fixes("dtype_mismatch", cst.Call)
def target_converted(call: cst.Call, above: Above) -> Iterator[Changed]:
    """A target of the dtype that its loss takes."""
    if (given := loss_call(call)) is not None:
        for dtype in ("float", "long"):
            yield with_arguments(call, given[0], f"{given[1]}.{dtype}()")


for _sign in ("-", "=="):
    fix("broadcast_hides", f"_x {_sign} _y", f"_x.squeeze(-1) {_sign} _y", f"_x {_sign} _y.unsqueeze(-1)")
    fix("broadcast_hides", f"_x {_sign} _y", f"_x {_sign} _y.squeeze(-1)")
for _type in ("float", "long", "double"):
    fix("dtype_mismatch", "return _x;", f"return (_x).{_type}()")
for _type in ("float", "long", "double", "half", "int"):
    fix("dtype_mismatch", f"_x.{_type}()", "_x")
for _types in (
    ("float32", "int64"),
    ("float64", "float32"),
    ("int64", "float32"),
    ("int32", "int64"),
    ("float16", "float32"),
):
    fix("dtype_mismatch", f"torch.{_types[0]}", f"torch.{_types[1]}")


@fixes("no_grad_graph", cst.With)
def graph_recorded(made: cst.With, above: Above) -> Iterator[Changed]:
    if _NO_GRAD.match(code(made)):
        yield cst.FlattenSentinel(made.body.body)


@fixes("no_grad_graph", cst.FunctionDef)
def graph_recorded_in_function(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    rest = [one for one in function.decorators if not re.search("no_grad|inference_mode", code(one))]
    if len(rest) < len(function.decorators):
        yield function.with_changes(decorators=rest)


@fixes("gradient_of_the_caller", cst.FunctionDef)
def own_leaf(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    for name in arguments_of(function):
        if re.search(rf"\b{name}\.grad\b", code(function)):
            yield after_docstring(function, f"{name} = {name}.detach().clone().requires_grad_()")


@fixes("object_saved", cst.Dict)
def states_saved(made: cst.Dict, above: Above) -> Iterator[Changed]:
    """Of the entries that are saved, those that are models and optimizers."""
    call = enclosing(above, cst.Call)
    if call is None or not re.search(r"\bsave$", code(call.func)):
        return
    changed = [
        element.with_changes(value=cst.parse_expression(f"{code(element.value)}.state_dict()"))
        if isinstance(element, cst.DictElement)
        and re.fullmatch(r"model|net|module|opt\w*|sched\w*", code(element.value))
        else element
        for element in made.elements
    ]
    yield made.with_changes(elements=changed)


@fixes("object_saved", cst.Call)
def state_saved(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("torch.save(_x, *_rest)", call)
    if found is not None and isinstance(found["_x"], ast.Name):
        yield expression(fill("torch.save(_x.state_dict(), *_rest)", found), above[-1])


swap("zero-grad", "gradients are not cleared", "_o.zero_grad(*_rest);", "pass", "forgot_zero_grad")
swap("backward", "backward is not called", "_loss.backward(*_rest);", "pass", "backward_forgotten")
swap(
    "backward-twice",
    "backward runs twice",
    "_loss.backward();",
    "_loss.backward()\n_loss.backward()",
    "backward_twice",
)
swap("step", "the optimizer takes no step", "_o.step(*_rest);", "pass", "step_forgotten")
swap("step-twice", "the optimizer takes two steps", "_o.step();", "_o.step()\n_o.step()", "step_repeated")


@operator("step-first", "the optimizer steps before backward", cst.IndentedBlock, "step_before_backward")
def step_first(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    steps, backwards = _lines_like(lines, r".*\.step\(\)$"), _lines_like(lines, r".*\.backward\(")
    if steps and backwards and backwards[0] < steps[0]:
        step = code(lines.body[steps[0]])
        yield _with_lines(lines, backwards[0], [step], lambda line: line == step)


@operator("zero-grad-late", "gradients are cleared before the step", cst.IndentedBlock, "cleared_before_step")
def cleared_late(lines: cst.IndentedBlock, above: Above) -> Iterator[Changed]:
    steps, clears = _lines_like(lines, r".*\.step\(\)$"), _lines_like(lines, r".*\.zero_grad\(\)$")
    if steps and clears and clears[0] < steps[0] and _lines_like(lines, r".*\.backward\("):
        clear = code(lines.body[clears[0]])
        yield _with_lines(lines, steps[0], [clear], lambda line: line == clear)


swap("zero-grad-uncalled", "zero_grad is named, not called", "_o.zero_grad();", "_o.zero_grad", "parentheses_forgotten")
for _home in ("torch.optim", "optim"):
    for _one, _other in (("SGD", "Adam"), *((other, "SGD") for other in _OPTIMIZERS if other != "SGD")):
        swap(
            "optimizer-other",
            "the optimizer is another",
            f"{_home}.{_one}(*_rest)",
            f"{_home}.{_other}(*_rest)",
            "other_optimizer",
        )
for _one, _other in (("mse_loss", "l1_loss"), ("l1_loss", "mse_loss"), ("cross_entropy", "multi_margin_loss")):
    _names = (f"F.{_one}(_x, _y, *_rest)", f"F.{_other}(_x, _y, *_rest)")
    swap("loss-other", "the loss is another", *_names, "other_loss")
for _one, _other in (("MSELoss", "L1Loss"), ("L1Loss", "MSELoss"), ("CrossEntropyLoss", "MultiMarginLoss")):
    swap("loss-other", "the loss is another", f"nn.{_one}(*_rest)", f"nn.{_other}(*_rest)", "other_loss")
swap(
    "bce",
    "binary_cross_entropy takes logits",
    "F.binary_cross_entropy_with_logits(_x, *_rest)",
    "F.binary_cross_entropy(_x, *_rest)",
    "bce_on_logits",
)
for _softmax in ("F.{}(_x, *_rest)", "torch.{}(_x, *_rest)", "_x.{}(*_rest)"):
    swap(
        "log-dropped",
        "softmax takes the place of its logarithm",
        _softmax.format("log_softmax"),
        _softmax.format("softmax"),
        "softmax_without_log",
    )
swap("nll", "nll_loss takes logits", "F.cross_entropy(_x, *_rest)", "F.nll_loss(_x, *_rest)", "nll_on_logits")
swap("nll", "NLLLoss takes logits", "nn.CrossEntropyLoss(*_rest)", "nn.NLLLoss(*_rest)", "nll_on_logits")
swap(
    "loss-sigmoid",
    "sigmoid comes before a loss of logits",
    "F.binary_cross_entropy_with_logits(_x, *_rest)",
    "F.binary_cross_entropy_with_logits(_x.sigmoid(), *_rest)",
    "double_sigmoid",
)
swap("mm", "a product is of matrices alone", "_a @ _b", "torch.mm(_a, _b)", "matrices_only")
swap("in-place", "what was computed is written to", "_x = _x + _y;", "_x += _y", "inplace_breaks_graph")
swap("in-place", "what was computed is written to", "_x = _x * _y;", "_x *= _y", "inplace_breaks_graph")
for _function in ("mean", "softmax", "argmax"):
    swap("dim", "another dimension is gone along", f"_x.{_function}(dim=0)", f"_x.{_function}(dim=1)", "wrong_dim")
    swap("dim", "another dimension is gone along", f"_x.{_function}(dim=1)", f"_x.{_function}(dim=0)", "wrong_dim")
swap("train", "training mode is not set", "_m.train(*_rest);", "pass", "eval_forgotten")
swap("eval", "evaluation mode is not set", "_m.eval();", "pass", "eval_forgotten")
swap("train-to-eval", "evaluation mode is set for training", "_m.train();", "_m.eval()", "eval_forgotten")
swap("eval-to-train", "training mode is set for evaluation", "_m.eval();", "_m.train()", "eval_forgotten")
swap("not-frozen", "requires_grad_(False) is dropped", "_p.requires_grad_(False);", "pass", "frozen_forgotten")
swap("state-not-loaded", "a state is not put back", "_o.load_state_dict(*_rest);", "pass", "state_not_loaded")
swap("state-to-object", "the object is saved, not its state", "_o.state_dict()", "_o", "object_saved")
swap("seed", "the seed is not set", "torch.manual_seed(_seed);", "pass", "seed_forgotten")
swap(
    "loss-softmax",
    "softmax comes before the loss",
    "F.cross_entropy(_logits, *_rest)",
    "F.cross_entropy(_logits.softmax(dim=1), *_rest)",
    "double_softmax",
)
swap(
    "loss-fn-softmax",
    "softmax comes before the loss",
    "loss_fn(_logits, _y)",
    "loss_fn(_logits.softmax(dim=1), _y)",
    "double_softmax",
)
swap("loss-item", "backward is called on a number", "_loss.backward();", "_loss.item().backward()", "no_grad_graph")
swap("item", "a tensor is kept in place of its number", "_x.item()", "_x", "number_kept_tensor")
swap("squeeze", "a dimension of one is kept", "_x.squeeze(*_rest)", "_x", "broadcast_hides")
swap("unsqueeze", "a dimension of one is missing", "_x.unsqueeze(*_rest)", "_x", "dimension_of_one")
swap("mean-sum", "a sum takes the place of the mean", "_x.mean(*_rest)", "_x.sum(*_rest)", "loss_summed")
fix("loss_summed", "_x.sum(*_rest)", "_x.mean(*_rest)")
swap("sum-mean", "the mean takes the place of a sum", "_x.sum(*_rest)", "_x.mean(*_rest)", "loss_averaged")
fix("loss_averaged", "_x.mean(*_rest)", "_x.sum(*_rest)")
swap("reduction", "a reduction is dropped", "_x.mean()", "_x", "backward_nonscalar")
swap("clone", "a copy shares memory", "_x.detach().clone()", "_x.detach()", "shared_memory")
swap(
    "leaf",
    "a copy is no leaf",
    "_x.detach().clone().requires_grad_()",
    "_x.clone().requires_grad_()",
    "nonleaf_grad",
)
swap("detach", "a copy keeps its graph", "_x.detach().clone()", "_x.clone()", "graph_kept")
swap("detach-alone", "a tensor is not detached", "_x.detach()", "_x", "graph_kept")
swap("requires-grad", "requires_grad_() is dropped", "_x.requires_grad_()", "_x", "requires_grad_forgotten")
for _types in (("float32", "float64"), ("int64", "int32"), ("int64", "float32")):
    swap("dtype", "a dtype is another", f"torch.{_types[0]}", f"torch.{_types[1]}", "dtype_mismatch")


@operator("copy-construct", "torch.tensor copies a tensor", cst.Call, "copy_construct")
def copy_constructed(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_x.clone()", call)
    if found is not None and match("_x.detach().clone()", call) is None:  # which is the same
        yield expression(fill("torch.tensor(_x)", found), above[-1])


@operator("grad-of-caller", "backward fills the gradient of an argument", cst.FunctionDef, "gradient_of_the_caller")
def gradient_of_caller(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """In the place of a copy whose gradient is computed: the argument itself, and what its `.grad` holds."""
    found: dict[str, str] = {}
    changed: dict[cst.CSTNode, Changed] = {}
    for line in block(function):
        copied, computed = match(_LEAF, line), match("(_to,) = torch.autograd.grad(_loss, _leaf);", line)
        if copied is not None and isinstance(copied["_x"], ast.Name):
            found = {place: ast.unparse(name) for place, name in copied.items()}
            changed[line] = statements(fill("_x.requires_grad_()", copied))
        elif computed is not None and ast.unparse(computed["_leaf"]) == found.get("_leaf"):
            changed[line] = statements(fill("_loss.backward()\n_to = _leaf.grad", computed))
    if len(changed) == 2:
        made = all_replaced(function, changed)
        names = [name for name in inside(made, cst.Name) if name.value == found["_leaf"]]
        yield all_replaced(made, {name: cst.Name(found["_x"]) for name in names})


@operator("default-dtype", "the default dtype is changed", cst.FunctionDef, "default_dtype_changed")
def default_dtype(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if "torch.randn(" in code(function):
        yield after_docstring(function, "torch.set_default_dtype(torch.float64)")


@operator("grad-left-off", "autograd is switched off, and not on again", cst.With, "grad_left_off")
def grad_off_for_good(made: cst.With, above: Above) -> Iterator[Changed]:
    if _NO_GRAD.match(code(made)):
        yield cst.FlattenSentinel([cst.parse_statement("torch.set_grad_enabled(False)"), *made.body.body])


@operator("seed-fixed", "another seed than the argument is set", cst.Call, "argument_unused_in_function")
def seed_fixed(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_o.manual_seed(_seed)", call)
    if found is not None and code(call.args[0].value) in _arguments(above):
        yield with_arguments(call, "0")


@operator("argument-fixed", "a fixed number takes an argument's place", cst.Arg, "argument_unused_in_function")
def argument_fixed(given: cst.Arg, above: Above) -> Iterator[Changed]:
    name = code(given.value)
    if given.keyword is not None and given.keyword.value == name and name in _arguments(above):
        yield given.with_changes(value=cst.Float("0.1") if name == "lr" else cst.Integer("2"))


def _arguments(above: Above) -> list[str]:
    """The arguments of the function that a node stands in."""
    function = enclosing(above, cst.FunctionDef)
    return arguments_of(function) if function is not None else []


@operator("mean-of-means", "the batches' means are averaged", cst.FunctionDef, "mean_of_means")
def mean_of_batches(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    ends = match("return _sum / _count;", block(function)[-1])
    for loop in inside(function, cst.For) if ends is not None else ():
        changed: dict[cst.CSTNode, Changed] = {}
        for line in inside(loop, cst.SimpleStatementLine):
            summed, counted = match("_sum += _x.sum().item();", line), match("_count += len(_y);", line)
            for found, to in ((summed, "_sum += _x.float().mean().item()"), (counted, "_count += 1")):
                if found is not None:
                    changed[line] = statements(fill(to, found))
        if len(changed) == 2:
            yield all_replaced(function, changed)


@operator("output-detached", "a model's output is cut from the graph", cst.Call, "no_grad_graph")
def output_detached(call: cst.Call, above: Above) -> Iterator[Changed]:
    context = enclosing(above, cst.With)
    if code(call.func) == "model" and (context is None or _NO_GRAD.match(code(context)) is None):
        yield expression(f"{code(call)}.detach()", call)


@operator("no-grad-dropped", "torch.no_grad() is dropped", cst.With, "no_grad_forgotten")
def no_grad_dropped(made: cst.With, above: Above) -> Iterator[Changed]:
    if _NO_GRAD.match(code(made)):
        yield cst.FlattenSentinel(made.body.body)


@operator("fork-rng-dropped", "the caller's random state is not kept", cst.With, "global_seed")
def fork_rng_dropped(made: cst.With, above: Above) -> Iterator[Changed]:
    if re.match(r"with torch\.random\.fork_rng\(", code(made)):
        yield cst.FlattenSentinel(made.body.body)


@operator("no-grad-added", "a loss is computed without a graph", cst.SimpleStatementLine, "no_grad_graph")
def no_grad_added(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    if re.match(r"loss = ", code(line)):
        yield cst.parse_statement(f"with torch.no_grad():\n    {code(line)}")


@operator("output-softmax", "a classifier returns probabilities to a loss on logits", cst.Return, "double_softmax")
def output_softmax(made: cst.Return, above: Above) -> Iterator[Changed]:
    function = enclosing(above, cst.FunctionDef)
    logits = "cross_entropy" in code(above[0]) and function is not None and function.name.value == "forward"
    if logits and made.value is not None:
        yield made.with_changes(value=expression(f"({code(made.value)}).softmax(dim=1)", made))


@operator("optimizer-in-loop", "an optimizer is made in every step", cst.FunctionDef)
def optimizer_in_loop(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    lines = block(function)
    for place, line in enumerate(lines[:-1]):
        if re.match(r"optimizer = ", code(line)):
            loop = next((other for other in lines[place:] if isinstance(other, cst.For)), None)
            if loop is not None:
                first = cst.parse_statement(code(line))
                moved = loop.with_deep_changes(loop.body, body=[first, *loop.body.body])
                rest = [moved if other is loop else other for other in lines if other is not line]
                yield function.with_deep_changes(function.body, body=rest)


@fixes("mean_of_means", cst.FunctionDef)
def mean_of_all(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """What is averaged in a loop is summed there, and divided by the number of all elements behind it."""
    (*_, last) = block(function)
    ends = match("return _x / _y;", last)
    for loop in inside(function, cst.For) if ends is not None else ():
        for line in inside(loop, cst.SimpleStatementLine):
            for call in inside(line, cst.Call):
                found = match("_x.mean()", call)
                if found is not None and ends is not None:
                    summed = replaced(line, call, cst.parse_expression(fill("(_x).sum()", found)))
                    counted = cst.parse_statement(fill("seen += (_x).numel()", found))
                    changed: dict[cst.CSTNode, Changed] = {line: cst.FlattenSentinel([summed, counted])}
                    changed[last] = statements(fill("return _x / seen", ends))
                    yield after_docstring(all_replaced(function, changed), "seen = 0")


@fixes("mean_of_means", cst.FunctionDef)
def mean_of_samples(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """The number that each batch adds is weighed with its samples, and the sum divided by all of them."""
    for loop in inside(function, cst.For):
        target = re.findall(r"\w+", code(loop.target))
        loader = re.sub(r"^enumerate\((.*)\)$", r"\1", code(loop.iter))
        for line in loop.body.body:
            found = match("_sum += _x;", line)
            if (
                found is None
                or not re.search(r"\.item\(\)|^float\(", code_of(found["_x"]))
                or "len(" in code_of(found["_x"])
            ):
                continue
            total, samples = code_of(found["_sum"]), f"len({target[-1]})"
            weighed = f"{total} += ({code_of(found['_x'])}) * {samples}\nseen += {samples}"
            begins = [one for one in inside(function, cst.SimpleStatementLine) if re.match(rf"{total} = 0", code(one))]
            ends = [one for one in inside(function, cst.BinaryOperation) if match(f"{total} / _n", one) is not None]
            if begins and ends and loader:
                changed: dict[cst.CSTNode, Changed] = {line: statements(weighed)}
                changed |= {one: statements(f"{code(one)}\nseen = 0") for one in begins}
                changed |= {one: cst.parse_expression(f"{total} / seen") for one in ends}
                yield all_replaced(function, changed)


def code_of(plain: ast.AST) -> str:
    """The source of what a pattern found."""
    return ast.unparse(plain)


for _one, _other in (("rand", "randn"), ("randn", "rand"), ("rand_like", "randn_like"), ("randn_like", "rand_like")):
    fix("other_distribution", f"torch.{_one}(*_rest)", f"torch.{_other}(*_rest)")


@operator("drawn-other", "numbers of another distribution are drawn", cst.Call, "other_distribution")
def drawn_other(call: cst.Call, above: Above) -> Iterator[Changed]:
    """But for a Parameter's starting values: few exercises say from which distribution they are."""
    if any(isinstance(one, cst.Call) and code(one.func).endswith("Parameter") for one in above):
        return
    for one, other in (("randn", "rand"), ("rand", "randn")):
        found = match(f"torch.{one}(*_rest)", call)
        if found is not None:
            yield expression(fill(f"torch.{other}(*_rest)", found), above[-1])


_ADDED = "_g if _p.grad is None else _p.grad + _g"
swap(
    "grad-overwritten", "a gradient replaces the former one", f"_p.grad = {_ADDED};", "_p.grad = _g", "grad_overwritten"
)


@fixes("grad_overwritten", cst.FunctionDef)
def gradients_added(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    """All gradients that a function assigns: one alone seldom makes a check pass."""
    lines = [(line, match("_p.grad = _g;", line)) for line in inside(function, cst.SimpleStatementLine)]
    added = {line: statements(fill(f"_p.grad = {_ADDED}", found)) for line, found in lines if found is not None}
    if added:
        yield all_replaced(function, added)
