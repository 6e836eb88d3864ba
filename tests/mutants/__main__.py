"""`make mutants`: spoils each module of the table, or those named; fails where nothing notices an unexplained fault.

A fault is noticed when the spoiled verifier judges a proof otherwise than before, or when a test fails.
Each fault runs in a process of its own, forked from one that has everything loaded.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from tests.imports import closure, modules
from tests.mutants.mutations import Mutant, mutants_of
from tests.mutants.spoiling import spoil
from tests.mutants.suites import SUITES

LONGEST_SECONDS = 60
"""Processor time of one fault: three times the slowest set of tests; an endless loop counts as noticed."""

EXPLANATIONS = Path("docs/mutants.md")
"""Lists the faults that nothing can notice, each with its reason."""


Proofs = tuple[list[Any], list[Any]]


def load() -> Proofs:
    """Imports all tests and makes the proofs, so that a fork has nothing left to load."""
    from tests.mutants.corpus import corpus

    made = corpus()
    for module in modules():
        closure(module)
    for suite in sorted({name.partition("::")[0] for names in SUITES.values() for name in names}):
        paths = [Path(suite)] if suite.endswith(".py") else sorted(Path(suite).glob("test_*.py"))
        for path in paths:
            importlib.import_module(".".join(path.with_suffix("").parts))
    gc.freeze()
    return made


def outcome(mutant: Mutant | None, module: str, proofs: Proofs, suite: tuple[str, ...]) -> str:
    """What notices a fault: "proof", "test", "time" or "nothing". Without a mutant the module is left as it is."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        found = "test"
        try:
            found = _in_child(mutant, module, proofs, suite)
        except BaseException:
            found = "proof"
        finally:
            os.write(writing, found.encode())
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    with suppress(ChildProcessError):
        os.waitpid(child, 0)
    return said or "time"


def _in_child(mutant: Mutant | None, module: str, proofs: Proofs, suite: tuple[str, ...]) -> str:
    import pytest

    import zkaudit.field.jit

    # Threads do not survive a fork.
    zkaudit.field.jit._pool = None
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_SECONDS, LONGEST_SECONDS))
    signal.alarm(10 * LONGEST_SECONDS)
    if mutant is not None:
        spoil(module, mutant.tree, mutant.scope)
    true, false = proofs
    # What is quick and notices most comes first.
    if _misjudges(true[:1]):
        return "proof"
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for part in suite:
            if pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", part]):
                return "test"
    return "proof" if _misjudges([*true[1:], *false]) else "nothing"


def _misjudges(proofs: list[Any]) -> bool:
    """Whether the spoiled verifier says something else of a proof than the whole one did."""
    return any(judged.verify() != judged.verdict for judged in proofs)


def work(share: int, shares: int, names: list[str]) -> None:
    """Runs one share of the faults and prints a line of JSON for each."""
    proofs = load()
    for module in names:
        found = outcome(_unchanged(module), module, proofs, SUITES[module])
        if found != "nothing":
            sys.exit(f"{module}: the tests fail with nothing spoiled ({found})")
        for number, mutant in enumerate(mutants_of(module, modules()[module])):
            if number % shares == share:
                started = time.monotonic()
                found = outcome(mutant, module, proofs, SUITES[module])
                seconds = round(time.monotonic() - started, 2)
                line = {"module": module, "line": mutant.line, "fault": mutant.name, "by": found, "seconds": seconds}
                print(json.dumps(line), flush=True)


def _unchanged(module: str) -> Mutant:
    """A fault that is none: the module's body runs again as it is."""
    import ast

    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    return Mutant(module=module, line=0, scope=(), before="", after="", tree=tree)


def run_all(names: list[str], shares: int) -> int:
    """Runs all shares at once and prints the table; 1 where a fault is neither noticed nor explained."""
    command = [sys.executable, "-m", "tests.mutants", "--share"]
    workers = [
        subprocess.Popen([*command, str(share), str(shares), *names], stdout=subprocess.PIPE, text=True)
        for share in range(shares)
    ]
    lines = [json.loads(line) for worker in workers for line in worker.communicate()[0].splitlines()]
    report(lines)
    explained = EXPLANATIONS.read_text(encoding="utf-8")
    open_ones = [line for line in lines if line["by"] == "nothing" and f"`{line['fault']}`" not in explained]
    for line in open_ones:
        print(f"unnoticed, line {line['line']}: {line['fault']}")
    return int(bool(open_ones) or any(worker.returncode for worker in workers))


def report(lines: list[dict[str, Any]]) -> None:
    """The table by module."""
    for module in dict.fromkeys(line["module"] for line in lines):
        counts = Counter(line["by"] for line in lines if line["module"] == module)
        noticed = counts.total() - counts["nothing"]
        print(f"{module:<32} {counts.total():>5} faults {noticed:>5} noticed  {dict(counts)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--share"]:
        work(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] or list(SUITES))
    else:
        sys.exit(run_all(sys.argv[1:], int(os.environ.get("JOBS", "2"))))
