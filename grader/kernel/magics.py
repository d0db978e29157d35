"""The magics `%grade`, `%%grade`, `%hint` and `%progress`."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Any

import psutil
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from grader.kernel.companion import Companion
from grader.kernel.opened import NotFound, find_notebook
from grader.kernel.runs import Run

BEGIN = "<%"
"""What a place in a master's cell begins with, as in `grader.assignment.varying`, which takes long to import."""


@magics_class
class GraderMagics(Magics):
    """What `%load_ext grader` adds.

    Attributes:
        seen: cells that have run since: by number, each with its id and the time.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell
        self.companion = Companion()
        self.seen: dict[int, tuple[str | None, float]] = {}
        about = shell.get_parent().get("metadata", {}) if hasattr(shell, "get_parent") else {}
        self.seen[len(self._texts) - 1] = (about.get("cellId"), time.time())  # the cell that runs now
        self.companion.start()

    def note(self, info: Any) -> None:
        """Remember a cell that is about to run."""
        if info.store_history:
            self.seen[len(self._texts)] = (getattr(info, "cell_id", None), time.time())

    @magic_arguments()
    @argument("exercise", nargs="?", help="its id, as in `# exercise: ID`, or its number; all, if not given")
    @argument("-v", "--verbose", action="store_true", help="all that fails opened; in text, every check and traceback")
    @argument("--assignment", help="its name, or its folder; otherwise found from the notebook's folder")
    @argument("--notebook", help="the notebook's file, where it cannot be found")
    @argument("--lang", choices=["en", "ko"], help="language of the texts; otherwise the locale's")
    @line_cell_magic
    def grade(self, line: str, cell: str | None = None) -> None:
        """Grade the notebook as its cells are now; on top of a cell, run it and grade its exercise."""
        asked = parse_argstring(self.grade, line)
        if cell is not None and isinstance(self._shell.run_cell(cell).error_in_exec, KeyboardInterrupt):
            return
        self._show("grade", asked, on_cell=cell is not None, verbose=asked.verbose)

    @magic_arguments()
    @argument("exercise", nargs="?", help="its id, as in `# exercise: ID`, or its number")
    @argument("--assignment", help="its name, or its folder; otherwise found from the notebook's folder")
    @argument("--notebook", help="the notebook's file, where it cannot be found")
    @argument("--lang", choices=["en", "ko"], help="language of the texts; otherwise the locale's")
    @line_magic
    def hint(self, line: str) -> None:
        """Show a hint for an exercise; with each call, the next one."""
        self._show("hint", parse_argstring(self.hint, line))

    @magic_arguments()
    @argument("--assignment", help="its name, or its folder; otherwise found from the notebook's folder")
    @argument("--notebook", help="the notebook's file, where it cannot be found")
    @argument("--lang", choices=["en", "ko"], help="language of the texts; otherwise the locale's")
    @line_magic
    def progress(self, line: str) -> None:
        """Show how the points grew, exercise by exercise, with each `%grade`."""
        self._show("progress", parse_argstring(self.progress, line))

    def _show(self, wanted: str, asked: Any, on_cell: bool = False, verbose: bool = False) -> None:
        try:
            opened = find_notebook(asked.notebook, self._shell.user_ns)
        except NotFound as error:
            raise UsageError(str(error)) from None
        request = {
            "wanted": wanted,
            "path": os.fspath(opened.path),
            "content": opened.content,
            "assignment": asked.assignment,
            "folder": os.getcwd(),
            "exercise": getattr(asked, "exercise", None),
            "on_cell": on_cell,
            "verbose": verbose,
            "lang": asked.lang or os.environ.get("GRADE_LANG"),
            "began": psutil.Process().create_time(),
            "runs": [asdict(run) for run in self._runs()],
            "names": [name for name in self._shell.user_ns if name not in self._shell.user_ns_hidden],
        }
        reply = self.companion.ask(request)
        if "error" in reply:
            raise UsageError(reply["error"])
        display(reply["shown"], raw=True)

    def filled(self, lines: list[str]) -> list[str]:
        """A cell of a master, with the values that it refers to; any other as it stands."""
        text = "".join(lines)
        if BEGIN not in text:
            return lines
        try:
            path = find_notebook(None, self._shell.user_ns).path
        except NotFound:
            return lines
        request = {"wanted": "cell", "path": os.fspath(path), "folder": os.getcwd(), "text": text}
        reply = self.companion.ask(request)
        if "error" in reply:
            raise SyntaxError(reply["error"])
        return str(reply["cell"]).splitlines(keepends=True)

    @property
    def _texts(self) -> list[str]:
        """What has run, by number; the counter of the shell is ahead of it, or not, as IPython's version has it."""
        texts: list[str] = self._shell.history_manager.input_hist_raw
        return texts

    def _runs(self) -> list[Run]:
        """The cells that have run in this kernel, also before the extension was loaded."""
        texts = enumerate(self._texts)
        return [Run(number, text, *self.seen.get(number, (None, None))) for number, text in texts if number]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the magics to a kernel: `%load_ext grader`."""
    magics = GraderMagics(shell)
    shell.register_magics(magics)
    shell.events.register("pre_run_cell", magics.note)
    shell.input_transformers_cleanup.append(magics.filled)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take them away: `%unload_ext grader`."""
    magics = shell.magics_manager.registry["GraderMagics"]
    shell.events.unregister("pre_run_cell", magics.note)
    shell.input_transformers_cleanup.remove(magics.filled)
    magics.companion.close()
