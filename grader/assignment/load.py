"""Finds an assignment's folder and reads what is in it; errors name file, line and key."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import yaml

from grader.assignment import SPEC
from grader.assignment.choosing import starter_stems
from grader.assignment.folder import Folder
from grader.assignment.master import filled, made_of
from grader.assignment.plain_checks import CHECKS
from grader.assignment.spec import NO_TITLE, Assignment
from grader.assignment.spec_errors import find
from grader.assignment.spec_file import composed, filled_text, read_yaml
from grader.assignment.titles import with_titles
from grader.assignment.yaml_text import YamlText
from grader.errors import SpecError, SubmissionError, UsageError
from grader.submission.read import read_file, read_notebook


def list_assignments(start: Path) -> dict[str, Path]:
    """Folders with a spec, by name, in the nearest `assignments/` at or above `start`."""
    for parent in (start, *start.parents):
        folder = parent / "assignments"
        found = {spec.parent.name: spec.parent for spec in sorted(folder.glob(f"*/{SPEC}"))}
        if found:
            return found
    return {}


def find_assignment(name: str, start: Path) -> Path:
    """The folder of an assignment, given by name or by path.

    Raises:
        UsageError: when there is none; with the nearest name.
    """
    path = Path(name)
    if (path / SPEC).is_file():
        return path
    if path.name == SPEC and path.is_file():
        return path.parent
    known = list_assignments(start)
    if name in known:
        return known[name]
    if path.is_dir():
        raise UsageError(f"The folder {name} holds no {SPEC}.", "Give the folder of an assignment, or its name.")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        raise UsageError(f"There is no assignment {name!r}.", f"Did you mean {near[0]!r}?")
    if path.is_file():
        first = next(iter(known), "ASSIGNMENT")
        raise UsageError(f"{name} is no assignment.", f"Name the assignment first, e.g. `grade {first} {name}`.")
    for other, folder in known.items():
        with suppress(SpecError):
            if name in (exercise.id for exercise in load_assignment(folder).spec.exercises):
                advice = f"Name the assignment first, e.g. `grade {other} -k {name}`."
                raise UsageError(f"{name!r} is an exercise of {other}.", advice)
    listed = ", ".join(known) or "none found; run this where the folder `assignments` is"
    raise UsageError(f"There is no assignment {name!r}.", f"Assignments: {listed}.")


def load_assignment(path: Path, variant: int | None = None, id: str | None = None) -> Folder:
    """Read the spec in a folder.

    Args:
        variant: in the place of the one that the spec says it is.
        id: likewise.

    Raises:
        SpecError: when it is not valid; with every place that is wrong.
        UsageError: when there is no such variant.
    """
    file = path / SPEC
    changes = tuple((key, value) for key, value in (("variant", variant), ("id", id)) if value is not None)
    try:
        text = file.read_text(encoding="utf-8")
        spec = read_yaml(text, str(file), Assignment, "The format is described in docs/spec.md.", changes)
        source, node = YamlText(str(file), text), partial(composed, text)
        if spec.fixtures and not os.path.isfile(path / spec.fixtures):
            said = f"`fixtures`: there is no file {spec.fixtures} in the folder."
            mark = find(node(), ("fixtures",)).value
            raise SpecError(source.said(mark, len(spec.fixtures), said))
        made = _made(path, spec, source, node)
        for place, exercise in enumerate(spec.exercises):
            own = (path / "checks").is_dir() or (made is not None and (made / CHECKS).is_file())
            if not (exercise.requirements or exercise.manual or own):
                mark = find(node(), ("exercises", place, "id")).value
                said = source.said(mark, len(exercise.id), f"{exercise.id!r} has no check.")
                raise SpecError(said, "Give it requirements, or `manual`.")
        file = path / (spec.fixtures or SPEC)
        fixtures = filled_text(file, spec) if spec.fixtures else ""
        compile(fixtures, str(path / (spec.fixtures or "")), "exec")
    except OSError as error:
        raise SpecError(f"{error.filename}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{file}: is not UTF-8 text: {error}.") from None
    except SyntaxError as error:
        raise SpecError(f"{error.filename}, line {error.lineno}: {error.msg}.") from None
    folder = Folder(path, spec, fixtures, made)
    return folder if all(one.title is not NO_TITLE for one in (spec, *spec.exercises)) else _titled(folder)


def _titled(folder: Folder) -> Folder:
    """The same with the headings of the notebooks for the titles that the spec does not give."""
    notebooks = {}
    for code, path in folder.starters.items():
        with suppress(SubmissionError):  # what is wrong with it is said where it is graded
            owners = {cell.number: cell.exercises for cell in folder.read(path, alone=True).cells if cell.number}
            notebooks[code] = read_notebook(read_file(path), path), owners
    return replace(folder, spec=with_titles(folder.spec, notebooks))


def _made(path: Path, spec: Assignment, source: YamlText, node: Callable[[], yaml.Node | None]) -> Path | None:
    """The folder with what is made of an assignment's master, if it is there; students' copies have none.

    Args:
        node: gives the spec's nodes, which know their places; few specs need them.
    """
    values = spec.values(spec.id)
    if spec.master is None:
        return _made_of_notebooks(path, spec, find(node(), ("id",)).node.value) if values else None
    file, name = path / spec.master, spec.notebook or f"{spec.id}.ipynb"
    if not os.path.isfile(file):  # unlike Path.is_file, of any text
        if os.path.isfile(path / name):
            return None
        said = f"`master`: there is no file {spec.master} in the folder."
        raise SpecError(source.said(find(node(), ("master",)).value, len(spec.master), said))
    return made_of(file, name.removesuffix(".ipynb"), spec.in_master, spec.show_checks, values)


def _made_of_notebooks(path: Path, spec: Assignment, id: str) -> Path:
    """The folder with the notebooks of an assignment without a master, and the solution, with its values in them.

    Args:
        id: as its file has it; what is made is called by the spec's.
    """
    name = Path(spec.notebook or f"{id}.ipynb")
    found = {path / f"{stem}{name.suffix}": stem for stem in starter_stems(name.stem).values()}
    made = {
        f"{stem if spec.notebook else stem.replace(id, spec.id, 1)}{name.suffix}": file for file, stem in found.items()
    }
    solution = (path / (spec.solution or f"../../solutions/{id}.ipynb")).resolve()
    made[f"solution/{solution.name}"] = solution
    return filled({name: file for name, file in made.items() if file.is_file()}, spec.values(spec.id))
