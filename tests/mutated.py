"""Documents that are almost right: trees of JSON in which a few places are something else."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Path = tuple[int | str, ...]

_EXTREMES = [
    *(None, True, False, 0, -1, 1 << 31, 1 << 63, -(1 << 63) - 1, 10**400, 0.5, -0.0, 1e308, 5e-324),
    *(math.nan, math.inf, -math.inf, "", " ", "\0", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}", "é", "1", "9" * 5000),
    *([], {}, [[]], {"": None}, json.loads("[" * 100 + "]" * 100)),
]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ODD = st.sampled_from(_EXTREMES) | st.recursive(
    PLAIN,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4),
    max_leaves=8,
)
"""Any JSON, and often what is at the edge of something."""


def _places(tree: Any, path: Path = ()) -> list[Path]:
    """Every place below the root."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, part in inner for place in ((*path, key), *_places(part, (*path, key)))]


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


@st.composite
def mutated(draw: st.DrawFn, document: Any, odd: st.SearchStrategy[Any] = ODD, most: int = 3) -> Any:
    """A copy of a document in which up to `most` places are gone, renamed, odd, repeated, or another place's."""
    tree = deepcopy(document)
    for _ in range(draw(st.integers(1, most))):
        places = _places(tree)
        if not places:
            break
        *above, key = draw(st.sampled_from(places))
        parent = _at(tree, tuple(above))
        match draw(st.sampled_from(["gone", "odd", "odd", "other", "renamed", "wrapped", "more"])):
            case "gone":
                del parent[key]
            case "odd":
                parent[key] = deepcopy(draw(odd))  # what is inserted may be mutated, too
            case "other":
                parent[key] = deepcopy(_at(tree, draw(st.sampled_from(places))))
            case "renamed" if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = parent.pop(key)
            case "wrapped":
                parent[key] = draw(st.sampled_from([lambda part: [part], lambda part: {"a": part}, str]))(parent[key])
            case _:
                if isinstance(parent, list):
                    parent.insert(0, deepcopy(parent[key]))
                else:
                    parent[draw(st.text(max_size=8))] = deepcopy(draw(odd))
    return tree


@st.composite
def spoiled(draw: st.DrawFn, text: bytes, inserts: list[bytes], most: int = 3) -> bytes:
    """A copy of a text in which up to `most` stretches are gone, overwritten, or have something in between."""
    data = bytearray(text)
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 2, 8, 1 << 20])))
        data[start:end] = draw(st.sampled_from(inserts) | st.binary(max_size=6))
    return bytes(data)
