"""Kernels of the fraction tree: leaves, and the sums of fractions level by level.

A level is two blocked Montgomery arrays, numerators and denominators; entry i and entry i + half are added.
"""

import numpy as np
from numba import uint32, uint64

from zkaudit.field.jit import inlined, kernel
from zkaudit.field.kernels import (
    MONTGOMERY_ONE,
    MONTGOMERY_SQUARE,
    accumulator_reduce,
    base_add,
    base_multiply,
    base_subtract,
    cell_of,
    extension_add,
    extension_multiply,
    load,
    load_difference,
    montgomery_reduce,
    multiplication_matrix,
    multiply_by_matrix,
    product,
    store,
)
from zkaudit.sumcheck.kernels import accumulate_weighted, base_pair_sum, fold_base_line, fold_line, pair_sum

_ONE = np.uint32(MONTGOMERY_ONE)
_SQUARE = np.uint32(MONTGOMERY_SQUARE)
_CELLS = np.uint64(80)


@inlined
def write_lanes(target, first, second, scalars, block, offset, low, high):
    """The lanes low to high of one block of `write_denominators`; lane i takes the column entries offset + i."""
    for c in range(5):
        constant = uint64(scalars[c]) << uint64(32)
        b = scalars[5 + c]
        d = scalars[10 + c]
        place = uint64(80 * block + 16 * c)
        for i in range(low, high):
            j = uint64(offset) + uint64(i)
            total = accumulator_reduce(constant + product(first[j], b) + product(second[j], d))
            target[place + uint64(i)] = montgomery_reduce(total)


@kernel
def write_denominators(target, start, first, second, scalars, begin, end):
    """Denominators of the entries start + begin to start + end.

    Formula: constant + first_i b + second_i c at entry start + i.
    Shapes: target blocked; first and second uint32, canonical; scalars uint32 (15,): the constant in Montgomery form,
    then b and c times 2^64.
    Bound: constant 2^32 + two products stays below 2 p 2^32.
    Source: docs/protocol.md, LogUp-GKR.
    """
    origin = start + begin
    limit = start + end
    for k in range(origin >> 4, (limit + 15) >> 4):
        low = max(origin - 16 * k, 0)
        high = min(limit - 16 * k, 16)
        if low == 0 and high == 16:
            write_lanes(target, first, second, scalars, k, 16 * k - start, 0, 16)
        else:
            write_lanes(target, first, second, scalars, k, 16 * k - start, low, high)


@kernel
def add_to_denominators(target, start, values, scalar, begin, end):
    """A further column of a tuple, added to denominators that are written already.

    Formula: entry start + i += values_i b.
    Shapes: target blocked; values uint32, canonical; scalar uint32 (5,), b times 2^64.
    Bound: residues below p.
    Source: docs/protocol.md, LogUp-GKR.
    """
    for i in range(begin, end):
        entry = uint64(start) + uint64(i)
        cell = (entry >> uint64(4)) * _CELLS + (entry & uint64(15))
        for c in range(5):
            place = cell + uint64(16 * c)
            target[place] = base_add(target[place], base_multiply(values[i], scalar[c]))


@inlined
def add_fractions(p, q, low, high):
    """The sum of two fractions: p0 q1 + p1 q0 over q0 q1."""
    a = load(q, low)
    b = load(q, high)
    numerator = pair_sum(load(p, low), b, load(p, high), a)
    return numerator, extension_multiply(a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4])


@inlined
def add_block(p, q, low, high, p_out, q_out, out):
    """The sums of the fractions of two blocks, as block `out` of the outputs."""
    for i in range(16):
        j = uint64(i)
        numerator, denominator = add_fractions(p, q, uint64(low) * _CELLS + j, uint64(high) * _CELLS + j)
        store(p_out, uint64(out) * _CELLS + j, numerator)
        store(q_out, uint64(out) * _CELLS + j, denominator)


@kernel
def combine_level(p, q, numerators, denominators, start, stop, half):
    """The level above a level of whole blocks.

    Formula: p = p0 q1 + p1 q0, q = q0 q1 for entries i and i + half.
    Shapes: p and q uint32 (80 * 2 half,); outputs uint32 (80 * half,); blocks start to stop.
    Bound: residues below p.
    Source: Papini and Haboeck 2023, section 3.
    """
    for k in range(start, stop):
        add_block(p, q, k, k + half, numerators, denominators, k)


@kernel
def combine_small(p, q, numerators, denominators, half):
    """`combine_level` for a level of 2 half entries in one block.

    Formula: as there.
    Shapes: all uint32 (80,).
    Bound: residues below p.
    Source: Papini and Haboeck 2023, section 3.
    """
    for i in range(half):
        numerator, denominator = add_fractions(p, q, uint64(i), uint64(i + half))
        store(numerators, uint64(i), numerator)
        store(denominators, uint64(i), denominator)


@kernel
def add_scaled(p, q, scalar, start, stop):
    """p + lambda q in place of p: with it a layer's polynomial is a sum of two products instead of three.

    Formula: p_i + lambda q_i.
    Shapes: p and q blocked, scalar uint32 (5,) Montgomery; blocks start to stop.
    Bound: residues below p.
    Source: docs/protocol.md, LogUp-GKR.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    # Written by way of a block of its own, as in `fold_blocks`.
    sums = np.empty(80, np.uint32)
    for k in range(start, stop):
        block = uint64(k) * _CELLS
        for i in range(16):
            j = block + uint64(i)
            a0, a1, a2, a3, a4 = load(p, j)
            m0, m1, m2, m3, m4 = multiply_by_matrix(load(q, j), matrix)
            store(sums, uint64(i), extension_add(a0, a1, a2, a3, a4, m0, m1, m2, m3, m4))
        for i in range(80):
            p[block + uint64(i)] = sums[i]


@inlined
def numerators_at(block, ones, numerators):
    """Place of a block of leaves in the numerators; see `copy_leaves`."""
    return uint64(min(max(block - ones + 1, 0), numerators.size // 16 - 1)) * uint64(16)


@inlined
def denominators_at(block, q):
    """Place of a block of leaves in the denominators; see `copy_leaves`."""
    return uint64(min(block, q.size // 80 - 1)) * _CELLS


@inlined
def copy_block(numerators, m, q, cell, p_out, q_out, out):
    """The leaves of one block, given by its places, as block `out` of the outputs."""
    for i in range(16):
        value = base_multiply(numerators[m + uint64(i)], _SQUARE)
        place, zero = uint64(out) * _CELLS + uint64(i), uint32(0)
        store(p_out, place, (value, zero, zero, zero, zero))
        store(q_out, place, load(q, cell + uint64(i)))


@kernel
def copy_leaves(numerators, ones, q, p_out, q_out):
    """The leaves as a level over F.

    Formula: outputs = leaves; those of the first `ones` blocks have the numerator 1, and the missing ones are (0, 1).
    Shapes: numerators uint32 (16 * blocks,), canonical, the first block being that of all `ones` blocks and the last
    that of all missing ones; q uint32 (80 * blocks,), the last block that of all missing ones; outputs blocked.
    Bound: residues below p.
    Source: docs/protocol.md, LogUp-GKR.
    """
    for k in range(p_out.size // 80):
        copy_block(numerators, numerators_at(k, ones, numerators), q, denominators_at(k, q), p_out, q_out, k)


@inlined
def add_leaves(numerators, m_low, m_high, q, q_low, q_high, p_out, q_out, out):
    """The sums of the leaves of two blocks, given by their places, as block `out` of the outputs."""
    for i in range(16):
        j = uint64(i)
        m0 = base_multiply(numerators[m_low + j], _SQUARE)
        m1 = base_multiply(numerators[m_high + j], _SQUARE)
        a = load(q, q_low + j)
        b = load(q, q_high + j)
        numerator = (
            montgomery_reduce(product(m0, b[0]) + product(m1, a[0])),
            montgomery_reduce(product(m0, b[1]) + product(m1, a[1])),
            montgomery_reduce(product(m0, b[2]) + product(m1, a[2])),
            montgomery_reduce(product(m0, b[3]) + product(m1, a[3])),
            montgomery_reduce(product(m0, b[4]) + product(m1, a[4])),
        )
        denominator = extension_multiply(a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4])
        store(p_out, uint64(out) * _CELLS + j, numerator)
        store(q_out, uint64(out) * _CELLS + j, denominator)


@inlined
def first_level(numerators, ones, q, k, distance, count, p_out, q_out, out):
    """The blocks k, k + distance, .. of level 1, so many of them, as the blocks from `out` on of the outputs.

    Level 1 has `count` times `distance` blocks.
    Of two leaves only the second may be missing, and then their sum is the first one.
    """
    missing = q.size // 80 - 1
    for n in range(count):
        low = k + n * distance
        high = low + count * distance
        m_low, q_low = numerators_at(low, ones, numerators), denominators_at(low, q)
        if high < missing:
            m_high = numerators_at(high, ones, numerators)
            add_leaves(numerators, m_low, m_high, q, q_low, denominators_at(high, q), p_out, q_out, out + n)
        else:
            copy_block(numerators, m_low, q, q_low, p_out, q_out, out + n)


@kernel
def combine_leaves(numerators, ones, q, p_out, q_out, start, stop, half):
    """Level 1 of the tree.

    Formula: p = m0 q1 + m1 q0, q = q0 q1 for leaves i and i + half.
    Shapes: leaves as in `copy_leaves`; outputs uint32 (80 * half,), blocks start to stop.
    Bound: two products of residues stay below p 2^32.
    Source: Papini and Haboeck 2023, section 3.
    """
    for k in range(start, stop):
        first_level(numerators, ones, q, k, half, 1, p_out, q_out, k)


@kernel
def combine_leaves_twice(numerators, ones, q, p_out, q_out, start, stop, quarter):
    """Level 2 of the tree; level 1 is not kept.

    Formula: `combine_leaves`, then p = p0 q1 + p1 q0, q = q0 q1 for its entries i and i + quarter.
    Shapes: leaves as in `copy_leaves`; outputs uint32 (80 * quarter,), blocks start to stop.
    Bound: two products of residues stay below p 2^32.
    Source: Papini and Haboeck 2023, section 3.
    """
    p1, q1 = np.empty(160, np.uint32), np.empty(160, np.uint32)
    for k in range(start, stop):
        first_level(numerators, ones, q, k, quarter, 2, p1, q1, 0)
        add_block(p1, q1, 0, 1, p_out, q_out, k)


@kernel
def combine_leaves_thrice(numerators, ones, q, p_out, q_out, start, stop, eighth):
    """Level 3 of the tree; levels 1 and 2 are not kept.

    Formula: `combine_leaves_twice`, then the same for its entries i and i + eighth.
    Shapes: as there; outputs uint32 (80 * eighth,).
    Bound: two products of residues stay below p 2^32.
    Source: Papini and Haboeck 2023, section 3.
    """
    p1, q1 = np.empty(320, np.uint32), np.empty(320, np.uint32)
    p2, q2 = np.empty(160, np.uint32), np.empty(160, np.uint32)
    for k in range(start, stop):
        first_level(numerators, ones, q, k, eighth, 4, p1, q1, 0)
        add_block(p1, q1, 0, 2, p2, q2, 0)
        add_block(p1, q1, 1, 3, p2, q2, 1)
        add_block(p2, q2, 0, 1, p_out, q_out, k)


@inlined
def scale_block(p, q, block, matrix, out):
    """p + lambda q for one block."""
    for i in range(16):
        j = uint64(80 * block) + uint64(i)
        a0, a1, a2, a3, a4 = load(p, j)
        m0, m1, m2, m3, m4 = multiply_by_matrix(load(q, j), matrix)
        store(out, j, extension_add(a0, a1, a2, a3, a4, m0, m1, m2, m3, m4))


@inlined
def scale_leaves(numerators, m, q, cell, matrix, out, block):
    """m + lambda q for the leaves of one block, as block `block` of `out`."""
    for i in range(16):
        j = uint64(i)
        m0, m1, m2, m3, m4 = multiply_by_matrix(load(q, cell + j), matrix)
        value = base_add(base_multiply(numerators[m + j], _SQUARE), m0)
        store(out, uint64(80 * block) + j, (value, m1, m2, m3, m4))


@inlined
def fold_block(array, low, high, matrix, folded, out, block):
    """Two places of an array folded to a block of another, by way of `folded`, as in `fold_blocks`."""
    for i in range(16):
        store(folded, uint64(i), fold_line(array, low + uint64(i), high + uint64(i), matrix))
    for i in range(80):
        out[uint64(block) * _CELLS + uint64(i)] = folded[i]


@kernel
def evaluate_first_level(numerators, ones, q, scalar, weights, accumulators, start, stop, distance, upper):
    """The first round of the layer of level 1, which is computed block by block; see `evaluate_pairs`.

    Formula: f = p1 q0 + (p0 + lambda q0) q1 for the halves of level 1, on lines through (k, k + distance).
    Shapes: leaves as in `copy_leaves`; scalar uint32 (5,) Montgomery; a quarter of level 1 has `distance` blocks;
    with `upper`, 1 instead of 0, f(1) stands for f(0).
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, LogUp-GKR.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    p, d = np.empty(320, np.uint32), np.empty(320, np.uint32)
    scaled = np.empty(160, np.uint32)
    at_zero, leading = np.empty(80, np.uint32), np.empty(80, np.uint32)
    shift = uint64(80 * upper)
    for k in range(start, stop):
        first_level(numerators, ones, q, k, distance, 4, p, d, 0)
        scale_block(p, d, 0, matrix, scaled)
        scale_block(p, d, 1, matrix, scaled)
        for i in range(16):
            low = shift + uint64(i)
            second = low + uint64(160)
            store(at_zero, uint64(i), pair_sum(load(p, second), load(d, low), load(scaled, low), load(d, second)))
        for i in range(16):
            low, high = uint64(i), _CELLS + uint64(i)
            first = load_difference(p, high + uint64(160), low + uint64(160))
            fourth = load_difference(d, high + uint64(160), low + uint64(160))
            value = pair_sum(first, load_difference(d, high, low), load_difference(scaled, high, low), fourth)
            store(leading, uint64(i), value)
        weight = load(weights, cell_of(k))
        accumulate_weighted(at_zero, weight, accumulators, uint64(0))
        accumulate_weighted(leading, weight, accumulators, _CELLS)


@kernel
def fold_first_level(numerators, ones, q, scalar, challenge, p1, q0, p0, q1, start, stop, distance):
    """The halves of level 1 with their top variable bound, p0 as p0 + lambda q0.

    Formula: low + r (high - low), on the lines of `evaluate_first_level`.
    Shapes: leaves as in `copy_leaves`; outputs uint32 (80 * distance,), blocks start to stop.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    fold = multiplication_matrix(challenge[0], challenge[1], challenge[2], challenge[3], challenge[4])
    p, d = np.empty(320, np.uint32), np.empty(320, np.uint32)
    scaled, folded = np.empty(160, np.uint32), np.empty(80, np.uint32)
    for k in range(start, stop):
        first_level(numerators, ones, q, k, distance, 4, p, d, 0)
        scale_block(p, d, 0, matrix, scaled)
        scale_block(p, d, 1, matrix, scaled)
        fold_block(p, uint64(160), uint64(240), fold, folded, p1, k)
        fold_block(d, uint64(0), uint64(80), fold, folded, q0, k)
        fold_block(scaled, uint64(0), uint64(80), fold, folded, p0, k)
        fold_block(d, uint64(160), uint64(240), fold, folded, q1, k)


@kernel
def evaluate_leaves(numerators, ones, q, scalar, weights, accumulators, start, stop, distance, upper):
    """The first round of the layer of the leaves; see `evaluate_pairs`.

    Formula: f = m1 q0 + (m0 + lambda q0) q1 for the halves of the leaves, on lines through (k, k + distance).
    Shapes: leaves as in `copy_leaves`; scalar uint32 (5,) Montgomery; `distance` blocks are a quarter of all leaves,
    missing ones included; with `upper`, 1 instead of 0, f(1) stands for f(0).
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, LogUp-GKR.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    scaled = np.empty(160, np.uint32)
    at_zero, leading = np.empty(80, np.uint32), np.empty(80, np.uint32)
    for k in range(start, stop):
        b_low, b_high = denominators_at(k, q), denominators_at(k + distance, q)
        d_low, d_high = denominators_at(k + 2 * distance, q), denominators_at(k + 3 * distance, q)
        m_low = numerators_at(k + 2 * distance, ones, numerators)
        m_high = numerators_at(k + 3 * distance, ones, numerators)
        scale_leaves(numerators, numerators_at(k, ones, numerators), q, b_low, matrix, scaled, 0)
        scale_leaves(numerators, numerators_at(k + distance, ones, numerators), q, b_high, matrix, scaled, 1)
        m, b, d = (m_high, b_high, d_high) if upper else (m_low, b_low, d_low)
        for i in range(16):
            j = uint64(i)
            first = base_multiply(numerators[m + j], _SQUARE)
            third = load(scaled, uint64(80 * upper) + j)
            store(at_zero, j, base_pair_sum(first, load(q, b + j), third, load(q, d + j)))
        for i in range(16):
            j = uint64(i)
            first = base_multiply(base_subtract(numerators[m_high + j], numerators[m_low + j]), _SQUARE)
            third = load_difference(scaled, _CELLS + j, j)
            fourth = load_difference(q, d_high + j, d_low + j)
            store(leading, j, base_pair_sum(first, load_difference(q, b_high + j, b_low + j), third, fourth))
        weight = load(weights, cell_of(k))
        accumulate_weighted(at_zero, weight, accumulators, uint64(0))
        accumulate_weighted(leading, weight, accumulators, _CELLS)


@kernel
def fold_leaves(numerators, ones, q, scalar, challenge, p1, p0, start, stop, distance):
    """The halves of the leaves with their top variable bound, m0 as m0 + lambda q0.

    Formula: low + r (high - low), on the lines of `evaluate_leaves`.
    Shapes: leaves as in `copy_leaves`; p1 and p0 uint32 (80 * distance,); blocks start to stop.
    The folded q0 and q1 are left in the first two quarters of q, which always exist; the rest of q is kept.
    Bound: residues below p.
    Source: Thaler 2022, section 4.1.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    fold = multiplication_matrix(challenge[0], challenge[1], challenge[2], challenge[3], challenge[4])
    r = (challenge[0], challenge[1], challenge[2], challenge[3], challenge[4])
    scaled, folded = np.empty(160, np.uint32), np.empty(80, np.uint32)
    for k in range(start, stop):
        low, high = denominators_at(k, q), denominators_at(k + distance, q)
        scale_leaves(numerators, numerators_at(k, ones, numerators), q, low, matrix, scaled, 0)
        scale_leaves(numerators, numerators_at(k + distance, ones, numerators), q, high, matrix, scaled, 1)
        fold_block(scaled, uint64(0), uint64(80), fold, folded, p0, k)
        m_low = numerators_at(k + 2 * distance, ones, numerators)
        m_high = numerators_at(k + 3 * distance, ones, numerators)
        for i in range(16):
            a = base_multiply(numerators[m_low + uint64(i)], _SQUARE)
            b = base_multiply(numerators[m_high + uint64(i)], _SQUARE)
            store(p1, uint64(k) * _CELLS + uint64(i), fold_base_line(a, b, r))
        fold_block(q, low, high, fold, folded, q, k)
        d_low, d_high = denominators_at(k + 2 * distance, q), denominators_at(k + 3 * distance, q)
        fold_block(q, d_low, d_high, fold, folded, q, k + distance)
