"""The second verifier of `tests/second`, written from the specification, agrees with the first on every proof."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zkaudit.prover
from tests import second
from tests.cases import Case, network_case, random_case
from tests.forgery import FIELDS, LyingProver, field_of, relabelled, replaced, with_cells
from tests.networks import NETWORKS, convolution, network, relu
from tests.random_networks import INPUT_INTERVAL, RandomNetwork
from tests.second.digest import circuit_digest
from tests.second.verifier import Statement, verify
from tests.second.wire import RefusedError
from zkaudit import statement as first
from zkaudit import verifier
from zkaudit.claim import parse_claim
from zkaudit.commitment.formats import commitment_text
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput, Rejected
from zkaudit.model.architecture import Layer
from zkaudit.opening import prover as opening
from zkaudit.pads.prover import PadTableau
from zkaudit.prover import prove, prove_columns
from zkaudit.relation import Kind
from zkaudit_circuits.argmax import PREDICTION

POLICY = verifier.Policy(minimum_bits=0, profiles=("standard-128", "test-insecure"))

DENSE: dict[str, dict[str, Any]] = {
    "narrow": {"widths": (3, 2, 2), "samples": 40, "shift": 9},
    "wide, two hidden layers": {"widths": (6, 5, 4, 3), "samples": 7},
    "identity without a shift": {
        "widths": (4, 3, 2),
        "samples": 2,
        "shift": 0,
        "activation": "identity",
        "input_interval": (-128, 127),
    },
    "one class, no slack": {"widths": (4, 1), "samples": 3},
    "accuracy": {"widths": (5, 4, 3), "samples": 12, "claim": "accuracy >= 1/7"},
    "exact": {"widths": (5, 4, 3), "samples": 6, "claim": "correct == 4"},
    "an answer to a challenge": {"widths": (3, 2), "samples": 3, "challenge": bytes(range(32))},
    "standard-128": {"widths": (4, 3, 2), "samples": 3, "profile": "standard-128"},
}


def of(statement: first.Statement) -> Statement:
    """The statement as the second verifier takes it."""
    return Statement(
        commitment=commitment_text(statement.commitment).encode(),
        samples=statement.dataset.inputs.T.tolist(),
        labels=statement.dataset.labels.tolist(),
        claim=statement.claim.text,
        profile=statement.profile,
        challenge=statement.challenge or b"",
        groups=None if statement.dataset.groups is None else statement.dataset.groups.tolist(),
    )


def verdicts(statement: first.Statement, twin: Statement, proof: bytes) -> tuple[str, str]:
    """What either verifier says: "accepted" or the reason."""
    try:
        verifier.verify(statement, proof, POLICY)
        ours = "accepted"
    except Rejected as error:
        ours = error.reason.value
    except InvalidInput:
        ours = "unreadable"
    try:
        verify(twin, proof)
        theirs = "accepted"
    except RefusedError as error:
        theirs = error.reason
    return ours, theirs


def test_it_shares_no_code() -> None:
    files = list(Path(second.__file__).parent.glob("*.py"))
    imported = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
    standard = {
        "ast",
        "fractions",
        "hashlib",
        "json",
        "struct",
        "math",
        "operator",
        "functools",
        "itertools",
        "collections",
    }
    allowed = {*standard, "__future__", "typing", "dataclasses", "msgpack", "tests"}
    assert len(files) > 10
    assert {name.split(".")[0] for name in imported} <= allowed
    assert all(name.startswith("tests.second") for name in imported if name.startswith("tests"))


@pytest.mark.parametrize("name", [*DENSE, *NETWORKS])
def test_valid_proofs_are_accepted(name: str) -> None:
    case = random_case(**DENSE[name]) if name in DENSE else network(name)
    statement, twin = case.statement, of(case.statement)
    assert circuit_digest(twin.layout.circuit) == statement.layout.circuit.digest()
    proof = prove(statement, case.model, case.opening).proof
    bits = verify(twin, proof)
    assert bits == verifier.verify(statement, proof, POLICY).security_bits


CLAIMS = {
    "matrix": "confusion_matrix",
    "counts": "accuracy[group=0] >= 0.1 and correct[group=-1] >= 1 and predicted[1, group=1] <= 30 and recall[1] == ?",
    "shares of hidden numbers": "precision[1] == ? and f1[0] >= 0.123456789012345678 and balanced_accuracy <= 0.9",
    "macro F1": "macro_f1 == ?",
    "top k": "top_k_accuracy[1] >= 0.3 and top_k_accuracy[2] <= 1",
    "groups": "demographic_parity_difference[1] <= 0.9 and equalized_odds_difference == ? and min_group_accuracy == ?",
}


@pytest.mark.parametrize("name", CLAIMS)
def test_every_kind_of_claim_is_accepted_and_false_ones_are_not(name: str) -> None:
    case = random_case((4, 3, 3), samples=30, groups=3, seed=2, claim=CLAIMS[name])
    statement, twin = case.statement, of(case.statement)
    proof = prove(statement, case.model, case.opening).proof
    assert verdicts(statement, twin, proof) == ("accepted", "accepted")
    columns = case.columns()
    own = [c for c in statement.layout.circuit.of_kind(Kind.STATIC) if c.name.startswith("claim")]
    column = own[0].name if own else PREDICTION
    place = (0,) * columns[column].ndim
    lie = with_cells(statement, columns, {(column, place): int(columns[column][place]) ^ 1})
    assert verdicts(statement, twin, prove_columns(statement, lie).proof) == ("pad-linear", "pad-linear")
    data = statement.dataset
    assert data.groups is not None
    other = replace(statement, dataset=replace(data, groups=np.where(data.groups == 1, 5, data.groups)))
    with suppress(InvalidInput):
        assert verdicts(other, of(other), relabelled(proof, other))[1] != "accepted"


@pytest.mark.parametrize("seed", [1, 6, 8])
def test_random_networks_are_accepted(seed: int) -> None:
    architecture = RandomNetwork(seed).build()
    shape, layers = architecture.input_shape, architecture.layers
    case = network_case(shape, layers, 3, input_interval=INPUT_INTERVAL, seed=seed)
    proof = prove(case.statement, case.model, case.opening).proof
    assert verdicts(case.statement, of(case.statement), proof) == ("accepted", "accepted")


@pytest.mark.parametrize("layers", [(convolution(1, 2),), (convolution(1, 2), relu(7), convolution(2, 1))])
def test_a_convolution_at_the_end_has_a_class_for_each_place(layers: tuple[Layer, ...]) -> None:
    case = network_case((1, 6, 6), layers, 3)
    assert len(case.model.architecture.shapes[-1]) == 3
    assert case.model.architecture.classes > layers[-1].filters  # type: ignore[attr-defined]
    proof = prove(case.statement, case.model, case.opening).proof
    assert verdicts(case.statement, of(case.statement), proof) == ("accepted", "accepted")


def altered_fields(value: Any) -> Iterator[Any]:
    """Other values for a field of a proof file."""
    if isinstance(value, str):
        yield value + " "
    elif isinstance(value, int):
        yield value ^ 1
        yield 2**64 - 1
    else:
        yield value[:-1] + bytes([value[-1] ^ 1])
        yield value[:-1]
        if len(value) > 32:
            yield b"\xff" * 4 + value[4:]


def test_altered_files() -> None:
    case = random_case((3, 2), samples=1, challenge=b"\7" * 32)
    statement, twin = case.statement, of(case.statement)
    proof = prove(statement, case.model, case.opening).proof
    reasons = set()
    for name in FIELDS:
        for value in altered_fields(field_of(proof, name)):
            ours, theirs = verdicts(statement, twin, replaced(proof, name, value))
            assert ours == theirs != "accepted", name
            reasons.add(theirs)
    for data in (b"", proof[:-1], proof + b"\0", b"X" + proof[1:], proof[:40] + b"\xc1" + proof[41:]):
        assert verdicts(statement, twin, data) == ("unreadable", "unreadable")
    assert reasons >= {
        "wrong-profile",
        "wrong-commitment",
        "wrong-data",
        "wrong-claim",
        "wrong-challenge",
        "wrong-length",
    }
    assert reasons >= {"grinding", "non-canonical", "merkle-path", "unreadable"}


def test_altered_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    case = network("signal")
    statement, twin, columns = case.statement, of(case.statement), case.columns()
    honest = LyingProver()
    honest.prove(monkeypatch, statement, columns)
    for places in honest.labels.values():
        lie = LyingProver(places=frozenset({places[len(places) // 2]})).prove(monkeypatch, statement, columns)
        assert verdicts(statement, twin, lie) == ("pad-linear", "pad-linear")


@pytest.mark.parametrize("part", ["low_degree", "linear", "quadratic", "row"])
def test_altered_responses(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case((3, 2), samples=1)
    respond, combine = PadTableau.respond, opening.combined_row

    def altered(result: Any, name: str) -> Any:
        values = getattr(result, name).copy()
        values[0, 1] ^= np.uint64(1)
        return replace(result, **{name: values})

    if part == "row":
        monkeypatch.setattr(zkaudit.prover, "combined_row", lambda *given: altered(combine(*given), "cells"))
    else:
        monkeypatch.setattr(PadTableau, "respond", lambda *given: altered(respond(*given), part))
    proof = prove(case.statement, case.model, case.opening).proof
    reason = {"low_degree": "pad-low-degree", "linear": "pad-linear", "quadratic": "pad-quadratic"}
    expected = reason.get(part, "witness-opening")
    assert verdicts(case.statement, of(case.statement), proof) == (expected, expected)


FALSE_CELLS = {
    "convolutions": ("weights", "randomness", "requantise 2/output"),
    "depthwise and pools": ("max pool 5/maximum 1", "requantise 3/output"),
    "residual, gate, table and views": ("gate 9/product", "requantise 3/output", "requantise 5/remainder limb 0"),
    "weights of two limbs": ("weights",),
    "signal": ("max pool 3/maximum 2", "argmax/maximum", "argmax/prediction", "claim/slack limb 0"),
}


@pytest.mark.parametrize("name", FALSE_CELLS)
def test_false_columns(name: str) -> None:
    case = network(name)
    statement, twin, columns = case.statement, of(case.statement), case.columns()
    for column in FALSE_CELLS[name]:
        place = (0,) * columns[column].ndim
        lie = with_cells(statement, columns, {(column, place): int(columns[column][place]) + 1})
        assert verdicts(statement, twin, prove_columns(statement, lie).proof) == ("pad-linear", "pad-linear"), column


def other_statements(case: Case) -> Iterator[first.Statement]:
    """Statements that differ from the case's in one part."""
    statement, data = case.statement, case.statement.dataset
    labels, inputs = data.labels.copy(), data.inputs.copy()
    labels[0] = (labels[0] + 1) % case.model.architecture.classes
    inputs[0, 0] ^= 1
    yield replace(statement, dataset=HeldOutSet(inputs=data.inputs, labels=labels))
    yield replace(statement, dataset=HeldOutSet(inputs=inputs, labels=data.labels))
    yield replace(statement, dataset=HeldOutSet(inputs=data.inputs[:, ::-1].copy(), labels=data.labels[::-1].copy()))
    yield replace(statement, challenge=bytes(32))
    yield replace(statement, claim=parse_claim(f"correct >= {case.correct - 1}"))
    yield replace(statement, claim=parse_claim(f"correct == {case.correct}"))
    value = statement.commitment.value.copy()
    value[0] ^= np.uint32(1)
    yield replace(statement, commitment=replace(statement.commitment, value=value))


def test_other_statements() -> None:
    case = network("signal")
    proof = prove(case.statement, case.model, case.opening).proof
    for statement in other_statements(case):
        twin = of(statement)
        ours, theirs = verdicts(statement, twin, proof)
        assert ours == theirs
        assert ours.startswith("wrong-")
        ours, theirs = verdicts(statement, twin, relabelled(proof, statement))
        assert ours == theirs != "accepted"
