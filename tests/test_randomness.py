"""Secret randomness: exact rejection and even spread."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit import randomness
from zkaudit.field.koalabear import MODULUS
from zkaudit.randomness import uniform_bytes, uniform_elements, uniform_residues


@pytest.mark.parametrize("count", [0, 1, 7, 1000, 100_000])
def test_residues_are_canonical(count: int) -> None:
    values = uniform_residues(count)
    assert values.shape == (count,)
    assert values.dtype == np.uint32
    assert np.all(values < MODULUS)


def test_residues_are_spread_evenly() -> None:
    """Sixty-four classes of 10^6 residues: each count lies within six deviations of its mean."""
    counts = np.bincount(uniform_residues(10**6).astype(np.uint64) * 64 // MODULUS, minlength=64)
    assert np.all(np.abs(counts - 10**6 / 64) < 6 * (10**6 / 64) ** 0.5)


def test_words_are_rejected_and_not_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.array([MODULUS, 5, 2**31 - 1, 2**31 + 9, MODULUS - 1, 2**32 - 1], np.uint32)
    supply = [words.tobytes(), np.array([11, 12], np.uint32).tobytes()]
    monkeypatch.setattr(randomness.os, "urandom", lambda count: supply.pop(0))
    assert uniform_residues(4).tolist() == [5, 9, MODULUS - 1, 11]


def test_shapes() -> None:
    assert uniform_elements(9).shape == (5, 9)
    assert uniform_elements(0).dtype == np.uint64
    assert len(uniform_bytes(33)) == 33
