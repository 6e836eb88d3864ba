"""What may notice a fault: a proof that the spoiled verifier judges, or a test; its cost and the lines that it runs."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import coverage
import pytest

from tests.imports import modules
from tests.mutants.corpus import Judged
from tests.mutants.spoiling import forget_all


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A proof or a test: `group` is its file, and `passes` is whether all is as it was before anything was spoiled."""

    name: str
    group: str
    passes: Callable[[], bool]
    is_test: bool = True


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a trial took when nothing was spoiled: seconds of the processor, and the lines of ours by module."""

    seconds: float
    passed: bool
    lines: dict[str, set[int]] = field(default_factory=dict)


def judges(kind: str, proofs: Iterable[Judged]) -> list[Trial]:
    """One trial for each proof of a kind; the few true ones are a group of their own, and so among the first."""
    return [
        Trial(
            name=f"{kind} proof {number}",
            group=f"{kind} proof",
            passes=partial(_agrees, judged),
            is_test=False,
        )
        for number, judged in enumerate(proofs)
    ]


def tests(items: Iterable[pytest.Item]) -> list[Trial]:
    """One trial for each test that pytest has collected."""
    return [Trial(name=item.nodeid, group=str(item.path), passes=partial(_passes, item)) for item in items]


def _agrees(judged: Judged) -> bool:
    """Whether the verifier says of a proof what it said before anything was spoiled."""
    return judged.verify() == judged.verdict


def _passes(item: pytest.Item) -> bool:
    """Runs a test with all its fixtures, set up and torn down for it alone."""
    reports = []

    class Listener:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            reports.append(report)

    listener = Listener()
    item.config.pluginmanager.register(listener)
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        item.config.pluginmanager.unregister(listener)
    return not any(report.failed for report in reports)


def record(trials: list[Trial], jobs: int, kept: Path) -> dict[str, Record]:
    """Runs every trial once with nothing spoiled, shared among processes, and notes what it takes and runs.

    A record that `kept` has of an unchanged test of unchanged modules is taken from there.
    """
    digests = {group: _digest(group) for group in {trial.group for trial in trials}}
    known: dict[tuple[str, str], Record] = pickle.loads(kept.read_bytes()) if kept.exists() else {}
    keys = {trial.name: (trial.name, digests[trial.group]) for trial in trials}
    records = {name: known[key] for name, key in keys.items() if key in known}
    missing = [trial for trial in trials if trial.name not in records]
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for share in range(jobs):
            child = os.fork()
            if child == 0:
                try:
                    (Path(folder) / str(share)).write_bytes(pickle.dumps(_recorded(missing[share::jobs])))
                finally:
                    os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        for share in range(jobs):
            records |= pickle.loads((Path(folder) / str(share)).read_bytes())
    kept.write_bytes(pickle.dumps({keys[name]: made for name, made in records.items()}))
    return records


def _digest(group: str) -> str:
    """Of all modules and of a file of tests."""
    state = hashlib.sha256()
    for path in [*modules().values(), *([Path(group)] if Path(group).exists() else [])]:
        state.update(path.read_bytes())
    return state.hexdigest()


def _recorded(trials: list[Trial]) -> dict[str, Record]:
    cover = coverage.Coverage(data_file=None, config_file=False, source_pkgs=["zkaudit", "zkaudit_circuits"])
    cover.set_option("run:disable_warnings", ["module-not-measured"])
    taken = {}
    cover.start()
    for trial in trials:
        # What an earlier trial has left in a cache would hide the lines that made it.
        forget_all()
        cover.switch_context(trial.name)
        started = time.process_time()
        passed = trial.passes()
        taken[trial.name] = (time.process_time() - started, passed)
    cover.stop()
    lines: defaultdict[str, dict[str, set[int]]] = defaultdict(dict)
    data = cover.get_data()
    for module, path in modules().items():
        for line, names in data.contexts_by_lineno(str(path)).items():
            for name in names:
                lines[name].setdefault(module, set()).add(line)
    return {
        name: Record(seconds=seconds, passed=passed, lines=lines[name]) for name, (seconds, passed) in taken.items()
    }


def _nearness(trials: list[Trial], records: dict[str, Record], module: str) -> dict[str, float]:
    """For each group, 2 where it or a trial is named after the module, else the largest share of lines that it runs."""
    result: defaultdict[str, float] = defaultdict(float)
    for trial in trials:
        run = records[trial.name].lines
        share = len(run.get(module, set())) / max(1, sum(map(len, run.values())))
        named = f"[{module}]" in trial.name or Path(trial.group).stem == f"test_{module.rpartition('.')[2]}"
        result[trial.group] = max(result[trial.group], 2.0 if named else share)
    return result


def chosen(
    trials: list[Trial], records: dict[str, Record], module: str, lines: range | None, most: float
) -> list[Trial]:
    """The trials that run one of the lines, or whatever runs at all where none are given; at most that many seconds.

    The groups take turns by the seconds that each has used, and the quick come first in each. A body concerns
    those files first that are named after its module, and then those with a test that runs little else.
    """
    used: defaultdict[str, float] = defaultdict(float)
    order: list[tuple[float, float, int, Trial]] = []
    near = _nearness(trials, records, module) if lines is None else defaultdict(float)
    for trial in sorted(trials, key=lambda trial: records[trial.name].seconds):
        run = records[trial.name].lines
        if lines is None or not run.get(module, set()).isdisjoint(lines):
            used[trial.group] += records[trial.name].seconds
            order.append((-near[trial.group], used[trial.group], len(order), trial))
    result: list[Trial] = []
    seconds = 0.0
    for *_, trial in sorted(order, key=lambda entry: entry[:3]):
        seconds += records[trial.name].seconds
        if seconds > most and result:
            break
        result.append(trial)
    return result
