"""The pages of a review as HTML: the queue of a class, and one student's exercise with the form to judge it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from grader.assignment.spec import Exercise
from grader.batch.gradebook import Row
from grader.judging.by_person import WHOLE
from grader.models.judgement import MAX_COMMENT, Judgement
from grader.models.message import Message, say
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.formats.html import environment, runs_of, told_in_page
from grader.report.notebook import markdown
from grader.report.outline import judged, points, signed
from grader.report.standing import standing
from grader.review.desk import WAITING, Desk, How
from grader.submission.outputs import Output, read_outputs
from grader.submission.ownership import plain_heading
from grader.submission.read import MARKER, headings_in
from grader.submission.source import SourceCell, read_source

_WHOLE_PATH = "-"
_MARKS: dict[How, str] = {"open": "○", "draft": "◔", "again": "↻", "judged": "●", "said": "✎", "": ""}


def path_of(exercise: str) -> str:
    """An exercise in an address."""
    return exercise or _WHOLE_PATH


def exercise_of(path: str) -> str:
    return WHOLE if path == _WHOLE_PATH else path


class Sheets:
    """Renders what is on a desk.

    Args:
        token: with which a page shows that it is one of these.
    """

    def __init__(self, desk: Desk, language: Language, token: str) -> None:
        self._desk = desk
        self._say = language
        self._token = token

    def queue(self, rows: Mapping[str, Row]) -> str:
        """All of the class."""
        desk = self._desk
        settled = {code: desk.settled(row) for code, row in rows.items()}
        lines = [
            (
                code,
                desk.name(code, row),
                points(row.earned),
                row.open,
                [self._place(code, row, one) for one in (*desk.exercises, None)],
            )
            for code, row in settled.items()
        ]
        return self._render(
            "queue", lines=lines, exercises=desk.exercises, progress=desk.progress(dict(rows)), number=len(rows)
        )

    def sheet(self, rows: Mapping[str, Row], code: str, exercise: str) -> str:
        """One student's exercise; or, for `WHOLE`, all of the submission."""
        desk = self._desk
        row = desk.settled(rows[code])
        other = desk.sit_down(row, exercise)
        one = desk.exercise(exercise)
        report = row.read_report()
        assert report is not None
        shown = report.model_copy(
            update={"exercises": tuple(e for e in report.exercises if not one or e.id == exercise)}
        )
        kept = desk.kept.find(row.attempt.sha256)
        source = read_source(*kept) if kept else ()
        told = told_in_page(shown, source, self._say)
        mine = _own(source, report, one) if one else set(range(len(source)))
        owned = [(int(cell.anchor.removeprefix("cell-")) in mine or bool(cell.finds), cell) for cell in told["cells"]]
        everything = not any(own for own, _ in owned)
        outputs = read_outputs(*kept) if kept else {}
        said = row.said.get(exercise, Judgement())
        codes = list(rows)
        at = codes.index(code)
        return self._render(
            "sheet",
            **(told | {"words": told["words"] | self._words(), "persons": {}}),  # the form says it
            groups=[
                (own, [cell for _, cell in some]) for own, some in groupby(owned, lambda pair: pair[0] or everything)
            ],
            outputs={
                f"cell-{position}": outputs[cell.number]
                for position, cell in enumerate(source)
                if cell.number in outputs
            },
            exercise=next((e for e in shown.exercises if e.id == exercise), None) if one else None,
            title=self._say(one.title) if one else self._say(say("The whole submission")),
            name=desk.name(code, row),
            about=[] if desk.anonymous else [self._say(line) for line in standing(row).lines[1:]],
            group=self._group(rows, code, exercise),
            other=self._say(say("{name} is looking at this, too.", name=other)) if other else "",
            remarks=self._remarks(row, exercise),
            rubric=self._rubric(one),
            manual=one.manual if one else None,
            most=points(one.manual.points) if one and one.manual else "",
            said=said,
            longest=MAX_COMMENT,
            heading="h2",
            standing=desk.standing(row, exercise),
            places=[self._place(code, row, e) for e in (*desk.exercises, None)],
            here=exercise,
            path=path_of(exercise),
            onward=self._onward(codes, at, exercise),
            student=code,
            before=codes[at - 1] if at else "",
            after=codes[at + 1] if at + 1 < len(codes) else "",
            at=at + 1,
            number=len(codes),
            progress=[p for p in desk.progress(dict(rows)) if p.exercise.id == exercise],
            history=[self.told(one) for one in desk.history(row, exercise)],
            comment=markdown(said.comment) if said.comment else "",
            form=json.dumps({"base": said.revision, "sha256": row.attempt.sha256}),
        )

    def _onward(self, codes: Sequence[str], at: int, exercise: str) -> str:
        """Where to go once it is said: to the next that waits, or, where only checks grade, to the next student."""
        one = self._desk.exercise(exercise)
        if one and one.manual:
            return f"/next/{path_of(exercise)}?after={codes[at]}"
        return f"/s/{codes[at + 1]}/{path_of(exercise)}" if at + 1 < len(codes) else "/"

    def _group(self, rows: Mapping[str, Row], code: str, exercise: str) -> list[tuple[str, str, int, bool]]:
        """The others of a group: code, name, revision, and whether something else was said of them."""
        mine = rows[code].said.get(exercise)
        told = []
        for other, row in self._desk.group(rows, rows[code]).items():
            said = row.said.get(exercise)
            apart = said is not None and (mine is None or not said.says_as(mine, whoever=True))
            told.append((other, self._desk.name(other, row), said.revision if said else 0, apart))
        return told

    def kept(self, rows: Mapping[str, Row], code: str, exercise: str, said: Judgement) -> dict[str, Any]:
        """What a page is told once it is kept."""
        row = self._desk.settled(rows[code])
        progress = [p for p in self._desk.progress(dict(rows)) if p.exercise.id == exercise]
        return {
            **self.told(said),
            "standing": self._desk.standing(row, exercise),
            "score": self._score(row, exercise),
            "remarks": self._remarks(row, exercise),
            "judged": progress[0].judged if progress else 0,
            "group": {other: revision for other, _, revision, _ in self._group(rows, code, exercise)},
        }

    def told(self, said: Judgement) -> dict[str, Any]:
        """A judgement as a page takes it."""
        return {
            **said.model_dump(
                mode="json", include={"items", "points", "bonus", "reason", "done", "author", "revision"}
            ),
            "text": said.comment,
            "comment": str(markdown(said.comment)) if said.comment else "",
            "time": said.time.astimezone().isoformat(" ", "seconds")[:19] if said.time else "",
        }

    def _rubric(self, one: Exercise | None) -> list[tuple[str, str, str]]:
        items = one.manual.rubric if one and one.manual else ()
        return [(item.key, signed(item.points), self._say(item.text)) for item in items]

    def _remarks(self, row: Row, exercise: str) -> list[str]:
        """Why it is asked for again, and what only a person can settle."""
        remarks = []
        said, one = row.said.get(exercise), self._desk.exercise(exercise)
        if said is not None and row.asks_again(exercise):
            if said.sha256 != row.attempt.sha256:
                text = say("This was said of another attempt; it counts until you say it again, or otherwise.")
            else:
                text = say("This was judged by items that the rubric has no more.")
            remarks.append(text)
        if one and any(mark.id == exercise and mark.status == "error" for mark in row.marks):
            if one.manual:
                text = say("Checks ended in an error of the grader's own: a bonus beside their points settles it.")
            else:
                text = say("Checks ended in an error of the grader's own: points in their place settle it.")
            remarks.append(text)
        return [self._say(text) for text in remarks]

    def _score(self, row: Row, exercise: str) -> str:
        marks = next((one for one in row.marks if one.id == exercise), None)
        if marks is None:
            return signed(row.bonus) if exercise == WHOLE and row.bonus else ""
        return judged(marks.earned, marks.possible, marks.open)

    def _place(self, code: str, row: Row, one: Exercise | None) -> dict[str, Any]:
        """A student's exercise in a list: where it is, and how far it is judged."""
        id = one.id if one else WHOLE
        how = self._desk.standing(row, id)
        return {
            "id": id,
            "title": self._say(one.title) if one else self._say(say("The whole submission")),
            "path": f"/s/{code}/{path_of(id)}",
            "mark": _MARKS[how],
            "how": how,
            "words": self._say(_HOW[how]) if how else "",
            "waits": how in WAITING,
            "score": self._score(row, id),
        }

    def _words(self) -> dict[str, str]:
        return {name: self._say(message) for name, message in _WORDS.items()}

    def _render(self, template: str, **told: Any) -> str:
        words = self._words() | told.pop("words", {})
        own = {
            "words": words,
            "js": json.dumps({name: words[name] for name in _IN_SCRIPT}),
            "assignment": self._say(self._desk.folder.spec.title),
            "code": self._say.code,
            "author": self._desk.author,
            "token": self._token,
            "framed": _framed,
            "say": self._say,
        }
        return environment().get_template(f"review/{template}.html.j2").render(told | own)


_HOW: dict[How, Message] = {
    "open": say("to be judged"),
    "draft": say("begun"),
    "again": say("to be judged again"),
    "judged": say("judged"),
    "said": say("something is said"),
}
_WORDS: dict[str, Message] = {
    "review": say("Review"),
    "queue": say("Queue"),
    "student": say("Student"),
    "points": say("Points"),
    "bonus": say("Bonus"),
    "group": say("Done says the same of"),
    "apart": say("something else is said"),
    "reason": say("Reason"),
    "for_graders": say("for those who grade"),
    "for_student": say("for the student, in Markdown"),
    "rubric": say("Rubric"),
    "done": say("Done, next"),
    "reopen": say("Not done yet"),
    "zero": say("No item applies: 0 points. Enter again says so."),
    "begin": say("Judge the next one"),
    "all_judged": say("All are judged."),
    "previous": say("Previous student"),
    "next": say("Next student"),
    "next_open": say("Next to be judged"),
    "others": say("Other cells"),
    "outputs": say("as it was handed in:"),
    "show_html": say("Show the HTML"),
    "show_drawing": say("Show the drawing"),
    "left_out": say("An output is left out:"),
    "no_notebook": say("The notebook was not kept. `grade batch` keeps it when it finds it again."),
    "history": say("What was said before"),
    "all_keys": say("Keys"),
    "close": say("Close"),
    "saved": say("saved"),
    "saving": say("saving …"),
    "unsaved": say("not saved"),
    "no_answer": say("Not saved: `grade review` does not answer. It is tried again."),
    "again": say("It is tried again."),
    "no_number": say("That is no number:"),
    "conflict": say("Somebody else said something of this in between:"),
    "theirs": say("Take that"),
    "mine": say("Keep mine"),
    "by": say("by"),
    "preview": say("Preview"),
    "instead": say("in place of rubric or checks"),
    "nobody": say("There is nothing to be judged."),
    "key_items": say("an item of the rubric"),
    "key_done": say("done, and on to the next that waits"),
    "key_next": say("the next that waits, of this exercise"),
    "key_students": say("next and previous student"),
    "key_exercises": say("next and previous exercise"),
    "key_comment": say("comment"),
    "key_points": say("points, bonus, reason"),
    "key_leave": say("leave the field"),
    "key_group": say("the others of the group, or none"),
    "key_others": say("open or close the other cells"),
    "key_queue": say("the queue"),
    "key_help": say("these keys"),
}
_IN_SCRIPT = ("saved", "saving", "unsaved", "no_answer", "again", "no_number")


def _own(source: Sequence[SourceCell], report: Report, exercise: Exercise) -> set[int]:
    """The positions of the cells in which an exercise's answer may be, with the texts around them.

    Its own cells of code; the texts beside them; what stands under a heading that is its title, or that the spec names;
    and texts with its marker.
    """
    runs = runs_of(report, source)
    found = {position for position, run in runs.items() if exercise.id in run.exercises}
    texts = [text for text in (exercise.title, exercise.cells and exercise.cells.heading) if text]
    wanted = {plain_heading(said) for text in texts for said in (text.en, text.ko) if said}
    level: int | None = None
    for position, cell in enumerate(source):
        if cell.code:
            found |= {position} if level is not None else set()
            continue
        for heading in headings_in(cell.text):
            if plain_heading(heading.text) in wanted:
                level = heading.level
            elif level is not None and heading.level <= level:
                level = None
        marked = any(mark[1].strip() == exercise.id for mark in MARKER.finditer(cell.text))
        beside = position + 1 in found or (position - 1 in found and not headings_in(cell.text))
        found |= {position} if level is not None or marked or beside else set()
    return found


_REACHING = re.compile(r"<(?=(link|meta|iframe|frame|object|embed|portal)\b)", re.IGNORECASE)
"""What goes to the network by itself, past a policy (`<link rel=preconnect>`), or holds a document that does."""


def _framed(output: Output) -> str:
    """A student's HTML as a document for a frame in which nothing runs and nothing is fetched."""
    policy = "default-src 'none'; base-uri 'none'; img-src data:; style-src 'unsafe-inline'"
    head = f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    style = "<style>body { font: 14px sans-serif; margin: 8px; background: #fff; color: #111 }</style>"
    return head + style + _REACHING.sub("<x-", output.content)
