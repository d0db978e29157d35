"""What platforms give to be downloaded: whose it is, which file counts, when it came, and what goes back to them."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import Command, Course
from gradebooks import events, rows

from grader.assignment.load import load_assignment
from grader.batch.archive import unpack_submissions
from grader.batch.gradebook import Attempt, Gradebook
from grader.batch.submissions import Download, Looking, find_submissions
from grader.batch.times import read_time
from grader.models.judgement import Judgement
from grader.models.policy import Policy

RIGHT, WRONG, GIVEN = (f"# exercise: one\ndef f(): return {value}\n" for value in (1, 2, "..."))
EXERCISE = {
    "id": "one",
    "points": 2,
    "requirements": [{"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}],
}
SEOUL = ZoneInfo("Asia/Seoul")
DUE = "2024-03-01T12:00+09:00"
LATE = {"due": DUE, "late": {"per_day": 0.25, "days": 3}}


def notebook(source: str) -> str:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})


@pytest.fixture
def quiz(course: Course) -> Course:
    """An assignment of one exercise, with a notebook to start from."""
    course.assign(EXERCISE, grading=LATE)
    course.write("assignments/quiz/quiz.ipynb", notebook(GIVEN))
    return course


def download(place: Path, files: dict[str, str], packed: bool = False) -> Path:
    """A folder of these files, or a zip; what ends in `.ipynb` is a notebook of the one cell."""
    content = {name: notebook(text) if name.endswith(".ipynb") else text for name, text in files.items()}
    if packed:
        place.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(place.with_suffix(".zip"), "w") as opened:
            for name, text in content.items():
                opened.writestr(name, text)
        return place.with_suffix(".zip")
    for name, text in content.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def table(out: Path) -> dict[str, dict[str, str]]:
    """The lines of `gradebook.csv`, by student."""
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


MOODLE, BLACKBOARD, BRIGHTSPACE = "assignsubmission_file_", "attempt_2024-03-01-11", "67890 - {} - Mar 1, 2024"
FORMS: dict[str, tuple[str, dict[str, str], dict[str, tuple[str, str, str, str]]]] = {
    "canvas": ("canvas", {
        "leejiwoo_LATE_12_900_quiz.ipynb": RIGHT, "parkmin_13_901_quiz-2.ipynb": RIGHT, "Thumbs.db": "",
    }, {"leejiwoo_12": ("leejiwoo", "12", "", "1.5"), "parkmin_13": ("parkmin", "13", "", "2")}),
    "canvas, anonymous": ("canvas", {
        "Anonymous_user_12_900_quiz.ipynb": RIGHT, "Anonymous_user_13_901_quiz.ipynb": WRONG,
    }, {"Anonymous_user_12": ("Anonymous_user", "", "", "2"), "Anonymous_user_13": ("Anonymous_user", "", "", "0")}),
    "moodle, flat": ("moodle", {
        f"Ada Lovelace_77_{MOODLE}mine.ipynb": RIGHT, f"박 민_78_{MOODLE}quiz.ipynb": RIGHT,
        f"박 민_78_{MOODLE}draft.ipynb": WRONG, "Cy_79_assignsubmission_onlinetext_onlinetext.html": "I did it",
    }, {"Ada Lovelace_77": ("Ada Lovelace", "77", "", "2"), "박 민_78": ("박 민", "78", "", "2"),
        "Cy_79": ("Cy", "79", "", "")}),
    "moodle, a file named as another's": ("moodle", {
        f"Ada_77_{MOODLE}quiz.ipynb": RIGHT, f"Eve_78_{MOODLE}x_77_{MOODLE}quiz.ipynb": WRONG,
    }, {"Ada_77": ("Ada", "77", "", "2"), "Eve_78": ("Eve", "78", "", "0")}),
    "moodle, groups": ("moodle", {
        f"Team A-Ada_77_{MOODLE}/quiz.ipynb": RIGHT, f"Team A-Bob_78_{MOODLE}/quiz.ipynb": RIGHT,
    }, {"Team A-Ada_77": ("Ada", "77", "Team A", "2"), "Team A-Bob_78": ("Bob", "78", "Team A", "2")}),
    "moodle, a group in Korean": ("moodle", {
        f"기본 모둠_501_{MOODLE}/quiz.ipynb": RIGHT, f"박 민_78_{MOODLE}/quiz.ipynb": WRONG,
    }, {"기본 모둠_501": ("기본 모둠", "", "기본 모둠", "2"), "박 민_78": ("박 민", "78", "", "0")}),
    "blackboard": ("blackboard", {
        f"hw1_kim2024_{BLACKBOARD}-00-00_my.ipynb": RIGHT, f"hw1_lee_{BLACKBOARD}-30-00_quiz.ipynb": WRONG,
        f"hw1_kim2024_{BLACKBOARD}-00-00.txt":
            "Name: Kim Minsu (kim2024)\nDate Submitted: Friday, March 1, 2024 11:00:01 AM KST\n",
    }, {"kim2024": ("Kim Minsu", "kim2024", "", "2"), "lee": ("", "lee", "", "0")}),
    "blackboard, a file named as another's": ("blackboard", {
        f"hw1_kim_{BLACKBOARD}-00-00_my.ipynb": RIGHT,
        f"hw1_lee_{BLACKBOARD}-30-00_hw1_kim_{BLACKBOARD}-00-00_my.ipynb": WRONG,
    }, {"kim": ("", "kim", "", "2"), "lee": ("", "lee", "", "0")}),
    "brightspace": ("brightspace", {
        f"12345-{BRIGHTSPACE.format('Kim Minsu')} 1130 AM/quiz.ipynb": RIGHT,
        f"12346-{BRIGHTSPACE.format('Lee Ji-woo')} 1230 PM/quiz.ipynb": RIGHT, "index.html": "",
    }, {"Kim Minsu_12345": ("Kim Minsu", "12345", "", "2"), "Lee Ji-woo_12346": ("Lee Ji-woo", "12346", "", "1.5")}),
    "google": ("google", {"Ada Lovelace - quiz.ipynb": RIGHT, "Bob - Copy of quiz.ipynb": WRONG,
        "이수진 - quiz_ipynb의_사본.ipynb": RIGHT, "이수진 - draft.ipynb": WRONG},
        {"Ada Lovelace": ("Ada Lovelace", "", "", "2"), "Bob": ("Bob", "", "", "0"),
         "이수진": ("이수진", "", "", "2")}),
    "google, names on both sides": ("google", {"Ada Lovelace - quiz.ipynb": RIGHT, "Bob - quiz.ipynb": WRONG,
        "quiz.ipynb의 사본 - 이수진.ipynb": RIGHT, "Copy of quiz - Cy.ipynb": RIGHT},
        {"Ada Lovelace": ("Ada Lovelace", "", "", "2"), "Bob": ("Bob", "", "", "0"), "Cy": ("Cy", "", "", "2"),
         "이수진": ("이수진", "", "", "2")}),
    "github": ("github", {"hw1-kim-a/quiz.ipynb": RIGHT, "hw1-kim-a/.git/HEAD": "", "hw1-lee/quiz.ipynb": WRONG},
        {"kim-a": ("", "kim-a", "", "2"), "lee": ("", "lee", "", "0")}),
    "github, the title begins with the assignment's": ("github", {
        "quiz-1-kim-a/quiz.ipynb": RIGHT, "quiz-1-kim-b/quiz.ipynb": WRONG,
    }, {"kim-a": ("", "kim-a", "", "2"), "kim-b": ("", "kim-b", "", "0")}),
    "github, groups": ("github", {f"quiz-intro-team-{number}/quiz.ipynb": RIGHT for number in (1, 2, 3)},
        {f"intro-team-{number}": ("", f"intro-team-{number}", "", "2") for number in (1, 2, 3)}),
    "classroom 50": ("github", {"cs101-quiz-kim-a/quiz.ipynb": RIGHT, "cs101-quiz-kim-quiz-b/quiz.ipynb": WRONG},
        {"kim-a": ("", "kim-a", "", "2"), "kim-quiz-b": ("", "kim-quiz-b", "", "0")}),
    "github, a longer title": ("github", {
        f"quiz-2-intro-{name}/quiz.ipynb": RIGHT for name in ("kim-a", "lee", "2ne1")
    }, {name: ("", name, "", "2") for name in ("kim-a", "lee", "2ne1")}),
    "gradescope": ("gradescope", {
        "submission_1/quiz.ipynb": RIGHT, "submission_metadata.yml":
            "submission_1:\n  :submitters:\n  - :name: Ada\n    :sid: '1'\n    :email: a@x.org\n"
            "  - :name: Bob\n    :sid: '2'\n    :email: b@x.org\n  :created_at: 2024-03-03 01:00:00.000 +09:00\n",
    }, {"a@x.org": ("Ada", "1", "submission_1", "1"), "b@x.org": ("Bob", "2", "submission_1", "1")}),
    "nbgrader": ("nbgrader", {
        "kim/ps1/mine.ipynb": RIGHT, "kim/ps1/timestamp.txt": "2024-03-01 12:00:01 Asia/Seoul",
        "lee/ps1/mine.ipynb": RIGHT, "lee/ps1/timestamp.txt": "Fri Mar  1 03:00:00 2024",
    }, {"kim": ("", "kim", "", "1.5"), "lee": ("", "lee", "", "2")}),
    "one": ("files", {"ada.ipynb": RIGHT}, {"ada": ("", "", "", "2")}),
    "one odd folder": ("students", {"ada/quiz/a.ipynb": RIGHT, "bob/hw/b.ipynb": WRONG, "cy/c.ipynb": RIGHT},
        {"ada": ("", "", "", "2"), "bob": ("", "", "", "0"), "cy": ("", "", "", "2")}),
}  # fmt: skip
"""The form of a download, its files, and each student's name, id, group and score; `-` is none that counts."""


@pytest.mark.parametrize("form", FORMS)
def test_each_platform_s_students(form: str, quiz: Course, tmp_path: Path) -> None:
    layout, files, students = FORMS[form]
    found = found_in(tmp_path / "in", files, quiz)
    told = {one.student: (one.person.name, one.person.id, one.group) for one in found.found}
    assert (found.layout, told) == (layout, {name: about[:3] for name, about in students.items()})


@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=pytest.mark.slow if form != "gradescope" else ()) for form in FORMS]
)
def test_each_platform_s_students_get_their_scores(form: str, quiz: Course, run: Command, tmp_path: Path) -> None:
    layout, files, students = FORMS[form]
    ended = run("batch", quiz.quiz, download(tmp_path / "in", files, form != "one"), "--out", tmp_path / "out", "-j1")
    assert ended.code == 0, ended.err
    assert ("no readable time" in ended.out) is (layout in ("moodle", "google", "github", "files", "students"))
    people = "1 student" if len(students) == 1 else f"{len(students)} students"
    assert f"layout {layout}: {people}; files handed in: " in ended.out
    found = {
        name: (row["name"], row["id"], row["group"], row["score"]) for name, row in table(tmp_path / "out").items()
    }
    assert found == students
    assert {row["layout"] for row in table(tmp_path / "out").values()} == {layout}


def test_what_is_no_submission_is_left_out_and_named(quiz: Course, run: Command, tmp_path: Path) -> None:
    names = ("._ada.ipynb", ".~ada.ipynb", ".virtual_documents/ada.ipynb", "Thumbs.db", "index.html", "grades.csv")
    folder = download(tmp_path / "in", {"ada.ipynb": RIGHT, "한글.ipynb": RIGHT, **dict.fromkeys(names, "")})
    (folder / "한글.ipynb").rename(folder / "\u1112\u1161\u11ab\u1100\u1173\u11af.ipynb")  # as macOS calls it
    for _ in range(2):
        ended = run("batch", quiz.quiz, folder, "--out", folder / "graded", "-j1")
        assert "layout files: 2 students; files handed in: 2 .ipynb" in ended.out
        left = next(line for line in ended.out.splitlines() if line.startswith("no submissions"))
        assert all(name.partition("/")[0] in left for name in (*names, "graded"))
        assert set(rows(folder / "graded")) == {"ada", "한글"}
    for left in (folder / "graded", folder / "graded" / "handed_in"):
        ended = run("batch", quiz.quiz, left, "--out", folder / "graded", "-j1", "--regrade")
        assert (ended.code, f"{left} is what a batch left" in ended.err) == (2, True)
    assert run("batch", quiz.quiz, folder, "--out", folder, "-j1").code == 0
    (folder / "similar.html").touch()
    (folder / "feedback").mkdir()
    assert "layout files: 2 students" in run("batch", quiz.quiz, folder, "--out", folder, "-j1").out


def test_the_file_that_is_the_assignment_s(quiz: Course, run: Command, tmp_path: Path) -> None:
    files = {
        "starter/quiz.ipynb": GIVEN, "starter/mine.ipynb": RIGHT,
        "titled/Quiz.ipynb": RIGHT, "titled/other.ipynb": WRONG,
        "copies/quiz-Copy1.ipynb": WRONG, "copies/quiz-Copy2.ipynb": RIGHT,
        "colab/quiz_ipynb의_사본 (1).ipynb": RIGHT, "colab/draft.ipynb": WRONG,
        "colab2/Copy_of_quiz.ipynb": RIGHT, "colab2/draft.ipynb": WRONG,
        "own/과제1.ipynb": RIGHT, "own/과제1 - 복사본.ipynb": WRONG, "own/과제1 복사본 2.ipynb": WRONG,
        "marked/a.ipynb": "x = 3", "marked/과제.ipynb": RIGHT,
        "blank/quiz.ipynb": GIVEN,
    }  # fmt: skip
    ended = run("batch", quiz.quiz, download(tmp_path / "in", files, True), "--out", tmp_path / "out", "-j1")
    assert ended.code == 0, ended.err
    told = {name: (row["file"], row["score"], row["passed_over"]) for name, row in table(tmp_path / "out").items()}
    blank = " (nothing of the student's own can be read in it)"
    assert told == {
        "starter": ("mine.ipynb", "2", f"quiz.ipynb{blank}"), "titled": ("Quiz.ipynb", "2", "other.ipynb"),
        "colab": ("quiz_ipynb의_사본 (1).ipynb", "2", "draft.ipynb"),
        "colab2": ("Copy_of_quiz.ipynb", "2", "draft.ipynb"),
        "own": ("과제1.ipynb", "2", "과제1 - 복사본.ipynb; 과제1 복사본 2.ipynb"),
        "copies": ("quiz-Copy2.ipynb", "2", "quiz-Copy1.ipynb"), "marked": ("과제.ipynb", "2", "a.ipynb"),
        "blank": ("quiz.ipynb", "0", ""),
    }  # fmt: skip
    assert f"mine.ipynb counts, and not quiz.ipynb{blank}" in ended.out
    assert "Not looked at: other.ipynb" in (tmp_path / "out" / "students" / "titled.html").read_text()
    assert "quiz-Copy1.ipynb" in (tmp_path / "out" / "class.html").read_text()


def found_in(place: Path, files: dict[str, str], quiz: Course, **looking: Any) -> Download:
    """What is found in a folder of these files."""
    return find_submissions(download(place, files), load_assignment(quiz.quiz), Looking(zone=SEOUL, **looking))


def test_attachments_of_canvas(quiz: Course, tmp_path: Path) -> None:
    """The notebook counts; `-2` is Canvas's where the same file came before, and else the student's own."""
    files = {
        "ada_1_455_helpers.py": WRONG, "ada_1_456_quiz.ipynb": RIGHT,
        "bob_2_460_quiz.ipynb": RIGHT, "bob_2_461_data-2.py": WRONG,
        "cy_3_470_quiz.ipynb": WRONG, "cy_3_480_quiz-1.ipynb": RIGHT,
        "dan_4_490_quiz-2.ipynb": RIGHT, "dan_4_489_other-7.ipynb": WRONG,
    }  # fmt: skip
    found = found_in(tmp_path / "in", files, quiz).found
    assert {one.student: (one.path.name, one.passed_over) for one in found} == {
        "ada_1": ("ada_1_456_quiz.ipynb", ("helpers.py",)), "bob_2": ("bob_2_460_quiz.ipynb", ("data-2.py",)),
        "cy_3": ("cy_3_480_quiz-1.ipynb", ("quiz.ipynb (handed in again as another)",)),
        "dan_4": ("dan_4_490_quiz-2.ipynb", ("other-7.ipynb",)),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["moodle, flat", "moodle, groups", "blackboard", "brightspace"])
def test_a_folder_around_a_download_is_no_student(form: str, quiz: Course, tmp_path: Path) -> None:
    """Whatever it is called, and though one student alone is in it."""
    layout, files, students = FORMS[form]
    name, content = next(iter(files.items()))
    found = found_in(tmp_path / "in", {f"unpacked/{name}": content, "unpacked/index.html": ""}, quiz)
    assert (found.layout, [one.student for one in found.found]) == (layout, [next(iter(students))])


def test_a_name_takes_no_time_to_be_looked_at(quiz: Course, tmp_path: Path) -> None:
    """One that looks like a copy of a copy, and so on, can be read in two ways at each."""
    files = {f"ada/{'-copy (1)' * 26}x.ipynb": RIGHT, "ada/b.ipynb": RIGHT}
    (found,) = found_in(tmp_path / "in", files, quiz).found
    assert found.problem.startswith("there are several notebooks")


def test_any_other_form_by_name(quiz: Course, run: Command, tmp_path: Path) -> None:
    files = {"sec1/hw_kim_v2.ipynb": RIGHT, "sec1/hw_lee_v1.ipynb": WRONG, "sec2/by hand.ipynb": RIGHT}
    name = re.compile(r"(?P<group>sec\d)/hw_(?P<student>[a-z]+)_")
    found = found_in(tmp_path / "in", files, quiz, name=name)
    assert [(one.student, one.group, one.file) for one in found.found] == [
        ("kim", "sec1", "sec1/hw_kim_v2.ipynb"), ("lee", "sec1", "sec1/hw_lee_v1.ipynb"),
    ]  # fmt: skip
    assert found.left_out == ("by hand.ipynb",)
    one = download(tmp_path / "one", dict(list(files.items())[:2]), packed=True)  # its only folder is in the names, too
    packed = unpack_submissions(one, tmp_path / "unpacked", load_assignment(quiz.quiz), Looking(name=name))
    assert [one.student for one in packed.found] == ["kim", "lee"]
    for wrong, said in (
        (("--name", "("), "no regular expression"), (("--name", "x", "--layout", "files"), "Give one of them"),
        (("--name", "nobody"), "holds no submission"), (("--zone", "KST"), "no time zone 'KST'"),
    ):  # fmt: skip
        ended = run("batch", quiz.quiz, tmp_path / "in", "--out", tmp_path / "out", *wrong)
        assert (ended.code, said in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("cp949", ["과제/김철수", "과제/이영희"]), ("cp932", ["課題/田中", "課題/さくら"]),
     ("gb18030", ["作业/张三", "作业/王小明"]), ("cp437", ["é/Åke", "é/Müller"])],
)  # fmt: skip
def test_names_of_a_zip_in_the_encoding_of_some_country(
    encoding: str, names: list[str], quiz: Course, tmp_path: Path
) -> None:
    stand_ins = {name: letter * len(name.encode(encoding)) for name, letter in zip(names, "xy", strict=True)}
    archive = download(tmp_path / "in", {f"{stand_in}.py": "" for stand_in in stand_ins.values()}, True)
    data = archive.read_bytes()
    for name, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode(), name.encode(encoding))
    archive.write_bytes(data)
    found = unpack_submissions(archive, tmp_path / "out", load_assignment(quiz.quiz))
    assert {one.student for one in found.found} == {name.partition("/")[2] for name in names}
    assert found.decoded == ((encoding, 2),)


# -- what goes back


def export(run: Command, quiz: Course, out: Path, form: str, *more: str | Path) -> Any:
    """The lines of a table, or what was said where there is none."""
    ended = run("export", quiz.quiz, "--out", out, "--format", form, *more)
    if ended.code:
        assert (ended.code, ended.out) == (2, "")
        return ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def test_an_export_takes_the_platform_s_own_ids(quiz: Course, run: Command, tmp_path: Path) -> None:
    """A file's name that ends in a number is no id; another platform's number is none either."""
    canvas, files = tmp_path / "canvas", tmp_path / "files"
    submissions = {"kimmin_2024_900_quiz.ipynb": RIGHT, "lee_2025_901_quiz.ipynb": WRONG}
    run("batch", quiz.quiz, download(tmp_path / "a", submissions), "--out", canvas, "-j1")
    run(
        "batch",
        quiz.quiz,
        download(tmp_path / "b", {"kim_2024.ipynb": RIGHT, "lee.ipynb": WRONG}),
        "--out",
        files,
        "-j1",
    )
    told = {row["ID"]: row["Quiz"] for row in export(run, quiz, canvas, "canvas") if row["ID"]}
    assert told == {"2024": "2", "2025": "0"}
    assert "No id of moodle is known of kimmin_2024, lee_2025" in export(run, quiz, canvas, "moodle")
    assert "No id of canvas is known of kim_2024, lee" in export(run, quiz, files, "canvas")
    assert [row["student_id"] for row in export(run, quiz, files, "nbgrader")] == ["kim_2024", "lee"]
    own = tmp_path / "roster.csv"
    own.write_text("Student,ID,SIS User ID,SIS Login ID,Section\nKim,501,s1,kim_2024,1\n,,,,\nLee,502,s2,lee,1\n")
    told = [
        (row["Student"], row["ID"], row["SIS Login ID"]) for row in export(run, quiz, files, "canvas", "--roster", own)
    ]
    assert told[1:] == [("Kim", "501", "kim_2024"), ("Lee", "502", "lee")]
    own.write_text("key,canvas\nkim_2024,501\nlee,501\n")
    assert "kim_2024, lee would all be 501 in canvas" in export(run, quiz, files, "canvas", "--roster", own)
    own.write_text("key,canvas\nkim_2024,501\nlee,502\nlee,503\n")
    assert "lines 3, 4: several are 'lee'" in export(run, quiz, files, "canvas", "--roster", own)
    own.write_text(f"key,name\nlee,{'x' * 200_000}\n")
    assert "line 2: it is no CSV: field larger" in export(run, quiz, files, "canvas", "--roster", own)
    assert "is a folder.\n  Give a CSV" in export(run, quiz, files, "canvas", "--roster", files)
    own.write_text("what,is\nthis,then\n")
    assert "names no student" in export(run, quiz, files, "canvas", "--roster", own)


def test_a_group_becomes_its_members_once_they_are_known(quiz: Course, run: Command, tmp_path: Path) -> None:
    """What was graded, given and said before is theirs; nothing is left of the group, which no platform knows."""
    folder, out = download(tmp_path / "in", {f"Team A_501_{MOODLE}/quiz.ipynb": RIGHT}), tmp_path / "out"
    roster, extensions = tmp_path / "roster.csv", tmp_path / "extensions.csv"
    roster.write_text("key,group,moodle\nada,Team A,77\nbob,Team A,78\n")
    extensions.write_text("student,days\nTeam A,1\n")
    assert run("batch", quiz.quiz, folder, "--out", out, "-j1", "--extensions", extensions).code == 0
    with Gradebook(out / "gradebook.sqlite", "quiz") as book:
        book.judge("Team A_501", "one", 0, Judgement(points=1.5, done=True))
        book.judge("bob", "one", 0, Judgement(points=1.0, done=True))
    for _ in range(2):
        ended = run("batch", quiz.quiz, folder, "--out", out, "-j1", "--roster", roster)
        assert ended.code == 0, ended.err
        told = {row["Identifier"]: row["Grade"] for row in export(run, quiz, out, "moodle", "--roster", roster)}
        assert told == {"Participant 77": "1.5", "Participant 78": "1"}
    assert {path.name for path in (out / "students").glob("*.html")} == {"ada.html", "bob.html"}
    found = rows(out, Policy.model_validate(LATE))
    assert {name: (row.attempts, row.due) for name, row in found.items()} == dict.fromkeys(
        ("ada", "bob"), (1, read_time("2024-03-02 12:00", SEOUL))
    )
    assert [event["event"] for event in events(out) if event.get("student")] == ["graded", *["kept"] * 4]


def test_who_of_the_roster_handed_in_nothing_is_named(quiz: Course, run: Command, tmp_path: Path) -> None:
    folder = download(tmp_path / "in", {"ada/quiz.ipynb": RIGHT})
    roster = tmp_path / "roster.csv"
    roster.write_text("key,name,email\nada,Ada L.,\n,Bob Ray,bob@x.org\n,김민수,\n")
    ended = run("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j1", "--roster", roster)
    assert ended.code == 0, ended.err
    assert "2 of the roster handed in nothing: Bob Ray, 김민수" in ended.out
    roster.write_text("key,name\nada,\n")
    ended = run("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j1", "--roster", roster)
    assert "handed in nothing" not in ended.out


def test_what_a_student_handed_in_is_no_groups_of_the_same_name(quiz: Course, run: Command, tmp_path: Path) -> None:
    """A group that is called like a student, a member or not, leaves what was kept of that student."""
    out, roster = tmp_path / "out", tmp_path / "roster.csv"
    alone = download(tmp_path / "alone", {"ada/quiz.ipynb": RIGHT})
    assert run("batch", quiz.quiz, alone, "--out", out, "-j1").code == 0
    with Gradebook(out / "gradebook.sqlite", "quiz") as book:
        book.divide("ada", ["ada", "bob"])
        assert book.students() == ["ada"]
    roster.write_text("key,group\nada,\nbob,ada\ncy,ada\n")
    team = download(tmp_path / "team", {"ada/quiz.ipynb": WRONG})
    ended = run("batch", quiz.quiz, team, "--out", out, "-j1", "--roster", roster)
    assert ended.code == 0, ended.err
    assert {name: row["score"] for name, row in table(out).items()} == {"ada": "2", "bob": "0", "cy": "0"}
    assert {path.name for path in (out / "students").glob("*.html")} == {"ada.html", "bob.html", "cy.html"}


@pytest.mark.slow
def test_a_group_is_its_members(quiz: Course, run: Command, tmp_path: Path) -> None:
    """Its number is no participant's; the roster says who is in it, and each has a row and a page."""
    folder = download(tmp_path / "in", {f"Team A_501_{MOODLE}/quiz.ipynb": RIGHT, f"Cy_79_{MOODLE}/quiz.ipynb": WRONG})
    alone, out = tmp_path / "alone", tmp_path / "out"
    ended = run("batch", quiz.quiz, folder, "--out", alone, "-j1")
    assert "members are not known of: Team A" in ended.out
    assert "No id of moodle is known of Team A_501" in export(run, quiz, alone, "moodle")
    roster = tmp_path / "roster.csv"
    roster.write_text("key;name;e-mail;group;moodle\nada;Ada L.;ada@x.org;Team A;77\nbob;Bob;bob@x.org;team a;78\n")
    ended = run("batch", quiz.quiz, folder, "--out", out, "-j1", "--roster", roster)
    assert ended.code == 0, ended.err
    assert [event["student"] for event in events(out) if event["event"] == "graded"].count("Team A_501") == 0
    told = {row["Identifier"]: row["Grade"] for row in export(run, quiz, out, "moodle", "--roster", roster)}
    assert told == {"Participant 77": "2", "Participant 78": "2", "Participant 79": "0"}
    for student in ("ada", "bob"):
        assert "Handed in by the group Team A" in (out / "students" / f"{student}.html").read_text()


# -- when


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2024-03-01 12:00:00.123456789 +09:00", "01T03:00"), ("2024-03-01 12:00:00 KST", "01T03:00"),
        ("2024-03-01 12:00:00 Asia/Seoul", "01T03:00"), ("Fri Mar  1 12:00:00 2024", "01T03:00"),
        ("Fri Mar  1 12:00:00 KST 2024", "01T03:00"), ("2024-03-01T03:00:00Z", "01T03:00"),
        ("Friday, March 1, 2024 12:00:00 PM KST", "01T03:00"), ("Mar 1, 2024 1200 PM", "01T03:00"),
        ("Mar 1, 2024 930 AM", "01T00:30"), ("2024년 3월 1일 (금요일) 오후 1:30", "01T04:30"),
        ("2024. 3. 1. 오후 1:30", "01T04:30"), ("3월 1, 2024 1230 오후", "01T03:30"),
        ("1 Mar 2024 03:00 UTC", "01T03:00"), ("13/3/2024 15:00", "13T06:00"),
        ("Fri, 1 Mar 2024 12:00:00 GMT+9", "01T03:00"), ("2024-03-01 03:00 -0000 (UTC)", "01T03:00"),
        ("2024-03-01 12:00 CST", None), ("1/3/2024 12:00", None), ("2024-03-01", None), ("12:00", None), ("12", None),
        ("2024-03-01 12:00 Asia/Nowhere", None), ("0001-01-01T00:00+09:00", None), ("x" * 9_999, None), (7, None),
    ],
)  # fmt: skip
def test_times_as_platforms_write_them(told: object, moment: str | None) -> None:
    expected = datetime.fromisoformat(f"2024-03-{moment}+00:00") if moment else None
    seen = read_time(told, SEOUL)
    assert (seen.replace(microsecond=0) if seen else None) == expected


def test_a_short_name_of_a_zone_is_the_class_s_own() -> None:
    seen = read_time("2024-03-01 12:00 CST", ZoneInfo("America/Chicago"))
    assert seen == datetime(2024, 3, 1, 18, tzinfo=UTC)


@pytest.mark.slow
def test_a_page_says_what_the_gradebook_says(quiz: Course, run: Command, tmp_path: Path) -> None:
    """Who, which attempt, when, how late, and what counts; extensions change it, for whom they are."""
    first = "12345-{} 1130 AM/quiz.ipynb".format(BRIGHTSPACE.format("Kim"))
    again = "12345-67890 - Kim - Mar 2, 2024 100 PM/quiz.ipynb"
    other = "12346-67890 - Lee - Mar 2, 2024 1100 AM/quiz.ipynb"
    third = "12347-67890 - Park - Mar 2, 2024 100 PM/quiz.ipynb"
    quiz.assign(EXERCISE, grading={**LATE, "attempts": "last"})
    folder, out = download(tmp_path / "in", {first: WRONG, again: RIGHT, other: RIGHT, third: RIGHT}), tmp_path / "out"
    arguments = ("batch", quiz.quiz, folder, "--out", out, "-j1")
    assert run(*arguments).code == 0
    row = table(out)["Kim_12345"]
    assert (row["score"], row["earned"], row["late_days"], row["attempts"]) == ("1", "2", "2", "2")
    page = (out / "students" / "Kim_12345.html").read_text()
    for said in (
        "Student: Kim (Kim_12345)", "Submission 2 of 2: quiz.ipynb", ">1 / 2 points<",
        "Handed in 2024-03-02 13:00+09:00, due 2024-03-01 12:00+09:00", "2 days late: of 2 points earned, 1 count",
        "<summary>Submissions: 2</summary>", "<li>2024-03-01 11:30+09:00 · quiz.ipynb · checks: 0 / 2</li>",
        "<li>2024-03-02 13:00+09:00 · quiz.ipynb · checks: 2 / 2 · 2 days late · <b>this one counts</b></li>",
    ):  # fmt: skip
        assert said in page
    assert "Submissions:" not in (out / "students" / "Lee_12346.html").read_text()
    extensions = tmp_path / "extensions.csv"
    extensions.write_text("student,due,days\n12345,2024-03-02 12:30 KST,\nLee,,1\nPark,,1\nnobody,,2\n")
    ended = run(*arguments, "--extensions", extensions)
    assert "extensions of 1 without a submission: nobody" in ended.out
    assert "median 1.5 of 2, mean 1.67, full marks 1" in ended.out
    assert "Submissions by the time they came" in (out / "class.html").read_text()
    found = table(out)
    assert {name: (row["score"], row["late_days"]) for name, row in found.items()} == {
        "Kim_12345": ("1.5", "1"), "Lee_12346": ("2", "0"), "Park_12347": ("1.5", "1"),
    }  # fmt: skip
    assert "due 2024-03-02 12:30+09:00" in (out / "students" / "Kim_12345.html").read_text()
    run(*arguments)
    assert table(out)["Kim_12345"]["score"] == "1.5"
    for line, said in (
        ("Kim,soon,", "line 2: 'soon' is no date"),
        ("Kim,,", "gives neither"),
        (",,3", "names no student"),
        ("Kim,,1\nLee,,1\n12345,,2", "Two extensions are of Kim_12345; '12345' is one"),
        ('"Kim,,1\nLee,,1', "line 2: it is no CSV: unexpected end of data"),
    ):
        extensions.write_text(f"student,due,days\n{line}\n")
        ended = run(*arguments, "--extensions", extensions)
        assert (ended.code, said in ended.err) == (2, True)


@pytest.mark.slow
def test_an_earlier_file_may_be_the_last(quiz: Course, run: Command, tmp_path: Path) -> None:
    quiz.assign(EXERCISE, grading={"attempts": "last"})
    folder, out = tmp_path / "in", tmp_path / "out"
    for source, score, attempts in ((RIGHT, "2", "1"), (WRONG, "0", "2"), (RIGHT, "2", "3"), (RIGHT, "2", "3")):
        run("batch", quiz.quiz, download(folder, {"ada.ipynb": source}), "--out", out, "-j1")
        assert (table(out)["ada"]["score"], table(out)["ada"]["attempts"]) == (score, attempts)
    assert "Submission 3 of 3" in (out / "students" / "ada.html").read_text()
    assert [event["event"] for event in events(out)].count("graded") == 2


@pytest.mark.slow
def test_a_time_that_is_not_known_is_said(quiz: Course, run: Command, tmp_path: Path) -> None:
    files = {"kim/quiz/a.ipynb": RIGHT, "kim/quiz/timestamp.txt": "at noon", "lee/quiz/a.ipynb": WRONG}
    ended = run("batch", quiz.quiz, download(tmp_path / "in", files), "--out", tmp_path / "out", "-j1")
    said = "2 submissions have no readable time; `late` did not apply"
    assert said in ended.out
    assert said in (tmp_path / "out" / "class.html").read_text()
    assert "nothing is taken off" in (tmp_path / "out" / "students" / "kim.html").read_text()


# -- other checks


def test_results_of_other_checks_count_nowhere(quiz: Course, run: Command, tmp_path: Path) -> None:
    out, folder = tmp_path / "out", download(tmp_path / "in", {"ada.ipynb": RIGHT, "bob.ipynb": RIGHT})
    arguments = ("batch", quiz.quiz, folder, "--out", out, "-j1")
    run(*arguments)
    quiz.assign(EXERCISE, grading={"due": "2025-01-01T00:00Z"})  # decides what results come to, and no result
    assert len(export(run, quiz, out, "nbgrader")) == 2
    quiz.assign({**EXERCISE, "points": 5})
    assert "2 results are of other checks: ada, bob; " in export(run, quiz, out, "nbgrader")
    assert {row["state"] for row in export(run, quiz, out, "csv")} == {"old"}
    download(folder, {"bob.ipynb": RIGHT + "# once more\n"})
    ended = run(*arguments)
    assert "1 result is of other checks: ada; --regrade grades again what is among SUBMISSIONS" in ended.out
    assert "1 graded\nmedian 5 of 5" in ended.out
    told = {name: (row["state"], row["score"], row["possible"], row["one"]) for name, row in table(out).items()}
    assert told == {"ada": ("old", "", "2", ""), "bob": ("graded", "5", "5", "5")}
    assert "of other checks than the present ones" in (out / "students" / "ada.html").read_text()
    assert "of other checks" not in (out / "students" / "bob.html").read_text()
    assert 'data-state="old"' in (out / "class.html").read_text()
    run(*arguments, "--regrade")
    assert {row["score"] for row in export(run, quiz, out, "nbgrader")} == {"5"}
    assert "of other checks" not in (out / "students" / "ada.html").read_text()


def test_a_gradebook_from_before_is_read(tmp_path: Path) -> None:
    """It has attempts alone, each with its time: nothing has to be moved."""
    submitted, graded = datetime(2024, 3, 1, 12, tzinfo=UTC), datetime(2024, 3, 9, tzinfo=UTC)
    with Gradebook(tmp_path / "gradebook.sqlite", "quiz") as book:
        book.add(Attempt(
            student="ada", name="a.py", sha256="1", checks="x", status="graded", earned=2.0, possible=2.0,
            submitted=submitted, graded=graded,
        ))  # fmt: skip
    with closing(sqlite3.connect(tmp_path / "gradebook.sqlite")) as database:
        database.execute("drop table hand_ins")
        database.execute("drop table extensions")
    with Gradebook(tmp_path / "gradebook.sqlite", "quiz") as book:
        (row,) = book.rows(Policy.model_validate(LATE))
    assert (row.student, row.number, row.attempts, row.late_days, row.credited) == ("ada", 1, 1, 1, 1.5)
