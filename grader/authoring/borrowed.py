"""Exercises of other assignments as the beginning of a new one: spec, cells, own checks, fixtures and data."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.numbering import by_number
from grader.assignment.plain_checks import is_plain
from grader.assignment.spec import Exercise
from grader.authoring.declared import FILE
from grader.authoring.draft import Destination, Draft, head_of_spec
from grader.authoring.starter import Notebook, read_json, starter_of, without_outputs
from grader.errors import UsageError
from grader.models.wording import Code
from grader.requirements.expressions import names_in
from grader.submission.bindings import bound_names, mentioned_names

_CARRIED = ("seed", "preload", "device", "limits", "files")
"""Keys of an assignment that an exercise may need; the first one's count."""
_NUMBER = re.compile(r"^(#+ |)\d+\. ", re.MULTILINE)


@dataclass(frozen=True)
class Lender:
    """An assignment, and the exercises that are taken from it.

    Attributes:
        wanted: their ids, in its own order; what they need is among them.
    """

    folder: Folder
    wanted: tuple[str, ...]

    @classmethod
    def of(cls, folder: Folder, wanted: Iterable[str]) -> Lender:
        """Some exercises, and those that they need.

        Raises:
            UsageError: when there is none of a name.
        """
        known = {exercise.id: exercise for exercise in folder.spec.exercises}
        taken: set[str] = set()
        left = [by_number(one, folder.spec) for one in wanted]
        while left:
            if (one := left.pop()) not in known:
                raise UsageError(
                    f"{folder.spec.id} has no exercise {one!r}.", f"The exercises are: {', '.join(known)}."
                )
            taken.add(one)
            left += [need for need in known[one].needs if need not in taken]
        return cls(folder, tuple(id for id in known if id in taken))

    @cached_property
    def spec(self) -> dict[str, Any]:
        read: dict[str, Any] = yaml.safe_load(self._text)
        return read

    @cached_property
    def _text(self) -> str:
        return self.folder.filled(SPEC)

    @cached_property
    def exercises(self) -> dict[str, str]:
        """The text of each exercise in the spec, comments included."""
        root = yaml.compose(self._text)
        assert isinstance(root, yaml.MappingNode)
        items = next(value for key, value in root.value if key.value == "exercises").value
        lines = self._text.splitlines()
        ends = [*(item.start_mark.line for item in items[1:]), None]
        found = {}
        for item, end, data in zip(items, ends, self.spec["exercises"], strict=True):
            if data["id"] in self.wanted:
                part = lines[item.start_mark.line : end]
                if end is None:  # what follows the last one, at its indentation or further left
                    below = item.start_mark.column
                    last = [n for n, line in enumerate(part[1:], 1) if line.strip() and not line[:below].isspace()]
                    part = part[: last[0]] if last else part
                found[data["id"]] = _laid_out("\n".join(part), item.start_mark.column, data)
        return found

    @cached_property
    def fixtures(self) -> str:
        """What of its fixtures the exercises use."""
        requirements = [one for id in self.wanted for one in self.folder.spec.exercise(id).requirements]
        checks = [check for one in requirements for check in one.checks(self.folder.spec.seed)]
        asked = [question.arguments for check in checks for question in (check.question, check.right) if question]
        return _mentioned(self.folder.fixtures, set(names_in(asked)) - {"torch", "nn"})

    @cached_property
    def checks(self) -> dict[str, str]:
        """The files of checks with those of the exercises, by name."""
        found = {}
        for path in sorted((self.folder.path / "checks").glob("*.py")):
            source = path.read_text(encoding="utf-8")
            if is_plain(source) and path.name != "conftest.py":
                if text := _blocks(path, source, self.wanted):
                    found[path.name] = text
                continue
            functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
            own = {function.name for function in functions if _checks_one(function, self.wanted)}
            if path.name == "conftest.py":
                found[path.name] = source
            elif own:
                found[path.name] = _mentioned(source, own, documented=True)
        return found if set(found) - {"conftest.py"} else {}

    @cached_property
    def equivalents(self) -> list[dict[str, Any]]:
        """What its `verify.yaml` declares of the exercises."""
        there = (self.folder.path / FILE).is_file()
        declared = yaml.safe_load(self.folder.filled(FILE)) if there else {}
        return [entry for entry in declared.get("equivalents", ()) if entry["exercise"] in self.wanted]

    def data(self, said: str) -> dict[str, bytes]:
        """The files of its data whose names are in a text; all, where `data/` is, and none of them."""
        there = [path for path in sorted(self.folder.data.rglob("*")) if path.is_file()]
        named = [path for path in there if path.name in said]
        chosen = named or (there if re.search(r"\bdata\b", said) else [])
        return {path.relative_to(self.folder.path).as_posix(): path.read_bytes() for path in chosen}

    def cells(self, path: Path) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
        """Of a notebook, the cells that all exercises may need, and each exercise's own with the texts above."""
        if path.suffix != ".ipynb":
            raise UsageError(f"{path} is no notebook, so no cell can be taken from it.")
        raw = read_json(path)["cells"]
        owners = iter([cell.exercises for cell in self.folder.read(path, alone=True).cells])  # of each cell of code
        texts: list[dict[str, Any]] = []
        own: dict[str, list[dict[str, Any]]] = {id: [] for id in self.wanted}
        free: list[dict[str, Any]] = []
        for cell in raw:
            if cell["cell_type"] != "code":
                texts.append(cell)
                continue
            exercises = next(owners, ())
            for id in exercises:
                if id in own:
                    own[id] += [*texts, without_outputs(cell)]
            free += [] if exercises else [without_outputs(cell)]
            texts = []
        needed = mentioned_names("\n".join(cell["source"] for cells in own.values() for cell in cells))
        shared: list[dict[str, Any]] = []
        for cell in reversed(free):
            if bound_names(cell["source"]).keys() & needed:
                shared.insert(0, cell)
                needed |= mentioned_names(cell["source"])
        return shared, own


def borrow(place: Destination, lenders: Sequence[Lender]) -> Draft:
    """A new assignment of exercises that there are.

    Raises:
        UsageError: where two of them cannot stand in one assignment.
    """
    ids = [id for lender in lenders for id in lender.wanted]
    if double := sorted({id for id in ids if ids.count(id) > 1}):
        raise UsageError(f"Two of the exercises are called {double[0]}.", "Take one of them.")
    numbers = {id: number for number, id in enumerate(ids, 1)}
    languages = set.intersection(*(set(lender.folder.starters) for lender in lenders))
    starters: dict[Code, Notebook] = {
        code: _notebook(place, [(one, one.folder.starters[code]) for one in lenders], numbers, answered=False)
        for code in sorted(languages)
    }
    solution = _notebook(place, [(one, one.folder.solution) for one in lenders], numbers, answered=True)
    return Draft(_spec(place, lenders, numbers), solution, starters, _files(lenders, solution))


def _spec(place: Destination, lenders: Sequence[Lender], numbers: dict[str, int]) -> str:
    keys: dict[str, Any] = {}
    for lender in lenders:
        keys = {key: lender.spec[key] for key in _CARRIED if key in lender.spec} | keys
    if any(lender.fixtures for lender in lenders):
        keys["fixtures"] = "fixtures.py"
    title = f"{{en: {place.id}, ko: {place.id}}}" if any("ko:" in lender._text for lender in lenders) else place.id
    lines = [f"{key}: {_flow(value)}" for key, value in keys.items()]
    parts = [
        _retitled(text, lender.folder.spec.exercise(id), numbers[id])
        for lender in lenders
        for id, text in lender.exercises.items()
    ]
    return head_of_spec(place, title, "\n".join(lines)) + "\n".join(parts)


def _files(lenders: Sequence[Lender], solution: Notebook) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    fixtures = [_imports_and_rest(lender.fixtures) for lender in lenders if lender.fixtures]
    bound = [name for _, text in fixtures for name in bound_names(text)]
    if double := sorted({name for name in bound if bound.count(name) > 1}):
        raise UsageError(f"Two of the assignments have a fixture {double[0]}.", "Take exercises of one of them.")
    if fixtures:
        imports = dict.fromkeys(line for lines, _ in fixtures for line in lines)
        files["fixtures.py"] = ("\n".join(imports) + "\n\n\n" + "\n\n".join(text for _, text in fixtures)).encode()
    for lender in lenders:
        said = "\n".join([*lender.exercises.values(), lender.fixtures, *(c["source"] for c in solution["cells"])])
        for name, text in lender.checks.items():
            taken = f"checks/{name}" in files
            files[f"checks/test_{lender.folder.spec.id}_{name}" if taken else f"checks/{name}"] = text.encode()
        for name, content in lender.data(said).items():
            if files.setdefault(name, content) != content:
                raise UsageError(f"Two of the assignments have a file {name}.", "Take exercises of one of them.")
    if equivalents := [entry for lender in lenders for entry in lender.equivalents]:
        declared = {"format": 1, "equivalents": equivalents}
        files[FILE] = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True, width=110).encode()
    return files


def _notebook(
    place: Destination, notebooks: list[tuple[Lender, Path]], numbers: dict[str, int], answered: bool
) -> Notebook:
    """Their cells, one exercise after the other; what they share goes first."""
    first: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for lender, path in notebooks:
        shared, own = lender.cells(path)
        first += [cell for cell in shared if cell["source"] not in {other["source"] for other in first}]
        if not answered and not all(own.values()):
            solved = lender.cells(lender.folder.solution)[1]
            own |= {id: [_emptied(cell) for cell in solved[id]] for id, cells in own.items() if not cells}
        for id, cells in own.items():
            rest += [
                cell if cell["cell_type"] == "code" else {**cell, "source": _renumbered(cell["source"], numbers[id])}
                for cell in cells
            ]
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {place.id}"}
    cells = [title, *first, *rest]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return {**read_json(notebooks[0][1]), "cells": cells}


def _emptied(cell: dict[str, Any]) -> dict[str, Any]:
    return cell if cell["cell_type"] != "code" else {**cell, "source": starter_of(cell["source"])}


def _retitled(text: str, exercise: Exercise, number: int) -> str:
    """An exercise's text with another number in its titles."""
    for title in filter(None, (exercise.title.en, exercise.title.ko)):
        text = text.replace(title, _renumbered(title, number), 1)
    return text


def _renumbered(text: str, number: int) -> str:
    """A heading, or a title, with another number."""
    return _NUMBER.sub(lambda found: f"{found[1]}{number}. ", text, count=1)


def _laid_out(text: str, column: int, data: dict[str, Any]) -> str:
    """An exercise's text as one of a list that is indented by two; written anew where that does not mean the same."""
    indent = " " * max(column - 2, 0)
    moved = "\n".join("  " + line.removeprefix(indent) if line.strip() else "" for line in text.rstrip().splitlines())
    while moved and moved.splitlines()[-1].strip().startswith("#"):  # of the next one
        moved = "\n".join(moved.splitlines()[:-1]).rstrip()
    try:
        same = yaml.safe_load(moved) == [data]
    except yaml.YAMLError:
        same = False
    if not same:
        dumped = yaml.safe_dump([data], sort_keys=False, allow_unicode=True, width=110)
        moved = "\n".join(f"  {line}" for line in dumped.rstrip().splitlines())
    return moved + "\n"


def _mentioned(source: str, names: set[str], documented: bool = False) -> str:
    """The statements of a file that bind some names, and all that these use.

    Args:
        documented: whether its docstring comes along.
    """
    tree = ast.parse(source)
    lines = source.splitlines()
    taken: set[int] = {0} if documented and ast.get_docstring(tree) else set()
    names = set(names)
    grown = True
    while grown:
        grown = False
        for place, node in enumerate(tree.body):
            if place not in taken and names & bound_names(ast.unparse(node)).keys():
                taken.add(place)
                names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                grown = True
    future = {p for p, node in enumerate(tree.body) if isinstance(node, ast.ImportFrom) and node.module == "__future__"}
    taken |= future if taken else set()
    return "\n".join(_lines(lines, tree.body, place) for place in sorted(taken)).strip("\n") + "\n" if taken else ""


def _lines(lines: list[str], body: list[ast.stmt], place: int) -> str:
    """A statement's lines, and those between it and the one before."""
    start = body[place - 1].end_lineno or 0 if place else 0
    return "\n".join(lines[start : body[place].end_lineno])


def _checks_one(function: ast.FunctionDef, exercises: Collection[str]) -> bool:
    """Whether it is a check of one of some exercises."""
    calls = [call for call in function.decorator_list if isinstance(call, ast.Call)]
    named = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "exercise"]
    return any(isinstance(value, ast.Constant) and value.value in exercises for value in named)


def _blocks(path: Path, source: str, exercises: Collection[str]) -> str:
    """Of a file of plain checks, what stands before the first block, and the blocks of some exercises."""
    first, *blocks = re.split(r"(?im)^(?=#\s*check\s*:)", source)
    own = [block for block in blocks if re.split(r"[,\s]+", block.partition(":")[2].strip())[0] in exercises]
    if not blocks and path.stem.removeprefix("test_").replace("_", "-") in {
        id.replace("_", "-") for id in exercises
    }:  # it is named after one
        return source
    return first + "".join(own) if own else ""


def _imports_and_rest(source: str) -> tuple[list[str], str]:
    """A file's imports, and its other statements as they stand."""
    body, lines = ast.parse(source).body, source.splitlines()
    imports = [place for place, node in enumerate(body) if isinstance(node, (ast.Import, ast.ImportFrom))]
    rest = [_lines(lines, body, place) for place in range(len(body)) if place not in imports]
    return [ast.unparse(body[place]) for place in imports], "\n".join(rest).strip("\n") + "\n"


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()
