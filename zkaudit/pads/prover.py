"""Commits the pad tableau and answers its three tests."""

from __future__ import annotations

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element, multiply
from zkaudit.field.koalabear import MODULUS, root_of_unity
from zkaudit.pads.messages import (
    E0,
    E1,
    LOW_DEGREE_MASK,
    MASKS,
    Q0,
    Q1,
    TableauChallenges,
    TableauLayout,
    TableauResponses,
)
from zkaudit.pads.verifier import combine_rows
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import interpolate

_P = np.uint64(MODULUS)


class PadTableau:
    """Fresh pads, their products and the masks of one proof; consumed by its one opening."""

    def __init__(self, layout: TableauLayout) -> None:
        self.layout = layout
        width = layout.oracle.message
        self.cells = uniform_elements(layout.rows * width).reshape(5, layout.rows, width)
        self.paddings = uniform_elements(layout.rows * layout.oracle.pads).reshape(5, layout.rows, -1)
        flat = self.cells.reshape(5, -1)
        start = MASKS * width
        self.pads: list[Element] = arrays.to_elements(flat[:, start : start + layout.plan.elements])
        flat[:, layout.x_row * width :] = 0
        x = [self.pads[left] for left, _ in layout.plan.products]
        y = [self.pads[right] for _, right in layout.plan.products]
        z = [multiply(a, b) for a, b in zip(x, y, strict=True)]
        for row, elements in ((layout.x_row, x), (layout.y_row, y), (layout.z_row, z)):
            flat[:, row * width : row * width + len(elements)] = arrays.from_elements(elements)
        # The mask of the linear test sums to zero over the message subgroup, where x^W = 1.
        rest = self.cells[:, E0, 1:].sum(axis=1) + self.cells[:, E1].sum(axis=1)
        self.cells[:, E0, 0] = (_P - rest % _P) % _P

    def base_rows(self) -> tuple[Array, Array]:
        """The rows over K, five for each row over F: cells (5 rows, W) and paddings (5 rows, t)."""
        rows = 5 * self.layout.rows
        cells = self.cells.transpose(1, 0, 2).reshape(rows, -1)
        paddings = self.paddings.transpose(1, 0, 2).reshape(rows, -1)
        return np.ascontiguousarray(cells), np.ascontiguousarray(paddings)

    def respond(self, challenges: TableauChallenges, weights: Array) -> TableauResponses:
        """The responses, `weights` (5, rows - MASKS, W) being the combined constraint.

        1. Low degree: mask + sum of coefficient * row.
        2. Linear: E0 + X^W E1 + sum of constraint polynomial * row.
        3. Quadratic: Q0 + X^t Q1 + (sum of coefficient (X Y - Z)) / (X^W - 1).
        """
        layout = self.layout
        width, pads = layout.oracle.message, layout.oracle.pads
        rows = self._coefficients()
        low_degree = arrays.add(combine_rows(rows[:, 1:], challenges.low_degree), rows[:, LOW_DEGREE_MASK])
        size = 1 << (2 * layout.degree - 2).bit_length()
        evaluations = transform(rows[:, MASKS:], size)
        products = arrays.multiply(transform(interpolate(weights), size), evaluations)
        linear = np.zeros((5, layout.linear_length), np.uint64)
        linear += interpolate(products.sum(axis=1, dtype=np.uint64) % _P)[:, : layout.linear_length]
        linear[:, : layout.degree] += rows[:, E0]
        linear[:, width:] += rows[:, E1]
        first = [row - MASKS for row in (layout.x_row, layout.y_row, layout.z_row)]
        x, y, z = (evaluations[:, row : row + layout.product_rows] for row in first)
        differences = combine_rows(arrays.subtract(arrays.multiply(x, y), z), challenges.quadratic)
        quadratic = divide_by_vanishing(interpolate(differences), width)[:, : layout.quadratic_length]
        quadratic[:, : layout.degree] += rows[:, Q0]
        quadratic[:, pads:] += rows[:, Q1]
        return TableauResponses(low_degree=low_degree, linear=linear % _P, quadratic=quadratic % _P)

    def _coefficients(self) -> Array:
        """The rows' polynomials w(X) + (X^W - 1) r(X), (5, rows, W + t)."""
        pads = self.layout.oracle.pads
        low = interpolate(self.cells)
        low[:, :, :pads] = arrays.subtract(low[:, :, :pads], self.paddings)
        return np.concatenate([low, self.paddings], axis=2)


def transform(coefficients: Array, size: int) -> Array:
    """Polynomials (..., n) at omega^bitrev(i), i < size: the inverse of `interpolate`, by decimation in frequency."""
    result = np.zeros((*coefficients.shape[:-1], size), np.uint64)
    result[..., : coefficients.shape[-1]] = coefficients
    half = size // 2
    while half:
        omega = root_of_unity(half.bit_length())
        twiddles = np.ones(half, np.uint64)
        for i in range(1, half):
            twiddles[i] = int(twiddles[i - 1]) * omega % MODULUS
        blocks = result.reshape(*result.shape[:-1], -1, 2, half)
        low, high = blocks[..., 0, :].copy(), blocks[..., 1, :].copy()
        blocks[..., 0, :] = (low + high) % _P
        blocks[..., 1, :] = (low + (_P - high)) % _P * twiddles % _P
        half //= 2
    return result


def divide_by_vanishing(coefficients: Array, width: int) -> Array:
    """The quotient by X^W - 1 of a multiple of it, (..., n) -> (..., n)."""
    quotient = np.zeros_like(coefficients)
    for start in range((coefficients.shape[-1] - 1) // width * width, 0, -width):
        end = min(start + width, coefficients.shape[-1])
        above = quotient[..., start : start + width]
        quotient[..., start - width : end - width] = (coefficients[..., start:end] + above) % _P
    return quotient
