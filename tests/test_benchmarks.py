"""The benchmarks follow the code that they measure."""

from __future__ import annotations

import pytest

from benchmarks import kernels, models, proving, signatures, start


def test_kernel_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rate is measured, on sizes that take no time."""
    monkeypatch.setattr(kernels, "LOG_LOOKUPS", 8)
    monkeypatch.setattr(kernels, "ENTRIES", 64)
    monkeypatch.setattr(kernels, "COMMITTED_ROWS", 4)
    monkeypatch.setattr(kernels, "REPETITIONS", 1)
    assert all(rate.nanoseconds > 0 for rate in kernels.measure())


def test_signatures_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "SIGNERS", 2)
    monkeypatch.setattr(signatures, "REPETITIONS", 1)
    assert all(one.seconds > 0 for one in signatures.measure())


def test_a_statement_is_measured() -> None:
    """The parts of a proof add up to its bytes, and every phase has its seconds and memory."""
    found = proving.measure(next(iter(models.SUBJECTS)))
    assert sum(found.parts.values()) == found.proof_bytes
    assert set(found.phases) == set(found.memory)


def test_starts() -> None:
    """Each command line is one that ends, and takes some time."""
    found = start.measure(repetitions=1)
    assert [one.name for one in found] == list(start.STARTS)
    assert all(one.wall > 0 for one in found)
