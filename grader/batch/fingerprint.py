"""What decides a result beside the submission, as one digest: unchanged, nothing is graded again."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

import grader
from grader.assignment import SPEC
from grader.assignment.load import Folder
from grader.submission.handed_in import digest


def fingerprint(folder: Folder) -> str:
    """The digest of spec, seed, fixtures, checks, data, solution and versions."""
    files = [folder.path / SPEC, folder.solution]
    files += [folder.path / folder.spec.fixtures] if folder.spec.fixtures else []
    for inside in (folder.path / "checks", folder.data):
        files += sorted(p for p in inside.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    total = hashlib.sha256()
    for part in (str(folder.spec.seed), grader.__version__, version("torch"), platform.python_version()):
        total.update(part.encode() + b"\n")
    for file in files:
        if file.is_file():
            total.update(f"{file.name}\n{digest(file)}\n".encode())
    return total.hexdigest()
