"""Every witness cell is held by a constraint that names its column: mutate it, and the checker says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests import lies
from tests.cases import Case, random_case
from tests.networks import NETWORKS, network
from zkaudit.checking import check_columns
from zkaudit.field.koalabear import MODULUS
from zkaudit.relation import Circuit, Combination, Kind, LinearTerm, Weighted, multiplicity
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
        if column in [c for c, _ in functional.batched] + [c for c, _, _ in functional.static]:
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


def mutations(case: Case, column: str) -> Iterator[tuple[tuple[int, ...], int]]:
    """Cells and values: each cell of a batched column, some of a long static one; a step, and a wrap of the field."""
    cells = case.columns()[column]
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
    circuit = case.statement.layout.circuit
    columns = case.columns()
    assert check_columns(circuit, columns).violations == ()
    for column in circuit.columns.values():
        if column.kind is Kind.PUBLIC:
            continue
        named = constraints_of(circuit, column.name)
        assert named, f"{column.name} is held by nothing"
        own = restricted(circuit, named)
        for place, value in mutations(case, column.name):
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
