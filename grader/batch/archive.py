"""Unpacks a zip of submissions, whatever is in it: first its names, then the files that are graded."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.assignment.load import Folder
from grader.batch.submissions import METADATA, TIMESTAMP, Layout, SubmissionFile, find_submissions, key_of
from grader.errors import SubmissionError, UsageError
from grader.submission.read import MAX_SIZE, named

MAX_FILES = 100_000
MAX_DEPTH = 40
MAX_TOTAL = 8 << 30
"""Bytes of all files that are graded."""
_READ = (METADATA, TIMESTAMP)
"""Files beside the submissions that say whose they are, and when they were handed in."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENTRY = b"PK\x01\x02"
_IS_UTF8 = 0x800
_FAULTS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


def unpack_submissions(
    archive: Path, target: Path, folder: Folder, layout: Layout | None = None
) -> list[SubmissionFile]:
    """All submissions of a zip; the files to grade are unpacked into a folder, and nothing else is, nor outside it.

    Raises:
        UsageError: when it is no zip, or holds no submission, or more than a class hands in.
    """
    try:
        with archive.open("rb", buffering=0) as raw, zipfile.ZipFile(_Names(raw)) as opened:
            number = len(opened.infolist())
            if number > MAX_FILES:
                raise UsageError(f"{archive} holds {number} files; at most {MAX_FILES} are read.", "Unpack it by hand.")
            members, refused = _lay_out(opened, target)
            try:
                found = find_submissions(target, folder.spec.id, layout, archive.name)[1]
            except UsageError:
                if not refused:
                    raise
                found = []
            parts: dict[Path, list[Path]] = {}
            found = [_measured(folder, one, parts) for one in found]
            if sum(members[path].file_size for paths in parts.values() for path in paths) > MAX_TOTAL:
                raise UsageError(f"{archive} unpacks to more than {MAX_TOTAL >> 30} GiB.", "Unpack it by hand.")
            found = [_filled(opened, one, members, parts.get(one.path, [])) for one in found]
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise UsageError(f"{archive} cannot be read as a zip: {error}.", "Unpack it by hand.") from None
    homes = [one.path.parent for one in found if not one.alone]
    refused = [one for one in refused if not any((target / one.path).is_relative_to(home) for home in homes)]
    for path in members.keys() - {path for one in found if not one.problem for path in parts[one.path]}:
        path.unlink(missing_ok=True)
    return found + refused


class _Names(io.BufferedReader):
    """A zip whose names can be read, one by one: it does not say of a name that it is UTF-8 where it is not."""

    _looked = False

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self._looked or not data.startswith(_ENTRY):  # the list of entries, which is read first, and at once
            return data
        self._looked = True
        entries, at = bytearray(data), 0
        while entries.startswith(_ENTRY, at) and at + 46 <= len(entries):
            (flags,) = struct.unpack_from("<H", entries, at + 8)
            name, extra, comment = struct.unpack_from("<3H", entries, at + 28)
            try:
                entries[at + 46 : at + 46 + name].decode()
            except UnicodeDecodeError:
                struct.pack_into("<H", entries, at + 8, flags & ~_IS_UTF8)
            at += 46 + name + extra + comment
        return bytes(entries)


def _lay_out(opened: zipfile.ZipFile, target: Path) -> tuple[dict[Path, zipfile.ZipInfo], list[SubmissionFile]]:
    """Make an empty file for every file in the zip, with its name; what cannot be one is refused."""
    members: dict[Path, zipfile.ZipInfo] = {}
    refused = []
    target.mkdir(parents=True, exist_ok=True)
    for member in opened.infolist():
        name = _name(member)
        path = target / PurePosixPath(name)
        reason = _refusal(member, name)
        if name.endswith("/") and reason:
            continue
        if not reason:
            try:
                if name.endswith("/"):
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as file:
                    file.truncate(member.file_size)  # takes no room, and its size can be asked for
                members[path] = member
                if path.name in _READ:
                    _extract(opened, member, path)
                continue
            except FileExistsError:
                reason = "the archive holds another file of this name"
            except _FAULTS as error:
                reason = f"it cannot be unpacked: {_said(error)}"
        refused.append(SubmissionFile(key_of(name), Path(name), reason))
    return members, refused


def _name(member: zipfile.ZipInfo) -> str:
    """A file's name. Where the zip does not say that it is UTF-8, it may be all the same, or of Windows in Korea."""
    name = member.filename
    if not member.flag_bits & _IS_UTF8:
        for encoding in ("utf-8", "cp949"):
            with suppress(UnicodeError):
                name = name.encode("cp437").decode(encoding)
                break
    return name.replace("\\", "/")


def _refusal(member: zipfile.ZipInfo, name: str) -> str:
    path = PurePosixPath(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        return "its path leads out of the archive"
    if not path.parts:
        return "it has no name"
    if len(path.parts) > MAX_DEPTH:
        return f"it is in more than {MAX_DEPTH} folders"
    if kind == stat.S_IFLNK:
        return "it is a symbolic link"
    if kind not in (0, stat.S_IFREG) and not name.endswith("/"):
        return "it is not a file"
    if member.flag_bits & 1:
        return "it is encrypted"
    if member.compress_type not in _METHODS:
        return "it is packed in a way that is not read"
    if member.file_size > MAX_SIZE:
        return f"it unpacks to more than {MAX_SIZE >> 20} MiB"
    return ""


def _measured(folder: Folder, one: SubmissionFile, parts: dict[Path, list[Path]]) -> SubmissionFile:
    """A submission whose files are known then; or the reason why it is too large."""
    if not one.problem:
        try:
            beside = () if one.alone else folder.beside(one.path)
        except SubmissionError as error:
            return replace(one, problem=error.message.replace(f"{named(one.path.parent)}/", ""))
        parts[one.path] = [one.path, *(one.path.parent / file.name for file in beside)]
    return one


def _filled(
    opened: zipfile.ZipFile, one: SubmissionFile, members: dict[Path, zipfile.ZipInfo], parts: list[Path]
) -> SubmissionFile:
    """A submission whose files are unpacked; or the reason why they cannot be."""
    try:
        for path in parts:
            _extract(opened, members[path], path)
    except _FAULTS as error:
        return replace(one, problem=f"it cannot be unpacked: {_said(error)}")
    return one


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    """Write one file: as much as the zip says it has, whatever is packed in it."""
    with opened.open(member) as source, path.open("wb") as sink:
        while piece := source.read(1 << 20):
            sink.write(piece)


def _said(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
