"""The gradebook: every attempt of every student, in SQLite or on a server.

The results are the truth of a batch: one transaction for each, so that a batch
that was killed goes on where it was. The same code runs on every database that
SQLAlchemy speaks to.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import DateTime, LargeBinary, Select, UniqueConstraint, create_engine, event, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from grader.errors import UsageError
from grader.judging.session import draw_seed
from grader.models.policy import Policy
from grader.models.report import Report

Status = Literal["graded", "error", "refused"]


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), bytes: LargeBinary}


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


class Drawn(Base):
    """The seed that an assignment is graded with, drawn when the first of its submissions was graded."""

    __tablename__ = "seeds"

    assignment: Mapped[str] = mapped_column(primary_key=True)
    seed: Mapped[int]


@dataclass(frozen=True)
class Row:
    """What counts for a student.

    Attributes:
        attempt: the one that counts; its report is read when it is asked for.
        attempts: how many submissions there are.
        credited: points after what being late costs.
    """

    student: str
    attempt: Attempt
    attempts: int
    late_days: int
    credited: float


class Gradebook:
    """All attempts of an assignment. Use as a context manager.

    Args:
        url: of the database, as SQLAlchemy writes it; a path is an SQLite file.
        assignment: its id.

    Raises:
        UsageError: when there is no such database.
    """

    def __init__(self, url: str | Path, assignment: str) -> None:
        if isinstance(url, Path):
            url = f"sqlite:///{url}"
        try:
            self._engine = create_engine(url)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _set_up_sqlite)
            Base.metadata.create_all(self._engine)
        except (SQLAlchemyError, ImportError) as error:
            shown = str(error).splitlines()[0]
            raise UsageError(f"The gradebook {_without_password(url)} cannot be opened: {shown}.") from None
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

    def row(self, student: str, policy: Policy) -> Row | None:
        """What counts for one student."""
        query = select(Attempt).where(Attempt.assignment == self._assignment, Attempt.student == student)
        with Session(self._engine) as session:
            own = list(session.scalars(query.order_by(Attempt.graded, Attempt.id)))
            session.expunge_all()
        return _counts(own, policy) if own else None

    def rows(self, policy: Policy) -> Iterator[Row]:
        """What counts for each student, in order of their names; one at a time, for a class of any size."""
        query = select(Attempt).where(Attempt.assignment == self._assignment)
        query = query.order_by(Attempt.student, Attempt.graded, Attempt.id).execution_options(yield_per=100)
        with Session(self._engine) as session:
            own: list[Attempt] = []
            for attempt in session.scalars(query):
                if own and own[0].student != attempt.student:
                    yield _counts(own, policy)
                    own = []
                own.append(attempt)
                session.expunge(attempt)
            if own:
                yield _counts(own, policy)

    def count(self) -> int:
        """How many attempts there are."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).where(Attempt.assignment == self._assignment)) or 0

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def _counts(attempts: list[Attempt], policy: Policy) -> Row:
    """The attempt that counts among all of a student's: each submission as it was graded last."""
    each = list({attempt.sha256: attempt for attempt in attempts}.values())
    graded = [attempt for attempt in each if attempt.status == "graded"] or each

    def credited(attempt: Attempt) -> float:
        return policy.credited(attempt.earned, _aware(attempt.submitted))

    if policy.attempts == "best":
        chosen = max(graded, key=credited)
    else:
        chosen = max(graded, key=lambda attempt: (_aware(attempt.submitted) or _aware(attempt.graded), attempt.id))
    days = policy.late_days(_aware(chosen.submitted))
    return Row(chosen.student, chosen, len(each), days, credited(chosen))


def _selected(selection: str | None) -> str:
    return f"-k {selection!r}" if selection else "the whole assignment"


def _aware(time: datetime | None) -> datetime | None:
    """SQLite keeps no time zone; what it gives is UTC, as it was stored."""
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:***@{tail}" if at and "://" in head and head.count(":") > 1 else url
