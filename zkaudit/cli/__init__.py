"""The `zkaudit` command line: one file per command, one place that prints results and sets the exit code.

A command returns an `Outcome`; nothing is printed on stdout before it has one.
The heavy modules are imported inside the commands, so `zkaudit verify` needs no compiler and starts fast.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from zkaudit.cli.challenge import challenge
from zkaudit.cli.check import check
from zkaudit.cli.commit import commit
from zkaudit.cli.countersign import countersign
from zkaudit.cli.dataset import dataset
from zkaudit.cli.demo import demo
from zkaudit.cli.estimate import estimate
from zkaudit.cli.inspect import inspect
from zkaudit.cli.key import key
from zkaudit.cli.outcome import ExitCode, Outcome, failure, interruption, misuse, printable
from zkaudit.cli.prove import prove
from zkaudit.cli.publish import publish
from zkaudit.cli.quantize import quantize
from zkaudit.cli.report import report
from zkaudit.cli.security import security
from zkaudit.cli.sign import sign, verify_signature
from zkaudit.cli.verify import verify


class _Program(click.Group):
    """A group that lists its commands in the order of their use."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="zkaudit")
def program() -> None:
    """Prove in zero knowledge that a committed model reaches a stated accuracy, and verify such proofs."""


for command in (
    demo,
    quantize,
    commit,
    challenge,
    estimate,
    check,
    prove,
    verify,
    countersign,
    publish,
    report,
    key,
    sign,
    verify_signature,
    dataset,
    security,
    inspect,
):
    program.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script: runs one command and exits with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character of a file's name shows its escape instead of failing.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command, its result printed; raises nothing."""
    as_json = _wants_json(arguments)
    known: dict[str, object] = {}
    try:
        result = program.main(args=list(arguments), prog_name="zkaudit", standalone_mode=False, obj=known)
        if not isinstance(result, Outcome):
            return int(result or 0)  # --help and --version have printed and end here
        outcome = result
    except (KeyboardInterrupt, click.Abort):
        outcome = interruption(known)
    except click.ClickException as error:
        if not as_json:
            error.show()
            return int(ExitCode.USAGE)
        outcome = misuse(error)
    except Exception as error:
        outcome = failure(error, known)
    return _emit(outcome, as_json)


def _wants_json(arguments: Sequence[str]) -> bool:
    """Whether the one JSON object is asked for; click may not get as far as knowing it."""
    following = [*arguments[1:], ""][: len(arguments)]
    return any(
        option in ("--json", "--format=json") or (option, value) == ("--format", "json")
        for option, value in zip(arguments, following, strict=True)
    )


def _emit(outcome: Outcome, as_json: bool) -> int:
    """Prints an outcome and gives its exit code, or that of an internal error where it cannot be printed."""
    try:
        if outcome.document and not as_json:
            click.echo(outcome.document, nl=False)
        else:
            for line in [outcome.json()] if as_json else outcome.lines:
                click.echo(printable(line))
        if outcome.error and not as_json:
            click.echo(outcome.error_line(), err=True)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone; the interpreter's own flush at exit would complain about it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        click.echo(f"error: cannot print the result: {error.strerror}", err=True)
        return int(ExitCode.INTERNAL)
    return int(outcome.exit_code)
