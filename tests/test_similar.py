"""`grade similar`: what is much alike is found under other names, and what was given or is common is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Command, Course, Ended

pytest.importorskip("copydetect", reason="needs the extra `similar`")
from grader.batch import similar

GIVEN = "".join(
    f"def given_{n}(x):\n    for step in range({n}):\n        x = x * {n} + step\n    return x\n" for n in range(9)
)
ADA = """
def total(rows, width):
    found = {}
    for row in rows:
        if row[0] % 3 == 1 and len(row) > width:
            found.setdefault(row[-1] // 7, []).append(row[1:4])
        elif row[0] < 0:
            found[None] = found.get(None, 0) + abs(row[0]) ** 2
    pairs = sorted(found.items(), key=lambda one: (len(one[1]), one[0]))
    return [(key, max(value), min(value) - 1) for key, value in pairs if value]
"""
RENAMED = {
    "total": "sum_up",
    "rows": "data",
    "width": "w",
    "found": "result",
    "row": "r",
    "pairs": "ordered",
    "one": "q",
}
EVE = """
def total(rows, width):
    import collections
    queue = collections.deque(maxlen=width)
    while rows and queue is not None:
        first, *rows = rows
        queue.extendleft(reversed(first))
        assert sum(queue) != 12, "never"
    yield from (value ^ 5 for value in queue if isinstance(value, int))
    return {"width": width << 2, "left": not rows}
"""


def renamed(source: str) -> str:
    """With other names, comments and texts, and blank lines."""
    for old, new in RENAMED.items():
        source = re.sub(rf"\b{old}\b", new, source)
    return source.replace("\n    for", "\n\n    # my own idea\n    for")


def compare(course: Course, run: Command, answers: dict[str, str]) -> Ended:
    course.notebook(GIVEN, "# exercise: one\n...", name="assignments/quiz/quiz.ipynb")
    solution = "def total(rows, width):\n    return []\n"
    course.require({"kind": "function", "calls": [{"call": "total([], 2)"}]}, solution=solution)
    for name, source in answers.items():
        course.notebook(GIVEN, f"# exercise: one\n{source}", name=f"class/{name}.ipynb")
    ended = run("batch", course.quiz, course.path / "class", "--out", course.path / "out", "--diagnose", "none")
    assert ended.code == 0, ended.err
    return run("similar", course.path / "out", "--assignment", course.quiz)


def pairs(ended: Ended) -> list[str]:
    return re.findall(r"^ *(\d+%  .*)$", ended.out, re.MULTILINE)


def test_code_under_other_names_is_shown_side_by_side(course: Course, run: Command) -> None:
    ended = compare(
        course,
        run,
        {
            "ada": ADA,
            "<b>bob": renamed(ADA),
            "eve": EVE,
            "dan": "...",
            "half": "def f(:\n x = '",
        },
    )
    assert (ended.code, ended.err) == (0, "")
    assert pairs(ended) == ["100%  <b>bob  ada"]
    page = (course.path / "out" / "similar.html").read_text(encoding="utf-8")
    assert "5 submissions were compared" in page
    marked = re.findall("<mark>(.*?)</mark>", page)
    assert "    pairs = sorted(found.items(), key=lambda one: (len(one[1]), one[0]))" in marked
    assert "    ordered = sorted(result.items(), key=lambda q: (len(q[1]), q[0]))" in marked
    assert "<b>bob" not in page
    assert "given_3" not in page
    assert "<h2>Groups" not in page


@pytest.mark.parametrize(
    "odd",
    ["%matplotlib inline\n{}", "%%time\n{}", "{}\ntotal?", "{}\nx = $1", "{}\n!ls", "def f(:\n    return 1\n{}",
     "\f\n'''\f'''\n{}", "y = ')\n{}", "# " + "x" * 150_000 + "\n{}", "{}\rz = 1\r\nv = 2"],
)  # fmt: skip
def test_what_is_no_python_hides_nothing(odd: str) -> None:
    alphabet = similar.Alphabet()
    ada, bob, eve = (
        alphabet.read(name, [text]) for name, text in (("a", ADA), ("b", odd.format(renamed(ADA))), ("e", EVE))
    )
    (pair,) = similar.compare([ada, bob, eve], []).pairs
    assert (pair.left.name, pair.right.name, pair.share > 0.9) == ("a", "b", True)
    marked = [pair.right.lines[row] for row in sorted(pair.marked[1])]
    assert "    ordered = sorted(result.items(), key=lambda q: (len(q[1]), q[0]))" in marked


def test_three_alike_are_a_group(course: Course, run: Command) -> None:
    ended = compare(course, run, {"ada": ADA, "bob": renamed(ADA), "cleo": f"%%time\n{ADA}", "eve": EVE})
    assert [line.partition("  ")[2] for line in pairs(ended)] == ["ada  bob", "ada  cleo", "bob  cleo"]
    assert "ada · bob · cleo" in (course.path / "out" / "similar.html").read_text(encoding="utf-8")


def test_what_is_common_in_the_class_counts_nowhere(course: Course, run: Command) -> None:
    """The obvious way that an exercise asks for."""
    ended = compare(course, run, {f"s{number}": ADA + f"own_{number} = {number}\n" for number in range(8)})
    assert pairs(ended) == []
    assert re.search(r"^\d+ stretches of code left out: more than 4 submissions have each$", ended.out, re.MULTILINE)
    assert "were left out as common: more than 4" in (course.path / "out" / "similar.html").read_text(encoding="utf-8")
    assert "No two have half" in (course.path / "out" / "similar.html").read_text(encoding="utf-8")


def test_a_folder_that_no_batch_left(run: Command, tmp_path: Path) -> None:
    ended = run("similar", tmp_path / "missing")
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"There is no gradebook in {tmp_path / 'missing'}.")
