"""A cell that ran in the kernel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """A cell that ran.

    Attributes:
        number: its `In [number]`.
        text: as it stood when it ran.
        id: of the cell, as the page names it; None where it does not, or where it was not seen.
        time: when it ran; None where that was before the extension was loaded.
    """

    number: int
    text: str
    id: str | None = None
    time: float | None = None
