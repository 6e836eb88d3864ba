"""Prints the table of `make bench`; absolute times drift from machine to machine, ratios less."""

from __future__ import annotations

import argparse
import os
import platform

from benchmarks.kernels import measure as measure_kernels
from benchmarks.models import SUBJECTS
from benchmarks.proving import Measurement, measure_apart
from benchmarks.signatures import measure as measure_signatures
from benchmarks.start import measure as measure_starts

REFERENCE_LOOKUP = 28 / 1.9
"""Products that LogUp-GKR takes a lookup where its kernels reach the arithmetic bound: docs/performance.md."""


def main() -> None:
    """Kernel rates and starts, then one block for each statement; only statements with `--only`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", metavar="NAME", action="append", help="statements whose name contains NAME, nothing else"
    )
    only = parser.parse_args().only
    names = [name for name in SUBJECTS if not only or name.lower().startswith(tuple(map(str.lower, only)))]
    if not names:
        parser.error(f"no statement of that name; there are {', '.join(SUBJECTS)}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if not only:
        _print_kernels()
        _print_signatures()
        _print_starts()
    for name in names:
        _print(name, measure_apart(name))


def _print_kernels() -> None:
    print("\nkernel                                        ns   in extension products")
    rates = measure_kernels()
    for rate in rates:
        print(f"{rate.name:<40} {rate.nanoseconds:>7.2f} {rate.nanoseconds / rates[0].nanoseconds:>23.1f}")
    lookup = rates[1].nanoseconds / rates[0].nanoseconds / REFERENCE_LOOKUP
    print(f"LogUp-GKR against its reference of {REFERENCE_LOOKUP:.1f} extension products a lookup: {lookup:.2f}x")


def _print_signatures() -> None:
    print("\nsignature                                      s")
    for one in measure_signatures():
        print(f"{one.name:<40} {one.seconds:>7.2f}")


def _print_starts() -> None:
    print("\nprocess                              wall    processor")
    for start in measure_starts():
        print(f"{start.name:<32} {start.wall:>6.3f} s {start.processor:>8.3f} s")


def _print(name: str, found: Measurement) -> None:
    print(f"\n{name}: prove {found.seconds:.2f} s, verify {found.verify_seconds:.2f} s, {found.proof_bytes:,} bytes")
    print(f"  {found.seconds / found.inference_seconds:,.0f} times the plain integer inference")
    for phase, seconds in found.phases.items():
        print(f"  {phase:<24} {seconds:>8.3f} s   peak so far {found.memory[phase] / 1e6:>7.0f} MB")
    for part, size in found.parts.items():
        print(f"  {part:<24} {size:>10,} bytes")


main()
