"""The judge's end of a guest: whatever comes, in whatever order, costs that guest its answers, and never the judge."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from messages import FROM_GUEST, announced, frame, tagged
from mutated import ODD, mutated, spoiled
from observed import SENT
from pydantic import TypeAdapter

from grader import wire
from grader.guest.timing import Clock
from grader.judging.answers import Answers
from grader.models.cells import Cell, Submission
from grader.models.limits import Limits
from grader.models.observation import Answer
from grader.protocol import Ask, Copy, GoOn, Job
from grader.requirements.requirement import Probe, Question
from grader.sandbox import guest as judges_end
from grader.sandbox.guest import Guest, Progress, State, Surroundings, Ticket

CELLS = tuple(
    Cell(number=number, source="", filename=f"<cell {number}>", exercises=(exercise,), text="")
    for number, exercise in enumerate(("one", "two"), 1)
)
SUBMISSION = Submission(name="answer.ipynb", sha256="", cells=CELLS)
AROUND = Surroundings(SUBMISSION, Limits(), 0, "", readable=[], data=None, isolation="none")
ENDS = {0: ["one"], 1: ["two"]}


class Pretence:
    """A zygote that forks nothing: a test is what its guests are.

    Attributes:
        guests: their ends of the sockets.
    """

    def __init__(self) -> None:
        self.control, self._theirs = socket.socketpair()
        self.guests: list[socket.socket] = []

    def start(self, *arguments: Any) -> tuple[int, int]:
        self.guests.append(arguments[-1].dup())
        return len(self.guests), os.getpid()

    def end(self, number: int) -> int:
        return 0

    def kill(self, number: int, pid: int) -> None:
        pass

    def passed_limits(self, number: int) -> list[Any]:
        return []

    def close(self) -> None:
        for sock in (self.control, self._theirs, *self.guests):
            sock.close()


class Talk:
    """A guest of two cells, in each of which an exercise ends; it waits after the second."""

    def __init__(self, now: SimpleNamespace) -> None:
        self._now = now
        self.zygote = Pretence()
        self.tickets = [new_ticket(exercise) for exercise in ("one", "one", "two")]
        clock = Clock(10, 120)
        self.guest = Guest(self.zygote, AROUND, Progress(), clock, ENDS, self.tickets, waits=["two"])  # type: ignore[arg-type]

    def say(self, data: bytes) -> None:
        """Have the judge read something."""
        with suppress(OSError):  # it has hung up
            self.zygote.guests[0].sendall(data)
        if self.guest.state is not State.GONE:
            self.guest.read()

    def tell(self, tag: str, blob: bytes = b"", **keys: Any) -> None:
        self.say(frame({"tag": tag, **FROM_GUEST[tag], **keys}, blob))

    def answer(self, number: int, value: Any = 1, blob: bytes = b"") -> None:
        self.say(frame({"tag": "answered", "number": number, "value": value, "warned": [], "changed": False}, blob))

    def wait(self, seconds: float) -> None:
        """Say nothing for some time, in which the judge looks at the clock."""
        if self.guest.state is not State.GONE:
            self.guest.turn_to()
            then = self._now.monotonic() + seconds
            self._now.monotonic = lambda: then
            self.guest.check_deadline()
            self.guest.turn_away()

    def ask(self) -> None:
        """Have the judge ask one more question, as it does where a guest waits."""
        self.tickets.append(new_ticket("two"))
        if self.guest.in_place:
            self.guest.ask(self.tickets[-1])
        else:
            self.guest.ask_copy(self.tickets[-1:])

    @property
    def number(self) -> int:
        """Of the question that the judge wants answered next."""
        return self.guest._batch[0] if self.guest._batch else 1

    def sent(self) -> list[tuple[dict[str, Any], bytes]]:
        """What the judge has said since."""
        while self.guest.writes:
            self.guest.write()
        return list(wire.Reader().feed(self.zygote.guests[0].recv(1 << 16)))


@contextmanager
def talking() -> Iterator[Talk]:
    now = SimpleNamespace(monotonic=lambda: 0.0)
    with mock.patch.object(judges_end, "time", now):
        talk = Talk(now)
        try:
            yield talk
        finally:
            talk.guest.close()
            talk.zygote.close()


def new_ticket(exercise: str) -> Ticket:
    return Ticket(exercise, source="", function="observe", arguments={"dict": []}, blob=b"")


def to_the_end_of(exercise: str, talk: Talk, **keys: Any) -> None:
    """Run the cells, and answer what was asked before."""
    talk.tell("cell_started", cell=0)
    talk.tell("cell_ran", cell=0)
    talk.tell("reached", exercises=["one"], waiting=False)
    if exercise == "two":
        talk.answer(1)
        talk.answer(2)
        talk.tell("cell_started", cell=1)
        talk.tell("cell_ran", cell=1)
        talk.tell("reached", exercises=["two"], **keys)


def test_an_honest_guest_is_listened_to() -> None:
    with talking() as talk:
        to_the_end_of("two", talk)
        talk.answer(3, [3])
        assert talk.guest.state is State.WAITING
        talk.ask()
        talk.answer(4, {"tuple": [4]})
        talk.guest.go_on()
        talk.tell("finished")
        assert talk.guest.state is State.FINISHED
        assert [ticket.answer and ticket.answer.value for ticket in talk.tickets] == [1, 1, [3], (4,)]


def test_an_honest_copy_is_listened_to() -> None:
    with talking() as talk:
        to_the_end_of("two", talk, in_place=False)
        talk.ask()
        talk.tell("copying")
        talk.answer(4, 5)
        talk.tell("copy_ended", status=0)
        assert talk.guest.state is State.WAITING
        assert talk.tickets[-1].answer == Answer(value=5)


def test_what_the_judge_says_is_of_the_protocol() -> None:
    with talking() as talk:
        (job, *asks) = talk.sent()
        to_the_end_of("two", talk, in_place=False)
        talk.ask()
        talk.tell("copy_ended")
        talk.guest.go_on()
        said = [job, *asks, *talk.sent()]
        kinds = [Job, Ask, Ask, Ask, Copy, Ask, GoOn]
        for (header, _), kind in zip(said, kinds, strict=True):
            assert TypeAdapter(kind).validate_python(header, strict=True) == header


OUT_OF_PLACE: dict[str, tuple[str, dict[str, Any]]] = {
    # what is wrong with it: (the exercise at whose end the guest says it, or none; message)
    "a cell that there is not": ("", {"tag": "cell_started", "cell": 2}),
    "a cell before the first": ("", {"tag": "cell_started", "cell": -1}),
    "the end of a cell that did not begin": ("", {"tag": "cell_ran"}),
    "a time that is none": ("cell", {"tag": "cell_ran", "seconds": float("nan")}),
    "a time below zero": ("cell", {"tag": "cell_ran", "seconds": -1.0}),
    "an exception without a type": ("cell", {"tag": "cell_ran", "raised": {"message": "no"}}),
    "the end of no exercise": ("", {"tag": "reached", "exercises": []}),
    "the end of an exercise that there is not": ("", {"tag": "reached", "exercises": ["three"]}),
    "the ends of two, which end apart": ("", {"tag": "reached", "exercises": ["one", "two"]}),
    "one end twice": ("", {"tag": "reached", "exercises": ["one", "one"]}),
    "an end again": ("behind one", {"tag": "reached", "exercises": ["one"]}),
    "an answer to nothing": ("", {"tag": "answered"}),
    "an answer to a later question": ("one", {"tag": "answered", "number": 2}),
    "a value of no kind": ("one", {"tag": "answered", "raised": None, "value": {"pickle": 1}}),
    "a warning of three parts": ("one", {"tag": "answered", "warned": [["a", "b", "c"]]}),
    "a copy that was not asked for": ("two", {"tag": "copying"}),
    "the end of a copy that was not asked for": ("two", {"tag": "copy_ended"}),
    "a copy of no process": ("copy", {"tag": "copying", "pid": 0}),
    "a copy of a group of processes": ("copy", {"tag": "copying", "pid": -1}),
    "a copy of a number that no process has": ("copy", {"tag": "copying", "pid": 1 << 70}),
    "the end before the questions": ("one", {"tag": "finished"}),
    "a message of the zygote": ("", {"tag": "ended", "guest": 1, "status": 0}),
}


@pytest.mark.parametrize("name", OUT_OF_PLACE)
def test_what_is_out_of_place_is_the_end_of_a_guest(name: str) -> None:
    place, message = OUT_OF_PLACE[name]
    full = {**FROM_GUEST.get(message["tag"], {}), **message}
    with talking() as talk:
        if place == "cell":
            talk.tell("cell_started")
        elif place == "behind one":
            to_the_end_of("one", talk)
            talk.answer(1)
            talk.answer(2)
        elif place:
            to_the_end_of("two" if place == "copy" else place, talk, in_place=place != "copy")
        if place == "copy":
            talk.ask()
        assert talk.guest.state is not State.GONE
        talk.say(frame({key: value for key, value in full.items() if value is not None}))
        for _ in range(3):
            talk.wait(20)
        assert talk.guest.lost is not None
        assert talk.guest.lost.to == "wire"


# -- whatever comes

SPOILED = spoiled(
    b"".join(map(frame, tagged(FROM_GUEST))), [announced(2, 0), announced(1 << 20, 1 << 20), b"{}", b"\xff"]
)
STEPS = st.lists(
    st.one_of(
        *[st.tuples(st.just("fits"), st.integers(0, 11))] * 4,
        st.tuples(st.just("says"), st.sampled_from(tagged(FROM_GUEST)).flatmap(mutated).map(frame)),
        st.tuples(st.just("says"), st.binary(max_size=40) | SPOILED | ODD.map(frame)),
        st.tuples(st.just("answers"), SENT),
        st.tuples(st.just("waits"), st.sampled_from([0.1, 1.0, 6.0, 12.0, 60.0])),
    ),
    max_size=16,
)


def what_fits(talk: Talk, choice: int) -> None:
    """One of the things that an honest guest, or the judge, does in the state that a guest is in."""
    guest = talk.guest
    match guest.state:
        case State.BETWEEN if choice % 3 == 0:
            talk.tell("cell_started", cell=choice % 2)
        case State.BETWEEN if choice == 1:
            talk.tell("finished")
        case State.BETWEEN:
            exercise = "two" if "one" in guest.passed else "one"
            talk.tell("reached", exercises=[exercise], waiting=exercise == "two", in_place=choice > 6)
        case State.RUNNING:
            talk.tell("cell_ran", cell=guest.cell)
        case State.ANSWERING:
            talk.answer(talk.number)
        case State.COPYING:
            (talk.answer(talk.number) if choice % 3 else talk.tell(["copying", "copy_ended"][choice % 2]))
        case State.WAITING:
            talk.ask() if choice > 2 else guest.go_on()


@given(steps=STEPS)
def test_whatever_a_guest_does_is_no_error_of_the_judge(steps: list[tuple[str, Any]]) -> None:
    with talking() as talk:
        for what, how in steps:
            match what:
                case "fits":
                    what_fits(talk, how)
                case "says":
                    talk.say(how)
                case "answers":
                    talk.answer(talk.number, *how)
                case "waits":
                    talk.wait(how)
        talk.zygote.guests[0].close()
        if talk.guest.state is not State.GONE:
            talk.guest.read()
        assert talk.guest.state is State.GONE
        assert talk.guest.lost is not None
        assert all(ticket.answer is None or isinstance(ticket.answer, Answer) for ticket in talk.tickets)


TRANSCRIPT: list[dict[str, Any]] = [
    {"tag": "cell_started", "cell": 0},
    {"tag": "cell_ran", "cell": 0, "seconds": 0.1, "output": "", "passed_over": []},
    {"tag": "reached", "exercises": ["one"], "waiting": False, "in_place": True, "threads": False},
    {"tag": "answered", "number": 1, "value": 1, "warned": [], "changed": False},
    {"tag": "cell_started", "cell": 1},
    {"tag": "cell_ran", "cell": 1, "seconds": 0.1, "output": "", "passed_over": []},
    {"tag": "reached", "exercises": ["two"], "waiting": False, "in_place": True, "threads": False},
    {"tag": "answered", "number": 2, "value": [2], "warned": [], "changed": False},
    {"tag": "finished"},
]
WHOLE = b"".join(map(frame, TRANSCRIPT))


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise where it takes longer, also in the middle of a wait."""

    def late(*_: object) -> None:
        raise TimeoutError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Talkative(Pretence):
    """Its guests read their job, say what they have to say, and hang up."""

    def __init__(self, says: bytes) -> None:
        super().__init__()
        self._says = says
        self._threads: list[threading.Thread] = []

    def start(self, *arguments: Any) -> tuple[int, int]:
        started = super().start(*arguments)
        self._threads.append(threading.Thread(target=self._live, args=[self.guests[-1]], daemon=True))
        self._threads[-1].start()
        return started

    def _live(self, sock: socket.socket) -> None:
        with suppress(OSError):
            wire.receive(sock)
            sock.sendall(self._says)
            sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for thread in self._threads:
            thread.join()
        super().close()


def answers_of(says: bytes, seconds: float = 2) -> list[Answer]:
    """What the judge makes, in so many seconds, of guests that say this, with a question about each exercise."""
    zygote = Talkative(says)
    answers = Answers(zygote, AROUND, ["one", "two"])  # type: ignore[arg-type]
    questions = [(exercise, Question(Probe("observe", ""), {"of": exercise})) for exercise in ("one", "two")]
    try:
        with at_most(seconds):
            answers.prefetch([(*question, False) for question in questions])
            found = [answers.answer(*question) for question in questions]
            answers.cells()
            return found
    finally:
        answers.close()
        zygote.close()


def test_a_guest_that_says_all_it_should_has_answered() -> None:
    assert [answer.value for answer in answers_of(WHOLE)] == [1, [2]]


@pytest.mark.parametrize("size", [0, 100, len(WHOLE) - 1])
def test_guests_that_hang_up_are_not_waited_for(size: int) -> None:
    assert len(answers_of(WHOLE[:size], seconds=0.9)) == 2


FUZZED = (
    mutated(TRANSCRIPT).map(lambda messages: b"".join(map(frame, messages)))
    | spoiled(WHOLE, [announced(2, 0), announced(1 << 20, 1 << 20), b"{}", b"\xff" * 8])
    | st.tuples(st.integers(0, len(TRANSCRIPT)), ODD, st.binary(max_size=20)).map(
        lambda odd: b"".join([*map(frame, TRANSCRIPT[: odd[0]]), frame(odd[1], odd[2]), *map(frame, TRANSCRIPT)])
    )
)


@pytest.mark.slow
@settings(max_examples=300, phases=[Phase.generate])  # smaller examples of a hang take as long
@given(says=FUZZED)
def test_no_guest_holds_the_judge_up(says: bytes) -> None:
    for answer in answers_of(says):
        assert isinstance(answer, Answer)
