"""The challenge field F = K[x]/(x^5 + x^2 - 1) in Python integers: the reference of every array and kernel.

An element is a tuple of five residues, the coefficient of x^i at place i.
"""

from __future__ import annotations

from zkaudit.field.koalabear import MODULUS as P

DEGREE = 5
"""The cheapest degree that reaches 128 bits for 2^26 lookups."""

ELEMENT_BYTES = 20
"""Bytes of one canonical element on the wire: five big-endian residues."""

Element = tuple[int, int, int, int, int]

ZERO: Element = (0, 0, 0, 0, 0)
ONE: Element = (1, 0, 0, 0, 0)


def embed(value: int) -> Element:
    """An integer as an element of the base field."""
    return (value % P, 0, 0, 0, 0)


def add(a: Element, b: Element) -> Element:
    """Sum."""
    return (
        (a[0] + b[0]) % P, (a[1] + b[1]) % P, (a[2] + b[2]) % P, (a[3] + b[3]) % P, (a[4] + b[4]) % P,
    )  # fmt: skip


def subtract(a: Element, b: Element) -> Element:
    """Difference."""
    return (
        (a[0] - b[0]) % P, (a[1] - b[1]) % P, (a[2] - b[2]) % P, (a[3] - b[3]) % P, (a[4] - b[4]) % P,
    )  # fmt: skip


def negate(a: Element) -> Element:
    """Additive inverse."""
    return (-a[0] % P, -a[1] % P, -a[2] % P, -a[3] % P, -a[4] % P)


def scale(a: Element, factor: int) -> Element:
    """Product with an integer."""
    return (a[0] * factor % P, a[1] * factor % P, a[2] * factor % P, a[3] * factor % P, a[4] * factor % P)


def multiply(a: Element, b: Element) -> Element:
    """Product; x^5 = 1 - x^2, so a coefficient of x^(5+k) goes to x^k and, negated, to x^(k+2)."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1
    c6 = a2 * b4 + a3 * b3 + a4 * b2
    c7 = a3 * b4 + a4 * b3
    c8 = a4 * b4
    return (
        (a0 * b0 + c5 - c8) % P,
        (a0 * b1 + a1 * b0 + c6) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 + c7 - c5 + c8) % P,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + c8 - c6) % P,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - c7) % P,
    )


def power(a: Element, exponent: int) -> Element:
    """a to a non-negative power."""
    result = ONE
    while exponent:
        if exponent & 1:
            result = multiply(result, a)
        a = multiply(a, a)
        exponent >>= 1
    return result


_FROBENIUS = [power((0, 1, 0, 0, 0), P * i) for i in range(DEGREE)]
"""x^(p i): the images of the basis under a -> a^p."""


def frobenius(a: Element) -> Element:
    """a^p."""
    result = ZERO
    for coefficient, image in zip(a, _FROBENIUS, strict=True):
        result = add(result, scale(image, coefficient))
    return result


def inverse(a: Element) -> Element:
    """Inverse by the norm a^(1 + p + .. + p^4), which lies in K (Itoh and Tsujii 1988).

    ZeroDivisionError for zero.
    """
    if a == ZERO:
        raise ZeroDivisionError("zero has no inverse in the extension")
    conjugates = ONE
    image = a
    for _ in range(DEGREE - 1):
        image = frobenius(image)
        conjugates = multiply(conjugates, image)
    norm = multiply(a, conjugates)[0]
    return scale(conjugates, pow(norm, -1, P))


def equality(a: list[Element], b: list[Element]) -> Element:
    """The multilinear eq(a, b) = prod_i (a_i b_i + (1 - a_i)(1 - b_i)) of two points of one length."""
    result = ONE
    for x, y in zip(a, b, strict=True):
        product = multiply(x, y)
        result = multiply(result, add(subtract(add(product, product), add(x, y)), ONE))
    return result


def evaluate(coefficients: list[Element], point: Element) -> Element:
    """A polynomial, lowest coefficient first, at a point by Horner's rule."""
    result = ZERO
    for coefficient in reversed(coefficients):
        result = add(multiply(result, point), coefficient)
    return result


def to_bytes(a: Element) -> bytes:
    """Twenty bytes: five big-endian residues, the constant coefficient first."""
    return b"".join(c.to_bytes(4, "big") for c in a)
