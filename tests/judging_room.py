"""A class with an exercise that a person grades, and its review page served in a thread, over real HTTP."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from conftest import Command, Course

from grader.assignment.load import load_assignment
from grader.batch.gradebook import Gradebook, Row
from grader.batch.kept import Kept
from grader.batch.run import present_rows
from grader.models.judgement import Judgement
from grader.models.wording import ENGLISH, Language
from grader.review.desk import Desk
from grader.review.web import make_app

TOKEN = "a token that nobody guesses"
DOUBLE: dict[str, Any] = {
    "id": "double",
    "points": 2,
    "requirements": [{"kind": "function", "calls": [{"call": "double(randn(3))"}]}],
}
ESSAY: dict[str, Any] = {
    "id": "essay",
    "title": {"en": "On the curve", "ko": "곡선에 대하여"},
    "manual": {
        "points": 5,
        "rubric": [
            {"id": "why", "text": {"en": "says why", "ko": "까닭을 말한다"}, "points": 3},
            {"id": "names", "text": "names overfitting", "points": 2},
            {"id": "axes", "text": "no labels", "points": -1},
        ],
    },
}
RIGHT = "# exercise: double\ndef double(x):\n    return 2 * x\n"
WRONG = RIGHT.replace("2 *", "5 *")


def set_up(course: Course, *exercises: dict[str, Any], **keys: Any) -> Course:
    """The assignment."""
    course.assign(*(exercises or (DOUBLE, ESSAY)), solution=RIGHT, **keys)
    return course


def hand_in(course: Course, folder: str = "class", **sources: str) -> Path:
    """A folder of one notebook per student: a heading of the essay, its text, and code."""
    for name, source in sources.items():
        heading = {"cell_type": "markdown", "source": "## On the curve"}
        text = {"cell_type": "markdown", "source": f"It flattens, says {name}."}
        course.notebook(source, heading, text, name=f"{folder}/{name}.ipynb")
    return course.path / folder


def grade_class(course: Course, run: Command, folder: Path, *options: str | Path) -> Path:
    """Grade a class; gives the batch's folder."""
    out = course.path / "out"
    ended = run("batch", course.quiz, folder, "--out", out, "-j", "1", "--isolation", "none", *options)
    assert ended.code == 0, ended.err
    return out


@contextmanager
def book_of(course: Course) -> Iterator[Gradebook]:
    with Gradebook(course.path / "out" / "gradebook.sqlite", "quiz") as book:
        yield book


def rows_of(course: Course) -> dict[str, Row]:
    with book_of(course) as book:
        return {row.student: row for row in present_rows(load_assignment(course.quiz), book)}


def judge(course: Course, student: str, exercise: str = "essay", base: int = 0, **said: Any) -> Judgement:
    """Say something of a student's exercise, as the page would."""
    sha256 = rows_of(course)[student].attempt.sha256
    judgement = Judgement.model_validate({"author": "kim", "done": True, "sha256": sha256, **said})
    with book_of(course) as book:
        return book.judge(student, exercise, base, judgement)


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Page:
    """A browser without a face: it keeps its cookie, and the word that the pages hold."""

    port: int
    desk: Desk
    cookie: str = ""
    word: str = ""
    codes: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask for something; headers that are empty are not sent."""
        own = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie, "X-Token": self.word}
        if method == "POST":
            own |= {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(
            method, path, None if body is None else json.dumps(body), {k: v for k, v in own.items() if v}
        )
        response = connection.getresponse()
        found = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode())
        connection.close()
        return found

    def enter(self) -> Answer:
        """Open the address that the command shows."""
        answer = self.ask("GET", f"/?token={TOKEN.replace(' ', '%20')}")
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0]
        found = re.search('data-token="([0-9a-f]+)"', self.ask("GET", "/").text)
        self.word = found[1] if found else ""
        return answer

    def save(self, student: str, exercise: str = "essay", base: int = 0, **said: Any) -> Answer:
        """Send what a form has."""
        rows = self.desk.rows()
        code = next(code for code, row in rows.items() if row.student == student)
        body = {"base": base, "sha256": rows[code].attempt.sha256, "done": True, **said}
        return self.ask("POST", f"/s/{code}/{exercise}", body)

    def code(self, student: str) -> str:
        """What stands for a student in addresses."""
        return next(code for code, row in self.desk.rows().items() if row.student == student)

    def path(self, student: str, exercise: str = "essay") -> str:
        return f"/s/{self.code(student)}/{exercise}"


@contextmanager
def served(
    course: Course, author: str = "kim", anonymous: bool = False, language: Language = ENGLISH
) -> Iterator[Page]:
    """The review page of a class that was graded."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    port = sock.getsockname()[1]
    out = course.path / "out"
    with sock, Gradebook(out / "gradebook.sqlite", "quiz") as book:
        desk = Desk(book, load_assignment(course.quiz), Kept(out), author, anonymous)
        app = make_app(desk, language, TOKEN, port)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            yield Page(port, desk)
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def students(number: int) -> Sequence[str]:
    return [f"s{place:03}" for place in range(number)]
