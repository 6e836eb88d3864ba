"""The base field K in Python integers: the reference of every array and kernel."""

from __future__ import annotations

MODULUS = 2**31 - 2**24 + 1
"""KoalaBear: products of two residues fit 62 bits, and 2^24 divides p - 1."""

GENERATOR = 3
"""Least generator of the multiplicative group."""

TWO_ADICITY = 24
"""Largest k for which 2^k divides p - 1."""

ELEMENT_BYTES = 4
"""Bytes of one canonical element on the wire, big-endian."""

HALF = (MODULUS - 1) // 2
"""Integers in [-HALF, HALF] embed without wrapping."""


def inverse(value: int) -> int:
    """Inverse of a non-zero residue; ZeroDivisionError for zero."""
    if value % MODULUS == 0:
        raise ZeroDivisionError("zero has no inverse in KoalaBear")
    return pow(value, -1, MODULUS)


def root_of_unity(log_order: int) -> int:
    """Generator of the subgroup of order 2^log_order; ValueError beyond the two-adicity."""
    if not 0 <= log_order <= TWO_ADICITY:
        raise ValueError(f"no subgroup of order 2^{log_order}")
    return pow(GENERATOR, (MODULUS - 1) >> log_order, MODULUS)


def signed(residue: int) -> int:
    """The representative of a residue in [-HALF, HALF]."""
    return residue if residue <= HALF else residue - MODULUS


def bit_reverse(index: int, bits: int) -> int:
    """The index with its lowest `bits` bits in reverse order."""
    result = 0
    for _ in range(bits):
        result = (result << 1) | (index & 1)
        index >>= 1
    return result
