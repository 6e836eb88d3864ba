"""The sum of a b + c d over blocked arrays, evaluated and folded round by round."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import blocks
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.sumcheck import kernels
from zkaudit.sumcheck.equality import EqualityRounds

PARALLEL_BLOCKS = 1024
"""Performance knob: a thread takes at least so many blocks of a round, about 0.1 ms of work."""

_LANE_VARIABLES = 4


class PairSum:
    """Four arrays of f = a b + c d in the variables that are not bound yet; the arrays are overwritten.

    a, b, c, d are blocked Montgomery arrays of 2^variables entries.
    Where c is over K, `base` holds it as canonical residues (2^variables,), with at least 5 variables.
    Then c takes 2^(variables - 1) entries, and the first fold writes them.
    """

    def __init__(
        self, a: Blocks, b: Blocks, c: Blocks, d: Blocks, variables: int, base: NDArray[np.uint32] | None = None
    ) -> None:
        if base is not None and variables <= _LANE_VARIABLES:
            raise ValueError("an array over K is folded in whole blocks: at least 5 variables")
        self._a, self._b, self._c, self._d = a, b, c, d
        self._base = base
        self._variables = variables
        self._challenge: Blocks | None = None

    def bind(self, challenge: Element) -> None:
        """Fixes the top variable; the fold is done by the next evaluation, while its entries are in cache."""
        self._challenge = blocks.to_montgomery([challenge])
        self._variables -= 1

    def evaluate(self, rounds: EqualityRounds) -> tuple[Element, Element]:
        """s(0) and [X^2] s, for s(X) = sum over the rest x of eq(rest of the point, x) f(X, x)."""
        at_zero, leading = self._evaluate(rounds, upper=False)
        return at_zero, leading

    def evaluate_at_one(self, rounds: EqualityRounds) -> Element:
        """s(1), for the round in which the claim does not determine it."""
        return self._evaluate(rounds, upper=True)[0]

    def values(self) -> list[Element]:
        """a, b, c and d once all variables are bound."""
        self._fold_one_block()
        return [blocks.entry(array, 0) for array in (self._a, self._b, self._c, self._d)]

    def _evaluate(self, rounds: EqualityRounds, upper: bool) -> list[Element]:
        remaining = self._variables - 1
        sums = np.empty(10, np.uint32)
        if remaining < _LANE_VARIABLES:
            self._fold_one_block()
            half = 1 << remaining
            low = half if upper else 0
            lanes = rounds.lane_weights(remaining)
            kernels.evaluate_small_pairs(self._a, self._b, self._c, self._d, lanes, half, low, sums)
            return blocks.from_montgomery(sums)
        half = 1 << (remaining - _LANE_VARIABLES)
        parts = split(half, PARALLEL_BLOCKS)
        accumulators = np.zeros((len(parts), 160), np.uint64)
        weights = rounds.block_weights(remaining)
        low = half if upper else 0
        run_parallel(
            [
                self._task(start, stop, half, low, weights, row)
                for (start, stop), row in zip(parts, accumulators, strict=True)
            ]
        )
        self._folded()
        kernels.weigh_lanes(accumulators, rounds.lane_weights(remaining), sums)
        return blocks.from_montgomery(sums)

    def _task(
        self, start: int, stop: int, half: int, low: int, weights: Blocks, row: NDArray[np.uint64]
    ) -> Callable[[], None]:
        """Folds, where that is due, the blocks of the pairs start to stop, and evaluates them: one task of a thread."""

        def run() -> None:
            if self._challenge is not None:
                self._fold(start, stop, 2 * half)
                self._fold(start + half, stop + half, 2 * half)
            elif self._base is not None:
                base_arrays = (self._a, self._b, self._base, self._d)
                kernels.evaluate_base_pairs(*base_arrays, weights, row, start, stop, low, half)
                return
            kernels.evaluate_pairs(self._a, self._b, self._c, self._d, weights, row, start, stop, low, half)

        return run

    def _fold(self, start: int, stop: int, half: int) -> None:
        for array in (self._a, self._b, self._d):
            kernels.fold_blocks(array, self._challenge, start, stop, half)
        if self._base is None:
            kernels.fold_blocks(self._c, self._challenge, start, stop, half)
        else:
            kernels.fold_base(self._base, self._challenge, self._c, start, stop, half)

    def _fold_one_block(self) -> None:
        """The fold that is due, to one block or a part of one."""
        if self._challenge is None:
            return
        if self._variables == _LANE_VARIABLES:
            self._fold(0, 1, 1)
        else:
            for array in (self._a, self._b, self._c, self._d):
                kernels.fold_small(array, self._challenge, 1 << self._variables)
        self._folded()

    def _folded(self) -> None:
        if self._challenge is not None:
            self._challenge = None
            self._base = None
