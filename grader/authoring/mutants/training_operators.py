"""Operators on autograd, losses, optimizers and training loops."""

from __future__ import annotations

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
    operator,
    swap,
)

_NO_GRAD = re.compile(r"with torch\.(no_grad|inference_mode)\(\)")

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
swap("unsqueeze", "a dimension of one is missing", "_x.unsqueeze(*_rest)", "_x", "broadcast_hides")
swap("mean-sum", "a sum takes the place of the mean", "_x.mean(*_rest)", "_x.sum(*_rest)")
swap("sum-mean", "the mean takes the place of a sum", "_x.sum(*_rest)", "_x.mean(*_rest)")
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
