"""What a student is shown as HTML among the outputs of a notebook: the report, and how the points grew."""

from __future__ import annotations

from grader.assignment.spec import Assignment
from grader.models.message import Message
from grader.models.progress import Attempts
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.formats.html import environment, told_in_page, troubled
from grader.report.outline import UNTOUCHED, findings, remarks, total
from grader.report.progress_view import ShownProgress


def render_fragment(report: Report, saved: Message, language: Language, verbose: bool = False) -> str:
    """The exercises in the notebook's order, each folded but the first with a failure; light or dark as the notebook.

    Args:
        saved: which notebook it is, and as of when.
        verbose: open all that have a failure.
    """
    begun = (exercise for exercise in report.exercises if exercise.status not in UNTOUCHED)
    failed = [exercise.id for exercise in begun if findings(exercise)]
    return environment().get_template("fragment.html.j2").render(
        told_in_page(report, (), language),
        saved=language(saved),
        opened=failed if verbose else failed[:1],
        total=language(total(report)),
        remarks=[language(remark) for remark in remarks(report)],
        untouched={status: language(said) for status, said in UNTOUCHED.items()},
        troubled=troubled(report, language),
    )  # fmt: skip


def progress_fragment(spec: Assignment, notebook: str, work: Attempts, language: Language) -> str:
    """How the points of a notebook grew, exercise by exercise."""
    template = environment().get_template("progress.html.j2")
    return template.render(code=language.code, progress=ShownProgress.of(spec, notebook, work, language))
