"""Linear relations: claims that are true of columns which satisfy them, and false of others."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from tests import cases
from tests.networks import NETWORKS
from tests.networks import network as graph_network
from tests.plain import collapse, false_claims, plain_prover, plain_verifier
from tests.views import random_elements
from zkaudit.builder import CircuitBuilder
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, Element, add
from zkaudit.layout import Layout
from zkaudit.linear.prover import prove_linear
from zkaudit.linear.verifier import reduce_linear
from zkaudit.opening.claims import Claim
from zkaudit.relation import (
    Broadcast,
    Integers,
    Interval,
    Kind,
    Linear,
    LinearTerm,
    Mapped,
    Scaled,
    SuffixSum,
    View,
    Weighted,
    Window,
    join,
    whole,
)
from zkaudit_circuits.network import INPUT

SMALL = Interval(low=-128, high=127)
WIDE = Interval(low=-(10**8), high=10**8)
START, BIAS_START = 3, 1


@dataclass(frozen=True, kw_only=True)
class Case:
    layout: Layout
    columns: dict[str, Integers]

    @property
    def batched(self) -> list[str]:
        return [c.name for c in self.layout.circuit.of_kind(Kind.BATCHED)]


def term_values(columns: dict[str, Integers], term: LinearTerm, positions: int) -> Integers:
    """A term by its definition in int64, (positions, samples) or (positions, 1)."""
    if isinstance(term, Scaled):
        return term.coefficient * columns[term.column]
    if isinstance(term, Mapped):
        matrix = np.zeros((positions, len(columns[term.column])), np.int64)
        for row, column, value in zip(term.rows, term.columns, term.values, strict=True):
            matrix[row, column] += value
        return np.asarray(matrix @ columns[term.column], np.int64)
    if isinstance(term, SuffixSum):
        sums = np.stack([columns[term.column][k + 1 :].sum(axis=0) for k in range(positions)])
        return term.coefficient * sums
    if isinstance(term, Broadcast):
        factors = term.factors or (1,) * term.cells
        cells = columns[term.column][term.start : term.start + term.cells].tolist()
        each = [term.coefficient * factor * cell for factor, cell in zip(factors, cells, strict=True)]
        return np.array([value for value in each for _ in range(term.repeat)], np.int64)[:, None]
    return convolved(columns, term)


def convolved(columns: dict[str, Integers], term: Weighted) -> Integers:
    """The formula of `Window`, one product after the other."""
    window = term.window
    limbs = columns[term.weights][term.start : term.start + term.limbs * window.weights].reshape(term.limbs, -1)
    kernel = sum((256**index * limb for index, limb in enumerate(limbs)), np.zeros(window.weights, np.int64))
    members = window.channels // window.groups
    kernel = kernel.reshape(window.filters, members, *window.kernel)
    factors = term.factors or (1,) * window.filters
    samples = columns[term.source.columns[0]].shape[1]
    source = np.zeros((term.source.size, samples), np.int64)
    for element, (owner, place) in enumerate(zip(term.source.owners, term.source.sources, strict=True)):
        if owner >= 0:
            source[element] = columns[term.source.columns[owner]][place]
    source = source.reshape(window.channels, window.height, window.width, samples)
    result = np.zeros((window.filters, window.output_height, window.output_width, samples), np.int64)
    for o, y, x in np.ndindex(*result.shape[:3]):
        group = o // (window.filters // window.groups)
        for c, i, j in np.ndindex(members, *window.kernel):
            row = window.stride[0] * y + window.dilation[0] * i - window.padding[0]
            column = window.stride[1] * x + window.dilation[1] * j - window.padding[1]
            if 0 <= row < window.height and 0 <= column < window.width:
                result[o, y, x] += factors[o] * kernel[o, c, i, j] * source[group * members + c, row, column]
    return result.reshape(-1, samples)


def residual(case: Case, relation: Linear) -> Integers:
    """The sum of the terms in int64, (positions, samples)."""
    total = np.full((relation.positions, case.layout.circuit.samples), relation.constant, np.int64)
    for term in relation.terms:
        total = total + term_values(case.columns, term, relation.positions)
    return total


def solved(
    builder: CircuitBuilder, columns: dict[str, Integers], shape: tuple[int, ...], terms: tuple[LinearTerm, ...]
) -> Case:
    """The terms less 8 equal 2 y, with an own column y that is made to fit; all terms are even."""
    positions = int(np.prod(shape))
    builder.add_column("y", Kind.BATCHED, positions, WIDE)
    builder.add_linear("relation", "test", shape, terms, (Scaled(column="y", coefficient=2),), constant=-8)
    total = sum((term_values(columns, term, positions) for term in terms), np.int64(-8))
    assert not (total % 2).any()
    y = np.broadcast_to(total // 2, (positions, 1 << builder.sample_bits)).copy()
    return Case(layout=Layout(builder.build()), columns=columns | {"y": y})


def new_columns(
    sample_bits: int, positions: dict[str, int], weights: int, biases: int
) -> tuple[CircuitBuilder, dict[str, Integers]]:
    """Batched columns, `INPUT` public, and static weights and biases; all are even, so that all terms are."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(weights + 100 * biases)
    columns: dict[str, Integers] = {}
    for name, size in (("weights", START + weights + 1), ("bias", BIAS_START + biases + 1)):
        builder.add_column(name, Kind.STATIC, size, SMALL)
        columns[name] = 2 * generator.integers(-60, 60, size)
    for name, size in positions.items():
        builder.add_column(name, Kind.PUBLIC if name == INPUT else Kind.BATCHED, size, SMALL)
        columns[name] = 2 * generator.integers(-60, 60, (size, 1 << sample_bits))
    return builder, columns


def every_term(sample_bits: int, outputs: int, width: int, *, public: bool = False, factor: bool = True) -> Case:
    """weights x + M x + later z + 256 b - 8 = 2 y, with x an own column or the public input."""
    builder, columns = new_columns(sample_bits, {INPUT: width, "x": width, "z": outputs}, outputs * width, outputs)
    generator = np.random.default_rng(width)
    places = generator.permutation(outputs * width)[: max(1, outputs * width // 2)]
    terms: list[LinearTerm] = [
        Mapped(column="x", rows=places // width, columns=places % width, values=generator.integers(-3, 4, len(places))),
        Broadcast(column="bias", start=BIAS_START, coefficient=256, cells=outputs),
        SuffixSum(column="z", coefficient=-3),
    ]
    if factor:
        source = whole(INPUT if public else "x", width)
        window = Window(channels=width, height=1, width=1, filters=outputs)
        terms.insert(0, Weighted(weights="weights", start=START, source=source, window=window))
    return solved(builder, columns, (outputs,), tuple(terms))


def convolution(
    window: Window,
    *,
    sample_bits: int = 1,
    source: str = "x",
    factors: tuple[int, ...] = (),
    flat: bool = False,
    limbs: int = 1,
) -> Case:
    """(weights * x + b + 256 b') factor - 8 = 2 y; the input of the sum is a column, the public input, or a view."""
    size = window.channels * window.height * window.width
    cells = {INPUT: size, "x": size, "z": size}
    builder, columns = new_columns(sample_bits, cells, limbs * window.weights, 2 * window.filters)
    generator = np.random.default_rng(size)
    if source == "view":
        # Cells of two columns, out of order and some twice, with zeros between.
        view = join([whole("z", size), whole("x", size)]).select(generator.integers(-1, 2 * size, size))
    elif source == "public view":
        view = whole(INPUT, size).select(generator.integers(-1, size, size))
    else:
        view = whole(source, size)
    weighted = Weighted(weights="weights", start=START, source=view, window=window, factors=factors, limbs=limbs)
    terms: list[LinearTerm] = [weighted]
    for limb in range(2):
        terms.append(
            Broadcast(
                column="bias",
                start=BIAS_START + limb * window.filters,
                coefficient=256**limb,
                cells=window.filters,
                repeat=window.output_height * window.output_width,
                factors=factors,
            )
        )
    shape = (window.filters,) if flat else (window.filters, window.output_height, window.output_width)
    return solved(builder, columns, shape, tuple(terms))


def sparse() -> Case:
    """A sum of two sparse matrices with empty rows, cells that count twice, and the public input."""
    builder, columns = new_columns(2, {INPUT: 5, "x": 4}, 1, 1)
    of_x = Mapped(
        column="x", rows=np.array([0, 0, 2, 2, 2]), columns=np.array([3, 3, 0, 1, 3]), values=np.array([2, 3, -1, 4, 0])
    )
    of_input = Mapped(column=INPUT, rows=np.array([5, 1]), columns=np.array([4, 0]), values=np.array([-7, 1]))
    return solved(builder, columns, (2, 3), (of_x, of_input))


def of_case(case: cases.Case) -> Case:
    return Case(layout=case.statement.layout, columns=case.columns())


GENERAL = Window(
    channels=2, height=5, width=6, filters=3, kernel=(2, 3), stride=(2, 1), dilation=(2, 1), padding=(1, 0, 2, 1)
)
GROUPED = Window(channels=4, height=3, width=4, filters=6, kernel=(2, 2), stride=(1, 2), groups=2)
DEPTHWISE = Window(channels=3, height=3, width=3, filters=3, kernel=(3, 3), padding=(1, 1, 1, 1), groups=3)
SIGNAL = Window(
    channels=2, height=1, width=9, filters=3, kernel=(1, 3), stride=(1, 2), dilation=(1, 2), padding=(0, 2, 0, 1)
)
POINTWISE = Window(channels=5, height=2, width=3, filters=4)
MULTIPLIED = Window(channels=2, height=3, width=2, filters=6, kernel=(2, 1), groups=2)
BORDER = Window(channels=1, height=1, width=2, filters=2, kernel=(3, 3), padding=(1, 1, 1, 1))
GAPS = Window(channels=1, height=7, width=5, filters=1, kernel=(1, 2), stride=(3, 4), padding=(0, 1, 0, 0))
BORDER_GROUPS = Window(channels=2, height=1, width=2, filters=2, kernel=(1, 1), padding=(0, 1, 1, 0), groups=2)
DENSE = Window(channels=6, height=1, width=1, filters=4)

CASES: dict[str, Case] = {
    "network": of_case(cases.random_case((5, 3, 4), 5)),
    "all terms": every_term(2, 5, 3),
    "one output": every_term(3, 1, 6),
    "one input": every_term(1, 4, 1),
    "one cell": every_term(0, 1, 1),
    "public input": every_term(2, 3, 5, public=True),
    "no weights": every_term(2, 3, 5, factor=False),
    "sparse matrices": sparse(),
    "stride, dilation and padding": convolution(GENERAL, factors=(3, -2, 1)),
    "groups": convolution(GROUPED, sample_bits=2),
    "groups with factors": convolution(GROUPED, factors=(1, 2, 3, -4, 5, 0)),
    "depthwise": convolution(DEPTHWISE, factors=(5, 1, -1)),
    "several filters of a channel": convolution(MULTIPLIED),
    "one axis": convolution(SIGNAL, sample_bits=0),
    "pointwise": convolution(POINTWISE, factors=(1, 1, 2, 2)),
    "kernel over the border": convolution(BORDER),
    "cells that no window reads": convolution(GAPS),
    "dense with factors": convolution(DENSE, factors=(2, 3, 1, -9), flat=True),
    "dense with three axes": convolution(DENSE),
    "view": convolution(GENERAL, source="view"),
    "view in groups": convolution(GROUPED, source="view", factors=(1, 2, 3, 4, 5, 6)),
    "two limbs": convolution(SIGNAL, limbs=2),
    "two limbs in groups": convolution(BORDER_GROUPS, limbs=2, factors=(1, -1)),
    "dense with two limbs": convolution(DENSE, limbs=2, flat=True),
    "public input, two limbs": convolution(GROUPED, source=INPUT, limbs=2),
    "public convolution": convolution(GENERAL, source=INPUT, factors=(1, 7, 2)),
    "public groups": convolution(GROUPED, source=INPUT, factors=(2, 1, 1, 1, 1, 3)),
    "public depthwise": convolution(DEPTHWISE, source=INPUT, sample_bits=2),
    "public view": convolution(SIGNAL, source="public view", sample_bits=3),
} | {name: of_case(graph_network(name)) for name in NETWORKS}

BY_HAND = [name for name, case in CASES.items() if "relation" in {r.name for r in case.layout.circuit.linear}]


def messages(case: Case, relation: Linear, point: list[Element]) -> list[Element]:
    prover = plain_prover()
    weights = arrays.equality_table(point)
    inputs = arrays.matrix_vector(case.columns[INPUT], weights)
    prove_linear(prover, case.layout, relation, inputs, collapse(case.columns, case.batched, point), case.columns)
    return prover.sent


def reduce(case: Case, relation: Linear, point: list[Element], sent: list[Element]) -> list[Claim]:
    channel = plain_verifier(sent, products=bool(sent))
    inputs = arrays.matrix_vector(case.columns[INPUT], arrays.equality_table(point))
    claims = reduce_linear(channel, case.layout, relation, inputs)
    channel.finish()
    return claims


def false_of(case: Case, relation: Linear, point: list[Element], columns: dict[str, Integers]) -> list[str]:
    """False claims after the prover of `case.columns` has been run, looked at on `columns`."""
    claims = reduce(case, relation, point, messages(case, relation, point))
    return false_claims(case.layout, columns, [point], claims)


def columns_of(term: LinearTerm) -> set[str]:
    return {term.weights, *term.source.columns} if isinstance(term, Weighted) else {term.column}


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_of_honest_columns(name: str) -> None:
    case = CASES[name]
    for relation in case.layout.circuit.linear:
        point = random_elements(case.layout.circuit.sample_bits)
        assert false_of(case, relation, point, case.columns) == []


@pytest.mark.parametrize("name", BY_HAND)
def test_plan_and_claims_are_those_of_the_layout(name: str) -> None:
    """A product with weights of own columns is the only thing that sends messages."""
    case = CASES[name]
    (relation,) = case.layout.circuit.linear
    point = random_elements(case.layout.circuit.sample_bits)
    sent = messages(case, relation, point)
    sources = [t.source for t in relation.terms if isinstance(t, Weighted)]
    interactive = bool(sources) and not case.layout.reads_public(sources[0])
    (shape,) = case.layout.linear_shapes
    assert (shape.rounds is not None) == interactive
    assert len(sent) == (2 * (shape.rounds or 0) + 3 if interactive else 0)
    claims = reduce(case, relation, point, sent)
    assert len(claims) == (3 if interactive else 1)
    # Nobody commits to the public input: the verifier computes what it adds.
    assert INPUT not in {term.column for claim in claims for term in claim.terms}
    assert shape.output_variables == sum((size - 1).bit_length() for size in relation.shape)


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_witness_leaves_a_false_claim(name: str) -> None:
    """The prover runs on the changed columns, so only the relation itself is false."""
    case = CASES[name]
    violated = 0
    for relation in case.layout.circuit.linear:
        read = set().union(*map(columns_of, relation.terms))
        for column in sorted(read - {INPUT}):
            for place in _places(case, relation, column):
                columns = dict(case.columns)
                columns[column] = case.columns[column].copy()
                columns[column].reshape(-1)[place] += 1
                changed = Case(layout=case.layout, columns=columns)
                point = random_elements(case.layout.circuit.sample_bits)
                wrong = false_of(changed, relation, point, columns)
                broken = bool(residual(changed, relation).any())
                assert bool(wrong) == broken, f"{relation.name}, {column}"
                assert set(wrong) <= {relation.name, f"{relation.name}/left side"}
                violated += broken
    assert violated


def _places(case: Case, relation: Linear, column: str) -> list[int]:
    """A first and a last cell of the column that the relation reads, where it is static, and else both ends."""
    for term in relation.terms:
        if isinstance(term, Weighted) and term.weights == column:
            return [term.start, term.start + term.limbs * term.window.weights - 1]
        if isinstance(term, Broadcast) and term.column == column:
            return [term.start, term.start + term.cells - 1]
    return [0, case.columns[column].size - 1]


@pytest.mark.parametrize(
    "name",
    [
        "all terms", "one output", "one input", "one cell", "stride, dilation and padding", "groups with factors",
        "depthwise", "one axis", "view", "view in groups",
    ],
)  # fmt: skip
def test_changed_messages_are_refused_or_leave_a_false_claim(name: str) -> None:
    case = CASES[name]
    (relation,) = case.layout.circuit.linear
    point = random_elements(case.layout.circuit.sample_bits)
    sent = messages(case, relation, point)
    for place in range(len(sent)):
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        try:
            claims = reduce(case, relation, point, changed)
        except Rejected:
            continue
        assert false_claims(case.layout, case.columns, [point], claims)


def test_claims_stand_on_the_cells_that_the_relation_reads() -> None:
    case = CASES["all terms"]
    (relation,) = case.layout.circuit.linear
    point = random_elements(2)
    for column, place, names in (
        ("weights", 2, []),
        ("weights", 3, ["relation/weights"]),
        ("weights", 17, ["relation/weights"]),
        ("weights", 18, []),
        ("bias", 0, []),
        ("bias", 1, ["relation/left side"]),
        ("bias", 5, ["relation/left side"]),
        ("bias", 6, []),
        ("x", 0, ["relation/left side", "relation/input"]),
        ("y", 19, ["relation/left side"]),
        ("z", 3, []),  # nothing comes before the first position
        ("z", 4, ["relation/left side"]),
    ):
        changed = dict(case.columns)
        changed[column] = case.columns[column].copy()
        changed[column].reshape(-1)[place] += 1
        assert false_of(case, relation, point, changed) == names, (column, place)


@pytest.mark.parametrize("name", ["groups", "depthwise", "cells that no window reads", "view", "two limbs"])
def test_claims_of_a_convolution_stand_on_the_cells_that_it_reads(name: str) -> None:
    case = CASES[name]
    (relation,) = case.layout.circuit.linear
    (weighted,) = (t for t in relation.terms if isinstance(t, Weighted))
    point = random_elements(case.layout.circuit.sample_bits)
    kernel = range(START, START + weighted.limbs * weighted.window.weights)
    biases = range(BIAS_START, BIAS_START + 2 * weighted.window.filters)
    parts = dict(weighted.source.parts())
    for column, held, claim in (("weights", kernel, "weights"), ("bias", biases, "left side")):
        for place in range(len(case.columns[column])):
            changed = dict(case.columns)
            changed[column] = case.columns[column].copy()
            changed[column][place] += 1
            expected = [f"relation/{claim}"] if place in held else []
            assert false_of(case, relation, point, changed) == expected, (column, place)
    for column, position in itertools.product(("x", "z"), range(len(case.columns["x"]))):
        changed = dict(case.columns)
        changed[column] = case.columns[column].copy()
        changed[column][position, -1] += 1
        read = column in parts and position in parts[column].sources
        expected = ["relation/input"] if read else []
        assert false_of(case, relation, point, changed) == expected, (column, position)


@pytest.mark.parametrize("name", ["public input", "public convolution", "public groups", "public depthwise"])
def test_other_public_inputs_leave_a_false_claim(name: str) -> None:
    case = CASES[name]
    (relation,) = case.layout.circuit.linear
    point = random_elements(case.layout.circuit.sample_bits)
    seen = 0
    for feature in range(len(case.columns[INPUT])):
        inputs = case.columns[INPUT].copy()
        inputs[feature, -1] += 1
        other = Case(layout=case.layout, columns={**case.columns, INPUT: inputs})
        broken = bool(residual(other, relation).any())
        assert false_of(other, relation, point, other.columns) == (["relation"] if broken else [])
        seen += broken
    assert seen >= 5


def test_a_view_of_nothing_but_zeros_is_zero() -> None:
    """The claim on the input has no terms, so that only zero meets it."""
    builder, columns = new_columns(1, {INPUT: 2, "x": 2}, 6, 3)
    view = View(columns=("x",), owners=np.array([-1, -1]), sources=np.zeros(2, np.int64))
    window = Window(channels=2, height=1, width=1, filters=3)
    term = Weighted(weights="weights", start=START, source=view, window=window)
    case = solved(builder, columns, (3,), (term,))
    assert (case.columns["y"] == -4).all()
    (relation,) = case.layout.circuit.linear
    point = random_elements(1)
    assert false_of(case, relation, point, case.columns) == []
    changed = {**case.columns, "y": case.columns["y"] + 1}
    wrong = Case(layout=case.layout, columns=changed)
    assert false_of(wrong, relation, point, changed) == ["relation/left side"]
