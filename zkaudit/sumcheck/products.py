"""The sumcheck prover of products of columns: a batched zero-check.

Source: docs/protocol.md, products.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.kernels import BLOCK, LANES, MONTGOMERY_ONE
from zkaudit.sumcheck.kernels import evaluate_base_products, fold_base
from zkaudit.sumcheck.pairs import LANE_VARIABLES, Accumulators, Four, PairSum
from zkaudit.sumcheck.prover import Channel, prove_pairs

Cells = NDArray[np.uint32]

CHUNK = 1024
"""Performance knob: blocks that are read at once, 64 kB an array over K."""


class Stack:
    """Pieces over K, canonical, one after the other on one axis and zero behind them."""

    def __init__(self, pieces: Sequence[Cells]) -> None:
        self._pieces = pieces
        self._starts = np.cumsum([0, *(piece.size for piece in pieces)]).tolist()

    @property
    def size(self) -> int:
        """Cells of all pieces."""
        return int(self._starts[-1])

    def read(self, offset: int, first: int, last: int, spare: Cells) -> Cells:
        """The cells of the blocks first to last behind `offset`; in `spare` where they are not all of one piece."""
        start, stop = offset + first * LANES, offset + last * LANES
        index = bisect_right(self._starts, start) - 1
        if index < len(self._pieces) and stop <= self._starts[index + 1]:
            return self._pieces[index][start - self._starts[index] : stop - self._starts[index]]
        cells = spare[: stop - start]
        cells[:] = 0
        for piece, begin in zip(self._pieces[index:], self._starts[index:], strict=False):
            if begin >= stop:
                break
            part = piece[max(start - begin, 0) : stop - begin]
            place = max(begin - start, 0)
            cells[place : place + part.size] = part
        return cells


class _FirstRound:
    """The first round of a b + c over stacks of 2^variables cells; without a third stack c is zero."""

    def __init__(self, stacks: Sequence[Stack], variables: int) -> None:
        self._stacks = stacks
        self._half = 1 << (variables - 1)

    def evaluate(self, weights: Blocks, accumulators: Accumulators, start: int, stop: int, upper: bool) -> None:
        """`pairs.FirstRound.evaluate`."""
        spares = np.zeros((6, CHUNK * LANES), np.uint32)
        for first, last in _chunks(start, stop):
            high = [stack.read(self._half, first, last, spares[k]) for k, stack in enumerate(self._stacks)]
            low = high if upper else [s.read(0, first, last, spares[3 + k]) for k, s in enumerate(self._stacks)]
            c = low[2] if len(low) > 2 else spares[2, : low[0].size]
            evaluate_base_products(low[0], low[1], c, high[0], high[1], weights, accumulators, first)

    def fold(self, challenge: Blocks, folded: Four, start: int, stop: int) -> None:
        """`pairs.FirstRound.fold`."""
        spares = np.empty((2, CHUNK * LANES), np.uint32)
        for first, last in _chunks(start, stop):
            for stack, out in zip(self._stacks, folded, strict=False):
                low, high = stack.read(0, first, last, spares[0]), stack.read(self._half, first, last, spares[1])
                fold_base(low, high, challenge, out[first * BLOCK : last * BLOCK])


def _chunks(start: int, stop: int) -> list[tuple[int, int]]:
    """The range start..stop in consecutive parts of at most CHUNK."""
    return [(first, min(first + CHUNK, stop)) for first in range(start, stop, CHUNK)]


def _constant(residue: int) -> Blocks:
    """One block of the same element of K, given in Montgomery form."""
    block = np.zeros(BLOCK, np.uint32)
    block[:LANES] = residue
    return block


def prove_products(
    channel: Channel,
    factors: Sequence[Sequence[Cells]],
    point: Sequence[Element],
    claim: Element = extension.ZERO,
) -> tuple[list[Element], list[Element]]:
    """The sumcheck of claim = sum_x eq(point, x) (a b + c)(x), degree 3: a batched zero-check.

    `factors` are a and b, or a, b and c, each given as its pieces one after the other: canonical residues over K, more
    than 2^(v - 1) of them in all and at most 2^v, for v = len(point).
    Returns the new point, lowest variable first, and the factors there.
    Memory: 10 bytes for each of 2^v entries of a factor.
    Source: docs/protocol.md, products.
    """
    variables = len(point)
    stacks = [Stack(pieces) for pieces in factors]
    size = 1 << variables
    if any(stack.size > size for stack in stacks):
        raise ValueError(f"more than {size} cells for {variables} variables")
    first = None
    if variables > LANE_VARIABLES:
        first = _FirstRound(stacks, variables)
        folded = [np.empty(blocks.cells(size // 2), np.uint32) for _ in stacks]
    else:
        cells = [stack.read(0, 0, 1, np.empty(LANES, np.uint32))[:size] for stack in stacks]
        folded = [blocks.to_blocks(arrays.embed(values)) for values in cells]
    a, b, c = folded if len(folded) > 2 else (*folded, _constant(0))
    pairs = PairSum((a, b, c, _constant(MONTGOMERY_ONE)), variables, first)
    new_point, values = prove_pairs(channel, point, claim, pairs)
    return new_point, values[: len(stacks)]
