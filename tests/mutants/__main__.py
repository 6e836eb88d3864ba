"""`make mutants`: spoils each module of a verifier's closure, or those named; fails where nothing notices a fault.

Everything is loaded once, and each fault runs in a process of its own, forked from that one. A fault is noticed when
the spoiled verifier judges a proof otherwise than before, or when a test fails. Which proofs and tests run a line at
all is recorded first, so that only those are tried, the quick ones first.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.imports import VERIFIER, closure, modules
from tests.mutants.mutations import Mutant, mutants_of, unspoiled
from tests.mutants.spoiling import forget_all, spoil_body, spoil_function
from tests.mutants.trials import Record, Trial, chosen, judges, record, tests

MOST_SECONDS = float(os.environ.get("MUTANT_SECONDS", "10"))
"""Processor time of the proofs and tests that are tried on one fault, as recorded with nothing spoiled."""

FURTHER = 4
"""Times as long for a fault that nothing has noticed by then, unless it is explained."""

LEEWAY_SECONDS = 5
"""Processor time beyond twice the recorded one after which a fault is taken for an endless loop."""

MEMORY_BYTES = 4 << 30
"""Memory that a fault may take."""

MOST_FILES = 6
"""Files of tests that are tried on a fault in the body of a module; to collect one takes longer than most tests."""

QUIET = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "--capture=no", "--tb=no")
"""Options of pytest that leave nothing behind, and no more processes than are needed."""

EXPLANATIONS = Path(__file__).with_name("explained.md")
"""Lists the faults that nothing can notice, each below its reason."""

RECORDS = Path("mutants.records")
"""Keeps what each proof and test runs, for the next time."""

RESULTS = Path("mutants.jsonl")
"""Gets one line for each fault as it is decided."""


class Quick:
    """A plugin of pytest: hypothesis does not make failing examples smaller, and keeps none."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.get_profile("suite"), phases=phases, database=None)
        settings.load_profile("mutants")


class Mutation(Quick):
    """A plugin of pytest that spoils the modules, in place of running the tests that it has collected."""

    def __init__(self, names: list[str], jobs: int) -> None:
        self.names = names
        self.jobs = jobs
        self.explained = frozenset(explained())
        self.status = 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from tests.mutants.corpus import corpus

        true, false = corpus()
        trials = [*judges("true", true), *judges("false", false), *tests(session.items)]
        for module in modules():
            closure(module)
        # Threads do not survive a fork.
        _drop_threads()
        gc.collect()
        gc.freeze()
        started = time.monotonic()
        records = record(trials, self.jobs, RECORDS)
        failed = [trial.name for trial in trials if not records[trial.name].passed]
        print(f"{len(trials)} proofs and tests recorded in {time.monotonic() - started:.0f} s", file=sys.stderr)
        if failed:
            print("these fail with nothing spoiled:", *failed, sep="\n  ", file=sys.stderr)
            return True
        RESULTS.write_text("", encoding="utf-8")
        workers = [self._fork(share, trials, records) for share in range(self.jobs)]
        results = [os.waitpid(worker, 0)[1] for worker in workers]
        lines = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
        open_ones = report(lines)
        disturbed = _failing_alone([trial for trial in trials if trial.name in {line["by"] for line in lines}], records)
        self.status = int(open_ones > 0 or any(results) or bool(disturbed))
        return True

    def _fork(self, share: int, trials: list[Trial], records: dict[str, Record]) -> int:
        worker = os.fork()
        if worker:
            return worker
        status = 1
        try:
            self._work(share, trials, records)
            status = 0
        finally:
            os._exit(status)

    def _work(self, share: int, trials: list[Trial], records: dict[str, Record]) -> None:
        """Decides one share of the faults: those within functions first, then the slower ones of bodies."""
        for body in (False, True):
            for module in self.names:
                found = [mutant for mutant in mutants_of(module, modules()[module]) if body == (not mutant.scope)]
                mine = found[share :: self.jobs]
                if body and mine:
                    _require_unspoiled(module, trials, records)
                noticing: Counter[str] = Counter()
                for mutant in mine:
                    self._decide(mutant, trials, records, noticing)

    def _decide(self, mutant: Mutant, trials: list[Trial], records: dict[str, Record], noticing: Counter[str]) -> None:
        started = time.monotonic()
        tried = chosen(trials, records, mutant.module, mutant.lines if mutant.scope else None, MOST_SECONDS)
        # Who has noticed another fault of the module within a second goes first.
        tried = sorted(tried, key=lambda trial: records[trial.name].seconds if noticing[trial.name] else 1.0)
        by = outcome(mutant, tried, records)
        if by == "nothing" and mutant.name not in self.explained:
            most = FURTHER * MOST_SECONDS
            longer = chosen(trials, records, mutant.module, mutant.lines if mutant.scope else None, most)
            further = [trial for trial in longer if trial not in tried]
            if further:
                by = outcome(mutant, further, records)
            tried += further
        noticing[by] += 1
        line = {
            "module": mutant.module,
            "line": mutant.line,
            "fault": mutant.name,
            "by": by,
            "seconds": round(time.monotonic() - started, 2),
            "tried": len(tried),
        }
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _require_unspoiled(module: str, trials: list[Trial], records: dict[str, Record]) -> None:
    """What is tried on a module's body passes when all is imported anew and nothing spoiled."""
    whole = unspoiled(module, modules()[module])
    by = outcome(whole, chosen(trials, records, module, None, MOST_SECONDS), records)
    if by != "nothing":
        raise RuntimeError(f"{by} fails when {module} is imported anew")


def _failing_alone(trials: list[Trial], records: dict[str, Record]) -> list[str]:
    """Of those that have noticed a fault, the ones that would have failed without it: each in a process of its own."""

    def verdict(trial: Trial, folder: str) -> str:
        _prepare(records[trial.name].seconds, folder)
        forget_all()
        return "passes" if _holds(trial) else "fails"

    failing = [trial.name for trial in trials if _said_by_a_child(partial(verdict, trial)) != "passes"]
    print(f"of {len(trials)} proofs and tests that noticed a fault, {len(failing)} fail alone without it", *failing)
    return failing


def outcome(mutant: Mutant, tried: list[Trial], records: dict[str, Record]) -> str:
    """What notices a fault: the name of a proof or of a test, "time" or "nothing"."""
    return _said_by_a_child(lambda folder: _first_to_notice(mutant, tried, records, folder)) or "time"


def _first_to_notice(mutant: Mutant, tried: list[Trial], records: dict[str, Record], folder: str) -> str:
    _prepare(sum(records[trial.name].seconds for trial in tried), folder)
    if not mutant.scope:
        return _first_to_notice_anew(mutant, tried)
    try:
        spoil_function(mutant.module, mutant.tree(), mutant.scope)
    except ValueError:
        # The code has lost a variable from around it, such as the class that `super` reads, and does not fit.
        return _first_to_notice_anew(mutant, tried)
    for trial in tried:
        # An endless loop ends the process here.
        signal.setitimer(signal.ITIMER_PROF, 2 * records[trial.name].seconds + LEEWAY_SECONDS)
        if not _holds(trial):
            return trial.name
    return "nothing"


def _first_to_notice_anew(mutant: Mutant, tried: list[Trial]) -> str:
    """The same where all of ours is imported again: the tests are those of a session of their own."""
    spoil_body(mutant.module, mutant.tree())
    judged = next((trial.name for trial in tried if not trial.is_test and not _holds(trial)), "")
    if judged:
        return judged
    groups = list(dict.fromkeys(trial.group for trial in tried if trial.is_test))[:MOST_FILES]
    if not groups:
        return "nothing"
    session = _Session([trial.name for trial in tried if trial.group in groups])
    pytest.main([*QUIET, "-x", *groups], plugins=[session])
    return session.failed


class _Session(Quick):
    """A plugin of pytest that runs the tests of some names and keeps that of the test, or the file, that fails.

    A parameter in a name may be what the fault has changed: of a test none of whose names is found, all are run.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = set(names)
        self.failed = "nothing"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        found = {_bare(item.nodeid) for item in items if item.nodeid in self.names}
        renamed = {_bare(name) for name in self.names} - found
        items[:] = [item for item in items if item.nodeid in self.names or _bare(item.nodeid) in renamed]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def _note(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid


def _bare(name: str) -> str:
    """The name of a test without its parameters."""
    return name.partition("[")[0]


def _holds(trial: Trial) -> bool:
    try:
        return trial.passes()
    except Exception:
        return False


def _said_by_a_child(work: Callable[[str], str]) -> str:
    """What a fork returns, given a folder for its temporary files; empty for one that was ended."""
    folder = tempfile.mkdtemp()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        said = ""
        try:
            said = work(folder)
        except BaseException as error:
            said = f"{type(error).__name__} at once"
        finally:
            with open(writing, "wb") as pipe:
                pipe.write(said.encode())
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    shutil.rmtree(folder, ignore_errors=True)
    return said


def _prepare(seconds: float, folder: str) -> None:
    """Bounds a child, which is to take about that many seconds, and has it say nothing."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
    limit = int(2 * seconds) + LEEWAY_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_AS, (_memory() + MEMORY_BYTES, resource.RLIM_INFINITY))
    signal.alarm(10 * limit)


def _memory() -> int:
    """The address space of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _drop_threads() -> None:
    import zkaudit.field.jit

    zkaudit.field.jit._pool = None


def explained() -> list[str]:
    """The names of the faults that nothing can notice."""
    lines = EXPLANATIONS.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("- `").removesuffix("`") for line in lines if line.startswith("- `")]


def report(lines: list[dict[str, Any]]) -> int:
    """Prints the table by module and the faults that are neither noticed nor explained, and returns their count."""
    listed = set(explained())
    unnoticed = [line for line in lines if line["by"] == "nothing"]
    total: Counter[str] = Counter()
    print(f"{'module':<34} {'faults':>7} {'noticed':>8} {'explained':>10}")
    for module in dict.fromkeys(line["module"] for line in lines):
        of_module = [line for line in lines if line["module"] == module]
        quiet = [line for line in of_module if line["by"] == "nothing"]
        counts = Counter(
            faults=len(of_module),
            noticed=len(of_module) - len(quiet),
            explained=sum(line["fault"] in listed for line in quiet),
        )
        total.update(counts)
        print(f"{module:<34} {counts['faults']:>7} {counts['noticed']:>8} {counts['explained']:>10}")
    print(f"{'all':<34} {total['faults']:>7} {total['noticed']:>8} {total['explained']:>10}")
    open_ones = [line for line in unnoticed if line["fault"] not in listed]
    for line in open_ones:
        print(f"unnoticed, line {line['line']}: {line['fault']}")
    noticed = {line["fault"] for line in lines} - {line["fault"] for line in unnoticed}
    for fault in sorted(noticed & listed):
        print(f"explained, and noticed nevertheless: {fault}")
    return len(open_ones)


def main(names: list[str]) -> int:
    """Runs pytest on the paths of `TESTS` and spoils the modules of those names, or all that a verifier runs."""
    mutation = Mutation(names or sorted(closure(*VERIFIER) & modules().keys()), int(os.environ.get("JOBS", "2")))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        pytest.main([*QUIET, *os.environ.get("TESTS", "tests").split()], plugins=[mutation])
    return mutation.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
