"""Verifies the pad tableau: low degree, the linear constraints, and the products, at one set of columns.

Source: docs/protocol.md, "Pad tableau"; Ligero's three tests with masks split into rows of low degree.
"""

from __future__ import annotations

import numpy as np

from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.masking import Tape
from zkaudit.pads.messages import E0, E1, LOW_DEGREE_MASK, MASKS, Q0, Q1, TableauChallenges, TableauLayout
from zkaudit.pads.messages import TableauResponses as Responses
from zkaudit.reed_solomon.domain import Domain, interpolate
from zkaudit.transcript import Label, Transcript


def draw_challenges(transcript: Transcript, layout: TableauLayout, tape: Tape) -> TableauChallenges:
    """The coefficients of the three tests, all uniform, after every message of the proof before them."""
    return TableauChallenges(
        low_degree=transcript.challenges(Label.PAD_LOW_DEGREE, layout.rows - 1),
        linear=transcript.challenges(Label.PAD_LINEAR, layout.linear_coefficients(tape)),
        quadratic=transcript.challenges(Label.PAD_QUADRATIC, layout.product_rows),
    )


def verify_tableau(
    layout: TableauLayout,
    tape: Tape,
    challenges: TableauChallenges,
    responses: Responses,
    indices: list[int],
    columns: Array,
) -> None:
    """The three tests at the opened columns (t, 5 rows), which are authenticated.

    1. The linear response sums to the target over the message subgroup.
    2. Low degree: response = mask + sum of coefficient * row.
    3. Linear: response = E0 + x^W E1 + sum of constraint polynomial * row.
    4. Quadratic: sum of coefficient (X Y - Z) = (response - Q0 - x^t Q1)(x^W - 1).

    Raises Rejected with the test and the column.
    """
    width, pads = layout.oracle.message, layout.oracle.pads
    weights, target = layout.combine_constraints(tape, challenges.linear)
    if _subgroup_sum(responses.linear, width) != target:
        raise Rejected(Reason.PAD_LINEAR, "sum of the linear response")
    points = Domain(width, layout.oracle.columns, pads).column_points(indices)
    powers = power_table(points, layout.linear_length)
    rows = np.ascontiguousarray(columns.T).reshape(layout.rows, 5, -1).transpose(1, 0, 2)  # (5, rows, t)
    shift_w, shift_t = powers[width], powers[pads]

    low_degree = combine_rows(rows[:, 1:], challenges.low_degree)
    low_degree = arrays.add(low_degree, rows[:, LOW_DEGREE_MASK])
    _require_equal(_evaluate(responses.low_degree, powers), low_degree, Reason.PAD_LOW_DEGREE, indices)

    polynomials = interpolate(weights)
    values = arrays.matrix_product(polynomials.reshape(-1, width), powers[:width])
    products = arrays.multiply(values.reshape(5, layout.rows - MASKS, -1), rows[:, MASKS:])
    linear = arrays.add(rows[:, E0], arrays.scale_base(rows[:, E1], shift_w))
    linear = arrays.add(linear, products.sum(axis=1, dtype=np.uint64))
    _require_equal(_evaluate(responses.linear, powers), linear, Reason.PAD_LINEAR, indices)

    x, y, z = (rows[:, first : first + layout.product_rows] for first in (layout.x_row, layout.y_row, layout.z_row))
    differences = combine_rows(arrays.subtract(arrays.multiply(x, y), z), challenges.quadratic)
    mask = arrays.add(rows[:, Q0], arrays.scale_base(rows[:, Q1], shift_t))
    quotient = arrays.subtract(_evaluate(responses.quadratic, powers), mask)
    vanishing = (shift_w + np.uint64(MODULUS - 1)) % np.uint64(MODULUS)
    _require_equal(arrays.scale_base(quotient, vanishing), differences, Reason.PAD_QUADRATIC, indices)


def power_table(points: Array, length: int) -> Array:
    """x^i for i < length, (length, points)."""
    result = np.ones((length, len(points)), np.uint64)
    for i in range(1, length):
        result[i] = result[i - 1] * points % np.uint64(MODULUS)
    return result


def combine_rows(rows: Array, coefficients: list[Element]) -> Array:
    """sum_i coefficient_i row_i, (5, rows, n) -> (5, n)."""
    factors = arrays.from_elements(coefficients)[:, :, None]
    products = arrays.multiply(rows, factors)
    return np.asarray(products.sum(axis=1, dtype=np.uint64) % np.uint64(MODULUS), np.uint64)


def _subgroup_sum(coefficients: Array, width: int) -> Element:
    """The sum of a polynomial over the subgroup of order W: W times its coefficients at multiples of W."""
    total = coefficients[:, ::width].sum(axis=1, dtype=np.uint64) % np.uint64(MODULUS)
    return arrays.element(total * np.uint64(width) % np.uint64(MODULUS))


def _evaluate(coefficients: Array, powers: Array) -> Array:
    """A polynomial (5, n) at the points of a power table, (5, points)."""
    return arrays.matrix_product(coefficients, powers[: coefficients.shape[1]])


def _require_equal(actual: Array, expected: Array, reason: Reason, indices: list[int]) -> None:
    wrong = np.flatnonzero((actual != expected).any(axis=0))
    if wrong.size:
        raise Rejected(reason, f"pad column {indices[int(wrong[0])]}")
