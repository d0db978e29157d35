"""What was handed in: a notebook or script, alone or in a folder, and the files beside it that an assignment takes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from grader.errors import SubmissionError
from grader.models.cells import Beside, Cell
from grader.submission.read import MAX_CODE, MAX_SIZE, named, read_file

SUFFIXES = {".ipynb", ".py"}
MAX_FILES = 100_000
"""Files of a folder that are looked through."""
MAX_DEPTH = 40
"""Folders in one another."""
MAX_BESIDE = 1_000
"""Files that are taken beside a notebook."""
MAX_NAMES = 512 << 10
"""Bytes of their names and paths, which a guest is sent in one frame."""
MAX_MODULE = 1 << 20
"""Bytes of a module that is looked into, to point to its lines."""
NOT_WRITTEN_BY_HAND = ("__MACOSX", "__pycache__", "node_modules", "site-packages")


def files_in(folder: Path) -> list[Path]:
    """The files of a folder and those below, but for what programs leave there.

    Raises:
        SubmissionError: when nothing can be read, or when there are too many.
    """
    files: list[Path] = []
    faults: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=faults.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in NOT_WRITTEN_BY_HAND)
        files += (Path(place, name) for name in names if not name.startswith("."))
        if len(Path(place).parts) - len(folder.parts) > MAX_DEPTH:
            raise SubmissionError(f"there are more than {MAX_DEPTH} folders in one another in its folder")
        if len(files) > MAX_FILES:
            raise SubmissionError(f"there are more than {MAX_FILES:,} files in its folder")
    if faults and not files:
        raise SubmissionError(f"its folder cannot be read: {faults[0].strerror}")
    return files


def files_beside(path: Path, patterns: Sequence[str], data: bool) -> tuple[Beside, ...]:
    """The files beside a notebook, and in folders there, that an assignment takes; no links, no other notebooks.

    Args:
        patterns: as in `fnmatch`, of names such as `net/model.py`; `*` stands for folders, too.
        data: whether the assignment has a folder `data` of its own, which comes before the student's.

    Raises:
        SubmissionError: when they are more, or larger, than anybody hands in.
    """
    found = []
    size = names = 0
    for file in sorted(files_in(path.parent)) if patterns else ():
        name = file.relative_to(path.parent).as_posix()
        taken = any(fnmatchcase(name, pattern) for pattern in patterns) and not (data and name.startswith("data/"))
        if file == path or file.suffix.lower() == ".ipynb" or not taken or not name.isprintable():
            continue
        if file.is_symlink() or not file.is_file() or not os.access(file, os.R_OK):
            continue
        size += file.stat().st_size
        found.append(Beside(name=name, path=os.fspath(file.absolute())))
        names += len(os.fsencode(found[-1].name + found[-1].path))
        if names > MAX_NAMES:
            raise SubmissionError(f"{named(path)} has files with very long names beside it.", "Shorten them.")
        if len(found) > MAX_BESIDE or size > MAX_SIZE:
            said = f"{named(path)} has more than {MAX_BESIDE:,} files or {MAX_SIZE >> 20} MiB beside it"
            raise SubmissionError(f"{said}, of those that the assignment takes.", "Leave out what it does not ask for.")
    return tuple(found)


def modules_of(beside: Sequence[Beside]) -> Iterator[Cell]:
    """The modules among some files, as if they were cells; as many as a submission may have code."""
    left = MAX_CODE
    for file in beside:
        if file.name.endswith(".py") and left > 0:
            with suppress(SubmissionError, UnicodeDecodeError):
                text = read_file(Path(file.path))[:MAX_MODULE].decode("utf-8-sig")
                left -= len(text)
                yield Cell(number=None, source=text, filename=file.name, text=text, file=file.name)


def digest_of(own: str, beside: Sequence[Beside]) -> str:
    """The SHA-256 of a submission: of its one file, which is given, or of all with their names.

    Raises:
        OSError: when one cannot be read.
    """
    if not beside:
        return own
    total = hashlib.sha256(own.encode())
    for file in beside:
        total.update(f"\n{file.name}\n{digest(Path(file.path))}".encode(errors="surrogateescape"))
    return total.hexdigest()


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
