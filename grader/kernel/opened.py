"""Finds the notebook that a kernel belongs to: kernels are not told, and each program has its own way."""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 10.0
"""Seconds that Colab's page may take to send the notebook."""
ASKING = 2.0
"""Seconds that a Jupyter server may take to say what it has opened."""
ADVICE = "Save it, or name it: `%grade --notebook FILE`."


class NotFound(Exception):
    """No notebook, or several that it may be; the text says what to do."""


@dataclass(frozen=True)
class Opened:
    """A notebook that is open.

    Attributes:
        path: of its file; in Colab there is none, and the name is the notebook's.
        content: its JSON as the page has it now, where the page can be asked; else what was saved counts.
    """

    path: Path
    content: str | None = None


def find_notebook(named: str | None, names: Mapping[str, Any]) -> Opened:
    """The notebook that is open.

    Args:
        named: by the user.
        names: the kernel's.

    Raises:
        NotFound: when it cannot be told, or is not there.
    """
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise NotFound(f"There is no notebook {named!r} in {Path.cwd()}.")
        return Opened(path)
    if (page := _in_colab()) is not None:
        return page
    for path in _told(names):
        if path.is_file():
            return Opened(path.absolute())
    here = sorted(Path.cwd().glob("*.ipynb"))
    if len(here) == 1:
        return Opened(here[0])
    found = f"there are {len(here)} in {Path.cwd()}" if here else f"there is none in {Path.cwd()}"
    raise NotFound(f"It cannot be told which notebook this is; {found}. {ADVICE}")


def _told(names: Mapping[str, Any]) -> Iterator[Path]:
    """Where the programs that start kernels say that their notebook is."""
    if isinstance(own := names.get("__vsc_ipynb_file__"), str):  # VS Code
        yield Path(own)
    if own := os.environ.get("JPY_SESSION_NAME"):  # a Jupyter server, of the time when it started the kernel
        yield Path(own)
        yield Path.cwd() / Path(own).name
    yield from _in_sessions()


def _in_colab() -> Opened | None:
    """The notebook of Colab's page, which has what is not saved, too."""
    if "google.colab" not in sys.modules:
        return None
    from google.colab import _message

    reply = _message.blocking_request("get_ipynb", timeout_sec=PATIENCE)
    if not isinstance(reply, dict) or not isinstance(reply.get("ipynb"), dict):
        raise NotFound("Colab's page does not send the notebook. Run the cell again.")
    content = reply["ipynb"]
    name = content.get("metadata", {}).get("colab", {}).get("name", "notebook.ipynb")
    return Opened(Path.cwd() / Path(str(name)).name, json.dumps(content))


def _in_sessions() -> Iterator[Path]:
    """What Jupyter servers of this user say: they know of a notebook that was renamed, too."""
    with suppress(Exception):  # no ipykernel, or of another version; no server of ours answers
        from ipykernel.connect import get_connection_file
        from jupyter_core.paths import jupyter_runtime_dir

        kernel = re.sub(r"^kernel-|\.json$", "", Path(get_connection_file()).name)
        files = sorted(Path(jupyter_runtime_dir()).glob("*server-*.json"), key=lambda file: -file.stat().st_mtime)
        for file in files:
            with suppress(OSError, ValueError, KeyError, TypeError):
                yield from _sessions_of(json.loads(file.read_text(encoding="utf-8")), kernel)


def _sessions_of(server: Any, kernel: str) -> Iterator[Path]:
    token = server.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
    request = urllib.request.Request(f"{server['url']}api/sessions", headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=ASKING) as reply:
        for session in json.load(reply):
            if session["kernel"]["id"] == kernel:
                yield Path(server["root_dir"], session["path"])
