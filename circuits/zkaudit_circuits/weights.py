"""Weights and commitment randomness: static columns whose cells are proved to be signed bytes.

Without the range of both, the commitment would not be binding: see docs/protocol.md, "Commitment".
"""

from __future__ import annotations

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Interval, Kind

WEIGHTS = "weights"
RANDOMNESS = "randomness"
BYTE = Interval(low=-128, high=127)
RANDOMNESS_CELLS = 2048
"""Security-derived: hiding of the commitment by the leftover hash lemma with distance 2^-254."""


def add_byte_table(builder: CircuitBuilder) -> str:
    """The table of the signed bytes."""
    return builder.add_table("signed byte", np.arange(BYTE.low, BYTE.high + 1, dtype=np.int64)[:, None])


def lower(builder: CircuitBuilder, weight_cells: int) -> None:
    """The two static columns of the commitment, each cell looked up."""
    table = add_byte_table(builder)
    for column, cells in ((WEIGHTS, weight_cells), (RANDOMNESS, RANDOMNESS_CELLS)):
        builder.add_column(column, Kind.STATIC, cells, BYTE)
        builder.add_lookup(f"{column} in range", "weights", table, (builder.read(column),))


def limb_bound(limbs: int) -> int:
    """Largest magnitude that a weight or bias of so many limbs in [-128, 127] can have: 128 (256^L - 1) / 255."""
    return int(128 * (256**limbs - 1) // 255)
