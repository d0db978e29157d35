"""Everything that can go wrong on the grader's side of the fence, with its exit code.

A mistake in a student's code is never one of these: it is a failed check.
"""

from __future__ import annotations

import errno


class GraderError(Exception):
    """Base of every error the grader raises on purpose.

    Args:
        message: what happened and where, in one or two sentences.
        advice: what to do next.
    """

    exit_code = 3

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else self.message


class UsageError(GraderError):
    """The command was given something it cannot use (a name, a path, an option)."""

    exit_code = 2


class SpecError(UsageError):
    """An assignment's spec is wrong: the message names file, line and key."""


class SubmissionError(UsageError):
    """The file handed in cannot be read as a notebook or a script."""


class IsolationError(UsageError):
    """Isolation was asked for and this machine cannot give it."""


class BusyError(UsageError):
    """Another command is at work in the same folder."""


class ReferenceFault(GraderError):
    """The solution could not be observed, so there is nothing to compare with."""


class SandboxFault(GraderError):
    """A trusted process of ours (the zygote) failed."""


class SurroundingsFault(GraderError):
    """The machine does not give what is needed: room on the disk, a file, a package. Afterwards, going on works."""


class WireError(GraderError):
    """A frame broke the limits or the form of the wire.

    Raised on the judge's side while it reads from a guest; the judge turns it
    into a failed check, since what a guest sends is the submission's doing.
    """


_EXHAUSTED = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ESTALE, errno.ENOMEM, errno.EMFILE,
    errno.ENFILE,
}  # fmt: skip


def of_the_machine(error: Exception) -> SurroundingsFault | None:
    """What to say of an error that tells that the machine has no more of something, or that its disk fails."""
    if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
        return None
    named = f"{error.filename}: " if error.filename is not None else ""
    return SurroundingsFault(f"{named}{error.strerror}.")
