"""Which assignment a notebook is of, where nobody says so."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.load import find_assignment, list_assignments, load_assignment
from grader.errors import SpecError, UsageError


def assignment_of(notebook: Path, marked: Collection[str], named: str | None = None) -> Folder:
    """The assignment whose folder the notebook is in; else the one whose name it has, or whose exercises it names.

    Args:
        notebook: its file, which need not be there.
        marked: the exercises that its cells name.
        named: by the user.

    Raises:
        UsageError: when there is none, or nothing tells which one.
        SpecError: when its spec, or that of all there are, cannot be read.
    """
    if named:
        return load_assignment(find_assignment(named, notebook.parent))
    for folder in notebook.parents:
        if (folder / SPEC).is_file():
            return load_assignment(folder)
    known = list_assignments(notebook.parent)
    if notebook.stem in known:
        return load_assignment(known[notebook.stem])
    folders, broken = [], None
    for path in known.values():
        try:
            folders.append(load_assignment(path))
        except SpecError as error:  # of another assignment, perhaps
            broken = error
    if broken and not folders:
        raise broken
    for those in (
        [folder for folder in folders if folder.chooser().is_titled(notebook.stem)],
        [folder for folder in folders if set(marked) & {exercise.id for exercise in folder.spec.exercises}],
        folders,
    ):
        if len(those) == 1:
            return those[0]
    if not known:
        said = (
            f"There is no assignment for {notebook.name}: neither its folder nor one above has a folder `assignments`."
        )
        raise UsageError(said, "Name its folder: `%grade --assignment FOLDER`.")
    said = f"It cannot be told which assignment {notebook.name} is of: {', '.join(known)}."
    raise UsageError(said, "Name it: `%grade --assignment NAME`.")
