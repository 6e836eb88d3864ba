"""The tree that a prover commits with and opens columns of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.jit import run_parallel, split
from zkaudit.merkle.kernels import LANES
from zkaudit.merkle.lanes import BATCH, END_MARKER, Compressor, Words, words_of
from zkaudit.merkle.messages import DIGEST_BYTES, Oracle, node_digest, node_label
from zkaudit.merkle.verifier import missing_siblings

_WORDS = DIGEST_BYTES // 4
_PARALLEL = 1 << 12
"""Performance knob: least number of nodes of one thread, about 2 ms."""


class MerkleTree:
    """All digests of a tree over n leaves, n a power of two, level by level: 64 n bytes."""

    def __init__(self, oracle: Oracle, leaves: NDArray[np.uint8]) -> None:
        """Leaf digests as an array (n, 32); ValueError for any other shape."""
        if leaves.ndim != 2 or leaves.shape[1] != DIGEST_BYTES or leaves.shape[0] & (leaves.shape[0] - 1):
            raise ValueError(f"leaf digests have shape {leaves.shape}, not (a power of two, {DIGEST_BYTES})")
        if leaves.shape[0] == 0 or leaves.dtype != np.uint8:
            raise ValueError("leaf digests are at least one row of bytes")
        self.oracle = oracle
        self.size = leaves.shape[0]
        words = words_of(np.ascontiguousarray(leaves))
        self._levels = [words]
        for level in range(1, self.size.bit_length()):
            words = self._parents(level, words)
            self._levels.append(words)

    @property
    def root(self) -> bytes:
        """The 32 bytes that are committed."""
        return self._digest(self.size.bit_length() - 1, 0)

    def open(self, indices: Sequence[int]) -> list[bytes]:
        """The path of ascending distinct leaves, in the order that the verifier reads it.

        Rejected for indices that the verifier would refuse.
        """
        return [self._digest(level, index) for level, index in missing_siblings(self.size, indices)]

    def _digest(self, level: int, index: int) -> bytes:
        words = self._levels[level][_WORDS * index : _WORDS * (index + 1)]
        return words.astype(">u4").tobytes()

    def _parents(self, level: int, children: Words) -> Words:
        """The digests of one level from those below it, as words."""
        count = children.size // (2 * _WORDS)
        parents = np.empty(_WORDS * count, np.uint32)
        if count < LANES:
            for index in range(count):
                left = self._digest(level - 1, 2 * index)
                right = self._digest(level - 1, 2 * index + 1)
                digest = node_digest(self.oracle, level, index, left, right)
                parents[_WORDS * index : _WORDS * (index + 1)] = np.frombuffer(digest, ">u4")
            return parents
        tasks: list[Callable[[], None]] = [
            partial(self._hash_nodes, level, LANES * first, LANES * last, children, parents)
            for first, last in split(count // LANES, _PARALLEL // LANES)
        ]
        run_parallel(tasks)
        return parents

    def _hash_nodes(self, level: int, first: int, last: int, children: Words, parents: Words) -> None:
        """Nodes `first` to `last` of a level on the lane kernel, both multiples of sixteen."""
        compressor = Compressor()
        pairs = children.reshape(-1, 2 * _WORDS)
        for start in range(first, last, BATCH):
            stop = min(start + BATCH, last)
            words = np.zeros((32, stop - start), np.uint32)
            words[:6] = words_of(node_label(self.oracle))[:, None]
            words[6] = level
            words[7] = np.arange(start, stop)
            words[8:24] = pairs[start:stop].T
            # 96 bytes of message, the end marker and the length in bits.
            words[24] = END_MARKER
            words[31] = 768
            parents[_WORDS * start : _WORDS * stop] = compressor.hash(words).reshape(-1)
