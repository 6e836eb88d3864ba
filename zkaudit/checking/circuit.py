"""Checks a statement's whole circuit: every relation on the model's witness, and that every cell is touched."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zkaudit.checking.coverage import Touched, constraints
from zkaudit.checking.evaluation import Evaluation
from zkaudit.checking.layers import layer_names
from zkaudit.checking.report import CheckReport, ColumnCoverage, ConstraintCoverage, Violation
from zkaudit.model.architecture import Architecture
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.relation import Circuit, Integers, Kind
from zkaudit.statement import Statement
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.network import witness
from zkaudit_circuits.weights import RANDOMNESS_CELLS


def check(statement: Statement, model: Model) -> CheckReport:
    """Runs the model on the statement's inputs and checks every relation, the tables and the predictions.

    The commitment's link is not a relation of the circuit; its randomness is taken as zero.
    The predictions of the witness are held against those of the reference evaluator, which knows no circuit.
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
    evaluation = Evaluation(statement.layout.circuit, columns, model.architecture)
    inputs = statement.dataset.inputs
    predictions = evaluate(model.architecture, list(model.kernels), list(model.biases), inputs).predictions
    evaluation.predictions(PREDICTION, predictions)
    evaluation.run()
    coverage, by_column, untouched = cover(statement.layout.circuit, model.architecture)
    return CheckReport(
        constraints=evaluation.constraints,
        cells=sum(one.cells for one in by_column),
        violations=(*evaluation.violations, *untouched),
        coverage=coverage,
        columns=by_column,
    )


def check_columns(
    circuit: Circuit, columns: Mapping[str, Integers], architecture: Architecture | None = None
) -> CheckReport:
    """Every relation of a circuit on given columns of integers or residues, without the coverage.

    With the architecture the violations name its layers, and activations are computed from it.
    """
    evaluation = Evaluation(circuit, columns, architecture)
    evaluation.run()
    cells = sum(columns[column.name].size for column in circuit.columns.values() if column.kind is not Kind.PUBLIC)
    return CheckReport(constraints=evaluation.constraints, cells=cells, violations=tuple(evaluation.violations))


def cover(
    circuit: Circuit, architecture: Architecture
) -> tuple[tuple[ConstraintCoverage, ...], tuple[ColumnCoverage, ...], tuple[Violation, ...]]:
    """The cells of each constraint, the constraints of each column of the witness, and the columns not wholly touched.

    It depends on the circuit alone.
    """
    layers = layer_names(architecture)
    coverage, every = [], Touched(circuit)
    for name, gadget, instances, touched in constraints(circuit):
        every.merge(touched)
        coverage.append(
            ConstraintCoverage(
                constraint=name,
                gadget=gadget,
                layer=layers.get(gadget, ""),
                instances=instances,
                cells=sum(map(touched.count, touched.columns)),
                columns=touched.columns,
            )
        )
    by_column = tuple(
        ColumnCoverage(
            column=column.name,
            kind=str(column.kind),
            cells=every.size(column.name),
            constraints=tuple(one.constraint for one in coverage if column.name in one.columns),
            untouched=every.size(column.name) - every.count(column.name),
        )
        for column in circuit.columns.values()
        if column.kind is not Kind.PUBLIC
    )
    untouched = tuple(
        Violation(
            constraint="coverage",
            gadget=one.column,
            layer="",
            cell=every.first_untouched(one.column),
            detail=f"{one.untouched} of {one.cells} cells of the column are touched by no constraint",
        )
        for one in by_column
        if one.untouched
    )
    return tuple(coverage), by_column, untouched
