"""What a person grades: in the spec, in every form of the report, in the gradebook, and back to the students."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Command, Course, refused
from judging_room import DOUBLE, ESSAY, RIGHT, WRONG, book_of, grade_class, hand_in, judge, rows_of, served, set_up

from grader.batch.gradebook import Gradebook, Outrun
from grader.judging.by_person import WHOLE
from grader.models.judgement import Judgement, Manual
from grader.report.outline import score

# -- the spec


@pytest.mark.parametrize(
    ("exercises", "said"),
    [
        ([{"id": "a", "manual": {"points": 5, "rubric": [{"text": "x", "points": 3}]}}], "no choice of items comes"),
        ([{"id": "a", "manual": {"points": 0}}], "greater than 0"),
        (
            [{"id": "a", "manual": {"points": 1, "rubric": [{"text": "x", "points": 1}, {"text": "x", "points": 1}]}}],
            "two items are 'x'",
        ),
        ([{"id": "a", "manual": {"points": 1}}, {**DOUBLE, "needs": ["a"]}], "which a person grades"),
        ([{"id": "a", "points": 3, "manual": {"points": 1}}], "its points are those of `manual`"),
    ],
)
def test_a_part_for_a_person_fits(course: Course, run: Command, exercises: list[dict[str, Any]], said: str) -> None:
    course.assign(*exercises)
    refused(run, course, None, said)


@pytest.mark.parametrize(
    ("rubric", "chosen", "given"),
    [
        ([3, 2, -1], [], 0), ([3, 2, -1], [0, 2], 2), ([3, 2, -1], [0, 1], 5), ([3, 2, -1], [2], 0),
        ([-1, -2], [], 5), ([-1, -2], [1], 3), ([4, 4], [0, 1], 5), ([0, -6], [1], 0),
    ],
)  # fmt: skip
def test_a_rubric_gives_from_nothing_or_takes_from_all(rubric: list[float], chosen: list[int], given: float) -> None:
    items = [{"id": f"i{n}", "text": "x", "points": worth} for n, worth in enumerate(rubric)]
    manual = Manual.model_validate({"points": 5, "rubric": items})
    assert manual.given(Judgement(items=tuple(f"i{n}" for n in chosen), done=True)) == given
    assert manual.given(Judgement(items=tuple(f"i{n}" for n in chosen))) is None
    assert manual.given(Judgement(points=9, done=True)) == 5


# -- the report


def test_a_report_waits_for_a_person(course: Course, run: Command) -> None:
    set_up(course)
    text = {"cell_type": "markdown", "source": "# exercise: essay\nIt flattens."}  # where no code would be expected
    notebook = course.notebook(RIGHT, text, name="ada.ipynb")
    report = course.grade(notebook)
    assert [(one.id, one.status, one.earned, one.possible, one.open) for one in report.exercises] == [
        ("double", "full", 2, 2, 0), ("essay", "to be judged", 0, 0, 5),
    ]  # fmt: skip
    assert (report.earned, report.possible, report.open, score(report.exercises[1])) == (2, 2, 5, "? / 5")
    assert not report.notes
    forms = {name: course.path / name for name in ("html", "markdown", "junit", "json")}
    ended = run("run", course.quiz, notebook, *(p for n, f in forms.items() for p in (f"--{n}", f)))
    assert "2 / 2 points; a person is still to give up to 5 more" in ended.out
    for shown in (ended.out, forms["html"].read_text(), forms["markdown"].read_text()):
        assert "To be judged by a person: 5 points" in shown
        assert "says why" not in shown  # which may be the answer
    cases = ElementTree.parse(forms["junit"]).findall(".//testcase[@name='by a person']/skipped")
    assert [case.get("message") for case in cases] == ["To be judged by a person: 5 points"]
    assert json.loads(forms["json"].read_text())["exercises"][1]["by_person"]["earned"] is None
    for name in ("gradescope", "prairielearn"):
        file = course.path / name
        run("run", course.quiz, notebook, "--json", file, "--format", name)
        told = json.loads(file.read_text())
        essay = next(test for test in told["tests"] if test["name"] == "On the curve")
        assert "To be judged by a person" in essay["output"]
        assert not {"score", "max_score", "points", "max_points"} & essay.keys()
    assert "학습" not in ended.out
    assert "곡선에 대하여" in run("run", course.quiz, notebook, "--lang", "ko").out


@pytest.mark.slow
def test_an_assignment_that_persons_grade_alone(course: Course, run: Command) -> None:
    set_up(course, {"id": "essay", "manual": {"points": 5}})
    out = grade_class(course, run, hand_in(course, ada="x = 1", bob="y = 2"))
    assert {student: (row.state, row.open) for student, row in rows_of(course).items()} == {
        "ada": ("graded", 5), "bob": ("graded", 5),
    }  # fmt: skip
    judge(course, "ada", points=4)
    assert rows_of(course)["ada"].credited == 4
    assert (out / "class.html").exists()


# -- the gradebook


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_what_a_person_said_survives_regrading(course: Course, run: Command) -> None:
    set_up(course)
    folder = hand_in(course, ada=RIGHT, bob=WRONG)
    out = grade_class(course, run, folder)
    assert (table(out)["ada"]["score"], table(out)["ada"]["open"], table(out)["ada"]["essay"]) == ("", "5", "")
    judge(course, "ada", items=["why", "axes"], comment="Label **axes**.")
    judge(course, "ada", "double", points=1, reason="a copy", bonus=0.5)
    judge(course, "ada", WHOLE, bonus=-1, comment="Come and see me.", reason="agreed on")
    judge(course, "bob", items=["why"], done=False, comment="a draft")
    set_up(course, {**DOUBLE, "points": 4}, ESSAY)
    grade_class(course, run, folder, "--regrade")
    row = rows_of(course)["ada"]
    assert [(one.id, one.status, one.earned, one.possible) for one in row.marks] == [
        ("double", "partial", 1.5, 4), ("essay", "partial", 2, 5),
    ]  # fmt: skip
    assert (row.earned, row.credited, row.open, row.stale) == (3.5, 2.5, 0, False)
    found = table(out)["ada"]
    assert [found[name] for name in ("score", "possible", "open", "bonus", "double", "essay")] == [
        "2.5", "9", "0", "-1", "1.5", "2",
    ]  # fmt: skip
    assert table(out)["bob"]["score"] == ""
    with book_of(course) as book:
        (said,) = book.history("ada", "double")
    assert (said.author, said.reason, said.points) == ("kim", "a copy", 1)
    assert said.time is not None
    assert said.time.utcoffset() is not None
    page = (out / "students" / "ada.html").read_text()
    for told in ("Judged by a person: 2 / 5", "Label <strong>axes</strong>.", "Come and see me.", "−1 no labels"):
        assert told in page
    assert "a copy" not in page  # a reason is for those who grade
    assert "a draft" not in (out / "students" / "bob.html").read_text()
    stored = json.loads((out / "students" / "ada.json").read_text())
    assert (stored["earned"], stored["open"]) == (2.5, 0)
    assert "1 submission has exercises that a person is still to judge" in (out / "class.html").read_text()


@pytest.mark.slow
def test_another_rubric_grades_nothing_again(course: Course, run: Command) -> None:
    set_up(course, {**DOUBLE, "manual": {"points": 1}}, ESSAY)
    folder = hand_in(course, ada=RIGHT)
    grade_class(course, run, folder)
    judge(course, "ada", items=["why"])
    other = {"points": 10, "rubric": [{"id": "why", "text": "says so", "points": 10}]}
    set_up(course, DOUBLE, {**ESSAY, "manual": other}, {**ESSAY, "id": "more"})
    row = rows_of(course)["ada"]
    assert (row.stale, row.earned, row.open) == (False, 12, 5)
    assert not row.asks_again("essay")
    set_up(course, DOUBLE, {**ESSAY, "manual": {"points": 4, "rubric": [{"text": "new", "points": 4}]}})
    assert rows_of(course)["ada"].asks_again("essay")


@pytest.mark.slow
def test_a_new_attempt_is_to_be_judged_again(course: Course, run: Command) -> None:
    set_up(course)
    grade_class(course, run, hand_in(course, ada=WRONG))
    judge(course, "ada", items=["why"])
    grade_class(course, run, hand_in(course, "again", ada=RIGHT))
    row = rows_of(course)["ada"]
    assert row.asks_again("essay")
    assert (row.earned, row.possible) == (5, 7)  # what was said counts until it is said again
    assert "to be judged again: essay" in release(course, run)
    judge(course, "ada", base=1, items=["why"])
    assert not rows_of(course)["ada"].asks_again("essay")


@pytest.mark.slow
def test_what_was_released_is_not_given_on_without_a_word(course: Course, run: Command) -> None:
    set_up(course, {**DOUBLE, "manual": {"points": 1}}, ESSAY)
    grade_class(course, run, hand_in(course, ada=WRONG))
    judge(course, "ada", items=["why"])
    judge(course, "ada", "double", points=1, done=True)
    judge(course, "ada", WHOLE, comment="Well done.")
    assert "released before" not in release(course, run)
    grade_class(course, run, hand_in(course, "again", ada=RIGHT))
    said = release(course, run)
    assert "1 released before are given as they are now" in said
    assert re.search("ada +to be judged again: double, essay, the whole", said)
    judge(course, "ada", WHOLE, base=1, sha256="0" * 64, done=True)  # taken back: nothing is left to be said again
    set_up(course, {**ESSAY, "id": "other"})  # nobody can judge what is gone
    assert re.search("ada +it is a result of other checks", release(course, run))
    grade_class(course, run, course.path / "again", "--regrade")
    judge(course, "ada", "other", items=["why"])
    assert "released before" not in release(course, run)


@pytest.mark.slow
def test_a_person_settles_an_error_of_the_grader(course: Course, run: Command) -> None:
    set_up(course, DOUBLE, {**ESSAY})
    course.check(
        "from grader import check\n@check(exercise='double')\ndef test_x(observe):\n    raise OSError('ours')\n"
    )
    run(
        "batch", course.quiz, hand_in(course, ada=RIGHT), "--out", course.path / "out", "-j", "1", "--isolation", "none"
    )
    assert rows_of(course)["ada"].state == "error"
    judge(course, "ada", "double", points=2, reason="our fault")
    judge(course, "ada", items=["why"])
    row = rows_of(course)["ada"]
    report = row.read_report()
    assert report is not None
    assert (row.state, row.credited, report.gradable) == ("graded", 5, True)


@pytest.mark.slow
def test_a_bonus_settles_an_error_beside_what_a_person_grades(course: Course, run: Command) -> None:
    set_up(course, {**DOUBLE, "manual": {"points": 2}})
    course.check(
        "from grader import check\n@check(exercise='double')\ndef test_x(observe):\n    raise OSError('ours')\n"
    )
    out = course.path / "out"
    run("batch", course.quiz, hand_in(course, ada=RIGHT), "--out", out, "-j", "1", "--isolation", "none")
    judge(course, "ada", "double", points=2)
    assert rows_of(course)["ada"].state == "error"
    with served(course) as page:
        page.enter()
        assert "a bonus beside their points settles it" in page.ask("GET", page.path("ada", "double")).text
        saved = page.save("ada", "double", base=1, points=2, bonus=1.5, reason="our fault")
        assert (saved.status, saved.json()["remarks"]) == (200, [])
    row = rows_of(course)["ada"]
    report = row.read_report()
    assert report is not None
    assert (row.state, row.credited, report.gradable) == ("graded", 5.5, True)


@pytest.mark.slow
def test_being_late_costs_nothing_of_a_bonus_on_the_whole(course: Course, run: Command) -> None:
    set_up(course, grading={"due": "2020-01-01T00:00+00:00", "late": {"per_day": 0.5, "days": 1}})
    folder = hand_in(course, ada=RIGHT)
    (folder / "ada.ipynb").rename(course.path / "x.ipynb")
    place = course.path / "nb" / "ada" / "quiz"
    place.mkdir(parents=True)
    (course.path / "x.ipynb").rename(place / "quiz.ipynb")
    (place / "timestamp.txt").write_text("2020-01-01 10:00:00 UTC")
    grade_class(course, run, course.path / "nb")
    judge(course, "ada", items=["why", "names"])
    judge(course, "ada", WHOLE, bonus=1, reason="a question well asked")
    assert rows_of(course)["ada"].credited == (2 + 5) / 2 + 1


def test_two_do_not_overwrite_each_other(tmp_path: Path) -> None:
    kim = Judgement(items=("why",), done=True, sha256="1", author="kim")
    lee = kim.model_copy(update={"items": ("names",), "author": "lee"})
    with Gradebook(tmp_path / "book.sqlite", "quiz") as book, Gradebook(tmp_path / "book.sqlite", "quiz") as other:
        first = book.judge("ada", "essay", 0, kim)
        with pytest.raises(Outrun) as outrun:
            other.judge("ada", "essay", 0, lee)
        assert outrun.value.last == first
        assert other.judge("ada", "essay", 0, kim) == first  # said twice, as where an answer got lost: kept once
        second = other.judge("ada", "essay", 1, lee)
        assert book.history("ada", "essay") == [first, second]
        assert book.judgements() == {"ada": {"essay": second}}


def test_two_may_begin_a_gradebook_at_once(tmp_path: Path) -> None:
    def begin(number: int) -> list[str]:
        with Gradebook(tmp_path / f"{number // 8}.sqlite", "quiz") as book:
            return book.assignments()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(begin, range(160))) == [[]] * 160


# -- back to the students


def release(course: Course, run: Command, *options: str | Path) -> str:
    ended = run("release", course.path / "out", "--assignment", course.quiz, *options)
    assert ended.code == 0, ended.err
    return ended.out


def test_only_what_is_judged_is_released(course: Course, run: Command) -> None:
    set_up(course)
    folder = hand_in(course, ada=RIGHT, bob=RIGHT, cleo=RIGHT)
    (folder / "dan.txt").write_text("my answer")
    out = grade_class(course, run, folder)
    judge(course, "ada", items=["why"], comment="Good.")
    judge(course, "bob", items=["why"])
    assert "2 would be released" in release(course, run, "--dry-run")
    assert not (out / "feedback").exists()
    said = release(course, run, "--student", "ada")
    assert "1 released" in said
    assert [page.name for page in (out / "feedback").iterdir()] == ["ada.html"]
    assert "Good." in (out / "feedback" / "ada.html").read_text()
    said = release(course, run)
    assert "to be judged: essay" in said
    assert "it is not a notebook (.txt)" in said
    assert sorted(page.name for page in (out / "feedback").iterdir()) == ["ada.html", "bob.html"]
    judge(course, "cleo", items=["names"])
    assert "would be withdrawn: bob" in release(course, run, "--withdraw", "--student", "bob", "--dry-run")
    assert "\nwithdrawn: bob" in "\n" + release(course, run, "--withdraw", "--student", "bob")
    ended = run("release", out, "--assignment", course.quiz, "--withdraw", "--student", "bob")
    assert (ended.code, "Nothing was released to bob." in ended.err) == (2, True)
    assert [page.name for page in (out / "feedback").iterdir()] == ["ada.html"]
    (out / "feedback" / "mine.txt").write_text("notes")
    ended = run("release", out, "--assignment", course.quiz)
    assert (ended.code, (out / "feedback" / "mine.txt").read_text()) == (2, "notes")
    ended = run("release", out, "--assignment", course.quiz, "--withdraw", "--student", "ada")
    with book_of(course) as book:
        assert (ended.code, book.released()) == (2, {})  # whatever may hinder the rest


@pytest.mark.slow
def test_where_feedback_is_written(course: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(course, ESSAY)
    out = grade_class(course, run, hand_in(course, ada=RIGHT))
    judge(course, "ada", items=["why"])
    pages, link = course.path / "pages", course.path / "link"
    pages.mkdir()
    link.symlink_to(pages)
    release(course, run, "--file", link)
    assert ([one.name for one in pages.iterdir()], link.is_symlink()) == (["ada.html"], True)
    monkeypatch.chdir(out)
    for place in (".", "gradebook.csv", "gradebook.csv/x", "/", "/proc/x"):
        ended = run("release", out, "--assignment", course.quiz, "--file", place)
        assert (ended.code, "Traceback" in ended.err, "Give another --file." in ended.err) == (2, False, True), place
    (out / "class.html").unlink()
    (out / "class.html").mkdir()
    ended = run("release", out, "--assignment", course.quiz)
    assert (ended.code, "Traceback" in ended.err, "class.html cannot be written" in ended.err) == (3, False, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "handed_in", "place"),
    [
        ("canvas", "lovelaceada_123_456_quiz.ipynb", "lovelaceada_123_456_quiz.html"),
        ("canvas", "lovelaceada_LATE_123_456_quiz-2.ipynb", "lovelaceada_LATE_123_456_quiz-2.html"),
        ("moodle", "Ada Lovelace_123_assignsubmission_file_/quiz.ipynb",
         "Ada Lovelace_123_assignsubmission_file_/quiz-feedback.html"),
        ("moodle", "김 민수_77_assignsubmission_file_quiz.ipynb",
         "김 민수_77_assignsubmission_file_/quiz-feedback.html"),
        ("moodle", "Ada Lovelace_123_assignsubmission_file/quiz.ipynb",
         "Ada Lovelace_123_assignsubmission_file_/quiz-feedback.html"),
        ("nbgrader", "ada/quiz/quiz.ipynb", "feedback/ada/quiz/quiz.html"),
        ("nbgrader", "ada/ps1/mine.ipynb", "feedback/ada/ps1/mine.html"),
    ],
)  # fmt: skip
def test_platforms_take_it_back(course: Course, run: Command, form: str, handed_in: str, place: str) -> None:
    set_up(course)
    path = course.path / "class" / handed_in
    path.parent.mkdir(parents=True)
    (hand_in(course, "one", ada=RIGHT) / "ada.ipynb").rename(path)
    if form == "nbgrader":
        (path.parent / "timestamp.txt").write_text("2026-11-01 10:00:00 UTC")
    out = grade_class(course, run, course.path / "class", "--layout", form)
    (student,) = rows_of(course)
    judge(course, student, items=["why"])
    release(course, run, "--to", form)
    with zipfile.ZipFile(out / f"feedback-{form}.zip") as archive:
        assert archive.namelist() == [place]
        assert "Judged by a person: 3 / 5" in archive.read(place).decode()
    other = "moodle" if form == "canvas" else "canvas"
    ended = run("release", out, "--assignment", course.quiz, "--to", other)
    assert ended.code == 2
    assert f"did not hand in by {other}" in ended.err
