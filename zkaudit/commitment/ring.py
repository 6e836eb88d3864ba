"""The ring R = K[X]/(X^512 + 1): its public uniform elements and exact products in numpy.

A ring element is a row of 512 coefficients, the constant one first, as centred residues in [-(p-1)/2, (p-1)/2].
Products run on float64 matrix products; each docstring gives the bound that keeps every partial sum below 2^53.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.koalabear import HALF, MODULUS

DEGREE = 512
"""Security-derived: dimension of the Ring-SIS instance."""

BLOCK = 64
"""Ring elements of one SHAKE128 stream; a part of the protocol, because it fixes their values."""

SEED = hashlib.sha256(b"zkaudit commitment: Ajtai over KoalaBear, X^512 + 1, version 1").digest()
"""The constant of the protocol from which all public ring elements grow; nobody chose its bits."""

_LABEL = b"zkaudit ring expansion".ljust(32, b"\x00")

_WORDS = 65 * DEGREE
"""First guess of a stream's length in words: 33,280 for 32,768 coefficients.

On average 33,026 words hold that many coefficients, with a standard deviation of 16.
"""

_CACHED = 512
"""Performance knob: expanded streams that are kept, 128 kB each: those of 16 million weights."""

_SPLIT = 15
"""Bits of the lower part of a split operand."""

_OUTER = 1 << 16
"""Most outer products in one float64 sum: 2^16 * 2^30 * 2^7 = 2^53."""

_INNER = 256
"""Longest inner dimension of one float64 product: 256 * (HALF / 2^15) * HALF < 2^53."""


@lru_cache(maxsize=_CACHED)
def uniform_block(kind: bytes, index: int) -> NDArray[np.int32]:
    """Ring elements 64 index to 64 index + 63 of a kind, (64, 512), centred, read-only.

    The stream is SHAKE128(label || seed || kind || first element || element after the last),
    of 32, 32, 1, 8 and 8 bytes, the numbers big-endian, the label padded with zero bytes.
    It is read as 32-bit big-endian words; each gives its low 31 bits, and those not below p are left out.
    Elements of one kind so are a prefix of one sequence, whatever the size of a model.
    """
    place = (BLOCK * index).to_bytes(8, "big") + (BLOCK * (index + 1)).to_bytes(8, "big")
    stream = hashlib.shake_128(_LABEL + SEED + kind + place)
    words = _WORDS
    while True:
        drawn = np.frombuffer(stream.digest(4 * words), ">u4").astype(np.uint32) & np.uint32(0x7FFFFFFF)
        accepted = drawn[drawn < MODULUS]
        if len(accepted) >= BLOCK * DEGREE:
            elements = centred(accepted[: BLOCK * DEGREE]).reshape(BLOCK, DEGREE)
            elements.setflags(write=False)
            return elements
        words *= 2


def centred(residues: NDArray[np.integer]) -> NDArray[np.int32]:
    """Canonical residues as the representatives of least magnitude, same shape."""
    values = residues.astype(np.int32)
    values -= (values > HALF) * np.int32(MODULUS)
    return values


def sum_of_products(factors: Iterable[tuple[NDArray[np.int32], NDArray[np.int8]]]) -> NDArray[np.int64]:
    """sum_i a_i w_i in R, residues (512,), of blocks of elements a_i (m, 512) and cells w_i (m, 512) int8.

    The outer products sum_i a_i[x] w_i[y] are one matrix; its antidiagonals x + y are the coefficients.
    Bound: 2^16 products below 2^37 each, so that sums stay below 2^53; beyond that they are reduced first.
    """
    outer = np.zeros((DEGREE, DEGREE))
    summed = 0
    for elements, cells in factors:
        summed += len(elements)
        if summed > _OUTER:
            np.fmod(outer, MODULUS, out=outer)
            summed = 1 + len(elements)
        # (512, m) @ (m, 512) -> (512, 512)
        outer += elements.T.astype(np.float64) @ cells.astype(np.float64)
    # Rows of 1024 read as rows of 1023 shift by one place each, so antidiagonals become columns.
    sheared = np.zeros((DEGREE, 2 * DEGREE), np.int64)
    sheared[:, :DEGREE] = np.fmod(outer, MODULUS).astype(np.int64)
    width = 2 * DEGREE - 1
    product: NDArray[np.int64] = sheared.reshape(-1)[: DEGREE * width].reshape(DEGREE, width).sum(axis=0)
    # X^512 = -1
    product[: DEGREE - 1] -= product[DEGREE:]
    return np.asarray(product[:DEGREE] % MODULUS, np.int64)


def hankel(vector: NDArray[np.int32]) -> NDArray[np.float64]:
    """The matrix H of `a @ H` = <t_j, a X^l> at column 512 j + l, for centred rows t_j: (m, 512) -> (512, 512 m).

    H[x, (j, l)] is the coefficient of t_j at x + l, negated beyond 511: the transpose of a product in R.
    """
    rows = len(vector)
    extended = np.concatenate([vector, -vector[:, :-1]], axis=1).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(extended, DEGREE, axis=1)  # (m, 512, 512)
    return np.ascontiguousarray(windows.transpose(1, 0, 2)).reshape(DEGREE, rows * DEGREE)


def matrix_product(left: NDArray[np.int32], right: NDArray[np.float64]) -> NDArray[np.int64]:
    """Product of matrices of centred residues, (m, n) @ (n, k) -> residues (m, k), for n up to 2^17.

    Bound: the left operand splits into high * 2^15 + low with |high| <= HALF / 2^15 < 2^15 and |low| <= 2^14,
    so 256 products add up to less than 2^53; sums of up to 2^9 such parts stay below 2^62 as integers.
    """
    high = np.rint(left / (1 << _SPLIT))
    low = left - high * (1 << _SPLIT)
    result_high = np.zeros((left.shape[0], right.shape[1]), np.int64)
    result_low = np.zeros_like(result_high)
    for start in range(0, left.shape[1], _INNER):
        part = slice(start, start + _INNER)
        result_high += (high[:, part] @ right[part]).astype(np.int64)
        result_low += (low[:, part] @ right[part]).astype(np.int64)
    return (((result_high % MODULUS) << _SPLIT) + result_low) % MODULUS
