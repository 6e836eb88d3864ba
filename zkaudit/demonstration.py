"""The demonstration task: a perceptron that reads handwritten digits, trained here with a fixed seed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.model.float_graph import FloatGraph, perceptron

HIDDEN = 32
"""Channels of the hidden layer."""

TRAINING_SAMPLES = 1437
"""Images that the network is trained and calibrated on; the other 360 are held out."""

PIXEL_RANGE = (0.0, 16.0)
"""Values of a pixel of these images."""

SEED = 7
"""Fixes the split and the training."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DigitsTask:
    """A trained network and its data: images uint8 (samples, 8, 8) of pixels 0 to 16, labels int64 (samples,)."""

    network: FloatGraph
    calibration_inputs: NDArray[np.uint8]
    calibration_labels: NDArray[np.int64]
    heldout_inputs: NDArray[np.uint8]
    heldout_labels: NDArray[np.int64]

    @property
    def float_accuracy(self) -> float:
        """Share of the held-out images that the float network reads correctly."""
        return float((self.network.predictions(self.heldout_inputs) == self.heldout_labels).mean())


def digits_task() -> DigitsTask:
    """scikit-learn's copy of the UCI handwritten digits, split by the seed, and a network 64-32-10 trained on it."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    images = digits.images.astype(np.uint8)  # (1797, 8, 8)
    labels = digits.target.astype(np.int64)
    order = np.random.RandomState(SEED).permutation(len(labels))
    training, heldout = order[:TRAINING_SAMPLES], order[TRAINING_SAMPLES:]
    classifier = MLPClassifier(
        hidden_layer_sizes=(HIDDEN,), alpha=1e-3, learning_rate_init=5e-3, max_iter=100, random_state=SEED
    )
    with warnings.catch_warnings():
        # A fixed number of epochs is wanted, and scikit-learn warns that more would still improve the fit.
        warnings.simplefilter("ignore")
        classifier.fit(images[training].reshape(TRAINING_SAMPLES, -1) / PIXEL_RANGE[1], labels[training])
    weights = [matrix.T.astype(np.float64) for matrix in classifier.coefs_]
    # The network was trained on pixels in [0, 1] and reads the integers of the files.
    weights[0] = weights[0] / PIXEL_RANGE[1]
    return DigitsTask(
        network=perceptron((8, 8), weights, classifier.intercepts_),
        calibration_inputs=images[training],
        calibration_labels=labels[training],
        heldout_inputs=images[heldout],
        heldout_labels=labels[heldout],
    )
