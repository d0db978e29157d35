"""Every kind of requirement: what is right passes, and each mistake fails its check with the right words.

A mistake is the right code with one piece replaced. All checks that are not named must pass.
"""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
import yaml
from conftest import ROOT, Course
from pydantic import TypeAdapter

from grader.models.report import CheckResult
from grader.requirements.kinds import AnyRequirement
from grader.sandbox.client import Zygote

IMPORTS = "import numpy\nimport torch\nfrom torch import nn\n"
Said = dict[str, tuple[str, str]]
"""Check that must fail -> parts of its `expected` and of its `observed`."""

MEAN = """
class Mean(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))

    def forward(self, x):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        return x - self.mean
"""
LINEAR = """
class Linear(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(m, n))
        self.bias = nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.weight.T + self.bias
"""
TOWER = """
class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
        self.last = nn.ReLU()

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.last(x)
"""
WATCH = """
def watch(model, log):
    def remember(module, args, output):
        log.append(output.detach().clone())
    return model.register_forward_hook(remember)
"""
FIVE = """
def five(model):
    def add(module, args, output):
        return output + 5
    return model.register_forward_hook(add)
"""
BACKWARD = """
def halve(model):
    def half(module, grad_input, grad_output):
        return tuple(g / 2 for g in grad_input)
    return model.register_full_backward_hook(half)
"""
FILL = """
def fill(model, number):
    def one(module):
        if isinstance(module, nn.Linear):
            with torch.no_grad():
                module.weight.fill_(number)
    return model.apply(one)
"""
ORDER = """
def order(model):
    names = []
    model.apply(lambda module: names.append(type(module).__name__))
    return names
"""
SCALE = '''
class Scale(nn.Module):
    """Multiplies by a factor."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def extra_repr(self):
        return f"factor={self.factor}"
'''
SUM = """
def total(x):
    return x.sum(0)

def check(n):
    if n < 0:
        raise ValueError("negative")
    return n
"""

REQUIREMENTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "function": (
        [{"kind": "function", "calls": [
            {"call": "total(randn(3, 2))", "keeps_random": True}, {"call": "check(3)", "returns": "3"},
            {"call": "check(-1)", "raises": "ValueError"},
        ]}],
        SUM,
    ),
    "module": (
        [{"kind": "module", "object": "Linear(3, 2)", "calls": [
            {"inputs": ["randn(4, 3)"], "gradients": True}, {"inputs": ["randn(3)"], "mode": "eval"},
        ]}],
        LINEAR,
    ),
    "parameters": (
        [{"kind": "parameters", "object": "Linear(3, 2)", "count": 2, "total": 8, "parameters": {
            "weight": {"shape": [2, 3], "initial": "varied"}, "bias": {"shape": [2], "initial": "zeros"}}}],
        LINEAR,
    ),
    "buffers": (
        [{"kind": "buffers", "object": "Mean(2)", "buffers": {"mean": {"shape": [2], "initial": "zeros"}},
          "steps": [["randn(3, 2)", "randn(5, 2)"], ["randn(3, 2)", "eval", "randn(5, 2)"]]}],
        MEAN,
    ),
    "children": (
        [{"kind": "children", "object": "Tower()", "children": {"layers": "ModuleList", "layers.1": "nn.Linear"},
          "count": {"Linear": 3}, "direct": ["layers", "last"]}],
        TOWER,
    ),
    "state_dict": (
        [{"kind": "state_dict", "object": "Mean(2)", "keys": ["mean"], "round_trip": ["randn(3, 2)"]}],
        MEAN,
    ),
    "hooks": (
        [{"kind": "hooks", "model": "nn.Linear(3, 2)", "attach": "watch(model, log)", "inputs": ["randn(4, 3)"],
          "calls": 2, "log": True, "copies": True, "handles": 1, "registered": {"": {"forward": 1}}}],
        WATCH,
    ),
    "hooks on outputs": (
        [{"kind": "hooks", "model": "nn.Linear(3, 2)", "attach": "five(model)", "inputs": ["randn(4, 3)"], "handles": 1}],
        FIVE,
    ),
    "backward hooks": (
        [{"kind": "hooks", "model": "nn.Linear(3, 2)", "attach": "halve(model)", "inputs": ["randn(4, 3)"],
          "gradients": True, "handles": 1, "registered": {"": {"full_backward": 1}}}],
        BACKWARD,
    ),
    "apply": (
        [{"kind": "apply", "model": "nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))", "call": "fill(model, 0.5)",
          "state": True, "returns_model": True, "same_parameters": True}],
        FILL,
    ),
    "apply in order": (
        [{"kind": "apply", "model": "nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))", "call": "order(model)",
          "returns": True}],
        ORDER,
    ),
    "docs": (
        [{"kind": "docs", "object": "Scale(2.0)", "doc_words": 3, "repr": "Scale(factor=2.0)", "extra_repr": "factor=2.0"}],
        SCALE,
    ),
}  # fmt: skip

BUFFER = 'self.register_buffer("mean", torch.zeros(size))'
UPDATE = "self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)"
LAYERS = "nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])"
WEIGHT = "nn.Parameter(torch.randn(m, n))"
BIAS = "nn.Parameter(torch.zeros(m))"
AFTER = ("", "instead of")

MISTAKES: list[tuple[str, str, tuple[str, str], Said]] = [
    # -- function
    ("function", "a shape that would broadcast", ("x.sum(0)", "x.sum(0, keepdim=True)"),
     {"call[1]": ("shape [2]", "shape [1, 2]")}),
    ("function", "another dtype", ("x.sum(0)", "x.sum(0).double()"), {"call[1]": ("dtype float32", "dtype float64")}),
    ("function", "shape before dtype", ("x.sum(0)", "x.sum().double()"), {"call[1]": ("shape [2]", "shape []")}),
    ("function", "another dimension", ("x.sum(0)", "x.sum(0) * torch.tensor([1., 2.])"),
     {"call[1]": ("tensor([", "1 of 2 elements differ, most at [1]")}),
    ("function", "numbers of Python", ("x.sum(0)", "x.sum(0).tolist()"), {"call[1]": ("a tensor of shape [2]", "[")}),
    ("function", "writes into its input", ("x.sum(0)", "x.zero_() if False else x.mul_(1.5).sum(0) / 1.5"),
     {"call[1]": ("the arguments as they were", "the call changed argument 1")}),
    ("function", "uses the global generator", ("x.sum(0)", "(torch.randn(2), x.sum(0))[1]"),
     {"call[1]": ("global random state as it was", "another state")}),
    ("function", "seeds the global generator as it was", ("x.sum(0)", "(torch.manual_seed(torch.initial_seed()), x.sum(0))[1]"),
     {"call[1]": ("torch's global random state", "another state")}),
    ("function", "a tuple around it", ("x.sum(0)", "(x.sum(0),)"), {"call[1]": ("a tensor of shape [2]", "a tuple of 1: (")}),
    ("function", "forgets to return", ("return x.sum(0)", "x.sum(0)"), {"call[1]": ("a tensor of shape [2]", "None")}),
    ("function", "is not there", ("def total", "def totals"), {"call[1]": ("`total` is defined", "not defined")}),
    ("function", "raises", ("x.sum(0)", "x.sum(0) @ x"), {"call[1]": ("a result", "RuntimeError: ")}),
    ("function", "does not raise", ("if n < 0", "if n < -9"), {"call[3]": ("ValueError is raised", "nothing is raised")}),
    ("function", "raises another", ("ValueError(", "KeyError("), {"call[3]": ("ValueError is raised", "KeyError: 'negative'")}),
    ("function", "returns the exception", ("raise ValueError", "return ValueError"),
     {"call[3]": ("ValueError is raised", "nothing is raised")}),
    ("function", "raises always", ("if n < 0:", "if True:"), {
        "call[2]": ("a result", "ValueError: negative"),
        "call[3]": ("ValueError is raised, and only where it should be", "a right call raises it, too"),
     }),
    ("function", "a truth value for a number", ("return n", "return True"), {"call[2]": ("3", "True")}),
    ("function", "a text for a number", ("return n", "return str(n)"), {"call[2]": ("3", "'3'")}),
    ("function", "a tensor for a number", ("return n", "return torch.tensor(n)"), {"call[2]": ("3", "tensor(3)")}),
    # -- module
    ("module", "no Module", ("(nn.Module)", ""), {
        "module[Linear]": ("an object whose class inherits from nn.Module", "an object of Linear"), "forward[1]": ("a result", ""), "gradients[1]": ("a result", ""),
        "forward[2]": ("a result", "")}),
    ("module", "no super().__init__", ("super().__init__()", "pass"), {
        "module[Linear]": ("a result", "AttributeError: cannot assign parameters before"),
        "forward[1]": ("a result", "cannot assign"), "gradients[1]": ("a result", "cannot assign"),
        "forward[2]": ("a result", "cannot assign")}),
    ("module", "forward returns nothing", ("return x @", "x @"), {
        "forward[1]": ("an output", "None"), "forward[2]": ("an output", "None"), "gradients[1]": ("gradient", "None")}),
    ("module", "no bias", (" + self.bias", ""), {
        "forward[1]": AFTER, "forward[2]": AFTER, "gradients[1]": ("the gradient of bias", "None")}),
    ("module", "detached", ("return x @ self.weight.T", "return x @ self.weight.T.detach()"),
     {"gradients[1]": ("the gradient of weight", "None")}),
    ("module", "matrices only", ("x @ self.weight.T", "x.mm(self.weight.T)"), {"forward[2]": ("a result", "RuntimeError")}),
    ("module", "one row added", ("x @ self.weight.T", "x.reshape(-1, x.shape[-1]) @ self.weight.T"),
     {"forward[2]": ("shape [2]", "shape [1, 2]")}),
    ("module", "in place", ("return x @", "x.data.mul_(2)\n        return (x / 2) @"),
     {"forward[1]": ("arguments as they were", "argument 1"), "forward[2]": ("arguments as they were", "argument 1"),
      "gradients[1]": ("the gradient of", "")}),
    ("module", "other names", ("self.weight", "self.w"), {}),
    # -- parameters
    ("parameters", "a plain tensor", (WEIGHT, "torch.randn(m, n, requires_grad=True)"), {
        "parameter[weight]": ("a Parameter `weight`", "`weight` is a plain tensor, which is not registered"),
        "parameters[Linear]": ("Parameters: 2", "1: bias")}),
    ("parameters", "transposed", (WEIGHT, "nn.Parameter(torch.randn(n, m))"),
     {"parameter[weight]": ("shape [2, 3]", "shape [3, 2]")}),
    ("parameters", "double", (WEIGHT, "nn.Parameter(torch.randn(m, n).double())"),
     {"parameter[weight]": ("dtype float32", "dtype float64")}),
    ("parameters", "frozen", (WEIGHT, "nn.Parameter(torch.randn(m, n), requires_grad=False)"), {
        "parameter[weight]": ("requires_grad=True", "requires_grad=False"),
        "parameters[Linear]": ("8 trainable numbers", "2")}),
    ("parameters", "all equal", (WEIGHT, "nn.Parameter(torch.ones(m, n))"),
     {"parameter[weight]": ("different initial numbers", "all are 1")}),
    ("parameters", "not zeros", (BIAS, "nn.Parameter(torch.ones(m))"), {"parameter[bias]": ("0 everywhere at first", "1")}),
    ("parameters", "one more", ("= " + BIAS, "= " + BIAS + "; self.more = nn.Parameter(torch.zeros(1))"), {
        "parameter[weight]": ("no Parameters but weight, bias", "also more"),
        "parameter[bias]": ("no Parameters but weight, bias", "also more"),
        "parameters[Linear]": ("Parameters: 2", "3: weight, bias, more")}),
    ("parameters", "a buffer", ("self.bias = " + BIAS, 'self.register_buffer("bias", torch.zeros(m))'), {
        "parameter[bias]": ("a Parameter `bias`", "`bias` is a buffer"), "parameters[Linear]": ("Parameters: 2", "1: weight")}),
    ("parameters", "the same one again", ("= " + BIAS, "= " + BIAS + "; self.more = self.bias"), {
        "parameter[weight]": ("no Parameters but weight, bias", "also more"),
        "parameter[bias]": ("no Parameters but weight, bias", "also more")}),
    ("parameters", "one for both", ("= " + BIAS, "= self.weight"), {
        "parameters[Linear]": ("Parameters: 2", "1: weight; others are the same ones again: bias"),
        "parameter[bias]": ("shape [2]", "shape [2, 3]")}),
    ("parameters", "NaN at first", (BIAS, "nn.Parameter(torch.full((m,), float('nan')))"),
     {"parameter[bias]": ("0 everywhere at first", "nan")}),
    # -- buffers
    ("buffers", "a plain tensor", (BUFFER, "self.mean = torch.zeros(size)"), {
        "buffer[mean]": ("a buffer `mean`", "plain tensor: neither saved nor moved"),
        "buffers-after[1]": ("a buffer `mean`", "(none)"), "buffers-after[2]": ("a buffer `mean`", "(none)")}),
    ("buffers", "a Parameter", (BUFFER, "self.mean = nn.Parameter(torch.zeros(size), False)"), {
        "buffer[mean]": ("a buffer `mean`", "`mean` is a Parameter"),
        "buffers-after[1]": ("a result", "TypeError"), "buffers-after[2]": ("a result", "TypeError")}),
    ("buffers", "a Parameter registered as one", (BUFFER, 'self.register_buffer("mean", nn.Parameter(torch.zeros(size), False))'), {
        "buffer[mean]": ("a buffer `mean`", "`mean` is a Parameter"),
    }),
    ("buffers", "not persistent", (BUFFER, BUFFER[:-1] + ", persistent=False)"),
     {"buffer[mean]": ("`mean` is in the state_dict", "`mean` is not in the state_dict")}),
    ("buffers", "another shape", ("torch.zeros(size)", "torch.zeros(1, size)"), {
        "buffer[mean]": ("shape [2]", "shape [1, 2]"), "buffers-after[1]": ("shape [2]", "shape [1, 2]"),
        "buffers-after[2]": ("shape [2]", "shape [1, 2]")}),
    ("buffers", "whole numbers", ("torch.zeros(size)", "torch.zeros(size, dtype=torch.int64)"),
     {"buffer[mean]": ("dtype float32", "dtype int64")}),
    ("buffers", "ones at first", ("torch.zeros(size)", "torch.ones(size)"), {
        "buffer[mean]": ("0 everywhere at first", "tensor([1., 1.])"), "buffers-after[1]": AFTER, "buffers-after[2]": AFTER}),
    ("buffers", "also in evaluation", ("if self.training", "if True"), {"buffers-after[2]": AFTER}),
    ("buffers", "with its graph", (".detach()", ""), {
        "buffers-after[1]": ("is a plain tensor", "keeps the graph"), "buffers-after[2]": ("is a plain tensor", "keeps the graph")}),
    ("buffers", "never moves", (UPDATE, "pass"), {"buffers-after[1]": AFTER, "buffers-after[2]": AFTER}),
    ("buffers", "one more", (BUFFER, BUFFER + '; self.register_buffer("n", torch.zeros(1))'),
     {"buffer[mean]": ("no buffers but mean", "also n")}),
    # -- children
    ("children", "a plain list", (LAYERS, "[nn.Linear(2, 2) for _ in range(3)]"), {
        "child[layers]": ("a registered submodule `layers`", "`layers` is a plain list of modules"),
        "child[layers.1]": ("a registered submodule `layers.1`", "`layers` is a plain list of modules"),
        "children[Tower]": ("the children layers, last", "the children last")}),
    ("children", "one layer repeated", (LAYERS, "nn.ModuleList([nn.Linear(2, 2)] * 3)"),
     {"children[Tower]": ("3 different Linear modules", "3 places that share 1")}),
    ("children", "too few", ("range(3)", "range(2)"), {"children[Tower]": ("registered Linear modules: 3", "2")}),
    ("children", "another container", (LAYERS, "nn.Sequential(*" + LAYERS + ")"),
     {"child[layers]": ("layers is a ModuleList", "a nn.Sequential")}),
    ("children", "another name", ("self.layers", "self.stack"), {
        "child[layers]": ("a submodule `layers`", "the submodules are stack, stack.0"),
        "child[layers.1]": ("a submodule `layers.1`", "stack"), "children[Tower]": ("layers, last", "stack, last")}),
    ("children", "another order", ("self.layers = ", "self.last = nn.ReLU(); self.layers = "),
     {"children[Tower]": ("the children layers, last", "the children last, layers")}),
    # -- state_dict
    ("state_dict", "not saved", (BUFFER, BUFFER[:-1] + ", persistent=False)"), {
        "state_dict[Mean]": ("the keys mean", "the keys (none)"),
        "round-trip[Mean]": ("something to load", "an empty state_dict")}),
    ("state_dict", "another key", (BUFFER, BUFFER + '; self.register_buffer("n", torch.zeros(1))'),
     {"state_dict[Mean]": ("the keys mean", "the keys mean, n")}),
    ("state_dict", "state outside", (BUFFER, BUFFER + "; self.n = 0"), {}),
    ("state_dict", "loads nothing", ("def forward", "def load_state_dict(self, state, *rest): pass\n\n    def forward"),
     {"round-trip[Mean]": ("the output after loading", "instead of")}),
    # -- hooks
    ("hooks", "no copy", (".detach().clone()", ".detach()"), {
        "hook-log[watch]": ("copies in the log", "the log changed when")}),
    ("hooks", "with its graph", ("output.detach().clone()", "output.clone()"),
     {"hook-log[watch]": ("detached tensors", "still carry their graph")}),
    ("hooks", "nothing in the log", ("log.append(output.detach().clone())", "pass"), {
        "hook-log[watch]": ("", "length 0"), "hook-removed[watch]": ("the length of the log", "0")}),
    ("hooks", "no handle", ("return model.register", "model.register"),
     {"hook-removed[watch]": ("handles returned: 1", "0")}),
    ("hooks", "cannot be removed", ("return model.register_forward_hook(remember)",
     "h = model.register_forward_hook(remember)\n    h.remove = lambda: None\n    return h"),
     {"hook-removed[watch]": ("the length of the log after removal", "3")}),
    ("hooks", "twice", ("return model.reg", "model.register_forward_hook(lambda *a: None)\n    return model.reg"),
     {"hook-registered[watch]": ("forward hooks at the model itself: 1", "2")}),
    ("hooks", "a wrapped forward", ("return model.register_forward_hook(remember)",
     "old = model.forward\n    model.forward = lambda x: (y := old(x), remember(model, x, y))[0]"), {
        "hook-registered[watch]": ("forward hooks at the model itself: 1", "none"),
        "hook-output[watch]": ("a hook is registered", "none is"),
        "hook-removed[watch]": ("handles returned: 1", "0")}),
    ("hooks on outputs", "does not change the output", ("return output + 5", "output + 5"),
     {"hook-output[five]": AFTER, "hook-removed[five]": AFTER}),
    ("hooks on outputs", "changes it twice", ("return output + 5", "output.add_(5)\n        return output + 5"),
     {"hook-output[five]": AFTER, "hook-removed[five]": AFTER}),
    ("hooks on outputs", "of another kind", ("return model.register_forward_hook(add)",
     "return model.weight.register_post_accumulate_grad_hook(lambda p: None)"), {
        "hook-output[five]": ("a hook is registered", "only one of `register_post_accumulate_grad_hook`"),
        "hook-removed[five]": AFTER}),
    ("hooks on outputs", "a method replaced", ("return model.register_forward_hook(add)",
     "old = model.forward\n    model.forward = lambda x: old(x) + 5"), {
        "hook-output[five]": ("a hook is registered", "none is"),
        "hook-removed[five]": ("handles returned: 1", "0")}),
    ("backward hooks", "changes nothing", ("return tuple(", "tuple("),
     {"hook-gradients[halve]": ("the gradient of input 1", "instead of"), "hook-removed[halve]": ("the gradient of input 1", "instead of")}),
    ("backward hooks", "the old kind", ("register_full_backward_hook", "register_backward_hook"), {
        "hook-registered[halve]": ("full_backward hooks", "1 backward"),
        "hook-gradients[halve]": ("", ""), "hook-removed[halve]": ("", "")}),
    # -- apply
    ("apply", "also other modules", ("isinstance(module, nn.Linear)", 'hasattr(module, "weight")'), {
        "apply-state[fill]": ("1.weight", "instead of")}),
    ("apply", "only the model itself", ("return model.apply(one)", "one(model)\n    return model"),
     {"apply-state[fill]": ("0.weight", "instead of")}),
    ("apply", "another Parameter", ("module.weight.fill_(number)", "module.weight = nn.Parameter(torch.full_like(module.weight, number))"),
     {"apply-state[fill]": ("the Parameters themselves are changed", "0.weight is another object now")}),
    ("apply", "returns nothing", ("return model.apply", "model.apply"),
     {"apply-state[fill]": ("the model itself is returned", "NoneType")}),
    ("apply", "returns a copy", ("return model.apply(one)", "import copy\n    return copy.deepcopy(model.apply(one))"),
     {"apply-state[fill]": ("the model itself is returned", "Sequential")}),
    ("apply", "frozen", ("with torch.no_grad():", "if module.weight.requires_grad_(False) is not None:"),
     {"apply-state[fill]": ("0.weight", "requires_grad=False")}),
    ("apply in order", "parents first", ("model.apply(lambda module: names.append(type(module).__name__))",
     "names += [type(m).__name__ for m in model.modules()]"), {"apply-returns[order]": ("'Linear'", "'Sequential'")}),
    ("apply in order", "the model left out", ("return names", "return names[:-1]"),
     {"apply-returns[order]": ("length 4", "length 3")}),
    # -- docs
    ("docs", "no docstring", ('    """Multiplies by a factor."""\n', ""),
     {"doc[Scale]": ("a docstring of at least 3 words", "none of its own")}),
    ("docs", "too few words", ("Multiplies by a factor.", "Multiplies."),
     {"doc[Scale]": ("a docstring of at least 3 words", "'Multiplies.'")}),
    ("docs", "a method __doc__", ('"""Multiplies by a factor."""', "def __doc__(self): return 'a b c d'"),
     {"doc[Scale]": ("a docstring", "__doc__ is a function")}),
    ("docs", "no extra_repr", ("def extra_repr", "def more_repr"), {
        "repr[Scale]": ("'Scale(factor=2.0)'", "'Scale()'"), "extra_repr[Scale]": ("'factor=2.0'", "''")}),
    ("docs", "brackets in it", ('f"factor={self.factor}"', 'f"({self.factor})"'), {
        "repr[Scale]": ("'Scale(factor=2.0)'", "'Scale((2.0))'"), "extra_repr[Scale]": ("'factor=2.0'", "'(2.0)'")}),
]  # fmt: skip


def graded(course: Course, requirements: list[dict[str, Any]], right: str, code: str, **keys: Any) -> list[CheckResult]:
    """The checks of a code, with the right one as the solution."""
    course.require(*requirements, solution=IMPORTS + right, diagnosis="none", **keys)
    report = course.grade(IMPORTS + code)
    assert report.cells[0].raised is None, report.cells
    return list(report.exercises[0].checks)


def changed(right: str, change: tuple[str, str]) -> str:
    """The right code with one piece replaced."""
    assert change[0] in right, "the mistake replaces something that is not there"
    return right.replace(*change)


def assert_fails(checks: list[CheckResult], said: Said) -> None:
    """These checks fail with these words, and all others pass."""
    wrong = {check.id.removeprefix("one::"): check for check in checks if check.outcome != "passed"}
    assert {name: check.outcome for name, check in wrong.items()} == dict.fromkeys(said, "failed")
    for name, (expected, observed) in said.items():
        assert expected in str(wrong[name].expected)
        assert observed in str(wrong[name].observed)
        assert wrong[name].called is not None


@pytest.mark.parametrize("kind", REQUIREMENTS)
def test_what_is_right_passes(course: Course, kind: str) -> None:
    requirements, right = REQUIREMENTS[kind]
    assert_fails(graded(course, requirements, right, right), {})


@pytest.mark.parametrize(("kind", "mistake", "change", "said"), MISTAKES, ids=[f"{m[0]}: {m[1]}" for m in MISTAKES])
def test_a_mistake_fails_its_checks(
    course: Course, kind: str, mistake: str, change: tuple[str, str], said: Said
) -> None:
    requirements, right = REQUIREMENTS[kind]
    assert_fails(graded(course, requirements, right, changed(right, change)), said)


def test_the_documentation_has_a_valid_example_of_each_kind() -> None:
    blocks = re.findall(r"```yaml\n(- kind.*?)```", (ROOT / "docs" / "spec.md").read_text(), re.DOTALL)
    examples = [TypeAdapter(AnyRequirement).validate_python(one) for block in blocks for one in yaml.safe_load(block)]
    kinds = get_args(get_args(AnyRequirement)[0])
    assert {type(example) for example in examples} == set(kinds)
    assert all(list(example.checks(0)) for example in examples)


# -- how values are compared: what f returns in the solution, in the submission, and what is said (None: it passes)

VALUES: list[tuple[str, str, tuple[str, str] | None]] = [
    ("torch.ones(2)", "torch.ones(2) + 1e-6", None),
    ("torch.ones(2)", "torch.ones(2) + 1e-3", ("tensor([1., 1.])", "2 of 2 elements differ, most at [0]: 1.001 instead of 1")),
    ("torch.ones(2)", "nn.Parameter(torch.ones(2))", None),
    ("torch.ones(2, 3)", "torch.ones(3)", ("shape [2, 3]", "shape [3]")),
    ("torch.ones(3)", "torch.ones(1)", ("shape [3]", "shape [1]")),
    ("torch.ones(())", "torch.ones(1)", ("shape []", "shape [1]")),
    ("torch.ones(2)", "torch.ones(2).half()", ("dtype float32", "dtype float16")),
    ("torch.ones(2)", "torch.ones(2, dtype=torch.int64)", ("dtype float32", "dtype int64")),
    ("torch.ones(2)", "torch.ones(3).double()", ("shape [2]", "shape [3]")),
    ("torch.tensor([1., float('nan')])", "torch.tensor([1., float('nan')])", None),
    ("torch.tensor([1., float('nan')])", "torch.tensor([1., 2.])", ("nan", "2 instead of nan")),
    ("torch.tensor([1., 2.])", "torch.tensor([1., float('nan')])", ("", "nan instead of 2")),
    ("torch.tensor([float('inf'), 1.])", "torch.tensor([float('inf'), 1.])", None),
    ("torch.tensor([float('inf'), 1.])", "torch.tensor([-float('inf'), 1.])", ("inf", "-inf instead of inf")),
    ("torch.tensor([3.4e38])", "torch.tensor([-3.4e38])", ("3.4", "-3.4")),
    ("torch.tensor([2**53 + 1])", "torch.tensor([2**53 + 1])", None),
    ("torch.tensor([2**53 + 1])", "torch.tensor([2**53])", ("9007199254740993", "9007199254740992")),
    ("torch.tensor([2**63 - 1, 0])", "torch.tensor([-2**63, 0])", ("9223372036854775807", "-9223372036854775808 instead of")),
    ("torch.tensor([-2**63, 0])", "torch.tensor([-2**63, 0])", None),
    ("torch.tensor([0, 255], dtype=torch.uint8)", "torch.tensor([0, 1], dtype=torch.uint8)", ("255", "1 instead of 255")),
    ("torch.tensor([5, 6])", "torch.tensor([5, 7])", ("6", "1 of 2 elements differ, most at [1]: 7 instead of 6")),
    ("torch.tensor([True, False])", "torch.tensor([True, True])", ("False", "True instead of False")),
    ("torch.tensor([1 + 2j])", "torch.tensor([1 + 2j])", None),
    ("torch.tensor([1 + 2j, 0])", "torch.tensor([1 - 2j, 0])", ("1.+2.j", "1-2j instead of 1+2j")),
    ("torch.tensor([1 + 2j]).conj()", "torch.tensor([1 - 2j])", None),
    ("torch.ones(2, dtype=torch.bfloat16)", "torch.ones(2, dtype=torch.bfloat16)", None),
    ("torch.ones(2, dtype=torch.bfloat16)", "torch.ones(2)", ("dtype bfloat16", "dtype float32")),
    ("torch.ones(2, dtype=torch.bfloat16)", "torch.ones(2, dtype=torch.bfloat16) * 2", ("", "2 instead of 1")),
    ("torch.zeros(0, 3)", "torch.zeros(0, 3)", None),
    ("torch.zeros(0, 3)", "torch.zeros(3, 0)", ("shape [0, 3]", "shape [3, 0]")),
    ("torch.zeros(0)", "torch.zeros(0).double()", ("dtype float32", "dtype float64")),
    ("torch.arange(6).reshape(2, 3).T", "torch.arange(6).reshape(2, 3).T.contiguous()", None),
    ("torch.ones(2).expand(3, 2)", "torch.ones(3, 2)", None),
    ("0.1 + 0.2", "0.3", None),
    ("0.5", "0.6", ("0.5", "0.6")),
    ("2.0", "2", None),
    ("1.0", "True", ("the number 1", "True")),
    ("1.0", "torch.tensor(1.0)", ("the number 1", "tensor(1.)")),
    ("1.0", "'1.0'", ("the number 1", "'1.0'")),
    ("float('nan')", "float('nan')", None),
    ("float('nan')", "0.0", ("nan", "0")),
    ("float('inf')", "float('inf')", None),
    ("float('inf')", "-float('inf')", ("inf", "-inf")),
    ("float('inf')", "5.0", ("inf", "5")),
    ("float('inf')", "10**400", ("inf", "")),
    ("5.0", "float('inf')", ("5", "inf")),
    ("complex(0, float('inf'))", "5j", ("inf", "5j")),
    ("1.0", "10**400", ("1", "")),
    ("1", "2**70", ("1", "1180591620717411303424")),
    ("torch.tensor([1])", "torch.tensor([2**60])", ("1", "1152921504606846976")),
    ("1 + 2j", "1 + 2j", None),
    ("1 + 2j", "1 - 2j", ("1+2j", "1-2j")),
    ("3", "3.0", None),
    ("3", "3.5", ("3", "3.5")),
    ("3", "True", ("3", "True")),
    ("10**30", "10**30", None),
    ("10**30", "10**30 + 1", ("1000000000000000000000000000000", "1000000000000000000000000000001")),
    ("'yes'", "'yes'", None),
    ("'yes'", "'no'", ("'yes'", "'no'")),
    ("'yes'", "['yes']", ("'yes'", "['yes']")),
    ("None", "None", None),
    ("None", "0", ("None", "0")),
    ("[1, 2]", "(1, 2)", None),
    ("[1, 2]", "[1, 2, 3]", ("length 2", "length 3")),
    ("[1, 2]", "3", ("a list of 2", "3")),
    ("[1, [2, torch.ones(1)]]", "[1, [2, torch.zeros(1)]]", ("at [1][1]", "tensor([0.])")),
    ("{'a': 1, 'b': [2.0]}", "{'b': [2.0], 'a': 1}", None),
    ("{'a': 1}", "{'b': 1}", ("the keys 'a'", "the keys 'b'")),
    ("{'a': {'b': 1}}", "{'a': {'b': 2}}", ("1 at ['a']['b']", "2")),
    ("{'a': 1}", "[('a', 1)]", ("a dict with the keys 'a'", "[('a', 1)]")),
    ("{1, 2}", "{2, 1}", None),
    ("{1, 2}", "{1, 3}", ("1", "3")),
    ("{1, 2}", "[1, 2]", ("", "[1, 2]")),
    ("[torch.ones(1)]", "torch.ones(1)", ("a list of 1", "tensor([1.])")),
    ("torch.ones(1)", "[1.0]", ("a tensor of shape [1]", "[1.0]")),
    ("nn.ReLU()", "nn.GELU()", ("a ReLU object", "a GELU object")),
    ("torch.Size([2])", "torch.Size([2])", None),
    ("torch.float32", "torch.float32", None),
    ("torch.float32", "torch.float64", ("float32", "float64")),
    ("b'a'", "b'b'", ("a", "b")),
    ("numpy.ones(2)", "numpy.ones(2)", None),
    ("numpy.ones(2)", "numpy.zeros(2)", ("1.", "0.")),
    ("numpy.float32(1)", "numpy.float32(2)", ("1", "2")),
    ("torch.eye(2).to_sparse()", "torch.eye(2).to_sparse()", None),
    ("torch.eye(2).to_sparse()", "(2 * torch.eye(2)).to_sparse()", ("tensor([1., 1.])", "2 of 2 elements differ")),
    ("torch.eye(2).to_sparse()", "torch.eye(2).flip(0).to_sparse()", ("[[0, 1],", "2 of 4 elements differ")),
    ("torch.eye(2).to_sparse()", "torch.eye(2)", ("a sparse_coo tensor of shape [2, 2], float32", "tensor([[1., 0.]")),
    ("torch.eye(2).to_sparse_csr()", "torch.eye(2).to_sparse_csr()", None),
    ("torch.eye(2).to_sparse_csr()", "torch.eye(2).to_sparse()", ("a sparse_csr tensor", "a sparse_coo tensor")),
    ("torch.eye(3).to_sparse_csr()", "torch.eye(3).flip(0).to_sparse_csr()", ("[0, 1, 2]", "2 of 3 elements differ")),
    ("torch.sparse_coo_tensor([[0, 0]], [1., 2.], (2,))", "torch.sparse_coo_tensor([[0]], [3.], (2,))", None),
    ("torch.quantize_per_tensor(torch.ones(2), 0.1, 2, torch.quint8)", "torch.quantize_per_tensor(torch.ones(2), 0.1, 2, torch.quint8)", None),
    ("torch.quantize_per_tensor(torch.ones(2), 0.1, 2, torch.quint8)", "torch.quantize_per_tensor(torch.zeros(2), 0.1, 2, torch.quint8)", ("tensor([1., 1.])", "2 of 2 elements")),
    ("torch.quantize_per_tensor(torch.ones(2), 0.1, 2, torch.quint8)", "torch.quantize_per_tensor(torch.ones(2), 0.2, 0, torch.quint8)", ("0.1", "0.2")),
    ("torch.ones(40, 40).numpy()", "torch.ones(40, 40).numpy()", None),
    ("torch.ones(40, 40).numpy()", "torch.ones(40, 40).numpy() + 1e-3 * torch.eye(40).numpy()", ("an array of shape", "40 of 1600 elements")),
    ("torch.ones(2).numpy()", "torch.ones(2)", ("an array of shape [2]", "tensor([1., 1.])")),
    ("torch.ones(2)", "torch.ones(2).numpy()", ("a tensor of shape [2]", "array([1., 1.])")),
    ("torch.ones(2).numpy()[0]", "1.0", None),
    ("range(3)", "range(3)", None),
    ("range(3)", "range(4)", ("range(0, 3)", "range(0, 4)")),
    ("torch.float32", "torch.float64", ("torch.float32", "torch.float64")),
    ("{torch.float32}", "{torch.float32}", None),
    ("'a' * 30_000 + 'b'", "'a' * 30_000 + 'c'", ("aaa", "aaa")),
    ("10**5000", "10**5000", None),
    ("1", "10**5000", ("1", "0x")),
    ("1.0", "10**5000", ("1", "0x")),
    ("{1: [1]}", "{10**5000: [10**5000]}", ("the keys 1", "the keys 0x")),
    ("[1, nn.ReLU()]", "[2, nn.ReLU()]", ("1 at [0]", "2")),
    ("range(3)", "range(4)", ("range(0, 3)", "range(0, 4)")),
]  # fmt: skip


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> list[CheckResult]:
    """All values judged at once: `f0` returns the first, and so on."""
    course = Course(tmp_path_factory.mktemp("values"), zygote)
    calls = [{"call": f"f{place}()"} for place in range(len(VALUES))]

    def functions(column: int) -> str:
        return IMPORTS + "".join(f"def f{place}(): return {row[column]}\n" for place, row in enumerate(VALUES))

    course.require({"kind": "function", "calls": calls}, solution=functions(0), diagnosis="none")
    return list(course.grade(functions(1)).exercises[0].checks)


@pytest.mark.xdist_group("compared")  # at once, so in one process
@pytest.mark.parametrize("place", range(len(VALUES)), ids=[f"{given} for {right}" for right, given, _ in VALUES])
def test_values(compared: list[CheckResult], place: int) -> None:
    check, said = compared[place], VALUES[place][2]
    if said is None:
        assert check.outcome == "passed", (check.expected, check.observed, check.detail)
    else:
        assert check.outcome == "failed", check.detail
        assert said[0] in str(check.expected)
        assert said[1] in str(check.observed)


@pytest.mark.parametrize("made", ["object()", "nn.ReLU()", "{torch.ones(1): 1}", "len"])
def test_what_cannot_be_compared_is_no_failure_of_the_student(course: Course, made: str) -> None:
    code = f"{IMPORTS}def f(): return {made}\n"
    course.require({"kind": "function", "calls": [{"call": "f()"}]}, solution=code)
    (check,) = course.grade(code).exercises[0].checks
    assert check.outcome == "error"
    assert "cannot be compared" in check.detail
    (check,) = course.grade(f"{IMPORTS}def f(): return 3\n").exercises[0].checks
    assert check.outcome == "failed"


@pytest.mark.parametrize(
    ("tolerance", "outcome"),
    [
        (None, "failed"), ({"rtol": 0, "atol": 0.2}, "passed"), ({"rtol": 0.1, "atol": 0}, "passed"),
        ({"rtol": 0.001, "atol": 0.001}, "failed"), ({"rtol": 0, "atol": 0}, "failed"),
    ],
)  # fmt: skip
def test_a_tolerance_of_ones_own(course: Course, tolerance: dict[str, float] | None, outcome: str) -> None:
    keys = {"tolerance": tolerance} if tolerance else {}
    for right, given in (("torch.tensor([2.])", "torch.tensor([2.1])"), ("2.0", "2.1"), ("[2.0]", "[2.1]")):
        course.require(
            {"kind": "function", "calls": [{"call": "f()"}], **keys}, solution=f"{IMPORTS}def f(): return {right}\n"
        )
        (check,) = course.grade(f"{IMPORTS}def f(): return {given}\n").exercises[0].checks
        assert check.outcome == outcome


@pytest.mark.parametrize(
    ("maker", "seen"),
    [
        ("zeros(2, 3)", ["torch.float32", [2, 3], False]), ("eye(3)", ["torch.float32", [3, 3], False]),
        ("tensor([1, 2])", ["torch.int64", [2], False]), ("tensor([1.5])", ["torch.float32", [1], False]),
        ("tensor(2)", ["torch.int64", [], False]), ("tensor([True])", ["torch.bool", [1], False]),
        ("tensor([1], dtype=complex64)", ["torch.complex64", [1], False]), ("tensor([])", ["torch.float32", [0], False]),
        ("full(7, 2)", ["torch.int64", [2], False]), ("full(0.5, 2)", ["torch.float32", [2], False]),
        ("arange(6, shape=[2, 3])", ["torch.int64", [2, 3], False]), ("arange(0, 1, 0.25)", ["torch.float32", [4], False]),
        ("randint(0, 5, 3)", ["torch.int64", [3], False]), ("randn(2, dtype=float64)", ["torch.float64", [2], False]),
        ("randn(2, requires_grad=True)", ["torch.float32", [2], True]), ("randn()", ["torch.float32", [], False]),
    ],
)  # fmt: skip
def test_makers(course: Course, maker: str, seen: list[Any]) -> None:
    course.require({"kind": "function", "calls": [{"call": f"look({maker})", "returns": repr(seen)}]})
    code = f"{IMPORTS}def look(x): return [str(x.dtype), list(x.shape), x.requires_grad]\n"
    (check,) = course.grade(code).exercises[0].checks
    assert check.outcome == "passed", (check.expected, check.observed, check.detail)
