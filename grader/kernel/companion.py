"""The kernel's handle on the process beside it, which grades."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import IO, Any

MAX_SAID = 2_000
"""Bytes of its last words."""


class Companion:
    """A process that grades, once it is asked to; it has torch imported by then, and stays for the next time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._said: IO[bytes] | None = None

    def start(self) -> None:
        """Have it import what takes long, while the student works."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (it is read when the process has ended)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grader.kernel.beside"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            encoding="utf-8",
            start_new_session=True,  # an interrupt is the kernel's to answer
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What it answers; where it cannot, or is interrupted, the next one asked is a new one.

        Raises:
            KeyboardInterrupt: as the kernel has it.
        """
        self.start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            reply: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            said = self._last_words()
            self.close()
            return {"error": f"The process that grades has ended; the next `%grade` starts another one. {said}".strip()}
        except BaseException:
            self.close()
            raise
        if reply.get("fault"):  # what is wrong may be wrong with it
            self.close()
        return reply

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._said is not None:
            self._said.close()
            self._said = None

    def _last_words(self) -> str:
        assert self._said is not None
        self._said.seek(0, 2)
        self._said.seek(max(0, self._said.tell() - MAX_SAID))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
