"""The pytest plugin as it is installed: a few options, and nothing more until an assignment is collected.

    pytest assignments/assignment1 --submission=PATH

With a space in place of `=`, pytest would look for its own settings beside the submission, too, where they are a
student's; it refuses to. Other projects' runs of pytest import nothing else of ours, and see none of our fixtures.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from grader.assignment import SPEC


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("grader", "grading PyTorch assignments")
    group.addoption("--submission", metavar="PATH", type=Path, help="the notebook or script to grade")
    group.addoption("--seed", type=int, help="grade with this seed, and ask the solution")
    group.addoption("--marks", action="store_true", help="draw a seed, and refuse to grade without isolation")
    group.addoption(
        "--isolation", choices=("auto", "landlock", "none"), default="auto", help="what keeps student code apart"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Take no settings that lie where the submission does, and the assignment does not: they could run any code."""
    submission, settings = early_config.known_args_namespace.submission, early_config.inipath
    if submission is None or settings is None:
        return
    typed = parser.parse_known_args([*early_config.invocation_params.args])  # settings may add to that
    given = [Path(path.partition("::")[0]) for path in typed.file_or_dir] or [early_config.invocation_params.dir]
    folder = settings.parent.resolve()
    if submission.resolve().is_relative_to(folder) and not all(path.resolve().is_relative_to(folder) for path in given):
        raise pytest.UsageError(f"{settings} lies beside the submission. Write --submission=PATH, with `=`.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    folder = file_path.parent
    of_checks = folder.name == "checks" and (folder.parent / SPEC).is_file()
    if file_path.name == SPEC or of_checks:
        parent.config.pluginmanager.import_plugin("grader.judging.plugin")
    if of_checks and file_path.suffix == ".py":
        from grader.judging.plugin import plain_file

        taken = any(fnmatch(file_path.name, pattern) for pattern in parent.config.getini("python_files"))
        return None if taken else plain_file(file_path, parent)
    if file_path.name != SPEC:
        return None
    from grader.judging.plugin import SpecFile

    return SpecFile.from_parent(parent, path=file_path, name=SPEC)
