"""The report in Korean: how a language is chosen, whether the catalogue is complete, and that no English is left."""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, get_args

import nbformat
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from conftest import ROOT, Command, Course
from planted import Answer, answers, with_answers
from rich.cells import cell_len
from rich.console import Console
from test_report import value

import grader
from grader import Report
from grader.assignment.fixture_words import in_words
from grader.assignment.load import load_assignment
from grader.diagnosis.catalogue import catalogue as mistakes
from grader.models.message import Localized
from grader.models.report import Diagnosis
from grader.models.wording import LOCALE, Code, Language, four_parts
from grader.report.terminal import show

HOME = Path(grader.__file__).parent
ASSIGNMENTS = sorted(path.parent.name for path in ROOT.glob("assignments/*/assignment.yaml"))
TRANSLATED = [code for code in get_args(Code) if code != "en"]

# -- choosing


@pytest.fixture
def spoken(run: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The language that `grade list` speaks, with these arguments and variables."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: str, **environment: str) -> str:
        for name, setting in environment.items():
            monkeypatch.setenv(name, setting)
        out = run("list", *arguments).out
        return "ko" if "커스텀 모델" in out else "en" if "Custom models" in out else out

    return call


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted"),
    [
        ([], {}, "en"),
        (["--lang", "ko"], {}, "ko"),
        ([], {"GRADE_LANG": "ko"}, "ko"),
        (["--lang", "en"], {"GRADE_LANG": "ko"}, "en"),
        (["--lang", "ko"], {"GRADE_LANG": "en", "LC_ALL": "en_US.UTF-8"}, "ko"),
        ([], {"LC_ALL": "ko_KR.UTF-8"}, "ko"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ko_KR.UTF-8"}, "ko"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ko.eucKR"}, "ko"),
        ([], {"LC_ALL": "en_US.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ([], {"GRADE_LANG": "en", "LC_ALL": "ko_KR.UTF-8"}, "en"),
        ([], {"GRADE_LANG": "", "LC_ALL": "ko_KR.UTF-8"}, "ko"),
        ([], {"LC_ALL": "tlh_XX.UTF-8"}, "en"),
        ([], {"LC_ALL": "konkani"}, "en"),
        ([], {"LC_ALL": "", "LC_MESSAGES": "", "LANG": ""}, "en"),
    ],
)
def test_choosing(spoken: Callable[..., str], arguments: list[str], environment: dict[str, str], wanted: str) -> None:
    assert spoken(*arguments, **environment) == wanted


@pytest.mark.parametrize("environment", [{}, {"GRADE_LANG": "klingon"}])
def test_an_unknown_language_is_refused(
    run: Command, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, setting in environment.items():
        monkeypatch.setenv(name, setting)
    ended = run("list", *([] if environment else ["--lang", "klingon"]))
    assert ended.code == 2
    assert "klingon" in ended.err
    assert "'en', 'ko'" in ended.err
    assert not ended.out


@pytest.mark.slow
def test_the_option_may_come_before_the_command(command: Command) -> None:
    assert "커스텀 모델" in command("--lang", "ko", "list", cwd=ROOT).out
    assert re.fullmatch(r"0 / \d+점\n", command("--lang", "ko", "assignment1", "-q", cwd=ROOT).out)


# -- the catalogues


def templates() -> Iterator[tuple[str, str]]:
    """Every template that is said in the source, with its file; read from the syntax, not by Babel."""
    for path in sorted(HOME.rglob("*.py")):
        if path == HOME / "models" / "message.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Name("say"), [ast.Constant(str(template)), *_]):
                    yield template, path.name
                case ast.Call(ast.Name("say")):
                    pytest.fail(f"{path}, line {node.lineno}: the template is no literal")


def catalogue(code: str) -> Catalog:
    with (LOCALE / code / "LC_MESSAGES" / "grader.po").open("rb") as file:
        return read_po(file, locale=code)


def entries(catalogue: Catalog) -> dict[str, str]:
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id}


def places(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(template) if name is not None)


def test_every_language_has_a_catalogue_and_a_place_in_texts() -> None:
    assert list(Localized.model_fields) == list(get_args(Code))
    assert sorted(path.name for path in LOCALE.iterdir() if path.is_dir()) == TRANSLATED


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalogue_is_complete(code: str) -> None:
    translated = entries(catalogue(code))
    said = {template for template, _ in templates()}
    assert said - set(translated) == set(), "run `make messages`, and translate these"
    assert set(translated) - said == set(), "run `make messages`: these are said no longer"
    assert [template for template, text in translated.items() if not text] == []
    assert [entry.id for entry in catalogue(code) if entry.id and entry.fuzzy] == []
    assert not catalogue(code).obsolete


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_have_the_same_places(code: str) -> None:
    for template, text in entries(catalogue(code)).items():
        assert places(text) == places(template), template
        assert text.count("`") == template.count("`") or "`" in text, template


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalogue_is_current(code: str) -> None:
    compiled = read_mo(BytesIO((LOCALE / code / "LC_MESSAGES" / "grader.mo").read_bytes()))
    written = {template: text for template, text in entries(catalogue(code)).items() if text}
    assert entries(compiled) == written, "run `make messages`"


def texts(value: Any) -> Iterator[Localized]:
    """Every text of a spec."""
    if isinstance(value, Localized):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from texts(part)
    elif hasattr(value, "model_fields_set"):
        for name in type(value).model_fields:
            yield from texts(getattr(value, name))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_has_its_texts_in_every_language(name: str) -> None:
    spec = load_assignment(ROOT / "assignments" / name).spec
    for code in TRANSLATED:
        assert [text.en for text in texts(spec) if getattr(text, code) is None] == []
    assert len(list(texts(spec))) > 2 * len(spec.exercises)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_calls_of_fixtures_are_told_in_every_language(name: str) -> None:
    folder = load_assignment(ROOT / "assignments" / name)
    checks = [c for e in folder.spec.exercises for r in e.requirements for c in r.checks(1)]
    told = {str(check.called): in_words(str(check.called), folder.fixtures) for check in checks}
    assert sum(words is not None for words in told.values()) >= 10
    for call, words in told.items():
        helps = f"\ndef {call.partition('(')[0]}(" in folder.fixtures and ")(" not in call
        assert helps == (words is not None), call
        for code in TRANSLATED if words else ():
            assert getattr(words, code), call
        for text in words.model_dump().values() if words else ():
            assert not re.search(r"{\w+}", text), text


# -- one word for one thing


@pytest.fixture(scope="module")
def korean() -> list[tuple[str, str]]:
    """Every Korean text of the project, without code, and where it stands."""
    found = [("grader.po", text) for text in entries(catalogue("ko")).values()]
    found += [(mistake.id, text.ko or "") for mistake in mistakes() for text in (mistake.title, mistake.hint)]
    for folder in (load_assignment(ROOT / "assignments" / name) for name in ASSIGNMENTS):
        found += [(f"{folder.spec.id}, spec", text.ko or "") for text in texts(folder.spec)]
        for file in (folder.path / "fixtures.py", *folder.path.glob("checks/*.py")):
            found += [(file.name, said) for said in re.findall(r'^ *"?ko"?: (.+)$', file.read_text(), re.MULTILINE)]
        cells = nbformat.read(folder.starters["ko"], as_version=4).cells
        found += [(folder.starters["ko"].name, cell.source) for cell in cells if cell.cell_type == "markdown"]
    return [(at, re.sub(r"```.*?```|`[^`\n]*`", "`", text, flags=re.DOTALL)) for at, text in found]


def glossary() -> list[tuple[list[str], list[str]]]:
    """The Korean words of docs/languages.md, each with those that are not used for the same thing."""
    table = (ROOT / "docs" / "languages.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    return [(words.split(", "), others.split(", ")) for words, others in rows[1:]]


def test_korean_texts_keep_to_the_glossary(korean: list[tuple[str, str]]) -> None:
    assert len(glossary()) > 30
    for words, others in glossary():
        own, other = ("|".join(map(re.escape, part)) for part in (words, others))
        assert any(re.search(own, text) for _, text in korean), words
        for at, text in korean:
            said = re.search(rf"(?<![가-힣])(?:{other})", re.sub(own, "·", text))
            assert not said, f"{at}: {said[0]} for {words[0]} in {text!r}"


# -- no English is left

CODE_WORDS = {
    "autograd", "backward", "dict", "dictcomp", "docstring", "dtype", "eval", "float", "forward", "full", "in-place",
    "int", "k", "lambda", "len", "list", "longest", "model", "n", "nan", "persistent", "pre", "samples", "state_dict",
    "step", "str", "torch", "train", "transform", "tuple",
}  # fmt: skip
"""Words of Python and PyTorch that Korean texts use as they are."""

NOT_PROSE = re.compile(
    r"""`[^`\n]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|tensor\([^)]*\)|^ *✗ \S.*$|^ *[✓–!] \S+|  [\w-]+(?=  |$)""",
    re.MULTILINE,
)
"""Code, strings, numbers, and the names of checks and exercises."""


def strings(value: Any) -> Iterator[str]:
    """Every string of a spec that is not a text for people: expressions and names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from strings(part)
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])
    elif hasattr(value, "model_fields_set") and not isinstance(value, Localized):
        yield from strings([getattr(value, name) for name in type(value).model_fields.keys() - {"kind", "id"}])


def identifiers(source: str) -> Iterator[str]:
    """Names in a piece of code."""
    for node in ast.walk(ast.parse(source)):
        yield from (value for key, value in ast.iter_fields(node) if key in ("id", "attr", "arg", "name") and value)


def shown_code(report: Report) -> Iterator[str]:
    """The words of exceptions, and the lines of code that are shown."""
    for exercise in report.exercises:
        yield from (check.code.split("\n")[0] for check in exercise.checks if check.code)
        yield from (str(check.observed) for check in exercise.checks if re.match(r"\w+: ", str(check.observed)))
    checks = [check for exercise in report.exercises for check in exercise.checks]
    for raised in (one.raised for one in (*checks, *report.cells) if one.raised):
        yield from (frame.code for frame in raised.frames)
        yield from (text for text in (raised.message, raised.library) if text)


def english(out: str, code: set[str], names: set[str]) -> list[str]:
    """Words of a rendered report that are neither Korean nor code.

    Args:
        code: what is cut out as a whole: expressions of the spec, exceptions.
        names: words that name something in the spec or the submission.
    """
    for text in sorted(code, key=len, reverse=True):
        out = re.sub(r"\s+".join(map(re.escape, text.split())), " ", out)  # the terminal may have wrapped it
    words = re.findall(r"(?<![.\w])[A-Za-z_][A-Za-z_0-9.-]*+(?!\()", NOT_PROSE.sub(" ", out))
    return [w for w in words if w.strip(".") not in names | CODE_WORDS and not re.search(r"[A-Z_\d]|\w\.\w", w)]


@pytest.fixture
def left_in_english(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], list[str]]:
    """The English words of the Korean report on a notebook."""
    monkeypatch.setenv("COLUMNS", "4000")

    def call(assignment: str, notebook: Path) -> list[str]:
        folder = load_assignment(ROOT / "assignments" / assignment)
        file = tmp_path / "report.json"
        out = run("run", folder.path, notebook, "-v", "--lang", "ko", "--json", file).out
        report = Report.model_validate_json(file.read_text())
        assert report.assignment.title.ko in out
        spec = set(strings(folder.spec))
        cells = [c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "code"]
        names = {name for source in (folder.fixtures, *cells) for name in identifiers(source)}
        code = {text for text in spec if re.search(r"\W", text)} | set(shown_code(report)) | {notebook.name}
        return english(out, code, names | {word for text in spec for word in re.findall(r"\w+", text)})

    return call


def wrong(assignment: str, round: int) -> list[Answer]:
    """A wrong answer to each exercise; another one in each round."""
    by_exercise: dict[str, list[Answer]] = {}
    for answer in answers():
        if answer.assignment == assignment and not answer.right:
            by_exercise.setdefault(answer.exercise, []).append(answer)
    return [found[round % len(found)] for found in by_exercise.values()]


@pytest.mark.parametrize("path", ["assignments/assignment2/assignment2.ipynb", "solutions/assignment1.ipynb"])
def test_no_english_about_a_starter_and_a_solution(
    left_in_english: Callable[[str, Path], list[str]], path: str
) -> None:
    assert left_in_english(Path(path).stem, ROOT / path) == []


@pytest.mark.parametrize(
    ("name", "round"),
    [
        pytest.param("assignment1", 0, marks=pytest.mark.slow),
        pytest.param("assignment1", 1, marks=pytest.mark.slow),
        pytest.param("assignment2", 0, marks=pytest.mark.slow),
        pytest.param("assignment3", 1, marks=pytest.mark.slow),
        pytest.param("assignment4", 0, marks=pytest.mark.slow),
    ],
)
def test_no_english_about_wrong_answers(
    left_in_english: Callable[[str, Path], list[str]], tmp_path: Path, name: str, round: int
) -> None:
    assert left_in_english(name, with_answers(wrong(name, round), tmp_path)) == []


# -- what happens rarely


@pytest.fixture
def mixed(course: Course) -> Course:
    course.assign(
        {"id": "one", "title": {"en": "First", "ko": "하나"}, "hint": {"en": "One.", "ko": "일."},
         "requirements": [value("f()", "1", hidden=True), value("g()", "1", id="g"), value("h()", "[1]", id="h")]},
        {"id": "two", "needs": ["one"], "requirements": [value("f()", "1")]},
        {"id": "three", "requirements": [{"kind": "function", "calls": [{"call": "f()"}]}]},
        title={"en": "A quiz", "ko": "퀴즈"}, limits={"seconds": 0.3}, solution="def f(): raise OSError('disk')\n",
    )  # fmt: skip
    return course


CELLS = (
    "def f(): return 2",
    "1 / 0",
    "while True: pass",
    "import os; os._exit(3)",
    "print('seen')",
    "# exercise: one, three\nimport os\ndef g(): os._exit(3)\ndef h(): return (1, None)",
)


def test_everything_that_can_happen(mixed: Course, run: Command) -> None:
    out = run("run", mixed.quiz, mixed.notebook(*CELLS), "-v", "--lang", "ko", "--isolation", "none").out
    lines = [line.strip() for line in out.splitlines()]
    for said in (
        "퀴즈  answer.ipynb",
        "기댓값 비공개 검사 통과",
        "실제값 통과하지 못했습니다",
        "힌트 일.",
        "실제값 프로세스가 응답 없이 종료되었습니다(종료 코드 3)",
        "기댓값 [1] (길이 1)",
        "실제값 (1, None) (길이 2)",
        "위치 셀 6, 4행",
        "`# exercise: two` 표시가 있는 셀이 없습니다",
        "– call[1]  건너뜀: 먼저 통과해야 하는 one 문제를 통과하지 못했습니다",
        "! call[1]  채점기 오류(제출자의 잘못이 아닙니다): The solution raises OSError in three::call[1]: disk"
        " (solution.py, line 1)",
        "! 셀 2, 1행: ZeroDivisionError: division by zero",
        "! 셀 4: 프로세스가 종료되었습니다. 이 셀을 건너뛰고 노트북을 계속 실행했습니다",
        "셀 5 출력:",
        "격리: 없음. 코드가 사용자 권한의 일반 프로세스에서 실행되었습니다.",
    ):
        assert said in lines
    # The time is the one that it took, which on a busy machine is longer than the limit.
    assert re.search(r"^! 셀 3, 1행: TimeLimit: [\d.]+초 만에 중단되었습니다$", "\n".join(lines), re.MULTILINE)
    assert any(line.startswith("채점하지 못했습니다.") for line in lines)


def test_a_diagnosis_comes_first(mixed: Course) -> None:
    report = mixed.grade("def g(): return 2\n", selection="one")
    (exercise,) = report.exercises
    text = Localized(en="It is so.", ko="그렇습니다.")
    check = exercise.checks[1].model_copy(update={"diagnosis": Diagnosis(id="it", text=text, page="torch.nn.Module")})
    told = report.model_copy(update={"exercises": (exercise.model_copy(update={"checks": (check,)}),)})
    for code, lines in (
        ("en", ["mistake It is so.", "see torch.nn.Module", "called g()", "expected 1", "observed 2"]),
        ("ko", ["실수 그렇습니다.", "참고 torch.nn.Module", "호출 g()", "기댓값 1", "실제값 2"]),
    ):
        console = Console(file=StringIO(), width=80)
        show(told, console, language=Language.of(code))
        shown = [line.strip() for line in console.file.getvalue().splitlines()]
        at = shown.index("✗ call[1,g]")
        assert shown[at + 1 : at + 6] == lines
    assert four_parts(check).splitlines()[:2] == ["  mistake: It is so.", "      see: torch.nn.Module"]


@pytest.mark.slow
def test_a_report_says_the_same_in_every_language(mixed: Course, run: Command) -> None:
    path = mixed.notebook(*CELLS)
    written = [json.loads(run("run", mixed.quiz, path, "--lang", code, "--json", "-").out) for code in get_args(Code)]
    assert [[check["observed"] for check in report["exercises"][0]["checks"]] for report in written[1:]] == [
        [check["observed"] for check in written[0]["exercises"][0]["checks"]]
    ]


def test_wide_letters_keep_their_columns(mixed: Course) -> None:
    report = mixed.grade(mixed.notebook(*CELLS), selection="one")
    console = Console(file=StringIO(), width=60)
    show(report, console, verbose=True, language=Language.of("ko"))
    labels = re.findall(r"^( +(?:호출|기댓값|실제값|위치|힌트)) ", console.file.getvalue(), re.MULTILINE)
    assert len(labels) > 4
    assert {cell_len(label) for label in labels} == {14}
