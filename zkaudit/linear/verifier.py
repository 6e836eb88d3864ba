"""Reduces each linear relation to claims at the common sample point: the samples collapse into one virtual sample.

Every column is fixed by the witness root before the sample point r_n is drawn, so a wrong layer survives
with probability at most sample_bits / |F|.
Only a product of static weights with batched columns needs a sumcheck, over the inputs of the layer.
Source: docs/protocol.md, "Linear layers"; Thaler 2013 for the matrix product.
"""

from __future__ import annotations

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element, add, negate, scale
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.linear.window import WindowTables, axis_tables, input_variables, variables
from zkaudit.masking import VerifierChannel
from zkaudit.opening.claims import BatchedTerm, Claim, OuterTerm, StaticTerm, Term
from zkaudit.relation import Broadcast, Kind, Linear, Mapped, Scaled, SuffixSum, View, Weighted
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label


def reduce_linear(channel: VerifierChannel, layout: Layout, relation: Linear, inputs: Array) -> list[Claim]:
    """The claims of one relation at sample point 0, `inputs` (5, features) being the public column there.

    1. Draw r_o: the relation becomes sum over its terms at (r_o, r_n) = 0.
    2. Without a product of weights and a batched column that is one linear claim.
    3. Otherwise receive the left side L, the sum of all other terms with opposite sign, a claim of its own.
    4. Reduce sum of in~[c, h, w] G[c, h, w] = L to in~(q) G~(q): both received, and claims.
    """
    output_point = channel.challenges(Label.LINEAR_POINT, sum(map(variables, relation.shape)))
    outputs = axis_tables(output_point, relation.shape)
    terms, factor, constant = linear_terms(layout, relation, outputs, inputs)
    if factor is None:
        value = channel.combine([], negate(constant))
        return [Claim(name=relation.name, value=value, terms=tuple(terms))]
    left = channel.receive(Label.LINEAR_LEFT, 1)[0]
    window = factor.window
    point, value = reduce_sumcheck(channel, left, input_variables(window), 2)
    column, weights = channel.receive(Label.LINEAR_CLAIMS, 2)
    product = channel.multiply(column, weights)
    channel.require_zero(
        f"{relation.name}/product with weights", channel.combine([(ONE, product), (negate(ONE), value)])
    )
    axes = axis_tables(point, (window.channels, window.height, window.width))
    tables = WindowTables.of(window, outputs)
    rest = channel.combine([(negate(ONE), left)], negate(constant))
    outer = outer_terms(factor, tables.grouped_filters(factor.factors), tables.at(axes))
    return [
        Claim(name=f"{relation.name}/left side", value=rest, terms=tuple(terms)),
        Claim(
            name=f"{relation.name}/input",
            value=column,
            terms=view_terms(layout, factor.source, arrays.kronecker(axes), 0),
        ),
        Claim(name=f"{relation.name}/weights", value=weights, terms=outer),
    ]


def linear_terms(
    layout: Layout, relation: Linear, outputs: list[Array], inputs: Array
) -> tuple[list[Term], Weighted | None, Element]:
    """The terms of a relation as functionals at (r_o, r_n), `outputs` its axis tables.

    The product with weights is left as it is, and what is public is summed up.
    """
    result: list[Term] = []
    factor: Weighted | None = None
    flat = arrays.kronecker(outputs)
    constant = scale(arrays.total(flat), relation.constant)
    for term in relation.terms:
        if isinstance(term, Scaled):
            weights = arrays.scale(flat, scale(ONE, term.coefficient))
            result.append(BatchedTerm(sample_point=0, column=term.column, weights=weights))
        elif isinstance(term, Mapped):
            values = arrays.scale_base(flat[:, term.rows], arrays.residues(term.values))
            column = layout.circuit.columns[term.column]
            weights = arrays.scatter(values, term.columns, column.positions)
            if column.kind is Kind.PUBLIC:
                constant = add(constant, arrays.dot(weights, inputs))
            else:
                result.append(BatchedTerm(sample_point=0, column=term.column, weights=weights))
        elif isinstance(term, SuffixSum):
            before = arrays.reduce(np.cumsum(flat, axis=1, dtype=np.uint64))
            weights = np.concatenate([np.zeros((5, 1), np.uint64), before[:, :-1]], axis=1)
            weights = arrays.scale_base(weights, np.array(term.coefficient % MODULUS, np.uint64))
            result.append(BatchedTerm(sample_point=0, column=term.column, weights=weights))
        elif isinstance(term, Broadcast):
            result.append(StaticTerm(column=term.column, start=term.start, weights=_broadcast(term, flat)))
        elif layout.reads_public(term.source):
            tables = WindowTables.of(term.window, outputs)
            rows = tables.grouped_filters(term.factors)
            columns = tables.from_input(view_values(term.source, {name: inputs for name in term.source.columns}))
            result += outer_terms(term, rows, columns)
        else:
            factor = term
    return result, factor, constant


def outer_terms(term: Weighted, rows: Array, columns: Array) -> tuple[Term, ...]:
    """The functional sum over g, o, i of rows[g, o] columns[g, i] weight[g, o, i], limb by limb."""
    return tuple(
        OuterTerm(
            column=term.weights,
            start=term.start + limb * term.window.weights,
            rows=arrays.scale(rows, scale(ONE, 256**limb)) if limb else rows,
            columns=columns,
        )
        for limb in range(term.limbs)
    )


def view_values(view: View, columns: dict[str, Array]) -> Array:
    """The elements of a view, given its columns as F-vectors, (5, size)."""
    result = np.zeros((5, view.size), np.uint64)
    for name, gather in view.parts():
        result[:, gather.targets] = columns[name][:, gather.sources]
    return result


def view_terms(layout: Layout, view: View, weights: Array, sample_point: int) -> tuple[Term, ...]:
    """The functional sum_k weights_k element_k of a view's elements, (5, size)."""
    return tuple(
        BatchedTerm(
            sample_point=sample_point,
            column=name,
            weights=arrays.scatter(weights[:, gather.targets], gather.sources, layout.circuit.columns[name].positions),
        )
        for name, gather in view.parts()
    )


def _broadcast(term: Broadcast, outputs: Array) -> Array:
    """Weights of the static cells; the sum of eq(r_n, n) over all samples, padding included, is one."""
    weights = outputs.reshape(5, term.cells, term.repeat).sum(axis=2, dtype=np.uint64)
    weights = arrays.scale(arrays.reduce(weights), scale(ONE, term.coefficient))
    if term.factors:
        weights = arrays.scale_base(weights, arrays.residues(np.array(term.factors, np.int64)))
    return weights
