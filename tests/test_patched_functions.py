"""Whatever function student code puts in the place of one that probes and fixtures use, no wrong answer earns more."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from planted import ALL, Answer, with_answers

from grader.judging.single import grade
from grader.models.report import Report
from grader.sandbox.client import Zygote

ASSIGNMENTS = ("assignment1", "assignment2", "assignment3", "assignment4")
REPLACEMENTS = {
    "true": "lambda *args, **kwargs: True",
    "first": "lambda *args, **kwargs: args[0] if args else None",
    "constant": "lambda *args, **kwargs: 0",
}
SAMPLE = 24
"""All that could be replaced is cut into so many shares, since each takes half a minute."""
SHARES = {
    assignment: range(SAMPLE) if os.environ.get("ALL_PATCHES") else (place * SAMPLE // len(ASSIGNMENTS),)
    for place, assignment in enumerate(ASSIGNMENTS)
}
"""Those that are tried: another one of each assignment, or all where the variable ALL_PATCHES is set."""
SELECTION = {"assignment3": "not cnn"}  # which trains for seconds
PATCH = """
import builtins
import torch

def put(path, function):
    *owners, name = path.split(".")
    owner = builtins if owners[0] == "builtins" else torch
    for part in owners[1:]:
        owner = getattr(owner, part)
    setattr(owner, name, function)

put({path!r}, {function})
"""


@cache
def reached(assignment: str) -> list[str]:
    """Paths of the functions that probes and fixtures reach on the solution."""
    command = [sys.executable, "-W", "ignore", "-m", "traced", assignment]
    return subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True, check=True).stdout.split()


def wrong_answers(assignment: str) -> list[Answer]:
    """A wrong answer to each exercise: one that changes what it should leave alone, if there is one."""
    chosen: dict[str, Answer] = {}
    for answer in sorted(ALL, key=lambda answer: answer.mistake not in ("mutates_input", "global_seed")):
        if answer.assignment == assignment and not answer.right:
            chosen.setdefault(answer.exercise, answer)
    return list(chosen.values())


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote.spawn(long_lived=True) as warm:
        yield warm


def earned(assignment: str, folder: Path, zygote: Zygote, patch: str = "") -> Report:
    path = with_answers(wrong_answers(assignment), folder, assignment)
    if patch:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(patch))
        nbformat.write(notebook, path)
    return grade(ROOT / "assignments" / assignment, path, selection=SELECTION.get(assignment), zygote=zygote)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("assignment", "share"), [(assignment, share) for assignment in ASSIGNMENTS for share in SHARES[assignment]]
)
def test_a_replaced_function_earns_nothing(assignment: str, share: int, tmp_path: Path, zygote: Zygote) -> None:
    before = {e.id: e.earned for e in earned(assignment, tmp_path, zygote).exercises}
    assert any(before.values())
    gained = {}
    for path in reached(assignment):
        for kind, function in REPLACEMENTS.items():
            if zlib.crc32(f"{path} {kind}".encode()) % SAMPLE == share:
                report = earned(assignment, tmp_path, zygote, PATCH.format(path=path, function=function))
                more = {e.id: e.earned - before[e.id] for e in report.exercises if e.earned > before[e.id]}
                gained |= {(path, kind): more} if more else {}
    assert gained == {}
