"""Settings of the whole suite, made before numpy is imported."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import lies

# The products of these tests are small, and threads of the matrix library cost more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A loaded machine is no failure: speed is measured in benchmarks/, never in a test.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


COUNTED = {"fuzz executions": "nothing lost"}
"""Counts that tests record as properties, and what each says when all of them pass."""


def pytest_configure(config: pytest.Config) -> None:
    """The marker that names the kind of the lies of a test."""
    config.addinivalue_line("markers", "lies(kind): what the lies of this test are about; they are counted by kind")


@pytest.fixture(autouse=True)
def _kind_of_lies(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lies count under the kind that the nearest marker names."""
    marker = request.node.get_closest_marker("lies")
    with lies.about(marker.args[0] if marker else lies.OTHER):
        yield


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its counts to the process that reports."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["lies"] = dict(lies.COUNTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The counts of a worker that has finished."""
    lies.COUNTS.update(getattr(node, "workeroutput", {}).get("lies", {}))


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int) -> None:
    """How many lies were tried, by kind, and what the tests counted, on whichever worker they ran."""
    for line in lies.summary(failed=exitstatus != 0):
        terminalreporter.write_line(line)
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties if report.when == "call" else ():
            if name in COUNTED:
                counts[name] += value
    for name, count in counts.items():
        terminalreporter.write_line(f"{name}: {count}, {COUNTED[name]}")
