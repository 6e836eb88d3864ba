"""The gate: the product of two activations, cell by cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Combination, Interval, Kind, Read, View


def gate(values: NDArray[np.int64], factors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: values (..., samples) times factors of the same shape, or (C, 1, 1, samples)."""
    return np.asarray(values * factors, np.int64)


def lower(builder: CircuitBuilder, name: str, values: View, factors: View, interval: Interval) -> str:
    """A committed column of the products, values * factors - product = 0 at every cell; its name.

    No range is looked up: the integers on the left do not wrap, so the product is exact and lies in `interval`.
    """
    column = builder.add_column(f"{name}/product", Kind.BATCHED, values.size, interval)
    rest = Combination(positions=values.size, terms=(Read(column=column, coefficient=-1),))
    builder.add_product(f"{name}/multiply", name, values.combination(), factors.combination(), rest)
    return column
