"""What the gradebook says of a student beside the report: who, which submission, when, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch.gradebook import Row, Turn
from grader.models.message import Message, joined, say, verbatim
from grader.report.outline import points


@dataclass(frozen=True)
class Standing:
    """What a student's page says of it.

    Attributes:
        credited: points after what being late costs.
        lines: of who handed what in when.
        remarks: what the student should look at.
        timeline: all submissions in order, where there are several, and whether each is the one that counts.
    """

    credited: float
    lines: tuple[Message, ...]
    remarks: tuple[Message, ...]
    timeline: tuple[tuple[Message, bool], ...]


def standing(row: Row) -> Standing:
    """What the gradebook says of what counts for a student."""
    handed = row.handed
    name = f"{handed.person} ({row.student})" if handed.person else row.student
    lines = [say("Student: {name}", name=name)]
    if handed.group:
        lines.append(say("Handed in by the group {group}", group=handed.group))
    which, attempts = row.number, row.attempts
    lines.append(say("Submission {number} of {attempts}: {file}", number=which, attempts=attempts, file=handed.name))
    due = _shown(row.due, row) if row.due else None
    if handed.submitted is None:
        lines.append(say("When it was handed in is not known"))
    elif due is None:
        lines.append(say("Handed in {time}", time=_shown(handed.submitted, row)))
    else:
        lines.append(say("Handed in {time}, due {due}", time=_shown(handed.submitted, row), due=due))
    timeline = tuple((_told(turn, row), turn.counts) for turn in row.turns) if row.attempts > 1 else ()
    return Standing(row.credited, tuple(lines), tuple(_remarks(row)), timeline)


def _told(turn: Turn, row: Row) -> Message:
    """A submission in one line: when, which file, and what its checks came to."""
    time = turn.handed.submitted
    parts = [verbatim(_shown(time, row)) if time else say("time not known"), verbatim(turn.handed.name)]
    if turn.status == "graded":
        parts.append(say("checks: {earned} / {possible}", earned=points(turn.earned), possible=points(turn.possible)))
    else:
        parts.append(say("not graded"))
    return joined(parts + ([_late(turn.late_days)] if turn.late_days else []), " · ")


def _late(days: int) -> Message:
    return say("1 day late") if days == 1 else say("{days} days late", days=days)


def _remarks(row: Row) -> list[Message]:
    said = []
    if row.stale:
        said.append(say("These points are of other checks than the present ones; it will be graded again."))
    if row.is_marked:
        said.append(say("It is marked as late, without a time: it counts as one day late."))
    if row.untimed:
        said.append(say("As the time is not known, nothing is taken off for being late."))
    if row.late_days:
        counts = {"earned": points(row.earned), "credited": points(row.credited - row.bonus)}
        said.append(say("{late}: of {earned} points earned, {credited} count", late=_late(row.late_days), **counts))
    said += [say("Not looked at: {file}", file=one) for one in row.handed.passed_over.splitlines()]
    return said


def _shown(time: datetime, row: Row) -> str:
    """A time in the zone of the due date."""
    zone = row.due.tzinfo if row.due else UTC
    return time.astimezone(zone).isoformat(" ", "minutes")
