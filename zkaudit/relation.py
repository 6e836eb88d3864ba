"""The relation language: columns of integers and the few kinds of relation that prover and verifier know.

A batched column has shape (positions, samples), a static one (positions,), a public one is the input of the network.
Every relation is an identity of integers: see `zkaudit.builder`.
Source: docs/protocol.md, "Relations".
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from math import prod

import numpy as np
from numpy.typing import NDArray

from zkaudit import wire

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
class Gather:
    """Position targets[k] of what reads is position sources[k] of what is read; other positions read zero."""

    targets: Integers
    sources: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """coefficient * column, position by position or through a public gather of positions."""

    column: str
    coefficient: int = 1
    gather: Gather | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The sum of the reads plus a constant, cell by cell, over so many positions of columns of one kind."""

    positions: int
    terms: tuple[Read, ...]
    constant: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A tensor whose elements are positions of columns: element k is position sources[k] of columns[owners[k]].

    An owner of -1 is the integer zero.
    """

    columns: tuple[str, ...]
    owners: Integers
    sources: Integers

    @property
    def size(self) -> int:
        """Number of elements."""
        return len(self.owners)

    def select(self, elements: Integers) -> View:
        """The view whose element k is element elements[k] of this one; -1 is zero."""
        inside = elements >= 0
        owners = np.where(inside, self.owners[elements], -1)
        return View(columns=self.columns, owners=owners, sources=np.where(inside, self.sources[elements], 0))

    def parts(self) -> list[tuple[str, Gather]]:
        """For each column that is read, which elements come from which of its positions."""
        order = np.argsort(self.owners, kind="stable")
        ends = np.searchsorted(self.owners[order], np.arange(len(self.columns) + 1))
        pieces = [order[start:stop] for start, stop in itertools.pairwise(ends)]
        named = zip(self.columns, pieces, strict=True)
        return [(name, Gather(targets=piece, sources=self.sources[piece])) for name, piece in named if piece.size]

    def combination(self, coefficient: int = 1) -> Combination:
        """The elements as the positions of a combination."""
        terms = tuple(Read(column=column, coefficient=coefficient, gather=gather) for column, gather in self.parts())
        return Combination(positions=self.size, terms=terms)


def whole(column: str, positions: int) -> View:
    """A column as a view of all its positions in order."""
    return View(columns=(column,), owners=np.zeros(positions, np.int64), sources=np.arange(positions, dtype=np.int64))


def join(views: list[View]) -> View:
    """The elements of several views one after the other."""
    columns: dict[str, int] = {}
    owners: list[Integers] = []
    for view in views:
        places = [columns.setdefault(column, len(columns)) for column in view.columns]
        owners.append(np.array([*places, -1], np.int64)[view.owners])
    return View(
        columns=tuple(columns),
        owners=np.concatenate(owners),
        sources=np.concatenate([view.sources for view in views]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The geometry of a convolution from (channels, height, width) to (filters, output_height, output_width).

    out[o, y, x] sums kernel[o, c', i, j] in[c, s_h y + d_h i - top, s_w x + d_w j - left] over the c of the group of o,
    with zeros outside; padding is (top, left, bottom, right).
    A dense layer is the window of height and width one.
    """

    channels: int
    height: int
    width: int
    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1

    @property
    def output_height(self) -> int:
        """Rows of the output."""
        reach = self.dilation[0] * (self.kernel[0] - 1) + 1
        return (self.height + self.padding[0] + self.padding[2] - reach) // self.stride[0] + 1

    @property
    def output_width(self) -> int:
        """Columns of the output."""
        reach = self.dilation[1] * (self.kernel[1] - 1) + 1
        return (self.width + self.padding[1] + self.padding[3] - reach) // self.stride[1] + 1

    @property
    def fan_in(self) -> int:
        """Products in one output."""
        return self.channels // self.groups * self.kernel[0] * self.kernel[1]

    @property
    def weights(self) -> int:
        """Cells of the kernel."""
        return self.filters * self.fan_in


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
    """A public sparse matrix times a column: values[k] at (rows[k], columns[k]), columns being its positions."""

    column: str
    rows: Integers
    columns: Integers
    values: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """coefficient * factors[k] * static[start + k] at the `repeat` positions of cell k, the same for every sample.

    `factors` has one factor a cell, or none for ones.
    """

    column: str
    start: int
    coefficient: int
    cells: int
    repeat: int = 1
    factors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """A convolution of the view with static cells from `start`, each filter's output times its factor.

    A weight of several limbs is their sum times powers of 256; the limbs of the whole kernel lie one after the other.
    """

    weights: str
    start: int
    source: View
    window: Window
    factors: tuple[int, ...] = ()
    limbs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SuffixSum:
    """coefficient * the sum of the column's later positions, at each position."""

    column: str
    coefficient: int = 1


LinearTerm = Scaled | Mapped | SuffixSum | Broadcast | Weighted


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """The sum of the terms plus a constant is zero at every position of the shape and every sample."""

    name: str
    gadget: str
    shape: tuple[int, ...]
    terms: tuple[LinearTerm, ...]
    constant: int

    @property
    def positions(self) -> int:
        """Positions of the shape."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Some cells of a batched column: weights[k] at (positions[k], samples[k]), each cell at most once."""

    column: str
    positions: Integers
    samples: Integers
    weights: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Functional:
    """sum of weights * batched cells + sum of coefficients * static cells + constant = 0, one integer equation.

    Cells that `batched` does not name weigh nothing, those of padding samples among them.
    `static` triples a column, a start and coefficients.
    """

    name: str
    gadget: str
    batched: tuple[Cells, ...]
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
        return self.columns[lookup.values[0].terms[0].column].kind

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
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "none"
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no canonical encoding")
    names = [one.name for one in fields(value)]
    return [type(value).__name__, *[_encode(getattr(value, name)) for name in names]]


def multiplicity(table: str) -> str:
    """The static column that counts how often each row of a table is looked up."""
    return f"multiplicity of {table}"
