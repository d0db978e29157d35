"""Graders for the places where students hand in: a GitHub Actions workflow, and an archive for Gradescope.

Their forms: https://docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions and
https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

from __future__ import annotations

import zipfile
from importlib.metadata import requires, version
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import grader
from grader.assignment import SPEC
from grader.assignment.load import Folder
from grader.errors import UsageError
from grader.judging.references import Recorded
from grader.submission.handed_in import digest

_PACKAGE = "torch-grader"
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}


def workflow(folder: Folder, package: str | None, marks: bool) -> str:
    """A GitHub Actions workflow that grades the notebook of a student's repository.

    Args:
        marks: instead, one that grades all submissions, in the course's own repository.
        package: what `pip install` takes for the grader; its present release if None.
    """
    extras = "[batch]" if marks else ""
    template = "github/class.yml" if marks else "github/grade.yml"
    return _filled(template, folder, PACKAGE=package or f"{_PACKAGE}{extras}=={grader.__version__}")


def autograder(folder: Folder) -> bytes:
    """A zip that Gradescope takes as an autograder: the grader and the assignment, without its solution.

    Raises:
        UsageError: when the solution's answers are not recorded, or not those of the solution as it is now.
    """
    advice = f"`grade record {folder.spec.id}` writes it."
    if not folder.recorded.is_file():
        raise UsageError(f"{folder.recorded} does not exist.", advice)
    if folder.solution.is_file() and Recorded(folder.recorded).made_from.get("solution") != digest(folder.solution):
        raise UsageError(
            f"{folder.recorded} is not of the solution as it is now.",
            f"`grade record {folder.spec.id}` writes it anew.",
        )
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", _filled("gradescope/setup.sh", folder).encode(), 0o755)
        _add(archive, "run_autograder", _filled("gradescope/run_autograder", folder).encode(), 0o755)
        _add(archive, "requirements.txt", "".join(f"{one}\n" for one in _requirements()).encode())
        home = Path(grader.__file__).parent
        for file in _inside(home):
            _add(archive, f"grader/{file.relative_to(home).as_posix()}", file.read_bytes())
        for file in published(folder):
            name = f"assignments/{folder.spec.id}/{file.relative_to(folder.path).as_posix()}"
            _add(archive, name, file.read_bytes())
    return packed.getvalue()


def published(folder: Folder) -> list[Path]:
    """The files of an assignment that grading needs: neither the solution nor what is only for its author."""
    named = [folder.path / SPEC, folder.notebook, folder.recorded]
    named += [folder.path / folder.spec.fixtures] if folder.spec.fixtures else []
    inside = [file for part in (folder.path / "checks", folder.data) for file in _inside(part)]
    return [file for file in (*named, *inside) if file.is_file() and file.resolve() != folder.solution]


def _inside(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not _LEFT_OUT & set(p.relative_to(folder).parts)]


def _requirements() -> list[str]:
    """What the grader needs, with the torch that the answers were recorded with."""
    needed = [one for one in requires(_PACKAGE) or [] if "extra ==" not in one and not one.startswith("torch>")]
    return [f"torch=={_torch()}", *needed]


def _torch() -> str:
    return version("torch").partition("+")[0]


def _filled(template: str, folder: Folder, **places: str) -> str:
    text = files("grader.report").joinpath("templates", template).read_text(encoding="utf-8")
    places |= {"ASSIGNMENT": folder.spec.id, "NOTEBOOK": folder.notebook.name, "TORCH": _torch()}
    for name, value in places.items():
        text = text.replace(f"@{name}@", value)
    return text


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = zipfile.ZipInfo(name)  # with a fixed date: the same assignment gives the same archive
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)
