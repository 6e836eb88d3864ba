"""The dense layer: an exact integer matrix product plus bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def dense(kernel: NDArray[np.int8], bias: NDArray[np.int64], inputs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: kernel (outputs, inputs) x inputs (inputs, samples) + bias (outputs,) -> (outputs, samples).

    The product runs in float64, which is exact because the no-wrap bounds keep every sum below 2^30.
    """
    product = kernel.astype(np.float64) @ inputs.astype(np.float64)
    return product.astype(np.int64) + bias[:, None]
