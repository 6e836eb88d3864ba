"""Builds circuits: shapes fit, and no equation can hold in the field without holding in the integers.

Every side of a relation, bounded by the intervals that the relations enforce, lies in [-(p-1)/2, (p-1)/2],
or the circuit is refused with the layer's name.
Source: docs/protocol.md, "Relations".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.relation import (
    Broadcast,
    Cells,
    Circuit,
    Column,
    Combination,
    Functional,
    Integers,
    Interval,
    Kind,
    Linear,
    LinearTerm,
    Lookup,
    Mapped,
    Product,
    Read,
    Scaled,
    SuffixSum,
    Table,
    Weighted,
    multiplicity,
)

MAX_FUNCTIONALS = 1 << 16
"""Performance knob: most functionals of a circuit; a verifier takes about a quarter of a millisecond for each."""


@dataclass(slots=True, kw_only=True)
class CircuitBuilder:
    """Collects columns and relations.

    ValueError for shapes that do not fit, which is a fault of a gadget; InvalidInput for integers that could wrap.
    """

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
        """Declare a table, once; a table of one name has one content, and no row twice."""
        if name in self.tables:
            if not np.array_equal(self.tables[name].entries, entries):
                raise ValueError(f"table {name} has two contents")
            return name
        if np.any(np.diff(entries[:, 0]) <= 0) and len(np.unique(entries, axis=0)) < len(entries):
            raise ValueError(f"table {name} has a row twice")
        self.tables[name] = Table(name=name, entries=entries)
        return name

    def add_range_table(self, bits: int) -> str:
        """The table of the integers in [0, 2^bits)."""
        return self.add_table(f"range {bits} bits", np.arange(1 << bits, dtype=np.int64)[:, None])

    def interval(self, combination: Combination) -> Interval:
        """The enforced interval of a combination: a gathered read counts at its targets alone."""
        low = np.full(combination.positions, combination.constant, np.int64)
        high = low.copy()
        for term in combination.terms:
            interval = self.columns[term.column].interval.scaled(term.coefficient)
            places = slice(None) if term.gather is None else term.gather.targets
            low[places] += interval.low
            high[places] += interval.high
        return Interval(low=int(low.min()), high=int(high.max()))

    def read(self, column: str) -> Combination:
        """A column as it is."""
        return Combination(positions=self.columns[column].positions, terms=(Read(column=column),))

    def add_lookup(self, name: str, gadget: str, table: str, values: tuple[Combination, ...]) -> None:
        """A lookup in a declared table of the same arity."""
        if self.tables[table].entries.shape[1] != len(values):
            raise ValueError(f"{name}: {len(values)} values for table {table}")
        self._require_shapes(name, *values)
        self.lookups.append(Lookup(name=name, gadget=gadget, table=table, values=values))

    def add_product(self, name: str, gadget: str, left: Combination, right: Combination, rest: Combination) -> None:
        """left * right + rest = 0; refused when the integers could wrap.

        Without a rest only the factors must not wrap: a product is zero in the field when a factor is.
        """
        self._require_shapes(name, left, right, rest)
        if any(self._is(term.column, Kind.STATIC) for side in (left, right, rest) for term in side.terms):
            raise ValueError(f"{name}: a product of static columns")
        _require_no_wrap(name, self.interval(left))
        _require_no_wrap(name, self.interval(right))
        if rest.terms or rest.constant:
            _require_no_wrap(name, self.interval(left).scaled(self.interval(right).magnitude))
            _require_no_wrap(name, self.interval(rest))
        self.products.append(Product(name=name, gadget=gadget, left=left, right=right, rest=rest))

    def add_linear(
        self,
        name: str,
        gadget: str,
        shape: tuple[int, ...],
        left: tuple[LinearTerm, ...],
        right: tuple[LinearTerm, ...],
        constant: int = 0,
    ) -> None:
        """left + constant = right at every cell; refused when a side could wrap."""
        _require_no_wrap(name, self.side(left) + Interval(low=constant, high=constant))
        _require_no_wrap(name, self.side(right))
        terms = (*left, *(negate(term) for term in right))
        for term in terms:
            if not self._fits(term, shape):
                raise ValueError(f"{name}: a {type(term).__name__} term that does not fit the shape {shape}")
        self.linear.append(Linear(name=name, gadget=gadget, shape=shape, terms=terms, constant=constant))

    def add_functional(self, functional: Functional) -> None:
        """A functional; refused when its sum could wrap, or when there are too many."""
        if len(self.functionals) == MAX_FUNCTIONALS:
            raise InvalidInput(
                "the claim takes too many equations",
                where=functional.name,
                expected=f"at most {MAX_FUNCTIONALS}",
                next_step="use a threshold with fewer digits, or prove it in several claims",
            )
        total = Interval(low=functional.constant, high=functional.constant)
        for cells in functional.batched:
            self._require_cells(functional.name, cells)
            interval = self.columns[cells.column].interval
            up, down = int(cells.weights[cells.weights > 0].sum()), int(cells.weights[cells.weights < 0].sum())
            total = total + interval.scaled(up) + interval.scaled(down)
        for column, start, coefficients in functional.static:
            inside = start >= 0 and start + len(coefficients) <= self.columns[column].positions
            if not self._is(column, Kind.STATIC) or not inside:
                raise ValueError(f"{functional.name}: cells outside {column}")
            for coefficient in coefficients:
                total = total + self.columns[column].interval.scaled(coefficient)
        _require_no_wrap(functional.name, total)
        self.functionals.append(functional)

    def _require_cells(self, name: str, cells: Cells) -> None:
        """ValueError unless each cell is one of a batched column, and comes once; the weights are small integers."""
        column = self.columns[cells.column]
        inside = _inside(cells.positions, column.positions) and _inside(cells.samples, 1 << self.sample_bits)
        lengths = {len(cells.positions), len(cells.samples), len(cells.weights)}
        if column.kind is not Kind.BATCHED or not inside or len(lengths) != 1:
            raise ValueError(f"{name}: cells outside {cells.column}")
        if np.any(np.diff(cells.samples) <= 0):
            places = (cells.positions << self.sample_bits) + cells.samples
            if len(np.unique(places)) != len(places):
                raise ValueError(f"{name}: a cell of {cells.column} twice")
        # Sums of larger ones could leave the 64 bits.
        _require_no_wrap(name, Interval(low=int(cells.weights.min(initial=0)), high=int(cells.weights.max(initial=0))))

    def side(self, terms: tuple[LinearTerm, ...]) -> Interval:
        """The enforced interval of a sum of terms, over all positions."""
        result = Interval(low=0, high=0)
        mapped: list[Mapped] = []
        for term in terms:
            if isinstance(term, Scaled):
                result = result + self.columns[term.column].interval.scaled(term.coefficient)
            elif isinstance(term, SuffixSum):
                column = self.columns[term.column]
                bound = column.positions * column.interval.scaled(term.coefficient).magnitude
                result = result + Interval(low=-bound, high=bound)
            elif isinstance(term, Broadcast):
                largest = max(map(abs, term.factors), default=1) * term.coefficient
                bound = self.columns[term.column].interval.scaled(largest).magnitude
                result = result + Interval(low=-bound, high=bound)
            elif isinstance(term, Mapped):
                mapped.append(term)
            else:
                magnitude = max(self.columns[name].interval.magnitude for name in term.source.columns)
                largest = self.columns[term.weights].interval.magnitude * (256**term.limbs - 1) // 255
                bound = term.window.fan_in * magnitude * largest
                bound *= max(map(abs, term.factors), default=1)
                result = result + Interval(low=-bound, high=bound)
        return result + self._mapped(mapped)

    def _mapped(self, terms: list[Mapped]) -> Interval:
        """The interval of the sum of sparse maps: a position takes each term only where the term has entries.

        Sums beyond 2^53 are not exact, and are refused all the same.
        """
        sums = np.zeros(1 + max((int(term.rows.max(initial=0)) for term in terms), default=0))
        for term in terms:
            magnitude = self.columns[term.column].interval.magnitude
            weights = np.abs(term.values).astype(np.float64) * magnitude
            sums += np.bincount(term.rows, weights=weights, minlength=len(sums))
        bound = int(sums.max())
        return Interval(low=-bound, high=bound)

    def _require_shapes(self, name: str, *combinations: Combination) -> None:
        """ValueError unless all combinations have the same positions and read columns of one kind in their bounds."""
        sizes = {combination.positions for combination in combinations}
        reads = [(combination, term) for combination in combinations for term in combination.terms]
        kinds = {self.columns[term.column].kind for _, term in reads}
        for combination, term in reads:
            positions = self.columns[term.column].positions
            if term.gather is None:
                fits = positions == combination.positions
            else:
                fits = _inside(term.gather.targets, combination.positions) and _inside(term.gather.sources, positions)
                fits = fits and len(term.gather.targets) == len(term.gather.sources)
                # A target that came twice would count twice, and the interval counts it once.
                fits = fits and len(np.unique(term.gather.targets)) == len(term.gather.targets)
            if not fits:
                raise ValueError(f"{name}: {term.column} is read outside its positions")
        if len(sizes) != 1 or len(kinds) != 1 or Kind.PUBLIC in kinds:
            raise ValueError(f"{name}: columns of different shapes or kinds")

    def _is(self, column: str, kind: Kind) -> bool:
        """Whether a column is of a kind."""
        return self.columns[column].kind is kind

    def _fits(self, term: LinearTerm, shape: tuple[int, ...]) -> bool:
        """Whether a term has the shape of its relation and reads columns of its kind inside their bounds."""
        positions = prod(shape)
        if isinstance(term, Weighted):
            return self._weighted_fits(term, shape)
        column = self.columns[term.column]
        if isinstance(term, Scaled | SuffixSum):
            return column.kind is Kind.BATCHED and column.positions == positions
        if isinstance(term, Mapped):
            inside = _inside(term.rows, positions) and _inside(term.columns, column.positions)
            return column.kind is not Kind.STATIC and inside and len(term.rows) == len(term.columns) == len(term.values)
        cells = 0 <= term.start < term.start + term.cells <= column.positions
        factors = len(term.factors) in (0, term.cells)
        return column.kind is Kind.STATIC and cells and factors and term.cells * term.repeat == positions

    def _weighted_fits(self, term: Weighted, shape: tuple[int, ...]) -> bool:
        """The axes of the relation are those of the window's output, and the source is batched or public as a whole."""
        window, source, weights = term.window, term.source, self.columns[term.weights]
        axes = (window.filters, window.output_height, window.output_width)
        kernel = 0 <= term.start < term.start + term.limbs * window.weights <= weights.positions
        kinds = {self.columns[name].kind for name in source.columns}
        elements = _inside(source.owners + 1, len(source.columns) + 1) and all(
            _inside(gather.sources, self.columns[name].positions) for name, gather in source.parts()
        )
        return (
            weights.kind is Kind.STATIC
            and kernel
            and len(term.factors) in (0, window.filters)
            and shape in (axes, axes[:1] if axes[1:] == (1, 1) else axes)
            and source.size == window.channels * window.height * window.width
            and kinds in ({Kind.BATCHED}, {Kind.PUBLIC})
            and elements
        )

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


def fits(value: int) -> bool:
    """Whether an integer of this magnitude stays below the wrap."""
    return abs(value) <= HALF


def negate(term: LinearTerm) -> LinearTerm:
    """The term with the opposite sign; a product with weights has none."""
    if isinstance(term, Scaled):
        return Scaled(column=term.column, coefficient=-term.coefficient)
    if isinstance(term, SuffixSum):
        return SuffixSum(column=term.column, coefficient=-term.coefficient)
    if isinstance(term, Mapped):
        return Mapped(column=term.column, rows=term.rows, columns=term.columns, values=-term.values)
    raise ValueError("a term with weights stands on the left side")


def _inside(places: Integers, size: int) -> bool:
    """Whether all places lie in [0, size)."""
    return not places.size or (int(places.min()) >= 0 and int(places.max()) < size)


def _require_no_wrap(name: str, interval: Interval) -> None:
    if not fits(interval.magnitude):
        raise InvalidInput(
            f"integers up to {interval.magnitude} could wrap around the field",
            where=name,
            expected=f"at most {HALF}",
            next_step="use a smaller fan-in, a smaller input range or a smaller bias",
        )
