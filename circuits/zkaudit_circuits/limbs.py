"""Non-negative integers as limbs, each in a range table."""

from __future__ import annotations

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Combination, Integers, Interval, Kind, Read

LARGEST_LIMB = 12
"""Performance knob: a range table has at most 2^12 rows, so that tables stay small beside the columns."""


def limb_widths(maximum: int) -> list[int]:
    """Bits of the limbs, lowest first, as even as possible, that hold 0 to `maximum`; none for zero."""
    bits = maximum.bit_length()
    count = -(-bits // LARGEST_LIMB)
    return [bits // count + (1 if i < bits % count else 0) for i in range(count)]


def capacity(maximum: int) -> int:
    """The largest integer that the limbs for `maximum` can hold."""
    return (1 << sum(limb_widths(maximum))) - 1


def add_limbs(builder: CircuitBuilder, name: str, gadget: str, kind: Kind, positions: int, maximum: int) -> Combination:
    """Columns `name limb i` with their range lookups; the integer that they spell as a combination."""
    terms: list[Read] = []
    weight = 1
    for i, width in enumerate(limb_widths(maximum)):
        column = builder.add_column(f"{name} limb {i}", kind, positions, Interval(low=0, high=(1 << width) - 1))
        table = builder.add_range_table(width)
        builder.add_lookup(f"{column} in range", gadget, table, (builder.read(column),))
        terms.append(Read(column=column, coefficient=weight))
        weight <<= width
    return Combination(positions=positions, terms=tuple(terms))


def limb_witness(name: str, maximum: int, values: Integers) -> dict[str, Integers]:
    """The limb columns of non-negative integers at most `capacity(maximum)`, any shape."""
    columns: dict[str, Integers] = {}
    rest = values
    for i, width in enumerate(limb_widths(maximum)):
        columns[f"{name} limb {i}"] = rest & ((1 << width) - 1)
        rest = rest >> width
    if np.any(rest):
        raise ValueError(f"{name}: a value does not fit its limbs")
    return columns
