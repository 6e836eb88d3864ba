"""Where the windows of a convolution or a pool lie: one axis at a time, since height and width do not meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def reach(kernel: int, dilation: int) -> int:
    """Cells from the first to the last tap of a window, both included."""
    return dilation * (kernel - 1) + 1


def output_extent(extent: int, kernel: int, stride: int, dilation: int, before: int, after: int) -> int:
    """Windows along one axis of `extent` cells with `before` and `after` cells of padding; below 1 where none fits."""
    return (extent + before + after - reach(kernel, dilation)) // stride + 1


def taps(outputs: int, stride: int, offset: int) -> slice:
    """The padded cells that lie `offset` behind the start of each window."""
    return slice(offset, offset + stride * (outputs - 1) + 1, stride)


def real_cells(
    extent: int, outputs: int, kernel: int, stride: int, dilation: int, before: int
) -> NDArray[np.int64]:  # (outputs,)
    """How many taps of each window lie on real cells.

    Tap i of window y lies on cell stride y + dilation i - before, which is real in [0, extent).
    """
    start = stride * np.arange(outputs, dtype=np.int64) - before
    first = np.maximum(-(start // dilation), 0)
    last = np.minimum((extent - 1 - start) // dilation, kernel - 1)
    return np.asarray(np.maximum(last - first + 1, 0), np.int64)
