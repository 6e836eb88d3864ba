"""Reduces the sum of all lookup fractions to two claims on the leaves.

Source: Papini and Haboeck, "Improving logarithmic derivative lookups using GKR", 2023; docs/protocol.md, "Lookups".
"""

from __future__ import annotations

from zkaudit.field.extension import ONE, Element, equality, negate, subtract
from zkaudit.masking import Affine, VerifierChannel
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label


def reduce_fraction_tree(channel: VerifierChannel, depth: int) -> tuple[list[Element], Affine, Affine]:
    """The point of the leaves, lowest variable first, and the claimed numerator and denominator there.

    Both claims are not authenticated: they hold if the leaves' extensions have these values.
    1. The layer of two fractions: their sum has numerator p0 q1 + p1 q0 = 0.
    2. Each later layer: a sumcheck for numerator + lambda denominator, then the four values of its halves.
    3. The halves combine at a random point; the fractions stay projective and nothing is inverted.
    """
    p0, p1, q0, q1 = channel.receive(Label.TREE_ROOT, 4)
    numerator = channel.combine([(ONE, channel.multiply(p0, q1)), (ONE, channel.multiply(p1, q0))])
    channel.require_zero("lookup/sum of all fractions", numerator)
    mu = channel.challenge(Label.TREE_POINT)
    point = [mu]
    p, q = _at(channel, p0, p1, mu), _at(channel, q0, q1, mu)
    for layer in range(1, depth):
        combination = channel.challenge(Label.TREE_COMBINATION)
        claim = channel.combine([(ONE, p), (combination, q)])
        next_point, value = reduce_sumcheck(channel, claim, layer, 3)
        p0, p1, q0, q1 = channel.receive(Label.TREE_LAYER, 4)
        weight = equality(point, next_point)
        sum_of_products = channel.combine(
            [
                (ONE, channel.multiply(p0, q1)),
                (ONE, channel.multiply(p1, q0)),
                (combination, channel.multiply(q0, q1)),
            ]
        )
        channel.require_zero(
            f"lookup/fraction layer {layer}", channel.combine([(weight, sum_of_products), (negate(ONE), value)])
        )
        mu = channel.challenge(Label.TREE_POINT)
        point = [*next_point, mu]
        p, q = _at(channel, p0, p1, mu), _at(channel, q0, q1, mu)
    return point, p, q


def _at(channel: VerifierChannel, low: Affine, high: Affine, mu: Element) -> Affine:
    """(1 - mu) low + mu high."""
    return channel.combine([(subtract(ONE, mu), low), (mu, high)])
