"""Which entries of a zip are never unpacked, whoever packed it."""

from __future__ import annotations

import stat
import zipfile
from pathlib import PurePosixPath

MAX_DEPTH = 40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def refusal(entry: zipfile.ZipInfo, name: str, most: int) -> str:
    """Why an entry is not unpacked; empty where it may be.

    Args:
        name: of the entry, in the encoding it was packed in, with slashes.
        most: bytes that it may have.
    """
    path = PurePosixPath(name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
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
    if entry.flag_bits & 1:
        return "it is encrypted"
    if entry.compress_type not in _METHODS:
        return "it is packed in a way that is not read"
    if entry.file_size > most:
        return f"it unpacks to more than {most >> 20} MiB"
    return ""
