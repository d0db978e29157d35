"""The diary of a batch: a line of JSON for each thing that happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Events:
    """Appends to a file of JSON lines, each written at once. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        broken = _ends_within_a_line(path)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        if broken:  # a batch was killed in the middle of a line
            self._file.write("\n")

    def write(self, event: str, **fields: Any) -> None:
        """Add a line."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _ends_within_a_line(path: Path) -> bool:
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() != b"\n"
