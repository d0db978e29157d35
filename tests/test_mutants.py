"""Each operator plants its mistake in a small piece of code."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
from conftest import ROOT

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
    "leaf-clone": ("y = x.detach().clone().requires_grad_()", "y = x.clone().requires_grad_()"),
    "train-attribute": ("y = self.training", "y = self.train"),
    "error-returned": ("def f():\n    raise ValueError(1)", "def f():\n    return ValueError(1)"),
    "generator-unused": ("x = torch.rand(2, generator=g)", "x = torch.rand(2)"),
    "zero-grad-in-loop": (
        "def f():\n    o.zero_grad()\n    for x in y:\n        x.backward()",
        "def f():\n    for x in y:\n        o.zero_grad()\n        x.backward()",
    ),
    "step-in-loop": (
        "def f():\n    for x in y:\n        x.backward()\n    o.step()",
        "def f():\n    for x in y:\n        x.backward()\n        o.step()",
    ),
    "rounded-down": ("n = math.ceil(a / b)", "n = math.floor(a / b)"),
    "requires-grad-misspelt": ("p.requires_grad = False", "p.require_grad = False"),
    "state-shared": ("best = copy.deepcopy(model.state_dict())", "best = model.state_dict()"),
    "classes-last": ("loss = F.cross_entropy(x.transpose(1, 2), y)", "loss = F.cross_entropy(x, y)"),
    "loss-argmax": ("loss = F.cross_entropy(x, y)", "loss = F.cross_entropy(x.argmax(dim=1), y)"),
    "bce-shape": (
        "loss = F.binary_cross_entropy_with_logits(x.squeeze(1), y)",
        "loss = F.binary_cross_entropy_with_logits(x, y)",
    ),
    "chain-rule": ("def backward(ctx, g):\n    return g * 2", "def backward(ctx, g):\n    return 2"),
    "last-layer": (
        "class N:\n    def f(self, x):\n        return nn.GRU(2, 3)(x)[0][:, -1]",
        "class N:\n    def f(self, x):\n        return nn.GRU(2, 3)(x)[0][-1]",
    ),
    "flatten": ("y = self.fc(x.flatten(1))", "y = self.fc(x)"),
    "local-variable": (
        "class N:\n    def __init__(self):\n        self.mean = 0\n    def f(self, x):\n        self.mean = x",
        "class N:\n    def __init__(self):\n        self.mean = 0\n    def f(self, x):\n        mean = x",
    ),
    "kept-in-variable": (
        "class N:\n    def f(self, x):\n        self.seen = x",
        "class N:\n    def f(self, x):\n        seen = x",
    ),
    "values-for-indices": ("order = torch.argsort(x)", "order = torch.sort(x).values"),
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
    "parameter-list": ("x = nn.ParameterList(y)", "x = list(y)"),
    "parameter-dict": ("x = nn.ParameterDict(y)", "x = dict(y)"),
    "activation-other": ("y = F.relu(x)", "y = F.tanh(x)"),
    "dropout-always": ("F.dropout(x, 0.5, training=self.training)", "F.dropout(x, 0.5)"),
    "training-ignored": ("if self.training:\n    f()", "f()"),
    "bias-untested": ("if m.bias is not None:\n    f(m.bias)", "f(m.bias)"),
    "type-compared": ("def f(y, Z): return isinstance(y, Z)", "def f(y, Z): return type(y) is Z"),
    "drawn-other": ("x = torch.randn(2)", "x = torch.rand(2)"),
    "grad-overwritten": ("p.grad = g if p.grad is None else p.grad + g", "p.grad = g"),
    "none-to-false": (
        "def f(seed=None):\n    return 1 if seed is None else seed",
        "def f(seed=None):\n    return 1 if not seed else seed",
    ),
    "stored-order": (
        "def f(self, x, route):\n    for n in route:\n        x = self.paths[n](x)",
        "def f(self, x, route):\n    for n in self.paths:\n        if n in route:\n            x = self.paths[n](x)",
    ),
    "batch-first": ("nn.LSTM(2, 3, batch_first=True)", "nn.LSTM(2, 3)"),
    "rnn-tuple": ("x, _ = self.lstm(x)", "x = self.lstm(x)"),
    "hook-other-kind": ("m.register_full_backward_hook(f)", "m.register_forward_hook(f)"),
    "numpy-random": ("torch.rand(3).numpy()", "np.random.rand(3)"),
    "sampler-shuffled": ("DataLoader(d, sampler=s)", "DataLoader(d, sampler=s, shuffle=True)"),
    "sign-flipped": ("x = a + b", "x = a - b"),
    "loss-other": ("F.cross_entropy(x, y)", "F.multi_margin_loss(x, y)"),
    "nll": ("F.cross_entropy(x, y)", "F.nll_loss(x, y)"),
    "bce": ("F.binary_cross_entropy_with_logits(x, y)", "F.binary_cross_entropy(x, y)"),
    "log-dropped": ("F.log_softmax(x, dim=1)", "F.softmax(x, dim=1)"),
    "loss-arguments": ("F.cross_entropy(x, y)", "F.cross_entropy(y, x)"),
    "result-dropped": ("x = x.flatten(1)", "x.flatten(1)"),
    "loss-sigmoid": (
        "F.binary_cross_entropy_with_logits(x, y)",
        "F.binary_cross_entropy_with_logits(x.sigmoid(), y)",
    ),
    "mm": ("y = a @ b", "y = torch.mm(a, b)"),
    "in-place": ("x = x + y", "x += y"),
    "copy-construct": ("y = x.clone()", "y = torch.tensor(x)"),
    "variance": ("x.var(dim=0)", "x.var(dim=0, unbiased=False)"),
    "default-dtype": (
        "def f():\n    return torch.randn(2)",
        "def f():\n    torch.set_default_dtype(torch.float64)\n    return torch.randn(2)",
    ),
    "grad-left-off": ("with torch.no_grad():\n    f()", "torch.set_grad_enabled(False)\nf()"),
    "seed-fixed": ("def f(seed):\n    g.manual_seed(seed)", "def f(seed):\n    g.manual_seed(0)"),
    "argument-fixed": ("def f(lr):\n    return g(lr=lr)", "def f(lr):\n    return g(lr=0.1)"),
    "batch-size": ("DataLoader(d, batch_size=n)", "DataLoader(d, batch_size=n * 2)"),
    "batch-of-all": ("DataLoader(d, batch_size=8)", "DataLoader(d, batch_size=len(d))"),
    "learning-rate": ("optim.SGD(p, lr=0.1)", "optim.SGD(p, lr=0.1 / 10)"),
    "layer-dropped": ("nn.Sequential(a, b, c)", "nn.Sequential(a, c)"),
    "init-other": ("nn.init.xavier_uniform_(w, gain=2)", "nn.init.zeros_(w)"),
    "bias-added": ("nn.Conv2d(1, 2, 3, bias=False)", "nn.Conv2d(1, 2, 3)"),
    "bias-dropped": ("nn.Linear(1, 2)", "nn.Linear(1, 2, bias=False)"),
    "weight-decay-added": ("optim.SGD(p)", "optim.SGD(p, weight_decay=0.1)"),
    "weight-decay": ("optim.SGD(p, weight_decay=0.1)", "optim.SGD(p, weight_decay=0.1 * 10)"),
    "weight-decay-dropped": ("optim.SGD(p, weight_decay=0.1)", "optim.SGD(p)"),
    "dropout-rate": ("F.dropout(x, 0.5)", "F.dropout(x, 0.5 / 2)"),
    "dropout-dropped": ("nn.Dropout(0.5)", "nn.Identity()"),
    "clip": ("torch.nn.utils.clip_grad_norm_(p, max_norm=1)", "nn.utils.clip_grad_norm_(p, max_norm=1 * 10)"),
    "clip-dropped": ("nn.utils.clip_grad_norm_(p, 1)", "pass"),
    "patience": ("if bad >= patience:\n    f()", "if bad >= 0:\n    f()"),
    "validation-trained-on": ("a, b = random_split(d, n)", "a, b = random_split(d, n)\nb = a"),
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
TRAIN = """
    def train(model, x, y):
        for {item} in {items}:
            loss_fn({output}, {target}).backward()
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


def train(output: str = "model(x)", target: str = "y", item: str = "_", items: str = "range(9)") -> str:
    return TRAIN.format(output=output, target=target, item=item, items=items)


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
    "made-in-loop": (
        "def f(x):\n    found = []\n    for y in x:\n        found.append(y)",
        "def f(x):\n    for y in x:\n        found = []\n        found.append(y)",
    ),
    "optimizer-replaced": (
        "def f(model, optimizer):\n    optimizer.step()",
        "def f(model, optimizer):\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.003)\n    optimizer.step()",
    ),
    "hook-other-value": (
        "def hook(module, grad_input, grad_output):\n    log.append(grad_output[0])",
        "def hook(module, grad_input, grad_output):\n    log.append(grad_input[0])",
    ),
    "labels-shifted": (train(), train(target="y.roll(1, 0)")),
    "samples-fewer": (train(), train("model(x)[::2]", "y[::2]")),
    "samples-unbalanced": (
        train(),
        train("model(x)[(y <= y.float().mean()).flatten()]", "y[(y <= y.float().mean()).flatten()]"),
    ),
    "labels-overlap": (train(), train("torch.cat([model(x), model(x)])", "torch.cat([y, y.roll(1, 0)])")),
    "samples-noisy": (train(), train("model(x + torch.randn_like(x))")),
    "epochs": (train(), train(items="range(9 // 2)")),
    "activation-added": (
        model(init="self.a = nn.Linear(2, 2)", body="return self.a(x)"),
        model(init="self.a = nn.Linear(2, 2)", body="return torch.relu(self.a(x))"),
    ),
    "grad-of-caller": (
        "def f(w):\n    leaf = w.detach().clone().requires_grad_()\n"
        "    (g,) = torch.autograd.grad(h(leaf), leaf)\n    return g",
        "def f(w):\n    w.requires_grad_()\n    h(w).backward()\n    g = w.grad\n    return g",
    ),
    "mean-of-means": (
        "def f(x):\n    for y in x:\n        a += g(y).sum().item()\n        n += len(y)\n    return a / n",
        "def f(x):\n    for y in x:\n        a += g(y).float().mean().item()\n        n += 1\n    return a / n",
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


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("type-compared", "def f(y): return isinstance(y, Z)"),
        ("drawn-other", "w = nn.Parameter(torch.randn(2))"),
    ],
)
def test_what_few_exercises_ask_for_is_not_planted(name: str, source: str) -> None:
    assert name not in {operator.id for operator, _ in changes(source)}


def test_every_operator_is_in_the_table() -> None:
    assert {operator.id for operator in OPERATORS} == (SMALL | LARGE).keys()


def test_the_mistakes_that_operators_plant_are_in_the_catalogue() -> None:
    assert {operator.mistake for operator in OPERATORS if operator.mistake} <= {m.id for m in catalogue()}


DEEPCRIME = [
    *("TCL", "TRD", "TUD", "TAN", "TCO", "HBS", "HLR", "HNE", "HDB", "ACH", "ARM", "AAL"),
    *("RAW", "RCW", "RRW", "RCD", "RCP", "WCI", "WAB", "WRB", "LCH", "OCH", "OCG", "VRM"),
]
TAXONOMY = {
    "Model": ["type and properties", "layer properties", "missing, redundant or wrong layer", "activation function"],
    "Tensors and inputs": ["wrong tensor shape", "wrong input"],
    "Training": [
        *("hyperparameters", "loss function", "validation and testing", "preprocessing of training data", "optimiser"),
        *("training data quality", "training process"),
    ],
    "GPU usage": [],
    "API": [],
}


def test_the_doc_lists_what_is_covered_by_what_there_is() -> None:
    doc = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8").partition("## What is covered")[2]
    rows = [line.strip("| ").split(" | ") for line in doc.splitlines() if re.match(r"\| [A-Z]", line)]
    named = [re.findall(r"`(\S+?)`", row[2]) for row in rows]
    operators, mistakes = {operator.id for operator in OPERATORS}, {mistake.id for mistake in catalogue()}
    known = operators | mistakes
    assert {name for names in named for name in names} - known == set()
    planted = [row[0] for row, names in zip(rows, named, strict=True) if operators & set(names)]
    assert [code for code in planted if code in DEEPCRIME] == DEEPCRIME
    assert [row[2] for row, names in zip(rows, named, strict=True) if not names and "not " not in row[2]] == []
    places = {f"{root}: {part}" for root, parts in TAXONOMY.items() for part in parts}
    places |= {root for root, parts in TAXONOMY.items() if not parts}
    assert {row[0] for row in rows} - set(DEEPCRIME) == places


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("arguments-swapped", "F.mse_loss(a, b)"),
        ("copy-construct", "x.detach().clone()"),
        ("labels-shifted", "def loss(x, y): return F.cross_entropy(x, y)"),
        ("learning-rate", "f(lr=0.1)"),
        ("argument-fixed", "f(lr=lr)"),
        ("init-other", "torch.randn(2)"),
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


@pytest.mark.parametrize(
    "source",
    [
        "def f(w):\n    leaf = w.detach().clone().requires_grad_()\n    (g,) = torch.autograd.grad(h(leaf), [leaf])",
        "def f(w):\n    w.leaf = w.x.detach().clone().requires_grad_()\n    (g,) = torch.autograd.grad(w, w.leaf)",
        "def f(x): return x / 2",
        "def f(): return",
        "class Net(nn.Module):\n    def forward(self, x): return",
        "def train(x, y): loss_fn(reduction='sum', target=y).backward()",
        "x: int = random_split(*a)\nDataLoader(*a, batch_size=2)\nnn.Sequential(*layers)\noptim.SGD(**settings)",
        "nn.Dropout(**rates)\nnn.init.zeros_()\nnn.Parameter()\nF.dropout()",
    ],
)
def test_code_of_other_forms_is_no_stumbling_block(source: str) -> None:
    for _, made in changes(source):
        ast.parse(made)


def planted(*sources: str) -> list[tuple[str, str]]:
    """Operator and new lines of the mutants of cells, the last of which is of the exercise `one`."""
    return [(mutant.operator, mutant.after) for mutant in mutants_of(submission(*sources), ["one"])]


def submission(*sources: str) -> Submission:
    """Cells, the last of which is of the exercise `one`."""
    cells = tuple(
        Cell(number=i, source=source, filename="x", exercises=("one",) if i == len(sources) else (), text=source)
        for i, source in enumerate(sources, 1)
    )
    return Submission(name="x.ipynb", sha256="", cells=cells)


def test_equal_mutants_are_one_and_carry_the_name_of_the_mistake() -> None:
    assert planted("def forward(x):\n    return x") == [("forward-no-return", "x")]


def test_what_means_the_same_is_no_mutant() -> None:
    assert planted("def f(a): pass") == []


def test_other_cells_are_left_alone() -> None:
    assert planted("x = 1", "y = x.T") == [("line-dropped", "pass"), ("attribute-dropped", "y = x")]


def test_what_the_starter_gives_is_not_changed() -> None:
    given = "# exercise: one\nclass A(nn.Module):\n    def __init__(self, n):\n"
    solution = submission(given + "        super().__init__()\n        self.n = n + 1\n")
    starter = submission(given + "        ...\n")
    changed = {mutant.before for mutant in mutants_of(solution, ["one"])}
    assert "class A(nn.Module):" in changed
    left = {mutant.before for mutant in mutants_of(solution, ["one"], starter)}
    assert "self.n = n + 1" in left
    assert left.isdisjoint({"class A(nn.Module):", "def __init__(self, n):"})


def test_what_does_nothing_is_not_changed() -> None:
    source = (
        "def f(x, n):\n    unread = n + 1\n    read = n + 2\n    x\n    if n > 5:\n        raise ValueError\n"
        "        n = n + 3\n    return x * read\n    n = n + 4\n"
    )
    changed = {mutant.before for mutant in mutants_of(submission(source), ["one"])}
    assert {"read = n + 2", "return x * read", "if n > 5:"} <= changed
    assert changed.isdisjoint({"unread = n + 1", "n = n + 3", "n = n + 4", "x"})
