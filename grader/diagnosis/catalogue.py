"""The catalogue of mistakes: what ships, and what an assignment adds."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from grader.models.mistake import Mistake

FOLDER = Path(__file__).parent / "mistakes"


@cache
def chapters() -> dict[str, tuple[Mistake, ...]]:
    """The mistakes that ship, by the names of their files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read = TypeAdapter(tuple[Mistake, ...])
    return {
        file.stem: read.validate_python(yaml.load(file.read_text(encoding="utf-8"), Loader=loader))
        for file in sorted(FOLDER.glob("*.yaml"))
    }


@cache
def catalogue() -> tuple[Mistake, ...]:
    """All mistakes that ship, in the order of their files."""
    return tuple(chain.from_iterable(chapters().values()))
