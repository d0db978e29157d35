"""What a folder of submissions holds before anything in it is chosen: its entries, people, and what they handed in."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from grader.assignment.choosing import folded
from grader.errors import SubmissionError
from grader.models.message import spelled
from grader.submission.handed_in import NOT_WRITTEN_BY_HAND, SUFFIXES, files_in

MAX_KEY = 200
"""Characters of a student's key; what is longer gets a digest."""
_OURS = {".lock", "gradebook.sqlite"}
"""Files that a batch leaves in its folder, and nobody else in theirs."""
HANDED_IN = "handed_in"
"""The folder in which a batch keeps each notebook that counts, by its digest."""
_BESIDE = {"students", "submissions", HANDED_IN, "events.jsonl", "class.html", "gradebook.csv"}
"""What else it leaves there."""
_LATER = {"similar.html", "feedback", *(f"feedback-{form}.zip" for form in ("canvas", "moodle", "nbgrader"))}
"""What `grade similar` and `grade release` leave beside that."""
_LEFT = re.compile(
    r"\.|~\$|(thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|index\.html?|readme(\.(md|txt|rst))?|submission_metadata\.yml|timestamp\.txt)$"
    r"|.*\.(db|ini|lnk|url|tmp|part|crdownload|download)$",
    re.IGNORECASE | re.DOTALL,
)
"""Names of what systems, browsers and platforms leave."""
_SHEET = re.compile(r"\.(csv|tsv|xlsx?|ods|sqlite(-\w+)?|log)$", re.IGNORECASE)
"""What lies beside submissions is an instructor's."""


@dataclass(frozen=True)
class Person:
    """Whom a download names.

    Attributes:
        key: the student's, spelled out: one for each name, whatever is in it.
        name, email: as far as the download tells.
        id: by which the platform itself knows the student.
    """

    key: str
    name: str = ""
    email: str = ""
    id: str = ""


@dataclass(frozen=True)
class HandedIn:
    """What was handed in at one time, by one person or a group.

    Attributes:
        paths: its files; a folder stands for all that is in it.
        names: by which the student handed them in, where the download has others.
        problem: why nothing of it can be graded; empty where it can.
        submitted: when, where the download says so.
        late: whether it says no more than that it was late.
        order: among several of one student without a time: the higher is the later.
        group: the name of the group that `people` are; where it is one person's name, its members are not known.
        passed_over: what is not looked at, and why.
    """

    people: tuple[Person, ...]
    paths: tuple[Path, ...]
    problem: str = ""
    names: tuple[str, ...] = ()
    submitted: datetime | None = None
    late: bool = False
    order: int = 0
    group: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassFolder:
    """The folder of a class.

    Attributes:
        entries: what is in it, in order, but for what is no submission.
        titles: names of the assignment and its notebooks, as `folded` gives them.
        zone: of times that name none.
    """

    path: Path
    entries: tuple[Path, ...]
    titles: Collection[str]
    zone: tzinfo

    @property
    def folders(self) -> list[Path]:
        return [path for path in self.entries if is_folder(path)]

    @property
    def files(self) -> list[Path]:
        return [path for path in self.entries if not is_folder(path)]

    def is_titled(self, name: str) -> bool:
        return folded(name) in self.titles


def key_of(name: str) -> str:
    """The key that stands for a name, and for no other one: in Unicode's form C, in whatever form the name came."""
    key = spelled(unicodedata.normalize("NFC", name))
    if len(key) <= MAX_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{key[: MAX_KEY - len(digest) - 1]}…{digest}"


def entries_of(folder: Path, is_named: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
    """What is in a folder, in order, and what of it is no submission; nothing where it cannot be read.

    Args:
        is_named: whether a platform calls a file so that was handed in, whatever it is.
    """
    taken: list[Path] = []
    left: list[Path] = []
    ours = _BESIDE | _LATER if is_ours(folder) else set()
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            no = path.name in ours or (_is_no_submission(path) and not is_named(path.name))
            (left if no else taken).append(path)
    return taken, left


def _is_no_submission(path: Path) -> bool:
    if _is_left(path) or _SHEET.search(path.name) or path.name.startswith(NOT_WRITTEN_BY_HAND):
        return True
    return is_folder(path) and is_ours(path)


def is_ours(folder: Path) -> bool:
    """Whether a batch has written into a folder, or it is the one in which it keeps what was handed in."""
    if folder.name == HANDED_IN and is_ours(folder.parent):
        return True
    beside = sum((folder / name).exists() for name in _BESIDE)
    return any((folder / name).is_file() for name in _OURS) or beside > 2


def _is_left(path: Path) -> bool:
    return _LEFT.match(path.name) is not None


def is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def answers_in(folder: Path) -> bool:
    """Whether a folder has a notebook or script in it, not further down."""
    with suppress(OSError):
        return any(name.lower().endswith(tuple(SUFFIXES)) and name[0] != "." for name in os.listdir(folder))
    return False


def files_of(handed: HandedIn) -> dict[Path, str]:
    """The files that were handed in, each with the name that it was handed in by.

    Raises:
        SubmissionError: when they cannot be read, or are too many.
    """
    found: dict[Path, str] = {}
    for path, name in zip(handed.paths, handed.names or (path.name for path in handed.paths), strict=True):
        inside = [one for one in sorted(files_in(path)) if not _is_left(one)] if is_folder(path) else None
        found |= {path: name} if inside is None else {one: one.name for one in inside}
    return found


def count_kinds(handed: HandedIn) -> list[str]:
    """The suffix of each file that was handed in, as far as they can be read."""
    with suppress(SubmissionError):
        return [spelled(path.suffix.lower()[:20]) or "no suffix" for path in files_of(handed)]
    return []
