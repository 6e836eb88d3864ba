"""Batches all linear claims into one evaluation of the witness, and checks the opening of that evaluation.

Source: docs/protocol.md, "Batching" and "Opening"; Ligero (Ames, Hazay, Ishai, Venkitasubramaniam 2017) with a tensor
combination of rows, masked and scaled by a challenge of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element, negate, subtract
from zkaudit.layout import Layout
from zkaudit.masking import Affine, VerifierChannel
from zkaudit.opening.claims import Claims
from zkaudit.reed_solomon.domain import Domain
from zkaudit.soundness import OracleParameters
from zkaudit.sumcheck.verifier import reduce_sumcheck
from zkaudit.transcript import Label

MASK_ROWS = 5
"""The mask row over F, coefficient by coefficient, stands before all other rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationClaim:
    """The witness has `value` at `point` and the mask row has `mask` there; neither is authenticated."""

    point: list[Element]
    value: Affine
    mask: Affine


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedRow:
    """The response u = mask + gamma sum_i eq_i row_i in clear: message cells (5, W) and pads (5, t)."""

    cells: Array
    pads: Array

    def to_bytes(self) -> bytes:
        """Cells, then pads, twenty bytes an element."""
        return arrays.elements_to_bytes(self.cells) + arrays.elements_to_bytes(self.pads)


@dataclass(frozen=True, slots=True)
class RowLayout:
    """The rows of the witness oracle: the mask, then the batched and the static region, W cells a row."""

    layout: Layout
    oracle: OracleParameters

    @property
    def column_variables(self) -> int:
        """log2 of the cells of a row."""
        return self.oracle.message.bit_length() - 1

    @property
    def row_variables(self) -> int:
        """log2 of the row index space, the region included."""
        return self.layout.address_variables - self.column_variables

    @property
    def batched_rows(self) -> int:
        """Rows of the batched region."""
        return -(-self.layout.batched_cells // self.oracle.message)

    @property
    def static_rows(self) -> int:
        """Rows of the static region."""
        return -(-self.layout.static_cells // self.oracle.message)

    @property
    def rows(self) -> int:
        """All rows over K."""
        return MASK_ROWS + self.batched_rows + self.static_rows

    def row_weights(self, point: list[Element]) -> Array:
        """eq of an address at each row but the mask, (5, rows - 5)."""
        region, rows = point[0], point[1 + self.column_variables :]
        batched = arrays.scale(arrays.equality_table(rows, self.batched_rows), subtract(ONE, region))
        static = arrays.scale(arrays.equality_table(rows, self.static_rows), region)
        return np.concatenate([batched, static], axis=1)

    def column_weights(self, point: list[Element]) -> Array:
        """eq of an address at each cell of a row, (5, W)."""
        return arrays.equality_table(point[1 : 1 + self.column_variables])


def reduce_claims(
    channel: VerifierChannel, claims: Claims, rows: RowLayout, weight: Element | None = None
) -> EvaluationClaim:
    """One evaluation of the witness instead of all claims.

    1. Combine the claims with random coefficients; reduce sum over cells of weight * cell to a point.
    2. Receive the witness' value v and the mask's value g there, both before gamma.
    3. The weights' extension, which is public, times v is the reduced value.

    `weight` spares the prover, who has computed it, the weights' extension.
    """
    coefficients = channel.challenges(Label.BATCH_COMBINATION, len(claims.items))
    combined = channel.combine([(c, claim.value) for c, claim in zip(coefficients, claims.items, strict=True)])
    point, value = reduce_sumcheck(channel, combined, rows.layout.address_variables, 2)
    witness, mask = channel.receive(Label.OPENING_VALUE, 2)
    if weight is None:
        weight = claims.weight_at(coefficients, point)
    channel.require_zero("batching", channel.combine([(weight, witness), (negate(ONE), value)]))
    return EvaluationClaim(point=point, value=witness, mask=mask)


def reduce_opening(channel: VerifierChannel, rows: RowLayout, claim: EvaluationClaim, row: CombinedRow) -> Element:
    """gamma, with the constraint <u, eq_low> = g + gamma v; u itself is not authenticated."""
    gamma = channel.challenge(Label.OPENING_GAMMA)
    channel.transcript.absorb(Label.OPENING_ROW, row.to_bytes())
    product = arrays.dot(row.cells, rows.column_weights(claim.point))
    channel.require_zero("opening/value", channel.combine([(ONE, claim.mask), (gamma, claim.value)], negate(product)))
    return gamma


def verify_columns(
    rows: RowLayout, point: list[Element], gamma: Element, row: CombinedRow, indices: list[int], cells: Array
) -> None:
    """u encodes to mask + gamma sum_i eq_i row_i at every opened column, cells (t, rows) being authenticated.

    Raises Rejected(WITNESS_OPENING) with the first column at which it does not.
    """
    oracle = rows.oracle
    domain = Domain(oracle.message, oracle.columns, oracle.pads)
    encoded = domain.evaluate_row(row.cells, row.pads, indices)
    mask = np.ascontiguousarray(cells[:, :MASK_ROWS].T)
    combined = np.ascontiguousarray(
        arrays.matrix_product(cells[:, MASK_ROWS:], np.ascontiguousarray(rows.row_weights(point).T)).T
    )
    expected = arrays.add(mask, arrays.scale(combined, gamma))
    wrong = np.flatnonzero((encoded != expected).any(axis=0))
    if wrong.size:
        raise Rejected(Reason.WITNESS_OPENING, f"witness column {indices[int(wrong[0])]}")
