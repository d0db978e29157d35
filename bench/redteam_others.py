"""What attacks that are plain student code get from nbgrader, otter-grader, check50, and pytest on a script.

    python -m venv others
    others/bin/pip install -c constraints.txt nbgrader otter-grader check50 ipykernel torch pytest psutil
    python bench/redteam_others.py others [NAME...]

It takes most of an hour. What was tried is kept in `build/redteam_others.jsonl`; without that file, all is tried again.
The attacks are those of `tests/attacks` that do not go for parts of this grader. They are put into the notebook of
assignment1, of which each grader has the same 14 exercises, with the same assertions, a point each; an exercise
counts for all of its assertions. Before them, the starter must earn nothing and the solution everything.

Needs root, to give it away: each try runs as nobody, in namespaces of its own, where its processes are all there is
and files cannot be written but on a small disk in memory, with limited processes and memory, for a minute (Linux 6.14).
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from attack_table import AIMS, ATTACKS, SECRET, SOLUTION, Attack, attacked  # noqa: E402 (behind the path to it)

CHECKS = {
    "noise": [f"noise(1, 2, {SECRET}).shape == (1, 2)", "torch.equal(noise(2, 2, 7), noise(2, 2, 7))"],
    "linear": ["MyLinear(4, 3).weight.shape == (3, 4)", "MyLinear(4, 3)(torch.ones(2, 4)).shape == (2, 3)"],
    "sequential": ["torch.equal(make_chain([1, 2, 4])(torch.zeros(2)), torch.full((2,), 7.0))"],
    "module-list": ["len(list(Tower(3, 4).parameters())) == 8", "Tower(3, 2)(torch.ones(1, 3)).shape == (1, 3)"],
    "module-dict": ["len(list(Router(['a', 'b'], 2).parameters())) == 4"],
    "calculator": ["Calculator('add')(torch.tensor(2.0), torch.tensor(3.0)) == 5"],
    "parameters": ["[name for name, _ in Mixed(3).named_parameters()] == ['weight']"],
    "running-mean": ["'mean' in RunningMean(4).state_dict()",
                     "torch.allclose(RunningMean(2).eval()(torch.ones(1, 2)), torch.ones(1, 2))"],
    "walk": ["module_names(nn.Sequential(nn.ReLU())) == ['0']", "count_parameters(nn.Linear(2, 3)) == 9"],
    "describe": ["'factor=2' in repr(Scale(2))", "Scale(2)(torch.tensor(3.0)) == 6"],
    "watch": ["(lambda log, one: (watch(one, log), one(torch.ones(1)), len(log))[-1])([], nn.Identity()) == 2"],
    "postorder": ["postorder(nn.Sequential(nn.ReLU())) == ['ReLU', 'Sequential']"],
    "fill": ["torch.equal(fill_linear(nn.Linear(2, 1), 3).weight, torch.full((1, 2), 3.0))"],
    "gain": ["isinstance(add_gain(nn.Sequential(nn.Linear(1, 1)), 2)[0].gain, nn.Parameter)"],
}  # fmt: skip
KEPT = HERE.parent / "build" / "redteam_others.jsonl"
SECONDS = 60
EACH = 5  # seconds of one cell or check, where a grader has such a limit
MEMORY, FREE = 4 << 30, 3 << 30  # of a process; what must be left to the machine
STARTER_ITSELF = Attack("the starter itself", "forges", ())
SOLUTION_ITSELF = Attack("the solution itself", "forges", (), costs=frozenset())

# What the first cell says: where things are; and a `print` that is heard whatever a grader does with the output.
LISTEN = """
def print(*texts, **options):
    import builtins, os
    builtins.print(*texts, **options)
    said = os.open({path!r}, os.O_WRONLY | os.O_APPEND)
    os.write(said, (" ".join(map(str, texts))[:2000] + chr(10)).encode("utf-8", "replace"))
    os.close(said)
"""


# -- inside: one try


def run(command: list[str], folder: Path) -> None:
    """Run a grader's command; what it says is of no interest, and its time is limited from outside."""
    subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cell(source: str, name: str, marks: dict[str, Any] | None = None) -> dict[str, Any]:
    """A code cell, as nbgrader wants it."""
    made = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source, "id": name}
    if marks is not None:
        common = {"schema_version": 3, "grade_id": name, "locked": False, "task": False, "solution": False}
        made["metadata"] = {"nbgrader": {"grade": False, **common, **marks}}
    return made


def notebook(sources: list[str], tests: bool) -> str:
    """A notebook with the marks of nbgrader, and its tests behind the cells they are about."""
    cells = []
    for number, source in enumerate(sources):
        exercise = source.split("\n")[0].removeprefix("# exercise: ") if source.startswith("# exercise: ") else ""
        marked = exercise in CHECKS
        cells.append(cell(source, exercise if marked else f"cell-{number}", {"solution": True} if marked else None))
        if marked and tests:
            code = "\n".join(f"assert {one}" for one in CHECKS[exercise])
            cells.append(cell(code, f"test-{exercise}", {"grade": True, "locked": True, "points": 1}))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})


def with_nbgrader(programs: Path, home: Path, right: list[str], sources: list[str]) -> dict[str, float]:
    """Points by `nbgrader autograde`."""
    course = home / "course"
    for place, text in (("source", notebook(right, True)), ("submitted/eve", notebook(sources, True))):
        (course / place / "quiz").mkdir(parents=True)
        (course / place / "quiz" / "quiz.ipynb").write_text(text)
    config = f"c.CourseDirectory.root = {str(course)!r}\nc.Execute.timeout = {EACH}\n"
    (course / "nbgrader_config.py").write_text(config)
    run([f"{programs}/nbgrader", "generate_assignment", "quiz", "--force"], course)
    run([f"{programs}/nbgrader", "autograde", "quiz"], course)
    with sqlite3.connect(course / "gradebook.db") as book:
        asked = "select name, coalesce(manual_score, auto_score) from grade join base_cell on cell_id = base_cell.id"
        found = {name.removeprefix("test-"): points for name, points in book.execute(asked)}
    if not found or None in found.values():
        raise ValueError("no grade")
    return {name: float(points) for name, points in found.items()}


def with_otter(programs: Path, home: Path, right: list[str], sources: list[str]) -> dict[str, float]:
    """Points by `otter run`."""
    (home / "tests").mkdir()
    for name, asserted in CHECKS.items():
        code = "".join(f">>> assert {one}\n" for one in asserted)
        suites = [{"cases": [{"code": code, "hidden": False, "locked": False}], "scored": True, "setup": "",
                   "teardown": "", "type": "doctest"}]  # fmt: skip
        test = {"name": name, "points": 1, "suites": suites}
        (home / "tests" / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    run([f"{programs}/otter", "generate", "-t", "tests", "-o", "autograder.zip"], home)
    (home / "own").mkdir()
    (home / "own" / "quiz.ipynb").write_text(notebook(sources, False))
    run([f"{programs}/otter", "run", "quiz.ipynb", "-a", "../autograder.zip", "-o", ".", "--no-logo"], home / "own")
    results = json.loads((home / "own" / "results.json").read_text())
    found = {test["name"]: float(test.get("score") or 0) for test in results["tests"]}
    return {name: next((points for test, points in found.items() if name == test.strip()), 0.0) for name in CHECKS}


def script(sources: list[str]) -> str:
    """The notebook as a script."""
    return "\n\n".join(sources) + "\n"


def with_check50(programs: Path, home: Path, right: list[str], sources: list[str]) -> dict[str, float]:
    """Points by `check50`."""
    (home / "checks").mkdir()
    (home / "checks" / ".cs50.yml").write_text("check50:\n  checks: __init__.py\n")
    text = "import check50\nimport check50.py\nimport torch\nfrom torch import nn\n"
    for name, asserted in CHECKS.items():
        tried = "".join(
            f"    if not eval({one!r}, names):\n        raise check50.Failure({one!r})\n" for one in asserted
        )
        text += (
            f"\n\n@check50.check(timeout={EACH})\ndef {name.replace('-', '_')}():\n    '''{name}'''\n"
            "    names = vars(check50.py.import_('submission.py'))\n" + tried
        )
    (home / "checks" / "__init__.py").write_text(text)
    (home / "own").mkdir()
    (home / "own" / "submission.py").write_text(script(sources))
    options = ["--dev", "--log-level", "warning", "-o", "json", "--output-file", "../results.json"]
    run([f"{programs}/check50", *options, str(home / "checks")], home / "own")
    results = json.loads((home / "results.json").read_text())
    if "results" not in results:
        raise ValueError(f"no results: {str(results)[:300]}")
    return {one["name"].replace("_", "-"): float(one["passed"] is True) for one in results["results"]}


def with_pytest(programs: Path, home: Path, right: list[str], sources: list[str]) -> dict[str, float]:
    """Points by pytest, of tests that import the script."""
    (home / "submission.py").write_text(script(sources))
    text = "import torch\nfrom torch import nn\n\nfrom submission import *\n"
    for name, asserted in CHECKS.items():
        text += f"\n\ndef test_{name.replace('-', '_')}():\n" + "".join(f"    assert {one}\n" for one in asserted)
    (home / "test_submission.py").write_text(text)
    run([f"{programs}/pytest", "-q", "--junitxml=junit.xml", "-p", "no:cacheprovider"], home)
    found = dict.fromkeys(CHECKS, 0.0)
    for case in ElementTree.parse(home / "junit.xml").iter("testcase"):
        name = str(case.get("name")).removeprefix("test_").replace("_", "-")
        if name in found:
            found[name] = float(not any(part.tag in ("failure", "error", "skipped") for part in case))
    return found


GRADERS: dict[str, Callable[[Path, Path, list[str], list[str]], dict[str, float]]] = {
    "nbgrader": with_nbgrader,
    "otter": with_otter,
    "check50": with_check50,
    "pytest": with_pytest,
}


def pick(name: str) -> Attack:
    """An attack, or what is none, by name."""
    return next(one for one in (STARTER_ITSELF, SOLUTION_ITSELF, *ATTACKS) if one.name == name)


def try_one(programs: Path, grader: str, name: str, home: Path) -> dict[str, Any]:
    """What an attack gets from a grader; inside."""
    from attack_place import Place, changed_outside

    attack = pick(name)
    said = home / "said"
    said.touch()
    answer: dict[str, Any] = {"earned": [], "lost": [], "read": [], "left": []}
    (home / "place").mkdir()
    (home / "work").mkdir()
    with Place(home / "place") as place:
        os.environ["TMPDIR"] = str(place.temporary)  # by which processes that are left are found
        cells = attacked(attack.notebook, [attack], place.targets())
        sources = ["".join(one["source"]) for one in cells]
        sources[1] += LISTEN.format(path=str(said))
        right = ["".join(one["source"]) for one in attacked(SOLUTION, [], {})]
        try:
            points = GRADERS[grader](programs, home / "work", right, sources)
        except Exception as error:
            points = {}
            answer["lost"].append(f"no result: {type(error).__name__}: {error}"[:300])
        time.sleep(0.5)
        answer["left"] = [breach.detail[:200] for breach in changed_outside(place) if "scratch" not in breach.detail]
    allowed = attack.may_earn(dict.fromkeys(CHECKS, 1.0))
    if points:
        answer["earned"] = [one for one in CHECKS if points.get(one, 0) > allowed[one]]
        answer["lost"] += [one for one in CHECKS if points.get(one, 0) < allowed[one]]
    lines = said.read_text(errors="replace").splitlines()
    kept = (str(SECRET), *(f"READ {place.path / part}" for part in ("assignments", "solutions", "outside")))
    answer["read"] = sorted({line[:200] for line in lines for one in kept if one in line})
    answer["points"] = sum(points.values())
    return answer


# -- outside: a try's walls


WALLS = """
set -e
echo 2000 > /proc/sys/kernel/pid_max
mount -t tmpfs -o size=600m,nr_inodes=40000,mode=755 tmpfs {scratch}
mkdir -m 777 {scratch}/home
if [ -n "{closed}" ]; then  # where the interpreter is in a folder that nobody may enter, root's own as a rule
    mkdir {scratch}/python
    mount --bind {base} {scratch}/python
    mount -t tmpfs -o mode=755 tmpfs {closed}
    mkdir -p {base}
    mount --bind {scratch}/python {base}
fi
mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm
mount -o remount,bind,ro /
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \\
    prlimit --data={memory} --nofile=1024 --core=0 --nproc=600 --fsize=268435456 \\
    env -i PATH={venv}/bin:/usr/bin:/bin LANG=C.UTF-8 OMP_NUM_THREADS=1 HOME={scratch}/home PYTHONDONTWRITEBYTECODE=1 \\
    {venv}/bin/python {script} --inside {venv} {grader} {name} {scratch}/home
"""


def behind_walls(venv: Path, grader: str, name: str) -> dict[str, Any]:
    """Try an attack where it can do no harm; what it got."""
    start = time.monotonic()
    asked = [str(venv / "bin" / "python"), "-c", "import sys; print(sys.base_prefix)"]
    base = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    closed = next((str(one) for one in reversed(base.parents) if not one.stat().st_mode & 0o001), "")
    with tempfile.TemporaryDirectory(prefix="redteam-") as scratch, tempfile.TemporaryFile() as out:
        places = {
            "scratch": scratch,
            "base": base,
            "closed": closed,
            "venv": venv,
            "script": HERE / "redteam_others.py",
        }
        quoted = {key: shlex.quote(str(value)) if value else "" for key, value in places.items()}
        walls = WALLS.format(**quoted, memory=MEMORY, grader=grader, name=shlex.quote(name))
        command = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--ipc", "sh", "-c", walls]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        ended = _watch(process, start)
        out.seek(0)
        said = out.read().decode(errors="replace").strip()
    try:
        answer: dict[str, Any] = json.loads(said.rpartition("\n")[2])
    except ValueError:
        answer = {"earned": [], "lost": [ended or f"no result: {said[-300:]}"], "read": [], "left": [], "points": 0}
    return answer | {"seconds": time.monotonic() - start}


def _watch(process: subprocess.Popen[bytes], start: float) -> str:
    """Wait for a try; end it where it takes too long, or too much memory. Why it was ended."""
    import psutil

    while process.poll() is None:
        time.sleep(0.2)
        full = psutil.virtual_memory().available < FREE
        why = "out of time" if time.monotonic() - start > SECONDS else "out of memory" if full else ""
        if why:
            for first in psutil.Process(process.pid).children():  # all others of its namespace end with it
                first.kill()
            process.wait()
            return why
    return ""


def line(answer: dict[str, Any]) -> str:
    """One try, for people."""
    got = ((what, ", ".join(map(str, answer[what]))[:160]) for what in ("earned", "lost", "read", "left"))
    said = "; ".join(f"{what}: {text}" for what, text in got if text)
    return (
        f"{answer['grader']:9} {answer['attack']:28} {answer['points']:4.0f} points {answer['seconds']:5.0f} s  {said}"
    )


def table(found: dict[tuple[str, str], dict[str, Any]], attacks: list[Attack]) -> str:
    """A line for each grader: of how many attacks it gave points, gave no whole report, let read, let change."""
    lines = [
        "| | attacks | earn points | stop or spoil the report | read what is secret | change or leave something |",
        "|---|---|---|---|---|---|",
    ]
    for grader in GRADERS:
        some = [found[grader, one.name] for one in attacks]
        counts = [sum(bool(one[what]) for one in some) for what in ("earned", "lost", "read", "left")]
        points = sum(len(one["earned"]) for one in some)
        lines.append(
            f"| {grader} | {len(some)} | {counts[0]} ({points} points) | {counts[1]} | {counts[2]} | {counts[3]} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Try, and print."""
    if sys.argv[1] == "--inside":
        _, _, venv, grader, name, home = sys.argv
        os.chdir(home)
        signal.signal(signal.SIGALRM, lambda *_: os._exit(1))  # should nobody watch any more
        signal.alarm(2 * SECONDS)
        print("\n" + json.dumps(try_one(Path(venv) / "bin", grader, name, Path(home))))
        return 0
    if os.geteuid() != 0:
        sys.exit("This needs root, to build the walls that attacks on other graders are tried behind.")
    venv = Path(sys.argv[1]).absolute()
    attacks = [one for one in ATTACKS if one.portable and one.name in (sys.argv[2:] or [one.name])]
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.touch()
    found = {(one["grader"], one["attack"]): one for one in map(json.loads, KEPT.read_text().splitlines())}
    tries = [(grader, one.name) for one in (STARTER_ITSELF, SOLUTION_ITSELF, *attacks) for grader in GRADERS]
    left = [key for key in tries if key not in found]
    with ThreadPoolExecutor(2) as pool, KEPT.open("a") as kept:
        for key, answer in zip(left, pool.map(lambda key: behind_walls(venv, *key), left), strict=True):
            found[key] = {"grader": key[0], "attack": key[1], **answer}
            print(json.dumps(found[key]), file=kept, flush=True)
    for key in tries:
        print(line(found[key]))
    for grader in GRADERS:
        for one, points in ((STARTER_ITSELF, 0), (SOLUTION_ITSELF, len(CHECKS))):
            answer = found[grader, one.name]
            if answer["points"] != points or any(answer[what] for what in ("earned", "lost", "read", "left")):
                print(f"what is no attack does not pass for that: {line(answer)}")
    print(table(found, attacks))
    for aim in AIMS:
        some = [one for one in attacks if one.aims == aim]
        print(f"\n{aim}\n{table(found, some)}")
    print(f"\n{len(ATTACKS) - len(attacks)} attacks on parts of this grader were not run.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
