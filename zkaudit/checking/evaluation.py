"""Every relation of a circuit evaluated over galois.GF(p), the first violations named with the cells involved.

The arithmetic is galois' own and tables are dictionaries of integer tuples, so nothing of the prover is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from zkaudit.checking.arithmetic import FIELD, convolution, sum_rows
from zkaudit.checking.cells import Cell, combination_cells, linear_cells
from zkaudit.checking.layers import layer_names
from zkaudit.checking.report import LISTED, LISTED_CELLS, CellValue, Violation
from zkaudit.checking.tables import Tables, activate
from zkaudit.field.koalabear import MODULUS, signed
from zkaudit.model.architecture import Architecture
from zkaudit.relation import (
    Broadcast,
    Circuit,
    Combination,
    Functional,
    Integers,
    Kind,
    Linear,
    Lookup,
    Mapped,
    Product,
    Scaled,
    SuffixSum,
    multiplicity,
)


class Evaluation:
    """The relations on columns of integers or residues; violations add up as they are evaluated."""

    def __init__(
        self, circuit: Circuit, columns: Mapping[str, Integers], architecture: Architecture | None = None
    ) -> None:
        self.circuit = circuit
        self.tables = Tables(circuit, architecture)
        self._layers = layer_names(architecture) if architecture else {}
        self.columns = {name: FIELD(np.asarray(cells, np.int64) % MODULUS) for name, cells in columns.items()}
        self.constraints = 0
        self.violations: list[Violation] = []
        self._counts = {name: np.zeros(len(table.entries), np.int64) for name, table in circuit.tables.items()}

    def run(self) -> None:
        """Everything."""
        for table, detail in self.tables.faults:
            self._violation(f"table {table}", "lookup", (), detail)
        for linear in self.circuit.linear:
            self.linear(linear)
        for product in self.circuit.products:
            self.product(product)
        for lookup in self.circuit.lookups:
            self.lookup(lookup)
        for table in self.circuit.tables:
            self.multiplicities(table)
        for functional in self.circuit.functionals:
            self.functional(functional)

    def layer(self, gadget: str) -> str:
        """The layers that a gadget proves."""
        return self._layers.get(gadget, "")

    def predictions(self, column: str, expected: Integers) -> None:
        """The one-hot column has the classes that the reference evaluator predicts, (classes, samples)."""
        actual = np.asarray(self.columns[column], np.int64)[:, : len(expected)]
        wanted = np.arange(len(actual))[:, None] == expected[None, :]
        self.constraints += actual.shape[1]
        for sample in np.flatnonzero((actual != wanted).any(axis=0))[:LISTED]:
            detail = f"the evaluator predicts class {expected[sample]}"
            cells = [(column, (position, int(sample))) for position in range(len(actual))]
            self._violation("argmax/evaluator", "argmax", (int(sample),), detail, cells)

    def linear(self, relation: Linear) -> None:
        """The sum of all terms at every position and sample."""
        total = FIELD.Zeros((relation.positions, self.circuit.samples)) + _scalar(relation.constant)
        for term in relation.terms:
            if isinstance(term, Scaled):
                total = total + self.columns[term.column] * _scalar(term.coefficient)
            elif isinstance(term, Mapped):
                products = self.columns[term.column][term.columns] * FIELD(term.values % MODULUS)[:, None]
                total = total + sum_rows(products, term.rows, relation.positions)
            elif isinstance(term, SuffixSum):
                sums = np.cumsum(np.asarray(self.columns[term.column], np.int64)[::-1], axis=0)[::-1]
                later = FIELD(sums % MODULUS) - self.columns[term.column]
                total = total + later * _scalar(term.coefficient)
            elif isinstance(term, Broadcast):
                cells = self.columns[term.column][term.start : term.start + term.cells] * _scalar(term.coefficient)
                if term.factors:
                    cells = cells * FIELD(np.array(term.factors, np.int64) % MODULUS)
                total = total + FIELD(np.repeat(cells, term.repeat))[:, None]
            else:
                total = total + convolution(term, self.columns, self.circuit.samples)
        self._require_zero(relation.name, relation.gadget, total, lambda cell: linear_cells(relation, cell))

    def product(self, relation: Product) -> None:
        """left * right + rest at every cell."""
        value = self._combine(relation.left) * self._combine(relation.right)
        if relation.rest.terms or relation.rest.constant:
            value = value + self._combine(relation.rest)
        sides = (relation.left, relation.right, relation.rest)
        self._require_zero(relation.name, relation.gadget, value, lambda cell: _values(sides, cell))

    def lookup(self, relation: Lookup) -> None:
        """Every tuple is a row of the table; an activation is the layer's own, whatever table it was given."""
        rows = self.tables.rows[relation.table]
        values = np.stack([np.asarray(self._combine(value), np.int64) for value in relation.values], axis=-1)
        flat = values.reshape(-1, values.shape[-1])
        distinct, inverse = np.unique(flat, axis=0, return_inverse=True)
        tuples = [tuple(signed(value) for value in row) for row in distinct.tolist()]
        numbers = np.array([rows.get(row, -1) for row in tuples])
        layer = self.tables.activation(relation)
        wrong = np.array([layer is not None and activate(layer, row[0]) != row[1] for row in tuples])
        counted = numbers[inverse.reshape(-1)]
        self._counts[relation.table] += np.bincount(counted[counted >= 0], minlength=len(rows))[: len(rows)]
        self.constraints += len(counted)
        for place in np.flatnonzero(((numbers < 0) | wrong)[inverse.reshape(-1)])[:LISTED]:
            cell = tuple(int(i) for i in np.unravel_index(place, values.shape[:-1]))
            row = tuple(signed(int(v)) for v in flat[place])
            detail = f"{row} is not in table {relation.table}"
            if row in rows:
                detail = f"{row} is not what the layer makes of {row[0]}"
            self._violation(relation.name, relation.gadget, cell, detail, _values(relation.values, cell))

    def multiplicities(self, table: str) -> None:
        """The multiplicity column counts the lookups seen."""
        expected = self._counts[table]
        actual = np.asarray(self.columns[multiplicity(table)], np.int64)
        self.constraints += len(expected)
        for place in np.flatnonzero(expected != actual)[:LISTED]:
            detail = f"looked up {expected[place]} times, counted {signed(int(actual[place]))}"
            cells = [(multiplicity(table), (int(place),))]
            self._violation(multiplicity(table), "lookup", (int(place),), detail, cells)

    def functional(self, relation: Functional) -> None:
        """One equation."""
        total = _scalar(relation.constant)
        for chosen in relation.batched:
            values = self.columns[chosen.column][chosen.positions, chosen.samples]
            total = total + _total(values * FIELD(chosen.weights % MODULUS))
        for name, start, coefficients in relation.static:
            values = self.columns[name][start : start + len(coefficients)]
            total = total + _total(values * FIELD(np.array(coefficients, np.int64) % MODULUS))
        cells = [(name, (start + i,)) for name, start, factors in relation.static for i in range(len(factors))]
        self._require_zero(relation.name, relation.gadget, FIELD([int(total)]), lambda _: cells)

    def _combine(self, combination: Combination) -> Any:
        kinds = {self.circuit.columns[term.column].kind for term in combination.terms}
        shape = (combination.positions,) if Kind.STATIC in kinds else (combination.positions, self.circuit.samples)
        total = FIELD.Zeros(shape) + _scalar(combination.constant)
        for term in combination.terms:
            cells = self.columns[term.column] * _scalar(term.coefficient)
            if term.gather is None:
                total = total + cells
            else:
                total[term.gather.targets] = total[term.gather.targets] + cells[term.gather.sources]
        return total

    def _require_zero(
        self, name: str, gadget: str, values: Any, cells: Callable[[tuple[int, ...]], Iterable[Cell]]
    ) -> None:
        self.constraints += values.size
        flat = np.asarray(values, np.int64)
        for place in np.argwhere(flat != 0)[:LISTED]:
            cell = tuple(int(i) for i in place)
            self._violation(name, gadget, cell, f"off by {signed(int(flat[cell]))}", cells(cell))

    def _violation(
        self, name: str, gadget: str, cell: tuple[int, ...], detail: str, cells: Iterable[Cell] = ()
    ) -> None:
        values = tuple(
            CellValue(column=column, cell=place, value=signed(int(self.columns[column][place])))
            for column, place in islice(cells, LISTED_CELLS)
        )
        self.violations.append(
            Violation(constraint=name, gadget=gadget, layer=self.layer(gadget), cell=cell, detail=detail, values=values)
        )


def _values(sides: Iterable[Combination], cell: tuple[int, ...]) -> Iterable[Cell]:
    return (read for side in sides for read in combination_cells(side, cell))


def _scalar(value: int) -> Any:
    return FIELD(value % MODULUS)


def _total(values: Any) -> Any:
    return FIELD(int(np.asarray(values, np.int64).sum()) % MODULUS)
