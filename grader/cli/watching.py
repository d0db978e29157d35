"""Runs `grade watch`, once its options are read: the screen, the keys, and what a save sets off."""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import termios
import threading
import time
import tty
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text
from watchfiles import watch

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.assignment.spec import Exercise
from grader.cli.commands.hint_command import hint_rows, number_to_show
from grader.cli.remembered import remember
from grader.diagnosis.catalogue import catalogue
from grader.errors import GraderError, UsageError
from grader.judging.saves import Broke, Done, Round, Saves, with_checks
from grader.models.message import Said, clean, say, verbatim
from grader.models.report import ExerciseResult, Report
from grader.models.wording import Language
from grader.report.format import Context
from grader.report.formats.html import FORMAT
from grader.report.mistake_pages import explain
from grader.report.outline import UNTOUCHED, Finding, findings, total
from grader.report.watch_view import WatchScreen
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode
from grader.submission.source import read_rows, read_source

STEP, SETTLED = 20, 200
"""Milliseconds without a change after which a save is over, and after which it is in any case."""
LONG = 3.0
"""Seconds after which it is said that cells take long."""
WAITS = 200
"""Milliseconds between two looks whether it is all over."""


class _Quit(Exception):
    """The person has had enough."""


@dataclass
class Watcher:
    """A submission that is worked on.

    Args:
        path: the assignment's folder.
        submission: the file, or a folder with one; the starter that was saved last if None.
    """

    path: Path
    submission: Path | None
    zygote: Zygote
    mode: IsolationMode
    language: Language
    console: Console
    folder: Folder | None = None
    report: Report | None = None
    results: dict[str, ExerciseResult] = field(default_factory=dict)
    before: dict[str, ExerciseResult] = field(default_factory=dict)
    opened: str = ""
    failure: int = 0
    page: int = 0
    beside: RenderableType | None = None
    trouble: Said | None = None
    busy: Said | None = None
    round: Round | None = None
    _working: set[str] = field(default_factory=set)
    _since: float = 0.0
    _saved: tuple[Path, int, int, int] | None = None

    def run(self) -> None:
        """Until the person quits."""
        self.folder = load_assignment(self.path)
        self.opened = self.folder.spec.exercises[0].id
        file = self._file()
        if not file.exists():
            raise UsageError(f"{file} does not exist.", "Give the notebook or script that you work on.")
        with (
            _events(sorted(self._folders(file))) as self._saves,
            _keys(),
            Live(console=self.console, screen=True, auto_refresh=False) as self._live,
        ):
            self.busy = say("starting")
            with suppress(_Quit):
                while True:
                    self._collect()
        if self.report is not None:
            self.console.print(Text(self.language(total(self.report)), style="bold"))

    def _folders(self, file: Path) -> set[Path]:
        assert self.folder is not None
        folders = {self.path.resolve(), file.resolve().parent, (self.path / "checks").resolve()}
        folders |= {beside.parent.resolve() for beside in self.folder.checks}
        return {folder for folder in folders if folder.is_dir()}

    def _collect(self) -> None:
        """Watch until the assignment itself is saved."""
        stamps = self._stamps()
        self._show()
        try:
            with_checks(self.path, self.zygote, self.mode, lambda saves: self._watch(saves, stamps))
        except GraderError as error:
            self.trouble, self.busy = verbatim(clean(str(error))), None
            while self._stamps() == stamps:
                self._show()
                self._wait()

    def _stamps(self) -> list[tuple[str, int]]:
        """What tells that the assignment was saved."""
        files = [self.path / SPEC, *sorted((self.path / "checks").rglob("*.py"))]
        with suppress(GraderError):
            folder = load_assignment(self.path)
            files += [self.path / folder.spec.fixtures] if folder.spec.fixtures else []
        return [(str(file), file.stat().st_mtime_ns) for file in files if file.exists()]

    def _watch(self, saves: Saves, stamps: list[tuple[str, int]]) -> None:
        self.folder, self.busy, self.trouble, self._saved = saves.folder, None, None, None
        ids = [exercise.id for exercise in self.folder.spec.exercises]
        self.results = {name: result for name, result in self.results.items() if name in ids}
        self.opened = self.opened if self.opened in ids else ids[0]
        self._look(saves)
        try:
            while True:
                self._show()
                saved = self._wait()
                if saved and self._stamps() != stamps:
                    return
                if saved:
                    self._look(saves)
                self._take(saves)
        finally:
            self._abandon()

    def _look(self, saves: Saves) -> None:
        """Grade what was saved, if it was."""
        file = self._file()
        try:
            found = file.stat()
        except OSError:
            self.trouble, self._saved = (
                say("{file} is gone; it is graded once it is there again.", file=file.name),
                None,
            )
            self._abandon()
            return
        stamp = (file, found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp == self._saved:
            return
        self._saved = stamp
        self._abandon()
        try:
            self.round = saves.begin(file)
            self.trouble = None
        except GraderError as error:
            first = clean(str(error)).splitlines()[0]
            self.trouble = say("It cannot be graded yet: {said}", said=first)
            return
        if self.round is None:
            return
        self._since = time.monotonic()
        self._working = set(self.round.exercises)
        self.before = {one.id: one for one in self.report.exercises} if self.report else {}
        self.beside, self.page = None, 0
        if self.round.own:
            self.opened, self.failure = self.round.own[0], 0

    def _take(self, saves: Saves) -> None:
        """Take what has come of a save."""
        while self.round is not None and self.round.connection.poll():
            came = self.round.receive()
            if isinstance(came, ExerciseResult):
                self.results[came.id] = came
                self._working.discard(came.id)
                continue
            if isinstance(came, Done):
                saves.settle(self.round, came)
                self.report = came.report
                assert self.folder is not None
                assert self._saved is not None
                remember(self.folder, self._saved[0], came.report, os.environ, if_changed=True)
                self.results = {result.id: result for result in came.report.exercises}
                self._open_what_fails(self.round.own)
            else:
                assert isinstance(came, Broke)
                self.trouble = say("Grading failed, and this is not your mistake: {said}", said=came.detail)
            self._abandon()

    def _open_what_fails(self, changed: tuple[str, ...]) -> None:
        """Of several exercises that changed, open one that is not right; in the beginning, the first that is begun."""
        opened = self.results.get(self.opened)
        if opened is None or opened.status == "full" or not self.before:
            among = [self.results[name] for name in changed] if self.before else list(self.results.values())
            left = [one for one in among if one.status != "full"]
            begun = [one for one in left if one.status not in UNTOUCHED]
            self.opened = next((one.id for one in [*begun, *left]), self.opened)

    def _abandon(self) -> None:
        if self.round is not None:
            self.round.end()
        self.round, self._working = None, set()

    def _file(self) -> Path:
        assert self.folder is not None
        return self.folder.answer_in(self.submission) if self.submission else self.folder.saved_last

    # -- the screen

    def _show(self) -> None:
        assert self.folder is not None
        spec = self.folder.spec
        shown = WatchScreen(
            title=spec.title,
            file=self._file().name,
            titles={exercise.id: exercise.title for exercise in spec.exercises},
            results=self.results,
            working=frozenset(self._working),
            before=self.before,
            opened=self.opened,
            failure=self.failure,
            page=self.page,
            trouble=self.trouble,
            busy=self._busy(),
            beside=self.beside,
            language=self.language,
        )
        self._live.update(shown, refresh=True)

    def _busy(self) -> Said | None:
        """What is being done, where that is not just grading."""
        if self.round is None or self.folder is None:
            return self.busy
        if not self._working:
            return say("naming mistakes")
        late = next(one.id for one in self.folder.spec.exercises if one.id in self._working)
        is_late = time.monotonic() - self._since > LONG
        return say("{exercise}: a cell or a check takes long", exercise=late) if is_late else self.busy

    def _wait(self) -> bool:
        """Wait until something happens; whether something was saved. Keys are dealt with."""
        came = [sys.stdin.fileno(), self._saves, *([self.round.connection] if self.round else [])]
        ready, _, _ = select.select(came, [], [], LONG if self.round else None)
        if sys.stdin.fileno() in ready:
            for key in os.read(sys.stdin.fileno(), 64).decode(errors="ignore") or "q":
                self._press(key)
        return self._saves in ready and bool(os.read(self._saves, 1 << 12))

    # -- the keys

    def _press(self, key: str) -> None:
        self.page = self.page + 1 if key == " " else 0
        match key:
            case "n" | "p":
                self._turn(1 if key == "n" else -1)
            case "h":
                self._hint()
            case "e":
                self._explain()
            case "o":
                self._open_page()
            case "q" | "\x04":
                raise _Quit
            case "\x1b":
                self.beside = None

    def _turn(self, by: int) -> None:
        """Go to the next failure of all, or to the one before."""
        self.beside = None
        places = [
            (name, place)
            for name, result in self.results.items()
            for place in range(0 if result.status in UNTOUCHED else len(findings(result)))
        ]
        if not places:
            return
        order = {name: place for place, name in enumerate(self.results)}
        here = order.get(self.opened, 0), self.failure
        ahead = [
            one for one in places if ((order[one[0]], one[1]) > here if by > 0 else (order[one[0]], one[1]) < here)
        ]
        self.opened, self.failure = (ahead or places)[0 if by > 0 else -1]

    def _exercise(self) -> Exercise:
        assert self.folder is not None
        return self.folder.spec.exercise(self.opened)

    def _finding(self) -> Finding | None:
        result = self.results.get(self.opened)
        failures = findings(result) if result else []
        return failures[min(self.failure, len(failures) - 1)] if failures else None

    def _hint(self) -> None:
        exercise = self._exercise()
        if not exercise.hints:
            self._say(say("This exercise has no hints."))
            return
        assert self.folder is not None
        try:
            number = number_to_show(self.folder, exercise)
        except UsageError as error:
            self._say(verbatim(str(error)))
            return
        last = number == len(exercise.hints)
        after = say("There are no more hints.") if last else say("h shows the next hint.")
        rows = hint_rows(exercise, number, self.language)
        self.beside = Group(rows, Text(self.language(after), style="dim"))

    def _explain(self) -> None:
        finding = self._finding()
        assert self.folder is not None
        known = {mistake.id: mistake for mistake in (*catalogue(), *self.folder.spec.mistakes)}
        mistake = known.get(finding.diagnosis.id) if finding and finding.diagnosis else None
        if mistake is None:
            self._say(say("No mistake is named here."))
        else:
            self.beside = explain([mistake], self.language)

    def _open_page(self) -> None:
        """Write the report as a page, and have a browser show it, if there is one that has a window of its own."""
        if self.report is None:
            return
        file = self._file()
        context = Context(
            self.language, read_source(file), os.environ, datetime.now(UTC), os.path.relpath(file), read_rows(file)
        )
        page = Path(tempfile.gettempdir(), f"grade-{os.getuid()}-{self.report.submission.sha256[:16]}.html")
        page.unlink(missing_ok=True)
        with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(FORMAT.text(self.report, context))
        with _quiet():
            in_terminal = type(webbrowser.get()).__name__ == "GenericBrowser" if _has_browser() else True
            opened = not in_terminal and webbrowser.open(page.as_uri())
        self._say(say("The page is at {place}", place=str(page)) if not opened else say("The page is in the browser."))

    def _say(self, said: Said) -> None:
        self.beside = Text(self.language(said), style="yellow")


def _has_browser() -> bool:
    with suppress(webbrowser.Error):
        webbrowser.get()
        return True
    return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing that is started here writes over the screen."""
    kept = [os.dup(1), os.dup(2)]
    with open(os.devnull, "w") as nothing:
        for number in (1, 2):
            os.dup2(nothing.fileno(), number)
        try:
            yield
        finally:
            for number, stream in zip((1, 2), kept, strict=True):
                os.dup2(stream, number)
                os.close(stream)


@contextmanager
def _keys() -> Iterator[None]:
    """Keys come one by one, and do not show."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextmanager
def _events(folders: list[Path]) -> Iterator[int]:
    """A pipe with a byte for each save of a file in some folders, and for each change of the terminal's size."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    over = threading.Event()

    def tell(*_: object) -> None:
        with suppress(OSError):
            os.write(theirs, b".")

    def follow() -> None:
        for _ in watch(
            *folders, step=STEP, debounce=SETTLED, rust_timeout=WAITS, recursive=False, stop_event=over,
            watch_filter=_matters,
        ):  # fmt: skip
            tell()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    before = signal.signal(signal.SIGWINCH, tell)
    try:
        yield ours
    finally:
        signal.signal(signal.SIGWINCH, before)
        over.set()
        thread.join()
        os.close(ours)
        os.close(theirs)


def _matters(_: object, name: str) -> bool:
    return not Path(name).name.endswith(("~", ".swp", ".tmp"))


def watch_submission(
    path: Path, submission: Path | None, zygote: Zygote, mode: IsolationMode, language: Language
) -> None:
    """Grade a submission at each save, on a screen of its own.

    Raises:
        UsageError: where there is no terminal, or no such file.
    """
    console = Console(highlight=False)
    if not (console.is_terminal and sys.stdin.isatty()):
        raise UsageError("`grade watch` needs a terminal.", "`grade ASSIGNMENT` grades once, anywhere.")
    Watcher(path, submission, zygote, mode, language, console).run()
