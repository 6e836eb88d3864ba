"""Where rows live and where they are evaluated, and what the verifier evaluates itself.

A row of W cells and t pads is the polynomial

    f(X) = w(X) + (X^W - 1) r(X),  deg w < W,  deg r < t,

where w takes cell i at omega_W^bitrev(i) and the coefficients of r are the pads.
Column c W + j is the value of f at s_c omega_W^bitrev(j), s_c = 3 omega_n^c, for c < n / W.
These points are the coset 3 <omega_n>, which is disjoint from <omega_W>: 3 generates the whole group.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.koalabear import GENERATOR, MODULUS, TWO_ADICITY, bit_reverse, inverse, root_of_unity

_P = np.uint64(MODULUS)

_DENSE_BITS = 8
"""Performance knob: transforms of up to 2^8 points are matrix products, larger ones are split."""


def _reduce(values: Array) -> Array:
    """values mod p; numpy vectorises the division by a constant and not its remainder."""
    return np.asarray(values - values // _P * _P, np.uint64)


def powers(base: int, count: int) -> Array:
    """1, base, base^2, .. as residues, (count,)."""
    return np.ascontiguousarray(_power_rows(np.array([base], np.uint64), count)[0])


def _power_rows(bases: Array, count: int) -> Array:
    """Powers below `count` of each residue, (k,) -> (k, count), by doubling."""
    table = np.ones((bases.size, count), np.uint64)
    filled = 1
    step = bases.reshape(-1, 1)
    while filled < count:
        table[:, filled : 2 * filled] = _reduce(table[:, : min(filled, count - filled)] * step)
        step = step * step % _P
        filled *= 2
    return table


@lru_cache(maxsize=32)
def bit_reversal(bits: int) -> NDArray[np.int64]:
    """bitrev(i) for all i below 2^bits, (2^bits,), read-only."""
    table = np.zeros(1, np.int64)
    for _ in range(bits):
        table = np.concatenate([2 * table, 2 * table + 1])
    table.setflags(write=False)
    return table


@lru_cache(maxsize=32)
def _inverse_matrix(bits: int) -> Array:
    """Interpolation from bit-reversed points of order N = 2^bits: entry (cell, k) is omega^(-k bitrev(cell)) / N."""
    size = 1 << bits
    root = inverse(root_of_unity(bits))
    exponents = bit_reversal(bits)[:, None] * np.arange(size) % size
    matrix = _reduce(powers(root, size)[exponents] * np.uint64(inverse(size)))
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=32)
def _twist(bits: int, low: int) -> Array:
    """omega^(-bitrev(a) b) of order 2^bits for a below 2^(bits - low) and b below 2^low."""
    exponents = bit_reversal(bits - low)[:, None] * np.arange(1 << low)
    table = np.ascontiguousarray(powers(inverse(root_of_unity(bits)), 1 << bits)[exponents])
    table.setflags(write=False)
    return table


def interpolate(cells: Array) -> Array:
    """Coefficients of w from its message cells, lowest first: (W,) -> (W,) or (k, W) -> (k, W), W a power of two.

    Formula: the B cells from a B on are w modulo X^B - omega_A^bitrev(a) on a coset of <omega_B>, A = W / B.
    One transform of size B for each a, a twist, and one of size A for each coefficient (Bailey's four steps).
    """
    bits = cells.shape[-1].bit_length() - 1
    if cells.shape[-1] != 1 << bits:
        raise ValueError(f"{cells.shape[-1]} cells are not a power of two")
    rows = cells.reshape(-1, 1 << bits)
    if bits <= _DENSE_BITS:
        return arrays.matrix_product(rows, _inverse_matrix(bits)).reshape(cells.shape)
    if rows.shape[0] > 1:
        # One by one, so that temporaries stay in warm memory.
        return np.stack([interpolate(row) for row in rows]).reshape(cells.shape)
    low = min((bits + 1) // 2, _DENSE_BITS)
    inner, outer = 1 << low, 1 << (bits - low)
    # (outer, inner) x (inner, inner)
    reduced = arrays.matrix_product(rows.reshape(outer, inner), _inverse_matrix(low))
    reduced = _reduce(reduced * _twist(bits, low))
    # One polynomial in X^inner for each coefficient below it: (inner, outer) -> (inner, outer)
    coefficients = interpolate(np.ascontiguousarray(reduced.T))
    return np.ascontiguousarray(coefficients.T).reshape(cells.shape)


def evaluate_polynomial(coefficients: Array, points: Array) -> Array:
    """Polynomials with m coefficients each, lowest first, at K-points: (k, m), (q,) -> (k, q), k = 5 for F.

    Formula: sum_b x^b sum_a (x^B)^a c_(a B + b) with B of the order of the square root of m.
    Source: Paterson and Stockmeyer 1973.
    """
    count, length = coefficients.shape
    # A quarter of the square root balances the table of giant steps with the arithmetic on the sums.
    baby = max(1, 1 << (length.bit_length() + 1) // 2 >> 2)
    giant = -(-length // baby)
    if length == 0 or points.size == 0:
        return np.zeros((count, points.size), np.uint64)
    padded = np.zeros((count, giant * baby), np.uint64)
    padded[:, :length] = coefficients
    blocks = padded.reshape(count, giant, baby).transpose(1, 0, 2).reshape(giant, -1)
    low = _power_rows(points, baby)
    high = _power_rows(low[:, -1] * points % _P, giant)
    # (q, giant) x (giant, count baby)
    sums = arrays.matrix_product(high, blocks).reshape(points.size, count, baby)
    return np.ascontiguousarray((_reduce(sums * low[:, None, :]).sum(axis=2) % _P).T)


@dataclass(frozen=True, slots=True)
class Domain:
    """The code of one oracle: W = `width` cells and t = `pads` pads to a row, n = `columns` columns."""

    width: int
    columns: int
    pads: int

    def __post_init__(self) -> None:
        """ValueError, unless W and n are powers of two, 1 <= t <= W < n, W >= 2 and n <= 2^24."""
        for size in (self.width, self.columns):
            if size < 2 or size & (size - 1) or size > 1 << TWO_ADICITY:
                raise ValueError(f"{size} is not a power of two between 2 and 2^{TWO_ADICITY}")
        if self.width >= self.columns:
            raise ValueError(f"rows of {self.width} cells need more than {self.columns} columns")
        if not 1 <= self.pads <= self.width:
            raise ValueError(f"{self.pads} pads are not between 1 and the {self.width} cells of a row")

    @property
    def width_bits(self) -> int:
        """log2 W."""
        return self.width.bit_length() - 1

    @property
    def cosets(self) -> int:
        """n / W."""
        return self.columns // self.width

    def coset_shift(self, coset: int) -> int:
        """s_c = 3 omega_n^c."""
        return GENERATOR * pow(root_of_unity(self.columns.bit_length() - 1), coset, MODULUS) % MODULUS

    def cell_point(self, cell: int) -> int:
        """The point at which a row takes message cell `cell`."""
        return pow(root_of_unity(self.width_bits), bit_reverse(cell, self.width_bits), MODULUS)

    def column_point(self, index: int) -> int:
        """The point of column `index`."""
        coset, cell = divmod(index, self.width)
        return self.coset_shift(coset) * self.cell_point(cell) % MODULUS

    def column_points(self, indices: NDArray[np.integer] | list[int]) -> Array:
        """The points of columns, (k,) -> (k,)."""
        return np.array([self.column_point(int(index)) for index in indices], np.uint64)

    def evaluate_row(self, cells: Array, pads: Array, indices: NDArray[np.integer] | list[int]) -> Array:
        """The encoding of an F-valued row at k columns: cells (5, W), pads (5, t) -> (5, k).

        The five coordinates are five rows over K, because the points are in K.
        """
        points = self.column_points(indices)
        message = evaluate_polynomial(interpolate(cells), points)
        masks = evaluate_polynomial(pads, points)
        vanishing = points
        for _ in range(self.width_bits):
            vanishing = vanishing * vanishing % _P
        vanishing = (vanishing + (_P - np.uint64(1))) % _P
        return arrays.add(message, arrays.scale_base(masks, vanishing))
