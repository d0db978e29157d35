"""Kills a batch and a review page again and again while a class is graded and judged, and looks for what got lost.

    python bench/bench_judged_kills.py [KILLS] [SUBMISSIONS]

Each SIGKILL hits the batch, one of its workers, or the process that serves the page; what was hit is started again, and
a batch that is done grades the class again by other points. Meanwhile somebody judges, and sends again what was not
answered, as the page does. At the end everything that was said as saved must be in the gradebook, once, in its order;
and the results must be those of a batch that nothing disturbed.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from a_class import ROOT  # noqa: F401 (finds the tests' modules, too)
from bench_kills import compare
from gradebooks import results
from judging_room import DOUBLE, ESSAY, RIGHT, WRONG, students

from grader.batch.gradebook import Gradebook
from grader.review.guard import cookie_token

GRADE = [sys.executable, "-m", "grader.cli"]
GONE = (OSError, http.client.HTTPException, ValueError)
"""What a request ends with while no page is served, or the one that was is killed."""


def write_class(home: Path, size: int) -> None:
    """An assignment with an essay, and a class that answers it."""
    for place, name in enumerate(students(size)):
        file = home / "class" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{RIGHT if place % 3 else WRONG}# {name}\n")


def write_spec(home: Path, points: int) -> None:
    """The assignment, with so many points for what is checked: another number is another state of the checks."""
    folder = home / "assignments" / "quiz"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "solution.py").write_text(RIGHT)
    exercises = [{**DOUBLE, "title": "Double", "points": points}, ESSAY]
    spec = {"format": 1, "id": "quiz", "title": "Quiz", "solution": "solution.py", "exercises": exercises}
    beside = folder / "new"
    beside.write_text(json.dumps(spec))
    beside.replace(folder / "assignment.yaml")


class Judge(threading.Thread):
    """Somebody who judges without a rest.

    Attributes:
        number: of the word that is being said.
        saved: what was said as saved, by student, in order.
    """

    def __init__(self, out: Path) -> None:
        super().__init__(daemon=True)
        self.number = 0
        self.saved: dict[str, list[str]] = {}
        self.failed: list[str] = []
        self.unanswered = 0
        self.over = threading.Event()
        self._out = out
        self._drawn = random.Random(1)

    def run(self) -> None:
        while not self.over.is_set():
            try:
                codes = self._codes()
            except GONE:
                time.sleep(0.05)
                continue
            for _ in range(20):
                student = self._drawn.choice(sorted(codes))
                self.number += 1
                self._say(codes[student], student, f"word {self.number}")
                if self.over.is_set():
                    return

    def _say(self, path: str, student: str, word: str) -> None:
        """Say something until it is answered."""
        while not self.over.is_set():
            try:
                found = self._ask("GET", path)
                [form] = re.findall('data-form="([^"]+)"', found)
                self._send(path, student, word, json.loads(form.replace("&#34;", '"')))
                return
            except GONE:
                time.sleep(0.05)

    def _send(self, path: str, student: str, word: str, form: dict[str, Any]) -> None:
        """Send one form until it is answered; nobody else judges, so that nothing can come in between."""
        while not self.over.is_set():
            try:
                told = json.loads(self._ask("POST", path, {**form, "comment": word, "items": ["why"], "done": True}))
            except GONE:
                self.unanswered += 1
                time.sleep(0.05)
                continue
            if told.get("text") == word:
                self.saved.setdefault(student, []).append(word)
            else:
                self.failed.append(f"{student} {word}: {told}")
            return

    def _codes(self) -> dict[str, str]:
        found = re.findall(
            r'aria-label="(s\d+): The essay|<a href="(/s/\w+/essay)"[^>]*aria-label="(s\d+):', self._ask("GET", "/")
        )
        return {student: path for _, path, student in found if path}

    def _ask(self, method: str, path: str, body: Any = None) -> str:
        [file] = self._out.glob(".review-*")
        door = json.loads(file.read_text())
        host = f"127.0.0.1:{door['port']}"
        headers = {"Host": host, "Cookie": f"grade-review-{door['port']}={cookie_token(door['token'])}"}
        if body is not None:
            [word] = set(re.findall('data-token="([0-9a-f]+)"', self._ask("GET", path)))
            headers |= {"Origin": f"http://{host}", "X-Token": word}
        connection = http.client.HTTPConnection(host, timeout=20)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def main() -> None:
    """Kill, look, and print."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    drawn = random.Random(0)
    hit: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        write_class(home, size)
        write_spec(home, points := 2)
        out = home / "out"

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [*GRADE, *arguments], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

        def batch(where: Path = out) -> subprocess.Popen[bytes]:
            return start("batch", "quiz", "class", "--out", str(where), "--regrade", "--seed", "7", "-j", "1")

        def review() -> subprocess.Popen[bytes]:
            return start("review", str(out), "--as", "kim")

        running = {"batch": batch()}
        while not (out / "gradebook.sqlite").exists() or not any((out / "students").glob("*.html")):
            time.sleep(0.1)
        running["review"] = review()
        judge = Judge(out)
        judge.start()
        rounds = 1
        while hit.total() < kills:
            time.sleep(drawn.uniform(0.2, 3))
            if drawn.random() < 0.5:  # not only while they start, which takes long on a busy machine
                told, since = judge.number, time.monotonic()
                size_then = (out / "events.jsonl").stat().st_size
                while time.monotonic() < since + 20 and all(one.poll() is None for one in running.values()):
                    if judge.number > told + 1 and (out / "events.jsonl").stat().st_size > size_then + 500:
                        break
                    time.sleep(drawn.uniform(0.02, 0.2))
            victim = drawn.choice(("batch", "worker", "review"))
            process = running["review" if victim == "review" else "batch"]
            with suppress(psutil.Error, IndexError):
                if victim == "worker":
                    drawn.choice(
                        [c for c in psutil.Process(process.pid).children() if "spawn_main" in " ".join(c.cmdline())]
                    ).kill()
                    hit[victim] += 1
                elif process.poll() is None:
                    process.kill()
                    process.wait()
                    hit[victim] += 1
            if running["review"].poll() is not None:
                running["review"] = review()
            if running["batch"].poll() is not None:
                if running["batch"].returncode == 0:  # done before it was hit
                    rounds += 1
                    write_spec(home, points := points + 1)
                running["batch"] = batch()
        running["batch"].wait()
        time.sleep(2)
        assert judge.is_alive()
        judge.over.set()
        judge.join(timeout=60)
        running["review"].kill()
        running["review"].wait()
        for where in (out, home / "whole"):
            assert batch(where).wait() == 0
        compare(results(out), results(home / "whole"))
        assert judge.saved
        assert not judge.failed, judge.failed[:5]
        with Gradebook(out / "gradebook.sqlite", "quiz") as book:
            for student, words in judge.saved.items():
                history = book.history(student, "essay")
                kept = [said.comment for said in history]
                assert [said.revision for said in history] == list(range(1, len(history) + 1)), student
                assert len(kept) == len(set(kept)), f"{student}: {kept} twice"
                assert [word for word in kept if word in set(words)] == words, f"{student}: {words} and {kept}"
                assert len(kept) <= len(words) + 1, f"{student}: {kept}, and {words} were said"
    said = ", ".join(f"{number} of a {who}" for who, number in sorted(hit.items()))
    words = sum(map(len, judge.saved.values()))
    print(f"{hit.total()} kills ({said}) in {rounds} gradings of {size}; {judge.unanswered} requests got no answer")
    print(f"{words} judgements were said as saved: all are kept, none twice, and the results are the same")


if __name__ == "__main__":
    main()
