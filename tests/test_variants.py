"""What varies in an assignment: what students get of a variant, its proof, and what is said of one that is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import Command, Course, refused

SPEC = """\
format: 1
id: quiz
title: {en: "Shelves, <% width %> wide", ko: 폭이 <% width %>인 <% name_ko %>}
master: quiz.master.py
fixtures: fixtures.py
varies:
  width: [3, 5]
  Shelf: [Shelf, Rack, Board]
  name_ko: [선반, 시렁, 널빤지]
  slope: [0.1, 0.2, 0.3]
  total: width * width + width
exercises:
  - id: one
    title: A <% Shelf | lower %>
    points: 2
    hint: A <% Shelf %> has <% total %> numbers, and <% slope * 3 %>.
    requirements:
      - kind: parameters
        object: <% Shelf %>(<% width %>)
        parameters: {<% Shelf | lower %>.weight: {shape: [<% width %>, <% width %>]}}
        exact: false
        total: <% total %>
      - kind: function
        calls: [{call: "twice(<% Shelf %>(2), randn(4, 2))"}]
  - {id: two, title: Two, requirements: [{kind: value, value: y, equals: "2"}]}
"""
FIXTURES = "def twice(module, x):\n    return module(x), <% width %>\n"
MASTER = """\
# %% [markdown]
# Run `grade <% id %>`. `f"{{<% width %>}}"`, $\\\\{{x\\\\}}$, `1 << 2 >> 1`, `x %d`; a list: <% [width, slope] %>.

# %% [markdown] tags=["ko"]
# <% name_ko %> 하나를 만드세요. 숫자는 <% total %>개입니다.

# %%
# exercise: one
from torch import nn
# solution: Write class <% Shelf %>(nn.Module) here.
class <% Shelf %>(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.<% Shelf | lower %> = nn.Linear(width, width)

    def forward(self, x):
        return self.<% Shelf | lower %>(x) * <% slope %>
# end

# %%
# exercise: two
y = 2  # solution
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def quiz(course: Course) -> Path:
    course.write("assignments/quiz/fixtures.py", FIXTURES)
    course.write("assignments/quiz/quiz.master.py", MASTER.encode())
    return course.write("assignments/quiz/assignment.yaml", SPEC.encode()).parent


def change(path: Path, *pairs: tuple[str, str]) -> Path:
    text = path.read_text(encoding="utf-8")
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    return path


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells]


def test_a_variant_is_released_and_others_lie_in_it(
    quiz: Path, course: Course, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = run("release", quiz, "--variant", "4", "--variant", "0", "--out", course.path / "web")
    assert (released.code, released.err) == (0, "")
    copy = course.path / "web" / "quiz"
    whole = "".join(path.read_text(errors="replace") for path in copy.iterdir() if path.is_file())
    assert "Rack(3)" in whole
    assert not [word for word in ("<% ", "varies", "Shelf", "Board", "Rack(5)", "선반", "0.3,") if word in whole]
    assert sources(copy / "quiz.ipynb") == [
        'Run `grade quiz`. `f"{{3}}"`, $\\\\{{x\\\\}}$, `1 << 2 >> 1`, `x %d`; a list: [3, 0.2].',
        "# exercise: one\nfrom torch import nn\n# Write class Rack(nn.Module) here.",
        "# exercise: two\ny = ...",
    ]
    assert sources(copy / "quiz.ko.ipynb")[1] == "시렁 하나를 만드세요. 숫자는 12개입니다."
    (course.path / "home").mkdir()
    monkeypatch.chdir(course.path / "home")
    run("get", copy, "--to", "own")
    same = run("again", "own/quiz", "two")
    assert (same.code, "two is the same in each variant.\n  These are not: one." in same.err) == (2, True)
    assert run("again", "own/quiz", "one").out == "own/quiz-2: 5 files\nNext: grade own/quiz-2 -k one\n"
    none = run("again", "own/quiz-2")
    assert (none.code, "All variants are here already: quiz-2." in none.err) == (2, True)
    assert "`grade quiz-2`" in sources(Path("own/quiz-2/quiz-2.ipynb"))[0]
    answer = "# exercise: one\nfrom torch import nn\nclass Rack(nn.Module):\n    def __init__(self, width):\n"
    answer += "        super().__init__()\n        self.rack = nn.Linear(width, width)\n"
    right = course.write("answer.py", answer + "    def forward(self, x): return self.rack(x) * 0.2\n")
    assert run("own/quiz", right, "-q").out == "2 / 3 points\n"
    shutil.copy("own/quiz-2/reference.safetensors", "own/quiz/reference.safetensors")
    mixed = run("own/quiz", right)
    assert (mixed.code, "is of another variant of the assignment" in " ".join(mixed.out.split())) == (3, True)


def test_the_first_variant_is_the_assignment_itself(quiz: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(quiz, quiz / "quiz.master.py", "--lang", "ko")
    assert (ended.code, "폭이 3인 선반" in ended.out, "3 / 3" in ended.out) == (0, True, True)
    change(quiz / "assignment.yaml", ("varies:\n", "variant: 5\nvaries:\n"))
    assert "A board" in run(quiz, quiz / "quiz.master.py").out
    monkeypatch.chdir(quiz.parents[1])
    assert run("new", "more", "--like", f"{quiz}:one").code == 0
    assert "class Board(nn.Module)" in sources(Path("solutions/more.ipynb"))[-1]
    assert "object: Board(5)" in Path("assignments/more/assignment.yaml").read_text()


def test_notebooks_without_a_master_vary_as_well(course: Course, run: Command) -> None:
    cell = {"source": "# exercise: one\n# Write add_<% n %>(x).", "id": "one"}
    course.notebook(cell, name="assignments/quiz/quiz.ipynb")
    requirement = {"kind": "function", "calls": [{"call": "add_<% n %>(randint(0, 9).item())"}]}
    varied = {"varies": {"n": [1, 2]}}
    course.require(requirement, solution="# exercise: one\ndef add_<% n %>(x): return x + <% n %>\n", **varied)
    assert "0 / 1 points" in run(course.quiz).out
    assert run(course.quiz, course.quiz / "solution.py", "-q").out == "1 / 1 points\n"
    assert run("release", course.quiz, "--variant", "1", "--out", course.path).code == 0
    assert sources(course.path / "quiz" / "quiz.ipynb") == ["# exercise: one\n# Write add_2(x)."]
    assert run("release", course.quiz, "--variant", "2").err.startswith(
        f"{course.quiz}/assignment.yaml has 2 variants, 0"
    )


SAYS: dict[str, tuple[str, str, int, str]] = {
    "a name": (
        "<% Shelf %>(<% width",
        "<% Shelf %>(<% widht",
        19,
        "32: there is no value `widht`; did you mean `width`?",
    ),
    "a key": ("{<% Shelf | lower %>.w", "{<% shef %>.w", 20, "25: there is no value `shef`"),
    "in quotes": ("twice(<% Shelf %>", "twice(<% Sheff %>", 24, "34: there is no value `Sheff`; did you mean `Shelf`?"),
    "no end": ("<% total %>\n      -", "<% total\n      -", 22, "16: `<%` has no `%>`"),
    "no expression": ("<% total %>\n      -", "<% total + %>\n      -", 22, "19: `total +` is no expression"),
    "no number": (
        "<% total %>\n      -",
        "<% Shelf %>\n      -",
        22,
        "16: `exercises.0.requirements.0.parameters.total`",
    ),
    "computed of what is below": ("total: width", "total: with", 11, "10: `varies.total`: there is no value `with`"),
    "no list": ("slope: [0.1, 0.2, 0.3]", "slope: 0.1", 10, "10: `varies.slope`: it must be a list of up to 50 values"),
    "too deep": (
        "total: width",
        f"total: {'(' * 3000}",
        11,
        "10: `varies.total`: `" + "(" * 60 + "…` is no expression",
    ),
    "a list too long": (
        "slope: [0.1, 0.2, 0.3]",
        f"slope: {[*range(51)]}",
        10,
        "10: `varies.slope`: it must be a list of up to 50 values",
    ),
    "one name": (
        "[선반, 시렁, 널빤지]",
        "[Rack, a, b, c]",
        9,
        "13: `varies.name_ko.0`: `Shelf` and `name_ko`, which differ",
    ),
    "a meaning": ("total: width", "len: width", 11, "8: `varies.len`: `len` has a meaning already"),
    "no such variant": ("varies:", "variant: 6\nvaries:", 6, "10: `variant`: there are 6 variants, 0 to 5"),
}


@pytest.mark.parametrize("name", SAYS)
def test_what_is_wrong_in_a_spec(quiz: Path, course: Course, run: Command, name: str) -> None:
    before, after, line, said = SAYS[name]
    change(quiz / "assignment.yaml", (before, after))
    message = refused(run, course, line)
    assert f"assignment.yaml:{line}:{said}" in message, message


def test_what_is_wrong_in_other_files(quiz: Path, course: Course, run: Command) -> None:
    change(quiz / "fixtures.py", ("<% width", "<% with"))
    ended = run(quiz)
    assert "fixtures.py:2:26: there is no value `with`" in ended.err
    change(quiz / "fixtures.py", ("<% with", "<% width"))
    change(quiz / "quiz.master.py", ("* <% slope %>", "* <% slop %>"))
    ended = run(quiz)
    said = "quiz.master.py, line 17: there is no value `slop`; did you mean `slope`?"
    assert f"{said}\n            return self.<% Shelf | lower %>(x) * <% slop %>\n" in ended.err
    assert ended.err.splitlines()[2].index("^^^^") == ended.err.splitlines()[1].index("slop %>")


@pytest.fixture
def wrong(quiz: Path) -> Path:
    """One whose other variant is wrong."""
    two = [("[Shelf, Rack, Board]", "[Shelf, Rack]"), ("[선반, 시렁, 널빤지]", "[선반, 시렁]"), (", 0.3]", "]")]
    change(quiz / "assignment.yaml", *two, ("varies:\n", "varies:\n  depth: [7]\n  Other: [Crate, nn]\n"))
    change(quiz / "quiz.master.py", ("import nn\n", "import nn\n<% Other %> = 1 / (5 - <% width %>)\n"))
    return quiz


def test_what_is_wrong_in_another_variant_is_seen_while_one_writes(wrong: Path, run: Command) -> None:
    ended = run("author", wrong, "--once", "-j1")
    assert ended.code == 1
    assert "variant 1: Crate and nn are both called nn" in ended.out
    assert "variant 1: one::call[1]: expected the cell of this exercise runs to its end, observed Zero" in ended.out


@pytest.mark.slow
def test_verify_proves_other_variants(wrong: Path, run: Command) -> None:
    ended = run("verify", wrong, "--no-mutants")
    assert (ended.code, "not ready to publish (variants" in ended.out) == (1, True)
    assert "variant 1: one::call[1]: expected the cell of this exercise runs to its end, observed Zero" in ended.out
    assert "nothing refers to `depth`" in ended.out
    change(wrong / "quiz.master.py", ("<% Other %> = 1 / (5 - <% width %>)\n", ""))
    change(wrong / "assignment.yaml", ("title: A <%", "hint: Add.\n    title: A <%"), ("hint: A <", "# <"))
    ended = run("verify", wrong, "--variant", "1", "-k", "one", "-v")
    assert "✓ variants  variant 0: the starter earns nothing" in ended.out
    assert "survived one, forward-called" in ended.out


VARYING = {
    "assignment1": {
        "sequential", "module-list", "module-dict", "calculator", "parameters",
        "running-mean", "describe", "watch", "plus-five", "fill",
    },
    "assignment2": {"squares", "reviews", "collate", "sampler", "buckets"},
    "assignment3": {"by-hand", "leaves", "function", "logits", "reproducible"},
    "assignment4": {"diagonal", "buffers", "device", "unused", "backward", "workers"},
}  # fmt: skip


@pytest.mark.parametrize("name", VARYING)
def test_a_shipped_assignment_varies(name: str) -> None:
    """The solutions of the same exercises differ from the first variant's, and no place of any is left open."""
    from conftest import ROOT

    from grader.assignment.load import load_assignment

    variants: list[dict[str, str]] = []
    for number in range(4):
        folder = load_assignment(ROOT / "assignments" / name, number)
        assert not [path for path in (*folder.starters.values(), folder.solution) if "<%" in json.dumps(sources(path))]
        cells = nbformat.read(folder.solution, as_version=nbformat.NO_CONVERT).cells
        variants.append({cell.id.removesuffix("-answer"): cell.source for cell in cells if cell.cell_type == "code"})
    first, *others = variants
    for number, other in enumerate(others, start=1):
        differing = {exercise for exercise in first if first[exercise] != other[exercise]}
        of_two = {"fill", "sampler"} if number % 2 == 0 else set[str]()  # where a list of two begins anew
        assert differing == VARYING[name] - of_two


@pytest.mark.parametrize("name", VARYING)
@pytest.mark.parametrize(("number", "particle"), [(1, "를"), (2, "을")])
def test_a_variant_is_named_in_korean_as_it_is_read(name: str, number: int, particle: str) -> None:
    """The copies that `grade again` brings: `assignment1-2`, and then `assignment1-3`."""
    from conftest import ROOT

    from grader.assignment.load import load_assignment

    id = f"{name}-{number + 1}"
    folder = load_assignment(ROOT / "assignments" / name, number, id)
    assert f"`grade {id}`{particle} 실행하세요" in sources(folder.starters["ko"])[0]
