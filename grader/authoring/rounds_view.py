"""What `grade author` shows: how each exercise stands, and what is to be done about those that do not."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.authoring.findings import Result
from grader.authoring.rounds import Bench, ExerciseState
from grader.models.report import CheckResult

_MOST = 3  # things of one kind that are listed for an exercise


def render_states(bench: Bench) -> Group:
    """All exercises, a line each, and below them what is wrong."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in ("", "exercise", "solution", "starter", "mutants", ""):
        table.add_column(column)
    for id in bench.order:
        table.add_row(*_row(id, bench.states.get(id)))
    problems = [part for id in bench.order if id in bench.states for part in _problems(bench.states[id])]
    faults = [said for faults in bench.faults.values() for said in faults]
    return Group(table, *problems, *(_listed("variants", faults) if faults else []))


def _row(id: str, state: ExerciseState | None) -> list[Text]:
    if state is None:
        return [Text("·", style="dim"), Text(id)]
    mark = Text("·", style="dim") if not state.done else Text("✓", "green") if state.ok else Text("✗", "red")
    solution = f"{state.checks - len(state.missed)} of {state.checks}"
    starter = f"{len(state.given)} of {state.checks}"
    killed = len(state.results) - len([one for one in state.results if one.status == "survived"])
    mutants = "" if not state.mutants else f"{killed} of {state.mutants} killed"
    return [
        mark,
        Text(id),
        Text(solution, "red" if state.missed or not state.checks else ""),
        Text(starter, "red" if state.given else ""),
        Text(mutants, "red" if state.survivors else ""),
        Text(f"{state.seconds:.1f} s" if state.done else "", "dim"),
    ]


def _problems(state: ExerciseState) -> list[RenderableType]:
    """What is wrong with an exercise, in lines."""
    seen = [
        (check.id, check.detail or f"expected {check.expected}, observed {check.observed}") for check in state.missed
    ]
    said = [
        *_some([f"the solution fails {id}: {what}" for id, what in seen]),
        *_some([f"the starter passes {check}" for check in state.given]),
        *_some([_survivor(result) for result in state.survivors]),
        *_some([f"{one.mutant.name}: {one.detail}" for one in state.results if one.status == "error"]),
    ]
    if not said:
        return []
    return _listed(state.exercise, said)


def _listed(title: str, lines: list[str]) -> list[RenderableType]:
    return [Text(), Text(title, style="bold"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]


def _seen(check: CheckResult) -> str:
    return check.detail or f"expected {check.expected}, observed {check.observed}"


def _some(lines: list[str]) -> list[str]:
    rest = len(lines) - _MOST
    return [*lines[:_MOST], *([f"and {rest} more"] if rest > 0 else [])]


def _survivor(result: Result) -> str:
    """What no check sees, as the lines that change."""
    mutant = result.mutant
    before, after = (" ".join(text.split()) or "nothing" for text in (mutant.before, mutant.after))
    return f"no check fails where {mutant.title}: {before}  ->  {after}"
