"""Tallies of bits, and formulas of integer inequalities in them: what a metric is made of.

A tally counts the ones among public cells of columns whose cells are bits, so it lies in [0, number of cells].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zkaudit.relation import Cells, Integers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """The sum of the cells (positions[k], samples[k]) of a column of bits, each cell once."""

    column: str
    positions: Integers
    samples: Integers

    @property
    def maximum(self) -> int:
        """All bits are one."""
        return len(self.samples)

    def cells(self, weight: int) -> Cells:
        """The cells with one weight."""
        weights = np.broadcast_to(np.int64(weight), self.samples.shape)
        return Cells(column=self.column, positions=self.positions, samples=self.samples, weights=weights)

    def count(self, columns: Mapping[str, Integers]) -> int:
        """The tally of a witness."""
        return int(columns[self.column][self.positions, self.samples].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """sum of coefficients * tallies + constant >= 0, or == 0 if it is exact; `terms` pairs a tally with its factor."""

    name: str
    terms: tuple[tuple[int, int], ...]
    constant: int
    exact: bool = False

    def value(self, counts: Sequence[int]) -> int:
        """The left side."""
        return self.constant + sum(factor * counts[tally] for tally, factor in self.terms)

    def bounds(self, tallies: Sequence[Tally]) -> tuple[int, int]:
        """Least and greatest left side."""
        low = self.constant + sum(min(factor, 0) * tallies[tally].maximum for tally, factor in self.terms)
        high = self.constant + sum(max(factor, 0) * tallies[tally].maximum for tally, factor in self.terms)
        return low, high

    def negated(self, name: str) -> Constraint:
        """The left side with the other sign, not exact."""
        terms = tuple((tally, -factor) for tally, factor in self.terms)
        return Constraint(name=name, terms=terms, constant=-self.constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """All of `every`, and one of `some` if there is any.

    `committed` asks for committed counts also where the equations would fit without.
    """

    tallies: tuple[Tally, ...]
    every: tuple[Constraint, ...]
    some: tuple[Constraint, ...] = ()
    committed: bool = False

    @property
    def cells(self) -> int:
        """Cells that functionals name: each tally's once if it is committed, else as often as a constraint has it."""
        once = sum(tally.maximum for tally in self.tallies)
        terms = sum(self.tallies[tally].maximum for constraint in self.every for tally, _ in constraint.terms)
        return once if self.committed else max(once, terms)

    def holds(self, counts: Sequence[int]) -> bool:
        """Integer reference: whether tallies of these values satisfy the formula."""
        every = all(c.value(counts) == 0 if c.exact else c.value(counts) >= 0 for c in self.every)
        return every and (not self.some or any(c.value(counts) >= 0 for c in self.some))
