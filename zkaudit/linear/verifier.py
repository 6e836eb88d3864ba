"""Reduces each linear relation to claims at the common sample point: the samples collapse into one virtual sample.

Every column is fixed by the witness root before the sample point r_n is drawn, so a wrong layer survives
with probability at most sample_bits / |F|.
Only a product of static weights with a batched column needs a sumcheck, over the inputs of the layer.
Source: docs/protocol.md, "Linear layers"; Thaler 2013 for the matrix product.
"""

from __future__ import annotations

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, negate, scale
from zkaudit.layout import Layout
from zkaudit.masking import VerifierChannel
from zkaudit.opening.claims import BatchedTerm, Claim, OuterTerm, StaticTerm, Term
from zkaudit.relation import Broadcast, Kind, Linear, Mapped, Scaled, Weighted
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label


def reduce_linear(channel: VerifierChannel, layout: Layout, relation: Linear, inputs: Array) -> list[Claim]:
    """The claims of one relation at sample point 0, `inputs` (5, features) being the public column there.

    1. Draw r_o: the relation becomes sum over its terms at (r_o, r_n) = 0.
    2. Without a product of weights and a batched column that is one linear claim.
    3. Otherwise receive the left side L, the sum of all other terms with opposite sign, a claim of its own.
    4. Reduce sum_c in~[c] G[c] = L, G = eq(r_o)^T weights, to in~(q) G~(q): both received, and claims.
    """
    variables = (relation.positions - 1).bit_length()
    output_point = channel.challenges(Label.LINEAR_POINT, variables)
    outputs = arrays.equality_table(output_point, relation.positions)
    constant = scale(arrays.total(outputs), relation.constant)
    terms, factor = linear_terms(layout, relation, outputs, inputs)
    if factor is None:
        value = channel.combine([], negate(constant))
        return [Claim(name=relation.name, value=value, terms=tuple(terms))]
    left = channel.receive(Label.LINEAR_LEFT, 1)[0]
    width = layout.circuit.columns[factor.column].positions
    point, value = reduce_sumcheck(channel, left, (width - 1).bit_length(), 2)
    column, weights = channel.receive(Label.LINEAR_CLAIMS, 2)
    product = channel.multiply(column, weights)
    channel.require_zero(
        f"{relation.name}/product with weights", channel.combine([(ONE, product), (negate(ONE), value)])
    )
    positions = arrays.equality_table(point, width)
    rest = channel.combine([(negate(ONE), left)], negate(constant))
    return [
        Claim(name=f"{relation.name}/left side", value=rest, terms=tuple(terms)),
        Claim(
            name=f"{relation.name}/input",
            value=column,
            terms=(BatchedTerm(sample_point=0, column=factor.column, weights=positions),),
        ),
        Claim(
            name=f"{relation.name}/weights",
            value=weights,
            terms=(OuterTerm(column=factor.weights, start=factor.start, rows=outputs, columns=positions),),
        ),
    ]


def linear_terms(layout: Layout, relation: Linear, outputs: Array, inputs: Array) -> tuple[list[Term], Weighted | None]:
    """The terms of a relation as functionals at (r_o, r_n), `outputs` = eq(r_o); and the factor that is left."""
    result: list[Term] = []
    factor: Weighted | None = None
    for term in relation.terms:
        if isinstance(term, Scaled):
            weights = arrays.scale(outputs, scale(ONE, term.coefficient))
            result.append(BatchedTerm(sample_point=0, column=term.column, weights=weights))
        elif isinstance(term, Mapped):
            weights = arrays.matrix_vector(term.matrix.T, outputs)
            result.append(BatchedTerm(sample_point=0, column=term.column, weights=weights))
        elif isinstance(term, Broadcast):
            # The sum of eq(r_n, n) over all samples, padding included, is one.
            weights = arrays.scale(outputs, scale(ONE, term.coefficient))
            result.append(StaticTerm(column=term.column, start=term.start, weights=weights))
        elif layout.circuit.columns[term.column].kind is Kind.PUBLIC:
            result.append(OuterTerm(column=term.weights, start=term.start, rows=outputs, columns=inputs))
        else:
            factor = term
    return result, factor
