"""Remembers which hints a person has seen: beside no submission, but where the system keeps such things of a user."""

from __future__ import annotations

import json
from pathlib import Path

from platformdirs import user_state_path


def seen_file() -> Path:
    """Where it is remembered: `~/.local/state/torch-grader/hints.json`, or below `XDG_STATE_HOME`."""
    return user_state_path("torch-grader") / "hints.json"


def one_more(assignment: Path, exercise: str, most: int) -> int:
    """How many hints of an exercise have been seen with the next one, and remember it.

    Args:
        assignment: its folder.
        most: as many as there are, at least one.

    Raises:
        OSError: when it cannot be remembered.
    """
    file, key = seen_file(), str(assignment.resolve())
    seen = _read(file)
    own = seen.get(key)
    own = own if isinstance(own, dict) else {}
    before = own.get(exercise)
    number = min((before if isinstance(before, int) else 0) + 1, most)
    if number != before:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**seen, key: {**own, exercise: number}}, indent=1), encoding="utf-8")
    return number


def _read(file: Path) -> dict[str, object]:
    """What was remembered; nothing where the file is none of ours."""
    try:
        seen = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return seen if isinstance(seen, dict) else {}
