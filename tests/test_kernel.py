"""`%load_ext grader` in a real kernel: what is graded are the cells as they are now, and never what the kernel has."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

import psutil
import pytest
from conftest import Command, Course
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from test_report import value

from grader.assignment.load import load_assignment
from grader.errors import UsageError
from grader.kernel.assignment_of import assignment_of
from grader.kernel.present import present_cells
from grader.kernel.runs import Run

NET = """# exercise: two
from torch import nn
class Net(nn.Module):
    def __init__(self):
        self.a = nn.Linear(2, 2)
"""
HELPER = "# exercise: one\ndef f():\n    return helper() + 1"


@dataclass
class Shown:
    """What a cell has put out."""

    html: str = ""
    text: str = ""
    printed: str = ""
    raised: list[str] = field(default_factory=list)


@dataclass
class Kernel:
    """A kernel, asked as a page asks it."""

    manager: KernelManager
    client: BlockingKernelClient

    def run(self, source: str, cell: str | None = None, silent: bool = False) -> Shown:
        """Run a cell, with the id that it has in the page."""
        about = {"cellId": cell} if cell else {}
        content = {"code": source, "silent": silent, "store_history": not silent, "user_expressions": {}}
        asked = self.client.session.msg("execute_request", {**content, "allow_stdin": False}, metadata=about)
        self.client.shell_channel.send(asked)
        shown = Shown()
        while True:
            said = self.client.get_iopub_msg(timeout=90)
            content = said["content"]
            if said["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
                continue
            match said["msg_type"]:
                case "status" if content["execution_state"] == "idle":
                    return shown
                case "stream":
                    shown.printed += content["text"]
                case "display_data":
                    shown.html, shown.text = content["data"].get("text/html", ""), content["data"]["text/plain"]
                case "error":
                    shown.raised += content["traceback"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    kept = {**os.environ, "XDG_STATE_HOME": str(folder), "IPYTHONDIR": str(folder), "LC_ALL": "C.UTF-8"}
    environment = {name: text for name, text in kept.items() if name not in ("CI", "GRADE_LANG", "JPY_SESSION_NAME")}
    manager, client = start_new_kernel(cwd=str(folder), env=environment)
    kernel = Kernel(manager, client)
    kernel.run("%load_ext grader", silent=True)
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(started: Kernel, course: Course) -> Kernel:
    """A kernel in a course's folder that has run nothing; its process for grading is warm."""
    begin = f"import os; os.chdir({str(course.path)!r}); get_ipython().reset(new_session=True)"
    started.run(begin, silent=True)
    return started


def cell(source: str, name: str, prompt: int | None = None) -> dict[str, Any]:
    return {"source": source, "id": name, "execution_count": prompt}


def two(course: Course) -> None:
    course.assign(
        {"id": "one", "hint": ["Think.", "Add."], "requirements": [value("f()", "2")]},
        {"id": "two", "requirements": [value("g()", "3")]},
    )


def later() -> None:
    """Let the clock go on, so that what was saved is older than what comes."""
    time.sleep(0.02)


# -- in a kernel


def test_the_cells_are_graded_and_not_what_the_kernel_has(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell("# exercise: one\ndef f(): return 1", "a"), cell("# exercise: two\ndef g(): return 3", "b"))
    kernel.run("def f(): return 2")
    shown = kernel.run("%grade")
    assert "1 / 2 points" in shown.text
    assert "1 / 2 points" in shown.html
    assert shown.html.count("<details open") == 1
    assert "answer.ipynb, as saved at" in shown.html
    shown = kernel.run("%grade two")
    assert "1 / 1 points" in shown.text
    assert "Only a part was graded: two" in shown.text
    assert "1 / 1점" in kernel.run("%grade two --lang ko").text


def test_a_cell_counts_as_it_was_run_and_not_as_it_was_saved(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell("# exercise: one\ndef f(): return 1", "a"), cell("# exercise: two", "b"))
    later()
    kernel.run("# exercise: one\ndef f(): return 2", "a")
    shown = kernel.run("%grade one", "c")
    assert "1 / 1 points" in shown.text
    assert "Cell 1 counts as you ran it: it is not saved yet." in shown.text
    later()
    course.notebook(cell("# exercise: one\ndef f(): return 5", "a", 1), cell("# exercise: two", "b"))
    shown = kernel.run("%grade one", "c")
    assert "0 / 1 points" in shown.text
    assert "counts as you ran" not in shown.text


def test_on_top_of_a_cell_it_runs_the_cell_and_grades_its_exercise(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell("# exercise: one", "a"), cell("# exercise: two\ndef g(): return 3", "b"))
    later()
    shown = kernel.run("%%grade\n# exercise: one\ndef f(): return 2\nprint('ran')", "a")
    assert shown.printed == "ran\n"
    assert "1 / 1 points" in shown.text
    assert "Only a part was graded: one" in shown.text
    assert "not saved" not in shown.text  # that cell is on the screen
    assert kernel.run("print(f())").printed == "2\n"
    shown = kernel.run("%%grade two\n# exercise: one\n1 / 0", "a")
    assert "ZeroDivisionError" in "".join(shown.raised) + shown.printed
    assert "Only a part was graded: two" in shown.text
    shown = kernel.run("%%grade\n\ndef f(): return 2", "new")
    assert "UsageError: This cell belongs to no exercise" in shown.printed
    course.notebook(cell("# exercise: two", "b"))  # and the page does not tell which cell runs
    assert "1 / 1 points" in kernel.run("%%grade\n# exercise: one\ndef f(): return 2").text


@pytest.mark.slow
def test_it_says_what_the_kernels_state_hides(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell(HELPER, "b"))
    kernel.run("def helper(): return 1", "deleted")
    kernel.run(HELPER, "b")
    later()
    course.notebook(cell(HELPER, "b", 2))
    said = "The kernel has `helper` from In [1], but no cell defines it now"
    assert said in kernel.run("%grade one").text
    course.notebook(cell(HELPER, "b", 2), cell("def helper(): return 1", "c"))
    shown = " ".join(kernel.run("%grade one").text.split())
    assert "The kernel has `helper`, since you ran cell 2 first; cell 1, which needs it, stands above." in shown
    course.notebook(cell("def helper(): return 1", "c"), cell(HELPER, "b", 2))
    assert "The kernel has" not in kernel.run("%grade one").text


def test_hints_come_one_by_one(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell("# exercise: one", "a"))
    assert "1/2 Think." in kernel.run("%hint one").text
    shown = kernel.run("%hint one").text
    assert "2/2 Add." in shown
    assert "`%grade one` shows what fails." in shown


def test_a_master_runs_with_the_values_of_its_variant(kernel: Kernel, course: Course) -> None:
    source = "# exercise: one\ndef f_<% n %>(): return <% n %>  # SOLUTION"
    course.notebook(cell(source, "a"), name="assignments/quiz/quiz.master.ipynb")
    requirement = {"kind": "function", "calls": [{"call": "f_<% n %>()"}]}
    course.require(requirement, master="quiz.master.ipynb", varies={"n": [4, 5]}, variant=1)
    kernel.run(f"import os; os.chdir({str(course.quiz)!r})", silent=True)
    assert not kernel.run(source).raised
    assert kernel.run("print(f_5())").printed == "5\n"
    assert "there is no value `m`; there are `id`, `n`." in "".join(kernel.run("<% m %>").raised)
    kernel.run(f"import os; os.chdir({str(course.path)!r})", silent=True)
    course.notebook(cell("", "a"))
    assert kernel.run("print('<%d' % 3)").printed == "<3\n"


def test_a_report_names_commands_that_a_notebook_has(kernel: Kernel, course: Course) -> None:
    course.assign(
        {"id": "one", "hint": ["Think.", "Add."], "requirements": [
            {"kind": "function", "calls": [{"call": "f()", "returns": "2"}, {"call": "f(1)", "returns": "4"}]}]},
        {"id": "two", "requirements": [{"kind": "children", "object": "Net()", "children": {"a": "Linear"}}]},
    )  # fmt: skip
    course.notebook(cell("# exercise: one\ndef f(x=0): return 1 / x", "a"), cell(NET, "b"))
    shown = kernel.run("%grade")
    assert "Another hint: <code>%hint one</code>." in shown.html
    assert "Another hint: `%hint one`." in shown.text
    assert "2 more: `-v`" in shown.text
    assert shown.html.count('<details open><summary class="row">') == 1
    shown = kernel.run("%grade -v")
    assert "more: `-v`" not in shown.text
    assert "Traceback" in shown.text or "traceback" in shown.text
    assert shown.html.count('<details open><summary class="row">') == 2
    assert "In a terminal, `grade explain super_too_late` shows" in kernel.run("%grade two").text


def test_a_number_names_an_exercise(kernel: Kernel, course: Course) -> None:
    two(course)
    course.notebook(cell("# exercise: one", "a"), cell("# exercise: two\ndef g(): return 3", "b"))
    assert "Only a part was graded: two" in kernel.run("%grade 2").text
    assert kernel.run("%hint 2").text.startswith("Two  two")


def test_progress_is_what_was_graded_here_and_in_a_terminal(kernel: Kernel, course: Course, run: Command) -> None:
    two(course)
    notebook = course.notebook(cell("# exercise: one", "a"), cell("# exercise: two\ndef g(): return 3", "b"))
    assert "Nothing is remembered yet; `%grade` begins." in kernel.run("%progress").text
    kernel.run("%grade")
    kernel.run("# exercise: one\ndef f(): return 2", "a")
    kernel.run("%grade one")
    shown = kernel.run("%progress")
    assert re.search(r"✓ +1 / 1 ▁█ One  one  full marks since 20", shown.text)
    assert re.search(r"▁█</span> 1 / 1</span>", shown.html)
    assert 'class="good">✓' in shown.html
    assert "2번 시도" in kernel.run("%progress --lang ko").html
    ended = run("progress", course.quiz, notebook)
    assert ended.out.splitlines()[2:] == shown.text.splitlines()[2:]


def test_what_cannot_be_done_is_said_in_one_line(kernel: Kernel, course: Course) -> None:
    def said(magic: str) -> str:
        shown = kernel.run(magic)
        assert not shown.text
        assert shown.printed.startswith("UsageError: ")
        assert shown.printed.strip().count("\n") == 0
        return shown.printed + "".join(shown.raised)

    assert "It cannot be told which notebook this is; there is none" in said("%grade")
    notebook = course.notebook(cell("x = 1", "a"))
    assert "There is no assignment for answer.ipynb" in said("%grade")
    two(course)
    assert "There is no exercise 'tow'. Did you mean 'two'?" in said("%grade tow")
    assert "Which exercise?" in said("%hint")
    assert "There is no assignment 'quizz'. Did you mean 'quiz'?" in said("%grade --assignment quizz")
    assert "There is no notebook 'other.ipynb'" in said("%grade --notebook other.ipynb")
    assert "unrecognized arguments: --none" in said("%grade --none")
    notebook.write_text("{")
    assert "is not a notebook" in said("%grade")
    course.notebook(name="second.ipynb")
    assert "there are 2 in" in said("%grade")
    course.spec("format: 1\nid: quiz")
    assert "assignment.yaml" in said("%grade --notebook answer.ipynb --assignment quiz")


def test_vs_code_and_colab_say_which_notebook_it_is(kernel: Kernel, course: Course) -> None:
    two(course)
    right = course.notebook(cell("# exercise: one\ndef f(): return 2", "a"), name="right.ipynb")
    course.notebook(cell("# exercise: one", "a"), name="wrong.ipynb")
    kernel.run(f"__vsc_ipynb_file__ = {str(right)!r}")
    assert "1 / 1 points" in kernel.run("%grade one").text
    page = json.loads(right.read_text()) | {"metadata": {"colab": {"name": "of_page.ipynb"}}}
    kernel.run(f"""
        import sys, types
        colab = types.ModuleType("google.colab")
        colab._message = types.SimpleNamespace(blocking_request=lambda *_, **__: {{"ipynb": {page!r}}})
        sys.modules["google.colab"] = colab
    """)
    shown = kernel.run("%grade one")
    kernel.run("del sys.modules['google.colab']")
    assert "of_page.ipynb" in shown.text
    assert "1 / 1 points" in shown.text


@pytest.mark.slow
def test_after_an_interrupt_it_grades_again(kernel: Kernel, course: Course) -> None:
    course.assign({"id": "one", "requirements": [value("f()", "2")]}, limits={"seconds": 30})
    course.notebook(cell("# exercise: one\nwhile True: pass", "a"))
    Timer(2, kernel.manager.interrupt_kernel).start()
    begun = time.monotonic()
    assert "KeyboardInterrupt" in "".join(kernel.run("%grade").raised)
    assert time.monotonic() - begun < 30  # as long as the cell could have run
    course.notebook(cell("# exercise: one\ndef f(): return 2", "a"))
    assert "1 / 1 points" in kernel.run("%grade").text


@pytest.mark.slow
def test_the_process_ends_with_the_kernel(tmp_path: Path) -> None:
    manager, client = start_new_kernel(cwd=str(tmp_path))
    Kernel(manager, client).run("%load_ext grader")
    below = psutil.Process(manager.provisioner.pid).children(recursive=True)  # type: ignore[union-attr]
    assert [one for one in below if "grader.kernel.beside" in one.cmdline()]
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    assert psutil.wait_procs(below, timeout=20)[1] == []


# -- in a terminal, the same notebook


def test_the_magics_cost_nothing_where_the_notebook_is_handed_in(run: Command, course: Course) -> None:
    two(course)
    notebook = course.notebook(
        "%load_ext grader\n%grade\nx = 2",
        "\n%%grade one\n# exercise: one\ndef f(): return x",
        "%%grade\n%%time\n# exercise: two\ndef g():\n    raise ValueError",
        "if x:\n    %hint one",
    )
    ended = run("run", course.quiz, notebook, "-v")
    assert "1 / 2 points" in ended.out
    assert "cell 3, line 5" in ended.out, ended.out
    assert "  ! " not in ended.out


# -- the cells as they are now


def run_of(number: int, text: str, cell: str | None = None, time: float | None = None) -> Run:
    return Run(number, text, cell, time)


ONE, TWO = "# exercise: one\nx = 1", "# exercise: two\ny = 1"
NEW = "# exercise: one\nx = 2"


@pytest.mark.parametrize(
    ("runs", "now", "notes"),
    [
        pytest.param([run_of(1, NEW, "a", 60)], [NEW, TWO], ["Cell 1 counts"], id="run after it was saved"),
        pytest.param([run_of(1, NEW, "a", 40)], [ONE, TWO], [], id="saved after it was run"),
        pytest.param([run_of(1, ONE, "u:1", 40), run_of(2, NEW, "u:1", 60)], [NEW, TWO], ["Cell 1"], id="other ids"),
        pytest.param([run_of(8, NEW, None, None)], [NEW, TWO], ["Cell 1"], id="known by its exercise"),
        pytest.param([run_of(3, NEW, None, None)], [ONE, TWO], [], id="saved with the number of the run"),
        pytest.param(
            [run_of(1, NEW), run_of(4, TWO)], [ONE, TWO], [], id="run before one that was saved with its number"
        ),
        pytest.param(
            [run_of(1, NEW, "a", 60), run_of(2, "z = 1", "n", 61), run_of(3, TWO, "b", 62)],
            [NEW, "z = 1", TWO], ["Cells 1, 2 count"], id="a new cell stands behind the one before",
        ),
        pytest.param([run_of(1, "z = 1", "n", 40), run_of(2, ONE, "a", 60)], [ONE, TWO], [], id="deleted and saved"),
        pytest.param([run_of(1, "z = 1", "n", 60)], [ONE, TWO], ["In [1] is of no saved cell."], id="new or changed"),
        pytest.param([run_of(1, ONE, "a", 60), run_of(2, "# all\n%grade", "n", 61)], [ONE, TWO], [], id="our magic"),
    ],
)  # fmt: skip
def test_what_was_run_since_counts(runs: list[Run], now: list[str], notes: list[str]) -> None:
    cells = [{"cell_type": "code", **cell(ONE, "a", 3)}, {"cell_type": "code", **cell(TWO, "b", 4)}]
    saved, runs = json.dumps({"cells": cells}).encode(), [*runs, run_of(99, "%grade", "now", 99)]
    present = present_cells(saved, runs, time=50, began=10, keep_last=False)
    assert present is not None
    assert list(present.texts.values()) == now
    assert len(present.notes) == len(notes)
    assert all(str(said).startswith(start) for said, start in zip(present.notes, notes, strict=True))


def test_all_that_a_kernel_ran_is_newer_where_it_began_later() -> None:
    saved = json.dumps({"cells": [{"cell_type": "code", **cell(ONE, "a", 3)}]}).encode()
    present = present_cells(saved, [run_of(3, NEW)], time=50, began=51, keep_last=False)
    assert present is not None
    assert present.texts == {1: NEW}
    of_page = present_cells(saved, [run_of(7, NEW)], time=float("inf"), began=51, keep_last=False)
    assert of_page is not None
    assert of_page.texts == {1: ONE}  # what the page has now is never older


# -- whose notebook it is


def test_an_assignment_is_found_by_folder_by_name_and_by_exercises(course: Course, tmp_path: Path) -> None:
    text = "format: 1\nid: {0}\ntitle: T\nseed: 1\nexercises:\n- {{id: of-{0}, title: T, manual: {{points: 1}}}}\n"
    for name in ("first", "second"):
        course.write(f"assignments/{name}/assignment.yaml", text.format(name))
    home = course.path / "assignments"
    for notebook, marked, found in (
        (home / "second" / "any.ipynb", [], "second"),
        (home / "first" / "deeper" / "any.ipynb", [], "first"),
        (course.path / "second.ipynb", ["of-first"], "second"),
        (course.path / "second (1).ipynb", [], "second"),
        (course.path / "my.ipynb", ["of-first"], "first"),
    ):
        assert assignment_of(notebook, marked).spec.id == found
    assert assignment_of(course.path / "my.ipynb", [], str(home / "first")) == load_assignment(home / "first")
    with pytest.raises(UsageError, match=r"It cannot be told which assignment my\.ipynb is of: first, second\."):
        assignment_of(course.path / "my.ipynb", [])
