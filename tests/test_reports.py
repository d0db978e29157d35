"""The forms of a report, on one submission and on a class: what they say, what they keep back, and their fields."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml
from conftest import ROOT, Command, Course
from test_report import value

from grader.assignment.load import load_assignment
from grader.batch.gradebook import Attempt, Gradebook, HandIn
from grader.batch.roster import read_roster
from grader.batch.run import present_checks
from grader.batch.tasks import pack
from grader.cli.app import run as run_command
from grader.cli.batch_pages import file_names
from grader.models.report import Report
from grader.report.exports import TABLES
from grader.report.format import formats
from grader.report.formats.html import render_page
from grader.report.formats.markdown import MAX_SIZE, render_markdown
from grader.report.notebook import code, markdown
from grader.sandbox.client import Zygote
from grader.submission.source import read_source

OWN = [form.name for form in formats().values() if not form.platform]
EVIL = "<script>alert('owned')</script>"
NOTEBOOK = (
    "# exercise: one\ndef f(): return 2\ndef g(x): return x - 1\nprint(\"<script>alert('owned')</script>\")",
    "# exercise: two\nimport os\ndef h(): raise ValueError('<script>alert(1)</script> \\x1b[31m @everyone | `x`')",
    "# exercise: three\n1 / 0",
)


def set_up(course: Course) -> Course:
    """One exercise with a hidden check, one whose check raises, one that needs the first."""
    course.assign(
        {"id": "one", "title": {"en": "First <b>", "ko": "하나 <b>"},
         "requirements": [value("f()", "2"), value("g(4711)", "4712", id="secret", hidden=True, hint="Think again.")]},
        {"id": "two", "points": 2, "requirements": [value("h()", "1"), value("f()", "2", id="other")]},
        {"id": "three", "needs": ["one"], "requirements": [value("f()", "2"), value("f()", "2", id="more")]},
    )  # fmt: skip
    return course


@pytest.fixture
def quiz(course: Course) -> Course:
    return set_up(course)


def files(quiz: Course, run: Command, *cells: str, **options: str) -> dict[str, str]:
    """Every form of the report on a notebook, by the name of its option."""
    notebook = quiz.notebook(*(cells or NOTEBOOK), name=f"{options.pop('name', 'answer')}.ipynb")
    wanted = {name: quiz.path / f"report.{name}" for name in OWN}
    arguments = [part for name, file in wanted.items() for part in (f"--{name}", file)]
    more = [part for name, text in options.items() for part in (f"--{name}", text)]
    ended = run("run", quiz.quiz, notebook, *arguments, *more, "--isolation", "none")
    assert ended.code in (0, 1), ended.err
    return {name: file.read_text(encoding="utf-8") for name, file in wanted.items()}


def test_the_docs_have_every_format() -> None:
    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    for form in formats().values():
        assert f"| `{form.name}` |" in text if form.platform else f"| `--{form.name} FILE` |" in text
    for table in TABLES:
        assert f"| `{table}` |" in text


# -- one submission


def test_failures_come_first_and_lead_to_their_cell(quiz: Course, run: Command) -> None:
    page = files(quiz, run)["html"]
    order = re.findall(r'<section class="exercise card" id="exercise-(\w+)">', page)
    assert order == ["three", "one", "two"]
    for anchor, cell in re.findall(r'id="(finding-one-1|finding-two-1)".*?href="#(cell-\d)"', page, re.DOTALL):
        assert f'href="#{anchor}"' in page.partition(f'id="{cell}"')[2]
    assert page.index('id="finding-') < page.index('id="cell-0"')


@pytest.mark.parametrize("form", OWN)
def test_a_hidden_check_says_what_it_may(quiz: Course, run: Command, form: str) -> None:
    text = files(quiz, run)[form]
    assert "secret" in text
    assert "a hidden check passes" in text
    assert "Think again." in text
    whole_numbers = r"(?<![\d.])47(10|11|12)(?!\d)"  # times have such digits, too
    assert not re.search(whole_numbers, re.sub(r"[0-9a-f]{64}", "", text))


def test_a_hidden_check_is_silent_whatever_the_report_holds(quiz: Course, run: Command) -> None:
    data = json.loads(files(quiz, run)["json"])
    checks = [check for exercise in data["exercises"] for check in exercise["checks"] if check["hidden"]]
    said = {"text": "LEAKED", "template": "LEAKED", "params": {}}
    for check, outcome in zip(checks * 4, ("passed", "failed", "error", "skipped"), strict=False):
        check |= {"outcome": outcome, "called": said, "detail": "LEAKED", "cell": 77}
        check["diagnosis"] = {"id": "leak", "text": {"en": "LEAKED"}, "cell": 77}
        report = Report.model_validate(data)
        assert "LEAKED" not in render_page(report)
        assert "LEAKED" not in render_markdown(report)


@pytest.mark.parametrize("form", ["html", "markdown", "junit"])
def test_what_a_student_wrote_is_escaped(quiz: Course, run: Command, form: str) -> None:
    name = "<script>alert(1)<" + chr(92) + "script>"
    text = files(quiz, run, name=name)[form]
    body = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL) if form == "markdown" else text
    assert "<script" not in re.sub(r"\\<", "", body)
    assert "\x1b" not in text
    assert "@everyone" not in re.sub(r"`[^`\n]*`", "", text) or form != "markdown"


def test_a_page_needs_nothing_else(quiz: Course, run: Command) -> None:
    page = files(quiz, run)["html"]
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe|object|base|form)\b|url\(|@import|\son\w+=", page)
    assert not re.search(r'(src|href)="(?!#)', page)


def test_a_long_line_of_code_is_shown_at_once() -> None:
    """The page is written where a whole class waits for it; colouring a line takes the square of its length."""
    began = time.process_time()
    page = str(code(f"a{'.b' * 90_000}\nx = 1\n", 10, (11,)))
    assert time.process_time() - began < 2
    assert re.findall(r'(<span class="hll">)?<span class="linenos">\s*(\d+)', page) == [
        ("", "10"), ('<span class="hll">', "11"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        EVIL, f"# {EVIL}", f"```mermaid\n{EVIL}\n```", f"```{EVIL}\nx\n```", f"$${EVIL}$$", f"| {EVIL} |\n|-|\n| x |",
        f"\\begin{{x}}{EVIL}\\end{{x}}", "[a](javascript:alert(1))", "<img src=x onerror=alert(1)>",
        "![x](http://example.org/x.png)", "![x](attachment:none.png)", "<a href='data:text/html,x'>x</a>",
        "[x](data:text/html,<script>alert(1)</script>)", "<javascript:alert(1)>", '[x](a "onmouseover=alert(1)")',
    ],
)  # fmt: skip
def test_markdown_cells_are_inert(text: str) -> None:
    shown = re.sub(r"&lt;.*?&gt;", "", str(markdown(text)))
    assert not re.search(r"<(script|img|iframe)|javascript:alert\(1\)\"|data:text|\son\w+=[^&]*>", shown)


def test_code_keeps_its_line_numbers() -> None:
    numbers = re.findall(
        r'(<span class="hll">)?<span class="linenos">\s*(\d+)', str(code("\n\na = 1\nb = 2\n", 10, (13,)))
    )
    assert [(bool(mark), int(number)) for mark, number in numbers] == [(False, 12), (True, 13)]


def test_outputs_of_the_notebook_are_not_shown(quiz: Course, run: Command) -> None:
    cell = {
        "source": "# exercise: one\nprint('seen while graded')\ndef f(): return 2",
        "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<b>forged</b>"}}],
    }
    notebook = quiz.notebook(
        cell, {"cell_type": "markdown", "source": ["# A *title*"]}, {"cell_type": "raw", "source": EVIL}
    )
    ended = run("run", quiz.quiz, notebook, "--html", "-", "--isolation", "none")
    assert "forged" not in ended.out
    assert '<pre class="output" tabindex="0">seen while graded</pre>' in ended.out
    assert "<h1>A <em>title</em></h1>" in ended.out
    assert "<script" not in ended.out


def test_a_script_is_shown_by_its_parts(quiz: Course, run: Command) -> None:
    script = quiz.write(
        "answer.py", "# %% [markdown]\n# Some *text*\n# %%\n# exercise: one\ndef f(): return 5\n# %%\nprint('x')\n"
    )
    page = run("run", quiz.quiz, script, "--html", "-", "--isolation", "none").out
    assert [cell.line for cell in read_source(script)] == [1, 3, 6]
    assert "<p>Some <em>text</em></p>" in page
    assert re.search(r'<span class="hll"><span class="linenos">\s*5', page)


@pytest.mark.parametrize(("language", "label"), [("en", "not started"), ("ko", "시작 전")])
def test_an_untouched_exercise_is_one_line(course: Course, run: Command, language: str, label: str) -> None:
    names = [f"e{number}" for number in range(6)]
    course.assign(
        *({"id": name, "requirements": [value(f"{name}()", "1"), value("g()", "2", id="g")]} for name in names)
    )
    cells = [f"# exercise: {name}" for name in names]
    course.notebook(*cells, name="assignments/quiz/quiz.ipynb")
    forms = files(course, run, "# exercise: e0\ndef e0(): return 1", *cells[1:], lang=language)
    shown = run("run", course.quiz, course.path / "answer.ipynb", "--lang", language).out.splitlines()
    assert len([line for line in shown if line.strip()]) < 16
    page = html.unescape(re.sub(r"<[^>]+>", "", forms["html"].partition("</main>")[0]))
    for lines in (shown, page.splitlines(), forms["markdown"].splitlines()):
        assert len([line for line in lines if label in line]) == 5
        assert len([line for line in lines if re.search(r"\bE5\b", line)]) == 1
    assert 'id="exercise-e0"' in forms["html"]
    assert 'id="exercise-e1"' not in forms["html"]
    assert forms["markdown"].count("<details>") == 1


def test_a_page_of_a_notebook_that_was_not_touched_praises_nothing(course: Course, run: Command) -> None:
    course.require(value("f()", "1"))
    course.notebook("# exercise: one", name="assignments/quiz/quiz.ipynb")
    page = files(course, run, "# exercise: one")["html"]
    assert "not started" in page
    assert "Every check passes." not in page
    assert "What to look at" not in page


def test_korean(quiz: Course, run: Command) -> None:
    forms = files(quiz, run, lang="ko")
    assert '<html lang="ko">' in forms["html"]
    for form in ("html", "markdown", "junit"):
        assert "하나" in forms[form]
        assert "비공개 검사 통과" in forms[form]


def test_markdown_fits_a_comment(quiz: Course, run: Command) -> None:
    forms = files(quiz, run)
    text = forms["markdown"]
    assert text.count("<details>") == text.count("</details>") == 4
    assert text.index("<details>") > text.index("| ✗ |")
    data = json.loads(forms["json"])
    data["exercises"] = [e | {"id": f"{e['id']}-{n}"} for n in range(400) for e in data["exercises"]]
    long = render_markdown(Report.model_validate(data))
    assert len(long.encode()) < 65_536
    assert len(long.encode()) > MAX_SIZE / 2
    assert "do not fit" in long.splitlines()[-1]


FORGED = """
# exercise: one
import sys
from grader import wire

def f(*_):
    frame = sys._getframe()
    while "_channel" not in vars(frame.f_locals.get("self", object)):
        frame = frame.f_back
    channel = frame.f_locals["self"]._channel
    big = "A<'" * 400_000
    frames = [{"cell": 1, "line": 1, "function": big[:9000], "code": big[:9000]}] * 20
    raised = {"type": big, "bases": ["ValueError"] * 20, "message": big, "frames": frames}
    for number in range(1, 40):
        wire.send(channel, {"tag": "answered", "number": number, "warned": [], "changed": False, "raised": raised})

g = h = f
"""
ENDLESS = {
    "forged": (FORGED,),
    "printed": tuple(f"print({number % 10} * 'x<', end='')\nprint('&y' * 5_000)" for number in range(300)),
    "raised": tuple(f"class {'E' * 150}(Exception): pass\nraise {'E' * 150}('<' * 9_000)" for _ in range(300)),
    "missing keys": ("# exercise: one\nf = lambda: {chr(65 + i) * 60_000: 1 for i in range(12)}\ng = lambda x: f()",),
    "long names": (f"# exercise: {'e' * 90_000}\ndef {'f' * 90_000}(): pass\n{'f' * 90_000}(1)",),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name != "printed" else ()) for name in ENDLESS]
)
def test_a_report_has_an_end(course: Course, run: Command, name: str) -> None:
    """Whatever a submission brings, every form of its report fits, and says where something is left out."""
    many = [value("f()", "{'a': 1}", id=f"c{number}") for number in range(30)]
    course.assign({"id": "one", "requirements": many}, {"id": "two", "requirements": [value("h()", "1")]})
    said = files(course, run, *ENDLESS[name])
    report = json.loads(said["json"])
    assert len(said["json"]) < 3_000_000
    assert len(said["html"]) < 12_000_000
    assert len(said["junit"]) < 5_000_000
    assert len(said["markdown"].encode()) < 65_536
    for options in ((), ("-v",)):
        ended = run("run", course.quiz, course.path / "answer.ipynb", "--isolation", "none", *options)
        assert len(ended.out) < 3_000_000
    if name != "missing keys" and name != "long names":
        assert report["cut"] > 0
        for form in ("html", "markdown", "junit"):
            assert f"so {report['cut']} characters are left out" in said[form]
        assert f"so {report['cut']} characters are left out" in ended.out
    assert [len(exercise["checks"]) for exercise in report["exercises"]] == [30, 1]
    assert all(check["id"] and check["outcome"] for exercise in report["exercises"] for check in exercise["checks"])


@pytest.mark.parametrize("indent", [1, None], ids=["as Jupyter writes it", "in one line"])
def test_annotations_stand_at_the_line_of_the_file(course: Course, run: Command, indent: int | None) -> None:
    course.require(value("f()", "2"), value("g(1)", "2", id="g"), value("h(1)", "2", id="h"))
    source = ['# "source": {[\\n"\n', "# exercise: one\n", "f = lambda: 3\n", "def g(x):\n", "    return 1 / 0\n"]
    code = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    cells = [{"cell_type": "markdown", "metadata": {}, "source": ["# A\n", "title"]}, code]
    keys = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"source": "x"}, "cells": cells}
    content = json.dumps(keys, indent=indent)
    notebook = course.write("a,b.ipynb", content.encode())
    ended = run("run", course.quiz, notebook, "--annotations", "-", "--isolation", "none")
    lines = content.splitlines()
    found = re.findall(r"^::error file=(.*?),(?:line=(\d+),)?title=(.*?)::(.*)$", ended.out, re.MULTILINE)
    assert [os.path.basename(file) for file, *_ in found] == ["a%2Cb.ipynb"] * 3, ended
    (line,) = (int(line) for _, line, _, said in found if "ZeroDivisionError" in said)
    assert "return 1 / 0" in lines[line - 1]
    if indent:
        assert lines[line - 1].strip() == '"    return 1 / 0\\n"'
    assert all("%0A" in said and "\n" not in said for *_, said in found)


def test_junit_counts_what_is_in_it(quiz: Course, run: Command) -> None:
    root = ElementTree.fromstring(files(quiz, run)["junit"])
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "2", "errors": "0", "skipped": "2"
    }  # fmt: skip
    cases = {f"{case.get('classname')}::{case.get('name')}": case for case in root.iter("testcase")}
    assert len(cases) == 6
    failures = [case.find("failure") for case in cases.values() if case.find("failure") is not None]
    assert any("ValueError" in str(found.get("message")) for found in failures)
    assert all(set(re.findall(r"^(\w+):", found.text, re.MULTILINE)) >= {"expected", "observed"} for found in failures)


def test_a_file_that_cannot_be_written(quiz: Course, run: Command) -> None:
    ended = run(
        "run", quiz.quiz, quiz.notebook(*NOTEBOOK), "--html", quiz.path / "none" / "x.html", "--isolation", "none"
    )
    assert ended.code == 2
    assert "Give another FILE to --html." in ended.err


def test_one_check_passes_and_two_checks_pass(quiz: Course, run: Command) -> None:
    one = "# exercise: one\ndef f(): return 2\ndef g(x): return x + 1"
    page = files(quiz, run, one, "# exercise: two\ndef h(): return 2")["html"]
    assert "<summary>1 check passes</summary>" in page
    assert "<summary>2 checks pass</summary>" in page


# -- platforms

TEXT = {"type": "string"}
NUMBER = {"type": "number", "minimum": 0}
WHOLE = {"type": "integer", "minimum": 0}
NAMED = {"type": "string", "minLength": 1}
VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


SCHEMAS: dict[str, dict[str, Any]] = {
    "gradescope": closed(
        ["score", "tests"],
        score=NUMBER, execution_time=NUMBER, output=TEXT, output_format=FORMAT, visibility=VISIBILITY,
        stdout_visibility=VISIBILITY, extra_data={"type": "object"},
        tests={"type": "array", "items": closed(
            ["score", "max_score", "name", "status"],
            score=NUMBER, max_score=NUMBER, status={"enum": ["passed", "failed"]}, name=TEXT, name_format=FORMAT,
            number=TEXT, output=TEXT, output_format=FORMAT, tags={"type": "array", "items": TEXT},
            visibility=VISIBILITY, extra_data={"type": "object"},
        )},
    ),
    "prairielearn": closed(
        ["gradable"],
        gradable={"type": "boolean"}, score={"type": "number", "minimum": 0, "maximum": 1}, message=TEXT, output=TEXT,
        format_errors={"type": "array", "items": TEXT}, images={"type": "array"},
        tests={"type": "array", "items": closed(
            ["name", "points", "max_points"],
            name=TEXT, description=TEXT, points=NUMBER, max_points=NUMBER, message=TEXT, output=TEXT,
            images={"type": "array"},
        )},
    ),
    "classroom50": closed(
        ["schema", "classroom", "assignment", "submission", "commit", "release", "review", "datetime", "score",
         "max-score", "tests"],
        **dict.fromkeys(("classroom", "assignment", "commit", "release", "review"), NAMED),
        submission={"type": "string", "pattern": "^submit/"},
        schema={"const": "classroom50/result/v1"},
        datetime={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:]{8}Z$"},
        score=WHOLE, tests={"type": "array", "items": {
            "type": "object", "required": ["test-name", "passed", "score", "max-score"],
            "properties": {"test-name": NAMED, "passed": {"type": "boolean"}, "score": WHOLE,
                           "max-score": WHOLE},
        }},
        **{"max-score": WHOLE},
    ),
}  # fmt: skip
"""The documented fields; the files of grader/report/formats say where."""

RUNNER = {"CLASSROOM": "c", "ASSIGNMENT": "quiz", "SUBMISSION_TAG": "submit/1", "COMMIT_URL": "https://x/c",
          "RELEASE_URL": "https://x/r"}  # fmt: skip


def results(quiz: Course, run: Command, form: str, *cells: str) -> Any:
    file = quiz.path / "results.json"
    file.unlink(missing_ok=True)
    ended = run(
        "run", quiz.quiz, quiz.notebook(*(cells or NOTEBOOK)), "--json", file, "--format", form, "--isolation", "none"
    )
    assert ended.code in (0, 2, 3), "a runner takes 1 for a grader that failed, and not for marks that are missing"
    return json.loads(file.read_text()) if file.exists() else ended


@pytest.mark.parametrize("form", SCHEMAS)
def test_results_have_the_documented_fields(
    quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for name, text in RUNNER.items():
        monkeypatch.setenv(name, text)
    found = results(quiz, run, form)
    jsonschema.validate(found, SCHEMAS[form])
    assert len(found["tests"]) == 6
    text = json.dumps(found)
    assert "a hidden check passes" in text
    assert "4711" not in text


def test_results_agree_with_the_report(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in RUNNER.items():
        monkeypatch.setenv(name, text)
    report = Report.model_validate_json(files(quiz, run)["json"])
    scope, prairie, fifty = (results(quiz, run, form) for form in SCHEMAS)
    assert scope["score"] == pytest.approx(sum(test["score"] for test in scope["tests"])) == report.earned
    assert prairie["score"] == pytest.approx(report.earned / report.possible)
    assert all(one["score"] <= one["max-score"] for one in (fifty, *fifty["tests"]))
    assert fifty["score"] / fifty["max-score"] == pytest.approx(report.earned / report.possible)


@pytest.mark.parametrize("form", SCHEMAS)
def test_an_error_of_ours_is_no_score(quiz: Course, run: Command, form: str) -> None:
    quiz.check(
        """
        from grader import check
        @check(exercise="one", points=1)
        def test_broken(observe):
            raise OSError("disk")
        """
    )
    found = results(quiz, run, form)
    if form == "prairielearn":
        jsonschema.validate(found, SCHEMAS[form])
        assert not found["gradable"]
    else:
        assert found.code == 3
        assert "No result is written" in found.err


def test_a_format_needs_a_file(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.notebook(*NOTEBOOK), "--format", "gradescope")
    assert ended.code == 2
    assert ended.err.startswith("--format gradescope needs --json FILE.")


def test_classroom50_needs_its_runner(quiz: Course, run: Command) -> None:
    ended = results(quiz, run, "classroom50")
    assert ended.code == 2
    assert "SUBMISSION_TAG" in ended.err


# -- a class


ROSTER = """\
key,name,e-mail,canvas,moodle
ada_12,Ada L.,ada@example.org,5012,7012
grace@example.org,,grace@example.org,5013,Participant 7013
=cmd|' !A0,,,5014,7014
+note,,,5015,7015
"""


@pytest.fixture(scope="module")
def batched(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with what a batch left, and names that tables must bear."""
    course = set_up(Course(tmp_path_factory.mktemp("batched"), zygote))
    for name, cells in {"ada_12": NOTEBOOK, "grace@example.org": ("# exercise: one\ndef f(): return 2",)}.items():
        course.notebook(*cells, name=f"class/{name}.ipynb")
    course.notebook(*NOTEBOOK, name="class/=cmd|' !A0.ipynb")
    course.write("class/+note.txt", "no notebook")
    course.write("roster.csv", ROSTER)
    places = (course.quiz, course.path / "class", "--out", course.path / "out")
    assert run_command(["batch", *map(str, places), "-j", "2", "--isolation", "none"], zygote) == 0
    return course.path


@pytest.fixture
def out(quiz: Course, batched: Path) -> Path:
    """The same for this test alone."""
    shutil.copytree(batched, quiz.path, dirs_exist_ok=True)
    return quiz.path / "out"


def table(quiz: Course, run: Command, out: Path, form: str, *more: str | Path) -> list[dict[str, str]]:
    ended = run("export", quiz.quiz, "--out", out, "--format", form, *more)
    assert ended.code == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def test_a_batch_leaves_pages_and_a_table(quiz: Course, run: Command, out: Path) -> None:
    page = (out / "class.html").read_text()
    names = file_names(("ada_12", "grace@example.org", "=cmd|' !A0", "+note"))
    for student in ("ada_12", "grace@example.org", "=cmd|' !A0"):
        name = names[student]
        assert (out / "students" / f"{name}.html").read_text().lstrip().startswith("<!doctype html>")
        Report.model_validate_json((out / "students" / f"{name}.json").read_text())
    assert 'href="students/grace%40example.org.html"' in page
    assert not (out / "students" / f"{names['+note']}.html").exists()
    rows = list(csv.DictReader((out / "gradebook.csv").read_text("utf-8-sig").splitlines()))
    assert [row["state"] for row in rows].count("graded") == 3
    before = {path: path.stat().st_mtime_ns for path in (out / "students").iterdir()}
    run("batch", quiz.quiz, quiz.path / "class", "--out", out, "--isolation", "none")
    assert {path: path.stat().st_mtime_ns for path in (out / "students").iterdir()} == before


def test_the_page_of_a_class_counts_an_untouched_exercise_in_its_line(course: Course, run: Command) -> None:
    course.assign(
        {"id": "one", "requirements": [value("f()", "1")]}, {"id": "two", "requirements": [value("g()", "1")]}
    )
    cells = ("# exercise: one", "# exercise: two")
    course.notebook(*cells, name="assignments/quiz/quiz.ipynb")
    for name in ("ada", "bob"):
        course.notebook("# exercise: one\ndef f(): return 2", cells[1], name=f"class/{name}.ipynb")
    assert run("batch", course.quiz, course.path / "class", "--out", course.path / "out", "-j1").code == 0
    page = (course.path / "out" / "class.html").read_text()
    assert page.count("2 not started") == 1
    assert "one::call[1]" in page
    assert "two::call[1]" not in page


def test_a_page_that_was_lost_is_written_again(quiz: Course, run: Command, out: Path) -> None:
    lost = out / "students" / "ada_12.json"
    content = lost.read_bytes()
    lost.unlink()
    (out / "students" / "ada_12.html").write_text("half")
    run("batch", quiz.quiz, quiz.path / "class", "--out", out, "--isolation", "none")
    assert lost.read_bytes() == content
    assert "cell-0" in (out / "students" / "ada_12.html").read_text()


COLUMNS = {
    "canvas": ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Quiz"],
    "moodle": ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
               "Last modified (submission)", "Last modified (grade)", "Feedback comments"],
    "nbgrader": ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
                 "late_submission_penalty", "score", "max_score"],
    "csv": ["student", "state", "score", "possible", "earned", "open", "bonus", "late_days", "attempts", "submitted",
            "graded", "seconds", "file", "reason", "name", "email", "layout", "id", "group", "passed_over", "one",
            "two", "three"],
}  # fmt: skip


@pytest.mark.parametrize("form", COLUMNS)
def test_tables_have_their_columns_and_no_formulas(quiz: Course, run: Command, out: Path, form: str) -> None:
    rows = table(quiz, run, out, form, "--roster", quiz.path / "roster.csv")
    assert list(rows[0]) == COLUMNS[form]
    assert len(rows) == 4 + (form == "canvas")
    for row in rows:
        assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for cell in row.values())


def test_a_platform_finds_students_by_the_roster(quiz: Course, run: Command, out: Path) -> None:
    """A name that ends in a number is a name: the number may be another student's id."""
    canvas = {row["Student"]: row for row in table(quiz, run, out, "canvas", "--roster", quiz.path / "roster.csv")}
    assert (canvas["Ada L."]["ID"], canvas["grace@example.org"]["ID"]) == ("5012", "5013")
    assert canvas["    Points Possible"]["Quiz"] == "4"
    assert canvas["'+note"]["Quiz"] == ""
    moodle = {row["Full name"]: row for row in table(quiz, run, out, "moodle", "--roster", quiz.path / "roster.csv")}
    assert (moodle["Ada L."]["Identifier"], moodle["Ada L."]["Email address"]) == (
        "Participant 7012",
        "ada@example.org",
    )
    assert moodle["grace@example.org"]["Identifier"] == "Participant 7013"
    korean = quiz.write("korean.csv", run("export", quiz.quiz, "--out", out, "--format", "moodle", "--roster",
                                         quiz.path / "roster.csv", "--moodle-language", "ko").out)  # fmt: skip
    (ada,) = (row for row in csv.DictReader(io.StringIO(korean.read_text())) if row["성명"] == "Ada L.")
    assert (ada["식별자"], ada["성적"]) == ("참가자7012", moodle["Ada L."]["Grade"])
    assert "마지막 수정됨(성적)" in ada
    listed = {(one["name"], one["email"], one["moodle"]) for one in read_roster(korean).listed}
    assert ("Ada L.", "ada@example.org", "7012") in listed, "such a worksheet is a roster, too"
    refused = run("export", quiz.quiz, "--out", out, "--format", "csv", "--moodle-language", "ko")
    assert "Say --format moodle" in refused.err
    for form in ("canvas", "moodle"):
        ended = run("export", quiz.quiz, "--out", out, "--format", form)
        assert (ended.code, ended.out) == (2, "")
        assert f"No id of {form} is known of" in ended.err
        assert "ada_12" in ended.err


def test_export_writes_a_file_and_says_what_is_missing(quiz: Course, run: Command, out: Path) -> None:
    file = quiz.path / "scores.csv"
    listed = ("--roster", quiz.path / "roster.csv")
    assert run("export", quiz.quiz, "--out", out, "--format", "canvas", *listed, file).code == 0
    assert file.read_text().startswith("Student,ID")
    ended = run("export", quiz.quiz, "--out", quiz.path, "--format", "canvas")
    assert (ended.code, "There is no gradebook" in ended.err) == (2, True)


def test_late_points_are_the_penalty(quiz: Course, run: Command, tmp_path: Path) -> None:
    spec = yaml.safe_load((quiz.quiz / "assignment.yaml").read_text())
    spec["grading"] = {"due": "2026-11-20T12:00+00:00", "late": {"per_day": 0.25}}
    (quiz.quiz / "assignment.yaml").write_text(yaml.safe_dump(spec))
    report = Report.model_validate_json(files(quiz, run)["json"]).model_copy(update={"earned": 4.0})
    with Gradebook(tmp_path / "gradebook.sqlite", "quiz") as book:
        now = datetime(2026, 11, 21, tzinfo=UTC)
        attempt = Attempt(
            student="ada", name="a.ipynb", sha256="0", checks=present_checks(load_assignment(quiz.quiz), book),
            status="graded", submitted=now, graded=now,
        )  # fmt: skip
        attempt.earned, attempt.possible, attempt.report = 4.0, 4.0, pack(report)
        book.add(attempt)
        book.note(HandIn(student="ada", name="a.ipynb", sha256="0", layout="nbgrader", submitted=now, seen=now))
    (row,) = table(quiz, run, tmp_path, "nbgrader")
    assert (row["raw_score"], row["late_submission_penalty"], row["score"]) == ("4", "1", "3")


@pytest.mark.parametrize(
    ("student", "plain"),
    [("ada", True), ("김민수", True), ("a@b.c", True), ("../x", False), (".x", False), ("a/b", False),
     ("a\x00b", False), ("x" * 300, False), ("", False), ("a.", False), ("<b>", False), ("가" * 34, False),
     ("-rf", False), ("con", False), ("Nul.x", False), ("console", True), ("a-0123456789abcdef", False)],
)  # fmt: skip
def test_names_of_files(student: str, plain: bool) -> None:
    name = file_names([student])[student]
    assert (name == student) is plain
    assert not set(name) & set('/\\<>:"|?*\x00')
    assert 0 < len(name.encode()) <= 100
    assert not name.startswith((".", "-"))


@pytest.mark.parametrize(
    "alike",
    [("Ada", "ada"), ("a/b", "a_b", "a?b"), ("\uac00", "\u1100\u1161"), ("é", "e\u0301", "É"), ("straße", "STRASSE"),
     ("x" * 120, "x" * 121), ("가" * 40 + "a", "가" * 40 + "b"), ("a", "a "), ("ﬁ", "fi")],
)  # fmt: skip
def test_no_two_students_share_a_file(alike: tuple[str, ...]) -> None:
    """Not on a system either to which capitals, or the forms of a letter, make no difference."""
    names = file_names([*alike, "other"])
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in names.values()}) == len(alike) + 1
    assert names["other"] == "other"
    assert names == file_names(["other", *reversed(alike)])


# -- graders for other places


def test_the_workflow_is_one(quiz: Course, run: Command, tmp_path: Path) -> None:
    file = tmp_path / ".github" / "workflows" / "grade.yml"
    ended = run("export", "github", quiz.quiz, file, "--package", "git+https://example.org/grader")
    assert (ended.code, ended.err) == (0, f"written: {file}\n")
    workflow = yaml.safe_load(file.read_text())
    assert "@" not in re.sub(r"uses: \S+@v\d|git\+https\S+", "", file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["grade"]["steps"]
    assert [step["uses"].split("@")[0] for step in steps if "uses" in step] == [
        "actions/checkout", "actions/setup-python", "actions/upload-artifact"
    ]  # fmt: skip
    assert any("git+https://example.org/grader" in step.get("run", "") for step in steps)
    version, command = (step["run"] for step in steps if "grade " in step.get("run", ""))
    assert version == "grade --version"
    assert {"--markdown", "--junit", "--html", "--json", "--annotations"} <= set(command.split())
    assert "--isolation" not in command, "where CI is set, grading refuses to start without one"


def test_the_workflow_for_marks_grades_a_class_and_isolates(quiz: Course, run: Command) -> None:
    steps = yaml.safe_load(run("export", "github", quiz.quiz, "-", "--marks").out)["jobs"]["grade"]["steps"]
    said = [step["run"] for step in steps if "run" in step]
    assert "[batch]" in said[0]
    assert said[1] == "grade --version"
    assert said[2].splitlines()[-1] == 'grade batch "$ASSIGNMENT" "$SUBMISSIONS" --out graded --isolation landlock'


@pytest.mark.parametrize("options", [[], ["--marks"]])
def test_what_a_submission_says_is_no_command_to_github(options: list[str], quiz: Course, run: Command) -> None:
    """Its runner takes a line of a step's output for a command that begins with `::` behind any spaces."""
    job = yaml.safe_load(run("export", "github", quiz.quiz, "-", *options).out)["jobs"]["grade"]
    script = next(step["run"] for step in job["steps"] if step.get("name") == "Grade")
    said = "  ::set-output name=score::100\n::add-mask::a\n::error::b\n"
    grade = f"grade() {{ printf '{said}'; return 1; }}\n"
    ended = subprocess.run(
        ["bash", "-e", "-c", grade + script], env=os.environ | job["env"], capture_output=True, text=True
    )
    first, *between, last = ended.stdout.splitlines()
    assert ended.returncode == 1
    assert first == f"::stop-commands::{last.strip(':')}"
    assert len(last) > 30
    assert between == said.splitlines()


@pytest.fixture
def autograder(course: Course, run: Command, tmp_path: Path) -> Path:
    """A folder laid out as Gradescope lays it out, with the archive unpacked in it."""
    requirement = {"kind": "function", "calls": [{"call": "double(randn(3))"}]}
    course.require(requirement, solution="# exercise: one\ndef double(x): return 2 * x  # THE-SOLUTION\n")
    (course.quiz / "verify.yaml").write_text("secret: true")
    assert run("record", course.quiz).code == 0
    ended = run("export", "gradescope", course.quiz, tmp_path / "quiz.zip")
    assert (ended.code, ended.err) == (0, f"written: {tmp_path / 'quiz.zip'}\n")
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "quiz.zip") as archive:
        assert {"setup.sh", "run_autograder", "requirements.txt"} <= set(archive.namelist())
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        archive.extractall(home / "source")
    (home / "submission").mkdir()
    return home


def hand_in(home: Path, *names: str, content: str) -> tuple[int, Any]:
    for name in names:
        (home / "submission" / name).write_text(content)
    environment = {**os.environ, "AUTOGRADER_HOME": str(home)}
    script = home / "source" / "run_autograder"
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    written = home / "results" / "results.json"
    return done.returncode, json.loads(written.read_text()) if written.exists() else done.stderr


@pytest.mark.slow
def test_the_archive_grades_without_the_solution(autograder: Path) -> None:
    assert not [p for p in autograder.rglob("*") if p.is_file() and b"THE-SOLUTION" in p.read_bytes()]
    assert not list(autograder.rglob("verify.yaml"))
    code, found = hand_in(autograder, "quiz.py", content="# exercise: one\ndef double(x): return 2 * x\n")
    assert code == 0, found
    jsonschema.validate(found, SCHEMAS["gradescope"])
    assert found["score"] == 1


def test_the_archive_tells_what_it_cannot_grade(autograder: Path) -> None:
    code, found = hand_in(autograder, "other.ipynb", content="{")
    assert (code, found["score"]) == (0, 0)
    assert "is not a notebook" in found["output"]
    code, found = hand_in(autograder, "third.ipynb", content="{}")
    assert (code, found["score"]) == (0, 0)
    assert "Hand in quiz.ipynb" in found["output"]


@pytest.mark.slow
def test_the_archive_gives_no_score_where_the_grader_fails(autograder: Path) -> None:
    (autograder / "source" / "assignments" / "quiz" / "reference.safetensors").unlink()
    code, found = hand_in(autograder, "quiz.py", content="# exercise: one\ndef double(x): return 2 * x\n")
    assert code == 3
    assert "No result is written" in found


def test_an_archive_needs_the_answers_of_the_solution(course: Course, run: Command, tmp_path: Path) -> None:
    course.require(value("f()", "1"), solution="def f(): return 1\n")
    ended = run("export", "gradescope", course.quiz, tmp_path / "quiz.zip")
    assert (ended.code, "grade record" in ended.err) == (2, True)
    run("record", course.quiz)
    course.write("assignments/quiz/solution.py", "def f(): return 2\n")
    ended = run("export", "gradescope", course.quiz, tmp_path / "quiz.zip")
    assert (ended.code, "is not of the solution as it is now" in ended.err) == (2, True)
