"""A solved notebook as exercises: which cells are answers, and to what."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from grader.authoring.starter import Notebook, without_outputs
from grader.diagnosis.syntax import parse_source
from grader.submission.read import MARKER, headings_in

_NUMBER = re.compile(r"^\s*(\d+(\.\d+)*[.):]?|[A-Za-z][.)])\s+")
_WORDS = 4
"""Words of a heading that become an id."""


@dataclass(frozen=True)
class Solved:
    """An exercise of a solved notebook.

    Attributes:
        title: the heading above its cells, or its id.
        cells: the numbers of its cells, from 1 as a person counts them.
        definitions: the classes and functions that its cells define, by name.
    """

    id: str
    title: str
    cells: tuple[int, ...]
    definitions: dict[str, ast.ClassDef | ast.FunctionDef]


def find_exercises(notebook: Notebook) -> list[Solved]:
    """By the markers in its cells; in a notebook without any, by the headings above cells that define something."""
    cells = list(enumerate(notebook["cells"], 1))
    marked: dict[str, list[int]] = defaultdict(list)
    titles: dict[str, str] = {}
    heading = ""
    sections: dict[int, list[int]] = defaultdict(list)
    section = 0
    for number, cell in cells:
        if cell["cell_type"] != "code":
            if found := headings_in(cell["source"]):
                heading, section = found[-1].text, number
                titles[str(section)] = heading
            continue
        named = [found[1].split()[0] for found in MARKER.finditer(cell["source"]) if found[1].split()]
        tag = cell["metadata"].get("grader", {}).get("exercise")
        for id in named or ([tag] if isinstance(tag, str) else []):
            marked[id].append(number)
            titles.setdefault(f"#{id}", heading or id)
        if _definitions(cell["source"]):
            sections[section].append(number)
    sources = {number: cell["source"] for number, cell in cells}
    if marked:
        return [_solved(id, titles[f"#{id}"], numbers, sources) for id, numbers in marked.items()]
    exercises: list[Solved] = []
    for place, numbers in sections.items():
        title = titles.get(str(place), "")
        names = [name for number in numbers for name in _definitions(sources[number])]
        id = _slug(title) or _slug(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", names[0])) or f"exercise-{len(exercises) + 1}"
        while any(id == other.id for other in exercises):
            id += "-2"
        exercises.append(_solved(id, title or names[0], numbers, sources))
    return exercises


def with_markers(notebook: Notebook, exercises: list[Solved]) -> Notebook:
    """The notebook with each exercise's id in its cells, and nothing that they have put out."""
    owner = {number: exercise.id for exercise in exercises for number in exercise.cells}
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(notebook["cells"], 1):
        bare = without_outputs(cell, id=cell.get("id", f"cell-{number}"))
        if number in owner:
            source = cell["source"] if MARKER.search(cell["source"]) else _marked(cell["source"], owner[number])
            bare |= {"source": source, "metadata": {**cell["metadata"], "grader": {"exercise": owner[number]}}}
        cells.append(bare)
    return {**notebook, "nbformat_minor": 5, "cells": cells}


def _marked(source: str, id: str) -> str:
    first, line, rest = source.partition("\n")
    return f"{first}\n# exercise: {id}{line}{rest}" if first.startswith("%%") else f"# exercise: {id}\n{source}"


def _solved(id: str, title: str, numbers: list[int], sources: dict[int, str]) -> Solved:
    defined = {name: node for number in numbers for name, node in _definitions(sources[number]).items()}
    return Solved(id, title, tuple(numbers), defined)


def _definitions(source: str) -> dict[str, ast.ClassDef | ast.FunctionDef]:
    tree = parse_source("\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines()))
    body = tree.body if tree else []
    return {node.name: node for node in body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def _slug(text: str) -> str:
    words = re.findall(r"[a-z0-9]+", _NUMBER.sub("", text).lower()) if text.isascii() else []
    dull = {"a", "an", "the", "of", "in", "and", "to", "exercise", "problem", "task", "question"}
    kept = [word for word in words if word not in dull and not word.isdigit()] or words
    return "-".join(kept[:_WORDS])
