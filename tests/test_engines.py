"""A class on a server's database, and on a cluster that loses a node: the results are those of one machine."""

from __future__ import annotations

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

from grader.batch.gradebook import Gradebook
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
