"""Finds an assignment's folder and reads its spec; errors name file, line and key."""

from __future__ import annotations

import difflib
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from grader.assignment import SPEC
from grader.assignment.spec import FORMAT, Assignment, SpecProblem
from grader.errors import SpecError, SubmissionError, UsageError
from grader.models.cells import Beside, Submission
from grader.models.message import Message, say
from grader.models.wording import Code
from grader.processor_time import TooLong, at_most
from grader.submission.bindings import bound_names, imported_modules
from grader.submission.handed_in import answer_in, digest_of, files_beside, modules_of
from grader.submission.ownership import with_owners
from grader.submission.read import named, read_submission

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
    """

    path: Path
    spec: Assignment
    fixtures: str

    @property
    def notebook(self) -> Path:
        return self.path / (self.spec.notebook or f"{self.spec.id}.ipynb")

    @property
    def starters(self) -> dict[Code, Path]:
        """The notebooks there are to start from, by language: `notebook`, and its translations beside it."""
        stems = starter_stems(self.notebook.stem)
        found = {code: self.notebook.with_name(f"{stem}{self.notebook.suffix}") for code, stem in stems.items()}
        return {code: path for code, path in found.items() if path.is_file()}

    @property
    def saved_last(self) -> Path:
        """Of these notebooks, the one that was saved last: where students work in one of them, it is that one."""
        # In whole seconds: a checkout writes all of them in one, and then the first is taken.
        return max(self.starters.values(), key=lambda path: int(path.stat().st_mtime), default=self.notebook)

    @property
    def solution(self) -> Path:
        return (self.path / (self.spec.solution or f"../../solutions/{self.spec.id}.ipynb")).resolve()

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def recorded(self) -> Path:
        return self.path / "reference.safetensors"

    def answer_in(self, path: Path) -> Path:
        """The notebook or script of a submission, which may be a folder.

        Raises:
            SubmissionError: when it holds none, or several.
        """
        if not os.path.isdir(path):  # a name may be too long to be looked for
            return path
        try:
            return answer_in(path, starter_stems(self.notebook.stem).values())
        except SubmissionError as error:
            advice = f"Hand in {self.notebook.name}, or give the notebook or script itself."
            raise SubmissionError(f"{path}: {error}.", advice) from None

    def beside(self, path: Path) -> tuple[Beside, ...]:
        """The files beside a notebook or script that are part of a submission: those that the spec names, or all.

        Raises:
            SubmissionError: when those that the spec names are too many; of all of them, none is taken then.
        """
        if path.parent.resolve() == self.path.resolve():  # the assignment's own files are there
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
        return digest_of(path, () if alone else self.beside(path))

    def read(self, path: Path, alone: bool | None = None) -> Submission:
        """A submission to this assignment, with each cell given to the exercises that own it.

        Args:
            path: a notebook, a script, or a folder with one.
            alone: whether what lies beside it is no part of it. If None, it is where a folder was given, or where the
                spec names files.

        Raises:
            SubmissionError: when it cannot be read.
        """
        answer, others = self.answer_in(path), alone is True
        if alone is None:
            alone = answer == path and not self.spec.files
        try:
            with at_most(READING):
                return self._read(answer, alone, others)
        except (TooLong, MemoryError):
            said = f"{named(answer)} takes too long, or too much memory, to be looked through."
            raise SubmissionError(said, "Leave out what the assignment does not ask for.") from None

    def _read(self, answer: Path, alone: bool, others: bool) -> Submission:
        submission = read_submission(answer)
        if beside := () if alone else self.beside(answer):
            more = {"beside": beside, "modules": tuple(modules_of(beside)), "sha256": digest_of(answer, beside)}
            submission = submission.model_copy(update=more)
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

    def _not_handed_in(self, answer: Path, submission: Submission, alone: bool) -> list[Message]:
        """Modules that lie beside an answer and are no part of it, and files that the spec names and are not there."""
        taken = {file.name for file in submission.beside}
        wanted = [one for one in self.spec.files or () if not re.search(r"[*?\[]", one)]
        notes = [say("the file {name} was not handed in", name=one) for one in wanted if one not in taken and not alone]
        for name in sorted({name for cell in submission.cells for name in imported_modules(cell.source)}):
            if f"{name}.py" not in (*taken, *wanted) and os.path.isfile(answer.parent / f"{name}.py"):
                notes.append(say("{name}.py lies beside the notebook, and is no part of the submission", name=name))
        return notes[:MAX_NOTES]

    def with_seed(self, seed: int) -> Folder:
        """The same assignment with another seed than its spec says."""
        return replace(self, spec=self.spec.model_copy(update={"seed": seed}))


def starter_stems(name: str) -> dict[Code, str]:
    """The names of a notebook in each language, without suffix: `assignment1`, and `assignment1.ko` in Korean."""
    return {code: name if code == "en" else f"{name}.{code}" for code in get_args(Code)}


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
    listed = ", ".join(known) or "none found; run this where the folder `assignments` is"
    raise UsageError(f"There is no assignment {name!r}.", f"Assignments: {listed}.")


def load_assignment(path: Path) -> Folder:
    """Read the spec in a folder.

    Raises:
        SpecError: when it is not valid; with every place that is wrong.
    """
    file = path / SPEC
    try:
        text = file.read_text(encoding="utf-8")
        spec = read_yaml(text, str(file), Assignment, "The format is described in docs/spec.md.")
        node = yaml.compose(text, Loader=_Loader)
        if spec.fixtures and not os.path.isfile(path / spec.fixtures):
            line = _line(node, ("fixtures",))
            raise SpecError(f"{file}, line {line}: `fixtures`: there is no file {spec.fixtures} in the folder.")
        for place, exercise in enumerate(spec.exercises):
            if not exercise.requirements and not (path / "checks").is_dir():
                line = _line(node, ("exercises", place))
                raise SpecError(f"{file}, line {line}: {exercise.id!r} has no check.", "Give it requirements.")
        file = path / (spec.fixtures or SPEC)
        fixtures = file.read_text(encoding="utf-8") if spec.fixtures else ""
        compile(fixtures, str(path / (spec.fixtures or "")), "exec")
    except OSError as error:
        raise SpecError(f"{error.filename}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"{file}: is not UTF-8 text: {error}.") from None
    except SyntaxError as error:
        raise SpecError(f"{error.filename}, line {error.lineno}: {error.msg}.") from None
    return Folder(path, spec, fixtures)


@lru_cache(maxsize=8)
def read_yaml(text: str, file: str, model: type[Written], advice: str) -> Written:
    """What an instructor wrote, as a model that has a `format`.

    Args:
        file: what errors call it.
        advice: where its format is described.

    Raises:
        SpecError: with every place that is wrong.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text.partition(chr(error.character))[0].count("\n") + 1
        character = f"U+{error.character:04X}"
        raise SpecError(f"{file}, line {line}: this is not YAML: {error.reason}, such as {character}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else file
        raise SpecError(f"{where}: this is not YAML: {getattr(error, 'problem', error)}.") from None
    if not isinstance(data, dict):
        raise SpecError(f"{file}: a spec is a mapping that begins with `format: {FORMAT}`.")
    written = data.get("format")
    if isinstance(written, int) and (written != FORMAT or isinstance(written, bool)):
        way = "Upgrade the grader" if written > FORMAT else "Bring the spec to the present format"
        raise SpecError(
            f"{file}, line {_line(node, ('format',))}: `format`: the format is {written}; this grader reads {FORMAT}.",
            f"{way}.",
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        said = [f"{file}, line {_line(node, where)}: {_explain(e, where, model)}" for e, where in _places(error)]
        raise SpecError("\n".join(said), advice) from None


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


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def _line(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line of the place pydantic names; of its nearest parent where it has none."""
    line = 1
    for part in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, found = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line + 1
        if found is None:  # the tag of a union: not a place in the file
            continue
        node = found
    return line


def _places(error: ValidationError) -> list[tuple[Any, tuple[int | str, ...]]]:
    """Each mistake with its place; what only follows from mistakes further down is left out."""
    found = []
    for e in error.errors()[:10]:
        cause = e.get("ctx", {}).get("error")
        where = (*e["loc"], "kind") if e["type"] == "union_tag_invalid" else e["loc"]
        found.append((e, cause.where if isinstance(cause, SpecProblem) else where))
    deeper = [(e, where) for e, where in found if e["type"] != "too_short"]
    return deeper or found


def _explain(error: Any, location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in location) or "the spec"
    match error["type"]:
        case "extra_forbidden":
            valid = _valid_keys(model, location[:-1])
            near = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.5)
            advice = f"did you mean `{near[0]}`?" if near else f"valid keys: {', '.join(valid)}"
            return f"`{key}` is not a key; {advice}"
        case "model_type" | "model_attributes_type":
            return f"`{key}` must have keys of its own, such as `{{{_valid_keys(model, location)[0]}: ...}}`"
        case "union_tag_invalid":
            kinds = error["ctx"]["expected_tags"].replace("'", "").split(", ")
            near = difflib.get_close_matches(str(error["ctx"]["tag"]), kinds, n=1, cutoff=0.4)
            advice = f"did you mean `{near[0]}`?" if near else f"kinds: {', '.join(kinds)}"
            return f"`{key}`: there is no kind `{error['ctx']['tag']}`; {advice}"
        case "missing":
            return f"`{key}` is missing"
    said = error["msg"].removeprefix("Value error, ")
    return f"`{key}`: {said}"


def _valid_keys(kind: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys of the model at a place, found by walking down the types."""
    models = _models(kind)
    for part in location:
        if isinstance(part, int):
            continue
        union = models if len(models) > 1 else []
        tagged = [model for model in union if part in get_args(_annotation(model, "kind"))]
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = tagged or [model for field in fields for model in _models(field)] or models
    return sorted({name for model in models for name in model.model_fields})


def _annotation(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields.get(name)
    return field.annotation if field else None


def _models(kind: Any) -> list[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in get_args(kind) for model in _models(part)]
