"""The digits task: trained in seconds, the same each time, and hardly changed by quantisation."""

from __future__ import annotations

import pytest

from zkaudit.dataset import dataset_bytes, parse_dataset, quantise_inputs
from zkaudit.demonstration import PIXEL_RANGE, DigitsTask, digits_task
from zkaudit.model.architecture import Dense
from zkaudit.model.evaluator import evaluate
from zkaudit.model.quantiser import quantize


@pytest.fixture(scope="module")
def task() -> DigitsTask:
    return digits_task()


def test_split(task: DigitsTask) -> None:
    assert task.calibration_inputs.shape == (1437, 8, 8)
    assert task.heldout_inputs.shape == (360, 8, 8)
    assert task.heldout_inputs.max() == PIXEL_RANGE[1]
    assert set(task.heldout_labels.tolist()) == set(range(10))


def test_accuracy_survives_quantisation(task: DigitsTask) -> None:
    model, report = quantize(
        task.network,
        task.calibration_inputs,
        task.calibration_labels,
        validation=(task.heldout_inputs, task.heldout_labels),
        input_range=PIXEL_RANGE,
    )
    assert report.integer_correct is not None
    assert report.integer_correct >= 0.95 * 360
    assert len(report.differing) <= 4
    assert task.float_accuracy >= 0.95
    dense = [layer for layer in model.architecture.layers if isinstance(layer, Dense)]
    assert [(layer.inputs, layer.outputs) for layer in dense] == [(64, 32), (32, 10)]
    raw = parse_dataset(dataset_bytes(task.heldout_inputs, task.heldout_labels))
    held = quantise_inputs(model.architecture, raw)
    predictions = evaluate(model.architecture, model.kernels, model.biases, held.inputs).predictions
    assert int((predictions == held.labels).sum()) == report.integer_correct
