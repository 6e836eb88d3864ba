"""Proves the batching sumcheck without an array of weights over cells, and computes the combined row.

Weights on batched cells are position weights times eq(sample point, sample), so while position variables are bound
the samples are collapsed, once per sample point; then the positions are combined and the sample variables follow.
Static cells are a region of their own and take part with plain weights.
Source: docs/protocol.md, "Batching".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element, add, multiply, subtract
from zkaudit.masking import ProverChannel
from zkaudit.opening.claims import Claims
from zkaudit.opening.kernels import combine_rows
from zkaudit.opening.static import static_weights
from zkaudit.opening.verifier import CombinedRow, RowLayout
from zkaudit.sumcheck.inner import InnerProducts, bind_together
from zkaudit.transcript import Label

Cells = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessVector:
    """The committed cells: batched (rows * W,) and static (rows * W,) canonical, zero behind the last column.

    `mask_cells` (5, W) and `mask_pads` (5, t) are the mask row, `pads` (rows - 5, t) the pads of all others.
    """

    batched: Cells = field(repr=False)
    static: Cells = field(repr=False)
    pads: Cells = field(repr=False)
    mask_cells: Array = field(repr=False)
    mask_pads: Array = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Where the batching ended: the point, and the weights' extension there."""

    point: list[Element]
    weight: Element


def prove_batching(
    channel: ProverChannel,
    claims: Claims,
    rows: RowLayout,
    witness: WitnessVector,
    collapse: Callable[[int], Array],
) -> Evaluation:
    """The messages of `reduce_claims`; `collapse(i)` gives all positions at sample point i, (5, positions)."""
    layout = claims.layout
    bits = layout.circuit.sample_bits
    coefficients = channel.challenges(Label.BATCH_COMBINATION, len(claims.items))
    position_weights = claims.position_weights(coefficients)
    static = (static_weights(claims, coefficients), witness.static[: layout.static_cells])
    pairs = [(weights, collapse(index)) for index, weights in enumerate(position_weights)]
    # Position variables: the collapsed arrays and the static region share every challenge.
    collapsed = InnerProducts(pairs, layout.place_variables - bits)
    region = InnerProducts([], layout.place_variables, [static])
    top = bind_together(channel, [collapsed, region], collapsed.variables)
    sample_weights = np.zeros((5, 1 << bits), np.uint64)
    for index, sample_point in enumerate(claims.sample_points):
        factor = collapsed.value(index, 0)
        sample_weights = arrays.add(sample_weights, arrays.scale(arrays.equality_table(sample_point), factor))
    cells = witness.batched[: layout.batched_cells]
    combined = combine_rows(cells, 1 << bits, arrays.equality_table(top, layout.position_count))
    samples = InnerProducts([(sample_weights, combined), *region.pairs], bits)
    place = bind_together(channel, [samples], bits) + top
    weights = (samples.value(0, 0), samples.value(1, 0))
    values = (samples.value(0, 1), samples.value(1, 1))
    last, weight, value = _bind_region(channel, weights, values)
    point = [last, *place]
    mask = arrays.dot(witness.mask_cells, rows.column_weights(point))
    channel.send(Label.OPENING_VALUE, [value, mask])
    return Evaluation(point=point, weight=weight)


def _bind_region(
    channel: ProverChannel, weights: tuple[Element, Element], values: tuple[Element, Element]
) -> tuple[Element, Element, Element]:
    """The last round: (w0 + X (w1 - w0)) (v0 + X (v1 - v0)); the challenge, and weight and value there."""
    weight_step, value_step = subtract(weights[1], weights[0]), subtract(values[1], values[0])
    channel.send(Label.ROUND, [multiply(weights[0], values[0]), multiply(weight_step, value_step)])
    r = channel.challenge(Label.ROUND_POINT)
    return r, add(weights[0], multiply(r, weight_step)), add(values[0], multiply(r, value_step))


def combined_row(rows: RowLayout, witness: WitnessVector, point: list[Element], gamma: Element) -> CombinedRow:
    """u = mask + gamma sum_i eq_i row_i, cells and pads alike."""
    weights = rows.row_weights(point)
    width = rows.oracle.message
    split = rows.batched_rows
    cells = arrays.add(
        combine_rows(witness.batched, width, weights[:, :split]),
        combine_rows(witness.static, width, weights[:, split:]),
    )
    pads = combine_rows(witness.pads.reshape(-1), rows.oracle.pads, weights)
    return CombinedRow(
        cells=arrays.add(witness.mask_cells, arrays.scale(cells, gamma)),
        pads=arrays.add(witness.mask_pads, arrays.scale(pads, gamma)),
    )
