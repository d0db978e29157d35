"""Where the elements of two tensors differ, as a small map."""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.models.figure import DifferenceFigure

ROWS, COLUMNS = 8, 40
"""The largest map; of a larger tensor, each cell stands for several elements."""
LEVELS = 4


def differences(differ: Any, distance: Any) -> DifferenceFigure:
    """A map of the two last dimensions, at the first element that differs.

    Args:
        differ: where elements differ; in one place at least.
        distance: how much.

    Shapes:
        differ, distance: the tensors' own, of one dimension at least.
    """
    first = tuple(int(i) for i in np.argwhere(differ)[0])
    leading = first[:-2]
    rows, far = (np.atleast_2d(part[leading]) for part in (differ, np.nan_to_num(distance, posinf=np.inf)))
    each = -(-rows.shape[0] // ROWS), -(-rows.shape[1] // COLUMNS)
    most = np.max(far[np.isfinite(far)], initial=0.0) or 1.0
    levels = np.clip(np.ceil(LEVELS * far / most), 1, LEVELS).astype(int) * rows
    starts = (range(0, size, step) for size, step in zip(rows.shape, each, strict=True))
    across, down = (list(s) for s in starts)
    cells = np.maximum.reduceat(np.maximum.reduceat(levels, across, axis=0), down, axis=1)
    part = f"[{', '.join([*map(str, leading), ':', ':'])}]" if leading else ""
    return DifferenceFigure(
        rows=tuple("".join(map(str, row)) for row in cells), shape=differ.shape, part=part, first=first, each=each
    )
