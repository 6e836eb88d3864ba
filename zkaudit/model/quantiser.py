"""Post-training quantisation: float networks and plain arrays to the integer model that is committed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture
from zkaudit.model.calibration import calibrate, choose_input_rule
from zkaudit.model.float_graph import FloatGraph, perceptron
from zkaudit.model.lowering import lower
from zkaudit.model.model import Model
from zkaudit.model.preparation import prepare
from zkaudit.model.ranges import RangeRule
from zkaudit.model.report import QuantisationReport, compare


def quantize(
    network: FloatGraph,
    calibration: NDArray[np.generic],
    labels: NDArray[np.integer] | None = None,
    *,
    validation: tuple[NDArray[np.generic], NDArray[np.integer]] | None = None,
    input_range: tuple[float, float] | None = None,
    percentile: float = 100.0,
    ranges: str = "automatic",
) -> tuple[Model, QuantisationReport]:
    """The integer model of a float network, and a comparison of the two.

    `calibration` (samples, *input_shape) fixes the scales; `input_range` the raw values that inputs may take.
    `ranges` is one of `ranges.METHODS`; hidden values saturate above the given percentile of their calibration values.
    The report is on `validation` (inputs, labels) where given, else on the calibration data and its labels.
    Deterministic for the same arrays and the same numpy.
    `InvalidInput` names the sample or layer that does not fit.
    """
    _check_calibration(network, calibration)
    rule = RangeRule(method=ranges, percentile=percentile)
    inputs = choose_input_rule(calibration.astype(np.float64), input_range)
    prepared = prepare(network)
    made = lower(prepared, calibrate(prepared, inputs, calibration), inputs, rule)
    architecture = Architecture(
        input_shape=network.input_shape,
        input_low=inputs.low,
        input_high=inputs.high,
        input_scale=inputs.scale.hex(),
        layers=tuple(made.layers),
    )
    kernels, biases = tuple(made.kernels), tuple(made.biases)
    model = Model(architecture=architecture, kernels=kernels, biases=biases)
    data = (*validation, "validation") if validation is not None else (calibration, labels, "calibration")
    report = compare(prepared, model, made.links, *data)
    return Model(architecture=architecture, kernels=kernels, biases=biases, report=report.canonical()), report


def quantize_arrays(
    weights: Sequence[NDArray[np.floating]],
    biases: Sequence[NDArray[np.floating] | None],
    calibration: NDArray[np.generic],
    labels: NDArray[np.integer] | None = None,
    *,
    relu: Sequence[bool] | None = None,
    validation: tuple[NDArray[np.generic], NDArray[np.integer]] | None = None,
    input_range: tuple[float, float] | None = None,
    percentile: float = 100.0,
    ranges: str = "automatic",
) -> tuple[Model, QuantisationReport]:
    """As `quantize`, for a network of plain arrays: `weights[k]` (outputs, inputs) and `biases[k]` (outputs,) or None.

    `relu[k]` tells whether layer k is followed by ReLU; by default all are but the last.
    The input shape is that of a calibration sample.
    """
    floats = [np.asarray(weight, np.float64) for weight in weights]
    rows = [None if bias is None else np.asarray(bias, np.float64) for bias in biases]
    network = perceptron(calibration.shape[1:], floats, rows, relu)
    if relu is not None and len(relu) and relu[-1]:
        raise InvalidInput(
            "an activation follows the last layer, and could change its argmax",
            where=f"dense {len(relu)}",
            next_step="remove the activation from the logits",
        )
    return quantize(
        network,
        calibration,
        labels,
        validation=validation,
        input_range=input_range,
        percentile=percentile,
        ranges=ranges,
    )


def _check_calibration(network: FloatGraph, calibration: NDArray[np.generic]) -> None:
    where = "calibration"
    if calibration.dtype.kind not in "iuf":
        raise InvalidInput(f"values of type {calibration.dtype}", where=where, expected="integers or floats")
    if calibration.shape[1:] != network.input_shape or not len(calibration):
        expected = f"(samples, {', '.join(map(str, network.input_shape))})"
        raise InvalidInput(f"inputs of shape {calibration.shape}", where=where, expected=expected)
    finite = np.isfinite(calibration.reshape(len(calibration), -1)).all(axis=1)
    if not finite.all():
        raise InvalidInput("NaN or an infinite value", where=f"{where}, sample {int(finite.argmin())}")
