"""Linear relations: claims that are true of columns which satisfy them, and false of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.cases import random_case
from tests.plain import collapse, false_claims, plain_prover, plain_verifier
from tests.views import random_elements
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, Element, add
from zkaudit.layout import Layout
from zkaudit.linear.prover import prove_linear
from zkaudit.linear.verifier import reduce_linear
from zkaudit.opening.claims import Claim
from zkaudit.relation import (
    Broadcast,
    CircuitBuilder,
    Integers,
    Interval,
    Kind,
    Linear,
    LinearTerm,
    Mapped,
    Scaled,
    Weighted,
)
from zkaudit_circuits.network import INPUT

SMALL = Interval(low=-128, high=127)
WIDE = Interval(low=-(10**7), high=10**7)


@dataclass(frozen=True, kw_only=True)
class Case:
    layout: Layout
    columns: dict[str, Integers]

    @property
    def batched(self) -> list[str]:
        return [c.name for c in self.layout.circuit.of_kind(Kind.BATCHED)]


def every_term(sample_bits: int, outputs: int, width: int, *, public: bool = False, factor: bool = True) -> Case:
    """weights x + M x + 256 b - 7 = 2 y, with x an own column or the public input, and y made to fit."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(outputs + 100 * width)
    start = 3
    cells = start + outputs * width
    builder.add_column("weights", Kind.STATIC, cells, SMALL)
    builder.add_column("bias", Kind.STATIC, outputs + 2, SMALL)
    builder.add_column(INPUT, Kind.PUBLIC, width, SMALL)
    builder.add_column("x", Kind.BATCHED, width, SMALL)
    builder.add_column("y", Kind.BATCHED, outputs, WIDE)
    matrix = generator.integers(-3, 4, (outputs, width))
    columns: dict[str, Integers] = {
        "weights": 2 * generator.integers(-60, 60, cells),
        "bias": generator.integers(-100, 100, outputs + 2),
        INPUT: generator.integers(-100, 100, (width, 1 << sample_bits)),
        "x": generator.integers(-100, 100, (width, 1 << sample_bits)),
    }
    terms: list[LinearTerm] = [
        Mapped(column="x", matrix=2 * matrix),
        Broadcast(column="bias", start=1, coefficient=256),
    ]
    total = 2 * matrix @ columns["x"] + 256 * columns["bias"][1 : 1 + outputs, None] - 8
    if factor:
        source = INPUT if public else "x"
        terms.insert(0, Weighted(weights="weights", start=start, column=source))
        total = total + columns["weights"][start:].reshape(outputs, width) @ columns[source]
    columns["y"] = total // 2
    assert not (total % 2).any()
    builder.add_linear("relation", "test", outputs, tuple(terms), (Scaled(column="y", coefficient=2),), constant=-8)
    return Case(layout=Layout(builder.build()), columns=columns)


def network() -> Case:
    case = random_case((5, 3, 4), 5)
    return Case(layout=case.statement.layout, columns=case.columns())


CASES: dict[str, Case] = {
    "network": network(),
    "all terms": every_term(2, 5, 3),
    "one output": every_term(3, 1, 6),
    "one input": every_term(1, 4, 1),
    "one cell": every_term(0, 1, 1),
    "public input": every_term(2, 3, 5, public=True),
    "no weights": every_term(2, 3, 5, factor=False),
}


def messages(case: Case, relation: Linear, point: list[Element]) -> list[Element]:
    prover = plain_prover()
    weights = arrays.equality_table(point)
    inputs = arrays.matrix_vector(case.columns[INPUT], weights)
    prove_linear(prover, case.layout, relation, inputs, collapse(case.columns, case.batched, point), case.columns)
    return prover.sent


def reduce(case: Case, relation: Linear, point: list[Element], sent: list[Element]) -> list[Claim]:
    channel = plain_verifier(sent, products=bool(sent))
    inputs = arrays.matrix_vector(case.columns[INPUT], arrays.equality_table(point))
    claims = reduce_linear(channel, case.layout, relation, inputs)
    channel.finish()
    return claims


def false_of(case: Case, relation: Linear, point: list[Element], columns: dict[str, Integers]) -> list[str]:
    """False claims after the prover of `case.columns` has been run, looked at on `columns`."""
    claims = reduce(case, relation, point, messages(case, relation, point))
    return false_claims(case.layout, columns, [point], claims)


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_of_honest_columns(name: str) -> None:
    case = CASES[name]
    for relation in case.layout.circuit.linear:
        point = random_elements(case.layout.circuit.sample_bits)
        assert false_of(case, relation, point, case.columns) == []


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_witness_leaves_a_false_claim(name: str) -> None:
    """The prover runs on the changed columns, so only the relation itself is false."""
    case = CASES[name]
    for relation in case.layout.circuit.linear:
        read = {t.column for t in relation.terms} | {t.weights for t in relation.terms if isinstance(t, Weighted)}
        for column in sorted(read - {INPUT}):
            columns = dict(case.columns)
            columns[column] = case.columns[column].copy()
            place = _place(case, relation, column)
            columns[column].reshape(-1)[place] += 1
            changed = Case(layout=case.layout, columns=columns)
            point = random_elements(case.layout.circuit.sample_bits)
            wrong = false_of(changed, relation, point, columns)
            residual = _residual(changed, relation)
            assert bool(wrong) == bool(residual.any()), f"{relation.name}, {column}"
            assert set(wrong) <= {relation.name, f"{relation.name}/left side"}


def _place(case: Case, relation: Linear, column: str) -> int:
    """A cell of the column that the relation reads."""
    for term in relation.terms:
        if isinstance(term, Weighted) and term.weights == column:
            return term.start
        if isinstance(term, Broadcast) and term.column == column:
            return term.start
    return case.columns[column].size - 1


def _residual(case: Case, relation: Linear) -> Integers:
    """The sum of the terms in int64, (positions, samples)."""
    total = np.full((relation.positions, case.layout.circuit.samples), relation.constant, np.int64)
    for term in relation.terms:
        cells = case.columns[term.column]
        if isinstance(term, Scaled):
            total = total + term.coefficient * cells
        elif isinstance(term, Mapped):
            total = total + term.matrix @ cells
        elif isinstance(term, Broadcast):
            total = total + term.coefficient * cells[term.start : term.start + relation.positions, None]
        else:
            weights = case.columns[term.weights][term.start : term.start + relation.positions * len(cells)]
            total = total + weights.reshape(relation.positions, len(cells)) @ cells
    return total


@pytest.mark.parametrize("name", ["all terms", "one output", "one input", "one cell"])
def test_changed_messages_are_refused_or_leave_a_false_claim(name: str) -> None:
    case = CASES[name]
    (relation,) = case.layout.circuit.linear
    point = random_elements(case.layout.circuit.sample_bits)
    sent = messages(case, relation, point)
    for place in range(len(sent)):
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        try:
            claims = reduce(case, relation, point, changed)
        except Rejected:
            continue
        assert false_claims(case.layout, case.columns, [point], claims)


def test_claims_stand_on_the_cells_that_the_relation_reads() -> None:
    case = CASES["all terms"]
    (relation,) = case.layout.circuit.linear
    point = random_elements(2)
    for column, place, names in (
        ("weights", 2, []),
        ("weights", 3, ["relation/weights"]),
        ("weights", 17, ["relation/weights"]),
        ("bias", 0, []),
        ("bias", 1, ["relation/left side"]),
        ("bias", 6, []),
        ("x", 0, ["relation/left side", "relation/input"]),
        ("y", 19, ["relation/left side"]),
    ):
        changed = dict(case.columns)
        changed[column] = case.columns[column].copy()
        changed[column].reshape(-1)[place] += 1
        assert false_of(case, relation, point, changed) == names


def test_other_public_inputs_leave_a_false_claim() -> None:
    case = CASES["public input"]
    (relation,) = case.layout.circuit.linear
    inputs = case.columns[INPUT].copy()
    inputs[0, 0] += 1
    other = Case(layout=case.layout, columns={**case.columns, INPUT: inputs})
    point = random_elements(2)
    assert false_of(other, relation, point, other.columns) == ["relation"]
