"""A one-line progress bar on stderr, silent where stderr is not a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType

import click

BAR_CELLS = 24
"""Performance knob: characters of the bar; with phase and time left it fits 80 columns."""

CLEAR_LINE = "\r\x1b[K"
"""Empties the terminal's line."""

REDRAW_SECONDS = 0.1
"""Performance knob: least time between two drawings."""


class ProgressBar:
    """Called with (phase, fraction done overall); shows both and the time left.

    The time left is the time so far stretched to the whole, so it is shown only after a second.
    """

    def __init__(self) -> None:
        self._visible = _on_terminal()
        self._start = time.monotonic()
        self._drawn = 0.0
        self._phase = ""

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._visible:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()

    def __call__(self, phase: str, fraction: float) -> None:
        now = time.monotonic()
        if not self._visible or (phase == self._phase and now - self._drawn < REDRAW_SECONDS):
            return
        self._phase, self._drawn = phase, now
        done = min(max(fraction, 0.0), 1.0)
        bar = "#" * round(done * BAR_CELLS)
        line = f"[{bar:.<{BAR_CELLS}}] {done:4.0%} {phase}"
        elapsed = now - self._start
        if elapsed >= 1 and done > 0:
            line += f", {elapsed * (1 - done) / done:.0f} s left"
        sys.stderr.write(CLEAR_LINE + line)
        sys.stderr.flush()


def say(line: str) -> None:
    """One line of talk on stderr, in place of a progress bar that may stand there."""
    click.echo(f"{CLEAR_LINE if _on_terminal() else ''}{line}", err=True)


def announce(reveals: Sequence[str]) -> None:
    """What a proof would tell a verifier of the predictions, said before it is made."""
    say("a proof of the claim reveals, and nothing else of the predictions:")
    for line in reveals:
        say(f"  {line}")


def _on_terminal() -> bool:
    """Whether stderr is open and a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
