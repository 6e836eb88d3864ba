"""The sumcheck prover of sums of inner products, in numpy: enough for arrays that the samples have left."""

from __future__ import annotations

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, subtract
from zkaudit.masking import ProverChannel
from zkaudit.transcript import Label


class InnerProducts:
    """sum over pairs of sum_x left(x) right(x), all over one hypercube, arrays standing for their zero extension.

    Pairs are F-vectors (5, n) of any lengths n up to 2^variables.
    """

    def __init__(self, pairs: list[tuple[Array, Array]], variables: int) -> None:
        self.pairs = pairs
        self.variables = variables

    def round_polynomial(self) -> tuple[Element, Element]:
        """c0 and c2 of the sum with the top variable free."""
        half = 1 << (self.variables - 1)
        constant = leading = ZERO
        for left, right in self.pairs:
            overlap = min(left.shape[1], right.shape[1])
            below = min(half, overlap)
            constant = add(constant, arrays.dot(left[:, :below], right[:, :below]))
            leading = add(leading, arrays.dot(_difference(left, half, below), _difference(right, half, below)))
        return constant, leading

    def fold(self, challenge: Element) -> None:
        """Binds the top variable."""
        half = 1 << (self.variables - 1)
        self.pairs = [(fold(left, half, challenge), fold(right, half, challenge)) for left, right in self.pairs]
        self.variables -= 1

    def value(self, pair: int, side: int) -> Element:
        """The final value of one side of a pair."""
        return arrays.element(self.pairs[pair][side][:, 0])


def bind_together(channel: ProverChannel, sums: list[InnerProducts], rounds: int) -> list[Element]:
    """So many rounds on the sum of several sums, sharing challenges; the point, lowest variable first."""
    point: list[Element] = []
    for _ in range(rounds):
        polynomials = [one.round_polynomial() for one in sums]
        constant = leading = ZERO
        for c0, c2 in polynomials:
            constant, leading = add(constant, c0), add(leading, c2)
        channel.send(Label.ROUND, [constant, leading])
        challenge = channel.challenge(Label.ROUND_POINT)
        for one in sums:
            one.fold(challenge)
        point.insert(0, challenge)
    return point


def _difference(array: Array, half: int, below: int) -> Array:
    """Upper minus lower half at the first `below` entries of the halves."""
    low, high = array[:, :below], array[:, half : half + below]
    result = np.zeros((5, below), np.uint64)
    result[:, : high.shape[1]] = high
    return arrays.subtract(result, low)


def fold(array: Array, half: int, challenge: Element) -> Array:
    """lo + r (hi - lo) with missing entries zero, (5, n) -> (5, min(n, half))."""
    low, high = array[:, :half], array[:, half:]
    result = arrays.scale(low, subtract(ONE, challenge))
    if high.shape[1]:
        result[:, : high.shape[1]] = arrays.add(result[:, : high.shape[1]], arrays.scale(high, challenge))
    return result
