"""The secret randomness of a prover: pads, masks and salts.

Padding rows and public cells expose their pads, so a biased or repeated stream opens everything.
Residues are therefore drawn by exact rejection sampling, never by reducing a wider word, and no seed is an option.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.arrays import Array
from zkaudit.field.extension import DEGREE
from zkaudit.field.koalabear import MODULUS

SEED_BYTES = 32
"""Security-derived: the hiding of a stream is that of SHAKE256 with a 256-bit key."""

_BLOCK = 1 << 16
"""Performance knob: bytes that one call of SHAKE256 gives."""

_MASK = np.uint32(2**31 - 1)
_LABEL = b"zkaudit secret stream v1"


def _reject(words: bytes) -> NDArray[np.uint32]:
    """The uniform residues in uniform bytes: 31-bit words, those not below p left out."""
    candidates = np.frombuffer(words, np.uint32) & _MASK
    return np.asarray(candidates[candidates < MODULUS])


def _draw(count: int, source: Callable[[int], bytes]) -> NDArray[np.uint32]:
    """`count` residues from a source of bytes; one word in 128 is rejected."""
    result = np.empty(count, np.uint32)
    filled = 0
    while filled < count:
        missing = count - filled
        found = _reject(source(4 * (missing + missing // 100 + 16)))[:missing]
        result[filled : filled + found.size] = found
        filled += found.size
    return result


def uniform_residues(count: int) -> NDArray[np.uint32]:
    """Uniform residues from the operating system's generator, (count,).

    What they hide is hidden as well as that generator is unpredictable.
    """
    return _draw(count, os.urandom)


def uniform_elements(count: int) -> Array:
    """Uniform elements of F from the operating system's generator, as an F-vector (5, count)."""
    return uniform_residues(DEGREE * count).reshape(DEGREE, count).astype(np.uint64)


def uniform_bytes(count: int) -> bytes:
    """Uniform bytes from the operating system's generator."""
    return os.urandom(count)


class SecretStream:
    """A stream of secret values for one proof: SHAKE256 of a fresh 32-byte seed and a counter.

    No output is given twice, as long as one thread of one process draws from it.
    The hiding is computational, by SHAKE256 as a pseudorandom function.
    """

    __slots__ = ("_counter", "_rest", "_seed")

    def __init__(self) -> None:
        self._seed = secrets.token_bytes(SEED_BYTES)
        self._counter = 0
        self._rest = b""

    def __repr__(self) -> str:
        return "SecretStream()"

    def __reduce__(self) -> str:
        raise TypeError("a secret stream is not copied or stored: its output would repeat")

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes."""
        pieces = [self._rest]
        available = len(self._rest)
        while available < count:
            keyed = _LABEL + self._seed + self._counter.to_bytes(8, "big")
            pieces.append(hashlib.shake_256(keyed).digest(_BLOCK))
            self._counter += 1
            available += _BLOCK
        joined = b"".join(pieces)
        self._rest = joined[count:]
        return joined[:count]

    def residues(self, count: int) -> NDArray[np.uint32]:
        """The next uniform residues, (count,)."""
        return _draw(count, self.bytes)

    def elements(self, count: int) -> Array:
        """The next uniform elements of F as an F-vector, (5, count)."""
        return self.residues(DEGREE * count).reshape(DEGREE, count).astype(np.uint64)
