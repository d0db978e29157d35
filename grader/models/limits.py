"""What a submission may use. Every limit is named in the message when it is reached."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from grader.models.model import Model

_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+)\s*([KMG]iB|)", value.strip(), re.IGNORECASE)
    if not match:
        raise ValueError(f"{value!r} is not a size; write a number of bytes, or 512MiB, or 1GiB")
    return int(match[1]) * _UNITS[match[2].lower()]


Bytes = Annotated[int, BeforeValidator(_bytes, json_schema_input_type=int | str), Field(gt=0)]


def readable(size: int) -> str:
    """A number of bytes as a person writes it: `1 GiB`, `512 MiB`, `100 bytes`."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size / factor:g} {unit}"
    return f"{size} bytes"


class Limits(Model):
    """Limits of one submission.

    Attributes:
        seconds: wall time of one cell, and of one probe.
        notebook_seconds: wall time of all cells together, and again of all probes; each probe that follows
            gets one second at most.
        memory: private memory one process may allocate beyond what torch had, in bytes.
        processes: processes alive at once, DataLoader workers included; their threads are limited to 16 for each.
        file_size: largest file that may be written, in bytes.
        disk: all files in the scratch folder together, in bytes.
        output: captured output kept per cell, in characters.
    """

    seconds: float = Field(default=10, gt=0, le=3600)
    notebook_seconds: float = Field(default=120, gt=0, le=36000)
    memory: Bytes = 1 << 30
    processes: int = Field(default=32, ge=4, le=1024)
    file_size: Bytes = 64 << 20
    disk: Bytes = 256 << 20
    output: int = Field(default=10_000, ge=0, le=1_000_000)

    @property
    def whole_seconds(self) -> float:
        """Wall time after which a whole grading is given up: cells and probes run up to three times, and on a busy
        machine up to five times as long."""
        return 600 + 30 * self.notebook_seconds
