"""Sections "No wrap-around" and "Limbs": declarations, each held against its bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.second.combinations import Combination, Read
from tests.second.field import HALF
from tests.second.relations import (
    Broadcast,
    Circuit,
    Column,
    Functional,
    Interval,
    Linear,
    Lookup,
    Mapped,
    Product,
    Scaled,
    SuffixSum,
    Term,
    Weighted,
    limb_limit,
)
from tests.second.wire import require

Limbs = list[tuple[str, int]]
"""Columns and their weights."""


def limb_widths(maximum: int) -> list[int]:
    """Bits of each limb."""
    bits = maximum.bit_length()
    count = -(-bits // 12)
    return [bits // count + (1 if i < bits % count else 0) for i in range(count)]


def scaled_interval(interval: Interval, factor: int) -> Interval:
    """All products with a factor."""
    ends = (interval[0] * factor, interval[1] * factor)
    return min(ends), max(ends)


def summed(intervals: Sequence[Interval]) -> Interval:
    """All sums."""
    return sum(low for low, _ in intervals), sum(high for _, high in intervals)


def magnitude(interval: Interval) -> int:
    """Largest absolute value."""
    return max(abs(interval[0]), abs(interval[1]))


class Builder:
    """Declares columns, tables and relations in order."""

    def __init__(self, bits: int) -> None:
        self.circuit = Circuit(bits)

    def column(self, name: str, kind: str, positions: int, interval: Interval) -> str:
        """A column of a new name."""
        assert name not in self.circuit.columns
        self.circuit.columns[name] = Column(kind, positions, interval)
        return name

    def table(self, name: str, rows: list[tuple[int, ...]]) -> str:
        """A table, once."""
        assert self.circuit.tables.setdefault(name, rows) == rows
        return name

    def lookup(self, name: str, gadget: str, table: str, values: tuple[Combination, ...]) -> None:
        """A lookup."""
        self.circuit.lookups.append(Lookup(name, gadget, table, values))

    def read(self, column: str, coefficient: int = 1, constant: int = 0) -> Combination:
        """A whole column times a coefficient, and a constant."""
        return Combination(self.circuit.columns[column].positions, (Read(column, coefficient),), constant)

    def limbs(self, name: str, gadget: str, kind: str, positions: int, maximum: int) -> Limbs:
        """Limbs for the integers up to a maximum."""
        result, weight = [], 1
        for i, width in enumerate(limb_widths(maximum)):
            column = self.column(f"{name} limb {i}", kind, positions, (0, 2**width - 1))
            table = self.table(f"range {width} bits", [(value,) for value in range(2**width)])
            self.lookup(f"{column} in range", gadget, table, (self.read(column),))
            result.append((column, weight))
            weight *= 2**width
        return result

    def product(
        self, name: str, gadget: str, left: Combination, right: Combination, rest: Combination | None = None
    ) -> None:
        """A product, with a rest or without."""
        bounds = [magnitude(self._combined(left)), magnitude(self._combined(right))]
        if rest is not None:
            bounds += [bounds[0] * bounds[1], magnitude(self._combined(rest))]
        _no_wrap(name, *bounds)
        rest = rest or Combination(left.positions)
        self.circuit.products.append(Product(name, gadget, left, right, rest))

    def linear(
        self,
        name: str,
        gadget: str,
        shape: tuple[int, ...],
        left: Sequence[Term],
        right: Sequence[Scaled | SuffixSum | Mapped],
        constant: int,
    ) -> None:
        """left + constant = right."""
        low, high = self._side(left)
        _no_wrap(name, magnitude((low + constant, high + constant)))
        _no_wrap(name, magnitude(self._side(right)))
        terms = (*left, *(_negated(term) for term in right))
        self.circuit.linear.append(Linear(name, gadget, shape, terms, constant))

    def functional(self, functional: Functional) -> None:
        """A functional."""
        columns = self.circuit.columns
        sides = [(functional.constant, functional.constant)]
        sides += [scaled_interval(columns[c.column].interval, w) for c in functional.batched for w in c.weights]
        for name, _, coefficients in functional.static:
            sides += [scaled_interval(columns[name].interval, coefficient) for coefficient in coefficients]
        _no_wrap(functional.name, magnitude(summed(sides)))
        self.circuit.functionals.append(functional)

    def finish(self) -> Circuit:
        """Section "Multiplicities"."""
        for table, rows in self.circuit.tables.items():
            self.column(f"multiplicity of {table}", "static", len(rows), (0, HALF))
        return self.circuit

    def _combined(self, combination: Combination) -> Interval:
        low = [combination.constant] * combination.positions
        high = low.copy()
        for read in combination.reads:
            least, greatest = scaled_interval(self.circuit.columns[read.column].interval, read.coefficient)
            for position, _ in read.found(combination.positions):
                low[position] += least
                high[position] += greatest
        return min(low), max(high)

    def _side(self, terms: Sequence[Term]) -> Interval:
        rows = Counter[int]()
        for term in terms:
            if isinstance(term, Mapped):
                largest = magnitude(self.circuit.columns[term.column].interval)
                for row, value in zip(term.rows, term.values, strict=True):
                    rows[row] += abs(value) * largest
        mapped = max(rows.values(), default=0)
        return summed([(-mapped, mapped), *(self._one(term) for term in terms if not isinstance(term, Mapped))])

    def _one(self, term: Scaled | SuffixSum | Broadcast | Weighted) -> Interval:
        columns = self.circuit.columns
        if isinstance(term, Scaled):
            return scaled_interval(columns[term.column].interval, term.coefficient)
        if isinstance(term, SuffixSum):
            bound = columns[term.column].positions * magnitude(columns[term.column].interval) * abs(term.coefficient)
        elif isinstance(term, Broadcast):
            bound = term.coefficient * 128 * max(map(abs, term.factors), default=1)
        else:
            largest = max(magnitude(columns[name].interval) for name in term.view.columns)
            bound = term.window.fan_in * limb_limit(term.limbs) * largest * max(map(abs, term.factors), default=1)
        return -bound, bound


def _negated(term: Scaled | SuffixSum | Mapped) -> Term:
    if isinstance(term, Scaled | SuffixSum):
        return type(term)(term.column, -term.coefficient)
    return Mapped(term.column, term.rows, term.columns, [-value for value in term.values])


def _no_wrap(name: str, *bounds: int) -> None:
    require(max(bounds) <= HALF, "statement", f"{name} could wrap")
