"""What to say of a cell or an answer that ended otherwise than it should."""

from __future__ import annotations

from grader.guest.timing import HURRIED
from grader.models.limits import Limits, readable
from grader.models.message import Message, say, verbatim
from grader.models.observation import Lost, Raised
from grader.models.wording import unmet
from grader.requirements.compare import Failure


def raised_failure(raised: Raised, wanted: Message, limits: Limits) -> Failure:
    """An exception of student code, or the limit that ended it, where something else was wanted."""
    if raised.limit:
        return Failure(wanted, over_limit(raised.limit, limits))
    if raised.lacks == "gpu":
        return Failure(wanted, unmet(raised), say("Choose the device by torch.cuda.is_available(), or use the CPU."))
    said = ": ".join(filter(None, (raised.type, _first_lines(raised.message))))
    return Failure(wanted, say("{said} ({why})", said=said, why=unmet(raised)) if raised.lacks else verbatim(said))


def _first_lines(message: str) -> str:
    lines = message.strip().splitlines()
    return "\n".join(lines[:3]) + ("\n…" if len(lines) > 3 else "")


def over_limit(limit: str, limits: Limits) -> Message:
    """The text of a limit that was reached, with the limit in it."""
    match limit:
        case "time":
            return say("stopped after {seconds} s", seconds=f"{limits.seconds:g}")
        case "probes_time":
            return say(
                "stopped after {seconds} s, since what was asked before took more than {together} s together",
                seconds=f"{min(limits.seconds, HURRIED):g}",
                together=f"{limits.notebook_seconds:g}",
            )
        case "memory":
            return say("it needed more memory than the limit of {limit}", limit=readable(limits.memory))
        case "processes":
            return say("it started more processes than the limit of {limit}", limit=limits.processes)
    return say("it wrote more to disk than the limit of {limit}", limit=readable(limits.disk))


def lost_text(lost: Lost, limits: Limits) -> Message:
    """Why no answer came."""
    match lost.to:
        case "notebook_time":
            return say("the notebook was stopped after {seconds} s", seconds=f"{limits.notebook_seconds:g}")
        case "time" | "probes_time" | "memory" | "processes" | "disk":
            return over_limit(lost.to, limits)
        case "crash":
            return say("its process ended without an answer ({detail})", detail=lost.detail)
        case "unanswered":
            return say("this exercise has no cell")
        case "wire":
            return say("its answer could not be read: {detail}", detail=lost.detail)
    return say("the notebook never got to the end of this exercise's cells")
