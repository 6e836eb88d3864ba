"""The sumcheck provers against a scalar verifier with random challenges."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.sumcheck import inner as inner_module
from zkaudit.sumcheck import pairs as pairs_module
from zkaudit.sumcheck import products as products_module
from zkaudit.sumcheck.equality import inverses
from zkaudit.sumcheck.inner import InnerProducts, bind_together
from zkaudit.sumcheck.products import prove_products
from zkaudit.transcript import Label


def random_element() -> Element:
    return blocks.canonical([secrets.randbelow(MODULUS) for _ in range(5)])[0]


def random_vector(count: int) -> Array:
    return np.random.default_rng().integers(0, MODULUS, (5, count), dtype=np.uint64)


def evaluate(vector: Array, point: list[Element]) -> Element:
    """The multilinear extension of a vector, zero-extended, at a point."""
    return arrays.dot(vector, arrays.equality_table(point, vector.shape[1]))


class ScalarVerifier:
    """A channel that checks the rounds of one sumcheck as the verifier does, with challenges of its own."""

    def __init__(self, claim: Element) -> None:
        self.claim = claim
        self.degrees: list[int] = []
        self._coefficients: list[Element] = []

    def send(self, label: Label, elements: list[Element]) -> None:
        assert label == Label.ROUND
        linear = self.claim
        for coefficient in [elements[0], *elements]:
            linear = extension.subtract(linear, coefficient)
        self._coefficients = [elements[0], linear, *elements[1:]]
        self.degrees.append(len(elements))

    def challenge(self, label: Label) -> Element:
        assert label == Label.ROUND_POINT
        challenge = random_element()
        self.claim = extension.evaluate(self._coefficients, challenge)
        return challenge


@pytest.mark.parametrize("variables", [0, 1, 2, 3, 4, 5, 6, 9])
def test_inner_product(variables: int) -> None:
    left, right = random_vector(1 << variables), random_vector(1 << variables)
    verifier = ScalarVerifier(arrays.dot(left, right))
    product = InnerProducts([(left, right)], variables)
    point = bind_together(verifier, [product], variables)
    assert verifier.degrees == [2] * variables
    a, b = product.value(0, 0), product.value(0, 1)
    assert (a, b) == (evaluate(left, point), evaluate(right, point))
    assert verifier.claim == extension.multiply(a, b)


@pytest.mark.parametrize(
    "lengths", [[(1, 1), (300, 17), (0, 40)], [(0, 0), (5, 300)], [(512, 1)], [(16, 16), (33, 5), (512, 512)], []]
)
def test_inner_products_of_different_lengths(lengths: list[tuple[int, int]]) -> None:
    vectors = [(random_vector(m), random_vector(n)) for m, n in lengths]
    claim = extension.ZERO
    for left, right in vectors:
        common = min(left.shape[1], right.shape[1])
        claim = extension.add(claim, arrays.dot(left[:, :common], right[:, :common]))
    verifier = ScalarVerifier(claim)
    product = InnerProducts(vectors, 9)
    point = bind_together(verifier, [product], 9)
    total = extension.ZERO
    for index, (left, right) in enumerate(vectors):
        a, b = product.value(index, 0), product.value(index, 1)
        assert (a, b) == (evaluate(left, point), evaluate(right, point))
        total = extension.add(total, extension.multiply(a, b))
    assert verifier.claim == total


@pytest.mark.parametrize("rounds", [0, 1, 3, 6])
def test_sums_that_share_some_rounds(rounds: int) -> None:
    vectors = [(random_vector(n), random_vector(n)) for n in (60, 70, 3)]
    claim = extension.ZERO
    for left, right in vectors:
        claim = extension.add(claim, arrays.dot(left, right))
    verifier = ScalarVerifier(claim)
    first, second = InnerProducts(vectors[:1], 7), InnerProducts(vectors[1:], 7)
    top = bind_together(verifier, [first, second], rounds)
    rest = InnerProducts([*first.pairs, *second.pairs], 7 - rounds)
    assert rest.variables == first.variables == second.variables
    point = bind_together(verifier, [rest], 7 - rounds) + top
    total = extension.ZERO
    for index, (left, right) in enumerate(vectors):
        assert rest.value(index, 0) == evaluate(left, point)
        total = extension.add(total, extension.multiply(rest.value(index, 0), evaluate(right, point)))
    assert verifier.claim == total


def test_inner_products_refuse_vectors_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="variables"):
        InnerProducts([(random_vector(3), random_vector(17))], 4)


def random_cells(count: int) -> np.ndarray:
    return np.random.default_rng().integers(0, MODULUS, count, dtype=np.uint32)


def pieces(cells: np.ndarray, cuts: tuple[int, ...]) -> list[np.ndarray]:
    """The cells in pieces that end at the cuts that lie in them."""
    return np.split(cells, [cut for cut in cuts if cut < cells.size])


@pytest.mark.parametrize("count", [1, 2, 7, 16, 17, 32, 50, 64, 65, 255, 256, 300, 1025])
@pytest.mark.parametrize("rest", [False, True])
@pytest.mark.parametrize("zero_coordinate", [None, 0, -1])
def test_products(count: int, rest: bool, zero_coordinate: int | None) -> None:
    variables = (count - 1).bit_length()
    cells = [random_cells(count) for _ in range(3 if rest else 2)]
    a, b, *c = (arrays.embed(array) for array in cells)
    rho = [random_element() for _ in range(variables)]
    if zero_coordinate is not None and variables:
        rho[zero_coordinate] = extension.ZERO
    values = arrays.add(arrays.multiply(a, b), c[0]) if rest else arrays.multiply(a, b)
    verifier = ScalarVerifier(evaluate(values, rho))
    factors = [pieces(array, cuts) for array, cuts in zip(cells, ((), (16, 33, 40), (0, 5, 260)), strict=False)]
    point, ends = prove_products(verifier, factors, rho, verifier.claim)
    assert verifier.degrees == [3] * variables
    assert ends == [evaluate(v, point) for v in (a, b, *c)]
    inner = extension.multiply(ends[0], ends[1])
    if rest:
        inner = extension.add(inner, ends[2])
    assert verifier.claim == extension.multiply(extension.equality(rho, point), inner)


def test_products_refuse_cells_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="variables"):
        prove_products(ScalarVerifier(extension.ZERO), [[random_cells(17)]] * 2, [random_element()] * 4)


def test_products_are_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products_module, "CHUNK", 3)
    test_products(1025, True, -1)


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "PARALLEL_BLOCKS", 1)
    monkeypatch.setattr(inner_module, "PARALLEL_BLOCKS", 1)
    test_inner_product(9)
    test_products(1025, True, None)


def test_inverses() -> None:
    values = [random_element(), extension.ZERO, random_element(), extension.ONE]
    found = inverses(values)
    assert found[1] == extension.ZERO
    for value, inverse in zip(values, found, strict=True):
        if value != extension.ZERO:
            assert inverse == extension.inverse(value)
