"""The algebra of a convolution at random points: no patch is ever gathered, no transform taken.

With eq tables e_h, e_w of the output's axes, S_h[h, i] = sum of e_h[y] over y with s y + d i - top = h, and alike S_w:
sum over outputs of eq * out = sum over c, h, w of in[c, h, w] G[c, h, w],
G[c, h, w] = sum over o, i, j of eq(o) kernel[o, c', i, j] S_h[h, i] S_w[w, j].
A dense layer has all spatial sizes one.
Source: docs/protocol.md, "Linear layers".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element
from zkaudit.relation import Window


def variables(size: int) -> int:
    """Variables of an axis."""
    return (size - 1).bit_length()


def axis_tables(point: list[Element], shape: tuple[int, ...]) -> list[Array]:
    """eq tables of the axes of a shape, the last axis taking the lowest coordinates."""
    tables: list[Array] = []
    for size in reversed(shape):
        bits = variables(size)
        tables.insert(0, arrays.equality_table(point[:bits], size))
        point = point[bits:]
    return tables


@dataclass(frozen=True, slots=True)
class WindowTables:
    """The eq tables of the output axes of a window: filters (5, O) and the spread spatial ones, S_h and S_w."""

    window: Window
    filters: Array
    height: Array
    width: Array

    @staticmethod
    def of(window: Window, outputs: list[Array]) -> WindowTables:
        """From the eq tables of the axes of the output, one table for the output of a dense layer."""
        one = arrays.from_elements([ONE])
        filters, height, width = outputs if len(outputs) == 3 else [outputs[0], one, one]
        return WindowTables(
            window,
            filters,
            _spread(height, window.height, window.kernel[0], window.stride[0], window.dilation[0], window.padding[0]),
            _spread(width, window.width, window.kernel[1], window.stride[1], window.dilation[1], window.padding[1]),
        )

    def grouped_filters(self, factors: tuple[int, ...]) -> Array:
        """eq of each filter times its factor, (5, groups, filters of a group)."""
        rows = self.filters
        if factors:
            rows = arrays.scale_base(rows, arrays.residues(np.array(factors, np.int64)))
        return rows.reshape(5, self.window.groups, -1)

    def from_input(self, inputs: Array) -> Array:
        """sum over h, w of S_h[h, i] S_w[w, j] in[c, h, w], (5, channels * height * width) -> (5, groups, c' i j)."""
        window = self.window
        rows = inputs.reshape(5, window.channels * window.height, window.width)
        columns = arrays.extension_matrix_product(rows, self.width)  # (5, c h, j)
        columns = columns.reshape(5, window.channels, window.height, -1).transpose(0, 1, 3, 2)
        columns = columns.reshape(5, -1, window.height)  # (5, c j, h)
        result = arrays.extension_matrix_product(columns, self.height)  # (5, c j, i)
        result = result.reshape(5, window.channels, window.kernel[1], window.kernel[0]).transpose(0, 1, 3, 2)
        return np.ascontiguousarray(result).reshape(5, window.groups, -1)

    def at(self, inputs: list[Array]) -> Array:
        """The same for in = eq of a point, given its axis tables: A_h[i] A_w[j] eq(c), (5, groups, c' i j)."""
        channels, height, width = inputs
        at_height = arrays.extension_matrix_vector(np.ascontiguousarray(self.height.transpose(0, 2, 1)), height)
        at_width = arrays.extension_matrix_vector(np.ascontiguousarray(self.width.transpose(0, 2, 1)), width)
        return arrays.kronecker([channels, at_height, at_width]).reshape(5, self.window.groups, -1)

    def to_input(self, kernel: NDArray[np.int64], factors: tuple[int, ...]) -> Array:
        """G of the module's formula, for the kernel as (filters, c' i j), (5, channels, height, width)."""
        window = self.window
        rows = self.grouped_filters(factors)
        if window.groups == 1:
            folded = arrays.matrix_vector(np.ascontiguousarray(kernel.T), rows[:, 0])
        else:
            cells = arrays.residues(kernel).reshape(window.groups, -1, window.fan_in)
            folded = np.zeros((5, window.groups, window.fan_in), np.uint64)
            for filter_ in range(cells.shape[1]):
                folded = arrays.add(folded, arrays.scale_base(rows[:, :, filter_, None], cells[None, :, filter_]))
        folded = np.ascontiguousarray(folded).reshape(5, -1, window.kernel[1])  # (5, c i, j)
        wide = arrays.extension_matrix_product(folded, np.ascontiguousarray(self.width.transpose(0, 2, 1)))
        wide = wide.reshape(5, window.channels, window.kernel[0], window.width).transpose(0, 1, 3, 2)
        wide = np.ascontiguousarray(wide).reshape(5, -1, window.kernel[0])  # (5, c w, i)
        high = arrays.extension_matrix_product(wide, np.ascontiguousarray(self.height.transpose(0, 2, 1)))
        high = high.reshape(5, window.channels, window.width, window.height).transpose(0, 1, 3, 2)
        return np.ascontiguousarray(high)


def input_variables(window: Window) -> int:
    """Rounds of a window's sumcheck: each axis of its input is padded on its own."""
    return variables(window.channels) + variables(window.height) + variables(window.width)


def _spread(table: Array, size: int, kernel: int, stride: int, dilation: int, before: int) -> Array:
    """S[h, i] = table[y] where stride * y + dilation * i - before = h, (5, outputs) -> (5, size, kernel)."""
    result = np.zeros((5, size, kernel), np.uint64)
    outputs = np.arange(table.shape[1])
    for i in range(kernel):
        places = stride * outputs + dilation * i - before
        inside = (places >= 0) & (places < size)
        result[:, places[inside], i] = table[:, inside]
    return result
