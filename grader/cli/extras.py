"""The packages that only some commands need, and the extra that each comes with."""

from __future__ import annotations

from importlib.util import find_spec

EXTRAS = {
    "sqlalchemy": "batch",
    "matplotlib": "batch",
    "dateutil": "batch",
    "copydetect": "similar",
    "psycopg": "postgres",
    "starlette": "review",
    "uvicorn": "review",
    "ray": "ray",
    "jupytext": "text",
}


def installed(extra: str) -> bool:
    """Whether all packages of an extra are there; none of them is imported."""
    return all(find_spec(package) for package, one in EXTRAS.items() if one == extra)
