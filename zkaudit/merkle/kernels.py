"""SHA-256 (FIPS 180-4) of sixteen messages at a time, one to a lane of a vector.

A lane state holds the chaining values of sixteen messages: word w of message l at 128 block + 16 w + l.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
from numba import uint32, uint64

from zkaudit.field.jit import inlined, kernel

LANES = 16
"""Performance knob: messages of a block, one 512-bit vector of words."""

STATE = 8 * LANES
"""Words of a lane state."""

WINDOW = 16 * LANES
"""Words of the message schedule that a block keeps."""


def _cube_root(value: int) -> int:
    """The integer part of a cube root, by Newton's method from above."""
    root = 1 << -(-value.bit_length() // 3)
    while (smaller := (2 * root + value // (root * root)) // 3) < root:
        root = smaller
    return root


_PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, isqrt(n) + 1))]

ROUND_CONSTANTS = np.array([_cube_root(prime << 96) & 0xFFFFFFFF for prime in _PRIMES], np.uint32)
"""First 32 bits of the fractional parts of the cube roots of the first 64 primes."""

INITIAL_STATE = np.array([isqrt(prime << 64) & 0xFFFFFFFF for prime in _PRIMES[:8]], np.uint32)
"""First 32 bits of the fractional parts of the square roots of the first eight primes."""


@inlined
def _rotate(x, distance):
    return uint32(uint32(x >> distance) | uint32(x << uint32(uint32(32) - distance)))


@inlined
def _round(a, b, c, d, e, f, g, h, w, k):
    """The two words that a round replaces, those of d and h; the caller renames the rest."""
    choice = uint32(uint32(e & f) ^ uint32(uint32(~e) & g))
    majority = uint32(uint32(a & b) ^ uint32(a & c) ^ uint32(b & c))
    sum_e = uint32(_rotate(e, uint32(6)) ^ _rotate(e, uint32(11)) ^ _rotate(e, uint32(25)))
    sum_a = uint32(_rotate(a, uint32(2)) ^ _rotate(a, uint32(13)) ^ _rotate(a, uint32(22)))
    t = uint32(uint32(h + sum_e) + uint32(choice + uint32(k + w)))
    return uint32(d + t), uint32(t + uint32(sum_a + majority))


@inlined
def _extend(w, w1, w9, w14):
    """The schedule word sixteen after w, from those one, nine and fourteen after it."""
    low = uint32(_rotate(w1, uint32(7)) ^ _rotate(w1, uint32(18)) ^ uint32(w1 >> uint32(3)))
    high = uint32(_rotate(w14, uint32(17)) ^ _rotate(w14, uint32(19)) ^ uint32(w14 >> uint32(10)))
    return uint32(uint32(w + low) + uint32(w9 + high))


@inlined
def _extend_window(w):
    """The next sixteen words of the schedule."""
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15 = w
    x0 = _extend(x0, x1, x9, x14)
    x1 = _extend(x1, x2, x10, x15)
    x2 = _extend(x2, x3, x11, x0)
    x3 = _extend(x3, x4, x12, x1)
    x4 = _extend(x4, x5, x13, x2)
    x5 = _extend(x5, x6, x14, x3)
    x6 = _extend(x6, x7, x15, x4)
    x7 = _extend(x7, x8, x0, x5)
    x8 = _extend(x8, x9, x1, x6)
    x9 = _extend(x9, x10, x2, x7)
    x10 = _extend(x10, x11, x3, x8)
    x11 = _extend(x11, x12, x4, x9)
    x12 = _extend(x12, x13, x5, x10)
    x13 = _extend(x13, x14, x6, x11)
    x14 = _extend(x14, x15, x7, x12)
    x15 = _extend(x15, x0, x8, x13)
    return x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15


@inlined
def _sixteen_rounds(state, w, first):
    """Rounds `first` to first + 15; after sixteen the renaming of the words is back where it began."""
    k = ROUND_CONSTANTS
    a, b, c, d, e, f, g, h = state
    d, h = _round(a, b, c, d, e, f, g, h, w[0], k[first])
    c, g = _round(h, a, b, c, d, e, f, g, w[1], k[first + uint64(1)])
    b, f = _round(g, h, a, b, c, d, e, f, w[2], k[first + uint64(2)])
    a, e = _round(f, g, h, a, b, c, d, e, w[3], k[first + uint64(3)])
    h, d = _round(e, f, g, h, a, b, c, d, w[4], k[first + uint64(4)])
    g, c = _round(d, e, f, g, h, a, b, c, w[5], k[first + uint64(5)])
    f, b = _round(c, d, e, f, g, h, a, b, w[6], k[first + uint64(6)])
    e, a = _round(b, c, d, e, f, g, h, a, w[7], k[first + uint64(7)])
    d, h = _round(a, b, c, d, e, f, g, h, w[8], k[first + uint64(8)])
    c, g = _round(h, a, b, c, d, e, f, g, w[9], k[first + uint64(9)])
    b, f = _round(g, h, a, b, c, d, e, f, w[10], k[first + uint64(10)])
    a, e = _round(f, g, h, a, b, c, d, e, w[11], k[first + uint64(11)])
    h, d = _round(e, f, g, h, a, b, c, d, w[12], k[first + uint64(12)])
    g, c = _round(d, e, f, g, h, a, b, c, w[13], k[first + uint64(13)])
    f, b = _round(c, d, e, f, g, h, a, b, w[14], k[first + uint64(14)])
    e, a = _round(b, c, d, e, f, g, h, a, w[15], k[first + uint64(15)])
    return a, b, c, d, e, f, g, h


@inlined
def _load_eight(array, place):
    """Eight words, one row of lanes apart."""
    return (
        array[place],
        array[place + uint64(16)],
        array[place + uint64(32)],
        array[place + uint64(48)],
        array[place + uint64(64)],
        array[place + uint64(80)],
        array[place + uint64(96)],
        array[place + uint64(112)],
    )


@inlined
def _store_eight(array, place, words):
    array[place] = words[0]
    array[place + uint64(16)] = words[1]
    array[place + uint64(32)] = words[2]
    array[place + uint64(48)] = words[3]
    array[place + uint64(64)] = words[4]
    array[place + uint64(80)] = words[5]
    array[place + uint64(96)] = words[6]
    array[place + uint64(112)] = words[7]


@inlined
def _load_sixteen(array, place, stride):
    """Sixteen words, `stride` apart."""
    p1 = place + uint64(8) * stride
    return (
        array[place],
        array[place + stride],
        array[place + uint64(2) * stride],
        array[place + uint64(3) * stride],
        array[place + uint64(4) * stride],
        array[place + uint64(5) * stride],
        array[place + uint64(6) * stride],
        array[place + uint64(7) * stride],
        array[p1],
        array[p1 + stride],
        array[p1 + uint64(2) * stride],
        array[p1 + uint64(3) * stride],
        array[p1 + uint64(4) * stride],
        array[p1 + uint64(5) * stride],
        array[p1 + uint64(6) * stride],
        array[p1 + uint64(7) * stride],
    )


@inlined
def _store_window(window, place, words):
    _store_eight(window, place, words[:8])
    _store_eight(window, place + uint64(128), words[8:])


@kernel
def _first_rounds(message, place, stride, state, block, working, window):
    """The sixteen rounds on the message itself; working variables and message go to the scratch arrays."""
    for lane in range(LANES):
        i = uint64(lane)
        words = _load_sixteen(message, place + i, stride)
        _store_eight(working, i, _sixteen_rounds(_load_eight(state, block + i), words, uint64(0)))
        _store_window(window, i, words)


@kernel
def _later_rounds(first, working, window):
    """Sixteen rounds on the next sixteen words of the schedule."""
    for lane in range(LANES):
        i = uint64(lane)
        words = _extend_window(_load_sixteen(window, i, uint64(16)))
        _store_eight(working, i, _sixteen_rounds(_load_eight(working, i), words, first))
        _store_window(window, i, words)


@kernel
def absorb_rows(rows, stride, state, first, blocks, working, window):
    """One block of SHA-256 for each of 16 `blocks` messages, one to a column.

    Formula: state <- state + rounds(state, message), per column (FIPS 180-4, section 6.2.2).
    Shapes: rows (16, stride) flat, word w of column c at w stride + c; lane states from state[first];
    working (128,) and window (256,) are scratch.
    Bound: about 27 vector operations a round, 1 ns a word.
    Source: FIPS 180-4.
    """
    for block in range(blocks):
        place = uint64(first) + uint64(STATE * block)
        _first_rounds(rows, uint64(LANES * block), uint64(stride), state, place, working, window)
        _later_rounds(uint64(16), working, window)
        _later_rounds(uint64(32), working, window)
        _later_rounds(uint64(48), working, window)
        for k in range(STATE):
            i = uint64(k)
            state[place + i] = uint32(state[place + i] + working[i])
