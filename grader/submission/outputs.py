"""What the cells of a notebook had put out when it was handed in. It is the student's: it may show, and never act."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from grader.errors import SubmissionError
from grader.models.message import clean
from grader.submission.read import read_file, read_notebook

MAX_OUTPUTS = 30
"""Outputs of one cell that are shown."""
MAX_SAID = 20_000
"""Characters of one text."""
MAX_HTML = 500_000
MAX_IMAGE = 6 << 20
"""Characters of an image in base64."""
MAX_ALL = 24 << 20
"""Characters of all outputs of a notebook."""
MAX_MARKS = 2_000_000
"""Signs of JSON that are parsed: each costs memory."""
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
MAX_DRAWN = 50_000
"""Elements of a drawing, each as often as it is referred to."""
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^'\")]+)")
_COSTLY = re.compile(
    r"<(\w+:)?(use|pattern|filter|marker|mask|animate\w*|set|foreignObject)\b|<!entity|filter\s*:|data:image/svg",
    re.IGNORECASE,
)
"""What makes a browser do much for a few characters. Plots have `use`, too: how much that comes to is counted."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Output:
    """One thing that a cell put out.

    Attributes:
        kind: what it is; `left out` where it is too large, too much work for a browser, or of a kind that is not shown.
        content: the text; HTML as the student has it; an image or a drawing (SVG) as a `data:` address.
    """

    kind: Literal["text", "image", "drawing", "html", "left out"]
    content: str


def read_outputs(path: Path, data: bytes | None = None) -> dict[int, tuple[Output, ...]]:
    """The outputs of each cell of a notebook, by its number from 1; none where it cannot be read, or is a script.

    Args:
        data: what is read in the place of the file's content.
    """
    if path.suffix.lower() != ".ipynb":
        return {}
    try:
        data = read_file(path) if data is None else data
        read_notebook(data, path)  # it is one, and of a size that is worked in
        if sum(map(data.count, (b",", b"[", b"{"))) > MAX_MARKS:
            return {}
        cells = json.loads(data.decode("utf-8-sig")).get("cells", [])  # of an older format, outputs are not shown
    except (SubmissionError, ValueError, RecursionError):
        return {}
    left = MAX_ALL
    found = {}
    for number, cell in enumerate(cells, 1):
        shown = []
        outputs = cell.get("outputs")
        for output in (outputs if isinstance(outputs, list) else [])[:MAX_OUTPUTS]:
            for one in _read(output) if isinstance(output, dict) else ():
                left -= len(one.content)
                shown.append(one if left >= 0 else Output("left out", ""))
        if shown:
            found[number] = tuple(shown)
    return found


def _read(output: dict[str, Any]) -> Iterator[Output]:
    match output.get("output_type"):
        case "stream":
            yield _text(_joined(output.get("text")))
        case "error":
            trace = output.get("traceback")
            lines = [line for line in trace if isinstance(line, str)] if isinstance(trace, list) else []
            yield _text("\n".join(lines) or f"{output.get('ename')}: {output.get('evalue')}")
        case "display_data" | "execute_result":
            data = output.get("data")
            yield from _shown(data if isinstance(data, dict) else {})


def _shown(data: dict[str, Any]) -> Iterator[Output]:
    """The form of an output that tells most; what is drawn only when it is asked for comes after its text."""
    plain = _joined(data.get("text/plain"))
    if kind := next((kind for kind in _IMAGES if kind in data), None):
        image = re.sub(r"\s", "", _joined(data[kind]))
        fits = len(image) <= MAX_IMAGE and _BASE64.fullmatch(image) is not None
        yield Output("image", f"data:{kind};base64,{image}") if fits else Output("left out", kind)
        return
    if plain:
        yield _text(plain)
    if "image/svg+xml" in data:
        drawing = _joined(data["image/svg+xml"]).encode(errors="replace")
        address = f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}"  # as an image, it runs no script
        yield Output("drawing", address) if _is_drawn_fast(drawing) else Output("left out", "image/svg+xml")
    elif "text/html" in data:
        page = _joined(data["text/html"]).encode(errors="replace").decode()
        fits = len(page) <= MAX_HTML and not _COSTLY.search(page)
        yield Output("html", page) if fits else Output("left out", "text/html")
    elif data and not plain:
        yield Output("left out", clean(", ".join(str(kind) for kind in data)[:100]))


def _is_drawn_fast(drawing: bytes) -> bool:
    """Whether an SVG is no more than it seems: references, one in the other, make billions of elements of few."""
    if len(drawing) > MAX_IMAGE or any(
        (found[2] or "").lower() != "use" for found in _COSTLY.finditer(drawing.decode())
    ):
        return False
    try:
        left = [ElementTree.fromstring(drawing)]
    except (ElementTree.ParseError, ValueError):
        return False
    named = {one.get("id"): one for one in left[0].iter()}
    drawn = 0
    while left and drawn <= MAX_DRAWN:
        one = left.pop()
        drawn += 1
        css = (one.text or "") if one.tag.endswith("style") else ""
        if "url" in css.lower() or any("\\" in text for text in (css, *one.attrib.values())):
            return False  # a reference that is not seen
        for name, value in one.items():
            links = [value[1:]] if name.endswith("href") and value.startswith("#") else _REFERENCE.findall(value)
            left += [named[link] for link in links if link in named]
        left += one
    return not left


def _text(text: str) -> Output:
    cut = "…" if len(text) > MAX_SAID else ""
    return Output("text", clean(_COLOUR.sub("", text[:MAX_SAID])) + cut)


def _joined(value: Any) -> str:
    """A text of a notebook, which may be in lines."""
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))
