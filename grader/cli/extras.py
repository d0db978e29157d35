"""The packages that only some commands need, the extra that each comes with, and how to install into where grade is."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

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


def way_to_install(extra: str) -> str:
    """The command that installs an extra."""
    if _holds("pipx_metadata.json"):
        return f"pipx inject {_name()} 'torch-grader[{extra}]'"
    if _holds("uv-receipt.toml"):  # uv takes away what is not named again
        extras = sorted({extra, *filter(installed, EXTRAS.values())})
        return f"uv tool install 'torch-grader[{','.join(extras)}]'"
    return f"{pip_install()} 'torch-grader[{extra}]'"


def pip_install() -> str:
    """What installs packages into the environment that grade is in; one that pipx or uv made has no `pip` to call."""
    if _holds("pipx_metadata.json"):
        return f"pipx runpip {_name()} install"
    if _holds("uv-receipt.toml") or _is_of_uv():
        return f"uv pip install --python {shlex.quote(sys.prefix)}"
    return "pip install"


def _holds(name: str) -> bool:
    return Path(sys.prefix, name).is_file()


def _name() -> str:
    """What pipx calls the environment: the package, and a suffix if it was given one."""
    return Path(sys.prefix).name


def _is_of_uv() -> bool:
    """Whether `uv venv` made the environment, and put no pip into it."""
    settings = Path(sys.prefix, "pyvenv.cfg")
    return settings.is_file() and "\nuv = " in settings.read_text(errors="replace") and find_spec("pip") is None
