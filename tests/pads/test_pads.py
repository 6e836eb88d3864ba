"""The pad tableau: honest answers pass, and every changed part fails its own test."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.views import opened_columns, random_element, random_elements, toy_tableau
from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, evaluate, multiply, negate
from zkaudit.field.koalabear import MODULUS, bit_reverse, root_of_unity
from zkaudit.masking import Affine, Tape
from zkaudit.pads.messages import E0, E1, LOW_DEGREE_MASK, MASKS, Q0, Q1, TableauLayout, TableauResponses
from zkaudit.pads.prover import PadTableau, divide_by_vanishing, transform
from zkaudit.pads.verifier import draw_challenges, power_table, verify_tableau
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import interpolate
from zkaudit.transcript import Label, Transcript

LAYOUTS: dict[str, TableauLayout] = {
    "one product": toy_tableau(),
    "no products": toy_tableau(products=()),
    "rows that are not full": toy_tableau(elements=19, products=[(i, (7 * i + 2) % 19) for i in range(11)]),
    "full rows": toy_tableau(elements=16, products=[(i, 15 - i) for i in range(8)]),
    "as many pads as cells": toy_tableau(width=4, pads=4, elements=5, products=[(4, 0)]),
}


def columns_for(layout: TableauLayout) -> list[int]:
    return [0, 17, 18, 63][-layout.oracle.pads :]


def true_tape(layout: TableauLayout, tableau: PadTableau, constraints: int = 3) -> Tape:
    """Random affine constraints that the tableau's own pads satisfy."""
    plan = layout.plan
    leaves = [*tableau.pads, *(multiply(tableau.pads[a], tableau.pads[b]) for a, b in plan.products)]
    tape = Tape(plan)
    for index in range(constraints):
        factors = random_elements(len(leaves))
        value = arrays.dot(arrays.from_elements(factors), arrays.from_elements(leaves))
        terms = [(factor, Affine(ZERO, node)) for node, factor in enumerate(factors)]
        tape.require_zero(f"constraint {index}", tape.combine(terms, negate(value)))
    return tape


@dataclasses.dataclass
class Run:
    """One proof of a tableau, whose parts may be changed before it is verified."""

    layout: TableauLayout
    tape: Tape
    seed: bytes
    responses: TableauResponses
    opened: Array

    def verify(self) -> None:
        transcript = Transcript("pads")
        transcript.absorb(Label.PAD_ROOT, self.seed)
        challenges = draw_challenges(transcript, self.layout, self.tape)
        verify_tableau(self.layout, self.tape, challenges, self.responses, columns_for(self.layout), self.opened)


def honest(layout: TableauLayout, tableau: PadTableau | None = None, tape: Tape | None = None) -> Run:
    tableau = tableau or PadTableau(layout)
    tape = tape or true_tape(layout, tableau)
    seed = bytes(np.random.default_rng().integers(0, 256, 32, dtype=np.uint8))
    transcript = Transcript("pads")
    transcript.absorb(Label.PAD_ROOT, seed)
    challenges = draw_challenges(transcript, layout, tape)
    weights, _ = layout.combine_constraints(tape, challenges.linear)
    opened = opened_columns(tableau, columns_for(layout))
    return Run(layout, tape, seed, tableau.respond(challenges, weights), opened)


def reason(run: Run) -> Reason:
    with pytest.raises(Rejected) as caught:
        run.verify()
    return caught.value.reason


@pytest.mark.parametrize("name", LAYOUTS)
def test_honest_answers_pass(name: str) -> None:
    run = honest(LAYOUTS[name])
    run.verify()
    lengths = (run.layout.degree, run.layout.linear_length, run.layout.quadratic_length)
    parts = (run.responses.low_degree, run.responses.linear, run.responses.quadratic)
    assert tuple(part.shape for part in parts) == tuple((5, length) for length in lengths)
    assert len(run.responses.to_bytes()) == 20 * sum(lengths)


@pytest.mark.parametrize("name", LAYOUTS)
def test_cells_are_pads_copies_and_products(name: str) -> None:
    layout = LAYOUTS[name]
    tableau = PadTableau(layout)
    width = layout.oracle.message
    cells = tableau.cells.reshape(5, -1)

    def read(row: int, count: int) -> list[Element]:
        return arrays.to_elements(cells[:, row * width : row * width + count])

    products = layout.plan.products
    assert read(MASKS, layout.plan.elements) == tableau.pads
    assert read(layout.x_row, len(products)) == [tableau.pads[a] for a, _ in products]
    assert read(layout.y_row, len(products)) == [tableau.pads[b] for _, b in products]
    assert read(layout.z_row, len(products)) == [multiply(tableau.pads[a], tableau.pads[b]) for a, b in products]
    assert len(set(tableau.pads)) == len(tableau.pads)
    total = add(arrays.total(tableau.cells[:, E0]), arrays.total(tableau.cells[:, E1]))
    assert total == ZERO
    assert tableau.paddings.shape == (5, layout.rows, layout.oracle.pads)


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_response_is_held_at_the_opened_columns(name: str) -> None:
    run = honest(LAYOUTS[name])
    expected = {
        "low_degree": Reason.PAD_LOW_DEGREE,
        "linear": Reason.PAD_LINEAR,
        "quadratic": Reason.PAD_QUADRATIC,
    }
    for part, why in expected.items():
        values = getattr(run.responses, part)
        for coordinate, place in ((0, 0), (4, values.shape[1] - 1), (2, values.shape[1] // 2)):
            changed = values.copy()
            changed[coordinate, place] = (int(changed[coordinate, place]) + 1) % MODULUS
            broken = dataclasses.replace(run, responses=dataclasses.replace(run.responses, **{part: changed}))
            assert reason(broken) is why


@pytest.mark.parametrize("name", ["one product", "rows that are not full"])
def test_every_opened_cell_counts(name: str) -> None:
    run = honest(LAYOUTS[name])
    for cell in range(run.opened.shape[1]):
        changed = run.opened.copy()
        changed[1, cell] = (int(changed[1, cell]) + 1) % MODULUS
        # Every row is in the low-degree test, which comes first.
        assert reason(dataclasses.replace(run, opened=changed)) is Reason.PAD_LOW_DEGREE


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_false_constraint_among_true_ones_fails_the_linear_test(name: str) -> None:
    layout = LAYOUTS[name]
    for index in range(3):
        tableau = PadTableau(layout)
        tape = true_tape(layout, tableau)
        form = tape.constraints[index]
        tape.constraints[index] = Affine(add(form.constant, embed(1)), form.node)
        assert reason(honest(layout, tableau, tape)) is Reason.PAD_LINEAR


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "no products"])
def test_wrong_copies_and_products_fail(name: str) -> None:
    layout = LAYOUTS[name]
    last = len(layout.plan.products) - 1
    width = layout.oracle.message
    for row, why in ((layout.x_row, Reason.PAD_LINEAR), (layout.y_row, Reason.PAD_LINEAR), (layout.z_row, None)):
        for product in {0, last}:
            tableau = PadTableau(layout)
            tape = true_tape(layout, tableau)
            place = (row + product // width, product % width)
            tableau.cells[3, place[0], place[1]] = (int(tableau.cells[3, place[0], place[1]]) + 1) % MODULUS
            found = reason(honest(layout, tableau, tape))
            # A product pad that no constraint reads is held by the quadratic test alone.
            assert found is why or why is None
            if why is None:
                empty = Tape(layout.plan)
                empty.require_zero("first pad", Affine(negate(tableau.pads[0]), 0))
                assert reason(honest(layout, tableau, empty)) is Reason.PAD_QUADRATIC


def test_a_wrong_factor_with_its_product_fails_the_copy() -> None:
    layout = LAYOUTS["one product"]
    tableau = PadTableau(layout)
    tape = true_tape(layout, tableau)
    x, y = random_element(), arrays.element(tableau.cells[:, layout.y_row, 0])
    tableau.cells[:, layout.x_row, 0] = x
    tableau.cells[:, layout.z_row, 0] = multiply(x, y)
    assert reason(honest(layout, tableau, tape)) is Reason.PAD_LINEAR


def test_mask_of_the_linear_test_must_sum_to_zero() -> None:
    layout = LAYOUTS["one product"]
    for row in (E0, E1):
        tableau = PadTableau(layout)
        tape = true_tape(layout, tableau)
        tableau.cells[0, row, 3] = (int(tableau.cells[0, row, 3]) + 1) % MODULUS
        assert reason(honest(layout, tableau, tape)) is Reason.PAD_LINEAR
    for row in (LOW_DEGREE_MASK, Q0, Q1):
        tableau = PadTableau(layout)
        tape = true_tape(layout, tableau)
        tableau.cells[0, row, 3] = (int(tableau.cells[0, row, 3]) + 1) % MODULUS
        honest(layout, tableau, tape).verify()


@pytest.mark.parametrize("name", LAYOUTS)
def test_combined_constraint_is_the_sum_of_all_constraints(name: str) -> None:
    """With copies and products that are right, sum of weights * cells is the target whatever the coefficients."""
    layout = LAYOUTS[name]
    tableau = PadTableau(layout)
    tape = true_tape(layout, tableau)
    coefficients = random_elements(layout.linear_coefficients(tape))
    weights, target = layout.combine_constraints(tape, coefficients)
    cells = tableau.cells[:, MASKS:].reshape(5, -1)
    assert arrays.dot(weights.reshape(5, -1), np.ascontiguousarray(cells)) == target
    for index in range(len(coefficients)):
        single = [ONE if i == index else ZERO for i in range(len(coefficients))]
        weights, target = layout.combine_constraints(tape, single)
        assert weights.any()
        assert arrays.dot(weights.reshape(5, -1), np.ascontiguousarray(cells)) == target


def test_transform_evaluates_at_bit_reversed_points() -> None:
    coefficients = uniform_elements(5)
    values = transform(coefficients, 16)
    for place in range(16):
        point = pow(root_of_unity(4), bit_reverse(place, 4), MODULUS)
        expected = evaluate(arrays.to_elements(coefficients), embed(point))
        assert arrays.element(values[:, place]) == expected
    assert np.array_equal(interpolate(values)[:, :5], coefficients)


@pytest.mark.parametrize(("width", "length"), [(4, 4), (4, 5), (4, 11), (8, 30), (2, 9)])
def test_division_by_the_vanishing_polynomial(width: int, length: int) -> None:
    quotient = np.zeros((5, length), np.uint64)
    quotient[:, : max(0, length - width)] = uniform_elements(max(0, length - width))
    product = np.zeros((5, length), np.uint64)
    product[:, width:] = quotient[:, : length - width]
    product = arrays.subtract(product, quotient)
    assert np.array_equal(divide_by_vanishing(product, width), quotient)


def test_power_table() -> None:
    points = np.array([0, 1, 5, MODULUS - 1], np.uint64)
    table = power_table(points, 9)
    assert [[int(v) for v in row] for row in table] == [[pow(int(x), i, MODULUS) for x in points] for i in range(9)]
