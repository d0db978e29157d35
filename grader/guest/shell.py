"""Runs cells as IPython would, without a kernel.

The judge has already turned magics and `!commands` into calls of
`get_ipython()`; this is the object those calls reach.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import io
import linecache
import re
import sys
import types
from typing import Any

from grader.guest.faults import Sources

_QUIET = {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "pylab", "precision", "colors"}
_OPTIONS = re.compile(r"^(-\w+(\s*\d+)?\s+)+")
_TIMERS = {"time", "timeit", "prun", "capture"}


class Capture(io.TextIOBase):
    """Keeps the first `limit` characters that are printed and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        self._parts: list[str] = []
        self._kept = 0
        self._dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = self._limit - self._kept
        if room > 0:
            self._parts.append(text[:room])
            self._kept += min(room, len(text))
        self._dropped += max(0, len(text) - max(room, 0))
        return len(text)

    def text(self) -> str:
        rest = f"\n… and {self._dropped} more characters" if self._dropped else ""
        return "".join(self._parts) + rest


class Shell:
    """The submission's `__main__` and what runs in it.

    Args:
        sources: learns each cell's filename, so that tracebacks can name it.
        output: where printed text goes.
    """

    def __init__(self, sources: Sources, output: Capture) -> None:
        self.module = types.ModuleType("__main__")
        # The student's own copy: what their code puts in place of `len` is theirs, and not what a probe counts with.
        own = types.ModuleType("builtins", builtins.__doc__)
        own.__dict__.update(builtins.__dict__)
        self.module.__dict__["__builtins__"] = sys.modules["builtins"] = own
        self._sources = sources
        self._output = output
        self._filename = "<cell>"
        sys.modules["__main__"] = self.module
        sys.stdout = sys.stderr = output
        own.__dict__.update(get_ipython=lambda: self, display=self.display)

    def run(self, source: str, filename: str, cell: int | None) -> None:
        """Run one cell; exceptions of student code pass through."""
        self._sources.add(filename, cell)
        self._filename = filename
        self._execute(source, filename)

    def _execute(self, source: str, filename: str) -> None:
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        tree = ast.parse(source, filename)
        last = tree.body[-1] if tree.body else None
        shown = last if isinstance(last, ast.Expr) else None
        if shown is not None:
            tree.body.pop()
        self._evaluate(tree, filename, "exec")
        if shown is not None:
            value = self._evaluate(ast.Expression(shown.value), filename, "eval")
            if value is not None and not source.rstrip().endswith(";"):
                self.display(value)

    def _evaluate(self, tree: Any, filename: str, mode: str) -> Any:
        code = compile(tree, filename, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, self.module.__dict__)
        if inspect.iscoroutine(result) and code.co_flags & inspect.CO_COROUTINE:
            return asyncio.run(result)
        return result

    def display(self, *values: Any, **options: Any) -> None:
        """What Jupyter's `display` shows, as text."""
        for value in values:
            print(repr(value), file=self._output)

    def run_line_magic(self, name: str, line: str, *args: Any, **kwargs: Any) -> Any:
        """A `%magic`: timers run their statement, settings of the notebook are passed over."""
        if name in _TIMERS and line.strip():
            self._execute(_OPTIONS.sub("", line.strip()), f"{self._filename} %{name}")
        elif name in ("pip", "conda"):
            self.system(f"{name} {line}")
        elif name not in _QUIET:
            print(f"%{name} is not available while grading; it was passed over", file=self._output)

    def run_cell_magic(self, name: str, line: str, body: str) -> Any:
        """A `%%magic`: timers run the cell, others are passed over with a note."""
        if name in _TIMERS:
            filename = f"{self._filename} %%{name}"
            cell = self._sources.cell(self._filename)
            self._sources.add(filename, cell, offset=1)
            self._execute(body, filename)
        else:
            print(f"%%{name} is not available while grading; its cell was passed over", file=self._output)

    def system(self, command: str) -> None:
        """A `!command`: refused, politely."""
        print(
            f"!{command.split()[0] if command.split() else ''} was not run: commands of the shell "
            "are not available while grading",
            file=self._output,
        )

    def getoutput(self, command: str, *args: Any, **kwargs: Any) -> list[str]:
        """`x = !command`: refused; `x` is an empty list."""
        self.system(command)
        return []
