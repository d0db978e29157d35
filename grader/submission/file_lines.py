"""Finds where in a notebook's file the lines of its cells are: a notebook is JSON, with a text for each of them."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[][{},:]', re.DOTALL)


def lines_in_file(notebook: bytes) -> dict[int, list[int]]:
    """For each cell, by its number from 1, the line of the file that each line of its source is in, from 1."""
    found: dict[int, list[int]] = {}
    path: list[str | int] = []  # the key, or the index, in each list and object that we are in
    row, seen, key = 1, 0, True
    whole = True  # whether the source so far ends with the end of a line
    for token in _TOKEN.finditer(notebook):
        row += notebook.count(b"\n", seen, token.start())
        seen = token.start()
        match token[0]:
            case b"{":
                path.append("")
                key = True
            case b"[":
                path.append(0)
            case b"}" | b"]":
                del path[-1:]
            case b",":
                if path and isinstance(path[-1], int):
                    path[-1] += 1
                else:
                    key = True
            case b":":
                key = False
            case text if path and key and isinstance(path[-1], str):
                path[-1] = _read(text)
                whole = True
            case text:
                match path:
                    case ["cells", int(cell), "source"] | ["cells", int(cell), "source", int()]:
                        for line in _read(text).splitlines(keepends=True):
                            if whole:
                                found.setdefault(cell + 1, []).append(row)
                            whole = line.endswith("\n")
    return found


def _read(text: bytes) -> str:
    try:
        return str(json.loads(text))
    except ValueError:  # it is no JSON, and nothing in it is looked for
        return ""
