"""The weighted sum of activations: residual connections, with one integer factor a branch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import Integers, LinearTerm, Mapped, View


def weighted_sum(multipliers: Sequence[int], inputs: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Integer reference: sum_i m_i x_i, tensors (..., samples) of one shape.

    A tensor (C, 1, 1, samples) counts at every place of its channel.
    """
    scaled = [multiplier * values for multiplier, values in zip(multipliers, inputs, strict=True)]
    total = np.zeros(np.broadcast_shapes(*(values.shape for values in scaled)), np.int64)
    for values in scaled:
        total += values
    return total


def scaled_terms(view: View, factors: Integers) -> tuple[LinearTerm, ...]:
    """Lowering: element k of a view times factors[k] at position k, for the columns that the view reads."""
    return tuple(
        Mapped(column=column, rows=gather.targets, columns=gather.sources, values=factors[gather.targets])
        for column, gather in view.parts()
    )
