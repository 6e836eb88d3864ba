"""Any other witness of one shape has randomness with which it looks the same, on real layouts, at real size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.couplings import OpeningView, couple_opening, couple_tableau, solve, view_opening
from tests.networks import NETWORKS, network
from tests.simulator.oracle import free_challenges
from tests.simulator.proof import _interact
from tests.views import opened_columns, random_element, random_elements, rank
from zkaudit import prover
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element, inverse, multiply, subtract
from zkaudit.field.koalabear import MODULUS
from zkaudit.opening.verifier import CombinedRow
from zkaudit.pads.messages import E0, E1, MASKS, TableauLayout
from zkaudit.pads.prover import PadTableau
from zkaudit.prover import prove_columns
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.relation import Integers
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.witness import Witness
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

SHAPES = ["dense", *NETWORKS]


def case_of(name: str, seed: int = 0) -> Case:
    """A network with random weights, and a claim that any weights meet."""
    if name == "dense":
        return random_case((3, 2, 3), 3, claim="correct >= 0", seed=seed)
    return network(name, claim="correct >= 0", seed=seed)


def drawn(columns: int, count: int) -> list[int]:
    return sorted(int(i) for i in np.random.default_rng().choice(columns, count, replace=False))


@pytest.mark.parametrize("name", SHAPES)
def test_another_model_gives_the_same_view_of_the_witness_oracle(name: str) -> None:
    """Weights, randomness, activations, predictions and multiplicities are all another model's."""
    case, stranger = case_of(name), case_of(name, seed=5)
    statement, rows = case.statement, case.statement.rows
    columns, others = case.columns(), stranger.columns()
    for column in (WEIGHTS, RANDOMNESS, "argmax/difference limb 0"):
        assert (columns[column] != others[column]).any()
    first, second = (prover._mask(statement, Witness(statement, honest)) for honest in (columns, others))
    point, gamma = random_elements(statement.layout.address_variables), random_element()
    indices = drawn(rows.oracle.columns, rows.oracle.pads)
    seen = view_opening(rows, first, point, gamma, indices)
    coupled = couple_opening(rows, seen, second, point, gamma, indices)
    again = view_opening(rows, coupled, point, gamma, indices)
    assert again.row.to_bytes() == seen.row.to_bytes()
    assert (again.columns == seen.columns).all()
    assert (coupled.static == second.static).all()
    assert (coupled.static != first.static).any()
    assert (coupled.batched == second.batched).all()
    # Every row that differs has other pads: nothing but them made up for it.
    assert (coupled.pads != first.pads).any()


def test_one_column_more_than_pads_cannot_be_coupled() -> None:
    case, stranger = case_of("dense"), case_of("dense", seed=5)
    statement, rows = case.statement, case.statement.rows
    first, second = (prover._mask(statement, Witness(statement, own.columns())) for own in (case, stranger))
    point, gamma = random_elements(statement.layout.address_variables), random_element()
    indices = drawn(rows.oracle.columns, rows.oracle.pads + 1)
    seen = view_opening(rows, first, point, gamma, indices)
    coupled = couple_opening(
        rows,
        OpeningView(row=seen.row, columns=seen.columns[:-1]),
        second,
        point,
        gamma,
        indices[:-1],
    )
    again = view_opening(rows, coupled, point, gamma, indices)
    assert (again.columns[:-1] == seen.columns[:-1]).all()
    assert (again.columns[-1] != seen.columns[-1]).any()


def combined(tableau: PadTableau, weights: Array) -> Element:
    """The sum of the combined constraint over the cells behind the masks."""
    return arrays.total(arrays.multiply(weights, tableau.cells[:, MASKS:]))


def with_sum(layout: TableauLayout, tableau: PadTableau, weights: Array, target: Element) -> None:
    """One pad that no product reads is set so that the constraint has this sum."""
    multiplied = {place for pair in layout.plan.products for place in pair}
    flat = weights.reshape(5, -1)
    place = next(i for i in range(layout.plan.elements) if i not in multiplied and flat[:, i].any())
    gap = multiply(subtract(target, combined(tableau, weights)), inverse(arrays.element(flat[:, place])))
    cells = tableau.cells.reshape(5, -1)
    cell = MASKS * layout.oracle.message + place
    cells[:, cell] = (cells[:, cell] + np.array(gap, np.uint64)) % np.uint64(MODULUS)


@pytest.mark.parametrize("name", SHAPES)
def test_other_pads_give_the_same_view_of_the_pad_oracle(name: str) -> None:
    """All pads that meet the combined constraint, which is public, look alike: the messages are hidden by any."""
    statement = case_of(name).statement
    layout = statement.tableau
    sizes, plan = statement.oracles[0], statement.layout.full_plan
    row = CombinedRow(cells=uniform_elements(sizes.message), pads=uniform_elements(sizes.pads))
    with free_challenges():
        run = _interact(statement, arrays.to_elements(uniform_elements(plan.elements)), row)
    weights, target = layout.combine_constraints(run.tape, run.challenges.linear)
    first, second = PadTableau(layout), PadTableau(layout)
    for tableau in (first, second):
        with_sum(layout, tableau, weights, target)
    indices = run.columns[1]
    seen = first.respond(run.challenges, weights), opened_columns(first, indices)
    coupled = couple_tableau(layout, seen, second.cells, run.challenges, weights, indices)
    assert coupled.respond(run.challenges, weights).to_bytes() == seen[0].to_bytes()
    assert (opened_columns(coupled, indices) == seen[1]).all()
    assert (coupled.cells[:, MASKS:] == second.cells[:, MASKS:]).all()
    assert (coupled.cells[:, MASKS:] != first.cells[:, MASKS:]).any()
    # The masks are ones that a prover could have drawn.
    sums = (coupled.cells[:, E0].sum(axis=1) + coupled.cells[:, E1].sum(axis=1)) % np.uint64(MODULUS)
    assert not sums.any()


def test_pads_of_another_sum_cannot_be_coupled() -> None:
    """The sum of the linear response is the sum of the constraint: pads with another one show it."""
    statement = case_of("dense").statement
    layout = statement.tableau
    sizes, plan = statement.oracles[0], statement.layout.full_plan
    row = CombinedRow(cells=uniform_elements(sizes.message), pads=uniform_elements(sizes.pads))
    with free_challenges():
        run = _interact(statement, arrays.to_elements(uniform_elements(plan.elements)), row)
    weights, _ = layout.combine_constraints(run.tape, run.challenges.linear)
    first, second = PadTableau(layout), PadTableau(layout)
    assert combined(first, weights) != combined(second, weights)
    indices = run.columns[1]
    seen = first.respond(run.challenges, weights), opened_columns(first, indices)
    coupled = couple_tableau(layout, seen, second.cells, run.challenges, weights, indices)
    sums = (coupled.cells[:, E0].sum(axis=1) + coupled.cells[:, E1].sum(axis=1)) % np.uint64(MODULUS)
    assert sums.any()


# Full rank at the columns that real proofs open, and rows whose types follow from their places.


@pytest.mark.parametrize("name", ["dense", "convolutions"])
def test_pads_have_full_rank_at_the_columns_that_proofs_open(name: str) -> None:
    case = case_of(name)
    columns, opened = case.columns(), []
    draw = Transcript.distinct_indices

    def record(self: Transcript, label: Label, count: int, size: int) -> list[int]:
        opened.append((count, size, draw(self, label, count, size)))
        return opened[-1][2]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcript, "distinct_indices", record)
        for _ in range(5):
            prove_columns(case.statement, columns)
    assert len(opened) == 10
    for number, (count, size, indices) in enumerate(opened):
        sizes = case.statement.oracles[number % 2]
        assert (count, size) == (sizes.pads, sizes.columns)
        domain = Domain(sizes.message, sizes.columns, sizes.pads)
        zero = [(np.zeros(count * sizes.message, np.uint32), count)]
        seen = open_columns(domain, zero, np.eye(count, dtype=np.uint32), indices).astype(np.uint64)
        assert rank(seen) == count


def test_a_singular_system_is_refused() -> None:
    with pytest.raises(ValueError, match="full rank"):
        solve(np.ones((2, 2), np.uint64), np.ones((2, 1), np.uint64))


def shapes_of(statement: Statement, columns: dict[str, Integers]) -> Any:
    """What the prover commits to: rows of each segment and of pads, in order, and the rows of the tableau."""
    kept: list[Any] = []
    construct = prover._CommittedOracle.__init__

    def record(self: Any, oracle: Any, sizes: Any, segments: Any, pads: Any) -> None:
        kept.append((oracle, sizes, [(cells.shape, rows) for cells, rows in segments], pads.shape))
        construct(self, oracle, sizes, segments, pads)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prover._CommittedOracle, "__init__", record)
        prove_columns(statement, columns)
    return kept


@pytest.mark.parametrize("name", ["dense", "depthwise and pools"])
def test_rows_have_their_types_by_their_places_whatever_the_data(name: str) -> None:
    """All zero, all at the ends of their range, and two models: the same rows in the same order."""
    case = case_of(name)
    honest = case.columns()
    witnesses = [
        honest,
        case_of(name, seed=5).columns(),
        {column: np.zeros_like(cells) for column, cells in honest.items()},
        honest | {WEIGHTS: np.full_like(honest[WEIGHTS], -128), RANDOMNESS: np.full_like(honest[RANDOMNESS], 127)},
    ]
    first, *others = (shapes_of(case.statement, columns) for columns in witnesses)
    assert all(other == first for other in others)
    # The mask row's five coordinates stand first, and each row has pads of its own.
    (_, sizes, segments, pads), (_, pad_sizes, pad_segments, pad_pads) = first
    assert segments[0] == ((5 * sizes.message,), 5)
    assert pads == (sum(rows for _, rows in segments), sizes.pads)
    assert pad_segments[0][1] == 5 * case.statement.tableau.rows
    assert pad_pads == (5 * case.statement.tableau.rows, pad_sizes.pads)
