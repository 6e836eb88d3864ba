"""The tables once more, from what they mean: the checker takes no table's rows from the circuit on trust.

A range is counted out, an activation is computed from the layer's own numbers, row by row in Python integers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from zkaudit.model.architecture import Architecture, Requantise
from zkaudit.relation import Circuit, Lookup

Rows = dict[tuple[int, ...], int]
"""Tuples of integers and the number of their row."""

_RANGE = re.compile(r"range (\d+) bits")
_PAIR = re.compile(r"one of two differences up to (\d+) is zero")
_CLAMP = re.compile(r"clamp (-?\d+)\.\.(-?\d+) to (-?\d+)\.\.(-?\d+)(?: and map by ([0-9a-f]{64}))?")
_PRODUCTS = re.compile(r"products of (\d+) bits")
_RANK = re.compile(r"rank below (\d+) of (\d+)")
_GADGET = re.compile(r"requantise (\d+)")


def own_rows(name: str, activations: Sequence[Requantise]) -> list[tuple[int, ...]] | None:
    """The rows that a table of this name has to have, None for a name without a meaning.

    `activations` are the requantisations of the network; a mapping table is known by the digest of its entries.
    """
    if found := _RANGE.fullmatch(name):
        return [(value,) for value in range(1 << int(found[1]))]
    if name == "signed byte":
        return [(value,) for value in range(-128, 128)]
    if found := _PAIR.fullmatch(name):
        above = range(1 + int(found[1]))
        return [*((value, 0) for value in above), *((0, value) for value in above[1:])]
    if found := _PRODUCTS.fullmatch(name):
        factors = range(1 << int(found[1]))
        return [(x, y, x * y) for x in factors for y in factors]
    if found := _RANK.fullmatch(name):
        below, classes = int(found[1]), int(found[2])
        return [(rank, int(rank < below)) for rank in range(classes)]
    if found := _CLAMP.fullmatch(name):
        first, last, low, high = (int(group) for group in found.groups()[:4])
        layer = _mapping(found[5], activations)
        if found[5] and layer is None:
            return None
        keys = range(first, last + 1)
        return [(key, activate(layer, key) if layer else min(max(key, low), high)) for key in keys]
    return None


def _mapping(digest: str | None, activations: Sequence[Requantise]) -> Requantise | None:
    named = (one for one in activations if hashlib.sha256(repr(one.table).encode()).hexdigest() == digest)
    return next(named, None)


def activate(layer: Requantise, before: int) -> int:
    """The output of a requantisation for the value before its clamp, by the integer semantics."""
    if layer.table:
        place = min(max(before - layer.table_low, 0), len(layer.table) - 1)
        return layer.table[place]
    return min(max(before, layer.low), layer.high)


@lru_cache(maxsize=64)
def _numbered(name: str, activations: tuple[Requantise, ...]) -> Rows | None:
    rows = own_rows(name, activations)
    return None if rows is None else {row: index for index, row in enumerate(rows)}


class Tables:
    """The rows of every table of a circuit, and what was wrong with the circuit's own."""

    def __init__(self, circuit: Circuit, architecture: Architecture | None) -> None:
        """Without an architecture a table that maps values is taken as it is."""
        self.activations = list(architecture.requantisations) if architecture else []
        self.rows: dict[str, Rows] = {}
        self.faults: list[tuple[str, str]] = []
        for table in circuit.tables.values():
            own = _numbered(table.name, tuple(self.activations))
            if own is None:
                if architecture is not None:
                    self.faults.append((table.name, "no meaning is known for a table of this name"))
                own = {tuple(row): index for index, row in enumerate(table.entries.tolist())}
            elif not np.array_equal(np.array(list(own), np.int64), table.entries):
                self.faults.append((table.name, f"{len(table.entries)} rows, not the {len(own)} of its meaning"))
            self.rows[table.name] = own

    def activation(self, lookup: Lookup) -> Requantise | None:
        """The requantisation whose pairs (key, output) a lookup holds, None for other lookups."""
        found = _GADGET.fullmatch(lookup.gadget)
        if not found or len(lookup.values) != 2 or int(found[1]) > len(self.activations):
            return None
        return self.activations[int(found[1]) - 1]
