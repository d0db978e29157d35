"""What judge, zygote and guest say to each other: every message, by its tag.

    judge -> zygote    preload, clone, start, kill, end
    zygote -> judge    ready, started, over, ended
    judge -> guest     job, ask, copy, go_on
    guest -> judge     cell_started, cell_ran, reached, copying, answered, copy_ended, finished

A message is the header of a frame (`grader.wire`); values travel in `ask` and `answered`,
their tensors in the frame's blob. Both ends use this file, so it knows neither torch nor
pydantic. The judge validates whatever it gets (`grader.sandbox.incoming`).
"""

from __future__ import annotations

from typing import (
    Any,
    Literal,
    NotRequired,  # pydantic wants its own before Python 3.12
)

from typing_extensions import TypedDict

Limit = Literal["processes", "memory", "disk"]
"""What all processes of a guest together may use no more of."""
Lacks = Literal["package", "network", "gpu", "program", "magic", "answer"]
"""What student code wanted and did not get: a package that is not here, an answer to `input()`, and so on."""

# -- judge -> zygote


class Preload(TypedDict):
    """Import modules, for all guests to come."""

    tag: Literal["preload"]
    modules: list[str]


class Clone(TypedDict):
    """Fork a zygote for another judge, whose end of a socket comes along."""

    tag: Literal["clone"]
    sockets: Literal[1]


class Start(TypedDict):
    """Fork a guest, whose end of a socket comes along.

    Attributes:
        readable: what it may read; `data` as well, which its folder has a link to.
        files: copied into its folder: their paths, by the names that they get.
    """

    tag: Literal["start"]
    guest: int
    limits: dict[str, Any]
    readable: list[str]
    data: str | None
    files: dict[str, str]
    isolation: str
    sockets: Literal[1]


class Kill(TypedDict):
    """Kill one process of a guest: a copy."""

    tag: Literal["kill"]
    guest: int
    pid: int


class End(TypedDict):
    """Kill all processes of a guest, and remove what it wrote."""

    tag: Literal["end"]
    guest: int


# -- zygote -> judge


class Ready(TypedDict):
    """Torch is imported."""

    tag: Literal["ready"]
    torch: str


class Started(TypedDict):
    """A guest is forked."""

    tag: Literal["started"]
    guest: int
    pid: int


class Over(TypedDict):
    """A guest has passed a limit, and what it had started is killed."""

    tag: Literal["over"]
    guest: int
    limit: Limit


class Ended(TypedDict):
    """A guest is gone.

    Attributes:
        status: of its first process, as `waitpid` gives it.
    """

    tag: Literal["ended"]
    guest: int
    status: int


# -- judge -> guest


class JobCell(TypedDict):
    """A cell to run.

    Attributes:
        index: its place among all cells; -1 stands for the notebook's end.
        skipped: it is not to run again, since it took a process down.
        ends: exercises whose last cell it is.
        owners: exercises that own it.
        binds: the names that its source binds, each with the lines of the statement, first and last; if it has owners.
    """

    index: int
    number: int | None
    source: str
    filename: str
    skipped: bool
    ends: list[str]
    owners: list[str]
    binds: dict[str, list[int]]


class Job(TypedDict):
    """What a guest is to do: run cells, and answer questions where an exercise ends.

    Attributes:
        questions: how many `ask` frames follow at once; each is answered in place where its exercise ends.
        waits: exercises at whose end more will be asked: the guest stays there until it is told to go on.
        quick: seconds that the cells may have taken, all together, for questions to be answered in place. After
            more, the guest waits to be told to answer in copies, since to run the cells again would take long.
        spent: seconds that questions have taken before; and how many they may take `together`.
        modules: names of the files in its folder that frames of a traceback may be in.
        borrowed: names of each exercise that are another one's answer, and so are not defined for it.
        script: the name of the submission's file, if it is a script.
        any_device: whether what asks for a GPU runs on the CPU.
        writes_data: whether cells may write below `data`, which is a copy then.
    """

    tag: Literal["job"]
    cells: list[JobCell]
    modules: list[str]
    borrowed: dict[str, list[str]]
    script: str | None
    any_device: bool
    writes_data: bool
    seed: int
    fixtures: str
    seconds: float
    together: float
    spent: float
    output: int
    questions: int
    waits: list[str]
    quick: float


class Ask(TypedDict):
    """A question: the source of a probe, the name of its function, and its arguments."""

    tag: Literal["ask"]
    number: int
    exercise: str
    source: str
    function: str
    arguments: Any
    seed: int


class Copy(TypedDict):
    """Fork a copy, which answers the `ask` frames that follow, and is gone.

    Attributes:
        spent: seconds that questions have taken before.
    """

    tag: Literal["copy"]
    questions: int
    spent: float


class GoOn(TypedDict):
    """Nothing more will be asked here."""

    tag: Literal["go_on"]


# -- guest -> judge


class CellStarted(TypedDict):
    """A cell begins to run."""

    tag: Literal["cell_started"]
    cell: int


class CellEnded(TypedDict):
    """A cell has run.

    Attributes:
        passed_over: exceptions of statements that wanted what is not here. The cell went on after them.
    """

    tag: Literal["cell_ran"]
    cell: int
    seconds: float
    output: str
    passed_over: list[dict[str, Any]]
    raised: NotRequired[dict[str, Any]]


class Reached(TypedDict):
    """The last cell of some exercises has run.

    Attributes:
        waiting: whether the guest stays here until it is told to go on.
        in_place: whether it answers here what was asked with the job.
        threads: whether other threads run, which a copy would not have.
    """

    tag: Literal["reached"]
    exercises: list[str]
    waiting: bool
    in_place: bool
    threads: bool


class Copying(TypedDict):
    """A copy is at work."""

    tag: Literal["copying"]
    pid: int


class Answered(TypedDict):
    """What a question brought: a value, or an exception of student code.

    Attributes:
        changed: whether later cells can see that something was asked.
    """

    tag: Literal["answered"]
    number: int
    value: NotRequired[Any]
    raised: NotRequired[dict[str, Any]]
    warned: list[list[str]]
    changed: bool


class CopyEnded(TypedDict):
    """The copy is gone, with this status, as `waitpid` gives it."""

    tag: Literal["copy_ended"]
    status: int


class Finished(TypedDict):
    """All cells have run."""

    tag: Literal["finished"]


FromGuest = CellStarted | CellEnded | Reached | Copying | Answered | CopyEnded | Finished
FromZygote = Ready | Started | Over | Ended
ToZygote = Preload | Clone | Start | Kill | End
