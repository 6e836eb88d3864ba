"""The secret randomness of a prover: pads, masks and salts, from the operating system's generator.

Padding rows and public cells expose their pads, so a biased or repeated stream opens everything.
Residues are therefore drawn by exact rejection sampling, never by reducing a wider word, and no seed is an option.
What they hide is hidden as well as that generator is unpredictable; there is no other assumption.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.arrays import Array
from zkaudit.field.extension import DEGREE
from zkaudit.field.koalabear import MODULUS

_MASK = np.uint32(2**31 - 1)


def uniform_residues(count: int) -> NDArray[np.uint32]:
    """Uniform residues, (count,): 31-bit words, the one in 128 that is not below p left out."""
    result = np.empty(count, np.uint32)
    filled = 0
    while filled < count:
        missing = count - filled
        words = np.frombuffer(os.urandom(4 * (missing + missing // 100 + 16)), np.uint32) & _MASK
        found = words[words < MODULUS][:missing]
        result[filled : filled + found.size] = found
        filled += found.size
    return result


def uniform_elements(count: int) -> Array:
    """Uniform elements of F as an F-vector, (5, count)."""
    return uniform_residues(DEGREE * count).reshape(DEGREE, count).astype(np.uint64)


def uniform_bytes(count: int) -> bytes:
    """Uniform bytes."""
    return os.urandom(count)
