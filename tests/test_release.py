"""`grade release ASSIGNMENT`: what is in the students' copy, and that nothing that answers can be."""

from __future__ import annotations

import shutil
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Command, Course, outcomes
from planted import GROUPS, with_answers
from test_master import code, master, own_cache, text

from grader import grade

__all__ = ["own_cache"]
ANSWER = (
    "# exercise: one\n# solution: Write f here.\ndef f(x):\n    weights = x * 3 + 1\n    return weights - 2 * x\n# end"
)
RIGHT = "# exercise: one\ndef f(x): return x + 1"
VISIBLE = {"kind": "function", "calls": [{"call": "f(3)"}]}
HIDDEN = {"kind": "function", "id": "far-off", "hidden": True, "calls": [{"call": "f(randint(70, 90, 1234))"}]}
OWN = '''
from grader import check, probe


@probe
def near(student):
    """f(5)"""
    return student.f(5)


# Negative numbers are often forgotten.
@probe
def negative_numbers(student):
    """f(-5)"""
    return student.f(BELOW)


BELOW = -512


@check(exercise="one", points=1)
def test_near(observe):
    assert observe(near) == 6


@check(exercise="one", points=1, hidden=True)
def test_below_zero(observe):
    assert observe(negative_numbers) == -511
'''


def released(course: Course, run: Command, *options: str) -> Path:
    ended = run("release", course.quiz, "--out", course.path / "released", *options)
    assert (ended.code, ended.err) == (0, "")
    return course.path / "released" / "quiz"


def everything(folder: Path) -> str:
    return "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_a_copy_grades_and_gives_nothing_away(course: Course, run: Command) -> None:
    exercises = (
        {"id": "one", "points": 4, "requirements": [VISIBLE, {**HIDDEN, "weight": 3, "hint": "Far off, too."}]},
        {"id": "two", "needs": ["one"], "requirements": [{**HIDDEN, "calls": [{"call": "g(randn(3, 4321))"}]}]},
        {"id": "three", "needs": ["two"], "requirements": [{"kind": "value", "value": "z"}]},
        {"id": "four", "manual": {"points": 2, "rubric": [{"text": "Says that it overfits soon", "points": 2}]}},
    )
    cells = [
        text("Add one.", metadata={"tags": ["en"]}),
        text("하나를 더하세요.", metadata={"tags": ["ko"]}),
        code(ANSWER, outputs=[{"output_type": "stream", "name": "stdout", "text": "weights of 1 2 3 4"}]),
        "# exercise: two\ndef g(x): return x * 2  # SOLUTION",
        "# exercise: three\nz = 5 # SOLUTION",
        "# check: one, hidden\nassert f(876) == 877",
        "# check: one\nassert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(7654) == 7655\n### END HIDDEN TESTS",
        text("Most students forget to add one to negative numbers.", metadata={"tags": ["instructor"]}),
    ]
    folder = master(course, *cells, exercises=exercises, fixtures="fixtures.py", files=["net.py"])
    course.write("assignments/quiz/fixtures.py", "def twice(x):\n    return 2 * x\n")
    course.write("assignments/quiz/data/table.csv", "a,b\n1,2\n")
    course.write("assignments/quiz/net.py", "class Net: ...\n")
    course.write("assignments/quiz/verify.yaml", "format: 1\nfiles: [notes.txt]\n")
    course.write("assignments/quiz/notes.txt", "weights = x * 3 + 1")
    course.check(OWN, "test_own.py")
    copy = released(course, run)
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()) == [
        "assignment.yaml", "checks/from_master.py", "checks/test_own.py", "data/table.csv", "fixtures.py", "net.py",
        "quiz.ipynb", "quiz.ko.ipynb", "reference.safetensors",
    ]  # fmt: skip
    for secret in (
        "weights",
        "x * 2",
        "4321",
        "876",
        "7654",
        "forget",
        "below",
        "BELOW",
        "negative",
        "far-off",
        "overfits",
    ):
        assert secret not in everything(copy).lower(), secret
    spec = yaml.safe_load((copy / "assignment.yaml").read_text())
    assert spec.keys().isdisjoint({"master", "solution"})
    one, two, three, four = spec["exercises"]
    assert (one["points"], len(one["requirements"])) == (1.0, 1)
    assert (two["manual"], "requirements" in two, three["needs"]) == ({"points": 1}, False, [])
    assert four["manual"] == {"points": 2}
    assert "near" in (copy / "checks" / "test_own.py").read_text()
    shutil.rmtree(folder)
    report = grade(copy, course.write("a.py", f"{RIGHT}\n# exercise: three\nz = 5\n"), zygote=course.zygote)
    assert outcomes(report) == {
        "one::call[1]": "passed",
        "one::asserts": "passed",
        "one::test_near": "passed",
        "three::value[z]": "passed",
    }
    assert not grade(copy, copy / "quiz.ko.ipynb", zygote=course.zygote).earned


def test_the_forms_of_a_copy(course: Course, run: Command) -> None:
    master(course, ANSWER)
    copy = released(course, run)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    (copy / ".git").mkdir()
    (copy / ".git" / "HEAD").write_text("ref: refs/heads/main")
    released(course, run)
    assert {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()} == before
    course.write("released/quiz/old.ipynb", "{}")
    ended = run("release", course.quiz, "--out", course.path / "released")
    assert (ended.code, "quiz holds what is no part of the copy: old.ipynb." in ended.err) == (2, True)
    released(course, run, "--zip", "--template")
    with zipfile.ZipFile(course.path / "released" / "quiz-template.zip") as archive:
        names = {name.removeprefix("quiz-template/") for name in archive.namelist()}
        readme = archive.read("quiz-template/README.md").decode()
    own = {f"assignments/quiz/{name}" for name in before}
    assert names >= own | {"README.md", ".gitignore", ".github/workflows/grade.yml"}
    assert {Path(name).suffix for name in names - own} == {".md", "", ".yml", ".whl"}
    assert "`assignments/quiz/quiz.ipynb`" in readme


def notebook(course: Course, cell: dict[str, Any], **keys: Any) -> None:
    """A starter that is a file of its own."""
    course.notebook({**code("# exercise: one\n..."), **cell}, name="assignments/quiz/quiz.ipynb", **keys)


LEAK = "weights = x * 3 + 1"
OUTPUT = {"output_type": "execute_result", "data": {"text/plain": LEAK}, "metadata": {}, "execution_count": 1}
ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["in f", f"---> {LEAK}"]}
ATTACHED = {"note.txt": {"text/plain": b64encode(LEAK.encode()).decode()}}
LEAKS: dict[str, tuple[dict[str, Any], str]] = {
    "output": ({"outputs": [OUTPUT]}, "quiz.ipynb, cell 1, outputs"),
    "error": ({"outputs": [ERROR]}, "quiz.ipynb, cell 1, outputs"),
    "cell metadata": ({"metadata": {"history": [[LEAK]]}}, "quiz.ipynb, cell 1, metadata"),
    "attachment": ({"cell_type": "markdown", "attachments": ATTACHED}, "quiz.ipynb, cell 1, attachments"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_nothing_leaks_in_a_notebook(course: Course, run: Command, name: str) -> None:
    course.assign({"id": "one", "requirements": [VISIBLE]}, solution="\n".join(ANSWER.split("\n")[2:-1]))
    cell, place = LEAKS[name]
    notebook(course, cell)
    refused(course, run, place)


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("fixtures.py", f"def g(x):\n    # {LEAK}\n    return 1\n", "fixtures.py, comments and strings"),
        ("fixtures.py", f'def g(x):\n    """{LEAK}"""\n', "fixtures.py, comments and strings"),
        ("fixtures.py", f"def f(x):\n    {LEAK}\n\n    return weights - 2 * x\n", "fixtures.py: "),
        ("data/notes/read.me", f"as in\n\t{LEAK.replace(' ', '  ')}\n", "data/notes/read.me"),
        ("data/small.npy", b"\x93NUMPY\xff" + LEAK.encode(), "data/small.npy"),
        ("checks/test_one.py", OWN.replace('"""f(5)', f'"""{LEAK}'), "checks/test_one.py, comments and strings"),
    ],
)
def test_nothing_leaks_in_other_files(
    course: Course, run: Command, name: str, content: str | bytes, place: str
) -> None:
    master(course, ANSWER, fixtures="fixtures.py")
    course.write("assignments/quiz/fixtures.py", "x = 1\n")
    course.write(f"assignments/quiz/{name}", content)
    refused(course, run, place)


def test_nothing_leaks_in_metadata_or_hints(course: Course, run: Command) -> None:
    course.assign({"id": "one", "hint": f"`{LEAK}`", "requirements": [VISIBLE]}, solution=f"def f(x):\n    {LEAK}\n"
                  "    return weights - 2 * x")  # fmt: skip
    notebook(course, {}, metadata={"authors": [{"name": LEAK}]})
    said = refused(course, run, "quiz.ipynb, metadata")
    assert "assignment.yaml: the solution's cell 1" in said


def test_what_is_hidden_does_not_leak(course: Course, run: Command) -> None:
    exercise = {"id": "one", "requirements": [VISIBLE, HIDDEN]}
    note = text("Most students forget negative numbers.", metadata={"tags": ["instructor"]})
    master(course, ANSWER, "# check: one, hidden\nassert f(876) == 877", note, exercises=(exercise,))
    course.check(OWN, "test_own.py")
    course.write("assignments/quiz/data/a.txt", "Most students forget negative numbers.")
    course.write("assignments/quiz/data/b.txt", "f(randint(70, 90, 1234))")
    course.write("assignments/quiz/data/c.txt", "far-off")
    course.write("assignments/quiz/data/d.txt", "assert f(876) == 877")
    course.write("assignments/quiz/data/e.txt", "see test_below_zero")
    said = refused(course, run, "data/a.txt: the instructor's note in cell 3")
    assert [name for name in "abcde" if f"data/{name}.txt: " in said] == [*"abcde"]


def refused(course: Course, run: Command, place: str) -> str:
    ended = run("release", course.quiz, "--out", course.path / "released")
    assert ended.code == 2
    assert "Nothing is released" in ended.err
    assert place in ended.err
    assert not (course.path / "released").exists()
    return ended.err


def test_what_is_common_to_all_code_is_no_leak(course: Course, run: Command) -> None:
    shared = "import torch\n\n\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    answer = f"# exercise: one\n# solution\n{shared}\n\ndef f(x):\n    return x + 1\n# end"
    master(course, answer, fixtures="fixtures.py")
    course.write("assignments/quiz/fixtures.py", "import torch\n\n\ndef g(x):\n    return x + 1\n")
    released(course, run)


def test_options_belong_to_one_of_both(course: Course, run: Command, tmp_path: Path) -> None:
    master(course, ANSWER)
    for option in (["--to", "canvas"], ["--student", "ada"], ["--dry-run"], ["--assignment", "x"], ["--as", "me"]):
        ended = run("release", course.quiz, *option)
        said = f"{option[0]} is for a graded folder, and {course.quiz} is an assignment."
        assert (ended.code, ended.err.splitlines()[0]) == (2, said)
    course.write("out/gradebook.sqlite", "")
    for option in (["--out", "x"], ["--zip"], ["--template"], ["--in-place"]):
        ended = run("release", course.path / "out", *option)
        said = f"{option[0]} is for an assignment, and {course.path / 'out'} is a graded folder."
        assert (ended.code, ended.err.splitlines()[0]) == (2, said)
    ended = run("release", tmp_path / "assignments")
    assert (ended.code, "no gradebook in" in ended.err, "no assignment.yaml" in ended.err) == (2, True, True)
    ended = run("release", "nix")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "There is no assignment 'nix'.")
    shown = run("release", "--help").out
    places = [
        shown.index(one) for one in ("for an assignment:", "--zip", "for a graded folder:", "--to <", "\nOptions:")
    ]
    assert places == sorted(places)


def test_without_a_solution_nothing_is_proven(course: Course, run: Command) -> None:
    course.assign({"id": "one", "requirements": [VISIBLE]})
    notebook(course, {})
    ended = run("release", course.quiz, "--out", course.path / "released")
    assert (ended.code, "so nothing can be proven" in ended.err) == (3, True)
    ended = run("release", course.quiz, "--in-place")
    assert (ended.code, "quiz has no `master`." in ended.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["assignment1", "assignment2", "assignment3", "assignment4"])
def test_the_shipped_ones_are_released(run: Command, tmp_path: Path, name: str, course: Course) -> None:
    ended = run("release", ROOT / "assignments" / name, "--out", tmp_path / "released")
    assert (ended.code, ended.err) == (0, "")
    copy = tmp_path / "released" / name
    report = grade(copy, ROOT / "solutions" / f"{name}.ipynb", zygote=course.zygote)
    assert report.earned == report.possible
    answers = with_answers([group for group in GROUPS if group[0].assignment == name][1], tmp_path)
    original = grade(ROOT / "assignments" / name, answers, zygote=course.zygote)
    practice = grade(copy, answers, zygote=course.zygote)
    assert [one.earned for one in practice.exercises] == [one.earned for one in original.exercises]
