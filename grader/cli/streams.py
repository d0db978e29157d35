"""Has stdout and stderr take every text, whatever the terminal's encoding."""

from __future__ import annotations

import codecs
import io
import sys

_ASCII = str.maketrans(
    {
        "✓": "+", "✗": "x", "◐": "~", "·": ".", "×": "x", "…": "...", "–": "-", "—": "-", "−": "-", "→": "->", "↑": "^",
        "↓": "v", "░": "-", "▒": "+", "▓": "*", "█": "#", "▁": "_", "▂": ".",
        "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "‘": "'", "’": "'", "“": '"', "”": '"', "\u2060": "",
    }
)  # fmt: skip
"""What stands for marks and punctuation of ours. Other characters are escaped as in Python."""


def accept_every_text() -> None:
    """From now on, a character that a stream cannot write is written in ASCII."""
    codecs.register_error("in_ascii", _in_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="in_ascii")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end]
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode(), error.end
