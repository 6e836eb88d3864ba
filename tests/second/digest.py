"""Section "Circuit digest"."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from tests.second.combinations import Combination, Gather, View
from tests.second.relations import Broadcast, Circuit, Functional, Linear, Mapped, Scaled, SuffixSum, Term, Window
from tests.second.wire import pack, sha256

Form = list[object]


def circuit_digest(circuit: Circuit) -> bytes:
    """H of the canonical encoding of the circuit's lists."""
    columns = [
        ["Column", name, column.kind, str(column.positions), ["Interval", *_texts(column.interval)]]
        for name, column in circuit.columns.items()
    ]
    tables = [["Table", name, _table(rows)] for name, rows in circuit.tables.items()]
    lookups = [["Lookup", o.name, o.gadget, o.table, [_combination(v) for v in o.values]] for o in circuit.lookups]
    products = [
        ["Product", o.name, o.gadget, _combination(o.left), _combination(o.right), _combination(o.rest)]
        for o in circuit.products
    ]
    linear = [_linear(relation) for relation in circuit.linear]
    functionals = [_functional(functional) for functional in circuit.functionals]
    return sha256(pack(["Circuit", str(circuit.bits), columns, tables, linear, lookups, products, functionals]))


def _texts(integers: Iterable[int]) -> list[str]:
    return [str(integer) for integer in integers]


def _array(cells: Sequence[int]) -> Form:
    return ["array", [len(cells)], sha256(struct.pack(f">{len(cells)}q", *cells))]


def _table(rows: Sequence[tuple[int, ...]]) -> Form:
    cells = [cell for row in rows for cell in row]
    return ["array", [len(rows), len(rows[0])], sha256(struct.pack(f">{len(cells)}q", *cells))]


def _gather(gather: Gather | None) -> object:
    return "none" if gather is None else ["Gather", _array(gather.targets), _array(gather.sources)]


def _combination(combination: Combination) -> Form:
    reads = [["Read", read.column, str(read.coefficient), _gather(read.gather)] for read in combination.reads]
    return ["Combination", str(combination.positions), reads, str(combination.constant)]


def _linear(relation: Linear) -> Form:
    terms = [_term(term) for term in relation.terms]
    return ["Linear", relation.name, relation.gadget, _texts(relation.shape), terms, str(relation.constant)]


def _term(term: Term) -> Form:
    if isinstance(term, Scaled):
        return ["Scaled", term.column, str(term.coefficient)]
    if isinstance(term, Mapped):
        return ["Mapped", term.column, _array(term.rows), _array(term.columns), _array(term.values)]
    if isinstance(term, SuffixSum):
        return ["SuffixSum", term.column, str(term.coefficient)]
    if isinstance(term, Broadcast):
        integers = _texts((term.start, term.coefficient, term.cells, term.repeat))
        return ["Broadcast", "weights", *integers, _texts(term.factors)]
    geometry = [_view(term.view), _window(term.window)]
    return ["Weighted", "weights", str(term.start), *geometry, _texts(term.factors), str(term.limbs)]


def _view(view: View) -> Form:
    owners = _array([owner for owner, _ in view.elements])
    return ["View", list(view.columns), owners, _array([place for _, place in view.elements])]


def _window(window: Window) -> Form:
    sizes = _texts((window.channels, window.height, window.width, window.filters))
    lists = [_texts(part) for part in (window.kernel, window.stride, window.dilation, window.padding)]
    return ["Window", *sizes, *lists, str(window.groups)]


def _functional(functional: Functional) -> Form:
    batched = [["Cells", c.column, *map(_array, (c.positions, c.samples, c.weights))] for c in functional.batched]
    static = [[column, str(start), _texts(coefficients)] for column, start, coefficients in functional.static]
    return ["Functional", functional.name, functional.gadget, batched, static, str(functional.constant)]
