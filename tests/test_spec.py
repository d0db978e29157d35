"""A malformed spec is refused: exit code 2, and a message with file, line and key, and no traceback."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import re

import pytest
import yaml
from conftest import Command, Course, refused

HEAD = """\
format: 1
id: quiz
title: Quiz
"""
EXERCISE = """\
exercises:
  - id: one
    title: One
    points: 1
    requirements:
      - kind: function
        calls:
"""
# name of what is wrong: (text of the spec, line of the mistake or None, what the message also says)
MALFORMED = {
    "empty": ("", None, ["a spec is a mapping", "format: 1"]),
    "a list": ("- format: 1\n", None, ["a spec is a mapping"]),
    "a text": ("hello\n", None, ["a spec is a mapping"]),
    "not YAML": (HEAD + "exercises: [\n", 5, ["not YAML"]),
    "tab indentation": (HEAD + "limits:\n\tseconds: 3\n", 5, ["not YAML"]),
    "two documents": (HEAD + "---\n" + HEAD, 4, ["not YAML"]),
    "a Python object": (HEAD + "seed: !!python/object/apply:os.getpid []\n", 4, ["not YAML"]),
    "an int that is none": (HEAD + "seed: !!int many\n", 4, ["this is no int"]),
    "an int of no digits": (HEAD + "seed: 0x_\n", 4, ["this is no int"]),
    "an int of too many digits": (HEAD + "seed: " + "9" * 5000 + "\n", 4, ["this is no int"]),
    "an empty int": (HEAD + "seed: !!int ''\n", 4, ["this is no int"]),
    "a float that is none": (HEAD + "seed: !!float many\n", 4, ["this is no float"]),
    "a truth value that is none": (HEAD + "seed: !!bool maybe\n", 4, ["this is no bool"]),
    "a time that is none": (HEAD + "seed: !!timestamp soon\n", 4, ["this is no timestamp"]),
    "a list as a mapping": (HEAD + "limits: !!map [1]\n", 4, ["this is no mapping"]),
    "a control character": (HEAD + "seed: \a\n", 4, ["not YAML", "U+0007"]),
    "missing format": ("id: quiz\ntitle: Quiz\nexercises: []\n", 1, ["`format` is missing"]),
    "missing id": ("format: 1\ntitle: Quiz\nexercises: []\n", 1, ["`id` is missing"]),
    "missing exercises": (HEAD, 1, ["`exercises` is missing"]),
    "no exercises": (HEAD + "exercises: []\n", 4, ["`exercises`"]),
    "format 2": ("# a later one\nformat: 2\nid: quiz\n", 2, ["the format is 2", "reads 1", "Upgrade the grader"]),
    "format 0": ("format: 0\nid: quiz\n", 1, ["the format is 0", "Bring the spec"]),
    "format as text": ('format: "one"\nid: quiz\ntitle: Q\n' + EXERCISE + "          - {call: f()}\n", 1, ["`format`"]),
    "format true": ("format: true\nid: quiz\ntitle: Q\n" + EXERCISE + "          - {call: f()}\n", 1, ["`format`"]),
    "key twice": (HEAD + "seed: 1\nseed: 2\n", 5, ["'seed'", "twice"]),
    "a key that is no text": (HEAD + "? [1, 2]\n: 3\n", 4, []),
    "unknown key, near": (HEAD + "sed: 3\n" + EXERCISE + "          - {call: f()}\n", 4, ["`sed`", "did you mean `seed`?"]),
    "unknown key, far": (
        HEAD + "zebra: 3\n" + EXERCISE + "          - {call: f()}\n", 4,
        ["`zebra`", "valid keys: device, diagnosis, exercises, files, fixtures, format, grading, id, limits, master, mistakes, notebook, preload, seed, show_checks, solution"],
    ),
    "unknown key of a limit": (
        HEAD + "limits: {seconds: 3, memmory: 1}\n" + EXERCISE + "          - {call: f()}\n", 4,
        ["`limits.memmory`", "did you mean `memory`?"],
    ),
    "unknown key of an exercise": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    point: 1\n    points: 1\n", 7,
        ["point`", "did you mean `points`?"],
    ),
    "unknown key of a requirement": (
        HEAD + EXERCISE + "          - {call: f()}\n        hidde: true\n", 12, ["hidde`", "did you mean `hidden`?"],
    ),
    "unknown key of a call": (
        HEAD + EXERCISE + "          - call: f()\n            return: 3\n", 12, ["return`", "did you mean `returns`?"],
    ),
    "unknown key of a buffer": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    requirements:\n      - kind: buffers\n"
        "        object: A()\n        buffers:\n          mean:\n            shape: [4]\n            dtyp: int64\n",
        14, ["mean.dtyp`", "did you mean `dtype`?"],
    ),
    "unknown kind": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    requirements:\n"
        "      - object: A(2)\n        kind: modul\n",
        10, ["no kind `modul`", "did you mean `module`?"],
    ),
    "unknown kind, far": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    requirements:\n      - kind: zzz\n",
        9, ["no kind `zzz`", "buffers", "state_dict"],
    ),
    "missing kind": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    requirements:\n      - object: A()\n",
        9, ["kind"],
    ),
    "two exercises of one id": (
        HEAD + "exercises:\n  - {id: one, title: One, points: 1}\n  - {id: two, title: Two, points: 1}\n"
        "  - {id: one, title: Again, points: 1}\n",
        7, ["'one'"],
    ),
    "needs an unknown exercise": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    needs: [zero]\n", 8, ["'zero'"],
    ),
    "needs a later exercise": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    needs: [two]\n"
        "  - {id: two, title: Two, points: 1}\n",
        8, ["'two'", "before it"],
    ),
    "two checks of one name": (
        HEAD + EXERCISE + "          - {call: f()}\n      - kind: function\n        calls:\n          - {call: g()}\n",
        12, ["'call[1]'", "`id`"],
    ),
    "id with a space": ("format: 1\nid: my quiz\ntitle: Quiz\n" + EXERCISE + "          - {call: f()}\n", 2, ["`id`"]),
    **{
        f"{key} that no file can be named, {kind}": (
            f"format: 1\nid: quiz\n{key}: {value}\ntitle: Quiz\n" + EXERCISE + "          - {call: f()}\n", 3,
            [f"`{key}", "no file can have that name"],
        )
        for key in ("master", "notebook", "solution", "fixtures", "files")
        for kind, name in {"long": "9" * 300 + ".ipynb", "in Hangul": "과" * 80 + ".ipynb", "with a NUL": "a\\0.ipynb"}.items()
        for value in [f'["{name}"]' if key == "files" else f'"{name}"']
    },
    "empty title": ('format: 1\nid: quiz\ntitle: ""\n' + EXERCISE + "          - {call: f()}\n", 3, ["`title`", "empty"]),
    "empty Korean title": (
        'format: 1\nid: quiz\ntitle: {en: Quiz, ko: " "}\n' + EXERCISE + "          - {call: f()}\n", 3,
        ["`title`", "empty"],
    ),
    "no points": (HEAD + "exercises:\n  - id: one\n    title: One\n    points: 0\n", 7, ["points`"]),
    "points as a word": (HEAD + "exercises:\n  - id: one\n    title: One\n    points: many\n", 7, ["points`"]),
    "points without end": (HEAD + "exercises:\n  - id: one\n    title: One\n    points: .inf\n"
        "    requirements: [{kind: function, calls: [{call: f()}]}]\n", 7, ["points`"]),
    "a size of elephants": (
        HEAD + "limits: {memory: 1 elephant}\n" + EXERCISE + "          - {call: f()}\n", 4,
        ["`limits.memory`", "'1 elephant' is not a size", "512MiB"],
    ),
    "an exercise without checks": (
        HEAD + EXERCISE + "          - {call: f()}\n  - {id: two, title: Two, points: 1}\n", 12, ["'two'", "check"],
    ),
    "negative seconds": (
        HEAD + "limits:\n  memory: 1GiB\n  seconds: -1\n" + EXERCISE + "          - {call: f()}\n", 6,
        ["`limits.seconds`"],
    ),
    "seconds without end": (
        HEAD + "limits:\n  seconds: .nan\n" + EXERCISE + "          - {call: f()}\n", 5, ["`limits.seconds`"],
    ),
    "negative seed": (HEAD + "seed: -1\n" + EXERCISE + "          - {call: f()}\n", 4, ["`seed`"]),
    "a missing fixtures file": (
        HEAD + "fixtures: nowhere.py\n" + EXERCISE + "          - {call: f()}\n", 4, ["`fixtures`", "nowhere.py"],
    ),
    "requirement without anything to hold": (
        HEAD + "exercises:\n  - id: one\n    title: One\n    points: 1\n    requirements:\n"
        "      - kind: docs\n        object: A()\n",
        9, ["doc_words"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_spec_is_refused_with_its_place(name: str, course: Course, run: Command) -> None:
    text, line, said = MALFORMED[name]
    course.spec(text)
    refused(run, course, line, *said)


# what is wrong with an expression: (the expression, what the message says of it)
EXPRESSIONS = {
    "empty": ("", []),
    "syntax": ("f(1,", ["is not an expression"]),
    "two of them": ("f(1); g(2)", ["is not an expression"]),
    "an assignment": ("x = f()", ["is not an expression"]),
    "no call": ("f", ["is not a call"]),
    "starred": ("f(*args)", ["* and **"]),
    "double starred": ("f(**args)", ["* and **"]),
    "lambda": ("f(lambda x: x)", ["'lambda x: x' is not part of expressions"]),
    "comprehension": ("f([i for i in x])", ["is not part of expressions"]),
    "arithmetic": ("f(1 + 2)", ["'1 + 2' is not part of expressions"]),
    "private attribute": ("f().__class__()", ["is not part of expressions"]),
    "f-string": ("f(f'{x}')", ["is not part of expressions"]),
    "slice": ("f(x[1:2])", ["is not part of expressions"]),
    "unknown dtype": ("f(randn(2, dtype=float31))", ["dtype=float31"]),
    "dtype as a text": ("f(randn(2, dtype='float32'))", ["dtype='float32'"]),
    "maker without its arguments": ("f(randint(5))", ["randint(5) makes no tensor"]),
    "maker with a name": ("f(zeros(n))", ["must be written out as numbers"]),
    "maker with a text": ("f(zeros('a'))", ["makes no tensor"]),
    "maker with a negative size": ("f(randn(-1))", ["makes no tensor"]),
    "ragged tensor": ("f(tensor([[1], [2, 3]]))", ["makes no tensor"]),
    "tensor of texts": ("f(tensor(['a']))", ["makes no tensor of numbers"]),
    "maker with an unknown option": ("f(zeros(2, device='cpu'))", ["zeros does not take device='cpu'"]),
    "starred maker": ("f(randn(*[2, 3]))", ["must be written out as numbers"]),
    "huge tensor": ("f(zeros(1000000000000))", ["makes no tensor"]),
    "null byte": ("f(\0)", ["is not an expression"]),
    "deep nesting": ("f(" + "[" * 300 + "]" * 300 + ")", []),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_bad_expression_is_refused_with_its_place(name: str, course: Course, run: Command) -> None:
    text, said = EXPRESSIONS[name]
    quoted = yaml.safe_dump(text, width=10_000, default_style='"').strip()
    course.spec(HEAD + EXERCISE + f"          - call: g()\n          - call: {quoted}\n")
    refused(run, course, 12, "requirements.0", "calls.1.call`", *said)


@pytest.mark.parametrize("text", ["f(x)", "[randn(2), f()]", "f"])
def test_a_literal_result_that_is_none_is_refused(text: str, course: Course, run: Command) -> None:
    course.spec(HEAD + EXERCISE + f"          - call: g()\n            returns: '{text}'\n")
    refused(run, course, 12, "returns`", "literal")


def test_all_places_are_named_at_once(course: Course, run: Command) -> None:
    course.spec(HEAD + "sed: 3\n" + EXERCISE + "          - {call: f}\n          - {cal: f()}\n")
    message = refused(run, course, 4, "did you mean `seed`?")
    assert "assignment.yaml:12:" in message
    assert "assignment.yaml:13:" in message


def test_what_is_right_is_not_called_wrong(course: Course, run: Command) -> None:
    course.spec(HEAD + EXERCISE + "          - {call: f}\n")
    message = refused(run, course, 11, "is not a call")
    assert "at least 1" not in message
    assert message.count("assignment.yaml:") == 1


def test_a_message_says_no_more_of_the_grader_than_it_must(course: Course, run: Command) -> None:
    course.spec(HEAD + "seed: many\n")
    message = refused(run, course, 4, "`seed`")
    assert not re.search(r"pydantic|ValidationError|https?://", message)


def test_a_place_is_one_piece_in_a_narrow_terminal(
    course: Course, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    course.spec(HEAD + "sed: 3\n")
    ended = run("run", course.quiz, course.write("answer.py", ""))
    assert f"{course.quiz / 'assignment.yaml'}:4:" in ended.err


# -- fixtures and checks


def refused_file(run: Command, course: Course, *said: str) -> None:
    ended = run("run", course.quiz, course.write("answer.py", "def f(): return 1\n"))
    message = f"{ended.out}{ended.err}"
    assert ended.code == 2, message
    assert "Traceback" not in message
    assert "grader/" not in message  # frames of ours
    for part in said:
        assert part in message


ONE = {"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}
OWN = """\
    from grader import check, probe

"""


def test_fixtures_with_a_syntax_error(course: Course, run: Command) -> None:
    course.require(ONE, fixtures="fixtures.py")
    course.write("assignments/quiz/fixtures.py", "x = 1\ndef f(:\n    pass\n")
    refused_file(run, course, "fixtures.py, line 2")


def test_fixtures_of_a_name_that_no_file_has(course: Course, run: Command) -> None:
    course.require(ONE, fixtures="f" * 5000)
    refused(run, course, 5, "`fixtures`")


def test_fixtures_that_are_binary(course: Course, run: Command) -> None:
    course.require(ONE, fixtures="fixtures.py")
    course.write("assignments/quiz/fixtures.py", b"\xff\xfe\x00")
    refused_file(run, course, "fixtures.py")


BROKEN_CHECKS = {
    "a syntax error": ("import grader\n\ndef test_a(:\n    pass\n", ["test_own_", "line 3"]),
    "an import that fails": ("import grader\nimport nowhere_at_all\n", ["test_own_", "2", "nowhere_at_all"]),
    "an error at import": ("from grader import check\n\n1 / 0\n", ["test_own_", "3", "division by zero"]),
    "a check of an unknown exercise": (
        OWN + "    @check(exercise='two')\n    def test_a(observe):\n        pass\n",
        [".py, line", "test_a", "'two'"],
    ),
    "a probe that uses its module": (
        OWN + "    SIZE = 4\n\n    @probe\n    def size(student):\n        return SIZE\n",
        [".py, line 5", "size", "SIZE", "inside the probe"],
    ),
    "a probe that is no plain function": (
        OWN + "    @probe\n    async def size(student):\n        return 1\n", [".py, line 3", "size"],
    ),
    "a test without @check": (
        OWN + "    def test_lonely(observe):\n        pass\n", [".py, line 3", "test_lonely", "@check"],
    ),
    "a test without @check and without fixtures": (
        OWN + "    def test_lonely():\n        assert False\n", [".py, line 3", "test_lonely", "@check"],
    ),
    "a check without points": (
        OWN + "    @check(exercise='one', points=-1)\n    def test_a(observe):\n        pass\n",
        ["test_own_", "points"],
    ),
    "an empty hint": (
        OWN + "    @check(exercise='one', hint=' ')\n    def test_a(observe):\n        pass\n", ["test_own_", "hint"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_CHECKS)
def test_a_broken_check_is_refused_with_its_place(name: str, course: Course, run: Command) -> None:
    text, said = BROKEN_CHECKS[name]
    course.require(ONE)
    course.check(text)
    refused_file(run, course, *said)


# -- what is right stays right


def test_a_spec_with_a_byte_order_mark_and_crlf(course: Course, run: Command) -> None:
    folder = course.require(ONE)
    text = (folder / "assignment.yaml").read_text().replace("\n", "\r\n")
    (folder / "assignment.yaml").write_text("\N{ZERO WIDTH NO-BREAK SPACE}" + text, newline="")
    ended = run("run", folder, course.write("answer.py", "def f(): return 1\n"))
    assert ended.code == 0, ended


def test_dates_and_anchors(course: Course) -> None:
    course.spec(
        HEAD.replace("title: Quiz", "title: 2026-07-01")
        + "exercises:\n  - {id: one, title: &t One, points: 1, requirements: &r [{kind: function, calls: "
        "[{call: f(), returns: '1'}]}]}\n  - {id: two, title: *t, points: 1, requirements: *r}\n"
    )
    report = course.grade("def f(): return 1\n")
    assert report.assignment.title.en == "2026-07-01"
    assert report.earned == 2


def test_a_list_that_is_in_itself(course: Course, run: Command) -> None:
    course.spec(HEAD.replace("title: Quiz", "title: Quiz\nvaries: {n: [1, 2]}\nneeds: &a [*a]") + EXERCISE)
    refused(run, course, 5)


# -- told as a good compiler does

WHOLE = """\
format: 1
id: quiz
title: Quiz
limits: {seconds: 10}
exercises:
  - id: one
    title: One
    points: 2
    hint: Think.
    requirements:
      - kind: function
        calls:
          - {call: "add(2, 3)", returns: "5"}
      - kind: module
        object: Net(4, 3)
        calls:
          - {inputs: ["randn(8, 4)"]}
"""
# name of what is wrong: (what stands there, what stands there instead, line and column, what is said, the line meant)
TOLD = {
    "a comma in braces": (
        '"add(2, 3)"',
        "add(2, 3)",
        "13:27",
        "ends at a comma",
        '- {call: "add(2, 3)", returns: "5"}',
    ),
    "a comma in a list": ('["randn(8, 4)"]', "[randn(8, 4)]", "17:23", "at a comma", '- {inputs: ["randn(8, 4)"]}'),
    "a colon": ("Think.", "Remember: think", "9:19", "a colon with a space", 'hint: "Remember: think"'),
    "an at": ("Think.", "@home", "9:11", "without quotes", 'hint: "@home"'),
    "a percent": ("Think.", "%d is it", "9:11", "without quotes", 'hint: "%d is it"'),
    "a star": ("Think.", "*bold* words", "9:16", "needs quotes", 'hint: "*bold* words"'),
    "a brace": ("Think.", "{x} is a set", "9:15", "needs quotes", 'hint: "{x} is a set"'),
    "a hash": ("Net(4, 3)", "Net(4, #3)", "15:17", "before ` #`", 'object: "Net(4, #3)"'),
    "a tag": ("Think.", "!important", "9:11", "begins with `!`", 'hint: "!important"'),
    "no": ("title: One", "title: no", "7:12", "`no` is true or false", 'title: "no"'),
    "yes in a list of hints": ("Think.", "yes", "9:11", "`yes` is true or false", 'hint: "yes"'),
    "a number": ('"5"', "5", "13:42", "`5` is a number", '- {call: "add(2, 3)", returns: "5"}'),
    "a dict": ('"5"', '{"a": 1}', "13:42", "YAML's own", """- {call: "add(2, 3)", returns: '{"a": 1}'}"""),
    "a tab": ("    points", "\tpoints", "8:1", "a tab", "    points: 2"),
    "too far right": ("    points", "     points", "8:12", "further left or right", "    points: 2"),
    "too far left": ("    points", "   points", "8:4", "further left or right", "    points: 2"),
    "no space behind a colon": ("points: 2", "points:2", "8:5", "a space behind its colon", "points: 2"),
    "no colon": ("{call:", "{call", "13:14", "`call` needs a colon", '{call: "add(2, 3)"'),
    "an open quote": ("title: Quiz", 'title: "Quiz', "3:8", "the quote is not closed", 'title: "Quiz"'),
    "an open bracket": ('"5"}', '"5"', "13:11", "a bracket is not closed", 'returns: "5"}'),
    "a quote in quotes": ("title: Quiz", "title: 'It's'", "3:12", "quotes around all of it", 'title: "It\'s"'),
    "a misspelt key": ("points", "pints", "8:5", "did you mean `points`?", "points: 2"),
    "a misspelt list": ("exercises:", "excercises:", "5:1", "did you mean `exercises`?", "exercises:"),
    "a misspelt kind": ("kind: function", "kind: functon", "11:15", "did you mean `function`?", "- kind: function"),
    "a key that belongs below": ("limits: {seconds: 10}", "seconds: 10", "4:1", "into `limits`", ""),
    "a key that belongs far below": ("hint: Think.", "gradients: true", "9:5", "into `requirements", ""),
    "a key that belongs above": ("hint: Think.", "seed: 3", "9:5", "beside `exercises`", ""),
    "a word for a number": ("points: 2", "points: two", "8:13", "it must be a number", ""),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_mistake_is_told_with_its_line_and_the_line_as_it_was_meant(name: str, course: Course, run: Command) -> None:
    before, after, place, said, meant = TOLD[name]
    assert before in WHOLE
    course.spec(WHOLE.replace(before, after, 1))
    told = refused(run, course, int(place.partition(":")[0]), f"assignment.yaml:{place}: ", said)
    assert told.count("assignment.yaml:") == 1, "nothing is told that only follows"
    assert "^" in told
    changed = [line for line in told.splitlines() if line.startswith("      = ")]
    assert len(changed) == bool(meant)
    assert meant in "".join(changed)
