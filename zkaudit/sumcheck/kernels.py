"""Kernels of the sumcheck provers: evaluate a round and fold, on blocked Montgomery arrays.

The top variable is bound first, so a round combines entry i with entry i + half, and a fold overwrites the lower half.
"""

import numpy as np
from numba import uint32, uint64

from zkaudit.field.jit import inlined, kernel
from zkaudit.field.kernels import (
    MONTGOMERY_SQUARE,
    accumulate_five,
    accumulator_add,
    base_add,
    base_multiply,
    base_subtract,
    cell_of,
    convolution_add,
    convolution_reduce,
    extension_add,
    extension_convolution,
    extension_multiply,
    load,
    load_difference,
    montgomery_reduce,
    multiplication_matrix,
    multiply_accumulate,
    multiply_by_matrix,
    store,
)

_SQUARE = np.uint32(MONTGOMERY_SQUARE)
_CELLS = np.uint64(80)


@inlined
def pair_sum(a, b, c, d):
    """a b + c d in F, with one reduction."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c0, c1, c2, c3, c4 = c
    d0, d1, d2, d3, d4 = d
    first = extension_convolution(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
    second = extension_convolution(c0, c1, c2, c3, c4, d0, d1, d2, d3, d4)
    return convolution_reduce(convolution_add(first, second))


@inlined
def base_pair_sum(m, b, c, d):
    """m b + c d in F, for m in K, with one reduction."""
    b0, b1, b2, b3, b4 = b
    c0, c1, c2, c3, c4 = c
    d0, d1, d2, d3, d4 = d
    e = extension_convolution(c0, c1, c2, c3, c4, d0, d1, d2, d3, d4)
    return convolution_reduce(
        (
            multiply_accumulate(e[0], m, b0),
            multiply_accumulate(e[1], m, b1),
            multiply_accumulate(e[2], m, b2),
            multiply_accumulate(e[3], m, b3),
            multiply_accumulate(e[4], m, b4),
            e[5],
            e[6],
            e[7],
            e[8],
        )
    )


@inlined
def accumulate_weighted(values, weight, accumulators, offset):
    """accumulators[offset..] += values weight, lane by lane, for one block of values and one weight in F."""
    m0, m1, m2, m3, m4 = multiplication_matrix(weight[0], weight[1], weight[2], weight[3], weight[4])
    for i in range(16):
        j = uint64(i)
        a0, a1, a2, a3, a4 = load(values, j)
        k = offset + j
        for_0 = accumulate_five(accumulators[k], a0, a1, a2, a3, a4, m0[0], m0[1], m0[2], m0[3], m0[4])
        for_1 = accumulate_five(accumulators[k + uint64(16)], a0, a1, a2, a3, a4, m1[0], m1[1], m1[2], m1[3], m1[4])
        for_2 = accumulate_five(accumulators[k + uint64(32)], a0, a1, a2, a3, a4, m2[0], m2[1], m2[2], m2[3], m2[4])
        for_3 = accumulate_five(accumulators[k + uint64(48)], a0, a1, a2, a3, a4, m3[0], m3[1], m3[2], m3[3], m3[4])
        for_4 = accumulate_five(accumulators[k + uint64(64)], a0, a1, a2, a3, a4, m4[0], m4[1], m4[2], m4[3], m4[4])
        store(accumulators, k, (for_0, for_1, for_2, for_3, for_4))


@inlined
def fold_line(array, low, high, matrix):
    """low + r (high - low) for two places of a blocked array; `matrix` is that of r."""
    a0, a1, a2, a3, a4 = load(array, low)
    m0, m1, m2, m3, m4 = multiply_by_matrix(load_difference(array, high, low), matrix)
    return extension_add(a0, a1, a2, a3, a4, m0, m1, m2, m3, m4)


@inlined
def fold_base_line(low, high, r):
    """low + r (high - low) for low and high in K and r in F, all in Montgomery form."""
    d = base_subtract(high, low)
    return (
        base_add(low, base_multiply(d, r[0])),
        base_multiply(d, r[1]),
        base_multiply(d, r[2]),
        base_multiply(d, r[3]),
        base_multiply(d, r[4]),
    )


@kernel
def fold_blocks(array, challenge, start, stop, half):
    """One array with its top variable bound, in place, in whole blocks.

    Formula: array[i] + r (array[i + half] - array[i]) at i.
    Shapes: array uint32 (80 * 2 half,), challenge uint32 (5,), Montgomery; blocks start to stop of the lower half.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    matrix = multiplication_matrix(challenge[0], challenge[1], challenge[2], challenge[3], challenge[4])
    # A loop that writes to the array it reads from fails the run-time alias check and is not vectorised.
    folded = np.empty(80, np.uint32)
    for k in range(start, stop):
        block = uint64(k) * _CELLS
        above = uint64(k + half) * _CELLS
        for i in range(16):
            store(folded, uint64(i), fold_line(array, block + uint64(i), above + uint64(i), matrix))
        for i in range(80):
            array[block + uint64(i)] = folded[i]


@kernel
def fold_base(low, high, challenge, out):
    """An array over K with its top variable bound, which gives an array over F.

    Formula: out[i] = low[i] + r (high[i] - low[i]).
    Shapes: low and high uint32 (16 * blocks,) canonical; challenge (5,) and out (80 * blocks,) Montgomery.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    r = (challenge[0], challenge[1], challenge[2], challenge[3], challenge[4])
    for k in range(out.size // 80):
        for i in range(16):
            j = uint64(k) * uint64(16) + uint64(i)
            line = fold_base_line(base_multiply(low[j], _SQUARE), base_multiply(high[j], _SQUARE), r)
            store(out, uint64(k) * _CELLS + uint64(i), line)


@inlined
def block_step(array):
    """Cells from one block of an array to the next; an array of one block stands for its repetition."""
    return _CELLS if array.size > 80 else uint64(0)


@kernel
def evaluate_pairs(a, b, c, d, weights, accumulators, start, stop, low, high):
    """A round of sum_x eq(x)(a b + c d)(x) without the factor of the bound variable, lane by lane.

    Formula: with f = a b + c d on lines through (k + low, k + high), sum_k w_k f(0) and sum_k w_k [X^2] f.
    Shapes: a, b, c, d blocked, c and d perhaps one block that repeats; weights blocked, entry k for block k;
    accumulators uint64 (160,), added to.
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, LogUp-GKR; the split of eq is Gruen 2024, section 3.2.
    """
    step_c, step_d = block_step(c), block_step(d)
    at_zero = np.empty(80, np.uint32)
    leading = np.empty(80, np.uint32)
    for k in range(start, stop):
        bottom, top = uint64(k + low), uint64(k + high)
        for i in range(16):
            j = bottom * _CELLS + uint64(i)
            third, fourth = load(c, bottom * step_c + uint64(i)), load(d, bottom * step_d + uint64(i))
            store(at_zero, uint64(i), pair_sum(load(a, j), load(b, j), third, fourth))
        for i in range(16):
            j, h = bottom * _CELLS + uint64(i), top * _CELLS + uint64(i)
            third = load_difference(c, top * step_c + uint64(i), bottom * step_c + uint64(i))
            fourth = load_difference(d, top * step_d + uint64(i), bottom * step_d + uint64(i))
            store(leading, uint64(i), pair_sum(load_difference(a, h, j), load_difference(b, h, j), third, fourth))
        weight = load(weights, cell_of(k))
        accumulate_weighted(at_zero, weight, accumulators, uint64(0))
        accumulate_weighted(leading, weight, accumulators, _CELLS)


@inlined
def accumulate_base(accumulators, place, m, weight):
    """accumulators[place + 16 c] += m weight_c, for m in K."""
    accumulators[place] = multiply_accumulate(accumulators[place], m, weight[0])
    accumulators[place + uint64(16)] = multiply_accumulate(accumulators[place + uint64(16)], m, weight[1])
    accumulators[place + uint64(32)] = multiply_accumulate(accumulators[place + uint64(32)], m, weight[2])
    accumulators[place + uint64(48)] = multiply_accumulate(accumulators[place + uint64(48)], m, weight[3])
    accumulators[place + uint64(64)] = multiply_accumulate(accumulators[place + uint64(64)], m, weight[4])


@kernel
def evaluate_base_products(a, b, c, a_high, b_high, weights, accumulators, start):
    """A round of sum_x eq(x)(a b + c)(x), as `evaluate_pairs`, for arrays over K.

    Formula: with f = a b + c on the lines from a, b, c to those that end in `high`, sum_k w_(start + k) f(0) and
    sum_k w_(start + k) [X^2] f, to which c adds nothing.
    Shapes: all uint32 (16 * blocks,), canonical; weights blocked; accumulators uint64 (160,), added to.
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, products.
    """
    for k in range(a.size // 16):
        weight = load(weights, cell_of(start + k))
        for i in range(16):
            j = uint64(k) * uint64(16) + uint64(i)
            second = base_multiply(b[j], _SQUARE)
            change = base_subtract(base_multiply(b_high[j], _SQUARE), second)
            # Canonical times Montgomery is canonical, like c.
            at_zero = base_add(base_multiply(a[j], second), c[j])
            leading = base_multiply(base_subtract(a_high[j], a[j]), change)
            accumulate_base(accumulators, uint64(i), base_multiply(at_zero, _SQUARE), weight)
            accumulate_base(accumulators, _CELLS + uint64(i), base_multiply(leading, _SQUARE), weight)


@kernel
def weigh_lanes(accumulators, lane_weights, sums):
    """The sums over blocks of several threads and both values, weighed by lane.

    Formula: sums[v] = sum_lane w_lane sum_thread accumulators[thread, v, lane].
    Shapes: accumulators uint64 (threads, 160); lane_weights uint32 (80,) Montgomery; sums uint32 (10,) Montgomery.
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, LogUp-GKR.
    """
    for value in range(2):
        t0, t1, t2, t3, t4 = uint32(0), uint32(0), uint32(0), uint32(0), uint32(0)
        for i in range(16):
            place = 80 * value + i
            lane = np.zeros(5, np.uint32)
            for c in range(5):
                total = uint64(0)
                for thread in range(accumulators.shape[0]):
                    total = accumulator_add(total, accumulators[thread, place + 16 * c])
                lane[c] = montgomery_reduce(total)
            w0, w1, w2, w3, w4 = load(lane_weights, uint64(i))
            m0, m1, m2, m3, m4 = extension_multiply(lane[0], lane[1], lane[2], lane[3], lane[4], w0, w1, w2, w3, w4)
            t0, t1, t2, t3, t4 = extension_add(t0, t1, t2, t3, t4, m0, m1, m2, m3, m4)
        store_row(sums, 5 * value, (t0, t1, t2, t3, t4))


@inlined
def store_row(row, start, value):
    """Writes five consecutive residues."""
    row[start] = value[0]
    row[start + 1] = value[1]
    row[start + 2] = value[2]
    row[start + 3] = value[3]
    row[start + 4] = value[4]


@kernel
def evaluate_small_pairs(a, b, c, d, weights, half, low, sums):
    """A round on arrays of one block: `evaluate_pairs` and `weigh_lanes` in one.

    Formula: sums over i < half of w_i f(0) and w_i [X^2] f, on lines through (i + low, i + half).
    Shapes: a, b, c, d, weights uint32 (80,) Montgomery; sums uint32 (10,) Montgomery.
    Bound: residues below p.
    Source: docs/protocol.md, LogUp-GKR.
    """
    z0, z1, z2, z3, z4 = uint32(0), uint32(0), uint32(0), uint32(0), uint32(0)
    l0, l1, l2, l3, l4 = uint32(0), uint32(0), uint32(0), uint32(0), uint32(0)
    for i in range(half):
        j = uint64(i + low)
        h = uint64(i + half)
        w0, w1, w2, w3, w4 = load(weights, uint64(i))
        s0, s1, s2, s3, s4 = pair_sum(load(a, j), load(b, j), load(c, j), load(d, j))
        m0, m1, m2, m3, m4 = extension_multiply(s0, s1, s2, s3, s4, w0, w1, w2, w3, w4)
        z0, z1, z2, z3, z4 = extension_add(z0, z1, z2, z3, z4, m0, m1, m2, m3, m4)
        s0, s1, s2, s3, s4 = pair_sum(
            load_difference(a, h, j), load_difference(b, h, j), load_difference(c, h, j), load_difference(d, h, j)
        )
        m0, m1, m2, m3, m4 = extension_multiply(s0, s1, s2, s3, s4, w0, w1, w2, w3, w4)
        l0, l1, l2, l3, l4 = extension_add(l0, l1, l2, l3, l4, m0, m1, m2, m3, m4)
    store_row(sums, 0, (z0, z1, z2, z3, z4))
    store_row(sums, 5, (l0, l1, l2, l3, l4))


@kernel
def fold_small(array, challenge, half):
    """`fold_blocks` on an array of one block with 2 half entries.

    Formula: array[i] + r (array[i + half] - array[i]) at i; the entries from `half` on are left as they are.
    Shapes: array uint32 (80,), challenge uint32 (5,), Montgomery.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    r0, r1, r2, r3, r4 = challenge[0], challenge[1], challenge[2], challenge[3], challenge[4]
    for i in range(half):
        a0, a1, a2, a3, a4 = load(array, uint64(i))
        d0, d1, d2, d3, d4 = load_difference(array, uint64(i + half), uint64(i))
        m0, m1, m2, m3, m4 = extension_multiply(d0, d1, d2, d3, d4, r0, r1, r2, r3, r4)
        store(array, uint64(i), extension_add(a0, a1, a2, a3, a4, m0, m1, m2, m3, m4))


@inlined
def accumulate_product(accumulators, offset, a, b):
    """accumulators[offset + 16 c..] += coefficient c of a b, before x^5 is replaced."""
    products = extension_convolution(a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4])
    accumulators[offset] = accumulator_add(accumulators[offset], products[0])
    accumulators[offset + uint64(16)] = accumulator_add(accumulators[offset + uint64(16)], products[1])
    accumulators[offset + uint64(32)] = accumulator_add(accumulators[offset + uint64(32)], products[2])
    accumulators[offset + uint64(48)] = accumulator_add(accumulators[offset + uint64(48)], products[3])
    accumulators[offset + uint64(64)] = accumulator_add(accumulators[offset + uint64(64)], products[4])
    accumulators[offset + uint64(80)] = accumulator_add(accumulators[offset + uint64(80)], products[5])
    accumulators[offset + uint64(96)] = accumulator_add(accumulators[offset + uint64(96)], products[6])
    accumulators[offset + uint64(112)] = accumulator_add(accumulators[offset + uint64(112)], products[7])
    accumulators[offset + uint64(128)] = accumulator_add(accumulators[offset + uint64(128)], products[8])


@kernel
def evaluate_inner(left, right, accumulators, start, stop, distance):
    """A round of sum_x left(x) right(x), lane by lane and before x^5 is replaced.

    Formula: on lines through blocks (k, k + distance), sum_k (left right)(0) and sum_k [X^2] (left right).
    Distance 0 gives the inner product itself as the first value.
    Shapes: left and right blocked; accumulators uint64 (288,): two values of nine coefficients of 16 lanes, added to.
    Bound: accumulators below p 2^32.
    Source: Thaler 2022, section 4.1.
    """
    for k in range(start, stop):
        bottom = uint64(k) * _CELLS
        top = uint64(k + distance) * _CELLS
        for i in range(16):
            j = bottom + uint64(i)
            accumulate_product(accumulators, uint64(i), load(left, j), load(right, j))
        for i in range(16):
            j = bottom + uint64(i)
            h = top + uint64(i)
            accumulate_product(accumulators, uint64(144 + i), load_difference(left, h, j), load_difference(right, h, j))


@kernel
def sum_products(accumulators, sums):
    """The two values of `evaluate_inner`, summed over threads and lanes.

    Formula: sums[v] = sum_lane sum_thread accumulators[thread, v, ., lane], with x^5 = 1 - x^2.
    Shapes: accumulators uint64 (threads, 288); sums uint32 (10,) Montgomery.
    Bound: accumulators below p 2^32.
    Source: Thaler 2022, section 4.1.
    """
    totals = np.zeros(9, np.uint64)
    for value in range(2):
        for c in range(9):
            total = uint64(0)
            for thread in range(accumulators.shape[0]):
                for i in range(16):
                    total = accumulator_add(total, accumulators[thread, 144 * value + 16 * c + i])
            totals[c] = total
        store_row(sums, 5 * value, convolution_reduce(totals))


@kernel
def evaluate_small_inner(left, right, count, distance, sums):
    """A round of `evaluate_inner` on arrays of one block.

    Formula: sums over i < count of (left right)(0) and [X^2] (left right), on lines through (i, i + distance).
    Shapes: left and right uint32 (80,) Montgomery; sums uint32 (10,) Montgomery.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    z0, z1, z2, z3, z4 = uint32(0), uint32(0), uint32(0), uint32(0), uint32(0)
    l0, l1, l2, l3, l4 = uint32(0), uint32(0), uint32(0), uint32(0), uint32(0)
    for i in range(count):
        j = uint64(i)
        h = uint64(i + distance)
        a0, a1, a2, a3, a4 = load(left, j)
        b0, b1, b2, b3, b4 = load(right, j)
        m0, m1, m2, m3, m4 = extension_multiply(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
        z0, z1, z2, z3, z4 = extension_add(z0, z1, z2, z3, z4, m0, m1, m2, m3, m4)
        a0, a1, a2, a3, a4 = load_difference(left, h, j)
        b0, b1, b2, b3, b4 = load_difference(right, h, j)
        m0, m1, m2, m3, m4 = extension_multiply(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
        l0, l1, l2, l3, l4 = extension_add(l0, l1, l2, l3, l4, m0, m1, m2, m3, m4)
    store_row(sums, 0, (z0, z1, z2, z3, z4))
    store_row(sums, 5, (l0, l1, l2, l3, l4))
