"""Imports packages as where some optional package of theirs is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

GRAMMAR_OF_IRIS = "rfc3987_syntax"
"""jsonschema imports it where it is there, as it is beside JupyterLab: it compiles 38 grammars then, for two seconds.

They check IRIs, of which notebooks have none.
"""


@contextmanager
def import_without(module: str) -> Iterator[None]:
    """Have an import of a module fail in this block, if it has not been imported before."""
    absent = sys.modules.setdefault(module, None) is None  # type: ignore[arg-type]  # which an import takes for absent
    try:
        yield
    finally:
        if absent:
            sys.modules.pop(module, None)
