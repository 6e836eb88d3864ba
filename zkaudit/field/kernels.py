"""Arithmetic inside kernels: residues as uint32, products as uint64, elements of F as five variables.

numba widens `uint32 op uint32` to uint64, so each 32-bit operation is cast back; without that the
reduction is silently wrong.
An accumulator is a uint64 below p 2^32: the range that one Montgomery reduction accepts.
Two products of residues stay below p 2^32, because 2p < 2^32, so they are added to an accumulator at once.
"""

import numpy as np
from numba import uint32, uint64

from zkaudit.field.jit import inlined, kernel
from zkaudit.field.koalabear import MODULUS

INVERSE_OF_MODULUS = pow(MODULUS, -1, 1 << 32)
"""p^-1 mod 2^32, for Montgomery reduction with subtraction."""

MONTGOMERY_ONE = (1 << 32) % MODULUS
"""2^32 mod p: the Montgomery form of 1."""

MONTGOMERY_SQUARE = (1 << 64) % MODULUS
"""2^64 mod p: a product with it turns a canonical residue into its Montgomery form."""

ACCUMULATOR_BOUND = MODULUS << 32
"""p 2^32: accumulators stay below it."""

LANES = 16
"""Performance knob: entries of a block, one 512-bit vector of residues."""

BLOCK = 5 * LANES
"""Cells of a block of F: five coordinates of LANES lanes."""

_P = np.uint32(MODULUS)
_P64 = np.uint64(MODULUS)
_MU = np.uint32(INVERSE_OF_MODULUS)
_BOUND = np.uint64(ACCUMULATOR_BOUND)
_SQUARE = np.uint32(MONTGOMERY_SQUARE)
_ONE = np.uint32(MONTGOMERY_ONE)
_C1, _C2, _C3, _C4 = np.uint64(16), np.uint64(32), np.uint64(48), np.uint64(64)
_CELLS = np.uint64(BLOCK)


@inlined
def montgomery_reduce(t):
    """t 2^-32 mod p, canonical, for a uint64 t below p 2^32 (Montgomery 1985, with subtraction)."""
    q = uint32(uint32(t) * _MU)
    product = uint64(q) * _P64
    difference = uint32(uint32(t >> uint64(32)) - uint32(product >> uint64(32)))
    return min(difference, uint32(difference + _P))


@inlined
def base_multiply(a, b):
    """a b 2^-32 mod p: canonical times Montgomery is canonical, Montgomery times Montgomery is Montgomery."""
    return montgomery_reduce(uint64(a) * uint64(b))


@inlined
def base_add(a, b):
    """a + b mod p."""
    total = uint32(a + b)
    return min(total, uint32(total - _P))


@inlined
def base_subtract(a, b):
    """a - b mod p."""
    difference = uint32(a - b)
    return min(difference, uint32(difference + _P))


@inlined
def product(a, b):
    """The 64-bit product of two residues, not reduced, below p^2."""
    return uint64(a) * uint64(b)


@inlined
def accumulator_reduce(x):
    """A uint64 below 2 p 2^32 as an accumulator: one conditional subtraction."""
    return min(x, x - _BOUND)


@inlined
def multiply_accumulate(accumulator, a, b):
    """accumulator + a b, again an accumulator."""
    return accumulator_reduce(accumulator + product(a, b))


@inlined
def accumulator_add(x, y):
    """x + y mod p 2^32."""
    return accumulator_reduce(x + y)


@inlined
def accumulator_subtract(x, y):
    """x - y mod p 2^32."""
    difference = x - y
    return min(difference, difference + _BOUND)


@inlined
def times_x(a0, a1, a2, a3, a4):
    """x a, by x^5 = 1 - x^2."""
    return a4, a0, base_subtract(a1, a4), a2, a3


@inlined
def dot_five(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """a0 b0 + .. + a4 b4 as an accumulator: three reductions of pairs instead of five of single products."""
    pairs = accumulator_reduce(product(a0, b0) + product(a1, b1) + product(a2, b2))
    return accumulator_reduce(pairs + product(a3, b3) + product(a4, b4))


@inlined
def accumulate_five(accumulator, a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """accumulator + a0 b0 + .. + a4 b4, again an accumulator."""
    first = accumulator_reduce(accumulator + product(a0, b0) + product(a1, b1))
    second = accumulator_reduce(first + product(a2, b2) + product(a3, b3))
    return accumulator_reduce(second + product(a4, b4))


@inlined
def extension_convolution(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """The nine coefficients of a b before x^5 is replaced, as accumulators."""
    return (
        product(a0, b0),
        product(a0, b1) + product(a1, b0),
        accumulator_reduce(product(a0, b2) + product(a1, b1) + product(a2, b0)),
        accumulator_reduce(product(a0, b3) + product(a1, b2) + product(a2, b1) + product(a3, b0)),
        dot_five(a0, a1, a2, a3, a4, b4, b3, b2, b1, b0),
        accumulator_reduce(product(a1, b4) + product(a2, b3) + product(a3, b2) + product(a4, b1)),
        accumulator_reduce(product(a2, b4) + product(a3, b3) + product(a4, b2)),
        product(a3, b4) + product(a4, b3),
        product(a4, b4),
    )


@inlined
def convolution_add(c, d):
    """The sum of two results of extension_convolution, coefficient by coefficient."""
    return (
        accumulator_add(c[0], d[0]),
        accumulator_add(c[1], d[1]),
        accumulator_add(c[2], d[2]),
        accumulator_add(c[3], d[3]),
        accumulator_add(c[4], d[4]),
        accumulator_add(c[5], d[5]),
        accumulator_add(c[6], d[6]),
        accumulator_add(c[7], d[7]),
        accumulator_add(c[8], d[8]),
    )


@inlined
def convolution_reduce(c):
    """The five residues of a convolution: x^(5+k) goes to x^k and, negated, to x^(k+2); times 2^-32."""
    return (
        montgomery_reduce(accumulator_subtract(accumulator_add(c[0], c[5]), c[8])),
        montgomery_reduce(accumulator_add(c[1], c[6])),
        montgomery_reduce(accumulator_add(accumulator_subtract(accumulator_add(c[2], c[7]), c[5]), c[8])),
        montgomery_reduce(accumulator_add(accumulator_subtract(c[3], c[6]), c[8])),
        montgomery_reduce(accumulator_subtract(c[4], c[7])),
    )


@inlined
def extension_multiply(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """a b 2^-32 in F; both in Montgomery form give the product in Montgomery form."""
    return convolution_reduce(extension_convolution(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4))


@inlined
def extension_add(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """a + b in F."""
    return base_add(a0, b0), base_add(a1, b1), base_add(a2, b2), base_add(a3, b3), base_add(a4, b4)


@inlined
def extension_subtract(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4):
    """a - b in F."""
    return (
        base_subtract(a0, b0),
        base_subtract(a1, b1),
        base_subtract(a2, b2),
        base_subtract(a3, b3),
        base_subtract(a4, b4),
    )


@inlined
def cell_of(entry):
    """Place of the constant coefficient of an entry of a blocked array; coordinate c is 16 c further on."""
    return (uint64(entry) >> uint64(4)) * _CELLS + (uint64(entry) & uint64(15))


@inlined
def load(blocks, cell):
    """The five coordinates at a place of a blocked array."""
    return blocks[cell], blocks[cell + _C1], blocks[cell + _C2], blocks[cell + _C3], blocks[cell + _C4]


@inlined
def load_difference(blocks, high, low):
    """The five coordinates at one place minus those at another."""
    return (
        base_subtract(blocks[high], blocks[low]),
        base_subtract(blocks[high + _C1], blocks[low + _C1]),
        base_subtract(blocks[high + _C2], blocks[low + _C2]),
        base_subtract(blocks[high + _C3], blocks[low + _C3]),
        base_subtract(blocks[high + _C4], blocks[low + _C4]),
    )


@inlined
def store(blocks, cell, value):
    """Writes five coordinates at a place of a blocked array."""
    blocks[cell] = value[0]
    blocks[cell + _C1] = value[1]
    blocks[cell + _C2] = value[2]
    blocks[cell + _C3] = value[3]
    blocks[cell + _C4] = value[4]


@inlined
def multiplication_matrix(r0, r1, r2, r3, r4):
    """Rows r, x r, .., x^4 r: a r is the combination of these rows with the coordinates of a."""
    s0, s1, s2, s3, s4 = times_x(r0, r1, r2, r3, r4)
    t0, t1, t2, t3, t4 = times_x(s0, s1, s2, s3, s4)
    u0, u1, u2, u3, u4 = times_x(t0, t1, t2, t3, t4)
    v0, v1, v2, v3, v4 = times_x(u0, u1, u2, u3, u4)
    return (
        (r0, s0, t0, u0, v0),
        (r1, s1, t1, u1, v1),
        (r2, s2, t2, u2, v2),
        (r3, s3, t3, u3, v3),
        (r4, s4, t4, u4, v4),
    )


@inlined
def multiply_by_matrix(a, m):
    """a r 2^-32 in F, for the transposed multiplication matrix m of r."""
    a0, a1, a2, a3, a4 = a
    m0, m1, m2, m3, m4 = m
    return (
        montgomery_reduce(dot_five(a0, a1, a2, a3, a4, m0[0], m0[1], m0[2], m0[3], m0[4])),
        montgomery_reduce(dot_five(a0, a1, a2, a3, a4, m1[0], m1[1], m1[2], m1[3], m1[4])),
        montgomery_reduce(dot_five(a0, a1, a2, a3, a4, m2[0], m2[1], m2[2], m2[3], m2[4])),
        montgomery_reduce(dot_five(a0, a1, a2, a3, a4, m3[0], m3[1], m3[2], m3[3], m3[4])),
        montgomery_reduce(dot_five(a0, a1, a2, a3, a4, m4[0], m4[1], m4[2], m4[3], m4[4])),
    )


@kernel
def pack_blocks(rows, count, blocks):
    """Canonical rows to blocked Montgomery form.

    Formula: blocks[entry i] = rows[:, i] 2^32 mod p; entries from `count` to the end of the last block are 0.
    Shapes: rows uint64 (5 * count,), the coordinates one after the other; blocks uint32 (80 * ceil(count / 16),).
    Bound: residues below p.
    Source: Montgomery 1985.
    """
    n = uint64(count)
    for k in range((count + 15) // 16):
        start = uint64(k) * uint64(16)
        for c in range(5):
            place = uint64(k) * _CELLS + uint64(16 * c)
            row = uint64(c) * n
            for i in range(16):
                entry = start + uint64(i)
                value = uint32(0)
                if entry < n:
                    value = base_multiply(uint32(rows[row + entry]), _SQUARE)
                blocks[place + uint64(i)] = value


@kernel
def unpack_blocks(blocks, count, rows):
    """Blocked Montgomery form to canonical rows.

    Formula: rows[:, i] = blocks[entry i] 2^-32 mod p for i below `count`.
    Shapes: blocks uint32 (80 * ceil(count / 16),); rows uint64 (5 * count,).
    Bound: residues below p.
    Source: Montgomery 1985.
    """
    n = uint64(count)
    for k in range((count + 15) // 16):
        start = uint64(k) * uint64(16)
        for c in range(5):
            place = uint64(k) * _CELLS + uint64(16 * c)
            row = uint64(c) * n
            for i in range(16):
                entry = start + uint64(i)
                if entry < n:
                    rows[row + entry] = uint64(montgomery_reduce(uint64(blocks[place + uint64(i)])))


@inlined
def pyramid_block(variables):
    """First block, in an equality pyramid, of the table in `variables` variables."""
    return variables if variables < 4 else 3 + (1 << (variables - 4))


@kernel
def equality_pyramid(point, variables, tables):
    """The tables of eq(point[:k], .) for k = 0 to `variables`, one after the other, in blocked Montgomery form.

    Formula: eq(point[:k+1], i + 2^k) = eq(point[:k], i) point[k], and the rest of eq(point[:k], i) at i.
    Shapes: point uint32 (5 * variables,) Montgomery; table k from block pyramid_block(k), 2^k entries, whole blocks;
    tables uint32 (80 * pyramid_block(variables + 1),).
    Bound: residues below p.
    Source: Thaler 2022, lemma 3.8.
    """
    for place in range(80 * min(pyramid_block(4), pyramid_block(variables + 1))):
        tables[place] = uint32(0)
    tables[0] = _ONE
    for k in range(variables):
        source = uint64(pyramid_block(k)) * _CELLS
        target = uint64(pyramid_block(k + 1)) * _CELLS
        r0, r1, r2, r3, r4 = point[5 * k], point[5 * k + 1], point[5 * k + 2], point[5 * k + 3], point[5 * k + 4]
        if k < 4:
            for i in range(1 << k):
                e0, e1, e2, e3, e4 = load(tables, source + uint64(i))
                h0, h1, h2, h3, h4 = extension_multiply(e0, e1, e2, e3, e4, r0, r1, r2, r3, r4)
                store(tables, target + uint64(i), extension_subtract(e0, e1, e2, e3, e4, h0, h1, h2, h3, h4))
                store(tables, target + uint64(i + (1 << k)), (h0, h1, h2, h3, h4))
        else:
            size = uint64(1 << (k - 4)) * _CELLS
            _extend_equality(
                tables[source : source + size],
                multiplication_matrix(r0, r1, r2, r3, r4),
                tables[target : target + size],
                tables[target + size : target + size + size],
            )


@kernel
def _extend_equality(table, matrix, low, high):
    """The halves of the next equality table, `low` = table - table r and `high` = table r, in whole blocks.

    Formula: see equality_pyramid, for r = point[k] given as its transposed multiplication matrix.
    Shapes: table, low and high uint32 (80 * blocks,).
    Bound: residues below p.
    Source: Thaler 2022, lemma 3.8.
    """
    for k in range(table.size // 80):
        block = uint64(k) * _CELLS
        for i in range(16):
            cell = block + uint64(i)
            e0, e1, e2, e3, e4 = load(table, cell)
            h0, h1, h2, h3, h4 = multiply_by_matrix((e0, e1, e2, e3, e4), matrix)
            store(low, cell, extension_subtract(e0, e1, e2, e3, e4, h0, h1, h2, h3, h4))
            store(high, cell, (h0, h1, h2, h3, h4))
