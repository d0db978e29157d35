"""The students' copy of an assignment: what grading needs, and nothing that answers, which is proven."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.assignment.master import MasterCell
from grader.assignment.plain_checks import CHECKS
from grader.authoring.declared import FILE, read_declared
from grader.authoring.leaks import Secret, given_in, leaks, secret_of
from grader.authoring.visible import visible_checks, visible_spec
from grader.diagnosis.syntax import FUNCTIONS
from grader.errors import ReferenceFault, UsageError
from grader.judging.recording import record
from grader.report.platforms import grader_for, published, readme, workflow
from grader.sandbox.client import Zygote
from grader.submission.handed_in import files_in
from grader.submission.read import read_file

MOST = 10
"""Leaks that an error names."""


@dataclass(frozen=True)
class StudentsCopy:
    """What students get.

    Attributes:
        files: by name.
        answers: recorded for practice.
        lines: that were looked for in each file, and are in none.
    """

    files: dict[str, bytes]
    answers: int
    lines: int


def make_copy(folder: Folder, zygote: Zygote | None, template: bool) -> StudentsCopy:
    """Make the students' copy, and prove that it gives no answer away.

    Args:
        template: whether it is a repository that students copy, with a workflow that grades each push.

    Raises:
        ReferenceFault: where there is no solution.
        SpecError: when the solution does not pass.
        UsageError: when something is in it that students must not see; with every place.
    """
    if not folder.solution.is_file():
        said = f"There is no solution at {folder.solution}, so nothing can be proven."
        raise ReferenceFault(said, "Put it there, or name it in the spec.")
    files, hidden, left_out = _visible(folder)
    with TemporaryDirectory() as course:
        own = Path(course, "assignments", folder.spec.id)
        for name, content in files.items():
            _write(own / name, content)
        solution = {folder.solution.name: folder.solution}
        for name, path in (solution | {one.name: Path(one.path) for one in folder.beside(folder.solution)}).items():
            _write(Path(course, "solution", name), path.read_bytes())
        _write(own / SPEC, files[SPEC] + f"solution: {json.dumps(f'../../solution/{folder.solution.name}')}\n".encode())
        copy = load_assignment(own)
        found = [
            f"{SPEC}: a hidden check of {e.id}" for e in copy.spec.exercises if any(r.hidden for r in e.requirements)
        ]
        answers = record(copy, zygote)
        files[copy.recorded.name] = copy.recorded.read_bytes()
    if template:
        files = {f"assignments/{folder.spec.id}/{name}": content for name, content in files.items()}
        package, wheel = grader_for(None)
        files["README.md"] = readme(folder, package).encode()
        files[".gitignore"] = b".grade-*\n.ipynb_checkpoints/\n__pycache__/\n"
        files[".github/workflows/grade.yml"] = workflow(folder, package, marks=False).encode()
        files |= {f".github/workflows/{name}": content for name, content in wheel.items()}
    given = _given(folder)
    secrets = [*_secrets(folder, given), secret_of("what is hidden", left_out, given)]
    found += leaks({name: data for name, data in files.items() if not name.endswith(".whl")}, secrets, hidden)
    if found:
        more = f"\nand {len(found) - MOST} more" if len(found) > MOST else ""
        raise UsageError(
            "Nothing is released, for students would see:\n" + "\n".join(found[:MOST]) + more,
            "Take it out there; or, if students may see it, out of the marks.",
        )
    return StudentsCopy(files, answers, sum(len(secret.lines) for secret in secrets))


def _visible(folder: Folder) -> tuple[dict[str, bytes], list[str], list[str]]:
    """The files of the copy; names of what is hidden, and lines of it."""
    paths = published(folder)
    home = folder.made or folder.path
    paths |= {path.relative_to(home).as_posix(): path for path in folder.starters.values()}
    paths |= _given_modules(folder)
    for name in (folder.recorded.name, f"checks/{CHECKS}"):
        paths.pop(name, None)
    files = {name: path.read_bytes() for name, path in paths.items()}
    if folder.spec.fixtures and folder.spec.varies:
        files[folder.spec.fixtures] = folder.fixtures.encode()
    names: list[str] = []
    left_out: list[str] = []
    sources = {name: data.decode() for name, data in files.items() if re.fullmatch(r"checks/.*\.py", name)}
    if master := folder.read_master():
        sources[f"checks/{CHECKS}"] = master.checks(hidden=True)
    for name, source in sources.items():
        sources[name], gone = visible_checks(source)
        names += _names(gone)
        left_out += gone.split("\n")
    if master:
        sources[f"checks/{CHECKS}"] = master.checks(hidden=False)
    shown = given_in(sources.values())
    left_out = [line for line in left_out if " ".join(line.split()) not in shown]
    spec, texts = visible_spec(folder, sources, bool(left_out))
    left_out += [line for text in texts for line in text.split("\n")]
    files |= {name: source.encode() for name, source in sources.items()} | {SPEC: spec.encode()}
    ids = {(one.id, one.hidden) for exercise in folder.spec.exercises for one in exercise.requirements if one.id}
    names += [id for id, hidden in ids if hidden and (id, False) not in ids]
    return {name: data for name, data in files.items() if data or name not in sources}, names, left_out


def _given_modules(folder: Folder) -> dict[str, Path]:
    """The files in the folder that students begin from beside the notebook: those that a submission has, too."""
    own = {SPEC, FILE, *read_declared(folder).files}
    authors = {
        path.resolve() for path in (folder.solution_file, folder.solution, folder.master, *folder.checks) if path
    }
    found = {path.relative_to(folder.path).as_posix(): path for path in files_in(folder.path)}
    return {
        name: path
        for name, path in found.items()
        if any(fnmatchcase(name, pattern) for pattern in folder.spec.files or ())
        and not (name in own or path.suffix == ".ipynb" or path.resolve() in authors)
    }


def _names(source: str) -> list[str]:
    """The functions that a source defines."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    return [node.name for node in body if isinstance(node, FUNCTIONS)]


def _given(folder: Folder) -> str:
    """What students are meant to see: the texts of the notebooks, and what the spec shows."""
    if master := folder.read_master():
        return given_in(master.given)
    return given_in(text for path in folder.starters.values() for text in _texts(path))


def _texts(path: Path) -> list[str]:
    """The cells of a notebook; of a script, all of it."""
    data = read_file(path)
    if path.suffix.lower() != ".ipynb":
        return [data.decode("utf-8-sig")]
    cells = json.loads(data.decode("utf-8-sig"))["cells"]
    return [_joined(cell["source"]) for cell in cells]


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _secrets(folder: Folder, given: str) -> Iterator[Secret]:
    if master := folder.read_master():
        for cell in master.cells:
            if cell.secrets:
                where = f"{cell.where} of {master.path.name}"
                yield secret_of(f"{_kind(cell)} in {where}", cell.secrets, given)
                yield _outputs(cell.outputs, f"an output of {where}", given)
        return
    data = read_file(folder.solution)
    for number, text in enumerate(_texts(folder.solution), 1):
        yield secret_of(f"the solution's cell {number}", text.split("\n"), given)
    if folder.solution.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(data.decode("utf-8-sig"))["cells"], 1):
            yield _outputs(cell.get("outputs") or [], f"an output of the solution's cell {number}", given)


def _kind(cell: MasterCell) -> str:
    if cell.note:
        return "the instructor's note"
    return "the answer" if cell.check is None else "what is hidden"


def _outputs(outputs: list[Any], whence: str, given: str) -> Secret:
    texts = [_joined(out.get("text") or (out.get("data") or {}).get("text/plain") or "") for out in outputs]
    return secret_of(whence, [line for text in texts for line in text.split("\n")], given, shown=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
