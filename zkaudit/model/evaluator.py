"""The integer network evaluated exactly: the meaning of a model that prover, checker and tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture
from zkaudit_circuits.argmax import argmax
from zkaudit_circuits.dense import dense
from zkaudit_circuits.requantise import requantise


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Every intermediate value of one evaluation, int64, samples along the last axis.

    `accumulators[k]` (outputs, samples) leaves dense layer k, `outputs[k]` the requantisation after it.
    The last accumulators are the logits; `predictions` (samples,) is their argmax, ties to the lowest index.
    """

    accumulators: tuple[NDArray[np.int64], ...]
    outputs: tuple[NDArray[np.int64], ...]
    predictions: NDArray[np.int64]

    @property
    def logits(self) -> NDArray[np.int64]:
        """Outputs of the last dense layer, (classes, samples)."""
        return self.accumulators[-1]


def evaluate(
    architecture: Architecture,
    kernels: Sequence[NDArray[np.int8]],
    biases: Sequence[NDArray[np.int64]],
    inputs: NDArray[np.integer],
) -> Trace:
    """The trace of integer inputs (features, samples) under `zkaudit-int8/v1`.

    The caller has checked that the inputs lie in the declared interval, on which exactness rests.
    """
    if inputs.ndim != 2 or inputs.shape[0] != architecture.features:
        raise InvalidInput(
            f"inputs of shape {inputs.shape}", where="evaluation", expected=f"({architecture.features}, samples)"
        )
    values: NDArray[np.int64] = inputs.astype(np.int64)
    accumulators: list[NDArray[np.int64]] = []
    outputs: list[NDArray[np.int64]] = []
    for kernel, bias, step in zip(kernels, biases, (*architecture.requantisations, None), strict=True):
        accumulators.append(dense(kernel, bias, values))
        if step is not None:
            values = requantise(accumulators[-1], step.shift, step.low, step.high)
            outputs.append(values)
    return Trace(accumulators=tuple(accumulators), outputs=tuple(outputs), predictions=argmax(accumulators[-1]))
