"""Finds the submissions of a class, however they were downloaded.

A submission that cannot be graded is found, too, with the reason: nobody gets lost.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from grader.assignment.choosing import Chooser, folded
from grader.assignment.folder import Folder
from grader.batch.download import (
    HANDED_IN,
    ClassFolder,
    HandedIn,
    Person,
    count_kinds,
    entries_of,
    files_of,
    is_folder,
    is_ours,
)
from grader.batch.layouts import LAYOUTS, Layout, is_named, is_surely_named, is_told, named_by
from grader.batch.roster import Roster
from grader.errors import SubmissionError, UsageError
from grader.models.message import spelled
from grader.submission.handed_in import SUFFIXES
from grader.submission.read import MAX_SIZE

BLANK = " (nothing of the student's own can be read in it)"
_EXPORT = re.compile(r"assignment_\d+_export|submitted|submissions|.+-submissions")
"""Folders that platforms put around a class."""


@dataclass(frozen=True)
class SubmissionFile:
    """One submission of one student. A group's is one of each member.

    Attributes:
        student: whose it is, spelled out: one key for each name, whatever is in it.
        path: the file to grade, or what stands in its place.
        problem: why it cannot be graded; empty where it can.
        submitted: when it was handed in, where the download says so.
        late: whether the download says no more than that it was late.
        alone: whether what lies beside it is others'.
        person: whom the download names.
        group: which handed it in together.
        layout, file: the form of the download, and the path in it.
        passed_over: which files were not taken, and why.
    """

    student: str
    path: Path
    problem: str = ""
    submitted: datetime | None = None
    late: bool = False
    alone: bool = True
    person: Person = field(default_factory=lambda: Person(""))
    group: str = ""
    layout: str = ""
    file: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looking:
    """How a class is looked for.

    Attributes:
        layout: the form of the download; seen by its names if None.
        name: finds the student in the path of each file, where no form does.
        zone: of times that name none.
        roster: who is in the class, and in which group.
        archive: the name of the zip that was unpacked there, if one was.
        filled: makes that a file's content can be read, for a while.
    """

    layout: str | None = None
    name: re.Pattern[str] | None = None
    zone: tzinfo = UTC
    roster: Roster = field(default_factory=Roster)
    archive: str | None = None
    filled: Callable[[Path], AbstractContextManager[None]] = lambda path: nullcontext()


@dataclass(frozen=True)
class Download:
    """What was found.

    Attributes:
        layout: the form that was taken.
        found: all submissions, by student.
        kinds: how many files of each suffix were handed in.
        left_out: what is no submission.
        groups: whose members are not known.
        members: of groups that the roster knows, by the key that the group has where it does not; none whose key a
            person has.
        decoded: how many names of a zip were in each encoding that it does not tell.
        absent: who of the roster handed in nothing.
    """

    layout: str
    found: tuple[SubmissionFile, ...]
    kinds: Counter[str]
    left_out: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decoded: tuple[tuple[str, int], ...] = ()
    absent: tuple[str, ...] = ()


def find_submissions(folder: Path, assignment: Folder, looking: Looking = Looking()) -> Download:
    """All submissions in a folder.

    Raises:
        UsageError: when the folder cannot be read, or holds no submission.
    """
    try:
        os.listdir(folder)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}.", "Give a folder of submissions, or a zip."
        ) from None
    chooser = assignment.chooser(looking.filled)
    entries, left = entries_of(folder, is_named)
    if is_ours(folder) and (folder.name == HANDED_IN or not entries):
        raise UsageError(
            f"{folder} is what a batch left.",
            "Give the submissions again: handed_in/ has neither students' names nor the files beside a notebook.",
        )
    while len(entries) == 1 and _is_class(entries[0], folder, chooser, looking):
        folder = entries[0]
        entries, more = entries_of(folder, is_named)
        left += more
    place = ClassFolder(folder, tuple(entries), chooser.titles, looking.zone)
    layout = _layout(place, looking)
    handed = list(layout.read(place))
    if not any(one.people for one in handed):
        known = ", ".join([*LAYOUTS, "--name REGEX for any other"])
        raise UsageError(f"{looking.archive or folder} holds no submission.", f"Layouts that are known: {known}.")
    if looking.name is not None:
        named = {path for one in handed for path in one.paths}
        others = files_of(HandedIn((), place.entries)).keys() - named
        left += sorted(path for path in others if path.suffix.lower() in SUFFIXES)
    groups = [one.people[0].key for one in handed]
    handed = [_with_members(one, looking.roster) for one in handed]
    keys = [tuple(person.key for person in one.people) for one in handed]
    persons = {key for own in keys for key in own} | {one.key for one in looking.roster.listed}
    members = {group: own for group, own in zip(groups, keys, strict=True) if group not in persons}
    absent = looking.roster.others(layout.name, [person for one in handed for person in one.people])
    kinds = Counter(kind for one in handed for kind in count_kinds(one))
    return Download(
        layout.name,
        tuple(_each(handed, place, layout, chooser)),
        kinds,
        tuple(spelled(path.name) for path in left if not is_told(path.name)),
        tuple(sorted({spelled(one.group) for one in handed if one.group and one.people[0].name == one.group})),
        members,
        absent=tuple(spelled(one["name"] or one.key) for one in absent),
    )


def _layout(place: ClassFolder, looking: Looking) -> Layout:
    if looking.name is not None:
        return named_by(looking.name)
    return LAYOUTS[looking.layout] if looking.layout else next(one for one in LAYOUTS.values() if one.fits(place))


def _is_class(alone: Path, folder: Path, chooser: Chooser, looking: Looking) -> bool:
    """Whether the one folder that there is holds the class. Where it may be a student's, with whatever a student puts
    in it, it does not: but where platforms alone give such names, and for a zip, which most often has a folder around
    all that is in it.
    """
    if looking.name is not None:  # it may mean the folder's name
        return False
    own = any(one.students.fullmatch(alone.name) for one in LAYOUTS.values() if one.students)
    inside, _ = entries_of(alone, is_named)
    if not is_folder(alone) or own or any(is_folder(path) and folded(path.name) in chooser.titles for path in inside):
        return False
    if alone.name in (folder.name, Path(looking.archive or "").stem) or _EXPORT.fullmatch(alone.name):
        return True
    if looking.layout is not None:
        return looking.layout not in ("students", "nbgrader", "github")  # where it is no student's, by its name
    if inside and all(is_surely_named(path.name) for path in inside):
        return True
    files = [path for path in inside if path.suffix.lower() in SUFFIXES]
    several = len(files) > 1 or sum(map(is_folder, inside)) > 1
    return looking.archive is not None and several and not any(folded(path.stem) in chooser.titles for path in files)


def _with_members(handed: HandedIn, roster: Roster) -> HandedIn:
    """A group's submission as that of its members, where the download has its name alone and the roster has them."""
    first = handed.people[0]
    for name in (first.name, first.key) if handed.group in ("", first.name) else ():
        members = roster.members(name)
        if members:
            return replace(handed, people=members, group=name)
    return handed


def _each(handed: list[HandedIn], place: ClassFolder, layout: Layout, chooser: Chooser) -> Iterator[SubmissionFile]:
    """What each student handed in, by student. Of several things without a time, the last counts."""
    own: dict[str, list[tuple[HandedIn, SubmissionFile]]] = defaultdict(list)
    for one in handed:
        chosen = _chosen(one, place, layout, chooser)
        for person in one.people:
            own[person.key].append((one, replace(chosen, student=person.key, person=person)))
    for _, several in sorted(own.items()):
        timed = [found for one, found in several if one.submitted is not None]
        rest = [(one, found) for one, found in several if one.submitted is None]
        if rest:
            _, last = max(rest, key=lambda pair: (not pair[1].problem, pair[0].order))
            over = tuple(found.file for _, found in rest if found is not last)
            timed.append(replace(last, passed_over=last.passed_over + over))
        yield from timed


def _chosen(handed: HandedIn, place: ClassFolder, layout: Layout, chooser: Chooser) -> SubmissionFile:
    """The one file to grade of what was handed in. In a student's folder, all others may be part of it."""
    first = handed.paths[0]
    found = SubmissionFile(
        "", first, handed.problem, handed.submitted, handed.late, group=handed.group, layout=layout.name,
        file=spelled(first.relative_to(place.path).as_posix()), passed_over=tuple(map(spelled, handed.passed_over)),
    )  # fmt: skip
    if handed.problem:
        return found
    alone = not is_folder(first)
    if alone and len(handed.paths) == 1:
        return _checked(found)
    try:
        files = files_of(handed)
        path, blank = chooser.choose(files)
    except SubmissionError as error:
        return replace(found, problem=error.message)
    others = [one for one in files if one != path and (alone or one.suffix.lower() == path.suffix.lower() == ".ipynb")]
    over = found.passed_over + tuple(spelled(files[one]) + (BLANK if one in blank else "") for one in others)
    file = spelled(path.relative_to(place.path).as_posix())
    return _checked(replace(found, path=path, alone=alone, file=file, passed_over=over))


def _checked(found: SubmissionFile) -> SubmissionFile:
    """The same, with the reason where the file is none that can be graded."""
    path = found.path
    problem = ""
    try:
        if path.is_symlink():
            problem = "it is a symbolic link"
        elif not stat.S_ISREG(path.lstat().st_mode):
            problem = "it is not a file"
        elif path.suffix.lower() not in SUFFIXES:
            problem = f"it is not a notebook ({spelled(path.suffix[:20]) or 'no suffix'})"
            if Path(path.stem).suffix.lower() in SUFFIXES:  # as browsers save it
                problem = f"its name ends in {spelled(path.suffix[:20])}: rename it to {spelled(path.stem)}"
        elif path.stat().st_size > MAX_SIZE:
            problem = f"it is larger than {MAX_SIZE >> 20} MiB"
        else:
            with path.open("rb") as file:
                file.read(1)
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
    return replace(found, problem=problem)
