"""The simulator of docs/zero-knowledge.md: the real verifier accepts what it makes from a statement alone."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import numpy as np
import pytest

import tests.simulator
from tests.cases import random_case
from tests.forgery import OTHER_CHALLENGES, POLICY, reason_of, replaced
from tests.networks import network
from tests.simulator.oracle import RandomOracle, asking
from tests.simulator.proof import simulate
from zkaudit.claim import parse_claim
from zkaudit.errors import Reason, Rejected
from zkaudit.proof import decode
from zkaudit.prover import prove_columns
from zkaudit.randomness import uniform_residues
from zkaudit.statement import Statement
from zkaudit.verifier import verify

STATEMENTS = {
    "dense": lambda: random_case((3, 2, 3), 3).statement,
    "convolutions": lambda: network("convolutions").statement,
    "pools": lambda: network("depthwise and pools").statement,
    "gate, table and views": lambda: network("residual, gate, table and views").statement,
    "exact count": lambda: random_case((3, 2), 5, claim="correct == 2").statement,
    "challenge": lambda: dataclasses.replace(random_case((3, 2), 5).statement, challenge=bytes(range(32))),
}

WITNESSES = ("prover", "model", "evaluator", "witness", "examples", "calibration")
"""Parts of the names of modules that know a witness."""


def without_witness(statement: Statement, claim: str) -> Statement:
    """The same data and shape for a commitment that nobody knows an opening of, and another claim."""
    value = uniform_residues(statement.commitment.value.size)
    commitment = dataclasses.replace(statement.commitment, value=value)
    return dataclasses.replace(statement, commitment=commitment, claim=parse_claim(claim))


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_verifier_accepts_a_simulated_proof(name: str) -> None:
    statement = STATEMENTS[name]()
    simulation = simulate(statement)
    with asking(simulation.oracle):
        verdict = verify(statement, simulation.proof, POLICY)
    assert verdict.claim == statement.claim.text


def test_a_statement_that_has_no_witness_is_simulated_as_well() -> None:
    """All labels right under a commitment that is noise: there is nothing that the simulator could have used."""
    statement = without_witness(random_case((3, 2, 3), 9).statement, "correct == 9")
    simulation = simulate(statement)
    with asking(simulation.oracle):
        assert verify(statement, simulation.proof, POLICY).correct == 9


def test_a_simulated_proof_is_rejected_where_the_oracle_is_not_programmed() -> None:
    statement = STATEMENTS["dense"]()
    simulation = simulate(statement)
    assert reason_of(statement, simulation.proof) in OTHER_CHALLENGES
    for answers in ({}, dict(list(simulation.oracle.answers.items())[:-1])):
        with asking(RandomOracle(answers)), pytest.raises(Rejected):
            verify(statement, simulation.proof, POLICY)


def test_the_oracle_is_programmed_once_for_each_challenge_and_asked_nowhere_else() -> None:
    statement = STATEMENTS["dense"]()
    simulation = simulate(statement)
    asked: list[bytes] = []

    class Recording(dict[bytes, bytes]):
        def get(self, key: bytes, default: bytes) -> bytes:  # type: ignore[override]
            asked.append(key)
            return self[key]

    with asking(RandomOracle(Recording(simulation.oracle.answers))):
        verify(statement, simulation.proof, POLICY)
    assert asked == list(simulation.oracle.answers)
    assert len(set(simulation.oracle.answers.values())) == len(asked)


def test_the_verifier_still_checks_under_a_programmed_oracle() -> None:
    """Every part of a simulated proof is held by a check: programming the challenges does not switch them off."""
    statement = STATEMENTS["dense"]()
    simulation = simulate(statement)
    parts = decode(simulation.proof)
    changes = {
        "responses": (parts.responses, {Reason.GRINDING, Reason.WRONG_LENGTH, Reason.MERKLE_PATH}),
        "pads.cells": (parts.pads.cells, {Reason.MERKLE_PATH}),
        "witness.cells": (parts.witness.cells, {Reason.MERKLE_PATH}),
        "row": (parts.row, OTHER_CHALLENGES),
        "messages": (parts.messages, OTHER_CHALLENGES),
    }
    for name, (data, reasons) in changes.items():
        other = data[:-4] + ((int.from_bytes(data[-4:], "big") ^ 1) % (1 << 30)).to_bytes(4, "big")
        with asking(simulation.oracle):
            assert reason_of(statement, replaced(simulation.proof, name, other)) in reasons


def test_the_simulator_knows_nothing_of_a_model() -> None:
    """It takes a statement and nothing else, and imports no module that makes or holds a witness."""
    assert list(simulate.__annotations__) == ["statement", "return"]
    assert {field.name for field in dataclasses.fields(Statement)}.isdisjoint({"model", "opening", "columns"})
    for path in Path(tests.simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in filter(None, names):
                assert not any(part in WITNESSES for part in name.split(".")), f"{path.name} imports {name}"
                assert not name.startswith("zkaudit_circuits"), f"{path.name} imports {name}"


def test_simulated_and_real_proofs_have_the_same_lengths() -> None:
    case = network("signal")
    real = decode(prove_columns(case.statement, case.columns()).proof)
    simulated = decode(simulate(case.statement).proof)
    for name in ("messages", "row", "responses"):
        assert len(getattr(real, name)) == len(getattr(simulated, name))
    for one, other in ((real.witness, simulated.witness), (real.pads, simulated.pads)):
        assert (len(one.cells), len(one.salts)) == (len(other.cells), len(other.salts))


def test_two_simulations_share_no_value() -> None:
    statement = STATEMENTS["dense"]()
    first, second = (decode(simulate(statement).proof) for _ in range(2))
    for name in ("messages", "row", "responses"):
        one, other = (np.frombuffer(getattr(parts, name), ">u4") for parts in (first, second))
        assert (one == other).sum() < 5
