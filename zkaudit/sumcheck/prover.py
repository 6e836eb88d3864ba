"""Sumcheck provers of products under the factor eq(point, x).

Arrays are blocked Montgomery arrays that the prover overwrites: a fold leaves its result in the lower half.
Points are given lowest variable first; the rounds bind the top variable first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.kernels import LANES, MONTGOMERY_ONE
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


def _as_blocks(values: NDArray[np.uint32], variables: int) -> Blocks:
    """An array over F or K of 2^variables entries as a blocked array; over K it is shorter, and zero-extended."""
    size = blocks.cells(1 << variables)
    if values.size == size:
        return values
    if values.size > 1 << variables:
        raise ValueError(f"{values.size} cells for {variables} variables")
    extended = np.zeros(1 << variables, np.uint64)
    extended[: values.size] = values
    return blocks.to_blocks(arrays.embed(extended))


def prove_products(
    channel: Channel,
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    c: NDArray[np.uint32],
    point: Sequence[Element],
    claim: Element = extension.ZERO,
) -> tuple[list[Element], Element, Element, Element]:
    """The sumcheck of claim = sum_x eq(point, x) (a b + c)(x), degree 3: a batched zero-check.

    Each array is canonical residues over K, of at most 2^v entries for v = len(point), and kept; or it is blocked
    Montgomery, of 2^v entries, overwritten, and then none of the others.
    Returns the new point, lowest variable first, and a, b, c there.
    Source: docs/protocol.md, products.
    """
    variables = len(point)
    ones = np.zeros(blocks.cells(1 << variables), np.uint32)
    ones.reshape(-1, 5, LANES)[:, 0] = MONTGOMERY_ONE
    blocked = [_as_blocks(array, variables) for array in (a, b, c)]
    pairs = PairSum(blocked[0], blocked[1], blocked[2], ones, variables)
    new_point, values = prove_pairs(channel, point, claim, pairs)
    return new_point, values[0], values[1], values[2]
