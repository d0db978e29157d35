"""Finds an assignment's folder and reads its spec; errors name file, line and key."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from grader.assignment import SPEC
from grader.assignment.choosing import Chooser, starter_stems
from grader.assignment.master import STARTS, Master, filled, made_of, read_master, solution_name, texts_of
from grader.assignment.plain_checks import CHECKS, is_plain
from grader.assignment.spec import FORMAT, NO_TITLE, Assignment
from grader.assignment.spec_errors import explained, find
from grader.assignment.titles import with_titles
from grader.assignment.varying import BEGIN, FillError, Varying, fill
from grader.assignment.yaml_text import YamlText
from grader.errors import SpecError, SubmissionError, UsageError
from grader.models.cells import Beside, Cell, Submission
from grader.models.message import Message, say
from grader.models.wording import Code
from grader.processor_time import TooLong, at_most
from grader.submission.bindings import bound_names, imported_modules
from grader.submission.handed_in import digest, digest_of, files_beside, files_in, modules_of
from grader.submission.ownership import with_owners
from grader.submission.read import named, read_file, read_notebook, read_submission

MAX_NOTES = 10
"""Notes on files that were not handed in."""
MAX_BOUND = 256 << 10
"""Bytes of what is sent to a guest of the names that exercises' cells bind, beside these cells."""
READING = 10.0
"""Seconds of computing to see what is in a submission, and whose answer it is."""
Written = TypeVar("Written", bound=BaseModel)


@dataclass(frozen=True)
class Folder:
    """An assignment on disk.

    Attributes:
        path: the folder.
        spec: what its `assignment.yaml` says.
        fixtures: the source of its fixtures; empty where it has none.
        made: the folder with what is made of its master, or of notebooks in which something varies; None where it has
            neither, as students' copies.
    """

    path: Path
    spec: Assignment
    fixtures: str
    made: Path | None = None

    @property
    def master(self) -> Path | None:
        """The one file that its notebooks are made of."""
        return self.path / self.spec.master if self.spec.master and self.made else None

    def read_master(self) -> Master | None:
        """It as it is read."""
        if not self.master:
            return None
        return read_master(self.master, _exercises(self.spec), self.spec.show_checks, self.spec.values(self.spec.id))

    def filled(self, name: str) -> str:
        """A text file of the folder, with the values of the assignment's variant in it.

        Raises:
            SpecError: where it refers to others.
        """
        return _filled(self.path / name, self.spec)

    def written_texts(self) -> Iterator[str]:
        """The texts that may refer to what varies, as they are written."""
        written = yaml.compose((self.path / SPEC).read_text(encoding="utf-8"), Loader=_Loader)
        yield from (scalar.value for scalar in _scalars(written))
        if self.spec.fixtures:
            yield (self.path / self.spec.fixtures).read_text(encoding="utf-8")
        for path in [self.master] if self.master else self._made_of:
            yield from texts_of(path)

    @property
    def notebook(self) -> Path:
        return (self.made or self.path) / (self.spec.notebook or f"{self.spec.id}.ipynb")

    @property
    def starters(self) -> dict[Code, Path]:
        """The notebooks there are to start from, by language: `notebook`, and its translations beside it."""
        stems = starter_stems(self.notebook.stem)
        found = {code: self.notebook.with_name(f"{stem}{self.notebook.suffix}") for code, stem in stems.items()}
        return {code: path for code, path in found.items() if path.is_file()}

    @property
    def worked_in(self) -> list[Path]:
        """Those of these notebooks that lie in the folder, where students work in them."""
        if self.made and not self.master:
            return []
        home = self.made or self.path
        return [file for path in self.starters.values() if (file := self.path / path.relative_to(home)).is_file()]

    @property
    def saved_last(self) -> Path:
        """Of these notebooks, the one that was saved last: where students work in one of them, it is that one."""
        # In whole seconds: a checkout writes all of them in one, and then the first is taken.
        return max(self.worked_in, key=lambda path: int(path.stat().st_mtime), default=self.notebook)

    @property
    def solution(self) -> Path:
        name = solution_name(self.master) if self.master else self.solution_file.name
        made = self.made / "solution" / name if self.made else None
        return made if made and (self.master or made.is_file()) else self.solution_file

    @property
    def solution_file(self) -> Path:
        """Where a course keeps a solution that is a file of its own."""
        return (self.path / (self.spec.solution or f"../../solutions/{self.spec.id}.ipynb")).resolve()

    @property
    def checks(self) -> list[Path]:
        """The files with the instructor's own checks."""
        own = sorted((self.path / "checks").rglob("*.py"))
        return [*own, self.made_checks] if self.made_checks else own

    @property
    def made_checks(self) -> Path | None:
        """The file with the check cells of its master, if it has any."""
        return self.made / CHECKS if self.made and (self.made / CHECKS).is_file() else None

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def given(self) -> tuple[Beside, ...]:
        """The files of `given/`, which lie beside every submission, in the place of its own ones of these names."""
        inside = self.path / "given"
        files = sorted(files_in(inside)) if inside.is_dir() else []
        return tuple(Beside(name=f.relative_to(inside).as_posix(), path=os.fspath(f.absolute())) for f in files)

    @property
    def recorded(self) -> Path:
        return self.path / "reference.safetensors"

    def answer_in(self, path: Path) -> Path:
        """The notebook or script of a submission, which may be a folder.

        Raises:
            SubmissionError: when it holds none, or several.
        """
        if not os.path.isdir(path):  # a name may be too long to be looked for
            return self._made_of.get(path.resolve(), path) if self.made else path
        try:
            return Chooser(self).choose({file: file.name for file in sorted(files_in(path))})[0]
        except SubmissionError as error:
            advice = f"Hand in {self.notebook.name}, or give the notebook or script itself."
            raise SubmissionError(f"{path}: {error}.", advice) from None

    def is_solution(self, path: Path) -> bool:
        """Whether a submission is the assignment's own solution.

        Raises:
            SubmissionError: see `answer_in`.
        """
        return os.path.realpath(self.answer_in(path)) == os.path.realpath(self.solution)

    @property
    def _made_of(self) -> dict[Path, Path]:
        """What is graded in the place of a master, or of notebooks in which something varies."""
        if self.master:
            return {self.master.resolve(): self.solution}
        starters = {(self.path / path.name).resolve(): path for path in self.starters.values()}
        return {**starters, self.solution_file: self.solution}

    def beside(self, path: Path) -> tuple[Beside, ...]:
        """The files beside a notebook or script that are part of a submission: those that the spec names, or all.

        Raises:
            SubmissionError: when those that the spec names are too many; of all of them, none is taken then.
        """
        if path.parent.resolve() == self.path.resolve() or (self.made and path == self.solution):
            return ()
        data = self.data.is_dir()
        if self.spec.files is not None:
            return files_beside(path, self.spec.files, data)
        with suppress(SubmissionError):
            return files_beside(path, ["*"], data)
        return ()

    def digest_of(self, path: Path, alone: bool) -> str:
        """The SHA-256 of a submission; see `read`.

        Raises:
            OSError: when a file cannot be read.
            SubmissionError: when there are too many beside it.
        """
        return digest_of(digest(path), () if alone else self.beside(path))

    def read(self, path: Path, alone: bool | None = None, data: bytes | None = None) -> Submission:
        """A submission to this assignment, with each cell given to the exercises that own it.

        Args:
            path: a notebook, a script, or a folder with one.
            alone: whether what lies beside it is no part of it. If None, it is where a folder was given, or where the
                spec names files.
            data: what is read in the place of a notebook's content.

        Raises:
            SubmissionError: when it cannot be read.
        """
        answer, others = self.answer_in(path), alone is True
        if alone is None:
            alone = answer == path and not self.spec.files
        try:
            with at_most(READING):
                return self._read(answer, alone, others, data if answer == path else None)
        except (TooLong, MemoryError):
            said = f"{named(answer)} takes too long, or too much memory, to be looked through."
            raise SubmissionError(said, "Leave out what the assignment does not ask for.") from None

    def _read(self, answer: Path, alone: bool, others: bool, data: bytes | None) -> Submission:
        submission = self._as_in_master(read_submission(answer, data), answer)
        if beside := () if alone else self.beside(answer):
            more = {
                "beside": beside,
                "modules": tuple(modules_of(beside)),
                "sha256": digest_of(submission.sha256, beside),
            }
            submission = submission.model_copy(update=more)
        if given := self.given:
            names = {file.name for file in given}
            own = (file for file in submission.beside if file.name not in names)
            submission = submission.model_copy(update={"beside": (*own, *given)})
        if not others:
            notes = (*submission.notes, *self._not_handed_in(answer, submission, alone))
            submission = submission.model_copy(update={"notes": notes})
        fixtures = frozenset(bound_names(self.fixtures))
        claims = [exercise.claim(self.spec.seed, fixtures) for exercise in self.spec.exercises]
        submission = with_owners(submission, claims)
        owned = [cell for cell in submission.cells if cell.exercises]
        if sum(len(json.dumps([cell.exercises, bound_names(cell.source)])) for cell in owned) > MAX_BOUND:
            said = f"The cells of exercises in {named(answer)} define more names than are graded."
            raise SubmissionError(said, "Leave out what the assignment does not ask for.")
        return submission

    def _as_in_master(self, submission: Submission, answer: Path) -> Submission:
        """The solution, named and numbered as its master is; any other submission as it is."""
        if not (self.master and self.made and answer == self.solution):
            return submission
        starts = json.loads((self.made / STARTS).read_text(encoding="utf-8"))

        def located(cell: Cell) -> Cell:
            start = starts.get(str(cell.number))
            if start is None:
                return cell
            return cell.model_copy(update={"number": None, "source": "\n" * start + cell.source})

        cells = tuple(map(located, submission.cells))
        return submission.model_copy(update={"name": self.master.name, "cells": cells})

    def _not_handed_in(self, answer: Path, submission: Submission, alone: bool) -> list[Message]:
        """Modules that lie beside an answer and are no part of it, and files that the spec names and are not there."""
        taken = {file.name for file in submission.beside}
        wanted = [one for one in self.spec.files or () if not re.search(r"[*?\[]", one)]
        notes = [say("the file {name} was not handed in", name=one) for one in wanted if one not in taken and not alone]
        for name in sorted({name for cell in submission.cells for name in imported_modules(cell.source)}):
            if f"{name}.py" not in (*taken, *wanted) and os.path.isfile(answer.parent / f"{name}.py"):
                notes.append(say("{name}.py lies beside the notebook, and is no part of the submission", name=name))
        return notes[:MAX_NOTES]

    @cached_property
    def imported_by_checks(self) -> tuple[str, ...]:
        """Modules that plain checks use, and that take long to import: before there is a submission."""
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in self.checks]
        used = "\n".join(text for text in texts if is_plain(text))
        return tuple(module for word, module in _SLOW_IMPORTS.items() if re.search(rf"\b{word}\b", used))

    def with_seed(self, seed: int) -> Folder:
        """The same assignment with another seed than its spec says."""
        return replace(self, spec=self.spec.model_copy(update={"seed": seed}))


_SLOW_IMPORTS = {"pytest": "pytest", "unittest": "unittest", "testing": "numpy.testing", "optim": "torch._dynamo"}
"""Words of a check, each with a module that takes long to import; torch's optimizers import the last one."""


def list_assignments(start: Path) -> dict[str, Path]:
    """Folders with a spec, by name, in the nearest `assignments/` at or above `start`."""
    for parent in (start, *start.parents):
        folder = parent / "assignments"
        found = {spec.parent.name: spec.parent for spec in sorted(folder.glob(f"*/{SPEC}"))}
        if found:
            return found
    return {}


def find_assignment(name: str, start: Path) -> Path:
    """The folder of an assignment, given by name or by path.

    Raises:
        UsageError: when there is none; with the nearest name.
    """
    path = Path(name)
    if (path / SPEC).is_file():
        return path
    if path.name == SPEC and path.is_file():
        return path.parent
    known = list_assignments(start)
    if name in known:
        return known[name]
    if path.is_dir():
        raise UsageError(f"The folder {name} holds no {SPEC}.", "Give the folder of an assignment, or its name.")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        raise UsageError(f"There is no assignment {name!r}.", f"Did you mean {near[0]!r}?")
    if path.is_file():
        first = next(iter(known), "ASSIGNMENT")
        raise UsageError(f"{name} is no assignment.", f"Name the assignment first, e.g. `grade {first} {name}`.")
    for other, folder in known.items():
        with suppress(SpecError):
            if name in (exercise.id for exercise in load_assignment(folder).spec.exercises):
                advice = f"Name the assignment first, e.g. `grade {other} -k {name}`."
                raise UsageError(f"{name!r} is an exercise of {other}.", advice)
    listed = ", ".join(known) or "none found; run this where the folder `assignments` is"
    raise UsageError(f"There is no assignment {name!r}.", f"Assignments: {listed}.")


def load_assignment(path: Path, variant: int | None = None, id: str | None = None) -> Folder:
    """Read the spec in a folder.

    Args:
        variant: in the place of the one that the spec says it is.
        id: likewise.

    Raises:
        SpecError: when it is not valid; with every place that is wrong.
        UsageError: when there is no such variant.
    """
    file = path / SPEC
    changes = tuple((key, value) for key, value in (("variant", variant), ("id", id)) if value is not None)
    try:
        text = file.read_text(encoding="utf-8")
        spec = read_yaml(text, str(file), Assignment, "The format is described in docs/spec.md.", changes)
        node, source = yaml.compose(text, Loader=_Loader), YamlText(str(file), text)
        if spec.fixtures and not os.path.isfile(path / spec.fixtures):
            said = f"`fixtures`: there is no file {spec.fixtures} in the folder."
            mark = find(node, ("fixtures",)).value
            raise SpecError(source.said(mark, len(spec.fixtures), said))
        made = _made(path, spec, source, node)
        for place, exercise in enumerate(spec.exercises):
            own = (path / "checks").is_dir() or (made is not None and (made / CHECKS).is_file())
            if not (exercise.requirements or exercise.manual or own):
                mark = find(node, ("exercises", place, "id")).value
                said = source.said(mark, len(exercise.id), f"{exercise.id!r} has no check.")
                raise SpecError(said, "Give it requirements, or `manual`.")
        file = path / (spec.fixtures or SPEC)
        fixtures = _filled(file, spec) if spec.fixtures else ""
        compile(fixtures, str(path / (spec.fixtures or "")), "exec")
    except OSError as error:
        raise SpecError(f"{error.filename}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{file}: is not UTF-8 text: {error}.") from None
    except SyntaxError as error:
        raise SpecError(f"{error.filename}, line {error.lineno}: {error.msg}.") from None
    folder = Folder(path, spec, fixtures, made)
    return folder if all(one.title is not NO_TITLE for one in (spec, *spec.exercises)) else _titled(folder)


def _titled(folder: Folder) -> Folder:
    """The same with the headings of the notebooks for the titles that the spec does not give."""
    notebooks = {}
    for code, path in folder.starters.items():
        with suppress(SubmissionError):  # what is wrong with it is said where it is graded
            owners = {cell.number: cell.exercises for cell in folder.read(path, alone=True).cells if cell.number}
            notebooks[code] = read_notebook(read_file(path), path), owners
    return replace(folder, spec=with_titles(folder.spec, notebooks))


def _filled(file: Path, spec: Assignment) -> str:
    """A file's text with the values of the assignment's variant."""
    text = file.read_text(encoding="utf-8")
    try:
        return fill(text, spec.values(spec.id))
    except FillError as error:
        mark = yaml.Mark(str(file), 0, error.line, error.column, None, 0)
        raise SpecError(YamlText(str(file), text).said(mark, error.width, f"{error}.")) from None


def _made(path: Path, spec: Assignment, source: YamlText, node: yaml.Node | None) -> Path | None:
    """The folder with what is made of an assignment's master, if it is there; students' copies have none."""
    values = spec.values(spec.id)
    if spec.master is None:
        return _made_of_notebooks(path, spec, find(node, ("id",)).node.value) if values else None
    file, name = path / spec.master, spec.notebook or f"{spec.id}.ipynb"
    if not os.path.isfile(file):  # unlike Path.is_file, of any text
        if os.path.isfile(path / name):
            return None
        said = f"`master`: there is no file {spec.master} in the folder."
        raise SpecError(source.said(find(node, ("master",)).value, len(spec.master), said))
    return made_of(file, name.removesuffix(".ipynb"), _exercises(spec), spec.show_checks, values)


def _made_of_notebooks(path: Path, spec: Assignment, id: str) -> Path:
    """The folder with the notebooks of an assignment without a master, and the solution, with its values in them.

    Args:
        id: as its file has it; what is made is called by the spec's.
    """
    name = Path(spec.notebook or f"{id}.ipynb")
    found = {path / f"{stem}{name.suffix}": stem for stem in starter_stems(name.stem).values()}
    made = {
        f"{stem if spec.notebook else stem.replace(id, spec.id, 1)}{name.suffix}": file for file, stem in found.items()
    }
    solution = (path / (spec.solution or f"../../solutions/{id}.ipynb")).resolve()
    made[f"solution/{solution.name}"] = solution
    return filled({name: file for name, file in made.items() if file.is_file()}, spec.values(spec.id))


def _exercises(spec: Assignment) -> dict[str, bool]:
    """The ids of exercises, each with whether a master must have cells with that id."""
    return {one.id: bool(one.requirements) and one.cells is None for one in spec.exercises}


@lru_cache(maxsize=8)
def read_yaml(
    text: str, file: str, model: type[Written], advice: str, changes: tuple[tuple[str, Any], ...] = ()
) -> Written:
    """What an instructor wrote, as a model that has a `format`.

    Args:
        file: what errors call it.
        advice: where its format is described.
        changes: keys of a spec, with what stands there instead.

    Raises:
        SpecError: with every place that is wrong.
        UsageError: when there is no such variant.
    """
    source = YamlText(file, text)
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = _data(node)
        if node is None or not isinstance(data, dict):
            raise SpecError(f"{file}: a spec is a mapping that begins with `format: {FORMAT}`.")
        _hold_format(data, node, source)
        if issubclass(model, Varying):
            data = _with_values(data, node, source, dict(changes))
    except yaml.reader.ReaderError as error:
        before = text.partition(chr(error.character))[0]
        mark = yaml.Mark(file, 0, before.count("\n"), len(before.rpartition("\n")[2]), None, 0)
        said = f"this is not YAML: {error.reason}, such as U+{error.character:04X}."
        raise SpecError(source.said(mark, 1, said)) from None
    except yaml.MarkedYAMLError as error:
        raise SpecError(source.not_yaml(error)) from None
    except yaml.YAMLError as error:
        raise SpecError(source.said(None, 1, f"this is not YAML: {error}.")) from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise SpecError(explained(error, node, source, model), advice) from None


def _hold_format(data: dict[str, Any], node: yaml.Node, source: YamlText) -> None:
    written = data.get("format")
    if isinstance(written, int) and (written != FORMAT or isinstance(written, bool)):
        way = "Upgrade the grader" if written > FORMAT else "Bring the spec to the present format"
        said = f"`format`: the format is {written}; this grader reads {FORMAT}."
        raise SpecError(source.said(find(node, ("format",)).key, len("format"), said), f"{way}.")


def _with_values(data: dict[str, Any], node: yaml.Node, source: YamlText, changes: dict[str, Any]) -> dict[str, Any]:
    """A spec's data with the values of a variant in all its texts; so are the nodes then.

    Args:
        changes: keys, with what stands there instead.
    """
    written = {key: data[key] for key in Varying.model_fields if key in data}
    try:
        number = Varying.model_validate(written).variants
        if changes.get("variant", 0) >= number:
            many = f"{number} variants, 0 to {number - 1}" if number > 1 else "one variant, 0: nothing varies in it"
            raise UsageError(f"{source.file} has {many}.", "docs/spec.md says what a variant is.")
        chosen = {key: changes[key] for key in changes if key == "variant"}
        values = Varying.model_validate(written | chosen).values(str((data | changes).get("id")))
    except ValidationError as error:
        raise SpecError(explained(error, node, source, Assignment)) from None
    if values:
        for scalar in _scalars(node):
            _fill_scalar(scalar, values, source)
        data = _data(node)
    if "id" in changes and "master" not in data:
        data.setdefault("solution", f"../../solutions/{data['id']}.ipynb")
    return data | changes


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The texts below a place of a file, keys included; each once, though aliases may lead to it again."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, yaml.MappingNode):
            waiting += [one for pair in reversed(part.value) for one in reversed(pair)]
        elif isinstance(part, yaml.SequenceNode):
            waiting += reversed(part.value)
        elif isinstance(part, yaml.ScalarNode):
            yield part


def _fill_scalar(node: yaml.ScalarNode, values: dict[str, Any], source: YamlText) -> None:
    """Have a text hold its values; what is in no quotes may be a number then."""
    if BEGIN not in node.value:
        return
    try:
        fill(source.text[node.start_mark.index : node.end_mark.index], values)  # for the place of what is wrong
        node.value = fill(node.value, values)
    except FillError as error:
        start = node.start_mark
        column = error.column + (start.column if error.line == 0 else 0)
        mark = yaml.Mark(source.file, 0, start.line + error.line, column, None, 0)
        raise SpecError(source.said(mark, error.width, f"{error}.")) from None
    if not node.style:
        node.tag = _Loader("").resolve(yaml.ScalarNode, node.value, (True, False))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's safe types; keys are texts, a key that stands twice is an error, and dates stay texts."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):  # PyYAML's own, of a number or a tag such as `!!int no`
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"this is no {kind}", node.start_mark) from None

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "this is no mapping", node.start_mark)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _data(node: yaml.Node | None) -> Any:
    return None if node is None else _Loader("").construct_document(node)


def written_spec(folder: Folder) -> dict[str, Any]:
    """A spec that was read before as plain data; where something varies, that of the folder's variant."""
    text = (folder.path / SPEC).read_text(encoding="utf-8")
    node = yaml.compose(text, Loader=_Loader)
    assert node is not None
    changes = {"id": folder.spec.id, "variant": folder.spec.variant} if folder.spec.varies else {}
    return _with_values(_data(node), node, YamlText(str(folder.path / SPEC), text), changes)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
