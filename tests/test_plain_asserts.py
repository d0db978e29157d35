"""Plain asserts: judged outside of the submission's process, whatever form they have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy.testing as npt
import pytest
from conftest import Command, Course
from gradebooks import results

from grader import Report
from grader.errors import UsageError
from grader.models.report import CheckResult
from grader.sandbox.client import Zygote

pytestmark = pytest.mark.xdist_group("plain")  # what is graded once is graded in one process

RIGHT = """
# exercise: one
import warnings, torch, numpy as np
from torch import nn
from torch.utils.data import Dataset
class Linear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("calls", torch.tensor(0))
    def forward(self, x):
        self.calls += 1
        return x @ self.weight.T + self.bias
class Squares(Dataset):
    def __len__(self): return 6
    def __getitem__(self, index):
        if not 0 <= index < 6: raise IndexError("no such square")
        return torch.tensor(float(index)), index ** 2
class Stack:
    def __init__(self): self.kept = []
    def push(self, x): self.kept.append(x)
    def pop(self):
        if not self.kept: raise IndexError("the stack is empty")
        return self.kept.pop()
    def __len__(self): return len(self.kept)
    def __enter__(self): return self
    def __exit__(self, kind, error, trace): self.kept.clear(); return kind is KeyError
class Base:
    def twice(self): return 2 * self.number()
class TooLong(ValueError): pass
def add_one_(x):
    x += 1
    return x
def watch(model, log):
    return model.register_forward_hook(lambda module, inputs, output: log.append(tuple(output.shape)))
def positive(x):
    if x < 0: raise ValueError(f"{x} is negative")
    return {"value": x, "parts": [x, (x, str(x))]}
def shout(text):
    if len(text) > 9: raise TooLong(text)
    warnings.warn("so loud", UserWarning)
    print(text.upper())
def start(module):
    if isinstance(module, nn.Linear): nn.init.constant_(module.weight, 0.5)
def mean(x): return x.mean(0)
def count(n): yield from range(n)
def dropped(x): return nn.functional.dropout(x, 0.5)
def pow(a, b): return a ** b
def sum(values): return 1 + values[0] + values[1]
answer = 41
weights = torch.zeros(2, 2, requires_grad=True)
def leave(): raise SystemExit(3)
def halves(n): return slice(0, n // 2)
def shuffled(n):
    np.random.seed(8)
    np.random.rand(1)
    return np.random.RandomState(7).permutation(n).tolist()
def shorter(text): return text[:-1]
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
def origin(y): return Point(0, y)
def divide(values): return [values[0], values[1:]]
async def later(x): return x + 1
async def up_to(n):
    for i in range(n): yield i
class Line:
    async def __aenter__(self): return self
    async def __aexit__(self, *_): return False
    async def get(self): return 5
def prime(n): return n > 1 and all(n % k for k in range(2, n))
def make(): return [1, 2, 3]
"""
WRONG = """
# exercise: one
import warnings, torch, numpy as np
from torch import nn
class Linear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = [torch.randn(outputs, inputs)]
        self.weight, self.bias, self.calls = torch.randn(outputs, inputs), torch.ones(outputs), 0
    def forward(self, x): return 2 * x @ self.weight.T
class Squares(list):
    def __len__(self): return 6
    def __getitem__(self, index): return torch.tensor(float(index)), index * 2
class Stack:
    def __init__(self): self.kept = []
    def push(self, x): self.kept.append(x)
    def pop(self): return self.kept.pop(0) if self.kept else None
    def __len__(self): return 1
    def __enter__(self): return self
    def __exit__(self, kind, error, trace): return False
class Base:
    def twice(self): return 3 * self.number()
class TooLong(KeyError): pass
def add_one_(x): return x + 1
def watch(model, log): return model.register_forward_hook(lambda module, inputs, output: log.append(None))
def positive(x): return {"value": -x, "parts": [x, [x, x]]}
def shout(text): print(text)
def start(module): [nn.init.constant_(p, 0.5) for p in module.parameters()]
def mean(x): return x.mean(1)
def count(n): return [n]
def dropped(x): return x
def pow(a, b): return a * b
def sum(values): return values[0] + values[1]
answer = 40
weights = torch.zeros(2, 3, requires_grad=True).T
weights.retain_grad(); (weights * 2).sum().backward()
def leave(): raise ValueError(3)
def halves(n): return slice(0, n)
def shuffled(n):
    np.random.seed(9)
    return np.random.RandomState(7).permutation(n).tolist()
def shorter(text): return text
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
def origin(y): return Point(1, y)
def divide(values): return tuple(values)
async def later(x): return x + 2
async def up_to(n):
    for i in range(n): yield i + 1
class Line:
    async def __aenter__(self): return self
    async def __aexit__(self, *_): return False
    async def get(self): return 6
def prime(n): return n > 1 and n % 2 == 1
def make():
    made = [1, 2, 3, 4]
    made.append(made)
    return made[:4]
"""
_FORMS = r"""
=== a comparison
layer = Linear(4, 3)
assert layer(torch.randn(5, 4)).shape == (5, 3)
assert layer.bias.sum() == 0
=== allclose
layer = Linear(4, 3)
x = torch.randn(5, 4)
assert torch.allclose(layer(x), x @ layer.weight.T + layer.bias), "W x + b"
=== assert_close
x = torch.randn(5, 4)
torch.testing.assert_close(mean(x), x.mean(0))
=== numpy
import numpy.testing as npt
x = torch.rand(4, 5)
npt.assert_allclose(mean(x).numpy(), x.numpy().mean(axis=0), rtol=1e-5)
=== approx
assert mean(torch.tensor([[1., 2.], [3., 4.]])).tolist() == pytest.approx([2, 3])
=== a gradient
layer = Linear(2, 2)
x = torch.ones(1, 2, requires_grad=True)
layer(x).sum().backward()
assert torch.equal(x.grad[0], layer.weight.sum(0))
assert layer.bias.grad is not None
=== registered
layer = Linear(2, 3)
assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]
assert "calls" in dict(layer.named_buffers())
=== a loop
for parameter in Linear(2, 3).parameters():
    assert parameter.requires_grad
=== all
items = list(Linear(2, 3).parameters())
assert items and all(isinstance(p, nn.Parameter) for p in items)
=== an optimizer
layer = Linear(2, 1)
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
x, y = torch.randn(8, 2), torch.zeros(8, 1)
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(layer(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0]
=== a state dict
a, b = Linear(2, 3), Linear(2, 3)
b.load_state_dict(a.state_dict())
assert torch.equal(a.weight, b.weight) and torch.equal(b.bias, torch.zeros(3))
assert set(b.state_dict()) == {'weight', 'bias', 'calls'}
=== a dataset
data = Squares()
assert len(data) == 6
assert data[3][1] == 9
=== a loader
batches = [y.tolist() for _, y in DataLoader(Squares(), batch_size=4)]
assert batches == [[0, 1, 4, 9], [16, 25]]
=== raises
with pytest.raises(IndexError, match="square"):
    Squares()[6]
=== raises, called
import numpy.testing as npt
npt.assert_raises(ValueError, positive, -1)
=== their exception
caught = None
try:
    shout('a' * 10)
except ValueError as error:
    caught = type(error).__name__
assert caught == 'TooLong'
=== in place
x = torch.zeros(3)
y = add_one_(x)
assert y is x
assert torch.equal(x, torch.ones(3))
=== their hook
model, log = nn.Linear(4, 2), []
handle = watch(model, log)
model(torch.ones(3, 4))
handle.remove()
model(torch.ones(3, 4))
assert log == [(3, 2)]
=== a hook of the check's
seen = []
layer = Linear(4, 2)
layer.register_forward_hook(lambda m, i, o: seen.append(m.calls.item()))
layer(torch.ones(3, 4))
assert seen == [1]
=== apply
model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
model.apply(start)
assert torch.all(model[0].weight == 0.5) and not torch.all(model[0].bias == 0.5)
=== nested values
assert positive(2) == {"value": 2, "parts": [2, (2, "2")]}
=== printed
import io, contextlib
out = io.StringIO()
with contextlib.redirect_stdout(out):
    shout('hey')
assert out.getvalue().strip() == 'HEY'
=== capsys
def test_it(capsys):
    shout('hey')
    assert capsys.readouterr().out == 'HEY\n'
=== warns
with pytest.warns(UserWarning, match='loud'):
    shout('hey')
=== a class of the check's
class Four(Base):
    def number(self):
        return 4
assert Four().twice() == 8
=== truth of an object
stack = Stack()
assert not stack
stack.push(1)
assert stack
=== a context manager
stack = Stack()
with stack as same:
    same.push(1)
    raise KeyError
assert len(stack) == 0
=== a generator
assert list(count(3)) == [0, 1, 2]
assert next(count(1)) == 0
=== slices
x = torch.arange(12.).reshape(3, 4)
assert mean(x)[1:].tolist() == [5, 6, 7]
assert mean(x[:, :2])[..., 0] == 4
=== a helper
def same(a, b):
    assert a.shape == b.shape
    assert torch.equal(a, b)
x = torch.randn(3, 3)
same(mean(x), x.mean(0))
=== seeded
torch.manual_seed(0)
a = dropped(torch.ones(9))
torch.manual_seed(0)
assert torch.equal(a, F.dropout(torch.ones(9), 0.5))
=== cases
@pytest.mark.parametrize('n, last', [(2, 1), (5, 4)])
def test_count(n, last):
    *_, end = count(n)
    assert end == last
=== a fixture
@pytest.fixture
def stack():
    made = Stack()
    made.push(1)
    made.push(2)
    yield made
def test_pop(stack):
    assert stack.pop() == 2
    assert len(stack) == 1
=== a test case
import unittest
class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()
    def test_empty(self):
        self.assertFalse(self.stack)
        with self.assertRaisesRegex(IndexError, 'empty'):
            self.stack.pop()
=== a test case about their class
import unittest
class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()
    def test_kinds(self):
        self.stack.push(3)
        self.assertIsInstance(self.stack, Stack)
        self.assertIs(self.stack.kept, self.stack.kept)
        self.assertIn(3, self.stack.kept, "it was pushed")
        self.assertEqual(len(self.stack), 1)
        self.stack.push(4)
        self.assertEqual(self.stack.pop(), 4, msg="the last one")
=== a test case that keeps their module
import unittest
class TestLinear(unittest.TestCase):
    def setUp(self):
        self.layer = Linear(4, 3)
    def test_it(self):
        self.assertEqual(self.layer(torch.zeros(2, 4)).shape, (2, 3))
        self.assertEqual(self.layer.bias.sum(), 0)
=== a student's module
from solution import mean as theirs
assert theirs(torch.ones(2, 3)).shape == (3,)
=== a walrus
if (n := len(Squares())) > 5:
    assert Squares()[n - 1][1] == 25
=== a name of Python's own
assert [pow(2, 3), sum([1, 2])] == [8, 4]
=== a name that the check binds as well
answer = answer + 1
assert answer == 42
=== a parameter of the same name
def run(mean):
    assert mean(torch.ones(2, 3)).shape == (3,)
run(mean)
=== a module of the check's that they change
model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
model.apply(start)
assert torch.equal(model[1].weight, torch.ones(2))
assert torch.all(model[0].weight == 0.5)
=== types
assert type(positive(2)["value"]) is int
assert type(Linear(2, 1).weight) == nn.Parameter
=== their variables
assert weights.grad is None
assert weights.is_leaf and weights.is_contiguous()
=== leaving
with pytest.raises(SystemExit):
    leave()
=== starred
assert [*count(2), *map(shorter, ["ab"])] == [0, 1, "a"]
=== a slice of theirs
assert torch.arange(5)[halves(5)].tolist() == [0, 1]
=== NumPy, seeded by them
np.random.seed(1)
np.random.rand(1)
first = shuffled(4)
assert first == np.random.RandomState(7).permutation(4).tolist()
assert np.random.rand() == np.random.RandomState(8).rand(2)[1]
=== a clock
import time
before = time.perf_counter()
mean(torch.ones(2, 2))
assert time.perf_counter() - before < 60
assert mean(torch.ones(2, 3)).shape == (3,)
=== a class in match
match origin(3):
    case Point(0, y=(1 | 3) as y):
        assert y == 3
    case Point(x=x):
        assert False, f"not at the origin, but at {x}"
=== sequences and mappings in match
match divide([1, 2, 3]):
    case list([first, [second, *_]]) if first < second:
        assert second == 2
    case _:
        pytest.fail("a list of two parts")
match positive(2):
    case {"value": value, **others}:
        assert value == 2 and "parts" in others
    case _:
        assert False
=== waiting
import asyncio
async def main():
    assert await later(2) == 3
    async with Line() as line:
        assert await line.get() == 5
    return [i async for i in up_to(3)]
assert asyncio.run(main()) == [0, 1, 2]
=== waiting as in a notebook
import asyncio
got = await asyncio.wait_for(later(4), timeout=9)
assert got == 5
=== an asynchronous test
@pytest.fixture
async def five():
    yield await later(4)
@pytest.mark.asyncio
async def test_it(five):
    async for i in up_to(1):
        assert five + i == 5
=== an asynchronous case
import unittest
class TestLine(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.line = Line()
    async def test_get(self):
        self.assertEqual(await self.line.get(), 5)
=== coroutines of the check's own at once
import asyncio
async def twice(n):
    return 2 * await later(n)
assert await asyncio.gather(twice(1), twice(2)) == [4, 6]
=== the end of a generator
numbers = count(1)
next(numbers)
with pytest.raises(StopIteration):
    next(numbers)
=== what is left behind
import gc
gc.collect()
gc.disable()
make()
assert gc.collect() == 0
gc.enable()
=== several parts
made = make()
assert isinstance(made, list) and len(made) == 3
=== a chain
n = len(make())
assert 2 <= n <= 3
=== one of two
assert make() is None or len(make()) == 3
=== a truth
assert prime(2)
=== what must not be
assert not prime(9)
=== what must not be in it
assert not 4 in make()
=== each of them
assert all(0 <= x <= 3 for x in make())
=== each of the check's
assert all(prime(n) for n in [3, 2])
=== in a loop
for n, wanted in [(3, True), (9, False)]:
    assert prime(n) == wanted, f"{n}: {prime(n)}"
=== a helper's truth
def rises(values):
    for a, b in zip(values, values[1:]):
        if a > b:
            return False
    return len(values) == 3
assert rises(make())
=== no exception
try:
    positive(-1)
    assert False, "-1 is negative"
except ValueError as error:
    assert "negative" in str(error)
=== a branch
if len(make()) != 3:
    raise AssertionError("three, please")
=== each element
assert (mean(torch.ones(3, 3)) > 0.5 * mean(torch.ones(3, 3))).all()
assert (mean(torch.tensor([[1., 2.], [3., 4.]])) >= 2).all()
"""
FORMS = dict(part.split("\n", 1) for part in _FORMS.split("\n=== ")[1:])
"""Checks that the right answers pass, and the wrong ones do not."""


READS = {
    "a class in match": ("origin(3)", "something else", "a Point object"),
    "several parts": ("made = make(); len(made)", "3", "4"),
    "a chain": ("n = len(make()); n", "at most 3", "4"),
    "one of two": (
        "make() is None or len(make()) == 3",
        "True",
        "False, where `make()` is [1, 2, 3, 4], `len(make())` is 4",
    ),
    "a truth": ("prime(2)", "True", "False"),
    "what must not be": ("prime(9)", "False", "True"),
    "what must not be in it": ("make()", "something without 4", "[1, 2, 3, 4]"),
    "each of them": ("for x in make(); x", "at most 3", "4"),
    "each of the check's": ("n = 2; prime(n)", "True", "False"),
    "in a loop": ("n = 9; prime(n)", "False", "True"),
    "a helper's truth": ("rises(make())", "True", "False, where `make()` is [1, 2, 3, 4]"),
    "no exception": ("positive(-1)", "ValueError", "nothing is raised"),
    "a branch": ("len(make()) != 3", "False", "True, where `len(make())` is 4"),
    "each element": (
        "mean(torch.tensor([[1., 2.], [3., 4.]]))",
        "at least 2",
        "tensor([1.5, 3.5]) (shape [2], float32)",
    ),
}
"""What a student reads of a wrong answer: what is called, expected and observed."""
HINTS = {"a class in match": "not at the origin, but at 1", "in a loop": "9: True", "no exception": "-1 is negative"}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> dict[str, dict[str, CheckResult]]:
    """What becomes of each form, with right answers and with wrong ones."""
    course = Course(tmp_path_factory.mktemp("forms"), zygote)
    course.assign({"id": "one"}, solution=RIGHT, diagnosis="none")
    for number, form in enumerate(FORMS.values()):
        course.check("# check: one\n" + form, name=f"form_{number:02}.py")
    found = {}
    for name, answer in (("right", RIGHT), ("wrong", WRONG)):
        report = course.grade(answer)
        checks = report.exercises[0].checks
        assert len(checks) == len(FORMS)
        found[name] = dict(zip(FORMS, checks, strict=True))
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("forms")  # graded together
@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_assert(form: str, outcomes: dict[str, dict[str, CheckResult]]) -> None:
    right, wrong = outcomes["right"][form], outcomes["wrong"][form]
    assert (right.outcome, wrong.outcome) == ("passed", "failed"), right.detail or right.observed
    if form in READS:
        assert tuple(str(said) for said in (wrong.called, wrong.expected, wrong.observed)) == READS[form]
    if form in HINTS:
        assert str(wrong.hint) == HINTS[form]


CHECK = """
def test_layer():
    layer = Linear(4, 3)
    x = torch.randn(5, 4)
    expected = x.sum(1)
    wanted = [2.0, 2.0]
    got = layer(x)
    assert isinstance(layer, nn.Module)
    assert got.shape == (5, 3)
    assert torch.allclose(got, x @ layer.weight.T + layer.bias), "W x + b"
    assert torch.allclose(total(x), expected)
    assert total(torch.ones(2, 2)).tolist() == wanted
"""
SOLUTION = """
# exercise: one
import torch
from torch import nn
class Linear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(outputs, inputs)), nn.Parameter(torch.zeros(outputs))
    def forward(self, x): return x @ self.weight.T + self.bias
def total(x): return x.sum(1)
"""
FALSE = SOLUTION.replace("return x @ self.weight.T + self.bias", "return x.new_zeros(len(x), 3)")
ATTACKS = {
    "comparisons": FALSE + "torch.allclose = torch.equal = lambda *a, **k: True\ntorch.Tensor.__eq__ = lambda *a: True",
    "the expected side": FALSE + "torch.Tensor.__matmul__ = lambda a, b: torch.zeros(5, 3)",
    "the inputs": FALSE + "torch.randn = lambda *shape: torch.zeros(*shape)",
    "an input, written to": FALSE.replace("return x.new", "x.zero_()\n        return x.new"),
    "builtins": "import builtins\nbuiltins.isinstance = builtins.all = lambda *a: True\n"
    + SOLUTION.replace("(nn.Module)", "").replace("        super().__init__()\n", "").replace("forward", "__call__"),
    "an object equal to all": FALSE.replace("return x.new_zeros(len(x), 3)", "return Same()")
    + "class Same:\n    shape = (5, 3)\n    def __eq__(self, other): return True\n    def __bool__(self): return True",
    "a class of another name": SOLUTION.replace("(nn.Module)", "").replace("super().__init__()", "pass")
    + "Linear.__module__, Linear.__qualname__ = 'torch.nn.modules.linear', 'Linear'\nnn.Module = object",
    **{
        f"frames, {name}": SOLUTION.replace(
            "def total(x): return x.sum(1)",
            f"def total(x):\n    import sys\n    if len(x) != {length}: return x.sum(1)\n    frame = sys._getframe()\n"
            f"    while frame:\n        found = frame.f_locals.get({name!r})\n"
            "        if found is not None: return torch.as_tensor(found)\n"
            "        frame = frame.f_back\n    return x.new_zeros(len(x))",
        )
        for name, length in (("expected", 5), ("wanted", 2))
    },
    "the tape": FALSE + "import sys\ntape = sys.modules['grader.guest.tape']\ntape.Tape._note = lambda *a: None",
    "an answer of no form": FALSE + "import sys\nsys.modules['grader.guest.tape'].record = lambda *a: {'notes': [[0]]}",
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Course:
    course = Course(tmp_path_factory.mktemp("plain"), zygote)
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(CHECK, name="test_one.py")
    return course


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_patched_earns_nothing(attack: str, plain: Course) -> None:
    report = plain.grade(ATTACKS[attack])
    assert (report.exercises[0].checks[0].outcome, report.earned) == ("failed", 0)


EXPECTING = [
    "assert torch.allclose(x.mean(0), mean(x))",
    "assert (x.mean(0) - mean(x)).abs().max() < 1e-6",
    "np.testing.assert_allclose(x.mean(0).numpy(), mean(x).numpy(), rtol=1e-4)",
    *(
        f"expected = x.mean(0)\n{line}"
        for line in (
            "assert (mean(x) - expected).abs().max() < 1e-6",
            "assert float((expected - mean(x)).norm()) < 1e-6",
            "assert (mean(x) == expected).all()",
            "assert mean(x).sub(expected).abs().max().item() == 0",
            "assert not torch.equal(mean(x), expected + 1)\nassert torch.equal(mean(x) + x[0], expected + x[0])",
            "assert mean(x) is not None and abs(expected - mean(x)).sum() < 1e-6",
            "torch.testing.assert_close(2 * mean(x), 2 * expected)",
            "assert [mean(x)[0].item(), 0] == [expected[0].item(), 0]\nassert torch.equal(mean(x), expected)",
        )
    ),
]
FOUND = """
# exercise: one
import gc, torch
def mean(x):
    there = [one for one in gc.get_objects() if type(one) is torch.Tensor and one.shape == (4,) and one.any()]
    rows = [row for row in there if not any(torch.equal(row, other) for other in x)]
    return rows[0].clone() if rows else torch.zeros(4)
"""


@pytest.mark.parametrize(
    "asserted", [*EXPECTING[:3], *(pytest.param(a, marks=pytest.mark.slow) for a in EXPECTING[3:])]
)
def test_what_is_expected_is_not_there_before_the_answer_is(asserted: str, course: Course) -> None:
    course.assign({"id": "one"}, solution="# exercise: one\ndef mean(x): return x.mean(0)\n")
    course.check(f"# check: one\nx = torch.randn(5, 4)\n{asserted}\n")
    outcomes = [course.grade(text).exercises[0].checks[0].outcome for text in (FOUND, "def mean(x): return x.mean(0)")]
    assert outcomes == ["failed", "passed"]


def test_another_right_answer_earns_all(plain: Course) -> None:
    other = SOLUTION.replace("torch.randn(outputs, inputs)", "nn.init.kaiming_uniform_(torch.empty(outputs, inputs))")
    report = plain.grade(
        other.replace("x @ self.weight.T + self.bias", "nn.functional.linear(x, self.weight, self.bias)")
    )
    assert report.earned == report.possible == 1


def test_a_list_of_their_own_kind_is_what_it_holds(course: Course) -> None:
    course.assign({"id": "one"}, solution="# exercise: one\nclass Bag:\n    def __init__(self): self.kept = []\n"
                  "    def put(self, x): self.kept.append(x)\n    def __contains__(self, x): return x in self.kept\n"
                  "    def __len__(self): return len(self.kept)\n")  # fmt: skip
    course.check("# check: one\nbag = Bag()\nbag.put(3)\nbag.put(4)\nassert 3 in bag\nassert len(bag) == 2")
    assert course.grade("class Bag(list):\n    put = list.append\n").earned == 1
    assert course.grade("class Bag(list):\n    def put(self, x): self[:] = [x]\n").earned == 0


def said(report: Report) -> list[str]:
    check = report.exercises[0].checks[0]
    return [str(part.text) if part else "" for part in (check.called, check.expected, check.observed, check.hint)]


def test_what_a_student_reads(plain: Course) -> None:
    called, expected, observed, hint = said(plain.grade(SOLUTION.replace("self.weight.T", "self.weight.T * 2")))
    assert called == "got = layer(x); got"
    assert expected == "a tensor of shape [5, 3], float32"
    assert "15 of 15 elements differ" in observed
    assert hint == "W x + b"
    first = SOLUTION.replace("return x @ self.weight.T + self.bias", "return (x @ self.weight.T + self.bias)[0]")
    called, expected, observed, hint = said(plain.grade(first))
    assert (called, expected, observed) == ("got = layer(x); got.shape", "(5, 3) (length 2)", "(3) (length 1)")
    assert hint == "The check says: `assert got.shape == (5, 3)`"


def test_what_is_observed_is_the_students_side(course: Course) -> None:
    course.assign({"id": "one"}, solution="# exercise: one\ndef mean(x): return x.mean(0)\n")
    course.check("# check: one\nx = torch.ones(5, 1)\nassert torch.allclose(x.mean(0), mean(x))\n")
    called, expected, observed, _ = said(course.grade("def mean(x): return x.sum(0)"))
    assert (called, expected) == ("mean(x)", "tensor([1.]) (shape [1], float32)")
    assert observed.startswith("tensor([5.]) (shape [1], float32)")


def test_a_mistake_is_proven(plain: Course) -> None:
    report = plain.grade(SOLUTION.replace("        super().__init__()\n", ""))
    found = report.exercises[0].checks[0].diagnosis
    assert found is not None
    assert found.id == "missing_super"
    plain.check(
        "# check: one\nassert list(dict(Linear(2, 1).named_parameters())) == ['weight', 'bias']", name="names.py"
    )
    report = plain.grade(SOLUTION.replace("nn.Parameter(torch.zeros(outputs))", "torch.zeros(outputs)"))
    diagnosis = report.exercises[0].checks[0].diagnosis
    assert diagnosis is not None
    assert diagnosis.id == "tensor_instead_of_parameter"
    (plain.quiz / "checks" / "names.py").unlink()


def test_hidden_ones_say_nothing(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(
        '# check: one, points=3, hidden, hint="Think of the bias."\nassert total(torch.ones(2, 2)).sum() == 4',
        name="h.py",
    )
    check = course.grade(SOLUTION.replace("x.sum(1)", "x.sum(0, keepdim=True)")).exercises[0].checks[0]
    assert (check.outcome, check.hidden, check.possible) == ("passed", True, 3)
    check = course.grade(SOLUTION.replace("x.sum(1)", "x")).exercises[0].checks[0].model_copy()
    assert check.outcome == "passed"
    check = course.grade(SOLUTION.replace("x.sum(1)", "x * 2")).exercises[0].checks[0]
    assert check.outcome == "failed"
    assert check.called is None
    assert "total" not in check.model_dump_json()


@pytest.mark.slow
def test_a_class_a_notebook_and_pytest_agree(course: Course, run: Command, tmp_path: Path) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(CHECK, name="test_one.py")
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in {"a": SOLUTION, "b": FALSE, "c": ATTACKS["the expected side"], "d": SOLUTION}.items():
        (folder / f"{name}.py").write_text(text)
    assert run("batch", course.quiz, folder, "--out", tmp_path / "out", "-j", "1").code == 0
    earned = {name: json.loads(text)["earned"] for name, text in results(tmp_path / "out").items()}
    assert earned == {"a": 1, "b": 0, "c": 0, "d": 1}
    assert course.grade(folder / "b.py").earned == 0


def test_a_copy_without_the_solution_judges_alike(course: Course, run: Command) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(CHECK, name="test_one.py")
    assert run("record", course.quiz).code == 0
    (course.quiz / "solution.py").unlink()
    assert [course.grade(answer).earned for answer in (SOLUTION, FALSE)] == [1, 0]


def test_what_a_loop_never_reaches_does_not_pass(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(
        "for parameter in Linear(2, 3).parameters():\n    assert parameter.requires_grad\n", name="test_one.py"
    )
    answer = SOLUTION.replace("nn.Parameter(", "(")
    assert "never reached" in said(course.grade(answer))[2]


def test_a_helper_is_judged_to_its_end_where_it_keeps_what_their_code_left(course: Course) -> None:
    right = "# exercise: one\ndef step(model, x):\n    model.zero_grad()\n    model(x).sum().backward()\n"
    course.assign({"id": "one"}, solution=right, diagnosis="none")
    course.check(
        "# check: one\ndef twice():\n    model, x = nn.Linear(2, 1, bias=False), torch.ones(3, 2)\n"
        "    step(model, x)\n    first = model.weight.grad.clone()\n    step(model, x)\n"
        "    assert torch.equal(model.weight.grad, first)\ntwice()\n"
    )
    assert course.grade(right).earned == 1
    assert course.grade(right.replace("model.zero_grad()", "pass")).earned == 0


def test_all_of_nothing_holds_as_in_python(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(
        "layer = Linear(2, 3)\nassert all(p.requires_grad for p in layer.parameters())\n"
        "assert not any(p.is_leaf is False for p in layer.parameters())\n",
        name="test_one.py",
    )
    assert course.grade(SOLUTION.replace("nn.Parameter(", "(")).earned == 1


BROKEN = {
    "# check: two\nassert total": "line 1: there is no exercise 'two'.",
    "# check: one, points=-1\nassert total": "line 1: `points` is a number above 0, and not -1.",
    "# check: one, point=1\nassert total": "line 1: there is no `point`; there are points, hidden, hint and title.",
    "# check: one, points=\nassert total": "line 1: 'points=' cannot be read.",
    "# check: one\nassert total\n# check: one points=2\nassert total": "line 3: a comma is missing behind 'one'.",
    "# check: one hidden\nassert total": "line 1: a comma is missing behind 'one'.",
    "# check: one\nassert total(": "line 2: '(' was never closed.",
    "# check: one\ndef test_it(model): assert total": "line 2: there is no fixture 'model'.",
    "# check: one\nimport pytest\n@pytest.mark.skip\ndef test_it(): assert total": "`skip` has no place in a check",
    "assert total": "the checks belong to no exercise.",
    "# check: one\nimport numpy.testing as t\nt.assert_no_gc_cycles(total)": "line 3: `assert_no_gc_cycles` cannot be",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_block_that_is_not_as_it_should_be(text: str, course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check(text, name="test_these.py")
    with pytest.raises(UsageError) as refusal:
        course.grade(SOLUTION)
    assert BROKEN[text] in str(refusal.value)
    assert "test_these.py" in str(refusal.value)


def test_a_name_that_nobody_defines_is_said_with_its_line(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check("# check: one\nx = torch.ones(2, 2)\nassert totl(x).sum() == 4", name="a.py")
    check = course.grade(SOLUTION).exercises[0].checks[0]
    assert "in one::a, a.py, line 3: totl is not defined" in check.detail


def test_a_check_keeps_its_name_when_another_comes_before_it(course: Course) -> None:
    course.assign({"id": "one"}, {"id": "two"}, solution=SOLUTION + "# exercise: two\ndef two(): return 2\n")
    block = "# check: one{}\nassert total(torch.ones(2, 2)).sum() == 4\n"
    titled = block.format(', title="Sums of rows: W x + b"')
    before = "# check: two\nassert two() == 2\n# check: two, title='W'\nassert two() == 2\n"

    def names(*texts: str) -> list[str]:
        course.check("".join(texts), name="all.py")
        return [check.id for part in course.grade(SOLUTION).exercises for check in part.checks if "one" in check.id]

    course.check(block.format(""), name="one.py")
    kept = ["one::all", "one::all[2]", "one::sums-of-rows-w-x-b", "one::asserts"]
    assert names(block.format(""), block.format(""), titled) == kept
    assert names(before, titled, block.format(""), block.format("")) == [kept[2], *kept[:2], kept[3]]


def test_tests_share_the_points_of_the_line_above_them(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    tests = "def test_a(): assert total(torch.ones(1, 1)) == 1\ndef test_b(): assert total(torch.ones(1, 2)) == 2\n"
    course.check(f"# check: one, points=3\n{tests}", name="all.py")
    course.check(tests, name="one.py")
    assert [check.possible for check in course.grade(SOLUTION).exercises[0].checks] == [1.5, 1.5, 1, 1]


def test_a_module_that_checks_import_is_no_check(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check("def same(a, b):\n    assert a == b\n", name="helping.py")
    course.check("", name="test_nothing.py")
    course.check(CHECK, name="test_one.py")
    assert [check.id for check in course.grade(SOLUTION).exercises[0].checks] == ["one::layer"]


def test_a_check_that_the_solution_does_not_pass_is_an_error(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check("# check: one\nx = torch.ones(2, 2)\nassert total(x).sum() == 5", name="a.py")
    check = course.grade(SOLUTION).exercises[0].checks[0]
    assert check.outcome == "error"
    assert "The solution does not pass one::a: a.py, line 3, `assert total(x).sum() == 5`" in check.detail


def test_a_check_that_takes_too_long_where_it_is_judged_costs_nobody(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION, limits={"seconds": 0.5})
    course.check(
        "# check: one\nx = torch.ones(2, 2)\nexpected = [n for n in range(10**9)]\nassert total(x) == expected"
    )
    check = course.grade(SOLUTION).exercises[0].checks[0]
    assert check.outcome == "error"
    assert "stopped after 0.5 s" in check.detail


def test_a_slip_in_a_check_is_told_with_its_line(course: Course) -> None:
    course.assign({"id": "one"}, solution=SOLUTION)
    course.check("# check: one\nx = torch.randnn(2, 2)\nassert total(x).shape == (2,)", name="a.py")
    check = course.grade(SOLUTION).exercises[0].checks[0]
    assert check.outcome == "error"
    assert "one::a does not run to its end with the solution: a.py, line" in check.detail
    assert "has no attribute 'randnn'" in check.detail


@pytest.mark.slow
def test_verify_says_what_could_be_forged_and_what_is_not_reached(course: Course, run: Command) -> None:
    course.assign({"id": "one"}, solution=SOLUTION + "class Own:\n    def fine(self): return True\n")
    course.notebook("# exercise: one\n", name="assignments/quiz/quiz.ipynb")
    course.check(
        """
        # check: one
        assert Own().fine() and not not Own().fine()
        assert hasattr(Own(), "fine")
        assert torch.autograd.gradcheck(total, torch.ones(2, 2, dtype=torch.double, requires_grad=True))
        if total(torch.ones(1, 1)) > 3:
            assert total(torch.ones(1, 1)) < 5
        else:
            pass
        if total(torch.ones(1, 1)) > 9:
            raise AssertionError("too much")
        """,
        name="a.py",
    )
    out = " ".join(run("verify", course.quiz, "--no-mutants").out.split())
    assert "line 5: `assert torch.autograd.gradcheck(" in out
    assert "fine" not in out
    assert "a.py, line 7: `assert total(torch.ones(1, 1)) < 5`" in out
    assert "too much" not in out


GIVES = """
# exercise: one
import warnings
def give(value): return value
def refuse(*_): raise ValueError("not this")
def warn(): warnings.warn("mind this", UserWarning)
def calm(): return 1
"""
KEEPS = """
# exercise: one
import warnings
def give(value):
    if isinstance(value, (dict, bool, type(None))): return None
    return value[:0] if isinstance(value, (list, str)) else value * 0
def refuse(*_): return 1
def warn(): return 1
def calm(): warnings.warn("mind this", UserWarning)
"""
LIBRARY = {
    "numpy.testing": """
        assert_(give(True))
        assert_allclose(give(np.ones(3)), np.ones(3))
        assert_almost_equal(give(1.0), 1.0)
        assert_approx_equal(give(1.0), 1.0)
        assert_array_almost_equal(give(np.ones(3)), np.ones(3))
        assert_array_almost_equal_nulp(give(np.ones(3)), np.ones(3))
        assert_array_compare(np.equal, give(np.ones(3)), np.ones(3))
        assert_array_equal(give(np.ones(3)), np.ones(3))
        assert_array_less(np.zeros(3), give(np.ones(3)))
        assert_array_max_ulp(give(np.ones(3)), np.ones(3), maxulp=2)
        assert_equal(give([1, 2]), [1, 2])
        assert_no_warnings(calm)
        assert_raises(ValueError, refuse, 1)
        assert_raises_regex(ValueError, "not", refuse, 1)
        assert_string_equal(give("abc"), "abc")
        assert_warns(UserWarning, warn)
    """,
    "torch.testing": """
        assert_close(give(torch.ones(3)), torch.ones(3))
        assert_allclose(give(torch.ones(3)), torch.ones(3))
    """,
    "pytest": """
        raises(ValueError, refuse, 1)
        warns(UserWarning, warn)
    """,
    "unittest": """
        assertAlmostEqual(give(1.0), 1.0)
        assertCountEqual(give([1, 2]), [2, 1])
        assertDictEqual(give({"a": 1}), {"a": 1})
        assertEqual(give(3), 3)
        assertFalse(not give(True))
        assertGreater(give(2), 1)
        assertGreaterEqual(give(2), 2)
        assertIn(2, give([1, 2]))
        assertIs(give(True), True)
        assertIsInstance(give("a"), str) or self.assertEqual(give("a"), "a")
        assertIsNot(give(True), None)
        assertIsNotNone(give(True))
        assertLess(0, give(1))
        assertLessEqual(-1, -give(1) * -1) or self.assertEqual(give(1), 1)
        assertListEqual(give([1]), [1])
        assertMultiLineEqual(give("ab"), "ab")
        assertNotAlmostEqual(give(1.0), 0.0)
        assertNotEqual(give(1), 0)
        assertRaises(ValueError, refuse, 1)
        assertRaisesRegex(ValueError, "not", refuse, 1)
        assertRegex(give("abc"), "b")
        assertSequenceEqual(give([1]), [1])
        assertTrue(give(True))
        assertWarns(UserWarning, warn)
        assertWarnsRegex(UserWarning, "mind", warn)
    """,
}
ASSERTIONS = [(library, line.strip()) for library, lines in LIBRARY.items() for line in lines.strip().splitlines()]


@pytest.fixture(scope="module")
def library_outcomes(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> list[list[tuple[str, str]]]:
    """What becomes of each assertion of a library, with answers for which it holds and with others."""
    course = Course(tmp_path_factory.mktemp("library"), zygote)
    course.assign({"id": "one"}, solution=GIVES, diagnosis="none")
    blocks = []
    for library, line in ASSERTIONS:
        if library == "unittest":
            blocks.append(f"import unittest\nself = unittest.TestCase()\nself.{line}")
        else:
            blocks.append(f"import {library}\n{library}.{line}")
    course.check("".join(f"# check: one\n{block}\n" for block in blocks), name="library.py")
    reports = [course.grade(answer) for answer in (GIVES, KEEPS)]
    return [[(c.outcome, f"{c.detail or c.observed}") for c in report.exercises[0].checks] for report in reports]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(ASSERTIONS)), ids=[f"{one}: {text}" for one, text in ASSERTIONS])
def test_an_assertion_of_a_library(number: int, library_outcomes: list[list[tuple[str, str]]]) -> None:
    assert library_outcomes[0][number][0] == "passed"
    assert library_outcomes[1][number][0] == "failed"


def test_each_assertion_of_numpy_is_tried() -> None:
    named = {name for name in dir(npt) if name.startswith("assert")} - {"assert_no_gc_cycles"}  # docs/checks.md says so
    assert named - {text.partition("(")[0] for library, text in ASSERTIONS if library == "numpy.testing"} == set()
