"""What students start from: the solution's notebook without what the answers do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import libcst as cst

from grader.diagnosis.syntax import parse_source

TO_DO = "# YOUR CODE HERE"
Notebook = dict[str, Any]
"""A notebook's JSON, format 4."""


def read_json(path: Path) -> Notebook:
    """A notebook's JSON; each source as one text."""
    return parse_json(path.read_text(encoding="utf-8-sig"))


def parse_json(text: str) -> Notebook:
    """See `read_json`."""
    notebook: Notebook = json.loads(text)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def write_json(path: Path, notebook: Notebook) -> None:
    """Write a notebook as Jupyter does."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def as_script(notebook: Notebook) -> str:
    """A notebook as a script with `# %%` cells, texts as comments."""
    return "\n".join(
        f"# %%\n{cell['source']}\n"
        if cell["cell_type"] == "code"
        else "\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in cell["source"].split("\n")), ""])
        for cell in notebook["cells"]
    )


def without_outputs(cell: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A cell as it is before it has run, with other values of some keys."""
    bare: dict[str, Any] = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
    return {**cell, **bare, **keys}


def starter_of(source: str) -> str:
    """An answer's code without what it does: signatures, docstrings and imports, and a place for the student's code."""
    if parse_source(source) is None:  # magics, or what Python does not take
        lines = source.splitlines()
        head = [line for line in lines if line.startswith("#")][:1]
        return "\n".join([*head, TO_DO])
    module = cst.parse_module(source)
    body = [kept for part in module.body if (kept := _emptied(part)) is not None]
    code = module.with_changes(body=body, footer=[]).code.rstrip("\n")
    return code if TO_DO in code else f"{code}\n{TO_DO}".lstrip("\n")


def _emptied(part: cst.BaseStatement | cst.SimpleStatementLine) -> Any:
    """A statement of a cell as the starter has it; None where it has nothing of it."""
    match part:
        case cst.FunctionDef():
            return _without_body(part)
        case cst.ClassDef():
            methods = [_without_body(one) for one in part.body.body if isinstance(one, cst.FunctionDef)]
            docstring = _docstring(part.body)
            inside = [*docstring, *methods] if methods else [*docstring, _to_do()]
            return part.with_changes(body=cst.IndentedBlock(inside))
        case cst.SimpleStatementLine([cst.Import() | cst.ImportFrom()]):
            return part
        case cst.SimpleStatementLine([cst.Assign() | cst.AnnAssign() as made]):
            comment = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), cst.Comment(TO_DO))
            return part.with_changes(body=[made.with_changes(value=cst.Ellipsis())], trailing_whitespace=comment)
    return None


def _without_body(function: cst.FunctionDef) -> cst.FunctionDef:
    return function.with_changes(body=cst.IndentedBlock([*_docstring(function.body), _to_do()]))


def _docstring(body: cst.BaseSuite) -> list[Any]:
    match body.body[:1]:
        case [cst.SimpleStatementLine([cst.Expr(cst.SimpleString() | cst.ConcatenatedString())]) as line]:
            return [line]
    return []


def _to_do() -> cst.SimpleStatementLine:
    line = cst.EmptyLine(comment=cst.Comment(TO_DO))
    return cst.SimpleStatementLine([cst.Expr(cst.Ellipsis())], leading_lines=[line])
