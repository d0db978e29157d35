"""`grade similar`: which submissions have much code in common."""

from __future__ import annotations

from rich.console import Console

from grader.cli.commands.review_command import Book, Graded, Which
from grader.cli.group import app

PAGE = "similar.html"
MOST = 20
"""Pairs that are shown in the terminal."""


@app.command("similar", help="Show which submissions of a class have much code in common.")
def similar_command(out: Graded, assignment: Which = None, gradebook: Book = None) -> None:
    from grader.batch import similar
    from grader.batch.kept import Kept, write_whole
    from grader.batch.run import present_rows
    from grader.cli.coordinate import alone
    from grader.cli.graded_folder import opened
    from grader.report.similar_page import render_similar

    alphabet = similar.Alphabet()
    students: dict[tuple[str, str], list[str]] = {}
    with opened(out, assignment, gradebook) as (folder, book), alone(out):
        for row in present_rows(folder, book):  # a group's submission is one
            students.setdefault((row.attempt.sha256, row.handed.group or row.student), []).append(row.student)
        codes, given = [], []
        for (sha256, _), names in students.items():
            if kept := Kept(out).find(sha256):
                codes.append(alphabet.read(", ".join(names), similar.cells_in(*kept)))
        for path in folder.starters.values():
            given.append(alphabet.read("", similar.cells_in(path)))
        compared = similar.compare(codes, given)
        write_whole(out / PAGE, render_similar(folder.spec.title.en, compared).encode())
    console = Console(highlight=False)
    number = len(compared.pairs)
    console.print(f"{len(codes)} submissions compared, {number} pairs with half of their own code in common or more")
    if compared.common:
        console.print(f"{compared.common} stretches of code left out: more than {compared.most} submissions have each")
    for pair in compared.pairs[:MOST]:
        console.print(f"{pair.share:>5.0%}  {pair.left.name}  {pair.right.name}", markup=False, soft_wrap=True)
    console.print(f"page: {out / PAGE}", markup=False, soft_wrap=True)
