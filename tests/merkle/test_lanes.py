"""The lane kernel and the nonce search against hashlib."""

from __future__ import annotations

import hashlib
import secrets

import numpy as np
import pytest

from zkaudit.merkle.grinding import find_nonce
from zkaudit.merkle.lanes import BATCH, END_MARKER, Compressor, digest_words, initial_state, words_of
from zkaudit.transcript import grinding_digest, has_leading_zeros


def padded(message: bytes) -> bytes:
    """SHA-256's own padding, by FIPS 180-4, section 5.1.1."""
    zeros = -(len(message) + 9) % 64
    return message + b"\x80" + bytes(zeros) + (8 * len(message)).to_bytes(8, "big")


@pytest.mark.parametrize("length", [0, 3, 55, 56, 64, 96, 200])
@pytest.mark.parametrize("count", [16, 48])
def test_digests(length: int, count: int) -> None:
    messages = [secrets.token_bytes(length) for _ in range(count)]
    words = np.ascontiguousarray(words_of(b"".join(map(padded, messages))).reshape(count, -1).T)
    digests = Compressor().hash(words)
    assert [digest.astype(">u4").tobytes() for digest in digests] == [hashlib.sha256(m).digest() for m in messages]


def test_a_block_goes_to_the_states_it_is_meant_for() -> None:
    state = initial_state(48)
    untouched = digest_words(state)
    block = np.zeros((16, 16), np.uint32)
    block[0] = END_MARKER
    Compressor().absorb(block, state, 128)
    found = digest_words(state)
    assert found[16].astype(">u4").tobytes() == hashlib.sha256(b"").digest()
    assert np.array_equal(found[:16], untouched[:16])
    assert np.array_equal(found[32:], untouched[32:])


@pytest.mark.parametrize("bits", [0, 1, 5, 9, 12])
def test_least_nonce(bits: int) -> None:
    seed = secrets.token_bytes(32)
    nonce = find_nonce(seed, bits)
    assert has_leading_zeros(grinding_digest(seed, nonce), bits)
    assert not any(has_leading_zeros(grinding_digest(seed, n), bits) for n in range(nonce))


def test_nonce_beyond_the_first_batch() -> None:
    seed = bytes(32)
    nonce = find_nonce(seed, 16)
    assert nonce > BATCH
    assert has_leading_zeros(grinding_digest(seed, nonce), 16)


def test_nonce_arguments() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        find_nonce(bytes(31), 4)
    with pytest.raises(ValueError, match="64 bits"):
        find_nonce(bytes(32), 65)
