"""The checks that convolutions and pools share: kernel, stride, dilation and padding against a shape."""

from __future__ import annotations

from zkaudit.errors import InvalidInput
from zkaudit.model.limits import MAX_CELLS, check_integers
from zkaudit_circuits.windows import output_extent, real_cells


def check_geometry(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
    where: str,
) -> None:
    """`InvalidInput` for a number out of bounds."""
    for name, pair in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        check_integers(pair, (2, 2), 1, MAX_CELLS, f"{where}, {name}")
    check_integers(padding, (4, 4), 0, MAX_CELLS, f"{where}, padding")


def padded_shape(shape: tuple[int, ...], padding: tuple[int, int, int, int], where: str) -> tuple[int, int, int]:
    """(C, H, W) with padding; `InvalidInput` for another number of axes, or too many cells."""
    if len(shape) != 3:
        raise InvalidInput(f"reads shape {shape}", where=where, expected="(channels, height, width)")
    top, left, bottom, right = padding
    channels, height, width = shape[0], shape[1] + top + bottom, shape[2] + left + right
    if channels * height * width > MAX_CELLS:
        raise InvalidInput(
            f"{channels * height * width} cells with padding", where=where, expected=f"at most {MAX_CELLS}"
        )
    return channels, height, width


def window_shape(
    shape: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
    where: str,
) -> tuple[int, int]:
    """Windows along height and width of (C, H, W); `InvalidInput` where none fits."""
    _, height, width = padded_shape(shape, padding, where)
    rows = output_extent(height, kernel[0], stride[0], dilation[0], 0, 0)
    columns = output_extent(width, kernel[1], stride[1], dilation[1], 0, 0)
    if rows < 1 or columns < 1:
        raise InvalidInput(f"a window larger than {height}x{width} with padding", where=where)
    return rows, columns


def check_real_cells(
    shape: tuple[int, ...],
    outputs: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
    where: str,
) -> None:
    """`InvalidInput` for a window that lies on padding alone."""
    for axis in range(2):
        counts = real_cells(shape[1 + axis], outputs[axis], kernel[axis], stride[axis], dilation[axis], padding[axis])
        if not counts.all():
            raise InvalidInput("a window lies on padding alone", where=where, expected="a real cell in every window")
