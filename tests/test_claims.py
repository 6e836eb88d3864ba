"""Every kind of claim proved and verified on a real model with groups; false ones refused, and rejected when forced.

The model is that of the demonstration, which reads handwritten digits.
The groups are the terciles of a stroke weight: how much ink an image has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from sklearn import metrics as sklearn

from tests.cases import Case, random_case
from tests.forgery import POLICY, Columns, reason_of, with_cells, with_field
from zkaudit.atom import GRAMMAR, Metric
from zkaudit.checking import check_columns
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.confidence import clopper_pearson_lower
from zkaudit.dataset import RawDataset, quantise_inputs
from zkaudit.demonstration import PIXEL_RANGE, digits_task
from zkaudit.errors import InvalidInput, ProvingFailed, Reason, Rejected
from zkaudit.evaluation import close_on, predict
from zkaudit.metrics import measure
from zkaudit.model.quantiser import quantize
from zkaudit.prover import prove, prove_columns
from zkaudit.statement import Statement
from zkaudit.verifier import Verdict, stated_claim, verify

SAMPLES = 128

SUBJECTS = (
    "accuracy", "correct", "accuracy[group=2]", "correct[group=0]", "predicted[3]", "predicted[3, group=1]",
    "balanced_accuracy", "recall[8]", "precision[8]", "f1[8]", "macro_f1", "top_k_accuracy[2]",
    "demographic_parity_difference[8]", "equalized_odds_difference[8]", "min_group_accuracy",
)  # fmt: skip


@cache
def digits() -> Case:
    """The demonstration's model on its first held-out images."""
    task = digits_task()
    calibration = (task.calibration_inputs, task.calibration_labels)
    model, _ = quantize(task.network, *calibration, input_range=PIXEL_RANGE)
    images, labels = task.heldout_inputs[:SAMPLES], task.heldout_labels[:SAMPLES]
    ink = images.reshape(SAMPLES, -1).sum(axis=1)
    groups = np.searchsorted(np.quantile(ink, [1 / 3, 2 / 3]), ink)
    dataset = quantise_inputs(model.architecture, RawDataset(inputs=images, labels=labels, groups=groups))
    commitment, opening = commit(model.architecture, model.weight_cells())
    claim = parse_claim("accuracy >= 0")
    statement = Statement(commitment=commitment, dataset=dataset, claim=claim, profile="test-insecure")
    return Case(statement=statement, model=model, opening=opening, correct=0)


def asserting(claim: str) -> Case:
    """The digits with another claim, one that is open taking the model's values."""
    case = digits()
    closed = close_on(case.model, case.statement.dataset, parse_claim(claim))
    return replace(case, statement=replace(case.statement, claim=closed))


def value(subject: str) -> Fraction:
    """A metric of the model."""
    case = digits()
    found = measure(parse_claim(f"{subject} == ?").atoms[0], predict(case.model, case.statement.dataset))
    assert isinstance(found, Fraction)
    return found


def proved(case: Case) -> Verdict:
    """The verdict on a proof of the case."""
    return verify(case.statement, prove(case.statement, case.model, case.opening).proof, POLICY)


def bounds(subject: str) -> tuple[str, str]:
    """A true claim at the value, and one that asks for a little more."""
    found = value(subject)
    step = 1 if parse_claim(f"{subject} == ?").atoms[0].metric.is_count else 10**9
    below = Fraction(found.numerator * step // found.denominator, step)
    # Differences are claimed from above; a metric that is at its end has a little more on the other side only.
    if subject.endswith("_difference[8]") or found + Fraction(1, step) > 1 == -(-found // 1):
        above = -Fraction(-found.numerator * step // found.denominator, step)
        return f"{subject} <= {above}", f"{subject} <= {above - Fraction(1, step)}"
    return f"{subject} >= {below}", f"{subject} >= {below + Fraction(1, step)}"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_claim_at_the_value_is_proved_and_one_beyond_is_not(subject: str) -> None:
    true, false = bounds(subject)
    verdict = proved(asserting(true))
    assert verdict.claim == parse_claim(true).text
    assert [finding.atom for finding in verdict.findings] == [verdict.claim]
    case = asserting(false)
    with pytest.raises(ProvingFailed, match="needs at least" if subject in ("accuracy", "correct") else "is false"):
        prove(case.statement, case.model, case.opening)
    forced = prove_columns(case.statement, case.columns()).proof
    assert reason_of(case.statement, forced) is Reason.PAD_LINEAR


@pytest.mark.parametrize("subject", ["precision[8]", "demographic_parity_difference[8]", "min_group_accuracy"])
def test_an_exact_value_is_proved(subject: str) -> None:
    verdict = proved(asserting(f"{subject} == ?"))
    assert parse_claim(verdict.claim).atoms[0].value == value(subject)


def test_values_are_those_of_scikit_learn_and_fairlearn() -> None:
    case = digits()
    labels, groups = case.statement.dataset.labels, case.statement.dataset.groups
    predicted = predict(case.model, case.statement.dataset).predicted
    eight = (labels == 8, predicted == 8)
    for subject, expected in (
        ("accuracy", sklearn.accuracy_score(labels, predicted)),
        ("balanced_accuracy", sklearn.balanced_accuracy_score(labels, predicted)),
        ("recall[8]", sklearn.recall_score(labels, predicted, average=None)[8]),
        ("precision[8]", sklearn.precision_score(labels, predicted, average=None)[8]),
        ("f1[8]", sklearn.f1_score(labels, predicted, average=None)[8]),
        ("macro_f1", sklearn.f1_score(labels, predicted, average="macro")),
        (
            "demographic_parity_difference[8]",
            fairlearn.demographic_parity_difference(*eight, sensitive_features=groups),
        ),
        ("equalized_odds_difference[8]", fairlearn.equalized_odds_difference(*eight, sensitive_features=groups)),
    ):
        assert abs(float(value(subject)) - expected) < 1e-12, subject


def test_a_matrix_is_revealed() -> None:
    case = asserting("confusion_matrix")
    proof = prove(case.statement, case.model, case.opening).proof
    asked = parse_claim("confusion_matrix")
    stated = stated_claim(asked, proof)
    assert stated == case.statement.claim
    verdict = verify(replace(case.statement, claim=stated), proof, POLICY)
    (finding,) = verdict.findings
    table = np.array(finding.table)
    predicted = predict(case.model, case.statement.dataset).predicted
    assert table.tolist() == sklearn.confusion_matrix(case.statement.dataset.labels, predicted).tolist()
    assert (verdict.correct, verdict.exact) == (int(np.trace(table)), True)
    assert verdict.lower_bound == clopper_pearson_lower(int(np.trace(table)), SAMPLES)
    # The core verifies no open claim, and a proof answers no other question.
    with pytest.raises(InvalidInput, match="left open"):
        replace(case.statement, claim=asked)
    for other in ("confusion_matrix and correct >= 3", "correct == ?"):
        with pytest.raises(Rejected, match="does not state what was asked") as caught:
            stated_claim(parse_claim(other), proof)
        assert caught.value.reason is Reason.WRONG_CLAIM
    assert stated_claim(parse_claim("correct >= 3"), proof) == parse_claim("correct >= 3")
    with pytest.raises(Rejected, match="does not state what was asked"):
        stated_claim(asked, with_field(proof, "claim", lambda _: "no claim"))
    # Another matrix of the same rows is false.
    table[0, 0] -= 1
    table[0, 1] += 1
    false = f"confusion_matrix == {table.tolist()}".replace(", ", ",")
    lie = asserting(false)
    with pytest.raises(ProvingFailed, match="other numbers"):
        prove(lie.statement, lie.model, lie.opening)
    assert reason_of(lie.statement, prove_columns(lie.statement, lie.columns()).proof) is Reason.PAD_LINEAR


def test_a_conjunction_and_its_findings() -> None:
    subjects = ("accuracy", "recall[8]", "accuracy[group=2]", "min_group_accuracy")
    atoms = [f"{subject} >= {value(subject)}" for subject in subjects]
    case = asserting(" and ".join([*atoms, "top_k_accuracy[2] == ?", "predicted[3] >= 1", "accuracy <= 1"]))
    verdict = proved(case)
    found = {parse_claim(f.atom).atoms[0].subject + f.atom[-3:] * ("<=" in f.atom): f for f in verdict.findings}
    labels, groups = case.statement.dataset.labels, case.statement.dataset.groups
    assert groups is not None
    accuracy = found["accuracy"]
    assert verdict.correct == accuracy.at_least == value("correct")
    assert verdict.lower_bound == accuracy.lower_bound == clopper_pearson_lower(int(value("correct")), SAMPLES)
    assert not verdict.exact
    assert accuracy.exactly is None
    eights = int((labels == 8).sum())
    assert (found["recall[8]"].at_least, found["recall[8]"].of) == (value("recall[8]") * eights, eights)
    assert found["accuracy[group=2]"].of == int((groups == 2).sum())
    best = found["top_k_accuracy[2]"]
    assert best.at_least == best.exactly == value("top_k_accuracy[2]") * SAMPLES
    assert (found["predicted[3]"].at_least, found["predicted[3]"].lower_bound) == (1, None)
    assert (found["min_group_accuracy"].at_least, found["min_group_accuracy"].of) == (None, None)
    assert all(f.words.endswith(".") and "\n" not in f.words for f in verdict.findings)
    assert found["recall[8]"].words.startswith("The share of the samples of class 8 that the model finds is at least")


SMALL = {"widths": (4, 5, 3), "samples": 60, "groups": 3, "seed": 2}
"""Every metric of it lies inside of its range."""

Cells = dict[tuple[str, tuple[int, ...]], int]


def moved(columns: Columns, changes: dict[tuple[str, int], int]) -> Cells:
    """Static cells, each moved by a step."""
    return {(name, (place,)): int(columns[name][place]) + step for (name, place), step in changes.items()}


def flipped_hit(columns: Columns) -> Cells:
    sample = int(np.flatnonzero(columns["top k/hit 1"][0] == 0)[0])
    return {("top k/hit 1", (0, sample)): 1}


def denied_rival(columns: Columns) -> Cells:
    """A class that outranks the label, declared behind it at a distance below zero."""
    sample = int(np.flatnonzero(columns["top k/rank"][0] == 1)[0])
    rival = int(np.flatnonzero(columns["top k/ahead"][:, sample])[0])
    lead = int(columns["top k/lead"][rival, sample])
    limbs = sorted(name for name in columns if name.startswith("top k/distance limb"))
    return {
        ("top k/ahead", (rival, sample)): 0,
        **{(name, (rival, sample)): -lead if name == limbs[0] else 0 for name in limbs},
        ("top k/rank", (0, sample)): 0,
        ("top k/hit 1", (0, sample)): 1,
    }


def other_label(columns: Columns) -> Cells:
    """The prediction in place of a label that it misses, with everything that follows from it."""
    sample = int(np.flatnonzero(columns["top k/rank"][0] > 0)[0])
    prediction = columns["argmax/prediction"][:, sample]
    later = np.cumsum(prediction[::-1])[::-1] - prediction
    logit = later.copy()
    weight = 1
    for name in sorted(name for name in columns if name.startswith("argmax/difference limb")):
        logit += weight * columns[name][:, sample]
        weight *= int(columns[name].max() + 1).bit_length() and 1 << limb_bits(columns, name)
    changes: Cells = {}
    chosen = int(prediction.argmax())
    lead = int(logit[chosen]) - logit + later
    for c in range(len(prediction)):
        changes["top k/label", (c, sample)] = int(c == chosen)
        changes["top k/lead", (c, sample)] = int(lead[c])
        changes["top k/ahead", (c, sample)] = 0
        rest = -int(lead[c])
        for name in sorted(name for name in columns if name.startswith("top k/distance limb")):
            bits = limb_bits(columns, name)
            changes[name, (c, sample)] = rest & ((1 << bits) - 1)
            rest >>= bits
    return changes | {
        ("top k/depth", (0, sample)): int(logit[chosen]),
        ("top k/rank", (0, sample)): 0,
        ("top k/hit 1", (0, sample)): 1,
    }


def limb_bits(columns: Columns, name: str) -> int:
    """The bits of a limb column of the small case."""
    column = random_case(**SMALL, claim="top_k_accuracy[1] >= 0").statement.layout.circuit.columns[name]  # type: ignore[arg-type]
    return column.interval.high.bit_length()


@dataclass(frozen=True)
class Lie:
    """A claim that an honest witness meets, false cells, and the relations that have to see them."""

    claim: str
    cells: Callable[[Columns], Cells]
    seen: set[str]


LIES = {
    "a count": Lie(
        "demographic_parity_difference[1] <= 0.5",
        lambda c: moved(c, {("claim/count limb 0", 0): 1}),
        {"claim/count 0", "claim/selected of groups -1 and 0", "claim/selected of groups 1 and -1"},
    ),
    "two alternatives": Lie(
        "min_group_accuracy <= 0.9",
        lambda c: {("claim/choice limb 0", (k,)): int(k < 2) for k in range(3)},
        {"claim/choice of one"},
    ),
    "no alternative": Lie(
        "min_group_accuracy <= 0.9",
        lambda c: {("claim/choice limb 0", (k,)): 0 for k in range(3)},
        {"claim/choice of one"},
    ),
    "alternatives that cancel": Lie(
        "min_group_accuracy <= 0.9",
        lambda c: {("claim/choice limb 0", (k,)): (2, -1, 0)[k] for k in range(3)},
        {"claim/choice limb 0 in range"},
    ),
    "a hit": Lie("top_k_accuracy[1] >= 0.1", flipped_hit, {"top k/hit 1 by rank"}),
    "a rival": Lie("top_k_accuracy[1] >= 0.1", denied_rival, {"top k/distance limb 0 in range"}),
    "a label": Lie("top_k_accuracy[1] >= 0.1", other_label, {"top k/labels"}),
    "a quotient": Lie(
        "macro_f1 >= 0.25",
        lambda c: moved(c, {("claim/at least/quotient", 0): 1}),
        {"claim/at least/products in table"},
    ),
    "a product": Lie(
        "macro_f1 <= 0.75",
        lambda c: moved(c, {("claim/at most/product", 0): 1}),
        {"claim/at most/products in table", "claim/at most/digit 0 of class 0"},
    ),
    "a denominator": Lie(
        "macro_f1 <= 0.75",
        lambda c: moved(c, {("claim/at most/denominator", 1): 1}),
        {"claim/at most/denominator of class 0"},
    ),
    "a remainder": Lie(
        "macro_f1 >= 0.25",
        lambda c: moved(c, {("claim/at least/remainder limb 0", 1): 1, ("claim/at least/room limb 0", 1): -1}),
        {"claim/at least/digit 0 of class 1"},
    ),
    "a carry": Lie(
        "macro_f1 >= 0.25",
        lambda c: moved(c, {("claim/at least/carry limb 0", 0): 1}),
        {"claim/at least/digit 0 of class 0", "claim/at least/digit 1 of class 0"},
    ),
    "a digit of a slack": Lie(
        "f1[0] >= 0.123456789012345678",
        lambda c: moved(c, {("claim/slack digit limb 0", 0): 1 if int(c["claim/slack digit limb 0"][0]) < 255 else -1}),
        {"claim/right among predicted and labelled, digit 0"},
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_inside_a_claim_is_rejected(name: str) -> None:
    lie = LIES[name]
    case = random_case(**SMALL, claim=lie.claim)  # type: ignore[arg-type]
    honest = case.columns()
    columns = with_cells(case.statement, honest, lie.cells(honest))
    assert not check_columns(case.statement.layout.circuit, honest).violations
    seen = {violation.constraint for violation in check_columns(case.statement.layout.circuit, columns).violations}
    assert lie.seen <= seen
    assert reason_of(case.statement, prove_columns(case.statement, columns).proof) is Reason.PAD_LINEAR


def test_groups_are_part_of_the_statement() -> None:
    case = random_case(**SMALL, claim="accuracy[group=0] >= 0")  # type: ignore[arg-type]
    proof = prove(case.statement, case.model, case.opening).proof
    data = case.statement.dataset
    assert data.groups is not None
    for groups in (data.groups[::-1].copy(), None):
        other = replace(case.statement, dataset=replace(data, groups=groups), claim=parse_claim("accuracy >= 0"))
        assert reason_of(other, proof) is Reason.WRONG_DATA


@pytest.mark.parametrize(
    ("claim", "other", "implied"),
    [
        ("accuracy >= 0.9", "accuracy >= 0.8", True),
        ("accuracy >= 0.8", "accuracy >= 0.9", False),
        ("accuracy >= 0.9", "correct >= 0", False),
        ("correct == 5", "correct >= 4 and correct <= 6", True),
        ("correct == 5", "correct >= 6", False),
        ("correct >= 5", "correct == 5", False),
        ("recall[1] >= 0.9 and recall[2] >= 0.5", "recall[2] >= 0.4", True),
        ("recall[1] >= 0.9", "recall[2] >= 0.4", False),
        ("accuracy[group=1] >= 0.9", "accuracy >= 0.9", False),
        ("demographic_parity_difference <= 0.1", "demographic_parity_difference[1] <= 0.2", True),
        ("demographic_parity_difference <= 0.2", "demographic_parity_difference[1] <= 0.1", False),
        ("confusion_matrix == [[1,0],[0,1]]", "confusion_matrix", True),
        ("confusion_matrix", "confusion_matrix", False),
        ("confusion_matrix == [[1,0],[0,1]]", "confusion_matrix == [[0,1],[0,1]]", False),
        ("accuracy >= 0.5", "accuracy == ?", False),
    ],
)
def test_what_a_claim_implies(claim: str, other: str, implied: bool) -> None:
    assert parse_claim(claim).implies(parse_claim(other)) == implied


def test_what_a_claim_reveals() -> None:
    claim = parse_claim("accuracy >= 0.9 and correct == 3 and f1[2] <= 1/3 and confusion_matrix")
    first, second, third, last = claim.reveals()
    assert first.endswith("one bit, that it is at least 0.9")
    assert second == "correct: its exact value"
    assert third.endswith("one bit, that it is at most 1/3")
    assert last.startswith("confusion_matrix: ")
    assert all(metric.title in GRAMMAR for metric in Metric)
