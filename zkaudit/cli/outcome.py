"""What a command ends in: fields for `--json`, lines for a person, an exit code."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import click

from zkaudit.errors import InvalidInput, PolicyNotMet, ProvingFailed, Rejected, UnsupportedVersion

TRACEBACK_VARIABLE = "ZKAUDIT_TRACEBACK"
"""Environment variable that, set to 1, shows where an internal error arose."""

PROVER_PACKAGES = frozenset({"numba", "llvmlite", "galois", "onnx", "sklearn"})
"""Import names of the packages that only the `prove` extra installs."""


class ExitCode(IntEnum):
    """The exit codes of every command; stable across releases."""

    ACCEPTED = 0
    """The command did what it was asked; for `verify`, the last check has passed."""
    REJECTED = 1
    """The proof, a binding or the claim is false."""
    USAGE = 2
    """The command line is not one that the program knows."""
    UNREADABLE = 3
    """A file is missing, malformed, oversized, of an unknown version, or uses what is not supported."""
    POLICY = 4
    """The proof is valid, and a condition that the caller set is not met."""
    INTERNAL = 5
    """A fault of the program."""
    INTERRUPTED = 130
    """The user pressed Ctrl-C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a command; `error` is one printable line, empty on success.

    A `document` is printed as it is, in the place of `lines`; whoever makes it escapes what strangers wrote.
    """

    status: str
    exit_code: ExitCode = ExitCode.ACCEPTED
    reason: str | None = None
    error: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    document: str = ""

    def json(self) -> str:
        """The one object that `--json` prints, as text."""
        return json.dumps(self.object(), allow_nan=False)

    def object(self) -> dict[str, object]:
        """The one object that `--json` prints."""
        end: dict[str, object] = {"status": self.status, "reason": self.reason, "exit_code": int(self.exit_code)}
        if self.error:
            end["error"] = self.error
        return {**end, **self.fields}

    def error_line(self) -> str:
        """The line that a person reads on stderr."""
        if self.exit_code in (ExitCode.INTERNAL, ExitCode.INTERRUPTED):
            return self.error
        words = {"invalid": "REJECTED", "policy": "POLICY NOT MET", "unprovable": "NOT PROVED", "violated": "VIOLATED"}
        return f"{words.get(self.status, 'error')}: {self.error}"


def failure(error: Exception, known: Mapping[str, object]) -> Outcome:
    """The outcome of a command that raised, with the fields known by then."""
    match error:
        case Rejected():
            status, reason, code = "invalid", error.reason.value, ExitCode.REJECTED
        case ProvingFailed():
            status, reason, code = "unprovable", "not-provable", ExitCode.REJECTED
        case PolicyNotMet():
            status, reason, code = "policy", "policy-not-met", ExitCode.POLICY
        case UnsupportedVersion():
            status, reason, code = "unsupported", "unsupported-version", ExitCode.UNREADABLE
        case InvalidInput():
            status, reason, code = "error", "invalid-input", ExitCode.UNREADABLE
        case MemoryError():
            needed = "this takes more memory than there is; use fewer samples or a smaller network"
            return Outcome(
                status="error", reason="out-of-memory", exit_code=ExitCode.UNREADABLE, error=needed, fields=known
            )
        case ModuleNotFoundError() if (error.name or "").partition(".")[0] in PROVER_PACKAGES:
            needed = f"this command needs {error.name}: pip install 'zkaudit[prove]'"
            return Outcome(
                status="error", reason="missing-extra", exit_code=ExitCode.UNREADABLE, error=needed, fields=known
            )
        case _:
            return _internal(error, known)
    return Outcome(status=status, reason=reason, exit_code=code, error=printable(str(error)), fields=known)


def _internal(error: Exception, known: Mapping[str, object]) -> Outcome:
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        click.echo("".join(traceback.format_exception(error)), err=True)
    line = printable(f"internal error: {type(error).__name__}: {error}")
    return Outcome(status="error", reason="internal", exit_code=ExitCode.INTERNAL, error=line, fields=known)


def misuse(error: click.ClickException) -> Outcome:
    """The outcome of a command line that click refused."""
    line = printable(error.format_message())
    return Outcome(status="error", reason="usage", exit_code=ExitCode.USAGE, error=line)


def interruption(known: Mapping[str, object]) -> Outcome:
    """The outcome of Ctrl-C."""
    return Outcome(
        status="error", reason="interrupted", exit_code=ExitCode.INTERRUPTED, error="interrupted", fields=known
    )


def printable(text: str) -> str:
    """The text on one line, with what could move a terminal's cursor or colour it escaped.

    Names inside files come from strangers.
    """
    escaped = [c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.splitlines())]
    return "".join(escaped)


def table(rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Aligned lines of a name and a value, two spaces in."""
    shown = list(rows)
    width = max((len(name) for name, _ in shown), default=0)
    return tuple(f"  {name:<{width}}  {value}" for name, value in shown)


def amount(size: int) -> str:
    """A number of bytes for a person: exact, and in a larger unit where that helps."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size:,} bytes ({size / scale:.1f} {unit})"
    return f"{size:,} bytes"
