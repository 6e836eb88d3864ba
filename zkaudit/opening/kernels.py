"""Kernels over all cells of the witness: samples collapsed to one, rows combined to one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from zkaudit.field import blocks
from zkaudit.field.arrays import Array
from zkaudit.field.jit import inlined, kernel, run_parallel, split
from zkaudit.field.kernels import (
    BLOCK,
    LANES,
    accumulator_reduce,
    base_add,
    cell_of,
    montgomery_reduce,
    multiplication_matrix,
    multiply_by_matrix,
    product,
)

PARALLEL_CELLS = 1 << 20
"""Performance knob: a thread takes at least so many cells, about 0.4 ms of work."""

_ROWS = 4
"""Performance knob: rows combined in one pass over the accumulators."""

_TILE = 128
"""Performance knob: blocks of accumulators that stay in cache while all rows go by."""

_LOW = np.uint64(0xFFFFFFFF)
_P = np.uint64(2**31 - 2**24 + 1)


@inlined
def _four_products(total, x0, x1, x2, x3, w0, w1, w2, w3):
    """total + x0 w0 + .. + x3 w3, again an accumulator."""
    half = accumulator_reduce(total + product(x0, w0) + product(x1, w1))
    return accumulator_reduce(half + product(x2, w2) + product(x3, w3))


@inlined
def _sum_lanes(lanes, start):
    """The 16 accumulators from `start` on, summed in halves of 32 bits and reduced."""
    low = uint64(0)
    high = uint64(0)
    for i in range(16):
        value = lanes[uint64(start + i)]
        low += value & _LOW
        high += value >> uint64(32)
    return montgomery_reduce(accumulator_reduce((high % _P << uint64(32)) + low))


@kernel
def _collapse_blocks(cells, weights, width, out, start, stop, positions):
    """Positions with whole blocks of samples.

    Formula: out[c, p] = sum_n weights_c[n] cells[p, n].
    Shapes: cells uint32 (positions * width,), width a multiple of 16; weights blocked; out uint64 (5 * positions,).
    Bound: accumulators below p 2^32; their 32-bit halves sum below 2^36.
    Source: docs/protocol.md, batching.
    """
    lanes = np.empty(80, np.uint64)
    count = width // 16
    fours = count // 4 * 4
    for p in range(start, stop):
        lanes[:] = uint64(0)
        row = uint64(p) * uint64(width)
        for k in range(0, fours, 4):
            cell = row + uint64(k) * uint64(16)
            block = uint64(k) * uint64(80)
            for c in range(5):
                place = uint64(16 * c)
                weight = block + place
                for i in range(16):
                    j = uint64(i)
                    lanes[place + j] = _four_products(
                        lanes[place + j],
                        cells[cell + j],
                        cells[cell + uint64(16) + j],
                        cells[cell + uint64(32) + j],
                        cells[cell + uint64(48) + j],
                        weights[weight + j],
                        weights[weight + uint64(80) + j],
                        weights[weight + uint64(160) + j],
                        weights[weight + uint64(240) + j],
                    )
        for k in range(fours, count):
            cell = row + uint64(k) * uint64(16)
            block = uint64(k) * uint64(80)
            for c in range(5):
                place = uint64(16 * c)
                for i in range(16):
                    j = place + uint64(i)
                    lanes[j] = accumulator_reduce(lanes[j] + product(cells[cell + uint64(i)], weights[block + j]))
        for c in range(5):
            out[uint64(c) * uint64(positions) + uint64(p)] = uint64(_sum_lanes(lanes, 16 * c))


@kernel
def _collapse_few(cells, weights, width, out, start, stop, positions):
    """Positions with less than a block of samples; `start` and `stop` count blocks of 16 / width positions.

    Formula: out[c, p] = sum_n weights_c[n] cells[p, n].
    Shapes: cells uint32 (positions * width,), width 1, 2, 4 or 8; weights uint32 (80,), one block, the weights repeated
    to fill its lanes; out uint64 (5 * positions,).
    Bound: eight residues sum below 2^34.
    Source: docs/protocol.md, batching.
    """
    products = np.zeros(16, np.uint64)
    group = 16 // width
    for k in range(start, stop):
        first = 16 * k
        last = min(first + 16, positions * width) - first
        for c in range(5):
            if last == 16:
                for i in range(16):
                    j = uint64(i)
                    x = cells[uint64(first) + j]
                    products[j] = uint64(montgomery_reduce(product(x, weights[uint64(16 * c) + j])))
            else:
                for i in range(last):
                    products[i] = uint64(montgomery_reduce(product(cells[first + i], weights[16 * c + i])))
            place = c * positions + k * group
            for g in range(last // width):
                total = uint64(0)
                for n in range(width):
                    total += products[uint64(g * width + n)]
                out[uint64(place + g)] = total % _P


@inlined
def _combine_lanes(cells, c0, c1, c2, c3, coefficients, scalar, accumulators, block, low, high):
    """The lanes low to high of one block of `_combine`: four rows, starting at the cells c0 to c3."""
    for c in range(5):
        w0 = coefficients[scalar + uint64(c)]
        w1 = coefficients[scalar + uint64(5 + c)]
        w2 = coefficients[scalar + uint64(10 + c)]
        w3 = coefficients[scalar + uint64(15 + c)]
        place = block + uint64(16 * c)
        for i in range(low, high):
            j = uint64(i)
            accumulators[place + j] = _four_products(
                accumulators[place + j], cells[c0 + j], cells[c1 + j], cells[c2 + j], cells[c3 + j], w0, w1, w2, w3
            )


@kernel
def _combine(cells, width, rows, coefficients, accumulators, start, stop):
    """Four rows at a time added up, tile by tile; `start` and `stop` count groups of four rows.

    Formula: accumulators[c, n] += sum_r coefficients_c[r] cells[r, n].
    Shapes: cells uint32 (rows * width,); coefficients uint32 (5 * 4 ceil(rows / 4),) Montgomery, zero beyond `rows`;
    accumulators uint64 blocked (80 * ceil(width / 16),).
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, opening.
    """
    count = (width + 15) // 16
    for tile in range(0, count, _TILE):
        end = min(tile + _TILE, count)
        for group in range(start, stop):
            first = _ROWS * group
            r0 = uint64(first) * uint64(width)
            r1 = uint64(min(first + 1, rows - 1)) * uint64(width)
            r2 = uint64(min(first + 2, rows - 1)) * uint64(width)
            r3 = uint64(min(first + 3, rows - 1)) * uint64(width)
            scalar = uint64(20 * group)
            for k in range(tile, end):
                shift = uint64(16 * k)
                block = uint64(80 * k)
                c0, c1, c2, c3 = r0 + shift, r1 + shift, r2 + shift, r3 + shift
                if 16 * k + 16 <= width:
                    _combine_lanes(cells, c0, c1, c2, c3, coefficients, scalar, accumulators, block, 0, 16)
                else:
                    last = width - 16 * k
                    _combine_lanes(cells, c0, c1, c2, c3, coefficients, scalar, accumulators, block, 0, last)


@kernel
def _add_up(accumulators, width, out):
    """The accumulators of all threads as canonical residues.

    Formula: out[c, n] = sum_thread accumulators[thread, c, n] 2^-32.
    Shapes: accumulators uint64 (threads, 80 * ceil(width / 16)); out uint64 (5 * width,).
    Bound: accumulators below p 2^32.
    Source: docs/protocol.md, opening.
    """
    for n in range(width):
        cell = 80 * (n >> 4) + (n & 15)
        for c in range(5):
            total = uint64(0)
            for thread in range(accumulators.shape[0]):
                total = accumulator_reduce(total + accumulators[thread, cell + 16 * c])
            out[c * width + n] = uint64(montgomery_reduce(total))


@inlined
def _add_lane(out, cell, vector, size, entry, matrix):
    """out[cell] += vector[entry] times the scalar of the matrix, five coordinates."""
    values = (
        vector[entry],
        vector[entry + size],
        vector[entry + uint64(2) * size],
        vector[entry + uint64(3) * size],
        vector[entry + uint64(4) * size],
    )
    scaled = multiply_by_matrix(values, matrix)
    out[cell] = base_add(out[cell], scaled[0])
    out[cell + uint64(16)] = base_add(out[cell + uint64(16)], scaled[1])
    out[cell + uint64(32)] = base_add(out[cell + uint64(32)], scaled[2])
    out[cell + uint64(48)] = base_add(out[cell + uint64(48)], scaled[3])
    out[cell + uint64(64)] = base_add(out[cell + uint64(64)], scaled[4])


@kernel
def _add_runs(out, vector, size, firsts, entries, lengths, scalars, start, stop):
    """Runs of entries of a blocked array, each a multiple of consecutive entries of one vector.

    Formula: out[firsts[k] + i] += scalars[k] vector[entries[k] + i] for i < lengths[k], start <= k < stop.
    Shapes: out blocked Montgomery; vector uint32 (5 * size,), coordinates one after the other, and scalars (runs, 5),
    both Montgomery; firsts, entries and lengths int64 (runs,).
    Bound: residues below p; 2 ns an entry.
    Source: docs/protocol.md, batching.
    """
    stride = uint64(size)
    for k in range(start, stop):
        matrix = multiplication_matrix(scalars[k, 0], scalars[k, 1], scalars[k, 2], scalars[k, 3], scalars[k, 4])
        first = uint64(firsts[k])
        entry = uint64(entries[k])
        length = lengths[k]
        # Single lanes up to the first whole block, and from the last one on.
        head = min(length, -firsts[k] & 15)
        whole = head + (length - head) // 16 * 16
        for i in range(head):
            _add_lane(out, cell_of(first + uint64(i)), vector, stride, entry + uint64(i), matrix)
        for i in range(head, whole, 16):
            cell = cell_of(first + uint64(i))
            for lane in range(16):
                j = uint64(lane)
                _add_lane(out, cell + j, vector, stride, entry + uint64(i) + j, matrix)
        for i in range(whole, length):
            _add_lane(out, cell_of(first + uint64(i)), vector, stride, entry + uint64(i), matrix)


def collapse_samples(cells: NDArray[np.uint32], samples: int, weights: Array) -> Array:
    """sum_n weights[:, n] cells[p, n] for every position p: one random virtual sample, (5, positions).

    cells uint32 (positions * samples,), canonical, the sample fastest; weights (5, samples), canonical.
    `samples` is a power of two.
    Cost: 0.4 ns a cell on one core from 512 samples on.
    """
    positions = _leading(cells, samples, weights.shape[1])
    if samples & (samples - 1):
        raise ValueError(f"{samples} samples, not a power of two")
    out = np.empty(5 * positions, np.uint64)
    few = samples < LANES
    collapse = _collapse_few if few else _collapse_blocks
    scalars = blocks.to_blocks(np.tile(weights, LANES // samples) if few else weights)
    count = -(-positions * samples // LANES) if few else positions

    def task(start: int, stop: int) -> Callable[[], None]:
        return lambda: collapse(cells, scalars, samples, out, start, stop, positions)

    minimum = PARALLEL_CELLS // max(samples, LANES)
    run_parallel([task(start, stop) for start, stop in split(count, minimum)])
    return out.reshape(5, positions)


def combine_rows(cells: NDArray[np.uint32], width: int, coefficients: Array) -> Array:
    """sum_r coefficients[:, r] cells[r, n] for every column n, (5, width).

    cells uint32 (rows * width,), canonical, one row after the other; coefficients (5, rows), canonical.
    Cost: 0.5 ns a cell on one core.
    """
    rows = _leading(cells, width, width)
    if coefficients.shape != (5, rows):
        raise ValueError(f"{coefficients.shape[1]} coefficients for {rows} rows")
    groups = -(-rows // _ROWS)
    scalars = np.zeros((_ROWS * groups, 5), np.uint32)
    blocked = blocks.to_blocks(coefficients).reshape(-1, 5, LANES)
    scalars[:rows] = blocked.transpose(0, 2, 1).reshape(-1, 5)[:rows]
    parts = split(groups, max(1, PARALLEL_CELLS // (_ROWS * max(1, width))))
    accumulators = np.zeros((len(parts), BLOCK * -(-width // LANES)), np.uint64)
    flat = scalars.reshape(-1)

    def task(start: int, stop: int, row: NDArray[np.uint64]) -> Callable[[], None]:
        return lambda: _combine(cells, width, rows, flat, row, start, stop)

    run_parallel([task(start, stop, row) for (start, stop), row in zip(parts, accumulators, strict=True)])
    out = np.empty(5 * width, np.uint64)
    _add_up(accumulators, width, out)
    return out.reshape(5, width)


def add_runs(
    out: NDArray[np.uint32],
    vector: Array,
    firsts: NDArray[np.int64],
    entries: NDArray[np.int64],
    lengths: NDArray[np.int64],
    scalars: Array,
) -> None:
    """out[firsts[k] + i] += scalars[:, k] vector[:, entries[k] + i] for i < lengths[k] and every run k.

    out is blocked Montgomery, vector (5, n) and scalars (5, runs) canonical; runs do not overlap.
    Cost: 2 ns an entry on one core.
    """
    size = vector.shape[1]
    if firsts.size == 0:
        return
    ends = (firsts + lengths).max(), (entries + lengths).max()
    if min(firsts.min(), entries.min(), lengths.min()) < 0 or ends[0] > out.size // 5 or ends[1] > size:
        raise ValueError(f"runs up to {ends} of {out.size // 5} entries from {size}")
    flat, rows = _montgomery(vector).reshape(-1), np.ascontiguousarray(_montgomery(scalars).T)

    def task(start: int, stop: int) -> Callable[[], None]:
        return lambda: _add_runs(out, flat, size, firsts, entries, lengths, rows, start, stop)

    minimum = PARALLEL_CELLS // max(1, int(lengths.mean()))
    run_parallel([task(start, stop) for start, stop in split(firsts.size, minimum)])


def _montgomery(vector: Array) -> NDArray[np.uint32]:
    """Canonical residues in Montgomery form, same shape."""
    return ((vector << np.uint64(32)) % _P).astype(np.uint32)


def _leading(cells: NDArray[np.uint32], inner: int, expected: int) -> int:
    """The number of rows of `inner` cells in a flat array of them."""
    if inner < 1 or inner != expected or cells.ndim != 1 or cells.size % inner:
        raise ValueError(f"{cells.size} cells are no rows of {inner}, or {expected} factors do not belong to them")
    return cells.size // inner
