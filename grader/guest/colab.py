"""`google.colab`, which is there and does nothing: notebooks that come from Colab import it in their first cell."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

_NAME = "google.colab"


class _Nothing(types.ModuleType):
    """A module of Colab's: what is in the first is modules, and what is in those is functions that do nothing."""

    def __getattr__(self, name: str) -> types.ModuleType | Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == _NAME:
            return importlib.import_module(f"{_NAME}.{name}")

        def does_nothing(*_: Any, **__: Any) -> Any:
            sys.stdout.write(f"{self.__name__}.{name} does nothing while grading\n")
            return {} if name == "upload" else None

        return does_nothing


class Colab:
    """Finds and makes those modules (`importlib.abc.MetaPathFinder` and `Loader`)."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """The spec of a module of Colab's, or of `google` where there is none."""
        if name == "google" or name == _NAME or name.startswith(f"{_NAME}."):
            return importlib.util.spec_from_loader(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """An empty one."""
        return types.ModuleType(spec.name) if spec.name == "google" else _Nothing(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is in it."""


def be_there() -> None:
    """Have `google.colab` found by those who import it, and by nobody else."""
    sys.meta_path.append(Colab())
