"""The quantiser: close to the float network, deterministic, within its bounds, and clear about what it refuses."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Dense
from zkaudit.model.bounds import accumulator_bounds
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import model_bytes, parse_model
from zkaudit.model.quantiser import quantize_arrays


def _arrays(widths: list[int], seed: int = 0) -> tuple[list[Any], list[Any]]:
    random = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths, strict=False))
    weights = [random.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes]
    # Channels of very different sizes are what scales per channel are for.
    weights[:-1] = [weight * np.exp(random.normal(size=(len(weight), 1))) for weight in weights[:-1]]
    return weights, [0.1 * random.normal(size=outputs) for outputs in widths[1:]]


def _float_logits(weights: list[Any], biases: list[Any], relu: list[bool], inputs: Any) -> Any:
    values = inputs.reshape(len(inputs), -1).astype(np.float64)
    for weight, bias, active in zip(weights, biases, relu, strict=True):
        values = values @ weight.T + bias
        values = np.maximum(values, 0) if active else values
    return values


@pytest.mark.parametrize("relu", [[True, True, False], [False, True, False], [False, False, False]])
def test_close_to_the_float_network(relu: list[bool]) -> None:
    weights, biases = _arrays([20, 40, 30, 8])
    random = np.random.default_rng(1)
    calibration, fresh = random.normal(size=(500, 20)), random.normal(size=(400, 20))
    labels = _float_logits(weights, biases, relu, fresh).argmax(axis=1)
    model, report = quantize_arrays(
        weights, biases, calibration, relu=relu, validation=(fresh, labels), input_range=(-6, 6)
    )
    assert report.evaluated_on == "validation"
    assert report.float_correct == report.samples == 400
    assert report.integer_correct == 400 - len(report.differing)
    assert len(report.differing) < 20
    assert [step.activation for step in model.architecture.requantisations] == [
        "relu" if active else "identity" for active in relu[:-1]
    ]


def test_logits_are_proportional_to_the_float_logits() -> None:
    weights, biases = _arrays([16, 32, 5])
    calibration = np.random.default_rng(2).integers(0, 256, (300, 16))
    model, _ = quantize_arrays(weights, biases, calibration)
    target = _float_logits(weights, biases, [True, False], calibration).T
    logits = evaluate(model.architecture, model.kernels, model.biases, calibration.T).logits
    scale = (logits * target).sum() / (logits * logits).sum()
    error = np.abs(scale * logits - target).max() / np.abs(target).max()
    assert error < 0.02


def test_scales_per_channel_are_worth_it() -> None:
    """Channels of sizes 10^-3 to 10^3 keep their precision."""
    random = np.random.default_rng(3)
    sizes = 10.0 ** np.linspace(-3, 3, 12)
    first = random.normal(size=(12, 10)) * sizes[:, None]
    last = random.normal(size=(4, 12)) / sizes
    calibration = random.uniform(0, 1, (400, 10))
    _, report = quantize_arrays([first, last], [None, None], calibration)
    assert len(report.differing) < 20


def test_deterministic_and_stored() -> None:
    weights, biases = _arrays([6, 5, 3])
    calibration = np.random.default_rng(4).uniform(0, 1, (50, 2, 3))
    labels = np.arange(50) % 3
    model, report = quantize_arrays(weights, biases, calibration, labels)
    again, _ = quantize_arrays(weights, biases, calibration, labels)
    assert model_bytes(model) == model_bytes(again)
    assert model.architecture.input_shape == (2, 3)
    assert parse_model(model_bytes(model)).report == report.canonical()
    assert report.evaluated_on == "calibration"
    assert report.canonical()["float_correct"] == report.float_correct
    assert any("float accuracy" in line for line in report.lines())


def test_report_without_labels() -> None:
    weights, biases = _arrays([6, 3])
    _, report = quantize_arrays(weights, biases, np.random.default_rng(5).uniform(0, 1, (9, 6)))
    assert report.float_correct is None
    assert report.warnings == ()
    assert "float_correct" not in report.canonical()
    assert [line.split("   ")[0] for line in report.lines()] == ["predictions that differ", "dense 1"]


def test_lost_accuracy_is_a_warning() -> None:
    # Two classes whose logits differ by less than a step of the weights, which are too many for a second limb.
    weights = [np.pad(np.array([[1.0, 1e-4], [1.0, -1e-4]]), ((0, 0), (0, 198)))]
    calibration = np.pad(np.array([[200, 1]] * 10 + [[200, 0]] * 10), ((0, 0), (0, 198)))
    labels = np.zeros(20, np.int64)
    _, report = quantize_arrays(weights, [np.array([0.0, 5e-5])], calibration, labels)
    assert report.float_correct == 10
    assert report.integer_correct == 20
    _, report = quantize_arrays(weights, [np.array([0.0, 5e-5])], calibration, 1 - labels)
    assert report.differing == tuple(range(10, 20))
    assert "50.0 points less accurate" in report.warnings[0]
    assert report.lines()[-1].startswith("warning:")


def test_saturation_is_counted() -> None:
    weights = [np.array([[1.0]]), np.array([[1.0]])]
    calibration = np.arange(100)[:, None]
    _, report = quantize_arrays(weights, [None, None], calibration, percentile=50)
    assert report.cells == (100,)
    assert 30 <= report.saturated[0] <= 50
    _, report = quantize_arrays(weights, [None, None], calibration)
    assert report.saturated == (0,)


def test_large_biases_take_limbs() -> None:
    limbs = []
    for bias in (1.0, 200.0, 1e5, 1e9):
        model, _ = quantize_arrays([np.eye(2)], [np.array([bias, 0.0])], np.array([[127, 3]]))
        limbs += [layer.bias_limbs for layer in model.architecture.layers if isinstance(layer, Dense)]
    assert limbs == [1, 2, 3, 3]


def test_one_class_one_sample_and_zero_weights() -> None:
    model, report = quantize_arrays([np.zeros((3, 2)), np.zeros((1, 3))], [None, None], np.zeros((1, 2)), np.array([0]))
    assert report.integer_correct == 1
    assert model.architecture.classes == 1
    assert not model.weight_cells().any()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_network_gives_a_valid_model(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    sizes = st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e4, 1e30])
    weights = [random.normal(size=(outputs, inputs)) * data.draw(sizes) for inputs, outputs in pairwise(widths)]
    biases = [random.normal(size=outputs) * data.draw(sizes) for outputs in widths[1:]]
    relu = [data.draw(st.booleans()) for _ in weights[1:]] + [False]
    calibration = random.normal(size=(data.draw(st.integers(1, 20)), widths[0])) * data.draw(sizes)
    model, _ = quantize_arrays(weights, biases, calibration, relu=relu)
    integers = random.integers(model.architecture.input_low, model.architecture.input_high + 1, (widths[0], 50))
    trace = evaluate(model.architecture, model.kernels, model.biases, integers)
    for values, bound in zip(trace.accumulators, accumulator_bounds(model.architecture), strict=True):
        assert np.abs(values).max() <= bound


@pytest.mark.parametrize(
    ("calibration", "options", "named"),
    [
        (np.zeros((0, 6)), {}, "shape"),
        (np.zeros((4, 5)), {}, "dense 1"),
        (np.full((4, 6), np.nan), {}, "sample 0: NaN|NaN"),
        (np.zeros((4, 6), bool), {}, "bool"),
        (np.zeros((4, 6)), {"percentile": 0.0}, "percentile"),
        (np.zeros((4, 6)), {"relu": [True, True]}, "activation"),
        (np.zeros((4, 6)), {"relu": [True]}, "activations"),
        (np.ones((4, 6)), {"input_range": (0, 0.5)}, "input range"),
        (np.ones((4, 6)), {"labels": np.zeros(4)}, "labels of type"),
        (np.ones((4, 6)), {"labels": np.full(4, 3)}, "label 3"),
        (np.ones((4, 6)), {"validation": (np.full((1, 6), 300), np.array([0]))}, "validation, sample 0.*outside"),
    ],
)
def test_what_is_refused(calibration: Any, options: dict[str, Any], named: str) -> None:
    weights, biases = _arrays([6, 4, 3])
    with pytest.raises(InvalidInput, match=named):
        quantize_arrays(weights, biases, calibration, **options)


def test_layers_too_wide_are_named() -> None:
    wide = [np.ones((2, 3)), np.ones((20000, 2)), np.ones((2, 20000))]
    with pytest.raises(InvalidInput, match=r"dense 3: .*wrap"):
        quantize_arrays(wide, [None] * 3, np.ones((2, 3)))


def test_biases_that_dwarf_the_weights_take_a_shift_that_cannot_wrap() -> None:
    # Weights this small ask for a shift of 40, which would carry eight bits past the modulus.
    weights = [np.full((2, 3), 1e-12), np.array([[1.0, -1.0], [-1.0, 1.0]])]
    model, report = quantize_arrays(weights, [np.array([1.0, 2.0]), None], np.eye(3))
    assert 0 < model.architecture.requantisations[0].shift <= 21
    assert report.differing == ()
