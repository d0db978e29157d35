"""The review page over HTTP: who may use it, what it keeps, and what it shows of what strangers wrote."""

from __future__ import annotations

import base64
import html
import os
import re
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import GRADE, Command, Course
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
)

from grader.cli.app import run as run_command
from grader.cli.reviewing import _bound
from grader.models.judgement import MAX_COMMENT
from grader.models.wording import Language
from grader.report.notebook import MAX_MARKDOWN
from grader.review.guard import cookie_token, page_token
from grader.sandbox.client import Zygote
from grader.submission.outputs import MAX_IMAGE, read_outputs

pytestmark = pytest.mark.xdist_group("review")  # the class is graded once, in one process

EVIL = "<script>document.title='owned'</script>"
MIXED: dict[str, Any] = {**DOUBLE, "id": "mixed", "manual": {"points": 2}}


@pytest.fixture(scope="module")
def graded(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class that was graded once for all tests; each has a student of its own to judge."""
    course = set_up(Course(tmp_path_factory.mktemp("graded"), zygote), DOUBLE, ESSAY)
    folder = hand_in(course, ada=RIGHT, bob=WRONG, cleo=RIGHT, dan=f"{RIGHT}print({EVIL!r})", eve=RIGHT)
    page = (
        "<LINK rel=preconnect href=//x.org><meta http-equiv=refresh content='0;url=//x.org'>"
        "<iframe srcdoc='&lt;link rel=preconnect href=//x.org>'></iframe><table><tr><td>3.0</table>"
    )
    shown = {"source": RIGHT, "outputs": [display(text_html=page)]}
    course.notebook(shown, {"cell_type": "markdown", "source": "## On the curve"}, name="class/fay.ipynb")
    arguments = ["batch", course.quiz, folder, "--out", course.path / "out", "-j", "1", "--isolation", "none"]
    assert run_command([str(one) for one in arguments], zygote) == 0
    return course


@pytest.fixture(scope="module")
def page(graded: Course) -> Iterator[Page]:
    with served(graded) as opened:
        opened.enter()
        yield opened


# -- who may use it


def test_only_who_has_the_token_gets_in(page: Page) -> None:
    stranger = Page(page.port, page.desk)
    assert stranger.ask("GET", "/").status == 403
    assert stranger.ask("GET", "/review.js").status == 403
    assert stranger.ask("GET", "/?token=wrong").status == 403
    assert stranger.ask("GET", "/", Cookie=f"grade-review-{page.port}=wrong").status == 403
    entered = stranger.enter()
    assert (entered.status, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.ask("GET", "/").status == 200
    assert TOKEN not in entered.headers["set-cookie"]  # which a browser sends to other ports, too


def test_another_sites_page_gets_nowhere(page: Page) -> None:
    assert page.ask("GET", "/", Host="evil.example").status == 403  # a name that was made to stand for this machine
    path, body = page.path("ada"), {"base": 0, "sha256": "x"}
    assert page.ask("POST", path, body, X_Token="").status == 403
    assert page.ask("POST", path, body, X_Token="wrong").status == 403
    assert page.ask("POST", path, body, Origin="http://evil.example").status == 403
    assert page.ask("POST", path, body, Origin="").status == 403


def test_a_page_may_run_its_own_script_alone(page: Page) -> None:
    answer = page.ask("GET", page.path("dan"))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("<script") == 1
    assert page.cookie.partition("=")[2] not in answer.text


def test_the_door_is_private_and_stays_where_it_was(tmp_path: Path) -> None:
    door, sock = _bound(tmp_path / ".review", None)
    assert stat.S_IMODE(os.stat(tmp_path / ".review").st_mode) == 0o600
    other, beside = _bound(tmp_path / ".review", None)  # while the first one is open
    assert (other.token != door.token, other.port != door.port) == (True, True)
    assert sock.getsockname()[0] == "127.0.0.1"
    sock.close()
    beside.close()
    again, sock = _bound(tmp_path / ".review", None)
    assert again == other
    sock.close()


def start(course: Course, *options: str) -> tuple[subprocess.Popen[str], str]:
    """The command, and the address that it shows."""
    command = [GRADE, "review", str(course.path / "out"), "--as", "kim", *options]
    process = subprocess.Popen(command, cwd=course.path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, next(line.strip() for line in process.stdout if line.startswith("http"))


@pytest.mark.slow
def test_each_who_judges_has_a_door_of_their_own(graded: Course, interruptible: None) -> None:
    kim, first = start(graded)
    lee, second = start(graded, "--as", "lee")
    for process in (kim, lee):
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert re.split("[:=]", first)[2:] != re.split("[:=]", second)[2:]
    for author, address in (("lee", second), ("kim", first)):
        process, again = start(graded, "--as", author)
        process.kill()
        process.wait()
        assert again == address


@pytest.mark.slow
def test_who_has_a_page_open_goes_on_after_a_kill(graded: Course, interruptible: None) -> None:
    process, address = start(graded)
    port, token = re.findall(r"127.0.0.1:(\d+)/\?token=(.+)", address)[0]
    with served(graded) as other:
        page = Page(int(port), other.desk)
        page.cookie = f"grade-review-{port}={cookie_token(token)}"
        page.word = page_token(token)
        assert page.save("eve", items=["why"]).status == 200
        process.kill()
        process.wait()
        with pytest.raises(OSError, match="refused"):
            page.save("eve", base=1, items=["names"])
        process, again = start(graded)
        assert again == address
        assert page.save("eve", base=1, items=["names"]).json()["revision"] == 2
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert "names overfitting" in (graded.path / "out" / "students" / "eve.html").read_text()  # written anew at the end


def test_a_folder_without_a_class_is_refused(graded: Course, run: Command, tmp_path: Path) -> None:
    for options in ((tmp_path,), (graded.path / "out", "--assignment", "nothing"), (graded.path / "out",)):
        ended = run("review", *options)
        assert (ended.code, "Traceback" in ended.err) == (2, False)
    assert "Give its folder with --assignment." in ended.err


# -- what it keeps


def test_what_is_said_is_kept_at_once(graded: Course, page: Page) -> None:
    saved = page.save("ada", items=["why", "axes"], comment="**Label** the axes <b>", done=False)
    assert (saved.status, saved.json()["standing"], saved.json()["revision"]) == (200, "draft", 1)
    assert "<strong>Label</strong>" in saved.json()["comment"]
    assert "<b>" not in saved.json()["comment"]
    assert rows_of(graded)["ada"].open == 5
    done = page.save("ada", base=1, items=["why", "axes"], comment="**Label** the axes <b>").json()
    (essay,) = page.desk.progress(page.desk.rows())
    assert (done["standing"], done["score"], done["judged"]) == ("judged", "2 / 5", essay.judged)
    assert rows_of(graded)["ada"].earned == 4
    with book_of(graded) as book:
        assert [(said.author, said.done) for said in book.history("ada", "essay")] == [("kim", False), ("kim", True)]
    assert "Label** the axes" in page.ask("GET", page.path("ada")).text


def test_a_later_word_does_not_go_over_an_earlier_one(graded: Course, page: Page) -> None:
    assert page.save("bob", items=["names"]).status == 200
    with served(graded, "lee") as other:
        other.enter()
        late = other.save("bob", items=["why"], comment="mine")
        assert late.status == 409
        assert (late.json()["last"]["author"], late.json()["last"]["items"]) == ("kim", ["names"])
        assert other.save("bob", base=1, items=["why"], comment="mine").status == 200
    assert [said.author for said in page.desk.history(rows_of(graded)["bob"], "essay")] == ["lee", "kim"]
    assert page.save("bob", base=1, items=["names"]).status == 409


@pytest.mark.parametrize(
    ("exercise", "said", "reason"),
    [
        ("essay", {"items": ["nothing"]}, "no item nothing"),
        ("essay", {"points": 6, "reason": "x"}, "At most 5 points"),
        ("essay", {"points": 4}, "need a reason"),
        ("double", {"points": 1}, "need a reason"),
        ("double", {"points": 3, "reason": "x"}, "At most 2 points"),
        ("double", {"bonus": 1, "reason": " "}, "need a reason"),
        ("-", {"points": 1, "reason": "x"}, "bonus to the whole"),
        ("essay", {"points": -1}, "greater than or equal to 0"),
        ("essay", {"bonus": 1e9}, "less than or equal to"),
        ("essay", {"comment": "x" * 15_000}, "at most 10000"),
        ("essay", {"colour": "red"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_not_kept(
    graded: Course, page: Page, exercise: str, said: dict[str, Any], reason: str
) -> None:
    answer = page.save("cleo", exercise, **said)
    assert answer.status == 422
    assert reason in answer.json()["said"]
    assert not rows_of(graded)["cleo"].said


def test_a_comment_is_one_that_every_database_takes(page: Page) -> None:
    saved = page.save("fay", comment="a\0b **c** " + "d" * 9_000, done=False).json()
    assert saved["comment"].startswith("<p>ab <strong>c")
    assert MAX_COMMENT <= MAX_MARKDOWN


def test_a_gradebook_that_fails_is_said(graded: Course, page: Page) -> None:
    with sqlite3.connect(graded.path / "out" / "gradebook.sqlite") as book:
        book.execute("ALTER TABLE words RENAME TO gone")
        book.commit()
        answer = page.ask("POST", "/s/x/essay", {"base": 0, "sha256": ""})
        book.execute("ALTER TABLE gone RENAME TO words")
        book.commit()
    assert (answer.status, "The gradebook cannot be used" in answer.json()["said"]) == (503, True)


def test_what_was_looked_at_is_another_by_now(graded: Course, page: Page) -> None:
    answer = page.ask("POST", page.path("cleo"), {"base": 0, "sha256": "0" * 64, "done": True})
    assert (answer.status, "open this page anew" in answer.json()["said"]) == (410, True)
    assert page.ask("POST", "/s/nobody/essay", {"base": 0, "sha256": ""}).status == 404
    assert page.ask("GET", page.path("cleo", "nothing")).status == 404
    assert page.ask("POST", page.path("cleo"), {"base": 0, "comment": "x" * 300_000}).status == 413


@pytest.mark.slow
def test_an_open_page_sees_what_a_batch_does(course: Course, run: Command) -> None:
    """An earlier file that comes again, and another due date, are no new results."""
    set_up(course, grading={"attempts": "last", "due": "2026-11-30T23:59+00:00"})
    first, second = hand_in(course, "first", ada=RIGHT), hand_in(course, "second", ada=WRONG)
    grade_class(course, run, first)
    with served(course) as page:
        (row,) = page.desk.rows().values()
        grade_class(course, run, second)
        grade_class(course, run, first)
        page.enter()
        assert [one.attempt.sha256 for one in page.desk.rows().values()] == [row.attempt.sha256]
        assert page.save("ada", items=["why"]).status == 200
        grade_class(course, run, second)
        assert page.desk.standing(page.desk.rows()[page.code("ada")], "essay") == "again"
        extensions = course.write("extensions.csv", "student,due\nada,2026-12-24T00:00+00:00\n")
        grade_class(course, run, second, "--extensions", extensions)
        assert [str(one.due) for one in page.desk.rows().values()] == ["2026-12-24 00:00:00+00:00"]


def test_the_next_one_is_one_that_nobody_else_looks_at(graded: Course, page: Page) -> None:
    rows = page.desk.rows()
    codes = {row.student: code for code, row in rows.items()}
    with served(graded, "lee") as other:
        other.enter()
        other.ask("GET", other.path("cleo"))
    assert page.desk.next_of(rows, "essay", codes["bob"]) == codes["dan"]
    assert "lee is looking at this, too." in page.ask("GET", page.path("cleo")).text
    moved = page.ask("GET", f"/next/essay?after={codes['bob']}")
    assert (moved.status, moved.headers["location"]) == (303, f"/s/{codes['dan']}/essay")


# -- what it shows


def test_an_exercise_is_shown_with_its_own_cells(page: Page) -> None:
    shown = page.ask("GET", page.path("cleo")).text
    before, _, others = shown.partition('<details class="others">')
    assert "It flattens, says cleo." in shown.replace(others.partition("</details>")[0], "")
    assert "def</span>" in others.partition("</details>")[0]
    assert "says why" in before + others
    failed = page.ask("GET", page.path("bob", "double")).text
    assert 'class="finding failed"' in failed


def test_nobody_has_a_name_where_it_is_anonymous(graded: Course) -> None:
    with served(graded, anonymous=True) as page:
        page.enter()
        everything = page.ask("GET", "/").text
        codes = list(page.desk.rows())
        assert codes == sorted(codes)
        for code in codes:
            everything += page.ask("GET", f"/s/{code}/double").text
        texts = re.sub(r"It flattens, says \w+", "", everything)  # which is the student's own
        for name in ("ada", "bob", "cleo", "dan", "eve"):
            assert not re.search(rf"\b{name}\b", texts)


def test_it_speaks_korean(graded: Course) -> None:
    with served(graded, language=Language.of("ko")) as page:
        page.enter()
        shown = page.ask("GET", page.path("cleo")).text
        assert 'lang="ko"' in shown
        for said in ("곡선에 대하여", "까닭을 말한다", "채점 기준", "다음 학생"):
            assert said in shown


@pytest.mark.slow
def test_what_is_said_of_a_group_is_said_of_those_who_are_named(course: Course, run: Command) -> None:
    set_up(course)
    place = course.path / "class" / "submission_1"
    place.mkdir(parents=True)
    (hand_in(course, "one", x=RIGHT) / "x.ipynb").rename(place / "quiz.ipynb")
    people = [{":name": name, ":sid": name, ":email": name} for name in ("ada", "bob", "cleo")]
    metadata = {"submission_1": {":submitters": people, ":created_at": "2026-11-01 10:00:00 +0000"}}
    (course.path / "class" / "submission_metadata.yml").write_text(yaml.safe_dump(metadata))
    grade_class(course, run, course.path / "class")
    with served(course) as page:
        page.enter()
        bob, cleo = page.code("bob"), page.code("cleo")

        def said() -> dict[str, str | None]:
            return {name: one.said["essay"].comment if one.said else None for name, one in rows_of(course).items()}

        shown = page.ask("GET", page.path("ada")).text
        for other in (bob, cleo):
            assert f'name="group" value="{other}" data-revision="0">' in shown  # and not ticked
        assert page.save("ada", comment="Ada, your absence", done=False).status == 200
        assert said() == {"ada": "Ada, your absence", "bob": None, "cleo": None}
        kept = page.save("ada", base=1, items=["why"], comment="Good", group={bob: 0})
        assert kept.json()["group"] == {bob: 1, cleo: 0}
        assert page.save("ada", base=2, items=["why"], comment="Good", group={cleo: 0}).json()["revision"] == 2
        assert said() == dict.fromkeys(("ada", "bob", "cleo"), "Good")
        assert page.save("bob", base=1, items=["names"], comment="Bob").status == 200
        assert page.ask("GET", page.path("ada")).text.count("something else is said") == 1
        late = page.save("ada", base=2, comment="Better", group={bob: 1, cleo: 1})
        assert (late.status, late.json()["said"]) == (422, "Something else was said of bob (bob) in between.")
        assert said() == {"ada": "Good", "bob": "Bob", "cleo": "Good"}
        assert page.save("ada", base=2, comment="Better", group={bob: 2, cleo: 1}).status == 200
        assert said() == dict.fromkeys(("ada", "bob", "cleo"), "Better")
        assert page.save("ada", base=3, group={page.code("ada"): 3}).status == 410


# -- outputs


def outputs(course: Course, *given: dict[str, Any]) -> list[tuple[str, str]]:
    path = course.notebook({"source": "1", "outputs": list(given)})
    return [(one.kind, one.content) for one in read_outputs(path).get(1, ())]


def display(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("_", "/"): v for k, v in data.items()}}


def test_outputs_are_read_as_what_they_are(course: Course) -> None:
    png = base64.b64encode(b"picture").decode()
    assert outputs(
        course,
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\x1b[31m"]},
        display(image_png=f"{png[:4]}\n{png[4:]}", text_plain="<Figure>"),
        display(text_html=["<b>", EVIL], text_plain="told"),
        display(**{"application_vnd.x": {"a": 1}}),
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE: v"]},
    ) == [
        ("text", "a\nb"), ("image", f"data:image/png;base64,{png}"), ("text", "told"), ("html", f"<b>{EVIL}"),
        ("left out", "application/vnd.x"), ("text", "E: v"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        display(image_png='" onerror="alert(1)'), display(image_png="A" * (MAX_IMAGE + 4)),
        display(text_html="x" * 600_000), display(image_png={"a": "b"}),
    ],
)  # fmt: skip
def test_what_is_no_image_or_too_large_is_left_out(course: Course, given: dict[str, Any]) -> None:
    ((kind, content),) = outputs(course, given)
    assert kind == "left out"
    assert len(content) < 100


@pytest.mark.parametrize("given", [None, 3, [1, None], [{"output_type": "stream"}], [{"output_type": 1, "data": 2}]])
def test_outputs_of_any_form_are_borne(course: Course, given: Any) -> None:
    read_outputs(course.notebook({"source": "1", "outputs": given}))


def test_a_drawing_is_an_image_in_which_nothing_runs(course: Course) -> None:
    ((kind, content),) = outputs(course, display(**{"image_svg+xml": f"<svg>{EVIL}</svg>"}))
    assert (kind, content.partition(",")[0]) == ("drawing", "data:image/svg+xml;base64")


def drawn(*parts: str) -> str:
    inside = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'


def tower(floors: int, tag: str = "g") -> str:
    """Each floor refers to the one below it ten times."""
    each = (f'<{tag} id="a{n}">' + f'<use xlink:href="#a{n - 1}"/>' * 10 + f"</{tag}>" for n in range(1, floors + 1))
    return drawn('<rect id="a0" width="9" height="9"/>', *each)


@pytest.mark.parametrize(
    "drawing",
    [
        tower(9), tower(9, "clipPath"), drawn('<use href="#a" id="a"/>'), drawn("<filter/>"), drawn("<a:pattern/>"),
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + drawn("&b;"), drawn("<g"), "<svg/>" * 2,
        drawn('<g style="filter : blur(99px)"/>'), drawn("<style>g { clip-path: url(#a) }</style>"),
        drawn('<g clip-path="\\75rl(#a)"/>'), drawn("<g>" * 60_000, "</g>" * 60_000),
        drawn(*(f'<g id="a{n}" clip-path="url(#a{n - 1})" mask="url( \'#a{n - 1}\' )"/>' for n in range(1, 40))),
    ],
)  # fmt: skip
def test_what_a_browser_would_hang_on_is_left_out(course: Course, drawing: str) -> None:
    assert outputs(course, display(**{"image_svg+xml": drawing, "text_plain": "a plot"})) == [
        ("text", "a plot"), ("left out", "image/svg+xml"),
    ]  # fmt: skip


def test_a_plot_refers_to_its_own_letters(course: Course) -> None:
    head = '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x.org/svg11.dtd">\n'
    label = "<text font='\"A\", &apos;B&apos;'>\\alpha</text></svg>"
    plot = head + tower(3).replace("</svg>", label)
    assert outputs(course, display(**{"image_svg+xml": plot}))[0][0] == "drawing"
    assert outputs(course, display(text_html=f"<table>{tower(9)}"))[0][0] == "left out"


def test_html_is_shown_when_it_is_asked_for_and_reaches_nothing(graded: Course, page: Page) -> None:
    """Nothing forbids `preconnect`, so it must not be there."""
    shown = page.ask("GET", page.path("fay"))
    assert "<iframe" not in shown.text
    (document,) = re.findall('data-document="([^"]+)"', shown.text)
    assert "<td>3.0" in html.unescape(document)
    assert not re.search("<(link|iframe|meta http-equiv=refresh)", html.unescape(document), re.IGNORECASE)
    assert shown.headers["x-dns-prefetch-control"] == "off"


def test_a_script_has_no_outputs(course: Course) -> None:
    assert read_outputs(course.write("a.py", "1")) == {}
    assert read_outputs(course.write("a.ipynb", "no JSON")) == {}
