"""Rows, columns and combinations of an oracle over a prime field, for many choices of the randomness at once.

All arrays have the choices along their first axis; entries are residues below the modulus, at most 31 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Residues = NDArray[np.int64]

CHUNK = 1 << 17
"""Choices that are evaluated at a time."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """Rows of `width` cells and `pads` pads over GF(modulus), opened at `points` outside the message subgroup."""

    modulus: int
    width: int
    pads: int
    root: int
    points: tuple[int, ...]

    def __post_init__(self) -> None:
        subgroup = {pow(self.root, i, self.modulus) for i in range(self.width)}
        if len(subgroup) != self.width or subgroup & set(self.points) or len(set(self.points)) != len(self.points):
            raise ValueError("the points do not avoid the message subgroup")

    @property
    def degree(self) -> int:
        """k = W + t."""
        return self.width + self.pads

    @property
    def cell_points(self) -> list[int]:
        """Where a row takes its cells: omega^bitrev(i)."""
        bits = self.width.bit_length() - 1
        reverse = [int(format(i, f"0{bits}b")[::-1], 2) if bits else 0 for i in range(self.width)]
        return [pow(self.root, i, self.modulus) for i in reverse]

    def interpolate(self, cells: Residues) -> Residues:
        """Coefficients of the polynomials of degree below W with these cells, (N, W) -> (N, W)."""
        scale = pow(self.width, -1, self.modulus)
        matrix = [
            [pow(x, -k, self.modulus) * scale % self.modulus for k in range(self.width)] for x in self.cell_points
        ]
        return self.product(cells, np.array(matrix, np.int64))

    def row(self, cells: Residues, pads: Residues) -> Residues:
        """w(X) + (X^W - 1) r(X), (N, W) and (N, t) -> (N, k)."""
        result = shifted(self.interpolate(cells), 0, self.degree)
        result[:, : self.pads] -= pads
        result[:, self.width :] += pads
        return result % self.modulus

    def at_points(self, coefficients: Residues) -> Residues:
        """Polynomials at the opened points, (N, n) -> (N, points)."""
        powers = [[pow(x, k, self.modulus) for x in self.points] for k in range(coefficients.shape[1])]
        return self.product(coefficients, np.array(powers, np.int64))

    def product(self, left: Residues, right: Residues) -> Residues:
        """(N, m) times (m, n)."""
        result = np.zeros((len(left), right.shape[1]), np.int64)
        for index, row in enumerate(right):
            result = (result + left[:, index : index + 1] * row) % self.modulus
        return result

    def multiply(self, left: Residues, right: Residues) -> Residues:
        """Products of polynomials, (N, m) and (N, n) -> (N, m + n - 1)."""
        result = np.zeros((max(len(left), len(right)), left.shape[1] + right.shape[1] - 1), np.int64)
        for index in range(left.shape[1]):
            part = result[:, index : index + right.shape[1]]
            part[...] = (part + left[:, index : index + 1] * right) % self.modulus
        return result

    def divide(self, coefficients: Residues) -> Residues:
        """Quotients by X^W - 1 of its multiples, (N, n) -> (N, n - W)."""
        rest, size = coefficients.copy(), coefficients.shape[1] - self.width
        for index in range(size - 1, -1, -1):
            rest[:, index] = (rest[:, index] + rest[:, index + self.width]) % self.modulus
        if np.any(rest[:, : self.width]):
            raise ValueError("no multiple of X^W - 1")
        return rest[:, self.width :]


def shifted(coefficients: Residues, places: int, length: int) -> Residues:
    """Polynomials times a power of X, with zeros up to a length."""
    result = np.zeros((len(coefficients), length), np.int64)
    result[:, places : places + coefficients.shape[1]] = coefficients
    return result


def choices(modulus: int, count: int) -> Iterator[Residues]:
    """All vectors of `count` residues, in parts (N, count)."""
    total = modulus**count
    for start in range(0, total, CHUNK):
        index = np.arange(start, min(start + CHUNK, total), dtype=np.int64)
        digits = []
        for _ in range(count):
            index, digit = np.divmod(index, modulus)
            digits.append(digit)
        yield np.stack(digits, axis=1) if digits else np.zeros((len(index), 0), np.int64)


def distribution(modulus: int, count: int, see: Callable[[Residues], Residues]) -> Residues:
    """The multiset of all views, one sorted number a choice: equal arrays are equal distributions."""
    parts = []
    for part in choices(modulus, count):
        view = see(part)
        if modulus ** view.shape[1] >= 1 << 63:
            raise ValueError("a view does not fit a number")
        code = np.zeros(len(view), np.int64)
        for column in view.T:
            code = code * modulus + column
        parts.append(code)
    return np.sort(np.concatenate(parts))
