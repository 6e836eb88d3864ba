"""The seventh pitfall: whatever is not absorbed before a challenge can be chosen after it.

Each forgery is run against a transcript that leaves one thing out, where it passes, and against the real one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests import lies
from tests.cases import Case, random_case
from tests.forgery import claims_of
from tests.views import kernel_vector
from zkaudit import prover
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element, add, inverse, multiply, subtract
from zkaudit.field.koalabear import MODULUS
from zkaudit.masking import Affine, ProverChannel, VerifierChannel
from zkaudit.merkle.messages import Oracle
from zkaudit.merkle.prover import MerkleTree
from zkaudit.opening.claims import Claim, Claims, LinkTerm
from zkaudit.opening.prover import Evaluation, WitnessVector, prove_batching
from zkaudit.opening.prover import combined_row as honest_row
from zkaudit.opening.verifier import CombinedRow, RowLayout, reduce_claims
from zkaudit.pads.messages import MASKS, TableauChallenges, TableauResponses
from zkaudit.pads.prover import PadTableau
from zkaudit.proof import decode, elements
from zkaudit.prover import prove_columns
from zkaudit.reduction import reduce_statement
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import commit_rows
from zkaudit.relation import Integers
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import Policy, verify

pytestmark = pytest.mark.lies("pitfalls: forgeries of another model or statement")

INSECURE = Policy(minimum_bits=0, profiles=("test-insecure",))


def leave_out(patch: pytest.MonkeyPatch, label: Label) -> None:
    """A transcript that does not absorb the messages of one label."""
    absorb = Transcript.absorb

    def forgetful(transcript: Transcript, this: Label, message: bytes) -> None:
        if this is not label:
            absorb(transcript, this, message)

    patch.setattr(Transcript, "absorb", forgetful)


def leave_out_of_statement(patch: pytest.MonkeyPatch, part: str) -> None:
    """A statement of which one part is not absorbed."""
    describe = Statement._description
    patch.setattr(Statement, "_description", lambda s: {k: v for k, v in describe(s).items() if k != part})


def accepted(statement: Statement, proof: bytes) -> bool:
    try:
        verify(statement, proof, INSECURE)
    except Rejected:
        lies.refused()
        return False
    return True


# Parts of the statement.


def other_commitment(case: Case, proof: bytes) -> Statement:
    """A commitment that nobody can open, with the same value at the point of the link."""
    link = next(t.link for c in claims_of(case.statement, proof).items for t in c.terms if isinstance(t, LinkTerm))
    value = case.statement.commitment.value.astype(np.uint64)
    value[:6] = (value[:6] + kernel_vector(link.vector[:, :6])) % np.uint64(MODULUS)
    commitment = dataclasses.replace(case.statement.commitment, value=value.astype(np.uint32))
    return dataclasses.replace(case.statement, commitment=commitment)


def other_inputs(case: Case, proof: bytes) -> Statement:
    """Inputs with the same value at the sample point of all linear layers.

    They are found by linear algebra and leave the interval of the inputs; a lattice would find some within it.
    """
    weights = arrays.equality_table(claims_of(case.statement, proof).sample_points[0])
    inputs = case.statement.dataset.inputs.copy()
    inputs[0, :6] = (inputs[0, :6] + kernel_vector(weights[:, :6]).astype(np.int64)) % MODULUS
    data = HeldOutSet(inputs=inputs, labels=case.statement.dataset.labels)
    return dataclasses.replace(case.statement, dataset=data)


def other_words(case: Case, proof: bytes) -> Statement:
    """Another claim that asks for the same count."""
    return dataclasses.replace(
        case.statement, claim=parse_claim(f"accuracy >= {case.correct / case.statement.samples}")
    )


def other_ticket(case: Case, proof: bytes) -> Statement:
    """The same statement in answer to a challenge that was written after the proof."""
    return dataclasses.replace(case.statement, challenge=b"\1" * 32)


@pytest.mark.parametrize(
    ("part", "forge"),
    [("commitment", other_commitment), ("inputs", other_inputs), ("claim", other_words), ("challenge", other_ticket)],
)
def test_p7_a_statement_part_that_is_not_absorbed_is_exchanged(
    part: str, forge: Callable[[Case, bytes], Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    case = random_case((3, 2, 3), 8)
    # The interval of the inputs is checked elsewhere; here only the transcript stands between forger and verifier.
    monkeypatch.setattr("zkaudit.statement.check_dataset", lambda architecture, dataset: None)

    def forged() -> tuple[Statement, bytes]:
        proof = prove_columns(case.statement, case.columns()).proof
        assert accepted(case.statement, proof)
        statement = forge(case, proof)
        named = dataclasses.replace(
            decode(proof),
            commitment=statement.commitment.digest(),
            data=statement.dataset.digest(),
            claim=statement.claim.text,
            challenge=statement.challenge or b"",
        )
        return statement, named.encode()

    assert not accepted(*forged())
    leave_out_of_statement(monkeypatch, part)
    assert accepted(*forged())


def test_p7_every_part_of_the_statement_changes_the_first_challenge() -> None:
    case = random_case((3, 2, 3), 4)
    base, data = case.statement, case.statement.dataset

    def first(statement: Statement, roots: tuple[bytes, bytes] = (bytes(32), bytes(32))) -> Element:
        return statement.open_transcript(*roots).challenge(Label.LOOKUP_ALPHA)

    inputs, last, labels = data.inputs.copy(), data.inputs.copy(), data.labels.copy()
    inputs[0, 0] ^= 1
    last[-1, -1] ^= 1
    labels[0] = (labels[0] + 1) % 3
    value = base.commitment.value.copy()
    value[511] ^= np.uint32(1)
    challenges = [
        first(base),
        first(base, (bytes(31) + b"\1", bytes(32))),
        first(base, (bytes(32), bytes(31) + b"\1")),
        first(base, (b"\1" + bytes(31), bytes(32))),
        first(dataclasses.replace(base, dataset=HeldOutSet(inputs=inputs, labels=data.labels))),
        first(dataclasses.replace(base, dataset=HeldOutSet(inputs=last, labels=data.labels))),
        first(dataclasses.replace(base, dataset=HeldOutSet(inputs=data.inputs, labels=labels))),
        first(dataclasses.replace(base, dataset=HeldOutSet(inputs=data.inputs[:, :3], labels=data.labels[:3]))),
        first(dataclasses.replace(base, dataset=HeldOutSet(inputs=data.inputs[:, ::-1], labels=data.labels))),
        first(dataclasses.replace(base, commitment=dataclasses.replace(base.commitment, value=value))),
        first(dataclasses.replace(base, claim=parse_claim("correct >= 1"))),
        first(dataclasses.replace(base, claim=parse_claim("correct == 1"))),
        first(dataclasses.replace(base, profile="standard-128")),
        first(dataclasses.replace(base, challenge=bytes(32))),
        first(dataclasses.replace(base, challenge=bytes(31) + b"\1")),
        first(random_case((3, 2, 3), 4, activation="identity").statement),
    ]
    assert len(set(challenges)) == len(challenges)
    assert first(base) == challenges[0]


# Messages and roots: the forger has other weights than the committed ones, so the link is false and all else is true.


@dataclasses.dataclass
class Forger:
    """Carries the error of the link through the batching, to a wrong value of the witness at the final point."""

    columns: dict[str, Integers]
    label: Label
    oracles: list[Any] = dataclasses.field(default_factory=list)
    true_value: Element = ONE
    wrong_value: Element = ONE
    gamma: Element = ONE
    transcript: Transcript | None = None

    def prove_batching(
        self,
        channel: ProverChannel,
        claims: Claims,
        rows: RowLayout,
        witness: WitnessVector,
        collapse: Callable[[int], Array],
    ) -> Evaluation:
        own = _Recorder(channel)
        self.transcript = channel.transcript
        evaluation = prove_batching(own, claims, rows, witness, collapse)  # type: ignore[arg-type]
        error = multiply(own.coefficients[claims.items.index(self._link(claims))], self._link_error(claims))
        for challenge in own.rounds:
            error = multiply(error, challenge)
        self.true_value, mask = own.values
        self.wrong_value = add(self.true_value, multiply(error, inverse(evaluation.weight)))
        sent = [self.wrong_value, mask]
        if self.label is Label.OPENING_VALUE:
            gamma = channel.transcript.copy().challenge(Label.OPENING_GAMMA)
            sent[1] = add(mask, multiply(gamma, subtract(self.true_value, self.wrong_value)))
        elif self.label is Label.PAD_ROOT:
            sent[0] = self.true_value
        channel.send(Label.OPENING_VALUE, sent)
        return evaluation

    def _link(self, claims: Claims) -> Claim:
        return next(claim for claim in claims.items if isinstance(claim.terms[0], LinkTerm))

    def _link_error(self, claims: Claims) -> Element:
        """What the public commitment gives at the link's point, less what the forger's cells give."""
        claim = self._link(claims)
        link = next(term.link for term in claim.terms if isinstance(term, LinkTerm))
        weights, randomness = self.columns["weights"], self.columns["randomness"]
        actual = arrays.dot_base(link.weight_coefficients(weights.size), weights)
        actual = add(actual, arrays.dot_base(link.randomness_coefficients(), randomness))
        return subtract(claim.value.constant, actual)

    def combined_row(
        self, rows: RowLayout, witness: WitnessVector, point: list[Element], gamma: Element
    ) -> CombinedRow:
        self.gamma = gamma
        row = honest_row(rows, witness, point, gamma)
        gap = multiply(gamma, subtract(self.wrong_value, self.true_value))
        if self.label is Label.OPENING_ROW:
            return self._row_that_agrees_at_the_columns(rows, row, point, gap)
        if self.label is Label.WITNESS_ROOT:
            # A constant added to the mask shifts its value at any point by that constant.
            mask = arrays.add(witness.mask_cells, np.array(gap, np.uint64)[:, None])
            self._commit_again(mask)
            return honest_row(rows, dataclasses.replace(witness, mask_cells=mask), point, gamma)
        return row

    def _row_that_agrees_at_the_columns(
        self, rows: RowLayout, row: CombinedRow, point: list[Element], gap: Element
    ) -> CombinedRow:
        """u plus a multiple of prod_i (X - x_i), whose degree t leaves the pads as they are."""
        assert self.transcript is not None
        ahead = self.transcript.copy()
        prover.grind(ahead, Label.OPENING_GRINDING, 4)
        oracle = rows.oracle
        domain = Domain(oracle.message, oracle.columns, oracle.pads)
        indices = ahead.distinct_indices(Label.OPENING_COLUMNS, oracle.pads, oracle.columns)
        cells = np.ones(oracle.message, np.uint64)
        places = np.array([domain.cell_point(i) for i in range(oracle.message)], np.uint64)
        for x in domain.column_points(indices):
            cells = cells * ((places + np.uint64(MODULUS) - x) % np.uint64(MODULUS)) % np.uint64(MODULUS)
        factor = multiply(gap, inverse(arrays.dot_base(rows.column_weights(point), cells)))
        change = arrays.scale(arrays.embed(cells), factor)
        return CombinedRow(cells=arrays.add(row.cells, change), pads=row.pads)

    def _commit_again(self, mask: Array) -> None:
        oracle = next(o for o in self.oracles if o.oracle is Oracle.WITNESS)
        segments = [(mask.astype(np.uint32).reshape(-1), 5), *oracle._segments[1:]]
        oracle._segments = segments
        recommit(oracle)

    def respond(self, tableau: PadTableau, challenges: TableauChallenges, weights: Array) -> TableauResponses:
        """Moves the pads of the two opened values, so that the messages come to mean the wrong ones."""
        if self.label is Label.PAD_ROOT:
            layout = tableau.layout
            place = MASKS * layout.oracle.message + layout.plan.elements - 2
            value = tableau.cells.reshape(5, -1)[:, place : place + 2]
            gap = subtract(self.wrong_value, self.true_value)
            assert self.transcript is not None
            value[:, 0] = arrays.add(value[:, 0], np.array(gap, np.uint64))
            back = multiply(self.gamma, gap)
            value[:, 1] = arrays.subtract(value[:, 1], np.array(back, np.uint64))
            oracle = next(o for o in self.oracles if o.oracle is Oracle.PADS)
            cells, _ = tableau.base_rows()
            oracle._segments = [(cells.astype(np.uint32).reshape(-1), len(cells))]
            recommit(oracle)
        return honest_respond(tableau, challenges, weights)


honest_respond = PadTableau.respond


def recommit(oracle: Any) -> None:
    digests = commit_rows(oracle._domain, oracle.oracle, oracle._segments, oracle._pads, oracle._salts)
    oracle._tree = MerkleTree(oracle.oracle, digests)
    oracle.root = oracle._tree.root


class _Recorder:
    """A prover's channel that keeps the opened values back and remembers the challenges of the batching."""

    def __init__(self, channel: ProverChannel) -> None:
        self.channel = channel
        self.coefficients: list[Element] = []
        self.rounds: list[Element] = []
        self.values: Sequence[Element] = ()

    def send(self, label: Label, values: Sequence[Element]) -> None:
        if label is Label.OPENING_VALUE:
            self.values = values
        else:
            self.channel.send(label, values)

    def challenge(self, label: Label) -> Element:
        self.rounds.append(self.channel.challenge(label))
        return self.rounds[-1]

    def challenges(self, label: Label, count: int) -> list[Element]:
        self.coefficients = self.channel.challenges(label, count)
        return self.coefficients


def forged_proof(label: Label) -> tuple[Statement, bytes]:
    """A proof with weights that are not the committed ones, by the attack on one label."""
    case = random_case((3, 2, 3), 3)
    commitment, _ = commit(case.model.architecture, np.zeros_like(case.model.weight_cells()))
    statement = dataclasses.replace(case.statement, commitment=commitment)
    columns = case.columns()
    forger = Forger(columns=columns, label=label)
    construct = prover._CommittedOracle

    def remember(*arguments: Any) -> Any:
        forger.oracles.append(construct(*arguments))
        return forger.oracles[-1]

    def respond(tableau: PadTableau, challenges: TableauChallenges, weights: Array) -> TableauResponses:
        return forger.respond(tableau, challenges, weights)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prover, "_CommittedOracle", remember)
        patch.setattr(prover, "prove_batching", forger.prove_batching)
        patch.setattr(prover, "combined_row", forger.combined_row)
        patch.setattr(PadTableau, "respond", respond)
        return statement, prove_columns(statement, columns).proof


FORGEABLE = (Label.OPENING_VALUE, Label.OPENING_ROW, Label.WITNESS_ROOT, Label.PAD_ROOT)


@pytest.mark.parametrize("label", FORGEABLE)
def test_p7_a_message_or_root_that_is_not_absorbed_opens_another_model(
    label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not accepted(*forged_proof(label))
    leave_out(monkeypatch, label)
    assert accepted(*forged_proof(label))


def test_p7_the_forgeries_need_the_missing_label(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out(monkeypatch, Label.OPENING_VALUE)
    assert not accepted(*forged_proof(Label.OPENING_ROW))
    case = random_case((3, 2, 3), 3)
    assert accepted(case.statement, prove_columns(case.statement, case.columns()).proof)


def test_p7_every_message_changes_the_challenges_after_it_and_none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case((3, 2, 3), 3)
    statement, proof = case.statement, decode(prove_columns(case.statement, case.columns()).proof)
    plan = statement.layout.full_plan
    honest = elements(proof.messages, plan.elements, "messages")
    start = statement.open_transcript(proof.witness_root, proof.pad_root)
    seeds: list[bytes] = []
    drawn_before: list[int] = []
    draw, receive = Transcript.challenge_bytes, VerifierChannel.receive

    def record_seed(transcript: Transcript, label: Label) -> bytes:
        seeds.append(draw(transcript, label))
        return seeds[-1]

    def record_message(channel: VerifierChannel, label: Label, count: int) -> list[Affine]:
        drawn_before.extend([len(seeds)] * count)
        return receive(channel, label, count)

    def run(messages: list[Element]) -> list[bytes]:
        seeds.clear()
        drawn_before.clear()
        channel = VerifierChannel(start.copy(), messages, plan)
        inputs, value = statement.dataset.inputs, statement.commitment.value
        claims = reduce_statement(channel, statement.layout, inputs, value)
        reduce_claims(channel, claims, statement.rows, ONE)
        channel.challenge(Label.OPENING_GAMMA)
        return list(seeds)

    monkeypatch.setattr(Transcript, "challenge_bytes", record_seed)
    monkeypatch.setattr(VerifierChannel, "receive", record_message)
    expected = run(honest)
    for place in [0, 1, 2, 3, *range(5, plan.elements, 7), plan.elements - 2, plan.elements - 1]:
        other = run([*honest[:place], add(honest[place], ONE), *honest[place + 1 :]])
        first = drawn_before[place]
        assert other[:first] == expected[:first]
        assert all(a != b for a, b in zip(other[first:], expected[first:], strict=True))


# Ambiguous lengths.


def test_p7_without_lengths_two_histories_have_one_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = [
        [(Label.WITNESS_ROOT, b"ab"), (Label.WITNESS_ROOT, b"c")],
        [(Label.WITNESS_ROOT, b"a"), (Label.WITNESS_ROOT, b"bc")],
        [(Label.WITNESS_ROOT, b"abc")],
    ]

    def challenges() -> set[Element]:
        found = set()
        for history in histories:
            transcript = Transcript("lengths")
            for label, message in history:
                transcript.absorb(label, message)
            found.add(transcript.challenge(Label.LOOKUP_ALPHA))
        return found

    assert len(challenges()) == 3
    monkeypatch.setattr(Transcript, "_frame", lambda self, kind, label, length: None)
    assert len(challenges()) == 1
