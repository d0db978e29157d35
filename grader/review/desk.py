"""What is to be judged, in which order, and what was said of it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from grader.assignment.folder import Folder
from grader.assignment.spec import Exercise
from grader.batch.gradebook import Gradebook, Outrun, Row
from grader.batch.kept import Kept
from grader.batch.run import present_rows
from grader.judging.by_person import WHOLE, all_marks
from grader.models.judgement import MAX_BONUS, MAX_COMMENT, Judgement
from grader.models.message import Message, say
from grader.models.model import Model

How = Literal["open", "draft", "again", "judged", "said", ""]
"""Of one student's exercise: `open` until a person grades it, `draft` where that was begun; `again` where it was judged
on another attempt, or by another rubric; `said` where something is said of one that only checks grade."""
WAITING = ("open", "draft", "again")


_Storable = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]
"""A text that every database takes."""


class Saying(Model):
    """What the page sends of a judgement.

    Attributes:
        base: the revision that it is said in the knowledge of.
        sha256: of the submission that was looked at.
        group: of whom else it is said: the codes of those who handed it in together, each with the revision that is
            known.
    """

    base: int = Field(ge=0)
    sha256: str = Field(max_length=64)
    items: tuple[str, ...] = Field(default=(), max_length=200)
    points: float | None = Field(default=None, ge=0)
    bonus: float = Field(default=0.0, ge=-MAX_BONUS, le=MAX_BONUS)
    comment: _Storable = Field(default="", max_length=MAX_COMMENT)
    reason: _Storable = Field(default="", max_length=MAX_COMMENT)
    done: bool = False
    group: dict[str, int] = Field(default={}, max_length=100)


class Unfit(Exception):
    """What cannot be kept, and why.

    Attributes:
        said: to who judges.
        stale: whether the page is older than the submission, and is to be opened anew.
    """

    def __init__(self, said: Message, stale: bool = False) -> None:
        super().__init__(said.text)
        self.said = said
        self.stale = stale


@dataclass(frozen=True)
class HowFar:
    """How much of an exercise is judged."""

    exercise: Exercise
    judged: int
    total: int

    @property
    def percent(self) -> float:
        return 100 * self.judged / self.total if self.total else 100.0


class Desk:
    """A class as who judges it sees it.

    Args:
        author: who judges.
        anonymous: whether students are shown without a name, in an order that tells nothing of it.

    Attributes:
        folder: the assignment.
    """

    def __init__(self, book: Gradebook, folder: Folder, kept: Kept, author: str, anonymous: bool) -> None:
        self.folder = folder
        self.kept = kept
        self.author = author
        self.anonymous = anonymous
        self._book = book
        self._secret = str(book.seed()).encode()
        self._lock = Lock()
        self._read: dict[str, Row] = {}
        self._stamp: object = None

    @property
    def exercises(self) -> Sequence[Exercise]:
        return self.folder.spec.exercises

    def exercise(self, id: str) -> Exercise | None:
        """One of the exercises; None for the whole, and where there is none."""
        return next((one for one in self.exercises if one.id == id), None)

    def rows(self) -> dict[str, Row]:
        """What counts for each student that can be judged, by a code that stands for the student, in order."""
        with self._lock:
            stamp = self._book.stamp()
            if stamp != self._stamp:  # a batch is at work, or was
                self._stamp = stamp
                rows = [row for row in present_rows(self.folder, self._book) if row.attempt.report is not None]
                coded = [(self._code(row.student), row) for row in rows]
                self._read = dict(sorted(coded) if self.anonymous else coded)
        said = self._book.judgements()
        return {code: replace(row, said=said.get(row.student, {})) for code, row in self._read.items()}

    def _code(self, student: str) -> str:
        """What stands for a student in addresses: the name is not to be seen there, nor guessed from it."""
        named = f"{self.folder.spec.id}\n{student}".encode()
        return hmac.new(self._secret, named, hashlib.sha256).hexdigest()[:12]

    def settled(self, row: Row) -> Row:
        """A row with the points that follow from what was said."""
        assert row.attempt.report is not None
        return replace(row, marks=all_marks(row.attempt.report, self.exercises, row.said))

    def standing(self, row: Row, exercise: str) -> How:
        """How far a student's exercise is judged."""
        said = row.said.get(exercise)
        one = self.exercise(exercise)
        if said is not None and (said.done or one is None or not one.manual) and row.asks_again(exercise):
            return "again"
        if one is None or not one.manual:
            return "said" if said else ""
        if said is None or not said.done:
            return "draft" if said else "open"
        return "judged"

    def progress(self, rows: dict[str, Row]) -> list[HowFar]:
        """Of each exercise that a person grades."""
        return [
            HowFar(one, sum(self.standing(row, one.id) == "judged" for row in rows.values()), len(rows))
            for one in self.exercises
            if one.manual
        ]

    def next_of(self, rows: dict[str, Row], exercise: str, after: str | None) -> str | None:
        """The next student whose exercise waits; those that somebody else looks at come last. None where none waits."""
        codes = list(rows)
        start = codes.index(after) + 1 if after in rows else 0
        order = codes[start:] + codes[:start]
        waiting = [code for code in order if code != after and self.standing(rows[code], exercise) in WAITING]
        taken = self._book.taken(exercise, self.author)
        return next((code for code in waiting if rows[code].student not in taken), next(iter(waiting), None))

    def sit_down(self, row: Row, exercise: str) -> str | None:
        """Note that a student's exercise is looked at; who else looks at it, if anybody does."""
        other = self._book.taken(exercise, self.author).get(row.student)
        self._book.sit_down(row.student, exercise, self.author)
        return other

    def group(self, rows: Mapping[str, Row], row: Row) -> dict[str, Row]:
        """The others who handed in the same, as one group, by their codes."""
        return {
            code: other
            for code, other in rows.items()
            if row.handed.group == other.handed.group != ""
            and other.attempt.sha256 == row.attempt.sha256
            and other.student != row.student
        }

    def history(self, row: Row, exercise: str) -> list[Judgement]:
        """What was said of a student's exercise before, the last first."""
        return self._book.history(row.student, exercise)[::-1]

    def save(self, rows: Mapping[str, Row], code: str, exercise: str, saying: Saying) -> Judgement:
        """Keep what is said of a student, and of those of the student's group whom it names.

        Raises:
            Unfit: when it cannot be.
            Outrun: when somebody else said something in between.
        """
        row = rows[code]
        if saying.sha256 != row.attempt.sha256:
            raise Unfit(say("Another attempt counts by now: open this page anew."), stale=True)
        if reason := self._unfit(row, exercise, saying):
            raise Unfit(reason)
        group = self.group(rows, row)
        if not saying.group.keys() <= group.keys():
            raise Unfit(say("The group is another one by now: open this page anew."), stale=True)
        judgement = Judgement(author=self.author, **saying.model_dump(exclude={"base", "group"}))
        others = {group[other].student: revision for other, revision in saying.group.items()}
        try:
            kept = self._book.judge(row.student, exercise, saying.base, judgement, others)
        except Outrun as outrun:
            if outrun.student == row.student:
                raise
            code = next(other for other, member in group.items() if member.student == outrun.student)
            name = self.name(code, group[code])
            raise Unfit(say("Something else was said of {name} in between.", name=name)) from None
        self._book.sit_down(row.student, exercise, self.author)  # who writes for long still looks at it
        return kept

    def name(self, code: str, row: Row) -> str:
        """What a student is called here."""
        if self.anonymous:
            return code
        return f"{row.handed.person} ({row.student})" if row.handed.person else row.student

    def _unfit(self, row: Row, exercise: str, saying: Saying) -> Message | None:
        one = self.exercise(exercise)
        manual = one.manual if one else None
        if unknown := set(saying.items) - {item.key for item in (manual.rubric if manual else ())}:
            return say("The rubric has no item {name}.", name=", ".join(sorted(unknown)))
        if exercise == WHOLE and saying.points is not None:
            return say("Give points to an exercise, or a bonus to the whole.")
        most = manual.points if manual else self._checked(row, exercise)
        if saying.points is not None and saying.points > most:
            return say("At most {points} points; more is a bonus.", points=f"{most:g}")
        others = saying.points is not None and (manual is None or manual.rubric)
        if (others or saying.bonus) and not saying.reason.strip():
            return say("Points beside the checks or the rubric need a reason.")
        if saying.done and manual and not manual.rubric and saying.points is None:
            return say("Give points first.")
        return None

    def _checked(self, row: Row, exercise: str) -> float:
        """The points that checks give for an exercise at most."""
        assert row.attempt.report is not None
        return next(
            (one.possible for one in all_marks(row.attempt.report, self.exercises, {}) if one.id == exercise), 0.0
        )
