"""What a report shows beside its sentences: shapes on their way, the tree of modules, where elements differ."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest
from conftest import Command, Course

from grader.models.figure import DifferenceFigure, Figure, ShapeFigure, TreeFigure
from grader.models.figure_text import figure_text
from grader.models.wording import ENGLISH, Language
from grader.report.formats.html import render_page
from grader.requirements.difference_map import differences

HEAD = "import torch\nfrom torch import nn\n# %%\n# exercise: one\n"
NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(8 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x)))
        return self.fc1(x.flatten(1))
"""
TOWER = """
class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.head = nn.Linear(4, 1)
        self.register_buffer("mean", torch.zeros(4))
        self.constant = torch.ones(1)
"""


def figures(course: Course, solution: str, answer: str, *requirements: dict[str, object]) -> dict[str, Figure | None]:
    """The figure of each check that failed."""
    course.require(*requirements, solution=HEAD + solution)
    report = course.grade(HEAD + answer)
    return {
        check.id.partition("::")[2]: check.figure for check in report.exercises[0].checks if check.outcome == "failed"
    }


def shapes(course: Course, solution: str, answer: str, call: str, **module: object) -> ShapeFigure:
    """The figure of a call that raises."""
    wanted = {"kind": "module", **module, "calls": [{"inputs": [call]}]} if module else {
        "kind": "function", "calls": [{"call": call}],
    }  # fmt: skip
    (found,) = figures(course, solution, answer, wanted).values()
    assert isinstance(found, ShapeFigure)
    return found


def test_the_shapes_on_the_way_to_a_layer_that_expects_others(course: Course) -> None:
    found = shapes(course, NET, NET.replace("8 * 7 * 7", "256"), "randn(4, 1, 16, 16)", object="Net()")
    assert [(step.name, step.gives) for step in found.steps] == [
        ("x", (4, 1, 16, 16)),
        ("conv", (4, 8, 14, 14)),
        ("pool", (4, 8, 7, 7)),
        ("flatten(1)", (4, 392)),
        ("fc1", None),
    ]
    assert found.steps[1].layer.startswith("Conv2d(1, 8")
    assert str(found.sum) == "`fc1` expects 256 = 8·4·8 features, and gets 392 = 8·7·7"


@pytest.mark.parametrize(
    ("layers", "call", "said"),
    [
        (
            "nn.Conv2d(3, 4, 3)",
            "randn(2, 8, 8, 3)",
            "`0` expects 3 in dimension 1; in [2, 8, 8, 3] that is 8, and dimension 3 is 3",
        ),
        ("nn.Linear(5, 6), nn.Linear(7, 2)", "randn(3, 5)", "`1` expects 7 in dimension 1; in [3, 6] that is 6"),
        (
            "nn.LSTM(6, 2, batch_first=True)",
            "randn(4, 6, 5)",
            "`0` expects 6 in dimension 2; in [4, 6, 5] that is 5, and dimension 1 is 6",
        ),
    ],
)  # fmt: skip
def test_a_layer_in_a_model(course: Course, layers: str, call: str, said: str) -> None:
    found = shapes(
        course, "def f(x):\n    return 1\n", f"def f(x):\n    return nn.Sequential({layers})(x)\n", f"f({call})"
    )
    assert str(found.sum) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x.t().view(4, 5)", "[4, 6] has 24 = 4·6 elements, and [4, 5] would hold 20"),
        ("x.t().reshape(5, -1)", "[4, 6] has 24 = 4·6 elements, which is no multiple of 5"),
        (
            "x.t() @ torch.ones(3, 6)",
            "rows of 6 meet columns of 3: the last size of the first must be the second to last of the other",
        ),
        (
            "x.t() + torch.ones(4)",
            "read from the right, 6 of [4, 6] meets 4 of [4]: they must be equal, or one of them 1",
        ),
    ],
)
def test_a_function(course: Course, code: str, said: str) -> None:
    found = shapes(course, "def f(x):\n    return 1\n", f"def f(x):\n    return {code}\n", "f(randn(6, 4))")
    assert next(step.name for step in found.steps) == "t"
    assert str(found.sum) == said


def test_a_result_of_another_shape(course: Course) -> None:
    answer = NET.replace("return self.fc1(x.flatten(1))", "return x.flatten(1)")
    requirement = {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(4, 1, 16, 16)"]}]}
    found = figures(course, NET, answer, requirement)["forward[1]"]
    assert isinstance(found, ShapeFigure)
    assert [step.name for step in found.steps] == ["x", "conv", "pool", "flatten(1)"]
    assert found.steps[-1].gives == (4, 392)
    assert found.sum is None


def test_a_failure_that_was_caught_is_not_the_one(course: Course) -> None:
    answer = """
def f(x):
    layer = nn.Linear(3, 2)
    try:
        layer(x)
    except RuntimeError:
        pass
    return nn.Sequential(nn.Linear(4, 6), nn.Linear(5, 2))(x)
"""
    found = shapes(course, "def f(x):\n    return 1\n", answer, "f(randn(2, 4))")
    assert found.steps[-1].name == "1"
    assert found.steps[-1].wants == 5


@pytest.mark.parametrize("code", ["x.no_such()", "[][3]", "int('a')", "raise ValueError('batch size must be odd')"])
def test_no_shapes_where_they_are_not_the_matter(course: Course, code: str) -> None:
    answer = f"def f(x):\n    y = nn.Linear(4, 2)(x)\n    {code}\n"
    assert list(figures(course, "def f(x):\n    return 1\n", answer, {
        "kind": "function", "calls": [{"call": "f(randn(2, 4))"}],
    }).values()) == [None]  # fmt: skip


def test_the_verdict_does_not_depend_on_the_figure(course: Course) -> None:
    """A global hook of the figure's is gone when the next question is asked."""
    answer = (
        NET.replace("8 * 7 * 7", "256")
        + """
def hooks():
    return len(nn.modules.module._global_forward_hooks) + len(nn.modules.module._global_forward_pre_hooks)
"""
    )
    found = figures(course, answer.replace("256", "8 * 7 * 7"), answer,
        {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(4, 1, 16, 16)"]}]},
        {"kind": "function", "calls": [{"call": "hooks()"}]},
    )  # fmt: skip
    assert list(found) == ["forward[1]"]


def tree(figure: Figure | None) -> dict[str, tuple[str, str, str]]:
    assert isinstance(figure, TreeFigure)
    return {node.path: (node.state, str(node.observed or ""), str(node.expected or "")) for node in figure.nodes}


def test_what_is_registered_and_what_is_a_plain_attribute(course: Course) -> None:
    answer = TOWER.replace("nn.ModuleList(nn.Linear(4, 4) for _ in range(2))", "[nn.Linear(4, 4) for _ in range(2)]")
    answer = answer.replace('self.register_buffer("mean", torch.zeros(4))', "self.mean = torch.zeros(4)")
    found = figures(course, TOWER, answer,
        {"kind": "children", "object": "Tower()", "children": {"layers.1": "Linear"}},
        {"kind": "buffers", "object": "Tower()", "buffers": {"mean": {"shape": [4]}}},
        {"kind": "children", "id": "n", "object": "Tower()", "count": {"Linear": 3}},
    )  # fmt: skip
    assert tree(found["child[layers.1]"]) == {
        "": ("same", "Tower", ""),
        "head": ("same", "Linear", ""),
        "layers": ("plain", "list of modules", "a submodule"),
        "layers.1": ("missing", "", "a submodule"),
        "mean": ("same", "tensor", ""),
        "constant": ("same", "tensor", ""),
    }
    assert tree(found["buffer[mean]"])["mean"] == ("plain", "tensor", "buffer [4]")
    assert tree(found["buffer[mean]"])["layers"][0] == "same"
    assert tree(found["children[Tower,n]"])["layers"] == ("plain", "list of modules", "")


def test_where_hooks_hang(course: Course) -> None:
    solution = """
def make():
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

def attach(model, log):
    return [model[0].register_forward_hook(lambda m, a, o: log.append(1))]
"""
    found = figures(course, solution, solution.replace("model[0]", "model"), {
        "kind": "hooks", "model": "make()", "attach": "attach(model, log)", "inputs": ["randn(1, 2)"],
        "registered": {"0": {"forward": 1}},
    })  # fmt: skip
    nodes = tree(found["hook-registered[attach]"])
    assert nodes["0"] == ("other", "no hook", "forward: 1")
    assert nodes[""][1] == "forward: 1"


def test_where_elements_differ(course: Course) -> None:
    answer = "def f(x):\n    y = x.clone()\n    y[1, 3:5, 2:] += torch.arange(1.0, 5.0)\n    return y\n"
    call = {"kind": "function", "calls": [{"call": "f(randn(2, 6, 6))"}]}
    (found,) = figures(course, "def f(x):\n    return x.clone()\n", answer, call).values()
    assert isinstance(found, DifferenceFigure)
    assert found.rows == ("000000", "000000", "000000", "001234", "001234", "000000")
    assert found.first == (1, 3, 2)
    assert found.part == "[1, :, :]"


def test_a_map_of_many_elements_and_of_no_numbers() -> None:
    differ, distance = np.zeros((100, 90), bool), np.full((100, 90), -1.0)
    differ[99, 89], distance[99, 89] = True, np.nan
    differ[0, 3], distance[0, 3] = True, np.inf
    found = differences(differ, distance)
    assert len(found.rows) == 8
    assert {len(row) for row in found.rows} == {30}
    assert found.each == (13, 3)
    assert found.first == (0, 3)
    assert found.rows[0] == "04" + 28 * "0"
    assert found.rows[-1] == 29 * "0" + "1"
    assert differences(np.ones(50, bool), np.ones(50)).rows == (25 * "4",)


def test_hidden_checks_show_none(course: Course) -> None:
    call = {"kind": "function", "hidden": True, "calls": [{"call": "f(randn(20, 20))"}]}
    found = figures(course, "def f(x):\n    return x\n", "def f(x):\n    return x + x.tril()\n", call)
    assert list(found.values()) == [None]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_show_pictures_and_their_text(course: Course, language: str) -> None:
    course.require(
        {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(4, 1, 16, 16)"]}]}, solution=HEAD + NET
    )
    answer = NET.replace("8 * 7 * 7", "256").replace("self.conv", "self.first_convolution_with_a_name_of_some_length")
    report = course.grade(HEAD + answer)
    page = render_page(report, language=Language.of(language))  # type: ignore[arg-type]
    assert page.count("<svg") == 1
    assert page.count("rect") >= 4
    (label,) = re.findall(r'aria-label="([^"]+)"', page)
    (figure,) = (check.figure for check in report.exercises[0].checks if check.figure)
    assert html.unescape(label) == figure_text(figure, Language.of(language))  # type: ignore[arg-type]
    assert figure_text(figure, ENGLISH).splitlines()[-2].startswith("fc1")


def test_a_terminal_cuts_a_figure_and_does_not_fold_it(
    run: Command, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.require(
        {"kind": "module", "object": "Net()", "calls": [{"inputs": ["randn(4, 1, 16, 16)"]}]}, solution=HEAD + NET
    )
    monkeypatch.setenv("COLUMNS", "60")
    answer = course.write("answer.py", HEAD + NET.replace("8 * 7 * 7", "256"))
    shown = run(course.quiz, answer).out
    lines = shown[shown.index(" shapes x") :].splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["conv", "pool", "flatten(1)", "fc1"]
    assert all(len(line) <= 60 for line in lines)
