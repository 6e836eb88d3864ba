"""Sections "Notation" and "Field": K and F in plain integers, tables of eq, and polynomials by their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

P = 2**31 - 2**24 + 1
HALF = (P - 1) // 2

Element = tuple[int, int, int, int, int]
Point = list[Element]

ZERO: Element = (0, 0, 0, 0, 0)
ONE: Element = (1, 0, 0, 0, 0)


def clog(count: int) -> int:
    """The least k with 2^k >= count."""
    return (count - 1).bit_length()


def embed(integer: int) -> Element:
    """An integer as an element of F."""
    return (integer % P, 0, 0, 0, 0)


def add(a: Element, b: Element) -> Element:
    """a + b."""
    return ((a[0] + b[0]) % P, (a[1] + b[1]) % P, (a[2] + b[2]) % P, (a[3] + b[3]) % P, (a[4] + b[4]) % P)


def subtract(a: Element, b: Element) -> Element:
    """a - b."""
    return ((a[0] - b[0]) % P, (a[1] - b[1]) % P, (a[2] - b[2]) % P, (a[3] - b[3]) % P, (a[4] - b[4]) % P)


def negate(a: Element) -> Element:
    """-a."""
    return subtract(ZERO, a)


def scale(a: Element, k: int) -> Element:
    """a times an integer."""
    return (a[0] * k % P, a[1] * k % P, a[2] * k % P, a[3] * k % P, a[4] * k % P)


def multiply(a: Element, b: Element) -> Element:
    """a b, with x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4 and x^8 = x^3 + x^2 - 1."""
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1
    c6 = a2 * b4 + a3 * b3 + a4 * b2
    c7 = a3 * b4 + a4 * b3
    c8 = a4 * b4
    return (
        (a0 * b0 + c5 - c8) % P,
        (a0 * b1 + a1 * b0 + c6) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 - c5 + c7 + c8) % P,
        (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 + c8) % P,
        (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - c7) % P,
    )


def total(elements: Iterable[Element]) -> Element:
    """The sum of elements."""
    result = ZERO
    for element in elements:
        result = add(result, element)
    return result


def dot(left: Iterable[Element], right: Iterable[Element]) -> Element:
    """The sum of products of elements."""
    return total(multiply(a, b) for a, b in zip(left, right, strict=True))


def equality_table(point: Sequence[Element]) -> list[Element]:
    """eq(point, i) for all i < 2^len(point), bit j of i belonging to coordinate j."""
    table = [ONE]
    for coordinate in point:
        high = [multiply(value, coordinate) for value in table]
        table = [subtract(value, part) for value, part in zip(table, high, strict=True)] + high
    return table


def equality(left: Sequence[Element], right: Sequence[Element]) -> Element:
    """eq of two points."""
    result = ONE
    for a, b in zip(left, right, strict=True):
        product = multiply(a, b)
        result = multiply(result, add(add(product, product), subtract(subtract(ONE, a), b)))
    return result


def root_of_unity(order: int) -> int:
    """omega(order)."""
    return pow(3, (P - 1) // order, P)


def reverse_bits(index: int, bits: int) -> int:
    """The index with its bits in reversed order."""
    return int(format(index, f"0{bits}b")[::-1], 2) if bits else 0


def interpolate(cells: Sequence[Element]) -> list[Element]:
    """Coefficients of the polynomial of degree below W whose value at omega(W)^rev(i) is cell i."""
    size = len(cells)
    bits = size.bit_length() - 1
    values = [cells[reverse_bits(i, bits)] for i in range(size)]
    inverse_size = pow(size, -1, P)
    return [scale(value, inverse_size) for value in _transform(values, pow(root_of_unity(size), -1, P))]


def _transform(values: list[Element], root: int) -> list[Element]:
    """sum_i values[i] root^(i j) for all j."""
    if len(values) == 1:
        return values
    even = _transform(values[::2], root * root % P)
    odd = _transform(values[1::2], root * root % P)
    low, high = [], []
    power = 1
    for a, b in zip(even, odd, strict=True):
        twisted = scale(b, power)
        low.append(add(a, twisted))
        high.append(subtract(a, twisted))
        power = power * root % P
    return low + high


def evaluate(coefficients: Sequence[Element], x: int) -> Element:
    """The value of a polynomial at a point of K."""
    result = ZERO
    for coefficient in reversed(coefficients):
        result = add(scale(result, x), coefficient)
    return result
