"""`grade get`: what it brings from folders, zips and URLs, and what it refuses; a student's work stays as it is."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import ssl
import stat
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command, Course

from grader.cli import bringing

RIGHT = "def f():\n    return 1\n"


@pytest.fixture
def given(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An assignment as it is given; the working directory is another, which is empty."""
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}, solution=RIGHT)
    course.notebook("def f():\n    ...\n", name="assignments/quiz/quiz.ipynb")
    course.write("assignments/quiz/.grade-progress.json", "{}")
    course.write("assignments/quiz/__pycache__/x.pyc", "")
    (tmp_path / "student").mkdir()
    (tmp_path / "course").mkdir()
    (tmp_path / "assignments").rename(tmp_path / "course" / "assignments")
    monkeypatch.chdir(tmp_path / "student")
    return tmp_path / "course" / "assignments" / "quiz"


def zipped(folder: Path, file: Path, top: str = "") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, f"{top}{path.relative_to(folder).as_posix()}")
    return file


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


QUIZ = ["assignment.yaml", "quiz.ipynb", "solution.py"]


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder"])
def test_an_assignment_is_brought_and_can_be_graded(given: Path, run: Command, form: str) -> None:
    source = given if form == "folder" else zipped(given, Path("../quiz.zip"), "quiz-v2/" if "with" in form else "")
    ended = run("get", source)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "assignments/quiz: 3 files\nNext: grade quiz\n"
    assert names(Path("assignments/quiz")) == QUIZ
    assert os.listdir() == ["assignments"]
    assert "0 / 1 points" in run("quiz").out


def test_what_was_released_is_brought(given: Path, run: Command) -> None:
    assert run("release", given, "--out", "../released", "--zip").code == 0
    ended = run("get", "../released/quiz.zip", "--to", "work here")
    assert ended.out == "work here/quiz: 3 files\nNext: grade 'work here/quiz'\n"
    assert names(Path("work here/quiz")) == ["assignment.yaml", "quiz.ipynb", "reference.safetensors"]


def test_a_course_is_brought_whole(given: Path, run: Command) -> None:
    shutil.copytree(given, given.parent / "more")
    ended = run("get", given.parents[1])
    name = given.parents[1].name
    assert ended.out.splitlines()[1] == f"Next: cd {name} && grade more"
    assert (Path(name) / "assignments" / "more" / "quiz.ipynb").is_file()


def test_the_work_of_a_student_is_never_written_over(given: Path, run: Command) -> None:
    run("get", given)
    Path("assignments/quiz/quiz.ipynb").write_text("mine")
    ended = run("get", given)
    assert ended.code == 2
    assert "is there already, and nothing is written over it" in ended.err
    assert Path("assignments/quiz/quiz.ipynb").read_text() == "mine"
    assert os.listdir() == ["assignments"]


def refused(run: Command, source: Path | str, *said: str) -> None:
    ended = run("get", source)
    assert ended.code == 2, ended
    assert not ended.out
    for part in said:
        assert part in ended.err
    assert [path for path in Path().rglob("*") if path.is_file()] == []
    assert not list(Path().rglob(".grade-get-*"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../out.py", "leads out of the archive"),
        ("/tmp/out.py", "leads out of the archive"),
        ("a\\..\\..\\out.py", "leads out of the archive"),
        ("C:/out.py", "leads out of the archive"),
        ("/".join("a" * 50), "more than 40 folders"),
        ("assignment.yaml/x", "two files in it have one name"),
        ("n" * 300, "cannot be written"),
    ],
)
def test_a_zip_that_leads_elsewhere(given: Path, run: Command, name: str, said: str) -> None:
    file = zipped(given, Path("../evil.zip"))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    refused(run, file, said)
    assert not Path("../out.py").exists()


def test_links_are_refused(given: Path, run: Command) -> None:
    file = zipped(given, Path("../evil.zip"))
    link = zipfile.ZipInfo("data")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc")
    refused(run, file, "'data': it is a symbolic link")
    (given / "data").symlink_to("/etc")
    refused(run, given, "data is a symbolic link")
    (given / "data").unlink()
    os.mkfifo(given / "pipe")
    refused(run, given, "pipe is no file")


def test_bombs(given: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (given / "zeros").write_bytes(bytes(3 << 20))
    file = zipped(given, Path("../bomb.zip"))
    monkeypatch.setattr(bringing, "MAX_TOTAL", 2 << 20)
    refused(run, file, "unpacks to more than 2 MiB")
    refused(run, given, "more than 10,000 files or 2 MiB")
    lying = bytearray(file.read_bytes())  # says that it has 100 bytes, in both places
    size = (3 << 20).to_bytes(4, "little")
    assert lying.count(size) == 2
    Path("../lying.zip").write_bytes(lying.replace(size, (100).to_bytes(4, "little")))
    refused(run, "../lying.zip", "cannot be read as a zip")
    monkeypatch.setattr(bringing, "MAX_FILES", 3)
    refused(run, file, "more than 3 files")
    refused(run, given, "more than 3 files")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "nowhere does not exist"),
        ("http://example.org/quiz.zip", "is no https URL"),
        ("git@example.org:quiz.git", "is no https URL"),
        ("file:///etc/passwd", "is no https URL"),
        ("../text.zip", "cannot be read as a zip"),
        ("../empty", "holds no assignment: there is no assignment.yaml in it"),
        ("../wrong", "`format`: the format is 9"),
    ],
)
def test_what_is_no_assignment(given: Path, run: Command, source: str, said: str) -> None:
    Path("../text.zip").write_text("<html>Sign in</html>")
    Path("../empty").mkdir()
    Path("../empty/notes.txt").touch()
    Path("../wrong").mkdir()
    Path("../wrong/assignment.yaml").write_text("format: 9\n")
    refused(run, source, said)


# -- URLs


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of the folder `served`, whose certificate is trusted."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *named], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (tmp_path / "served").mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/elsewhere.zip":
                self.send_response(302)
                self.send_header("Location", "http://localhost/quiz.zip")
                self.end_headers()
            else:
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as serving:
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trusted.load_cert_chain(certificate, key)
        serving.socket = trusted.wrap_socket(serving.socket, server_side=True)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"https://localhost:{serving.server_port}"
        serving.shutdown()


def test_a_zip_is_downloaded(given: Path, run: Command, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zipped(given, Path("../served/quiz.zip"))
    for page, said in (("missing.zip", "404"), ("elsewhere.zip", "which is no https URL")):
        ended = run("get", f"{server}/{page}")
        assert (ended.code, said in ended.err) == (3, True), ended
    monkeypatch.setattr(bringing, "MAX_TOTAL", 100)
    assert "or 0 MiB" in run("get", f"{server}/quiz.zip").err
    monkeypatch.setattr(bringing, "MAX_TOTAL", 1 << 20)
    assert run("get", f"{server}/quiz.zip?version=2").out == "assignments/quiz: 3 files\nNext: grade quiz\n"


def test_a_repository_is_cloned(given: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(given)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *words], check=True)
    for name, value in (
        ("COUNT", "1"),
        ("KEY_0", f"url.file://{given}.insteadOf"),
        ("VALUE_0", "https://example.org/quiz.git"),
    ):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    ended = run("get", "https://example.org/quiz.git")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "assignments/quiz: 3 files\nNext: grade quiz\n"
    assert Path("assignments/quiz/.git").is_dir()
    (given / "link").symlink_to("/etc")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "Link"], check=True)
    shutil.rmtree("assignments")
    refused(run, "https://example.org/quiz.git", "link is a symbolic link")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{given}-gone.insteadOf")
    ended = run("get", "https://example.org/quiz.git")
    assert (ended.code, "is not cloned" in ended.err) == (3, True)
