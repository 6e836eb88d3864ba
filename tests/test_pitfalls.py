"""Known ways to break such a protocol: each broken variant is built, attacked, and compared with the real code.

The pitfalls are those of docs/protocol.md; the seventh, what the transcript leaves out, has a file of its own.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.views import (
    OpeningView,
    evaluations,
    linear_leak,
    opened_columns,
    quotient_leak,
    quotient_leak_of_polynomials,
    random_element,
    random_elements,
    toy_tableau,
)
from zkaudit import proof as proof_module
from zkaudit import prover
from zkaudit.commitment import formats
from zkaudit.commitment.ajtai import pack_residues
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element, add, embed, negate
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.lookup import claims as lookup_claims
from zkaudit.lookup.leaves import Leaves
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import FractionTree
from zkaudit.masking import Affine, Tape
from zkaudit.merkle.messages import Oracle, node_digest
from zkaudit.merkle.prover import MerkleTree
from zkaudit.merkle.verifier import root_from_opening
from zkaudit.opening.prover import WitnessVector, combined_row
from zkaudit.opening.verifier import verify_columns
from zkaudit.pads.messages import E0, LOW_DEGREE_MASK, MASKS, TableauChallenges, TableauLayout
from zkaudit.pads.prover import PadTableau
from zkaudit.pads.verifier import draw_challenges, verify_tableau
from zkaudit.proof import OpenedColumns, Proof, decode
from zkaudit.prover import prove_columns
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.relation import Integers, multiplicity
from zkaudit.sumcheck.verifier import prefix_sum
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import Policy, verify
from zkaudit_circuits.argmax import DIFFERENCE, MAXIMUM, PREDICTION
from zkaudit_circuits.multiplicities import count_lookups

INSECURE = Policy(minimum_bits=0, profiles=("test-insecure",))
TOY = OpeningView()
COLUMNS = list(TOY.columns)


@pytest.fixture(scope="module")
def honest() -> tuple[Case, bytes]:
    case = random_case((3, 2, 3), 3)
    return case, prove_columns(case.statement, case.columns()).proof


def uniform(count: int) -> Array:
    return np.random.default_rng().integers(0, MODULUS, count, dtype=np.uint64)


def toy_witness() -> WitnessVector:
    return TOY.split(uniform(TOY.secrets + TOY.randomness))[0]


def toy_columns(vector: WitnessVector, indices: Sequence[int]) -> Array:
    """Opened columns (k, 5 + rows)."""
    domain = Domain(TOY.WIDTH, TOY.SIZE, TOY.PADS)
    return open_columns(domain, prover._segments(vector), prover._all_pads(vector), indices).astype(np.uint64)


# P1: without a fresh gamma the mask cancels a word that is far from the code.


def check_far_rows(gamma: Element) -> None:
    """Every row is off by one word, the mask by its negative; the coefficients of all rows sum to one."""
    vector, point = toy_witness(), random_elements(5)
    assert arrays.total(TOY.rows().row_weights(point)) == ONE
    opened, word = toy_columns(vector, COLUMNS), uniform(len(COLUMNS))
    opened[:, 5:] = (opened[:, 5:] + word[:, None]) % MODULUS
    opened[:, 0] = (opened[:, 0] + MODULUS - word) % MODULUS
    response = combined_row(TOY.rows(), vector, point, gamma)
    verify_columns(TOY.rows(), point, gamma, response, COLUMNS, opened)


def test_p1_far_words_cancel_against_the_mask_unless_gamma_is_fresh() -> None:
    check_far_rows(ONE)
    with pytest.raises(Rejected, match="witness-opening"):
        check_far_rows(random_element())


def test_p1_gamma_is_drawn_after_the_values_and_before_the_row(
    honest: tuple[Case, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    history: list[Label] = []
    frame = Transcript._frame

    def record(transcript: Transcript, kind: bytes, label: Label, length: int) -> None:
        history.append(label)
        frame(transcript, kind, label, length)

    monkeypatch.setattr(Transcript, "_frame", record)
    case, proof = honest
    verify(case.statement, proof, INSECURE)
    order = [Label.OPENING_VALUE, Label.OPENING_GAMMA, Label.OPENING_ROW]
    order += [Label.OPENING_GRINDING, Label.OPENING_GRINDING, Label.OPENING_COLUMNS]
    order += [Label.PAD_LOW_DEGREE, Label.PAD_LINEAR, Label.PAD_QUADRATIC, Label.PAD_RESPONSES]
    order += [Label.PAD_GRINDING, Label.PAD_GRINDING, Label.PAD_COLUMNS]
    assert history[-len(order) :] == order


# P2, P3, P4: masks that are split or shaped wrongly leak.


def test_p2_linear_mask_split_beyond_w_leaks_as_many_functionals_as_columns() -> None:
    layout = toy_tableau()
    constraint = 5  # its value is public
    assert linear_leak(layout, COLUMNS) == constraint
    assert linear_leak(layout, COLUMNS, shift=layout.degree) == constraint + 5 * layout.oracle.pads


def test_p3_quotient_mask_needs_as_many_cells_as_columns() -> None:
    for width, pads in ((8, 3), (4, 4)):
        assert quotient_leak(toy_tableau(width, pads)) == 0
        assert quotient_leak_of_polynomials(width, pads) == 0
    for width, pads in ((2, 3), (4, 7)):
        assert quotient_leak_of_polynomials(width, pads) == pads - width
        with pytest.raises(ValueError, match="pads"):
            Domain(width, 64, pads)


def test_p4_mask_is_extension_valued_with_pads_of_its_own() -> None:
    assert OpeningView().leaks() == 0
    assert OpeningView(mask_coordinates=1, own_mask_pads=1).leaks() == TOY.secrets
    assert OpeningView(own_mask_pads=1).leaks() == TOY.ROWS * TOY.PADS
    assert OpeningView(own_mask_pads=0).leaks() == TOY.ROWS * TOY.PADS


def test_p4_a_prover_who_chooses_the_mask_rows_opens_one_root_to_two_witnesses() -> None:
    """The broken verifier reads from the proof which rows are the mask."""
    vector, point, gamma, rows = toy_witness(), random_elements(5), random_element(), TOY.rows()
    order = [4, 5, 6, 7, 8, 0, 1, 2, 3]
    cells = np.concatenate([segment.reshape(-1, TOY.WIDTH) for segment, _ in prover._segments(vector)])[order]
    pads = prover._all_pads(vector)[order]
    other = WitnessVector(
        mask_cells=cells[:5].astype(np.uint64),
        mask_pads=pads[:5].astype(np.uint64),
        batched=cells[5:7].reshape(-1),
        static=cells[7:].reshape(-1),
        pads=pads[5:],
    )
    assert evaluations(rows, vector, point)[0] != evaluations(rows, other, point)[0]
    response = combined_row(rows, other, point, gamma)
    opened = toy_columns(vector, COLUMNS)
    verify_columns(rows, point, gamma, response, COLUMNS, opened[:, order])
    with pytest.raises(Rejected, match="witness-opening"):
        verify_columns(rows, point, gamma, response, COLUMNS, opened)


def test_p4_rows_in_another_order_are_refused() -> None:
    case = random_case((3, 2, 3), 3)
    columns = case.columns()
    with pytest.MonkeyPatch.context() as patch:
        segments, pads = prover._segments, prover._all_pads
        patch.setattr(prover, "_segments", lambda vector: segments(vector)[::-1])
        patch.setattr(prover, "_all_pads", lambda vector: pads(vector)[::-1])
        proof = prove_columns(case.statement, columns).proof
    with pytest.raises(Rejected, match="witness-opening"):
        verify(case.statement, proof, INSECURE)


# P5: an integer that is not below p is a second encoding of a residue.


def shifted(data: bytes, place: int) -> bytes:
    """Residue `place` plus p, which still fits four bytes."""
    value = int.from_bytes(data[4 * place : 4 * place + 4], "big") + MODULUS
    return data[: 4 * place] + value.to_bytes(4, "big") + data[4 * place + 4 :]


def with_cells(opened: OpenedColumns) -> OpenedColumns:
    return dataclasses.replace(opened, cells=shifted(opened.cells, len(opened.cells) // 4 - 1))


ENCODINGS: dict[str, Callable[[Proof], Proof]] = {
    "messages": lambda p: dataclasses.replace(p, messages=shifted(p.messages, 7)),
    "row": lambda p: dataclasses.replace(p, row=shifted(p.row, 0)),
    "responses": lambda p: dataclasses.replace(p, responses=shifted(p.responses, 11)),
    "witness": lambda p: dataclasses.replace(p, witness=with_cells(p.witness)),
    "pads": lambda p: dataclasses.replace(p, pads=with_cells(p.pads)),
}


def lax_residues(data: bytes, count: int, where: str) -> Array:
    return np.frombuffer(data, ">u4").astype(np.uint64) % np.uint64(MODULUS)


@pytest.mark.parametrize("part", ENCODINGS)
def test_p5_second_encodings_are_refused(
    honest: tuple[Case, bytes], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, proof = honest
    other = ENCODINGS[part](decode(proof)).encode()
    with pytest.raises(Rejected, match=f"{part}.*residue") as caught:
        verify(case.statement, other, INSECURE)
    assert caught.value.reason is Reason.NON_CANONICAL
    monkeypatch.setattr(proof_module, "residues", lax_residues)
    verify(case.statement, other, INSECURE)


def test_p5_every_residue_below_p_is_read_and_p_is_not() -> None:
    def read(value: int) -> Array:
        return proof_module.residues(value.to_bytes(4, "big"), 1, "cell")

    assert [int(read(value)[0]) for value in (0, MODULUS - 1)] == [0, MODULUS - 1]
    for value in (MODULUS, MODULUS + 1, 2**31, 2**32 - 1):
        with pytest.raises(Rejected, match="non-canonical"):
            read(value)


def test_p5_second_encoding_of_a_commitment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    commitment = random_case((3, 2), 1).statement.commitment
    small = commitment.value.copy()
    small[0] = 5  # 5 + p fits the 31 bits of a residue
    commitment = dataclasses.replace(commitment, value=small)
    body = json.loads(formats.commitment_text(commitment))
    assert formats.parse_commitment(json.dumps(body).encode()) == commitment
    large = small.copy()
    large[0] += np.uint32(MODULUS)
    digits = pack_residues(large).hex()
    body["value"] = [digits[i : i + 128] for i in range(0, len(digits), 128)]
    with pytest.raises(InvalidInput, match="not canonical"):
        formats.parse_commitment(json.dumps(body).encode())
    monkeypatch.setattr(formats, "unpack_residues", lambda data, where: small)
    assert formats.parse_commitment(json.dumps(body).encode()) == commitment


# P6: repeated, unsorted or foreign column indices, and path elements that nothing consumes.

SIZE = 16


def lax_root(size: int, indices: Sequence[int], leaves: Sequence[bytes], path: Sequence[bytes]) -> bytes:
    """The root by a verifier that takes what it needs and looks at nothing else."""
    known = {index % size: leaf for index, leaf in zip(indices, leaves, strict=True)}
    rest = iter(path)
    for level in range(1, size.bit_length()):
        siblings = {index ^ 1: next(rest) for index in sorted(known) if index ^ 1 not in known}
        nodes = known | siblings
        known = {
            index >> 1: node_digest(Oracle.WITNESS, level, index >> 1, nodes[index & ~1], nodes[index | 1])
            for index in known
        }
    return known[0]


@pytest.mark.parametrize(
    ("indices", "honest_indices", "extra"),
    [
        ([3, 3, 9], [3, 9], 0),
        ([9, 3], [3, 9], 0),
        ([3, 9 + SIZE], [3, 9], 0),
        ([3 - SIZE, 9], [3, 9], 0),
        ([3, 9], [3, 9], 1),
    ],
)
def test_p6_malformed_openings_are_refused(indices: list[int], honest_indices: list[int], extra: int) -> None:
    leaves = np.random.default_rng(1).integers(0, 256, (SIZE, 32)).astype(np.uint8)
    tree = MerkleTree(Oracle.WITNESS, leaves)
    path = tree.open(honest_indices)
    honest_leaves = [leaves[i].tobytes() for i in honest_indices]
    assert root_from_opening(Oracle.WITNESS, SIZE, honest_indices, honest_leaves, path) == tree.root
    path = path + [bytes(32)] * extra
    opened = [leaves[i % SIZE].tobytes() for i in indices]
    assert lax_root(SIZE, indices, opened, path) == tree.root
    with pytest.raises(Rejected) as caught:
        root_from_opening(Oracle.WITNESS, SIZE, indices, opened, path)
    assert caught.value.reason is Reason.MERKLE_PATH


def test_p6_one_column_opened_many_times_proves_nothing() -> None:
    """A response that agrees with the rows at one column passes there any number of times."""
    vector, point, gamma, rows = toy_witness(), random_elements(5), random_element(), TOY.rows()
    lie = dataclasses.replace(vector, batched=vector.batched ^ np.uint32(1))
    response = combined_row(rows, lie, point, gamma)
    domain = Domain(TOY.WIDTH, TOY.SIZE, TOY.PADS)
    wanted = domain.evaluate_row(response.cells, response.pads, [3])
    actual = combined_row(rows, vector, point, gamma)
    difference = arrays.subtract(wanted, domain.evaluate_row(actual.cells, actual.pads, [3]))
    opened = toy_columns(vector, [3])
    opened[:, :5] = arrays.add(opened[:, :5].T, difference).T
    verify_columns(rows, point, gamma, response, [3, 3, 3], np.repeat(opened, 3, axis=0))
    with pytest.raises(Rejected, match="witness-opening"):
        verify_columns(rows, point, gamma, response, [3, 4], np.concatenate([opened, toy_columns(vector, [4])]))


def test_p6_columns_are_sampled_without_replacement() -> None:
    distinct = []
    for seed in range(20):
        transcript = Transcript(f"columns {seed}")
        drawn = transcript.distinct_indices(Label.OPENING_COLUMNS, 12, SIZE)
        assert drawn == sorted(set(drawn))
        assert len(drawn) == 12
        distinct.append(len({transcript.challenge(Label.OPENING_COLUMNS)[0] % SIZE for _ in range(12)}))
    assert min(distinct) < 12  # with replacement, fewer columns are looked at than were paid for


# P8: one leaf (0, 0) makes the sum of all fractions 0/0, and every wrong lookup passes.


def all_right(case: Case) -> dict[str, Integers]:
    """A witness in which every prediction is the label: differences of logits are negative, so not in their table."""
    columns = dict(case.columns())
    circuit = case.statement.layout.circuit
    limbs = [name for name in circuit.columns if name.startswith(f"{DIFFERENCE} limb")]
    width = circuit.columns[limbs[0]].interval.high + 1
    difference = sum(columns[name] * width**i for i, name in enumerate(limbs))
    chosen = columns[PREDICTION].argmax(axis=0)
    classes = np.arange(len(columns[PREDICTION]))[:, None]
    logits = columns[MAXIMUM] - difference - (classes < chosen)
    chosen[: case.statement.samples] = case.statement.dataset.labels
    columns[PREDICTION] = (classes == chosen).astype(np.int64)
    columns[MAXIMUM] = np.take_along_axis(logits, chosen[None, :], axis=0)
    for name in limbs:
        columns[name] = np.zeros_like(columns[name])
    columns[limbs[0]] = columns[MAXIMUM] - logits - (classes < chosen)
    assert columns[limbs[0]].min() < 0
    for table, counts in count_lookups(circuit, columns).items():
        columns[multiplicity(table)] = counts
    return columns


def zero_padding_leaves(patch: pytest.MonkeyPatch, layout: Layout) -> None:
    """Both sides take (0, 0) for the padding leaves."""
    used = layout.lookup_count + layout.table_rows

    def build_with_zeros(*arguments: Any) -> FractionTree:
        honest = build_tree(*arguments)
        # Missing leaves stand for (0, 1), so that all leaves are there.
        leaves = Leaves(1 << honest.variables, ones=layout.lookup_count)
        leaves._numerators[: honest.leaves._numerators.size] = honest.leaves._numerators
        leaves.denominators[: honest.leaves.denominators.size] = honest.leaves.denominators
        cells = leaves.denominators.reshape(-1, 5, 16)
        for leaf in range(used, 1 << honest.variables):
            cells[leaf >> 4, :, leaf & 15] = 0
        return FractionTree(leaves)

    patch.setattr(prover, "build_tree", build_with_zeros)
    patch.setattr(lookup_claims, "prefix_sum", lambda point, n: ONE if n == used else prefix_sum(point, n))


def test_p8_a_zero_over_zero_leaf_makes_a_false_accuracy_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case((3, 2, 3), 3, claim="correct >= 3")
    assert case.correct < 3
    columns = all_right(case)
    with pytest.raises(Rejected, match="pad-linear"):
        verify(case.statement, prove_columns(case.statement, columns).proof, INSECURE)
    zero_padding_leaves(monkeypatch, case.statement.layout)
    verify(case.statement, prove_columns(case.statement, columns).proof, INSECURE)


def test_p8_the_real_verifier_refuses_a_tree_with_zero_over_zero_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case((3, 2, 3), 3, claim="correct >= 3")
    zero_padding_leaves(monkeypatch, case.statement.layout)
    proof = prove_columns(case.statement, all_right(case)).proof
    monkeypatch.undo()
    with pytest.raises(Rejected):
        verify(case.statement, proof, INSECURE)


# P9: a constraint with coefficient 1 is cancelled by the mask, whose coefficient is 1.


def tableau_passes(
    layout: TableauLayout,
    tape: Tape,
    tableau: PadTableau,
    challenges: TableauChallenges,
    change: Callable[[Array], None] = lambda opened: None,
) -> bool:
    weights, _ = layout.combine_constraints(tape, challenges.linear)
    responses = tableau.respond(challenges, weights)
    opened = opened_columns(tableau, COLUMNS)
    change(opened)
    try:
        verify_tableau(layout, tape, challenges, responses, COLUMNS, opened)
    except Rejected:
        return False
    return True


def challenge(layout: TableauLayout, tape: Tape, message: bytes = b"root") -> TableauChallenges:
    transcript = Transcript("pads")
    transcript.absorb(Label.PAD_ROOT, message)
    return draw_challenges(transcript, layout, tape)


def first_is_one(coefficients: list[Element], place: int = 0) -> list[Element]:
    return [*coefficients[:place], ONE, *coefficients[place + 1 :]]


def constraint_on_first_pad(layout: TableauLayout, tableau: PadTableau, error: int) -> Tape:
    """The message says that pad 0 is what it is, plus an error."""
    tape = Tape(layout.plan)
    tape.require_zero("pad 0", Affine(add(negate(tableau.pads[0]), embed(error)), 0))
    return tape


def test_p9_linear_constraint_with_coefficient_one_is_cancelled() -> None:
    layout, error = toy_tableau(), 12345
    tableau = PadTableau(layout)
    honest_tape = constraint_on_first_pad(layout, tableau, 0)
    assert tableau_passes(layout, honest_tape, tableau, challenge(layout, honest_tape))
    # The mask is committed with a sum over the message subgroup that undoes the error.
    tableau.cells[0, E0, 0] = (int(tableau.cells[0, E0, 0]) - error) % MODULUS
    tape = constraint_on_first_pad(layout, tableau, error)
    challenges = challenge(layout, tape)
    broken = dataclasses.replace(challenges, linear=first_is_one(challenges.linear))
    assert tableau_passes(layout, tape, tableau, broken)
    assert not tableau_passes(layout, tape, tableau, challenges)


def test_p9_far_row_with_coefficient_one_is_cancelled() -> None:
    layout = toy_tableau(elements=16)
    tableau = PadTableau(layout)
    tape = constraint_on_first_pad(layout, tableau, 0)
    row, word = MASKS + 1, uniform(len(COLUMNS))  # the second row of pads, which no constraint reads

    def change(opened: Array) -> None:
        opened[:, 5 * row] = (opened[:, 5 * row] + word) % MODULUS
        opened[:, 5 * LOW_DEGREE_MASK] = (opened[:, 5 * LOW_DEGREE_MASK] + MODULUS - word) % MODULUS

    challenges = challenge(layout, tape)
    broken = dataclasses.replace(challenges, low_degree=first_is_one(challenges.low_degree, row - 1))
    assert tableau_passes(layout, tape, tableau, challenges)
    assert tableau_passes(layout, tape, tableau, broken, change)
    assert not tableau_passes(layout, tape, tableau, challenges, change)


def test_p9_wrong_products_with_equal_coefficients_cancel() -> None:
    layout = toy_tableau(elements=16, products=[(i, i) for i in range(16)])
    assert layout.product_rows == 2
    tableau = PadTableau(layout)
    tape = constraint_on_first_pad(layout, tableau, 0)
    z = layout.z_row
    tableau.cells[1, z, 4] = (int(tableau.cells[1, z, 4]) + 77) % MODULUS
    tableau.cells[1, z + 1, 4] = (int(tableau.cells[1, z + 1, 4]) - 77) % MODULUS
    challenges = challenge(layout, tape)
    assert tableau_passes(layout, tape, tableau, dataclasses.replace(challenges, quadratic=[ONE, ONE]))
    assert not tableau_passes(layout, tape, tableau, challenges)


def test_p9_all_coefficients_are_uniform_and_depend_on_what_was_sent() -> None:
    layout = toy_tableau(elements=16, products=[(i, i + 1) for i in range(15)])
    tape = constraint_on_first_pad(layout, PadTableau(layout), 0)
    tape.require_zero("pad 1", Affine(embed(3), 1))
    drawn = challenge(layout, tape, b"one")
    assert len(drawn.low_degree) == layout.rows - 1
    assert len(drawn.linear) == 2 + 2 * 15
    assert len(drawn.quadratic) == layout.product_rows == 2
    every = [*drawn.low_degree, *drawn.linear, *drawn.quadratic]
    assert len(set(every)) == len(every)
    assert all(all(coordinate > 1 for coordinate in element) for element in every)
    other = challenge(layout, tape, b"two")
    assert not set(every) & {*other.low_degree, *other.linear, *other.quadratic}
