"""Committed and opened columns against hashlib and the verifier's encoder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zkaudit.field.koalabear import MODULUS
from zkaudit.merkle.messages import Oracle, leaf_digest
from zkaudit.reed_solomon import prover
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.kernels import forward_ntt, inverse_ntt
from zkaudit.reed_solomon.prover import Segment, Words, commit_rows, open_columns, twiddles


def random_rows(domain: Domain, rows: int, seed: int = 1) -> tuple[Words, Words, NDArray[np.uint8]]:
    """Cells (m, W), pads (m, t) and salts (n, 32)."""
    generator = np.random.default_rng(seed)
    cells = generator.integers(0, MODULUS, (rows, domain.width)).astype(np.uint32)
    pads = generator.integers(0, MODULUS, (rows, domain.pads)).astype(np.uint32)
    return cells, pads, generator.integers(0, 256, (domain.columns, 32)).astype(np.uint8)


def code_words(domain: Domain, cells: Words, pads: Words) -> Words:
    """All code words (m, n), five rows at a time as an F-vector."""
    result = np.zeros((cells.shape[0], domain.columns), np.uint32)
    for first in range(0, cells.shape[0], 5):
        part = slice(first, first + 5)
        columns = list(range(domain.columns))
        result[part] = domain.evaluate_row(cells[part].astype(np.uint64), pads[part].astype(np.uint64), columns)
    return result


def segments_of(cells: Words, cuts: list[int]) -> list[Segment]:
    return [(part.reshape(-1), part.shape[0]) for part in np.split(cells, cuts)]


def check(domain: Domain, rows: int, cuts: list[int], oracle: Oracle = Oracle.WITNESS) -> None:
    cells, pads, salts = random_rows(domain, rows)
    segments = segments_of(cells, cuts)
    code = code_words(domain, cells, pads)
    leaves = commit_rows(domain, oracle, segments, pads, salts)
    for index in range(domain.columns):
        content = code[:, index].astype(">u4").tobytes()
        assert leaves[index].tobytes() == leaf_digest(oracle, index, salts[index].tobytes(), content)
    chosen = sorted(np.random.default_rng(2).choice(domain.columns, min(domain.pads, 9), replace=False).tolist())
    opened = open_columns(domain, segments, pads, chosen)
    assert opened.dtype == np.uint32
    assert np.array_equal(opened, code[:, chosen].T)


@pytest.mark.parametrize("rows", [1, 2, 12, 13, 14, 15, 16, 17, 29, 30, 32, 47])
def test_every_length_of_the_last_block(rows: int) -> None:
    check(Domain(16, 64, 5), rows, [])


@pytest.mark.parametrize("width", [2, 4, 8, 32, 64, 256])
@pytest.mark.parametrize("rate", [4, 8, 16])
def test_shapes(width: int, rate: int) -> None:
    check(Domain(width, rate * width, max(1, width // 3)), 19, [3, 3, 18], Oracle.PADS)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 60), st.data())
@settings(max_examples=25, deadline=None)
def test_random_shapes(width_bits: int, rate_bits: int, rows: int, data: st.DataObject) -> None:
    width = 1 << width_bits
    pads = data.draw(st.integers(1, width))
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=3)))
    check(Domain(width, width << rate_bits, pads), rows, cuts)


def test_chunks_and_threads_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = Domain(64, 512, 20)
    cells, pads, salts = random_rows(domain, 75)
    segments = segments_of(cells, [7, 40])
    whole = commit_rows(domain, Oracle.WITNESS, segments, pads, salts)
    columns = open_columns(domain, segments, pads, [0, 63, 64, 300, 511])
    monkeypatch.setattr(prover, "_CHUNK_CELLS", 32 * 64)
    monkeypatch.setattr(prover, "_TASK_CELLS", 64)
    assert np.array_equal(commit_rows(domain, Oracle.WITNESS, segments, pads, salts), whole)
    assert np.array_equal(open_columns(domain, segments, pads, [0, 63, 64, 300, 511]), columns)


def test_extreme_cells() -> None:
    domain = Domain(32, 128, 32)
    cells = np.full((16, 32), MODULUS - 1, np.uint32)
    pads = np.full((16, 32), MODULUS - 1, np.uint32)
    opened = open_columns(domain, [(cells.reshape(-1), 16)], pads, list(range(128)))
    assert np.array_equal(opened.T, code_words(domain, cells, pads))


def test_wrong_shapes_are_refused() -> None:
    domain = Domain(16, 64, 5)
    cells, pads, salts = random_rows(domain, 4)
    flat = cells.reshape(-1)
    with pytest.raises(ValueError, match="rows"):
        commit_rows(domain, Oracle.WITNESS, [(flat[:-1], 4)], pads, salts)
    with pytest.raises(ValueError, match="rows"):
        commit_rows(domain, Oracle.WITNESS, [(flat.astype(np.int64), 4)], pads, salts)
    with pytest.raises(ValueError, match="pads"):
        commit_rows(domain, Oracle.WITNESS, [(flat, 4)], pads[:3], salts)
    with pytest.raises(ValueError, match="salts"):
        commit_rows(domain, Oracle.WITNESS, [(flat, 4)], pads, salts[:-1])
    for indices in ([1, 1], [2, 1], [64], [-1]):
        with pytest.raises(ValueError, match="ascending"):
            open_columns(domain, [(flat, 4)], pads, indices)


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8, 12, 16])
def test_transforms(bits: int) -> None:
    width = 1 << bits
    values = np.random.default_rng(4).integers(0, MODULUS, width).astype(np.uint32)
    scratch, forward, back = np.empty(2 * width, np.uint32), np.empty(width, np.uint32), np.empty(width, np.uint32)
    forward_ntt(values, 0, forward, 0, bits, twiddles(bits, False), scratch)
    inverse_ntt(forward, 0, back, 0, bits, twiddles(bits, True), scratch)
    assert np.array_equal(back, values.astype(np.uint64) * width % MODULUS)
    root = pow(3, (MODULUS - 1) // width, MODULUS)
    for index in (0, 1, width // 2, width - 1):
        x = pow(root, int(format(index, f"0{bits}b")[::-1], 2), MODULUS)
        expected = 0
        for value in reversed(values.tolist()):
            expected = (expected * x + value) % MODULUS
        assert int(forward[index]) == expected
