"""What a submission answers. The solution is a submission like any other.

One guest runs the cells, and answers in place where each exercise ends. Hidden questions, and
those that did not come out right there, are answered from a clean state: by copies of another
guest that runs the same cells and stops where the exercise ends. No process lives beside the
one that is asked a hidden question but others of the kind. A guest that hangs or dies is
replaced by one that leaves out the cell or the question that did it.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterable

from grader.guest.timing import Clock
from grader.models.cells import Cell, Submission
from grader.models.observation import Answer, CellRun, Lost
from grader.requirements.requirement import Question
from grader.sandbox.client import Zygote
from grader.sandbox.guest import Guest, Progress, State, Surroundings, Ticket

Key = tuple[str, str]
"""Exercise, and digest of the question."""
NEVER = -1.0
"""No cells are so quick that a clean guest answers in place."""


class Answers:
    """Puts questions to the states in which the exercises of a submission end.

    Args:
        zygote: forks the guests.
        around: the submission, and what its guests have in common.
        exercises: ids; one ends where its last own cell does, or with the notebook.
        waits: exercises about which more will be asked than is known from the start.
        together: seconds that all questions may take; what the assignment's limits say if None.

    Attributes:
        asked: the questions that were put, each with its exercise.
    """

    def __init__(
        self,
        zygote: Zygote,
        around: Surroundings,
        exercises: Iterable[str],
        waits: Iterable[str] = (),
        together: float | None = None,
    ) -> None:
        self._zygote = zygote
        self._around = around
        self._ends = _ends(around.submission, exercises)
        self._waits = set(waits)
        self._clock = Clock(around.limits.seconds, together or around.limits.notebook_seconds)
        self._progress = Progress()
        self._main: Guest | None = None
        self._over: Lost | None = None
        self._clean: dict[bool, Guest] = {}
        self._tickets: dict[Key, Ticket] = {}
        self._hidden: set[Key] = set()
        self._clean_tickets: dict[Key, Ticket] = {}
        self._settled_at_start = -1
        self.asked: list[tuple[str, Question]] = []

    def prefetch(self, questions: Iterable[tuple[str, Question, bool]]) -> None:
        """Put questions (exercise, question, whether it is hidden), and begin, so that they are answered meanwhile."""
        for exercise, question, hidden in questions:
            self._ticket(exercise, question, hidden)
        self._keep_going()

    def answer(self, exercise: str, question: Question, hidden: bool = False) -> Answer:
        """What the submission answers, in the state the exercise ended in."""
        ticket = self._ticket(exercise, question, hidden)
        while ticket.answer is None:
            if (exercise, question.digest) in self._hidden:
                self.cells()  # whatever they may still show
                self._ask_clean(ticket, hidden=True)
            else:
                self._advance(ticket)
        if ticket.touched:
            return self.clean_answer(exercise, question)
        return ticket.answer

    def answer_again(self, exercise: str, question: Question) -> Answer | None:
        """The same from a state in which nothing was asked before; None if the first answer was such a one."""
        ticket = self._tickets[exercise, question.digest]
        first = ticket.answer
        assert first is not None
        ended = first.lost.to if first.lost else first.raised.limit if first.raised else None
        # What was stopped in a hurry, or never reached, would be so again.
        if ended in ("probes_time", "notebook", "unanswered") or (
            ticket.clean and not (ticket.threads and first.raised)
        ):
            return None
        return self.clean_answer(exercise, question)

    def clean_answer(self, exercise: str, question: Question) -> Answer:
        """What the submission answers in a state in which nothing was asked before."""
        key = (exercise, question.digest)
        ticket = self._clean_tickets.get(key)
        if ticket is None:
            ticket = self._clean_tickets[key] = _new_ticket(exercise, question)
            self._ask_clean(ticket, hidden=key in self._hidden)
        assert ticket.answer is not None
        if ticket.answer.raised and ticket.threads:  # what runs beside may have raised it; a copy has one thread
            again = _new_ticket(exercise, question)
            self._ask_clean(again, hidden=key in self._hidden, copy=True)
            if again.answer is not None and again.answer.good:
                ticket.answer = again.answer
        return ticket.answer

    def cells(self) -> tuple[CellRun, ...]:
        """Wait until all cells have run; what happened in each."""
        while self._over is None:
            self._keep_going()
            main = self._main
            if self._over is not None or main is None or main.state is State.FINISHED:
                break
            self._leave(main)
            self._pump()
        return tuple(run for _, run in self.cells_so_far())

    def cells_so_far(self) -> list[tuple[Cell, CellRun]]:
        """The cells that have run, with what happened in them."""
        cells = self._around.submission.cells
        return [(cells[index], run) for index, run in sorted(self._progress.cells.items())]

    def close(self) -> None:
        """End the guests."""
        for guest in (self._main, *self._clean.values()):
            if guest is not None:
                guest.close()

    # -- the guest that counts

    def _ticket(self, exercise: str, question: Question, hidden: bool) -> Ticket:
        key = (exercise, question.digest)
        if key not in self._tickets:
            self._tickets[key] = _new_ticket(exercise, question)
            self.asked.append((exercise, question))
            if exercise in self._around.submission.unanswered:
                self._tickets[key].answer = Answer(lost=Lost(to="unanswered"))
            if hidden:
                self._hidden.add(key)
        return self._tickets[key]

    def _keep_going(self) -> None:
        """Start the guest that counts, or another in its place."""
        if self._over is not None or (self._main is not None and self._main.state is not State.GONE):
            return
        if self._main is not None:
            assert self._main.lost is not None
            if self._main.lost.to == "notebook_time":
                self._over = self._main.lost
            elif self._settled() == self._settled_at_start:  # another one would come no further
                self._over = Lost(to="notebook")
            if self._over is not None:
                return
        self._settled_at_start = self._settled()
        open_ = [t for key, t in self._tickets.items() if t.answer is None and key not in self._hidden]
        self._main = Guest(
            self._zygote, self._around, self._progress, self._clock, self._ends, asked=open_, waits=self._waits
        )

    def _settled(self) -> int:
        """What is known so far: a guest that is lost has brought something if this has grown."""
        return len(self._progress.skipped) + sum(ticket.answer is not None for ticket in self._tickets.values())

    def _advance(self, ticket: Ticket) -> None:
        """Bring a question nearer to its answer."""
        self._keep_going()
        main = self._main
        if self._over is not None or main is None:
            ticket.answer = Answer(lost=self._over or Lost(to="notebook"))
        elif main.holds(ticket):
            self._leave(main)
            self._pump()
        elif main.state is State.WAITING and ticket.exercise in main.here:
            if main.in_place:
                main.ask(ticket)
            else:
                main.ask_copy(self._open(ticket.exercise))
        elif ticket.exercise in main.passed:
            self._ask_clean(ticket, hidden=False)
        elif main.state is State.FINISHED:
            ticket.answer = Answer(lost=Lost(to="notebook"))
        else:
            self._leave(main)
            self._pump()

    def _leave(self, main: Guest) -> None:
        """Have it go on to another exercise, where it waits; what is still open here is answered first."""
        if main.state is State.WAITING:
            open_ = [] if main.in_place else [ticket for exercise in main.here for ticket in self._open(exercise)]
            if open_:
                main.ask_copy(open_)
            else:
                main.go_on()

    def _open(self, exercise: str) -> list[Ticket]:
        """The questions about an exercise that are open."""
        tickets = (ticket for key, ticket in self._tickets.items() if key not in self._hidden)
        return [ticket for ticket in tickets if ticket.exercise == exercise and ticket.answer is None]

    # -- clean guests

    def _ask_clean(self, ticket: Ticket, hidden: bool, copy: bool = False) -> None:
        """Have a question answered where nothing was asked before: by a copy, unless other threads would be missed."""
        self._part(hidden)
        main = self._main
        if main is not None and not hidden and ticket.exercise in main.here and not main.in_place:
            while main.state is State.COPYING:
                self._pump()
        if main is not None and not hidden and main.stays_clean(ticket.exercise):
            guest = main
        else:
            found = self._clean_at(ticket.exercise, hidden)
            if isinstance(found, Lost):
                ticket.answer = Answer(lost=found)
                return
            guest = found
        if guest.in_place and not copy:
            guest.ask(ticket)
        else:
            guest.ask_copy([ticket])
        while ticket.answer is None and guest.state is not State.GONE:
            self._pump()
        if ticket.answer is None:
            ticket.answer = Answer(lost=guest.lost or Lost(to="notebook"))

    def _part(self, hidden: bool) -> None:
        """End what could tell of a hidden question where answers are shown: by locks, for example."""
        for guest in (self._clean.pop(not hidden, None), self._main if hidden else None):
            if guest is not None:
                guest.retire()

    def _clean_at(self, exercise: str, hidden: bool) -> Guest | Lost:
        """A guest in the state in which an exercise ends, or why there is none."""
        guest = self._clean.get(hidden)
        used = guest is not None and guest.in_place and guest.waiting and exercise in guest.here
        if guest is None or guest.state is State.GONE or used or exercise in guest.passed - set(guest.here):
            if guest is not None:
                guest.close()
            everything = [one for ending in self._ends.values() for one in ending]
            progress = Progress(skipped=set(self._progress.skipped))
            guest = self._clean[hidden] = Guest(
                self._zygote, self._around, progress, self._clock, self._ends, waits=everything, quick=NEVER
            )
        while not (guest.state is State.WAITING and exercise in guest.here):
            if guest.state is State.WAITING:
                guest.go_on()
            if guest.state in (State.FINISHED, State.GONE):
                return guest.lost or Lost(to="notebook")
            self._pump()
        return guest

    def _pump(self) -> None:
        """Wait until something happens, and deal with it."""
        guests = [g for g in (self._main, *self._clean.values()) if g is not None and g.lives]
        for guest in guests:
            guest.turn_to()
        deadline = min((g.deadline for g in guests if g.deadline is not None), default=time.monotonic() + 1)
        ready, writable, _ = select.select(
            [self._zygote.control, *(g.sock for g in guests)],
            [g.sock for g in guests if g.writes],
            [],
            max(0.0, deadline - time.monotonic()),
        )
        for guest in guests:
            for limit in self._zygote.passed_limits(guest.number):  # first, since it explains what ends
                guest.strike(limit)
            if guest.sock in writable:
                guest.write()
            if guest.sock in ready:
                guest.read()
            guest.check_deadline()
            guest.turn_away()


def _new_ticket(exercise: str, question: Question) -> Ticket:
    data, blob = question.encoded
    return Ticket(exercise, question.probe.source, question.probe.name, data, blob)


def _ends(submission: Submission, exercises: Iterable[str]) -> dict[int, list[str]]:
    """Which exercises end after which cell; those without cells at the very end (-1)."""
    last = {exercise: index for index, cell in enumerate(submission.cells) for exercise in cell.exercises}
    ends: dict[int, list[str]] = {}
    for exercise in exercises:
        if exercise not in submission.unanswered:
            ends.setdefault(last.get(exercise, -1), []).append(exercise)
    return ends
