"""Public ring elements against their documented bytes, products against Python integers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.counting import calls_of
from zkaudit.commitment import ring
from zkaudit.field.koalabear import HALF, MODULUS


def negacyclic(a: list[int], b: list[int]) -> list[int]:
    """Product modulo X^512 + 1."""
    result = [0] * 512
    for x, left in enumerate(a):
        if left:
            for y, right in enumerate(b):
                if x + y < 512:
                    result[x + y] += left * right
                else:
                    result[x + y - 512] -= left * right
    return [value % MODULUS for value in result]


# In the last one of these, word 19426 is p itself.
@pytest.mark.parametrize(("kind", "index"), [(b"a", 0), (b"a", 3), (b"b", 31), (b"a", 24877)])
def test_elements_are_the_documented_stream(kind: bytes, index: int) -> None:
    label = b"zkaudit ring expansion" + bytes(10)
    seed = hashlib.sha256(b"zkaudit commitment: Ajtai over KoalaBear, X^512 + 1, version 1").digest()
    place = (64 * index).to_bytes(8, "big") + (64 * index + 64).to_bytes(8, "big")
    stream = hashlib.shake_128(label + seed + kind + place).digest(4 * 40_000)
    words = [int.from_bytes(stream[i : i + 4], "big") & 0x7FFFFFFF for i in range(0, len(stream), 4)]
    assert (MODULUS in words) == (index == 24877)
    expected = [word for word in words if word < MODULUS][: 64 * 512]
    assert (ring.uniform_block(kind, index).astype(np.int64) % MODULUS).reshape(-1).tolist() == expected


def test_elements_never_change() -> None:
    digests = {
        kind: hashlib.sha256((ring.uniform_block(kind, 0).astype(np.int64) % MODULUS).astype(">u4").tobytes())
        for kind in (b"a", b"b")
    }
    assert digests[b"a"].hexdigest() == "ed0fd936826c3ad04866c0dd8ad54f1c533eda55eeba59254eb10e77927f77de"
    assert digests[b"b"].hexdigest() == "1f2492a6b0c20b9dab114f1e28609bcfb48119f527ae1c6091759dcd03cd1b2b"


def test_a_short_stream_is_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ring.uniform_block(b"a", 1)
    monkeypatch.setattr(ring, "_WORDS", 1001)
    assert np.array_equal(ring.uniform_block.__wrapped__(b"a", 1), expected)
    assert calls_of(lambda: ring.uniform_block.__wrapped__(b"a", 1)) < 200


def test_elements_are_read_only_and_centred() -> None:
    block = ring.uniform_block(b"a", 0)
    assert -HALF <= block.min() < 0 < block.max() <= HALF
    with pytest.raises(ValueError, match="read-only"):
        block[0, 0] = 1


def test_centring() -> None:
    residues = np.array([0, 1, HALF, HALF + 1, MODULUS - 1], np.uint64)
    assert ring.centred(residues).tolist() == [0, 1, HALF, -HALF, -1]


@pytest.mark.parametrize("count", [1, 3])
def test_sums_of_products_against_integers(count: int) -> None:
    rng = np.random.default_rng(count)
    elements = ring.uniform_block(b"a", 0)[:count]
    cells = rng.integers(-128, 128, (count, 512)).astype(np.int8)
    expected = [0] * 512
    for element, row in zip(elements.tolist(), cells.tolist(), strict=True):
        expected = [(a + b) % MODULUS for a, b in zip(expected, negacyclic(element, row), strict=True)]
    assert ring.sum_of_products([(elements, cells)]).tolist() == expected


@pytest.mark.parametrize("sign", [1, -1])
def test_sums_of_products_at_the_bound(sign: int) -> None:
    elements = np.full((64, 512), sign * HALF, np.int32)
    cells = np.full((64, 512), -128, np.int8)
    # Coefficient k: k + 1 products below X^512, 511 - k beyond it.
    expected = [sign * HALF * -128 * 64 * (2 * k + 2 - 512) % MODULUS for k in range(512)]
    assert ring.sum_of_products([(elements, cells)]).tolist() == expected


def test_long_sums_are_reduced_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    elements = np.full((64, 512), HALF, np.int32)
    cells = np.full((64, 512), -128, np.int8)
    once = ring.sum_of_products([(elements, cells)])
    monkeypatch.setattr(ring, "_OUTER", 128)
    assert ring.sum_of_products([(elements, cells)] * 7).tolist() == (7 * once % MODULUS).tolist()
    assert ring.sum_of_products([]).tolist() == [0] * 512


@pytest.mark.parametrize("blocks", [3, 4, 7])
def test_long_sums_are_exact(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    # The same bound in a smaller ring: odd products of 2^37 each, more than twice as many as float64 adds up exactly.
    monkeypatch.setattr(ring, "DEGREE", 8)
    count = 40_001
    elements = np.full((count, 8), HALF - 1, np.int32)
    cells = np.full((count, 8), 127, np.int8)
    expected = [count * blocks * (HALF - 1) * 127 * (2 * k + 2 - 8) % MODULUS for k in range(8)]
    assert ring.sum_of_products([(elements, cells)] * blocks).tolist() == expected


@pytest.mark.parametrize("inner", [1, 255, 256, 257, 1024])
@pytest.mark.parametrize("least", [-HALF, HALF - (1 << 22), HALF])
def test_matrix_products_against_integers(inner: int, least: int) -> None:
    rng = np.random.default_rng(inner)
    left = -rng.integers(least, HALF + 1, (9, inner))
    right = rng.integers(least, HALF + 1, (inner, 4))
    expected = (left.astype(object) @ right.astype(object)) % MODULUS
    assert ring.matrix_product(left.astype(np.int32), right.astype(np.float64)).tolist() == expected.tolist()


def test_the_hankel_matrix_is_the_transposed_product() -> None:
    rng = np.random.default_rng(5)
    vector = rng.integers(-HALF, HALF + 1, (2, 512)).astype(np.int32)
    element = rng.integers(-HALF, HALF + 1, (1, 512)).astype(np.int32)
    products = ring.matrix_product(element, ring.hankel(vector))[0]
    for power in (0, 1, 300, 511):
        shifted = negacyclic(element[0].tolist(), [int(k == power) for k in range(512)])
        for row in range(2):
            expected = sum(a * b for a, b in zip(vector[row].tolist(), shifted, strict=True)) % MODULUS
            assert products[512 * row + power] == expected
