"""Every target on some hundred inputs, the same in every run: no exception but the two, and memory within bounds.

`make fuzz` runs the same targets for longer, guided by coverage.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.choices import Choices, altered_bytes
from tests.fuzz.targets import TARGETS, Target

EXAMPLES = {"verify": 60, "verify-messages": 60}
"""Inputs of the slow targets; what they allocate is measured for every twentieth, because that takes longer."""

MANY = 300
"""Inputs of each other target."""


def near_seeds(target: Target, data: bytes) -> bytes:
    """A seed with a few changes."""
    choices = Choices(data)
    result = choices.one_of(target.seeds())
    for _ in range(choices.number(4)):
        result = altered_bytes(result, choices)
    return result


def peak_of(read: Callable[[bytes], None], data: bytes) -> int:
    """The most bytes that were allocated at once while the data was read."""
    tracemalloc.start()
    try:
        read(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_escapes_and_memory_is_bounded(name: str, record_property: Callable[[str, object], None]) -> None:
    target = TARGETS[name]
    executed = 0

    def run(data: bytes) -> None:
        nonlocal executed
        content = target.make(data)
        if name in EXAMPLES and executed % 20:
            target.read(content)
        else:
            peak = peak_of(target.read, content)
            assert peak <= target.multiple * len(content) + target.constant, f"{peak} bytes for {len(content)}"
        executed += 1

    for seed in target.seeds():
        target.read(target.make(seed))  # what is loaded or cached once is not the input's
        run(seed)

    @settings(max_examples=EXAMPLES.get(name, MANY), derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.binary(min_size=4, max_size=160))
    def examples(data: bytes) -> None:
        run(near_seeds(target, data) if target.changes_seeds else data)

    examples()
    record_property("fuzz executions", executed)
