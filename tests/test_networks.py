"""Networks from real exporters, from the ONNX file to the verified proof, against onnxruntime's floats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from zkaudit.checking import check
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.dataset import HeldOutSet, load_dataset, quantise_inputs
from zkaudit.errors import ProvingFailed
from zkaudit.model.evaluator import evaluate
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.model import Model
from zkaudit.model.onnx_import import import_onnx
from zkaudit.model.quantiser import quantize
from zkaudit.model.report import QuantisationReport
from zkaudit.prover import prove
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, verify

FIXTURES = Path(__file__).parent / "fixtures"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text())

PROFILES = {"lenet": "standard-128"}
"""Networks that are proved as an audit would; the others under the fast insecure profile."""

POLICIES = {"standard-128": Policy(), "test-insecure": Policy(minimum_bits=0, profiles=("test-insecure",))}

PROVED = 32
"""Samples that are proved."""

MOST_LOST = {"lenet": 5, "mlp": 3, "mobile": 4, "residual": 3, "signal": 3}
"""Correct predictions that quantisation may cost, of 1,000 for LeNet-5 and 360 for the others."""

LAYERS = {
    "lenet": {"convolution", "sum pool", "dense", "requantise"},
    "mlp": {"dense", "requantise"},
    "mobile": {"convolution", "gate", "sum", "sum pool", "dense", "requantise"},
    "residual": {"convolution", "sum", "sum pool", "dense", "requantise"},
    "signal": {"reshape", "convolution", "max pool", "sum pool", "dense", "requantise"},
}
"""Kinds of integer layers of each network."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A fixture as imported and quantised, and what onnxruntime and the integers say of its held-out data."""

    graph: FloatGraph
    model: Model
    report: QuantisationReport
    inputs: NDArray[np.generic]
    dataset: HeldOutSet
    scores: NDArray[np.float32]
    predictions: NDArray[np.int64]


@cache
def network(name: str) -> Network:
    """The fixture `name`."""
    graph = import_onnx(FIXTURES / f"{name}.onnx")
    calibration = load_dataset(FIXTURES / f"{name}_calibration.npz")
    heldout = load_dataset(FIXTURES / f"{name}_heldout.npz")
    validation = heldout.inputs, heldout.labels
    model, report = quantize(graph, calibration.inputs, calibration.labels, validation=validation)
    dataset = quantise_inputs(model.architecture, heldout)
    session = onnxruntime.InferenceSession(FIXTURES / f"{name}.onnx")
    feed = {session.get_inputs()[0].name: heldout.inputs.astype(np.float32)}
    return Network(
        graph=graph,
        model=model,
        report=report,
        inputs=heldout.inputs,
        dataset=dataset,
        scores=session.run([session.get_outputs()[-1].name], feed)[0],
        predictions=evaluate(model.architecture, model.kernels, model.biases, dataset.inputs).predictions,
    )


@pytest.fixture(params=sorted(EXPECTED))
def name(request: pytest.FixtureRequest) -> str:
    """Every fixture."""
    return str(request.param)


def test_import_agrees_with_onnxruntime(name: str) -> None:
    found = network(name)
    floats = found.scores.argmax(axis=1)
    assert (found.graph.predictions(found.inputs) == floats).all()
    assert int((floats == found.dataset.labels).sum()) == EXPECTED[name]["correct"]


def test_layers(name: str) -> None:
    assert {layer.kind for layer in network(name).model.architecture.layers} == LAYERS[name]


def test_quantisation_keeps_the_accuracy(name: str) -> None:
    found = network(name)
    floats = found.scores.argmax(axis=1)
    correct = int((found.predictions == found.dataset.labels).sum())
    assert correct >= EXPECTED[name]["correct"] - MOST_LOST[name]
    assert found.report.samples == EXPECTED[name]["samples"]
    assert (found.report.float_correct, found.report.integer_correct) == (EXPECTED[name]["correct"], correct)
    assert found.report.differing == tuple(np.flatnonzero(found.predictions != floats))


def test_proof_agrees_prediction_by_prediction(name: str) -> None:
    """Every label is the evaluator's prediction and the claim is that all are correct, so one difference is a fault."""
    statement, opening = _statement(name)
    model = network(name).model
    assert check(statement, model).violations == ()
    result = prove(statement, model, opening)
    again = Statement(statement.commitment, statement.dataset, statement.claim, statement.profile)
    verdict = verify(again, result.proof, POLICIES[statement.profile])
    assert (verdict.samples, verdict.correct, verdict.exact) == (PROVED, PROVED, True)


def test_one_other_label_cannot_be_proved(name: str) -> None:
    given, opening = _statement(name)
    labels = given.dataset.labels.copy()
    labels[-1] = (labels[-1] + 1) % 10
    dataset = HeldOutSet(inputs=given.dataset.inputs, labels=labels)
    statement = Statement(given.commitment, dataset, given.claim, given.profile)
    with pytest.raises(ProvingFailed):
        prove(statement, network(name).model, opening)


@cache
def _statement(name: str):  # type: ignore[no-untyped-def]
    """The first samples with the evaluator's predictions as labels, all of them claimed correct; and the opening."""
    found = network(name)
    dataset = HeldOutSet(
        inputs=np.ascontiguousarray(found.dataset.inputs[:, :PROVED]), labels=found.predictions[:PROVED]
    )
    commitment, opening = commit(found.model.architecture, found.model.weight_cells())
    claim = parse_claim(f"correct == {PROVED}")
    return Statement(commitment, dataset, claim, PROFILES.get(name, "test-insecure")), opening
