"""The commitment link: one linear functional of weight cells and randomness that equals one of the public value.

For T = eq(tau, .) in F^512 with tau uniform after the cells are fixed,
<T, com> = sum_i <Rot(a_i)^T T, w_i> + sum_j <b_j, T> s_j.
Cells that do not open `com` satisfy it with probability at most 9/|F| (Schwartz-Zippel).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from zkaudit.commitment import ring
from zkaudit.commitment.ajtai import RANDOMNESS, RANDOMNESS_KIND, WEIGHT_KIND, ring_blocks
from zkaudit.field import arrays, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import DEGREE as COORDINATES
from zkaudit.field.extension import Element

VARIABLES = 9
"""Length of tau: a ring element has 2^9 coefficients."""

_POWERS: tuple[Element, ...] = ((1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1))
"""1, x, x^2, x^3, x^4 in F: what the coordinates of T stand for."""


class Link:
    """The functional of one point tau, on the side of the prover and on that of the verifier."""

    def __init__(self, tau: Sequence[Element]) -> None:
        if len(tau) != VARIABLES:
            raise ValueError(f"the link takes {VARIABLES} challenges, not {len(tau)}")
        self.vector = arrays.equality_table(tau)
        """T, (5, 512)."""
        self._centred = ring.centred(self.vector)

    @cached_property
    def _hankel(self) -> NDArray[np.float64]:
        return ring.hankel(self._centred)

    def target(self, value: NDArray[np.uint32]) -> Element:
        """<T, com> for the residues (512,) of a commitment."""
        return arrays.dot_base(self.vector, value)

    def weight_coefficients(self, cells: int) -> Array:
        """The coefficient (Rot(a_i)^T T)[l] of weight cell 512 i + l, F-vector (5, cells).

        Cost: 1.7 us a cell; the reference of the prover's kernel.
        """
        result = np.empty((COORDINATES, cells), np.uint64)
        for start, elements in ring_blocks(WEIGHT_KIND, -(-cells // ring.DEGREE)):
            # (m, 512) @ (512, 5 * 512) -> (m, 5, 512)
            products = ring.matrix_product(elements, self._hankel).reshape(-1, COORDINATES, ring.DEGREE)
            place = ring.DEGREE * start
            part = products.transpose(1, 0, 2).reshape(COORDINATES, -1)[:, : cells - place]
            result[:, place : place + part.shape[1]] = part
        return result

    def randomness_coefficients(self) -> Array:
        """The coefficient <b_j, T> of scalar j, F-vector (5, 2048)."""
        result = np.empty((COORDINATES, RANDOMNESS), np.uint64)
        for start, elements in ring_blocks(RANDOMNESS_KIND, RANDOMNESS):
            part = ring.matrix_product(self._centred, elements.T.astype(np.float64))
            result[:, start : start + len(elements)] = part
        return result

    def evaluate_weights(self, high: Array, low: Array, cells: int) -> Element:
        """sum over k < cells of coefficient_k high[k // 512] low[k % 512], for high (5, ring elements), low (5, 512).

        1. Fold the a_i of full ring elements into G = sum_i high_i a_i.
        2. Multiply once in the ring: <T, G low> = <G, Rot(low)^T T>.
        3. A last, partly used ring element takes its own product with the cells that it has.
        """
        full, rest = divmod(cells, ring.DEGREE)
        if high.shape != (COORDINATES, full + (rest > 0)) or low.shape != (COORDINATES, ring.DEGREE):
            raise ValueError(f"weights of shapes {high.shape} and {low.shape} for {cells} cells")
        value = extension.ZERO
        if full:
            value = arrays.dot(self._fold(high[:, :full]), self._rotate(low))
        if rest:
            used = low.copy()
            used[:, rest:] = 0
            last = ring.uniform_block(WEIGHT_KIND, full // ring.BLOCK)[full % ring.BLOCK]
            product = arrays.dot_base(self._rotate(used), last)
            value = extension.add(value, extension.multiply(product, arrays.element(high[:, full])))
        return value

    def _fold(self, high: Array) -> Array:
        """G = sum_i high_i a_i, F-vector (5, 512)."""
        total = np.zeros((COORDINATES, ring.DEGREE), np.int64)
        for start, elements in ring_blocks(WEIGHT_KIND, high.shape[1]):
            factors = ring.centred(high[:, start : start + len(elements)])
            total += ring.matrix_product(factors, elements.astype(np.float64))
        return arrays.residues(total)

    def _rotate(self, low: Array) -> Array:
        """Rot(low)^T T: sum_l low[l] T[x + l] at x, negacyclic, F-vectors (5, 512) -> (5, 512)."""
        products = ring.matrix_product(ring.centred(low), self._hankel).reshape(COORDINATES, COORDINATES, ring.DEGREE)
        total = np.zeros((COORDINATES, ring.DEGREE), np.uint64)
        for place, power in enumerate(_POWERS):
            total = arrays.add(total, arrays.scale(arrays.residues(products[:, place]), power))
        return total
