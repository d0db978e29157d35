"""docs/first-assignment.md: its files and its commands, run as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Command

PAGE = (ROOT / "docs" / "first-assignment.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:^`(?P<file>[^`\n]+)`\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_HERE = "pip install"  # it is installed


def blocks() -> Iterator[tuple[str | None, str, str]]:
    """A file's name and text, or a command and what is shown of it, as they follow one another."""
    for block in BLOCK.finditer(PAGE):
        if block["file"]:
            yield block["file"], "", block["text"]
        else:
            assert block["kind"] == "console"
            for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                if not command.startswith(NOT_HERE):
                    yield None, command, shown


def is_shown(printed: str, shown: str) -> bool:
    """Whether that is what was printed; `...` stands for anything, at the end of a line or in the place of lines."""
    pattern = re.escape("\n".join(line.rstrip() for line in shown.strip().splitlines())).replace(r"\.\.\.", ".*")
    return bool(re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.strip().splitlines()), re.DOTALL))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return desk


def follow(run: Command, monkeypatch: pytest.MonkeyPatch, *left_out: str) -> None:
    """Do what the page says, from an empty folder on."""
    monkeypatch.setenv("COLUMNS", "100")
    for file, command, text in blocks():
        name, *arguments = shlex.split(command) or [""]
        if file:
            Path(file).write_text(text, encoding="utf-8")
        elif name == "cd":
            monkeypatch.chdir(arguments[0])
        elif name != "grade":
            subprocess.run([name, *arguments], check=True)
        elif arguments[0] not in left_out:
            ended = run(*arguments)
            assert (is_shown(ended.out, text), ended.err) == (True, ""), f"$ {command}\n{ended.out}"


@pytest.mark.slow
def test_the_page_as_it_stands(desk: Path, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    follow(run, monkeypatch, "verify")
    students = tmp_path / "student"
    shutil.move(desk / "released", students)
    shutil.rmtree(desk)
    monkeypatch.chdir(students)
    assert run("hw1", "answer.py").out.splitlines()[-1] == "4 / 4 points", "nothing of the author's is needed"


@pytest.mark.slow
def test_the_page_with_its_proof(desk: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(run, monkeypatch)
    master = desk / "hw1" / "hw1.master.py"
    weak = master.read_text(encoding="utf-8").replace(" and type(log[0]) is float", "")
    master.write_text(weak, encoding="utf-8")
    ended = run("verify", desk / "hw1", "-k", "watch")
    assert (ended.code, "    watch, item: no check fails\n" in ended.out) == (1, True), ended.out


def test_what_the_author_writes() -> None:
    files = {file: text.splitlines() for file, _, text in blocks() if file}
    counted = {"spec": len(files["hw1/assignment.yaml"]), "marks": 0, "tasks": 0, "checks": 0}
    for cell in "\n".join(files["hw1/hw1.master.py"]).split("# %%")[1:]:
        head, *lines = cell.rstrip().splitlines()
        if "markdown" in head:
            counted["tasks"] += len(lines)
        elif lines[0].startswith("# check"):
            counted["checks"] += len(lines)
        else:
            counted["marks"] += sum(line.startswith(("# exercise", "# solution", "# end")) for line in lines)
    said = "{spec} of the spec, {marks} marks, {tasks} of the tasks, {checks} of checks".format(**counted)
    assert f"you write {sum(counted.values())} lines: {said}" in PAGE
    assert sum(counted.values()) <= 40
