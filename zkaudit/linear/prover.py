"""Proves the linear relations on columns that are collapsed at the common sample point."""

from __future__ import annotations

from collections.abc import Mapping

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.layout import Layout
from zkaudit.linear.verifier import linear_terms
from zkaudit.masking import ProverChannel
from zkaudit.relation import Integers, Linear
from zkaudit.sumcheck.inner import InnerProducts, bind_together
from zkaudit.transcript import Label


def prove_linear(
    channel: ProverChannel,
    layout: Layout,
    relation: Linear,
    inputs: Array,
    collapsed: Mapping[str, Array],
    static: Mapping[str, Integers],
) -> None:
    """The messages of `reduce_linear`: `collapsed` has each batched column at r_n, (5, positions).

    The left side is computed as the product with weights itself, which an honest relation makes equal.
    """
    variables = (relation.positions - 1).bit_length()
    output_point = channel.challenges(Label.LINEAR_POINT, variables)
    outputs = arrays.equality_table(output_point, relation.positions)
    _, factor = linear_terms(layout, relation, outputs, inputs)
    if factor is None:
        return
    column = collapsed[factor.column]
    width = column.shape[1]
    cells = static[factor.weights][factor.start : factor.start + relation.positions * width]
    weights = arrays.matrix_vector(cells.reshape(relation.positions, width).T, outputs)
    channel.send(Label.LINEAR_LEFT, [arrays.dot(column, weights)])
    product = InnerProducts([(column, weights)], (width - 1).bit_length())
    bind_together(channel, [product], product.variables)
    channel.send(Label.LINEAR_CLAIMS, [product.value(0, 0), product.value(0, 1)])
