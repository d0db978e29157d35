"""Reads a notebook that is kept as text: a script with `# %%` cells, MyST Markdown, or Quarto."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.errors import SpecError

FORMATS = {".py": "py", ".md": "md", ".qmd": "Rmd"}  # jupytext reads Quarto's own by running quarto
"""Suffixes of such texts, each with the name that jupytext has for it."""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
QUARTO_TAGS = re.compile(r"#\|[ \t]*tags:[ \t]*\[(.*)\][ \t]*")


def cells_of_text(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The cells of a text, each with `start`: how many lines of the file are before it, if that can be told.

    Raises:
        SpecError: when it cannot be read.
    """
    import jupytext

    try:
        text = data.decode("utf-8-sig")
        cells = jupytext.reads(text, fmt=FORMATS[path.suffix.lower()]).cells
    except Exception as error:  # of whatever is in the text
        raise SpecError(f"{path} cannot be read by jupytext: {error}.") from None
    if cells and cells[0].cell_type == "raw" and cells[0].source.startswith("---"):
        del cells[0]  # the head of the document
    for cell, start in zip(cells, _starts(text, [cell.source for cell in cells]), strict=True):
        cell.pop("id", None)  # drawn anew each time
        cell["start"] = start
        if found := QUARTO_TAGS.search(cell.source):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), *re.findall(r"[\w-]+", found[1])]
    return list(cells)


def _starts(text: str, sources: list[str]) -> Iterator[int | None]:
    rows = [row.rstrip() for row in text.splitlines()]
    bare = [row.removeprefix("#").removeprefix(" ") for row in rows]  # a comment may hold a text or a magic
    below = 0
    for source in sources:
        lines = [line.rstrip() for line in source.split("\n")]
        places = (
            place
            for place in range(below, len(rows) - len(lines) + 1)
            if all(line in (rows[place + n], bare[place + n]) for n, line in enumerate(lines))
        )
        start = next(places, None) if source.strip() else None
        below = below if start is None else start + len(lines)
        yield start
