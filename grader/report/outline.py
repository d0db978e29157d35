"""What every form of the report says, in one order and in the same words: what needs care comes first."""

from __future__ import annotations

from dataclasses import dataclass

from grader.models.message import Message, clean, joined, say, verbatim
from grader.models.observation import CellRun, Lost
from grader.models.report import CheckResult, Diagnosis, ExerciseResult, Outcome, Report, Status
from grader.models.wording import Language, labelled, passed_over, place

MARKS: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "skipped": "–", "error": "!"}
STATUS: dict[Status, str] = {
    "full": "✓",
    "partial": "◐",
    "none": "✗",
    "not started": "·",
    "not answered": "·",
    "error": "!",
}
UNTOUCHED: dict[Status, Message] = {"not started": say("not started"), "not answered": say("not answered")}
"""What is said of an exercise that nobody has worked on; not what each of its checks misses: that helps nobody."""
_ORDER: tuple[Status, ...] = ("error", "none", "partial", "full")
HIDDEN = ("expected", "observed", "hint")
"""The parts that a hidden check may say."""


def points(number: float) -> str:
    """A number of points without needless zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def score(part: Report | ExerciseResult | CheckResult) -> str:
    """`3.33 / 5`."""
    return f"{points(part.earned)} / {points(part.possible)}"


def total(report: Report) -> Message:
    """What it came to, in a sentence."""
    if not report.gradable:
        return say(
            "Not graded: a check ended in an error of the grader's own. This is not your mistake; "
            "please tell your instructor."
        )
    return say("{earned} / {possible} points", earned=points(report.earned), possible=points(report.possible))


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
    if report.isolation == "none":
        said.append(say("isolation: none. The code ran in a plain process, as you."))
    if report.cut:
        said.append(say("The report would be too long, so {count} characters are left out.", count=report.cut))
    return said


def part_alone(selection: str) -> Message:
    """That not all was graded, but what `-k` chose."""
    return say("Only a part was graded: {selection}", selection=selection)


def worst_first(report: Report) -> list[ExerciseResult]:
    """The exercises that were begun, those with failures first, otherwise in the order of the notebook."""
    begun = (exercise for exercise in report.exercises if exercise.status not in UNTOUCHED)
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
        label = language(say("error of the grader, not yours: ")).strip(" :")
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
