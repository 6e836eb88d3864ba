"""Networks of every layer kind are proved, verified, checked and evaluated alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.cases import Case
from tests.forgery import POLICY, claims_of
from tests.networks import NETWORKS, network
from zkaudit.checking import check_columns
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.dataset import HeldOutSet
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.prover import prove
from zkaudit.verifier import verify
from zkaudit_circuits.argmax import PREDICTION

SEEDS = 20


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", NETWORKS)
def test_prover_and_evaluator_agree(name: str, seed: int) -> None:
    """Every seed has weights and inputs of its own."""
    case = network(name, seed=seed)
    verdict = verify(case.statement, prove(case.statement, case.model, case.opening).proof, POLICY)
    assert verdict.correct == case.correct


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", NETWORKS)
def test_checker_and_evaluator_agree(name: str, seed: int) -> None:
    case = network(name, seed=seed)
    columns = case.columns()
    assert check_columns(case.statement.layout.circuit, columns).violations == ()
    model, inputs = case.model, case.statement.dataset.inputs
    trace = evaluate(model.architecture, model.kernels, model.biases, inputs)
    assert (columns[PREDICTION].argmax(axis=0)[: case.statement.samples] == trace.predictions).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_exact_counts(name: str) -> None:
    correct = network(name).correct
    case = network(name, claim=f"correct == {correct}")
    verdict = verify(case.statement, prove(case.statement, case.model, case.opening).proof, POLICY)
    assert verdict.exact
    assert verdict.correct == correct


def extreme(name: str, weight: int, seed: int) -> Case:
    """A network with all weight limbs equal and inputs at both ends of their interval."""
    case = network(name, seed=seed)
    architecture = case.model.architecture
    model = Model.from_cells(architecture, np.full(architecture.weight_count, weight, np.int8))
    ends = np.array([architecture.input_low, architecture.input_high])
    inputs = np.random.default_rng(seed).choice(ends, case.statement.dataset.inputs.shape)
    inputs[:, 0] = ends[1]
    labels = evaluate(architecture, model.kernels, model.biases, inputs).predictions
    commitment, opening = commit(architecture, model.weight_cells())
    statement = replace(
        case.statement,
        commitment=commitment,
        dataset=HeldOutSet(inputs=inputs, labels=labels),
        claim=parse_claim(f"correct == {len(labels)}"),
    )
    return Case(statement=statement, model=model, opening=opening, correct=len(labels))


@pytest.mark.parametrize("weight", [127, 0, -127])
@pytest.mark.parametrize("name", NETWORKS)
def test_extreme_weights_and_inputs(name: str, weight: int) -> None:
    """Saturated layers, ties everywhere, and the widest limbs: every input has a proof."""
    case = extreme(name, weight, seed=1)
    assert check_columns(case.statement.layout.circuit, case.columns()).violations == ()
    verdict = verify(case.statement, prove(case.statement, case.model, case.opening).proof, POLICY)
    assert verdict.correct == case.correct


@pytest.mark.parametrize("name", NETWORKS)
def test_the_account_counts_the_claims_that_are_made(name: str) -> None:
    case = network(name)
    claims = claims_of(case.statement, prove(case.statement, case.model, case.opening).proof)
    assert len(claims.items) == case.statement.layout.claim_count
    assert len({claim.name for claim in claims.items}) == len(claims.items)
