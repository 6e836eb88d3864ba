"""Reduces all product relations left * right + rest = 0 to linear claims, by one zero-check.

The relations are stacked on one axis of positions, so there is one sumcheck and one product, whatever their number:
sum over x of eq(rho, x) (A B + C)(x) = 0 for a random rho, with A, B, C the stacked combinations, zero beyond them.
Source: docs/protocol.md, "Products".
"""

from __future__ import annotations

from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, equality, negate, scale
from zkaudit.layout import Layout
from zkaudit.masking import Affine, VerifierChannel, known
from zkaudit.opening.claims import BatchedTerm, Claim, Term, read_weights
from zkaudit.relation import Combination
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label


def reduce_products(channel: VerifierChannel, layout: Layout, sample_point: int) -> tuple[list[Element], list[Claim]]:
    """The sample point at which the claims on A, B and C stand, and these claims.

    1. Draw rho; reduce the sum zero to a value at a random point z.
    2. Receive A~(z), B~(z) and C~(z) if any relation has a rest: eq(rho, z) (A~ B~ + C~) is that value.
    3. Each is a linear claim on the columns at the sample part of z.
    """
    rho = channel.challenges(Label.PRODUCT_POINT, layout.product_variables)
    point, value = reduce_sumcheck(channel, known(ZERO), layout.product_variables, 3)
    factors = channel.receive(Label.PRODUCT_CLAIMS, 3 if layout.has_rest else 2)
    weight = equality(rho, point)
    terms = [(weight, channel.multiply(factors[0], factors[1])), (negate(ONE), value)]
    if layout.has_rest:
        terms.append((weight, factors[2]))
    channel.require_zero("products/zero-check", channel.combine(terms))
    bits = layout.circuit.sample_bits
    products = layout.circuit.products
    sides = [[p.left for p in products], [p.right for p in products], [p.rest for p in products]]
    claims = [
        _stacked_claim(channel, layout, name, side, factor, point[bits:], sample_point)
        for name, side, factor in zip(("left", "right", "rest"), sides, factors, strict=False)
    ]
    return point[:bits], claims


def _stacked_claim(
    channel: VerifierChannel,
    layout: Layout,
    name: str,
    combinations: list[Combination],
    value: Affine,
    point: list[Element],
    sample_point: int,
) -> Claim:
    """sum over relations and positions of eq(point, stacked position) * combination = value."""
    terms: list[Term] = []
    constant = ZERO
    for index, combination in enumerate(combinations):
        first, end = layout.product_positions[index : index + 2]
        weights = arrays.equality_range(point, first, end - first)
        if combination.constant:
            constant = add(constant, scale(arrays.total(weights), combination.constant))
        for read in combination.terms:
            spread = read_weights(layout, read, arrays.scale(weights, scale(ONE, read.coefficient)))
            terms.append(BatchedTerm(sample_point=sample_point, column=read.column, weights=spread))
    return Claim(name=f"products/{name}", value=channel.combine([(ONE, value)], negate(constant)), terms=tuple(terms))
