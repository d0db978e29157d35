"""The review page in a real browser: a class of 300 by keyboard alone, two who judge at once, and nothing that acts."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import Command, Course
from judging_room import (
    DOUBLE,
    ESSAY,
    RIGHT,
    TOKEN,
    WRONG,
    Page,
    book_of,
    grade_class,
    hand_in,
    rows_of,
    served,
    set_up,
    students,
)  # fmt: skip
from test_browser import CHROMIUM, CONTRASTS, DRIVER, EVIL, EVIL_MARKDOWN, Browser, luminance, violations

from grader.assignment.load import load_assignment
from grader.batch.gradebook import Attempt, Gradebook, HandIn
from grader.batch.kept import HANDED_IN
from grader.batch.run import present_checks
from grader.batch.tasks import pack
from grader.sandbox.client import Zygote

pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium: install Debian's chromium and chromium-driver"),
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LISTENER = socket.create_server(("127.0.0.1", 0))
"""Where nobody is to come: `preconnect` is no request, so the browser's own log has nothing of it."""
HOSTILE = (
    f"{EVIL}<link rel=preconnect href=http://127.0.0.1:{LISTENER.getsockname()[1]}>"
    f"<iframe srcdoc='&lt;link rel=preconnect href=http://127.0.0.1:{LISTENER.getsockname()[1]}>'></iframe>"
    "<img src=http://192.0.2.1/x.png onerror=\"top.document.title='owned'\">"
    "<a id=out href=http://192.0.2.1/ target=_top>out</a><meta http-equiv=refresh content='0;url=http://192.0.2.1/'>"
    "<iframe src=/></iframe><form action=/s/x/y method=post><button id=send>send</button></form>"
    "<style>@import 'http://192.0.2.1/x.css'</style><table><tr><td>3.0</table>"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.driver.quit()


@pytest.fixture(scope="module")
def room(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Course]:
    """A class of any size, that was graded: one report, and a notebook for each."""

    def call(size: int, team: Sequence[str] = ()) -> Course:
        course = set_up(Course(tmp_path_factory.mktemp("room"), zygote), DOUBLE, ESSAY)
        heading = {"cell_type": "markdown", "source": "## On the curve"}
        text = {"cell_type": "markdown", "source": EVIL_MARKDOWN.replace("# Title\n", "")}
        data = [{"image/png": PIXEL}, {"text/html": HOSTILE}, {"image/svg+xml": f"<svg>{EVIL}</svg>"}]
        shown = {
            "source": f"# exercise: double\nprint({EVIL!r})\ndef double(x): return 2 * x",
            "outputs": [{"output_type": "display_data", "metadata": {}, "data": one} for one in data],
        }
        curve = {**shown, "source": "print(1)"}
        notebook = course.notebook(shown, heading, curve, text)
        report = pack(course.grade(notebook, mode="none"))
        out = course.path / "out"
        (out / HANDED_IN).mkdir(parents=True)
        (out / "students").mkdir()
        with Gradebook(out / "gradebook.sqlite", "quiz") as book:
            checks = present_checks(load_assignment(course.quiz), book)
            for name in (*students(size), *team):
                sha256 = hashlib.sha256(b"team" if name in team else name.encode()).hexdigest()
                if name in team:
                    book.note(HandIn(student=name, name="a.ipynb", sha256=sha256, group="Team", seen=datetime.now(UTC)))
                (out / HANDED_IN / f"{sha256}.ipynb.gz").write_bytes(gzip.compress(notebook.read_bytes()))
                book.add(
                    Attempt(
                        student=name, name="a.ipynb", sha256=sha256, checks=checks, status="graded", earned=2.0,
                        possible=2.0, report=report, graded=datetime.now(UTC), seconds=1.0, reason="",
                    )
                )  # fmt: skip
        return course

    return call


def enter(browser: Browser, page: Page, path: str = "/") -> None:
    browser.driver.get(f"http://127.0.0.1:{page.port}/?token={TOKEN.replace(' ', '%20')}")
    if path != "/":
        browser.driver.get(f"http://127.0.0.1:{page.port}{path}")


def press(browser: Browser, *keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def wait(browser: Browser, script: str, patience: float = 20) -> Any:
    """What a function's body returns, once it is true."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := browser.run(script):
            return found
        time.sleep(0.01)
    raise AssertionError(f"never: {script}\n{browser.run('return document.body.innerText')}")


def test_three_hundred_by_keyboard_alone(browser: Browser, room: Callable[..., Course]) -> None:
    course = room(300)
    with served(course) as page:
        enter(browser, page)
        press(browser, "n")
        begun = time.monotonic()
        for number, name in enumerate(students(300)):
            wait(browser, f"return document.title.startsWith('{name}:')")
            press(browser, "1" if number % 2 else "12")
            if number % 10 == 0:
                press(browser, "c", f"Well said, {name}.", Keys.ESCAPE)
            if number % 50 == 0:
                press(browser, "b", "0.5", Keys.TAB, f"because of {name}", Keys.ESCAPE)
            press(browser, Keys.ENTER)
        wait(browser, "return location.pathname === '/'")
        took = time.monotonic() - begun
        assert "All are judged." in browser.run("return document.body.innerText")
        with book_of(course) as book:
            said = {student: one["essay"] for student, one in book.judgements().items()}
    assert len(said) == 300
    for number, name in enumerate(students(300)):
        assert set(said[name].items) == ({"why"} if number % 2 else {"why", "names"}), name
        assert said[name].comment == ("" if number % 10 else f"Well said, {name}."), name
        assert (said[name].bonus, said[name].reason) == ((0, "") if number % 50 else (0.5, f"because of {name}")), name
        assert said[name].done
    assert took < 300 * 2


@pytest.fixture(scope="module")
def small(room: Callable[..., Course]) -> Course:
    return room(4)


def test_keys_reach_everything(browser: Browser, small: Course) -> None:
    with served(small) as page:
        enter(browser, page, page.path("s000"))
        press(browser, "?")
        assert browser.run("return document.getElementById('help').open")
        press(browser, Keys.ESCAPE)
        press(browser, "j")
        wait(browser, "return document.title.startsWith('s001')")
        press(browser, "k")
        wait(browser, "return document.title.startsWith('s000')")
        press(browser, "h")
        wait(browser, "return location.pathname.endsWith('/double')")
        press(browser, "p", "1", Keys.ENTER)
        told = wait(
            browser, "const s = document.getElementById('state'); return s.className === 'bad' && s.textContent"
        )
        assert "need a reason" in told
        press(browser, Keys.ESCAPE, "r", "he asked", Keys.ESCAPE)
        wait(browser, "return document.getElementById('state').className === 'good'")
        press(browser, Keys.ENTER)  # where only checks grade, on to the next student
        wait(browser, "return document.title.startsWith('s001')")
        press(browser, "k")
        wait(browser, "return document.title.startsWith('s000')")
        press(browser, "l")
        wait(browser, "return location.pathname.endsWith('/essay')")
        press(browser, Keys.ENTER)  # without an item: 0 points, which has to be said twice
        assert "0 points" in browser.run("return document.getElementById('state').textContent")
        assert "essay" not in rows_of(small)["s000"].said
        press(browser, "g")
        wait(browser, "return location.pathname === '/'")
        assert rows_of(small)["s000"].said["double"].reason == "he asked"


def test_the_other_word_is_shown_and_chosen_from(browser: Browser, small: Course) -> None:
    with served(small) as page, served(small, "lee") as other:
        page.enter()
        enter(browser, page, page.path("s002"))
        other.enter()
        assert other.save("s002", items=["names"], comment="lee was here").status == 200
        press(browser, "1")
        wait(browser, "return !document.getElementById('conflict').hidden")
        shown = browser.run("return document.getElementById('conflict').innerText")
        assert "lee was here" in shown
        press(browser, Keys.TAB, Keys.ENTER)  # mine
        wait(browser, "return document.getElementById('state').className === 'good'")
        assert rows_of(small)["s002"].said["essay"].items == ("why",)
        assert other.save("s002", base=2, items=["axes"], comment="again").status == 200
        press(browser, "2")
        wait(browser, "return !document.getElementById('conflict').hidden")
        press(browser, Keys.ENTER)  # theirs
        wait(browser, "return document.getElementById('conflict').hidden")
        assert browser.run("return document.querySelector('textarea').value") == "again"
        assert rows_of(small)["s002"].said["essay"].items == ("axes",)


def test_what_is_typed_is_nobody_elses_before_it_is_done(browser: Browser, room: Callable[..., Course]) -> None:
    course = room(0, ("ada", "bob"))
    with served(course) as page:
        enter(browser, page, page.path("ada"))
        press(browser, "a", "1", "c", "Ada, your absence", Keys.ESCAPE)
        wait(browser, "return document.getElementById('state').className === 'good'")
        wait(browser, "return !changed()")
        assert {name: list(row.said) for name, row in rows_of(course).items()} == {"ada": ["essay"], "bob": []}
        press(browser, "c", " is excused", Keys.ESCAPE, Keys.ENTER)
        wait(browser, "return location.pathname === '/'")
        both = [row.said["essay"] for row in rows_of(course).values()]
        assert [(one.comment, one.items, one.done) for one in both] == [
            ("Ada, your absence is excused", ("why",), True)
        ] * 2


def test_what_is_not_kept_is_said_and_tried_again(browser: Browser, small: Course) -> None:
    with served(small) as page:
        enter(browser, page, page.path("s003"))
        browser.run("window.real = fetch; window.fetch = () => Promise.reject(new Error('gone'))")
        press(browser, "2")
        wait(browser, "return document.getElementById('state').className === 'bad'")
        browser.run("window.fetch = window.real")
        wait(browser, "return document.getElementById('state').className === 'good'")
        assert rows_of(small)["s003"].said["essay"].items == ("names",)
        for status, again in ((500, True), (403, False)):
            answer = f"Promise.resolve(new Response('told {status}', {{status: {status}}}))"
            browser.run(f"window.fetch = () => {answer}")
            press(browser, "1")
            told = wait(
                browser,
                f"const s = document.getElementById('state').textContent; return s.includes('told {status}') && s",
            )
            assert ("It is tried again." in told) is again
            browser.run("window.fetch = window.real")
            if not again:
                press(browser, "3")
            wait(browser, "return document.getElementById('state').className === 'good'")


def test_a_number_is_taken_as_it_is_written_or_not_at_all(browser: Browser, small: Course) -> None:
    with served(small) as page:
        enter(browser, page, page.path("s001", "double"))
        press(browser, "r", "asked for", Keys.ESCAPE, "p", "1x", Keys.ESCAPE)
        wait(browser, "return document.getElementById('state').textContent.includes('That is no number: 1x')")
        assert rows_of(small)["s001"].said["double"].points is None
        press(browser, "p", Keys.BACKSPACE, ",5", Keys.ESCAPE)
        wait(browser, "return document.getElementById('state').className === 'good'")
        assert rows_of(small)["s001"].said["double"].points == 1.5


def test_nothing_of_a_students_acts(browser: Browser, small: Course) -> None:
    with served(small) as page:
        enter(browser, page)
        browser.requests()
        browser.driver.get(f"http://127.0.0.1:{page.port}{page.path('s001')}")
        browser.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
        assert browser.run("return document.querySelectorAll('iframe').length") == 0
        browser.run("document.querySelectorAll('button.show').forEach((one) => one.click())")
        frames = browser.driver.find_elements("tag name", "iframe")
        assert len(frames) == 2
        for frame in frames:
            browser.run("arguments[0].scrollIntoView()", frame)
            time.sleep(0.3)
            browser.driver.switch_to.frame(frame)
            assert browser.driver.find_element("tag name", "td").text == "3.0"
            for name in ("send", "out"):
                browser.driver.find_element("id", name).click()
            browser.driver.switch_to.default_content()
        time.sleep(0.5)
        LISTENER.setblocking(False)
        with pytest.raises(BlockingIOError):
            LISTENER.accept()
        assert "owned" not in browser.driver.title
        own = f"http://127.0.0.1:{page.port}"
        asked = [url for url in browser.requests() if not url.startswith("about:")]
        assert {url.removeprefix(own) for url in asked} == {page.path("s001"), "/review.js"}
        loaded = "return Array.from(document.images, (one) => one.complete && one.naturalWidth)"
        assert 1 in browser.run(loaded)


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_can_be_read_on_any_screen(browser: Browser, small: Course, width: int, dark: bool) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    with served(small) as page:
        for path in ("/", page.path("s001"), page.path("s001", "-")):
            enter(browser, page, path)
            browser.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
            browser.run("document.querySelectorAll('button.show').forEach((one) => one.click())")
            assert browser.run("return document.documentElement.scrollWidth") <= width
            found = browser.run(CONTRASTS.replace('"h1,', '"button, label, legend, summary, .button, kbd, h1,'))
            assert len(found) > 5
            for ink, ground, where in found:
                light, deep = sorted((luminance(ink), luminance(ground)), reverse=True)
                assert (light + 0.05) / (deep + 0.05) >= 4.5, where
            assert not violations(browser), path
        unlabelled = """return Array.from(document.querySelectorAll("input, textarea"))
            .filter((one) => !one.labels.length).length"""
        assert browser.run(unlabelled) == 0


def test_an_afternoon_comes_out_in_the_same_numbers_everywhere(browser: Browser, course: Course, run: Command) -> None:
    """By keyboard, with another who judges, and a student who hands in again; then feedback, tables and platforms."""
    set_up(course, DOUBLE, ESSAY, grading={"late": {"per_day": 0.1}, "attempts": "last", "due": "2026-11-01T00:00Z"})
    sources = {
        f"s{n}_{'' if n % 2 else 'LATE_'}{n}_{10 + n}_quiz": f"{RIGHT if n % 3 else WRONG}# {n}" for n in range(6)
    }
    folder = hand_in(course, **sources)
    out = grade_class(course, run, folder)
    comment = f"**Well** $x_1 * x_2 * x_3$ <b>raw</b> {EVIL} [go](javascript:alert(1)) 한글"
    with served(course) as page, served(course, "lee") as other:
        other.enter()
        enter(browser, page)
        press(browser, "n")
        for number in range(5):
            student = wait(browser, f"return document.title.startsWith('s{number} ') && 's{number}_{number}'")
            if number == 2:
                assert other.save("s5_5", items=["names"], comment="by lee").status == 200
                hand_in(course, s0_LATE_0_20_quiz=f"{RIGHT}# again")
                grade_class(course, run, folder)
            press(browser, "1" if number % 2 else "13", "c", comment, Keys.ESCAPE)
            if number == 4:
                press(browser, "b", "0.5", Keys.TAB, f"for {student}", Keys.ESCAPE)
            press(browser, Keys.ENTER)
        wait(browser, "return document.title.startsWith('s0 ')")  # it is another submission by now
        press(browser, Keys.ENTER)
        wait(browser, "return location.pathname === '/'")
    assert run("release", out, "--assignment", course.quiz).code == 0
    tables = {}
    for form in ("csv", "canvas"):
        read = csv.DictReader(io.StringIO(run("export", course.quiz, "--out", out, "--format", form).out))
        tables[form] = list(read)
    scores = {f"{row['Student']}_{row['ID']}": row["Quiz"] for row in tables["canvas"] if row["ID"]}
    assert scores == {"s0_0": "3.6", "s1_1": "5", "s2_2": "3.6", "s3_3": "3", "s4_4": "4.05", "s5_5": "4"}
    for row in tables["csv"]:
        student = row["student"]
        assert row["score"] == scores[student] == f"{rows_of(course)[student].credited:g}"
        for place in ("feedback", "students"):
            text = (out / place / f"{student}.html").read_text()
            plain = " ".join(re.sub("<[^>]*>", " ", text).split())
            assert f"{row['score']} / 7 points" in plain, place
            assert f"Double {row['double']} / 2" in plain, place
            assert f"On the curve {row['essay']} / 5" in plain, place
            assert ("by lee" in plain) is (student == "s5_5"), place
            assert ("$x_1 * x_2 * x_3$ &lt;b&gt;raw&lt;/b&gt;" in text) is (student != "s5_5"), place
            assert not re.search("<script|javascript:", text), place
