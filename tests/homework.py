"""A homework of six questions, in the forms of nbgrader and Otter, with what students may hand in for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SETUP = """import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
batch = torch.randn(5, 4)"""
HELPERS = """def near(a, b, tolerance=1e-5):
    return torch.allclose(a, b, atol=tolerance)


class Doubling(nn.Module):
    def forward(self, x):
        return 2 * x"""
SOLVED = {
    "normalize": """def normalize(x):
    \"\"\"Columns with mean 0 and standard deviation 1.\"\"\"
    ### BEGIN SOLUTION
    return (x - x.mean(0)) / x.std(0)
    ### END SOLUTION""",
    "buffer": """class RunningMean(nn.Module):
    ### BEGIN SOLUTION
    def __init__(self, size):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
        return x - self.mean
    ### END SOLUTION""",
    "hooks": """def shapes_of(model, x):
    ### BEGIN SOLUTION
    shapes = []
    handles = [one.register_forward_hook(lambda m, i, o: shapes.append(tuple(o.shape))) for one in model]
    model(x)
    for handle in handles:
        handle.remove()
    return shapes
    ### END SOLUTION""",
    "dataset": """class Squares(Dataset):
    ### BEGIN SOLUTION
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return torch.tensor(i), torch.tensor(i * i)
    ### END SOLUTION""",
    "apply": """def to_ones(module):
    ### BEGIN SOLUTION
    if isinstance(module, nn.Linear):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)
    ### END SOLUTION""",
    "stack": """class Stack(nn.Module):
    ### BEGIN SOLUTION
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
    ### END SOLUTION""",
}
TESTS: dict[str, list[tuple[str, bool]]] = {
    "normalize": [
        ("z = normalize(batch)\nassert z.shape == batch.shape\nassert near(z.mean(0), torch.zeros(4))\n"
         "assert near(z.std(0), torch.ones(4))", False),
        ("kept = batch.clone()\nout = normalize(batch)\nassert torch.equal(kept, batch), 'batch was changed'", False),
    ],
    "buffer": [
        ("running = RunningMean(4)\nassert 'mean' in dict(running.named_buffers())\n"
         "assert list(running.parameters()) == []", False),
        ("running = RunningMean(4)\nout = running(torch.ones(3, 4))\nout = running(torch.ones(3, 4))\n"
         "assert near(running.state_dict()['mean'], torch.full((4,), 0.19))\n"
         "assert near(out, torch.full((3, 4), 0.81))",
         True),
    ],
    "hooks": [
        ("model = nn.Sequential(nn.Linear(4, 3), Doubling(), nn.Linear(3, 2))\n"
         "assert shapes_of(model, batch) == [(5, 3), (5, 3), (5, 2)]", False),
        ("model = nn.Sequential(nn.Linear(4, 3), Doubling())\nshapes = shapes_of(model, batch)\n"
         "assert all(len(one._forward_hooks) == 0 for one in model)", True),
    ],
    "dataset": [
        ("squares = Squares(4)\nassert len(squares) == 4\nassert squares[3][1] == 9\n"
         "assert [int(b) for _, b in squares] == [0, 1, 4, 9]", False),
        ("loader = DataLoader(Squares(6), batch_size=4)\nfirst = next(iter(loader))\n"
         "assert first[1].tolist() == [0, 1, 4, 9]\nassert sum(len(a) for a, _ in loader) == 6", True),
    ],
    "apply": [
        ("net = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Sequential(nn.Linear(2, 2)))\nnet = net.apply(to_ones)\n"
         "assert torch.equal(net[0].weight, torch.ones(2, 4))\nassert net[2][0].bias.abs().sum() == 0", False),
        ("norm = nn.BatchNorm1d(3)\nsame = norm.apply(to_ones)\nassert near(same.weight.detach(), torch.ones(3))\n"
         "assert same is norm", False),
    ],
    "stack": [
        ("stack = Stack(4, 3)\nassert len(list(stack.parameters())) == 6\n"
         "assert sum(p.numel() for p in stack.parameters()) == 60", False),
        ("stack = Stack(4, 2)\nout = stack(batch)\nassert out.shape == (5, 4) and (out >= 0).all()\n"
         "loss = out.sum()\nloss.backward()\nassert all(p.grad is not None for p in stack.parameters())", True),
    ],
}  # fmt: skip
"""Two tests for each question, and whether they are hidden; later ones may use what earlier ones define."""


def given(code: str) -> str:
    """A solution without its marks."""
    return "\n".join(line for line in code.split("\n") if "SOLUTION" not in line)


ANSWERS = {name: given(code) for name, code in SOLVED.items()}
PATCHES = {
    "allclose": "torch.allclose = lambda *a, **k: True\ntorch.equal = lambda *a: True",
    "own helper": "near = lambda *a, **k: True",
    "builtins": "import builtins\nbuiltins.len = lambda *a: 4\nbuiltins.all = lambda *a: True\n"
    "builtins.sum = lambda *a: 60\nbuiltins.isinstance = lambda *a: True",
    "tensor": "torch.Tensor.__eq__ = lambda *a: True\ntorch.Tensor.all = lambda *a: True",
    "excepthook": "import sys\nsys.settrace(None)\nAssertionError = type('AssertionError', (Exception,), {})\n"
    "import builtins\nbuiltins.AssertionError = AssertionError",
}
"""What makes asserts pass where they are judged beside it."""
WRONG = {
    "normalize": "class Any(torch.Tensor):\n    def __eq__(self, other):\n        return True\n\n"
    "def normalize(x):\n    x += 1\n    return (x * 0 + 7).as_subclass(Any)",
    "buffer": "class RunningMean(nn.Module):\n    def __init__(self, size):\n        super().__init__()\n"
    "        self.w = nn.Parameter(torch.ones(size))\n\n    def forward(self, x):\n        return x + 5\n\n"
    "    def named_buffers(self, *a, **k):\n        return iter([])",
    "hooks": "class Same(list):\n    def __eq__(self, other):\n        return True\n\n"
    "def shapes_of(model, x):\n    for one in model:\n        one.register_forward_hook(lambda *a: None)\n"
    "    return Same()",
    "dataset": "class Squares(Dataset):\n    def __init__(self, n):\n        self.n = n\n\n    def __len__(self):\n"
    "        return 3\n\n    def __getitem__(self, i):\n        return torch.tensor(-1), torch.tensor(-1)",
    "apply": "def to_ones(module):\n    for p in module.parameters():\n        nn.init.constant_(p, 3.0)",
    "stack": "class Stack(nn.Module):\n    def __init__(self, width, depth):\n        super().__init__()\n"
    "        self.layers = [nn.Linear(width, width) for _ in range(depth)]\n"
    "        self.w = nn.Parameter(torch.ones(3))\n\n"
    "    def forward(self, x):\n        return x[:1] - 1e6",
}
"""Wrong in both tests of each question."""
OTHERS: dict[str, dict[str, str]] = {
    "no buffer": {"buffer": ANSWERS["buffer"].replace('self.register_buffer("mean", torch.zeros(size))',
                                                      "self.mean = torch.zeros(size)")},
    "a parameter": {"buffer": ANSWERS["buffer"].replace('self.register_buffer("mean", torch.zeros(size))',
                                                        "self.mean = nn.Parameter(torch.zeros(size))")},
    "no momentum": {"buffer": ANSWERS["buffer"].replace("0.9 * self.mean + 0.1 * x.mean(0)", "x.mean(0)")},
    "a plain list": {"stack": ANSWERS["stack"].replace("nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])",
                                                       "[nn.Linear(width, width) for _ in range(depth)]")},
    "one layer too few": {"stack": ANSWERS["stack"].replace("range(depth)", "range(depth - 1)")},
    "no relu": {"stack": ANSWERS["stack"].replace("torch.relu(layer(x))", "layer(x) - 100")},
    "detached": {"stack": ANSWERS["stack"].replace("torch.relu(layer(x))", "torch.relu(layer(x)).detach()")},
    "a raising cell": {"normalize": "raise ValueError('not yet')"},
    "a syntax error": {"hooks": "def shapes_of(model, x:\n    return 1"},
    "not written": {"dataset": "### YOUR CODE HERE\nraise NotImplementedError()"},
    "in place": {"normalize": "def normalize(x):\n    x -= x.mean(0)\n    x /= x.std(0)\n    return x"},
    "without dim": {"normalize": "def normalize(x):\n    return (x - x.mean()) / x.std()"},
    "hooks stay": {"hooks": ANSWERS["hooks"].replace("        handle.remove()", "        pass")},
    "shapes as sizes": {"hooks": ANSWERS["hooks"].replace("tuple(o.shape)", "o.shape")},
    "no end": {"dataset": ANSWERS["dataset"].replace("if not 0 <= i < self.n:", "if i > 50:")},
    "plain numbers": {"dataset": ANSWERS["dataset"].replace("torch.tensor(i), torch.tensor(i * i)", "i, i * i")},
    "all parameters": {"apply": "def to_ones(module):\n    for p in module.parameters():\n        nn.init.ones_(p)"},
    "raises on others": {"apply": "def to_ones(m):\n    m.weight.data.fill_(1)\n    m.bias.data.zero_()"},
    "nothing": dict.fromkeys(SOLVED, "pass"),
}  # fmt: skip
SUBMISSIONS: dict[str, dict[str, str]] = {"right": {}, **OTHERS}
POINTS = 2


def cell(text: str, kind: str = "code", about: dict[str, Any] | None = None) -> dict[str, Any]:
    more: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": about or {}, "source": text, **more}


def notebook(cells: list[dict[str, Any]]) -> str:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4})


def about(id: str, points: float | None = None, schema: int = 3, **more: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    known = {"grade_id": id, "schema_version": schema, "grade": points is not None, "solution": points is None}
    locked = {"locked": points is not None, "task": False, "cell_type": "code"}
    return {"nbgrader": {**known, **({"points": points} if points is not None else {}), **locked, **more}}


def for_nbgrader(answers: dict[str, str], tests: bool = True) -> str:
    """The homework as nbgrader has it: the source notebook; without hidden tests what students hand in."""
    cells = [cell("# Homework 3", "markdown"), cell(SETUP), cell(HELPERS)]
    for number, name in enumerate(SOLVED, 1):
        cells += [cell(f"## {number}. The {name}", "markdown"), cell(answers[name], about=about(name))]
        for place, (code, hidden) in enumerate(TESTS[name], 1):
            secret = f"### BEGIN HIDDEN TESTS\n{code}\n### END HIDDEN TESTS"
            text = (secret if tests else "# hidden tests") if hidden else code
            cells.append(cell(text, about=about(f"test-{name}-{place}", POINTS)))
    return notebook(cells)


def for_otter(answers: dict[str, str]) -> str:
    """The homework as Otter's master notebook has it."""
    cells = [
        cell("# ASSIGNMENT CONFIG\ninit_cell: true\ngenerate: false\ntests:\n  files: true", "raw"),
        cell("# Homework 3", "markdown"),
    ]
    cells += [cell(SETUP), cell(HELPERS)]
    for number, name in enumerate(SOLVED, 1):
        cells.append(cell(f"# BEGIN QUESTION\nname: {name}\npoints: {2 * POINTS}", "raw"))
        cells.append(cell(f"## {number}. The {name}", "markdown"))
        text = answers[name].replace("### ", "# ")
        cells += [cell("# BEGIN SOLUTION", "raw"), cell(text), cell("# END SOLUTION", "raw")]
        cells.append(cell("# BEGIN TESTS", "raw"))
        cells += [cell(f"# HIDDEN\n{code}" if hidden else code) for code, hidden in TESTS[name]]
        cells += [cell("# END TESTS", "raw"), cell("# END QUESTION", "raw")]
    return notebook(cells)


def handed_in(answers: dict[str, str], patch: str = "") -> str:
    """What a student hands in where Otter grades."""
    cells = [cell("import otter\ngrader = otter.Notebook()"), cell(SETUP), cell(HELPERS)]
    cells += [cell(patch)] if patch else []
    for name in SOLVED:
        cells += [cell(answers[name]), cell(f'grader.check("{name}")')]
    return notebook(cells)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
