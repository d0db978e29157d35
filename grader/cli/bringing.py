"""Brings a students' copy from a folder, a zip or a repository to where a student works, whatever is in it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.error import HTTPError, URLError

import grader
from grader.assignment import SPEC
from grader.assignment.load import list_assignments, load_assignment
from grader.errors import SurroundingsFault, UsageError, of_the_machine
from grader.models.message import clean
from grader.submission.handed_in import NOT_WRITTEN_BY_HAND
from grader.submission.zip_entry import MAX_DEPTH, refusal

MAX_FILES = 10_000
MAX_TOTAL = 1 << 30
"""Bytes of all files, packed or not."""
WAITING = 30
"""Seconds without an answer of a server."""
CLONING = 600
"""Seconds that git may take."""
_PIECE = 1 << 20
_FORMS = "Give a folder, a zip, an https URL of a zip, or one of a git repository, which ends with .git."
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Brought:
    """Where it is now.

    Attributes:
        place: the folder.
        files: how many it has.
        assignments: the names of those in it.
        course: whether the folder is one with a folder `assignments`.
    """

    place: Path
    files: int
    assignments: tuple[str, ...]
    course: bool


def bring(source: str, to: Path | None) -> Brought:
    """Bring an assignment, or a course with some, to a folder that is not there yet.

    Args:
        source: a folder, a zip, or an https URL.
        to: the folder that it goes into; if None, the nearest `assignments`, or for a course, here.

    Raises:
        UsageError: when it is none, holds what is not unpacked, or would take the place of what is there.
        SurroundingsFault: when a server, or git, does not give it.
    """
    base = to or _course()
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".grade-get-", dir=base) as stage:
            staged = Path(stage, _stem(source))
            _fetch(source, staged)
            home = _home(staged)
            files = sum(1 for _ in _walk(home))
            if (home / SPEC).is_file():
                id = load_assignment(home).spec.id
                return Brought(_moved(home, (to or base / "assignments") / id), files, (id,), False)
            found = sorted(home.glob(f"assignments/*/{SPEC}"))
            if not found:
                said = f"{clean(source)} holds no assignment: there is no {SPEC} in it."
                raise UsageError(said, "Give what `grade release ASSIGNMENT` wrote.")
            names = tuple(load_assignment(spec.parent).path.name for spec in found)
            return Brought(_moved(home, (to or Path.cwd()) / staged.name), files, names, True)
    except OSError as error:
        raise of_the_machine(error) or UsageError(
            f"{error.filename or base} cannot be written: {error.strerror}.", "Give another folder: --to DIR."
        ) from None


def _course() -> Path:
    """The folder whose folder `assignments` is the nearest, else the working directory."""
    here = Path.cwd()
    return next((folder.parent.parent for folder in list_assignments(here).values()), here)


def _stem(source: str) -> str:
    """What a course is called: the last part of its path or URL."""
    last = re.split(r"[/\\]", source.partition("?")[0].rstrip("/\\"))[-1]
    stem = re.sub(r"\.(git|zip)$", "", last, flags=re.IGNORECASE)
    return re.sub(r"[^\w.-]", "_", stem).strip(".")[:MAX_DEPTH] or "course"


def _moved(home: Path, target: Path) -> Path:
    """Have it take a place that is free."""
    if target.is_symlink() or (target.exists() and not (target.is_dir() and not any(target.iterdir()))):
        raise UsageError(
            f"{target} is there already, and nothing is written over it.", "Move it away, or give --to DIR."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    home.rename(target)
    return target


def _fetch(source: str, staged: Path) -> None:
    if re.match(r"https://", source, re.IGNORECASE):
        if source.lower().endswith(".git"):
            _clone(source, staged)
            return
        with tempfile.TemporaryFile(dir=staged.parent) as file:
            _download(source, file)
            _unpack(file, source, staged)
    elif re.match(r"[a-z][a-z0-9+.-]+://|[\w.-]+@[\w.-]+:", source, re.IGNORECASE):
        raise UsageError(f"{clean(source)} is no https URL.", _FORMS)
    elif os.path.isdir(source):
        _copy(Path(source), staged)
    elif os.path.isfile(source):
        with open(source, "rb") as file:
            _unpack(file, source, staged)
    else:
        raise UsageError(f"{clean(source)} does not exist.", _FORMS)


def _home(staged: Path) -> Path:
    """The folder that holds it: where a zip has all in one folder, that one."""
    inside = list(staged.iterdir())
    alone = len(inside) == 1 and inside[0].is_dir() and inside[0].name != "assignments"
    return inside[0] if alone else staged


# -- folders


def _is_left_out(path: PurePosixPath | Path) -> bool:
    """Whether a file is none of an assignment: what programs leave, and what git would run."""
    left = (*NOT_WRITTEN_BY_HAND, ".git", ".DS_Store", ".ipynb_checkpoints")
    return any(part in left or part.startswith(".grade-") for part in path.parts)


def _walk(folder: Path) -> Iterator[Path]:
    """The files of a folder, from it, but for those that are left out.

    Raises:
        UsageError: when they are more, or others, than an assignment has.
    """
    number = size = 0
    for place, folders, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        folders[:] = [name for name in folders if not _is_left_out(Path(name))]
        if len(inside.parts) > MAX_DEPTH:
            raise UsageError(f"{clean(str(folder))} has more than {MAX_DEPTH} folders in one another.", _FORMS)
        for name in (*folders, *names):
            about = Path(place, name).lstat()
            if _is_left_out(Path(name)) or stat.S_ISDIR(about.st_mode):
                continue
            if not stat.S_ISREG(about.st_mode):
                kind = "a symbolic link" if stat.S_ISLNK(about.st_mode) else "no file"
                raise UsageError(
                    f"{clean(str(inside / name))} is {kind}, and is not brought along.", "Ask who gave it to you."
                )
            number, size = number + 1, size + about.st_size
            if number > MAX_FILES or size > MAX_TOTAL:
                raise _too_much(str(folder))
            yield inside / name


def _too_much(name: str) -> UsageError:
    said = f"{clean(name)} holds more than {MAX_FILES:,} files or {MAX_TOTAL >> 20:,} MiB."
    return UsageError(said, "No assignment is as large; ask who gave it to you.")


def _copy(folder: Path, staged: Path) -> None:
    staged.mkdir()
    for file in list(_walk(folder)):
        target = staged / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, target, follow_symlinks=False)


# -- zips


def _unpack(packed: IO[bytes], source: str, staged: Path) -> None:
    """Unpack a zip: all of it, or nothing."""
    named = clean(source)
    try:
        with zipfile.ZipFile(packed) as opened:
            entries = opened.infolist()
            if len(entries) > MAX_FILES:
                raise _too_much(source)
            staged.mkdir()
            left = MAX_TOTAL
            for entry in entries:
                name = entry.filename.replace("\\", "/")
                if reason := refusal(entry, name, MAX_TOTAL):
                    raise UsageError(
                        f"{named} is not unpacked, for {clean(name)!r}: {reason}.", "Ask who gave it to you."
                    )
                path = PurePosixPath(name)
                if name.endswith("/") or _is_left_out(path):
                    continue
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as inside, (staged / path).open("xb") as file:
                    while piece := inside.read(_PIECE):
                        left -= len(piece)
                        if left < 0:
                            raise _too_much(source)
                        file.write(piece)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        said = f"{named} is not unpacked: two files in it have one name, {clean(Path(error.filename or '').name)!r}."
        raise UsageError(said, "Ask who gave it to you.") from None
    except _FAULTS as error:
        raise UsageError(f"{named} cannot be read as a zip: {clean(str(error))}.", _FORMS) from None


# -- URLs


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows to no other place than one whose certificate is checked: an assignment's checks run as the student."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith("https://"):
            raise URLError(f"it leads to {clean(newurl)}, which is no https URL")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(url: str, file: IO[bytes]) -> None:
    asked = urllib.request.Request(url, headers={"User-Agent": f"torch-grader/{grader.__version__}"})
    try:
        with urllib.request.build_opener(_OnlyHttps).open(asked, timeout=WAITING) as answer:
            left = MAX_TOTAL
            while piece := answer.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise _too_much(url)
                file.write(piece)
    except HTTPError as error:
        advice = "Does one have to sign in there? Then download it in a browser, and give the file."
        raise SurroundingsFault(f"{clean(url)} is not given: {error.code} {clean(error.reason)}.", advice) from None
    except (URLError, HTTPException, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SurroundingsFault(
            f"{clean(url)} is not reached: {clean(str(reason))}.", "Check the URL, and the network."
        ) from None


def _clone(url: str, staged: Path) -> None:
    command = ["git", "clone", "--quiet", "--depth", "1", "--", url, str(staged)]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=CLONING, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise SurroundingsFault("git is not installed.", "Install it, or give a zip.") from None
    except subprocess.TimeoutExpired:
        raise SurroundingsFault(
            f"{clean(url)} is not cloned after {CLONING} s.", "Try again, or ask for a zip."
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"git ended with {done.returncode}"]
        raise SurroundingsFault(
            f"{clean(url)} is not cloned: {clean(said[-1])}", "Check the URL; a private one needs a key."
        )
