"""Reduces all functionals, by one sumcheck over the columns that they read, to one claim on these columns.

A functional is sum_x weights(x) cells(x) + static part + constant = 0.
The static part is a linear claim; the sum over batched cells is sent under a pad where it is not public.
Source: docs/protocol.md, "Functionals".
"""

from __future__ import annotations

from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply, negate
from zkaudit.layout import Layout
from zkaudit.masking import Affine, VerifierChannel, known
from zkaudit.opening.claims import BatchedTerm, Claim, StaticTerm, Term
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label


def reduce_functionals(
    channel: VerifierChannel, layout: Layout, sample_point: int
) -> tuple[list[Element], list[Claim]]:
    """The sample point at which the claim on the columns stands, and all claims.

    1. Receive the batched sum of each functional that has both parts; without batched cells it is zero.
       It completes the claim on the static part.
    2. Combine the sums with random coefficients kappa; reduce to a value at a random point z.
    3. Receive the cells' extension at z: its product with the weights' extension, which is public, is that value.
    """
    functionals = layout.circuit.functionals
    sums: list[Affine] = []
    claims: list[Claim] = []
    for functional in functionals:
        if functional.static:
            total = channel.receive(Label.FUNCTIONAL_SUM, 1)[0] if functional.batched else known(ZERO)
            terms: list[Term] = [
                StaticTerm(column=column, start=start, weights=arrays.from_elements([embed(c) for c in coefficients]))
                for column, start, coefficients in functional.static
            ]
            value = channel.combine([(negate(ONE), total)], embed(-functional.constant))
            claims.append(Claim(name=f"{functional.name}/static part", value=value, terms=tuple(terms)))
            sums.append(total)
        else:
            sums.append(known(embed(-functional.constant)))
    kappas = channel.challenges(Label.FUNCTIONAL_COMBINATION, len(functionals))
    combined = channel.combine(list(zip(kappas, sums, strict=True)))
    point, value = reduce_sumcheck(channel, combined, layout.functional_variables, 2)
    cells = channel.receive(Label.FUNCTIONAL_CLAIM, 1)[0]
    weight = functional_weight(layout, kappas, point)
    channel.require_zero("functionals/sum", channel.combine([(weight, cells), (negate(ONE), value)]))
    bits = layout.circuit.sample_bits
    columns: list[Term] = [
        BatchedTerm(
            sample_point=sample_point,
            column=column,
            weights=arrays.equality_range(point[bits:], first, layout.circuit.columns[column].positions),
        )
        for column, first in layout.functional_positions.items()
    ]
    claims.append(Claim(name="functionals/cells", value=cells, terms=tuple(columns)))
    return point[:bits], claims


def functional_weight(layout: Layout, kappas: list[Element], point: list[Element]) -> Element:
    """The extension at a point of sum_f kappa_f weights_f over the stacked columns.

    Cost: one product with an element of K a chosen cell.
    """
    bits = layout.circuit.sample_bits
    samples = arrays.equality_table(point[:bits])
    positions = {
        column: arrays.equality_range(point[bits:], first, layout.circuit.columns[column].positions)
        for column, first in layout.functional_positions.items()
    }
    result = ZERO
    for kappa, functional in zip(kappas, layout.circuit.functionals, strict=True):
        for cells in functional.batched:
            weighted = arrays.scale_base(samples[:, cells.samples], arrays.residues(cells.weights))
            weights = positions[cells.column]
            by_position = arrays.scatter(weighted, cells.positions, weights.shape[1])
            result = add(result, multiply(kappa, arrays.dot(by_position, weights)))
    return result
