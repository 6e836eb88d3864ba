"""A model's predictions on a held-out set, as far as claims ask for them."""

from __future__ import annotations

from zkaudit.claim import Claim
from zkaudit.dataset import HeldOutSet
from zkaudit.metrics import Predictions, close
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit_circuits.top_k import ranks


def predict(model: Model, dataset: HeldOutSet) -> Predictions:
    """The predictions of the integer network, and the rank of each label."""
    trace = evaluate(model.architecture, model.kernels, model.biases, dataset.inputs)
    return Predictions(
        predicted=trace.predictions,
        dataset=dataset,
        classes=model.architecture.classes,
        ranks=ranks(trace.logits, dataset.labels),
    )


def close_on(model: Model, dataset: HeldOutSet, claim: Claim) -> Claim:
    """The claim with the model's own values where it is open; the evaluation is skipped where it is not."""
    return close(claim, predict(model, dataset)) if claim.is_open else claim
