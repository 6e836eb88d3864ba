"""Multiplicities against a count of tuples one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.cases import Case, network_case, random_case
from zkaudit.model.architecture import Convolution, Dense, MaxPool, Requantise, Sum
from zkaudit.relation import Circuit, Integers, Table, multiplicity
from zkaudit_circuits import multiplicities
from zkaudit_circuits.multiplicities import count_lookups, row_numbers

POOLED = network_case(
    (2, 5, 5),
    (
        Convolution(
            channels=2,
            filters=3,
            kernel=(2, 2),
            stride=(1, 1),
            dilation=(1, 1),
            padding=(0, 0, 0, 0),
            groups=1,
            bias_limbs=2,
        ),
        Requantise(shift=6, activation="relu"),
        MaxPool(kernel=(2, 2), stride=(2, 2), dilation=(1, 1), padding=(0, 1, 1, 0)),
        Dense(inputs=3 * 2 * 2, outputs=3, bias_limbs=2),
    ),
    3,
)


ODD = network_case(
    (1, 1, 4),
    (
        Sum(multipliers=(1,)),
        Requantise(shift=0, activation="relu"),
        MaxPool(kernel=(1, 2), stride=(1, 1), dilation=(1, 1), padding=(0, 0, 0, 0)),
        Dense(inputs=3, outputs=2, bias_limbs=2),
    ),
    3,
)
"""Three pairs, the second of which begins where as many are before as after it."""


def tuples(circuit: Circuit, columns: dict[str, Integers], table: str) -> Counter[tuple[int, ...]]:
    counts: Counter[tuple[int, ...]] = Counter()
    for lookup in circuit.lookups:
        if lookup.table != table:
            continue
        values = []
        for combination in lookup.values:
            shape = columns[combination.terms[0].column].shape[1:]
            cells = np.full((combination.positions, *shape), combination.constant)
            for read in combination.terms:
                column = columns[read.column]
                if read.gather is None:
                    cells += read.coefficient * column
                else:
                    for target, source in zip(read.gather.targets, read.gather.sources, strict=True):
                        cells[target] += read.coefficient * column[source]
            values.append(cells.reshape(-1).tolist())
        counts.update(zip(*values, strict=True))
    return counts


@pytest.mark.parametrize("chunk", [1, 7, 1 << 18])
@pytest.mark.parametrize("case", [random_case((4, 3, 2), 3), random_case((3, 2), 1), POOLED, ODD])
def test_every_tuple_counts_once(monkeypatch: pytest.MonkeyPatch, case: Case, chunk: int) -> None:
    monkeypatch.setattr(multiplicities, "_CHUNK", chunk)
    circuit, columns = case.statement.layout.circuit, case.columns()
    result = count_lookups(circuit, columns)
    for name, table in circuit.tables.items():
        counts = tuples(circuit, columns, name)
        assert [counts[tuple(entry)] for entry in table.entries.tolist()] == result[name].tolist()
        assert result[name].sum() == sum(counts.values())
        np.testing.assert_array_equal(columns[multiplicity(name)], result[name])


def clamp(low: int, high: int) -> list[tuple[int, ...]]:
    """Pre-clamp values and bytes."""
    return [(value, min(max(value, 0), 255)) for value in range(low, high + 1)]


@pytest.mark.parametrize(
    "entries",
    [
        [(value,) for value in range(-128, 128)],
        [(0,)],
        clamp(-40, 300),
        clamp(7, 7),
        [(left, right, left * right) for left in range(8) for right in range(8)],
        [*((value, 0) for value in range(6)), *((0, value) for value in range(1, 6))],
    ],
)
def test_each_row_has_its_number(entries: list[tuple[int, ...]]) -> None:
    table = Table(name="table", entries=np.array(entries, np.int64))
    values = [np.array(column, np.int64) for column in zip(*entries, strict=True)]
    assert row_numbers(table, values).tolist() == list(range(len(entries)))


@pytest.mark.parametrize("values", [(-129,), (128,), (-129, 128), (-129, -128), (128, 127, -128), (-500, 500, 0)])
def test_cells_outside_a_table_count_nowhere(values: tuple[int, ...]) -> None:
    case = random_case((4, 3, 2), 3)
    circuit, columns = case.statement.layout.circuit, case.columns()
    before = count_lookups(circuit, columns)
    weights = columns["weights"].copy()
    replaced = weights[: len(values)].tolist()
    weights[: len(values)] = values
    after = count_lookups(circuit, columns | {"weights": weights})
    expected = before["signed byte"].copy()
    for cell in replaced:
        expected[cell + 128] -= 1
    for cell in values:
        if -128 <= cell <= 127:
            expected[cell + 128] += 1
    np.testing.assert_array_equal(after.pop("signed byte"), expected)
    assert all(np.array_equal(before[name], counts) for name, counts in after.items())
