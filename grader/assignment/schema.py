"""JSON Schemas of what people and programs read and write; `grade schema` prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grader.assignment.spec import Assignment
from grader.models.report import Report

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def spec_schema() -> dict[str, Any]:
    """Of `assignment.yaml`."""
    return {"$schema": _DIALECT, **Assignment.model_json_schema(by_alias=True)}


def report_schema() -> dict[str, Any]:
    """Of the report."""
    return {"$schema": _DIALECT, **Report.model_json_schema(mode="serialization")}


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {"spec": spec_schema, "report": report_schema}
