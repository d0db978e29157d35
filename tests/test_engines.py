"""A class on a server's database, and on a cluster that loses a node: the results are those of one machine."""

from __future__ import annotations

import csv
import io
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command, Course
from gradebooks import results, rows
from test_batch import EXERCISE, HANGS, RIGHT, WRONG, files, stored, until

from grader.batch.gradebook import Gradebook, Outrun
from grader.models.judgement import Judgement
from grader.models.policy import Policy

SERVER = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@pytest.fixture
def quiz(course: Course) -> Course:
    course.assign(EXERCISE, solution=RIGHT, limits={"seconds": 1})
    return course


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test's own."""
    if not SERVER:
        pytest.skip("no PostgreSQL server is installed (Debian's package postgresql)")
    programs = SERVER[-1].parent
    place = Path(tempfile.mkdtemp(prefix="grade-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        user = []
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(place, "postgres")
            user = ["setpriv", "--reuid", "postgres", "--regid", str(pwd.getpwnam("postgres").pw_gid), "--clear-groups"]
        done = subprocess.run(
            [*user, programs / program, "-D", place / "data", *arguments], cwd=place, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run("initdb", "-U", "grader", "--auth", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "-w", "-l", str(place / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://grader@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place)


@pytest.mark.postgres
def test_the_gradebook_on_a_server(quiz: Course, run: Command, server: str, tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG, 민준=RIGHT)
    arguments = ("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "1", "--gradebook", server)
    assert run(*arguments).code == 0
    with Gradebook(server, "quiz") as book:
        first = {row.student: (row.credited, row.attempt.id) for row in book.rows(Policy())}
        assert book.rows(Policy()).__next__().attempt.graded.utcoffset() is not None
    assert {name: credited for name, (credited, _) in first.items()} == {"ada": 2.0, "bob": 0.0, "민준": 2.0}
    assert not (tmp_path / "out" / "gradebook.sqlite").exists()
    assert run(*arguments).code == 0
    with Gradebook(server, "quiz") as book:
        assert {row.student: (row.credited, row.attempt.id) for row in book.rows(Policy())} == first


@pytest.mark.postgres
def test_a_semester_is_on_a_server_as_in_a_file(course: Course, run: Command, server: str, tmp_path: Path) -> None:
    """Times of any zone, a group before and after its members are known, extensions, words, and what is released."""
    late = {"due": "2024-03-01T12:00+09:00", "late": {"per_day": 0.25, "days": 3}, "attempts": "last"}
    course.assign(EXERCISE, solution=RIGHT, grading=late)
    policy = Policy.model_validate(late)
    timed = files(
        tmp_path / "timed",
        **{"cy@2024-03-01 23:59:59 KST": WRONG, "cy@2024-03-01 15:00 UTC": RIGHT, "김@2024-02-29 23:59-05:00": RIGHT},
    )
    group = files(tmp_path / "group", **{"Team A_501_assignsubmission_file_a": RIGHT})
    for name, text in {
        "roster": "key,group,moodle\nada,Team A,77\nbob,Team A,78\n", "extensions": "student,days\nTeam A,1\n김,2\n",
    }.items():  # fmt: skip
        (tmp_path / f"{name}.csv").write_text(text)

    def semester(out: Path, url: str | Path, *where: str) -> object:
        def batch(*given: str | Path) -> None:
            ended = run("batch", course.quiz, *given, "--out", out, "-j", "1", "--seed", "5", *where)
            assert ended.code == 0, ended.err

        batch(timed, "--name", r"(?P<student>\w+)@(?P<time>.+)\.py")
        batch(group, "--extensions", tmp_path / "extensions.csv")
        with Gradebook(url, "quiz") as book:
            word = {"points": 1.5, "comment": "\\(x^2\\) 잘했어요 🙂", "reason": "asked", "done": True, "author": "kim"}
            for student in ("Team A_501", "cy"):
                sha256 = next(book.rows(policy, student=student)).attempt.sha256
                book.judge(student, "double", 0, Judgement.model_validate({**word, "sha256": sha256}))
                book.sit_down(student, "double", "kim")
            assert set(book.taken("double", "lee")) == {"Team A_501", "cy"}
            with pytest.raises(Outrun):
                book.judge("cy", "double", 0, Judgement(points=0.5, done=True))
            stamp = book.stamp()
        batch(group, "--roster", tmp_path / "roster.csv")
        ended = run("release", out, "--assignment", course.quiz, "--student", "cy", *where)
        assert ended.code == 0, ended.err
        ended = run("export", course.quiz, "--out", out, "--format", "csv", *where)
        table = [
            {name: told for name, told in line.items() if name not in ("graded", "seconds")}
            for line in csv.DictReader(io.StringIO(ended.out))
        ]
        with Gradebook(url, "quiz") as book:
            assert book.stamp() != stamp
            handed = [(one.student, one.group, one.submitted, one.file) for one in book.people()]
            counts = [
                (row.student, row.credited, row.due, row.late_days, row.number, row.attempts, row.handed.submitted)
                for row in book.rows(policy)
            ]
            said = {who: one["double"].model_dump(exclude={"time"}) for who, one in book.judgements().items()}
            assert set(book.released()) == {"cy"}
            return table, handed, counts, said

    own = tmp_path / "file"
    told = semester(tmp_path / "server", server, "--gradebook", server)
    assert told == semester(own, own / "gradebook.sqlite")


@pytest.mark.ray
def test_a_cluster_that_loses_a_node(quiz: Course, run: Command, tmp_path: Path) -> None:
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    sources = {
        f"s{number:02}": [RIGHT, WRONG, RIGHT + "import time\ntime.sleep(0.5)\n"][number % 3] for number in range(12)
    }
    folder = files(tmp_path / "in", **sources, hangs=HANGS)
    arguments = ("batch", quiz.quiz, folder, "--seed", "5", "--out")
    assert run(*arguments, tmp_path / "local", "-j", "2").code == 0

    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()

        def kill() -> None:
            until(lambda: stored(tmp_path / "ray") >= 3)
            cluster.remove_node(second, allow_graceful=False)

        killer = threading.Thread(target=kill)
        killer.start()
        ended = run(*arguments, tmp_path / "ray", "--engine", "ray", "--address", cluster.address)
        killer.join()
    finally:
        cluster.shutdown()
    assert ended.code == 0, ended.err
    assert results(tmp_path / "ray") == results(tmp_path / "local")
    assert len(rows(tmp_path / "ray")) == 13
