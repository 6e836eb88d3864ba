"""Proves the batched zero-check of all product relations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.masking import ProverChannel
from zkaudit.relation import Combination
from zkaudit.sumcheck.prover import prove_products as prove_zero_check
from zkaudit.transcript import Label

Cells = NDArray[np.uint32]


def prove_products(channel: ProverChannel, layout: Layout, read: Callable[[Combination], Cells]) -> None:
    """The messages of `reduce_products`; `read` gives a combination's canonical cells, flat."""
    rho = channel.challenges(Label.PRODUCT_POINT, layout.product_variables)
    products = layout.circuit.products
    sides = [[p.left for p in products], [p.right for p in products], [p.rest for p in products]]
    used = sides if layout.has_rest else sides[:2]
    stacked = [np.concatenate([read(combination) for combination in side]) for side in used]
    if not layout.has_rest:
        stacked.append(np.zeros(0, np.uint32))
    _, *values = prove_zero_check(channel, stacked[0], stacked[1], stacked[2], rho)
    channel.send(Label.PRODUCT_CLAIMS, values[: len(used)])


def combination_cells(combination: Combination, column: Callable[[str], Cells], length: int) -> Cells:
    """sum_k coefficient_k column_k + constant as canonical residues, flat.

    A single column with coefficient 1 is returned as it is.
    """
    if combination.constant == 0 and len(combination.terms) == 1 and combination.terms[0][1] == 1:
        return column(combination.terms[0][0])
    result = np.full(length, combination.constant % MODULUS, np.uint64)
    for name, coefficient in combination.terms:
        result += column(name) * np.uint64(coefficient % MODULUS)
        result %= np.uint64(MODULUS)
    return result.astype(np.uint32)
