"""`grade new`: what it writes is an assignment that stands at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Command


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with assignment1 and assignment2, in which commands run."""
    for name in ("assignment1", "assignment2"):
        shutil.copytree(ROOT / "assignments" / name, tmp_path / "assignments" / name)
    shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec_of(folder: Path) -> dict[str, object]:
    read: dict[str, object] = yaml.safe_load((folder / "assignment.yaml").read_text(encoding="utf-8"))
    return read


def answers(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_a_first_assignment_stands(desk: Path, run: Command) -> None:
    made = run("new", "hw1")
    assert (made.code, made.err) == (0, "")
    for name in ("assignments/hw1/assignment.yaml", "assignments/hw1/hw1.ipynb", "solutions/hw1.ipynb"):
        assert name in made.out
        assert (desk / name).is_file()
    starter, solution = answers(desk / "assignments/hw1/hw1.ipynb"), answers(desk / "solutions/hw1.ipynb")
    assert "class CountingLinear(nn.Module):" in starter
    assert "register_buffer" not in starter
    assert "register_buffer" in solution
    assert "# YOUR CODE HERE" not in solution
    assert run("hw1", "solutions/hw1.ipynb").code == 0
    assert run("hw1").out.count("✓") == 0


def test_a_first_assignment_in_one_file(desk: Path, run: Command) -> None:
    run("new", "hw1")
    made = run("new", "hw2", "--master")
    assert (made.code, made.err) == (0, "")
    folder = desk / "assignments" / "hw2"
    assert sorted(path.name for path in folder.iterdir()) == ["assignment.yaml", "hw2.master.py"]
    assert not (desk / "solutions" / "hw2.ipynb").exists()
    assert spec_of(folder)["master"] == "hw2.master.py"
    assert run("hw2", folder / "hw2.master.py").out.splitlines()[-1] == "13 / 13 points"
    assert run("release", "hw2", "--in-place").code == 0
    for name in ("assignments/hw1/hw1.ipynb", "solutions/hw1.ipynb"):
        assert answers(desk / name) == answers(desk / name.replace("hw1", "hw2")), "it is the same assignment"


@pytest.mark.parametrize("options", [("--master", "--like", "assignment1:noise"), ("--from", "a.ipynb", "--master")])
def test_one_way_to_begin(desk: Path, run: Command, options: tuple[str, ...]) -> None:
    refused = run("new", "hw2", *options)
    assert (refused.code, "do not go together" in refused.err) == (2, True)
    assert not (desk / "assignments" / "hw2").exists()


@pytest.mark.slow
def test_no_mutant_of_a_first_assignment_survives(desk: Path, run: Command) -> None:
    run("new", "hw1")
    proved = run("verify", "hw1")
    assert (proved.code, proved.err) == (0, "")
    assert " 0 survived" in proved.out
    assert "\n! " not in proved.out, "no warning either"


def test_nothing_is_written_over(desk: Path, run: Command) -> None:
    (desk / "solutions" / "hw1.ipynb").write_text("mine")
    refused = run("new", "hw1")
    assert refused.code == 2
    assert "hw1.ipynb is there already; nothing was written" in refused.err
    assert not (desk / "assignments" / "hw1").exists()
    assert run("new", "assignment1").code == 2
    assert run("new", "../hw1").code == 2


def test_where_no_assignments_are(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "hw1").code == 0
    assert spec_of(tmp_path / "hw1")["solution"] == "../solutions/hw1.ipynb"
    assert (tmp_path / "solutions" / "hw1.ipynb").is_file()
    graded = run("hw1", "solutions/hw1.ipynb")
    assert graded.code == 0, graded.out


def test_exercises_of_other_assignments(desk: Path, run: Command) -> None:
    made = run("new", "hw2", "--like", "assignment1:running-mean", "--like", "assignment2:table")
    assert (made.code, made.err) == (0, "")
    folder = desk / "assignments" / "hw2"
    spec = spec_of(folder)
    assert [exercise["title"]["en"][:3] for exercise in spec["exercises"]] == ["1. ", "2. "]  # type: ignore[attr-defined]
    assert [exercise["title"]["ko"][:3] for exercise in spec["exercises"]] == ["1. ", "2. "]  # type: ignore[attr-defined]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        *("assignment.yaml", "fixtures.py", "hw2.ipynb", "hw2.ko.ipynb", "table.csv", "table_test.csv"),
        *("test_running_mean.py", "verify.yaml"),
    ]
    fixtures = (folder / "fixtures.py").read_text(encoding="utf-8")
    assert "def table(" in fixtures
    assert "def images(" not in fixtures
    assert "## 1. " in (folder / "hw2.ipynb").read_text(encoding="utf-8")
    graded = run("hw2", "solutions/hw2.ipynb")
    assert graded.code == 0, graded.out


@pytest.mark.parametrize(
    ("like", "said"),
    [
        ("assignment1:running-men", "assignment1 has no exercise 'running-men'"),
        ("assignment9:noise", "There is no assignment 'assignment9'"),
        ("noise", "Write --like noise:EXERCISE"),
    ],
)
def test_what_there_is_not(desk: Path, run: Command, like: str, said: str) -> None:
    refused = run("new", "hw2", "--like", like)
    assert refused.code == 2
    assert said in refused.err
    assert not (desk / "assignments" / "hw2").exists()


# -- a solved notebook

SOLVED = (
    "# Homework",
    "import torch\nfrom torch import nn\nfrom torch.utils.data import Dataset",
    "## 1. Softplus",
    '''def softplus(x, beta=1.0):
    """A smooth ReLU."""
    return torch.log1p(torch.exp(beta * x)) / beta''',
    "softplus(torch.zeros(3))",
    "## 2. A residual block",
    """class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.register_buffer("calls", torch.zeros(width))

    def forward(self, x):
        if self.training:
            self.calls += 1
        return x + torch.relu(self.linear(x)) * self.calls""",
    "## 3. Watching",
    """def watch(model, log):
    return [part.register_forward_hook(lambda module, inputs, output: log.append(output.detach().clone()))
            for part in model.modules() if isinstance(part, nn.Linear)]""",
    "## 4. Pairs",
    """class Pairs(Dataset):
    def __init__(self, path):
        with open(path) as file:
            self.rows = [float(line) for line in file]
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, i):
        return torch.tensor(self.rows[i])""",
    "## 5. Odd",
    "def odd(config):\n    return config.alpha * 2",
)


@pytest.fixture
def solved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook with answers, texts and data, by itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.txt").write_text("1\n2.5\n4\n")
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": text}
        if text.startswith("#")
        else {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 3, "source": text}
        for text in SOLVED
    ]
    path = tmp_path / "solved.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
    return path


def test_a_solved_notebook(solved: Path, run: Command) -> None:
    made = run("new", "hw1", "--from", solved)
    assert (made.code, made.err) == (0, "")
    assert "cell 13, odd: nothing that was tried worked" in made.out
    folder = solved.parent / "hw1"
    exercises: dict[str, list[dict[str, Any]]] = {
        exercise["id"]: exercise["requirements"]
        for exercise in spec_of(folder)["exercises"]  # type: ignore[attr-defined]
    }
    kinds = {id: {one["kind"] for one in requirements} for id, requirements in exercises.items()}
    assert kinds == {
        "softplus": {"function"},
        "residual-block": {"parameters", "children", "buffers", "state_dict", "module"},
        "watching": {"hooks"},
        "pairs": {"dataset"},
    }
    assert "softplus(randn(3))" in [call["call"] for call in exercises["softplus"][0]["calls"]]
    assert exercises["pairs"][0]["object"] == "Pairs('data/rows.txt')"
    assert exercises["watching"][0]["log"] is True
    starter = answers(folder / "hw1.ipynb")
    assert '"""A smooth ReLU."""\n    # YOUR CODE HERE\n    ...' in starter
    assert "torch.log1p" not in starter
    assert "# exercise: residual-block" in starter
    graded = run("hw1", "solutions/hw1.ipynb")
    assert graded.code == 0, graded.out
    assert run("hw1").out.count("✓") == 0


def test_a_solved_script(solved: Path, run: Command) -> None:
    cells = "# %% [markdown]\n# # Homework\n# %%\nimport torch\n# %% [markdown]\n# ## 1. Softplus\n# %%\n"
    text = f"{cells}{SOLVED[3]}\n# %%\n{SOLVED[4]}\n"
    script = solved.with_name("solved.py")
    script.write_text(text)
    made = run("new", "hw1", "--from", script)
    assert (made.code, made.err) == (0, "")
    (exercise,) = spec_of(solved.parent / "hw1")["exercises"]  # type: ignore[misc]
    assert (exercise["id"], exercise["title"]) == ("softplus", "1. Softplus")
    notebook = json.loads((solved.parent / "hw1" / "hw1.ipynb").read_text())
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["markdown", "code", "markdown", "code", "code"]
    assert run("hw1", "solutions/hw1.ipynb").code == 0
    script.write_text(f"import torch\n\n\n# exercise: soft\n{SOLVED[3]}\n\n\nprint({SOLVED[4]})\n")  # no cells at all
    assert run("new", "hw2", "--from", script).code == 0
    assert spec_of(solved.parent / "hw2")["exercises"][0]["id"] == "soft"  # type: ignore[index]
    refused = run("new", "hw3", "--from", script.rename(solved.with_name("solved.txt")))
    assert (refused.code, "Give a .ipynb, .py, .md or .qmd file" in refused.err) == (2, True)


def test_nothing_to_grade_in_a_notebook(solved: Path, run: Command) -> None:
    content = json.loads(solved.read_text())
    content["cells"] = content["cells"][:2]
    solved.write_text(json.dumps(content))
    refused = run("new", "hw1", "--from", solved)
    assert refused.code == 2
    assert "defines no function and no class" in refused.err
    assert run("new", "hw1", "--from", "missing.ipynb").code == 2
    assert not (solved.parent / "hw1").exists()
