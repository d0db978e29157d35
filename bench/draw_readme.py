"""Draws the picture at the top of README.md: a notebook with a mistake, and the same with it fixed, in a terminal.

    python bench/draw_readme.py [FILE.svg]

Both runs are real. Draw again when the terminal's report changes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.judging.single import grade
from grader.report.terminal import render
from grader.sandbox.client import Zygote

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "terminal.svg"
WIDTH = 100
FIXED = "nn.ModuleList(nn.Linear(width, width) for _ in range(depth))"
WRONG = "list(nn.Linear(width, width) for _ in range(depth))"


def draw(console: Console, zygote: Zygote) -> None:
    """Show both runs on a console that records them."""
    notebook = (ROOT / "solutions" / "assignment1.ipynb").read_text(encoding="utf-8")
    assert FIXED in notebook
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "my.ipynb")
        for text, quiet in ((notebook.replace(FIXED, WRONG), False), (notebook, True)):
            path.write_text(text, encoding="utf-8")
            report = grade(ROOT / "assignments" / "assignment1", path, zygote=zygote)
            console.print(Text.assemble(("$ ", "dim"), "grade assignment1 my.ipynb", " -q" if quiet else ""))
            console.print(render(report, quiet=quiet), "")


def main() -> None:
    file = Path(sys.argv[1]) if sys.argv[1:] else PICTURE
    with Zygote.spawn(long_lived=True) as zygote, open("/dev/null", "w") as nowhere:
        console = Console(record=True, width=WIDTH, force_terminal=True, highlight=False, file=nowhere)
        draw(console, zygote)
    svg = console.export_svg(title="grade", unique_id="grade")
    svg = re.sub(
        r" *@font-face \{.*?\}\n", "", svg, flags=re.DOTALL
    )  # a page of ours asks no other server for anything
    file.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
