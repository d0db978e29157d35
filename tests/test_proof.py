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
from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.authoring.findings import Result
from grader.authoring.judge_mutant import MutantJob, judge_mutant
from grader.authoring.mutants.engine import changes, mutants_of, with_mutant
from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.edits import FIXES, OPERATORS, walk
from grader.diagnosis.trials import trials
from grader.models.mistake import Mistake
from grader.models.report import Diagnosis
from grader.sandbox.client import Zygote
from grader.workers.pool import Pool

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


SEEN = """
def seen(model):
    log = []
    handles = []
    for part in model:
        handles.append(part.register_forward_hook(lambda module, args, output: log.append(1)))
    model(torch.ones(1, 2))
    for handle in handles:
        handle.remove()
    return len(log), sum(len(part._forward_hooks) for part in model)
"""


def test_a_hook_that_stays_is_shown_where_it_is_registered(course: Course) -> None:
    """Also where the fix adds a line above, for the handles."""
    left = SEEN.replace("    handles = []\n", "").replace("    for handle in handles:\n        handle.remove()\n", "")
    left = left.replace("handles.append(part.register", "part.register").replace("append(1)))", "append(1))")
    course.require({"kind": "function", "calls": [{"call": "seen(nn.Sequential(nn.ReLU()))"}]}, solution=HEAD + SEEN)
    (found,) = named(course.grade(HEAD + left)).values()
    assert (found.id, found.passes) == ("hook_not_removed", ("call[1]",))
    assert "register_forward_hook" in (HEAD + left).splitlines()[(found.line or 0) - 1]


CLEARED, LIST, LOSS = "        optimizer.zero_grad()\n", "    losses = []\n", "F.mse_loss(model(x).squeeze(1), y)"
ONE_WRONG = {
    "cleared once, before the loop": (
        "forgot_zero_grad",
        FIT.replace(CLEARED, "").replace(LIST, f"{LIST}    optimizer.zero_grad()\n"),
    ),
    "returned in the loop": ("return_in_loop", FIT.replace("    return losses", "        return losses")),
    "a new list in each round": ("made_in_loop", FIT.replace(LIST, "").replace(CLEARED, f"    {LIST}{CLEARED}")),
    "a result that is dropped": (
        "result_dropped",
        FIT.replace(LOSS, "model(x)\n        loss.squeeze(1)\n        loss = F.mse_loss(loss, y)"),
    ),
    "an argument that is replaced": ("argument_replaced", FIT.replace(LIST, f"{LIST}    y = x[:, 0]\n")),
    "a loss that is made": ("loss_not_called", FIT.replace("F.mse_loss(", "nn.MSELoss(")),
}


@pytest.mark.parametrize(("mistake", "answer"), ONE_WRONG.values(), ids=list(ONE_WRONG))
def test_one_thing_that_is_wrong_is_named(course: Course, mistake: str, answer: str) -> None:
    course.require(FITS, solution=HEAD + FIT)
    assert [found.id for found in named(course.grade(HEAD + answer)).values()] == [mistake]


@pytest.mark.parametrize(("kept", "ids"), [("log", ["hook_tuple_kept"]), ("logits", [])])
def test_a_tuple_is_a_hooks_where_it_is_in_a_log(course: Course, kept: str, ids: list[str]) -> None:
    code = (
        "class Watched(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layer = nn.ReLU()\n        self.log, self.logits = [], []\n"
        "        self.layer.register_forward_pre_hook(self.keep)\n\n"
        "    def keep(self, module, args):\n        self.{}.append({})\n\n    def forward(self, x):\n"
        "        return self.layer(x)\n\ndef kept(watched, x):\n    watched(x)\n"
        "    return {{'{}': watched.{}}}\n"
    )
    right, wrong = (HEAD + code.format(kept, taken, kept, kept) for taken in ("args[0]", "args"))
    course.require({"kind": "function", "calls": [{"call": "kept(Watched(), randn(3))"}]}, solution=right)
    assert [found.id for found in named(course.grade(wrong)).values()] == ids


def test_a_length_that_only_batches_show_is_named(course: Course) -> None:
    right = (
        "class Points(torch.utils.data.Dataset):\n    def __init__(self, n):\n        self.n = n\n\n"
        "    def __len__(self):\n        return self.n\n\n    def __getitem__(self, index):\n"
        "        return torch.tensor(float(range(self.n)[index]))\n"
    )
    loader = {"kind": "loader", "object": "torch.utils.data.DataLoader(Points(6), batch_size=2)"}
    course.require(loader, solution=HEAD + right)
    wrong = right.replace("return self.n\n", "return self.n - 1\n")
    assert [found.id for found in named(course.grade(HEAD + wrong)).values()] == ["dataset_len_wrong"]


def test_what_training_does_not_return_is_named(course: Course) -> None:
    names = {"model": "nn.Linear(3, 1)", "x": "randn(8, 3)", "y": "randn(8)"}
    training = {"kind": "training", "names": names, "call": "fit(model, x, y)", "returns": True}
    course.require(training, solution=HEAD + FIT)
    found = named(course.grade(HEAD + FIT.replace("    return losses\n", "")))
    assert [one.id for one in found.values()] == ["result_not_returned"]


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


def test_a_mistake_that_hides_another_is_named_since_both_fixes_together_help(course: Course, run: Command) -> None:
    course.require(FITS, solution=HEAD + FIT)
    both = FIT.replace("model.parameters()", "model.parameters").replace("        optimizer.zero_grad()\n", "")
    file = course.write("answer.py", HEAD + both)
    (found,) = named(course.grade(file)).values()
    assert (found.id, found.passes, found.with_another) == ("parentheses_forgotten", ("call[1]",), True)
    assert "With this, and one more mistake, fixed in a copy of your code" in run("run", course.quiz, file).out
    nothing_else = FIT.replace("model.parameters()", "model.parameters").replace("losses.append", "print")
    assert not [f for f in named(course.grade(HEAD + nothing_else)).values() if f.passes]


@pytest.mark.parametrize(("by", "ids"), [("n + 2", []), ("n * n", ["m"])])
def test_what_breaks_a_check_that_passed_is_no_fix(course: Course, by: str, ids: list[str]) -> None:
    """With `n + 2` the second check passes, too, and the first one does no more."""
    own = {"id": "m", "title": "M", "hint": "No.", "fix": [{"replace": "n * 1", "by": by}]}
    calls = [{"call": "square(1)"}, {"call": "square(2)"}]
    right = "def square(n):\n    return n * n\n"
    course.require({"kind": "function", "calls": calls}, solution=HEAD + right, mistakes=[own])
    assert [one.id for one in named(course.grade(HEAD + right.replace("n * n", "n * 1"))).values()] == ids


@pytest.mark.parametrize(("by", "ids"), [("_n", []), ("_n * _n", ["m", "m"])])
def test_an_exception_that_is_gone_proves_nothing_while_what_it_stopped_is_wrong(
    course: Course, by: str, ids: list[str]
) -> None:
    """Whatever the function gives, the second check passes."""
    code = "def f(n):\n    return {}\ndef is_number(n):\n    return isinstance(f(n), int)\n"
    mistake = {"id": "m", "title": {"en": "m"}, "hint": {"en": "m"}, "fix": [{"replace": 'int("x") * _n', "by": by}]}
    calls = {"kind": "function", "calls": [{"call": "f(3)"}, {"call": "is_number(4)"}]}
    course.require(calls, solution=HEAD + code.format("n * n"), mistakes=[mistake])
    found = named(course.grade(HEAD + code.format('int("x") * n')))
    assert [one.id for one in found.values() if one.passes] == ids


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


@pytest.mark.slow
def test_what_takes_long_to_ask_is_tried_all_the_same(course: Course) -> None:
    """Three fixes of 1.2 seconds each: the third one begins before the search's three seconds are over, the fourth
    would not, and is the one that helps."""
    fixes = [{"replace": "n * 1", "by": f"n * {by}"} for by in ("2", "3", "4", "n")]
    own = {"id": "m", "title": "M", "hint": "No.", "fix": fixes}
    right = "import time\ndef square(n):\n    time.sleep(1.2)\n    return n * n\n"
    course.require({"kind": "function", "calls": [{"call": "square(7)"}]}, solution=HEAD + right, mistakes=[own])
    (found,) = named(course.grade(HEAD + right.replace("n * n", "n * 1"))).values()
    assert (found.id, found.passes) == ("m", ("call[1]",))


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


# -- planting and fixing


NOT_TAKEN_BACK = {
    "detach-alone",  # nothing says where `detach` stood
    "hook-lambda-nothing",  # nor what the lambda gave
}
NAMED_OTHERWISE = {
    "assignment4": {
        ("squeeze", "dimension_of_one"),  # nothing broadcasts there: the shape alone is wrong
        ("state-to-object", None),  # nothing is saved there
        ("workers-unknown", None),  # where no worker is asked for, a number of anybody's is as good
    }
}
"""What is planted in a solution where it is another mistake, or none that a fix finds."""
LONG = {"cnn", "reproducible"}
"""Exercises that train for so long that a busy machine may leave no time for fixes."""


def carried(folder: Folder) -> Iterator[MutantJob]:
    """For each operator that plants a mistake which can be fixed, the first mutant of the solution that it makes."""
    solution, fixed = folder.read(folder.solution), {fix.mistake for fix in FIXES}
    seen = set(NOT_TAKEN_BACK)
    for mutant in mutants_of(solution, [e.id for e in folder.spec.exercises if e.id not in LONG]):
        if mutant.mistake in fixed and mutant.operator not in seen:
            seen.add(mutant.operator)
            yield MutantJob(mutant=mutant, submission=with_mutant(solution, mutant), seconds=10)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["assignment1", "assignment2", "assignment3", "assignment4"])
def test_what_is_planted_in_a_shipped_solution_is_named(assignment: str, zygote: Zygote) -> None:
    """The fix takes back what the operator has planted: the checks that failed pass."""
    folder = load_assignment(ROOT / "assignments" / assignment)
    zygote.preload(folder.spec.preload)
    results: dict[str, Result] = {}
    jobs = list(carried(folder))
    with Pool[MutantJob, Result](zygote, (judge_mutant, folder.path), 1, 60) as pool:
        for _ in range(2):  # what a busy machine left no time for is tried again
            results |= {job.mutant.operator: r for job, r in pool.run(jobs) if isinstance(r, Result)}
            done = {operator for operator, r in results.items() if r.mutant.mistake in r.diagnoses}
            jobs = [job for job in jobs if job.mutant.operator not in done]
    killed = [result for result in results.values() if result.status == "killed"]
    assert len(killed) > 10
    others = {(r.mutant.operator, *(r.diagnoses or (None,))) for r in killed if r.mutant.mistake not in r.diagnoses}
    assert others == NAMED_OTHERWISE.get(assignment, set())


def f(call: str) -> dict[str, Any]:
    return {"kind": "function", "calls": [{"call": call}]}


ELSEWHERE: dict[str, tuple[str, dict[str, Any]]] = {
    "batch_first_forgotten": (
        "def f(x):\n    torch.manual_seed(0)\n    return nn.GRU(2, 3, batch_first=True)(x)[1]\n",
        f("f(randn(4, 5, 2))"),
    ),
    "bce_on_logits": (
        "def f(x, y):\n    return F.binary_cross_entropy_with_logits(x, y)\n",
        f("f(randn(4), rand(4))"),
    ),
    "copy_construct": (
        "def f(x):\n    (x.clone() * x).sum().backward()\n    return x.grad\n",
        f("f(randn(3, requires_grad=True))"),
    ),
    "double_sigmoid": (
        "def f(x, y):\n    return F.binary_cross_entropy_with_logits(x, y)\n",
        f("f(randn(4), rand(4))"),
    ),
    "inplace_breaks_graph": (
        "def f(x):\n    y = torch.tanh(x)\n    y = y + 1\n    y.sum().backward()\n    return x.grad\n",
        f("f(randn(3, requires_grad=True))"),
    ),
    "numpy_seed_workers": (
        "import numpy as np\nclass Noise(torch.utils.data.Dataset):\n    def __len__(self):\n        return 2\n"
        "    def __getitem__(self, index):\n        return torch.rand(3).numpy()\n"
        "def f(seed):\n    torch.manual_seed(seed)\n    return Noise()[0]\n",
        f("f(3)"),
    ),
    "parameters_in_list": (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.scales = nn.ParameterList([nn.Parameter(torch.ones(2))])\n",
        {"kind": "parameters", "object": "Net()", "count": 1},
    ),
    "rnn_tuple_kept": (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.lstm = nn.LSTM(2, 3)\n    def forward(self, x):\n        x, _ = self.lstm(x)\n"
        "        return x.sum(dim=0)\n",
        {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(4, 2)"]}]},
    ),
    "sampler_with_shuffle": (
        "from torch.utils.data import DataLoader\ndef f():\n"
        "    return [x.item() for x in DataLoader(range(4), sampler=[3, 1])]\n",
        f("f()"),
    ),
    "softmax_without_log": (
        "def f(x, y):\n    return F.nll_loss(F.log_softmax(x, dim=1), y)\n",
        f("f(randn(4, 3), randint(0, 3, 4))"),
    ),
    "variance_unbiased": ("def f(x):\n    return x.var(dim=0)\n", f("f(randn(4, 3))")),
}
"""Mistakes that no shipped solution can carry: code that can, and what is asked of it."""


@pytest.mark.slow
def test_what_is_planted_elsewhere_is_named(course: Course) -> None:
    right = {mistake: code for mistake, (code, _) in ELSEWHERE.items()}
    wrong = {
        mistake: next(made for operator, made in changes(code) if operator.mistake == mistake)
        for mistake, code in right.items()
    }
    imports = HEAD.partition("# %%")[0]
    solution, answer = (
        imports + "".join(f"# %%\n# exercise: {mistake}\n{code}" for mistake, code in codes.items())
        for codes in (right, wrong)
    )
    course.assign(*({"id": id, "requirements": [asked]} for id, (_, asked) in ELSEWHERE.items()), solution=solution)
    report = course.grade(answer)
    found = {e.id: {check.diagnosis.id for check in e.checks if check.diagnosis} for e in report.exercises}
    assert found == {mistake: {mistake} for mistake in ELSEWHERE}


def test_every_mistake_that_is_fixed_is_planted() -> None:
    planted = {operator.mistake for operator in OPERATORS}
    assert {fix.mistake for fix in FIXES} - planted == set()


# -- fixes


def sources() -> Iterator[str]:
    """What people wrote: the answers, and the cells of the shipped notebooks, without the masters' marks."""
    yield from (answer.source for answer in ALL)
    notebooks = (*ROOT.glob("solutions/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb"))
    for file in (path for path in notebooks if not path.name.endswith(".master.ipynb")):
        yield from (cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code")


@pytest.mark.parametrize("share", [0, *(pytest.param(share, marks=pytest.mark.slow) for share in range(1, 24))])
def test_no_fix_stumbles_over_what_people_write(share: int) -> None:
    """Where one does, it is passed over in silence, so that nobody would see it."""
    for source in list(sources())[share::24]:
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


@pytest.mark.parametrize(
    "kept", ["{}", "seen = [{}]", "seen = []\n    seen.append({})"], ids=["nothing keeps it", "in a list", "appended"]
)
def test_hooks_that_are_left_behind_are_removed_at_the_end(kept: str) -> None:
    (mistake,) = (one for one in catalogue() if one.id == "hook_not_removed")
    code = f"def f(model, x):\n    {kept.format('model.register_forward_hook(print)')}\n    return model(x)\n"
    fixed = [trial.sources[0] for trial in trials(mistake, {0: code})]
    name = "seen" if "seen" in code else "handles"
    assert any(f"    for handle in {name}:\n        handle.remove()\n    return model(x)" in one for one in fixed)


def test_names_that_a_fix_brings_are_imported() -> None:
    (trial,) = trials(mistake(replace="f(_x)", by="nn.Linear(_x)"), {3: "y = f(1)\n"})
    assert trial.sources[3] == "from torch import nn\ny = nn.Linear(1)\n"
    assert (trial.index, trial.line, trial.before, trial.after) == (3, 1, "y = f(1)", "y = nn.Linear(1)")


def test_a_method_of_a_modules_name_is_no_import_of_it() -> None:
    (trial,) = trials(mistake(replace="_x.copy()", by="copy.deepcopy(_x)"), {0: "y = x.copy()\n"})
    assert trial.sources[0] == "import copy\ny = copy.deepcopy(x)\n"


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\n", "", "f" * 200_000])
def test_where_nothing_fits_nothing_is_tried(source: str) -> None:
    assert list(trials(mistake(replace="f(_x)", by="g(_x)"), {0: source})) == []


@pytest.mark.parametrize("fix", [{"replace": "f(", "by": "g"}, {"replace": "f(_x)", "by": ")"}, {"replace": "f(_x)"}])
def test_a_fix_that_is_no_python_is_refused(course: Course, run: Command, fix: dict[str, str]) -> None:
    course.require(TABLE, solution=HEAD + "def center(x):\n    return x\n", mistakes=[{**OWN, "fix": [fix]}])
    ended = run("run", course.quiz, course.write("answer.py", "x = 1\n"))
    assert ended.code == 2
    assert "assignment.yaml" in ended.err
