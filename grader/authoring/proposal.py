"""Proposes an assignment for a solved notebook: runs it as the solution, and looks at what is there."""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.assignment.spec import Assignment, Exercise
from grader.assignment.text_notebook import FORMATS, KERNEL, cells_of_text
from grader.authoring import attempts
from grader.authoring.draft import Destination, Draft, head_of_spec, without_answers
from grader.authoring.guesses import MODELS, MOST, arguments_for, calls_in, inputs_for
from grader.authoring.solved import Solved, find_exercises, with_markers
from grader.authoring.starter import Notebook, read_json
from grader.errors import SubmissionError, UsageError
from grader.judging.driver import run_checks
from grader.judging.grading import Grading
from grader.judging.session import Session
from grader.models.limits import Limits
from grader.models.message import Localized
from grader.models.report import Report
from grader.requirements.expressions import compile_all, compile_expression
from grader.requirements.kinds import AnyRequirement
from grader.requirements.requirement import ask
from grader.sandbox.client import Zygote
from grader.submission.read import read_file, read_submission

CALLS = 3
"""Calls that are proposed of one function."""
_LIMITS = Limits(seconds=60, notebook_seconds=600)
_REQUIREMENT: TypeAdapter[Any] = TypeAdapter(AnyRequirement)
_CHECK_OF = {
    "log": "hook-log",
    "output": "hook-output",
    "gradients": "hook-gradients",
    "handles": "hook-removed",
    "ends": "ends",
    "copies": "copies",
    "pickles": "pickle",
}
"""The checks that a key of a requirement asks for."""
Written = dict[str, Any]
"""A requirement as it stands in a spec."""


@dataclass
class Proposal:
    """What is proposed, and what was not understood.

    Attributes:
        unseen: a line for each thing that is left to write, with the cell.
    """

    draft: Draft
    unseen: list[str]


@dataclass
class _Course:
    """A folder for a while, in which the notebook is an assignment.

    Attributes:
        notebook: with markers.
        known: expressions with calls that the notebook itself makes.
    """

    place: Destination
    notebook: Notebook
    exercises: list[Solved]
    data: dict[str, bytes]
    known: list[str]
    unseen: list[str] = field(default_factory=list)

    def note(self, exercise: Solved, name: str, said: str) -> None:
        cells = ", ".join(map(str, exercise.cells))
        self.unseen.append(f"cell {cells}, {name}: {said}")


def propose(destination: Destination, path: Path, zygote: Zygote) -> Proposal:
    """An assignment for a notebook with all answers in it.

    Raises:
        UsageError: when nothing in it can be graded.
    """
    solved = _solved(path)
    exercises = find_exercises(solved)
    if not exercises:
        raise UsageError(
            f"{path} defines no function and no class.", "Mark the answers' cells with a first line `# exercise: ID`."
        )
    there = sorted((path.parent / "data").rglob("*"))
    data = {one.relative_to(path.parent).as_posix(): one.read_bytes() for one in there if one.is_file()}
    notebook = with_markers(solved, exercises)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        place = Destination(
            destination.id, root / "assignments" / destination.id, root / "solutions" / f"{destination.id}.ipynb"
        )
        course = _Course(place, notebook, exercises, data, calls_in(solved))
        found = _requirements(course, zygote)
        kept = _proved(course, found, zygote)
        if not any(kept.values()):
            raise UsageError(
                f"Nothing in {path} could be called with anything that was tried.",
                "Show a call of each in the notebook, such as `f(torch.randn(3, 4))`.\n  " + "\n  ".join(course.unseen),
            )
        draft = _draft(course, kept, destination)
    hintless = ", ".join(exercise.id for exercise in exercises if kept[exercise.id])
    course.unseen.append(f"hints: none is in the notebook; write `hint:`, a sentence that helps, in each of {hintless}")
    return Proposal(draft, course.unseen)


def _solved(path: Path) -> Notebook:
    """A notebook with the answers in it, which may be text."""
    suffix = path.suffix.lower()
    if suffix == ".ipynb":
        read_submission(path)  # says what is wrong with it
        return read_json(path)
    if suffix not in FORMATS:
        raise UsageError(f"{path} is no notebook.", "Give a .ipynb, .py, .md or .qmd file with the answers in it.")
    cells = [{key: cell[key] for key in cell if key != "start"} for cell in cells_of_text(read_file(path), path)]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _draft(course: _Course, found: dict[str, list[Written]], destination: Destination) -> Draft:
    title = next((h for cell in course.notebook["cells"] if (h := _first_heading(cell))), destination.id)
    parts = [_exercise_text(exercise, found[exercise.id]) for exercise in course.exercises]
    spec = head_of_spec(destination, _yaml(title), "") + "\n".join(parts)
    return Draft(spec, course.notebook, {"en": without_answers(course.notebook)}, dict(course.data))


def _first_heading(cell: Written) -> str:
    line = cell["source"].lstrip().partition("\n")[0]
    return line[2:].strip() if cell["cell_type"] == "markdown" and line.startswith("# ") else ""


def _exercise_text(exercise: Solved, requirements: list[Written]) -> str:
    """An exercise of the spec; in comments, where nothing of it can be checked yet."""
    lines = [f"  - id: {exercise.id}", f"    title: {_yaml(exercise.title)}", "    requirements:"]
    for requirement in requirements or [{"kind": "function", "calls": [{"call": "f(randn(3, 4))"}]}]:
        dumped = yaml.dump([requirement], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
        lines += [f"      {line}" for line in dumped.rstrip().splitlines()]
    return "\n".join(lines if requirements else [f"  # {line[2:]}" for line in lines]) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes what stands on one line on one line, and expressions in quotes."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        node.flow_style = "kind" not in mapping and not any(isinstance(v, dict) for v in mapping.values())
        return node

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = not any(isinstance(part, dict) for part in sequence)
        return node


def _yaml(text: str) -> str:
    dumped: str = yaml.safe_dump(text, allow_unicode=True, width=10_000)
    return dumped.removesuffix("...\n").strip()


def _requirements(course: _Course, zygote: Zygote) -> dict[str, list[Written]]:
    """What may be required in each exercise."""
    spec = Assignment(
        format=1,
        id=course.place.id,
        title=Localized(en=course.place.id),
        limits=_LIMITS,
        exercises=tuple(Exercise(id=one.id, title=Localized(en=one.id)) for one in course.exercises),
    )
    Draft("", course.notebook, {"en": course.notebook}, dict(course.data)).write(course.place)
    folder = Folder(course.place.folder, spec, "")
    grading = Grading(folder, course.place.solution, zygote)
    try:
        for cell, run in grading.cells_so_far() if grading.cells() else []:
            if run.raised:
                course.unseen.append(
                    f"cell {cell.number} raises {run.raised.type}: {run.raised.message}; mend it first"
                )
        found = {}
        for exercise in course.exercises:
            seer = _Seer(course, exercise, grading)
            seen = {name: seer.see(name, node) for name, node in exercise.definitions.items()}
            found[exercise.id] = _told_apart(seen)
            if not exercise.definitions:
                course.note(exercise, exercise.id, "it defines nothing; write `kind: value` with a variable's name")
        return found
    finally:
        grading.close()


def _told_apart(seen: dict[str, list[Written]]) -> list[Written]:
    """The requirements of several names, each with an id where there are others of its kind."""
    kinds = [one["kind"] for some in seen.values() for one in some]
    found = []
    for name, some in seen.items():
        for one in some:
            several = sum(one["kind"] in {other["kind"] for other in others} for others in seen.values()) > 1
            parts = ([name] if several else []) + ([one["id"]] if "id" in one else [])
            id = {"id": "-".join(parts)} if parts and kinds.count(one["kind"]) > 1 else {}
            found.append({"kind": one["kind"], **id, **{key: one[key] for key in one if key not in ("kind", "id")}})
    return found


class _Seer:
    """Looks at what one exercise defines."""

    def __init__(self, course: _Course, exercise: Solved, grading: Grading) -> None:
        self._course = course
        self._exercise = exercise
        self._ask = partial(grading.observe, exercise.id)
        self._data = [name for name in course.data if name.startswith("data/")]

    def see(self, name: str, node: ast.ClassDef | ast.FunctionDef) -> list[Written]:
        """What may be required of it; a note where nothing can."""
        found = self._class(name, node) if isinstance(node, ast.ClassDef) else self._function(name, node)
        if found is not None:
            return found
        self._course.note(
            self._exercise,
            name,
            "nothing that was tried worked; show a call in the notebook, or write `calls`",
        )
        return []

    def _answer(self, probe: Any, **arguments: Any) -> Any:
        answer = self._ask(ask(probe, 0, **arguments))
        return None if answer.raised else answer.value

    def _made(self, name: str, node: ast.ClassDef) -> list[str]:
        """How it may be made: as the notebook does, or by its constructor's parameters."""
        init = _method(node, "__init__")
        shown = [text for text in self._course.known if _calls(text, name)]
        guessed = [f"{name}({given})" for given in (arguments_for(init, self._data, 1) if init else [""])]
        return list(dict.fromkeys([*shown, *guessed]))[:MOST]

    def _class(self, name: str, node: ast.ClassDef) -> list[Written] | None:
        bases = self._answer(attempts.look_at_class, name=name) or []
        if "nn.Module" in bases or "Module" in bases:
            return self._modules(self._made(name, node), node)
        if "Function" in bases:
            return self._autograd(name, node)
        kind = "sampler" if "Sampler" in bases else "dataset" if "Dataset" in bases else None
        if kind is None:
            self._course.note(
                self._exercise, name, "a class of its own; write a function in fixtures.py that uses it, and call that"
            )
            return []
        made = self._made(name, node)
        outcomes = self._answer(attempts.try_datasets, trees=compile_all(made, 0)) or []
        working = [(text, one) for text, one in zip(made, outcomes, strict=False) if one.get("len")]
        if not working:
            return None
        best = max(working, key=lambda pair: "randn" in pair[0] or "data/" in pair[0])
        others = [pair for pair in working if pair[0] != best[0] and pair[1]["len"] != best[1]["len"]][:1]
        if kind == "sampler":
            return [{"kind": "sampler", "object": text} for text, _ in (best,)]
        if best[1]["iterable"]:
            return [{"kind": "dataset", "object": best[0], "iterable": True}]
        first = {"kind": "dataset", "object": best[0], "ends": True, "copies": True, "pickles": True}
        return [first, *({"kind": "dataset", "id": "other", "object": text} for text, _ in others)]

    def _autograd(self, name: str, node: ast.ClassDef) -> list[Written] | None:
        forward = _method(node, "forward")
        given = list(islice(arguments_for(forward, self._data, 1), MOST)) if forward else []
        given = [text.replace(")", ", requires_grad=True)", 1) if "randn(" in text else text for text in given]
        return self._calls_of(
            [f"{name}.apply({text})" for text in given],
            lambda call: {"kind": "autograd", "call": call, "graph": True, "gradients": True},
        )

    def _modules(self, made: list[str], node: ast.ClassDef | None) -> list[Written] | None:
        """Of a module: what it registers, and what it gives."""
        forward = _method(node, "forward") if node else None
        inputs = [list(self._inputs(text, forward)) for text in made]
        trees = [[compile_all(one, 0) for one in candidates] for candidates in inputs]
        outcomes = self._answer(attempts.try_modules, trees=compile_all(made, 0), inputs=trees) or []
        tried = list(zip(made, inputs, outcomes, strict=False))
        working = [one for one in tried if one[2].get("works")]
        if not working:
            built = next((one for one in tried if "structure" in one[2]), None)
            if built is None:
                return None
            self._course.note(
                self._exercise, built[0], "no input was found that it takes; write `kind: module` with `calls`"
            )
            return list(_structure(built[0], built[2]["structure"]))
        text, candidates, outcome = working[0]
        found = [*_structure(text, outcome["structure"]), *_behaviour(text, candidates, outcome)]
        others = [one for one in working[1:] if _sizes(one[2]) != _sizes(outcome) or not _sizes(outcome)]
        for other in others[:1]:
            found += [{**one, "id": "other"} for one in _behaviour(*other) if one["kind"] == "module"]
        if all(one["random_in_eval"] for one in outcome["works"]):
            self._course.note(self._exercise, text, "what it gives is random; write a `function` call with `holds`")
        return found

    def _inputs(self, made: str, forward: ast.FunctionDef | None) -> Iterator[tuple[str, ...]]:
        """What a module may be called with, as expressions."""
        for known in self._course.known:
            if known.startswith(f"{made}("):
                call = ast.parse(known, mode="eval").body
                if isinstance(call, ast.Call) and not call.keywords and ast.unparse(call.func) == made:
                    yield tuple(map(ast.unparse, call.args))
        plain = forward or ast.parse("def forward(self, x): ...").body[0]
        assert isinstance(plain, ast.FunctionDef)
        yield from islice(inputs_for(plain, made.partition("(")[2]), MOST)

    def _function(self, name: str, node: ast.FunctionDef) -> list[Written] | None:
        shown = [text for text in self._course.known if _calls(text, name)]
        parameters = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        guessed = [f"{name}({given})" for given in arguments_for(node, self._data)]
        about_model = bool(parameters) and parameters[0] in ("model", "net", "module", "network", "layer")
        if about_model:
            hooked = self._about_model(name, [text for text in guessed if any(model in text for model in MODELS)])
            if hooked:
                return hooked
        calls = [text for text in dict.fromkeys([*shown, *guessed]) if "log" not in _names(text)][:MOST]
        return self._calls_of(calls, None)

    def _about_model(self, name: str, calls: list[str]) -> list[Written]:
        """Of a function that changes a model, or registers hooks on it."""
        given = [(model, text.replace(model, "model", 1)) for text in calls for model in MODELS if model in text]
        tried = [
            {"tree": compile_expression(call, 0), "model": compile_expression(model, 0),
             "input": compile_expression("randn(5, 4)", 0)}
            for model, call in given
        ]  # fmt: skip
        outcomes = self._answer(attempts.try_calls, attempts=tried) or []
        for (model, call), outcome in zip(given, outcomes, strict=False):
            if outcome.get("hooks"):
                found: Written = {"kind": "hooks", "model": model, "attach": call, "inputs": ["randn(5, 4)"]}
                found["calls"] = 2
                found |= {"gradients": True, "output": False} if outcome["backward"] else {"output": True}
                found |= {"log": True, "copies": True} if outcome["logged"] else {}
                return [{**found, **({"handles": outcome["handles"]} if outcome["handles"] else {})}]
            if outcome.get("changed"):
                back = {"returns_model": True} if outcome["own"] else {"returns": True} if outcome["plain"] else {}
                return [{"kind": "apply", "model": model, "call": call, "state": True, **back}]
        return []

    def _calls_of(self, calls: list[str], written: Any) -> list[Written] | None:
        """Of calls that give something, those that say the most."""
        tried = [{"tree": compile_expression(text, 0), "model": None, "input": None} for text in calls]
        outcomes = self._answer(attempts.try_calls, attempts=tried) or []
        working = [(text, one) for text, one in zip(calls, outcomes, strict=False) if "raised" not in one]
        if not working:
            return None
        text, first = working[0]
        if "nn.Module" in first["bases"]:
            return self._modules([text for text, _ in working], None)
        if "DataLoader" in first["bases"]:
            return [{"kind": "loader", "object": text}]
        if "Dataset" in first["bases"]:
            return [{"kind": "dataset", "object": text, "ends": True}]
        plain = [pair for pair in working if pair[1]["plain"] and "NoneType" not in pair[1]["bases"]]
        if not plain:
            self._course.note(
                self._exercise,
                text,
                "it returns nothing that can be compared; write a fixture that does",
            )
            return []
        steady = [pair for pair in plain if not pair[1]["random"]]
        if "RemovableHandle" in first["bases"]:
            self._course.note(
                self._exercise, text, "it registers a hook on no model; write a fixture that returns what the hook does"
            )
            return []
        if not steady:
            self._course.note(self._exercise, text, "its result is random; write `holds:` with what must be true of it")
            return []
        if written:
            return [written(steady[0][0])]
        # Those that depend on the seed come first, and those of nothing last.
        drawn = sorted(steady, key=lambda pair: ("()" in pair[0] or "[]" in pair[0], "rand" not in pair[0]))
        distinct = {one["digest"]: text for text, one in reversed(drawn)}
        return [{"kind": "function", "calls": [{"call": text} for text in reversed([*distinct.values()][-CALLS:])]}]


def _sizes(outcome: Written) -> list[Any]:
    """The shapes of a module's Parameters and buffers."""
    structure = outcome["structure"]
    tensors = [*structure["parameters"].values(), *(buffer["value"] for buffer in structure["buffers"].values())]
    return [tensor.shape for tensor in tensors]


def _structure(text: str, structure: Written) -> Iterator[Written]:
    """What a module has registered."""
    buffers = structure["buffers"]
    inner = [part for part in structure["modules"] if part["path"]]
    own = {name: value for name, value in structure["parameters"].items() if "." not in name}
    if own and not inner:
        described = {name: _parameter(value) for name, value in own.items()}
        yield {"kind": "parameters", "object": text, "parameters": described}
    elif structure["parameters"]:
        sizes = [value.values.size for value in structure["parameters"].values() if value.requires_grad]
        yield {"kind": "parameters", "object": text, "total": sum(sizes)}
    direct = {part["path"]: _class_of(part["bases"]) for part in inner if "." not in part["path"]}
    if direct and all(direct.values()):
        yield {"kind": "children", "object": text, "children": direct}
    direct_buffers = {name: _buffer(value) for name, value in buffers.items() if "." not in name}
    if direct_buffers:
        yield {"kind": "buffers", "object": text, **({"exact": False} if inner else {}), "buffers": direct_buffers}
    if any(one["persistent"] for name, one in buffers.items() if "." not in name):
        yield {"kind": "state_dict", "object": text, "keys": "reference"}


def _behaviour(text: str, candidates: list[tuple[str, ...]], outcome: Written) -> Iterator[Written]:
    """What a module gives for the inputs that it takes: two of them, of different ranks where there are such."""
    works = [one for one in outcome["works"] if not one["random_in_eval"]]
    others = [one for one in works if one["rank"] != works[0]["rank"]]
    calls = []
    for one in [*works[:1], *others[:1]]:
        call: Written = {"inputs": list(candidates[one["place"]])}
        if one["random"]:
            call["mode"] = "eval"
        elif one["gradients"]:
            call["gradients"] = True
        calls.append(call)
        if one["modes"] and not one["random"]:
            calls.append({"inputs": list(candidates[one["place"]]), "mode": "eval"})
    if calls:
        yield {"kind": "module", "object": text, "constructs": False, "calls": calls[:3]}
    changing = next((one for one in works if one["changed"]), None)
    if changing and len(candidates[changing["place"]]) == 1:
        inputs = candidates[changing["place"]][0]
        names = {
            name: _buffer(outcome["structure"]["buffers"][name]) for name in changing["changed"] if "." not in name
        }
        if names:
            step = ["train", inputs, "eval", inputs, "train", inputs]
            yield {"kind": "buffers", "id": "calls", "object": text, "exact": False, "buffers": names, "steps": [step]}


def _parameter(value: Any) -> Written:
    described: Written = {"shape": list(value.shape)}
    described |= {"dtype": value.dtype} if value.dtype != "float32" else {}
    described |= {} if value.requires_grad else {"requires_grad": False}
    return {**described, **_initial(value)}


def _buffer(buffer: Written) -> Written:
    value = buffer["value"]
    described: Written = {"shape": list(value.shape), **({"dtype": value.dtype} if value.dtype != "float32" else {})}
    described |= {} if buffer["persistent"] else {"persistent": False}
    return {**described, **_initial(value)}


def _initial(value: Any) -> Written:
    numbers = value.values
    if numbers.size and (numbers == numbers.flat[0]).all():
        number: Any = float(numbers.flat[0])
        return {"initial": {0.0: "zeros", 1.0: "ones"}.get(number, number)}
    return {"initial": "varied"} if numbers.size > 1 else {}


def _class_of(bases: list[str]) -> str:
    return bases[0].removeprefix("nn.")


def _method(node: ast.ClassDef | None, name: str) -> ast.FunctionDef | None:
    body = node.body if node else []
    return next((part for part in body if isinstance(part, ast.FunctionDef) and part.name == name), None)


def _calls(text: str, name: str) -> bool:
    node = ast.parse(text, mode="eval").body
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}


def _proved(course: _Course, found: dict[str, list[Written]], zygote: Zygote) -> dict[str, list[Written]]:
    """Those requirements that the solution meets, and of which the starter meets nothing."""
    kept = {id: [one for one in some if _valid(one)] for id, some in found.items()}
    shutil.rmtree(course.place.folder.parent.parent)
    if not any(kept.values()):
        return kept
    _draft(course, kept, course.place).write(course.place)
    folder = load_assignment(course.place.folder)
    own = {exercise.id: exercise for exercise in folder.spec.exercises}
    wrong = _failing(folder, folder.solution, zygote, ("failed", "error"))
    easy = _failing(folder, folder.notebook, zygote, ("passed",))
    for exercise in course.exercises:
        left = []
        for place, one in enumerate(kept[exercise.id]):
            names = {check.name for check in own[exercise.id].requirements[place].checks(folder.spec.seed)}
            if not names & (wrong[exercise.id] | easy[exercise.id]):
                left.append(one)
            elif smaller := _without(one, names & (wrong[exercise.id] | easy[exercise.id])):
                left.append(smaller)
        if kept[exercise.id] and not left:
            course.note(exercise, exercise.id, "the starter passes, or the solution fails, what was tried; write calls")
        kept[exercise.id] = left
    return kept


def _without(requirement: Written, checks: set[str]) -> Written | None:
    """A requirement without what asks for some checks; None where nothing is left of it."""
    kinds = {check.partition("[")[0] for check in checks}
    left = {key: value for key, value in requirement.items() if not kinds & {_CHECK_OF.get(key)}}
    calls = left.get("calls")
    if isinstance(calls, list):
        numbers = {int(found[1]) for check in checks if (found := re.search(r"\[(\d+)", check))}
        left["calls"] = [call for number, call in enumerate(calls, 1) if number not in numbers]
    bare = not left.get("calls", True) or set(left) <= {"kind", "id", "object", "model", "attach", "inputs", "calls"}
    return left if left != requirement and _valid(left) and (left.get("calls") or not bare) else None


def _valid(requirement: Written) -> bool:
    try:
        _REQUIREMENT.validate_python(requirement)
    except ValidationError:
        return False
    return True


def _failing(folder: Folder, path: Path, zygote: Zygote, outcomes: tuple[str, ...]) -> dict[str, set[str]]:
    """The checks of each exercise that end so."""
    session = Session(path, zygote=zygote, given=folder, diagnose="none")
    try:
        report: Report = run_checks(folder.path, session)
    except SubmissionError:
        return {exercise.id: set() for exercise in folder.spec.exercises}
    finally:
        session.close()
    return {
        exercise.id: {check.id.partition("::")[2] for check in exercise.checks if check.outcome in outcomes}
        for exercise in report.exercises
    }
