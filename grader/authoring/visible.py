"""What of a spec, and of an instructor's own checks, students may see."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.master import is_hidden_check
from grader.assignment.spec_file import written_spec
from grader.diagnosis.syntax import FUNCTIONS

_HEAD = "# Written by `grade release`; what is hidden is not in it.\n"
_NOT_THEIRS = ("master", "solution", "show_checks", "varies")
_BLOCK = re.compile(r"^(?=[ \t]*#+[ \t]*check[ \t]*:)", re.MULTILINE | re.IGNORECASE)


def visible_spec(folder: Folder, checks: Mapping[str, str], removed: bool) -> tuple[str, list[str]]:
    """The spec of students' copies, and texts that are left out and stand nowhere else in it.

    Hidden requirements go with their share of the points. An exercise that has nothing but hidden checks is one that
    is to be judged.

    Args:
        checks: the instructor's own checks that students get, by name of the file.
        removed: whether there were others.
    """
    spec = written_spec(folder.path / SPEC, folder.spec)
    for key in _NOT_THEIRS:
        spec.pop(key, None)
    if not folder.spec.variant:
        spec.pop("variant", None)
    gone: list[Any] = []
    judged = set()
    for exercise, written in zip(folder.spec.exercises, spec["exercises"], strict=True):
        if exercise.manual:
            gone.append(written["manual"].pop("rubric", None))
        weights = [sum(check.weight for check in one.checks(folder.spec.seed)) for one in exercise.requirements]
        parts = list(zip(exercise.requirements, written.pop("requirements", ()), weights, strict=True))
        gone += [part for one, part, _ in parts if one.hidden]
        if shown := [part for one, part, _ in parts if not one.hidden]:
            written["requirements"] = shown
        left = sum(weight for one, _, weight in parts if not one.hidden)
        if exercise.points is not None and left != sum(weights):
            written["points"] = round(exercise.points * left / sum(weights), 2)
        if not shown and (parts or removed) and not _are_of(exercise.id, checks):
            written.pop("points", None)
            written.setdefault("manual", {"points": exercise.points or sum(weights) or 1})
            judged.add(exercise.id)
    for written in spec["exercises"]:
        if "needs" in written:
            written["needs"] = [need for need in written["needs"] if need not in judged]
    seen = {one for one in leaves(spec) if isinstance(one, str)}
    text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=120)
    return _HEAD + text, [one for one in leaves(gone) if isinstance(one, str) and one not in seen]


def _are_of(exercise: str, checks: Mapping[str, str]) -> bool:
    """Whether some checks are an exercise's: by what is written in them, or by the file's name."""
    named = re.compile(rf"exercise=[\"']{exercise}[\"']|check[ \t]*:[ \t]*{exercise}[ \t]*(?:,|$)", re.MULTILINE)
    file = re.compile(rf"checks/(?:test_)?{exercise.replace('-', '[-_]')}(?:_test)?\.py")
    return any(file.fullmatch(name) or named.search(source) for name, source in checks.items())


def leaves(part: Any) -> Iterator[Any]:
    """The values in plain data."""
    if isinstance(part, dict):
        for value in part.values():
            yield from leaves(value)
    elif isinstance(part, list):
        for value in part:
            yield from leaves(value)
    else:
        yield part


def visible_checks(source: str) -> tuple[str, str]:
    """An instructor's own checks without the hidden ones, and what was left out.

    What only hidden ones use, such as their probes, goes with them, and so do the comments above them. Of cells'
    checks (`# check: ...`), blocks are left out.
    """
    blocks = _BLOCK.split(source)
    gone = [block for block in blocks if is_hidden_check(block.partition("\n")[0])]
    shown = [block for block in blocks if block not in gone]
    kept, left = _functions("".join(shown))
    return kept, "\n".join([*gone, left])


def _functions(source: str) -> tuple[str, str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # pytest says so
        return source, ""
    hidden = [node for node in body if _is_hidden(node)]
    if not hidden:
        return source, ""
    while more := [node for node in body if node not in hidden and _only_for(node, hidden, body)]:
        hidden += more
    lines = source.split("\n")
    drop: set[int] = set()
    for node in hidden:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        while first > 1 and (not lines[first - 2].strip() or lines[first - 2].startswith("#")):
            first -= 1
        drop.update(range(first, (node.end_lineno or node.lineno) + 1))
    numbered = list(enumerate(lines, 1))
    kept = "\n".join(line for number, line in numbered if number not in drop)
    return kept.strip("\n") + "\n", "\n".join(line for number, line in numbered if number in drop)


def _is_hidden(node: ast.stmt) -> bool:
    """Whether it is a check with another `hidden` than a plain False."""
    calls = [one for one in getattr(node, "decorator_list", []) if isinstance(one, ast.Call)]
    given = [key.value for call in calls for key in call.keywords if key.arg == "hidden"]
    return any(not (isinstance(value, ast.Constant) and value.value is False) for value in given)


def _only_for(node: ast.stmt, hidden: list[ast.stmt], body: list[ast.stmt]) -> bool:
    """Whether a definition is used by hidden checks, and by nothing else."""
    names = _binds(node)
    others = [one for one in body if one is not node and one not in hidden]
    return bool(names) and any(names & _uses(one) for one in hidden) and not any(names & _uses(one) for one in others)


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return set()


def _uses(node: ast.stmt) -> set[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
