"""The link's coefficients of all weight cells, as the prover needs them: 14 ns a cell instead of a matrix product."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from zkaudit.commitment import ring
from zkaudit.commitment.ajtai import WEIGHT_KIND
from zkaudit.commitment.kernels import add_rotations
from zkaudit.commitment.link import Link
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import Element
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.koalabear import MODULUS, inverse, root_of_unity
from zkaudit.merkle.lanes import Words
from zkaudit.reed_solomon.domain import powers
from zkaudit.reed_solomon.kernels import forward_ntt
from zkaudit.reed_solomon.prover import twiddles

_BITS = 9
_P = np.uint64(MODULUS)
_PSI = root_of_unity(_BITS + 1)
"""psi^512 = -1."""

_TASK_BLOCKS = 2
"""Performance knob: least number of blocks of 64 ring elements that a thread takes, about 1 ms."""


def add_weight_coefficients(link: Link, factor: Element, cells: int, out: Blocks, first: int) -> None:
    """Adds factor * (Rot(a_i)^T T)[l] to entry first + 512 i + l of a blocked array, for 512 i + l below `cells`.

    `first` is a multiple of 16.
    The reference is `Link.weight_coefficients`.
    """
    elements = -(-cells // ring.DEGREE)
    spectrum = _spectrum(arrays.scale(link.vector, factor))
    shifts, scales = _scales()

    def task(start: int, stop: int) -> Callable[[], None]:
        def run() -> None:
            for block in range(start, stop):
                begin = ring.BLOCK * block
                part = ring.uniform_block(WEIGHT_KIND, block)[: elements - begin]
                place = ring.DEGREE * begin
                add_rotations(part, spectrum, shifts, scales, twiddles(_BITS, True), out, first + place, cells - place)

        return run

    run_parallel([task(start, stop) for start, stop in split(-(-elements // ring.BLOCK), _TASK_BLOCKS)])


def _spectrum(vector: Array) -> Words:
    """T at psi omega^bitrev(k) for each coordinate, Montgomery, (5, 512) -> (5 * 512,)."""
    shifted = np.ascontiguousarray(vector * powers(_PSI, ring.DEGREE) % _P).astype(np.uint32).reshape(-1)
    result, scratch = np.empty_like(shifted), np.empty(2 * ring.DEGREE, np.uint32)
    for start in range(0, shifted.size, ring.DEGREE):
        forward_ntt(shifted, start, result, start, _BITS, twiddles(_BITS, False), scratch)
    return _montgomery(result.astype(np.uint64)).astype(np.uint32)


@lru_cache(maxsize=1)
def _scales() -> tuple[Words, Words]:
    """psi^-x in Montgomery form, and psi^-x / 512 times 2^64."""
    falling = powers(inverse(_PSI), ring.DEGREE)
    normalised = falling * np.uint64(inverse(ring.DEGREE)) % _P
    return _montgomery(falling).astype(np.uint32), _montgomery(_montgomery(normalised)).astype(np.uint32)


def _montgomery(values: Array) -> Array:
    return (values << np.uint64(32)) % _P
