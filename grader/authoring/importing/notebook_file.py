"""Notebooks of other graders: read in any format, and made into what is handed out here."""

from __future__ import annotations

import ast
import copy
import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grader.assignment.plain_checks import Function
from grader.diagnosis.syntax import parse_source
from grader.errors import UsageError
from grader.import_without import GRAMMAR_OF_IRIS, import_without
from grader.submission.bindings import bound_names
from grader.submission.read import headings_in

with import_without(GRAMMAR_OF_IRIS):
    import nbformat

Cells = list[dict[str, Any]]
_IGNORED = {"__pycache__", "node_modules", "dist"}
MAX_GIVEN = 32 << 20
"""Bytes of a file that is given to students."""


def read_notebook_file(path: Path) -> dict[str, Any]:
    """A notebook's JSON, in format 4, without outputs that nobody asked for.

    Raises:
        UsageError: where it cannot be read, or is not in Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = json.loads(json.dumps(nbformat.read(path, as_version=4)))
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise UsageError(f"{path} cannot be read as a notebook: {error}.", "Give a .ipynb file.") from None
    about = notebook.get("metadata", {})
    language = about.get("language_info", {}).get("name") or about.get("kernelspec", {}).get("language") or "python"
    kernel = str(about.get("kernelspec", {}).get("name", "python"))
    if not re.match(r"i?python", str(language), re.IGNORECASE) or kernel.lower() == "ir":
        raise UsageError(f"{path} is written in {language}.", "Only notebooks in Python can be imported.")
    for cell in notebook["cells"]:
        cell["source"] = source_of(cell)
    result: dict[str, Any] = notebook
    return result


def source_of(cell: dict[str, Any]) -> str:
    """A cell's text."""
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def with_cells(notebook: dict[str, Any], cells: Cells) -> dict[str, Any]:
    """A notebook with other cells, none of which has put out anything."""
    cleared = []
    for cell in copy.deepcopy(cells):
        cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        cleared.append(cell)
    about = {key: value for key, value in notebook["metadata"].items() if key in ("kernelspec", "language_info")}
    return {"cells": cleared, "metadata": about, "nbformat": 4, "nbformat_minor": 4}


def title_of(cells: Cells, otherwise: str) -> str:
    """The first heading."""
    for cell in cells:
        for heading in headings_in(cell["source"]) if cell["cell_type"] == "markdown" else ():
            if text := plain(heading.text):
                return text
    return otherwise


def plain(text: str) -> str:
    """A heading without its signs."""
    return " ".join(re.sub(r"<[^>]*>|[*_`#]|\s*\(?\d+\s*(?:points?|pts?|marks?)\)?", " ", text).split()).strip(" :.-")[
        :100
    ]


def id_of(name: str, taken: set[str]) -> str:
    """A name as an exercise's id, which no other one has."""
    made = re.sub(r"[^\w-]+", "-", name, flags=re.ASCII).strip("-_") or "part"
    made = made if made[0].isalnum() else f"q-{made}"
    number, found = 2, made
    while found.casefold() in taken:
        found, number = f"{made}-{number}", number + 1
    taken.add(found.casefold())
    return found


def defined_in(texts: list[str]) -> tuple[str, ...]:
    """The names that code binds and does not import; functions and classes, where there are some."""
    names: dict[str, bool] = {}
    for text in texts:
        bound = bound_names(text)
        tree = parse_source(text)
        nodes = tree.body if tree else []
        code = {node.name for node in nodes if isinstance(node, (Function, ast.ClassDef))}
        brought = {name for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for name in _brought(node)}
        names |= {name: name in code for name in bound if name not in brought and not name.startswith("_")}
    return tuple(name for name, is_code in names.items() if is_code) or tuple(names)


def _brought(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [one.asname or one.name.partition(".")[0] for one in node.names]


def files_named(home: Path, text: str) -> dict[str, Path | str]:
    """The files below a folder that code names, or a module among them does: modules and data; by their names."""
    there: dict[str, Path] = {}
    for file in sorted(home.rglob("*")) if home.is_dir() else ():
        parts = file.relative_to(home).parts
        hidden = any(part.startswith(".") or part in _IGNORED for part in parts) or file.suffix == ".ipynb"
        if not hidden and file.is_file() and file.stat().st_size <= MAX_GIVEN:
            there["/".join(parts)] = file
    found: dict[str, Path | str] = {}
    texts = [text]
    while texts:
        new = [name for name in _named_in(texts.pop(), there) if name not in found]
        found |= {name: there[name] for name in new}
        texts += [there[name].read_text(encoding="utf-8", errors="replace") for name in new if name.endswith(".py")]
    return dict(sorted(found.items()))


def _named_in(text: str, names: Iterable[str]) -> list[str]:
    """The files that a code names: by their own names, their folder's, or as modules."""
    words = set(re.findall(r"[\w.-]+", text))
    imported = re.findall(r"^\s*(?:from|import)\s+([\w.]+(?:\s*,\s*[\w.]+)*)", text, re.MULTILINE)
    modules = {name.strip().replace(".", "/") for names in imported for name in names.split(",")}
    found = []
    for name in names:
        first, *_, last = name.split("/") if "/" in name else ("", name)
        stem = name.removesuffix(".py").removesuffix("/__init__")
        is_module = name.endswith(".py") and any(one == stem or one.startswith(f"{stem}/") for one in modules)
        if is_module or last in words or (first in words and not name.endswith(".py")):
            found.append(name)
    return found
