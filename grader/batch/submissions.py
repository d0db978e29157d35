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

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from grader.errors import UsageError
from grader.models.message import clean

Layout = Literal["files", "students", "canvas", "moodle", "gradescope", "nbgrader"]
SUFFIXES = {".ipynb", ".py"}
MAX_SIZE = 64 << 20
"""Bytes of a submission that is read."""

_CANVAS = re.compile(r"(?P<student>[^_]+)_(?P<late>LATE_)?(?P<user>\d+)_(?P<number>\d+)_(?P<name>.+)")
_CANVAS_AGAIN = re.compile(r"-(\d+)(?=\.\w+$)")
_MOODLE = re.compile(r"(?P<student>.+)_(?P<user>\d+)_assignsubmission_(file|onlinetext)_?")


@dataclass(frozen=True)
class SubmissionFile:
    """One submission.

    Attributes:
        student: whose it is.
        path: the file to grade, or what stands in its place.
        problem: why it cannot be graded; empty where it can.
        submitted: when it was handed in, where the download says so.
        order: among several by one student, where no time is known: the higher is the later.
    """

    student: str
    path: Path
    problem: str = ""
    submitted: datetime | None = None
    order: int = 0


def find_submissions(
    folder: Path, assignment: str, layout: Layout | None = None
) -> tuple[Layout, list[SubmissionFile]]:
    """All submissions in a folder, by student.

    Args:
        assignment: its id: the notebook of this name is taken where a student has several.
        layout: how the folder is laid out; seen by its names if None.

    Raises:
        UsageError: when the folder cannot be read, or holds no submission.
    """
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", "Give a folder of submissions, or a zip."
        ) from None
    while (
        len(names) == 1 and names[0].is_dir() and not names[0].is_symlink() and _detect(names, assignment) == "students"
    ):
        inside = sorted(names[0].iterdir())
        if not any(path.is_dir() for path in inside) and _detect(inside, assignment) not in ("canvas", "gradescope"):
            break
        folder, names = names[0], inside
    names = [path for path in names if not path.name.startswith((".", "__MACOSX"))]
    if len(names) == 1 and names[0].is_dir() and not names[0].is_symlink() and _holds_submissions(names[0]):
        return find_submissions(names[0], assignment, layout)  # an archive's one folder
    layout = layout or _detect(names, assignment)
    found = sorted(_FINDERS[layout](names, assignment), key=lambda one: (one.student, one.path.name))
    if not found:
        raise UsageError(f"{folder} holds no submission.", f"Layouts that are known: {', '.join(get_args(Layout))}.")
    return layout, _one_each(found)


def _holds_submissions(folder: Path) -> bool:
    """Whether a folder is one of a whole class, and not the one student's."""
    inside = list(folder.iterdir())
    return sum(path.is_dir() for path in inside) > 1 or sum(path.suffix in SUFFIXES for path in inside) > 1


def _detect(names: list[Path], assignment: str) -> Layout:
    folders = [path for path in names if path.is_dir()]
    files = [path for path in names if path.is_file()]
    if any(path.name == "submission_metadata.yml" for path in files):
        return "gradescope"
    if folders and all(_MOODLE.fullmatch(path.name) for path in folders):
        return "moodle"
    if folders and any((path / assignment).is_dir() for path in folders):
        return "nbgrader"
    if len(folders) > len(files):
        return "students"
    if files and sum(_CANVAS.fullmatch(path.name) is not None for path in files) * 2 > len(files):
        return "canvas"
    return "files"


def _of_files(names: list[Path], _: str) -> Iterator[SubmissionFile]:
    for path in names:
        yield _checked(SubmissionFile(path.stem, path))


def _of_students(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    for path in names:
        yield _inside(SubmissionFile(path.name, path), assignment)


def _of_canvas(names: list[Path], _: str) -> Iterator[SubmissionFile]:
    for path in names:
        match = _CANVAS.fullmatch(path.name)
        if match is None:
            yield SubmissionFile(path.stem, path, "its name is not of Canvas's form `student_123_456_file`")
            continue
        again = _CANVAS_AGAIN.search(path.name)
        found = _checked(SubmissionFile(f"{match['student']}_{match['user']}", path))
        yield replace(found, order=int(again[1]) if again else 0)


def _of_moodle(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    for path in names:
        match = _MOODLE.fullmatch(path.name)
        if match is None:
            yield SubmissionFile(path.name, path, "its name is not of Moodle's form `name_123_assignsubmission_file`")
        else:
            yield _inside(SubmissionFile(f"{match['student']}_{match['user']}", path), assignment)


def _of_gradescope(names: list[Path], assignment: str) -> Iterator[SubmissionFile]:
    told: dict[str, Any] = {}
    for path in names:
        if path.name == "submission_metadata.yml":
            told = _metadata(path)
    for path in names:
        if path.is_dir():
            about = told.get(path.name) or {}
            people = about.get(":submitters") or [{}]
            student = ", ".join(str(p.get(":email") or p.get(":sid") or p.get(":name") or path.name) for p in people)
            yield _inside(SubmissionFile(student, path, submitted=_time(about.get(":created_at"))), assignment)


def _metadata(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_Texts)
    except (OSError, ValueError, yaml.YAMLError):
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
        if not path.is_dir() or not folder.is_dir():
            yield SubmissionFile(path.name, path, f"it has no folder {assignment}")
            continue
        stamp = folder / "timestamp.txt"
        time = None
        if stamp.is_file() and not stamp.is_symlink() and stamp.stat().st_size < 200:
            time = _time(stamp.read_text(encoding="utf-8", errors="replace").strip().removesuffix(" UTC"))
        yield _inside(SubmissionFile(path.name, folder, submitted=time), assignment)


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
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _inside(found: SubmissionFile, assignment: str) -> SubmissionFile:
    """The one file to grade in a student's folder."""
    if found.path.is_symlink():
        return replace(found, problem="it is a symbolic link")
    if found.path.is_file():
        return _checked(found)
    files = [path for path in sorted(found.path.rglob("*")) if path.suffix.lower() in SUFFIXES]
    files = [path for path in files if ".ipynb_checkpoints" not in path.parts and "__MACOSX" not in path.parts]
    named = [path for path in files if path.stem == assignment]
    notebooks = [path for path in files if path.suffix.lower() == ".ipynb"]
    for choice in (named, notebooks, files):
        if len(choice) == 1:
            return _checked(replace(found, path=choice[0]))
    if not files:
        return replace(found, problem="there is no notebook in its folder")
    listed = ", ".join(path.name for path in files[:4])
    return replace(found, problem=f"there are several notebooks ({listed}), and none is named {assignment}.ipynb")


def _checked(found: SubmissionFile) -> SubmissionFile:
    """The same, with the reason where the file is none that can be graded."""
    path = found.path
    problem = ""
    try:
        if path.is_symlink():
            problem = "it is a symbolic link"
        elif not path.is_file():
            problem = "it is not a file"
        elif path.suffix.lower() not in SUFFIXES:
            problem = f"it is not a notebook ({path.suffix or 'no suffix'})"
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
            other = latest[one.student].path.name
            one = replace(one, problem=f"another submission of this student is graded ({other})")
        kept.append(replace(one, student=clean(one.student)[:200]))
    return kept


def _later(found: SubmissionFile) -> tuple[bool, float, int]:
    """What can be graded comes after what cannot; then by time, then by order."""
    return not found.problem, found.submitted.timestamp() if found.submitted else 0.0, found.order
