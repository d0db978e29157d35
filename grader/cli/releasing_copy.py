"""Runs `grade release ASSIGNMENT`: writes the students' copy, or the notebooks that are made of a master."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.assignment import AGAIN
from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.authoring.students_copy import make_copy
from grader.cli.output import write_bytes
from grader.errors import UsageError
from grader.sandbox.client import Zygote

MOST = 5
"""Files that an error names."""


def release_copy(
    folder: Folder, others: Sequence[int], out: Path, packed: bool, template: bool, zygote: Zygote | None
) -> None:
    """Write what students get, and say what was proven of it.

    Args:
        others: variants whose copies lie in this one, for `grade again`.
        out: the folder that it goes into, under the assignment's id.
        packed: whether it is a zip.
        template: see `make_copy`.

    Raises:
        UsageError: where something else is in its place, or students would see what they must not.
    """
    name = f"{folder.spec.id}-template" if template else folder.spec.id
    target = out / (f"{name}.zip" if packed else name)
    copies = [make_copy(folder, zygote, template)]
    files = dict(copies[0].files)
    for number, variant in enumerate(others, 2):
        id = f"{folder.spec.id}-{number}"
        copies.append(make_copy(load_assignment(folder.path, variant, id), zygote, template=False))
        home = f"assignments/{folder.spec.id}/" if template else ""
        files[f"{home}{AGAIN}/{id}.zip"] = _packed(id, copies[-1].files)
    if packed:
        _write(out, {target.name: _packed(name, files)})
    else:
        _hold_nothing_else(target, files)
        _write(target, files)
    console = Console(highlight=False)
    answers, lines = sum(copy.answers for copy in copies), sum(copy.lines for copy in copies)
    console.print(Text(f"{target}: {len(files)} files, {answers} answers for practice"), soft_wrap=True)
    console.print(f"None of {lines} lines that students must not see is in any of them.")


def _packed(name: str, files: dict[str, bytes]) -> bytes:
    """A folder of this name as a zip."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{name}/{place}"), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def release_in_place(folder: Folder) -> None:
    """Write the notebooks that are made of a master where they lie in a course: beside it, and the solution.

    Raises:
        UsageError: where the assignment has no master.
    """
    master = folder.read_master()
    if master is None:
        raise UsageError(f"{folder.spec.id} has no `master`.", "docs/master.md says what that is.")
    home = folder.made or folder.path
    files = {folder.path / path.relative_to(home): path.read_bytes() for path in folder.starters.values()}
    files[folder.solution_file] = master.clean_solution
    for path, content in files.items():
        _write(path.parent, {path.name: content})
        Console(highlight=False).print(Text(str(path)), soft_wrap=True)


def _hold_nothing_else(target: Path, files: dict[str, bytes]) -> None:
    """Whether a folder has nothing but what is written anew, since nothing is known of other files; and `.git`."""
    there = [path.relative_to(target) for path in sorted(target.rglob("*")) if not path.is_dir()]
    others = [path.as_posix() for path in there if path.as_posix() not in files and path.parts[0] != ".git"]
    if others:
        more = f" and {len(others) - MOST} more" if len(others) > MOST else ""
        said = f"{target} holds what is no part of the copy: {', '.join(others[:MOST])}{more}."
        raise UsageError(said, "Remove it, or give another --out.")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}.", "Give another --out.") from None
        write_bytes(content, str(folder / name), "--out")
