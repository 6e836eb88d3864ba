"""Views: the same integers in another order or shape, which cost nothing.

Each takes tensors (..., samples) of any integer type, so that a table of positions can be viewed like the values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def reshape(values: Integers, shape: tuple[int, ...]) -> Integers:
    """The row-major order kept, (..., samples) -> (*shape, samples)."""
    return values.reshape(*shape, values.shape[-1])


def transpose(values: Integers, axes: tuple[int, ...]) -> Integers:
    """Axis k of the result is axis `axes[k]` of the values; samples stay last."""
    return values.transpose(*axes, len(axes))


def concatenate(values: Sequence[Integers]) -> Integers:
    """One after the other along the first axis."""
    return np.concatenate(values, axis=0)


def pad(values: Integers, padding: tuple[int, int, int, int], fill: int = 0) -> Integers:
    """(C, H, W, samples) with cells of `fill` around height and width, by (top, left, bottom, right)."""
    top, left, bottom, right = padding
    return np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)


def cut(values: Integers, start: int, stop: int) -> Integers:
    """The cells from `start` up to and without `stop` of the first axis."""
    return values[start:stop]
