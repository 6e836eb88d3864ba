"""GitHub: workflow commands for the log, a table for the step's summary, values for later steps.

A line of a log can be a command to the runner, so nothing is printed that is not a command of our own, escaped.
"""

from __future__ import annotations

import html
import os
import re

from zkaudit.cli.formats.judgement import Judgement, worst
from zkaudit.cli.formats.text import accepted_lines, headline
from zkaudit.cli.outcome import Outcome, printable

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
OUTPUT_VARIABLE = "GITHUB_OUTPUT"


def github(judgements: list[Judgement]) -> Outcome:
    """The outcome whose document is the commands; the files that the runner names are appended to."""
    end = worst(judgements)
    commands = [_annotation(one) for one in judgements]
    for variable, content in ((SUMMARY_VARIABLE, _summary(judgements)), (OUTPUT_VARIABLE, _values(judgements, end))):
        commands += _append(variable, content)
    # No line of its own on stderr: the annotations say it, and the runner reads that stream for commands too.
    return Outcome(
        status=end.status, reason=end.reason, exit_code=end.exit_code, document="".join(f"{c}\n" for c in commands)
    )


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command with everything escaped that the runner would read as more than text."""
    fields = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {fields}::{_data(message)}" if fields else f"::{name}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def _annotation(one: Judgement) -> str:
    found = one.examination
    if found is None or found.error is not None:
        title = f"zkaudit: {one.outcome.error_line().partition(': ')[0]}"
        return command("error", one.outcome.error, file=one.subject, title=title)
    lines = "\n".join(printable(line) for line in accepted_lines(found))
    return command("notice", lines, file=one.subject, title=f"zkaudit: {one.outcome.status}")


def _summary(judgements: list[Judgement]) -> str:
    """Markdown: a heading and a table of checks for each proof."""
    parts = []
    for one in judgements:
        found = one.examination
        failed = found is None or found.error is not None
        parts.append(f"### zkaudit: {_markdown(one.subject)}\n")
        parts.append(_markdown(one.outcome.error_line() if failed or found is None else headline(found)) + "\n")
        if found is not None:
            rows = [f"| {check.name} | {check.state} | {_markdown(check.reason)} |" for check in found.checks]
            parts.append("\n".join(["| check | state | reason |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts) + "\n"


def _values(judgements: list[Judgement], end: Outcome) -> str:
    """Step outputs; claim and bound only where they are accepted, those of several proofs joined."""
    accepted = [one.outcome.fields for one in judgements if not one.outcome.error]
    claims = "; ".join(str(fields["claim"]) for fields in accepted)
    bounds = "; ".join("" if fields["lower_bound"] is None else str(fields["lower_bound"]) for fields in accepted)
    # A value is one line, so it cannot set another output.
    return f"verdict={printable(end.status)}\nclaim={printable(claims)}\nbound={printable(bounds)}\n"


def _markdown(text: str) -> str:
    """Text that renders as itself."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", html.escape(printable(text), quote=False))


def _append(variable: str, content: str) -> list[str]:
    """Appends to the file that a variable names; a warning where it cannot, since the verdict stands without it."""
    path = os.environ.get(variable)
    if not path:
        return []
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        return [command("warning", f"{variable} cannot be written: {error.strerror}", title="zkaudit")]
    return []
