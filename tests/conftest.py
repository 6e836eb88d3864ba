"""Settings of the whole suite, made before numpy is imported."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# The products of these tests are small, and threads of the matrix library cost more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A loaded machine is no failure: speed is measured in benchmarks/, never in a test.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

COUNTED = {"fuzz executions": "nothing lost"}
"""Counts that tests record as properties, and what each says when all of them pass."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Adds up what the tests counted, on whichever worker they ran."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties if report.when == "call" else ():
            if name in COUNTED:
                counts[name] += value
    for name, count in counts.items():
        terminalreporter.write_line(f"{name}: {count}, {COUNTED[name]}")
