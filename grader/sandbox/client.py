"""The judge's handle on the zygote. Light to import: the command line starts it first of all."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from grader import wire
from grader.errors import SandboxFault

if TYPE_CHECKING:
    from grader.protocol import FromZygote, Limit, Start, ToZygote

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONPATH", "OMP_NUM_THREADS")

_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""A heap of huge pages (Linux, glibc 2.35): forking a process with torch in it costs a third."""
_NO_GPUS = dict.fromkeys(("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"), "")
"""The same CPU everywhere; a driver would not start where student code is confined, either."""
_ONE_HEAP = {"PYTHONMALLOC": "malloc"}
"""Python's objects in it, too. Where they are merged into huge pages later, they lie closer together in arenas."""
_OTHER_ROUNDING = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "DNNL_MAX_CPU_ISA": "SSE41"}
"""Without the vector instructions of this processor: sums are taken in another order, as on another kind of processor.

Source: torch's `DispatchStub`; oneMKL's page on conditional numerical reproducibility; oneDNN's on its CPU dispatcher.
"""


class Zygote:
    """A process that has torch imported and forks guests; see `grader.guest.zygote`.

    Use as a context manager, or call `close`.

    Args:
        control: our end of the socket of one that there is.
        process: it, where it is ours to wait for.
        said: where it writes what it says.
        long_lived: see `spawn`.
    """

    def __init__(
        self,
        control: socket.socket,
        process: subprocess.Popen[bytes] | None = None,
        said: IO[bytes] | None = None,
        long_lived: bool = False,
    ) -> None:
        self.control = control
        self._process = process
        self._said = said
        self._long_lived = long_lived
        self.torch_version: str | None = None
        self._next = 0
        self._preloaded: set[str] = set()
        self._reader = wire.Reader()
        self._messages: list[FromZygote] = []

    @classmethod
    def spawn(cls, long_lived: bool = False, other_rounding: bool = False) -> Zygote:
        """Start a new one.

        Args:
            long_lived: whether it is for many submissions. Then it takes some tenths of a second more to start, and
                each of them costs a tenth less.
            other_rounding: whether its guests round as on another kind of processor.
        """
        control, theirs = socket.socketpair()
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        if "PYTHONPATH" in environment:  # seen from here: the process starts elsewhere
            paths = environment["PYTHONPATH"].split(os.pathsep)
            environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths if path)
        environment |= {
            "PYTHONHASHSEED": "0",
            "PYTHONWARNINGS": "ignore",
            "OPENBLAS_NUM_THREADS": "1",
            "USER": "student",
        }
        environment |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", **_HUGE_PAGES}
        environment |= _NO_GPUS | ({} if long_lived else _ONE_HEAP) | (_OTHER_ROUNDING if other_rounding else {})
        said = tempfile.TemporaryFile()  # noqa: SIM115 (not a pipe: guests hold it open, too)
        arguments = [str(theirs.fileno()), "long-lived"] if long_lived else [str(theirs.fileno())]
        process = subprocess.Popen(
            # No module that lies beside a submission takes the place of one of ours.
            [sys.executable, "-P", "-m", "grader.guest.zygote", *arguments],
            cwd=os.path.abspath(os.sep),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
            start_new_session=True,  # Ctrl-C is the judge's to answer
        )
        theirs.close()
        return cls(control, process, said, long_lived)

    @property
    def ended(self) -> bool:
        """Whether it was started here and is gone."""
        return self._process is not None and self._process.poll() is not None

    def clone(self) -> socket.socket:
        """Have it fork another one, which has imported all that this one has. If it has ended, a new one does.

        Returns:
            The other's control socket, for a handle in whichever process.
        """
        if self.ended:
            self._begin_again()
        control, theirs = socket.socketpair()
        with theirs:
            self._send({"tag": "clone", "sockets": 1}, theirs)
        return control

    def _begin_again(self) -> None:
        modules = self._preloaded
        self.close()
        vars(self).update(vars(Zygote.spawn(self._long_lived)))
        self.preload(modules)

    def preload(self, modules: Iterable[str]) -> bool:
        """Have modules imported once for all guests to come; whether there were new ones."""
        new = [module for module in modules if module not in self._preloaded]
        if new:
            self._send({"tag": "preload", "modules": new})
            self._preloaded.update(new)
        return bool(new)

    def start(
        self,
        limits: dict[str, Any],
        readable: list[str],
        data: str | None,
        files: dict[str, str],
        isolation: str,
        channel: socket.socket,
    ) -> tuple[int, int]:
        """Fork a guest that holds the other end of its channel; its number, and that of its process."""
        self.wait_until_ready()
        self._next += 1
        request: Start = {
            "tag": "start",
            "guest": self._next,
            "limits": limits,
            "readable": readable if data is None else [*readable, data],
            "data": data,
            "files": files,
            "isolation": isolation,
            "sockets": 1,
        }
        self._send(request, channel)
        started = self._wait("started", self._next)
        assert started["tag"] == "started"
        return self._next, started["pid"]

    def kill(self, guest: int, pid: int) -> None:
        """Kill one process of a guest."""
        self._send({"tag": "kill", "guest": guest, "pid": pid})

    def end(self, guest: int) -> int:
        """Kill all processes of a guest and remove its scratch folder; the status of the first of them."""
        self._send({"tag": "end", "guest": guest})
        ended = self._wait("ended", guest)
        assert ended["tag"] == "ended"
        self.passed_limits(guest)
        return ended["status"]

    def passed_limits(self, guest: int) -> list[Limit]:
        """The limits that a guest has passed since this was asked last."""
        self._read(wait=False)
        found = [message for message in self._messages if message["tag"] == "over" and message["guest"] == guest]
        self._messages = [message for message in self._messages if message not in found]
        return [message["limit"] for message in found if message["tag"] == "over"]

    def close(self) -> None:
        """End every guest, and the zygote."""
        self.control.close()
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._said is not None:
            self._said.close()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, request: ToZygote, *sockets: socket.socket) -> None:
        try:
            socket.send_fds(self.control, [wire.pack(request)], [one.fileno() for one in sockets])
        except OSError:
            self._fail()

    def wait_until_ready(self) -> None:
        """Wait until torch is imported; its version is known then."""
        if self.torch_version is None:
            ready = self._wait("ready", None)
            assert ready["tag"] == "ready"
            self.torch_version = ready["torch"]

    def _wait(self, tag: str, guest: int | None) -> FromZygote:
        while True:
            for message in self._messages:
                if message["tag"] == tag and message.get("guest") == guest:
                    self._messages.remove(message)
                    return message
            self._read(wait=True)

    def _read(self, wait: bool) -> None:
        self.control.setblocking(wait)
        data = b""
        try:
            data = self.control.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            pass
        finally:
            with suppress(OSError):
                self.control.setblocking(True)
        if not data:
            self._fail()
        from grader.sandbox.incoming import from_zygote  # pydantic takes its time, and torch is being imported

        self._messages += [from_zygote(header) for header, _ in self._reader.feed(data)]

    def _fail(self) -> None:
        status, said = "", ""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                status = f" (exit status {self._process.wait(2)})"
        if self._said is not None:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip()
        raise SandboxFault(
            f"The process that runs student code stopped{status}.",
            said.splitlines()[-1] if said else "Run the command again; if it happens again, report it.",
        )
