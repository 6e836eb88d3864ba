"""The sumcheck prover of sums of inner products, on blocked arrays.

Source: Thaler 2022, section 4.1; docs/protocol.md, linear layers and batching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.arrays import Array
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.kernels import BLOCK, LANES, MONTGOMERY_ONE, pack_blocks
from zkaudit.field.koalabear import MODULUS
from zkaudit.sumcheck import base_kernels, kernels
from zkaudit.sumcheck.pairs import PARALLEL_BLOCKS
from zkaudit.sumcheck.prover import Channel
from zkaudit.transcript import Label

_LANE_VARIABLES = 4


class _InnerProduct:
    """Two vectors, zero-extended to 2^variables entries, of which the lowest `own` variables span all that is not zero.

    While a variable above these is bound, both only take a factor 1 - r, so their inner product is kept and scaled.
    """

    def __init__(self, left: Blocks, right: Blocks, own: int, variables: int) -> None:
        if own > variables:
            raise ValueError(f"vectors of {own} variables for {variables}")
        self._own = own
        self._sides = (left, right)
        self._variables = variables
        self._factor = extension.ONE
        self._total: Element | None = None
        self._challenge: Blocks | None = None

    @staticmethod
    def of(left: Array, right: Array, variables: int) -> _InnerProduct:
        """Of two F-vectors (5, n) of any lengths, which are copied."""
        own = (max(left.shape[1], right.shape[1], 1) - 1).bit_length()
        return _InnerProduct(_blocked(left, own), _blocked(right, own), own, variables)

    def evaluate(self) -> tuple[Element, Element]:
        """(left right)(0) and [X^2] (left right) of the top variable, summed over the rest."""
        square = extension.multiply(self._factor, self._factor)
        if self._own == self._variables:
            at_zero, leading = self._sums()
            return extension.multiply(square, at_zero), extension.multiply(square, leading)
        if self._total is None:
            self._total = self._inner_product()
        # left(X) right(X) = total (1 - X)^2
        scaled = extension.multiply(square, self._total)
        return scaled, scaled

    def bind(self, challenge: Element) -> None:
        """Fixes the top variable; the fold is done when its result is asked for."""
        self._settle()
        if self._own == self._variables:
            self._challenge = blocks.to_montgomery([challenge])
            self._own -= 1
        else:
            self._factor = extension.multiply(self._factor, extension.subtract(extension.ONE, challenge))
        self._variables -= 1

    def side(self, index: int) -> Array:
        """What is left of one side, (5, 2^own)."""
        self._settle()
        return arrays.scale(blocks.from_blocks(self._sides[index], 1 << self._own), self._factor)

    def _inner_product(self) -> Element:
        sums = np.empty(10, np.uint32)
        if self._own < _LANE_VARIABLES:
            kernels.evaluate_small_inner(*self._sides, 1 << self._own, 0, sums)
        else:
            self._in_blocks(1 << (self._own - _LANE_VARIABLES), 0, sums)
        return blocks.from_montgomery(sums)[0]

    def _sums(self) -> list[Element]:
        sums = np.empty(10, np.uint32)
        remaining = self._own - 1
        if remaining < _LANE_VARIABLES:
            self._settle()
            kernels.evaluate_small_inner(*self._sides, 1 << remaining, 1 << remaining, sums)
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
                for array in self._sides:
                    kernels.fold_blocks(array, self._challenge, start, stop, 2 * distance)
                    kernels.fold_blocks(array, self._challenge, start + distance, stop + distance, 2 * distance)
            kernels.evaluate_inner(*self._sides, row, start, stop, distance)

        return run

    def _settle(self) -> None:
        """The fold that is due."""
        if self._challenge is None:
            return
        for array in self._sides:
            if self._own < _LANE_VARIABLES:
                kernels.fold_small(array, self._challenge, 1 << self._own)
            else:
                half = 1 << (self._own - _LANE_VARIABLES)
                kernels.fold_blocks(array, self._challenge, 0, half, half)
        self._challenge = None


class _BaseInnerProduct(_InnerProduct):
    """One side over K, as canonical cells, until its top variable is bound."""

    def __init__(self, left: Blocks, cells: NDArray[np.uint32], variables: int) -> None:
        own = (max(cells.size, 1) - 1).bit_length()
        if left.size != blocks.cells(1 << own):
            raise ValueError(f"{left.size} blocked cells beside {cells.size}")
        super().__init__(left, np.empty(0, np.uint32), own, variables)
        self._cells: NDArray[np.uint32] | None = np.zeros(1 << own, np.uint32)
        self._cells[: cells.size] = cells
        if own <= _LANE_VARIABLES:
            # Halves of less than a block.
            self._sides = (left, _blocked(arrays.embed(self._cells), own))
            self._cells = None

    def bind(self, challenge: Element) -> None:
        if self._cells is None or self._own < self._variables:
            super().bind(challenge)
            return
        half = 1 << (self._own - 1 - _LANE_VARIABLES)
        left, right = self._sides[0], np.empty(blocks.cells(LANES * half), np.uint32)
        scalar = blocks.to_montgomery([challenge])
        base_scalar = blocks.to_montgomery([extension.scale(challenge, MONTGOMERY_ONE)])
        cells = self._cells

        def task(start: int, stop: int) -> Callable[[], None]:
            def run() -> None:
                kernels.fold_blocks(left, scalar, start, stop, half)
                base_kernels.fold_cells(cells, base_scalar, right, start, stop, half)

            return run

        run_parallel([task(start, stop) for start, stop in split(half, PARALLEL_BLOCKS)])
        self._sides, self._cells = (left, right), None
        self._own -= 1
        self._variables -= 1

    def side(self, index: int) -> Array:
        if index == 1 and self._cells is not None:
            return arrays.scale(arrays.embed(self._cells), self._factor)
        return super().side(index)

    def _in_blocks(self, count: int, distance: int, sums: Blocks) -> None:
        if self._cells is None:
            super()._in_blocks(count, distance, sums)
            return
        left, cells = self._sides[0], self._cells
        parts = split(count, PARALLEL_BLOCKS)
        accumulators = np.zeros((len(parts), 2 * BLOCK), np.uint64)

        def task(start: int, stop: int, row: NDArray[np.uint64]) -> Callable[[], None]:
            return lambda: base_kernels.evaluate_base_inner(left, cells, row, start, stop, distance)

        run_parallel([task(start, stop, row) for (start, stop), row in zip(parts, accumulators, strict=True)])
        # An accumulator holds canonical times Montgomery residues, so its residue is a Montgomery form.
        totals = (accumulators % np.uint64(MODULUS)).reshape(-1, 2, 5, LANES).sum(axis=(0, 3)) % np.uint64(MODULUS)
        sums[:] = totals.reshape(-1)


def _blocked(vector: Array, variables: int) -> Blocks:
    """An F-vector (5, n) as a blocked array of 2^variables entries."""
    result = np.zeros(blocks.cells(1 << variables), np.uint32)
    count = vector.shape[1]
    pack_blocks(np.ascontiguousarray(vector, np.uint64).reshape(-1), count, result[: blocks.cells(count)])
    return result


class InnerProducts:
    """sum over pairs of sum_x left(x) right(x), all over one hypercube, vectors standing for their zero extension.

    Pairs are F-vectors (5, n) of any lengths n up to 2^variables, and are copied.
    Base pairs follow them: a vector with canonical cells over K, uint32 (n,), which are copied.
    Their vector is blocked, has as many entries as the least power of two from n on, and is overwritten.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Array, Array]],
        variables: int,
        base_pairs: Sequence[tuple[Blocks, NDArray[np.uint32]]] = (),
    ) -> None:
        self.variables = variables
        self._products = [_InnerProduct.of(left, right, variables) for left, right in pairs]
        self._products += [_BaseInnerProduct(left, cells, variables) for left, cells in base_pairs]

    @property
    def pairs(self) -> list[tuple[Array, Array]]:
        """What is left of the pairs, as F-vectors."""
        return [(product.side(0), product.side(1)) for product in self._products]

    def round_polynomial(self) -> tuple[Element, Element]:
        """c0 and c2 of the sum with the top variable free."""
        constant = leading = extension.ZERO
        for product in self._products:
            at_zero, top = product.evaluate()
            constant, leading = extension.add(constant, at_zero), extension.add(leading, top)
        return constant, leading

    def fold(self, challenge: Element) -> None:
        """Binds the top variable."""
        for product in self._products:
            product.bind(challenge)
        self.variables -= 1

    def value(self, pair: int, side: int) -> Element:
        """The first entry of one side of a pair: its value, once all variables are bound."""
        return arrays.element(self._products[pair].side(side)[:, 0])


def bind_together(channel: Channel, sums: Sequence[InnerProducts], rounds: int) -> list[Element]:
    """So many rounds on the sum of several sums, sharing challenges; the point, lowest variable first."""
    point: list[Element] = []
    for _ in range(rounds):
        constant = leading = extension.ZERO
        for one in sums:
            c0, c2 = one.round_polynomial()
            constant, leading = extension.add(constant, c0), extension.add(leading, c2)
        channel.send(Label.ROUND, [constant, leading])
        challenge = channel.challenge(Label.ROUND_POINT)
        for one in sums:
            one.fold(challenge)
        point.append(challenge)
    return point[::-1]
