"""SHA-256 of many messages of one length at once, on the lane kernel.

Messages are given as words, one message to a column: word w of message j at [w, j], padding of SHA-256 included.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.merkle.kernels import INITIAL_STATE, LANES, STATE, WINDOW, absorb_rows

Words = NDArray[np.uint32]

BATCH = 1 << 11
"""Performance knob: messages of two blocks whose words stay in the second-level cache."""

END_MARKER = 0x80000000
"""The bit that SHA-256 appends to a message, as the first bit of a word."""


def words_of(digests: bytes | NDArray[np.uint8]) -> Words:
    """Bytes as big-endian words, flat."""
    return np.frombuffer(digests, ">u4").astype(np.uint32)


def initial_state(count: int) -> Words:
    """Lane states of `count` messages, a multiple of sixteen, before their first block."""
    return np.tile(np.repeat(INITIAL_STATE, LANES), count // LANES)


def digest_words(state: Words) -> Words:
    """The chaining values of lane states, (count, 8)."""
    return np.ascontiguousarray(state.reshape(-1, 8, LANES).transpose(0, 2, 1)).reshape(-1, 8)


class Compressor:
    """The scratch arrays of one thread that hashes."""

    __slots__ = ("_window", "_working")

    def __init__(self) -> None:
        self._working = np.empty(STATE, np.uint32)
        self._window = np.empty(WINDOW, np.uint32)

    @property
    def scratch(self) -> tuple[Words, Words]:
        """Working variables and message schedule, for kernels that hash inside."""
        return self._working, self._window

    def absorb(self, block: Words, state: Words, place: int = 0) -> None:
        """One block, words (16, count) contiguous, into the lane states from state[place]."""
        count = block.shape[1]
        absorb_rows(block.reshape(-1), count, state, place, count // LANES, self._working, self._window)

    def hash(self, words: Words) -> Words:
        """Digests (count, 8) of padded messages (16 b, count), count a multiple of sixteen."""
        state = initial_state(words.shape[1])
        for block in words.reshape(-1, 16, words.shape[1]):
            self.absorb(block, state)
        return digest_words(state)
