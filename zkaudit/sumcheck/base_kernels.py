"""The first round of an inner product of which one side is over K: five products instead of twenty-five."""

from __future__ import annotations

import numpy as np
from numba import uint64

from zkaudit.field.jit import kernel
from zkaudit.field.kernels import MONTGOMERY_SQUARE as SQUARE
from zkaudit.field.kernels import base_add, base_multiply, base_subtract, multiply_accumulate

_SQUARE = np.uint32(SQUARE)


@kernel
def evaluate_base_inner(left, cells, accumulators, start, stop, distance):
    """A round of sum_x left(x) cells(x), lane by lane.

    Formula: on lines through blocks (k, k + distance), sum_k (left cells)(0) and sum_k [X^2] (left cells).
    Distance 0 gives the inner product itself as the first value.
    Shapes: left blocked; cells uint32 canonical, entry i at i; accumulators uint64 (160,), two values of five
    coordinates of 16 lanes, added to.
    Bound: accumulators below p 2^32.
    Source: Thaler 2022, section 4.1.
    """
    for k in range(start, stop):
        bottom = uint64(80) * uint64(k)
        top = uint64(80) * uint64(k + distance)
        base_bottom = uint64(16) * uint64(k)
        base_top = uint64(16) * uint64(k + distance)
        for c in range(5):
            place = uint64(16 * c)
            for i in range(16):
                j = uint64(i)
                accumulators[place + j] = multiply_accumulate(
                    accumulators[place + j], left[bottom + place + j], cells[base_bottom + j]
                )
            for i in range(16):
                j = uint64(i)
                accumulators[uint64(80) + place + j] = multiply_accumulate(
                    accumulators[uint64(80) + place + j],
                    base_subtract(left[top + place + j], left[bottom + place + j]),
                    base_subtract(cells[base_top + j], cells[base_bottom + j]),
                )


@kernel
def fold_cells(cells, challenge, out, start, stop, half):
    """The fold of cells over K, which are over F from then on.

    Formula: out[i] = cells[i] + r (cells[i + 16 half] - cells[i]).
    Shapes: cells uint32 canonical, entry i at i; challenge uint32 (5,), r times 2^64; out blocked Montgomery, blocks
    `start` to `stop`.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    r0, r1, r2, r3, r4 = challenge[0], challenge[1], challenge[2], challenge[3], challenge[4]
    for k in range(start, stop):
        block = uint64(80) * uint64(k)
        bottom = uint64(16) * uint64(k)
        top = uint64(16) * uint64(k + half)
        for i in range(16):
            j = uint64(i)
            low = cells[bottom + j]
            step = base_subtract(cells[top + j], low)
            out[block + j] = base_add(base_multiply(low, _SQUARE), base_multiply(step, r0))
            out[block + uint64(16) + j] = base_multiply(step, r1)
            out[block + uint64(32) + j] = base_multiply(step, r2)
            out[block + uint64(48) + j] = base_multiply(step, r3)
            out[block + uint64(64) + j] = base_multiply(step, r4)
