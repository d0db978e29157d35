"""A page packed into a small one that unpacks itself: a class of thousands has a page for each."""

from __future__ import annotations

import base64
import hashlib
import zlib
from importlib.resources import files

from markupsafe import Markup

from grader.models.wording import Language
from grader.report.formats.html import environment


def pack_page(page: str, title: str, language: Language) -> str:
    """A page in a fifth of its size. Nothing in it runs, packed or not: a script of ours is the only one that may."""
    script = files("grader.report").joinpath("templates/packed.js").read_text(encoding="utf-8")
    return environment().get_template("packed.html.j2").render(
        code=language.code,
        title=title,
        content=base64.b64encode(zlib.compress(page.encode(), 9)).decode(),
        script=Markup(script),
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip
