"""The fraction tree of LogUp-GKR: sum_i numerator_i / denominator_i, and the proof of its levels.

Leaf 0 is the lowest index; the padding leaves are (0, 1), never (0, 0).
Source: Papini and Haboeck 2023; docs/protocol.md, LogUp-GKR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.kernels import BLOCK, LANES, MONTGOMERY_ONE
from zkaudit.lookup import kernels
from zkaudit.sumcheck.pairs import PairSum
from zkaudit.sumcheck.prover import Channel, prove_pairs
from zkaudit.transcript import Label

PARALLEL_BLOCKS = 1024
"""Performance knob: a thread takes at least so many blocks of a pass, about 0.1 ms of work."""

_BASE_VARIABLES = 6
"""Trees of fewer levels hold their leaves' numerators over F, since they have no whole blocks to save."""

Level = tuple[Blocks, Blocks]


class FractionTree:
    """Leaves to be filled in by the caller, and the levels above them.

    `numerators` uint32 (2^variables,), canonical over K, zero until written.
    `denominators` is a blocked Montgomery array of 2^variables entries; those from `leaves` on are one.
    Memory: 24 bytes a leaf and 20 for the levels, for 2^variables leaves: level 1 is not kept, and rebuilt in the place
    of the levels above it when these are done.
    The proof overwrites the denominators, so a tree is proved once.
    """

    def __init__(self, leaves: int) -> None:
        if leaves < 1:
            raise ValueError("a fraction tree has at least one leaf")
        self.leaves = leaves
        self.variables = max(1, (leaves - 1).bit_length())
        size = 1 << self.variables
        self.numerators = np.zeros(size, np.uint32)
        self.denominators = np.empty(blocks.cells(size), np.uint32)
        padding = self.denominators.reshape(-1, 5, LANES)[leaves // LANES :]
        padding[:] = 0
        padding[:, 0] = MONTGOMERY_ONE
        self._arena = np.empty(0, np.uint32)
        self._levels: dict[int, Level] = {}
        self._built = False

    def take_level(self, index: int) -> Level:
        """Numerators and denominators of a level, 2^(variables - index) entries, for the proof to overwrite.

        Levels are taken from the root down: each one's memory may be used again for the next.
        """
        if not self._built:
            self._build()
        level = self._levels.pop(index, None)
        return self._rebuild_first() if level is None else level

    @property
    def over_base(self) -> bool:
        """Whether the leaves' numerators stay over K."""
        return self.variables >= _BASE_VARIABLES

    def scratch(self, entries: Sequence[int]) -> list[Blocks]:
        """Blocked arrays in the memory of the levels, for the leaf layer, which comes last."""
        return _carve(self._arena, entries)

    def _build(self) -> None:
        self._built = True
        size = 1 << self.variables
        if self.over_base:
            sizes = [size >> index for index in range(2, self.variables)]
            wanted = [s for s in sizes for _ in range(2)]
            self._arena = np.empty(max(sum(map(blocks.cells, wanted)), 2 * blocks.cells(size // 2)), np.uint32)
            places = _carve(self._arena, wanted)
            self._levels = {2 + i: (places[2 * i], places[2 * i + 1]) for i in range(len(sizes))}
            quarter = size // 4 // LANES
            leaves = (self.numerators, self.denominators, *self._levels[2])
            _in_parallel(quarter, lambda start, stop: kernels.combine_leaves_twice(*leaves, start, stop, quarter))
        else:
            vector = blocks.to_blocks(arrays.embed(self.numerators))
            self._levels[0] = (vector, self.denominators)
            for index in range(1, self.variables):
                length = blocks.cells(size >> index)
                self._levels[index] = (np.empty(length, np.uint32), np.empty(length, np.uint32))
        for index in range(3 if self.over_base else 1, self.variables):
            _combine(self._levels[index - 1], self._levels[index], size >> index)

    def _rebuild_first(self) -> Level:
        half = 1 << (self.variables - 1)
        numerators, denominators = self.scratch([half, half])
        count = half // LANES
        leaves = (self.numerators, self.denominators, numerators, denominators)
        _in_parallel(count, lambda start, stop: kernels.combine_leaves(*leaves, start, stop, count))
        return numerators, denominators


def _carve(arena: Blocks, entries: Sequence[int]) -> list[Blocks]:
    """Consecutive blocked arrays of so many entries each."""
    stops = np.cumsum([blocks.cells(count) for count in entries]).tolist()
    return [arena[stop - blocks.cells(count) : stop] for count, stop in zip(entries, stops, strict=True)]


def _in_parallel(count: int, work: Callable[[int, int], None]) -> None:
    """A pass over `count` blocks, on threads where that pays."""

    def task(start: int, stop: int) -> Callable[[], None]:
        return lambda: work(start, stop)

    run_parallel([task(start, stop) for start, stop in split(count, PARALLEL_BLOCKS)])


def _combine(below: Level, above: Level, size: int) -> None:
    """A level of `size` entries from the one below it."""
    if size < LANES:
        kernels.combine_small(*below, *above, size)
    else:
        half = size // LANES
        _in_parallel(half, lambda start, stop: kernels.combine_level(*below, *above, start, stop, half))


def write_denominators(
    target: Blocks, start: int, values: Sequence[NDArray[np.uint32]], constant: Element, betas: Sequence[Element]
) -> None:
    """constant - sum_k betas[k] values[k][i] as entry start + i of a blocked Montgomery array.

    values are canonical residues (n,), one array for each beta; entries before `start` and from start + n on are kept.
    The caller's constant is alpha minus the tag of the table.
    """
    count = values[0].size
    if len(values) != len(betas) or any(column.shape != (count,) for column in values):
        raise ValueError("a lookup has one coefficient for each of its columns, all of one length")
    if start < 0 or blocks.cells(start + count) > target.size:
        raise ValueError(f"entries {start} to {start + count} do not lie in {target.size} cells")
    # Twice in Montgomery form, so that the product with a canonical residue is in Montgomery form.
    doubled = [extension.scale(extension.negate(beta), MONTGOMERY_ONE) for beta in betas]
    second = doubled[1] if len(betas) > 1 else extension.ZERO
    scalars = blocks.to_montgomery([constant, doubled[0], second])
    first_column = np.ascontiguousarray(values[0])
    second_column = np.ascontiguousarray(values[1]) if len(betas) > 1 else first_column

    def work(first: int, last: int) -> None:
        begin, end = first * LANES, min(last * LANES, count)
        kernels.write_denominators(target, start, first_column, second_column, scalars, begin, end)
        for column, beta in zip(values[2:], doubled[2:], strict=True):
            scalar = blocks.to_montgomery([beta])
            kernels.add_to_denominators(target, start, np.ascontiguousarray(column), scalar, begin, end)

    _in_parallel(-(-count // LANES), work)


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
        point, ends = prove_pairs(channel, point, claim, _layer(tree, layer, combination))
        scaled, q1, p1, q0 = ends
        p0 = extension.subtract(scaled, extension.multiply(combination, q0))
        values = [p0, p1, q0, q1]
        channel.send(Label.TREE_LAYER, values)
        coordinate = channel.challenge(Label.TREE_POINT)
        point.append(coordinate)
    return point


def _line(low: Element, high: Element, coordinate: Element) -> Element:
    """The value at a coordinate of the line through two values."""
    return extension.add(low, extension.multiply(coordinate, extension.subtract(high, low)))


def _layer(tree: FractionTree, layer: int, combination: Element) -> PairSum:
    """The sum (p0 + lambda q0) q1 + p1 q0 over the halves of the level of 2^(layer + 1) entries."""
    half = 1 << layer
    cut = blocks.cells(half)
    index = tree.variables - 1 - layer
    scalar = blocks.to_montgomery([combination])
    if index == 0 and tree.over_base:
        scaled, folded = tree.scratch([half, half // 2])
        p0, p1 = tree.numerators[:half], tree.numerators[half:]
        q0, q1 = tree.denominators[:cut], tree.denominators[cut:]
        _in_parallel(half // LANES, lambda start, stop: kernels.add_scaled_to_base(p0, q0, scalar, scaled, start, stop))
        return PairSum(scaled, q1, folded, q0, layer, base=p1)
    numerators, denominators = tree.take_level(index)
    if half < LANES:
        p0, p1 = _lane_halves(numerators, half)
        q0, q1 = _lane_halves(denominators, half)
    else:
        p0, p1, q0, q1 = numerators[:cut], numerators[cut:], denominators[:cut], denominators[cut:]
    _in_parallel(cut // BLOCK, lambda start, stop: kernels.add_scaled(p0, q0, scalar, start, stop))
    return PairSum(p0, q1, p1, q0, layer)


def _lane_halves(block: Blocks, half: int) -> tuple[Blocks, Blocks]:
    """The entries 0..half and half..2 half of one block, each in a block of its own."""
    high = np.zeros(BLOCK, np.uint32)
    high.reshape(5, LANES)[:, :half] = block.reshape(5, LANES)[:, half : 2 * half]
    return block, high
