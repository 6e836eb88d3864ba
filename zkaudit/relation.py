"""The relation language: columns of integers and the few kinds of relation that prover and verifier know.

A batched column has shape (positions, samples), a static one (positions,), a public one is the input of the network.
Every relation is an identity of integers: the builder refuses one whose sides, bounded by the intervals that
the relations enforce, could leave [-(p-1)/2, (p-1)/2], so that equality in the field is equality of integers.
Source: docs/protocol.md, "Relations".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF

Integers = NDArray[np.int64]


class Kind(StrEnum):
    """Where the cells of a column live."""

    BATCHED = "batched"
    STATIC = "static"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The integers from low to high, both included."""

    low: int
    high: int

    def __add__(self, other: Interval) -> Interval:
        return Interval(low=self.low + other.low, high=self.high + other.high)

    def scaled(self, factor: int) -> Interval:
        """All products with an integer."""
        ends = (self.low * factor, self.high * factor)
        return Interval(low=min(ends), high=max(ends))

    @property
    def magnitude(self) -> int:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """An integer array and the interval that the relations enforce for its cells."""

    name: str
    kind: Kind
    positions: int
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """sum_k coefficient_k * column_k + constant, cell by cell, over columns of one shape."""

    terms: tuple[tuple[str, int], ...]
    constant: int = 0


def read(column: str) -> Combination:
    """A column as it is."""
    return Combination(terms=((column, 1),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A public set of integer tuples, entries (rows, arity), no row twice."""

    name: str
    entries: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The tuple of combinations lies in the table, at every cell."""

    name: str
    gadget: str
    table: str
    values: tuple[Combination, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """left * right + rest = 0 at every cell of batched columns."""

    name: str
    gadget: str
    left: Combination
    right: Combination
    rest: Combination


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """coefficient * column, position by position."""

    column: str
    coefficient: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A public matrix (positions, column positions) times a batched column."""

    column: str
    matrix: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """coefficient * static[start + position], the same for every sample."""

    column: str
    start: int
    coefficient: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A matrix of static cells, row-major (positions, column positions) from `start`, times a column."""

    weights: str
    start: int
    column: str


LinearTerm = Scaled | Mapped | Broadcast | Weighted


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """The sum of the terms plus a constant is zero at every position and sample."""

    name: str
    gadget: str
    positions: int
    terms: tuple[LinearTerm, ...]
    constant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Functional:
    """sum of weights * batched cells + sum of coefficients * static cells + constant = 0, one integer equation.

    `batched` pairs a column with weights (positions, samples); samples beyond the given ones weigh nothing.
    `static` triples a column, a start and coefficients.
    """

    name: str
    gadget: str
    batched: tuple[tuple[str, NDArray[np.int8]], ...]
    static: tuple[tuple[str, int, tuple[int, ...]], ...]
    constant: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A statement's columns and relations for 2^sample_bits samples, padding samples included."""

    sample_bits: int
    columns: dict[str, Column]
    tables: dict[str, Table]
    linear: tuple[Linear, ...]
    lookups: tuple[Lookup, ...]
    products: tuple[Product, ...]
    functionals: tuple[Functional, ...]

    @property
    def samples(self) -> int:
        """Samples, padding included: 2^sample_bits."""
        return 1 << self.sample_bits

    def of_kind(self, kind: Kind) -> list[Column]:
        """The columns of one kind in the order in which they were declared."""
        return [c for c in self.columns.values() if c.kind is kind]

    def lookup_kind(self, lookup: Lookup) -> Kind:
        """Whether a lookup reads batched or static columns."""
        return self.columns[lookup.values[0].terms[0][0]].kind

    def positions(self, combination: Combination) -> int:
        """The positions of the columns that a combination reads."""
        return self.columns[combination.terms[0][0]].positions

    def digest(self) -> bytes:
        """SHA-256 of the canonical encoding of every column and relation."""
        return hashlib.sha256(wire.pack(_encode(self))).digest()


def _encode(value: object) -> object:
    """Dataclasses as lists that start with their name, arrays as their shape and big-endian bytes."""
    if isinstance(value, np.ndarray):
        return ["array", list(value.shape), hashlib.sha256(value.astype(">i8").tobytes()).digest()]
    if isinstance(value, dict):
        return [_encode(v) for v in value.values()]
    if isinstance(value, (tuple, list)):
        return [_encode(v) for v in value]
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, (str, int, bytes)):
        return str(value) if isinstance(value, int) else value
    names = list(getattr(value, "__dataclass_fields__", {}))
    return [type(value).__name__, *[_encode(getattr(value, name)) for name in names]]


@dataclass(slots=True, kw_only=True)
class CircuitBuilder:
    """Collects columns and relations, checks shapes, and proves that no side of an equation wraps."""

    sample_bits: int
    columns: dict[str, Column] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    linear: list[Linear] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    functionals: list[Functional] = field(default_factory=list)

    def add_column(self, name: str, kind: Kind, positions: int, interval: Interval) -> str:
        """Declare a column; the interval is a promise that the relations added later enforce."""
        if name in self.columns or positions < 1:
            raise ValueError(f"column {name} with {positions} positions")
        self.columns[name] = Column(name=name, kind=kind, positions=positions, interval=interval)
        return name

    def add_table(self, name: str, entries: Integers) -> str:
        """Declare a table, once; a table of one name has one content."""
        if name not in self.tables:
            self.tables[name] = Table(name=name, entries=entries)
        return name

    def add_range_table(self, bits: int) -> str:
        """The table of the integers in [0, 2^bits)."""
        return self.add_table(f"range {bits} bits", np.arange(1 << bits, dtype=np.int64)[:, None])

    def interval(self, combination: Combination) -> Interval:
        """The enforced interval of a combination."""
        result = Interval(low=combination.constant, high=combination.constant)
        for name, coefficient in combination.terms:
            result = result + self.columns[name].interval.scaled(coefficient)
        return result

    def add_lookup(self, name: str, gadget: str, table: str, values: tuple[Combination, ...]) -> None:
        """A lookup in a declared table of the same arity."""
        if self.tables[table].entries.shape[1] != len(values):
            raise ValueError(f"{name}: {len(values)} values for table {table}")
        self.lookups.append(Lookup(name=name, gadget=gadget, table=table, values=values))

    def add_product(self, name: str, gadget: str, left: Combination, right: Combination, rest: Combination) -> None:
        """left * right + rest = 0; refused when the integers could wrap.

        Without a rest only the factors must not wrap: a product is zero in the field when a factor is.
        """
        _require_no_wrap(name, self.interval(left))
        _require_no_wrap(name, self.interval(right))
        if rest.terms or rest.constant:
            bound = self.interval(left).magnitude * self.interval(right).magnitude
            _require_no_wrap(name, Interval(low=-bound, high=bound))
            _require_no_wrap(name, self.interval(rest))
        self.products.append(Product(name=name, gadget=gadget, left=left, right=right, rest=rest))

    def add_linear(
        self,
        name: str,
        gadget: str,
        positions: int,
        left: tuple[LinearTerm, ...],
        right: tuple[LinearTerm, ...],
        constant: int = 0,
    ) -> None:
        """left + constant = right at every cell; refused when a side could wrap."""
        _require_no_wrap(name, self.side(left) + Interval(low=constant, high=constant))
        _require_no_wrap(name, self.side(right))
        terms = (*left, *(negate(term) for term in right))
        self.linear.append(Linear(name=name, gadget=gadget, positions=positions, terms=terms, constant=constant))

    def add_functional(self, functional: Functional) -> None:
        """A functional; its gadget has bounded it."""
        self.functionals.append(functional)

    def side(self, terms: tuple[LinearTerm, ...]) -> Interval:
        """The enforced interval of a sum of terms, over all positions."""
        result = Interval(low=0, high=0)
        for term in terms:
            if isinstance(term, (Scaled, Broadcast)):
                result = result + self.columns[term.column].interval.scaled(term.coefficient)
            elif isinstance(term, Mapped):
                bound = int(np.abs(term.matrix).sum(axis=1).max()) * self.columns[term.column].interval.magnitude
                result = result + Interval(low=-bound, high=bound)
            else:
                column = self.columns[term.column]
                bound = column.positions * column.interval.magnitude * self.columns[term.weights].interval.magnitude
                result = result + Interval(low=-bound, high=bound)
        return result

    def build(self) -> Circuit:
        """The circuit, with one multiplicity column for each table."""
        for table in self.tables.values():
            cells = Interval(low=0, high=HALF)
            self.add_column(multiplicity(table.name), Kind.STATIC, len(table.entries), cells)
        return Circuit(
            sample_bits=self.sample_bits,
            columns=dict(self.columns),
            tables=dict(self.tables),
            linear=tuple(self.linear),
            lookups=tuple(self.lookups),
            products=tuple(self.products),
            functionals=tuple(self.functionals),
        )


def multiplicity(table: str) -> str:
    """The static column that counts how often each row of a table is looked up."""
    return f"multiplicity of {table}"


def negate(term: LinearTerm) -> LinearTerm:
    """The term with the opposite sign; a product with weights has none."""
    if isinstance(term, Scaled):
        return Scaled(column=term.column, coefficient=-term.coefficient)
    if isinstance(term, Mapped):
        return Mapped(column=term.column, matrix=-term.matrix)
    if isinstance(term, Broadcast):
        return Broadcast(column=term.column, start=term.start, coefficient=-term.coefficient)
    raise ValueError("a product with weights stands on the left side")


def _require_no_wrap(name: str, interval: Interval) -> None:
    if interval.magnitude > HALF:
        raise InvalidInput(
            f"integers up to {interval.magnitude} could wrap around the field",
            where=name,
            expected=f"at most {HALF}",
            next_step="use a smaller fan-in, a smaller input range or a smaller bias",
        )
