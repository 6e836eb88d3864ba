"""Vectors over F as kernels hold them: flat uint32 arrays of blocks, in Montgomery form.

Cell (block, coordinate, lane) lies at 80 block + 16 coordinate + lane, and entry i is block i >> 4, lane i & 15.
A block is five consecutive cache lines, and an inner loop over 16 lanes is one vector operation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import kernels
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.kernels import BLOCK, LANES, MONTGOMERY_ONE
from zkaudit.field.koalabear import MODULUS

Blocks = NDArray[np.uint32]

_ONE_INVERSE = pow(MONTGOMERY_ONE, -1, MODULUS)


def cells(entries: int) -> int:
    """Length of the blocked array of so many entries: 80 for every 16 begun."""
    return BLOCK * (-(-entries // LANES))


def to_blocks(vector: Array) -> Blocks:
    """A canonical F-vector (5, n) in blocked Montgomery form, the last block filled with zeros."""
    count = vector.shape[1]
    blocks = np.empty(cells(count), np.uint32)
    kernels.pack_blocks(np.ascontiguousarray(vector, np.uint64).reshape(-1), count, blocks)
    return blocks


def from_blocks(blocks: Blocks, count: int) -> Array:
    """The first `count` entries of a blocked Montgomery array as a canonical F-vector (5, count)."""
    if cells(count) > blocks.size:
        raise ValueError(f"{count} entries do not lie in {blocks.size // BLOCK} blocks")
    rows = np.empty(5 * count, np.uint64)
    kernels.unpack_blocks(blocks, count, rows)
    return rows.reshape(5, count)


def to_montgomery(elements: Sequence[Element]) -> Blocks:
    """Elements one after the other in Montgomery form, uint32 (5 n,): the scalars that kernels take."""
    return np.array([c * MONTGOMERY_ONE % MODULUS for element in elements for c in element], np.uint32)


def from_montgomery(values: NDArray[np.uint32]) -> list[Element]:
    """The inverse of `to_montgomery`: uint32 (5 n,) as n elements."""
    return canonical([c * _ONE_INVERSE % MODULUS for c in values.tolist()])


def canonical(values: Sequence[int]) -> list[Element]:
    """Canonical residues, five to an element, as elements."""
    five = range(0, len(values), 5)
    return [(values[i], values[i + 1], values[i + 2], values[i + 3], values[i + 4]) for i in five]


def entry(blocks: Blocks, index: int) -> Element:
    """One entry of a blocked Montgomery array."""
    start = BLOCK * (index // LANES) + index % LANES
    return from_montgomery(blocks[start : start + BLOCK - LANES + 1 : LANES])[0]


def pyramid_cells(variables: int) -> int:
    """Length of the array that `kernels.equality_pyramid` fills for points of up to `variables` coordinates."""
    return BLOCK * (variables + 1 if variables < 4 else 3 + (1 << (variables - 3)))


def equality_blocks(point: Sequence[Element]) -> Blocks:
    """eq(point, i) for all i below 2^k, blocked Montgomery; bit j of i belongs to point[j]."""
    variables = len(point)
    tables = np.empty(pyramid_cells(variables), np.uint32)
    kernels.equality_pyramid(to_montgomery(point), variables, tables)
    return tables[tables.size - cells(1 << variables) :]
