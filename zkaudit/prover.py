"""Proves a statement in numbered phases."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from zkaudit.commitment.ajtai import Opening
from zkaudit.field import arrays
from zkaudit.field.extension import ZERO, Element
from zkaudit.functionals.prover import prove_functionals
from zkaudit.linear.prover import prove_linear
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import prove_fraction_tree
from zkaudit.masking import ProverChannel, Tape, VerifierChannel
from zkaudit.merkle.grinding import find_nonce
from zkaudit.merkle.messages import SALT_BYTES, Oracle
from zkaudit.merkle.prover import MerkleTree
from zkaudit.model.model import Model
from zkaudit.opening.prover import WitnessVector, combined_row, prove_batching
from zkaudit.opening.verifier import MASK_ROWS, CombinedRow, reduce_claims, reduce_opening
from zkaudit.pads.prover import PadTableau
from zkaudit.pads.verifier import draw_challenges
from zkaudit.products.prover import prove_products
from zkaudit.proof import OpenedColumns, Proof
from zkaudit.randomness import uniform_bytes, uniform_elements, uniform_residues
from zkaudit.reduction import LINK_VARIABLES, draw_fingerprint, reduce_statement
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import commit_rows, open_columns
from zkaudit.relation import Integers
from zkaudit.soundness import OracleParameters
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.witness import Cells, Witness, honest_witness
from zkaudit_circuits.network import INPUT

Progress = Callable[[str, float], None]
Segments = list[tuple[Cells, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofResult:
    """A proof file's bytes and what it took; `phases` maps the name of a phase to its seconds."""

    proof: bytes
    seconds: float
    phases: dict[str, float]


@dataclass(slots=True)
class _Clock:
    """Times the phases and reports them; the shares of the total are rough."""

    progress: Progress | None
    phases: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    _phase: str = ""
    _since: float = 0.0

    SHARES = ("witness", "commit", "lookups", "relations", "claims", "batching", "opening", "pads")

    def enter(self, phase: str) -> None:
        """The next phase begins."""
        now = time.perf_counter()
        if self._phase:
            self.phases[self._phase] = now - self._since
        self._phase, self._since = phase, now
        if self.progress is not None and phase:
            self.progress(phase, self.SHARES.index(phase) / len(self.SHARES))


def prove(statement: Statement, model: Model, opening: Opening, *, progress: Progress | None = None) -> ProofResult:
    """A proof of the statement.

    1. Witness: run the integer network on every sample, padding included.
    2. Commit: the witness oracle and the pad oracle, fresh for this proof; absorb the statement; grind.
    3. Lookups: the fraction tree over every lookup.
    4. Relations: the zero-check of all products, then every linear relation at the lookups' sample point.
    5. Claims: the functionals.
    6. Batching: all linear claims, obtained by running the verifier's own code on the messages, to one evaluation.
    7. Opening: the combined row in clear, and random columns of the witness oracle.
    8. Pads: the three tests of the pad tableau.

    ProvingFailed when the claim is false or the opening does not belong to the commitment.
    Source: docs/protocol.md.
    """
    clock = _Clock(progress)
    clock.enter("witness")
    # The integers are released once they are cells.
    cells = Witness(statement, honest_witness(statement, model, opening))
    return _prove_witness(statement, cells, clock)


class _CommittedOracle:
    """Rows under a Merkle root; opened once and then of no further use."""

    def __init__(self, oracle: Oracle, sizes: OracleParameters, segments: Segments, pads: Cells) -> None:
        self.oracle, self.sizes = oracle, sizes
        self._domain = Domain(sizes.message, sizes.columns, sizes.pads)
        self._segments, self._pads = segments, pads
        salts = uniform_bytes(SALT_BYTES * sizes.columns)
        self._salts = np.frombuffer(salts, np.uint8).reshape(sizes.columns, SALT_BYTES)
        digests = commit_rows(self._domain, oracle, segments, pads, self._salts)
        self._tree: MerkleTree | None = MerkleTree(oracle, digests)
        self.root = self._tree.root

    def open(self, transcript: Transcript, grinding: Label, label: Label, bits: int) -> OpenedColumns:
        """Grinds, draws the columns and opens them; RuntimeError the second time."""
        if self._tree is None:
            raise RuntimeError("an oracle is opened once")
        nonce = grind(transcript, grinding, bits)
        indices = transcript.distinct_indices(label, self.sizes.pads, self.sizes.columns)
        cells = open_columns(self._domain, self._segments, self._pads, indices)
        path = self._tree.open(indices)
        salts = self._salts[indices].tobytes()
        self._tree = None
        return OpenedColumns(nonce=nonce, cells=arrays.to_bytes(cells), salts=salts, path=b"".join(path))


def grind(transcript: Transcript, label: Label, bits: int) -> int:
    """A nonce for the transcript's seed, absorbed."""
    nonce = find_nonce(transcript.grinding_seed(label), bits)
    transcript.absorb_nonce(label, nonce)
    return nonce


class _Replay:
    """The verifier's own code on the prover's messages: what is claimed, and the constraints on pads."""

    def __init__(self, statement: Statement, transcript: Transcript, sent: list[Element]) -> None:
        self._statement = statement
        plan = statement.layout.full_plan
        self._messages = [*sent, *[ZERO] * (plan.elements - len(sent))]
        self._channel = VerifierChannel(transcript, self._messages, plan)
        inputs, value = statement.dataset.inputs, statement.commitment.value
        self.claims = reduce_statement(self._channel, statement.layout, inputs, value)

    def finish(self, sent: list[Element], weight: Element, row: CombinedRow) -> Tape:
        """The tape of all constraints, once the messages of the batching have been sent."""
        self._messages[:] = sent
        evaluation = reduce_claims(self._channel, self.claims, self._statement.rows, weight)
        reduce_opening(self._channel, self._statement.rows, evaluation, row)
        self._channel.finish()
        return self._channel.tape


def _mask(statement: Statement, cells: Witness) -> WitnessVector:
    """The witness vector with fresh pads and a fresh mask row."""
    rows = statement.rows
    width, pads = rows.oracle.message, rows.oracle.pads
    data_rows = rows.batched_rows + rows.static_rows
    return WitnessVector(
        batched=cells.batched,
        static=cells.static,
        pads=uniform_residues(data_rows * pads).reshape(data_rows, pads),
        mask_cells=uniform_elements(width),
        mask_pads=uniform_elements(pads),
    )


def _segments(vector: WitnessVector) -> Segments:
    """The rows in order: the mask's five coordinates, the batched region, the static region."""
    mask = vector.mask_cells.astype(np.uint32)
    width = mask.shape[1]
    return [
        (mask.reshape(-1), MASK_ROWS),
        (vector.batched, vector.batched.size // width),
        (vector.static, vector.static.size // width),
    ]


def _all_pads(vector: WitnessVector) -> Cells:
    return np.concatenate([vector.mask_pads.astype(np.uint32), vector.pads])


def prove_columns(statement: Statement, columns: dict[str, Integers]) -> ProofResult:
    """A proof from given columns; whether they satisfy the relations is left to the verifier."""
    return _prove_witness(statement, Witness(statement, columns), _Clock(None))


def _prove_witness(statement: Statement, cells: Witness, clock: _Clock) -> ProofResult:
    """Phases 2 to 8."""
    layout, bits = statement.layout, statement.parameters.grinding_bits
    columns = cells.integers
    # 2.
    clock.enter("commit")
    tableau = PadTableau(statement.tableau)
    base_cells, base_pads = tableau.base_rows()
    vector = _mask(statement, cells)
    sizes, pad_sizes = statement.oracles
    witness_oracle = _CommittedOracle(Oracle.WITNESS, sizes, _segments(vector), _all_pads(vector))
    pad_rows = [(base_cells.astype(np.uint32).reshape(-1), len(base_cells))]
    pad_oracle = _CommittedOracle(Oracle.PADS, pad_sizes, pad_rows, base_pads.astype(np.uint32))
    transcript = statement.open_transcript(witness_oracle.root, pad_oracle.root)
    lookup_nonce = grind(transcript, Label.LOOKUP_GRINDING, bits)
    replay = transcript.copy()
    channel = ProverChannel(transcript, tableau.pads)
    # 3.
    clock.enter("lookups")
    fingerprint = draw_fingerprint(channel, layout)
    point = prove_fraction_tree(channel, build_tree(layout, fingerprint, cells.read, columns))
    # 4.
    clock.enter("relations")
    sample_bits = layout.circuit.sample_bits
    collapsed = {0: cells.collapse(point[:sample_bits])}
    if layout.circuit.products:
        prove_products(channel, layout, cells.read)
    inputs = arrays.matrix_vector(columns[INPUT], arrays.equality_table(point[:sample_bits]))
    by_column = {
        name: collapsed[0][:, first : first + layout.circuit.columns[name].positions]
        for name, first in layout.batched_positions.items()
    }
    for relation in layout.circuit.linear:
        prove_linear(channel, layout, relation, inputs, by_column, columns)
    channel.challenges(Label.LINK_POINT, LINK_VARIABLES)
    # 5.
    clock.enter("claims")
    if layout.circuit.functionals:
        prove_functionals(channel, layout, columns)
    # 6.
    clock.enter("batching")
    messages = _Replay(statement, replay, channel.sent)
    for index, sample_point in enumerate(messages.claims.sample_points[1:], 1):
        collapsed[index] = cells.collapse(sample_point)
    evaluation = prove_batching(channel, messages.claims, statement.rows, vector, collapsed.__getitem__)
    # 7.
    clock.enter("opening")
    gamma = channel.challenge(Label.OPENING_GAMMA)
    row = combined_row(statement.rows, vector, evaluation.point, gamma)
    transcript.absorb(Label.OPENING_ROW, row.to_bytes())
    opened = witness_oracle.open(transcript, Label.OPENING_GRINDING, Label.OPENING_COLUMNS, bits)
    # 8.
    clock.enter("pads")
    tape = messages.finish(channel.sent, evaluation.weight, row)
    challenges = draw_challenges(transcript, statement.tableau, tape)
    weights, _ = statement.tableau.combine_constraints(tape, challenges.linear)
    responses = tableau.respond(challenges, weights)
    transcript.absorb(Label.PAD_RESPONSES, responses.to_bytes())
    opened_pads = pad_oracle.open(transcript, Label.PAD_GRINDING, Label.PAD_COLUMNS, bits)
    proof = Proof(
        profile=statement.profile,
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        claim=statement.claim.text,
        challenge=statement.challenge or b"",
        witness_root=witness_oracle.root,
        pad_root=pad_oracle.root,
        lookup_nonce=lookup_nonce,
        messages=arrays.elements_to_bytes(arrays.from_elements(channel.sent)),
        row=row.to_bytes(),
        witness=opened,
        responses=responses.to_bytes(),
        pads=opened_pads,
    )
    encoded = proof.encode()
    clock.enter("")
    return ProofResult(proof=encoded, seconds=time.perf_counter() - clock.started, phases=clock.phases)
