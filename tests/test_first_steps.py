"""docs/first-steps.md, done as it is written: what a student types, writes into the notebook, and reads."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import GRADE, ROOT, Command

TEXT = (ROOT / "docs" / "first-steps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def answer(notebook: Path, code: str) -> None:
    """Write an answer into the cell that begins with its first line, and save."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    marker = code.partition("\n")[0]
    (cell,) = (one for one in content["cells"] if "".join(one["source"]).startswith(marker))
    cell["source"] = code
    notebook.write_text(json.dumps(content), encoding="utf-8")


def told(expected: str) -> re.Pattern[str]:
    """What is to be read; `...` stands for whatever is left out."""
    return re.compile(".*".join(map(re.escape, expected.split("..."))), re.DOTALL)


@pytest.mark.slow
def test_the_first_steps_lead_to_full_marks(command: Command, tmp_path: Path) -> None:
    assert command("release", ROOT / "assignments" / "assignment1", "--zip", "--out", tmp_path).code == 0
    surroundings = {**os.environ, "PATH": f"{GRADE.parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    surroundings |= {"XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}
    done = []
    for kind, text in BLOCKS:
        if kind == "python":
            answer(tmp_path / "assignments" / "assignment1" / "assignment1.ipynb", text)
            continue
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            typed, _, expected = step.partition("\n")
            ended = subprocess.run(
                typed, shell=True, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=60
            )
            assert told(expected).fullmatch(ended.stdout), (typed, ended.stdout, ended.stderr)
            assert not ended.stderr
            done.append(typed)
    assert len(done) == 7


def test_every_command_that_it_names_is_one() -> None:
    known = {path.stem.removesuffix("_command") for path in (ROOT / "grader/cli/commands").glob("*_command.py")}
    named = set(re.findall(r"`?grade ([a-z]+)\b(?![0-9])", TEXT)) - {"assignment"}
    assert named <= known, named - known
