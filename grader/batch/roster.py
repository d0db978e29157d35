"""Lists that an instructor gives: who is in the class, and whose submission is due later."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from io import StringIO
from pathlib import Path

from grader.assignment.choosing import folded
from grader.batch.download import Person, key_of
from grader.batch.times import read_time
from grader.errors import SubmissionError, UsageError
from grader.submission.read import read_file

_COLUMNS = {
    "key": ("key", "student", "student id", "username", "user name", "login", "sis login id", "학번", "아이디"),
    "name": ("name", "full name", "student name", "이름", "성명"),
    "email": ("email", "e-mail", "email address", "mail", "이메일", "이메일 주소"),
    "group": ("group", "team", "조", "팀"),
    "id": ("id",),
    "canvas": ("canvas", "canvas id"),
    "sis": ("sis", "sis id", "sis user id"),
    "login": ("sis login id", "canvas login", "login"),
    "moodle": ("moodle", "moodle id", "identifier", "participant", "식별자"),
    "nbgrader": ("nbgrader", "nbgrader id"),
    "blackboard": ("blackboard", "blackboard id"),
    "brightspace": ("brightspace", "brightspace id", "orgdefinedid"),
    "gradescope": ("gradescope", "gradescope id", "sid"),
    "github": ("github", "github username", "github id"),
    "google": ("google", "google id"),
}
"""What each column may be called; Canvas's gradebook and Moodle's grading worksheet can be given as they come."""
_DATE = "a time with its date, such as 2026-11-30T23:59+09:00"


@dataclass(frozen=True)
class Listed:
    """A student of a roster.

    Attributes:
        line: of the file.
        told: by the names of `_COLUMNS`.
    """

    line: int
    told: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.told.get(column, "")

    @property
    def key(self) -> str:
        return key_of(self["key"] or self["email"] or self["name"])


@dataclass(frozen=True)
class Roster:
    """Who is in the class. An empty one knows nobody."""

    listed: tuple[Listed, ...] = ()
    path: Path = field(default=Path())

    @cached_property
    def _called(self) -> dict[tuple[str, str], list[Listed]]:
        """Who has which value in which column, whatever its capitals."""
        found: dict[tuple[str, str], list[Listed]] = {}
        for one in self.listed:
            for column, value in one.told.items():
                if value:
                    found.setdefault((column, folded(value)), []).append(one)
        return found

    def members(self, group: str) -> tuple[Person, ...]:
        """Who is in a group."""
        inside = self._called.get(("group", folded(group)), [])
        return tuple(Person(one.key, one["name"], one["email"]) for one in inside)

    def find(self, layout: str, student: str, platform_id: str, email: str, name: str) -> Listed | None:
        """A student of a download: by the key or the platform's number, else by the address, else by the name.

        Raises:
            UsageError: when several are called so.
        """
        told, found = self._meant(layout, student, platform_id, email, name)
        if len(found) > 1:
            lines = ", ".join(str(one.line) for one in found)
            raise UsageError(f"{self.path}, lines {lines}: several are {told!r}.", "Give each a key of its own.")
        return found[0] if found else None

    def others(self, layout: str, there: Iterable[Person]) -> tuple[Listed, ...]:
        """Who is none of the students of a download."""
        seen = {one.line for each in there for one in self._meant(layout, each.key, each.id, each.email, each.name)[1]}
        return tuple(one for one in self.listed if one.line not in seen)

    def _meant(self, layout: str, student: str, platform_id: str, email: str, name: str) -> tuple[str, list[Listed]]:
        """Who may be a student of a download, and what tells; see `find`."""
        ways = ((layout, platform_id), ("key", student), ("email", email), ("email", student), ("name", name))
        for column, told in ways:
            alike = self._called.get((column, folded(told)), [])
            found = [one for one in alike if one[column] == told] or alike
            if found:
                return told, found
        return "", []


def read_roster(path: Path) -> Roster:
    """A roster: a CSV with columns as `_COLUMNS` names them.

    Raises:
        UsageError: when it cannot be read, or has no column that names students.
    """
    listed = []
    for line, row in _rows(path):
        told = {}
        for column, names in _COLUMNS.items():
            value = next((row[name] for name in names if row.get(name)), "")
            told[column] = re.sub(r"^\D*(?=\d+$)", "", value) if column == "moodle" else value  # `Participant 12`
        if "student" in row and "sis login id" in row:  # Canvas's own gradebook: a name, and not a key
            told |= {"name": row["student"], "key": row["sis login id"], "canvas": row.get("id", ""), "id": ""}
        if told["key"] or told["email"] or told["name"]:
            listed.append(Listed(line, told))
    if not listed:
        raise UsageError(
            f"{path} names no student.", "It is a CSV with columns such as key, name, email, canvas, moodle."
        )
    return Roster(tuple(listed), path)


def read_extensions(path: Path, due: datetime | None, zone: tzinfo) -> dict[str, datetime]:
    """Due dates of single students, by what the file calls them: a CSV with `student`, and `due` or `days`.

    Raises:
        UsageError: when it cannot be read, or when a line of it says no date.
    """
    dues: dict[str, datetime] = {}
    for line, row in _rows(path):
        student = next((row[name] for name in _COLUMNS["key"] + _COLUMNS["email"] if row.get(name)), "")
        if not any(row.values()):
            continue
        if not student:
            raise UsageError(f"{path}, line {line}: it names no student.", "Its columns are student, due and days.")
        until = read_time(row.get("due"), zone)
        days = row.get("days", "")
        if row.get("due") and until is None:
            raise UsageError(f"{path}, line {line}: {row['due']!r} is no date that is sure.", f"Write {_DATE}.")
        if until is None and not re.fullmatch(r"\d{1,3}(\.\d+)?", days):
            raise UsageError(f"{path}, line {line}: it gives neither `due` nor `days`.", f"Write {_DATE}, or days.")
        if until is None and due is None:
            raise UsageError(f"{path}, line {line}: days after what? The spec has no `due`.", "Give `due` itself.")
        if student in dues:
            raise UsageError(f"{path}, line {line}: {student!r} stands there twice.", "Give one line to each.")
        dues[student] = until if until is not None else _after(due, days)
    return dues


def _after(due: datetime | None, days: str) -> datetime:
    assert due is not None
    return due + timedelta(days=float(days))


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """The lines of a CSV, each with its number, by the names in its first line.

    Raises:
        UsageError: when it cannot be read, or is none.
    """
    try:
        text = read_file(path).decode("utf-8-sig")
    except SubmissionError as error:
        raise UsageError(error.message, "Give a CSV.") from None
    except UnicodeDecodeError:
        text = read_file(path).decode("cp949", errors="replace")  # as spreadsheets in Korea save it
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    try:
        heads = [folded(head.replace("_", " ")) for head in next(reader, [])]
        begun = reader.line_num + 1
        for row in reader:
            yield reader.line_num, dict(zip(heads, (cell.strip() for cell in row), strict=False))
            begun = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {begun}: it is no CSV: {error}.", "Is there a quote too many?") from None
