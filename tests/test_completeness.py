"""Every true statement has a proof that verifies, each time, and no two proofs share a masked value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.cases import Case, random_case
from tests.forgery import POLICY, field_of
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.dataset import HeldOutSet
from zkaudit.merkle.messages import DIGEST_BYTES, SALT_BYTES
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.prover import prove, prove_columns
from zkaudit.statement import Statement
from zkaudit.verifier import verify

SMALL = {
    "one of everything": {"widths": (1, 1), "samples": 1, "claim": "correct >= 1"},
    "exact count": {"widths": (2, 2), "samples": 3, "claim": "correct == 2"},
    "wide requantisation": {"widths": (3, 2, 3), "samples": 5},
    "signed inputs, identity": {
        "widths": (2, 2, 2), "samples": 2, "activation": "identity", "input_interval": (-128, 127), "shift": 3,
    },
}  # fmt: skip
PROOFS_OF_EACH = 50


@pytest.mark.parametrize("name", SMALL)
def test_two_hundred_proofs_verify(name: str) -> None:
    case = random_case(**SMALL[name])  # type: ignore[arg-type]
    columns = case.columns()
    for _ in range(PROOFS_OF_EACH):
        verdict = verify(case.statement, prove_columns(case.statement, columns).proof, POLICY)
        assert verdict.correct == case.correct


def test_two_hundred_are_two_hundred() -> None:
    assert len(SMALL) * PROOFS_OF_EACH >= 200


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a random statement is drawn from."""

    widths: tuple[int, ...]
    samples: int
    shift: int
    activation: str
    interval: tuple[int, int]
    weights: str
    inputs: str
    labels: str
    claim: str
    seed: int

    def case(self) -> Case:
        """The true statement; its model is committed to."""
        generator = np.random.default_rng(self.seed)
        case = random_case(
            self.widths,
            self.samples,
            shift=self.shift,
            activation=self.activation,
            input_interval=self.interval,
            claim="correct >= 0",
            seed=self.seed,
        )
        model = Model.from_cells(case.model.architecture, self._cells(case.model.weight_cells(), generator))
        inputs = self._inputs(case.statement.dataset.inputs, generator)
        predictions = evaluate(model.architecture, model.kernels, model.biases, inputs).predictions
        labels = self._labels(predictions, generator)
        correct = int((labels == predictions).sum())
        commitment, opening = commit(model.architecture, model.weight_cells())
        statement = Statement(
            commitment=commitment,
            dataset=HeldOutSet(inputs=inputs, labels=labels),
            claim=parse_claim(self.claim.format(correct=correct, less=correct // 2, samples=self.samples)),
            profile="test-insecure",
        )
        return Case(statement=statement, model=model, opening=opening, correct=correct)

    def _cells(self, cells: NDArray[np.int8], generator: np.random.Generator) -> NDArray[np.int8]:
        """Zero weights make all logits ties; the ends of the range saturate every layer."""
        if self.weights == "ends":
            return generator.choice(np.array([-127, 127], np.int8), len(cells))
        return {"random": cells, "zero": np.zeros_like(cells), "top": np.full_like(cells, 127)}[self.weights]

    def _inputs(self, inputs: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
        ends = generator.choice(np.array(self.interval), inputs.shape)
        return {"random": inputs, "ends": ends, "same": np.repeat(inputs[:, :1], inputs.shape[1], axis=1)}[self.inputs]

    def _labels(self, predictions: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
        """`never` is a class that no sample is given, where there is one."""
        classes = self.widths[-1]
        if self.labels == "never":
            unused = np.setdiff1d(np.arange(classes), predictions)
            return np.full_like(predictions, unused[0] if len(unused) else classes - 1)
        return predictions.copy() if self.labels == "right" else generator.integers(0, classes, len(predictions))


SHAPES = st.builds(
    Shape,
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    samples=st.integers(1, 9),
    shift=st.integers(0, 8),
    activation=st.sampled_from(["relu", "identity"]),
    interval=st.sampled_from([(0, 255), (-128, 127), (-128, 255), (-1, 0), (0, 0)]),
    weights=st.sampled_from(["random", "random", "zero", "ends", "top"]),
    inputs=st.sampled_from(["random", "ends", "same"]),
    labels=st.sampled_from(["random", "right", "never"]),
    claim=st.sampled_from(
        [
            "correct >= {correct}",
            "correct == {correct}",
            "correct >= {less}",
            "correct >= 0",
            "accuracy >= {correct}/{samples}",
            "accuracy >= 0.0",
        ]
    ),
    seed=st.integers(0, 2**32 - 1),
)

EDGE = Shape(
    widths=(2, 3, 1), samples=1, shift=0, activation="relu", interval=(0, 255), weights="zero",
    inputs="same", labels="right", claim="correct == {correct}", seed=0,
)  # fmt: skip


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(SHAPES)
@example(EDGE)
@example(replace(EDGE, widths=(1, 1, 1, 1), samples=9, shift=8, weights="ends", inputs="ends"))
@example(replace(EDGE, widths=(6, 6, 6, 6), samples=7, weights="top", inputs="ends", labels="never"))
@example(replace(EDGE, widths=(4, 5), samples=6, labels="never", claim="accuracy >= 0.0"))
def test_any_true_statement_of_a_small_network(shape: Shape) -> None:
    case = shape.case()
    verdict = verify(case.statement, prove(case.statement, case.model, case.opening).proof, POLICY)
    assert verdict.exact == shape.claim.startswith("correct ==")
    assert verdict.correct <= case.correct


def test_the_examples_reach_what_they_are_for() -> None:
    """A saturated layer, ties everywhere, and a label that is never predicted."""
    saturated = replace(EDGE, widths=(6, 6, 6, 6), samples=7, weights="top", inputs="ends").case().columns()
    assert (saturated["requantise 1/output"] == 255).any()
    assert sum(cells.any() for name, cells in saturated.items() if "requantise 1/over" in name)
    ties = replace(EDGE, widths=(2, 4), samples=3).case().columns()
    assert ties["argmax/prediction"][0].all()
    assert replace(EDGE, widths=(4, 5), samples=6, labels="never").case().correct == 0


MASKED = {
    "messages": 20,
    "row": 20,
    "responses": 20,
    "witness.cells": 4,
    "witness.salts": SALT_BYTES,
    "witness.path": DIGEST_BYTES,
    "pads.cells": 4,
    "pads.salts": SALT_BYTES,
    "pads.path": DIGEST_BYTES,
    "witness_root": DIGEST_BYTES,
    "pad_root": DIGEST_BYTES,
}
"""Bytes of one value of each masked field: an element of F, a residue of an opened column, a salt or a digest."""


def values_of(proof: bytes, name: str) -> NDArray[Any]:
    """The values of a masked field, one a row."""
    return np.frombuffer(field_of(proof, name), np.uint8).reshape(-1, MASKED[name])


@pytest.mark.parametrize("name", SMALL)
def test_two_proofs_of_one_statement_share_no_masked_value(name: str) -> None:
    case = random_case(**SMALL[name])  # type: ignore[arg-type]
    columns = case.columns()
    proofs = [prove_columns(case.statement, columns).proof for _ in range(3)]
    assert len(set(map(len, proofs))) <= len(proofs)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        for masked in MASKED:
            one, other = values_of(proofs[first], masked), values_of(proofs[second], masked)
            common = min(len(one), len(other))  # paths differ in length
            assert common
            assert not (one[:common] == other[:common]).all(axis=1).any(), masked
            if masked not in ("witness.cells", "pads.cells"):
                # No value of one proof occurs anywhere in the other, so nothing is sent under a used pad.
                assert not {v.tobytes() for v in one} & {v.tobytes() for v in other}, masked


@pytest.mark.parametrize("name", SMALL)
def test_no_value_under_a_pad_occurs_twice_in_a_proof(name: str) -> None:
    """Zero coefficients, equal claims and empty rows look like all others."""
    case = random_case(**SMALL[name])  # type: ignore[arg-type]
    proof = prove_columns(case.statement, case.columns()).proof
    values = [v.tobytes() for part in ("messages", "row", "responses") for v in values_of(proof, part)]
    assert len(set(values)) == len(values)
    assert bytes(20) not in values
