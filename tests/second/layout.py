"""Section "Layout": addresses, leaves, stacked axes and messages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tests.second.field import HALF, clog
from tests.second.relations import Circuit, Linear, Lookup, Weighted
from tests.second.wire import require


@dataclass(frozen=True)
class LookupLeaves:
    """The leaves of a lookup."""

    lookup: Lookup
    batched: bool
    start: int
    length: int


class Layout:
    """All that follows from a circuit alone."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.bits = circuit.bits
        self.position: dict[str, int] = {}
        self.positions = 0
        for name, column in circuit.of_kind("batched").items():
            self.position[name] = self.positions
            self.positions += column.positions
        self.batched_cells = self.positions << self.bits
        self.place: dict[str, int] = {}
        self.static_cells = 0
        for index, (name, column) in enumerate(circuit.of_kind("static").items()):
            if index < 3:
                self.static_cells = -(-self.static_cells // 512) * 512
            self.place[name] = self.static_cells
            self.static_cells += column.positions
        self.place_variables = max(clog(max(self.batched_cells, self.static_cells, 512)), self.bits)
        self.address_variables = self.place_variables + 1
        self._leaves()
        self._stacks()
        require(self.lookup_count + self.table_rows <= HALF, "statement", "too many lookups")

    def _leaves(self) -> None:
        self.lookups: list[LookupLeaves] = []
        start = 0
        for batched in (True, False):
            for lookup in self.circuit.lookups:
                if (self.circuit.kind_of(lookup) == "batched") == batched:
                    length = lookup.values[0].positions << (self.bits if batched else 0)
                    self.lookups.append(LookupLeaves(lookup, batched, start, length))
                    start += length
        self.lookup_count = start
        self.table_start: dict[str, int] = {}
        for name, rows in self.circuit.tables.items():
            self.table_start[name] = start
            start += len(rows)
        self.table_rows = start - self.lookup_count
        self.tag = {name: tag for tag, name in enumerate(self.circuit.tables, 1)}
        self.depth = max(1, clog(start))
        self.arity = max(len(row) for rows in self.circuit.tables.values() for row in rows)

    def _stacks(self) -> None:
        self.product_start: list[int] = []
        size = 0
        for product in self.circuit.products:
            self.product_start.append(size)
            size += product.left.positions
        self.product_variables = self.bits + clog(size)
        self.has_rest = any(product.rest.reads or product.rest.constant for product in self.circuit.products)
        self.functional_start: dict[str, int] = {}
        size = 0
        for functional in self.circuit.functionals:
            for column in (cells.column for cells in functional.batched):
                if column not in self.functional_start:
                    self.functional_start[column] = size
                    size += self.circuit.columns[column].positions
        self.functional_variables = self.bits + clog(size)

    def output_variables(self, relation: Linear) -> int:
        """Coordinates of the output point."""
        return sum(clog(extent) for extent in relation.shape)

    def factor(self, relation: Linear) -> Weighted | None:
        """The batched Weighted term."""
        for term in relation.terms:
            if isinstance(term, Weighted) and not self.circuit.reads_input(term.view):
                return term
        return None

    @cached_property
    def rounds(self) -> list[int | None]:
        """Rounds of each linear relation, None without a factor."""
        factors = [self.factor(relation) for relation in self.circuit.linear]
        return [
            None if f is None else clog(f.window.channels) + clog(f.window.height) + clog(f.window.width)
            for f in factors
        ]

    @property
    def product_claims(self) -> int:
        """Elements of the message."""
        return 3 if self.has_rest else 2

    @cached_property
    def elements(self) -> int:
        """Message elements of section "Messages"."""
        tree = 4 + sum(3 * layer + 4 for layer in range(1, self.depth))
        products = 3 * self.product_variables + self.product_claims
        linear = sum(1 + 2 * rounds + 2 for rounds in self.rounds if rounds is not None)
        both = sum(bool(functional.static and functional.batched) for functional in self.circuit.functionals)
        functionals = both + 2 * self.functional_variables + 1
        return tree + products + linear + functionals + 2 * self.address_variables + 2

    @cached_property
    def products(self) -> int:
        """Pairs of elements that are multiplied."""
        return 2 + 3 * (self.depth - 1) + 1 + sum(rounds is not None for rounds in self.rounds)

    @cached_property
    def claims(self) -> int:
        """Linear claims."""
        linear = sum(1 if rounds is None else 3 for rounds in self.rounds)
        static = sum(bool(functional.static) for functional in self.circuit.functionals)
        return 2 + self.product_claims + linear + 1 + static + 1
