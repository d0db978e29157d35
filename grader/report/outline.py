"""What every form of the report says, in one order and in the same words: what needs care comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.diagnosis.underline import underlined
from grader.models.message import Message, clean, joined, say, verbatim
from grader.models.observation import CellRun, Lost, Raised
from grader.models.report import CheckResult, Diagnosis, ExerciseResult, Outcome, Report, Status
from grader.models.wording import Language, labelled, passed_over, place

MARKS: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "skipped": "–", "error": "!"}
STATUS: dict[Status, str] = {
    "full": "✓",
    "partial": "◐",
    "none": "✗",
    "not started": "·",
    "not answered": "·",
    "to be judged": "?",
    "error": "!",
}
UNTOUCHED: dict[Status, Message] = {"not started": say("not started"), "not answered": say("not answered")}
"""What is said of an exercise that nobody has worked on; not what each of its checks misses: that helps nobody."""
_ORDER: tuple[Status, ...] = ("error", "none", "partial", "to be judged", "full", *UNTOUCHED)
SHOWN = 20
"""Students, or files, that are named of many; the gradebook has them all."""
HIDDEN = ("expected", "observed", "hint")
"""The parts that a hidden check may say."""


def points(number: float) -> str:
    """A number of points without needless zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def score(part: Report | ExerciseResult | CheckResult) -> str:
    """`3.33 / 5`; see `judged`."""
    return judged(part.earned, part.possible, 0.0 if isinstance(part, CheckResult) else part.open)


def judged(earned: float, possible: float, open_: float) -> str:
    """`3.33 / 5`; `? / 5` where a person is still to give all of it, `1 / 2 (+5)` where 5 points beside these."""
    said = f"{points(earned)} / {points(possible)}"
    if not open_:
        return said
    return f"{said} (+{points(open_)})" if possible else f"? / {points(open_)}"


def total(report: Report) -> Message:
    """What it came to, in a sentence."""
    if any(check.to_author for exercise in report.exercises for check in exercise.checks):
        return say("Not graded: the solution does not pass. Correct it, or the checks.")
    if not report.gradable:
        return say(
            "Not graded: a check ended in an error of the grader's own. This is not your mistake; "
            "please tell your instructor."
        )
    counts = {"earned": points(report.earned), "possible": points(report.possible)}
    if report.open:
        open_ = points(report.open)
        return say("{earned} / {possible} points; a person is still to give up to {open} more", open=open_, **counts)
    return say("{earned} / {possible} points", **counts)


def summary(report: Report) -> Message:
    """What it came to, and what a reader should know of it, in a few lines."""
    return joined([total(report), *remarks(report)], "\n")


def basis(report: Report) -> Message:
    """By which seed and answers it was graded."""
    if report.seed is None:
        return say("For marks: the seed is not published, and the solution was asked.")
    return say("For practice: the seed and the expected answers are published.")


def remarks(report: Report) -> list[Message]:
    """What a reader should know of the report itself."""
    said = [part_alone(report.selection), *report.notes] if report.selection else list(report.notes)
    if report.bonus:
        said.append(say("{bonus} points are for the whole", bonus=signed(report.bonus)))
    if report.isolation == "none":
        said.append(say("isolation: none. The code ran in a plain process, as you."))
    if report.cut:
        said.append(say("The report would be too long, so {count} characters are left out.", count=report.cut))
    return said


def part_alone(selection: str) -> Message:
    """That not all was graded, but what `-k` chose."""
    return say("Only a part was graded: {selection}", selection=selection)


def some_of(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" … and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def of_other_checks(students: Sequence[str]) -> str:
    """Whose results are older than the checks; empty where there are none."""
    are = "result is" if len(students) == 1 else "results are"
    again = "--regrade grades again what is among SUBMISSIONS"
    return f"{len(students)} {are} of other checks: {some_of(students)}; {again}" if students else ""


def to_be_judged(number: int) -> str:
    """That a person has not judged all; empty where there is nothing to judge."""
    have = "submission has" if number == 1 else "submissions have"
    return f"{number} {have} exercises that a person is still to judge" if number else ""


def without_time(number: int) -> str:
    """That the time of submissions is not known; empty where there are none."""
    have = "submission has" if number == 1 else "submissions have"
    return f"{number} {have} no readable time; `late` did not apply" if number else ""


def signed(number: float) -> str:
    """With its sign, also where that is a plus."""
    return f"{'−' if number < 0 else '+'}{points(abs(number))}"


def by_person(exercise: ExerciseResult) -> list[Message]:
    """What a person grades of an exercise, and what was given for it; not the comment, which is in Markdown."""
    part = exercise.by_person
    if part is None:
        return []
    said = []
    if part.open:
        said.append(say("To be judged by a person: {points} points", points=points(part.possible)))
    elif part.earned is not None:
        given = {"earned": points(part.earned), "possible": points(part.possible)}
        said.append(say("Judged by a person: {earned} / {possible}", **given))
    elif part.checked is not None:
        said.append(say("A person gave other points than the {points} of the checks", points=points(part.checked)))
    said += [joined([verbatim(signed(item.points)), item.text], " ") for item in part.rubric]
    if part.bonus:
        said.append(say("{bonus} points beside these", bonus=signed(part.bonus)))
    return said


def told_by_person(exercise: ExerciseResult, language: Language) -> str:
    """The same, and the comment, as lines of text."""
    comment = exercise.by_person.comment if exercise.by_person else ""
    return clean("\n".join([*map(language, by_person(exercise)), *([comment] if comment else [])]))


def worst_first(report: Report) -> list[ExerciseResult]:
    """The exercises of which there is something to say, those with failures first, else in the notebook's order."""
    begun = (one for one in report.exercises if one.status not in UNTOUCHED or one.by_person)
    return sorted(begun, key=lambda exercise: _ORDER.index(exercise.status))


def name_of(check: CheckResult) -> str:
    """A check's name in its exercise."""
    return check.id.partition("::")[2]


def full_name(exercise: ExerciseResult, check: CheckResult, language: Language) -> str:
    """A check's name with the title of its exercise."""
    return clean(f"{language(exercise.title)}: {name_of(check)}")


@dataclass(frozen=True)
class Finding:
    """Checks of an exercise that are not passed for one reason: one mistake, or one need that is not met."""

    exercise: ExerciseResult
    checks: tuple[CheckResult, ...]

    @property
    def first(self) -> CheckResult:
        return self.checks[0]

    @property
    def diagnosis(self) -> Diagnosis | None:
        return None if self.first.hidden else self.first.diagnosis

    @property
    def where(self) -> Message | None:
        """The cell and line to look at, as far as they are known."""
        first, made = self.first, self.diagnosis
        if first.hidden:
            return None
        if made and made.line is not None:
            return place(made.cell, made.line, first.prompt if made.cell == first.cell else None)
        return place(first.cell, first.line, first.prompt, first.file)

    @property
    def at(self) -> tuple[int | None, int | None]:
        """The number of that cell, and the line; none where it is not in the notebook or script."""
        first, made = self.first, self.diagnosis
        if first.hidden:
            return None, None
        if made and made.line is not None:
            return made.cell, made.line
        return (None, None) if first.file else (first.cell, first.line)


def findings(exercise: ExerciseResult) -> list[Finding]:
    """What an exercise lost points for."""
    groups: dict[str, list[CheckResult]] = {}
    for check in exercise.checks:
        if check.outcome == "passed":
            continue
        mistake = None if check.hidden else check.diagnosis
        same = mistake.text if mistake else (check.expected, check.observed, check.hint, check.detail)
        groups.setdefault(f"{check.outcome} {check.hidden} {same}", []).append(check)
    return [Finding(exercise, tuple(checks)) for checks in groups.values()]


def fault(check: CheckResult) -> Message:
    """What is said before what went wrong on our side."""
    return say("fault of the assignment: ") if check.to_author else say("error of the grader, not yours: ")


def explained(check: CheckResult, language: Language) -> list[tuple[str, str, str]]:
    """What is to be said of a check, as rows of a name, its label, and a text; the mistake comes first.

    A hidden check says no more than it may, whatever the report holds.
    """
    if check.outcome == "passed":
        said = "" if check.hidden else language(check.called)
        return [("called", language(say("called")), said)] if said else []
    if check.outcome == "skipped":
        return [("skipped", "", language(check.observed))]
    if check.outcome == "error":
        label = language(fault(check)).strip(" :")
        return [("error", label, "" if check.hidden else check.detail)]
    rows = [(label.text, language(label), said) for label, said in labelled(check, language)]
    return [row for row in rows if row[0] in HIDDEN] if check.hidden else rows


def told(check: CheckResult, language: Language) -> str:
    """All that is said of a check, as lines of text; nothing where it passed."""
    rows = explained(check, language) if check.outcome != "passed" else []
    return clean("\n".join(f"{label}: {text}" if label else text for _, label, text in rows))


def troubles(cell: CellRun) -> list[Message]:
    """What went wrong in a cell: statements that were passed over, and that it raised, or was lost."""
    ended = _ended(cell)
    return [*map(passed_over, cell.passed_over), *([ended] if ended else [])]


def failed_line(raised: Raised) -> str:
    """The student's line that raised, with what of it failed underlined."""
    frame = raised.frames[-1] if raised.frames else None
    return underlined(frame.code, frame.column, frame.end) if frame else ""


def traceback(raised: Raised, language: Language) -> str:
    """The student's own part of a traceback, and what Python said, as lines of text."""
    lines: list[str] = []
    for number, frame in enumerate(raised.frames, 1):
        if frame.skipped:
            lines.append(language(say("... {number} more", number=frame.skipped)))
        where = language(place(frame.cell, frame.line, file=frame.file))
        named = say("{where}, in {function}", where=where, function=frame.function)
        lines.append(where if frame.function == "<module>" else language(named))
        code = failed_line(raised) if number == len(raised.frames) else underlined(frame.code)
        lines += [f"    {line}" for line in code.splitlines()]
    if raised.library:
        lines.append(language(say("in {library}", library=raised.library)))
    lines += [f"{raised.type}: {raised.message}".strip(" :"), *raised.notes]
    if raised.suggests:
        lines.append(language(say("Did you mean `{other}`?", other=raised.suggests)))
    return clean("\n".join(lines))


def _ended(cell: CellRun) -> Message | None:
    named = place(cell.number, None, cell.prompt)
    if cell.raised:
        frame = cell.raised.frames[-1] if cell.raised.frames else None
        own = frame is None or frame.cell == cell.number
        where = place(frame.cell, frame.line, cell.prompt if own else None, frame.file) if frame else named
        first = cell.raised.message.strip().splitlines()[:1]
        said: str | Message = first[0] if first else ""
        if cell.raised.limit == "time":  # in words of ours, which are translated
            said = say("stopped after {seconds} s", seconds=_seconds(cell))
        kind = cell.raised.type
        return joined([where, kind, said], ": ") if where else verbatim(kind)
    if cell.lost:
        said = _lost(cell, cell.lost)
        return say("{where}: {said}; the notebook went on without it", where=named, said=said)
    return None


def _lost(cell: CellRun, lost: Lost) -> Message:
    match lost.to:
        case "time":
            return say("stopped after {seconds} s", seconds=_seconds(cell))
        case "notebook_time":
            return say("it passed the time limit of the notebook")
        case "memory":
            return say("it passed the limit of memory")
        case "processes":
            return say("it passed the limit of processes")
        case "disk":
            return say("it passed the limit of disk")
    return say("its process ended ({detail})", detail=lost.detail) if lost.detail else say("its process ended")


def _seconds(cell: CellRun) -> str:
    return f"{round(cell.seconds, 1):g}"
