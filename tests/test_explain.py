"""Every mistake can be explained: in both languages, with an example and a fix that do as their comments say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from conftest import ROOT, Command, Course

from grader.diagnosis.catalogue import catalogue, chapters
from grader.diagnosis.diagnose import hint
from grader.models.mistake import FACTS, Mistake, filled_places
from grader.report.mistake_pages import HEADINGS

MISTAKES = catalogue()
RUN = """
import contextlib, io, json, linecache, operator, sys, traceback, types, warnings
import torch

def tried(code):
    module = sys.modules["example"] = types.ModuleType("example")  # where pickle looks for functions
    vars(module).update(torch=torch, nn=torch.nn)
    printed, raised = io.StringIO(), None
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(code, "example", "exec"), vars(module))
        except Exception as error:
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "example"]
            lines += [error.lineno] if isinstance(error, SyntaxError) else []
            raised = [type(error).__name__, str(error), lines]
    return {"printed": printed.getvalue(), "raised": raised, "warned": [w.category.__name__ for w in warned]}

def exists(page):
    try:
        return operator.attrgetter(page.removeprefix("torch."))(torch) is not None
    except AttributeError:
        return False

codes, pages = json.load(sys.stdin)
json.dump([[tried(code) for code in codes], [exists(page) for page in pages]], sys.stdout)
"""

every = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
each_code = pytest.mark.parametrize(
    ("number", "code"),
    list(enumerate(code for mistake in MISTAKES for code in (mistake.example, mistake.fixed))),
    ids=[f"{mistake.id}-{what}" for mistake in MISTAKES for what in ("example", "fixed")],
)


ASKED_ONCE = pytest.mark.xdist_group("torch says")


@pytest.fixture(scope="module")
def torch_says() -> tuple[list[dict[str, Any]], list[bool]]:
    """How each example and its fix went, and which pages there are: all asked of one process."""
    codes = [code for mistake in MISTAKES for code in (mistake.example, mistake.fixed)]
    asked = json.dumps([codes, [mistake.page or "torch.nn" for mistake in MISTAKES]])
    no_gpu = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=asked, capture_output=True, text=True, timeout=60, env=no_gpu
    )
    assert done.returncode == 0, done.stderr
    went, there = json.loads(done.stdout)
    return went, there


# -- the catalogue


def test_ids_are_unique() -> None:
    ids = [mistake.id for mistake in MISTAKES]
    assert len(ids) == len(set(ids))


def test_every_file_is_a_chapter() -> None:
    assert set(HEADINGS) == set(chapters())


@every
def test_both_languages_say_the_same(mistake: Mistake) -> None:
    assert mistake.title.ko
    assert mistake.hint.ko
    assert filled_places(mistake.hint.en) == filled_places(mistake.hint.ko)
    quoted = [sorted(re.findall(r"`[^`]*`", text)) for text in (mistake.hint.en, mistake.hint.ko)]
    assert quoted[0] == quoted[1]
    assert re.search("[가-힣]", mistake.title.ko)
    assert re.search(r"(니다|니까|시오)[.?]?( |$)", mistake.hint.ko)


@every
def test_the_hint_speaks_of_the_example(mistake: Mistake) -> None:
    assert set(mistake.places) == filled_places(mistake.hint.en)
    assert "{" not in str(hint(mistake, mistake.places))
    for said in mistake.places.values():
        assert not isinstance(said, str) or said in mistake.example + mistake.fixed, said


@ASKED_ONCE
@every
def test_pages_are_of_pytorch(mistake: Mistake, torch_says: tuple[Any, list[bool]]) -> None:
    assert mistake.page is None or re.fullmatch(r"torch(\.\w+)+", mistake.page)
    assert torch_says[1][MISTAKES.index(mistake)], mistake.page


# -- examples and fixes


@ASKED_ONCE
@each_code
def test_code_does_what_its_comments_say(number: int, code: str, torch_says: tuple[list[dict[str, Any]], Any]) -> None:
    went = torch_says[0][number]
    comments = {at: c for at, line in enumerate(code.splitlines(), 1) for c in re.findall(r"  # (.*)", line)}
    shown = {at: c for at, c in comments.items() if code.splitlines()[at - 1].lstrip().startswith("print(")}
    assert went["printed"].splitlines() == [re.sub(r" \([^()]*\)$", "", comment) for comment in shown.values()]
    for category in re.findall(r"\(and a (\w+)\)", code):
        assert category in went["warned"]
    raises = {at: named.groups() for at, c in comments.items() if (named := re.fullmatch(r"(\w+Error): (.*)", c))}
    if went["raised"] is None:
        assert not raises
    else:
        kind, message, lines = went["raised"]
        (at,) = raises.keys() & set(lines)
        named, pattern = raises[at]
        assert kind == named or "CUDA" in message  # whose kind depends on how torch was built
        assert re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), message, re.DOTALL), message


@ASKED_ONCE
@every
def test_examples_show_and_cures_cure(mistake: Mistake, torch_says: tuple[list[dict[str, Any]], Any]) -> None:
    example, fixed = (torch_says[0][2 * MISTAKES.index(mistake) + which] for which in (0, 1))
    assert fixed["raised"] is None
    assert example["printed"] or example["raised"]
    assert fixed["printed"] != example["printed"]
    assert all(len(line) <= 76 for line in (mistake.example + mistake.fixed).splitlines()), "it must fit 80 columns"
    assert len(mistake.example.splitlines()) <= 12


# -- the command


def test_all_are_listed(run: Command) -> None:
    ended = run("explain")
    assert ended.code == 0
    lines = [line.split(maxsplit=1) for line in ended.out.splitlines()]
    for mistake in MISTAKES:
        assert [mistake.id, str(mistake.title)] in lines
    headings = [line for line in ended.out.splitlines() if line in map(str, HEADINGS.values())]
    assert headings == ["Python", "Modules", "Hooks", "Autograd", "Data", "Training"]


def test_one_is_explained(run: Command) -> None:
    ended = run("explain", "list_not_registered")
    assert ended.code == 0
    assert "`self.layers` is a plain list, so the layers in it (3 Linear) are not registered" in ended.out
    assert "self.layers = [nn.Linear(2, 2) for _ in range(3)]" in ended.out
    assert "self.layers = nn.ModuleList(" in ended.out
    assert "see torch.nn.ModuleList" in ended.out
    assert "\x1b" not in ended.out


def test_several_are_explained(run: Command) -> None:
    out = run("explain", "missing_super", "double_softmax").out
    assert out.index("super().__init__() is not called") < out.index("softmax before the cross entropy")


@pytest.mark.parametrize(
    ("name", "said"),
    [("list_not_registerd", "Did you mean 'list_not_registered'?"), ("zebra", "`grade explain` lists all mistakes.")],
)
def test_ids_that_are_none(run: Command, name: str, said: str) -> None:
    ended = run("explain", name)
    assert ended.code == 2
    assert said in ended.err
    assert not ended.out


def test_in_korean(run: Command) -> None:
    out = run("explain", "list_not_registered", "--lang", "ko").out
    assert "`self.layers` 속성은 일반 list이므로 그 안의 Linear 레이어 3개가 등록되지 않았습니다." in out
    assert "the mistake" not in out
    assert "fixed" not in out
    listed = run("explain", "--lang", "ko").out
    assert "일반 리스트나 딕셔너리에 담은 레이어" in listed
    assert "Modules" not in listed


def test_the_installed_command_starts_no_zygote(command: Command) -> None:
    ended = command("--lang", "ko", "explain", "missing_super")
    assert ended.code == 0, ended
    assert "super().__init__()을 호출하지 않음" in ended.out


@every
def test_explanations_fit_a_terminal(mistake: Mistake, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("explain", mistake.id).out
    for line in (mistake.example + mistake.fixed).splitlines():
        assert f"    {line.expandtabs(4)}".rstrip() in out.splitlines()


# -- in a report


def test_a_report_says_once_where_to_read_more(run: Command, course: Course) -> None:
    tower = "class Tower(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.parts = {}\n"
    course.assign(
        {"id": "one", "requirements": [{"kind": "parameters", "object": "Tower()", "parameters": {}, "total": 12}]},
        solution="import torch.nn as nn\n" + tower.format("nn.ModuleList(nn.Linear(2, 2) for _ in range(2))"),
    )
    course.write("answer.py", "import torch.nn as nn\n" + tower.format("[nn.Linear(2, 2) for _ in range(2)]"))
    out = run("run", course.quiz, course.path / "answer.py").out
    assert out.count("`grade explain list_not_registered` shows an example, and how it is fixed.") == 1
    course.write("answer.py", (course.quiz / "solution.py").read_bytes())
    assert "grade explain" not in run("run", course.quiz, course.path / "answer.py").out


def test_the_student_s_own_code_beside_the_example(
    run: Command, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    tower = "class Tower(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.parts = {}\n"
    course.assign(
        {"id": "one", "requirements": [{"kind": "parameters", "object": "Tower()", "parameters": {}, "total": 12}]},
        solution="import torch.nn as nn\n" + tower.format("nn.ModuleList(nn.Linear(2, 2) for _ in range(2))"),
    )
    course.notebook("import torch.nn as nn", tower.format("[nn.Linear(2, 2) for _ in range(2)]"))
    monkeypatch.chdir(course.path)
    out = run("explain", "list_not_registered", "--in", "answer.ipynb").out
    shown = out.partition("your code, cell 2, line 4\n")[2]
    assert shown.startswith(
        "    def __init__(self):\n        super().__init__()\n        self.parts = [nn.Linear(2, 2)"
    )
    out = run("explain", "global_seed", "--in", "answer.ipynb", "-a", "quiz").out
    assert out.endswith("This mistake was not found in answer.ipynb.\n")


# -- what instructors are told

DOC = (ROOT / "docs" / "mistakes.md").read_text()


def test_the_doc_has_every_fact() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.+) \|$", DOC, re.MULTILINE)
    assert {fact: tuple(re.findall(r"`(\w+)`", fields)) for fact, fields, _ in rows} == FACTS


def test_the_worked_example_of_the_doc_works(run: Command, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    blocks = dict(re.findall(r"^`(\S+)`:\n\n```\w*\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL))
    for name in ("assignment.yaml", "solution.py"):
        course.write(f"assignments/quiz/{name}", blocks[name])
    answer = course.write("answer.py", blocks["answer.py"])
    (shown,) = re.findall(r"^```text\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)
    out = run("run", course.quiz, answer).out
    assert out == shown
    explained = run("explain", "whole_table_at_once", "-a", course.quiz)
    assert explained.code == 0
    assert "x.mean()" in explained.out
    assert "whole_table_at_once" in run("explain", "-a", course.quiz).out
    assert run("run", course.quiz, course.quiz / "solution.py").code == 0
