"""The dense layer: an exact integer matrix product plus bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import Broadcast, LinearTerm, Weighted
from zkaudit_circuits.weights import WEIGHTS


def dense(kernel: NDArray[np.int8], bias: NDArray[np.int64], inputs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: kernel (outputs, inputs) x inputs (inputs, samples) + bias (outputs,) -> (outputs, samples).

    The product runs in float64, which is exact because the no-wrap bounds keep every sum below 2^30.
    """
    product = kernel.astype(np.float64) @ inputs.astype(np.float64)
    return product.astype(np.int64) + bias[:, None]


def accumulator(start: int, outputs: int, inputs: int, bias_limbs: int, column: str) -> tuple[LinearTerm, ...]:
    """Lowering: the accumulator as linear terms; its cells are not committed.

    The kernel lies row-major from cell `start` of the weights, limb l of the bias of output o behind it
    at l * outputs + o.
    """
    biases = start + outputs * inputs
    return (
        Weighted(weights=WEIGHTS, start=start, column=column),
        *(
            Broadcast(column=WEIGHTS, start=biases + limb * outputs, coefficient=256**limb)
            for limb in range(bias_limbs)
        ),
    )
