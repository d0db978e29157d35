"""Graders for the places where students hand in: a GitHub Actions workflow, and an archive for Gradescope.

Their forms: https://docs.github.com/actions/writing-workflows/workflow-syntax-for-github-actions and
https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

from __future__ import annotations

import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import distribution, requires, version
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import grader
from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.plain_checks import CHECKS
from grader.errors import UsageError
from grader.judging.references import Recorded
from grader.submission.handed_in import digest

_PACKAGE = "torch-grader"
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}


def workflow(folder: Folder, package: str | None, marks: bool) -> str:
    """A GitHub Actions workflow that grades the notebook of a student's repository.

    Args:
        marks: instead, one that grades all submissions, in the course's own repository.
        package: what `pip install` takes for the grader, but for its extras; its present release if None.
    """
    template = "github/class.yml" if marks else "github/grade.yml"
    extras = "[batch]" if marks else ""
    if package is None:
        package = f"{_PACKAGE}{extras}=={grader.__version__}"
    elif package.endswith(".whl"):
        package += extras
    return _filled(template, folder, PACKAGE=package)


def grader_for(package: str | None) -> tuple[str | None, dict[str, bytes]]:
    """What pip installs as the grader in a workflow, and the wheel that lies beside the workflow for that, by name."""
    own = own_wheel() if package is None else None
    if own is None:
        return package, {}
    name, content = own
    return f"./.github/workflows/{name}", {name: content}  # GitHub looks for workflows nowhere else


def own_wheel() -> tuple[str, bytes] | None:
    """The grader as it is installed, as a wheel and its name; None where it came from a package index, which has it."""
    installed = distribution(_PACKAGE)
    if installed.read_text("direct_url.json") is None:
        return None
    name = f"{_PACKAGE.replace('-', '_')}-{installed.version}"
    about = f"{name}.dist-info"
    home = Path(grader.__file__).parent
    content = {f"grader/{file.relative_to(home).as_posix()}": file.read_bytes() for file in _inside(home)}
    for part in ("METADATA", "entry_points.txt"):
        content[f"{about}/{part}"] = (installed.read_text(part) or "").encode()
    content[f"{about}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: grade\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = [f"{file},sha256={_digest(data)},{len(data)}\n" for file, data in content.items()]
    content[f"{about}/RECORD"] = "".join([*record, f"{about}/RECORD,,\n"]).encode()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data in content.items():
            _add(archive, file, data)
    return f"{name}-py3-none-any.whl", packed.getvalue()


def _digest(content: bytes) -> str:
    """As a wheel's record has it."""
    return urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()


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
        for name, file in published(folder).items():
            _add(archive, f"assignments/{folder.spec.id}/{name}", file.read_bytes())
    return packed.getvalue()


def published(folder: Folder) -> dict[str, Path]:
    """The files of an assignment that grading needs, by name: neither the solution nor what is only for its author."""
    named = [folder.path / SPEC, folder.recorded]
    named += [folder.path / folder.spec.fixtures] if folder.spec.fixtures else []
    inside = [file for part in (folder.path / "checks", folder.data, folder.path / "given") for file in _inside(part)]
    found = {file.relative_to(folder.path).as_posix(): file for file in (*named, *inside)}
    found[folder.notebook.relative_to(folder.made or folder.path).as_posix()] = folder.notebook
    if folder.made:
        found[f"checks/{CHECKS}"] = folder.made / CHECKS
    return {name: file for name, file in found.items() if file.is_file() and file.resolve() != folder.solution}


def _inside(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not _LEFT_OUT & set(p.relative_to(folder).parts)]


def _requirements() -> list[str]:
    """What the grader needs, with the torch that the answers were recorded with."""
    needed = [one for one in requires(_PACKAGE) or [] if "extra ==" not in one and not one.startswith("torch>")]
    return [f"torch=={_torch()}", *needed]


def _torch() -> str:
    return version("torch").partition("+")[0]


def readme(folder: Folder, package: str | None) -> str:
    """What a repository of students begins with; see `workflow`."""
    package = package or f"{_PACKAGE}=={grader.__version__}"
    return _filled("github/students.md", folder, TITLE=folder.spec.title.en, PACKAGE=package)


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
