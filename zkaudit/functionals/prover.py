"""Proves the functionals: their sums over batched cells, by one inner product."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.extension import embed
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.masking import ProverChannel
from zkaudit.relation import Functional, Integers
from zkaudit.sumcheck.inner import InnerProducts, bind_together
from zkaudit.transcript import Label


def prove_functionals(channel: ProverChannel, layout: Layout, columns: Mapping[str, Integers]) -> None:
    """The messages of `reduce_functionals` for batched columns (positions, samples)."""
    functionals = layout.circuit.functionals
    for functional in functionals:
        if functional.static and functional.batched:
            channel.send(Label.FUNCTIONAL_SUM, [embed(batched_sum(functional, columns))])
    kappas = channel.challenges(Label.FUNCTIONAL_COMBINATION, len(functionals))
    cells = np.concatenate([columns[name].reshape(-1) for name in layout.functional_positions])
    weights = np.zeros((5, cells.size), np.uint64)
    for kappa, functional in zip(kappas, functionals, strict=True):
        for chosen in functional.batched:
            first = layout.functional_positions[chosen.column]
            places = (first + chosen.positions) * layout.circuit.samples + chosen.samples
            # A builder admits no cell twice, so none of the places is lost here.
            weighted = arrays.scale_base(arrays.from_elements([kappa]), arrays.residues(chosen.weights))
            weights[:, places] = arrays.add(weights[:, places], weighted)
    product = InnerProducts([(arrays.embed(cells), weights)], layout.functional_variables)
    bind_together(channel, [product], product.variables)
    channel.send(Label.FUNCTIONAL_CLAIM, [product.value(0, 0)])


def batched_sum(functional: Functional, columns: Mapping[str, Integers]) -> int:
    """The weighted sum of the chosen cells, modulo p: the cells of a lie may be any residues."""
    total = 0
    for chosen in functional.batched:
        cells = arrays.residues(columns[chosen.column][chosen.positions, chosen.samples])
        total += int((cells * arrays.residues(chosen.weights) % np.uint64(MODULUS)).sum())
    return total % MODULUS
