"""Requantisation: a rounding right shift that saturates, ReLU or identity by its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import (
    CircuitBuilder,
    Combination,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Scaled,
    read,
)
from zkaudit_circuits.limbs import add_limbs, limb_widths, limb_witness
from zkaudit_circuits.weights import BYTE, add_byte_table

LARGEST_TABLE = 1 << 18
"""Performance knob: a wider pre-clamp domain is proved by limbs instead of one table."""


def half(shift: int) -> int:
    """The rounding term 2^(shift - 1), none for shift 0."""
    return 1 << (shift - 1) if shift else 0


def requantise(accumulators: NDArray[np.int64], shift: int, low: int, high: int) -> NDArray[np.int64]:
    """Integer reference: clamp(floor((acc + h) / 2^shift), low, high), h = 2^(shift - 1) or 0 for shift 0."""
    return np.asarray(np.clip((accumulators + half(shift)) >> shift, low, high), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requantisation:
    """One requantisation of `positions` accumulators that lie in `accumulator`.

    `narrow` proves (pre-clamp, output) by one table over the whole pre-clamp domain.
    Otherwise the output c, and over, under >= 0 with pre-clamp = c + over - under, (high - c) over = 0 and
    (c - low) under = 0, give c = clamp(pre-clamp) for every pre-clamp value that the accumulator allows.
    """

    name: str
    positions: int
    samples: int
    shift: int
    low: int
    high: int
    accumulator: Interval

    @property
    def domain(self) -> Interval:
        """The pre-clamp values that the accumulator allows, the interval of the output included."""
        low = (self.accumulator.low + half(self.shift)) >> self.shift
        high = (self.accumulator.high + half(self.shift)) >> self.shift
        return Interval(low=min(low, self.low), high=max(high, self.high))

    @property
    def over(self) -> int:
        """Largest excess above the output interval."""
        return self.domain.high - self.high

    @property
    def under(self) -> int:
        """Largest excess below the output interval."""
        return self.low - self.domain.low

    @property
    def narrow(self) -> bool:
        """Whether one table is cheaper: a public rule of the sizes, in committed cells."""
        rows = self.domain.high - self.domain.low + 1
        limbs = len(limb_widths(self.over)) + len(limb_widths(self.under))
        cells = self.positions * self.samples
        return rows <= LARGEST_TABLE and cells * 2 + rows <= cells * (1 + limbs)

    def lower(self, builder: CircuitBuilder, accumulator: tuple[LinearTerm, ...]) -> str:
        """acc + h = 2^shift q + rem, rem in [0, 2^shift), y = clamp(q); the name of the column y."""
        output = builder.add_column(
            f"{self.name}/output", Kind.BATCHED, self.positions, Interval(low=self.low, high=self.high)
        )
        remainder = add_limbs(
            builder, f"{self.name}/remainder", self.name, Kind.BATCHED, self.positions, (1 << self.shift) - 1
        )
        quotient = self._lower_narrow(builder, output) if self.narrow else self._lower_wide(builder, output)
        scaled = tuple(Scaled(column=c, coefficient=k << self.shift) for c, k in quotient.terms)
        rest = tuple(Scaled(column=c, coefficient=k) for c, k in remainder.terms)
        builder.add_linear(
            f"{self.name}/shift", self.name, self.positions, accumulator, (*scaled, *rest), constant=half(self.shift)
        )
        return output

    def _lower_narrow(self, builder: CircuitBuilder, output: str) -> Combination:
        domain = self.domain
        before = builder.add_column(f"{self.name}/pre-clamp", Kind.BATCHED, self.positions, domain)
        keys = np.arange(domain.low, domain.high + 1, dtype=np.int64)
        table = builder.add_table(
            f"clamp {domain.low}..{domain.high} to {self.low}..{self.high}",
            np.stack([keys, np.clip(keys, self.low, self.high)], axis=1),
        )
        builder.add_lookup(f"{self.name}/clamp", self.name, table, (read(before), read(output)))
        return read(before)

    def _lower_wide(self, builder: CircuitBuilder, output: str) -> Combination:
        offset = BYTE.low - self.low
        shifted = Combination(terms=((output, 1),), constant=offset)
        builder.add_lookup(f"{self.name}/output in range", self.name, add_byte_table(builder), (shifted,))
        terms: list[tuple[str, int]] = [(output, 1)]
        nothing = Combination(terms=())
        if self.over:
            over = add_limbs(builder, f"{self.name}/over", self.name, Kind.BATCHED, self.positions, self.over)
            room = Combination(terms=((output, -1),), constant=self.high)
            builder.add_product(f"{self.name}/over only at the top", self.name, room, over, nothing)
            terms += over.terms
        if self.under:
            under = add_limbs(builder, f"{self.name}/under", self.name, Kind.BATCHED, self.positions, self.under)
            room = Combination(terms=((output, 1),), constant=-self.low)
            builder.add_product(f"{self.name}/under only at the bottom", self.name, room, under, nothing)
            terms += [(column, -weight) for column, weight in under.terms]
        return Combination(terms=tuple(terms))

    def witness(self, accumulators: Integers) -> dict[str, Integers]:
        """The columns of accumulators (positions, samples)."""
        shifted = accumulators + half(self.shift)
        before = shifted >> self.shift
        output = np.clip(before, self.low, self.high)
        columns = {f"{self.name}/output": output}
        columns |= limb_witness(f"{self.name}/remainder", (1 << self.shift) - 1, shifted - (before << self.shift))
        if self.narrow:
            columns[f"{self.name}/pre-clamp"] = before
        else:
            columns |= limb_witness(f"{self.name}/over", self.over, np.maximum(before - self.high, 0))
            columns |= limb_witness(f"{self.name}/under", self.under, np.maximum(self.low - before, 0))
        return columns
