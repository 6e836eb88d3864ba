"""Multiplicities: how often a witness looks up each row of each table."""

from __future__ import annotations

import math

import numpy as np

from zkaudit.relation import Circuit, Combination, Integers, Table
from zkaudit_circuits.tensors import Columns

_CHUNK = 1 << 18
"""Performance knob: cells of a lookup that are counted at a time, 2 MB."""


def count_lookups(circuit: Circuit, columns: Columns) -> Columns:
    """How often each row of each table is looked up, (rows,) by table; cells of a false witness may count anywhere."""
    result = {name: np.zeros(len(table.entries), np.int64) for name, table in circuit.tables.items()}
    for lookup in circuit.lookups:
        table = circuit.tables[lookup.table]
        samples = columns[lookup.values[0].terms[0].column].shape[1:]
        positions = lookup.values[0].positions
        step = max(1, _CHUNK // math.prod(samples))
        for start in range(0, positions, step):
            stop = min(start + step, positions)
            index = row_numbers(table, [_combined(value, columns, start, stop, samples) for value in lookup.values])
            if int(index.min()) < 0 or int(index.max()) >= len(table.entries):
                index = index[(index >= 0) & (index < len(table.entries))]
            result[lookup.table] += np.bincount(index, minlength=len(table.entries))
    return result


def _combined(combination: Combination, columns: Columns, start: int, stop: int, samples: tuple[int, ...]) -> Integers:
    """The cells of a combination at the positions from start to stop, flat."""
    cells = np.full((stop - start, *samples), combination.constant, np.int64)
    for read in combination.terms:
        if read.gather is None:
            cells += read.coefficient * columns[read.column][start:stop]
        else:
            targets = read.gather.targets
            chosen = slice(None) if stop - start == combination.positions else (targets >= start) & (targets < stop)
            sources = read.gather.sources[chosen]
            cells[targets[chosen] - start] += read.coefficient * columns[read.column][sources]
    return cells.reshape(-1)


def row_numbers(table: Table, values: list[Integers]) -> Integers:
    """The row of a table with the first entries of each tuple; outside the table where there is none.

    First entries are consecutive, or the table is that of products, or of two differences, of which one is zero.
    """
    if len(values) == 3:
        return values[0] * math.isqrt(len(table.entries)) + values[1]
    first = table.entries[:, 0]
    largest = int(first.max())
    if int(first[-1]) == largest:
        return np.asarray(values[0] - first[0], np.int64)
    return np.where(values[0] > 0, values[0], np.where(values[1] > 0, largest + values[1], 0))
