"""Finds the submissions of a class, however they were downloaded.

A submission that cannot be graded is found, too, with the reason: nobody gets lost.

Layouts, and where their form is described:
    files       one notebook per student; the file's name is the student's.
    students    one folder per student.
    canvas      `lovelaceada_123_456_notebook.ipynb`, with `LATE_` where it was (Canvas, "Download Submissions").
    moodle      `Ada Lovelace_123_assignsubmission_file_/notebook.ipynb` (Moodle, "Download all submissions").
    gradescope  `submission_123/notebook.ipynb` beside `submission_metadata.yml` (Gradescope, "Export submissions").
    nbgrader    `student/assignment/notebook.ipynb`, with `timestamp.txt` (nbgrader's `submitted` folder).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from grader.assignment.load import starter_stems
from grader.errors import SubmissionError, UsageError
from grader.models.message import spelled
from grader.submission.handed_in import SUFFIXES, answer_in
from grader.submission.read import MAX_SIZE, read_file

Layout = Literal["files", "students", "canvas", "moodle", "gradescope", "nbgrader"]
MAX_KEY = 200
"""Characters of a student's key; what is longer gets a digest."""
METADATA = "submission_metadata.yml"
TIMESTAMP = "timestamp.txt"

_CANVAS = re.compile(r"(?P<student>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<number>\d+)_(?P<name>.+)", re.DOTALL)
_CANVAS_AGAIN = re.compile(r"-(\d+)(?=\.\w+$)")
_MOODLE = re.compile(r"(?P<student>.+)_(?P<user>\d+)_assignsubmission_(file|onlinetext)_?", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")
_GRADESCOPE_EXPORT = re.compile(r"assignment_\d+_export")


@dataclass(frozen=True)
class SubmissionFile:
    """One submission.

    Attributes:
        student: whose it is, spelled out: one key for each name, whatever is in it.
        path: the file to grade, or what stands in its place.
        problem: why it cannot be graded; empty where it can.
        submitted: when it was handed in, where the download says so.
        order: among several by one student, where no time is known: the higher is the later.
        alone: whether what lies beside it is others'.
    """

    student: str
    path: Path
    problem: str = ""
    submitted: datetime | None = None
    order: int = 0
    alone: bool = True


def find_submissions(
    folder: Path, assignment: str, layout: Layout | None = None, archive: str | None = None
) -> tuple[Layout, list[SubmissionFile]]:
    """All submissions in a folder, by student.

    Args:
        assignment: its id: the notebook of this name, in whatever language, is taken where a student has several.
        layout: how the folder is laid out; seen by its names if None.
        archive: the name of the zip that was unpacked there, if one was.

    Raises:
        UsageError: when the folder cannot be read, or holds no submission.
    """
    try:
        os.listdir(folder)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", "Give a folder of submissions, or a zip."
        ) from None
    names = _entries(folder)
    while len(names) == 1 and _is_class(names[0], folder, assignment, layout, archive):
        folder, names = names[0], _entries(names[0])
    layout = layout or _detect(names, assignment)
    found = sorted(_FINDERS[layout](names, assignment), key=lambda one: (one.student, one.path.name))
    if not found:
        raise UsageError(f"{folder} holds no submission.", f"Layouts that are known: {', '.join(get_args(Layout))}.")
    return layout, _one_each(found)


def key_of(name: str) -> str:
    """The key that stands for a name, and for no other one."""
    key = spelled(name)
    if len(key) <= MAX_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{key[: MAX_KEY - len(digest) - 1]}…{digest}"


def _is_class(alone: Path, folder: Path, assignment: str, layout: Layout | None, archive: str | None) -> bool:
    """Whether the one folder that there is holds the class. Where it may be a student's, with whatever a student puts
    in it, it does not: but for a zip, which most often has a folder around all that is in it.
    """
    a_students = _MOODLE.fullmatch(alone.name) or _GRADESCOPE.fullmatch(alone.name) or _is_folder(alone / assignment)
    if not _is_folder(alone) or a_students:
        return False
    if alone.name in (folder.name, Path(archive or "").stem) or _GRADESCOPE_EXPORT.fullmatch(alone.name):
        return True
    if layout is not None:
        return layout in ("files", "canvas", "moodle", "gradescope")  # where it is no student's, by its name
    inside = _entries(alone)
    files = [path for path in inside if path.suffix.lower() in SUFFIXES]
    several = len(files) > 1 or sum(map(_is_folder, inside)) > 1
    return archive is not None and several and not _named(files, assignment)


def _entries(folder: Path) -> list[Path]:
    """What is in a folder, in order, but for what systems leave there; nothing where it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _detect(names: list[Path], assignment: str) -> Layout:
    """The layout that most of the class has: what one student puts in a folder does not decide it."""
    folders = [path for path in names if _is_folder(path)]
    files = [path for path in names if not _is_folder(path)]
    if any(path.name == METADATA for path in files):
        return "gradescope"
    if sum(_MOODLE.fullmatch(path.name) is not None for path in folders) * 2 > len(folders):
        return "moodle"
    if any(_is_folder(path / assignment) for path in folders) and not any(map(_holds_a_file, folders)):
        return "nbgrader"
    if len(folders) > len(files):
        return "students"
    if sum(_CANVAS.fullmatch(path.name) is not None for path in files) * 2 > len(files):
        return "canvas"
    return "files"


def _holds_a_file(folder: Path) -> bool:
    return any(path.suffix.lower() in SUFFIXES for path in _entries(folder))


def _of_files(names: list[Path], _: str) -> Iterator[SubmissionFile]:
    for path in names:
        yield _checked(SubmissionFile(key_of(path.stem), path))


def _of_students(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    for path in names:
        yield _inside(SubmissionFile(key_of(path.name), path), assignment)


def _of_canvas(names: list[Path], _: str) -> Iterator[SubmissionFile]:
    for path in names:
        match = _CANVAS.fullmatch(path.name)
        if match is None:
            yield SubmissionFile(key_of(path.stem), path, "its name is not of Canvas's form `student_123_456_file`")
            continue
        again = _CANVAS_AGAIN.search(path.name)
        found = _checked(SubmissionFile(key_of(f"{match['student']}_{match['user']}"), path))
        yield replace(found, order=int(again[1]) if again else 0)


def _of_moodle(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    for path in names:
        match = _MOODLE.fullmatch(path.name)
        if match is None:
            problem = "its name is not of Moodle's form `name_123_assignsubmission_file`"
            yield SubmissionFile(key_of(path.name), path, problem)
        else:
            yield _inside(SubmissionFile(key_of(f"{match['student']}_{match['user']}"), path), assignment)


def _of_gradescope(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    told: dict[str, Any] = {}
    for path in names:
        if path.name == METADATA:
            told = _metadata(path)
    for path in names:
        if _is_folder(path) or path.is_symlink():
            about = told.get(path.name, {})
            student = key_of(_submitters(about.get(":submitters")) or path.name)
            yield _inside(SubmissionFile(student, path, submitted=_time(about.get(":created_at"))), assignment)


def _submitters(told: Any) -> str:
    """Who handed a submission in, as Gradescope's metadata tells."""
    people = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    named = [next((one[key] for key in (":email", ":sid", ":name") if one.get(key)), None) for one in people]
    return ", ".join(str(name) for name in named if isinstance(name, (str, int)))


def _metadata(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(read_file(path).decode(), Loader=_Texts)
    except (SubmissionError, ValueError, OverflowError, RecursionError, yaml.YAMLError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {key: value for key, value in loaded.items() if isinstance(value, dict)}


class _Texts(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's safe types, and all unknown tags (Ruby's) passed over."""


_Texts.add_multi_constructor("!", lambda loader, suffix, node: None)


def _of_nbgrader(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    for path in names:
        folder = path / assignment
        student = key_of(path.name)
        if path.is_symlink():
            yield SubmissionFile(student, path, "it is a symbolic link")
        elif not _is_folder(folder):
            yield SubmissionFile(student, path, f"it has no folder {assignment}")
        else:
            yield _inside(SubmissionFile(student, folder, submitted=_stamped(folder / TIMESTAMP)), assignment)


def _stamped(stamp: Path) -> datetime | None:
    """The time in nbgrader's file of it."""
    if stamp.is_symlink():
        return None
    try:
        return _time(read_file(stamp)[:200].decode(errors="replace").strip().removesuffix(" UTC"))
    except SubmissionError:
        return None


_FINDERS: dict[Layout, Callable[[list[Path], str], Iterator[SubmissionFile]]] = {
    "files": _of_files,
    "students": _of_students,
    "canvas": _of_canvas,
    "moodle": _of_moodle,
    "gradescope": _of_gradescope,
    "nbgrader": _of_nbgrader,
}


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        return None


def _inside(found: SubmissionFile, assignment: str) -> SubmissionFile:
    """The one file to grade in a student's folder, of which all files may be part of the submission."""
    if not _is_folder(found.path):
        return _checked(found)
    try:
        path = answer_in(found.path, starter_stems(assignment).values())
    except SubmissionError as error:
        return replace(found, problem=error.message)
    return _checked(replace(found, path=path, alone=False))


def _named(files: list[Path], assignment: str) -> list[Path]:
    """Those that are named as the assignment's notebook, in whatever language."""
    return [path for path in files if path.stem in starter_stems(assignment).values()]


def _checked(found: SubmissionFile) -> SubmissionFile:
    """The same, with the reason where the file is none that can be graded."""
    path = found.path
    problem = ""
    try:
        if path.is_symlink():
            problem = "it is a symbolic link"
        elif not stat.S_ISREG(path.lstat().st_mode):
            problem = "it is not a file"
        elif path.suffix.lower() not in SUFFIXES:
            problem = f"it is not a notebook ({spelled(path.suffix[:20]) or 'no suffix'})"
        elif path.stat().st_size > MAX_SIZE:
            problem = f"it is larger than {MAX_SIZE >> 20} MiB"
        else:
            with path.open("rb") as file:
                file.read(1)
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
    return replace(found, problem=problem)


def _one_each(found: list[SubmissionFile]) -> list[SubmissionFile]:
    """Of several submissions of one student, the latest that can be graded; the others with the reason."""
    latest: dict[str, SubmissionFile] = {}
    for one in found:
        known = latest.get(one.student)
        if known is None or _later(one) > _later(known):
            latest[one.student] = one
    kept = []
    for one in found:
        if one is not latest[one.student] and not one.problem:
            other = spelled(latest[one.student].path.name)
            one = replace(one, problem=f"another submission of this student is graded ({other})")
        kept.append(one)
    return kept


def _later(found: SubmissionFile) -> tuple[bool, float, int]:
    """What can be graded comes after what cannot; then by time, then by order."""
    return not found.problem, found.submitted.timestamp() if found.submitted else 0.0, found.order
