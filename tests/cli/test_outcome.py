"""Exit codes, statuses and lines of every kind of end, and what reaches stdout and stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest

from zkaudit import cli
from zkaudit.cli.outcome import Outcome, amount, failure, printable, table
from zkaudit.errors import InvalidInput, PolicyNotMet, ProvingFailed, Reason, Rejected, UnsupportedVersion


def _missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


ENDS = [
    (Rejected(Reason.MERKLE_PATH, "witness oracle"), "invalid", "merkle-path", 1),
    (ProvingFailed("the model gets 338 of 360 right"), "unprovable", "not-provable", 1),
    (PolicyNotMet("64 bits"), "policy", "policy-not-met", 4),
    (UnsupportedVersion("version 9"), "unsupported", "unsupported-version", 3),
    (InvalidInput("no such file", where="data"), "error", "invalid-input", 3),
    (_missing("numba"), "error", "missing-extra", 3),
    (_missing("galois._fields"), "error", "missing-extra", 3),
    (_missing("zkaudit.prover"), "error", "internal", 5),
    (ValueError("two\nlines\x1b[31m"), "error", "internal", 5),
    (MemoryError(), "error", "out-of-memory", 3),
]


@pytest.mark.parametrize(("error", "status", "reason", "code"), ENDS, ids=lambda value: str(value)[:20])
def test_every_error_has_one_status_reason_and_code(error: Exception, status: str, reason: str, code: int) -> None:
    outcome = failure(error, {"claim": "correct >= 1"})
    shown = json.loads(outcome.json())
    assert (shown["status"], shown["reason"], shown["exit_code"], shown["claim"]) == (
        status, reason, code, "correct >= 1",
    )  # fmt: skip
    assert shown["error"].isprintable()
    assert outcome.error_line().isprintable()


def test_missing_extra_names_the_command_that_installs_it() -> None:
    assert failure(_missing("numba"), {}).error.endswith("pip install 'zkaudit[prove]'")


def _run(monkeypatch: pytest.MonkeyPatch, body: object, *arguments: str) -> int:
    """The exit code of the program with one command whose body is replaced."""

    @click.command()
    @click.option("--json", is_flag=True, expose_value=False)
    @click.option("--count", type=int)
    def probe(count: int) -> object:
        if isinstance(body, BaseException):
            raise body
        return body

    monkeypatch.setitem(cli.program.commands, "probe", probe)
    return cli.run(["probe", *arguments])


def test_success_prints_lines_on_stdout_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(monkeypatch, Outcome(status="fine", lines=("first", "second")))
    assert (code, *capsys.readouterr()) == (0, "first\nsecond\n", "")


def test_failure_prints_one_line_on_stderr_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(monkeypatch, InvalidInput("no\nsuch file", where="data"))
    assert (code, *capsys.readouterr()) == (3, "", "error: data: no such file\n")


@pytest.mark.parametrize(
    ("body", "arguments", "code", "status"),
    [
        (Outcome(status="fine"), [], 0, "fine"),
        (Rejected(Reason.PAD_LINEAR, "sum"), [], 1, "invalid"),
        (None, ["--count", "x"], 2, "error"),
        (None, ["--unknown"], 2, "error"),
        (ZeroDivisionError("x"), [], 5, "error"),
        (KeyboardInterrupt(), [], 130, "error"),
    ],
)
def test_json_is_exactly_one_object(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: object,
    arguments: list[str],
    code: int,
    status: str,
) -> None:
    assert _run(monkeypatch, body, *arguments, "--json") == code
    out, _ = capsys.readouterr()
    shown = json.loads(out)
    assert (shown["status"], shown["exit_code"]) == (status, code)
    assert out.count("\n") == 1


def test_traceback_only_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("ZKAUDIT_TRACEBACK", raising=False)
    _run(monkeypatch, ZeroDivisionError("by zero"))
    assert capsys.readouterr().err == "internal error: ZeroDivisionError: by zero\n"
    monkeypatch.setenv("ZKAUDIT_TRACEBACK", "1")
    _run(monkeypatch, ZeroDivisionError("by zero"))
    assert "Traceback" in capsys.readouterr().err


def test_interruption_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


@pytest.mark.parametrize(
    "arguments", [[], ["unknown"], ["verify"], ["prove", "--wrong"], ["estimate", "m", "--samples", "0"]]
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Usage" in err


@pytest.mark.parametrize("command", ["", *sorted(cli.program.commands)])
def test_help_exits_0(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*command.split(), "--help"]) == 0
    assert "Usage: zkaudit" in capsys.readouterr().out


def _python(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_leaves_changes_no_exit_code() -> None:
    program = "from zkaudit.cli import _emit; from zkaudit.cli.outcome import Outcome; import os, sys; os.close(1);"
    program += "r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
    program += "sys.exit(_emit(Outcome(status='fine', lines=('x' * 10,) * 9000), False))"
    done = _python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")


def test_command_line_loads_no_heavy_module() -> None:
    program = (
        "import sys, zkaudit.cli; print(sorted({'numpy', 'numba', 'galois', 'onnx', 'sklearn'} & set(sys.modules)))"
    )
    assert _python("-c", program).stdout == "[]\n"


def test_terminal_escapes_are_shown_not_sent() -> None:
    assert printable("a\x1b[2Jb\r\nc\u202e") == "a\\x1b[2Jb c\\u202e"
    assert printable("naïve") == "naïve"


def test_tables_and_amounts() -> None:
    assert table([("a", "1"), ("long", "2")]) == ("  a     1", "  long  2")
    assert [amount(size) for size in (999, 1_500, 2_000_000)] == [
        "999 bytes", "1,500 bytes (1.5 kB)", "2,000,000 bytes (2.0 MB)",
    ]  # fmt: skip
