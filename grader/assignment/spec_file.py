"""Reads what an instructor writes in YAML, with what varies in it; errors name file, line and key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from grader.assignment.spec import FORMAT, Assignment
from grader.assignment.spec_errors import explained, find
from grader.assignment.varying import BEGIN, FillError, Varying, fill
from grader.assignment.yaml_text import YamlText
from grader.errors import SpecError, UsageError

Written = TypeVar("Written", bound=BaseModel)


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
        node = composed(text)
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


def written_spec(file: Path, spec: Assignment) -> dict[str, Any]:
    """A spec that was read before as plain data; where something varies, that of its variant."""
    text = file.read_text(encoding="utf-8")
    node = composed(text)
    assert node is not None
    changes = {"id": spec.id, "variant": spec.variant} if spec.varies else {}
    return _with_values(_data(node), node, YamlText(str(file), text), changes)


def written_texts(file: Path) -> Iterator[str]:
    """The texts of a spec that was read before, as they are written."""
    yield from (scalar.value for scalar in _scalars(composed(file.read_text(encoding="utf-8"))))


def filled_text(file: Path, spec: Assignment) -> str:
    """A file's text with the values of the assignment's variant.

    Raises:
        SpecError: where it refers to others.
    """
    text = file.read_text(encoding="utf-8")
    try:
        return fill(text, spec.values(spec.id))
    except FillError as error:
        mark = yaml.Mark(str(file), 0, error.line, error.column, None, 0)
        raise SpecError(YamlText(str(file), text).said(mark, error.width, f"{error}.")) from None


def composed(text: str) -> yaml.Node | None:
    """A file's nodes, which know their places; none of an empty file.

    Raises:
        yaml.YAMLError: when it is no YAML.
    """
    node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    return node


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


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}
