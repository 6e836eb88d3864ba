"""The sumcheck provers against a scalar verifier with random challenges."""

from __future__ import annotations

import secrets

import numpy as np
import pytest

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.sumcheck import pairs as pairs_module
from zkaudit.sumcheck.equality import inverses
from zkaudit.sumcheck.prover import prove_inner_product, prove_inner_products, prove_products
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
    point, a, b = prove_inner_product(verifier, blocks.to_blocks(left), blocks.to_blocks(right), variables)
    assert verifier.degrees == [2] * variables
    assert (a, b) == (evaluate(left, point), evaluate(right, point))
    assert verifier.claim == extension.multiply(a, b)


@pytest.mark.parametrize("lengths", [[1, 300, 17], [0, 5], [512, 1], [16, 33, 512, 100]])
def test_inner_products_of_different_lengths(lengths: list[int]) -> None:
    vectors = [(random_vector(n), random_vector(n)) for n in lengths]
    claim = extension.ZERO
    for left, right in vectors:
        claim = extension.add(claim, arrays.dot(left, right))
    verifier = ScalarVerifier(claim)
    blocked = [(blocks.to_blocks(left), blocks.to_blocks(right)) for left, right in vectors]
    point, values = prove_inner_products(verifier, blocked, 9)
    total = extension.ZERO
    for (left, right), (a, b) in zip(vectors, values, strict=True):
        assert (a, b) == (evaluate(left, point), evaluate(right, point))
        total = extension.add(total, extension.multiply(a, b))
    assert verifier.claim == total


def test_inner_product_refuses_arrays_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="variables"):
        prove_inner_product(ScalarVerifier(extension.ZERO), np.zeros(160, np.uint32), np.zeros(160, np.uint32), 4)


@pytest.mark.parametrize("variables", [0, 1, 3, 4, 5, 8])
@pytest.mark.parametrize("zero_coordinate", [None, 0, -1])
def test_products(variables: int, zero_coordinate: int | None) -> None:
    a, b, c = (random_vector(1 << variables) for _ in range(3))
    rho = [random_element() for _ in range(variables)]
    if zero_coordinate is not None and variables:
        rho[zero_coordinate] = extension.ZERO
    values = arrays.add(arrays.multiply(a, b), c)
    verifier = ScalarVerifier(evaluate(values, rho))
    blocked = [blocks.to_blocks(v) for v in (a, b, c)]
    point, *ends = prove_products(verifier, *blocked, rho, verifier.claim)
    assert verifier.degrees == [3] * variables
    assert ends == [evaluate(v, point) for v in (a, b, c)]
    inner = extension.add(extension.multiply(ends[0], ends[1]), ends[2])
    assert verifier.claim == extension.multiply(extension.equality(rho, point), inner)


def test_products_over_the_base_field() -> None:
    bits = np.random.default_rng(3).integers(0, 2, 50, dtype=np.uint32)
    negated = (MODULUS - bits) % MODULUS
    rho = [random_element() for _ in range(6)]
    verifier = ScalarVerifier(extension.ZERO)
    point, a, b, c = prove_products(verifier, bits, bits, negated.astype(np.uint32), rho)
    assert a == b == extension.negate(c) == evaluate(arrays.embed(bits), point)
    inner = extension.add(extension.multiply(a, b), c)
    assert verifier.claim == extension.multiply(extension.equality(rho, point), inner)


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "PARALLEL_BLOCKS", 1)
    test_products(9, None)


def test_inverses() -> None:
    values = [random_element(), extension.ZERO, random_element(), extension.ONE]
    found = inverses(values)
    assert found[1] == extension.ZERO
    for value, inverse in zip(values, found, strict=True):
        if value != extension.ZERO:
            assert inverse == extension.inverse(value)
