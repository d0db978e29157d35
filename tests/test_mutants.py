"""Each operator plants its mistake in a small piece of code."""

from __future__ import annotations

import ast
import textwrap

import pytest

from grader.authoring.mutants.engine import changes, mutants_of
from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.edits import OPERATORS
from grader.models.cells import Cell, Submission

SMALL = {
    "list": ("x = nn.ModuleList(y)", "x = list(y)"),
    "dict": ("x = nn.ModuleDict(y)", "x = dict(y)"),
    "shared-layer": (
        "nn.ModuleList(nn.Linear(2, 2) for _ in range(depth))",
        "nn.ModuleList([nn.Linear(2, 2)] * depth)",
    ),
    "parameter-tensor": ("x = nn.Parameter(y)", "x = y"),
    "parameter-requires-grad": ("x = nn.Parameter(y)", "x = y.requires_grad_()"),
    "parameter-before-op": ("x = nn.Parameter(y / 2)", "x = nn.Parameter(y) / 2"),
    "parameter-op": ("x = nn.Parameter(y)", "x = nn.Parameter(y) * 0.1"),
    "parameter-frozen": ("x = nn.Parameter(y)", "x = nn.Parameter(y, requires_grad=False)"),
    "parameter-buffer": ("self.w = nn.Parameter(y)", "self.register_buffer('w', y)"),
    "buffer-attribute": ("self.register_buffer('mean', y)", "self.mean = y"),
    "buffer-parameter": ("self.register_buffer('mean', y)", "self.mean = nn.Parameter(y)"),
    "buffer-not-saved": ("m.register_buffer('mean', y)", "m.register_buffer('mean', y, persistent=False)"),
    "buffer-saved": ("m.register_buffer('mean', y, persistent=False)", "m.register_buffer('mean', y)"),
    "plain-attribute-buffer": ("self.x = torch.ones(2)", "self.register_buffer('x', torch.ones(2))"),
    "sizes-swapped": ("nn.Linear(a, b)", "nn.Linear(b, a)"),
    "super-init": ("super().__init__()", "pass"),
    "activation": ("y = torch.tanh(x)", "y = x"),
    "activation-module": ("nn.Sequential(a, nn.ReLU())", "nn.Sequential(a, nn.Identity())"),
    "forward-called": ("y = self.layer(x)", "y = self.layer.forward(x)"),
    "backward-hook-deprecated": ("m.register_full_backward_hook(f)", "m.register_backward_hook(f)"),
    "hook-becomes-pre": ("m.register_forward_hook(f)", "m.register_forward_pre_hook(f)"),
    "hook-no-pre": ("m.register_forward_pre_hook(f)", "m.register_forward_hook(f)"),
    "hook-twice": ("m.register_forward_hook(f)", "m.register_forward_hook(f)\nm.register_forward_hook(f)"),
    "hook-lambda-nothing": ("p.register_hook(lambda g: g * 2)", "p.register_hook(lambda g: None)"),
    "handle-kept": ("handle.remove()", "pass"),
    "handle-not-returned": (
        "def f(m):\n    return m.register_forward_hook(g)",
        "def f(m):\n    m.register_forward_hook(g)",
    ),
    "apply-returns-nothing": ("def f(m):\n    return m.apply(g)", "def f(m):\n    m.apply(g)"),
    "apply-to-children": ("m.apply(g)", "[g(_child) for _child in m.children()]"),
    "apply-to-children-returned": (
        "def f(m):\n    return m.apply(g)",
        "def f(m):\n    [g(child) for child in m.children()]\n    return m",
    ),
    "apply-parents-first": ("m.apply(g)", "[g(module) for module in m.modules()]"),
    "fill-in-place": ("nn.init.constant_(m.weight, 2)", "m.weight.fill_(2)"),
    "zero-in-place": ("nn.init.zeros_(m.bias)", "m.bias.zero_()"),
    "parameter-replaced": (
        "nn.init.constant_(m.weight, 2)",
        "m.weight = nn.Parameter(torch.full_like(m.weight, 2))",
    ),
    "type-not-tested": ("if isinstance(module, nn.Linear):\n    f(module)", "f(module)"),
    "loader-next": ("next(iter(loader))", "next(loader)"),
    "workers-unknown": ("worker = get_worker_info()", "worker = None"),
    "transform-ignored": ("y = self.transform(x)", "y = x"),
    "transform-twice": ("y = self.transform(x)", "y = self.transform(self.transform(x))"),
    "zeros": ("torch.zeros(2, dtype=d)", "torch.ones(2, dtype=d)"),
    "longest-becomes-shortest": ("max(lengths)", "min(lengths)"),
    "sort-key": ("sorted(x, key=f)", "sorted(x)"),
    "sort-reversed": ("sorted(x, key=f)", "sorted(x, key=f, reverse=True)"),
    "generator-global": ("torch.Generator().manual_seed(s)", "torch.manual_seed(s)"),
    "generator-unseeded": ("torch.Generator().manual_seed(s)", "torch.Generator()"),
    "entry-dropped": ("{'a': 1, 'b': 2}", "{'a': 1}"),
    "shuffle": ("DataLoader(d, shuffle=True)", "DataLoader(d, shuffle=False)"),
    "drop-last": ("DataLoader(d)", "DataLoader(d, drop_last=True)"),
    "zero-grad": ("optimizer.zero_grad()", "pass"),
    "backward": ("loss.backward()", "pass"),
    "backward-twice": ("loss.backward()", "loss.backward()\nloss.backward()"),
    "step": ("optimizer.step()", "pass"),
    "step-twice": ("optimizer.step()", "optimizer.step()\noptimizer.step()"),
    "step-first": ("if x:\n    loss.backward()\n    o.step()", "if x:\n    o.step()\n    loss.backward()"),
    "zero-grad-late": (
        "if x:\n    o.zero_grad()\n    loss.backward()\n    o.step()",
        "if x:\n    loss.backward()\n    o.zero_grad()\n    o.step()",
    ),
    "zero-grad-uncalled": ("o.zero_grad()", "o.zero_grad"),
    "optimizer-other": ("torch.optim.SGD(p, lr=1)", "torch.optim.Adam(p, lr=1)"),
    "dim": ("y = x.mean(dim=0)", "y = x.mean(dim=1)"),
    "apply-called": ("m.apply(f)", "m.apply(f(m))"),
    "train": ("model.train()", "pass"),
    "train-to-eval": ("model.train()", "model.eval()"),
    "eval": ("model.eval()", "pass"),
    "eval-to-train": ("model.eval()", "model.train()"),
    "not-frozen": ("p.requires_grad_(False)", "pass"),
    "state-not-loaded": ("m.load_state_dict(s)", "pass"),
    "state-to-object": ("torch.save(m.state_dict(), path)", "torch.save(m, path)"),
    "seed": ("torch.manual_seed(s)", "pass"),
    "loss-softmax": ("F.cross_entropy(x, y)", "F.cross_entropy(x.softmax(dim=1), y)"),
    "loss-fn-softmax": ("loss_fn(model(x), y)", "loss_fn(model(x).softmax(dim=1), y)"),
    "loss-item": ("loss.backward()", "loss.item().backward()"),
    "item": ("losses.append(loss.item())", "losses.append(loss)"),
    "squeeze": ("y = x.squeeze(1)", "y = x"),
    "unsqueeze": ("y = x.unsqueeze(0)", "y = x"),
    "mean-sum": ("y = x.mean(dim=0)", "y = x.sum(dim=0)"),
    "sum-mean": ("y = x.sum(dim=0)", "y = x.mean(dim=0)"),
    "reduction": ("y = ((a - b) ** 2).mean()", "y = (a - b) ** 2"),
    "clone": ("y = x.detach().clone()", "y = x.detach()"),
    "leaf": ("y = x.detach().clone().requires_grad_()", "y = x.clone().requires_grad_()"),
    "detach": ("y = x.detach().clone()", "y = x.clone()"),
    "detach-alone": ("y = x.detach()", "y = x"),
    "requires-grad": ("y = x.requires_grad_()", "y = x"),
    "dtype": ("torch.tensor(x, dtype=torch.int64)", "torch.tensor(x, dtype=torch.float32)"),
    "output-detached": ("y = model(x)", "y = model(x).detach()"),
    "no-grad-dropped": ("with torch.no_grad():\n    y = model(x)", "y = model(x)"),
    "fork-rng-dropped": ("with torch.random.fork_rng():\n    y = f(x)", "y = f(x)"),
    "no-grad-added": ("loss = f(x)", "with torch.no_grad():\n    loss = f(x)"),
    "integer": ("x = 3", "x = 4"),
    "float": ("x = 0.5", "x = 0.75"),
    "flag": ("f(True)", "f(False)"),
    "text": ("x = 'a'", "x = 'ax'"),
    "formatted-text": ("x = f'{a}'", "x = f'{a}x'"),
    "arithmetic": ("x = (a + b).T", "x = (a - b).T"),
    "operand": ("x = (a * b + c).T", "x = (a * b).T"),
    "sign": ("x = -a", "x = a"),
    "comparison-edge": ("x = a < b", "x = a <= b"),
    "comparison": ("x = a in b", "x = a not in b"),
    "condition": ("if a or b:\n    f()", "if not (a or b):\n    f()"),
    "condition-true": ("if a:\n    f()", "if True:\n    f()"),
    "branch-dropped": ("if a:\n    f()", "pass"),
    "choice": ("x = a if b else c", "x = c"),
    "filter-dropped": ("[x for x in y if x]", "[x for x in y]"),
    "loop-ends-early": ("for x in y:\n    f(x)", "for x in y:\n    f(x)\n    break"),
    "raise-dropped": ("raise ValueError('no')", "pass"),
    "raise-other": ("raise ValueError('no')", "raise RuntimeError('no')"),
    "return-dropped": ("def f(x):\n    return x + 1", "def f(x):\n    x + 1"),
    "line-dropped": ("x += 1", "pass"),
    "default-dropped": ("def f(a, b=2): pass", "def f(a, b): pass"),
    "method-call-dropped": ("y = x.lower()", "y = x"),
    "call-dropped": ("y = int(x)", "y = x"),
    "attribute-dropped": ("y = x.T", "y = x"),
    "keyword-dropped": ("f(x, dim=1)", "f(x)"),
    "arguments-swapped": ("f(a, b, c)", "f(b, a, c)"),
    "element-dropped": ("x = [a, b]", "x = [a]"),
    "elements-swapped": ("x = (a, b)", "x = (b, a)"),
    "slice-dropped": ("x[1:]", "x[:]"),
    "decorator-dropped": ("@cached\ndef f(): pass", "def f(): pass"),
}

HOOK = """
    def attach(m):
        def hook(module, grad_input, grad_output):
            {body}
        m.register_full_backward_hook(hook)
"""
MODEL = """
    class Model(nn.Module):
        {doc}
        def __init__(self, width):
            {init}
        def {name}(self, x):
            {body}
"""
COLLATE = """
    def collate(samples):
        {body}
"""


def model(doc: str = "pass", init: str = "pass", body: str = "return x", name: str = "forward") -> str:
    return MODEL.format(doc=doc, init=init, body=body.replace("\n", "\n" + 12 * " "), name=name)


def hook(body: str) -> str:
    return HOOK.format(body=body)


def collate(body: str) -> str:
    return COLLATE.format(body=body)


LARGE = {
    "layer-in-forward": (
        model(init="self.a = nn.Linear(width, 2)", body="return self.a(x)"),
        model(init="self.width = width", body="new_a = nn.Linear(self.width, 2)\nreturn new_a(x)"),
    ),
    "forward-misspelt": (model(), model(name="foward")),
    "forward-no-return": (model(), model(body="x")),
    "forward-detached": (model(), model(body="return x.detach()")),
    "input-in-place": (model(body="return x * 2"), model(body="x *= 2\nreturn x")),
    "method-in-place": (model(body="return x.clamp(0)"), model(body="return x.clamp_(0)")),
    "init-misspelt": (model(), model().replace("__init__", "__int__")),
    "base": (model(), model().replace("(nn.Module)", "")),
    "doc": (model(doc='"""A model."""'), model(doc="")),
    "doc-method": (model(doc='"""A model."""'), model(doc="def __doc__(self): return 'A model.'")),
    "method-dropped": ("class A:\n    def f(self): return 1", "class A:\n    pass"),
    "shared-container": (
        model(init="self.seen = {}"),
        model(doc="seen = {}\n        pass", init="pass"),
    ),
    "output-softmax": (
        model() + "\n    loss = F.cross_entropy",
        model(body="return x.softmax(dim=1)") + "\n    loss = F.cross_entropy",
    ),
    "hook-no-return": (hook("return grad_input"), hook("grad_input")),
    "hook-arity": (hook("pass"), hook("pass").replace("grad_input, ", "")),
    "hook-only-last-argument": (hook("pass"), hook("pass").replace("module, grad_input, ", "")),
    "backward-bare-tensor": (hook("return (x,)"), hook("return x")),
    "backward-too-many": (hook("return (x,)"), hook("return (x, x)")),
    "pad-side": (collate("row[:n] = x"), collate("row[len(row) - n:] = x")),
    "pad-value": (collate("torch.zeros(2)"), collate("torch.ones(2)")),
    "field-dropped": (collate("return {'x': x, 'y': y}"), collate("return {'x': x}")),
    "collate-default": (collate("pass"), collate("return torch.utils.data.default_collate(samples)")),
    "collate-lambda": (
        collate("pass"),
        collate("pass") + "\n    collate = (lambda inner: lambda samples: inner(samples))(collate)",
    ),
    "length": ("def __len__(self): return self.n", "def __len__(self): return (self.n) + 1"),
    "index-unchecked": ("if i >= n:\n    raise IndexError(i)", "pass"),
    "return-in-loop": (
        "def f(x):\n    for y in x:\n        g(y)\n    return x",
        "def f(x):\n    for y in x:\n        g(y)\n        return x",
    ),
    "optimizer-in-loop": (
        "def f(x):\n    optimizer = SGD(x)\n    for y in x:\n        g(y)",
        "def f(x):\n    for y in x:\n        optimizer = SGD(x)\n        g(y)",
    ),
}


def meaning(source: str) -> str:
    return ast.dump(ast.parse(textwrap.dedent(source)))


@pytest.mark.parametrize(("name", "before", "after"), [(k, *v) for k, v in (SMALL | LARGE).items()])
def test_operator(name: str, before: str, after: str) -> None:
    made = [meaning(source) for operator, source in changes(textwrap.dedent(before)) if operator.id == name]
    assert meaning(after) in made


def test_every_operator_is_in_the_table() -> None:
    assert {operator.id for operator in OPERATORS} == (SMALL | LARGE).keys()


def test_the_mistakes_that_operators_plant_are_in_the_catalogue() -> None:
    assert {operator.mistake for operator in OPERATORS if operator.mistake} <= {m.id for m in catalogue()}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("arguments-swapped", "F.mse_loss(a, b)"),
        ("text", "raise ValueError('no')"),
        ("element-dropped", "(a, b) = x"),
        ("forward-detached", "class F(Function):\n    def forward(ctx, x): return x"),
        ("output-detached", "with torch.no_grad():\n    y = model(x)"),
        ("method-in-place", "def f(x): return torch.tanh(g(x))"),
        ("field-dropped", "def f(x): return {'a': x}"),
        ("forward-called", "if self.training(x): pass"),
    ],
)
def test_what_is_no_mistake_is_not_made(name: str, source: str) -> None:
    assert [operator.id for operator, _ in changes(source) if operator.id == name] == []


def planted(*sources: str) -> list[tuple[str, str]]:
    """Operator and new lines of the mutants of cells, the last of which is of the exercise `one`."""
    cells = tuple(
        Cell(number=i, source=source, filename="x", exercises=("one",) if i == len(sources) else (), text=source)
        for i, source in enumerate(sources, 1)
    )
    solution = Submission(name="x.ipynb", sha256="", cells=cells)
    return [(mutant.operator, mutant.after) for mutant in mutants_of(solution, ["one"])]


def test_equal_mutants_are_one_and_carry_the_name_of_the_mistake() -> None:
    assert planted("def forward(x):\n    return x") == [("forward-no-return", "x")]


def test_what_means_the_same_is_no_mutant() -> None:
    assert planted("def f(a): pass") == []


def test_other_cells_are_left_alone() -> None:
    assert planted("x = 1", "y = x.T") == [("line-dropped", "pass"), ("attribute-dropped", "y = x")]
