"""Finds what is open to more: report formats, engines of a batch, commands.

Each of them is a file in its folder, and a new one is a new file.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def modules_in(folder: ModuleType) -> list[ModuleType]:
    """The modules of a package, imported, in the order of their names."""
    return [import_module(f"{folder.__name__}.{found.name}") for found in pkgutil.iter_modules(folder.__path__)]
