"""Every witness cell is held by a constraint that names its column: mutate it, and the checker says which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests import lies
from tests.cases import Case, random_case
from tests.networks import NETWORKS, network
from zkaudit.checking import check_columns, evaluation
from zkaudit.field.koalabear import MODULUS
from zkaudit.relation import Circuit, Column, Combination, Integers, Kind, LinearTerm, Weighted, multiplicity
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

NARROW = {"widths": (2, 2, 3), "samples": 300, "shift": 8}
CASES = {
    "wide requantisation": {"widths": (3, 2, 3), "samples": 3},
    "narrow requantisation": NARROW,
    "identity": {"widths": (3, 2, 3), "samples": 2, "activation": "identity", "input_interval": (-128, 127)},
    "no shift": {"widths": (2, 2, 2), "samples": 2, "shift": 0},
    "one class": {"widths": (3, 2, 1), "samples": 1},
    "threshold below the count": {"widths": (3, 2), "samples": 9, "claim": "correct >= 1"},
    "exact count": {"widths": (3, 2), "samples": 1, "claim": "correct == 0"},
}
SMALL = {"widths": (4, 5, 3), "samples": 60, "groups": 3, "seed": 2}
CLAIMS = {
    "matrix": "confusion_matrix",
    "direct": "accuracy <= 0.9 and predicted[1, group=0] >= 1 and balanced_accuracy >= 0.3 and precision[1] >= 0.1",
    "committed equation": "precision[1] == ?",
    "digits": "f1[0] >= 0.123456789012345678",
    "macro F1, up": "macro_f1 >= 0.25",
    "macro F1, down": "macro_f1 <= 0.75",
    "top k": "top_k_accuracy[1] >= 0.25 and top_k_accuracy[2] <= 1",
    "every pair of groups": "demographic_parity_difference[1] <= 0.5",
    "some pair of groups": "equalized_odds_difference[1] == ?",
    "some group": "min_group_accuracy == ?",
}


@pytest.fixture(autouse=True)
def _one_violation_of_each_constraint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the names of the constraints are looked at."""
    monkeypatch.setattr(evaluation, "LISTED", 1)


def columns_of(term: LinearTerm) -> tuple[str, ...]:
    """The columns that a linear term reads."""
    return (term.weights, *term.source.columns) if isinstance(term, Weighted) else (term.column,)


def constraints_of(circuit: Circuit, column: str) -> set[str]:
    """Names of the relations that read a column."""

    def reads(*combinations: Combination) -> bool:
        return any(column == read.column for combination in combinations for read in combination.terms)

    names = {r.name for r in circuit.lookups if reads(*r.values)}
    names |= {r.name for r in circuit.products if reads(r.left, r.right, r.rest)}
    for relation in circuit.linear:
        if any(column in columns_of(term) for term in relation.terms):
            names.add(relation.name)
    for functional in circuit.functionals:
        if column in [c.column for c in functional.batched] + [c for c, _, _ in functional.static]:
            names.add(functional.name)
    return names | {multiplicity(table) for table in circuit.tables if column == multiplicity(table)}


def restricted(circuit: Circuit, names: set[str]) -> Circuit:
    """The circuit with the relations of these names, and all lookups of a table whose multiplicities are named."""
    return replace(
        circuit,
        linear=tuple(r for r in circuit.linear if r.name in names),
        lookups=tuple(r for r in circuit.lookups if r.name in names or multiplicity(r.table) in names),
        products=tuple(r for r in circuit.products if r.name in names),
        functionals=tuple(r for r in circuit.functionals if r.name in names),
    )


def mutations(columns: Mapping[str, Integers], column: str) -> Iterator[tuple[tuple[int, ...], int]]:
    """Cells and values: each cell of a short column, some of a long one; a step, and a wrap of the field."""
    cells = columns[column]
    generator = np.random.default_rng(1)
    places = list(np.ndindex(cells.shape))
    if len(places) > 40:
        places = [places[i] for i in generator.choice(len(places), 12, replace=False)]
    for place in places:
        value = int(cells[place])
        yield place, value + 1
        yield place, int(generator.integers(2, MODULUS - 2)) + value


@pytest.mark.lies("circuit: mutated cells, the constraint named")
@pytest.mark.parametrize("name", [*CASES, *NETWORKS])
def test_every_mutated_cell_violates_a_constraint_of_its_column(name: str) -> None:
    case = random_case(**CASES[name]) if name in CASES else network(name)  # type: ignore[arg-type]
    check_mutations(case, [c for c in case.statement.layout.circuit.columns.values() if c.kind is not Kind.PUBLIC])


@pytest.mark.parametrize("name", CLAIMS)
def test_every_mutated_cell_of_a_claim_violates_a_constraint_of_its_column(name: str) -> None:
    case = random_case(**SMALL, claim=CLAIMS[name])  # type: ignore[arg-type]
    columns = case.statement.layout.circuit.columns.values()
    own = [c for c in columns if c.name.startswith(("claim", "top k"))]
    assert own or name == "matrix"
    check_mutations(case, own)


def check_mutations(case: Case, chosen: list[Column]) -> None:
    """Mutates the chosen columns cell by cell."""
    circuit = case.statement.layout.circuit
    columns = case.columns()
    assert check_columns(circuit, columns).violations == ()
    for column in chosen:
        named = constraints_of(circuit, column.name)
        assert named, f"{column.name} is held by nothing"
        own = restricted(circuit, named)
        for place, value in mutations(columns, column.name):
            if column.name in (WEIGHTS, RANDOMNESS) and -128 <= value <= 127:
                continue  # in range, so only the commitment holds it: tests/test_lies.py
            mutated = dict(columns)
            mutated[column.name] = columns[column.name].copy()
            mutated[column.name][place] = value
            violated = {v.constraint for v in check_columns(own, mutated).violations}
            assert violated & named, f"{column.name}{place} = {value}: {violated} does not name {named}"
            lies.refused()


def test_the_narrow_case_uses_one_table() -> None:
    case = random_case(**NARROW)  # type: ignore[arg-type]
    assert any(column.endswith("/pre-clamp") for column in case.statement.layout.circuit.columns)
