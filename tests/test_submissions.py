"""What may be handed in: notebooks and scripts of every shape, and cells that do what cells do."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import html
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Course, outcomes

from grader import Report
from grader.errors import SubmissionError
from grader.sandbox.client import Zygote
from grader.submission.outputs import read_outputs
from grader.submission.read import read_submission
from grader.submission.source import read_source

ONE = {"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}
RIGHT = "# exercise: one\ndef f():\n    return 1\n"


@pytest.fixture
def quiz(course: Course) -> Course:
    course.require(ONE)
    return course


def printed(report: Report) -> list[str]:
    return [cell.output for cell in report.cells]


def cell(source: Any, **keys: Any) -> dict[str, Any]:
    return {"source": source, **keys}


# -- formats


@pytest.mark.parametrize("minor", range(6))
@pytest.mark.parametrize("as_list", [False, True], ids=["text", "list"])
def test_every_format_4_notebook_is_read(quiz: Course, minor: int, as_list: bool) -> None:
    source = RIGHT.splitlines(keepends=True) if as_list else RIGHT
    extra = {"id": "a1"} if minor == 5 else {}
    path = quiz.notebook(cell(source, **extra), nbformat_minor=minor)
    report = quiz.grade(path)
    assert report.earned == 1
    assert report.cells[0].number == 1


def test_a_notebook_of_format_3_is_upgraded(quiz: Course) -> None:
    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["one"]}
    output = {"output_type": "stream", "stream": "stdout", "text": ["1\n"]}
    code = {"cell_type": "code", "language": "python", "metadata": {}, "outputs": [output], "prompt_number": 7}
    worksheets = [{"cells": [heading, code | {"input": RIGHT.splitlines(keepends=True)}]}]
    path = quiz.path / "old.ipynb"
    path.write_text(json.dumps({"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": worksheets}))
    report = quiz.grade(path)
    assert report.earned == 1
    assert [(cell.number, cell.prompt) for cell in report.cells] == [(2, 7)]
    assert read_outputs(path) == {}


def test_other_cells_do_not_count(quiz: Course) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# exercise: one\n1 / 0"}
    raw = {"cell_type": "raw", "metadata": {}, "source": "1 / 0"}
    report = quiz.grade(quiz.notebook(text, raw, "x = 1", text, RIGHT))
    assert [c.number for c in report.cells] == [3, 5]
    assert report.earned == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ipynb", json.dumps({"nbformat": 1, "worksheets": []}), "format 1; formats 2 to 4"),
        ("a.ipynb", json.dumps({"nbformat": 5, "nbformat_minor": 0, "cells": []}), "format 5; formats 2 to 4"),
        ("a.ipynb", json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": [3]}), "older format"),
        ("a.ipynb", '{"a": 1}', "is JSON but not a notebook"),
        ("a.ipynb", "[1, 2]", "is JSON but not a notebook"),
        ("a.ipynb", '{"nbformat": 4}', "not a valid notebook"),
        ("a.ipynb", '{"nbformat": 4, "cells": 3}', "not a valid notebook"),
        ("a.ipynb", '{"nbformat": 4, "cells": [3]}', "not a valid notebook"),
        ("a.ipynb", '{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "not a valid notebook"),
        ("a.ipynb", '{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "not a valid notebook"),
        ("a.ipynb", '{"nbformat": 4, "cells": [{"cell_type": "code", "source": null}]}', "not a valid notebook"),
        ("a.ipynb", "def f(): pass\n", "it is not JSON"),
        ("a.ipynb", "", "it is empty"),
        ("a.ipynb", "[" * 100_000, "it is nested more than 100 levels deep"),
        ("a.ipynb", b"\x89PNG\r\n\x1a\n\0\0\0\xff", "it is not JSON"),
        ("a.py", b"\x89PNG\r\n\x1a\n\0\0\0\xff", "is not UTF-8 text"),
        ("a.txt", "x = 1\n", "neither a notebook nor a script"),
        ("answer", "x = 1\n", "neither a notebook nor a script"),
    ],
)  # fmt: skip
def test_what_is_no_submission_is_refused(
    quiz: Course, run: Command, name: str, content: str | bytes, said: str
) -> None:
    path = quiz.write(name, content)
    path = path.parent if path.name == "inside.py" else path
    ended = run("run", quiz.quiz, path)
    assert ended.code == 2, ended
    assert said in ended.err
    assert str(path) in ended.err
    assert "Traceback" not in ended.err
    assert not ended.out


def test_a_missing_file_is_refused(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.path / "nowhere.ipynb")
    assert ended.code == 2
    assert "nowhere.ipynb cannot be read: No such file" in ended.err


def test_a_path_under_a_file_is_refused(quiz: Course) -> None:
    inside = quiz.write("a.py", "") / "b.py"
    with pytest.raises(SubmissionError, match="cannot be read"):
        quiz.grade(inside)


def test_capital_suffixes_are_read(quiz: Course) -> None:
    assert quiz.grade(quiz.write("ANSWER.PY", RIGHT)).earned == 1


def test_a_byte_order_mark_is_passed_over(quiz: Course) -> None:
    mark = b"\xef\xbb\xbf"
    assert quiz.grade(quiz.write("a.py", mark + RIGHT.encode())).earned == 1
    notebook = quiz.notebook(RIGHT)
    notebook.write_bytes(mark + notebook.read_bytes())
    assert quiz.grade(notebook).earned == 1


def test_crlf_line_ends(quiz: Course) -> None:
    text = RIGHT.replace("\n", "\r\n") + "\r\nraise ValueError\r\n"
    for path in (quiz.write("a.py", text.encode()), quiz.notebook(text)):
        report = quiz.grade(path)
        assert report.earned == 1
        assert not report.exercises[0].notes
        assert report.cells[0].raised is not None
        assert report.cells[0].raised.frames[-1].line == 5


@pytest.mark.parametrize("space", ["\x0c", "\x85", "\u2028"])
def test_odd_line_separators_do_not_shift_lines(quiz: Course, space: str) -> None:
    report = quiz.grade(quiz.write("a.py", f"# %%\nx = '''{space}'''\n# %%\n{RIGHT}raise ValueError\n".encode()))
    assert report.earned == 1
    raised = report.cells[1].raised
    assert raised is not None
    assert raised.frames[-1].line == 7


def test_an_empty_notebook_earns_nothing(quiz: Course) -> None:
    for path in (quiz.notebook(), quiz.notebook(""), quiz.write("a.py", ""), quiz.write("b.py", "\n\n")):
        report = quiz.grade(path)
        assert report.earned == 0
        assert report.gradable


# -- scripts


def test_a_script_with_cells(quiz: Course) -> None:
    report = quiz.grade(
        "x = 1\n# %%\n# exercise: one\ndef f():\n    return 1\n#%% [markdown]\n# 1 / 0\n# %% last\nraise KeyError('k')\n"
    )
    assert report.earned == 1
    assert [c.exercises for c in report.cells] == [(), ("one",), ()]
    raised = report.cells[2].raised
    assert raised is not None
    assert (raised.type, raised.frames[-1].line, raised.frames[-1].cell) == ("KeyError", 9, None)
    assert raised.frames[-1].code == "raise KeyError('k')"


def test_a_script_without_cells(quiz: Course) -> None:
    report = quiz.grade("def f():\n    return 1\n\nraise ValueError('late')\n")
    assert report.earned == 1
    assert report.cells[0].raised is not None
    assert report.cells[0].raised.frames[-1].line == 4


# -- markers

CLASSES = ("one", "two", "three", "four", "five")


def five(course: Course) -> None:
    course.assign(
        *({"id": name, "requirements": [{"kind": "function", "calls": [{"call": "Model().go()", "returns": f"'{name}'"}]}]}
          for name in CLASSES)
    )  # fmt: skip


@pytest.mark.parametrize("how", ["metadata", "comment", "both"])
def test_a_class_defined_five_times_is_judged_on_the_right_one(course: Course, how: str) -> None:
    five(course)

    def own(name: str) -> dict[str, Any]:
        marker = f"# exercise: {name}\n" if how != "metadata" else ""
        metadata = {"grader": {"exercise": name}} if how != "comment" else {}
        return cell(f"{marker}class Model:\n    def go(self):\n        return {name!r}\n", metadata=metadata)

    report = course.grade(course.notebook(*map(own, CLASSES)))
    assert set(outcomes(report).values()) == {"passed"}
    assert not any(exercise.notes for exercise in report.exercises)


def test_without_markers_a_class_defined_five_times_is_judged_in_order(course: Course) -> None:
    five(course)
    cells = [f"class Model:\n    def go(self):\n        return {name!r}\n" for name in CLASSES]
    report = course.grade(course.notebook(*cells))
    assert [e.status for e in report.exercises] == ["full"] * 5
    (note,) = report.notes
    assert note.text.startswith("no cell carries a marker")
    fewer = course.grade(course.notebook(*cells[1:]))
    assert [e.status for e in fewer.exercises] == ["none"] * 4 + ["full"]


def test_an_exercise_may_own_cells_apart(course: Course) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "3"}]})
    report = course.grade(
        course.notebook("# exercise: one\na = 1", "b = 2", "# exercise: one\ndef f(): return a + b", "b = 7")
    )
    assert report.earned == 1


def test_a_later_cell_does_not_change_an_earlier_exercise(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook(RIGHT, "def f():\n    return 2\n", "del f"))
    assert report.earned == 1


@pytest.mark.parametrize(
    "marker", ["# exercise: one", "#exercise:one", "    # exercise:  one  ", "x = 1\n\n# exercise: one"]
)
def test_forms_of_a_marker(quiz: Course, marker: str) -> None:
    source = f"{marker}\ndef f(): return 1"
    report = quiz.grade(quiz.notebook(cell(source)))
    assert report.earned == 1
    assert not report.exercises[0].notes


def test_a_marker_of_no_exercise_costs_nothing(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook("# exercise: nine\ny = 2", RIGHT, cell("z = 3", metadata={"grader": 5})))
    assert report.earned == 1


# -- cells that go wrong


def test_a_cell_that_raises_is_recorded_and_the_next_runs(quiz: Course) -> None:
    report = quiz.grade(
        quiz.notebook("import torch\nx = 1\n", "def inner():\n    torch.zeros(2) @ torch.zeros(3)\n\ninner()\n", RIGHT)
    )
    assert report.earned == 1
    assert [c.raised is None for c in report.cells] == [True, False, True]
    raised = report.cells[1].raised
    assert raised is not None
    assert raised.type == "RuntimeError"
    assert "Exception" in raised.bases
    assert [(f.cell, f.line, f.function) for f in raised.frames] == [(2, 4, "<module>"), (2, 2, "inner")]
    assert raised.frames[1].code == "torch.zeros(2) @ torch.zeros(3)"
    assert "/grader/" not in report.model_dump_json()
    assert "site-packages" not in report.model_dump_json()


ENDS: list[tuple[str, str | None, int | None]] = [
        ("x = 1\ndef f(:\n    pass\n", "SyntaxError", 2),
        ("if True:\nx = 1\n", "IndentationError", 2),
        ("x = 1\nprint('a\n", "SyntaxError", 2),
        ("return 1\n", "SyntaxError", 1),
        ("x = 1\n\0\n", "SyntaxError", None),
        ("import sys\nsys.exit(0)\n", "SystemExit", 2),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1),
        ("def f(): return f()\nf()\n", "RecursionError", 1),
        ("class E(Exception):\n    def __str__(self): raise E\n\nraise E\n", "E", 4),
        ("raise ExceptionGroup('g', [ValueError(1)])\n", "ExceptionGroup", 1),
        ("x = " + "(" * 5000 + ")" * 5000, None, None),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Report:
    """All of them in one notebook, and the right answer after them."""
    course = Course(tmp_path_factory.mktemp("ends"), zygote)
    course.require(ONE)
    return course.grade(course.notebook(*(cell(source) for source, _, _ in ENDS), RIGHT))


@pytest.mark.parametrize("place", range(len(ENDS)), ids=[source for source, _, _ in ENDS])
def test_what_a_cell_may_end_in(ended: Report, place: int) -> None:
    _, kind, line = ENDS[place]
    one = ended.cells[place]
    assert ended.earned == 1
    assert one.number == place + 1
    assert one.raised is not None
    if kind is not None:
        assert one.raised.type == kind
    if line is not None:
        assert one.raised.frames[-1].line == line
        assert one.raised.frames[-1].cell == place + 1


@pytest.mark.parametrize(
    "source", ["print('\\ud800')", "raise ValueError('\\ud800')", "class A:\n    __name__ = '\\ud800'\n1 / 0"]
)
def test_a_lone_surrogate_is_only_a_character(quiz: Course, source: str) -> None:
    report = quiz.grade(quiz.notebook(cell(source), RIGHT))
    assert report.earned == 1
    assert report.cells[0].lost is None
    assert len(report.cells) == 2
    assert report.model_dump_json()


def test_an_exercise_keeps_what_was_defined_before_its_cell_raised(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook(RIGHT + "\nassert f() == 2\n"))
    assert report.earned == 1
    assert report.cells[0].raised is not None


# -- what IPython adds


SHOWN: list[tuple[str, str]] = [
        ("%time x = 1\n", "Wall time"),
        ("exit()\n", "exit() was passed over"),
        ("import nowhere\nprint('on')", "on"),
        ("%time print('timed')\n", "timed"),
        ("%%time\nprint('timed')\n", "timed"),
        ("%timeit -n 1 -r 1 print('timed')\n", "timed"),
        ("%%timeit -n 1\nprint('timed')\n", "timed"),
        ("%matplotlib inline\nprint('on')", "on"),
        ("%load_ext autoreload\n%autoreload 2\nprint('on')", "on"),
        ("%config InlineBackend.figure_format = 'retina'\nprint('on')", "on"),
        ("%%bash\necho hello\n", ""),
        ("%%writefile out.py\nx = 1\n", "Writing out.py"),
        ("%unheard of\nprint('on')", "on"),
        ("!ls -l\nprint('on')", "!ls was not run"),
        ("%pip install nothing\nprint('on')", "nothing was installed"),
        ("x = !ls\nprint(x)", "[]"),
        ("files = !ls *.py\nfor name in files:\n    print(name)\nprint('on')", "on"),
        ("import os\nos.getcwd?\nprint('on')", "on"),
        ("display(3, 'four')", "3\n'four'"),
        ("from IPython.display import display\ndisplay(5)", "5"),
        ("print(type(get_ipython()).__name__)\nget_ipython().run_line_magic('matplotlib', 'inline')", "Shell"),
        ("import asyncio\nawait asyncio.sleep(0)\nprint('waited')", "waited"),
        ("async def f():\n    return 6\n\nawait f()", "6"),
        ("7 * 6", "42"),
        ("x = 7\nx", "7"),
        ("7 * 6;", ""),
        ("None", ""),
        ("x = 3", ""),
        ("if True:\n    print('in')\n", "in"),
        ("'%time'\n", "'%time'"),
        ("x = 7 % 4\nx", "3"),
        ("print('100%')\nprint('done!')", "100%\ndone!"),
        ("text = '''\n%time\n!ls\n'''\nprint(text)", "\n%time\n!ls\n"),
        ("import sys\nprint('err', file=sys.stderr)", "err"),
        ("import warnings\nwarnings.warn('careful')\nprint('on')", "on"),
        ("print('한글 😀 \\x1b[31mred')", "한글 😀"),
        ("import os\nos.system('true')\nprint('on')", "on"),
        ("import os\nos.write(1, b'raw')\nprint('on')", "on"),
        ("import logging\nlogging.warning('logged')\nprint('on')", "on"),
        ("print(__name__)", "__main__"),
        ("import __main__\nx = 3\nprint(__main__.x)", "3"),
        ("from typing import Any\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: Any\nA(1)", "A(x=1)"),
        ("from __future__ import annotations\ndef f(x: Unknown): pass\nprint('on')", "on"),
        ("import inspect\ndef f(): return 8\nprint(inspect.getsource(f))", "def f(): return 8"),
        ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)", "A"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Report:
    """All of them in one notebook, and the right answer after them."""
    course = Course(tmp_path_factory.mktemp("ipython"), zygote)
    course.require(ONE)
    return course.grade(course.notebook(*(cell(source) for source, _ in SHOWN), RIGHT))


@pytest.mark.parametrize("place", range(len(SHOWN)), ids=[source for source, _ in SHOWN])
def test_cells_of_ipython(ran: Report, place: int) -> None:
    shown, one = SHOWN[place][1], ran.cells[place]
    assert ran.earned == 1
    assert one.raised is None
    assert one.lost is None
    if shown:
        assert shown in one.output
    else:
        assert one.output == ""
    assert "\x1b" not in one.output


def test_a_timed_cell_points_to_its_own_lines(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook("%%time\nx = 1\n\nraise ValueError\n", "%time 1 / 0\n", RIGHT))
    places = [c.raised.frames[-1] for c in report.cells[:2] if c.raised]
    assert [(p.cell, p.line) for p in places] == [(1, 4), (2, 1)]


def test_a_timed_cell_defines(quiz: Course) -> None:
    assert quiz.grade(quiz.notebook("%%time\n" + RIGHT)).earned == 1
    assert quiz.grade(quiz.notebook("%time f = lambda: 1")).earned == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("source", "kind"),
    [("=%'''", "IndexError"), ("x = 1\x1c\n%time\n1 +", "SyntaxError")],
    ids=["no target", "a separator"],
)
def test_what_ipython_itself_trips_over_costs_its_cell(quiz: Course, source: str, kind: str) -> None:
    report = quiz.grade(quiz.notebook(source, RIGHT))
    assert report.earned == 1
    assert report.cells[0].raised is not None
    assert report.cells[0].raised.type == kind


def test_lines_stay_where_they_are_beside_magics(quiz: Course) -> None:
    source = "%matplotlib inline\n!ls\nx = !ls\nf?\nraise ValueError\n"
    report = quiz.grade(quiz.notebook(source, RIGHT))
    assert report.cells[0].raised is not None
    assert report.cells[0].raised.type == "ValueError"
    assert report.cells[0].raised.frames[-1].line == 5


def test_input_does_not_wait(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook("name = input('who? ')\n", RIGHT))
    assert report.earned == 1
    (refused,) = report.cells[0].passed_over
    assert refused.lacks == "answer"
    assert report.cells[0].seconds < 1


# -- output


def test_output_is_capped(course: Course) -> None:
    course.require(ONE, limits={"output": 20})
    report = course.grade(course.notebook("print('x' * 15)\nprint('y' * 15)", "print('z')", RIGHT))
    assert report.cells[0].output.startswith("x" * 15 + "\n" + "y" * 4)
    assert "12 more characters" in report.cells[0].output
    assert report.cells[1].output == "z\n"


def test_forty_megabytes_of_print(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook("for _ in range(40):\n    print('x' * 999_999)\n", RIGHT))
    assert report.earned == 1
    assert report.cells[0].raised is None
    assert 10_000 <= len(report.cells[0].output) < 10_100


def test_prints_in_a_probe_cost_nothing(quiz: Course) -> None:
    noisy = "import sys, warnings\ndef f():\n    print('x' * 10_000_000)\n    warnings.warn('w')\n    sys.stderr.flush()\n    return 1\n"
    assert quiz.grade(noisy).earned == 1


def test_addresses_are_not_shown(quiz: Course) -> None:
    report = quiz.grade(quiz.notebook("object()", RIGHT))
    assert "object at 0x…" in report.cells[0].output


TOO_MUCH: dict[str, str | list[Any]] = {
    "big.py": f"x = '{'a' * 4_000_000}'\n",
    "korean.py": f"x = '{'가' * 600_000}'\n",
    "parts.py": "# %%\n" * 4_000,
    "cells.ipynb": ["x = '" + "a" * 1_000 + "'"] * 4_000,
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_more_code_than_a_guest_takes_is_refused(quiz: Course, run: Command, name: str) -> None:
    content = TOO_MUCH[name]
    path = quiz.write(name, content) if isinstance(content, str) else quiz.notebook(*content, name=name)
    ended = run("run", quiz.quiz, path)
    assert ended.code == 2
    assert f"{name} has more code than the 3 MiB that are graded" in ended.err
    assert "Traceback" not in ended.err


def notebook_text(cells: str, metadata: str = "") -> str:
    return f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{{metadata}}}, "cells": [{cells}]}}'


CELL = '{"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [%s]}'
OUTPUT = '{"output_type":"stream","name":"stdout","text":"x"}'
HUGE = {
    "lists in lists": ("[" * (8 << 20), "nested more than 100 levels"),
    "objects in objects": ('{"a":' * (2 << 20), "nested more than 100 levels"),
    "empty objects": (notebook_text(CELL % "", '"x": [' + "{}," * (2 << 20) + "{}]"), "more than 1,000,000 parts"),
    "numbers": (notebook_text(CELL % "", '"x": [' + "1," * (4 << 20) + "1]"), "more than 1,000,000 parts"),
    "tiny cells": (notebook_text("{}," * 1_000_000 + "{}"), "more than 1,000,000 parts"),
    "tiny outputs": (notebook_text(CELL % ("{}," * 1_000_000 + "{}")), "more than 1,000,000 parts"),
    "outputs": (notebook_text(CELL % (f"{OUTPUT}," * 200_000 + OUTPUT)), "more than 1,000,000 parts"),
    "quotes": ('"' * (8 << 20), "more than 1,000,000 parts"),
    "a text": (notebook_text(CELL % "", f'"x": "{"a" * (33 << 20)}"'), "more than 32 MiB beside the outputs"),
    "space": (" " * (33 << 20), "more than 32 MiB beside the outputs"),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_notebook_is_bounded_before_it_is_parsed(
    quiz: Course, run: Command, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, said = HUGE[name]
    path = quiz.write("huge.ipynb", content.encode())
    monkeypatch.setattr("grader.submission.read.json.loads", lambda _: pytest.fail("it was parsed"))
    ended = run("run", quiz.quiz, path)
    assert ended.code == 2
    assert f"{path}" in ended.err
    assert said in ended.err
    assert read_source(path) == ()


def test_more_cells_than_anybody_writes(quiz: Course, run: Command) -> None:
    for path in (quiz.notebook(*[""] * 5_001), quiz.write("a.py", "# %%\n" * 5_001)):
        ended = run("run", quiz.quiz, path)
        assert ended.code == 2
        assert "5,001 cells; at most 5,000 are graded" in ended.err or "5,002 cells" in ended.err


def test_images_in_outputs_cost_nothing(quiz: Course) -> None:
    image = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo+/" * 400_000}}
    plot = {"output_type": "display_data", "metadata": {}, "data": {"x": [0.125] * 1_500_000}}
    pasted = {
        "cell_type": "markdown",
        "source": "![](attachment:a.png)",
        "attachments": {"a.png": {"image/png": "A" * 5_000_000}},
    }
    path = quiz.notebook(cell("x = 1", outputs=[image] * 4), pasted, cell("y = 2", outputs=[plot]), RIGHT)
    assert path.stat().st_size > 30 << 20
    report = quiz.grade(path)
    assert report.earned == 1
    assert [shown.text for shown in read_source(path)] == ["x = 1", "![](attachment:a.png)", "y = 2", RIGHT]


@pytest.mark.parametrize(
    "source",
    ['x = {"outputs": [1, {"a": "]"}]}', '"outputs"', 'x = "\\\\"', '"\\"outputs\\": ["', "\\\\\"outputs\": [", '"]}{["', "'😀\\'"],
)  # fmt: skip
@pytest.mark.parametrize("as_list", [False, True], ids=["text", "list"])
def test_sources_are_whole_whatever_stands_beside_them(quiz: Course, source: str, as_list: bool) -> None:
    """Outputs are left out before the notebook is parsed; nothing else is."""
    outputs = [{"text": [source, '"'], "outputs": [[source]]}, {}]
    written: Any = [source, "\n", source] if as_list else f"{source}\n{source}"
    path = quiz.notebook(
        {"outputs": outputs, "source": written, "metadata": {"outputs": [source], "grader": {"exercise": source}}},
        {"source": written, "outputs": outputs, "attachments": {}},
        {"source": RIGHT, "outputs": "none", "attachments": None},
        metadata={"outputs": {"outputs": [source]}},
    )
    cells = read_submission(path).cells
    assert [one.text for one in cells] == [f"{source}\n{source}"] * 2 + [RIGHT]
    assert cells[0].tags == (source,)
    compact = quiz.write("b.ipynb", json.dumps(json.loads(path.read_text()), separators=(",", ":"), ensure_ascii=False))
    pretty = quiz.write("c.ipynb", json.dumps(json.loads(path.read_text()), indent=1).encode())
    assert [read_submission(one).cells for one in (compact, pretty)] == [cells, cells]


def test_what_is_no_file_is_not_waited_for(quiz: Course, run: Command) -> None:
    os.mkfifo(quiz.path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.fsencode(quiz.path / "socket.ipynb"))
        (quiz.path / "endless.py").symlink_to("/dev/zero")
        for name, said in (
            ("pipe.py", "is not a file"),
            ("endless.py", "is not a file"),
            ("socket.ipynb", "cannot be read"),
        ):
            ended = run("run", quiz.quiz, quiz.path / name)
            assert ended.code == 2
            assert said in ended.err


def test_a_name_that_is_too_long_for_a_file(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.path / f"{'x' * 300}.py")
    assert ended.code == 2
    assert "cannot be read: File name too long" in ended.err


def test_as_much_of_a_source_as_is_shown(quiz: Course) -> None:
    cells = read_source(quiz.notebook("a" * 60_000, *["b" * 40_000] * 6))
    assert [len(one.text) for one in cells] == [50_000, 40_000, 40_000, 40_000, 30_000]
    assert [one.more for one in cells] == [True, False, False, False, True]
    assert sum(one.more for one in read_source(quiz.notebook(*["x = 1"] * 1_200))) == 1


def test_magics_are_not_read_without_end(quiz: Course) -> None:
    """IPython reads a cell again for each of them."""
    plain = "%matplotlib inline\n" + RIGHT
    cells = read_submission(quiz.notebook(plain, "%time 1\n" * 5_000, *["%time 1\n" * 200] * 9, "!ls", plain)).cells
    assert "run_line_magic" in cells[0].source
    assert [cell.source == cell.text for cell in cells[1:-2]] == [True, False, *[True] * 8]
    assert "get_ipython().system" in cells[-2].source
    assert "run_line_magic" in cells[-1].source


# -- names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("이름 with\u3000space.py", "이름 with\u3000space.py"), ("q'uote\".py", "q'uote\".py"), ("[bold]x.py", "[bold]x.py"),
        ("new\nline.py", r"new\nline.py"), ("\x1b[31mred\t.py", r"\x1b[31mred\t.py"), ("a\u202eyp.py", r"a\u202eyp.py"),
        ("bad\udcff.py", r"bad\xff.py"), (r"bad\xff.py", r"bad\\xff.py"), ("-rf.py", "-rf.py"), ("=cmd.py", "=cmd.py"),
        ("<script>.py", "<script>.py"),
    ],
)  # fmt: skip
def test_file_names(quiz: Course, run: Command, name: str, shown: str) -> None:
    """As they are, but for what a terminal or an encoder does not take, and never two alike."""
    path = quiz.write(name, RIGHT)
    assert quiz.grade(path).submission.name == shown
    files = {form: quiz.path / f"report.{form}" for form in ("json", "html", "markdown", "junit")}
    ended = run("run", quiz.quiz, path, *(part for form, file in files.items() for part in (f"--{form}", file)))
    assert ended.code == 0
    assert shown in ended.out
    assert json.loads(files["json"].read_text())["submission"]["name"] == shown
    assert html.escape(shown).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in files["html"].read_text()
    assert shown in files["markdown"].read_text()


def test_a_name_that_is_no_text_is_shown_in_errors(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.write("bad\udcff\x1b[31m.py", "x = '\0"))
    assert ended.code in (1, 2)
    ended = run("run", quiz.quiz, quiz.path / "none\udcff\x1b[31m.py")
    assert ended.code == 2
    assert r"none\xff" in ended.err
    assert "\x1b" not in ended.err


def test_a_link_is_followed(quiz: Course, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(quiz.write("real.py", RIGHT))
    assert quiz.grade(link).earned == 1
