"""The dense layer: an exact integer matrix product plus bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import Broadcast, LinearTerm, View, Weighted, Window
from zkaudit_circuits.weights import WEIGHTS

Kernel = NDArray[np.int8] | NDArray[np.int16]
"""The weights of a layer in one limb or two."""


def dense(kernel: Kernel, bias: NDArray[np.int64], inputs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: kernel (outputs, inputs) x inputs (inputs, samples) + bias (outputs,) -> (outputs, samples).

    The product runs in float64, which is exact because the no-wrap bounds keep every sum below 2^30.
    """
    product = kernel.astype(np.float64) @ inputs.astype(np.float64)
    return product.astype(np.int64) + bias[:, None]


def weighted_terms(
    start: int, window: Window, limbs: tuple[int, int], source: View, factors: tuple[int, ...] = ()
) -> tuple[LinearTerm, ...]:
    """Lowering of a dense layer or a convolution: the accumulator as linear terms; its cells are not committed.

    `limbs` counts those of a weight and of a bias.
    From cell `start` of the weights lie the limbs of the kernel, each row-major (filters, channels of a group, height,
    width), and behind them limb l of the bias of filter o at l * filters + o.
    Each filter's output is multiplied by its factor.
    """
    weight_limbs, bias_limbs = limbs
    biases = start + weight_limbs * window.weights
    return (
        Weighted(weights=WEIGHTS, start=start, source=source, window=window, factors=factors, limbs=weight_limbs),
        *(
            Broadcast(
                column=WEIGHTS,
                start=biases + limb * window.filters,
                coefficient=256**limb,
                cells=window.filters,
                repeat=window.output_height * window.output_width,
                factors=factors,
            )
            for limb in range(bias_limbs)
        ),
    )
