"""The sumcheck prover of sums of products under the factor eq(point, x).

Points are given lowest variable first; the rounds bind the top variable first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zkaudit.field.extension import Element
from zkaudit.sumcheck.equality import EqualityRounds
from zkaudit.sumcheck.pairs import PairSum
from zkaudit.transcript import Label


class Channel(Protocol):
    """What a prover talks to: messages go out, challenges come back."""

    def send(self, label: Label, elements: list[Element]) -> None:
        """A message of the prover."""

    def challenge(self, label: Label) -> Element:
        """A challenge that depends on all messages before it."""


def prove_pairs(
    channel: Channel, point: Sequence[Element], claim: Element, pairs: PairSum
) -> tuple[list[Element], list[Element]]:
    """The sumcheck of claim = sum_x eq(point, x) (a b + c d)(x), degree 3.

    Returns the new point, lowest variable first, and a, b, c, d there.
    Cost: 7.5 ns a pair of a round and 1.5 ns a folded entry, on one core.
    Source: docs/protocol.md, LogUp-GKR and products.
    """
    rounds = EqualityRounds(point, claim)
    new_point: list[Element] = []
    for _ in point:
        at_zero, leading = pairs.evaluate(rounds)
        channel.send(Label.ROUND, rounds.polynomial(at_zero, leading, lambda: pairs.evaluate_at_one(rounds)))
        challenge = channel.challenge(Label.ROUND_POINT)
        rounds.bind(challenge)
        pairs.bind(challenge)
        new_point.append(challenge)
    return new_point[::-1], pairs.values()
