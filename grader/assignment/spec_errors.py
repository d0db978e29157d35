"""What is wrong with a spec, told as a good compiler does: the place, what was perhaps meant, the line so."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from grader.assignment.varying import MisfitError
from grader.assignment.yaml_text import YamlText, quoted, with_quotes

Where = tuple[int | str, ...]
_PART = re.compile(r"[()\[\]{}]")
_DEEP = 2
_MOST = 10
"""Mistakes that are told at once."""


_PLAIN = {
    "string_type": "it must be a text",
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "it must be a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "it must be true or false"),
    **dict.fromkeys(("list_type", "tuple_type"), "it must be a list, such as `[a, b]`"),
    "dict_type": "it must have keys of its own",
}
"""What pydantic says in its own words."""


@dataclass(frozen=True)
class Spot:
    """A place in a file, as far as it is there.

    Attributes:
        key: where the key stands, or the part of a list.
        value: where its value does.
        node: the value.
        whole: whether it is the place that was looked for, and none above it.
    """

    key: yaml.Mark | None
    value: yaml.Mark | None
    node: Any
    whole: bool


def find(node: yaml.Node | None, location: Where) -> Spot:
    """The place that pydantic names; its nearest parent where the file has none."""
    place = Spot(node.start_mark if node else None, node.start_mark if node else None, node, True)
    for before, part in pairwise((None, *location)):
        found: Spot | None = None
        inside = place.node
        if isinstance(inside, yaml.MappingNode) and not (isinstance(before, int) and _kind(inside) == part):
            for key, value in inside.value:
                if key.value == str(part):
                    found = Spot(key.start_mark, value.start_mark, value, True)
        elif isinstance(inside, yaml.SequenceNode) and isinstance(part, int) and part < len(inside.value):
            value = inside.value[part]
            found = Spot(value.start_mark, value.start_mark, value, True)
        # The tag of a union is no place in the file.
        place = found or Spot(place.key, place.value, place.node, False)
    return place


def _kind(node: yaml.MappingNode) -> str | None:
    """The tag in a union of what a part of a list is, which may be the name of one of its keys."""
    return next((value.value for key, value in node.value if key.value == "kind"), None)


def explained(error: ValidationError, node: yaml.Node | None, source: YamlText, model: type[BaseModel]) -> str:
    """Each mistake, one below the other."""
    mistakes = [_Mistake(e, where, node, source, model) for e, where in _places(error)]
    apart = {one.line: one for one in reversed(mistakes) if one.is_part}  # what else is wrong there only follows
    renamed = {(one.where[:-1], one.near) for one in mistakes if one.near}
    said: dict[str, str] = {}
    for one in mistakes:
        follows = apart.get(one.line, one) is not one or (one.where[:-1], one.missing) in renamed
        if not follows:
            told = one.told()
            _, change, meant = told.partition("\n      = ")
            said.setdefault(f"{one.line}{meant}" if change else told, told)  # one change of a line is told once
    return "\n".join(said.values())


def _places(error: ValidationError) -> list[tuple[Any, Where]]:
    """Each mistake with its place; what only follows from mistakes further down is left out."""
    found = []
    for e in error.errors()[:_MOST]:
        cause = e.get("ctx", {}).get("error")
        where = (*e["loc"], "kind") if e["type"] == "union_tag_invalid" else e["loc"]
        found.append((e, cause.where if isinstance(cause, MisfitError) else where))
    deeper = [(e, where) for e, where in found if e["type"] != "too_short"]
    return deeper or found


@dataclass(frozen=True)
class _Mistake:
    """One of pydantic's errors, in the file."""

    error: Any
    where: Where
    node: yaml.Node | None
    source: YamlText
    model: type[BaseModel]

    @property
    def line(self) -> int | None:
        mark = find(self.node, self.where).key
        return mark.line if mark else None

    @property
    def is_part(self) -> bool:
        """Whether it is a key that was meant as a part of a text."""
        return self.error["type"] == "extra_forbidden" and bool(_PART.search(str(self.where[-1])))

    @property
    def near(self) -> str | None:
        """The key that a misspelt one is near to, or that one without a colon begins with."""
        if self.error["type"] != "extra_forbidden":
            return None
        key, valid = str(self.where[-1]), _valid_keys(self.model, self.where[:-1])
        word = key.partition(" ")[0]
        return word if word != key and word in valid else _near(key, valid, 0.75)

    @property
    def missing(self) -> str | None:
        return str(self.where[-1]) if self.error["type"] == "missing" else None

    def told(self) -> str:
        place = find(self.node, self.where)
        name = ".".join(str(part) for part in self.where) or "the spec"
        match self.error["type"]:
            case "extra_forbidden":
                return self._no_key(place, name)
            case "missing":
                return self.source.said(place.key, 1, f"`{name}` is missing")
            case "union_tag_invalid":
                kinds = self.error["ctx"]["expected_tags"].replace("'", "").split(", ")
                tag = str(self.error["ctx"]["tag"])
                near = _near(tag, kinds, 0.4)
                advice = f"did you mean `{near}`?" if near else f"kinds: {', '.join(kinds)}"
                said = f"`{name}`: there is no kind `{tag}`; {advice}"
                return self.source.said(place.value, len(tag), said, self._with(place.value, tag, near))
            case "union_tag_not_found":
                kinds = self.error["ctx"]["discriminator"].strip("'")
                return self.source.said(place.value, 1, f"`{name}.{kinds}` is missing; it says what is required")
            case "model_type" | "model_attributes_type" if not (
                "en" in (keys := _valid_keys(self.model, self.where)) and _is_word(place.node, self.error["input"])
            ):
                said = f"`{name}` must have keys of its own, such as `{{{keys[0]}: ...}}`"
                return self.source.said(place.value, _width(place.node), said)
        said, meant = self._of_value(place)
        return self.source.said(place.value, _width(place.node), f"`{name}`: {said}", meant)

    def _of_value(self, place: Spot) -> tuple[str, str | None]:
        """What is wrong with a value, and the line as it was perhaps meant."""
        said = _PLAIN.get(self.error["type"], self.error["msg"].removeprefix("Value error, "))
        node, mark, given = place.node, place.value, self.error["input"]
        if node is None or mark is None or not (place.whole or isinstance(node, yaml.ScalarNode)):
            return said, None
        line = self.source.line(mark)
        if isinstance(node, yaml.CollectionNode):
            one_line = node.end_mark.line == mark.line
            raw = line[mark.column : node.end_mark.column] if node.flow_style and one_line else ""
            if raw and "string" in self.error["type"]:
                return f"{said}; brackets without quotes are YAML's own", self._with(mark, raw, quoted(raw))
        elif _is_word(node, given) and self.error["type"] in ("string_type", "model_type", "model_attributes_type"):
            kind = "true or false" if isinstance(given, bool) else "nothing" if given is None else "a number"
            meant = self._with(mark, node.value, quoted(node.value)) if node.value else None
            return f"`{node.value}` is {kind} to YAML, and a text in quotes", meant
        elif not node.style and _is_cut(node.value, line) and (changed := with_quotes(line)) != line:
            return f"{said}; YAML ends a text at a comma and before ` #`, unless it is in quotes", changed
        return said, None

    def _no_key(self, place: Spot, name: str) -> str:
        """A key that is none: misspelt, in a wrong place, or no key but a part of a text."""
        key, parents = str(self.where[-1]), self.where[:-1]
        line = self.source.line(place.key) if place.key else ""
        word, space, _ = key.partition(" ")
        if space and word in (valid := _valid_keys(self.model, parents)):
            said = f"`{word}` needs a colon behind it"
            return self.source.said(place.key, len(key), said, self._with(place.key, word, f"{word}:"))
        if self.is_part and (changed := with_quotes(line)) != line:
            said = f"`{name}` is not a key, but a part of a text, which YAML ends at a comma unless it is in quotes"
            return self.source.said(place.key, len(key), said, changed)
        valid = _valid_keys(self.model, parents)
        near = self.near
        below = _path_below(self.model, parents, key)
        above = [place for place in range(len(parents)) if key in _valid_keys(self.model, parents[:place])]
        kinds = _kinds_with(self.model, parents, key)
        if below and len(below) < 2 + (not near):
            near, advice = None, f"it belongs further right, into `{'.'.join(below)}`"
        elif not near and kinds:
            advice = f"it is one of {', '.join(f'`kind: {kind}`' for kind in kinds[:3])}"
        elif not near and above:
            holder = next((part for part in parents[above[-1] :] if isinstance(part, str)), "format")
            advice = f"it belongs further left, beside `{holder}`"
        else:
            near = near or _near(key, valid, 0.5)
            advice = f"did you mean `{near}`?" if near else f"valid keys: {', '.join(valid)}"
        said = f"`{name}` is not a key; {advice}"
        return self.source.said(place.key, len(key), said, self._with(place.key, key, near))

    def _with(self, mark: yaml.Mark | None, old: str, new: str | None) -> str | None:
        """The line of a place with something else there."""
        if mark is None or new is None:
            return None
        line = self.source.line(mark)
        return line[: mark.column] + line[mark.column :].replace(old, new, 1)


def _width(node: yaml.Node | None) -> int:
    """Of a value, in characters of its first line."""
    if node is None or node.end_mark.line != node.start_mark.line:
        return 1
    return int(node.end_mark.column - node.start_mark.column)


def _near(text: str, known: list[str], cutoff: float) -> str | None:
    return next(iter(difflib.get_close_matches(text, known, n=1, cutoff=cutoff)), None)


def _is_cut(raw: str, line: str) -> bool:
    """Whether a text seems to go on behind where YAML ended it: brackets or quotes are open, or closed too often."""
    open_ended = any(raw.count(one) != raw.count(other) for one, other in ("()", "[]", "{}"))
    return open_ended and raw in line


def _valid_keys(kind: Any, location: Where) -> list[str]:
    """The keys of the model at a place, found by walking down the types."""
    return sorted({name for model in _models_at(kind, location) for name in model.model_fields})


def _models_at(kind: Any, location: Where) -> list[type[BaseModel]]:
    models = _models(kind)
    for part in location:
        if isinstance(part, int):
            continue
        union = models if len(models) > 1 else []
        tagged = [model for model in union if part in get_args(_annotation(model, "kind"))]
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = tagged or [model for field in fields for model in _models(field)] or models
    return models


def _path_below(kind: Any, location: Where, key: str) -> tuple[str, ...]:
    """The keys below a place through which one leads to a place that has a key; none where there is none near."""
    paths: list[tuple[str, ...]] = [()]
    for _ in range(_DEEP):
        paths = [(*path, one) for path in paths for one in _keys_below(kind, location, path)]
        found = [path for path in paths if key in _keys_below(kind, location, path)]
        if found:
            return found[0]
    return ()


def _keys_below(kind: Any, location: Where, path: tuple[str, ...]) -> list[str]:
    """The keys of what a path leads to, where all of it leads to models."""
    models = _models_at(kind, location)
    for part in path:
        fields = [model.model_fields.get(part) for model in models]
        models = [model for field in fields if field for model in _models(field.annotation)]
    return list(dict.fromkeys(key for model in models for key in model.model_fields))


def _is_word(node: Any, given: Any) -> bool:
    """Whether it is a word without quotes that YAML does not take for a text."""
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    return plain and (given is None or isinstance(given, (bool, int, float)))


def _kinds_with(kind: Any, location: Where, key: str) -> list[str]:
    """The kinds of requirements that have a key, for a place in one of them."""
    if not location or not isinstance(location[-1], str) or location[-1] == key:
        return []
    models = _models_at(kind, location[:-1])
    names = [(get_args(_annotation(model, "kind")), model) for model in models]
    return [tag[0] for tag, model in names if tag and key in model.model_fields]


def _annotation(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields.get(name)
    return field.annotation if field else None


def _models(kind: Any) -> list[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [model for part in get_args(kind) for model in _models(part)]
