"""JUnit XML: a suite for each proof, a case for each check."""

from __future__ import annotations

from xml.etree import ElementTree

from zkaudit.cli.formats.judgement import Judgement, worst
from zkaudit.cli.outcome import ExitCode, Outcome, printable


def junit(judgements: list[Judgement]) -> Outcome:
    """The outcome whose document is the XML."""
    suites = [_suite(one) for one in judgements]
    root = ElementTree.Element("testsuites", name="zkaudit verify")
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    ElementTree.indent(root)
    document = '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
    end, failed = worst(judgements), [one.outcome.error for one in judgements if one.outcome.error]
    return Outcome(
        status=end.status,
        reason=end.reason,
        exit_code=end.exit_code,
        error=failed[0] if len(judgements) == 1 and failed else f"{len(failed)} proofs failed" if failed else "",
        document=document,
    )


def _suite(one: Judgement) -> ElementTree.Element:
    # Control characters have no form in XML 1.0, not even an escaped one, so they are shown as text.
    name = printable(one.subject)
    suite = ElementTree.Element("testsuite", name=name)
    found = one.examination
    seconds = found.seconds if found else 0.0
    if found is None:
        _case(suite, name, one.outcome.reason or "", seconds, "error", one.outcome.error, one.outcome.reason)
    else:
        kind = "error" if one.outcome.exit_code == ExitCode.UNREADABLE else "failure"
        for check in found.checks:
            element = {"passed": "", "skipped": "skipped", "failed": kind}[check.state]
            # The seconds are those of the whole examination; its first case carries them.
            _case(suite, name, check.name, seconds, element, check.reason, one.outcome.reason)
            seconds = 0.0
    for count, element in (("tests", "testcase"), ("failures", "*/failure"), ("errors", "*/error")):
        suite.set(count, str(len(suite.findall(element))))
    suite.set("skipped", str(len(suite.findall("*/skipped"))))
    suite.set("time", f"{found.seconds if found else 0:.3f}")
    return suite


def _case(
    suite: ElementTree.Element, subject: str, name: str, seconds: float, element: str, message: str, reason: str | None
) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=subject, name=name, time=f"{seconds:.3f}")
    if element:
        inner = ElementTree.SubElement(case, element, message=printable(message))
        if element != "skipped":
            inner.set("type", reason or "failed")
            inner.text = printable(message)
