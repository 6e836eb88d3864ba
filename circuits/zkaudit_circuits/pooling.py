"""Pools over windows of height and width: the maximum, and the sum from which an average is rounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import (
    Combination,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Mapped,
    Read,
    View,
    join,
    whole,
)
from zkaudit_circuits.windows import output_extent, real_cells, taps

_LEAST = int(np.iinfo(np.int64).min)
"""Neutral for the maximum: less than every cell, so that padding never wins."""


def max_pool(
    inputs: NDArray[np.int64],
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> NDArray[np.int64]:
    """Integer reference: the largest real cell of each window, (C, H, W, samples) -> (C, Ho, Wo, samples).

    Padding (top, left, bottom, right) takes no part; every window has a real cell.
    """
    top, left, bottom, right = padding
    tall = _along_height(inputs, kernel[0], stride[0], dilation[0], (top, bottom), np.maximum, _LEAST)
    wide = _along_height(tall.swapaxes(1, 2), kernel[1], stride[1], dilation[1], (left, right), np.maximum, _LEAST)
    return wide.swapaxes(1, 2)


def sum_pool(
    inputs: NDArray[np.int64],
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    multiplier: int,
    exclude_padding: bool,
) -> NDArray[np.int64]:
    """Integer reference: the sum of each window times its multiplier, (C, H, W, samples) -> (C, Ho, Wo, samples)."""
    top, left, bottom, right = padding
    tall = _along_height(inputs, kernel[0], stride[0], 1, (top, bottom), np.add, 0)
    wide = _along_height(tall.swapaxes(1, 2), kernel[1], stride[1], 1, (left, right), np.add, 0).swapaxes(1, 2)
    factors = window_multipliers(
        inputs.shape[1:3],
        kernel=kernel,
        stride=stride,
        padding=padding,
        multiplier=multiplier,
        exclude_padding=exclude_padding,
    )
    return wide * factors[..., None]


def window_multipliers(
    extents: tuple[int, ...],
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    multiplier: int,
    exclude_padding: bool,
) -> NDArray[np.int64]:
    """The factor of each window of a sum pool over `extents` = (H, W), (Ho, Wo).

    It is `multiplier`, or with `exclude_padding` multiplier * area / count rounded half up, where `count` is the
    number of real cells: an average over fewer cells is a larger multiple of their sum.
    """
    counts = window_cells(extents, kernel=kernel, stride=stride, padding=padding)
    if not exclude_padding:
        return np.full(counts.shape, multiplier, np.int64)
    return np.asarray((multiplier * (kernel[0] * kernel[1]) + counts // 2) // counts, np.int64)


def window_cells(
    extents: tuple[int, ...],
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> NDArray[np.int64]:
    """Real cells of each window of a sum pool over `extents` = (H, W), (Ho, Wo)."""
    along = []
    for axis in range(2):
        before, after = padding[axis], padding[axis + 2]
        outputs = output_extent(extents[axis], kernel[axis], stride[axis], 1, before, after)
        along.append(real_cells(extents[axis], outputs, kernel[axis], stride[axis], 1, before))
    return np.asarray(np.multiply.outer(along[0], along[1]), np.int64)


def _along_height(
    inputs: NDArray[np.int64],
    kernel: int,
    stride: int,
    dilation: int,
    padding: tuple[int, int],
    combine: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]],
    neutral: int,
) -> NDArray[np.int64]:
    """Windows of the second axis combined: both pools take height and width one after the other."""
    before, after = padding
    extent = inputs.shape[1]
    outputs = output_extent(extent, kernel, stride, dilation, before, after)
    shape = list(inputs.shape)
    shape[1] += before + after
    padded = np.full(shape, neutral, np.int64)
    padded[:, before : before + extent] = inputs
    result = padded[:, taps(outputs, stride, 0)]
    for i in range(1, kernel):
        result = combine(result, padded[:, taps(outputs, stride, dilation * i)])
    return result


def sum_terms(
    view: View,
    shape: tuple[int, ...],
    factors: Integers,
    *,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> tuple[LinearTerm, ...]:
    """Lowering of a sum pool: each window's cells times its factor, factors (C, Ho, Wo), as sparse matrices."""
    top, left, bottom, right = padding
    elements = np.arange(view.size).reshape(shape)
    padded = np.pad(elements, ((0, 0), (top, bottom), (left, right)), constant_values=-1)
    _, rows, columns = factors.shape
    outputs: list[Integers] = []
    sources: list[Integers] = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            tap = padded[:, taps(rows, stride[0], i), taps(columns, stride[1], j)].reshape(-1)
            outputs.append(np.flatnonzero(tap >= 0))
            sources.append(tap[tap >= 0])
    targets, read = np.concatenate(outputs), view.select(np.concatenate(sources))
    values = factors.reshape(-1)[targets]
    return tuple(
        Mapped(column=column, rows=targets[part.targets], columns=part.sources, values=values[part.targets])
        for column, part in read.parts()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLevel:
    """One level of a tree of maxima: the column of maxima, and what each is the larger of."""

    column: str
    left: View
    right: View


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool:
    """The maximum of each window by a tree of pairs, along the width and then along the height.

    m is the larger of a and b exactly when (m - a, m - b) is (d, 0) or (0, d) with d >= 0: one lookup a pair.
    Padding takes no part: a window with one real cell on an axis needs no pair.
    """

    name: str
    source: View
    shape: tuple[int, int, int]
    interval: Interval
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]

    def levels(self) -> tuple[list[PairLevel], View]:
        """The levels in order, and the view of the pool's outputs in C order."""
        levels: list[PairLevel] = []
        known = self.source
        elements = np.arange(known.size).reshape(self.shape)
        top, left, bottom, right = self.padding
        for axis, before, after in ((2, left, right), (1, top, bottom)):
            kernel, stride, dilation = self.kernel[axis - 1], self.stride[axis - 1], self.dilation[axis - 1]
            outputs = output_extent(elements.shape[axis], kernel, stride, dilation, before, after)
            pads = [(0, 0)] * 3
            pads[axis] = (before, after)
            padded = np.pad(elements, pads, constant_values=-1)
            windows = np.stack(
                [
                    padded.swapaxes(0, axis)[taps(outputs, stride, dilation * i)].swapaxes(0, axis)
                    for i in range(kernel)
                ],
                axis=-1,
            )
            # Real cells first; a window without any stays -1 and takes no part on the other axis.
            windows = np.take_along_axis(windows, np.argsort(windows < 0, axis=-1, kind="stable"), axis=-1)
            while windows.shape[-1] > 1:
                if windows.shape[-1] % 2:
                    windows = np.concatenate([windows, np.full((*windows.shape[:-1], 1), -1)], axis=-1)
                first, second = windows[..., 0::2], windows[..., 1::2]
                both = second >= 0
                count = int(both.sum())
                windows = first.copy()
                if count:
                    column = f"{self.name}/maximum {len(levels) + 1}"
                    level = PairLevel(column=column, left=known.select(first[both]), right=known.select(second[both]))
                    levels.append(level)
                    windows[both] = known.size + np.arange(count)
                    known = join([known, whole(column, count)])
            elements = windows[..., 0]
        return levels, known.select(elements.reshape(-1))

    def lower(self, builder: CircuitBuilder) -> View:
        """One column and one lookup a level; the view of the outputs."""
        levels, outputs = self.levels()
        for level in levels:
            builder.add_column(level.column, Kind.BATCHED, level.left.size, self.interval)
            largest = Read(column=level.column)
            values = tuple(
                Combination(positions=side.size, terms=(largest, *side.combination(-1).terms))
                for side in (level.left, level.right)
            )
            builder.add_lookup(f"{level.column} of pair", self.name, self._table(builder), values)
        return outputs

    def _table(self, builder: CircuitBuilder) -> str:
        """(d, 0) and (0, d) for all differences of two cells."""
        largest = self.interval.high - self.interval.low
        above = np.arange(largest + 1, dtype=np.int64)
        entries = np.concatenate([np.stack([above, above * 0], axis=1), np.stack([above * 0, above], axis=1)[1:]])
        return builder.add_table(f"one of two differences up to {largest} is zero", entries)

    def witness(self, columns: dict[str, Integers]) -> dict[str, Integers]:
        """The columns of maxima, given those that the source reads."""
        known = dict(columns)
        result: dict[str, Integers] = {}
        for level in self.levels()[0]:
            largest = np.maximum(view_cells(level.left, known), view_cells(level.right, known))
            known[level.column] = result[level.column] = largest
        return result


def view_cells(view: View, columns: dict[str, Integers]) -> Integers:
    """The elements of a view, (size, samples)."""
    samples = columns[view.columns[0]].shape[1]
    result = np.zeros((view.size, samples), np.int64)
    for name, gather in view.parts():
        result[gather.targets] = columns[name][gather.sources]
    return result
