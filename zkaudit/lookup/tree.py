"""The fraction tree of LogUp-GKR: sum_i numerator_i / denominator_i, and the proof of its levels.

Source: Papini and Haboeck 2023; docs/protocol.md, LogUp-GKR.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zkaudit.field import blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.kernels import BLOCK, LANES
from zkaudit.lookup import kernels
from zkaudit.lookup.leaves import FirstLevel, LeafLevel, Leaves, in_parallel
from zkaudit.sumcheck.pairs import PairSum
from zkaudit.sumcheck.prover import Channel, prove_pairs
from zkaudit.transcript import Label

_WHOLE_BLOCKS = 7
"""Variables from which level 3, of an eighth of the entries, has whole blocks; a smaller tree keeps all its levels."""

_LEVEL_BYTES = 23
"""Performance knob: bytes a leaf that levels may take; with 20 for its denominator and 1 for eq, a leaf takes 44."""

Level = tuple[Blocks, Blocks]
"""Numerators and denominators, blocked Montgomery arrays."""


class FractionTree:
    """The levels above given leaves.

    Entry i of a level is the sum of the entries i and i + half of the one below it; level 0 are the leaves.
    The levels near the root are kept, the next one is computed again in their place, and what is below that is computed
    from the leaves in the first round of its layer.
    Memory: 20 bytes for each of 2^variables leaves where that is at most 23 for each that exists, and 10 otherwise.
    The proof overwrites the denominators of the leaves, so a tree is proved once.
    """

    def __init__(self, leaves: Leaves) -> None:
        self.leaves = leaves
        self.variables = max(1, (leaves.count - 1).bit_length())
        budget = _LEVEL_BYTES * leaves.count
        self._lowest = 0 if self.variables < _WHOLE_BLOCKS else 2 if 20 << self.variables <= budget else 3
        self._arena = np.empty(0, np.uint32)
        self._levels: dict[int, Level] = {}
        self._built = False

    def take_level(self, index: int) -> Level:
        """Numerators and denominators of a level, 2^(variables - index) entries, for the proof to overwrite.

        Levels are taken from the root down: each one's memory may be used again for the next.
        """
        if not self._built:
            self._build()
        if index in self._levels:
            return self._levels.pop(index)
        (level,) = self._carve([index])
        self._compute(index, level)
        return level

    def pair_sum(self, layer: int, combination: Element) -> PairSum:
        """The sum p1 q0 + (p0 + lambda q0) q1 over the halves of the level of 2^(layer + 1) entries."""
        index = self.variables - 1 - layer
        scalar = blocks.to_montgomery([combination])
        if index >= self._lowest - 1:
            return _sum_of_level(self.take_level(index), layer, scalar)
        size = 1 << self.variables
        if index == 1:
            (p1, q0), (p0, q1) = self._carve([3, 3])
            return PairSum((p1, q0, p0, q1), layer, FirstLevel(self.leaves, size, scalar))
        ((p1, p0),) = self._carve([2])
        first = LeafLevel(self.leaves, size, scalar)
        q0, q1 = first.folded_denominators()
        return PairSum((p1, q0, p0, q1), layer, first)

    def _carve(self, indices: Sequence[int]) -> list[Level]:
        """Memory for levels, from the start of the arena on."""
        sizes = [blocks.cells(1 << (self.variables - index)) for index in indices]
        starts = np.cumsum([0, *(2 * size for size in sizes)]).tolist()
        return [
            (self._arena[start : start + size], self._arena[start + size : start + 2 * size])
            for start, size in zip(starts, sizes, strict=False)
        ]

    def _build(self) -> None:
        self._built = True
        kept = range(self._lowest, self.variables)
        wanted = sum(2 * blocks.cells(1 << (self.variables - index)) for index in kept)
        computed_again = 2 * blocks.cells(1 << (self.variables - self._lowest + 1)) if self._lowest else 0
        self._arena = np.empty(max(wanted, computed_again), np.uint32)
        self._levels = dict(zip(kept, self._carve(kept), strict=True))
        self._compute(self._lowest, self._levels[self._lowest])
        for index in kept[1:]:
            _combine(self._levels[index - 1], self._levels[index], 1 << (self.variables - index))

    def _compute(self, index: int, level: Level) -> None:
        """A level up to 3 from the leaves."""
        if index == 0:
            kernels.copy_leaves(*self.leaves.arrays, *level)
            return
        combine = (kernels.combine_leaves, kernels.combine_leaves_twice, kernels.combine_leaves_thrice)[index - 1]
        count = level[0].size // BLOCK
        arguments = (*self.leaves.arrays, *level)
        in_parallel(count, lambda start, stop: combine(*arguments, start, stop, count))


def _combine(below: Level, above: Level, size: int) -> None:
    """A level of `size` entries from the one below it."""
    if size < LANES:
        kernels.combine_small(*below, *above, size)
    else:
        half = size // LANES
        in_parallel(half, lambda start, stop: kernels.combine_level(*below, *above, start, stop, half))


def _sum_of_level(level: Level, layer: int, scalar: Blocks) -> PairSum:
    """`FractionTree.pair_sum` for a level that is kept, which it overwrites."""
    half = 1 << layer
    if half < LANES:
        (p0, p1), (q0, q1) = (_lane_halves(array, half) for array in level)
    else:
        (p0, p1), (q0, q1) = ((array[: array.size // 2], array[array.size // 2 :]) for array in level)
    in_parallel(p0.size // BLOCK, lambda start, stop: kernels.add_scaled(p0, q0, scalar, start, stop))
    return PairSum((p1, q0, p0, q1), layer)


def _lane_halves(block: Blocks, half: int) -> tuple[Blocks, Blocks]:
    """The entries 0..half and half..2 half of one block, each in a block of its own."""
    high = np.zeros(BLOCK, np.uint32)
    high.reshape(5, LANES)[:, :half] = block.reshape(5, LANES)[:, half : 2 * half]
    return block, high


def prove_fraction_tree(channel: Channel, tree: FractionTree) -> list[Element]:
    """The proof of all levels, from the root down; the point of the leaf claims, lowest variable first.

    The root fraction itself is not sent: its two summands are, and the verifier asks for p0 q1 + p1 q0 = 0.
    Each later layer is the sumcheck of sum_x eq(point, x) (p0 q1 + p1 q0 + lambda q0 q1)(x).
    Source: Papini and Haboeck 2023, section 3; docs/protocol.md, LogUp-GKR.
    """
    variables = tree.variables
    numerators, denominators = tree.take_level(variables - 1)
    values = [blocks.entry(array, i) for array in (numerators, denominators) for i in (0, 1)]
    channel.send(Label.TREE_ROOT, values)
    coordinate = channel.challenge(Label.TREE_POINT)
    point = [coordinate]
    for layer in range(1, variables):
        combination = channel.challenge(Label.TREE_COMBINATION)
        p0, p1, q0, q1 = values
        numerator, denominator = _line(p0, p1, coordinate), _line(q0, q1, coordinate)
        claim = extension.add(numerator, extension.multiply(combination, denominator))
        point, ends = prove_pairs(channel, point, claim, tree.pair_sum(layer, combination))
        p1, q0, scaled, q1 = ends
        p0 = extension.subtract(scaled, extension.multiply(combination, q0))
        values = [p0, p1, q0, q1]
        channel.send(Label.TREE_LAYER, values)
        coordinate = channel.challenge(Label.TREE_POINT)
        point.append(coordinate)
    return point


def _line(low: Element, high: Element, coordinate: Element) -> Element:
    """The value at a coordinate of the line through two values."""
    return extension.add(low, extension.multiply(coordinate, extension.subtract(high, low)))
