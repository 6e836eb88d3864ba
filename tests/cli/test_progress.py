"""The progress bar: drawn on a terminal, silent elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from zkaudit.cli import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_silent_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.ProgressBar() as bar:
        bar("commit", 0.5)
    assert capsys.readouterr().err == ""


def test_phase_share_and_time_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, now = _Terminal(), [100.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.ProgressBar() as bar:
        bar("commit", 0.0)
        now[0] += 6
        bar("lookups", 0.25)
        bar("lookups", 0.26)  # too soon to be drawn
        progress.say("compiling")
        now[0] += 6
        bar("lookups", 1.5)
    drawn = terminal.getvalue().split(progress.CLEAR_LINE)
    assert drawn == [
        "",
        f"[{'.' * 24}]   0% commit",
        f"[{'#' * 6}{'.' * 18}]  25% lookups, 18 s left",
        "compiling\n",
        f"[{'#' * 24}] 100% lookups, 0 s left",
        "",
    ]
    assert all(len(line) < 80 for line in drawn)
