"""The convolution of one or two axes, with stride, dilation, padding and groups: an exact integer sum plus bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit_circuits.dense import Kernel
from zkaudit_circuits.windows import output_extent, taps

PATCH_CELLS = 1 << 21
"""Performance knob: most float64 values that are laid out for one matrix product, 16 MiB."""


def convolve(
    kernel: Kernel,
    bias: NDArray[np.int64],
    inputs: NDArray[np.int64],
    *,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
    groups: int,
) -> NDArray[np.int64]:
    """Integer reference: inputs (channels, H, W, samples) -> (filters, Ho, Wo, samples).

    acc[o,y,x] = b[o] + sum_{c',i,j} K[o,c',i,j] in[(g,c'), sh y + dh i - top, sw x + dw j - left], zero outside,
    for kernel (filters, channels / groups, kh, kw), bias (filters,) and padding (top, left, bottom, right).
    The products run in float64, which is exact because the no-wrap bounds keep every sum below 2^30.
    """
    channels, height, width, samples = inputs.shape
    filters, members, kh, kw = kernel.shape
    top, left, bottom, right = padding
    rows = output_extent(height, kh, stride[0], dilation[0], top, bottom)
    columns = output_extent(width, kw, stride[1], dilation[1], left, right)
    matrix = kernel.reshape(groups, filters // groups, members * kh * kw).astype(np.float64)
    result = np.empty((filters, rows, columns, samples), np.int64)
    row_cells = channels * kh * kw * columns
    block = max(1, min(samples, PATCH_CELLS // (row_cells * rows)))
    lines = max(1, min(rows, PATCH_CELLS // (row_cells * block)))
    for sample in range(0, samples, block):
        chosen = slice(sample, sample + block)
        count = min(block, samples - sample)
        padded = np.zeros((channels, height + top + bottom, width + left + right, count))
        padded[:, top : top + height, left : left + width] = inputs[..., chosen]
        for row in range(0, rows, lines):
            part = min(lines, rows - row)
            patches = np.empty((channels, kh, kw, part, columns, count))
            for i in range(kh):
                vertical = taps(part, stride[0], stride[0] * row + dilation[0] * i)
                for j in range(kw):
                    patches[:, i, j] = padded[:, vertical, taps(columns, stride[1], dilation[1] * j)]
            # (groups, filters', taps) @ (groups, taps, cells) -> (groups, filters', cells)
            products = matrix @ patches.reshape(groups, members * kh * kw, part * columns * count)
            result[:, row : row + part, :, chosen] = products.reshape(filters, part, columns, count)
    result += bias[:, None, None, None]
    return result
