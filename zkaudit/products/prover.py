"""Proves the batched zero-check of all product relations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.masking import ProverChannel
from zkaudit.relation import Combination
from zkaudit.sumcheck.products import prove_products as prove_zero_check
from zkaudit.transcript import Label

Cells = NDArray[np.uint32]


def prove_products(channel: ProverChannel, layout: Layout, read: Callable[[Combination], Cells]) -> None:
    """The messages of `reduce_products`; `read` gives a combination's canonical cells, flat."""
    rho = channel.challenges(Label.PRODUCT_POINT, layout.product_variables)
    products = layout.circuit.products
    sides = [[p.left for p in products], [p.right for p in products], [p.rest for p in products]]
    used = sides if layout.has_rest else sides[:2]
    factors = [[read(combination) for combination in side] for side in used]
    _, values = prove_zero_check(channel, factors, rho)
    channel.send(Label.PRODUCT_CLAIMS, values)


def combination_cells(combination: Combination, column: Callable[[str], Cells], samples: int) -> Cells:
    """sum_k coefficient_k column_k + constant as canonical residues, flat, `samples` cells a position.

    A single column as it is is not copied.
    """
    if combination.constant == 0 and len(combination.terms) == 1:
        only = combination.terms[0]
        if only.coefficient == 1 and only.gather is None:
            return column(only.column)
    result = np.full((combination.positions, samples), combination.constant % MODULUS, np.uint64)
    for read in combination.terms:
        cells = column(read.column).reshape(-1, samples)
        factor = np.uint64(read.coefficient % MODULUS)
        if read.gather is None:
            result += cells * factor
        else:
            result[read.gather.targets] += cells[read.gather.sources] * factor
        result %= np.uint64(MODULUS)
    return result.astype(np.uint32).reshape(-1)
