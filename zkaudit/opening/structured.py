"""Multilinear extensions of structured weights at a point, without an array over the cells that they weigh.

Points are given lowest coordinate first.
Source: docs/protocol.md, "Batching".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, multiply, subtract

_CHUNK = 1 << 16
"""Performance knob: blocks of cells whose weights are held at a time, 2.5 MB."""


def range_product(a: Sequence[Element], a_start: int, b: Sequence[Element], b_start: int, length: int) -> Element:
    """sum over j < length of eq(a, a_start + j) eq(b, b_start + j).

    Both eq are zero at indices of more bits than their point has coordinates.
    The bits of j are summed out from the lowest up.
    What is known of the bits seen is the carries of a_start + j and of b_start + j, and whether j is below `length` on
    them, so eight partial sums go from one bit to the next.
    Cost: 20 products a bit.
    """
    bits = max(len(a), len(b), a_start.bit_length(), b_start.bit_length(), length.bit_length())
    # Place 4 below + 2 carry_b + carry_a.
    sums = [ONE] + [ZERO] * 7
    for bit in range(bits):
        factors = _bit_factors(a[bit] if bit < len(a) else ZERO, b[bit] if bit < len(b) else ZERO)
        bound = length >> bit & 1
        following = [ZERO] * 8
        for state, value in enumerate(sums):
            for digit in (0, 1):
                a_digit = (a_start >> bit & 1) + digit + (state & 1)
                b_digit = (b_start >> bit & 1) + digit + (state >> 1 & 1)
                below = state >> 2 if digit == bound else bound
                target = 4 * below + 2 * (b_digit >> 1) + (a_digit >> 1)
                weight = factors[2 * (b_digit & 1) + (a_digit & 1)]
                following[target] = add(following[target], multiply(value, weight))
        sums = following
    # Below the bound and without carries.
    return sums[4]


def _bit_factors(x: Element, y: Element) -> list[Element]:
    """eq(x, i) eq(y, j) of two coordinates at place 2 j + i."""
    both = multiply(x, y)
    only_x, only_y = subtract(x, both), subtract(y, both)
    neither = subtract(subtract(ONE, x), only_y)
    return [neither, only_x, only_y, both]


def outer_product(point: Sequence[Element], first: int, rows: Array, columns: Array) -> Element:
    """sum over g, o, i of rows[g, o] columns[g, i] eq(point, first + (g O + o) I + i).

    rows (5, G, O), columns (5, G, I).
    Let B be the largest power of two that divides I.
    Every run of I cells then begins at the same place of a block of B cells, and with eq = low[place] high[block],
    D[g, q] = sum of columns[g, i] low[place of i] over the i in block q of a run
    is shared by all runs of a group: the sum is that of rows[g, o] high[block of run (g, o) + q] D[g, q].
    Cost: G I + G O (I / B + 1) products.
    """
    _, groups, outputs = rows.shape
    inputs = columns.shape[2]
    bits = min((inputs & -inputs).bit_length() - 1, len(point))
    block, offset = divmod(first, 1 << bits)
    step = inputs >> bits
    width = step + (offset > 0)
    padded = np.zeros((5, groups, width << bits), np.uint64)
    padded[:, :, offset : offset + inputs] = columns
    folded = arrays.extension_matrix_vector(
        padded.reshape(5, groups * width, 1 << bits), arrays.equality_table(point[:bits])
    ).reshape(5, groups, width)

    def high(run: int, runs: int) -> Array:
        """eq of the blocks of consecutive runs, (5, runs, width)."""
        blocks = arrays.equality_range(point[bits:], block + run * step, runs * step + width - step)
        return np.lib.stride_tricks.sliding_window_view(blocks, width, axis=1)[:, ::step]

    result = ZERO
    group_chunk = max(1, _CHUNK // (outputs * width))
    row_chunk = max(1, _CHUNK // width)
    for g in range(0, groups, group_chunk):
        count = min(group_chunk, groups - g)
        if count > 1:
            part = slice(g, g + count)
            weights = arrays.multiply(rows[:, part, :, None], folded[:, part, None, :]).reshape(5, -1)
            blocks = high(g * outputs, count * outputs)
            result = add(result, arrays.dot(weights, blocks.reshape(5, -1)))
            continue
        for o in range(0, outputs, row_chunk):
            some = rows[:, g, o : o + row_chunk]
            inner = arrays.extension_matrix_vector(high(g * outputs + o, some.shape[1]), folded[:, g])
            result = add(result, arrays.dot(some, inner))
    return result
