"""Post-training quantisation: float networks and plain arrays to the integer model that is committed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_SHIFT, Architecture, Dense, Requantise
from zkaudit.model.bounds import check_bounds
from zkaudit.model.calibration import InputRule, channel_reaches, choose_input_rule
from zkaudit.model.float_network import FloatDense, FloatNetwork
from zkaudit.model.integer_layers import activation_of, quantise_layers
from zkaudit.model.model import Model
from zkaudit.model.report import QuantisationReport, compare


def quantize(
    network: FloatNetwork,
    calibration: NDArray[np.generic],
    labels: NDArray[np.integer] | None = None,
    *,
    validation: tuple[NDArray[np.generic], NDArray[np.integer]] | None = None,
    input_range: tuple[float, float] | None = None,
    percentile: float = 100.0,
) -> tuple[Model, QuantisationReport]:
    """The integer model of a float network, and a comparison of the two.

    `calibration` (samples, *input_shape) fixes the scales; `input_range` the raw values that inputs may take.
    The report is on `validation` (inputs, labels) where given, else on the calibration data and its labels.
    Hidden channels saturate above the given percentile of their calibration values.
    Deterministic for the same arrays and the same numpy.
    `InvalidInput` names the sample or layer that does not fit.
    """
    _check_calibration(network, calibration, percentile)
    rule = choose_input_rule(calibration.astype(np.float64), input_range)
    shifted = [Requantise(shift=MAX_SHIFT // 2, activation=activation_of(layer)) for layer in network.layers[:-1]]
    provisional = _architecture(network, rule, [1] * len(network.layers), shifted)
    # Layers too wide for the field are refused before any work, here with the least bias and the kindest shift.
    check_bounds(provisional)
    reaches = channel_reaches(network, calibration, percentile)
    layers, hidden = quantise_layers(network, provisional, calibration, reaches)
    architecture = _architecture(network, rule, [layer.sizes.bias_limbs for layer in layers], hidden)
    kernels, biases = tuple(layer.kernel for layer in layers), tuple(layer.bias for layer in layers)
    model = Model(architecture=architecture, kernels=kernels, biases=biases)
    if validation is not None:
        report = compare(network, model, *validation, "validation")
    else:
        report = compare(network, model, calibration, labels, "calibration")
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
) -> tuple[Model, QuantisationReport]:
    """As `quantize`, for a network of plain arrays: `weights[k]` (outputs, inputs) and `biases[k]` (outputs,) or None.

    `relu[k]` tells whether layer k is followed by ReLU; by default all are but the last.
    The input shape is that of a calibration sample.
    """
    relus = [True] * (len(weights) - 1) + [False] if relu is None else list(relu)
    if not len(weights) == len(biases) == len(relus):
        raise InvalidInput(f"{len(weights)} weights, {len(biases)} biases, {len(relus)} activations", where="network")
    layers = tuple(
        FloatDense(
            weight=np.asarray(weight, np.float64),
            bias=np.zeros(len(weight)) if bias is None else np.asarray(bias, np.float64),
            relu=bool(active),
        )
        for weight, bias, active in zip(weights, biases, relus, strict=True)
    )
    network = FloatNetwork(input_shape=calibration.shape[1:], layers=layers)
    return quantize(network, calibration, labels, validation=validation, input_range=input_range, percentile=percentile)


def _check_calibration(network: FloatNetwork, calibration: NDArray[np.generic], percentile: float) -> None:
    where = "calibration"
    if calibration.dtype.kind not in "iuf":
        raise InvalidInput(f"values of type {calibration.dtype}", where=where, expected="integers or floats")
    if calibration.shape[1:] != network.input_shape or not len(calibration):
        expected = f"(samples, {', '.join(map(str, network.input_shape))})"
        raise InvalidInput(f"inputs of shape {calibration.shape}", where=where, expected=expected)
    finite = np.isfinite(calibration.reshape(len(calibration), -1)).all(axis=1)
    if not finite.all():
        raise InvalidInput("NaN or an infinite value", where=f"{where}, sample {int(finite.argmin())}")
    if not 0 < percentile <= 100:
        raise InvalidInput(f"percentile {percentile}", where=where, expected="above 0 and at most 100")


def _architecture(
    network: FloatNetwork, rule: InputRule, limbs: Sequence[int], hidden: Sequence[Requantise]
) -> Architecture:
    layers: list[Dense | Requantise] = []
    for number, (layer, count) in enumerate(zip(network.layers, limbs, strict=True)):
        outputs, inputs = layer.weight.shape
        layers.append(Dense(inputs=inputs, outputs=outputs, bias_limbs=count))
        layers.extend(hidden[number : number + 1])
    return Architecture(
        input_shape=network.input_shape,
        input_low=rule.low,
        input_high=rule.high,
        input_scale=rule.scale.hex(),
        layers=tuple(layers),
    )
