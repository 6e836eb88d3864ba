"""Proves the linear relations on columns that are collapsed at the common sample point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.layout import Layout
from zkaudit.linear.verifier import linear_terms, view_values
from zkaudit.linear.window import WindowTables, axis_tables, input_variables, variables
from zkaudit.masking import ProverChannel
from zkaudit.relation import Integers, Linear, Window
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
    output_point = channel.challenges(Label.LINEAR_POINT, sum(map(variables, relation.shape)))
    outputs = axis_tables(output_point, relation.shape)
    _, factor, _ = linear_terms(layout, relation, outputs, inputs)
    if factor is None:
        return
    window = factor.window
    source = view_values(factor.source, {name: collapsed[name] for name in factor.source.columns})
    cells = static[factor.weights][factor.start : factor.start + factor.limbs * window.weights]
    limbs = cells.reshape(factor.limbs, window.filters, window.fan_in)
    kernel = np.asarray(sum(256**limb * part for limb, part in enumerate(limbs)), np.int64)
    weights = WindowTables.of(window, outputs).to_input(kernel, factor.factors)
    channel.send(Label.LINEAR_LEFT, [arrays.dot(source, weights.reshape(5, -1))])
    product = InnerProducts([(_padded(source, window), _padded(weights, window))], input_variables(window))
    bind_together(channel, [product], product.variables)
    channel.send(Label.LINEAR_CLAIMS, [product.value(0, 0), product.value(0, 1)])


def _padded(vector: Array, window: Window) -> Array:
    """Each spatial axis extended by zeros to a power of two, flat; the channels are the slowest and need none."""
    height, width = 1 << variables(window.height), 1 << variables(window.width)
    result = np.zeros((5, window.channels, height, width), np.uint64)
    shape = (5, window.channels, window.height, window.width)
    result[:, :, : window.height, : window.width] = vector.reshape(shape)
    return result.reshape(5, -1)
