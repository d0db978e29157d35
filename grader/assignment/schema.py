"""JSON Schemas of what people and programs read and write; `grade schema` prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.assignment.spec import Assignment
from grader.assignment.varying import BEGIN, END
from grader.models.report import Report

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def spec_schema() -> dict[str, Any]:
    """Of `assignment.yaml`."""
    schema = Assignment.model_json_schema(by_alias=True)
    schema["$defs"] = _fillable(schema["$defs"])
    schema["$defs"]["Place"] = {"type": "string", "pattern": f"^{BEGIN}.*{END}$", "description": "A value that varies."}
    return {"$schema": _DIALECT, **schema}


def _fillable(part: Any) -> Any:
    """A schema in which a place that is filled may stand for any number."""
    if isinstance(part, list):
        return [_fillable(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") in ("integer", "number"):
        return {"anyOf": [part, {"$ref": "#/$defs/Place"}]}
    return {key: _fillable(one) for key, one in part.items()}


def report_schema() -> dict[str, Any]:
    """Of the report."""
    return {"$schema": _DIALECT, **Report.model_json_schema(mode="serialization")}


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"spec": spec_schema, "report": report_schema}
