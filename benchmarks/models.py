"""The statements that are measured: the demonstration, and an MLP of MNIST's size with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zkaudit.claim import parse_claim
from zkaudit.commitment import Opening, commit
from zkaudit.dataset import HeldOutSet, RawDataset, quantise_inputs
from zkaudit.demonstration import digits_task
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.model.quantiser import quantize, quantize_arrays
from zkaudit.statement import Statement


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model, its opened commitment and a true statement."""

    statement: Statement
    model: Model
    opening: Opening


def digits() -> Subject:
    """MLP 64-32-10 trained on the digits, its 360 held-out samples, accuracy >= 0.95."""
    task = digits_task()
    model, _ = quantize(task.network, task.calibration_inputs, task.calibration_labels)
    raw = RawDataset(inputs=task.heldout_inputs, labels=task.heldout_labels)
    return _subject(model, quantise_inputs(model.architecture, raw), "accuracy >= 0.95")


def mlp() -> Subject:
    """MLP 784-128-10 with random weights on 1,024 random images; labels agree with its predictions on 1,000."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (1024, 784), dtype=np.uint8)
    weights = [generator.normal(0, inputs**-0.5, (outputs, inputs)) for inputs, outputs in ((784, 128), (128, 10))]
    biases = [generator.normal(0, 0.1, len(weight)) for weight in weights]
    model, _ = quantize_arrays(weights, biases, images)
    raw = RawDataset(inputs=images, labels=np.zeros(len(images), np.int64))
    inputs = quantise_inputs(model.architecture, raw).inputs
    labels = evaluate(model.architecture, model.kernels, model.biases, inputs).predictions.copy()
    labels[:24] = (labels[:24] + 1) % 10
    return _subject(model, HeldOutSet(inputs=inputs, labels=labels), "correct >= 1000")


SUBJECTS: dict[str, Callable[[], Subject]] = {"digits 64-32-10 x 360": digits, "MLP 784-128-10 x 1,024": mlp}
"""Every statement by the name in the table."""


def _subject(model: Model, dataset: HeldOutSet, claim: str) -> Subject:
    commitment, opening = commit(model.architecture, model.weight_cells())
    statement = Statement(commitment=commitment, dataset=dataset, claim=parse_claim(claim))
    return Subject(statement=statement, model=model, opening=opening)
