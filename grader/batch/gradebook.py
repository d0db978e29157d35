"""The gradebook: every attempt of every student, in SQLite or on a server.

The results are the truth of a batch: one transaction for each, so that a batch
that was killed goes on where it was. The same code runs on every database that
SQLAlchemy speaks to.
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import (
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    LargeBinary,
    Select,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from grader.assignment.spec import Exercise
from grader.errors import SurroundingsFault, UsageError
from grader.judging.by_person import WHOLE, Marks, all_marks, with_judgements
from grader.judging.session import draw_seed
from grader.models.judgement import Judgement
from grader.models.policy import Policy
from grader.models.report import Report

Status = Literal["graded", "error", "refused"]
MARKS_LATE = ("canvas",)
"""Layouts that tell no time, but what is late: all else came in time."""
BUSY = 10.0
"""Seconds that one process waits for another that has the same SQLite file."""
SITTING = timedelta(minutes=5)
"""How long somebody who opened an exercise is taken to look at it."""


class Moment(TypeDecorator[datetime]):
    """A time, kept in UTC: SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value if value.tzinfo else value.replace(tzinfo=UTC))


class Base(DeclarativeBase):
    type_annotation_map = {datetime: Moment, bytes: LargeBinary}


class Attempt(Base):
    """One submission, graded by one state of the assignment.

    Attributes:
        student, name, sha256: whose it is, and the file's name and digest.
        checks: digest of all that decides the outcome beside the submission; see `fingerprint`.
        status: `graded`; `error`, by a fault of ours; `refused`, since it is none that can be graded.
        reason: for the latter two.
        earned, possible: points.
        report: the whole report as JSON, compressed.
        submitted, graded: when.
        seconds: that grading took.
    """

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("assignment", "student", "sha256", "checks"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(index=True)
    student: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    checks: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    earned: Mapped[float] = mapped_column(default=0.0)
    possible: Mapped[float] = mapped_column(default=0.0)
    report: Mapped[bytes | None]
    submitted: Mapped[datetime | None]
    graded: Mapped[datetime]
    seconds: Mapped[float] = mapped_column(default=0.0)

    def read_report(self) -> Report | None:
        """The whole report, where there is one."""
        return Report.model_validate_json(zlib.decompress(self.report)) if self.report else None


class HandIn(Base):
    """Something handed in, as a download tells it. What came of it are the attempts of the same student and digest.

    Attributes:
        student, name, sha256: as in `Attempt`.
        layout, file: the form of the download, and the path in it.
        platform_id, person, email, group: what that form tells of the student; `group` names those who handed it in
            together.
        submitted: when; None where that is not known.
        late: whether the platform says no more than that it was late.
        passed_over: files that were not taken, and why; a line each.
        seen: when a batch found it first.
    """

    __tablename__ = "hand_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(index=True)
    student: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    layout: Mapped[str] = mapped_column(default="")
    file: Mapped[str] = mapped_column(default="")
    platform_id: Mapped[str] = mapped_column(default="")
    person: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    group: Mapped[str] = mapped_column("group_name", default="")
    submitted: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)
    passed_over: Mapped[str] = mapped_column(default="")
    seen: Mapped[datetime]

    @property
    def time(self) -> datetime:
        """When it was handed in, as far as that is known."""
        return self.submitted or self.seen

    def is_again(self, other: HandIn) -> bool:
        """Whether it is one and the same, as another download tells it: where one tells no time, its bytes decide."""
        timed = self.submitted is not None and other.submitted is not None
        return self.sha256 == other.sha256 and (self.time == other.time or not timed)

    def take(self, other: HandIn) -> None:
        """Become what another download tells of the same."""
        for name in ("name", "layout", "file", "platform_id", "person", "email", "group", "late", "passed_over"):
            setattr(self, name, getattr(other, name))
        self.submitted = other.submitted or self.submitted


class Extension(Base):
    """When a student's submissions to an assignment are due, where that is not as for all others."""

    __tablename__ = "extensions"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    student: Mapped[str] = mapped_column(primary_key=True)
    due: Mapped[datetime]


class Word(Base):
    """What somebody said at one time of a student's exercise, or of the whole submission. No row is ever changed.

    Attributes:
        exercise: its id; empty for the whole.
        revision: from 1, for each student and exercise; the last one counts.
        items: of the rubric, by their keys, a line each.
        points, bonus, comment, reason, done, sha256, author: see `Judgement`.
    """

    __tablename__ = "words"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    student: Mapped[str] = mapped_column(primary_key=True)
    exercise: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[str]
    points: Mapped[float | None]
    bonus: Mapped[float]
    comment: Mapped[str]
    reason: Mapped[str]
    done: Mapped[bool]
    sha256: Mapped[str]
    author: Mapped[str]
    time: Mapped[datetime]

    def read(self) -> Judgement:
        told = {name: getattr(self, name) for name in _OF_WORD}
        return Judgement(items=tuple(self.items.splitlines()), time=self.time, **told)


_OF_WORD = ("points", "bonus", "comment", "reason", "done", "sha256", "author", "revision")


class Sitting(Base):
    """Who opened a student's exercise to judge it, and when: others are led to another one meanwhile."""

    __tablename__ = "sittings"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    student: Mapped[str] = mapped_column(primary_key=True)
    exercise: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str] = mapped_column(primary_key=True)
    time: Mapped[datetime]


class Released(Base):
    """That a student is given the feedback."""

    __tablename__ = "released"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    student: Mapped[str] = mapped_column(primary_key=True)
    author: Mapped[str]
    time: Mapped[datetime]


_OF_STUDENT: Mapping[type[Any], tuple[str, ...]] = {
    Attempt: ("sha256", "checks"), HandIn: ("sha256", "submitted"), Extension: (), Word: ("exercise",), Released: (),
}  # fmt: skip
"""What is kept of a student, each with what tells two of a kind apart."""


class Drawn(Base):
    """The seed that an assignment is graded with, drawn when the first of its submissions was graded."""

    __tablename__ = "seeds"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    seed: Mapped[int]


@dataclass(frozen=True)
class Turn:
    """One of a student's submissions.

    Attributes:
        status, earned, possible: as in `Attempt`: what its checks came to.
        late_days: days begun since it was due.
        counts: whether it is the one that does.
    """

    handed: HandIn
    status: str
    earned: float
    possible: float
    late_days: int
    counts: bool


@dataclass(frozen=True)
class Row:
    """What counts for a student.

    Attributes:
        attempt: the one that counts; its report is read when it is asked for.
        handed: what it is a result of, and when that was handed in.
        number: which of the student's submissions it is, from 1.
        turns: all submissions, in the order they were handed in.
        due: when it was due, for this student.
        late_days: days begun since then.
        untimed: whether the policy would look at the time, and nothing of it is known.
        credited: points after what being late costs.
        stale: whether it is a result of other checks than the present ones.
        exercises: of the assignment, by which it is judged.
        said: what persons said, by exercise; `WHOLE` stands for all of it.
        marks: what each exercise comes to; none where no person has a part in it.
    """

    student: str
    attempt: Attempt
    handed: HandIn
    number: int
    turns: Sequence[Turn]
    due: datetime | None
    late_days: int
    untimed: bool
    credited: float
    stale: bool
    exercises: Sequence[Exercise]
    said: Mapping[str, Judgement]
    marks: Sequence[Marks]

    @property
    def attempts(self) -> int:
        """How many submissions there are."""
        return len(self.turns)

    @property
    def earned(self) -> float:
        """Points, with those that a person gave; before what being late costs, and without a bonus on the whole."""
        return round(sum(one.earned for one in self.marks), 2) if self.marks else self.attempt.earned

    @property
    def possible(self) -> float:
        """The points of what is judged."""
        return round(sum(one.possible for one in self.marks), 2) if self.marks else self.attempt.possible

    @property
    def open(self) -> float:
        """The points that a person is still to give."""
        return round(sum(one.open for one in self.marks), 2)

    @property
    def bonus(self) -> float:
        """Points on the whole, which being late costs nothing of."""
        return self.said[WHOLE].bonus if self.marks and WHOLE in self.said else 0.0

    @property
    def state(self) -> str:
        """The attempt's status; a person who gives other points settles an error of ours."""
        settled = self.attempt.status == "error" and self.marks and all(one.status != "error" for one in self.marks)
        return "graded" if settled else self.attempt.status

    def asks_again(self, exercise: str) -> bool:
        """Whether what was said of an exercise is of another submission, or of a rubric that is another by now."""
        said = self.said.get(exercise)
        one = next((one for one in self.exercises if one.id == exercise), None)
        if said is None:
            return False
        if one and one.manual:
            return said.sha256 != self.attempt.sha256 or one.manual.asks_again(said)
        return said.says_something and said.sha256 != self.attempt.sha256

    def read_report(self) -> Report | None:
        """The report, with what persons said."""
        report = self.attempt.read_report()
        return with_judgements(report, self.exercises, self.said) if report else None

    @property
    def is_marked(self) -> bool:
        """Whether it counts as late by the platform's word, without a time."""
        return self.handed.submitted is None and self.late_days > 0


class Outrun(Exception):
    """Somebody said something else of a student's exercise in between.

    Attributes:
        last: what.
    """

    def __init__(self, student: str, last: Judgement) -> None:
        super().__init__(f"{last.author} said something else of {student} in between")
        self.student = student
        self.last = last


class Gradebook:
    """All attempts of an assignment. Use as a context manager.

    Args:
        url: of the database, as SQLAlchemy writes it; a path is an SQLite file.
        assignment: its id.

    Raises:
        UsageError: when there is no such database.
        SurroundingsFault: here and in all methods, when the database does not do what it is asked for.
    """

    def __init__(self, url: str | Path, assignment: str) -> None:
        if isinstance(url, Path):
            url = f"sqlite:///{url}"
        try:
            self._engine = create_engine(url)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _set_up_sqlite)
            _create_tables(self._engine)
        except (SQLAlchemyError, ImportError) as error:
            _refuse_where_full(error)
            shown = str(error).splitlines()[0]
            raise UsageError(f"The gradebook {_without_password(url)} cannot be opened: {shown}.") from None
        event.listen(self._engine, "handle_error", _say_what_fails)
        self._assignment = assignment

    def seed(self) -> int:
        """The seed of everything random in this gradebook's gradings; the first to ask draws it."""
        with suppress(IntegrityError), Session(self._engine) as session, session.begin():
            if session.get(Drawn, self._assignment) is None:
                session.add(Drawn(assignment=self._assignment, seed=draw_seed()))
        with Session(self._engine) as session:
            return session.get_one(Drawn, self._assignment).seed

    def set_seed(self, seed: int) -> None:
        """Grade with another seed from now on."""
        with Session(self._engine) as session, session.begin():
            session.merge(Drawn(assignment=self._assignment, seed=seed))

    def hold_to(self, selection: str | None) -> None:
        """See that all marks here are of one selection of checks: marks of a part are none of the whole.

        Raises:
            UsageError: when there are marks of another one.
        """
        query = select(Attempt).where(Attempt.assignment == self._assignment, Attempt.report.is_not(None)).limit(1)
        with Session(self._engine) as session:
            graded = session.scalar(query)
        report = graded.read_report() if graded else None
        if report is not None and report.selection != selection:
            raise UsageError(
                f"The marks in this gradebook are of {_selected(report.selection)}, and not of {_selected(selection)}.",
                "Give another gradebook to each: another --out, or another --gradebook.",
            )

    def add(self, attempt: Attempt) -> None:
        """Store one result, in a transaction of its own; an earlier one of the same submission and checks goes."""
        attempt.assignment = self._assignment
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            known = session.scalar(self._same(attempt.student, attempt.sha256).where(Attempt.checks == attempt.checks))
            if known is not None:
                session.delete(known)
                session.flush()
            session.add(attempt)

    def note(self, handed: HandIn) -> None:
        """Keep that something was handed in, unless it is what was noted before.

        The same file without a time is the same only where nothing came in between: an earlier file may come again.
        """
        handed.assignment = self._assignment
        query = select(HandIn).where(HandIn.assignment == self._assignment, HandIn.student == handed.student)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            own = sorted(session.scalars(query), key=lambda one: (one.time, one.id))
            timed = [one for one in own if handed.submitted and one.submitted]
            known = next((one for one in (*timed, *own[-1:]) if one.is_again(handed)), None)
            if known is None:
                session.add(handed)
            else:
                known.take(handed)

    def divide(self, group: str, members: Iterable[str]) -> None:
        """Have all that was kept of a group be each member's, now that they are known; what is a member's own stays.

        Where a member has the group's key, all of it may be their own, and nothing is changed.
        """
        members = {*members}
        if group in members:
            return
        with Session(self._engine) as session, session.begin():
            for table, parts in _OF_STUDENT.items():
                names = [one.key for one in inspect(table).column_attrs if one.key not in ("id", "student")]
                kept: dict[str, list[Any]] = {student: [] for student in (group, *members)}
                mine = (table.assignment == self._assignment, table.student.in_(kept))
                for one in session.scalars(select(table).where(*mine)):
                    kept[one.student].append(one)
                shared = kept.pop(group)
                for student, own in kept.items():
                    known = {tuple(getattr(one, part) for part in parts) for one in own}
                    for one in shared:
                        if tuple(getattr(one, part) for part in parts) not in known:
                            session.add(table(student=student, **{name: getattr(one, name) for name in names}))
                for one in shared:
                    session.delete(one)

    def extend(self, dues: Mapping[str, datetime]) -> None:
        """Take these due dates of single students, by their keys, and no others."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(Extension).where(Extension.assignment == self._assignment))
            session.add_all(Extension(assignment=self._assignment, student=s, due=due) for s, due in dues.items())

    def judge(
        self, student: str, exercise: str, base: int, said: Judgement, others: Mapping[str, int] = MappingProxyType({})
    ) -> Judgement:
        """Keep what somebody says of a student's exercise, or of the whole (`WHOLE`), in a transaction of its own.

        Args:
            base: the revision that it is said in the knowledge of; 0 where nothing was said.
            others: students of whom the same is said, those of a group, each with the revision that is known of.

        Returns:
            It, with its time and revision. What says the same as the last one is that one.

        Raises:
            Outrun: when somebody said something else of one of them in between; nothing is kept.
        """
        told = {name: getattr(said, name) for name in _OF_WORD if name != "revision"}
        told |= {"assignment": self._assignment, "exercise": exercise, "items": "\n".join(said.items)}
        kept = {}
        try:
            with Session(self._engine) as session, session.begin():
                for one, known in {student: base, **others}.items():
                    kept[one] = last = self._last(session, one, exercise)
                    if last.revision and last.says_as(said):
                        continue
                    if last.revision != known:
                        raise Outrun(one, last)
                    word = Word(student=one, revision=known + 1, time=datetime.now(UTC), **told)
                    session.add(word)
                    kept[one] = word.read()
        except IntegrityError:
            return self.judge(student, exercise, base, said, others)  # which now sees what came in between
        return kept[student]

    def _last(self, session: Session, student: str, exercise: str) -> Judgement:
        last = session.scalars(self._words(student, exercise).order_by(Word.revision.desc()).limit(1)).first()
        return last.read() if last else Judgement()

    def _words(self, student: str, exercise: str) -> Select[Any]:
        mine = (Word.assignment == self._assignment, Word.student == student, Word.exercise == exercise)
        return select(Word).where(*mine)

    def history(self, student: str, exercise: str) -> list[Judgement]:
        """Everything that was said of a student's exercise, the last at the end."""
        with Session(self._engine) as session:
            return [word.read() for word in session.scalars(self._words(student, exercise).order_by(Word.revision))]

    def judgements(self, student: str | None = None) -> dict[str, dict[str, Judgement]]:
        """What was said last of each student's exercises, by student and exercise."""
        later = aliased(Word)
        same = (getattr(later, name) == getattr(Word, name) for name in ("assignment", "student", "exercise"))
        outrun = select(later.revision).where(*same, later.revision > Word.revision).exists()
        query = select(Word).where(Word.assignment == self._assignment, ~outrun)
        said: dict[str, dict[str, Judgement]] = {}
        with Session(self._engine) as session:
            for word in session.scalars(query if student is None else query.where(Word.student == student)):
                said.setdefault(word.student, {})[word.exercise] = word.read()
        return said

    def sit_down(self, student: str, exercise: str, author: str) -> None:
        """Note who looks at a student's exercise."""
        seat = Sitting(assignment=self._assignment, student=student, exercise=exercise, author=author)
        seat.time = datetime.now(UTC)
        with suppress(IntegrityError), Session(self._engine) as session, session.begin():
            session.merge(seat)

    def taken(self, exercise: str, author: str) -> dict[str, str]:
        """The students whose exercise somebody else opened just now, and who that is."""
        since = datetime.now(UTC) - SITTING
        query = select(Sitting).where(
            Sitting.assignment == self._assignment, Sitting.exercise == exercise, Sitting.author != author
        )
        with Session(self._engine) as session:
            return {one.student: one.author for one in session.scalars(query) if one.time > since}

    def release(self, students: Iterable[str], author: str) -> None:
        """Note that students are given what was said, from now on; who was given it before is left as it is."""
        now = datetime.now(UTC)
        for student in set(students) - set(self.released()):
            with suppress(IntegrityError), Session(self._engine) as session, session.begin():
                session.add(Released(assignment=self._assignment, student=student, author=author, time=now))

    def withdraw(self, students: Iterable[str]) -> None:
        """Note that students are not given it any more."""
        with Session(self._engine) as session, session.begin():
            mine = (Released.assignment == self._assignment, Released.student.in_(list(students)))
            session.execute(delete(Released).where(*mine))

    def released(self) -> dict[str, datetime]:
        """Who is given what was said, and since when."""
        query = select(Released).where(Released.assignment == self._assignment)
        with Session(self._engine) as session:
            return {one.student: one.time for one in session.scalars(query)}

    def stamp(self) -> object:
        """What is the same as long as what counts for each student is, but for what persons said."""

        def of_mine(table: type[Base], *columns: Any) -> Select[Any]:
            return select(*columns).where(table.assignment == self._assignment)  # type: ignore[attr-defined]

        graded = of_mine(Attempt, func.count(), func.max(Attempt.id), func.max(Attempt.graded))
        handed = of_mine(HandIn, *HandIn.__table__.columns).order_by(HandIn.id)
        due = of_mine(Extension, Extension.student, Extension.due).order_by(Extension.student)
        with Session(self._engine) as session:
            return [session.execute(query).all() for query in (graded, handed, due)]

    def assignments(self) -> list[str]:
        """All assignments that this database has attempts of, by their ids."""
        with Session(self._engine) as session:
            return sorted(session.scalars(select(Attempt.assignment).distinct()))

    def people(self) -> list[HandIn]:
        """What was handed in, by student, in the order in which it came."""
        query = select(HandIn).where(HandIn.assignment == self._assignment)
        with Session(self._engine) as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return sorted(found, key=lambda one: (one.student, one.time, one.id))

    def latest(self, student: str, sha256: str) -> Attempt | None:
        """The last result of a submission, by whatever checks."""
        with Session(self._engine) as session:
            found = self._same(student, sha256).order_by(Attempt.graded.desc(), Attempt.id.desc())
            latest: Attempt | None = session.scalars(found.limit(1)).first()
            return latest

    def _same(self, student: str, sha256: str) -> Select[Any]:
        mine = (Attempt.assignment == self._assignment, Attempt.student == student, Attempt.sha256 == sha256)
        return select(Attempt).where(*mine)

    def students(self) -> list[str]:
        """All students with an attempt, in order."""
        query = (
            select(Attempt.student).where(Attempt.assignment == self._assignment).distinct().order_by(Attempt.student)
        )
        with Session(self._engine) as session:
            return list(session.scalars(query))

    def rows(
        self,
        policy: Policy,
        checks: str | None = None,
        exercises: Sequence[Exercise] = (),
        student: str | None = None,
    ) -> Iterator[Row]:
        """What counts for each student, in order of their names; one at a time, for a class of any size.

        Args:
            checks: the present ones, by their `fingerprint`; if None, no result is said to be of others.
            exercises: of the assignment, for what a person grades.
            student: the only one wanted; everybody if None.
        """

        def own(table: type[Attempt | HandIn | Extension]) -> Select[Any]:
            query = select(table).where(table.assignment == self._assignment)
            return query if student is None else query.where(table.student == student)

        said = self.judgements(student)
        with Session(self._engine) as session:
            due = {one.student: one.due for one in session.scalars(own(Extension))}
            handed: dict[str, list[HandIn]] = {}
            for one in session.scalars(own(HandIn).order_by(HandIn.id)):
                handed.setdefault(one.student, []).append(one)
            session.expunge_all()
            query = own(Attempt).order_by(Attempt.student, Attempt.graded, Attempt.id)
            for name, attempts in groupby(session.scalars(query.execution_options(yield_per=100)), _student):
                mine = []
                for attempt in attempts:
                    session.expunge(attempt)
                    mine.append(attempt)
                yield _counts(mine, handed.get(name, []), policy, due.get(name), checks, exercises, said.get(name, {}))

    def count(self) -> int:
        """How many attempts there are."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).where(Attempt.assignment == self._assignment)) or 0

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def _create_tables(engine: Engine) -> None:
    """Create the tables that are not there; another process may be at it, and be faster with each of them."""
    for left in reversed(range(len(Base.metadata.tables))):
        try:
            Base.metadata.create_all(engine)
        except (OperationalError, ProgrammingError) as error:
            if not left or "already exists" not in str(error):
                raise
        else:
            break


def _student(attempt: Attempt) -> str:
    return attempt.student


def _counts(
    attempts: list[Attempt],
    handed: list[HandIn],
    policy: Policy,
    due: datetime | None,
    checks: str | None,
    exercises: Sequence[Exercise],
    said: Mapping[str, Judgement],
) -> Row:
    """The attempt that counts among all of a student's: each submission as it was graded last.

    Where the best counts, results of other checks are not compared with those of the present ones. The best is so by
    its checks; what a person said is of the student's exercise, and counts with any attempt.
    """
    results = {attempt.sha256: attempt for attempt in attempts}
    handed = [one for one in handed if one.sha256 in results]
    noted = {one.sha256 for one in handed}
    handed += [_told_by(attempt) for sha256, attempt in results.items() if sha256 not in noted]
    handed.sort(key=lambda one: one.time)
    graded = [one for one in handed if results[one.sha256].status == "graded"] or handed
    if due is not None:
        policy = policy.model_copy(update={"due": due.astimezone(policy.due.tzinfo if policy.due else UTC)})

    def told(one: HandIn) -> tuple[datetime | None, bool]:
        """When it came, and whether it is marked as late: a platform that marks it knows of no extension given here."""
        return one.time if one.submitted else None, one.late and due is None

    def credited(one: HandIn) -> float:
        return policy.credited(results[one.sha256].earned, *told(one))

    if policy.attempts == "best":
        chosen = max([one for one in graded if results[one.sha256].checks == checks] or graded, key=credited)
    else:
        chosen = graded[-1]
    attempt = results[chosen.sha256]
    marks: Sequence[Marks] = ()
    earned, bonus = attempt.earned, 0.0
    if attempt.report is not None and (said or any(one.manual for one in exercises)):
        marks = all_marks(attempt.report, exercises, said)
        earned, bonus = sum(one.earned for one in marks), said[WHOLE].bonus if WHOLE in said else 0.0

    def turn(one: HandIn) -> Turn:
        result = results[one.sha256]
        days = policy.late_days(*told(one))
        return Turn(one, result.status, result.earned, result.possible, days, one is chosen)

    return Row(
        attempt.student, attempt, chosen, handed.index(chosen) + 1, tuple(map(turn, handed)), policy.due,
        policy.late_days(*told(chosen)),
        policy.charges and attempt.status == "graded" and told(chosen) == (None, False)
        and chosen.layout not in MARKS_LATE,
        round(max(policy.credited(round(earned, 2), *told(chosen)) + bonus, 0.0), 2),
        attempt.status == "graded" and checks not in (None, attempt.checks), exercises, said, marks,
    )  # fmt: skip


def _told_by(attempt: Attempt) -> HandIn:
    """What was handed in, as an attempt tells it that was kept before hand-ins were."""
    return HandIn(
        assignment=attempt.assignment, student=attempt.student, name=attempt.name, sha256=attempt.sha256, layout="",
        file="", platform_id="", person="", email="", group="", submitted=attempt.submitted, late=False,
        passed_over="", seen=attempt.graded,
    )  # fmt: skip


def _selected(selection: str | None) -> str:
    return f"-k {selection!r}" if selection else "the whole assignment"


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY * 1000:.0f}")
    ends = time.monotonic() + BUSY
    while True:  # two that begin a file at once may each hold what the other needs: SQLite refuses one at once
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous=FULL")


def _say_what_fails(context: ExceptionContext) -> None:
    """Have what is no mistake of ours, such as a full disk or a server that is gone, be told in one line."""
    if isinstance(context.sqlalchemy_exception, OperationalError):
        shown = str(context.original_exception).splitlines()[0]
        raise SurroundingsFault(f"The gradebook cannot be used: {shown}.")


def _refuse_where_full(error: Exception) -> None:
    """See that a full disk is not taken for a wrong name of a database."""
    name = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        raise SurroundingsFault(f"The gradebook cannot be used: {str(error).splitlines()[0]}.") from None


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:***@{tail}" if at and "://" in head and head.count(":") > 1 else url
