"""Runs cells as a notebook's kernel does: by IPython's own shell, without a kernel around it.

The zygote makes the shell, so that no guest pays for that; each guest settles its copy. What would need a kernel, a
browser, a person or a network is said in a sentence, and costs the statement that wanted it.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextvars
import dis
import getpass
import io
import os
import re
import sys
import types
import warnings
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from IPython.core import page
from IPython.core.autocall import ZMQExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from IPython.utils.text import SList
from traitlets import Type
from traitlets.config import Config

from grader.guest.faults import Sources, describe
from grader.guest.lacking import NotHere, Wants, lacks
from grader.guest.timing import TimeLimit
from grader.protocol import Lacks

_SETTINGS = {
    "HistoryManager": {"enabled": False, "hist_file": ":memory:"},
    "DisplayFormatter": {"active_types": ["text/plain"]},
    "InteractiveShell": {"colors": "nocolor", "autoindent": False},
}
_PROGRAMS = ("bash", "sh", "script", "system", "sx", "!", "perl", "ruby", "pypy", "python", "python2", "python3")
_INSTALLERS = ("pip", "conda", "mamba", "micromamba", "uv")
_TIMED = ("<timed exec>", "<timed eval>")  # what %%time calls the code of its cell
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
_WRITTEN_OVER = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
MOST_PASSED_OVER = 10
"""Statements of a cell that are remembered as passed over."""


class Stream(io.TextIOBase):
    """A notebook's `sys.stdout` or `sys.stderr`."""

    def __init__(self, capture: Capture, name: str) -> None:
        self._capture = capture
        self.name = name

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        return "UTF-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        self._capture.keep(text)
        return len(text)


class Capture:
    """Keeps the first `limit` characters that are printed and counts the rest.

    Attributes:
        stdout, stderr: the streams that end here.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.stdout, self.stderr = Stream(self, "stdout"), Stream(self, "stderr")
        self.clear()

    def clear(self, wait: bool = False) -> None:
        """Forget what was printed: now, or once there is something else to show."""
        self._to_clear = wait
        if not wait:
            self._parts: list[str] = []
            self._kept = 0
            self._dropped = 0

    def keep(self, text: str) -> None:
        """Take what a stream was given."""
        if self._to_clear:
            self.clear()
        room = self._limit - self._kept
        if room > 0:
            self._parts.append(text[:room])
            self._kept += min(room, len(text))
        self._dropped += max(0, len(text) - max(room, 0))

    def text(self) -> str:
        """What a person sees of it: lines that were written over again and again, as they are at last."""
        rest = f"\n… and {self._dropped} more characters" if self._dropped else ""
        return _WRITTEN_OVER.sub("", "".join(self._parts)) + rest


class _Compiler(CachingCompiler):
    """Names code as the judge names cells."""

    filename = "<cell>"
    inner: str | None = None

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return self.inner or self.filename


class _Results(DisplayHook):
    """Shows what a cell's last expression gives."""

    shell: Shell

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.shell.display_pub.publish(format_dict)

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Displays(DisplayPublisher):
    """Shows, as text, what a notebook would draw."""

    shell: Shell

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        text = data.get("text/plain")
        if text is not None:
            self.shell.output.keep(f"{text}\n")

    def clear_output(self, wait: bool = False) -> None:
        self.shell.output.clear(wait)


def _in_pythons_words(source: str, filename: str) -> SyntaxError | None:
    """What is wrong with a cell that ends too early: Python names the bracket that is open, and IPython does not."""
    try:
        compile(source, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        return error
    return None


def _unknown(error: BaseException) -> str | None:
    """The name that was not defined, where that is what an exception says."""
    return error.name if isinstance(error, NameError) else None


def _stored(code: types.CodeType) -> set[str]:
    """The names that a statement binds."""
    return {one.argval for one in dis.get_instructions(code) if one.opname in ("STORE_NAME", "STORE_GLOBAL")}


class Shell(InteractiveShell):
    """The submission's `__main__` and what runs in it.

    Attributes:
        output: where printed text goes.
        passed_over: statements of the last cell that could not run here, as the judge is told.
    """

    compiler_class = Type(_Compiler)
    displayhook_class = Type(_Results)
    display_pub_class = Type(_Displays)
    compile: _Compiler
    display_pub: _Displays
    history_manager: HistoryManager

    def __init__(self) -> None:
        self.output = Capture(0)
        self.passed_over: list[dict[str, Any]] = []
        self._shown: BaseException | None = None
        super().__init__(config=Config(_SETTINGS), exiter=ZMQExitAutocall(self))
        self._transformers = len(self.input_transformers_cleanup)
        self.db = {}

    # -- what is left out of a shell that keeps nothing from one day to the next

    def init_ipython_dir(self, ipython_dir: Any) -> None:
        pass

    def init_profile_dir(self, profile_dir: Any) -> None:
        pass

    def init_virtualenv(self) -> None:
        pass

    def init_sys_modules(self) -> None:
        pass  # the zygote has a `__main__` of its own

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(_no_pager), 99)

    def init_magics(self) -> None:
        super().init_magics()
        for name in _PROGRAMS:
            self.magics_manager.register_function(_no_program, "cell", name)
        for name in _INSTALLERS:
            self.magics_manager.register_function(_no_package, "line", name)

    def warm_up(self) -> None:
        """Do once what every cell does, and leave nothing of it."""
        self.run_cell("def warm():\n    pass\nwarm()\ndel warm", silent=True)
        self.displayhook.compute_format_data([1])
        self.logger.log("", "")
        asyncio.run(asyncio.sleep(0))
        for name, module in sys.modules.items():
            if name.partition(".")[0] == "grader":
                vars(module).pop("__file__", None)  # %autoreload reads what has one, and no guest can read ours

    # -- a guest's life

    def settle(self, sources: Sources, output: Capture, script: str | None) -> None:
        """Become the shell of one submission.

        Args:
            sources: learns each cell's filename, so that tracebacks can name it.
            output: where printed text goes.
            script: the name of the submission's file, if it is a script and no notebook.
        """
        self.output, self._sources, self._script = output, sources, script
        self._missed: dict[str | None, Lacks] = {}  # names that statements which were passed over would have bound
        self.home_dir = os.getcwd()
        self.history_manager.dir_hist[:] = [self.home_dir]
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._context = contextvars.Context()
        # The student's own copy: what their code puts in place of `len` is theirs, and not what a probe counts with.
        own = types.ModuleType("builtins", builtins.__doc__)
        own.__dict__.update(builtins.__dict__, get_ipython=self.get_ipython, input=_no_answer)
        vars(getpass)["getpass"] = _no_answer
        self.user_ns.update(__builtins__=own, __builtin__=own)
        sys.modules.update(builtins=own, __main__=self.user_module, __mp_main__=self.user_module)
        sys.stdout = sys.__stdout__ = output.stdout  # type: ignore[misc,assignment]  # some put back the latter
        sys.stderr = sys.__stderr__ = output.stderr  # type: ignore[misc,assignment]
        sys.argv = ["notebook"]
        if script is not None:
            self.user_ns["__file__"] = sys.argv[0] = os.path.abspath(script)
        sys.path.insert(0, "")
        _warn_as_usual()

    def run(self, source: str, filename: str, cell: int | None) -> BaseException | None:
        """Run one cell; what it raised."""
        self.compile.filename = filename
        self._sources.add(filename, cell)
        for timed in _TIMED:
            self._sources.forget(timed)
        self.passed_over, self._shown = [], None
        result = self._wait_for(self._run(source), source)
        error = result.error_before_exec or result.error_in_exec or self._shown
        incomplete = isinstance(error, SyntaxError) and error.msg == "incomplete input"
        return _in_pythons_words(source, filename) or error if incomplete else error

    def _wait_for(self, cell: Coroutine[Any, Any, ExecutionResult], source: str) -> ExecutionResult:
        """Run in the loop, as a kernel does; a script that awaits nothing has none."""
        if self._script is not None and not self.should_run_async(source, transformed_cell=source):
            try:
                cell.send(None)
            except StopIteration as ended:
                result: ExecutionResult = ended.value
                return result
        task = self._loop.create_task(cell, context=self._context)
        try:
            return self._loop.run_until_complete(task)
        finally:
            task.cancel()

    async def _run(self, source: str) -> ExecutionResult:
        fault = None
        try:
            transformed = self.transform_cell(source) if self._may_change(source) else source
        except Exception:
            transformed, fault = source, sys.exc_info()
        result: ExecutionResult | None = None
        try:
            result = await self.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=fault
            )
        finally:
            self.events.trigger("post_execute")
            self.events.trigger("post_run_cell", result)
        return result

    def _may_change(self, source: str) -> bool:
        """Whether IPython changes a cell whose magics are calls already: one line, or by what the student added."""
        added = len(self.input_transformers_cleanup) + len(self.input_transformers_post) > self._transformers
        return added or len(source.splitlines()) == 1

    def transform_cell(self, raw_cell: str) -> str:
        """As IPython does, but with the blank lines that it takes from the front: they count in a line's number."""
        blank = _BLANK_LINES.match(raw_cell)
        lines = blank[0].count("\n") if blank else 0
        return "\n" * lines + str(super().transform_cell(raw_cell))

    async def run_code(self, code_obj: Any, result: Any = None, *, async_: bool = False) -> bool:
        """Run one statement. One that needs what is not here is passed over, and the cell goes on."""
        before, shown = Wants.network, self._shown
        failed = bool(await super().run_code(code_obj, result, async_=async_))
        error = result.error_in_exec if failed and result is not None else None
        wanted = None if error is None else self._missed.get(_unknown(error)) or lacks(error, Wants.network > before)
        if error is None or wanted is None or isinstance(error, TimeLimit):
            return failed
        if len(self.passed_over) < MOST_PASSED_OVER:
            self.passed_over.append(describe(error, self._sources, wanted))
        self._missed |= dict.fromkeys(_stored(code_obj), wanted)
        result.error_in_exec, self._shown = None, shown
        return False

    # -- exceptions, which the report shows

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        with suppress(ValueError):
            _, error, _ = self._get_exc_info(exc_tuple)
            if isinstance(error, UsageError):
                self.show_usage_error(error)
            self._shown = error

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        self.showtraceback()

    def _format_exception_for_storage(self, exception: Any, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    # -- what cannot work here

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        filename = self.compile.filename
        inner, above = f"{filename} %%{magic_name}", sys._getframe(1).f_lineno  # blank lines, and the magic's own
        for within in (inner, *_TIMED):
            self._sources.add(within, self._sources.cell(filename), offset=above)
        before, self.compile.inner = self.compile.inner, inner
        try:
            return super().run_cell_magic(magic_name, line, cell)
        finally:
            self.compile.inner = before

    def system(self, cmd: str) -> None:
        """A `!command`: refused, politely."""
        name = (cmd.split() or [""])[0]
        sys.stdout.write(f"!{name} was not run: commands of the shell are not available while grading\n")

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """`x = !command`: refused; `x` is an empty list."""
        self.system(cmd)
        return SList() if split else ""

    def ask_exit(self) -> None:
        """`exit()`, which ends a kernel."""
        sys.stdout.write("exit() was passed over: it would end the notebook\n")

    def enable_gui(self, gui: Any = None) -> None:
        """Windows, which nobody would see."""


Shell.__name__ = "ZMQInteractiveShell"  # by which libraries, and students, tell a notebook from a terminal


def _no_pager(*_: Any, **__: Any) -> None:
    """Help opens beside a notebook, and not in it."""


def _no_program(line: str, cell: str) -> None:
    raise NotHere("a cell in another language does not run while grading")


def _no_package(line: str) -> None:
    sys.stdout.write(f"nothing was installed ({line}): a notebook is graded with the packages that are here\n")


def _no_answer(prompt: object = "") -> str:
    raise StdinNotImplementedError("input() was called, and nobody is there to answer while grading")


def _warn_as_usual() -> None:
    """Show the warnings that a notebook shows, where the zygote shows none."""
    warnings.resetwarnings()
    for hidden in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", hidden, append=True)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
