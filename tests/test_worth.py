"""What an answer is worth: numbers of whatever kind, as near as rounding allows, of modules that are lazy at first.

Every row is graded as a submission; those in a table share one assignment, whose solution stands beside them.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Course

from grader.models.report import CheckResult

IMPORTS = "# exercise: one\nimport numpy\nimport torch\nfrom torch import nn\n"


def judged(course: Course, requirement: dict[str, Any], solution: str, answer: str) -> list[CheckResult]:
    course.require(requirement, solution=IMPORTS + solution)
    return list(course.grade(IMPORTS + answer).exercises[0].checks)


def failed(checks: list[CheckResult]) -> list[str]:
    assert not [check.detail for check in checks if check.outcome == "error"]
    return [check.id for check in checks if check.outcome != "passed"]


# what is called, the solution's body, an answer's, and whether it is right
NEAR: dict[str, tuple[str, str, str, bool]] = {
    "a sum in float64": ("f(randn(1000000))", "x.sum()", "x.double().sum().float()", True),
    "a sum in another order": ("f(randn(1000000))", "x.sum()", "x.reshape(1000, 1000).sum(0).sum()", True),
    "a sum as a NumPy scalar": ("f(randn(1000000))", "x.sum().item()", "x.double().numpy().sum()", True),
    "a sum without its last part": ("f(rand(1000000))", "x.sum()", "x[:-10].sum()", False),
    "a product of matrices in float64": ("f(randn(512, 512))", "x @ x", "(x.double() @ x.double()).float()", True),
    "a product of matrices in bfloat16": ("f(randn(64, 64))", "x @ x", "(x.bfloat16() @ x.bfloat16()).float()", False),
    "a mean of squares that nearly cancel": (
        "f(randn(100000))", "((x + 100) ** 2).mean() - 10001", "((x.double() + 100) ** 2).mean().float() - 10001", True,
    ),
    "large logits by way of their logarithm": (
        "f(tensor([[1000.0, 0.0, 999.0]]))", "x.softmax(1)", "(x - x.logsumexp(1, keepdim=True)).exp()", True,
    ),
    "large logits that are cut off": (
        "f(tensor([[1000.0, 0.0, 999.0]]))", "x.softmax(1)", "x.clamp(max=999.9).softmax(1)", False,
    ),
    "zeros for small numbers": ("f(rand(2, 200000))", "x.softmax(1)", "torch.zeros_like(x)", False),
    "one small number for another": ("f(rand(2, 200000))", "x.softmax(1)", "x.softmax(1).flip(1)", False),
    "small numbers in another way": ("f(rand(2, 200000))", "x.softmax(1)", "x.exp() / x.exp().sum(1, True)", True),
    "a small float": ("f(rand(3))", "x.sum().item() * 1e-6", "0.0", False),
    "what rounding leaves of a zero": ("f(randn(9))", "(x - x.mean()).sum()", "torch.tensor(0.0)", True),
    "another dtype": ("f(randn(9))", "x.sum()", "x.double().sum()", False),
    "random numbers of another kind": (
        "f(randn(99))", "x + torch.randn(99)", "x + torch.randn(99, dtype=torch.float64).float()", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEAR)
def test_as_near_as_rounding_allows(course: Course, name: str) -> None:
    called, solution, answer, right = NEAR[name]
    requirement = {"kind": "function", "calls": [{"call": called}]}
    bodies = (f"def f(x):\n    return {body}\n" for body in (solution, answer))
    assert bool(failed(judged(course, requirement, *bodies))) is not right


def test_a_condition_allows_it_as_well(course: Course) -> None:
    calls = [{"call": "f(randn(1000000))", "holds": ["returned == solution"]}]
    bodies = (f"def f(x):\n    return {body}\n" for body in ("x.sum()", "x.double().sum().float()"))
    assert failed(judged(course, {"kind": "function", "calls": calls}, *bodies)) == []


def test_a_difference_shows_in_a_condition(course: Course) -> None:
    calls = [{"call": "f(rand(3))", "holds": ["returned == solution"]}]
    (check,) = judged(
        course, {"kind": "function", "calls": calls}, "def f(x): return 2.5\n", "def f(x): return 2.50003\n"
    )
    assert str(check.observed) == "2.50003 instead of 2.5"


LAYER = """
class Layer(nn.Module):
    def __init__(self, n):
        super().__init__()
        {made}
        {more}
    def forward(self, x):
        return self.layer(x)
"""
ABOUT: dict[str, dict[str, Any]] = {
    "parameters": {"parameters": {"layer.weight": {"shape": [2, 4]}, "layer.bias": {"shape": [2]}}, "total": 10},
    "state_dict": {"keys": ["layer.weight", "layer.bias"], "round_trip": ["randn(3, 4)"]},
    "module": {"calls": [{"inputs": ["randn(3, 4)"], "gradients": True}]},
    "children": {"children": {"layer": "Linear"}},
}


@pytest.mark.parametrize(
    ("kinds", "keys"),
    [(["parameters", "module"], {}), (["state_dict"], {}), (["children"], {}),
     (["parameters"], {"inputs": ["randn(3, 4)"]}), (["state_dict", "parameters"], {})],
    ids=lambda given: "-".join(given) or "alone",
)  # fmt: skip
def test_a_lazy_module_is_called_before_its_shapes_are_read(
    course: Course, kinds: list[str], keys: dict[str, Any]
) -> None:
    requirements = [{"kind": kind, "object": "Layer(2)", **ABOUT[kind], **keys} for kind in kinds]
    made = (LAYER.format(made=f"self.layer = {layer}", more="") for layer in ("nn.Linear(4, n)", "nn.LazyLinear(n)"))
    course.require(*requirements, solution=IMPORTS + next(made))
    assert failed(list(course.grade(IMPORTS + next(made)).exercises[0].checks)) == []


def test_a_lazy_module_that_nothing_calls_has_no_shapes(course: Course) -> None:
    made = (LAYER.format(made=f"self.layer = {layer}", more="") for layer in ("nn.Linear(4, n)", "nn.LazyLinear(n)"))
    (first, *_) = judged(course, {"kind": "parameters", "object": "Layer(2)", **ABOUT["parameters"]}, *made)
    assert first.outcome == "failed", first.detail
    assert "lazy" in str(first.observed)


# the solution's body, an answer's, and whether it is right
COMPLEX: dict[str, tuple[str, str, bool]] = {
    "a square": ("x * x", "x.clone() ** 2", True),
    "its conjugate": ("x * x", "(x * x).conj().resolve_conj()", False),
    "no gradient of the imaginary part": ("x * 1j", "x.detach() * 1j + (x - x.detach()).real * 1j", False),
    "a size": ("x.abs()", "(x * x.conj()).real.sqrt()", True),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_gradients(course: Course, name: str) -> None:
    solution, answer, right = COMPLEX[name]
    called = "f(randn(3, dtype=complex64, requires_grad=True))"
    requirement = {"kind": "autograd", "call": called, "values": True, "gradients": True, "finite_differences": True}
    bodies = (f"def f(x):\n    return {body}\n" for body in (solution, answer))
    assert bool(failed(judged(course, requirement, *bodies))) is not right


def test_the_gradient_of_a_complex_input_of_a_module(course: Course) -> None:
    requirement = {"kind": "module", "object": "Turn()", "calls": [
        {"inputs": ["randn(3, dtype=complex64)"], "gradients": True}]}  # fmt: skip
    turn = "class Turn(nn.Module):\n    def forward(self, x):\n        return {}\n"
    assert (
        failed(judged(course, requirement, turn.format("x * 1j"), turn.format("torch.complex(-x.imag, x.real)"))) == []
    )
    assert failed(judged(course, requirement, turn.format("x * 1j"), turn.format("x.detach() * 1j"))) == [
        "one::gradients[1]"
    ]


@pytest.mark.parametrize("setting", ["float64", "float16"])
def test_what_a_notebook_sets_as_the_default_dtype_is_not_asked(course: Course, setting: str) -> None:
    requirement = {"kind": "module", "object": "nn.Sequential(layer(3))", "calls": [{"inputs": ["randn(2, 3)"]}]}
    layer = "def layer(n):\n    return nn.Linear(n, 2)\n"
    assert failed(judged(course, requirement, layer, f"torch.set_default_dtype(torch.{setting})\n{layer}")) == []


@pytest.mark.parametrize(("kept", "right"), [("", True), (".requires_grad_()", False)])
def test_a_buffer_that_begins_to_require_grad(course: Course, kept: str, right: bool) -> None:
    """The tensor is a leaf still, so nothing keeps a graph, and yet it collects gradients."""
    requirement = {"kind": "buffers", "object": "Last()", "buffers": {"last": {"shape": [3]}}, "steps": [["randn(3)"]]}
    last = (
        "class Last(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.register_buffer('last', torch.zeros(3))\n"
        "    def forward(self, x):\n        self.last = x.detach(){}\n        return x\n"
    )
    assert bool(failed(judged(course, requirement, last.format(""), last.format(kept)))) is not right


ITEMS = """
from torch.utils.data import Dataset
kept = torch.arange(12.0).reshape(4, 3)
class Items(Dataset):
    def __len__(self): return 4
    def __getitem__(self, i):
        if i >= 4: raise IndexError(i)
        return {item}
"""
COPIES = {
    "an expanded tensor": ("kept[i, 0].clone().expand(3)", True),
    "an expanded view of what is kept": ("kept[i, 0].expand(3)", True),
    "an inference tensor": ("torch.inference_mode()(lambda: kept[i] * 1)()", True),
    "an array of its own": ("kept[i].numpy().copy()", True),
    "a view": ("kept[i]", False),
    "an array in the same memory": ("kept[i].numpy()", False),
    "a part of a tuple": ("(kept[i] * 1, kept.numpy()[i])", False),
}


@pytest.mark.parametrize("name", COPIES)
def test_items_are_written_to_where_they_can_be(course: Course, name: str) -> None:
    item, right = COPIES[name]
    requirement = {"kind": "dataset", "object": "Items()", "items": None, "copies": True}
    code = ITEMS.format(item=item)
    assert bool(failed(judged(course, requirement, code, code))) is not right
