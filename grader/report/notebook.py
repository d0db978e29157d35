"""A submission's cells as HTML, through nbconvert's filters; nothing a student wrote can act in a page.

nbconvert's own templates are not used: they take over a notebook's outputs and the HTML in its texts, and
their `sanitize_html` shows headings and lists as tags. Here raw HTML in Markdown is escaped by the parser,
and outputs are never looked at.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Any

from markupsafe import Markup
from mistune import HTMLRenderer

from grader.import_without import GRAMMAR_OF_IRIS, import_without

with import_without(GRAMMAR_OF_IRIS):
    from nbconvert.filters.highlight import Highlight2HTML
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

MAX_MARKDOWN = 10_000
"""Characters of a text that is parsed; some take time that grows with the square of its length."""

MAX_LINE = 300
"""Characters of a line of code in a cell that is coloured: what that takes grows with the square of them."""


class _Inert(IPythonRenderer):
    """Markdown without what acts or is fetched: HTML, scripts in links, diagrams, images."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)

    def block_mermaidjs(self, code: str) -> str:
        return HTMLRenderer.block_code(self, code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return f'<span class="image">{escape(text or title or "")}</span>'


@lru_cache(maxsize=512)  # a class shares the texts of its starter notebook
def markdown(text: str) -> Markup:
    """A text in Markdown."""
    if len(text) > MAX_MARKDOWN:
        return _reachable(f"<pre>{escape(text)}</pre>")
    try:
        return _reachable(MarkdownWithMath(renderer=_Inert()).render(text))
    except Exception:  # whatever a text brings a parser to: it is shown as it is
        return _reachable(f"<pre>{escape(text)}</pre>")


@lru_cache(maxsize=512)
def code(text: str, line: int = 1, marked: tuple[int, ...] = ()) -> Markup:
    """Python, coloured where no line is very long, with line numbers.

    Args:
        line: number of its first line.
        marked: numbers of the lines that stand out.
    """
    dropped = len(text) - len(text.lstrip("\n"))  # the lexer drops blank lines at the beginning
    options: dict[str, Any] = {
        "linenos": "inline",
        "linenostart": line + dropped,
        "hl_lines": [number - line - dropped + 1 for number in marked],
    }
    language = "text" if max(map(len, text.split("\n"))) > MAX_LINE else "ipython3"
    try:
        return _reachable(Highlight2HTML(language, extra_formatter_options=options)(text))
    except Exception:
        return _reachable(f"<pre>{escape(text)}</pre>")


def _reachable(page: str) -> Markup:
    """With code that the keyboard can scroll."""
    return Markup(page.replace("<pre>", '<pre tabindex="0">'))
