"""A new assignment: what is written of it, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import yaml

from grader.assignment import SPEC
from grader.assignment.choosing import starter_stems
from grader.assignment.master import read_master
from grader.authoring.starter import (
    Notebook,
    as_script,
    parse_json,
    read_json,
    starter_of,
    without_outputs,
    write_json,
)
from grader.errors import UsageError
from grader.models.wording import Code

_NAME = re.compile(r"[A-Za-z0-9][\w-]*")
_PLACEHOLDER = "ASSIGNMENT"
_COMMENTED = re.compile(r"^(.*?\S) +(# (?!exercise).*)$", re.MULTILINE)
"""A line with a comment behind it."""
_COLUMN = 40
_CHECKS = '"""Checks in plain Python, for what the spec cannot say. docs/checks.md describes them."""\n\n'
_MADE = re.compile(r"^(?:# )?(?:notebook|solution): .*\n", re.MULTILINE)
"""Lines of the spec that name what a master makes."""
_SOLUTION = "# solution: ../../solutions/ASSIGNMENT.ipynb   # from this folder"


@dataclass(frozen=True)
class Destination:
    """Where a new assignment goes.

    Attributes:
        folder: its own.
        solution: the notebook with the answers, outside of it.
    """

    id: str
    folder: Path
    solution: Path

    @property
    def named_solution(self) -> str | None:
        """How the spec names the solution; None where it is looked for there anyway."""
        usual = self.folder / "../../solutions" / self.solution.name
        relative = os.path.relpath(self.solution, self.folder)
        return None if usual.resolve() == self.solution.resolve() else Path(relative).as_posix()


def place_for(name: str, start: Path) -> Destination:
    """In the nearest `assignments/` at or above `start`, else in `start` itself; the solution beside that.

    Raises:
        UsageError: where the name is none, or something of it is there already.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for an assignment.", "Take letters, digits, - and _, such as hw1.")
    home = next((one / "assignments" for one in (start, *start.parents) if (one / "assignments").is_dir()), start)
    course = start if home == start else home.parent
    place = Destination(name, home / name, course / "solutions" / f"{name}.ipynb")
    for path in (place.folder, place.solution):
        if os.path.lexists(path):
            raise UsageError(f"{path} is there already; nothing was written.", "Give another name, or remove it.")
    return place


@dataclass
class Draft:
    """What is written of a new assignment.

    Attributes:
        spec: its text.
        solution: the notebook with the answers; None where a master has them.
        starters: the notebooks to start from, by language; none where a master makes them.
        files: further ones, by their names in the folder.
    """

    spec: str
    solution: Notebook | None
    starters: Mapping[Code, Notebook]
    files: dict[str, bytes] = field(default_factory=dict)

    def write(self, place: Destination) -> list[Path]:
        """Write all of it; the paths.

        Raises:
            UsageError: when it cannot be written.
        """
        stems = starter_stems(place.id)
        starters = {place.folder / f"{stems[code]}.ipynb": starter for code, starter in self.starters.items()}
        solution = {place.solution: self.solution} if self.solution else {}
        try:
            place.folder.mkdir(parents=True)
            (place.folder / SPEC).write_text(self.spec, encoding="utf-8")
            for path, notebook in {**starters, **solution}.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_json(path, notebook)
            for name, content in self.files.items():
                path = place.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        except OSError as error:
            raise UsageError(f"{error.filename} cannot be written: {error.strerror}.") from None
        return [place.folder / SPEC, *starters, *(place.folder / name for name in self.files), *solution]


def first_draft(place: Destination, as_master: bool = False) -> Draft:
    """An assignment that shows each common kind of exercise, to be changed into one's own.

    Args:
        as_master: whether tasks, answers and checks are one file.
    """
    texts = files(__package__) / "first_assignment"
    path = Path(str(texts / "master.ipynb"))
    spec = (texts / SPEC).read_text(encoding="utf-8")

    def own(text: str) -> str:
        return text.replace(_PLACEHOLDER, place.id)

    if as_master:
        spec = _placed(_MADE.sub("", spec).replace("# master: ", "master: "), place)
        script = own(as_script(read_json(path)))
        return Draft(spec, None, {}, {f"{place.id}.master.py": script.encode()})
    exercises = {exercise["id"]: True for exercise in yaml.safe_load(spec)["exercises"]}
    master = read_master(path, exercises, shows_checks=False, values={})
    starter, solution = (parse_json(own(made.decode())) for made in (master.starter("en"), master.clean_solution))
    checks = f"{_CHECKS}{master.checks(hidden=False)}".encode()
    return Draft(_placed(spec, place), solution, {"en": starter}, {"checks/module.py": checks})


def head_of_spec(place: Destination, title: str, keys: str) -> str:
    """A commented spec down to its `exercises:`.

    Args:
        title: as YAML.
        keys: further lines.
    """
    text = (files(__package__) / "first_assignment" / SPEC).read_text(encoding="utf-8")
    head = _placed(text.partition("exercises:")[0].replace(f"title: {_PLACEHOLDER} ", f"title: {title} "), place)
    own = {line.partition(":")[0] for line in keys.splitlines()}
    lines = [line for line in head.rstrip().splitlines() if line.removeprefix("# ").partition(":")[0] not in own]
    return "\n".join([*lines, *keys.splitlines(), "", "exercises:", ""])


def without_answers(solution: Notebook) -> Notebook:
    """The notebook that students get, for a solution whose answers are marked."""
    cells = [
        without_outputs(cell, source=starter_of(cell["source"]) if "grader" in cell["metadata"] else cell["source"])
        for cell in solution["cells"]
    ]
    return {**solution, "cells": cells}


def _placed(spec: str, place: Destination) -> str:
    named = place.named_solution
    if named is not None:
        spec = spec.replace(_SOLUTION, f"solution: {named}   # from this folder")
    spec = spec.replace(_PLACEHOLDER, place.id)
    return _COMMENTED.sub(lambda line: f"{line[1]:<{_COLUMN - 1}} {line[2]}", spec)
