"""The pytest plugin: every check of a spec is an item, beside the instructor's own tests.

It is registered where an assignment is collected; see `grader.pytest_plugin`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.assignment import SPEC
from grader.assignment.fixture_words import in_words
from grader.assignment.folder import Folder
from grader.assignment.master import place_in_master
from grader.assignment.numbering import WORD, with_ids
from grader.assignment.plain_checks import has_blocks, is_plain, line_in, named_exercise, read_plain
from grader.assignment.spec import Exercise
from grader.errors import GraderError, ReferenceFault, UsageError
from grader.judging.api import Asker, Maker
from grader.judging.endings import over_limit
from grader.judging.evidence import facts_of
from grader.judging.judge import CheckFailed, judge
from grader.judging.plain import Plain
from grader.judging.reporting import NeedUnmet, make_result
from grader.judging.session import Judged, Session, draw_seed
from grader.models.limits import Limits
from grader.models.message import Localized, Said, joined, say
from grader.models.report import CheckResult
from grader.models.wording import four_parts
from grader.processor_time import TooLong
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check, Requirement
from grader.sandbox.support import refuse_without

SESSION = pytest.StashKey[Session]()
ASKER = pytest.StashKey[Asker]()
PLACE = pytest.StashKey[int]()
OWN = pytest.StashKey[bool]()
_OPERATORS = ("and", "or", "not")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "check(exercise, points, hint, hidden): a check of an assignment")
    if SESSION not in config.stash:
        path, mode, seed = (config.getoption(name) for name in ("--submission", "--isolation", "--seed"))
        if config.getoption("--marks"):
            refuse_without(mode)
            seed = draw_seed() if seed is None else seed
        session = Session(path, mode, selection=config.getoption("-k") or None, seed=seed)
        config.stash[SESSION] = session
        config.add_cleanup(session.close)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--marks"):
        terminalreporter.write_line(f"Graded for marks; --seed {config.stash[SESSION].seed} grades so again.")


class SpecFile(pytest.File):
    """An `assignment.yaml`."""

    def collect(self) -> Iterator[pytest.Collector]:
        try:
            grading = self.config.stash[SESSION].grading(self.path.parent)
        except GraderError as error:
            raise self.CollectError(str(error)) from error
        for exercise in grading.folder.spec.exercises:
            yield ExerciseNode.from_parent(self, name=exercise.id, exercise=exercise, folder=grading.folder)
        if made := grading.folder.made_checks:
            yield PlainFile.from_parent(self, path=self.path.parent / "checks" / made.name, made=made)


class ExerciseNode(pytest.Collector):
    """One exercise of a spec."""

    def __init__(self, exercise: Exercise, folder: Folder, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exercise = exercise
        self._folder = folder

    def collect(self) -> Iterator[pytest.Item]:
        for requirement in self.exercise.requirements:
            for check in requirement.checks(self._folder.spec.seed):
                told = self._told(check, requirement)
                node = f"{self.nodeid}::{check.name}"
                yield SpecItem.from_parent(self, name=check.name, nodeid=node, exercise=self.exercise, check=told)

    def _told(self, check: Check, requirement: Requirement) -> Check:
        """A check with what the spec says of it elsewhere: the exercise's hint, and a fixture's words for its call."""
        hinted = replace(check, hint=self._first_hint(requirement))
        code = str(check.called)
        words = in_words(code, self._folder.fixtures)
        return replace(hinted, called=joined([words]), code=code) if words else hinted

    def _first_hint(self, requirement: Requirement) -> Said | None:
        """The hint to begin with, and how to see another one."""
        steps = requirement.hint or self.exercise.hint
        if len(steps) < 2 or requirement.hidden:
            return steps[0] if steps else None
        command = f"grade hint {self._folder.spec.id} {self.exercise.id}"
        if self.config.stash[SESSION].in_notebook:
            command = f"%hint {self.exercise.id}"
        return say("{hint} Another hint: `{command}`.", hint=steps[0], command=command)


class SpecItem(pytest.Item):
    """One check of a spec."""

    def __init__(self, exercise: Exercise, check: Check, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exercise = exercise
        self.check = check

    def runtest(self) -> None:
        session = self.config.stash[SESSION]
        grading = session.grading(self.path.parent)
        skip_unmet_needs(session, self.exercise)
        judge(grading, self.exercise.id, self.check)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CheckFailed):
            return four_parts(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.exercise.id}::{self.name}"


class PlainFile(pytest.File):
    """A file of plain checks.

    Args:
        made: where it is, if it is made of the cells of a master.
    """

    def __init__(self, made: Path | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._made = made

    def collect(self) -> Iterator[pytest.Item]:
        try:
            grading = self.config.stash[SESSION].grading(self.path.parent.parent)
            folder = grading.folder
            ids = [exercise.id for exercise in folder.spec.exercises]
            place = None
            if self._made and folder.master:
                place = place_in_master(self._made.read_text(encoding="utf-8"), folder.master.name)
            elif self._is_imported(ids):
                return
            checks = read_plain(self._made or self.path, ids, place)
        except GraderError as error:
            raise self.CollectError(str(error)) from error
        modules = (folder.spec.id, folder.solution.stem, folder.notebook.stem, "solution", "submission", "student")
        defined = frozenset(name for exercise in ids for name in grading.references.defines(exercise))
        for check in checks:
            plain = Plain(check, place or line_in(Path(self.path.name)), modules, defined)
            node = f"{self.nodeid}::{check.exercise}::{check.name}"
            yield PlainItem.from_parent(self, name=check.name, nodeid=node, plain=plain)

    def _is_imported(self, ids: list[str]) -> bool:
        """Whether it is only there for checks to import."""
        named = self.path.stem.startswith("test") or named_exercise(self.path, ids) is not None
        return not (named or has_blocks(self.path.read_text(encoding="utf-8")))


class PlainItem(pytest.Item):
    """One plain check."""

    def __init__(self, plain: Plain, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plain = plain
        check = plain.check
        mark = pytest.mark.check(
            exercise=check.exercise, points=check.points, hidden=check.hidden, hint=check.hint, title=check.title,
            called=None,
        )  # fmt: skip
        self.add_marker(mark)

    def setup(self) -> None:
        make_asker(self)  # anew for each submission

    def runtest(self) -> None:
        self.plain.judge(self.stash[ASKER])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, GraderError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, self.plain.check.line - 1, f"{self.plain.check.exercise}::{self.name}"


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> PlainFile | None:
    """A file of plain checks is not imported: it uses names that only a submission has."""
    return plain_file(module_path, parent)


def plain_file(path: Path, parent: pytest.Collector) -> PlainFile | None:
    """The file as one of plain checks, if it is one."""
    if path.parent.name != "checks" or not (path.parent.parent / SPEC).is_file() or path.name == "conftest.py":
        return None
    plain = is_plain(path.read_text(encoding="utf-8", errors="replace"))
    return PlainFile.from_parent(parent, path=path) if plain else None


def skip_unmet_needs(session: Session, exercise: Exercise) -> None:
    for need in exercise.needs:
        if session.passed(need) is False:
            raise NeedUnmet(need)


# -- the instructor's own tests


def _is_own(item: pytest.Item) -> bool:
    """Whether a test stands in an assignment's `checks/`; it is asked some times of each test, for each submission."""
    if OWN not in item.stash:
        item.stash[OWN] = item.path.parent.name == "checks" and (item.path.parent.parent / SPEC).is_file()
    return item.stash[OWN]


def _own_check(item: pytest.Item) -> pytest.Mark | None:
    """The mark of an instructor's check."""
    return item.get_closest_marker("check") if _is_own(item) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    mark = _own_check(item)
    if mark is not None:
        item.extra_keyword_matches.add(mark.kwargs["exercise"])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring each exercise's checks together, and see that every own test belongs to one."""
    session = config.stash[SESSION]
    own = [item for item in items if _is_own(item)]
    try:
        for item in own:
            spec = session.grading(item.path.parent.parent).folder.spec
            mark = item.get_closest_marker("check")
            if mark is None:
                raise UsageError(f"{_place(item)}: {item.name} has no @check, so it belongs to no exercise.")
            if mark.kwargs["exercise"] not in [exercise.id for exercise in spec.exercises]:
                raise UsageError(
                    f"{_place(item)}: {item.name} belongs to the exercise {mark.kwargs['exercise']!r}, "
                    "which the spec does not have."
                )
    except GraderError as error:
        raise pytest.UsageError(str(error)) from error
    if session.folder is not None:
        order = {exercise.id: place for place, exercise in enumerate(session.folder.spec.exercises)}
        items.sort(key=lambda item: order.get(exercise_of(item) or "", len(order)))
        for place, item in enumerate(items):
            item.stash[PLACE] = place
        if config.option.keyword:
            session.selection = config.option.keyword = with_ids(config.option.keyword, session.folder.spec)
        _take_ids_exactly(config, items, order)


def _take_ids_exactly(config: pytest.Config, items: list[pytest.Item], order: dict[str, int]) -> None:
    """Have an exercise's id in `-k` stand for that exercise alone; to pytest, it is a part of any name.

    A number that is no exercise's stands for none.
    """
    exact = {name: f"/{place}/{name}/" for name, place in order.items() if name not in _OPERATORS}
    for item in items:
        item.extra_keyword_matches.update(word for name, word in exact.items() if name == exercise_of(item))
    config.option.keyword = WORD.sub(
        lambda word: exact.get(word[0], f"//{word[0]}" if word[0].isdecimal() else word[0]), config.option.keyword
    )


def _place(item: pytest.Item) -> str:
    return f"{item.path}, line {(item.location[1] or 0) + 1}"


def exercise_of(item: pytest.Item) -> str | None:
    """The exercise a check belongs to."""
    if isinstance(item, SpecItem):
        return item.exercise.id
    mark = _own_check(item)
    return mark.kwargs["exercise"] if mark else None


def _waits_for_all(item: pytest.Item, needed: set[str]) -> bool:
    """Whether a check is hidden, and no other exercise is skipped when it fails."""
    mark = _own_check(item)
    hidden = item.check.hidden if isinstance(item, SpecItem) else mark is not None and mark.kwargs["hidden"]
    return bool(hidden) and exercise_of(item) not in needed


def pytest_runtestloop(session: pytest.Session) -> None:
    """Before pytest's own loop, put all questions at once; hidden ones come last, when nothing more is shown."""
    if not (session.config.option.collectonly or session.testsfailed):
        given = session.config.stash[SESSION]
        _prefetch(given, session.items)
        if given.folder is not None:
            needed = {need for exercise in given.folder.spec.exercises for need in exercise.needs}
            session.items = sorted(session.items, key=lambda item: _waits_for_all(item, needed))


def _prefetch(session: Session, items: list[pytest.Item]) -> None:
    """Put the questions of some checks: they are answered while the first ones are judged."""
    grading = session.started
    if grading is not None:
        grading.waits |= {exercise_of(item) or "" for item in items if not isinstance(item, (SpecItem, PlainItem))}
        found = [(item.exercise.id, item.check) for item in items if isinstance(item, SpecItem)]
        questions = [(e, check.question, check.hidden, check.reference) for e, check in found]
        for plain in (item.plain for item in items if isinstance(item, PlainItem)):
            exercise, program = plain.check.exercise, plain.programs[0]
            questions.append((exercise, program.question, plain.check.hidden, True))
            grading.made[exercise] = tuple(dict.fromkeys((*grading.made.get(exercise, ()), *program.made.made)))
        if session.one_failure_is_enough:  # which is likely, and then its diagnosis is wanted
            questions += [(e.id, facts_of(grading, e), False, False) for e in grading.folder.spec.exercises]
        grading.prefetch(questions)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Bound what the judge does for a check: a submission's answer may be made to take long, or much memory."""
    if exercise_of(item) is None:
        return (yield)
    try:
        with item.config.stash[SESSION].judging.spend():
            try:
                return (yield)
            except (AssertionError, Failure, CheckFailed):
                asker = None if isinstance(item, PlainItem) else item.stash.get(ASKER, None)  # the solution passes that
                said = asker.fails_on_the_solution(item.runtest) if asker is not None else ""
                if not said:
                    raise
            raise ReferenceFault(
                f"The solution does not pass {exercise_of(item)}::{item.name}: {said}",
                "Correct the check or the solution.",
            )
    except TooLong:
        observed = say("to judge this one takes too long")
    except MemoryError:
        observed = say("to judge this one takes too much memory")
    failure = Failure(say("an answer that can be judged"), observed)
    raise CheckFailed(item.check.called, failure, item.check.hint) if isinstance(item, SpecItem) else failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    exercise = exercise_of(item)
    if exercise is not None and (call.when == "call" or (call.when == "setup" and call.excinfo)):
        session = item.config.stash[SESSION]
        if isinstance(item, SpecItem):
            check = item.check
            judged = make_result(f"{exercise}::{item.name}", call, check.hint, check.hidden, called=check.called)
            weight = check.weight
        else:
            mark = _own_check(item)
            assert mark is not None
            hint = mark.kwargs["hint"]
            judged = make_result(
                f"{exercise}::{item.name}",
                call,
                hint,
                mark.kwargs["hidden"],
                asker=item.stash.get(ASKER, None),
                points=mark.kwargs["points"],
                title=mark.kwargs["title"] or _title(item),
            )
            weight = None
            if judged.outcome == "failed":
                report.longrepr = four_parts(judged)
        session.judged.append(Judged(exercise, item.stash[PLACE], judged, weight))
        if session.one_failure_is_enough and judged.outcome == "failed":
            _hurry(session, judged, item.session)
    return report


def _hurry(session: Session, failed: CheckResult, running: pytest.Session) -> None:
    """After a failure: no copies, which cost as much as all else, nor checks that would be stopped as late."""
    grading = session.started
    assert grading is not None
    grading.asks_again = False
    if is_stopped(failed, grading.folder.spec.limits):
        running.shouldstop = "a check was stopped"


def is_stopped(result: CheckResult, limits: Limits) -> bool:
    """Whether a check failed since the submission was stopped at it."""
    return result.observed == over_limit("time", limits)


def _title(item: pytest.Item) -> str:
    doc = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip().splitlines()
    return doc[0] if doc else item.name.removeprefix("test_").replace("_", " ")


@pytest.fixture
def asker(request: pytest.FixtureRequest) -> Asker:
    """Puts probes to the submission and to the solution; see `observe` and `reference`."""
    return make_asker(request.node)


def make_asker(item: Any) -> Asker:
    """What puts the questions of an instructor's test."""
    mark = _own_check(item)
    if mark is None:
        raise pytest.UsageError(f"{item.nodeid} has no @check, so it belongs to no exercise")
    session = item.config.stash[SESSION]
    grading = session.grading(item.path.parent.parent)
    exercise = grading.folder.spec.exercise(mark.kwargs["exercise"])
    skip_unmet_needs(session, exercise)
    hint: Localized | None = mark.kwargs["hint"]
    asker = Asker(grading, exercise.id, item.name, hint, mark.kwargs["called"], mark.kwargs["hidden"])
    asker.test = item.runtest
    item.stash[ASKER] = asker
    return asker


@pytest.fixture
def observe(asker: Asker) -> Any:
    """`observe(probe, *args)`: what the probe brings back from the submission."""
    return asker.observe


@pytest.fixture
def reference(asker: Asker) -> Any:
    """`reference(probe, *args)`: what the probe brings back from the solution."""
    return asker.reference


def _maker(name: str) -> Any:
    @pytest.fixture(name=name)
    def make(asker: Asker, request: pytest.FixtureRequest) -> Maker:
        maker = Maker(name, asker.grading.folder.spec.seed, request.node.name)
        asker.makers.append(maker)
        return maker

    make.__doc__ = f"`{name}(...)`: a seeded tensor."
    return make


randn, rand, randint = _maker("randn"), _maker("rand"), _maker("randint")
