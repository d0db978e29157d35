"""One message of each type that the judge is told, and frames that need not be right."""

from __future__ import annotations

import json
import struct
from typing import Any

RAISED = {
    "type": "ValueError",
    "bases": ["ValueError"],
    "message": "no",
    "frames": [],
    "missing": None,
    "limit": None,
    "lacks": None,
}
FROM_GUEST: dict[str, dict[str, Any]] = {
    "cell_started": {"cell": 0},
    "cell_ran": {"cell": 0, "seconds": 0.5, "output": "text", "raised": RAISED, "passed_over": [RAISED]},
    "reached": {"exercises": ["one"], "waiting": True, "in_place": True, "threads": False},
    "copying": {"pid": 7},
    "answered": {"number": 1, "value": [1, {"tuple": []}], "raised": RAISED, "warned": [["A", "b"]], "changed": False},
    "copy_ended": {"status": 9},
    "finished": {},
}
FROM_ZYGOTE: dict[str, dict[str, Any]] = {
    "ready": {"torch": "2.13.0"},
    "started": {"guest": 1, "pid": 7},
    "over": {"guest": 1, "limit": "memory"},
    "ended": {"guest": 1, "status": 9},
}
OPTIONAL = {("cell_ran", "raised"), ("answered", "raised"), ("answered", "value")}


def tagged(messages: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"tag": tag, **rest} for tag, rest in messages.items()]


def announced(header: int, blob: int) -> bytes:
    """The lengths with which a frame begins."""
    return struct.pack("!II", header, blob)


def framed(text: bytes, blob: bytes = b"") -> bytes:
    return announced(len(text), len(blob)) + text + blob


def frame(header: Any, blob: bytes = b"") -> bytes:
    """With any header, such as none that `wire.pack` would take."""
    return framed(json.dumps(header).encode(), blob)
