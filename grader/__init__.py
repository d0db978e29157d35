"""An automated grader for PyTorch assignments.

The public API, loaded when it is used: the processes beside student code import
parts of this package and nothing of the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Failure", "Report", "Tensor", "assert_close", "check", "grade", "probe"]

if TYPE_CHECKING:
    from grader.judging.api import assert_close, check, probe
    from grader.judging.single import grade
    from grader.models.report import Report
    from grader.models.values import Tensor
    from grader.requirements.compare import Failure

_HOMES = {
    "load_ipython_extension": "grader.kernel.magics",
    "unload_ipython_extension": "grader.kernel.magics",
    "assert_close": "grader.judging.api",
    "check": "grader.judging.api",
    "probe": "grader.judging.api",
    "grade": "grader.judging.single",
    "Report": "grader.models.report",
    "Tensor": "grader.models.values",
    "Failure": "grader.requirements.compare",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'grader' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
