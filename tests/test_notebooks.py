"""The shipped notebooks: in each language the same cells, and headings that the reports have, too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import nbformat
import pytest
from conftest import ROOT, Command
from gradebooks import timeless

from grader import grade
from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.models.wording import Code, Language
from grader.sandbox.client import Zygote

FOLDERS = [load_assignment(path.parent) for path in sorted((ROOT / "assignments").glob("*/assignment.yaml"))]
CODES: tuple[Code, ...] = get_args(Code)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)

each_assignment = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.spec.id)
each_language = pytest.mark.parametrize("code", CODES)


def cells(path: Path) -> list[dict[str, Any]]:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return [dict(cell) for cell in notebook.cells]


def headings(path: Path) -> list[str]:
    """The headings in a notebook's texts, outside of its examples."""
    texts = [FENCED.sub("", cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown"]
    return [line for text in texts for line in text.splitlines() if line.startswith("#")]


@each_assignment
@each_language
def test_headings_are_the_titles(folder: Folder, code: Code) -> None:
    say = Language.of(code)
    titles = [say(exercise.title) for exercise in folder.spec.exercises]
    expected = [f"# {say(folder.spec.title)}", *(f"## {title}" for title in titles)]
    assert headings(folder.starters[code]) == expected
    if code == "en":
        assert headings(folder.solution) == expected
    assert [title.partition(". ")[0] for title in titles] == [str(number) for number in range(1, len(titles) + 1)]


@each_assignment
def test_they_are_what_the_master_makes(folder: Folder, run: Command, tmp_path: Path) -> None:
    """`grade release ASSIGNMENT --in-place` writes them anew."""
    copy = shutil.copytree(folder.path, tmp_path / "assignments" / folder.spec.id)
    names = [f"{folder.spec.id}.ipynb", f"{folder.spec.id}.ko.ipynb"]
    for name in names:
        (copy / name).unlink()
    assert run("release", copy, "--in-place").code == 0
    for name in names:
        assert (copy / name).read_bytes() == (folder.path / name).read_bytes()
    solution = Path("solutions", names[0])
    assert (tmp_path / solution).read_bytes() == (ROOT / solution).read_bytes()


TRY: dict[Code, str] = {"en": "**Try this.** ", "ko": "**더 해 보기.** "}


@each_assignment
@each_language
def test_every_task_is_worth_the_evening(folder: Folder, code: Code) -> None:
    """It has points, an example with what comes out of it, and at its end something to try, with code in it."""
    texts = [cell["source"] for cell in cells(folder.starters[code]) if cell["id"].endswith("-text")]
    for exercise, text in zip(folder.spec.exercises, texts, strict=True):
        example, (_, tried) = FENCED.findall(text), text.split(f"\n\n{TRY[code]}")
        assert exercise.points
        assert "  # " in "".join(example)
        assert "`" in tried
        assert "\n" not in tried


@each_assignment
@each_language
def test_every_exercise_has_a_text_and_an_answer(folder: Folder, code: Code) -> None:
    names = [exercise.id for exercise in folder.spec.exercises]
    wanted = [f"{name}-{part}" for name in names for part in ("text", "answer")]
    found = cells(folder.starters[code])
    assert [cell["id"] for cell in found] == ["title", "imports", *wanted]
    first = [cell["source"].splitlines()[0] for cell in found if cell["cell_type"] == "code"][1:]
    assert first == [f"# exercise: {name}" for name in names]


@each_assignment
def test_a_translation_changes_texts_alone(folder: Folder) -> None:
    original, *translations = (cells(folder.starters[code]) for code in CODES)
    for translation in translations:
        for one, other in zip(original, translation, strict=True):
            if one["cell_type"] == "markdown":
                assert FENCED.findall(one.pop("source")) == FENCED.findall(other.pop("source"))
            assert one == other


@each_assignment
def test_korean_texts_are_korean(folder: Folder) -> None:
    for cell in cells(folder.starters["ko"]):
        if cell["cell_type"] == "markdown":
            for paragraph in FENCED.sub("", cell["source"]).split("\n\n"):
                assert not paragraph.strip() or re.search("[가-힣]", paragraph), paragraph


EXAMPLES = """
import ast, json, re, sys

def numbers(text):
    return [float(number) for number in re.findall(r"(?<!\\w)-?\\d+\\.?\\d*", text)]

def told(statement):
    try:
        if isinstance(statement, ast.Expr):
            return repr(eval(ast.unparse(statement), names))
        exec(ast.unparse(statement), names)
    except Exception as error:
        return type(error).__name__
    return ""

names, wrong = {"__name__": "__main__"}, []
for code, example in json.load(sys.stdin):
    exec(code, names)
    lines = example.splitlines()
    for statement in ast.parse(example).body:
        line = lines[statement.end_lineno - 1]
        said, got = line.partition("  # ")[2].strip(), told(statement)
        same = numbers(got) == numbers(said) if re.match("[a-z]+ ", said) else got.split() == said.split()
        if not same and (said or got.endswith("Error")):
            wrong.append([line, got])
print(json.dumps(wrong))
"""


PRINTED = {"lazy", "collate", "cnn"}
"""Exercises with an example whose comments are more than one value each, or say about how much it is."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"),
    [(folder.spec.id, number) for folder in FOLDERS for number in range(4)],
)
def test_the_examples_give_what_they_say(name: str, number: int, tmp_path: Path) -> None:
    """In each variant, where each comment is what its line gives: a value, its numbers, or the name of an exception."""
    folder = load_assignment(ROOT / "assignments" / name, number)
    parts, example = [], ""
    for cell in cells(folder.solution):
        if cell["cell_type"] == "code":
            parts.append([cell["source"], "" if cell["id"].removesuffix("-answer") in PRINTED else example])
        elif cell["source"]:  # in English
            example = "\n".join(block[10:-3] for block in FENCED.findall(cell["source"]))
    if (folder.path / "data").is_dir():
        shutil.copytree(folder.path / "data", tmp_path / "data")
    command = [sys.executable, "-W", "ignore", "-c", EXAMPLES]
    ended = subprocess.run(command, input=json.dumps(parts), capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(ended.stdout) == []
    exercises = {exercise.id for exercise in folder.spec.exercises}
    assert sum(bool(example) for _, example in parts) == len(exercises - PRINTED)


def test_it_does_not_matter_which_notebook_an_answer_began_from(zygote: Zygote, tmp_path: Path) -> None:
    (folder,) = (folder for folder in FOLDERS if folder.spec.id == "assignment3")
    answers = {cell["id"]: cell["source"] for cell in cells(folder.solution)}
    first, wrong, *_ = (exercise.id for exercise in folder.spec.exercises)
    reports = []
    for code, path in folder.starters.items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["id"] == f"{first}-answer":
                cell["source"] = answers[cell["id"]]
            if cell["id"] == f"{wrong}-answer":
                cell["source"] += ["\nsplit_graph = leaf_copy = None"]
        answered = tmp_path / code / "answer.ipynb"
        answered.parent.mkdir()
        answered.write_text(json.dumps(notebook))
        report = grade(folder.path, answered, zygote=zygote)
        assert [exercise.status for exercise in report.exercises] == ["full", "none"] + ["not started"] * (
            len(folder.spec.exercises) - 2
        )
        reports.append(timeless(report.model_copy(update={"submission": None}).model_dump(mode="json", warnings=False)))
    assert reports[0] == reports[1]
