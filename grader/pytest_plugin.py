"""The pytest plugin as it is installed: a few options, and nothing more until an assignment is collected.

    pytest assignments/assignment1 --submission PATH

Other projects' runs of pytest import nothing else of ours, and see none of our fixtures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.assignment import SPEC

if TYPE_CHECKING:
    from grader.judging.plugin import SpecFile


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "grading PyTorch assignments")
    group.addoption("--submission", metavar="PATH", type=Path, help="the notebook or script to grade")
    group.addoption("--seed", type=int, help="grade with this seed, and ask the solution")
    group.addoption("--marks", action="store_true", help="draw a seed, and refuse to grade without isolation")
    group.addoption(
        "--isolation", choices=("auto", "landlock", "none"), default="auto", help="what keeps student code apart"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SpecFile | None:
    folder = file_path.parent
    if file_path.name == SPEC or (folder.name == "checks" and (folder.parent / SPEC).is_file()):
        parent.config.pluginmanager.import_plugin("grader.judging.plugin")
    if file_path.name != SPEC:
        return None
    from grader.judging.plugin import SpecFile

    return SpecFile.from_parent(parent, path=file_path, name=SPEC)
