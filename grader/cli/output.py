"""Writes the files that commands leave."""

from __future__ import annotations

import sys
from pathlib import Path

from grader.errors import UsageError


def write_text(text: str, file: str, option: str) -> None:
    """Write a text to the FILE of an option, in UTF-8; `-` is stdout, which then gets the same bytes."""
    if file == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
    else:
        write_bytes(text.encode(), file, option)


def write_bytes(content: bytes, file: str, option: str) -> None:
    """Write the FILE of an option, or of a command.

    Raises:
        UsageError: when it cannot be written.
    """
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", f"Give another FILE to {option}.") from None
