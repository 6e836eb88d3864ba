"""The witness of a statement: its columns from a model, as integers and as the cells that a proof is made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from zkaudit.atom import Metric
from zkaudit.claim import Claim
from zkaudit.commitment.ajtai import Opening, verify_opening
from zkaudit.errors import ProvingFailed
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.findings import accuracy_of
from zkaudit.metrics import Predictions, described, holds, measure
from zkaudit.model.model import Model
from zkaudit.opening.kernels import collapse_samples
from zkaudit.products.prover import combination_cells
from zkaudit.relation import Combination, Integers, Kind
from zkaudit.statement import Statement
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.network import INPUT, witness
from zkaudit_circuits.top_k import RANK

Cells = NDArray[np.uint32]

_CHUNK = 1 << 16
"""Performance knob: integers that become residues at a time, 512 kB."""


def honest_witness(statement: Statement, model: Model, opening: Opening) -> dict[str, Integers]:
    """Every column of the statement's circuit; ProvingFailed when there is none."""
    commitment = statement.commitment
    if model.architecture.digest() != commitment.architecture.digest():
        raise ProvingFailed("the model has another architecture than the commitment; commit to this model")
    cells = model.weight_cells()
    if not verify_opening(commitment, cells, opening):
        raise ProvingFailed("model and opening do not open this commitment; use the files of one `zkaudit commit`")
    columns = witness(
        commitment.architecture,
        model.kernels,
        model.biases,
        cells,
        opening.randomness,
        statement.dataset.inputs,
        statement.gadget,
        statement.layout.circuit,
    )
    require_true(statement, columns)
    return columns


def require_true(statement: Statement, columns: Mapping[str, Integers]) -> None:
    """ProvingFailed with the first atom that a witness does not meet, and what it has instead."""
    samples, labels = statement.samples, statement.dataset.labels
    ranks = columns[RANK][0, :samples] if RANK in columns else None
    predicted = np.argmax(columns[PREDICTION][:, :samples], axis=0)
    predictions = Predictions(
        predicted=predicted, dataset=statement.dataset, classes=statement.commitment.architecture.classes, ranks=ranks
    )
    for atom in statement.claim.atoms:
        value = measure(atom, predictions)
        if holds(atom, value):
            continue
        if atom.metric in (Metric.ACCURACY, Metric.CORRECT) and atom.group is None and atom.relation != "<=":
            count, exact = accuracy_of(Claim(atoms=(atom,)), samples)
            raise ProvingFailed(
                f"the model gets {int((predicted == labels).sum())} of {samples} right; "
                f"the claim needs {'exactly' if exact else 'at least'} {count}"
            )
        raise ProvingFailed(f"{atom.text[:80]} is false: {described(atom, value)}")


class Witness:
    """The columns as canonical cells in the order of their places, and a few of them as integers."""

    def __init__(self, statement: Statement, columns: dict[str, Integers]) -> None:
        layout, rows = statement.layout, statement.rows
        self.layout = layout
        width = rows.oracle.message
        self.batched = np.zeros(rows.batched_rows * width, np.uint32)
        self.static = np.zeros(rows.static_rows * width, np.uint32)
        samples = layout.circuit.samples
        for name, first in layout.batched_positions.items():
            _write_residues(self.batched, first * samples, columns[name])
        for name, first in layout.static_places.items():
            _write_residues(self.static, first, columns[name])
        kept = {INPUT, *layout.static_places, *layout.functional_positions}
        self.integers = {name: columns[name] for name in kept}

    def column(self, name: str) -> Cells:
        """The cells of a column, flat, not copied."""
        column = self.layout.circuit.columns[name]
        if column.kind is Kind.STATIC:
            first = self.layout.static_places[name]
            return self.static[first : first + column.positions]
        first = self.layout.batched_positions[name] * self.layout.circuit.samples
        return self.batched[first : first + column.positions * self.layout.circuit.samples]

    def read(self, combination: Combination) -> Cells:
        """A combination's cells, flat."""
        kinds = {self.layout.circuit.columns[read.column].kind for read in combination.terms}
        samples = 1 if Kind.STATIC in kinds else self.layout.circuit.samples
        return combination_cells(combination, self.column, samples)

    def collapse(self, point: list[Element]) -> Array:
        """All batched positions at a sample point, (5, positions)."""
        cells = self.batched[: self.layout.batched_cells]
        return collapse_samples(cells, self.layout.circuit.samples, arrays.equality_table(point))


def _write_residues(target: Cells, first: int, cells: Integers) -> None:
    """Integers in C order as canonical residues from `first` on, in parts that stay in cache."""
    flat = cells.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        part = arrays.residues(flat[start : start + _CHUNK])
        target[first + start : first + start + part.size] = part
