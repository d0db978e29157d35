"""What decides a result beside the submission, as one digest: unchanged, nothing is graded again."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

import grader
from grader.assignment.folder import Folder
from grader.submission.handed_in import digest


def fingerprint(folder: Folder) -> str:
    """The digest of spec, seed, fixtures, checks, data, solution and versions.

    Of the spec, `grading` is left out, and what a person grades: that decides what results come to, and none of them.
    """
    files = [folder.solution]
    files += [folder.path / folder.spec.fixtures] if folder.spec.fixtures else []
    for inside in (folder.path / "checks", folder.data):
        files += sorted(p for p in inside.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    files += [one for one in folder.checks if one not in files]  # those of its master
    total = hashlib.sha256()
    exercises = tuple(one for one in folder.spec.exercises if one.requirements or not one.manual)
    checked = folder.spec.model_copy(update={"exercises": exercises})
    spec = checked.model_dump_json(exclude={"grading": True, "exercises": {"__all__": {"manual"}}})
    for part in (spec, grader.__version__, version("torch"), platform.python_version()):
        total.update(part.encode() + b"\n")
    for file in files:
        if file.is_file():
            total.update(f"{file.name}\n{digest(file)}\n".encode())
    return total.hexdigest()
