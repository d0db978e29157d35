"""What was handed in, as it was graded: kept beside the gradebook, for the pages and for who judges it."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from grader.assignment.folder import Folder
from grader.batch.download import HANDED_IN
from grader.batch.submissions import SubmissionFile
from grader.errors import SubmissionError
from grader.submission.handed_in import SUFFIXES
from grader.submission.read import read_file


class KeptFile(NamedTuple):
    """A notebook or script as it was handed in.

    Attributes:
        path: of this kind; no file has that name.
    """

    path: Path
    data: bytes


@dataclass(frozen=True)
class Kept:
    """A folder with a notebook or script for each digest, packed by gzip.

    Args:
        out: the folder of the batch.
    """

    out: Path

    def find(self, sha256: str) -> KeptFile | None:
        """The notebook or script of a submission, where it was kept."""
        for suffix in SUFFIXES:
            path = self.out / HANDED_IN / f"{sha256}{suffix}"
            with suppress(OSError, EOFError, zlib.error):
                return KeptFile(path, gzip.decompress(_packed(path).read_bytes()))
        return None

    def keep(self, sha256: str, assignment: Folder, found: Iterable[SubmissionFile]) -> KeptFile | None:
        """The same; it is kept first where it is among some submissions, and was not before."""
        if kept := self.find(sha256):
            return kept
        for one in found:
            with suppress(OSError, SubmissionError):
                if assignment.digest_of(one.path, one.alone) == sha256:
                    path = self.out / HANDED_IN / f"{sha256}{one.path.suffix.lower()}"
                    kept = KeptFile(path, read_file(one.path))
                    path.parent.mkdir(exist_ok=True)
                    write_whole(_packed(path), gzip.compress(kept.data, mtime=0))
                    return kept
        return None


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    beside.replace(path)
