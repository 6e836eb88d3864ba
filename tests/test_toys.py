"""Exact distributions: over a toy field all randomness is enumerated, and views do not depend on the secret.

Two secrets and the simulator give the same multiset of views; each broken variant gives others.
The formulas are those of the real code: over KoalaBear both give the same numbers.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.toys.code import Code, Residues, distribution
from tests.toys.masks import LinearTest, Opening, QuadraticTest, split
from tests.toys.protocol import Challenges, ProductProtocol
from tests.views import OpeningView, opened_columns, tableau_of
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element
from zkaudit.field.koalabear import MODULUS, root_of_unity
from zkaudit.masking import Plan, Tape, VerifierChannel
from zkaudit.opening.prover import WitnessVector, combined_row
from zkaudit.pads.messages import (
    E0,
    E1,
    LOW_DEGREE_MASK,
    MASKS,
    Q0,
    Q1,
    TableauChallenges,
    TableauLayout,
    TableauResponses,
)
from zkaudit.pads.verifier import verify_tableau
from zkaudit.reed_solomon.domain import Domain, interpolate
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.soundness import OracleParameters
from zkaudit.transcript import Label, Transcript

FIVE = Code(modulus=5, width=2, pads=2, root=4, points=(2, 3))
"""W = t = 2: both points of GF(5) that the message subgroup {1, 4} leaves out, zero apart."""

FIVE_ONE = Code(modulus=5, width=2, pads=1, root=4, points=(2,))
THIRTEEN = Code(modulus=13, width=2, pads=1, root=12, points=(2,))
THREE = Code(modulus=3, width=1, pads=1, root=1, points=(2,))


def same(first: Residues, second: Residues) -> bool:
    """Whether two distributions are equal, as multisets of views."""
    return first.shape == second.shape and bool((first == second).all())


# A message under its pad.


@pytest.mark.parametrize("modulus", [2, 3, 5, 31])
def test_a_padded_message_is_uniform_whatever_it_is(modulus: int) -> None:
    views = [distribution(modulus, 1, lambda pad, m=m: (m - pad) % modulus) for m in range(modulus)]
    assert all(same(view, np.arange(modulus)) for view in views)


def test_a_pad_that_is_used_twice_shows_a_difference() -> None:
    def see(messages: tuple[int, int], pad: Residues) -> Residues:
        return np.concatenate([(m - pad) % 5 for m in messages], axis=1)

    assert not same(*(distribution(5, 1, lambda pad, m=m: see(m, pad)) for m in ((1, 2), (1, 3))))


def test_a_pad_reduced_from_a_wider_word_is_noticed() -> None:
    """Eight values modulo five: the message shows in the multiset of what is sent."""
    views = [np.sort((m - np.arange(8) % 5) % 5) for m in (0, 1)]
    assert not same(*views)


# A row with t pads at t columns.


@pytest.mark.parametrize("code", [FIVE, FIVE_ONE, THIRTEEN, THREE], ids=str)
def test_opened_cells_of_a_row_are_uniform(code: Code) -> None:
    def see(cells: list[int], pads: Residues) -> Residues:
        return code.at_points(code.row(np.repeat(np.array([cells]), len(pads), axis=0), pads))

    views = [
        distribution(code.modulus, code.pads, lambda pads, cells=cells: see(list(cells), pads))
        for cells in itertools.product(range(code.modulus), repeat=code.width)
    ]
    uniform = np.arange(code.modulus ** len(code.points))
    assert all(same(view, uniform) for view in views)


def test_one_column_more_than_pads_is_noticed() -> None:
    code = Code(modulus=13, width=2, pads=1, root=12, points=(2, 3))

    def see(cells: list[int], pads: Residues) -> Residues:
        return code.at_points(code.row(np.repeat(np.array([cells]), len(pads), axis=0), pads))

    assert not same(*(distribution(13, 1, lambda pads, c=c: see(c, pads)) for c in ([1, 2], [1, 3])))


# The opening.

WITNESSES = ([[1, 2], [3, 4]], [[0, 3], [2, 2]])


def opening_views(opening: Opening) -> list[Residues]:
    p = opening.code.modulus
    return [distribution(p, opening.count, lambda c, w=w: opening.see(w, c)) for w in WITNESSES]


@pytest.mark.parametrize("point", [(2, 3, 4), (1, 0, 0), (0, 1, 3), (3, 3, 1)])
@pytest.mark.parametrize("gamma", [0, 1, 3])
def test_the_opening_shows_nothing_of_the_rows(point: tuple[int, int, int], gamma: int) -> None:
    opening = Opening(code=FIVE_ONE, point=point, gamma=gamma)
    first, second = opening_views(opening)
    assert same(first, second)
    assert same(first, distribution(5, opening.simulated_count, opening.simulate))


def test_the_opening_of_two_columns_shows_nothing_of_the_rows() -> None:
    opening = Opening(code=FIVE, point=(2, 3, 4), gamma=3, rows=1)
    first, second = (distribution(5, opening.count, lambda c, w=w: opening.see([w], c)) for w in ([1, 2], [0, 3]))
    assert same(first, second)
    assert same(first, distribution(5, opening.simulated_count, opening.simulate))


def test_a_mask_row_inside_the_address_space_is_noticed() -> None:
    """Where its weight is zero and a row's is not, u is the bare combination of the rows."""
    leaks = []
    for point in itertools.product((0, 1, 2), (0, 1, 4), (2,)):
        first, second = opening_views(Opening(code=FIVE_ONE, point=point, gamma=3, inside=True))
        leaks.append(not same(first, second))
    assert leaks == [(first == 1) != (second == 1) for first, second in itertools.product((0, 1, 2), (0, 1, 4))]


def test_rows_with_fewer_pads_than_columns_are_noticed() -> None:
    opening = Opening(code=FIVE, point=(2, 3, 4), gamma=3, rows=1, pads_of_rows=1)
    assert not same(*(distribution(5, opening.count, lambda c, w=w: opening.see([w], c)) for w in ([1, 2], [0, 3])))


# The linear test.


def linear_views(test: LinearTest, secrets: tuple[list[int], ...]) -> list[Residues]:
    return [distribution(test.code.modulus, test.count, lambda c, s=s: test.see(s, c)) for s in secrets]


def of_equal_sum(code: Code, factors: tuple[int, ...]) -> list[list[int]]:
    """Rows of W cells for which the public sum of factor times cell is zero."""
    weights = [sum(a * pow(x, k, code.modulus) for k, a in enumerate(factors)) for x in code.cell_points]
    rows = itertools.product(range(code.modulus), repeat=code.width)
    return [list(row) for row in rows if not sum(w * c for w, c in zip(weights, row, strict=True)) % code.modulus]


@pytest.mark.parametrize("code", [FIVE_ONE, FIVE], ids=str)
def test_the_linear_response_shows_only_the_sum(code: Code) -> None:
    test = LinearTest(code=code, factors=(1, 2))
    rows = of_equal_sum(code, test.factors)
    assert len(rows) == code.modulus ** (code.width - 1)
    first, *others = linear_views(test, tuple(rows if code.pads == 1 else rows[:2]))
    assert all(same(first, other) for other in others)


def test_the_linear_response_shows_the_sum() -> None:
    """The sum is public: rows with another one are no witness of the same statement."""
    assert not same(*linear_views(LinearTest(code=FIVE_ONE, factors=(1, 2)), ([0, 0], [0, 1])))


def test_p2_a_linear_mask_split_at_the_degree_is_noticed() -> None:
    """The opened cell of the row gives w at that point; for the factors (1, 2) alone this is the public sum again."""
    for factors in ((0, 1), (1, 1), (3, 3)):
        rows = of_equal_sum(FIVE_ONE, factors)
        first, *others = linear_views(LinearTest(code=FIVE_ONE, factors=factors, shift=FIVE_ONE.degree), tuple(rows))
        assert not all(same(first, other) for other in others)


# The quadratic test.


def quadratic_views(code: Code, secrets: list[tuple[list[int], list[int]]]) -> list[Residues]:
    test = QuadraticTest(code=code)
    return [distribution(code.modulus, test.count, lambda c, s=s: test.see(s, c)) for s in secrets]


def test_the_quadratic_response_shows_nothing_of_the_factors() -> None:
    assert same(*quadratic_views(FIVE_ONE, [([1, 2], [3, 4]), ([0, 0], [4, 1])]))


def test_p3_a_quadratic_mask_with_fewer_cells_than_columns_is_noticed() -> None:
    narrow = Code(modulus=3, width=1, pads=2, root=1, points=(2, 0))
    assert narrow.width < narrow.pads
    assert not same(*quadratic_views(narrow, [([1], [2]), ([0], [0])]))
    wide = Code(modulus=3, width=1, pads=1, root=1, points=(2,))
    assert same(*quadratic_views(wide, [([1], [2]), ([0], [0])]))


# A whole protocol.

TWO = Code(modulus=2, width=1, pads=1, root=1, points=(0,))
WITNESSES_OF_ZERO = ((0, 0), (0, 1), (1, 0))
"""The pairs of GF(2) whose product is zero; (1, 1) is the only other one."""


def whole_protocol(coefficients: int, **broken: Any) -> ProductProtocol:
    """The protocol over GF(2) with these bits as the challenges."""
    bits = [coefficients >> i & 1 for i in range(13)]
    challenges = Challenges(low_degree=tuple(bits[4:]), linear=(bits[0], bits[1], bits[2]), quadratic=bits[3])
    return ProductProtocol(code=TWO, challenges=challenges, product=0, **broken)


def whole_views(protocol: ProductProtocol, secrets: tuple[tuple[int, int], ...]) -> list[Residues]:
    return [distribution(2, protocol.count, lambda c, s=s: protocol.see(s, c)) for s in secrets]


@pytest.mark.parametrize("coefficients", [0b1101101011111, *(0b010111001 << 4 | low for low in range(0, 16, 3))])
def test_a_whole_protocol_has_one_view_for_all_witnesses_and_the_simulator(coefficients: int) -> None:
    protocol = whole_protocol(coefficients)
    first, *others = whole_views(protocol, WITNESSES_OF_ZERO)
    assert all(same(first, other) for other in others)
    assert same(first, distribution(2, protocol.simulated_count, protocol.simulate))


def test_a_false_statement_has_another_view() -> None:
    """The constraint does not hold at the pads, so the linear response sums to something else than the target."""
    protocol = whole_protocol(0b1101101011111)
    (false,) = whole_views(protocol, ((1, 1),))
    assert not same(false, distribution(2, protocol.simulated_count, protocol.simulate))


@pytest.mark.parametrize("broken", ["without_pad", "shared_mask", "bare"])
def test_a_broken_protocol_shows_which_witness_it_has(broken: str) -> None:
    first, *others = whole_views(whole_protocol(0b1101101011111, **{broken: True}), WITNESSES_OF_ZERO)
    assert not all(same(first, other) for other in others)


# The same formulas as the real code's, over KoalaBear.

WIDTH, PADS, SIZE, COLUMNS = 8, 3, 64, [3, 17, 50]


def real_code() -> Code:
    points = Domain(WIDTH, SIZE, PADS).column_points(COLUMNS)
    root = root_of_unity(WIDTH.bit_length() - 1)
    return Code(modulus=MODULUS, width=WIDTH, pads=PADS, root=root, points=tuple(int(x) for x in points))


def residues(*shape: int) -> Residues:
    return np.random.default_rng().integers(0, MODULUS, shape)


def base(values: Residues) -> Array:
    """Residues as elements of F with one coordinate, shape -> (5, shape)."""
    result = np.zeros((5, *values.shape), np.uint64)
    result[0] = values
    return result


def embedded(values: tuple[int, ...]) -> list[Element]:
    return [(v, 0, 0, 0, 0) for v in values]


def only(vector: Array) -> Residues:
    """The one coordinate of an F-vector whose others are zero."""
    assert not vector[1:].any()
    return vector[0].astype(np.int64)


def test_rows_are_those_of_the_real_encoder() -> None:
    code, cells, pads = real_code(), residues(6, WIDTH), residues(6, PADS)
    opened = open_columns(
        Domain(WIDTH, SIZE, PADS), [(cells.astype(np.uint32).reshape(-1), 6)], pads.astype(np.uint32), COLUMNS
    )
    assert (opened == code.at_points(code.row(cells, pads)).T).all()


def test_the_opening_is_the_real_one() -> None:
    code, toy = real_code(), OpeningView()
    cells, choices = residues(2, WIDTH), residues(1, WIDTH + PADS + 2 * PADS + 2)
    mask_cells, mask_pads, pads, _ = split(choices, WIDTH, PADS, 2 * PADS, 2)
    first, second, cell = (int(v) for v in residues(3))
    gamma = int(residues(1)[0])
    opening = Opening(code=code, point=(first, second, cell), gamma=gamma)
    vector = WitnessVector(
        batched=np.concatenate([cells[0], cells[0] * 0]).astype(np.uint32),
        static=np.concatenate([cells[1], cells[1] * 0]).astype(np.uint32),
        pads=np.concatenate([pads[0, :PADS], [0] * PADS, pads[0, PADS:], [0] * PADS])
        .reshape(4, PADS)
        .astype(np.uint32),
        mask_cells=base(mask_cells[0]),
        mask_pads=base(mask_pads[0]),
    )
    # The region is the lowest coordinate of the address, then the cells, then the rows of a region.
    point = embedded((first, cell, cell, cell, second))
    row = combined_row(toy.rows(), vector, point, embedded((gamma,))[0])
    view = opening.see([list(map(int, own)) for own in cells], choices)[0]
    combined = code.row(only(row.cells)[None], only(row.pads)[None])[0]
    assert (view[2 : 2 + code.degree] == combined).all()


def product_layout() -> TableauLayout:
    plan = Plan()
    first = plan.message(2)
    plan.product(first, first + 1)
    return TableauLayout(plan, OracleParameters(message=WIDTH, columns=SIZE, pads=PADS))


def real_tape(layout: TableauLayout, sent: tuple[int, int], product: int) -> Tape:
    """The constraint of the protocol by the real channel."""
    channel = VerifierChannel(Transcript("product"), embedded(sent), layout.plan)
    claim = channel.multiply(*channel.receive(Label.LINEAR_CLAIMS, 2))
    channel.require_zero("product", channel.combine([(ONE, claim)], embedded((-product % MODULUS,))[0]))
    channel.finish()
    return channel.tape


def large_protocol() -> ProductProtocol:
    drawn = [int(v) for v in residues(12)]
    challenges = Challenges(low_degree=tuple(drawn[:8]), linear=(drawn[8], drawn[9], drawn[10]), quadratic=drawn[11])
    return ProductProtocol(code=real_code(), challenges=challenges, product=6)


def real_challenges(protocol: ProductProtocol) -> TableauChallenges:
    own = protocol.challenges
    return TableauChallenges(
        low_degree=embedded(own.low_degree), linear=embedded(own.linear), quadratic=embedded((own.quadratic,))
    )


def parts(protocol: ProductProtocol, view: Residues) -> tuple[tuple[int, int], TableauResponses, Array]:
    """A view of the protocol as the real messages, responses, and opened columns (t, 5 rows)."""
    k, t = protocol.code.degree, len(protocol.code.points)
    sent, low, linear, quadratic, *rows = split(view, 2, k, WIDTH + k, k + PADS, *[t] * 9)
    responses = TableauResponses(low_degree=base(low[0]), linear=base(linear[0]), quadratic=base(quadratic[0]))
    cells = base(np.concatenate(rows))  # (5, rows, t)
    opened = np.ascontiguousarray(cells.transpose(1, 0, 2).reshape(-1, t).T)
    return (int(sent[0, 0]), int(sent[0, 1])), responses, opened


def test_the_whole_protocol_is_the_real_pad_tableau() -> None:
    protocol, layout = large_protocol(), product_layout()
    choices, k = residues(1, protocol.count), protocol.code.degree
    sent, expected, opened = parts(protocol, protocol.see((2, 3), choices))
    cells, paddings = np.zeros((5, 9, WIDTH), np.uint64), np.zeros((5, 9, PADS), np.uint64)
    own, *pads, m, first, second, q0, q1 = split(choices, WIDTH, *[PADS] * 4, k, k - 1, k, k, k)
    x, y = int(own[0, 0]), int(own[0, 1])
    for row, mask in ((LOW_DEGREE_MASK, m), (E1, second), (Q0, q0), (Q1, q1)):
        cells[0, row], paddings[0, row] = mask[0, :WIDTH], mask[0, WIDTH:]
    cells[0, E0, 1:], paddings[0, E0] = first[0, : WIDTH - 1], first[0, WIDTH - 1 :]
    cells[0, E0, 0] = -(int(cells[0, E0].sum()) + int(cells[0, E1].sum())) % MODULUS
    cells[0, MASKS] = own[0]
    cells[0, MASKS + 1 :, 0] = x, y, x * y % MODULUS
    paddings[0, MASKS:] = np.concatenate(pads)
    assert sent == ((2 - x) % MODULUS, (3 - y) % MODULUS)
    tape, challenges = real_tape(layout, sent, 6), real_challenges(protocol)
    weights, target = layout.combine_constraints(tape, challenges.linear)
    polynomials, own_target = protocol.factors(np.array([sent]))
    assert (np.concatenate(polynomials) == only(interpolate(weights))).all()
    assert int(own_target[0, 0]) == target[0]
    tableau = tableau_of(layout, cells, paddings)
    responses = tableau.respond(challenges, weights)
    assert responses.to_bytes() == expected.to_bytes()
    assert (opened_columns(tableau, COLUMNS) == opened).all()
    verify_tableau(layout, tape, challenges, responses, COLUMNS, opened)


def test_the_toy_simulator_satisfies_the_real_verifier() -> None:
    protocol, layout = large_protocol(), product_layout()
    sent, responses, opened = parts(protocol, protocol.simulate(residues(1, protocol.simulated_count)))
    verify_tableau(layout, real_tape(layout, sent, 6), real_challenges(protocol), responses, COLUMNS, opened)
