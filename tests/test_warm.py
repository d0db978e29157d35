"""What stays warm for the next `grade`: when it is used, what it keeps, and what goes on without it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from conftest import GRADE, Command, Course

import grader
from grader.cli.main import may_stay

RIGHT = (
    "# exercise: one\nimport torch\nfound = hasattr(torch, 'left')\ntorch.left = 1\ndef f():\n    return int(found)\n"
)
CONNECTS = """# exercise: one
import socket
def f():
    with socket.socket(socket.AF_UNIX) as found:
        return found.connect(PATH) or 0
"""
HANGS = "# exercise: one\nwhile True:\n    pass\n"


@pytest.fixture
def warm(course: Course, command: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the sockets, with an assignment beside it; what is in it is ended."""
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "0"}]})
    course.write("right.py", RIGHT)
    home = Path(tempfile.mkdtemp(prefix="warm"))  # the path of a socket has 107 characters at most
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    monkeypatch.delenv("GRADE_NO_DAEMON")
    yield home / "torch-grader"
    ends = time.monotonic() + 20
    while servers(home) and time.monotonic() < ends:  # one that has only been started listens a little later
        command("stop")
    assert not servers(home)
    shutil.rmtree(home)


def servers(home: Path) -> list[psutil.Process]:
    """The processes that wait at sockets in a folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "grader.cli.warm_server" in line and str(home) in " ".join(line):
            found.append(process)
    return [one for one in found if one.ppid() not in {other.pid for other in found}]


def sockets(home: Path) -> list[Path]:
    return sorted(home.glob("*.sock")) if home.exists() else []


def grades(command: Command, course: Course, *options: str) -> None:
    """The command does what it does, and says nothing of what is warm."""
    ended = command("quiz", "right.py", *options, cwd=course.path)
    assert (ended.code, ended.err) == (0, ""), ended
    assert re.fullmatch(r"Quiz  right\.py\n\n✓ +1 / 1 One  one\n\n1 / 1 points\n", ended.out), ended.out


@pytest.mark.slow
def test_the_next_one_is_warm_and_knows_nothing_of_the_last(course: Course, command: Command, warm: Path) -> None:
    grades(command, course)
    (server,) = servers(warm)
    (file,) = sockets(warm)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(warm.stat().st_mode) == 0o700
    assert Path(server.cwd()) == Path("/")
    grades(command, course)
    assert [server] == servers(warm)
    wrong = command("quiz", course.write("wrong.py", "x = 1\n"), "-q", cwd=course.path)
    assert (wrong.code, wrong.out, wrong.err) == (1, "0 / 1 points\n", "")
    connects = course.write("connects.py", CONNECTS.replace("PATH", repr(str(file))))
    assert command("quiz", connects, "-q", cwd=course.path).out.startswith("0 / 1 points")  # code has no way to it
    missing = command("quiz", "missing.py", cwd=course.path)
    assert (missing.code, missing.out) == (2, "")
    ended = command("stop")
    assert (ended.code, ended.out) == (0, "stopped\n")
    assert sockets(warm) == []
    assert command("stop").out == "nothing was running\n"


@pytest.mark.slow
def test_it_goes_on_where_what_was_warm_was_killed(course: Course, command: Command, warm: Path) -> None:
    grades(command, course)
    (server,) = servers(warm)
    for child in server.children():  # its zygote: another one takes its place
        child.kill()
    grades(command, course)
    server.kill()
    grades(command, course)
    assert len(servers(warm)) == 1
    assert servers(warm) != [server]


@pytest.mark.slow
def test_two_that_start_at_once_share_one(course: Course, command: Command, warm: Path) -> None:
    with ThreadPoolExecutor() as both:
        list(both.map(lambda _: grades(command, course), range(2)))
    assert len(servers(warm)) == len(sockets(warm)) == 1


@pytest.mark.slow
def test_it_does_without_a_folder_that_others_can_look_into(course: Course, command: Command, warm: Path) -> None:
    warm.mkdir(mode=0o755)
    grades(command, course)
    assert sockets(warm) == []


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_it_does_not_speak_to_what_is_another_users(course: Course, command: Command, warm: Path) -> None:
    grades(command, course)
    (file,) = sockets(warm)
    assert command("stop").out == "stopped\n"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))
        os.chown(file, 12345, 12345)
        listener.listen()
        grades(command, course)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    file.unlink()


@pytest.mark.slow
def test_it_goes_on_where_nothing_answers(
    course: Course, command: Command, warm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grades(command, course)
    (server,) = servers(warm)
    (file,) = sockets(warm)
    server.kill()
    server.wait()
    file.unlink()
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor() as other:
        listener.bind(str(file))
        listener.listen()
        asked = other.submit(lambda: [one.close() for one in [listener.accept()[0]]])
        grades(command, course)
        asked.result(5)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_what_a_command_runs_ends_with_it(
    course: Course, command: Command, warm: Path, interruptible: None, number: int, code: int
) -> None:
    grades(command, course)
    (server,) = servers(warm)
    course.write("hangs.py", HANGS)
    process = subprocess.Popen([GRADE, "quiz", "hangs.py"], cwd=course.path, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 10
    while not any("warm_server" in " ".join(one.cmdline()) for one in server.children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    assert process.wait(5) == code
    deadline = time.monotonic() + 5
    while len(server.children()) > 1:  # its zygote stays
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_ends_when_it_is_idle(tmp_path: Path) -> None:
    path = tmp_path / "idle.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        code = "import sys, grader.cli.warm_server as server; server.IDLE = 0.5; server.main()"
        home = str(Path(grader.__file__).parent)
        arguments = [sys.executable, "-P", "-c", code, str(listener.fileno()), str(path), home]
        assert subprocess.run(arguments, pass_fds=[listener.fileno()], timeout=30, check=False).returncode == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "environment", "expected"),
    [
        ("quiz", {}, True), ("run quiz x.py -v", {}, True), ("quiz --no-daemon", {}, False),
        ("quiz --marks", {}, False),
        ("batch quiz . --out x", {}, False), ("verify quiz", {}, False), ("record quiz", {}, False),
        ("quiz", {"CI": "true"}, False), ("quiz", {"GRADE_NO_DAEMON": "1"}, False),
    ],
)  # fmt: skip
def test_only_ones_own_work_is_graded_by_what_is_warm(
    monkeypatch: pytest.MonkeyPatch, line: str, environment: dict[str, str], expected: bool
) -> None:
    monkeypatch.delenv("GRADE_NO_DAEMON")
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert may_stay(line.split()) is expected
