"""The statements that are measured: trained networks on held-out data, and shapes with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.networks import mobile_network, residual_network, signal_network, vgg
from zkaudit.claim import parse_claim
from zkaudit.commitment import Opening, commit
from zkaudit.dataset import HeldOutSet, RawDataset, load_dataset, quantise_inputs
from zkaudit.demonstration import PIXEL_RANGE, digits_task
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.model.onnx_import import import_onnx
from zkaudit.model.quantiser import quantize, quantize_arrays
from zkaudit.statement import Statement

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
"""Exported networks and their data."""

WRONG = 50
"""One in so many labels disagrees with the prediction, where labels are made up."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model, its opened commitment and a true statement."""

    statement: Statement
    model: Model
    opening: Opening


def digits() -> Subject:
    """MLP 64-32-10 trained on the digits, its 360 held-out samples, accuracy >= 0.95."""
    task = digits_task()
    model, _ = quantize(task.network, task.calibration_inputs, task.calibration_labels, input_range=PIXEL_RANGE)
    raw = RawDataset(inputs=task.heldout_inputs, labels=task.heldout_labels)
    return _subject(model, quantise_inputs(model.architecture, raw), "accuracy >= 0.95")


def lenet() -> Subject:
    """LeNet-5 trained on MNIST, from its ONNX file, on 1,000 held-out images, accuracy >= 0.96."""
    calibration = load_dataset(FIXTURES / "lenet_calibration.npz")
    heldout = load_dataset(FIXTURES / "lenet_heldout.npz")
    model, _ = quantize(import_onnx(FIXTURES / "lenet.onnx"), calibration.inputs, calibration.labels)
    return _subject(model, quantise_inputs(model.architecture, heldout), "accuracy >= 0.96")


def mlp() -> Subject:
    """MLP 784-128-10 with random weights on 1,024 random images."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (1024, 784), dtype=np.uint8)
    weights = [generator.normal(0, inputs**-0.5, (outputs, inputs)) for inputs, outputs in ((784, 128), (128, 10))]
    biases = [generator.normal(0, 0.1, len(weight)) for weight in weights]
    model, _ = quantize_arrays(weights, biases, images)
    return random_subject(model, len(images))


def random_subject(model: Model, samples: int) -> Subject:
    """Random inputs, and labels that agree with the model's predictions but for one in `WRONG`."""
    architecture = model.architecture
    low, high = architecture.input_low, architecture.input_high
    inputs = np.random.default_rng(1).integers(low, high + 1, (architecture.features, samples))
    labels = evaluate(architecture, model.kernels, model.biases, inputs).predictions.copy()
    labels[WRONG - 1 :: WRONG] = (labels[WRONG - 1 :: WRONG] + 1) % architecture.classes
    correct = samples - samples // WRONG
    return _subject(model, HeldOutSet(inputs=inputs, labels=labels), f"correct >= {correct}")


def _random(build: Callable[[], Model], samples: int) -> Callable[[], Subject]:
    return lambda: random_subject(build(), samples)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "digits 64-32-10 x 360": digits,
    "MLP 784-128-10 x 1,024": mlp,
    "LeNet-5 x 1,000": lenet,
    "1-D network x 256": _random(signal_network, 256),
    "MobileNetV3 x 16": _random(mobile_network, 16),
    "ResNet-20 x 64": _random(residual_network, 64),
    "VGG-16 x 1": _random(vgg, 1),
}
"""Every statement by the name in the table."""


def _subject(model: Model, dataset: HeldOutSet, claim: str) -> Subject:
    commitment, opening = commit(model.architecture, model.weight_cells())
    statement = Statement(commitment=commitment, dataset=dataset, claim=parse_claim(claim))
    return Subject(statement=statement, model=model, opening=opening)
