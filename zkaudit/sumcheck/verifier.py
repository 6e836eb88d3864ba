"""Reduces a sum over a hypercube to a value at a random point (Lund, Fortnow, Karloff, Nisan 1992)."""

from __future__ import annotations

from zkaudit.field.extension import ONE, Element, add, multiply, scale, subtract
from zkaudit.masking import Affine, VerifierChannel
from zkaudit.transcript import Label


def reduce_sumcheck(
    channel: VerifierChannel, claim: Affine, variables: int, degree: int
) -> tuple[list[Element], Affine]:
    """The point, lowest variable first, and the claimed value there, which is not authenticated.

    1. Each round receives all coefficients but the linear one: c_1 = claim - 2 c_0 - c_2 - .. - c_degree.
    2. The claim becomes the round polynomial at a random r, c_0 (1 - 2 r) + r claim + sum_i c_i (r^i - r).
    The top variable is bound first.
    """
    point: list[Element] = []
    for _ in range(variables):
        coefficients = channel.receive(Label.ROUND, degree)
        r = channel.challenge(Label.ROUND_POINT)
        terms = [(r, claim), (subtract(ONE, scale(r, 2)), coefficients[0])]
        power = r
        for coefficient in coefficients[1:]:
            power = multiply(power, r)
            terms.append((subtract(power, r), coefficient))
        claim = channel.combine(terms)
        point.insert(0, r)
    return point, claim


def prefix_sum(point: list[Element], length: int) -> Element:
    """sum of eq(point, i) for i < length, lowest bit first: one product a variable.

    Over the bits from the lowest up, P' = eq below the bound on the bits seen:
    a one bit of the bound admits all with a zero there, and those with a one that stay below.
    """
    if length >= 1 << len(point):
        return ONE
    below: Element = (0, 0, 0, 0, 0)
    for bit, coordinate in enumerate(point):
        complement = subtract(ONE, coordinate)
        kept = multiply(coordinate if length >> bit & 1 else complement, below)
        below = add(complement, kept) if length >> bit & 1 else kept
    return below
