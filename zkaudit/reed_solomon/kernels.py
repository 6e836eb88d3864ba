"""Number-theoretic transforms of rows, and the encoder that feeds the column hashes.

Cells are canonical residues, tables are in Montgomery form, so every product is canonical again.
Transforms have constant geometry (Pease 1968): each stage reads and writes whole arrays in order, out of place.
Stage s of a transform of size W has the twiddles omega^((i >> s) << s), i < W / 2, at s W / 2 of its table.
"""

from __future__ import annotations

from numba import uint64

from zkaudit.field.jit import kernel
from zkaudit.field.kernels import base_add, base_multiply, base_subtract
from zkaudit.merkle.kernels import absorb_rows


@kernel
def _forward_stage(source, start, target, place, twiddles, first, half):
    """y[2i] = x[i] + x[i + half], y[2i + 1] = (x[i] - x[i + half]) twiddle[i]."""
    for k in range(half):
        i = uint64(k)
        low = source[start + i]
        high = source[start + half + i]
        target[place + uint64(2) * i] = base_add(low, high)
        target[place + uint64(2) * i + uint64(1)] = base_multiply(base_subtract(low, high), twiddles[first + i])


@kernel
def _inverse_stage(source, start, target, place, twiddles, first, half):
    """y[i] = x[2i] + x[2i + 1] twiddle[i], y[i + half] = x[2i] - x[2i + 1] twiddle[i]."""
    for k in range(half):
        i = uint64(k)
        even = source[start + uint64(2) * i]
        odd = base_multiply(source[start + uint64(2) * i + uint64(1)], twiddles[first + i])
        target[place + i] = base_add(even, odd)
        target[place + half + i] = base_subtract(even, odd)


@kernel
def forward_ntt(source, start, target, place, bits, twiddles, scratch):
    """One transform, natural order to bit-reversed order.

    Formula: target[place + i] = sum_j source[start + j] omega^(j bitrev(i)).
    Shapes: 2^bits cells each, bits >= 1; twiddles (bits 2^(bits - 1),) of omega; scratch (2^(bits + 1),) or longer.
    Bound: bits / 2 products a cell, 1.5 ns at 2^14.
    Source: Pease 1968.
    """
    half = uint64(1) << uint64(bits - 1)
    read, begin = source, uint64(start)
    for stage in range(bits):
        last = stage == bits - 1
        write = target if last else scratch
        end = uint64(place) if last else uint64(stage & 1) * uint64(2) * half
        _forward_stage(read, begin, write, end, twiddles, uint64(stage) * half, half)
        read, begin = write, end


@kernel
def inverse_ntt(source, start, target, place, bits, twiddles, scratch):
    """W times the inverse transform, bit-reversed order to natural order; the caller divides by W.

    Formula: target[place + j] = sum_i source[start + i] omega^(-j bitrev(i)).
    Shapes: as forward_ntt, with twiddles of omega^-1.
    Bound: as forward_ntt.
    Source: Pease 1968, run backwards.
    """
    half = uint64(1) << uint64(bits - 1)
    read, begin = source, uint64(start)
    for stage in range(bits - 1, -1, -1):
        last = stage == 0
        write = target if last else scratch
        end = uint64(place) if last else uint64(stage & 1) * uint64(2) * half
        _inverse_stage(read, begin, write, end, twiddles, uint64(stage) * half, half)
        read, begin = write, end


@kernel
def inverse_rows(cells, first, coefficients, place, rows, bits, twiddles, scratch):
    """W times the coefficients of consecutive rows.

    Formula: inverse_ntt of each row.
    Shapes: cells (.., W) flat, rows from `first`; coefficients (.., W) flat, rows from `place`.
    Bound: as inverse_ntt.
    """
    width = 1 << bits
    for row in range(rows):
        inverse_ntt(cells, (first + row) * width, coefficients, (place + row) * width, bits, twiddles, scratch)


@kernel
def _place_on_coset(coefficients, start, pads, pad_start, pad_count, scales, pad_scales, width, scratch):
    """c_j s^j / W + (s^W - 1) r_j s^j behind the two transform buffers of the scratch array."""
    shifted = uint64(2) * uint64(width)
    for k in range(width):
        i = uint64(k)
        scratch[shifted + i] = base_multiply(coefficients[start + i], scales[i])
    for k in range(pad_count):
        i = uint64(k)
        scaled = base_multiply(pads[pad_start + i], pad_scales[i])
        scratch[shifted + i] = base_add(scratch[shifted + i], scaled)


@kernel
def encode_rows(
    coefficients, first, pads, pad_first, rows, pad_count, scales, pad_scales, bits, twiddles, buffer, stride, scratch
):
    """The code word cells of consecutive rows on one coset.

    Formula: buffer[row, i] = f_row(s omega^bitrev(i)) for f = w + (X^W - 1) r.
    Shapes: coefficients (.., W) flat, W times those of w, rows from `first`; pads (.., t) flat from `pad_first`;
    scales (W,) s^j / W; pad_scales (t,) (s^W - 1) s^j; buffer rows `stride` apart; scratch (3 W,).
    Bound: 1 + bits / 2 products a cell, 1.8 ns at W = 2^14.
    Source: docs/protocol.md, Reed-Solomon rows.
    """
    width = 1 << bits
    for row in range(rows):
        start = uint64((first + row) * width)
        pad_start = uint64((pad_first + row) * pad_count)
        _place_on_coset(coefficients, start, pads, pad_start, pad_count, scales, pad_scales, width, scratch)
        forward_ntt(scratch, 2 * width, buffer, row * stride, bits, twiddles, scratch)


@kernel
def absorb_coset(
    coefficients,
    pads,
    pad_first,
    rows,
    pad_count,
    scales,
    pad_scales,
    bits,
    twiddles,
    state,
    place,
    buffer,
    stride,
    scratch,
    working,
    window,
):
    """Encodes rows on one coset, sixteen at a time, into the hash states of its columns; no code word is kept.

    Formula: encode_rows, then one block of SHA-256 for every column.
    Shapes: as encode_rows, `rows` a multiple of 16; lane states of the coset from state[place]; buffer (16 stride,),
    stride = max(W, 16); working (128,) and window (256,) are scratch.
    Bound: encode_rows and 1 ns a cell for the hash.
    Source: docs/protocol.md, Reed-Solomon rows and Merkle trees.
    """
    for group in range(0, rows, 16):
        encode_rows(
            coefficients,
            group,
            pads,
            pad_first + group,
            16,
            pad_count,
            scales,
            pad_scales,
            bits,
            twiddles,
            buffer,
            stride,
            scratch,
        )
        absorb_rows(buffer, stride, state, place, stride >> 4, working, window)


@kernel
def open_coset(
    coefficients,
    pads,
    pad_first,
    rows,
    pad_count,
    scales,
    pad_scales,
    bits,
    twiddles,
    cells,
    opened,
    place,
    stride,
    buffer,
    scratch,
):
    """Cells of opened columns of one coset, by encoding each row again.

    Formula: opened[place + k stride + row] = encode_rows(..)[row, cells[k]].
    Shapes: as encode_rows; cells (k,) below W, opened (K m,) flat with `stride` m; buffer (W,), scratch (3 W,).
    Bound: as encode_rows.
    Source: docs/protocol.md, Reed-Solomon rows.
    """
    width = 1 << bits
    for row in range(rows):
        pad_start = uint64((pad_first + row) * pad_count)
        start = uint64(row * width)
        _place_on_coset(coefficients, start, pads, pad_start, pad_count, scales, pad_scales, width, scratch)
        forward_ntt(scratch, 2 * width, buffer, 0, bits, twiddles, scratch)
        for k in range(cells.size):
            opened[place + k * stride + row] = buffer[cells[k]]
