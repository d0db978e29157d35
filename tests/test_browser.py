"""The pages in a real browser, opened from files: nothing acts, nothing is fetched, and the class can be searched."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Course
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from test_report import value

from grader.assignment.load import load_assignment
from grader.batch.gradebook import Attempt, Gradebook
from grader.batch.run import present_checks
from grader.batch.tasks import pack
from grader.cli.batch_pages import write_class
from grader.sandbox.client import Zygote

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no Chromium: install Debian's chromium and chromium-driver"
)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE = 4000
"""Milliseconds that sorting or searching may take, where other tests share the cores; alone it takes a tenth."""
EVIL = "<script>document.title='owned'; fetch('http://192.0.2.1/')</script>"
EVIL_MARKDOWN = (
    f"# Title\n{EVIL}\n<img src=http://192.0.2.1/x.png onerror=\"document.title='owned'\">\n\n"
    f"![x](http://192.0.2.1/y.png) [here](javascript:document.title='owned')\n\n```mermaid\n{EVIL}\n```\n$${EVIL}$$\n"
    "<style>@import 'http://192.0.2.1/x.css'; body {{ display: none }}</style><meta http-equiv=refresh content=0>"
)


class Browser:
    """A headless Chromium that opens files."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))

    def open(self, path: Path, width: int = 1200, dark: bool = False, anchor: str = "") -> None:
        """Open a file on a screen of a width, in light or dark."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
        self.driver.get_log("performance")
        self.driver.get(path.as_uri() + anchor)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function's body returns, run in the page by us."""
        return self.driver.execute_script(script, *arguments)

    def requests(self) -> list[str]:
        """Addresses that were asked for since the page was opened, but for what is in the page itself."""
        entries = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [e["params"]["request"]["url"] for e in entries if e["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith("data:")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.driver.quit()


# -- a student's page


@pytest.fixture
def page(course: Course, run: Command) -> Path:
    """The page on a notebook that tries what it can."""
    course.assign(
        {
            "id": "one",
            "title": EVIL,
            "requirements": [value("f()", "2"), value("g()", "1", id="g")],
        },
        {"id": "two", "requirements": [value("f()", "3")]},
    )
    cell = {
        "source": f"# exercise: one\nprint({EVIL!r})\ndef f(): return {EVIL!r}\ndef g(): raise ValueError({EVIL!r})"
        + "\n# " + "long " * 200,
        "outputs": [
            {"output_type": "display_data", "metadata": {}, "data": {kind: EVIL}}
            for kind in ("text/html", "application/javascript", "image/svg+xml", "text/markdown")
        ],
    }  # fmt: skip
    cells = ({"cell_type": "markdown", "source": EVIL_MARKDOWN}, cell, {"cell_type": "raw", "source": EVIL},
             f"raise RuntimeError({EVIL!r})")  # fmt: skip
    notebook = course.notebook(*cells, name="<img src=x onerror=alert(1)>.ipynb")
    file = course.path / "page.html"
    assert run("run", course.quiz, notebook, "--html", file, "--isolation", "none").code == 1
    return file


def test_a_students_page_does_nothing(browser: Browser, page: Path) -> None:
    browser.open(page)
    time.sleep(0.3)
    assert browser.driver.title != "owned"
    assert browser.requests() == [page.as_uri()]
    assert browser.run("return document.scripts.length + document.images.length") == 0
    assert browser.run("return getComputedStyle(document.body).display") == "block"
    assert EVIL in browser.run("return document.body.innerText")
    for link in browser.run("return Array.from(document.links, (link) => link.href)"):
        assert link.startswith(page.as_uri() + "#")


def test_links_go_both_ways(browser: Browser, page: Path) -> None:
    browser.open(page, anchor="#finding-one-1")
    there = browser.run("return document.querySelector('#finding-one-1 .top a').hash")
    back = browser.run("return Array.from(document.querySelectorAll(arguments[0] + ' .said a'), (a) => a.hash)", there)
    assert "#finding-one-1" in back
    assert browser.run("return document.querySelector(':target').id") == "finding-one-1"


def test_every_line_of_code_is_seen(browser: Browser, page: Path) -> None:
    browser.open(page)
    each = "(one) => [one.textContent, one.getBoundingClientRect().top]"
    boxes = browser.run(f"return Array.from(document.querySelectorAll('#cell-1 .linenos'), {each})")
    numbers, tops = zip(*boxes, strict=True)
    assert [int(number) for number in numbers] == [1, 2, 3, 4, 5]
    assert list(tops) == sorted(set(tops))
    assert browser.run("return document.querySelectorAll('.hll').length") >= 1


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_no_page_is_wider_than_its_screen(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= width


def luminance(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    line = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]


CONTRASTS = """
const ground = (one) => {
  for (; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (!colour.startsWith("rgba(0, 0, 0, 0")) return colour;
  }
};
const texts = "h1, h2, h3, dd, dt, code, a, .soft, .bad, .good, .some, .mistake, .label, .hll > span:not(.linenos)";
return Array.from(document.querySelectorAll(texts))
  .filter((one) => one.textContent.trim() && one.offsetParent)
  .map((one) => [getComputedStyle(one).color, ground(one), one.outerHTML.slice(0, 80)]);
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_can_be_read(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    found = browser.run(CONTRASTS)
    assert len(found) > 10
    assert (luminance(browser.run("return getComputedStyle(document.body).backgroundColor")) < 0.1) is dark
    for ink, ground, where in found:
        light, deep = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (deep + 0.05) >= 4.5, where


# -- a class


@pytest.fixture(scope="module")
def room(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A class of any size, of a few different reports."""
    course = Course(tmp_path_factory.mktemp("room"), zygote)
    course.assign(
        *({"id": f"e{n}", "title": f"Exercise {n}", "requirements": [value(f"f{n}()", "1")]} for n in range(8))
    )
    reports = []
    for right in range(9):
        source = "".join(f"# exercise: e{n}\ndef f{n}(): return {1 if n < right else 2}\n# %%\n" for n in range(8))
        reports.append(pack(course.grade(source, mode="none")))

    @functools.cache
    def call(size: int) -> Path:
        drawn, now = random.Random(size), datetime(2026, 11, 20, tzinfo=UTC)
        out = course.path / f"out-{size}"
        (out / "students").mkdir(parents=True)
        with Gradebook(out / "gradebook.sqlite", "quiz") as book:
            checks = present_checks(load_assignment(course.quiz), book)
            with Session(create_engine(f"sqlite:///{out / 'gradebook.sqlite'}")) as session, session.begin():
                for number in range(size):  # in one transaction, which is faster than the gradebook's own
                    right = drawn.randrange(9)
                    attempt = Attempt(
                        assignment="quiz", student=f"{EVIL if number == 1 else 'student'} {number:05}", name="a.ipynb",
                        sha256=str(number), checks=checks, status="graded" if number else "error",
                        reason="" if number else EVIL, possible=8.0, earned=float(right), report=reports[right],
                        graded=now, seconds=drawn.random(),
                    )  # fmt: skip
                    session.add(attempt)
            write_class(out, book, load_assignment(course.quiz))
        return out / "class.html"

    return call


SEARCH = """
const search = document.getElementById("search");
search.value = arguments[0];
const start = performance.now();
search.dispatchEvent(new Event("input"));
document.body.offsetHeight;
return [performance.now() - start, Array.from(document.querySelectorAll("#students tbody tr:not([hidden])")).length];
"""
SORT = """
const start = performance.now();
document.querySelectorAll("#students th button")[arguments[0]].click();
document.body.offsetHeight;
const took = performance.now() - start;
const rows = Array.from(document.querySelectorAll("#students tbody tr"));
return [took, rows.map((row) => row.cells[arguments[0]].textContent)];
"""


@pytest.mark.parametrize("size", [3, 300, 3000])
def test_a_class_can_be_sorted_and_searched(browser: Browser, room: Callable[[int], Path], size: int) -> None:
    page = room(size)
    browser.open(page)
    assert browser.requests() == [page.as_uri()]
    assert browser.driver.title == f"Quiz · {size} students"
    assert browser.run("return document.querySelector('section h2').textContent").startswith("Errors of the grader")
    assert browser.run("return document.querySelectorAll('svg').length") == 2
    took, names = browser.run(SORT, 0)
    assert names == sorted(names, key=str.casefold)
    assert took < PATIENCE
    took, scores = browser.run(SORT, 2)
    numbers = [float(score) if score != "–" else -1.0 for score in scores]
    assert numbers == sorted(numbers, reverse=True)
    _, scores = browser.run(SORT, 2)
    assert [float(score) if score != "–" else -1.0 for score in scores] == sorted(numbers)
    took, shown = browser.run(SEARCH, "student 00002")
    assert shown == 1
    assert took < PATIENCE
    assert browser.run(SEARCH, "")[1] == size
    select = "const s = document.getElementById('state'); s.value = 'error'; s.dispatchEvent(new Event('change'));"
    browser.run(select)
    assert browser.run("return document.getElementById('count').textContent") == f"1 / {size}"


HEIGHTS = """
return Array.from(document.querySelectorAll("#students tbody tr, .plain tr"), (row) =>
  [row.textContent, row.getBoundingClientRect().height]);
"""


def test_on_a_phone_a_row_is_as_high_as_its_text(browser: Browser, room: Callable[[int], Path]) -> None:
    browser.open(room(40), 390)
    for text, height in browser.run(HEIGHTS):
        assert height <= (100 if EVIL in text else 70), text
    students = [height for text, height in browser.run(HEIGHTS) if "a.ipynb" in text and EVIL not in text]
    assert len(students) == 38
    assert max(students) < 40, "a line, and no more"
    assert browser.run("return document.documentElement.scrollWidth") <= 390


def test_a_large_class_takes_little_room(browser: Browser, room: Callable[[int], Path]) -> None:
    assert room(3000).stat().st_size < 1_000_000


SHOWN = """
const rows = document.querySelectorAll("#students tbody tr:not([hidden])");
return Array.from(rows, (row) => [row.cells[0].textContent, row.cells[2].textContent.trim()]);
"""
CLICK = """
const [kind, share] = arguments, plot = document.querySelector(`svg[data-${kind}]`);
const [left, top, right, bottom] = plot.dataset.box.split(" ").map(Number), whole = plot.getBoundingClientRect();
const clientX = whole.left + whole.width * (left + (right - left) * share);
const clientY = whole.top + whole.height * (top + bottom) / 2;
plot.dispatchEvent(new MouseEvent("click", {clientX, clientY, bubbles: true}));
"""
FOLLOW = """
const links = Array.from(document.querySelectorAll("a[data-check]"));
const link = links.find((one) => one.closest("tr").textContent.includes("e3::"));
link.click();
return link.textContent;
"""


def test_plots_mistakes_and_checks_lead_to_their_students(browser: Browser, room: Callable[[int], Path]) -> None:
    def shown() -> list[str]:
        return sorted(name for name, _ in browser.run(SHOWN))

    browser.open(room(40))
    scores = {name: float(score) for name, score in browser.run(SHOWN) if score != "–"}
    for share, points in ((0.999, 8), (0.51, 4), (0.001, 0)):
        browser.run(CLICK, "bars", share)
        assert shown() == sorted(name for name, score in scores.items() if score == points)
    browser.run(CLICK, "columns", 0.001)
    assert [scores[name] for name in shown()] == [max(scores.values())]
    browser.run("document.getElementById('only').click()")
    assert len(shown()) == 40
    number = int(browser.run(FOLLOW).split()[0])
    assert shown() == sorted(name for name, score in scores.items() if score <= 3)
    assert len(shown()) == number
    assert browser.run("return document.querySelector('header a').hash") == "#table"


def test_a_packed_page_is_the_page(
    browser: Browser, course: Course, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    course.assign({"id": "one", "requirements": [value("f()", "2")]})
    course.notebook(f"# exercise: one\ndef f(): return {EVIL!r}", name="class/ada.ipynb")
    arguments = (
        "batch",
        course.quiz,
        course.path / "class",
        "--out",
        course.path / "out",
        "-j",
        "1",
        "--isolation",
        "none",
    )
    assert run(*arguments).code == 0
    page = course.path / "out" / "students" / "ada.html"
    texts = []
    for large in (300, 0):
        monkeypatch.setattr("grader.cli.batch_pages.LARGE", large)
        assert run(*arguments).code == 0
        assert page.with_suffix(".json").exists() is bool(large)
        browser.driver.get("about:blank")
        browser.open(page, anchor="#finding-one-1")
        time.sleep(0.3)
        texts.append(browser.run("return document.body.innerText"))
        assert browser.run("return document.querySelector('.finding').id") == "finding-one-1"
        assert browser.driver.title.startswith("Quiz")
        assert {url.partition("#")[0] for url in browser.requests()} == {page.as_uri()}
    assert texts[0] == texts[1]
    assert EVIL in texts[0]
    assert page.stat().st_size < 12_000


AXE = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(browser: Browser) -> list[tuple[str, str]]:
    """What axe finds fault with on the page that is open."""
    browser.run(AXE + "; window.axe = axe;")
    found = browser.driver.execute_async_script("axe.run().then(arguments[0])")
    return [(one["id"], node["html"]) for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(browser: Browser, page: Path, room: Callable[[int], Path], dark: bool) -> None:
    for one in (page, room(40)):
        for width in (390, 1280):
            browser.open(one, width, dark=dark)
            assert not violations(browser), one


@pytest.mark.parametrize("width", [360, 1280])
def test_a_class_fits_its_screen(browser: Browser, room: Callable[[int], Path], width: int) -> None:
    browser.open(room(40), width, dark=width > 600)
    assert browser.driver.title == "Quiz · 40 students"
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_links_of_a_class_lead_to_its_students(browser: Browser, course: Course, run: Command) -> None:
    course.assign({"id": "one", "requirements": [value("f()", "2")]})
    for name in ("ada", "a#b?c%20 d", "김민수"):
        course.notebook("# exercise: one\ndef f(): return 2", name=f"class/{name}.ipynb")
    out = course.path / "out"
    assert run("batch", course.quiz, course.path / "class", "--out", out, "-j", "1", "--isolation", "none").code == 0
    browser.open(out / "class.html")
    links = browser.run("return Array.from(document.querySelectorAll('#students a'), (link) => link.href)")
    assert len(links) == 3
    for link in links:
        browser.driver.get(link)
        assert browser.driver.title.startswith("Quiz")
    assert os.listdir(out / "students")
