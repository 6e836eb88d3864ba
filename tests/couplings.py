"""Another witness and the randomness with which it gives the same view: hiding, by construction and at full size.

For fixed challenges the randomness of the prover is uniform, and what is built here is a bijection of it.
So two witnesses have one distribution of views, and no functional that tells them apart is revealed.
Source: docs/zero-knowledge.md, lemmas 1 to 4.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tests.views import opened_columns, tableau_of
from zkaudit import prover
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.opening.prover import WitnessVector, combined_row
from zkaudit.opening.verifier import CombinedRow, RowLayout
from zkaudit.pads.messages import E0, E1, LOW_DEGREE_MASK, MASKS, Q0, Q1, TableauChallenges, TableauLayout
from zkaudit.pads.messages import TableauResponses as Responses
from zkaudit.pads.prover import PadTableau, transform
from zkaudit.pads.verifier import power_table
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import Domain, evaluate_polynomial
from zkaudit.reed_solomon.prover import open_columns

_P = np.uint64(MODULUS)


def solve(matrix: Array, values: Array) -> Array:
    """x with matrix x = values, (t, t) and (t, n) -> (t, n); ValueError where the matrix is singular."""
    size = len(matrix)
    rows = np.concatenate([matrix, values], axis=1).astype(np.uint64)
    for column in range(size):
        places = np.flatnonzero(rows[column:, column])
        if not places.size:
            raise ValueError("the pads do not have full rank at these columns")
        pivot = column + int(places[0])
        rows[[column, pivot]] = rows[[pivot, column]]
        rows[column] = rows[column] * np.uint64(pow(int(rows[column, column]), -1, MODULUS)) % _P
        factors = _P - rows[:, column]
        factors[column] = 0
        rows = (rows + factors[:, None] * rows[column]) % _P
    return rows[:, size:]


def powers(points: Array, count: int) -> Array:
    """Vandermonde's matrix, (points, count)."""
    return np.ascontiguousarray(power_table(points, count).T)


def row_pads(domain: Domain, indices: Sequence[int], missing: Array) -> Array:
    """The pads (rows, t) that add `missing` (t, rows) to the cells of rows at these columns."""
    points = domain.column_points(list(indices))
    vanishing = np.array([pow(int(x), domain.width, MODULUS) - 1 for x in points], np.int64) % MODULUS
    matrix = powers(points, domain.pads) * vanishing.astype(np.uint64)[:, None] % _P
    return np.ascontiguousarray(solve(matrix, missing).T)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OpeningView:
    """Everything in clear of an opening: u and the opened columns, mask row included."""

    row: CombinedRow
    columns: Array


def view_opening(
    rows: RowLayout, vector: WitnessVector, point: list[Element], gamma: Element, indices: Sequence[int]
) -> OpeningView:
    """The real view of committed rows at fixed challenges."""
    sizes = rows.oracle
    domain = Domain(sizes.message, sizes.columns, sizes.pads)
    columns = open_columns(domain, prover._segments(vector), prover._all_pads(vector), indices)
    return OpeningView(row=combined_row(rows, vector, point, gamma), columns=columns.astype(np.uint64))


def couple_opening(
    rows: RowLayout,
    view: OpeningView,
    other: WitnessVector,
    point: list[Element],
    gamma: Element,
    indices: Sequence[int],
) -> WitnessVector:
    """The cells of `other` with pads and a mask under which they look like `view`."""
    sizes = rows.oracle
    domain = Domain(sizes.message, sizes.columns, sizes.pads)
    bare = dataclasses.replace(
        other,
        pads=np.zeros_like(other.pads),
        mask_cells=np.zeros_like(other.mask_cells),
        mask_pads=np.zeros_like(other.mask_pads),
    )
    missing = arrays.subtract(view.columns, view_opening(rows, bare, point, gamma, indices).columns)[:, 5:]
    padded = dataclasses.replace(bare, pads=row_pads(domain, indices, missing).astype(np.uint32))
    unmasked = combined_row(rows, padded, point, gamma)
    return dataclasses.replace(
        padded,
        mask_cells=arrays.subtract(view.row.cells, unmasked.cells),
        mask_pads=arrays.subtract(view.row.pads, unmasked.pads),
    )


def couple_tableau(
    layout: TableauLayout,
    seen: tuple[Responses, Array],
    cells: Array,
    challenges: TableauChallenges,
    weights: Array,
    indices: Sequence[int],
) -> PadTableau:
    """Rows behind the masks with other cells (5, rows, W), and pads and masks under which they look like `seen`.

    `seen` are the responses and the opened columns (t, 5 rows); the combined constraint has to have the same sum.
    """
    responses, opened = seen
    width, pads, degree = layout.oracle.message, layout.oracle.pads, layout.degree
    domain = Domain(width, layout.oracle.columns, pads)
    points = domain.column_points(list(indices))
    cells = cells.copy()
    cells[:, :MASKS] = 0
    bare = tableau_of(layout, cells, np.zeros((5, layout.rows, pads), np.uint64))
    missing = arrays.subtract(opened, opened_columns(bare, indices))[:, 5 * MASKS :]
    own = row_pads(domain, indices, missing).reshape(layout.rows - MASKS, 5, pads)
    bare.paddings[:, MASKS:] = own.transpose(1, 0, 2)
    unmasked = bare.respond(challenges, weights)
    by_row = opened.T.reshape(layout.rows, 5, -1)
    for low, high, shift, rest in (
        (E0, E1, width, arrays.subtract(responses.linear, unmasked.linear)),
        (Q0, Q1, pads, arrays.subtract(responses.quadratic, unmasked.quadratic)),
    ):
        second = uniform_elements(degree)
        # The part of the response beyond a row's degree fixes the upper coefficients of the second mask.
        second[:, degree - shift :] = rest[:, degree : degree + shift]
        # The lowest t of the others give the opened cells; what is left of them is free.
        second[:, :pads] = 0
        wanted = arrays.subtract(by_row[high], evaluate_polynomial(second, points))
        second[:, :pads] = solve(powers(points, pads), np.ascontiguousarray(wanted.T)).T
        first = rest[:, :degree].copy()
        first[:, shift:] = arrays.subtract(first[:, shift:], second[:, : degree - shift])
        for row, coefficients in ((low, first), (high, second)):
            bare.paddings[:, row] = coefficients[:, width:]
            values = coefficients[:, :width].copy()
            values[:, :pads] = arrays.add(values[:, :pads], bare.paddings[:, row])
            bare.cells[:, row] = transform(values, width)
    mask = arrays.subtract(responses.low_degree, bare.respond(challenges, weights).low_degree)
    bare.paddings[:, LOW_DEGREE_MASK] = mask[:, width:]
    mask[:, :pads] = arrays.add(mask[:, :pads], mask[:, width:])
    bare.cells[:, LOW_DEGREE_MASK] = transform(mask[:, :width], width)
    return bare
