"""Where everything lies: addresses of cells, leaves of the lookup argument, messages, pads and oracles.

All of it follows from the circuit and the profile; nothing is read from a proof.
Source: docs/protocol.md, "Layout".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from zkaudit.masking import Plan
from zkaudit.relation import Circuit, Kind, Lookup, Table, View, Weighted
from zkaudit.soundness import StatementShape
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

WEIGHT_ALIGNMENT = 512
"""Security-neutral: ring elements of the commitment start at multiples of their degree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupLeaves:
    """The leaves of one lookup, `length` of them from `start`."""

    lookup: Lookup
    kind: Kind
    start: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLeaves:
    """The leaves of one table, one a row, from `start`; `tag` keeps tables apart."""

    table: Table
    tag: int
    start: int


@dataclass(frozen=True)
class Layout:
    """The places of a circuit's cells, leaves and messages.

    A cell's address is `2 * place + region`: region 0 holds the batched columns, place = position * samples + sample,
    region 1 the static columns, so that the two never mix while places are bound.
    """

    circuit: Circuit

    @cached_property
    def batched_positions(self) -> dict[str, int]:
        """First position of each batched column."""
        result, position = {}, 0
        for column in self.circuit.of_kind(Kind.BATCHED):
            result[column.name] = position
            position += column.positions
        return result

    @cached_property
    def position_count(self) -> int:
        """Positions of all batched columns."""
        return sum(c.positions for c in self.circuit.of_kind(Kind.BATCHED))

    @cached_property
    def static_places(self) -> dict[str, int]:
        """First place of each static column; the columns of the commitment are aligned to ring elements."""
        result, place = {}, 0
        for column in self.circuit.of_kind(Kind.STATIC):
            result[column.name] = place
            place += column.positions
            # The two columns of the commitment come first, and what follows them is aligned too.
            if column.name in (WEIGHTS, RANDOMNESS):
                place = -(-place // WEIGHT_ALIGNMENT) * WEIGHT_ALIGNMENT
        return result

    @cached_property
    def batched_cells(self) -> int:
        """Cells of region 0."""
        return self.position_count << self.circuit.sample_bits

    @cached_property
    def static_cells(self) -> int:
        """Places of region 1, alignment gaps included."""
        last = self.circuit.of_kind(Kind.STATIC)[-1]
        return self.static_places[last.name] + last.positions

    @cached_property
    def lookup_leaves(self) -> tuple[LookupLeaves, ...]:
        """Batched lookups first, so that each takes whole rows of samples, then static ones."""
        result, start = [], 0
        for kind in (Kind.BATCHED, Kind.STATIC):
            for lookup in self.circuit.lookups:
                if self.circuit.lookup_kind(lookup) is kind:
                    positions = lookup.values[0].positions
                    length = positions << self.circuit.sample_bits if kind is Kind.BATCHED else positions
                    result.append(LookupLeaves(lookup=lookup, kind=kind, start=start, length=length))
                    start += length
        return tuple(result)

    @cached_property
    def lookup_count(self) -> int:
        """Leaves with numerator 1; they come first."""
        return sum(leaves.length for leaves in self.lookup_leaves)

    @cached_property
    def table_leaves(self) -> tuple[TableLeaves, ...]:
        """Tables follow the lookups; tags count from 1."""
        result, start = [], self.lookup_count
        for tag, table in enumerate(self.circuit.tables.values(), 1):
            result.append(TableLeaves(table=table, tag=tag, start=start))
            start += len(table.entries)
        return tuple(result)

    @cached_property
    def tags(self) -> dict[str, int]:
        """Tag of each table."""
        return {leaves.table.name: leaves.tag for leaves in self.table_leaves}

    @cached_property
    def table_rows(self) -> int:
        """Leaves with a multiplicity."""
        return sum(len(table.entries) for table in self.circuit.tables.values())

    @cached_property
    def tree_depth(self) -> int:
        """Variables of a leaf's index."""
        return max(1, (self.lookup_count + self.table_rows - 1).bit_length())

    @cached_property
    def arity(self) -> int:
        """Largest number of entries of a table's tuple."""
        return max(int(table.entries.shape[1]) for table in self.circuit.tables.values())

    @cached_property
    def product_positions(self) -> tuple[int, ...]:
        """First position of each product relation on the axis that stacks them, and the end."""
        result = [0]
        for product in self.circuit.products:
            result.append(result[-1] + product.left.positions)
        return tuple(result)

    @cached_property
    def product_variables(self) -> int:
        """Rounds of the batched zero-check."""
        return self.circuit.sample_bits + (self.product_positions[-1] - 1).bit_length()

    @cached_property
    def has_rest(self) -> bool:
        """Whether a product relation has a third combination."""
        return any(product.rest.terms or product.rest.constant for product in self.circuit.products)

    @cached_property
    def functional_positions(self) -> dict[str, int]:
        """First position of each column that a functional reads, on the axis that stacks them."""
        result: dict[str, int] = {}
        position = 0
        for functional in self.circuit.functionals:
            for cells in functional.batched:
                if cells.column not in result:
                    result[cells.column] = position
                    position += self.circuit.columns[cells.column].positions
        return result

    @cached_property
    def functional_variables(self) -> int:
        """Rounds of the functional sumcheck."""
        positions = sum(self.circuit.columns[c].positions for c in self.functional_positions)
        return self.circuit.sample_bits + (positions - 1).bit_length()

    @cached_property
    def place_variables(self) -> int:
        """Variables of a place: enough for either region and for one ring element."""
        largest = max(self.batched_cells, self.static_cells, WEIGHT_ALIGNMENT)
        return max((largest - 1).bit_length(), self.circuit.sample_bits)

    @cached_property
    def linear_shapes(self) -> tuple[LinearShape, ...]:
        """Output variables of each linear relation, and the rounds of its sumcheck."""
        result = []
        for relation in self.circuit.linear:
            rounds = None
            for term in relation.terms:
                if isinstance(term, Weighted) and not self.reads_public(term.source):
                    if rounds is not None:
                        raise ValueError(f"{relation.name}: two products with weights")
                    axes = (term.window.channels, term.window.height, term.window.width)
                    rounds = sum((size - 1).bit_length() for size in axes)
            variables = sum((size - 1).bit_length() for size in relation.shape)
            result.append(LinearShape(output_variables=variables, rounds=rounds))
        return tuple(result)

    def reads_public(self, view: View) -> bool:
        """Whether a view reads the public input; the builder lets none read public and batched columns."""
        return all(self.circuit.columns[name].kind is Kind.PUBLIC for name in view.columns)

    @cached_property
    def plan(self) -> Plan:
        """The messages of the padded transcript and the pairs that are multiplied, in order."""
        plan = Plan()
        _plan_tree(plan, self.tree_depth)
        if self.circuit.products:
            plan.rounds(self.product_variables, 3)
            first = plan.message(3 if self.has_rest else 2)
            plan.product(first, first + 1)
        for shape in self.linear_shapes:
            if shape.rounds is not None:
                plan.message(1)
                plan.rounds(shape.rounds, 2)
                first = plan.message(2)
                plan.product(first, first + 1)
        for functional in self.circuit.functionals:
            if functional.static and functional.batched:
                plan.message(1)
        if self.circuit.functionals:
            plan.rounds(self.functional_variables, 2)
            plan.message(1)
        return plan

    @cached_property
    def full_plan(self) -> Plan:
        """The plan with the batching sumcheck and the opening."""
        plan = self.plan.copy()
        plan.rounds(self.address_variables, 2)
        plan.message(2)
        return plan

    @property
    def address_variables(self) -> int:
        """Variables of an address: the region and the place."""
        return self.place_variables + 1

    @cached_property
    def claim_count(self) -> int:
        """Linear claims that are batched: lookups, products, linear relations, the link, functionals."""
        products = (3 if self.has_rest else 2) if self.circuit.products else 0
        linear = sum(1 if shape.rounds is None else 3 for shape in self.linear_shapes)
        functionals = sum(bool(functional.static) for functional in self.circuit.functionals)
        return 2 + products + linear + 1 + functionals + bool(self.circuit.functionals)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearShape:
    """Output variables of a linear relation, and the rounds of its sumcheck; None without a batched factor."""

    output_variables: int
    rounds: int | None


def _plan_tree(plan: Plan, depth: int) -> None:
    """Four claims a layer; the first layer takes two products, the others three."""
    p0 = plan.message(4)
    plan.product(p0, p0 + 3)
    plan.product(p0 + 1, p0 + 2)
    for layer in range(1, depth):
        plan.rounds(layer, 3)
        p0 = plan.message(4)
        plan.product(p0, p0 + 3)
        plan.product(p0 + 1, p0 + 2)
        plan.product(p0 + 2, p0 + 3)


def shape_of(layout: Layout) -> StatementShape:
    """The counts of a layout that soundness errors and sizes depend on."""
    circuit = layout.circuit
    plan = layout.full_plan
    return StatementShape(
        sample_bits=circuit.sample_bits,
        lookups=layout.lookup_count,
        table_rows=layout.table_rows,
        tree_depth=layout.tree_depth,
        product_variables=layout.product_variables if circuit.products else None,
        linear_points=tuple(shape.output_variables for shape in layout.linear_shapes),
        linear_rounds=tuple(shape.rounds for shape in layout.linear_shapes if shape.rounds is not None),
        functional_count=len(circuit.functionals),
        functional_variables=layout.functional_variables if circuit.functionals else None,
        claims=layout.claim_count,
        address_variables=layout.address_variables,
        batched_cells=layout.batched_cells,
        static_cells=layout.static_cells,
        pad_elements=plan.elements,
        pad_products=len(plan.products),
    )
