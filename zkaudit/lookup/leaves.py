"""The leaves of the fraction tree, and the first rounds of the two layers at the leaves, which need no more than them.

Leaf 0 is the lowest index; those behind the last one are missing, and stand for (0, 1), never (0, 0).
More than half of a tree's leaves exist, so only the second one of a pair i and i + half may be missing.
Source: docs/protocol.md, LogUp-GKR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.kernels import BLOCK, LANES, MONTGOMERY_ONE
from zkaudit.lookup import kernels
from zkaudit.sumcheck.pairs import Accumulators, Four

PARALLEL_BLOCKS = 1024
"""Performance knob: a thread takes at least so many blocks of a pass, about 0.1 ms of work."""

Cells = NDArray[np.uint32]


class Leaves:
    """Numerators over K and denominators over F of `count` leaves, to be filled in by the caller.

    The numerators of the first `ones` leaves are 1 and not stored; the others are zero until written.
    `denominators` is a blocked Montgomery array of `count` entries, filled up to a whole block with 1.
    Memory: 20 bytes a leaf, and 4 for a numerator that is stored.
    """

    def __init__(self, count: int, ones: int = 0) -> None:
        if count < 1 or not 0 <= ones <= count:
            raise ValueError(f"a fraction tree has at least one leaf; {ones} of {count} have the numerator 1")
        self.count = count
        self._whole_ones = ones // LANES
        # A block more, which stands for all that are missing.
        cells = blocks.cells(count)
        self._denominators = np.empty(cells + BLOCK, np.uint32)
        padding = self._denominators[-2 * BLOCK :].reshape(2, 5 * LANES)
        padding[:, :LANES] = MONTGOMERY_ONE
        padding[:, LANES:] = 0
        self.denominators = self._denominators[:cells]
        # Numerators: a block of ones, those from the first block on that is not all ones, a block of zeros.
        self._numerators = np.zeros(cells // 5 + (2 - self._whole_ones) * LANES, np.uint32)
        self._numerators[: LANES + ones % LANES] = 1

    def write_numerators(self, start: int, values: Cells) -> None:
        """Canonical numerators (n,) of the leaves from `start` on, behind those that are 1."""
        first = start - self._whole_ones * LANES
        if first < 0 or start + values.size > self.count:
            raise ValueError(f"the numerators {start} to {start + values.size} are not stored")
        self._numerators[LANES + first : LANES + first + values.size] = values

    @property
    def arrays(self) -> tuple[Cells, int, Blocks]:
        """Numerators, the number of blocks with numerators 1, and denominators, as `kernels.copy_leaves` takes them."""
        return self._numerators, self._whole_ones, self._denominators


class FirstLevel:
    """The sum p1 q0 + (p0 + lambda q0) q1 over the halves of level 1, computed from the leaves for the first round.

    `size` is the number of leaves with the missing ones; `scalar` is lambda, for kernels.
    """

    def __init__(self, leaves: Leaves, size: int, scalar: Blocks) -> None:
        self._leaves, self._scalar = leaves, scalar
        self._distance = size // LANES // 8

    def evaluate(self, weights: Blocks, accumulators: Accumulators, start: int, stop: int, upper: bool) -> None:
        """`pairs.FirstRound.evaluate`."""
        arguments = (*self._leaves.arrays, self._scalar, weights, accumulators, start, stop)
        kernels.evaluate_first_level(*arguments, self._distance, int(upper))

    def fold(self, challenge: Blocks, folded: Four, start: int, stop: int) -> None:
        """`pairs.FirstRound.fold`."""
        kernels.fold_first_level(*self._leaves.arrays, self._scalar, challenge, *folded, start, stop, self._distance)


class LeafLevel:
    """The sum m1 q0 + (m0 + lambda q0) q1 over the halves of the leaves, with numerators over K in the first round.

    The folded q0 and q1 take the place of the denominators.
    """

    def __init__(self, leaves: Leaves, size: int, scalar: Blocks) -> None:
        self._leaves, self._scalar = leaves, scalar
        self._distance = size // LANES // 4

    def folded_denominators(self) -> tuple[Blocks, Blocks]:
        """Where q0 and q1 are after the first fold: the lower half of the denominators, which exists as a whole."""
        cells = BLOCK * self._distance
        return self._leaves.denominators[:cells], self._leaves.denominators[cells : 2 * cells]

    def evaluate(self, weights: Blocks, accumulators: Accumulators, start: int, stop: int, upper: bool) -> None:
        """`pairs.FirstRound.evaluate`."""
        arguments = (*self._leaves.arrays, self._scalar, weights, accumulators, start, stop)
        kernels.evaluate_leaves(*arguments, self._distance, int(upper))

    def fold(self, challenge: Blocks, folded: Four, start: int, stop: int) -> None:
        """`pairs.FirstRound.fold`."""
        p1, _, p0, _ = folded
        kernels.fold_leaves(*self._leaves.arrays, self._scalar, challenge, p1, p0, start, stop, self._distance)


def in_parallel(count: int, work: Callable[[int, int], None]) -> None:
    """A pass over `count` blocks, on threads where that pays."""

    def task(start: int, stop: int) -> Callable[[], None]:
        return lambda: work(start, stop)

    run_parallel([task(start, stop) for start, stop in split(count, PARALLEL_BLOCKS)])


def write_denominators(
    target: Blocks, start: int, values: Sequence[Cells], constant: Element, betas: Sequence[Element]
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

    in_parallel(-(-count // LANES), work)
