"""Committing to rows by the hashes of their columns, and opening columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.arrays import Array
from zkaudit.field.jit import run_parallel, split
from zkaudit.field.koalabear import MODULUS, inverse, root_of_unity
from zkaudit.merkle.kernels import LANES, STATE
from zkaudit.merkle.lanes import END_MARKER, Compressor, Words, digest_words, initial_state, words_of
from zkaudit.merkle.messages import HEADER_BYTES, SALT_BYTES, Oracle, leaf_label
from zkaudit.reed_solomon.domain import Domain, powers
from zkaudit.reed_solomon.kernels import absorb_coset, encode_rows, inverse_rows, open_coset

Segment = tuple[Words, int]
"""Canonical residues of consecutive rows as one flat array (rows W,), and the number of rows."""

_CHUNK_CELLS = 1 << 21
"""Performance knob: cells whose coefficients are held at a time, 8 MB."""

_TASK_CELLS = 1 << 19
"""Performance knob: least number of cells that a thread encodes, about 1 ms."""


def _montgomery(values: Array) -> Words:
    """Residues times 2^32."""
    return np.ascontiguousarray((values << np.uint64(32)) % np.uint64(MODULUS)).astype(np.uint32)


@lru_cache(maxsize=8)
def twiddles(bits: int, inverted: bool) -> Words:
    """The table of a transform of size 2^bits, (bits 2^(bits - 1),), of omega or of its inverse."""
    root = root_of_unity(bits)
    half = 1 << (bits - 1)
    table = _montgomery(powers(inverse(root) if inverted else root, half))
    index = np.arange(half)
    return np.concatenate([table[index >> stage << stage] for stage in range(bits)])


@lru_cache(maxsize=4)
def _coset_scales(domain: Domain) -> tuple[list[Words], list[Words]]:
    """For each coset the factors (W,) s^j / W of the coefficients and (t,) (s^W - 1) s^j of the pads."""
    scales: list[Words] = []
    pad_scales: list[Words] = []
    for coset in range(domain.cosets):
        shift = domain.coset_shift(coset)
        table = powers(shift, domain.width)
        vanishing = (pow(shift, domain.width, MODULUS) - 1) % MODULUS
        scales.append(_montgomery(table * np.uint64(inverse(domain.width)) % np.uint64(MODULUS)))
        pad_scales.append(_montgomery(table[: domain.pads] * np.uint64(vanishing) % np.uint64(MODULUS)))
    return scales, pad_scales


class _Workspace:
    """The scratch arrays of one thread."""

    def __init__(self, domain: Domain) -> None:
        self.words = np.zeros((16, max(domain.width, LANES)), np.uint32)
        self.scratch = np.empty(3 * domain.width, np.uint32)
        self.compressor = Compressor()


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Rows of one oracle that are transformed chunk by chunk."""

    domain: Domain
    segments: Sequence[Segment]
    pads: Words
    """(m, t)"""
    count: int = field(init=False)
    coefficients: Words = field(init=False)
    """W times the coefficients of the chunk, flat."""

    def __post_init__(self) -> None:
        """ValueError for arrays that do not have the shapes of the domain."""
        self.count = sum(rows for _, rows in self.segments)
        for cells, rows in self.segments:
            if cells.dtype != np.uint32 or cells.ndim != 1 or cells.size != rows * self.domain.width:
                raise ValueError(f"{rows} rows of {self.domain.width} cells are not one array of {cells.size}")
        if self.pads.shape != (self.count, self.domain.pads) or self.pads.dtype != np.uint32:
            raise ValueError(f"{self.count} rows have pads of shape {self.pads.shape}")
        self.pads = np.ascontiguousarray(self.pads).reshape(-1)
        chunk = max(16, _CHUNK_CELLS // self.domain.width // 16 * 16)
        self.coefficients = np.empty(min(chunk, self.count) * self.domain.width, np.uint32)

    def chunks(self) -> Iterator[tuple[int, int]]:
        """First row and number of rows of each chunk, its coefficients in place; all but the last are 16-fold."""
        step = max(16, _CHUNK_CELLS // self.domain.width // 16 * 16)
        for first in range(0, self.count, step):
            rows = min(step, self.count - first)
            self._interpolate(first, rows)
            yield first, rows

    def _interpolate(self, first: int, rows: int) -> None:
        bits = self.domain.width_bits
        table = twiddles(bits, True)
        tasks: list[Callable[[], None]] = []
        for begin, end in split(rows, _TASK_CELLS // self.domain.width):
            pieces = list(self._pieces(first, begin, end))
            tasks.append(partial(_interpolate_pieces, pieces, self.coefficients, bits, table))
        run_parallel(tasks)

    def _pieces(self, first: int, begin: int, end: int) -> Iterator[tuple[Words, int, int, int]]:
        """Parts of segments that make up rows first + begin to first + end: array, its row, target row, rows."""
        offset = 0
        for cells, rows in self.segments:
            start = max(offset, first + begin)
            stop = min(offset + rows, first + end)
            if start < stop:
                yield cells, start - offset, start - first, stop - start
            offset += rows


def _interpolate_pieces(pieces: list[tuple[Words, int, int, int]], target: Words, bits: int, table: Words) -> None:
    scratch = np.empty(2 << bits, np.uint32)
    for cells, row, place, rows in pieces:
        inverse_rows(cells, row, target, place, rows, bits, table, scratch)


def commit_rows(
    domain: Domain, oracle: Oracle, segments: Sequence[Segment], pads: Words, salts: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Leaf digests (n, 32) of the columns of m rows: pads (m, t) canonical, salts (n, 32) bytes.

    Row i of column j is the cell of row i, counted over the segments in order; see merkle/messages.py for the bytes.
    Memory: 8 MB of coefficients, 32 n bytes of hash state and 64 max(W, 16) bytes a thread; code words are not kept.
    ValueError for arrays of the wrong shape or type; the cells must be below p, which is not checked.
    """
    if salts.shape != (domain.columns, SALT_BYTES) or salts.dtype != np.uint8:
        raise ValueError(f"{domain.columns} columns have salts of shape {salts.shape}")
    rows = _Rows(domain=domain, segments=segments, pads=pads)
    blocks = max(domain.width, LANES) // LANES
    coset_state = blocks * STATE
    state = initial_state(blocks * LANES * domain.cosets)
    parts = split(domain.cosets, -(-_TASK_CELLS // max(1, rows.count * domain.width)))
    spaces = [_Workspace(domain) for _ in parts]

    def each_coset(action: Callable[[_Workspace, int], None]) -> None:
        def task(space: _Workspace, first: int, last: int) -> None:
            for coset in range(first, last):
                action(space, coset)

        run_parallel([partial(task, space, *part) for space, part in zip(spaces, parts, strict=True)])

    each_coset(lambda space, coset: _absorb_headers(domain, oracle, salts, coset, space, state, coset * coset_state))
    for first, count in rows.chunks():
        each_coset(partial(_absorb_chunk, rows, first, count - count % 16, state, coset_state))
    each_coset(partial(_absorb_end, rows, state, coset_state))
    words = digest_words(state).reshape(domain.cosets, blocks * LANES, 8)[:, : domain.width]
    return np.ascontiguousarray(words.astype(">u4")).view(np.uint8).reshape(domain.columns, 32)


def _absorb_headers(
    domain: Domain, oracle: Oracle, salts: NDArray[np.uint8], coset: int, space: _Workspace, state: Words, place: int
) -> None:
    """The header block of every column of a coset: label, index, salt."""
    indices = np.arange(coset * domain.width, (coset + 1) * domain.width)
    words = space.words
    words[:7] = words_of(leaf_label(oracle))[:, None]
    words[7, : domain.width] = indices
    words[8:, : domain.width] = np.ascontiguousarray(salts[indices]).view(">u4").T
    space.compressor.absorb(words, state, place)


def _absorb_chunk(
    rows: _Rows, first: int, count: int, state: Words, coset_state: int, space: _Workspace, coset: int
) -> None:
    """Sixteen-fold rows of a chunk on one coset."""
    domain = rows.domain
    scales, pad_scales = _coset_scales(domain)
    absorb_coset(
        rows.coefficients,
        rows.pads,
        first,
        count,
        domain.pads,
        scales[coset],
        pad_scales[coset],
        domain.width_bits,
        twiddles(domain.width_bits, False),
        state,
        coset * coset_state,
        space.words.reshape(-1),
        space.words.shape[1],
        space.scratch,
        *space.compressor.scratch,
    )


def _absorb_end(rows: _Rows, state: Words, coset_state: int, space: _Workspace, coset: int) -> None:
    """The rows beyond the last sixteen, the end marker of SHA-256 and the length of the message in bits.

    The coefficients are those of the last chunk.
    """
    domain = rows.domain
    scales, pad_scales = _coset_scales(domain)
    held = rows.coefficients.size // domain.width
    last = (rows.count - 1) % held + 1 if rows.count else 0
    rest = rows.count % 16
    encode_rows(
        rows.coefficients,
        last - rest,
        rows.pads,
        rows.count - rest,
        rest,
        domain.pads,
        scales[coset],
        pad_scales[coset],
        domain.width_bits,
        twiddles(domain.width_bits, False),
        space.words.reshape(-1),
        space.words.shape[1],
        space.scratch,
    )
    words = space.words
    words[rest] = END_MARKER
    words[rest + 1 :] = 0
    if rest > 13:
        space.compressor.absorb(words, state, coset * coset_state)
        words[:] = 0
    length = 8 * (HEADER_BYTES + 4 * rows.count)
    words[14] = length >> 32
    words[15] = length & 0xFFFFFFFF
    space.compressor.absorb(words, state, coset * coset_state)


def open_columns(domain: Domain, segments: Sequence[Segment], pads: Words, indices: Sequence[int]) -> Words:
    """Cells (k, m) of opened columns, in the order of the ascending indices; the rows are encoded again.

    ValueError for arrays of the wrong shape or type, or indices that are not ascending column numbers.
    """
    chosen = np.array(indices, np.int64)
    if np.any(np.diff(chosen) <= 0) or np.any(chosen < 0) or np.any(chosen >= domain.columns):
        raise ValueError(f"opened columns are not ascending numbers below {domain.columns}")
    rows = _Rows(domain=domain, segments=segments, pads=pads)
    opened = np.empty((chosen.size, rows.count), np.uint32)
    for first, count in rows.chunks():
        parts = split(count, _TASK_CELLS // domain.columns)
        run_parallel([partial(_open_rows, rows, first, begin, end, chosen, opened) for begin, end in parts])
    return opened


def _open_rows(rows: _Rows, first: int, begin: int, end: int, chosen: NDArray[np.int64], opened: Words) -> None:
    """Rows `begin` to `end` of a chunk at the opened columns of every coset that has one."""
    domain = rows.domain
    scales, pad_scales = _coset_scales(domain)
    buffer = np.empty(domain.width, np.uint32)
    scratch = np.empty(3 * domain.width, np.uint32)
    for coset in range(domain.cosets):
        start, stop = (int(v) for v in np.searchsorted(chosen, [coset * domain.width, (coset + 1) * domain.width]))
        if start == stop:
            continue
        open_coset(
            rows.coefficients[begin * domain.width :],
            rows.pads,
            first + begin,
            end - begin,
            domain.pads,
            scales[coset],
            pad_scales[coset],
            domain.width_bits,
            twiddles(domain.width_bits, False),
            chosen[start:stop] - coset * domain.width,
            opened.reshape(-1),
            start * rows.count + first + begin,
            rows.count,
            buffer,
            scratch,
        )
