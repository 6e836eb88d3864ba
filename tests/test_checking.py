"""The checker: what it says of a violation, its own tables, and the cells that no constraint touches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.forgery import Columns, with_cells
from tests.networks import NETWORKS, network
from zkaudit.checking import check, check_columns, cover
from zkaudit.checking.tables import activate, own_rows
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.relation import Circuit, Gather, Kind, Lookup, Table
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.requantise import apply_table, requantise
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

VIEWS = "residual, gate, table and views"


def with_circuit(case: Case, circuit: Circuit) -> Case:
    """The case with another circuit in its statement."""
    statement = replace(case.statement)
    statement.__dict__["layout"] = Layout(circuit)
    return replace(case, statement=statement)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_cell_of_a_network_is_touched(name: str) -> None:
    case = network(name)
    report = check(case.statement, case.model)
    circuit = case.statement.layout.circuit
    assert report.violations == ()
    assert all(one.untouched == 0 and one.constraints for one in report.columns)
    witness = [column for column in circuit.columns.values() if column.kind is not Kind.PUBLIC]
    assert [one.column for one in report.columns] == [column.name for column in witness]
    assert sum(one.cells for one in report.columns) == report.cells
    # One instance a prediction is the evaluator's, which is no constraint of the circuit.
    assert sum(one.instances for one in report.coverage) == report.constraints - case.statement.samples
    relations = [*circuit.linear, *circuit.products, *circuit.lookups, *circuit.functionals]
    assert len(report.coverage) == len(relations) + len(circuit.tables)


def test_coverage_of_a_dense_layer_is_counted_by_hand() -> None:
    case = random_case((3, 2, 4), 5, shift=6)
    coverage = {one.constraint: one for one in check(case.statement, case.model).coverage}
    samples = case.statement.layout.circuit.samples
    shift = coverage["requantise 1/shift"]
    assert (shift.gadget, shift.layer) == ("requantise 1", "2 requantise of 1 dense")
    assert shift.instances == 2 * samples
    # Six weights, two biases of two limbs, the inputs, and the output, remainder, excess and lack of each output.
    committed = sum(
        case.statement.layout.circuit.columns[name].positions for name in shift.columns if "requantise" in name
    )
    assert shift.cells == 6 + 2 * 2 + (3 + committed) * samples
    assert coverage["weights in range"].cells == case.model.architecture.weight_count
    assert coverage["argmax/one chosen"].instances == samples
    assert coverage["argmax/one chosen"].cells == 4 * samples
    assert coverage["claim/correct count"].instances == 1
    assert "argmax/prediction" in coverage["claim/correct count"].columns


@pytest.mark.parametrize("column", [WEIGHTS, RANDOMNESS, PREDICTION, "requantise 1/over limb 0"])
def test_a_column_that_nothing_reads_is_named(column: str) -> None:
    case = random_case((3, 2, 3), 3)
    circuit = case.statement.layout.circuit

    def reads(lookup: Lookup) -> bool:
        return any(read.column == column for value in lookup.values for read in value.terms)

    coverage, _, _ = cover(circuit, case.model.architecture)
    named = {one.constraint for one in coverage if column in one.columns}
    bare = replace(
        circuit,
        lookups=tuple(one for one in circuit.lookups if not reads(one)),
        products=tuple(one for one in circuit.products if one.name not in named),
        linear=tuple(one for one in circuit.linear if one.name not in named),
        functionals=tuple(one for one in circuit.functionals if one.name not in named),
    )
    _, by_column, untouched = cover(bare, case.model.architecture)
    violation = next(one for one in untouched if one.gadget == column)
    assert (violation.constraint, violation.cell[0]) == ("coverage", 0)
    assert next(one.untouched for one in by_column if one.column == column) == circuit.columns[column].positions * (
        1 if circuit.columns[column].kind is Kind.STATIC else circuit.samples
    )


def test_single_untouched_cells_are_found() -> None:
    """The last position of a column leaves a lookup: nothing else is missing, and its first cell is named."""
    case = random_case((3, 2, 3), 3)
    circuit = case.statement.layout.circuit
    cells = circuit.columns[RANDOMNESS].positions

    def shortened(lookup: Lookup) -> Lookup:
        if lookup.name != f"{RANDOMNESS} in range":
            return lookup
        (value,) = lookup.values
        (read,) = value.terms
        places = np.arange(cells - 1)
        gather = Gather(targets=places, sources=places)
        return replace(lookup, values=(replace(value, positions=cells - 1, terms=(replace(read, gather=gather),)),))

    bare = replace(circuit, lookups=tuple(map(shortened, circuit.lookups)))
    report = check(with_circuit(case, bare).statement, case.model)
    (violation,) = [one for one in report.violations if one.constraint == "coverage"]
    assert (violation.gadget, violation.cell) == (RANDOMNESS, (cells - 1,))
    assert violation.detail.startswith(f"1 of {cells} cells")


def lie(case: Case, column: str, place: tuple[int, ...], step: int) -> Columns:
    honest = case.columns()
    return with_cells(case.statement, honest, {(column, place): int(honest[column][place]) + step})


def test_a_violation_says_layer_cell_and_values() -> None:
    case = network(VIEWS)
    columns = lie(case, "gate 9/product", (17, 2), 5)
    report = check_columns(case.statement.layout.circuit, columns, case.model.architecture)
    violation = next(one for one in report.violations if one.constraint == "gate 9/multiply")
    assert (violation.gadget, violation.layer, violation.cell) == ("gate 9", "9 gate", (17, 2))
    assert violation.detail == "off by -5"
    values = {value.column: value.value for value in violation.values}
    assert values["gate 9/product"] == columns["gate 9/product"][17, 2]
    first, second = (value for column, value in values.items() if column != "gate 9/product")
    assert first * second == values["gate 9/product"] - 5


def test_a_violated_convolution_names_the_cells_of_its_window() -> None:
    case = network("convolutions")
    columns = lie(case, "requantise 2/remainder limb 0", (0, 1), 1)
    report = check_columns(case.statement.layout.circuit, columns, case.model.architecture)
    violation = next(one for one in report.violations if one.constraint == "requantise 2/shift")
    assert violation.layer == "4 requantise of 3 convolution"
    assert 4 < len(violation.values) <= 8
    for value in violation.values:
        assert columns[value.column][value.cell] == value.value


def test_values_of_a_lookup_and_of_a_count() -> None:
    case = random_case((3, 2, 3), 3)
    columns = lie(case, "argmax/difference limb 0", (1, 0), MODULUS // 3)
    report = check_columns(case.statement.layout.circuit, columns, case.model.architecture)
    violation = next(one for one in report.violations if one.constraint.endswith("in range"))
    assert [str(value) for value in violation.values] == [
        f"argmax/difference limb 0[1, 0] = {columns['argmax/difference limb 0'][1, 0]}"
    ]
    honest = case.columns()
    counts = with_cells(case.statement, honest, {})
    counts["multiplicity of signed byte"] = honest["multiplicity of signed byte"].copy()
    counts["multiplicity of signed byte"][7] += 2
    (violation,) = check_columns(case.statement.layout.circuit, counts, case.model.architecture).violations
    assert violation.values[0].cell == (7,)


def test_a_circuit_with_another_table_is_not_believed() -> None:
    """Both prover and verifier would take the circuit's table; the checker counts its rows itself."""
    case = network(VIEWS)
    circuit = case.statement.layout.circuit
    for name in circuit.tables:
        entries = circuit.tables[name].entries.copy()
        entries[3, -1] += 1
        bent = replace(circuit, tables=circuit.tables | {name: Table(name=name, entries=entries)})
        report = check_columns(bent, case.columns(), case.model.architecture)
        assert f"table {name}" in {one.constraint for one in report.violations}


def test_a_table_without_a_meaning_is_named() -> None:
    case = random_case((3, 2, 3), 3)
    circuit = case.statement.layout.circuit
    odd = Table(name="odd numbers", entries=np.array([[1], [3]], np.int64))
    tables = circuit.tables | {"odd numbers": odd}
    columns = case.columns() | {"multiplicity of odd numbers": np.zeros(2, np.int64)}
    report = check_columns(replace(circuit, tables=tables), columns, case.model.architecture)
    assert [one.constraint for one in report.violations] == ["table odd numbers"]


def test_a_layer_that_is_given_the_table_of_another_is_named() -> None:
    """The rows are right for the table, and wrong for the layer that looks them up."""
    case = random_case((2, 2, 3), samples=300, shift=8)
    other = random_case((2, 2, 3), samples=300, shift=8, activation="identity")
    circuit = case.statement.layout.circuit
    assert any(one.name == "requantise 1/clamp" for one in circuit.lookups)
    report = check_columns(circuit, case.columns(), other.model.architecture)
    assert "requantise 1/clamp" in {one.constraint for one in report.violations}
    assert check_columns(circuit, case.columns(), case.model.architecture).violations == ()


def test_predictions_are_held_against_the_evaluator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness that satisfies every relation for another network is not the model's."""
    case, stranger = random_case((3, 2, 3), 9, claim="correct >= 0"), random_case((3, 2, 3), 9, seed=4)
    columns = replace(case, model=stranger.model).columns()
    assert check_columns(case.statement.layout.circuit, columns, case.model.architecture).violations == ()
    monkeypatch.setattr("zkaudit.checking.circuit.witness", lambda *_: columns)
    found = {one.constraint for one in check(case.statement, case.model).violations}
    assert "argmax/evaluator" in found


@pytest.mark.parametrize("name", [VIEWS, "signal", "weights of two limbs"])
def test_activations_are_those_of_the_integer_reference(name: str) -> None:
    for layer in network(name).model.architecture.requantisations:
        keys = np.arange(-300, 301)
        low, high = layer.clamp
        expected = (
            apply_table(keys, layer.table, layer.table_low) if layer.table else requantise(keys[None], 0, low, high)[0]
        )
        assert [activate(layer, int(key)) for key in keys] == expected.tolist()


def test_tables_are_known_by_their_names() -> None:
    assert own_rows("range 3 bits", []) == [(value,) for value in range(8)]
    assert own_rows("one of two differences up to 2 is zero", []) == [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2)]
    assert own_rows("clamp -2..2 to 0..1", []) == [(-2, 0), (-1, 0), (0, 0), (1, 1), (2, 1)]
    assert own_rows(f"clamp 0..1 to 0..1 and map by {'0' * 64}", []) is None
    assert own_rows("anything else", []) is None
