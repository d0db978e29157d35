"""Unpacks a zip of submissions, whatever is in it: first its names, then the files that are graded."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.assignment.folder import Folder
from grader.batch.download import key_of
from grader.batch.layouts import is_told
from grader.batch.submissions import Download, Looking, SubmissionFile, find_submissions
from grader.errors import SubmissionError, UsageError, of_the_machine
from grader.submission.read import MAX_SIZE, named
from grader.submission.zip_entry import refusal

MAX_FILES = 100_000
MAX_TOTAL = 8 << 30
"""Bytes of all files that are graded."""
_ENTRY = b"PK\x01\x02"
_IS_UTF8 = 0x800
_COMMON = {
    "cp949": re.compile(rb"[\xb0-\xc8][\xa1-\xfe]"),
    "cp932": re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]|[\x88-\x97][^a-z]", re.DOTALL),
    "gb18030": re.compile(rb"[\xb0-\xd7][\xa1-\xfe]"),
}
"""Encodings of Windows in Korea, Japan and China, each with its letters that are in use every day, but for those that
an accented letter of Europe and a plain one would be taken for."""
_FAULTS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


def unpack_submissions(archive: Path, target: Path, folder: Folder, looking: Looking = Looking()) -> Download:  # noqa: B008 (frozen)
    """All submissions of a zip; the files to grade are unpacked into a folder, and nothing else is, nor outside it.

    Raises:
        UsageError: when it is no zip, or holds no submission, or more than a class hands in.
    """
    try:
        with archive.open("rb", buffering=0) as raw, zipfile.ZipFile(_Names(raw)) as opened:
            number = len(opened.infolist())
            if number > MAX_FILES:
                raise UsageError(f"{archive} holds {number} files; at most {MAX_FILES} are read.", "Unpack it by hand.")
            names = _names(opened)
            members, refused = _lay_out(opened, names, target)
            looking = replace(looking, archive=archive.name, filled=lambda path: _for_a_while(opened, members, path))
            try:
                download = find_submissions(target, folder, looking)
            except UsageError:
                if not refused:
                    raise
                download = Download("files", (), Counter())
            parts: dict[Path, list[Path]] = {}
            found = [_measured(folder, one, parts) for one in download.found]
            if sum(members[path].file_size for paths in parts.values() for path in paths) > MAX_TOTAL:
                raise UsageError(f"{archive} unpacks to more than {MAX_TOTAL >> 30} GiB.", "Unpack it by hand.")
            found = [_filled(opened, one, members, parts.get(one.path, [])) for one in found]
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise UsageError(f"{archive} cannot be read as a zip: {error}.", "Unpack it by hand.") from None
    homes = [one.path.parent for one in found if not one.alone]
    refused = [one for one in refused if not any((target / one.path).is_relative_to(home) for home in homes)]
    for path in members.keys() - {path for one in found if not one.problem for path in parts[one.path]}:
        path.unlink(missing_ok=True)
    decoded = Counter(encoding for _, encoding in names.values() if encoding != "utf-8")
    return replace(download, found=(*found, *refused), decoded=tuple(decoded.items()))


@contextmanager
def _for_a_while(opened: zipfile.ZipFile, members: dict[Path, zipfile.ZipInfo], path: Path) -> Iterator[None]:
    """Have a file unpacked, which is an empty one before and behind."""
    with suppress(*_FAULTS):
        _extract(opened, members[path], path)
    try:
        yield
    finally:
        with path.open("wb") as file:
            file.truncate(members[path].file_size)


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


def _lay_out(
    opened: zipfile.ZipFile, names: dict[str, tuple[str, str]], target: Path
) -> tuple[dict[Path, zipfile.ZipInfo], list[SubmissionFile]]:
    """Make an empty file for every file in the zip, with its name; what cannot be one is refused."""
    members: dict[Path, zipfile.ZipInfo] = {}
    refused = []
    target.mkdir(parents=True, exist_ok=True)
    for member in opened.infolist():
        name = names[member.filename][0]
        path = target / PurePosixPath(name)
        reason = refusal(member, name, MAX_SIZE)
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
                if is_told(path.name):
                    _extract(opened, member, path)
                continue
            except FileExistsError:
                reason = "the archive holds another file of this name"
            except _FAULTS as error:
                reason = f"it cannot be unpacked: {_said(error)}"
        refused.append(SubmissionFile(key_of(name), Path(name), reason))
    return members, refused


def _names(opened: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """The name of each file, and the encoding it was in.

    Where the zip does not say that it is UTF-8, it may be all the same, or in the encoding of some country: in the one
    in which most letters of all such names are common ones.
    """
    raw = {one.filename: one.filename.encode("cp437") for one in opened.infolist() if not one.flag_bits & _IS_UTF8}
    odd = [name for name in raw.values() if not _is_in(name, "utf-8")]
    likely = max(_COMMON, key=lambda encoding: _common(odd, encoding))
    found = {}
    for member in opened.infolist():
        name, encoding = raw.get(member.filename), "utf-8"
        if name is not None and name in odd:
            encoding = likely if _common(odd, likely) > 0.5 and _is_in(name, likely) else "cp437"
        text = member.filename if name is None else name.decode(encoding)
        found[member.filename] = (text.replace("\\", "/"), encoding)
    return found


def _is_in(name: bytes, encoding: str) -> bool:
    with suppress(UnicodeDecodeError):
        return bool(name.decode(encoding))
    return False


def _common(names: list[bytes], encoding: str) -> float:
    """The share of common ones among the letters that the names have in an encoding, beside those of ASCII."""
    texts = (name.decode(encoding, errors="replace") for name in names)
    letters = [letter.encode(encoding, errors="replace") for text in texts for letter in text if not letter.isascii()]
    return sum(_COMMON[encoding].fullmatch(letter) is not None for letter in letters) / max(len(letters), 1)


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
    """What keeps a file from being unpacked.

    Raises:
        SurroundingsFault: when it is the machine's doing, and not the file's.
    """
    fault = of_the_machine(error)
    if fault:
        raise fault from None
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
