"""A student's report as JUnit XML: a suite for each exercise, a case for each check.

The form is the one pytest writes, which GitLab, Jenkins and GitHub's actions read
(https://github.com/jenkinsci/xunit-plugin, junit-10.xsd).
"""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as xml

from grader.models.message import clean
from grader.models.report import CheckResult, ExerciseResult, Report
from grader.models.wording import ENGLISH, Language
from grader.report.format import Format
from grader.report.outline import explained, name_of, remarks, score, told, told_by_person

_SHORT = ("mistake", "observed", "skipped", "error")
"""The parts that say it in a line, the best first."""
_ELEMENT = {"failed": "failure", "skipped": "skipped", "error": "error"}


def render_junit(report: Report, language: Language = ENGLISH) -> str:
    """The report as a document; a hidden check says no more than it may."""
    suites = [_suite(report, exercise, language) for exercise in report.exercises]
    root = xml.Element("testsuites", name=clean(report.assignment.id))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.attrib[count]) for suite in suites)))
    root.set("time", f"{sum(float(suite.attrib['time']) for suite in suites):.4f}")
    root.extend(suites)
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, exercise: ExerciseResult, language: Language) -> xml.Element:
    counts = Counter(check.outcome for check in exercise.checks)
    number = len(exercise.checks) + (exercise.open > 0)
    suite = xml.Element(
        "testsuite", name=f"{report.assignment.id}.{exercise.id}", tests=str(number),
        failures=str(counts["failed"]), errors=str(counts["error"]),
        skipped=str(counts["skipped"] + (exercise.open > 0)),
        time=f"{sum(check.duration for check in exercise.checks):.4f}",
    )  # fmt: skip
    properties = xml.SubElement(suite, "properties")
    xml.SubElement(properties, "property", name="title", value=clean(language(exercise.title)))
    xml.SubElement(properties, "property", name="points", value=score(exercise))
    for remark in remarks(report):
        xml.SubElement(properties, "property", name="remark", value=clean(language(remark)))
    suite.extend(_case(suite.attrib["name"], check, language) for check in exercise.checks)
    told = told_by_person(exercise, language)
    if exercise.open:
        case = xml.SubElement(suite, "testcase", classname=suite.attrib["name"], name="by a person", time="0.0000")
        xml.SubElement(case, "skipped", message=told.partition("\n")[0]).text = told
    elif told:
        xml.SubElement(suite, "system-out").text = told
    return suite


def _case(suite: str, check: CheckResult, language: Language) -> xml.Element:
    case = xml.Element("testcase", classname=suite, name=clean(name_of(check)), time=f"{check.duration:.4f}")
    if check.outcome in _ELEMENT:
        parts = {name: clean(text) for name, _, text in explained(check, language)}
        first = next((parts[name] for name in _SHORT if name in parts), "")
        outcome = xml.SubElement(case, _ELEMENT[check.outcome], message=first.replace("\n", " "))
        outcome.text = told(check, language)
    return case


FORMAT = Format("junit", "JUnit XML, for CI", lambda report, context: render_junit(report, context.language))
