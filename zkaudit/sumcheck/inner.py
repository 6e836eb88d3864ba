"""The inner product of two blocked arrays, evaluated and folded round by round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import blocks, extension
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.kernels import BLOCK
from zkaudit.sumcheck import kernels
from zkaudit.sumcheck.pairs import PARALLEL_BLOCKS

_LANE_VARIABLES = 4


class InnerSum:
    """Two blocked Montgomery arrays of one length, zero-extended to 2^variables entries; they are overwritten.

    The arrays have `own` variables.
    While one above these is bound, both arrays only take a factor 1 - r, so their inner product is kept and scaled.
    """

    def __init__(self, left: Blocks, right: Blocks, variables: int) -> None:
        count = left.size // BLOCK
        own = min(variables, _LANE_VARIABLES + max(0, count - 1).bit_length())
        size = blocks.cells(1 << own)
        if left.size != right.size or left.size % BLOCK or left.size > size:
            raise ValueError(f"arrays of {left.size} and {right.size} cells for {variables} variables")
        self._left, self._right = _extend(left, size), _extend(right, size)
        self._own = own
        self._variables = variables
        self._factor = extension.ONE
        self._total: Element | None = None
        self._challenge: Blocks | None = None

    def evaluate(self) -> tuple[Element, Element]:
        """(left right)(0) and [X^2] (left right) of the top variable, summed over the rest."""
        square = extension.multiply(self._factor, self._factor)
        if self._own == self._variables:
            at_zero, leading = self._sums(self._own - 1)
            return extension.multiply(square, at_zero), extension.multiply(square, leading)
        if self._total is None:
            self._total = self._inner_product()
        # left(X) right(X) = total (1 - X)^2
        scaled = extension.multiply(square, self._total)
        return scaled, scaled

    def bind(self, challenge: Element) -> None:
        """Fixes the top variable; the fold is done by the next evaluation."""
        if self._own == self._variables:
            self._challenge = blocks.to_montgomery([challenge])
            self._own -= 1
        else:
            self._factor = extension.multiply(self._factor, extension.subtract(extension.ONE, challenge))
        self._variables -= 1

    def values(self) -> tuple[Element, Element]:
        """left and right once all variables are bound."""
        self._fold_one_block()
        left, right = (blocks.entry(array, 0) for array in (self._left, self._right))
        return extension.multiply(self._factor, left), extension.multiply(self._factor, right)

    def _inner_product(self) -> Element:
        sums = np.empty(10, np.uint32)
        if self._own < _LANE_VARIABLES:
            kernels.evaluate_small_inner(self._left, self._right, 1 << self._own, 0, sums)
        else:
            self._in_blocks(1 << (self._own - _LANE_VARIABLES), 0, sums)
        return blocks.from_montgomery(sums)[0]

    def _sums(self, remaining: int) -> list[Element]:
        sums = np.empty(10, np.uint32)
        if remaining < _LANE_VARIABLES:
            self._fold_one_block()
            kernels.evaluate_small_inner(self._left, self._right, 1 << remaining, 1 << remaining, sums)
        else:
            half = 1 << (remaining - _LANE_VARIABLES)
            self._in_blocks(half, half, sums)
        return blocks.from_montgomery(sums)

    def _in_blocks(self, count: int, distance: int, sums: Blocks) -> None:
        parts = split(count, PARALLEL_BLOCKS)
        accumulators = np.zeros((len(parts), 288), np.uint64)
        run_parallel(
            [self._task(start, stop, distance, row) for (start, stop), row in zip(parts, accumulators, strict=True)]
        )
        self._challenge = None
        kernels.sum_products(accumulators, sums)

    def _task(self, start: int, stop: int, distance: int, row: NDArray[np.uint64]) -> Callable[[], None]:
        """Folds, where that is due, the blocks of the pairs start to stop, and evaluates them: one task of a thread."""

        def run() -> None:
            if self._challenge is not None:
                for array in (self._left, self._right):
                    kernels.fold_blocks(array, self._challenge, start, stop, 2 * distance)
                    kernels.fold_blocks(array, self._challenge, start + distance, stop + distance, 2 * distance)
            kernels.evaluate_inner(self._left, self._right, row, start, stop, distance)

        return run

    def _fold_one_block(self) -> None:
        """The fold that is due, to one block or a part of one."""
        if self._challenge is None:
            return
        for array in (self._left, self._right):
            if self._own == _LANE_VARIABLES:
                kernels.fold_blocks(array, self._challenge, 0, 1, 1)
            else:
                kernels.fold_small(array, self._challenge, 1 << self._own)
        self._challenge = None


def _extend(array: Blocks, size: int) -> Blocks:
    """The array itself, or a copy with zero blocks after it."""
    if array.size == size:
        return array
    extended = np.zeros(size, np.uint32)
    extended[: array.size] = array
    return extended
