"""Proves a statement in numbered phases."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zkaudit.atom import Metric
from zkaudit.claim import Claim
from zkaudit.commitment.ajtai import Opening, verify_opening
from zkaudit.errors import ProvingFailed
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ZERO, Element
from zkaudit.findings import accuracy_of
from zkaudit.functionals.prover import prove_functionals
from zkaudit.linear.prover import prove_linear
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import prove_fraction_tree
from zkaudit.masking import ProverChannel, Tape, VerifierChannel
from zkaudit.merkle.grinding import find_nonce
from zkaudit.merkle.messages import SALT_BYTES, Oracle
from zkaudit.merkle.prover import MerkleTree
from zkaudit.metrics import Predictions, described, holds, measure
from zkaudit.model.model import Model
from zkaudit.opening.kernels import collapse_samples
from zkaudit.opening.prover import WitnessVector, combined_row, prove_batching
from zkaudit.opening.verifier import MASK_ROWS, CombinedRow, reduce_claims, reduce_opening
from zkaudit.pads.prover import PadTableau
from zkaudit.pads.verifier import draw_challenges
from zkaudit.products.prover import combination_cells, prove_products
from zkaudit.proof import OpenedColumns, Proof
from zkaudit.randomness import uniform_bytes, uniform_elements, uniform_residues
from zkaudit.reduction import LINK_VARIABLES, draw_fingerprint, reduce_statement
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import commit_rows, open_columns
from zkaudit.relation import Combination, Integers, Kind
from zkaudit.soundness import OracleParameters
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.network import INPUT, witness
from zkaudit_circuits.top_k import RANK

Cells = NDArray[np.uint32]
Progress = Callable[[str, float], None]
Segments = list[tuple[Cells, int]]

_CHUNK = 1 << 16
"""Performance knob: integers that become residues at a time, 512 kB."""


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
    cells = _Witness(statement, honest_witness(statement, model, opening))
    return _prove_witness(statement, cells, clock)


def honest_witness(statement: Statement, model: Model, opening: Opening) -> dict[str, Integers]:
    """Every column of the statement's circuit; ProvingFailed when there is none."""
    commitment = statement.commitment
    if model.architecture.digest() != commitment.architecture.digest():
        raise ProvingFailed("the model has another architecture than the commitment; commit to this model")
    cells = model.weight_cells()
    if not verify_opening(commitment, cells, opening):
        raise ProvingFailed("model and opening do not open this commitment; use the files of one `zkaudit commit`")
    columns = witness(
        commitment.architecture,
        model.kernels,
        model.biases,
        cells,
        opening.randomness,
        statement.dataset.inputs,
        statement.gadget,
        statement.layout.circuit,
    )
    require_true(statement, columns)
    return columns


def require_true(statement: Statement, columns: Mapping[str, Integers]) -> None:
    """ProvingFailed with the first atom that a witness does not meet, and what it has instead."""
    samples, labels = statement.samples, statement.dataset.labels
    ranks = columns[RANK][0, :samples] if RANK in columns else None
    predicted = np.argmax(columns[PREDICTION][:, :samples], axis=0)
    predictions = Predictions(
        predicted=predicted, dataset=statement.dataset, classes=statement.commitment.architecture.classes, ranks=ranks
    )
    for atom in statement.claim.atoms:
        value = measure(atom, predictions)
        if holds(atom, value):
            continue
        if atom.metric in (Metric.ACCURACY, Metric.CORRECT) and atom.group is None and atom.relation != "<=":
            count, exact = accuracy_of(Claim(atoms=(atom,)), samples)
            raise ProvingFailed(
                f"the model gets {int((predicted == labels).sum())} of {samples} right; "
                f"the claim needs {'exactly' if exact else 'at least'} {count}"
            )
        raise ProvingFailed(f"{atom.text[:80]} is false: {described(atom, value)}")


class _Witness:
    """The columns as canonical cells in the order of their places, and a few of them as integers."""

    def __init__(self, statement: Statement, columns: dict[str, Integers]) -> None:
        layout, rows = statement.layout, statement.rows
        self.layout = layout
        width = rows.oracle.message
        self.batched = np.zeros(rows.batched_rows * width, np.uint32)
        self.static = np.zeros(rows.static_rows * width, np.uint32)
        samples = layout.circuit.samples
        for name, first in layout.batched_positions.items():
            _write_residues(self.batched, first * samples, columns[name])
        for name, first in layout.static_places.items():
            _write_residues(self.static, first, columns[name])
        kept = {INPUT, *layout.static_places, *layout.functional_positions}
        self.integers = {name: columns[name] for name in kept}

    def column(self, name: str) -> Cells:
        """The cells of a column, flat, not copied."""
        column = self.layout.circuit.columns[name]
        if column.kind is Kind.STATIC:
            first = self.layout.static_places[name]
            return self.static[first : first + column.positions]
        first = self.layout.batched_positions[name] * self.layout.circuit.samples
        return self.batched[first : first + column.positions * self.layout.circuit.samples]

    def read(self, combination: Combination) -> Cells:
        """A combination's cells, flat."""
        kinds = {self.layout.circuit.columns[read.column].kind for read in combination.terms}
        samples = 1 if Kind.STATIC in kinds else self.layout.circuit.samples
        return combination_cells(combination, self.column, samples)

    def collapse(self, point: list[Element]) -> Array:
        """All batched positions at a sample point, (5, positions)."""
        cells = self.batched[: self.layout.batched_cells]
        return collapse_samples(cells, self.layout.circuit.samples, arrays.equality_table(point))


def _write_residues(target: Cells, first: int, cells: Integers) -> None:
    """Integers in C order as canonical residues from `first` on, in parts that stay in cache."""
    flat = cells.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        part = arrays.residues(flat[start : start + _CHUNK])
        target[first + start : first + start + part.size] = part


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


def _mask(statement: Statement, cells: _Witness) -> WitnessVector:
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
    return _prove_witness(statement, _Witness(statement, columns), _Clock(None))


def _prove_witness(statement: Statement, cells: _Witness, clock: _Clock) -> ProofResult:
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
