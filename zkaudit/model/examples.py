"""Examples of what a linear layer reads and gives, drawn from the calibration data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.model.float_functions import Floats
from zkaudit.model.float_layers import Convolution, Dense
from zkaudit.model.integer_layers import Problem

MAX_ROWS = 2048
"""Performance knob: most places at which a layer is compared."""

MAX_PRODUCTS = 1 << 27
"""Performance knob: most products in one comparison of a layer, about 10 ms."""

_GOLDEN = 0.6180339887498949
"""Multiples of it spread evenly modulo 1, whatever the extents of a tensor."""


def problem_of(
    layer: Dense | Convolution,
    values: NDArray[np.int64],
    scale: Floats,
    magnitude: int,
    target: Floats,
    importance: Floats,
) -> Problem:
    """A linear layer on integers `values` (*shape, samples) that stand for `scale` (*shape,) and are at most
    `magnitude`; the float layer's output is `target` (samples, filters, ...).
    """
    if isinstance(layer, Dense):
        weight, places = layer.weight * scale.reshape(-1), len(target)
    else:
        weight, places = _scaled_kernel(layer, scale), target[:, 0].size
    count = max(32, min(MAX_ROWS, MAX_PRODUCTS // weight.size))
    rows = np.unique((np.arange(min(count, places)) * _GOLDEN % 1.0 * places).astype(np.int64))
    if isinstance(layer, Dense):
        patches = values.reshape(-1, values.shape[-1])[:, rows].T[None].astype(np.float64)
        wanted = target[rows]
    else:
        patches = _patches(layer, values, rows, target.shape[2:])
        wanted = np.moveaxis(target, 1, -1).reshape(-1, target.shape[1])[rows]
    return Problem(
        name=layer.name,
        weight=weight,
        bias=layer.bias,
        magnitude=magnitude,
        patches=patches,
        target=np.ascontiguousarray(wanted),
        samples=len(target),
        importance=importance,
    )


def _scaled_kernel(layer: Convolution, scale: Floats) -> Floats:
    """The weights for integer inputs, (filters, depth), from one scale a channel."""
    channels = scale.reshape(len(scale), -1)[:, 0].reshape(layer.groups, 1, -1, 1, 1)
    grouped = layer.weight.reshape(layer.groups, -1, *layer.weight.shape[1:])  # (groups, filters each, depth, kh, kw)
    return np.asarray((grouped * channels).reshape(len(layer.weight), -1))


def _patches(
    layer: Convolution, values: NDArray[np.int64], rows: NDArray[np.int64], extents: tuple[int, ...]
) -> Floats:
    """What the windows numbered `rows` hold, the column fastest, then the row, then the sample, (groups, n, depth)."""
    top, left, bottom, right = layer.padding
    sample, y, x = np.unravel_index(rows, (values.shape[-1], *extents))
    chosen, sample = np.unique(sample, return_inverse=True)
    padded = np.pad(values[..., chosen], ((0, 0), (top, bottom), (left, right), (0, 0)))
    down = y[:, None] * layer.stride[0] + np.arange(layer.kernel[0]) * layer.dilation[0]  # (rows, kh)
    along = x[:, None] * layer.stride[1] + np.arange(layer.kernel[1]) * layer.dilation[1]  # (rows, kw)
    windows = padded[:, down[:, :, None], along[:, None, :], sample[:, None, None]]  # (channels, rows, kh, kw)
    grouped = windows.reshape(layer.groups, -1, *windows.shape[1:]).swapaxes(1, 2)
    return np.ascontiguousarray(grouped.reshape(layer.groups, len(rows), -1), np.float64)
