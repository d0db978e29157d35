"""A notebook leaves the same in a guest as in a real kernel: names and their values, printed text, exceptions.

Each notebook of `conformance/` runs in both. What differs, and why, is in `docs/notebooks.md`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Course
from kernels import Kernels

from grader.models.observation import CellRun

HERE = Path(__file__).parent / "conformance"
ODD = {
    "a non-breaking space that was pasted": ("x =\u00a01", "y = 2"),
    "Windows line ends": ('a = 1\r\nif a:\r\n    b = """x\r\ny"""\r\n',),
    "a lone carriage return ends a line": ("# a comment\rdef f():\r    return 1\r", "f()"),
    "a form feed and a tab": ("if True:\n\tx = 1\n\x0cy = 2",),
    "a byte-order mark at the start": ("\ufeffx = 1", "y = 2"),
    "a form with no cells": (),
}
"""Notebooks with characters that an editor would not keep in a file."""
DIFFERS = {
    "load an extension that is not there": "passed over",
    "a magic that is not there": "passed over",
    "python cells": "passed over",
    "notebook and connect magics": "passed over",
    "parse_args of the kernel's arguments": "`sys.argv`",
    "checking what environment this is": "`ipykernel`",
    "tqdm.auto and notebook": "`ipykernel`",
    "display a handle and update it": "`update()`",
    "a progress bar of IPython": "`update()`",
    "history printed": "`%history`",
    "an exception group": "ExceptionGroup",
    "an exception without a str": "`__str__`",
    "doctest of the notebook": "doctest",
}
"""Notebooks that leave something else in a guest; and the words by which `docs/notebooks.md` says why."""

LAST_CELL = """
import json as _json
def _described(value, depth=0):
    import enum, re, sys, types
    import numpy, torch
    kind = type(value)
    if kind in (type(None), bool, int, float, complex, str, bytes, range, slice):
        return repr(value)
    if isinstance(value, torch.Tensor):
        return f"{kind.__name__} {value.dtype} {tuple(value.shape)} {value.requires_grad} {value.tolist()}"
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return f"{kind.__name__} {value.dtype} {value.shape} {value.tolist()}"
    if depth < 6 and kind in (list, tuple, set, frozenset):
        return [kind.__name__, *map(_deeper(depth), value if kind in (list, tuple) else sorted(value, key=repr))]
    if depth < 6 and isinstance(value, dict):
        return [kind.__name__, *([str(key), _deeper(depth)(part)] for key, part in value.items())]
    if isinstance(value, type):
        return f"class {value.__module__}.{value.__qualname__} {[base.__name__ for base in value.__mro__]}"
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    if isinstance(value, enum.Enum):
        return f"enum {value.name}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{kind.__name__} {value.__module__}.{value.__qualname__}"
    if isinstance(value, BaseException):
        return f"{kind.__name__} {value.args!r}"
    if depth < 6 and hasattr(value, "__dict__") and kind.__module__ == "__main__":
        return [kind.__name__, _deeper(depth)(vars(value))]
    return kind.__name__
def _deeper(depth):
    return lambda part: _described(part, depth + 1)
import sys as _sys
_sys.stdout = _sys.__stdout__ if not hasattr(_sys.stdout, "encoding") else _sys.stdout
_own = {"In", "Out", "get_ipython", "exit", "quit", "open", "conforms"}
print("\\n" + _json.dumps({
    name: _described(value)
    for name, value in sorted(globals().items())
    if name not in _own and (not name.startswith("_") or name in ("_", "__"))
}))
def conforms():
    return 1
"""
"""Says what there is at the end. It is the last cell in both."""


@dataclass(frozen=True)
class Notebook:
    """One notebook, by what it is about.

    Attributes:
        subject: the file that it is in.
    """

    name: str
    subject: str
    cells: tuple[str, ...]


def notebooks() -> Iterator[Notebook]:
    """All of them. In a file, `=== name` begins one, and `---` its next cell."""
    for path in sorted(HERE.glob("*.txt")):
        for text in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
            name, _, cells = text.partition("\n")
            yield Notebook(name, path.stem, tuple(cell.strip("\n") for cell in f"\n{cells}\n".split("\n---\n")))
    for name, odd in ODD.items():
        yield Notebook(name, "odd characters", odd)


@dataclass(frozen=True)
class Left:
    """What a notebook leaves.

    Attributes:
        names: with a description of each value.
        shown: by each cell, as text.
        raised: by each cell.
    """

    names: dict[str, Any]
    shown: list[str]
    raised: list[str | None]


@pytest.fixture(scope="session")
def kernels() -> Iterator[Kernels]:
    started = Kernels.start()
    yield started
    started.close()


def expected(notebook: Notebook) -> Any:
    """A notebook, marked where it leaves something else, or is left to `make test-all`."""
    marks = [pytest.mark.xfail(strict=True, reason=DIFFERS[notebook.name])] if notebook.name in DIFFERS else []
    return pytest.param(notebook, id=notebook.name, marks=[*marks, *([] if quick(notebook) else [pytest.mark.slow])])


def quick(notebook: Notebook) -> bool:
    """Whether it runs in `make test`: a sixteenth of them does, by chance, and always the same."""
    return zlib.crc32(notebook.name.encode()) % 16 == 0


@pytest.mark.parametrize("notebook", [*map(expected, notebooks())])
def test_a_guest_leaves_what_a_kernel_leaves(
    course: Course, kernels: Kernels, notebook: Notebook, tmp_path: Path
) -> None:
    cells = (*notebook.cells, LAST_CELL)
    there = in_a_kernel(kernels.run(cells, tmp_path))
    course.require(
        {"kind": "function", "calls": [{"call": "conforms()", "returns": "1"}]}, limits={"output": 1_000_000}
    )
    here = in_a_guest(course.grade(course.notebook(*({"source": cell} for cell in cells))).cells)
    assert here.raised == there.raised
    assert here.names == there.names
    assert here.shown == there.shown


def test_the_docs_name_every_difference() -> None:
    said = (Path(__file__).parent.parent / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert [why for why in set(DIFFERS.values()) if why not in said] == []


def in_a_guest(cells: tuple[CellRun, ...]) -> Left:
    shown = [cell.output for cell in cells]
    raised = [cell.raised.type if cell.raised else None for cell in cells]
    raised = [cell.passed_over[0].type if cell.passed_over else kind for cell, kind in zip(cells, raised, strict=True)]
    return left(shown, raised)


def in_a_kernel(cells: list[Any]) -> Left:
    shown = [next((one.ename for one in cell.outputs if one.output_type == "error"), None) for cell in cells]
    raised = [one or cell.metadata.get("raised") for cell, one in zip(cells, shown, strict=True)]
    return left(["".join(map(text_of, cell.outputs)) for cell in cells], raised)


def text_of(output: Any) -> str:
    """What a person saw, without pictures."""
    if output.output_type == "stream":
        return output.text if output.text.endswith("\n") else f"{output.text}\n"
    return f"{output.data['text/plain']}\n" if "text/plain" in output.get("data", {}) else ""


def left(shown: list[str], raised: list[str | None]) -> Left:
    *before, last = shown[-1].rstrip("\n").split("\n")
    return Left(json.loads(same(last)), [comparable(text) for text in [*shown[:-1], "\n".join(before)]], raised)


_VARYING = (
    (re.compile(r"0x[0-9a-f…]{1,16}"), "0x"),
    (re.compile(r"(/\S*ipykernel_\d+/\d+\.py|<cell \d+>)"), "<cell>"),
    (re.compile(r"[^\n]*\r(?=[^\n])"), ""),
    (re.compile(r"<>:\d+: .*\n(  .*\n)?"), ""),  # the kernel parses a cell more than once
    (re.compile(r"\d+(\.\d+)?(e[+-]\d+)? ?(s|ms|μs|µs|us|ns)\b"), "0 s"),
    (re.compile(r"\d+:\d+|\d+\.\d+ ?it/s|[\d.]+s/it"), "0:00"),
    (re.compile(r"/\S*/work\b|/\S*/grade-\w+"), "HERE"),
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
)


def comparable(text: str) -> list[str]:
    """The lines of a text. A kernel's two streams come in any order."""
    return sorted(line.rstrip() for line in re.split(r"\n", same(text)) if line.strip())


def same(text: str) -> str:
    """A text without what is different every time."""
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return text
