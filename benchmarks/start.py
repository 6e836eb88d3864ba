"""How long `zkaudit verify` takes before it does anything: whole processes, from the start to the exit."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPETITIONS = 9

STARTS = {
    "python alone": ["-c", "pass"],
    "verify --help": ["-m", "zkaudit", "verify", "--help"],
    "a usage error": ["-m", "zkaudit", "verify"],
    "a missing file": ["-m", "zkaudit", "verify", "x", "--commitment", "x", "--data", "x", "--claim", "correct >= 1"],
}
"""Command lines by name; the last one imports all that a verification without signatures needs."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Medians over several processes, in seconds: by the clock, and of the processor, which other load changes less."""

    name: str
    wall: float
    processor: float


def measure(repetitions: int = REPETITIONS) -> list[Start]:
    """Every start, one round after another so that drift meets all alike."""
    rounds = [{name: _once(arguments) for name, arguments in STARTS.items()} for _ in range(repetitions)]
    return [
        Start(
            name=name,
            wall=statistics.median(one[name][0] for one in rounds),
            processor=statistics.median(one[name][1] for one in rounds),
        )
        for name in STARTS
    ]


def _once(arguments: list[str]) -> tuple[float, float]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "circuits")])}
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
    wall, after = time.perf_counter() - started, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent
