"""Kernels of the fraction tree: leaves, and the sums of fractions level by level.

A level is two blocked Montgomery arrays, numerators and denominators; entry i and entry i + half are added.
"""

import numpy as np
from numba import uint64

from zkaudit.field.jit import inlined, kernel
from zkaudit.field.kernels import (
    MONTGOMERY_SQUARE,
    accumulator_reduce,
    base_add,
    base_multiply,
    extension_add,
    extension_multiply,
    load,
    montgomery_reduce,
    multiplication_matrix,
    multiply_by_matrix,
    product,
    store,
)
from zkaudit.sumcheck.kernels import pair_sum

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
def add_leaves(m, q, low, low_base, high, high_base):
    """The sum of two fractions with numerators m over K: m0 q1 + m1 q0 over q0 q1."""
    m0 = base_multiply(m[low_base], _SQUARE)
    m1 = base_multiply(m[high_base], _SQUARE)
    a = load(q, low)
    b = load(q, high)
    numerator = (
        montgomery_reduce(product(m0, b[0]) + product(m1, a[0])),
        montgomery_reduce(product(m0, b[1]) + product(m1, a[1])),
        montgomery_reduce(product(m0, b[2]) + product(m1, a[2])),
        montgomery_reduce(product(m0, b[3]) + product(m1, a[3])),
        montgomery_reduce(product(m0, b[4]) + product(m1, a[4])),
    )
    return numerator, extension_multiply(a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4])


@inlined
def add_fractions(p, q, low, high):
    """The sum of two fractions: p0 q1 + p1 q0 over q0 q1."""
    a = load(q, low)
    b = load(q, high)
    numerator = pair_sum(load(p, low), b, load(p, high), a)
    return numerator, extension_multiply(a[0], a[1], a[2], a[3], a[4], b[0], b[1], b[2], b[3], b[4])


@kernel
def combine_leaves(m, q, numerators, denominators, start, stop, half):
    """Level 1 of the tree.

    Formula: p = m0 q1 + m1 q0, q = q0 q1 for leaves i and i + half.
    Shapes: m uint32 (16 * 2 half,) canonical; q uint32 (80 * 2 half,); outputs uint32 (80 * half,).
    Blocks start to stop of the result are written.
    Bound: two products of residues stay below p 2^32.
    Source: Papini and Haboeck 2023, section 3.
    """
    for k in range(start, stop):
        block = uint64(k) * _CELLS
        above = uint64(k + half) * _CELLS
        base = uint64(k) * uint64(16)
        base_above = uint64(k + half) * uint64(16)
        for i in range(16):
            j = uint64(i)
            numerator, denominator = add_leaves(m, q, block + j, base + j, above + j, base_above + j)
            store(numerators, block + j, numerator)
            store(denominators, block + j, denominator)


@kernel
def combine_leaves_twice(m, q, numerators, denominators, start, stop, quarter):
    """Level 2 of the tree; level 1 is not kept, and rebuilt by `combine_leaves` when it is reached.

    Formula: `combine_leaves`, then p = p0 q1 + p1 q0, q = q0 q1 for its entries i and i + quarter.
    Shapes: m uint32 (16 * 4 quarter,) canonical; q uint32 (80 * 4 quarter,); outputs uint32 (80 * quarter,).
    Blocks start to stop of the result are written.
    Bound: residues below p.
    Source: Papini and Haboeck 2023, section 3.
    """
    p1 = np.empty(160, np.uint32)
    q1 = np.empty(160, np.uint32)
    for k in range(start, stop):
        for part in range(2):
            low = uint64(k + part * quarter)
            high = uint64(k + (part + 2) * quarter)
            place = uint64(80 * part)
            for i in range(16):
                j = uint64(i)
                numerator, denominator = add_leaves(
                    m, q, low * _CELLS + j, low * uint64(16) + j, high * _CELLS + j, high * uint64(16) + j
                )
                store(p1, place + j, numerator)
                store(q1, place + j, denominator)
        block = uint64(k) * _CELLS
        for i in range(16):
            j = uint64(i)
            numerator, denominator = add_fractions(p1, q1, j, _CELLS + j)
            store(numerators, block + j, numerator)
            store(denominators, block + j, denominator)


@kernel
def combine_level(p, q, numerators, denominators, start, stop, half):
    """The level above a level of whole blocks.

    Formula: p = p0 q1 + p1 q0, q = q0 q1 for entries i and i + half.
    Shapes: p and q uint32 (80 * 2 half,); outputs uint32 (80 * half,); blocks start to stop.
    Bound: residues below p.
    Source: Papini and Haboeck 2023, section 3.
    """
    for k in range(start, stop):
        block = uint64(k) * _CELLS
        above = uint64(k + half) * _CELLS
        for i in range(16):
            j = uint64(i)
            numerator, denominator = add_fractions(p, q, block + j, above + j)
            store(numerators, block + j, numerator)
            store(denominators, block + j, denominator)


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


@kernel
def add_scaled_to_base(m, q, scalar, out, start, stop):
    """m + lambda q for m over K: `add_scaled` for the leaves.

    Formula: m_i + lambda q_i.
    Shapes: m uint32 (16 * blocks,) canonical; q and out blocked; scalar uint32 (5,) Montgomery; blocks start to stop.
    Bound: residues below p.
    Source: docs/protocol.md, LogUp-GKR.
    """
    matrix = multiplication_matrix(scalar[0], scalar[1], scalar[2], scalar[3], scalar[4])
    for k in range(start, stop):
        block = uint64(k) * _CELLS
        base = uint64(k) * uint64(16)
        for i in range(16):
            j = block + uint64(i)
            m0, m1, m2, m3, m4 = multiply_by_matrix(load(q, j), matrix)
            store(out, j, (base_add(base_multiply(m[base + uint64(i)], _SQUARE), m0), m1, m2, m3, m4))
