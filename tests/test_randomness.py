"""Secret randomness: exact rejection, no repetition, no way to copy or seed."""

from __future__ import annotations

import copy
import hashlib
import inspect
import pickle

import numpy as np
import pytest

from zkaudit import randomness
from zkaudit.field.koalabear import MODULUS
from zkaudit.randomness import SecretStream, uniform_bytes, uniform_elements, uniform_residues


@pytest.mark.parametrize("count", [0, 1, 7, 1000, 100_000])
def test_residues_are_canonical(count: int) -> None:
    for values in (uniform_residues(count), SecretStream().residues(count)):
        assert values.shape == (count,)
        assert values.dtype == np.uint32
        assert np.all(values < MODULUS)


def test_residues_are_spread_evenly() -> None:
    """Sixty-four classes of 10^6 residues: each count lies within six deviations of its mean."""
    for values in (uniform_residues(10**6), SecretStream().residues(10**6)):
        counts = np.bincount(values.astype(np.uint64) * 64 // MODULUS, minlength=64)
        assert np.all(np.abs(counts - 10**6 / 64) < 6 * (10**6 / 64) ** 0.5)


def test_words_are_rejected_and_not_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.array([MODULUS, 5, 2**31 - 1, 2**31 + 9, MODULUS - 1, 2**32 - 1], np.uint32)
    supply = [words.tobytes(), np.array([11, 12], np.uint32).tobytes()]
    monkeypatch.setattr(randomness.os, "urandom", lambda count: supply.pop(0))
    assert uniform_residues(4).tolist() == [5, 9, MODULUS - 1, 11]


def test_shapes() -> None:
    assert uniform_elements(9).shape == (5, 9)
    assert SecretStream().elements(9).shape == (5, 9)
    assert uniform_elements(0).dtype == np.uint64
    assert len(uniform_bytes(33)) == 33


def test_stream_is_one_sequence_of_the_documented_bytes() -> None:
    stream = SecretStream()
    seed = stream._seed
    parts = [stream.bytes(count) for count in (0, 1, 5, 70_000, 3, 200_000)]
    blocks = [
        hashlib.shake_256(b"zkaudit secret stream v1" + seed + block.to_bytes(8, "big")).digest(1 << 16)
        for block in range(5)
    ]
    assert b"".join(parts) == b"".join(blocks)[: sum(map(len, parts))]


def test_streams_differ_and_do_not_repeat() -> None:
    first, second = SecretStream(), SecretStream()
    drawn = [first.bytes(32) for _ in range(500)] + [second.bytes(32) for _ in range(500)]
    assert len(set(drawn)) == 1000


def test_no_seed_no_copy_no_trace() -> None:
    assert not inspect.signature(SecretStream).parameters
    stream = SecretStream()
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            attempt(stream)
    assert stream._seed.hex() not in repr(stream)
