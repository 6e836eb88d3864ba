"""Lying provers and altered proof files: what the tests of soundness hand to the verifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

import zkaudit.prover
from tests import lies
from tests.cases import Case
from zkaudit import wire
from zkaudit.builder import CircuitBuilder
from zkaudit.commitment.ajtai import RANDOMNESS_KIND, commitment_value, ring_blocks
from zkaudit.commitment.ring import DEGREE
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.field.extension import ONE, Element, add
from zkaudit.field.koalabear import MODULUS, inverse
from zkaudit.masking import ProverChannel, VerifierChannel
from zkaudit.model.architecture import Layer
from zkaudit.opening.claims import Claims
from zkaudit.proof import MAGIC, VERSION, decode, elements
from zkaudit.prover import prove_columns
from zkaudit.reduction import reduce_statement
from zkaudit.relation import Integers, multiplicity
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import Policy, verify, verify_grinding
from zkaudit_circuits import network, tensors, weights
from zkaudit_circuits.multiplicities import count_lookups

POLICY = Policy(minimum_bits=0, profiles=("test-insecure",))
"""Admits the tests' profile."""

OTHER_CHALLENGES = frozenset({Reason.GRINDING, Reason.WRONG_LENGTH, Reason.MERKLE_PATH})
"""How a proof fails whose transcript is not the one that it was made for: by chance the nonces still hold."""

Columns = dict[str, Integers]
Cells = Mapping[tuple[str, tuple[int, ...]], int]
"""Other integers for some cells: of a column, at (position, sample) or (position,)."""


def refusal(statement: Statement, proof: bytes) -> Rejected | InvalidInput:
    """The error that refuses a proof; any other exception is the test's to report, and so is a success."""
    try:
        verdict = verify(statement, proof, POLICY)
    except (Rejected, InvalidInput) as error:
        lies.refused()
        return error
    raise AssertionError(f"a false proof was accepted: {verdict.claim}")


def reason_of(statement: Statement, proof: bytes) -> Reason:
    """The reason of a rejection."""
    error = refusal(statement, proof)
    assert isinstance(error, Rejected), error
    return error.reason


def claims_of(statement: Statement, proof: bytes) -> Claims:
    """The claims that the messages of a proof reduce to."""
    parts = decode(proof)
    transcript = statement.open_transcript(parts.witness_root, parts.pad_root)
    verify_grinding(transcript, Label.LOOKUP_GRINDING, parts.lookup_nonce, statement.parameters.grinding_bits)
    plan = statement.layout.full_plan
    channel = VerifierChannel(transcript, elements(parts.messages, plan.elements, "messages"), plan)
    return reduce_statement(channel, statement.layout, statement.dataset.inputs, statement.commitment.value)


def with_cells(statement: Statement, columns: Columns, changes: Cells) -> Columns:
    """Columns with other integers at some (column, cell), and multiplicities that count what is looked up then."""
    result = dict(columns)
    for (name, place), value in changes.items():
        if result[name] is columns[name]:
            result[name] = columns[name].copy()
        result[name][place] = value
    return recounted(statement, result)


def recounted(statement: Statement, columns: Columns) -> Columns:
    """Columns with multiplicities that count every cell which lies in its table."""
    counts = count_lookups(statement.layout.circuit, columns)
    return columns | {multiplicity(table): cells for table, cells in counts.items()}


def lowered(case: Case) -> network.Network:
    """The network of a case with all its tensors."""
    builder = CircuitBuilder(sample_bits=case.statement.layout.circuit.sample_bits)
    weights.lower(builder, case.model.architecture.weight_count)
    result = network.Network(case.model.architecture, builder)
    result.run()
    return result


def with_lie(
    case: Case, *, columns: Columns | None = None, accumulators: Mapping[int, tuple[tuple[int, ...], int]] | None = None
) -> Columns:
    """A witness in which some columns are others, or a cell of some layer's accumulators is off by so much.

    All behind the lie is computed from it, and the multiplicities count what is looked up then.
    """
    columns, accumulators = columns or {}, accumulators or {}

    class LyingNetwork(network.Network):
        def _layer(self, number: int, layer: Layer) -> tensors.Tensor:
            tensor = super()._layer(number, layer)
            self.columns.update({name: cells for name, cells in columns.items() if name in self.columns})
            if number not in accumulators:
                return tensor
            assert isinstance(tensor, tensors.Accumulator)
            place, step = accumulators[number]
            honest = tensor.values

            def values(known: Columns) -> Integers:
                cells = honest(known).copy()
                cells[place] += step
                return cells

            return replace(tensor, values=values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "Network", LyingNetwork)
        return case.columns()


def forged_randomness(case: Case, cells: np.ndarray) -> Integers:
    """Residues s with sum_j b_j s_j = com - sum_i a_i w_i for any weight cells: the commitment opened by plain algebra.

    All but 512 of them are zero, and these lie anywhere below the modulus.
    """
    rest = commitment_value(cells, np.zeros(2048, np.int8)).astype(np.int64)
    target = (case.statement.commitment.value.astype(np.int64) - rest) % MODULUS
    elements = np.concatenate([block for _, block in ring_blocks(RANDOMNESS_KIND, DEGREE)])
    system = np.concatenate([elements.T.astype(np.int64) % MODULUS, target[:, None]], axis=1).astype(np.uint64)
    modulus = np.uint64(MODULUS)
    for column in range(DEGREE):
        pivot = column + int(np.flatnonzero(system[column:, column])[0])
        system[[column, pivot]] = system[[pivot, column]]
        system[column] = system[column] * np.uint64(inverse(int(system[column, column]))) % modulus
        factors = modulus - system[:, column]
        factors[column] = 0
        system = (system + factors[:, None] * system[column]) % modulus
    result = np.zeros(2048, np.int64)
    result[:DEGREE] = system[:, -1].astype(np.int64)
    return result


@dataclass(slots=True)
class LyingProver:
    """Proves columns and adds one to the message elements at some places, honest in all that follows.

    `labels` records at which places each message went out.
    """

    places: frozenset[int] = frozenset()
    labels: dict[Label, list[int]] = field(default_factory=dict)

    def prove(self, monkeypatch: pytest.MonkeyPatch, statement: Statement, columns: Columns) -> bytes:
        """The proof file."""

        def channel(transcript: Transcript, pads: list[Element]) -> ProverChannel:
            return _LyingChannel(transcript, pads, self)

        with monkeypatch.context() as patch:
            patch.setattr(zkaudit.prover, "ProverChannel", channel)
            return prove_columns(statement, columns).proof


class _LyingChannel(ProverChannel):
    def __init__(self, transcript: Transcript, pads: list[Element], prover: LyingProver) -> None:
        super().__init__(transcript, pads)
        self._prover = prover

    def send(self, label: Label, values: Any) -> None:
        places = range(len(self.sent), len(self.sent) + len(values))
        self._prover.labels.setdefault(label, []).extend(places)
        altered = [add(v, ONE) if i in self._prover.places else v for i, v in zip(places, values, strict=True)]
        super().send(label, altered)


def parts_of(proof: bytes) -> dict[str, Any]:
    """The body of a proof file."""
    _, body = wire.unseal(MAGIC, {VERSION}, proof, "proof")
    return dict(body)


def sealed(body: object) -> bytes:
    """A proof file with any body; its digest is right."""
    return wire.seal(MAGIC, VERSION, body)


_PLAIN = ("profile", "commitment", "data", "claim", "challenge", "witness_root", "pad_root", "lookup_nonce")
_VECTORS = ("messages", "row", "responses")
_OPENED = tuple(f"{oracle}.{part}" for oracle in ("witness", "pads") for part in ("nonce", "cells", "salts", "path"))
FIELDS = (*_PLAIN, *_VECTORS, *_OPENED)
"""Every field of a proof's body, the opened columns' fields behind the name of their oracle."""


def field_of(proof: bytes, name: str) -> Any:
    """The value of a field of `FIELDS`."""
    value: Any = parts_of(proof)
    for key in name.split("."):
        value = value[key]
    return value


def with_field(proof: bytes, name: str, change: Callable[[Any], Any]) -> bytes:
    """A proof file with one field of `FIELDS` changed, sealed again."""
    body = parts_of(proof)
    owner = body
    *path, last = name.split(".")
    for key in path:
        owner[key] = dict(owner[key])
        owner = owner[key]
    owner[last] = change(owner[last])
    return sealed(body)


def replaced(proof: bytes, name: str, value: Any) -> bytes:
    """A proof file with another value in one field of `FIELDS`, sealed again."""
    return with_field(proof, name, lambda _: value)


def relabelled(proof: bytes, statement: Statement) -> bytes:
    """A proof file that says that it was made for another statement."""
    body = parts_of(proof) | {
        "profile": statement.profile,
        "commitment": statement.commitment.digest(),
        "data": statement.dataset.digest(),
        "claim": statement.claim.text,
        "challenge": statement.challenge or b"",
    }
    return sealed(body)
