"""The valid proofs: small networks on few samples, with every kind of claim."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.networks import average, convolution, dense, identity, maximum, relu, squash
from tests.vectors.files import Stream, fixed_randomness
from tests.vectors.models import TIES, model_of, ties
from zkaudit.challenge import Challenge
from zkaudit.claim import parse_claim
from zkaudit.commitment import Opening, commit
from zkaudit.commitment.formats import commitment_text, parse_commitment
from zkaudit.dataset import parse_dataset, quantise_inputs
from zkaudit.evaluation import close_on
from zkaudit.model.architecture import Concatenate, Convolution, Dense, Gate, Layer, Requantise, Sum
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model
from zkaudit.prover import prove
from zkaudit.signing.keys import Domain, secret_key
from zkaudit.signing.suite import GROUP_ORDER
from zkaudit.statement import Statement

Files = dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network, its samples, and a claim in which {correct} stands for the number of right predictions."""

    comment: str
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    samples: int = 1
    claim: str = "correct >= {correct}"
    profile: str = "test-insecure"
    interval: tuple[int, int] = (0, 255)
    inputs: list[list[int]] = field(default_factory=list)
    challenged: bool = False
    labels: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)


def _wide(channels: int, filters: int) -> Convolution:
    return Convolution(
        channels=channels,
        filters=filters,
        kernel=(2, 2),
        stride=(1, 1),
        dilation=(1, 1),
        padding=(0, 0, 0, 0),
        groups=1,
        bias_limbs=2,
        weight_limbs=2,
    )


PAIR: tuple[Layer, ...] = (dense(2, 2),)

RECIPES: dict[str, Recipe] = {
    "smallest": Recipe(comment="One dense layer, one sample.", shape=(2,), layers=PAIR),
    "standard-128": Recipe(
        comment="The smallest network under the standard profile.", shape=(2,), layers=PAIR, profile="standard-128"
    ),
    "hidden-layer": Recipe(
        comment="A hidden layer, one sample.", shape=(3,), layers=(dense(3, 2), relu(6), dense(2, 2))
    ),
    "ties-and-saturation": Recipe(
        comment="Halves that round up, activations that saturate, and equal logits.",
        shape=(2,),
        layers=TIES,
        samples=6,
        claim="correct == {correct}",
        inputs=[[255, 24], [0, 0], [8, 0], [7, 16], [9, 15], [248, 255]],
    ),
    "two-samples": Recipe(
        comment="Two samples, one of them right.", shape=(3,), layers=(dense(3, 3),), samples=2, claim="accuracy >= 0.5"
    ),
    "five-samples": Recipe(
        comment="Five samples, so three of padding, and signed inputs.",
        shape=(4,),
        layers=(dense(4, 3), identity(7), dense(3, 3)),
        samples=5,
        claim="accuracy >= 2/5",
        interval=(-128, 127),
    ),
    "sixty-four-samples": Recipe(
        comment="Sixty-four samples.", shape=(2,), layers=(dense(2, 2), relu(8), dense(2, 2)), samples=64
    ),
    "answered-challenge": Recipe(
        comment="A proof that answers the challenge of a digest.",
        shape=(2,),
        layers=PAIR,
        challenged=True,
    ),
    "nothing-claimed": Recipe(
        comment="A claim that every model meets.", shape=(2,), layers=PAIR, samples=3, claim="accuracy >= 0"
    ),
    "one-class": Recipe(
        comment="One class, so all predictions are right and there is no slack.",
        shape=(2,),
        layers=(dense(2, 1),),
        samples=2,
        claim="accuracy >= 1",
    ),
    "none-right": Recipe(
        comment="An exact claim that no prediction is right.",
        shape=(2,),
        layers=PAIR,
        claim="correct == {correct}",
    ),
    "convolution-and-pools": Recipe(
        comment="Two convolutions, one of them with groups, a max pool and an average.",
        shape=(1, 5, 4),
        layers=(
            convolution(1, 2, (2, 2), padding=(1, 0, 0, 1)),
            relu(7),
            maximum((2, 2), (2, 2), (1, 0, 0, 0)),
            convolution(2, 4, (1, 2), groups=2),
            identity(7, (1, 2, 3, 1)),
            average(1),
            identity(0),
            dense(12, 3),
        ),
        samples=2,
    ),
    "residual": Recipe(
        comment="A sum of two activations, one of which jumps over a layer.",
        shape=(4,),
        layers=(
            dense(4, 3),
            relu(7),
            dense(3, 3),
            identity(8),
            Sum(multipliers=(5, -3), sources=(2, 4)),
            relu(3),
            dense(3, 2),
        ),
        samples=3,
    ),
    "gate": Recipe(
        comment="A product of two activations, and a concatenation.",
        shape=(3,),
        layers=(
            dense(3, 2),
            relu(7),
            Dense(inputs=3, outputs=2, bias_limbs=1, sources=(0,)),
            identity(8),
            Gate(sources=(2, 4)),
            identity(7),
            Concatenate(sources=(6, 4)),
            dense(4, 2),
        ),
        samples=3,
    ),
    "table": Recipe(
        comment="An activation by table, and a table of a single entry.",
        shape=(3,),
        layers=(
            dense(3, 3),
            squash(9),
            dense(3, 2),
            Requantise(shift=2, activation="table", table=(-7,), table_low=3),
            dense(2, 2),
        ),
        samples=2,
    ),
    "two-limbs": Recipe(
        comment="Weights of two limbs, in a convolution and in a dense layer.",
        shape=(1, 3, 3),
        layers=(_wide(1, 2), relu(15), Dense(inputs=8, outputs=2, bias_limbs=3, weight_limbs=2)),
        samples=2,
    ),
}
"""By the name of their folder."""

CLAIM_KINDS = {
    "correct-in-group": "correct[group=-2] == ?",
    "accuracy-in-group": "accuracy[group=5] <= 1",
    "predicted": "predicted[1] == ?",
    "predicted-in-group": "predicted[2, group=5] <= 4",
    "accuracy-exact": "accuracy == ?",
    "correct-at-most": "correct <= 8",
    "balanced-accuracy": "balanced_accuracy == ?",
    "recall": "recall[1] >= 0",
    "recall-exact": "recall[0] == ?",
    "precision": "precision[1] >= 0",
    "f1": "f1[1] == ?",
    "macro-f1": "macro_f1 == ?",
    "top-two": "top_k_accuracy[2] == ?",
    "confusion-matrix": "confusion_matrix",
    "demographic-parity": "demographic_parity_difference[1] == ?",
    "equalized-odds": "equalized_odds_difference[1] <= 1",
    "least-group": "min_group_accuracy == ?",
    "several-claims": "accuracy >= 0 and accuracy <= 1 and recall[2] >= 0 and min_group_accuracy >= 0",
}
"""One claim of each metric; an open value is the model's own."""

RECIPES |= {
    f"claim-{name}": Recipe(
        comment=f"The claim {text}, on eight samples in two groups.",
        shape=(3,),
        layers=(dense(3, 3),),
        samples=8,
        claim=text,
        labels=[0, 1, 2, 0, 1, 2, 0, 1],
        groups=[5, 5, 5, 5, -2, -2, -2, -2],
    )
    for name, text in CLAIM_KINDS.items()
}


@dataclass(frozen=True, kw_only=True)
class Valid:
    """A proved statement with all that the prover knows."""

    files: Files
    statement: Statement
    model: Model
    opening: Opening


@cache
def valid(name: str) -> Valid:
    """The statement of a recipe and its proof."""
    recipe = RECIPES[name]
    model = ties() if recipe.layers is TIES else model_of(name, recipe.shape, recipe.layers, recipe.interval)
    stream = Stream(f"samples {name}")
    features = int(np.prod(recipe.shape))
    integers = (
        np.array(recipe.inputs) if recipe.inputs else stream.integers(*recipe.interval, (recipe.samples, features))
    )
    predictions = evaluate(model.architecture, model.kernels, model.biases, integers.T).predictions
    labels = predictions.copy()
    # One sample is right, and so is every second one of several.
    wrong = slice(0, None) if name == "none-right" else slice(1, None, 2)
    labels[wrong] = (labels[wrong] + 1) % model.architecture.classes
    if recipe.labels:
        labels = np.array(recipe.labels)
    correct = int((labels == predictions).sum())
    with fixed_randomness(f"proof {name}"):
        commitment, opening = commit(model.architecture, model.weight_cells())
        files = {
            "commitment.json": commitment_text(commitment).encode(),
            "heldout.npz": heldout_bytes(integers * 0.5, recipe.shape, labels, recipe.groups),
        }
        raw = quantise_inputs(commitment.architecture, parse_dataset(files["heldout.npz"]))
        claim = close_on(model, raw, parse_claim(recipe.claim.replace("{correct}", str(correct)))).text
        given = {"claim": claim, "profile": recipe.profile, "challenge": ""}
        if recipe.challenged:
            challenge = _challenge(statement_of(files, given))
            files["challenge.json"] = challenge.text()
            given["challenge"] = challenge.digest().hex()
        statement = statement_of(files, given)
        files["audit.zkp"] = prove(statement, model, opening).proof
    return Valid(files=files, statement=statement, model=model, opening=opening)


def heldout_bytes(
    inputs: NDArray[np.float64], shape: tuple[int, ...], labels: NDArray[np.int64], groups: list[int]
) -> bytes:
    """A held-out set that is not compressed, because compressors differ."""
    buffer = io.BytesIO()
    named = {"groups": np.array(groups, np.int64)} if groups else {}
    np.savez(buffer, inputs=inputs.reshape(-1, *shape), labels=labels, **named)
    return buffer.getvalue()


def asked(name: str) -> dict[str, Any]:
    """What a verifier asks beside the files of a folder."""
    statement = valid(name).statement
    challenge = (statement.challenge or b"").hex()
    return {"claim": statement.claim.text, "profile": statement.profile, "challenge": challenge}


def _challenge(statement: Statement) -> Challenge:
    """A signed challenge for a statement; its key is as public as everything here."""
    key = secret_key(int.from_bytes(Stream("signer 0").bytes(40), "big") % (GROUP_ORDER - 1) + 1, "Ada")
    challenge = Challenge(
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        claim=statement.claim.text,
        nonce=Stream("nonce").bytes(32),
        issued=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        expires=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
        auditor=key.public,
    )
    return replace(challenge, signature=key.sign(Domain.CHALLENGE, challenge.digest()))


def statement_of(files: Mapping[str, bytes], given: Mapping[str, Any]) -> Statement:
    """The statement that a verifier builds from the files of a folder, its labels those of `given` if there are any."""
    labels = tuple(given["labels"]) if "labels" in given else None
    asked_for = (given["claim"], given["profile"], given["challenge"])
    return _statement(files["commitment.json"], files["heldout.npz"], labels, *asked_for)


@lru_cache(maxsize=64)
def _statement(
    commitment_file: bytes, heldout: bytes, labels: tuple[int, ...] | None, claim: str, profile: str, challenge: str
) -> Statement:
    """Once for each of many proofs, because a statement keeps its circuit."""
    commitment = parse_commitment(commitment_file)
    dataset = quantise_inputs(commitment.architecture, parse_dataset(heldout))
    if labels is not None:
        dataset = replace(dataset, labels=np.array(labels, np.int64))
    return Statement(
        commitment=commitment,
        dataset=dataset,
        claim=parse_claim(claim),
        profile=profile,
        challenge=bytes.fromhex(challenge) or None,
    )


def expected_of(name: str) -> dict[str, Any]:
    """What a verifier has to find in a valid folder."""
    recipe, found = RECIPES[name], valid(name)
    statement = found.statement
    witness, pads = statement.oracles
    return {
        "comment": recipe.comment,
        "verdict": "accepted",
        "claim": statement.claim.text,
        "profile": statement.profile,
        "challenge": asked(name)["challenge"],
        "samples": statement.samples,
        "commitment": statement.commitment.digest(),
        "architecture": statement.commitment.architecture.digest(),
        "data": statement.dataset.digest(),
        "circuit": statement.layout.circuit.digest(),
        "elements": statement.layout.full_plan.elements,
        "products": len(statement.layout.full_plan.products),
        "claims": statement.layout.claim_count,
        "witness oracle": [witness.message, witness.columns, witness.pads, statement.rows.rows],
        "pad oracle": [pads.message, pads.columns, pads.pads, statement.tableau.rows],
        "error": str(statement.account.error),
        "sha256": {file: hashlib.sha256(data).digest() for file, data in found.files.items()},
    }
