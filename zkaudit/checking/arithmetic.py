"""GF(p) by galois, and the sums over it that a relation needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import galois
import numpy as np

from zkaudit.field.koalabear import MODULUS
from zkaudit.relation import Integers, Weighted

FIELD: Any = galois.GF(MODULUS, primitive_element=3, verify=False)
"""GF(p) by galois; 3 generates its multiplicative group."""


def convolution(term: Weighted, columns: Mapping[str, Any], samples: int) -> Any:
    """A convolution, one place of the kernel after the other, (positions, samples)."""
    window = term.window
    source = np.zeros((term.source.size, samples), np.int64)
    for name, gather in term.source.parts():
        source[gather.targets] = np.asarray(columns[name], np.int64)[gather.sources]
    top, left, bottom, right = window.padding
    shape = (window.channels, window.height, window.width, samples)
    padded = np.pad(source.reshape(shape), ((0, 0), (top, bottom), (left, right), (0, 0)))
    cells = FIELD.Zeros(window.weights)
    for limb in range(term.limbs):
        start = term.start + limb * window.weights
        cells = cells + columns[term.weights][start : start + window.weights] * FIELD(256**limb % MODULUS)
    kernel = cells.reshape(window.groups, -1, window.channels // window.groups, *window.kernel)
    total = FIELD.Zeros((window.groups, kernel.shape[1], window.output_height * window.output_width * samples))
    for i in range(window.kernel[0]):
        for j in range(window.kernel[1]):
            rows = window.dilation[0] * i + window.stride[0] * np.arange(window.output_height)
            places = window.dilation[1] * j + window.stride[1] * np.arange(window.output_width)
            tap = padded[:, rows[:, None], places].reshape(window.groups, kernel.shape[2], -1)
            for group in range(window.groups):
                total[group] = total[group] + matrix_product(kernel[group, :, :, i, j], FIELD(tap[group]))
    flat = total.reshape(window.filters, -1)
    if term.factors:
        flat = flat * FIELD(np.array(term.factors, np.int64) % MODULUS)[:, None]
    return flat.reshape(-1, samples)


def sum_rows(values: Any, rows: Integers, size: int) -> Any:
    """Rows of values added up where they belong, (n, samples) -> (size, samples)."""
    total = np.zeros((size, values.shape[1]), np.int64)
    np.add.at(total, rows, np.asarray(values, np.int64))
    return FIELD(total % MODULUS)


def matrix_product(left: Any, right: Any) -> Any:
    """left (m, k) times right (k, n): galois products, summed as integers, since its matrix product is slow."""
    rows = [np.asarray(row[:, None] * right, np.int64).sum(axis=0) % MODULUS for row in left]
    return FIELD(np.stack(rows))
