"""Has a process that is warm run a command: `grade` after `grade` imports nothing but this.

The process (`grader.cli.warm_server`) is a person's own, and waits for ten minutes. Its socket's name tells what it
has imported: where grader, torch, another package, the interpreter or its environment changes, it is another process.
Wherever anything is not as it should be, the command runs as if there were no such process. Light to import.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from grader import wire

POSSIBLE = hasattr(socket, "SO_PEERCRED")
"""Whether one can see here whose process is at the other end of a socket."""
PATIENCE = 30.0
"""Seconds in which a process that imports must be done, until the command runs without it."""
HOME = os.path.dirname(wire.__file__)
_KEPT = ("PATH", "HOME", "USER", "TMPDIR", "TZ", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "XDG_RUNTIME_DIR")
_KEPT_KINDS = ("PYTHON", "LC_")
"""What of the environment is read while things are imported, by the beginnings of names."""


class Gone(Exception):
    """There is no such process, or it is not to be trusted."""


def run_warm(arguments: list[str]) -> int | None:
    """Have a command run by the process that is warm, which is started where there is none.

    Returns:
        The exit code; None where the command is still to be run.
    """
    try:
        home = home_folder()
        if home is None:
            return None
        connection = _connected(os.path.join(home, f"{_name()}.sock"))
    except (OSError, Gone):
        return None
    with connection:
        try:
            connection.settimeout(PATIENCE)
            streams = [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)]
            request = wire.pack(
                {
                    "tag": "run",
                    "arguments": arguments,
                    "folder": os.getcwd(),
                    "environment": dict(os.environ),
                    "umask": _umask(),
                    "encodings": [sys.stdin.encoding, sys.stdout.encoding, sys.stderr.encoding],
                }
            )
            sys.stdout.flush()
            sys.stderr.flush()
            socket.send_fds(connection, [request[:1]], streams)
            connection.sendall(request[1:])
            begun = _Answers(connection)
            pid = begun.next()["pid"]
        except (OSError, ValueError, AttributeError, wire.BrokenFrame, Gone):  # also where a stream is closed
            return None
        connection.settimeout(None)
        return _ended(begun, pid)


def stop_all() -> int:
    """End the processes that are warm; how many there were."""
    home = home_folder()
    stopped = 0
    for name in sorted(os.listdir(home)) if home else ():
        path = os.path.join(str(home), name)
        try:
            if name.endswith(".sock"):
                with _connect(path) as connection:
                    connection.sendall(wire.pack({"tag": "stop"}))
                    stopped += connection.recv(1) == b""  # it has ended
        except ConnectionRefusedError:  # it was killed
            with suppress(OSError):
                os.unlink(path)
        except (OSError, Gone):
            continue
    return stopped


def home_folder() -> str | None:
    """The folder with the sockets, which nobody else can look into; None where there can be none."""
    own = os.environ.get("XDG_RUNTIME_DIR")
    if own and os.path.isdir(own):
        folder = os.path.join(own, "torch-grader")
    else:
        folder = os.path.join(tempfile.gettempdir(), f"torch-grader-{os.getuid()}")
    try:
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        found = os.lstat(folder)
    except OSError:
        return None
    own_folder = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if own_folder else None


def is_own(connection: socket.socket) -> bool:
    """Whether at the other end is a process of the same user."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", told)
    return bool(user == os.getuid())


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Nobody else puts a socket in this place, or takes it away; nor into the same folder."""
    import fcntl  # which Windows has not

    lock = os.open(
        os.path.join(os.path.dirname(path), "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _connected(path: str) -> socket.socket:
    """A connection to the process at a socket, which may still be importing."""
    with suppress(OSError):
        return _connect(path)
    with locked(path):
        with suppress(OSError):
            return _connect(path)  # another command has started it meanwhile
        _start(path)
        return _connect(path)


def _connect(path: str) -> socket.socket:
    found = os.lstat(path)
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise Gone
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        if not is_own(connection):
            raise Gone
    except BaseException:
        connection.close()
        raise
    return connection


def _start(path: str) -> None:
    """Start the process. Its socket is there at once, so that others wait for this one."""
    import subprocess

    with suppress(FileNotFoundError):
        os.unlink(path)  # of one that was killed
    with socket.socket(socket.AF_UNIX) as listener:
        mask = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(mask)
        listener.listen()
        subprocess.Popen(
            [sys.executable, "-P", "-m", "grader.cli.warm_server", str(listener.fileno()), path, HOME],
            cwd=os.path.abspath(os.sep),  # nothing that lies beside a submission
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )


class _Answers:
    """What the process says."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = wire.Reader()
        self._read: list[dict[str, Any]] = []

    def next(self) -> dict[str, Any]:
        while not self._read:
            data = self._connection.recv(1 << 12)
            if not data:
                raise Gone
            self._read += [header for header, _ in self._reader.feed(data)]
        return self._read.pop(0)


def _ended(answers: _Answers, pid: int) -> int:
    """Wait for a command's exit code; Ctrl-C is handed on, since what runs it is not at this terminal."""
    interrupts = 0
    while True:
        try:
            code: int = answers.next()["code"]
            return code
        except KeyboardInterrupt:
            interrupts += 1
            with suppress(OSError):
                os.kill(pid, signal.SIGINT if interrupts == 1 else signal.SIGKILL)
        except (OSError, Gone):
            if not interrupts:
                sys.stderr.write("The process that graded has ended. Run the command again.\n")
            return 130 if interrupts else 3


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key in _KEPT or key.startswith(_KEPT_KINDS)}
    if "PYTHONPATH" in kept:  # seen from here: the process starts elsewhere
        kept["PYTHONPATH"] = os.pathsep.join(
            os.path.abspath(one) for one in kept["PYTHONPATH"].split(os.pathsep) if one
        )
    return kept


def _name() -> str:
    """A name that changes with whatever such a process has imported."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None:
        raise Gone
    package = os.path.dirname(torch.origin)
    version = os.path.join(package, "version.py")
    parts: list[Any] = [sys.executable, sys.version, repr(sys.flags), sorted(_environment().items())]
    parts += [_stamp(version), _stamp(os.path.dirname(package))]  # the latter with every package that is installed
    parts += _stamps(HOME)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _stamps(folder: str) -> list[Any]:
    """Of all that a folder holds, but for what Python writes itself."""
    found: list[Any] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name != "__pycache__":
            found += _stamps(entry.path) if entry.is_dir() else [_stamp(entry.path)]
    return found


def _stamp(path: str) -> tuple[str, int, int]:
    found = os.stat(path)
    return path, found.st_mtime_ns, found.st_size
