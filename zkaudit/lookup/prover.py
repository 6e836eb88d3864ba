"""Builds the leaves of the lookup argument from the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from zkaudit.field.extension import embed, subtract
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.lookup.claims import Fingerprint
from zkaudit.lookup.leaves import Leaves, write_denominators
from zkaudit.lookup.tree import FractionTree
from zkaudit.relation import Combination, Integers, multiplicity

Cells = NDArray[np.uint32]


def build_tree(
    layout: Layout,
    fingerprint: Fingerprint,
    read: Callable[[Combination], Cells],
    static: Mapping[str, Integers],
) -> FractionTree:
    """All leaves: (1, alpha - f) of lookups, (-m, alpha - f) of table rows, (0, 1) behind them."""
    used = layout.lookup_count + layout.table_rows
    leaves = Leaves(used, ones=layout.lookup_count)
    for cells in layout.lookup_leaves:
        values = [read(value) for value in cells.lookup.values]
        constant = subtract(fingerprint.alpha, embed(layout.tags[cells.lookup.table]))
        write_denominators(leaves.denominators, cells.start, values, constant, fingerprint.betas[: len(values)])
    for rows in layout.table_leaves:
        counts = static[multiplicity(rows.table.name)]
        leaves.write_numerators(rows.start, ((-counts) % MODULUS).astype(np.uint32))
        entries = (rows.table.entries % MODULUS).astype(np.uint32)
        columns = [np.ascontiguousarray(entries[:, k]) for k in range(entries.shape[1])]
        constant = subtract(fingerprint.alpha, embed(rows.tag))
        write_denominators(leaves.denominators, rows.start, columns, constant, fingerprint.betas[: len(columns)])
    return FractionTree(leaves)
