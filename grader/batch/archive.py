"""Unpacks a zip of submissions, whatever is in it."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath

from grader.batch.submissions import MAX_SIZE
from grader.errors import UsageError

MAX_FILES = 100_000
MAX_TOTAL = 8 << 30


def unpack(archive: Path, target: Path) -> dict[str, str]:
    """Unpack into a folder, and never outside it, nor more than fits.

    Returns:
        What was left out, with the reason, by its name in the archive.

    Raises:
        UsageError: when it is no zip, or holds more than a class hands in.
    """
    refused: dict[str, str] = {}
    left = MAX_TOTAL
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MAX_FILES:
                raise UsageError(f"{archive} holds {len(members)} files; at most {MAX_FILES} are read.")
            for member in members:
                if member.is_dir():
                    continue
                reason = _refusal(member)
                if not reason:
                    written, reason = _extract(opened, member, target, left)
                    left -= written
                if reason:
                    refused[member.filename] = reason
                if left <= 0:
                    raise UsageError(f"{archive} unpacks to more than {MAX_TOTAL >> 30} GiB.", "Unpack it by hand.")
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(f"{archive} cannot be read as a zip: {error}.") from None
    return refused


def _refusal(member: zipfile.ZipInfo) -> str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        return "its path leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a symbolic link"
    if member.flag_bits & 1:
        return "it is encrypted"
    return ""


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> tuple[int, str]:
    """Write one file; how many bytes, and why not. What the archive says of its size is not believed."""
    path = target / PurePosixPath(member.filename.replace("\\", "/"))
    most = min(MAX_SIZE, left)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with opened.open(member) as source, path.open("xb") as sink:
            while piece := source.read(1 << 20):
                written += len(piece)
                if written > most:
                    break
                sink.write(piece)
    except FileExistsError:
        return 0, "the archive holds a file of this name twice"
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        path.unlink(missing_ok=True)
        return 0, f"it cannot be unpacked: {error}"
    if written > most:
        path.unlink()
        return most, f"it unpacks to more than {most >> 20} MiB"
    return written, ""
