"""The prediction: argmax of the logits, ties to the lowest index, as a one-hot matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def argmax(logits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: index of the first maximum of each column, (classes, samples) -> (samples,)."""
    return np.argmax(logits, axis=0)
