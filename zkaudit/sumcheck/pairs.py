"""The sum of a b + c d over blocked arrays, evaluated and folded round by round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import blocks
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.kernels import BLOCK
from zkaudit.sumcheck import kernels
from zkaudit.sumcheck.equality import EqualityRounds

PARALLEL_BLOCKS = 1024
"""Performance knob: a thread takes at least so many blocks of a round, about 0.1 ms of work."""

LANE_VARIABLES = 4
"""The lowest variables of an index are the lane of a block."""

Four = tuple[Blocks, Blocks, Blocks, Blocks]
"""a, b, c and d."""

Accumulators = NDArray[np.uint64]
"""Two blocks of unreduced sums: s(0) and [X^2] s lane by lane."""


class FirstRound(Protocol):
    """The first round of a sum whose arrays need not exist in full: what it reads is the holder's own."""

    def evaluate(self, weights: Blocks, accumulators: Accumulators, start: int, stop: int, upper: bool) -> None:
        """`kernels.evaluate_pairs` for the blocks start to stop; with `upper`, f(1) stands for f(0)."""

    def fold(self, challenge: Blocks, folded: Four, start: int, stop: int) -> None:
        """The blocks start to stop of a, b, c and d with their top variable bound."""


class PairSum:
    """f = a b + c d in the variables that are not bound yet.

    a, b, c, d are blocked Montgomery arrays of 2^variables entries, and overwritten.
    c and d may be one block that stands for its repetition.
    Where a first round is given, with at least 5 variables, they have 2^(variables - 1) entries, which its fold writes.
    """

    def __init__(self, arrays: Four, variables: int, first: FirstRound | None = None) -> None:
        if first is not None and variables <= LANE_VARIABLES:
            raise ValueError("a first round is folded in whole blocks: at least 5 variables")
        self._arrays = arrays
        self._first = first
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
        return [blocks.entry(array, 0) for array in self._arrays]

    def _evaluate(self, rounds: EqualityRounds, upper: bool) -> list[Element]:
        remaining = self._variables - 1
        sums = np.empty(10, np.uint32)
        if remaining < LANE_VARIABLES:
            self._fold_one_block()
            half = 1 << remaining
            low = half if upper else 0
            kernels.evaluate_small_pairs(*self._arrays, rounds.lane_weights(remaining), half, low, sums)
            return blocks.from_montgomery(sums)
        half = 1 << (remaining - LANE_VARIABLES)
        parts = split(half, PARALLEL_BLOCKS)
        accumulators = np.zeros((len(parts), 160), np.uint64)
        weights = rounds.block_weights(remaining)
        run_parallel(
            [
                self._task(start, stop, half, upper, weights, row)
                for (start, stop), row in zip(parts, accumulators, strict=True)
            ]
        )
        self._folded()
        kernels.weigh_lanes(accumulators, rounds.lane_weights(remaining), sums)
        return blocks.from_montgomery(sums)

    def _task(
        self, start: int, stop: int, half: int, upper: bool, weights: Blocks, row: Accumulators
    ) -> Callable[[], None]:
        """Folds, where that is due, the blocks of the pairs start to stop, and evaluates them: one task of a thread."""

        def run() -> None:
            if self._challenge is not None:
                self._fold(self._challenge, start, stop, 2 * half)
                self._fold(self._challenge, start + half, stop + half, 2 * half)
            elif self._first is not None:
                self._first.evaluate(weights, row, start, stop, upper)
                return
            kernels.evaluate_pairs(*self._arrays, weights, row, start, stop, half if upper else 0, half)

        return run

    def _fold(self, challenge: Blocks, start: int, stop: int, half: int) -> None:
        if self._first is not None:
            self._first.fold(challenge, self._arrays, start, stop)
            return
        for array in self._arrays:
            if array.size > BLOCK:
                kernels.fold_blocks(array, challenge, start, stop, half)

    def _fold_one_block(self) -> None:
        """The fold that is due, to one block or a part of one."""
        if self._challenge is None:
            return
        if self._variables == LANE_VARIABLES:
            self._fold(self._challenge, 0, 1, 1)
        else:
            for array in self._arrays:
                kernels.fold_small(array, self._challenge, 1 << self._variables)
        self._folded()

    def _folded(self) -> None:
        if self._challenge is not None:
            self._challenge = None
            self._first = None
