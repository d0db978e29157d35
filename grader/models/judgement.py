"""What a person says of an exercise: the rubric it is judged by, and what was given for it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import Field, model_validator

from grader.models.message import Text
from grader.models.model import Model

MAX_COMMENT = 10_000
"""Characters of a comment: no more are read as Markdown."""
MAX_BONUS = 1_000.0


class RubricItem(Model):
    """One thing that a person looks for.

    Attributes:
        id: by which it is remembered that it was chosen; if not given, made of the English text.
        points: that it gives; less than 0 for what it takes off.
    """

    id: str = Field(default="", pattern=r"^([A-Za-z0-9][\w-]*)?$")
    text: Text
    points: float

    @property
    def key(self) -> str:
        return self.id or hashlib.sha256(self.text.en.encode()).hexdigest()[:12]


class Judgement(Model):
    """What somebody said of one student's exercise, or of a whole submission. Nothing of it changes; more may be said.

    Attributes:
        items: keys of the rubric's items that apply.
        points: given in place of what rubric or checks come to.
        bonus: added to that; less than 0 takes off.
        comment: for the student, in Markdown.
        reason: why points are others than rubric or checks say; for those who grade.
        done: whether it is judged; before, an exercise that a person grades has no points.
        sha256: of the submission that was looked at.
        author, time: who said it, and when.
        revision: how often something was said of it, from 1.
    """

    items: tuple[str, ...] = ()
    points: float | None = Field(default=None, ge=0)
    bonus: float = Field(default=0.0, ge=-MAX_BONUS, le=MAX_BONUS)
    comment: str = Field(default="", max_length=MAX_COMMENT)
    reason: str = Field(default="", max_length=MAX_COMMENT)
    done: bool = False
    sha256: str = ""
    author: str = ""
    time: datetime | None = None
    revision: int = 0

    @property
    def says_something(self) -> bool:
        """Whether anything of it is for an exercise that only checks grade."""
        return self.points is not None or bool(self.bonus or self.comment)

    def says_as(self, other: Judgement, whoever: bool = False) -> bool:
        """Whether another one says the same, by the same person or by whoever it may be."""
        apart = {"time", "revision", "author"} if whoever else {"time", "revision"}
        return self.model_dump(exclude=apart) == other.model_dump(exclude=apart)


class Manual(Model):
    """The part of an exercise that a person grades.

    Attributes:
        points: that it is worth.
        rubric: what gives points, from 0 on; where nothing gives any, what takes some off, from all on.
    """

    points: float = Field(gt=0)
    rubric: tuple[RubricItem, ...] = ()

    @model_validator(mode="after")
    def _rubric_fits(self) -> Manual:
        keys = [item.key for item in self.rubric]
        if twice := [key for key in keys if keys.count(key) > 1]:
            item = next(item for item in self.rubric if item.key == twice[0])
            raise ValueError(f"two items are {item.id or item.text.en!r}; give each an `id` of its own")
        if self.gives and sum(item.points for item in self.rubric if item.points > 0) < self.points:
            raise ValueError(f"no choice of items comes to all of the {self.points:g} points")
        return self

    @property
    def gives(self) -> bool:
        """Whether items give points, and do not only take off."""
        return any(item.points > 0 for item in self.rubric)

    def given(self, said: Judgement) -> float | None:
        """The points that a person gave; None where it is not judged yet."""
        if not said.done:
            return None
        if said.points is not None:
            return min(said.points, self.points)
        chosen = sum(item.points for item in self.rubric if item.key in said.items)
        return min(max(chosen + (0.0 if self.gives else self.points), 0.0), self.points)

    def asks_again(self, said: Judgement) -> bool:
        """Whether it was judged by items that the rubric has no more."""
        return not {item.key for item in self.rubric}.issuperset(said.items)
