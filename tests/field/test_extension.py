"""The scalar field against plain polynomial arithmetic."""

from __future__ import annotations

import random

import pytest

from zkaudit.field import extension as field
from zkaudit.field import koalabear
from zkaudit.field.extension import ONE, ZERO, Element
from zkaudit.field.koalabear import MODULUS

RANDOM = random.Random(5)
TOP = MODULUS - 1


def elements(count: int) -> list[Element]:
    """Random elements between those of least and greatest coefficients."""
    edges = [ZERO, ONE, (0, 1, 0, 0, 0), (0, 0, 0, 0, 1), (TOP,) * 5, (0, 0, 0, 0, TOP), (1, 2, 3, 4, 5)]
    drawn = [tuple(RANDOM.randrange(MODULUS) for _ in range(5)) for _ in range(count)]
    return [*edges, *drawn]  # type: ignore[list-item]


def remainder(coefficients: list[int]) -> Element:
    """A polynomial modulo x^5 + x^2 - 1, by long division."""
    rest = list(coefficients)
    while len(rest) > 5:
        lead = rest.pop()
        rest[-5] += lead  # x^5 = 1 - x^2
        rest[-3] -= lead
    return tuple(c % MODULUS for c in rest)  # type: ignore[return-value]


def product(a: Element, b: Element) -> Element:
    """The product by the school's rule."""
    sums = [0] * 9
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            sums[i + j] += x * y
    return remainder(sums)


def test_arithmetic() -> None:
    pool = elements(12)
    for a in pool:
        assert field.negate(a) == tuple(-x % MODULUS for x in a)
        for factor in (0, 1, -3, MODULUS + 2, 1 << 70):
            assert field.scale(a, factor) == tuple(x * factor % MODULUS for x in a)
        for b in pool:
            assert field.add(a, b) == tuple((x + y) % MODULUS for x, y in zip(a, b, strict=True))
            assert field.subtract(a, b) == tuple((x - y) % MODULUS for x, y in zip(a, b, strict=True))
            assert field.multiply(a, b) == product(a, b)


def test_powers_images_and_inverses() -> None:
    for a in elements(4):
        expected = ONE
        for exponent in range(6):
            assert field.power(a, exponent) == expected
            expected = product(expected, a)
        assert field.frobenius(a) == field.power(a, MODULUS)
        if a != ZERO:
            assert product(a, field.inverse(a)) == ONE
    with pytest.raises(ZeroDivisionError, match="zero"):
        field.inverse(ZERO)
    assert field.embed(-1) == (TOP, 0, 0, 0, 0)
    assert field.embed(MODULUS + 7) == (7, 0, 0, 0, 0)


def test_polynomials_and_equality() -> None:
    a, b, c, d = elements(4)[-4:]
    expected = field.add(a, field.add(product(b, d), product(c, product(d, d))))
    assert field.evaluate([a, b, c], d) == expected
    assert field.evaluate([], d) == ZERO
    for x, y in ((ZERO, ZERO), (ZERO, ONE), (ONE, ZERO), (ONE, ONE)):
        assert field.equality([x], [y]) == (ONE if x == y else ZERO)
    # eq(a, b) = (1 - a) + b (2 a - 1), one coordinate; and the product of coordinates.
    line = field.add(field.subtract(ONE, a), product(b, field.subtract(field.add(a, a), ONE)))
    assert field.equality([a], [b]) == line
    assert field.equality([a, c], [b, d]) == product(line, field.equality([c], [d]))
    assert field.equality([], []) == ONE


def test_bytes_and_constants() -> None:
    assert field.to_bytes((1, 2, 3, 4, TOP)) == bytes.fromhex("00000001000000020000000300000004") + TOP.to_bytes(
        4, "big"
    )
    assert len(field.to_bytes(ZERO)) == field.ELEMENT_BYTES == 20
    assert len(ZERO) == field.DEGREE
    assert koalabear.ELEMENT_BYTES == 4
    assert MODULUS == 2130706433
    assert koalabear.HALF == 1065353216


def test_the_base_field() -> None:
    for value in (1, 2, TOP, 12345, -7):
        assert value * koalabear.inverse(value) % MODULUS == 1
    for zero in (0, MODULUS, -MODULUS):
        with pytest.raises(ZeroDivisionError, match="zero"):
            koalabear.inverse(zero)
    for log_order in range(25):
        root = koalabear.root_of_unity(log_order)
        assert pow(root, 1 << log_order, MODULUS) == 1
        assert not log_order or pow(root, 1 << (log_order - 1), MODULUS) == TOP
    for beyond in (-1, 25):
        with pytest.raises(ValueError, match="no subgroup"):
            koalabear.root_of_unity(beyond)
    # Three is no square and no 127th power, and 2^24 * 127 = p - 1.
    assert all(pow(koalabear.GENERATOR, TOP // prime, MODULUS) != 1 for prime in (2, 127))
    assert koalabear.signed(koalabear.HALF) == koalabear.HALF
    assert koalabear.signed(koalabear.HALF + 1) == -koalabear.HALF
    assert koalabear.signed(0) == 0
    assert [koalabear.bit_reverse(i, 3) for i in range(8)] == [0, 4, 2, 6, 1, 5, 3, 7]
    assert koalabear.bit_reverse(0, 0) == 0
