"""Products of many ring elements with one vector, by transforms of size 512."""

from __future__ import annotations

import numpy as np
from numba import uint32, uint64

from zkaudit.field.jit import kernel
from zkaudit.field.kernels import base_add, base_multiply
from zkaudit.field.koalabear import MODULUS
from zkaudit.reed_solomon.kernels import forward_ntt, inverse_ntt

_BITS = 9
_P = np.int32(MODULUS)


@kernel
def add_rotations(elements, spectrum, shifts, scales, twiddles, out, first, cells):
    """Adds Rot(a_i)^T T of ring elements a_i to consecutive cells, for T in F^512.

    Formula: Rot(a)^T T = T(X) a(1/X) mod X^512 + 1, coordinate by coordinate.
    With psi^2 = omega of order 512, a(1/X) at psi omega^k is the sum of a_x psi^-x omega^(-k x).
    Shapes: elements int32 (m, 512) centred; spectrum uint32 (5 * 512,), T at psi omega^bitrev(k), Montgomery;
    shifts (512,) psi^-x Montgomery; scales (512,) psi^-x / 512 times 2^64; twiddles of omega^-1;
    out blocked Montgomery, added to from entry `first`, a multiple of 16, `cells` entries at most.
    Bound: six transforms an element, 14 ns a cell.
    Source: docs/protocol.md, commitment link.
    """
    scratch = np.empty(1024, np.uint32)
    values = np.empty(512, np.uint32)
    transform = np.empty(512, np.uint32)
    product = np.empty(512, np.uint32)
    for e in range(elements.shape[0]):
        for i in range(512):
            value = elements[e, i]
            values[i] = base_multiply(uint32(value + (_P if value < 0 else np.int32(0))), shifts[i])
        forward_ntt(values, 0, transform, 0, _BITS, twiddles, scratch)
        used = min(cells - 512 * e, 512)
        start = uint64(80) * (uint64(first + 512 * e) >> uint64(4))
        for c in range(5):
            for i in range(512):
                product[i] = base_multiply(transform[i], spectrum[uint64(512 * c) + uint64(i)])
            inverse_ntt(product, 0, values, 0, _BITS, twiddles, scratch)
            for i in range(used):
                j = uint64(i)
                cell = start + uint64(80) * (j >> uint64(4)) + uint64(16 * c) + (j & uint64(15))
                out[cell] = base_add(out[cell], base_multiply(values[j], scales[j]))
