"""Requantisation: a rounding right shift that saturates, ReLU or identity by its interval."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import (
    Combination,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Read,
    Scaled,
)
from zkaudit_circuits.limbs import add_limbs, limb_widths, limb_witness
from zkaudit_circuits.weights import BYTE, add_byte_table

LARGEST_TABLE = 1 << 18
"""Performance knob: a wider pre-clamp domain is proved by limbs instead of one table."""


def half(shift: int) -> int:
    """The rounding term 2^(shift - 1), none for shift 0."""
    return 1 << (shift - 1) if shift else 0


def quotients(accumulators: NDArray[np.int64], shift: int, multipliers: Sequence[int] = ()) -> NDArray[np.int64]:
    """Integer reference: q = floor((m_c acc + h) / 2^shift), h = 2^(shift - 1) or 0 for shift 0.

    `multipliers` has one m_c for each entry of the first axis, or is empty for m_c = 1.
    """
    scaled = accumulators
    if len(multipliers):
        factors = np.asarray(multipliers, np.int64)
        scaled = accumulators * factors.reshape(-1, *[1] * (accumulators.ndim - 1))
    return np.asarray((scaled + half(shift)) >> shift, np.int64)


def requantise(
    accumulators: NDArray[np.int64], shift: int, low: int, high: int, multipliers: Sequence[int] = ()
) -> NDArray[np.int64]:
    """Integer reference: clamp(q, low, high) of the quotients q."""
    return np.asarray(np.clip(quotients(accumulators, shift, multipliers), low, high), np.int64)


def apply_table(values: NDArray[np.int64], table: Sequence[int], table_low: int) -> NDArray[np.int64]:
    """Integer reference: table[clamp(v, table_low, table_low + len(table) - 1) - table_low] for each value v."""
    entries = np.asarray(table, np.int64)
    return np.asarray(entries[np.clip(values - table_low, 0, len(entries) - 1)], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requantisation:
    """One requantisation of accumulators of a shape that lie, times their multipliers, in `accumulator`.

    The pre-clamp value q is clamped to [low, high] and, with a table, replaced by outputs[q - low].
    `narrow` proves (q, y) by one table over the whole pre-clamp domain.
    Otherwise c, over, under >= 0 with q = c + over - under, (high - c) over = 0 and (c - low) under = 0
    give c = clamp(q) for every q that the accumulator allows, and c is the output or is looked up with it.
    """

    name: str
    shape: tuple[int, ...]
    samples: int
    shift: int
    low: int
    high: int
    accumulator: Interval
    outputs: tuple[int, ...] = ()

    @property
    def positions(self) -> int:
        """Positions of the shape."""
        return prod(self.shape)

    @property
    def output(self) -> str:
        """The column of the outputs."""
        return f"{self.name}/output"

    @property
    def interval(self) -> Interval:
        """Of the outputs."""
        if self.outputs:
            return Interval(low=min(self.outputs), high=max(self.outputs))
        return Interval(low=self.low, high=self.high)

    @property
    def domain(self) -> Interval:
        """The pre-clamp values that the accumulator allows, the interval of the clamp included."""
        low = (self.accumulator.low + half(self.shift)) >> self.shift
        high = (self.accumulator.high + half(self.shift)) >> self.shift
        return Interval(low=min(low, self.low), high=max(high, self.high))

    @property
    def over(self) -> int:
        """Largest excess above the clamp."""
        return self.domain.high - self.high

    @property
    def under(self) -> int:
        """Largest excess below the clamp."""
        return self.low - self.domain.low

    @property
    def narrow(self) -> bool:
        """Whether one table is cheaper: a public rule of the sizes, in committed cells."""
        rows = self.domain.high - self.domain.low + 1
        limbs = len(limb_widths(self.over)) + len(limb_widths(self.under))
        cells = self.positions * self.samples
        return rows <= LARGEST_TABLE and cells * 2 + rows <= cells * (1 + limbs + bool(self.outputs))

    def activate(self, before: Integers) -> Integers:
        """The outputs of pre-clamp values."""
        clamped = np.clip(before, self.low, self.high)
        return np.array(self.outputs, np.int64)[clamped - self.low] if self.outputs else clamped

    def lower(self, builder: CircuitBuilder, accumulator: tuple[LinearTerm, ...]) -> str:
        """acc + h = 2^shift q + rem, rem in [0, 2^shift), y = activate(q); the name of the column y."""
        output = builder.add_column(self.output, Kind.BATCHED, self.positions, self.interval)
        largest = (1 << self.shift) - 1
        remainder = add_limbs(builder, f"{self.name}/remainder", self.name, Kind.BATCHED, self.positions, largest)
        quotient = self._lower_narrow(builder, output) if self.narrow else self._lower_wide(builder, output)
        scaled = tuple(Scaled(column=t.column, coefficient=t.coefficient << self.shift) for t in quotient.terms)
        rest = tuple(Scaled(column=t.column, coefficient=t.coefficient) for t in remainder.terms)
        builder.add_linear(
            f"{self.name}/shift", self.name, self.shape, accumulator, (*scaled, *rest), constant=half(self.shift)
        )
        return output

    def _lower_narrow(self, builder: CircuitBuilder, output: str) -> Combination:
        domain = self.domain
        before = builder.add_column(f"{self.name}/pre-clamp", Kind.BATCHED, self.positions, domain)
        table = self._table(builder, domain)
        builder.add_lookup(f"{self.name}/clamp", self.name, table, (builder.read(before), builder.read(output)))
        return builder.read(before)

    def _table(self, builder: CircuitBuilder, domain: Interval) -> str:
        """The table of (q, y) over a domain; layers with the same one share it."""
        keys = np.arange(domain.low, domain.high + 1, dtype=np.int64)
        name = f"clamp {domain.low}..{domain.high} to {self.low}..{self.high}"
        if self.outputs:
            # The whole digest: the builder takes tables of one name for one table.
            name += f" and map by {hashlib.sha256(repr(self.outputs).encode()).hexdigest()}"
        return builder.add_table(name, np.stack([keys, self.activate(keys)], axis=1))

    def _lower_wide(self, builder: CircuitBuilder, output: str) -> Combination:
        clamp = Interval(low=self.low, high=self.high)
        clamped = output
        if self.outputs:
            clamped = builder.add_column(f"{self.name}/clamped", Kind.BATCHED, self.positions, clamp)
            table = self._table(builder, clamp)
            builder.add_lookup(f"{self.name}/map", self.name, table, (builder.read(clamped), builder.read(output)))
        else:
            if self.high - self.low != BYTE.high - BYTE.low:
                raise ValueError(f"{self.name}: a clamp without a table has the width of a byte")
            shifted = self._offset(clamped, 1, BYTE.low - self.low)
            builder.add_lookup(f"{self.name}/output in range", self.name, add_byte_table(builder), (shifted,))
        terms = [Read(column=clamped)]
        nothing = Combination(positions=self.positions, terms=())
        if self.over:
            over = add_limbs(builder, f"{self.name}/over", self.name, Kind.BATCHED, self.positions, self.over)
            room = self._offset(clamped, -1, self.high)
            builder.add_product(f"{self.name}/over only at the top", self.name, room, over, nothing)
            terms += over.terms
        if self.under:
            under = add_limbs(builder, f"{self.name}/under", self.name, Kind.BATCHED, self.positions, self.under)
            room = self._offset(clamped, 1, -self.low)
            builder.add_product(f"{self.name}/under only at the bottom", self.name, room, under, nothing)
            terms += [Read(column=term.column, coefficient=-term.coefficient) for term in under.terms]
        return Combination(positions=self.positions, terms=tuple(terms))

    def _offset(self, column: str, coefficient: int, constant: int) -> Combination:
        read = Read(column=column, coefficient=coefficient)
        return Combination(positions=self.positions, terms=(read,), constant=constant)

    def witness(self, accumulators: Integers) -> dict[str, Integers]:
        """The columns of accumulators times multipliers, (positions, samples)."""
        shifted = accumulators + half(self.shift)
        before = shifted >> self.shift
        columns = {self.output: self.activate(before)}
        columns |= limb_witness(f"{self.name}/remainder", (1 << self.shift) - 1, shifted - (before << self.shift))
        if self.narrow:
            columns[f"{self.name}/pre-clamp"] = before
            return columns
        if self.outputs:
            columns[f"{self.name}/clamped"] = np.clip(before, self.low, self.high)
        columns |= limb_witness(f"{self.name}/over", self.over, np.maximum(before - self.high, 0))
        columns |= limb_witness(f"{self.name}/under", self.under, np.maximum(self.low - before, 0))
        return columns
