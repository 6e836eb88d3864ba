"""Sections "Padded transcript" and "Sumcheck": expressions in the pads, and the constraints on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.second.field import ONE, ZERO, Element, Point, add, multiply, negate, scale, subtract
from tests.second.transcript import Transcript


@dataclass(frozen=True)
class Expression:
    """A constant, and coefficients of pads and of product pads, which are numbered behind the pads."""

    constant: Element
    form: dict[int, Element] = field(default_factory=dict)


def combine(terms: Iterable[tuple[Element, Expression]], constant: Element = ZERO) -> Expression:
    """constant + sum of factor * expression."""
    form: dict[int, Element] = {}
    for factor, expression in terms:
        constant = add(constant, multiply(factor, expression.constant))
        for pad, coefficient in expression.form.items():
            form[pad] = add(form.get(pad, ZERO), multiply(factor, coefficient))
    return Expression(constant, form)


class Channel:
    """The messages under pads, the pairs that are multiplied and the constraints."""

    def __init__(self, transcript: Transcript, data: bytes, messages: list[Element]) -> None:
        self.transcript = transcript
        self.constraints: list[Expression] = []
        self.pairs: list[tuple[int, int]] = []
        self._data = data
        self._messages = messages
        self._received = 0

    def receive(self, label: str, count: int) -> list[Expression]:
        """The next message."""
        first, self._received = self._received, self._received + count
        self.transcript.absorb(label, self._data[20 * first : 20 * self._received])
        return [Expression(self._messages[i], {i: ONE}) for i in range(first, self._received)]

    def challenge(self, label: str) -> Element:
        """One element."""
        return self.transcript.elements(label, 1)[0]

    def challenges(self, label: str, count: int) -> list[Element]:
        """Several elements."""
        return self.transcript.elements(label, count)

    def product(self, left: Expression, right: Expression) -> Expression:
        """(m + x)(m' + x') = m m' + m x' + m' x + z."""
        (pad,), (other,) = left.form, right.form
        form = {len(self._messages) + len(self.pairs): ONE, pad: right.constant, other: left.constant}
        self.pairs.append((pad, other))
        return Expression(multiply(left.constant, right.constant), form)

    def require_zero(self, terms: list[tuple[Element, Expression]], constant: Element = ZERO) -> None:
        """A constraint."""
        self.constraints.append(combine(terms, constant))

    @property
    def finished(self) -> bool:
        """Whether all messages were received."""
        return self._received == len(self._messages)

    def sumcheck(self, claim: Expression, rounds: int, degree: int) -> tuple[Point, Expression]:
        """The point, its last coordinate bound first, and the value there."""
        point: Point = []
        for _ in range(rounds):
            lowest, *higher = self.receive("round polynomial", degree)
            r = self.challenge("round challenge")
            terms = [(subtract(ONE, scale(r, 2)), lowest), (r, claim)]
            power = r
            for coefficient in higher:
                power = multiply(power, r)
                terms.append((subtract(power, r), coefficient))
            claim = combine(terms)
            point.insert(0, r)
        return point, claim


MINUS_ONE = negate(ONE)
