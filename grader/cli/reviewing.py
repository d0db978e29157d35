"""Runs `grade review`, once its options are read: opens what a batch left, and serves the page to this machine."""

from __future__ import annotations

import hashlib
import secrets
import socket
from contextlib import suppress
from pathlib import Path

import uvicorn
from pydantic import ValidationError
from rich.console import Console

from grader.batch.kept import Kept, write_whole
from grader.cli.graded_folder import opened, rewrite
from grader.errors import UsageError
from grader.models.model import Model
from grader.models.wording import Language
from grader.review.desk import Desk
from grader.review.web import make_app

HOST = "127.0.0.1"


class _Door(Model):
    """Where an author's page was the last time: whoever had it open goes on when it is started again."""

    token: str
    port: int


def serve(
    out: Path,
    assignment: str | None,
    gradebook: str | None,
    author: str,
    anonymous: bool,
    port: int | None,
    language: Language,
) -> None:
    """Serve the page until it is interrupted.

    Raises:
        UsageError: when there is nothing to judge.
    """
    with opened(out, assignment, gradebook) as (folder, book):
        desk = Desk(book, folder, Kept(out), author, anonymous)
        if not desk.rows():
            raise UsageError(f"Nothing of {folder.spec.id} was graded.", "`grade batch` does.")
        own = hashlib.sha256(author.encode()).hexdigest()[:16]
        door, sock = _bound(out / f".review-{own}", port)
        app = make_app(desk, language, door.token, door.port)
        console = Console(highlight=False)
        for one in desk.progress(desk.rows()):
            console.print(f"{one.exercise.id}: {one.judged} of {one.total} judged", markup=False)
        console.print(f"http://{HOST}:{door.port}/?token={door.token}", markup=False, soft_wrap=True)
        console.print("Open this address; Ctrl+C ends it.", style="dim")
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=2))
        with sock, suppress(KeyboardInterrupt):
            server.run(sockets=[sock])
        rewrite(out, folder, book, language)


def _bound(file: Path, port: int | None) -> tuple[_Door, socket.socket]:
    """The door of the last time, and a socket that listens there; another one where that port is in use.

    Raises:
        UsageError: when a port that was asked for is in use.
    """
    try:
        last = _Door.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        last = _Door(token="", port=0)
    for tried in (port,) if port else (last.port, 0):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, tried))
        except OSError:
            sock.close()
            continue
        sock.listen()
        if tried == last.port != 0:
            return last, sock
        door = _Door(
            token=secrets.token_urlsafe(32), port=sock.getsockname()[1]
        )  # what had that port may know the last
        write_whole(file, door.model_dump_json().encode(), 0o600)  # for nobody else to read
        return door, sock
    raise UsageError(f"Port {port} is in use.", "Give another --port, or none.")
