"""Requantisation: a rounding right shift that saturates, ReLU or identity by its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def requantise(accumulators: NDArray[np.int64], shift: int, low: int, high: int) -> NDArray[np.int64]:
    """Integer reference: clamp(floor((acc + h) / 2^shift), low, high), h = 2^(shift - 1) or 0 for shift 0."""
    half = 1 << (shift - 1) if shift else 0
    return np.clip((accumulators + half) >> shift, low, high)
