"""Files of people: whatever is in a spec, a notebook or a script, it is read, or refused with the error for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat  # noqa: F401  # here, and not in a test with a deadline: notebooks of older formats need it
import pytest
import yaml
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from mutated import ODD, mutated, spoiled

from grader.assignment.load import load_assignment
from grader.assignment.spec_file import read_yaml
from grader.errors import SpecError, SubmissionError
from grader.submission.read import read_submission
from grader.submission.source import read_source

Write = Callable[[str, bytes], Path]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a file, over the one before, in a folder that has fixtures."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "fixtures.py").touch()

    def written(name: str, content: bytes) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return written


# -- specs


def shipped() -> list[dict[str, Any]]:
    """The assignments in parts of two exercises, since these are read in a moment."""
    more = {"fixtures": "fixtures.py", "grading": {"due": "2026-11-30T23:59+09:00", "late": {"per_day": 0.1}}}
    parts = []
    for path in sorted((ROOT / "assignments").glob("*/assignment.yaml")):
        spec = yaml.safe_load(path.read_text())
        exercises = [{**exercise, "needs": []} for exercise in spec["exercises"]]
        parts += [{**spec, **more, "exercises": exercises[at : at + 2]} for at in range(0, len(exercises), 2)]
    return parts


def as_yaml(data: Any) -> bytes:
    text: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return text.encode()


def writable(part: Any) -> bool:
    """Whether YAML can hold it, which has no halves of characters."""
    return "\\ud" not in json.dumps(part)


SPECS = shipped()
UNUSUAL = [
    *("!!int x", "!!int ''", "!!float x", "!!bool x", "!!timestamp x", "!!binary x", "!!map [1]", "!!set {a}"),
    *("!!omap [a]", "!!python/name:os.system", "&a [*a]", "*a", "<<", "=", "[" * 500, "9" * 5000, "0x_", "1:60"),
    *(".inf", "{? [1] : 2}"),
]
RAW = {f"raw{number}raw": text for number, text in enumerate(UNUSUAL)}
"""Names that stand for what a dump of data never holds."""
PIECES = [
    b"\t",
    b"\0",
    b"\x85",
    b"\xff",
    b"- ",
    b"? ",
    b": ",
    b"{",
    b"---\n",
    b"!!int ",
    b"&a ",
    b"*a ",
    b"<<: ",
    b"\r",
]
WORDS = st.sampled_from(
    ["f()", "f(", "x.y", "[1, 2]", "randn(2)", "f(" * 300, "1e999", "\N{KELVIN SIGN}", "function", "ß"]
)


def is_loaded_or_refused(write: Write, content: bytes) -> None:
    file = write("assignment.yaml", content)
    read_yaml.cache_clear()  # it would grow by all these
    refused = None
    try:
        load_assignment(file.parent)
    except SpecError as error:
        refused = error.message
    assert refused is None or re.match(
        rf"{re.escape(str(file))}(:\d+:\d+: |, line \d+|: (is not UTF-8|a spec is a mapping))", refused
    )


@given(spec=st.sampled_from(SPECS).flatmap(lambda spec: mutated(spec, odd=ODD.filter(writable) | WORDS)))
def test_any_spec_is_loaded_or_refused(write: Write, spec: dict[str, Any]) -> None:
    is_loaded_or_refused(write, as_yaml(spec))


@given(spec=st.sampled_from(SPECS).flatmap(lambda spec: mutated(spec, odd=st.sampled_from(sorted(RAW)))))
def test_any_kind_of_yaml_is_loaded_or_refused(write: Write, spec: dict[str, Any]) -> None:
    text = as_yaml(spec).decode()
    is_loaded_or_refused(write, re.sub("raw[0-9]+raw", lambda name: RAW[name[0]], text).encode())


@given(text=st.sampled_from(SPECS[::6]).map(as_yaml).flatmap(lambda text: spoiled(text, PIECES)))
def test_any_text_is_loaded_or_refused(write: Write, text: bytes) -> None:
    is_loaded_or_refused(write, text)


WRONG: dict[str, Any] = {
    **{key: [] for key in ("format", "id", "seed", "limits", "title", "grading", "fixtures")},
    "exercises": {},
    "points": "many",
    "requirements": 1,
    "needs": {},
    "preload": "torch",
    "kind": "luck",
}


@pytest.mark.parametrize("key", WRONG)
@pytest.mark.parametrize("spec", SPECS[::6], ids=lambda spec: spec["exercises"][0]["id"])
def test_a_wrong_value_is_refused_with_its_line_and_key(write: Write, spec: dict[str, Any], key: str) -> None:
    spec = json.loads(json.dumps(spec))
    exercise = spec["exercises"][-1]
    place = exercise["requirements"][-1] if key == "kind" else exercise if key in {**exercise, "needs": 1} else spec
    place[key] = WRONG[key]
    file = write("assignment.yaml", as_yaml(spec))
    with pytest.raises(SpecError) as caught:
        load_assignment(file.parent)
    found = re.match(rf"{re.escape(str(file))}:(\d+):\d+: `([\w.]+)`", caught.value.message)
    assert found, caught.value.message
    assert found[2].split(".")[-1] == key
    assert f"{key}:" in file.read_text().splitlines()[int(found[1]) - 1]


# -- submissions


def code(source: Any, **keys: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, **keys}


NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": "# text"},
        code("# exercise: one\n%time f()\n!ls {x}\nx = !ls\n", id="a1"),
        code(["%%bash\n", "ls\n"], metadata={"grader": {"exercise": "two"}}),
        code("def f(x):\n    return x?\n", outputs=[{"output_type": "stream", "text": "out"}]),
        code("a = %who\n?f\nf??\n%%time\n"),
    ],
}
MAGIC = "%!?%%\n\\\"'#()[]{}= \t\x0c\r"
SOURCES = st.lists(
    st.sampled_from([*MAGIC, "%%time", "!ls", "x", "f?", "'''", "# exercise: one", "if x:\n    ", "\0", "\ud800"]),
    max_size=14,
).map("".join)  # fmt: skip
SCRIPT = b"# %%\n# exercise: one\n%time f()\n#%% [markdown]\n# text\n# %%\nx = !ls\n"
FORMS = [
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"[" * 3000,
    b"{" * 9,
    b"9" * 5000,
    b"-1e999",
    b"NaN",
    b"\\ud800",
    b"\r",
    b"\x0c",
]


def is_read_or_refused(path: Path) -> None:
    """And shown, which fails for none."""
    refused = submission = None
    try:
        submission = read_submission(path)
    except SubmissionError as error:
        refused = error
    assert refused is None or (str(path) in refused.message and refused.advice)
    assert submission is None or json.dumps(submission.model_dump())
    for cell in read_source(path):
        assert cell.text.encode() is not None  # no half of a character is left


@given(notebook=mutated(NOTEBOOK, odd=ODD | SOURCES))
def test_any_notebook_is_read_or_refused(write: Write, notebook: Any) -> None:
    is_read_or_refused(write("answer.ipynb", json.dumps(notebook).encode()))


@given(sources=st.lists(SOURCES, max_size=3))
def test_any_cells_are_read(write: Write, sources: list[str]) -> None:
    path = write("answer.ipynb", json.dumps({**NOTEBOOK, "cells": list(map(code, sources))}).encode())
    submission = read_submission(path)
    assert [cell.number for cell in submission.cells] == list(range(1, len(sources) + 1))
    is_read_or_refused(path)


@given(
    content=st.binary(max_size=60) | ODD.map(json.dumps).map(str.encode) | spoiled(json.dumps(NOTEBOOK).encode(), FORMS)
)
def test_any_bytes_of_a_notebook_are_read_or_refused(write: Write, content: bytes) -> None:
    is_read_or_refused(write("answer.ipynb", content))


@given(
    content=st.binary(max_size=60) | SOURCES.map(lambda text: text.encode(errors="replace")) | spoiled(SCRIPT, FORMS)
)
def test_any_bytes_of_a_script_are_read_or_refused(write: Write, content: bytes) -> None:
    is_read_or_refused(write("answer.py", content))
