"""JupyterLab and Notebook 7 in a real browser: an exercise is answered, `%grade` shows points, in light and in dark."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

pytest.importorskip("jupyterlab")
pytest.importorskip("notebook")
webdriver = pytest.importorskip("selenium.webdriver")
from test_browser import CHROMIUM, DRIVER, Browser  # noqa: E402 (it needs selenium)

pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium: install Debian's chromium and chromium-driver"),
    pytest.mark.xdist_group("lab"),
]
PATIENCE = 120
"""Seconds for a server to start, or for a page to open, where other tests share the cores."""
TOWER = """\
# exercise: module-list
class Tower(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        self.layers = [nn.Linear(width, width) for _ in range(depth)]

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x
"""


APPS = {"lab": ("jupyterlab", "LabApp", "lab/tree"), "notebook": ("notebook", "JupyterNotebookApp", "notebooks")}
"""The module of each program, its class, and the address of a notebook in it."""


class Lab:
    """JupyterLab or Notebook 7, with the starter of assignment1 open."""

    def __init__(self, room: Path, app: str, dark: bool) -> None:
        self.room = room
        module, kind, self.place_of_notebooks = APPS[app]
        self.notebook = room / "assignments" / "assignment1" / "assignment1.ipynb"
        shutil.copytree(
            ROOT / "assignments" / "assignment1", self.notebook.parent, ignore=shutil.ignore_patterns(".grade-*")
        )
        settings = room / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        theme = json.dumps({"theme": "JupyterLab Dark" if dark else "JupyterLab Light"})
        (settings / "themes.jupyterlab-settings").write_text(theme)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("JUPYTER", "JPY_"))}
        own = {f"JUPYTER_{name}_DIR": str(room / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        self.server = subprocess.Popen(
            [
                sys.executable, "-m", module, "--no-browser", "--allow-root", f"--port={port}",
                "--IdentityProvider.token=t", f"--{kind}.expose_app_in_browser=True", f"--ServerApp.root_dir={room}",
            ],
            env={**kept, **own, "HOME": str(room), "IPYTHONDIR": str(room)}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/api/status?token=t", timeout=5):
                break
            time.sleep(0.2)
        self.browser = Browser(room / "profile")
        self.browser.driver.set_script_timeout(PATIENCE)
        size = {"width": 1200, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
        self.browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.open()

    def close(self) -> None:
        self.browser.driver.quit()
        self.server.terminate()
        self.server.wait(30)

    def do(self, body: str, *arguments: Any) -> Any:
        """What an async function's body returns, run in the page."""
        script = (
            "const done = arguments[arguments.length - 1], app = window.jupyterapp;"
            "const notebook = app?.shell.currentWidget?.content;"
            f"(async () => {{ {body} }})().then(done, error => done(`ERROR ${{error}}`))"
        )
        got = self.browser.driver.execute_async_script(script, *arguments)
        assert not str(got).startswith("ERROR"), got
        return got

    def open(self) -> None:
        """Open the notebook, and wait until its kernel is there."""
        place = f"{self.place_of_notebooks}/{self.notebook.relative_to(self.room)}"
        self.browser.driver.get(f"{self.address}/{place}?token=t")
        ready = """
            if (!app) return false;
            await app.restored;
            const opened = app.shell.currentWidget;
            if (!opened?.content?.widgets) return false;
            await opened.context.ready; await opened.sessionContext.ready;
            return Boolean(opened.sessionContext.session?.kernel);"""
        until = time.monotonic() + PATIENCE
        while not self.do(ready):
            assert time.monotonic() < until
            time.sleep(0.2)

    def place(self, marker: str) -> int:
        """The cell with a text."""
        texts = self.do("return notebook.widgets.map(cell => cell.model.sharedModel.getSource())")
        return next(place for place, text in enumerate(texts) if marker in text)

    def answer(self, place: int, source: str) -> None:
        """Write in a cell, and run it."""
        self.do("notebook.widgets[arguments[0]].model.sharedModel.setSource(arguments[1])", place, source)
        self.do(
            "notebook.activeCellIndex = arguments[0]; notebook.deselectAll();"
            "await app.commands.execute('notebook:run-cell')",
            place,
        )

    def below(self, place: int, source: str) -> int:
        """Put a new cell below one, and run it."""
        self.do(
            "notebook.activeCellIndex = arguments[0]; await app.commands.execute('notebook:insert-cell-below')", place
        )
        self.answer(place + 1, source)
        return place + 1

    def report(self, place: int) -> Any:
        """What is seen of the report below a cell."""
        return self.do(
            """
            const node = notebook.widgets[arguments[0]].node.querySelector('.torch-grader');
            if (!node) return null;
            await notebook.scrollToItem(arguments[0]);
            const style = getComputedStyle(node), finding = node.querySelector('.finding');
            return {text: node.innerText, ground: style.backgroundColor, ink: style.color,
                    open: node.querySelectorAll('.overview > li > details[open]').length,
                    folded: node.querySelectorAll('.overview > li > details:not([open])').length,
                    finding: finding ? finding.getBoundingClientRect().height : 0,
                    page: getComputedStyle(document.body).getPropertyValue('--jp-layout-color0')};""",
            place,
        )


@pytest.fixture(params=[f"{app}-{theme}" for app in APPS for theme in ("light", "dark")])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    app, theme = request.param.split("-")
    started = Lab(tmp_path / "room", app, theme == "dark")
    yield started
    started.close()


def test_an_exercise_is_answered_and_graded(lab: Lab, request: pytest.FixtureRequest) -> None:
    dark = "dark" in request.node.name
    solution = json.loads((ROOT / "solutions" / "assignment1.ipynb").read_text())["cells"]
    right = next(text for one in solution if "# exercise: noise" in (text := "".join(one["source"])))
    lab.answer(lab.place("import torch"), "import torch\nfrom torch import nn")
    lab.answer(lab.place("# exercise: noise"), right)
    lab.answer(lab.place("# exercise: module-list"), TOWER)
    place = lab.below(lab.place("# exercise: module-list"), "%load_ext grader\n%grade")
    seen = lab.report(place)
    lab.browser.driver.save_screenshot(str(lab.room / "seen.png"))
    assert "3 / 78 points" in seen["text"]
    assert "count as you ran them: they are not saved yet." in seen["text"]  # nobody has saved
    assert (seen["open"], seen["folded"]) == (1, 1)
    assert seen["finding"] > 50  # it is seen
    assert "self.layers" in seen["text"] or "tower" in seen["text"]
    light = [sum(map(int, re.findall(r"\d+", seen[part])[:3])) for part in ("ground", "ink")]
    assert (light[0] < light[1]) == dark
    # what is edited and not run counts once it is saved, also under another name
    lab.do("await app.commands.execute('docmanager:save')")
    fixed = TOWER.replace("[nn.Linear", "nn.ModuleList([nn.Linear").replace("(depth)]", "(depth)])")
    tower = lab.place("# exercise: module-list")
    lab.do("notebook.widgets[arguments[0]].model.sharedModel.setSource(arguments[1])", tower, fixed)
    lab.do("await app.commands.execute('docmanager:save')")
    lab.do("await app.shell.currentWidget.context.rename('renamed.ipynb')")
    assert not lab.notebook.exists()
    lab.answer(place, "%grade module-list")
    seen = lab.report(place)
    assert "renamed.ipynb, as saved at" in seen["text"]
    assert "not saved" not in seen["text"]
    assert "plain list" not in seen["text"]
    lab.answer(place, "%progress")
    seen = lab.report(place)
    assert "0 / 5" in seen["text"]
    assert "2 attempts, since 20" in seen["text"]  # one of them under the name before
    lab.browser.driver.save_screenshot(str(lab.room / "progress.png"))
