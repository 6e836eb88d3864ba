"""`make fuzz`: each target, or those named, for FUZZ_SECONDS each under atheris, guided by coverage.

What it finds is written to `fuzz-findings/`, and the exit code is 1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MEMORY_MEGABYTES = 3000
"""Most resident memory of a target: three times what the process has with everything loaded."""

SLOWEST_SECONDS = 30
"""Longest time for one input on a busy machine."""

FINDINGS = Path("fuzz-findings")


def fuzz(name: str, seconds: int, corpus: Path) -> int:
    """Runs one target in a process of its own; the number of its executions, or SystemExit where it fails."""
    FINDINGS.mkdir(exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MEGABYTES}", f"-timeout={SLOWEST_SECONDS}"]
    place = f"-artifact_prefix={FINDINGS}/{name}-"
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "--target",
        name,
        *limits,
        "-print_final_stats=1",
        place,
        str(corpus),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode or executed is None:
        sys.exit(f"{name}: an input that should not have been lost\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return int(executed[1])


def run_all(names: list[str]) -> None:
    """Runs targets one after the other and prints the executions of each."""
    from tests.fuzz.targets import TARGETS

    seconds = int(os.environ.get("FUZZ_SECONDS", "60"))
    total = 0
    for name in names or list(TARGETS):
        with tempfile.TemporaryDirectory(prefix="zkaudit-corpus-") as folder:
            for number, seed in enumerate(TARGETS[name].seeds()):
                (Path(folder) / f"seed-{number}").write_bytes(seed)
            executed = fuzz(name, seconds, Path(folder))
        total += executed
        print(f"{name:<20} {executed:>10} executions", flush=True)
    print(f"fuzz executions: {total}, nothing lost")


def run_one(name: str, arguments: list[str]) -> None:
    """Fuzzes one target in this process."""
    import atheris

    # Compiled kernels cannot be instrumented, and belong to the prover.
    with atheris.instrument_imports(include=["zkaudit", "zkaudit_circuits"], exclude=KERNELS):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    for seed in target.seeds():
        target.read(target.make(seed))

    def run(data: bytes) -> None:
        target.read(target.make(data))

    longest = 0 if target.changes_seeds else 256
    atheris.Setup([sys.argv[0], *([f"-max_len={longest}"] if longest else []), *arguments], run)
    atheris.Fuzz()


def _kernels() -> list[str]:
    from tests.imports import imports_of, modules

    return [module for module in modules() if {"numba", "zkaudit.field.jit"} & imports_of(module)]


KERNELS = _kernels()

if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        run_one(sys.argv[2], sys.argv[3:])
    else:
        run_all(sys.argv[1:])
