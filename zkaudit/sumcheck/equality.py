"""The factor eq(point, x) of a sumcheck, kept outside the sum (Gruen 2024, section 3).

With eq outside, a round sums a polynomial s of degree 2 and sends eq(point_j, X) s(X), of degree 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zkaudit.field import blocks, extension, kernels
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element

_LANE_VARIABLES = 4
"""The lowest variables of an index are the lane of a block."""


def _pyramid(point: Sequence[Element]) -> Blocks:
    tables = np.empty(blocks.pyramid_cells(len(point)), np.uint32)
    kernels.equality_pyramid(blocks.to_montgomery(point), len(point), tables)
    return tables


def _table(pyramid: Blocks, variables: int) -> Blocks:
    stop = blocks.pyramid_cells(variables)
    return pyramid[stop - blocks.cells(1 << variables) : stop]


def inverses(values: Sequence[Element]) -> list[Element]:
    """Inverses by one inversion (Montgomery 1987); the inverse of zero is given as zero."""
    running = extension.ONE
    before = []
    for value in values:
        before.append(running)
        if value != extension.ZERO:
            running = extension.multiply(running, value)
    running = extension.inverse(running)
    result = [extension.ZERO] * len(values)
    for i in reversed(range(len(values))):
        if values[i] != extension.ZERO:
            result[i] = extension.multiply(running, before[i])
            running = extension.multiply(running, values[i])
    return result


class EqualityRounds:
    """Round polynomials of sum_x eq(point, x) f(x) for an f of degree 2 in each variable, top variable first.

    `claim` is the value that the remaining rounds have to sum to.
    """

    def __init__(self, point: Sequence[Element], claim: Element) -> None:
        self.claim = claim
        self._point = list(point)
        self._inverses = inverses(point)
        self._prefix = extension.ONE
        self._line = (extension.ZERO, extension.ZERO, extension.ZERO)
        rest = self._point[:-1]
        self._lanes = _pyramid(rest[:_LANE_VARIABLES])
        self._blocks = _pyramid(rest[_LANE_VARIABLES:])

    def lane_weights(self, remaining: int) -> Blocks:
        """eq over the lowest variables, at most four of `remaining`, one block."""
        return _table(self._lanes, min(remaining, _LANE_VARIABLES))

    def block_weights(self, remaining: int) -> Blocks:
        """eq over the variables above the lane, one entry for a block of 16 entries."""
        return _table(self._blocks, remaining - _LANE_VARIABLES)

    def polynomial(self, at_zero: Element, leading: Element, at_one: Callable[[], Element]) -> list[Element]:
        """The coefficients [c0, c2, c3] of eq(point_j, X) s(X), from s(0) and [X^2] s without the bound variables.

        s(1) follows from the claim, (1 - point_j) s(0) + point_j s(1), by the inverse of point_j.
        For point_j = 0 the claim does not hold it, and `at_one` computes it.
        """
        coordinate = self._point[-1]
        s0 = extension.multiply(self._prefix, at_zero)
        s2 = extension.multiply(self._prefix, leading)
        e0 = extension.subtract(extension.ONE, coordinate)
        e1 = extension.subtract(coordinate, e0)
        first = extension.multiply(e0, s0)
        if coordinate == extension.ZERO:
            s_one = extension.multiply(self._prefix, at_one())
        else:
            s_one = extension.multiply(extension.subtract(self.claim, first), self._inverses[len(self._point) - 1])
        s1 = extension.subtract(extension.subtract(s_one, s0), s2)
        self._line = (s0, s1, s2)
        return [
            first,
            extension.add(extension.multiply(e0, s2), extension.multiply(e1, s1)),
            extension.multiply(e1, s2),
        ]

    def bind(self, challenge: Element) -> None:
        """Fixes the variable of the last round polynomial; the claim becomes its value at the challenge."""
        coordinate = self._point.pop()
        product = extension.multiply(coordinate, challenge)
        factor = extension.subtract(
            extension.add(extension.ONE, extension.add(product, product)), extension.add(coordinate, challenge)
        )
        self._prefix = extension.multiply(self._prefix, factor)
        self.claim = extension.multiply(factor, extension.evaluate(list(self._line), challenge))
