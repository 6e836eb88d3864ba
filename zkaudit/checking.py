"""The circuit without cryptography: every relation evaluated over galois.GF(p), the first violations named.

The arithmetic is galois' own and tables are sets of integer tuples, so nothing of the prover is trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import galois
import numpy as np

from zkaudit.field.koalabear import MODULUS, signed
from zkaudit.model.model import Model
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
    Weighted,
    multiplicity,
)
from zkaudit.statement import Statement
from zkaudit_circuits.network import witness
from zkaudit_circuits.weights import RANDOMNESS_CELLS

FIELD: Any = galois.GF(MODULUS, primitive_element=3, verify=False)
"""GF(p) by galois; 3 generates its multiplicative group."""

LISTED = 100
"""Performance knob: violations listed for one constraint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A constraint that does not hold at a cell (position, sample), or at (position,) of a static column."""

    constraint: str
    gadget: str
    cell: tuple[int, ...]
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was evaluated, and every violation found, at most LISTED for one constraint."""

    constraints: int
    cells: int
    violations: tuple[Violation, ...]


def check(statement: Statement, model: Model) -> CheckReport:
    """Runs the model on the statement's inputs and checks every relation.

    The commitment's link is not a relation of the circuit; its randomness is taken as zero.
    """
    randomness = np.zeros(RANDOMNESS_CELLS, np.int8)
    columns = witness(
        model.architecture,
        model.kernels,
        model.biases,
        model.weight_cells(),
        randomness,
        statement.dataset.inputs,
        statement.gadget,
        statement.layout.circuit,
    )
    return check_columns(statement.layout.circuit, columns)


def check_columns(circuit: Circuit, columns: Mapping[str, Integers]) -> CheckReport:
    """Every relation of a circuit on given columns of integers or residues."""
    checker = _Checker(circuit, columns)
    for linear in circuit.linear:
        checker.linear(linear)
    for product in circuit.products:
        checker.product(product)
    for lookup in circuit.lookups:
        checker.lookup(lookup)
    for table in circuit.tables:
        checker.multiplicities(table)
    for functional in circuit.functionals:
        checker.functional(functional)
    return CheckReport(
        constraints=checker.constraints,
        cells=sum(columns[c.name].size for c in circuit.columns.values() if c.kind is not Kind.PUBLIC),
        violations=tuple(checker.violations),
    )


class _Checker:
    def __init__(self, circuit: Circuit, columns: Mapping[str, Integers]) -> None:
        self.circuit = circuit
        self.columns = {name: FIELD(np.asarray(cells, np.int64) % MODULUS) for name, cells in columns.items()}
        self.constraints = 0
        self.violations: list[Violation] = []
        self._counts = {name: np.zeros(len(table.entries), np.int64) for name, table in circuit.tables.items()}

    def linear(self, relation: Linear) -> None:
        """The sum of all terms at every position and sample."""
        total = FIELD.Zeros((relation.positions, self.circuit.samples)) + _scalar(relation.constant)
        for term in relation.terms:
            if isinstance(term, Scaled):
                total = total + self.columns[term.column] * _scalar(term.coefficient)
            elif isinstance(term, Mapped):
                products = self.columns[term.column][term.columns] * FIELD(term.values % MODULUS)[:, None]
                total = total + _sum_rows(products, term.rows, relation.positions)
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
                total = total + self._weighted(term)
        self._require_zero(relation.name, relation.gadget, total)

    def product(self, relation: Product) -> None:
        """left * right + rest at every cell."""
        value = self._combine(relation.left) * self._combine(relation.right)
        if relation.rest.terms or relation.rest.constant:
            value = value + self._combine(relation.rest)
        self._require_zero(relation.name, relation.gadget, value)

    def lookup(self, relation: Lookup) -> None:
        """Every tuple is a row of the table, by a dictionary of rows."""
        entries = self.circuit.tables[relation.table].entries % MODULUS
        rows = {tuple(row): index for index, row in enumerate(entries.tolist())}
        values = np.stack([np.asarray(self._combine(value), np.int64) for value in relation.values], axis=-1)
        flat = values.reshape(-1, values.shape[-1])
        distinct, inverse = np.unique(flat, axis=0, return_inverse=True)
        index = np.array([rows.get(tuple(row), -1) for row in distinct.tolist()])[inverse.reshape(-1)]
        self._counts[relation.table] += np.bincount(index[index >= 0], minlength=len(entries))
        self.constraints += len(index)
        for place in np.flatnonzero(index < 0)[:LISTED]:
            cell = tuple(int(i) for i in np.unravel_index(place, values.shape[:-1]))
            detail = f"{tuple(signed(int(v)) for v in flat[place])} is not in table {relation.table}"
            self._violation(relation.name, relation.gadget, cell, detail)

    def multiplicities(self, table: str) -> None:
        """The multiplicity column counts the lookups seen."""
        expected = self._counts[table]
        actual = np.asarray(self.columns[multiplicity(table)], np.int64)
        self.constraints += len(expected)
        for place in np.flatnonzero(expected != actual)[:LISTED]:
            detail = f"looked up {expected[place]} times, counted {signed(int(actual[place]))}"
            self._violation(multiplicity(table), "lookup", (int(place),), detail)

    def functional(self, relation: Functional) -> None:
        """One equation."""
        total = _scalar(relation.constant)
        for chosen in relation.batched:
            cells = self.columns[chosen.column][chosen.positions, chosen.samples]
            total = total + _total(cells * FIELD(chosen.weights % MODULUS))
        for name, start, coefficients in relation.static:
            cells = self.columns[name][start : start + len(coefficients)]
            total = total + _total(cells * FIELD(np.array(coefficients, np.int64) % MODULUS))
        self._require_zero(relation.name, relation.gadget, FIELD([int(total)]))

    def _weighted(self, term: Weighted) -> Any:
        """A convolution, one place of the kernel after the other, (positions, samples)."""
        window, samples = term.window, self.circuit.samples
        source = np.zeros((term.source.size, samples), np.int64)
        for name, gather in term.source.parts():
            source[gather.targets] = np.asarray(self.columns[name], np.int64)[gather.sources]
        top, left, bottom, right = window.padding
        shape = (window.channels, window.height, window.width, samples)
        padded = np.pad(source.reshape(shape), ((0, 0), (top, bottom), (left, right), (0, 0)))
        cells = FIELD.Zeros(window.weights)
        for limb in range(term.limbs):
            start = term.start + limb * window.weights
            cells = cells + self.columns[term.weights][start : start + window.weights] * _scalar(256**limb)
        kernel = cells.reshape(window.groups, -1, window.channels // window.groups, *window.kernel)
        total = FIELD.Zeros((window.groups, kernel.shape[1], window.output_height * window.output_width * samples))
        for i in range(window.kernel[0]):
            for j in range(window.kernel[1]):
                rows = window.dilation[0] * i + window.stride[0] * np.arange(window.output_height)
                columns = window.dilation[1] * j + window.stride[1] * np.arange(window.output_width)
                tap = padded[:, rows[:, None], columns].reshape(window.groups, kernel.shape[2], -1)
                for group in range(window.groups):
                    total[group] = total[group] + _matrix_product(kernel[group, :, :, i, j], FIELD(tap[group]))
        flat = total.reshape(window.filters, -1)
        if term.factors:
            flat = flat * FIELD(np.array(term.factors, np.int64) % MODULUS)[:, None]
        return flat.reshape(-1, samples)

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

    def _require_zero(self, name: str, gadget: str, values: Any) -> None:
        self.constraints += values.size
        flat = np.asarray(values, np.int64)
        for place in np.argwhere(flat != 0)[:LISTED]:
            cell = tuple(int(i) for i in place)
            self._violation(name, gadget, cell, f"off by {signed(int(flat[cell]))}")

    def _violation(self, name: str, gadget: str, cell: tuple[int, ...], detail: str) -> None:
        self.violations.append(Violation(constraint=name, gadget=gadget, cell=cell, detail=detail))


def _scalar(value: int) -> Any:
    return FIELD(value % MODULUS)


def _total(values: Any) -> Any:
    return FIELD(int(np.asarray(values, np.int64).sum()) % MODULUS)


def _sum_rows(values: Any, rows: Integers, size: int) -> Any:
    """Rows of values added up where they belong, (n, samples) -> (size, samples)."""
    total = np.zeros((size, values.shape[1]), np.int64)
    np.add.at(total, rows, np.asarray(values, np.int64))
    return FIELD(total % MODULUS)


def _matrix_product(left: Any, right: Any) -> Any:
    """left (m, k) times right (k, n): galois products, summed as integers, since its matrix product is slow."""
    rows = [np.asarray(row[:, None] * right, np.int64).sum(axis=0) % MODULUS for row in left]
    return FIELD(np.stack(rows))
