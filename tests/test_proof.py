"""A mistake is named when its fix, tried on the student's own code, makes failing checks pass; and only then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst as cst
import nbformat
import pytest
import yaml
from conftest import ROOT, Command, Course
from planted import ALL

from grader import Report
from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.edits import FIXES, walk
from grader.diagnosis.trials import trials
from grader.models.mistake import Mistake
from grader.models.report import Diagnosis

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n# %%\n# exercise: one\n"
FIT = """
def fit(model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
"""
FITS = {"kind": "function", "calls": [{"call": "fit(nn.Linear(3, 1), randn(8, 3), randn(8))"}]}


def named(report: Report) -> dict[str, Diagnosis]:
    """The mistakes of failed checks, by the checks' names."""
    checks = (check for exercise in report.exercises for check in exercise.checks)
    return {check.id.partition("::")[2]: check.diagnosis for check in checks if check.diagnosis}


def test_what_helps_is_named_with_its_line_and_the_checks_that_pass(course: Course, run: Command) -> None:
    course.require(FITS, solution=HEAD + FIT)
    file = course.write("answer.py", HEAD + FIT.replace("        optimizer.zero_grad()\n", ""))
    (found,) = named(course.grade(file)).values()
    assert (found.id, found.passes, found.fix) == ("forgot_zero_grad", ("call[1]",), "")
    assert "With this fixed in a copy of your code, this check passes." in run("run", course.quiz, file).out


OTHER_WAYS = {
    "gradients of autograd.grad, and another loss": """
def fit(model, x, y):
    losses = []
    for _ in range(3):
        loss = F.mse_loss(model(x).squeeze(1), y) + 1
        for p, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
            p.data -= 0.1 * g
        losses.append(loss.item())
    return losses
""",
    "gradients set to None, and a step too many": """
def fit(model, x, y):
    losses = []
    for _ in range(4):
        for p in model.parameters():
            p.grad = None
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        losses.append(loss.item())
    return losses
""",
    "losses measured after the step": FIT.replace(
        "losses.append(loss.item())", "losses.append(F.mse_loss(model(x).squeeze(1), y).item())"
    ),
    "another learning rate": FIT.replace("lr=0.1", "lr=0.2"),
}


@pytest.mark.parametrize("answer", OTHER_WAYS.values(), ids=list(OTHER_WAYS))
def test_another_way_of_writing_is_no_mistake(course: Course, answer: str) -> None:
    course.require(FITS, solution=HEAD + FIT)
    report = course.grade(HEAD + answer)
    assert report.earned == 0
    assert named(report) == {}


def test_two_mistakes_are_found_as_two(course: Course) -> None:
    both = FIT + "\ndef scores(model, x):\n    model.eval()\n    return model(x)\n"
    course.require(FITS, {"kind": "value", "value": "scores(nn.Dropout(0.5), ones(9))"}, solution=HEAD + both)
    wrong = both.replace("        optimizer.zero_grad()\n", "").replace("    model.eval()\n", "")
    assert sorted(one.id for one in named(course.grade(HEAD + wrong)).values()) == [
        "eval_forgotten",
        "forgot_zero_grad",
    ]


@pytest.mark.parametrize(("by", "ids"), [("n + 2", []), ("n * n", ["m"])])
def test_what_breaks_a_check_that_passed_is_no_fix(course: Course, by: str, ids: list[str]) -> None:
    """With `n + 2` the second check passes, too, and the first one does no more."""
    own = {"id": "m", "title": "M", "hint": "No.", "fix": [{"replace": "n * 1", "by": by}]}
    calls = [{"call": "square(1)"}, {"call": "square(2)"}]
    right = "def square(n):\n    return n * n\n"
    course.require({"kind": "function", "calls": calls}, solution=HEAD + right, mistakes=[own])
    assert [one.id for one in named(course.grade(HEAD + right.replace("n * n", "n * 1"))).values()] == ids


def test_blank_answers_show_nothing(course: Course) -> None:
    course.require(FITS, solution=HEAD + FIT)
    for blank in ("def fit(model, x, y):\n    pass\n", "def fit(model, x, y):\n    ...\n# %%\nfit(None, None, None)\n"):
        assert named(course.grade(HEAD + blank)) == {}


@pytest.mark.slow
def test_cells_that_take_long_are_not_run_again(course: Course) -> None:
    wrong = FIT.replace("        optimizer.zero_grad()\n", "")
    course.require(FITS, solution=HEAD + FIT)
    assert named(course.grade(HEAD + "import time\ntime.sleep(3.5)\n" + wrong)) == {}
    elsewhere = HEAD.replace("# %%\n", "# %%\nimport time\ntime.sleep(3.5)\n# %%\n")
    assert [one.id for one in named(course.grade(elsewhere + wrong)).values()] == ["forgot_zero_grad"]


def test_a_fix_that_never_ends_is_given_up(course: Course) -> None:
    """With the sign turned, `n + step` never comes below 3."""
    right = "def count(n):\n    while n > 3:\n        n = n - 3\n    return n\n"
    course.require({"kind": "function", "calls": [{"call": "count(8)"}]}, solution=HEAD + right)
    report = course.grade(
        HEAD + "def count(n, step=2):\n    while n > 3:\n        n = n - step\n    return n + n.bit_length() - 2\n"
    )
    assert report.gradable
    assert named(report) == {}


OWN = {
    "id": "whole_table", "title": "one mean for the whole table", "hint": "`{code}` is computed over the whole table.",
    "fix": [{"replace": "_x.mean()", "by": "_x.mean(dim=0)"}],
}  # fmt: skip
TABLE = {"kind": "function", "calls": [{"call": "center(randn(4, 3))"}]}


def test_an_instructors_own_fix(course: Course) -> None:
    right = "def center(x):\n    return x - x.mean(dim=0)\n"
    course.require(TABLE, solution=HEAD + right, mistakes=[OWN])
    (found,) = named(course.grade(HEAD + right.replace("dim=0", ""))).values()
    assert (found.id, str(found.text)) == ("whole_table", "`return x - x.mean()` is computed over the whole table.")
    assert named(course.grade(HEAD + "def center(x):\n    return x * x.mean()\n")) == {}


def test_the_fix_in_the_doc(course: Course) -> None:
    """The answer in docs/mistakes.md is named by the mistake with a fix that stands there."""
    blocks = re.findall(r"```(?:yaml|python)\n(.*?)```", (ROOT / "docs" / "mistakes.md").read_text("utf-8"), re.DOTALL)
    (written,) = (
        yaml.safe_load(block)["mistakes"] for block in blocks if block.startswith("mistakes:") and "fix:" in block
    )
    right, wrong = (block for block in blocks if "def standardize" in block)
    course.require(
        {"kind": "function", "calls": [{"call": "standardize(randn(6, 3))"}]}, solution=right, mistakes=written
    )
    (found,) = named(course.grade(wrong)).values()
    assert (found.id, found.passes) == (written[0]["id"], ("call[1]",))


@pytest.mark.parametrize(
    ("tell", "text", "fix"),
    [
        ("name", "gradients are not cleared", ""),
        ("hint", "Nothing clears the gradients", ""),
        ("fix", "Nothing clears the gradients", "        optimizer.zero_grad()"),
    ],
)
def test_the_spec_says_how_much_is_told(course: Course, tell: str, text: str, fix: str) -> None:
    course.require(FITS, solution=HEAD + FIT, diagnosis=tell)
    (found,) = named(course.grade(HEAD + FIT.replace("        optimizer.zero_grad()\n", ""))).values()
    assert str(found.text).startswith(text)
    assert found.fix == fix


def test_the_spec_may_want_no_mistakes_named(course: Course) -> None:
    course.require(FITS, solution=HEAD + FIT, diagnosis="none")
    assert named(course.grade(HEAD + FIT.replace("        optimizer.zero_grad()\n", ""))) == {}


@pytest.mark.parametrize(
    ("level", "ids"), [("proven", ["forgot_zero_grad", "missing_super"]), ("bound", ["missing_super"]), ("none", [])]
)
def test_a_batch_chooses_what_is_named(
    course: Course, run: Command, tmp_path: Path, level: str, ids: list[str]
) -> None:
    net = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.layer = nn.ReLU()\n"
    both = HEAD + FIT + "# %%\n# exercise: two\n" + net
    course.assign(
        {"id": "one", "requirements": [FITS]},
        {
            "id": "two",
            "requirements": [{"kind": "state_dict", "object": "Net()", "keys": []}],
        },
        solution=both,
    )
    wrong = both.replace("        optimizer.zero_grad()\n", "").replace("        super().__init__()\n", "")
    course.write("in/ann.py", wrong)
    out = tmp_path / "out"
    assert run("batch", course.quiz, course.path / "in", "--out", out, "--diagnose", level, "--seed", "1").code == 0
    (report,) = (json.loads(file.read_text()) for file in out.glob("**/*.json"))
    found = {check["diagnosis"]["id"] for e in report["exercises"] for check in e["checks"] if check["diagnosis"]}
    assert sorted(found) == ids


# -- fixes


def sources() -> Iterator[str]:
    """What people wrote: the answers, and the cells of the shipped notebooks."""
    yield from (answer.source for answer in ALL)
    for file in (*ROOT.glob("solutions/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb")):
        yield from (cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code")


@pytest.mark.parametrize("share", [0, *(pytest.param(share, marks=pytest.mark.slow) for share in range(1, 8))])
def test_no_fix_stumbles_over_what_people_write(share: int) -> None:
    """Where one does, it is passed over in silence, so that nobody would see it."""
    for source in list(sources())[share::8]:
        for node, above in walk(cst.parse_module(source)):
            if not isinstance(getattr(node, "body", None), cst.SimpleStatementSuite):
                for fix in FIXES:
                    if isinstance(node, fix.node):
                        list(fix.change(node, above))


def test_every_mistake_that_is_only_suspected_has_a_fix() -> None:
    fixed = {fix.mistake for fix in FIXES}
    assert [mistake.id for mistake in catalogue() if not mistake.when and mistake.id not in fixed] == []
    assert fixed - {mistake.id for mistake in catalogue()} == set()


def mistake(**fix: Any) -> Mistake:
    return Mistake.model_validate({"id": "m", "title": "M", "hint": "No.", "fix": [fix]})


def test_a_fix_is_tried_in_each_place_and_in_all() -> None:
    found = trials(mistake(replace="f(_x)", by="g(_x)"), {0: "a = f(1)\nb = f(2)\nc = f(3)\n"})
    assert [trial.sources[0] for trial in found] == [
        "a = g(1)\nb = g(2)\nc = g(3)\n",
        "a = g(1)\nb = f(2)\nc = f(3)\n",
        "a = f(1)\nb = g(2)\nc = f(3)\n",
        "a = f(1)\nb = f(2)\nc = g(3)\n",
    ]


def test_names_that_a_fix_brings_are_imported() -> None:
    (trial,) = trials(mistake(replace="f(_x)", by="nn.Linear(_x)"), {3: "y = f(1)\n"})
    assert trial.sources[3] == "from torch import nn\ny = nn.Linear(1)\n"
    assert (trial.index, trial.line, trial.before, trial.after) == (3, 1, "y = f(1)", "y = nn.Linear(1)")


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\n", "", "f" * 200_000])
def test_where_nothing_fits_nothing_is_tried(source: str) -> None:
    assert list(trials(mistake(replace="f(_x)", by="g(_x)"), {0: source})) == []


@pytest.mark.parametrize("fix", [{"replace": "f(", "by": "g"}, {"replace": "f(_x)", "by": ")"}, {"replace": "f(_x)"}])
def test_a_fix_that_is_no_python_is_refused(course: Course, run: Command, fix: dict[str, str]) -> None:
    course.require(TABLE, solution=HEAD + "def center(x):\n    return x\n", mistakes=[{**OWN, "fix": [fix]}])
    ended = run("run", course.quiz, course.write("answer.py", "x = 1\n"))
    assert ended.code == 2
    assert "assignment.yaml" in ended.err
