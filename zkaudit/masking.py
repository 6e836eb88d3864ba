"""The padded transcript: messages minus one-time pads, and the verifier's arithmetic on what they hide.

Every element that the prover would send is sent minus a committed pad, so a received value is known + pad.
The verifier computes on such affine expressions in the pads; each equality it wants is a linear constraint on pads.
A product of two fresh messages takes one committed product pad.
Expressions are kept as a tape, and constraints are evaluated backwards over it, linear in its length.
Source: docs/protocol.md, "Padded transcript".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zkaudit.errors import Reason, Rejected
from zkaudit.field.extension import ONE, ZERO, Element, add, multiply, subtract, to_bytes
from zkaudit.transcript import Label, Transcript


class Plan:
    """How many elements the prover sends under pads, and which pairs of them are multiplied."""

    def __init__(self) -> None:
        self.elements = 0
        self.products: list[tuple[int, int]] = []

    def message(self, count: int) -> int:
        """A message of `count` elements; the index of its first."""
        self.elements += count
        return self.elements - count

    def rounds(self, count: int, degree: int) -> None:
        """The round polynomials of a sumcheck."""
        self.message(count * degree)

    def product(self, left: int, right: int) -> None:
        """A product of two sent elements."""
        self.products.append((left, right))

    def copy(self) -> Plan:
        """An independent plan with the same entries."""
        twin = Plan()
        twin.elements = self.elements
        twin.products = list(self.products)
        return twin


@dataclass(frozen=True, slots=True)
class Affine:
    """constant + the linear form in the pads that a node of the tape stands for; node None is no form."""

    constant: Element
    node: int | None


def known(value: Element) -> Affine:
    """A public value."""
    return Affine(value, None)


class Tape:
    """Linear forms in pads: the first nodes are the pads and the product pads, each later one sums earlier ones."""

    def __init__(self, plan: Plan) -> None:
        self.leaves = plan.elements + len(plan.products)
        self._nodes: list[list[tuple[int, Element]]] = []
        self.constraints: list[Affine] = []
        """Linear forms in pads plus a constant, each of which has to be zero."""

    def combine(self, terms: Sequence[tuple[Element, Affine]], constant: Element = ZERO) -> Affine:
        """constant + sum of factor * expression."""
        parts: list[tuple[int, Element]] = []
        for factor, expression in terms:
            constant = add(constant, multiply(factor, expression.constant))
            if expression.node is not None:
                parts.append((expression.node, factor))
        if not parts:
            return known(constant)
        self._nodes.append(parts)
        return Affine(constant, self.leaves + len(self._nodes) - 1)

    def require_zero(self, name: str, expression: Affine) -> None:
        """Add a constraint; one without pads has to hold at once, or is refused by its name."""
        if expression.node is None and expression.constant != ZERO:
            raise Rejected(Reason.PAD_LINEAR, name, expected="zero", actual="another value")
        self.constraints.append(expression)

    def gradient(self, coefficients: Sequence[Element]) -> tuple[list[Element], Element]:
        """The combination of all constraints: a coefficient for each leaf, and the constant."""
        adjoints = [ZERO] * (self.leaves + len(self._nodes))
        constant = ZERO
        for coefficient, form in zip(coefficients, self.constraints, strict=True):
            constant = add(constant, multiply(coefficient, form.constant))
            if form.node is not None:
                adjoints[form.node] = add(adjoints[form.node], coefficient)
        for index in range(len(self._nodes) - 1, -1, -1):
            adjoint = adjoints[self.leaves + index]
            if adjoint != ZERO:
                for node, factor in self._nodes[index]:
                    adjoints[node] = add(adjoints[node], multiply(adjoint, factor))
        return adjoints[: self.leaves], constant


class ProverChannel:
    """The prover's end: subtracts pads, absorbs what is sent and draws the challenges."""

    def __init__(self, transcript: Transcript, pads: Sequence[Element]) -> None:
        self.transcript = transcript
        self.sent: list[Element] = []
        self._pads = pads

    def send(self, label: Label, values: Sequence[Element]) -> None:
        """A message; IndexError beyond the planned number of pads."""
        first = len(self.sent)
        masked = [subtract(value, self._pads[first + i]) for i, value in enumerate(values)]
        self.sent += masked
        self.transcript.absorb(label, b"".join(map(to_bytes, masked)))

    def challenge(self, label: Label) -> Element:
        """One uniform element of F."""
        return self.transcript.challenge(label)

    def challenges(self, label: Label, count: int) -> list[Element]:
        """`count` uniform elements of F."""
        return self.transcript.challenges(label, count)


class VerifierChannel:
    """The verifier's end: reads messages in the planned order as expressions in their pads."""

    def __init__(self, transcript: Transcript, messages: Sequence[Element], plan: Plan, *, hidden: bool = True) -> None:
        if len(messages) != plan.elements:
            raise Rejected(
                Reason.WRONG_LENGTH, "messages", expected=f"{plan.elements} elements", actual=f"{len(messages)}"
            )
        self.transcript = transcript
        self.tape = Tape(plan)
        self._messages = messages
        self._plan = plan
        self._hidden = hidden
        self._received = 0
        self._multiplied = 0

    def receive(self, label: Label, count: int) -> list[Affine]:
        """The next message, absorbed."""
        first = self._received
        self._received += count
        if self._received > len(self._messages):
            raise RuntimeError(f"the plan has no {label.value} here")
        values = self._messages[first : self._received]
        self.transcript.absorb(label, b"".join(map(to_bytes, values)))
        return [Affine(value, first + i if self._hidden else None) for i, value in enumerate(values)]

    def challenge(self, label: Label) -> Element:
        """One uniform element of F."""
        return self.transcript.challenge(label)

    def challenges(self, label: Label, count: int) -> list[Element]:
        """`count` uniform elements of F."""
        return self.transcript.challenges(label, count)

    def multiply(self, left: Affine, right: Affine) -> Affine:
        """The product of two received elements: (a + x)(b + y) = ab + a y + b x + xy, with xy a product pad."""
        pair = self._plan.products[self._multiplied]
        product = Affine(ZERO, self._plan.elements + self._multiplied if self._hidden else None)
        self._multiplied += 1
        if self._hidden and pair != (left.node, right.node):
            raise RuntimeError(f"the plan multiplies {pair} here")
        a, b = left.constant, right.constant
        x, y = Affine(ZERO, left.node), Affine(ZERO, right.node)
        return self.tape.combine([(a, y), (b, x), (ONE, product)], multiply(a, b))

    def combine(self, terms: Sequence[tuple[Element, Affine]], constant: Element = ZERO) -> Affine:
        """constant + sum of factor * expression."""
        return self.tape.combine(terms, constant)

    def require_zero(self, name: str, expression: Affine) -> None:
        """Add a constraint."""
        self.tape.require_zero(name, expression)

    def finish(self) -> None:
        """All planned messages and products were used."""
        if self._received != self._plan.elements or self._multiplied != len(self._plan.products):
            raise RuntimeError("the plan has messages that were never read")
