"""Exact metrics against scikit-learn and fairlearn, and the circuits of claims against the metrics."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from sklearn import metrics as sklearn

from tests.claim_circuits import SUBJECTS, ClaimCase, random_claim_case, revealed_matrix, thresholds
from zkaudit.checking import check_columns
from zkaudit.claim import parse_claim
from zkaudit.errors import InvalidInput
from zkaudit.metrics import close_on_labels, holds, measure
from zkaudit_circuits.formula import FormulaGadget
from zkaudit_circuits.macro import MacroScore

Arrays = tuple[Any, Any, Any, int]


def binary(arrays: Arrays, metric: Callable[..., float], index: int = 1) -> float:
    y, p, g, _ = arrays
    return float(metric(y == index, p == index, sensitive_features=g))


def of_class(arrays: Arrays, metric: Callable[..., Any], index: int) -> float:
    y, p, _, classes = arrays
    return float(metric(y, p, labels=range(classes), average=None, zero_division=np.nan)[index])


ORACLES: dict[str, Callable[[Arrays], float]] = {
    "accuracy": lambda a: sklearn.accuracy_score(a[0], a[1]),
    "correct": lambda a: sklearn.accuracy_score(a[0], a[1], normalize=False),
    "accuracy[group=0]": lambda a: sklearn.accuracy_score(a[0][a[2] == 0], a[1][a[2] == 0]),
    "correct[group=-1]": lambda a: sklearn.accuracy_score(a[0][a[2] == -1], a[1][a[2] == -1], normalize=False),
    "predicted[1]": lambda a: fairlearn.selection_rate(a[0] == 1, a[1] == 1) * len(a[0]),
    "predicted[2, group=0]": lambda a: sklearn.confusion_matrix(a[0][a[2] == 0], a[1][a[2] == 0], labels=range(4))[
        :, 2
    ].sum(),
    "balanced_accuracy": lambda a: sklearn.balanced_accuracy_score(a[0], a[1]),
    "recall[1]": lambda a: of_class(a, sklearn.recall_score, 1),
    "precision[1]": lambda a: of_class(a, sklearn.precision_score, 1),
    "f1[2]": lambda a: of_class(a, sklearn.f1_score, 2),
    "macro_f1": lambda a: sklearn.f1_score(a[0], a[1], labels=range(a[3]), average="macro", zero_division=0),
    "demographic_parity_difference[1]": lambda a: binary(a, fairlearn.demographic_parity_difference),
    "equalized_odds_difference[1]": lambda a: binary(a, fairlearn.equalized_odds_difference),
    "min_group_accuracy": lambda a: fairlearn.MetricFrame(
        metrics=sklearn.accuracy_score, y_true=a[0], y_pred=a[1], sensitive_features=a[2]
    ).group_min(),
}


@pytest.mark.parametrize("subject", ORACLES)
def test_values_are_those_of_scikit_learn_and_fairlearn(subject: str) -> None:
    seen = set()
    for seed in range(25):
        case = random_claim_case(seed, samples=30 + 7 * seed)
        value = case.value(subject)
        arrays = (case.dataset.labels, case.predictions.predicted, case.dataset.groups, 4)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = ORACLES[subject](arrays)
        if value is None:
            assert np.isnan(expected)
            continue
        assert isinstance(value, Fraction)
        assert abs(float(value) - expected) < 1e-12
        seen.add(value)
    assert len(seen) > 5


def test_the_matrix_is_that_of_scikit_learn() -> None:
    for seed in range(5):
        case = random_claim_case(seed)
        expected = sklearn.confusion_matrix(case.dataset.labels, case.predictions.predicted, labels=range(4))
        assert case.value("confusion_matrix") == tuple(map(tuple, expected.tolist()))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_top_k_is_that_of_scikit_learn_where_no_logits_are_equal(k: int) -> None:
    for seed in range(5):
        case = random_claim_case(seed)
        logits = 4 * case.logits + np.arange(4)[:, None]
        apart = ClaimCase(dataset=case.dataset, logits=logits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # k = classes
            expected = sklearn.top_k_accuracy_score(case.dataset.labels, logits.T, k=k, labels=range(4))
        assert abs(float(apart.value(f"top_k_accuracy[{k}]")) - expected) < 1e-12  # type: ignore[arg-type]


def test_ties_of_a_ranking_go_to_the_lowest_index() -> None:
    case = random_claim_case(0)
    level = ClaimCase(dataset=case.dataset, logits=np.zeros((4, 23), np.int64))
    share = Fraction(int((case.dataset.labels < 2).sum()), 23)
    assert level.value("top_k_accuracy[2]") == share
    for seed in range(3):
        case = random_claim_case(seed)
        assert case.value("top_k_accuracy[1]") == case.value("accuracy")


def satisfied(case: ClaimCase, claim: str) -> bool:
    """Whether the honest witness satisfies the circuit; InvalidInput is for claims that nothing satisfies."""
    with suppress(InvalidInput):
        circuit, columns = case.witness(claim)
        return not check_columns(circuit, columns).violations
    with pytest.raises(InvalidInput, match="no predictions"):
        case.lower(claim)
    return False


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("seed", range(3))
def test_circuits_decide_at_the_threshold(subject: str, seed: int) -> None:
    case = random_claim_case(seed, skill=seed + 1)
    value = case.value(subject)
    if value is None:
        return
    assert isinstance(value, Fraction)
    outcomes = set()
    for claim in thresholds(subject, value):
        expected = holds(parse_claim(claim).atoms[0], value)
        assert satisfied(case, claim) == expected, claim
        outcomes.add(expected)
    assert outcomes == {False, True} or value in (0, 1)


def test_the_circuit_of_a_matrix() -> None:
    case = random_claim_case(4)
    claim = revealed_matrix(case)
    assert satisfied(case, claim)
    atom = parse_claim(claim).atoms[0]
    assert atom.table is not None
    rows = [list(row) for row in atom.table]
    place = next(i for i, cell in enumerate(rows[1]) if cell)
    rows[1][place] -= 1
    rows[1][(place + 1) % 4] += 1
    assert not satisfied(case, f"confusion_matrix == {str(rows).replace(' ', '')}")


def test_precision_without_predictions_is_false_in_every_relation() -> None:
    case = random_claim_case(0)
    logits = case.logits.copy()
    logits[1] = -9
    never = ClaimCase(dataset=case.dataset, logits=logits)
    assert never.value("precision[1]") is None
    for relation in (">=", "<=", "=="):
        for value in ("0", "0.5", "1"):
            claim = f"precision[1] {relation} {value}"
            assert not holds(parse_claim(claim).atoms[0], None)
            assert not satisfied(never, claim)


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("recall[3] >= 0", "no sample has the label 3"),
        ("f1[3] >= 0", "no sample has the label 3"),
        ("recall[4] >= 0", "class 4 of 4"),
        ("top_k_accuracy[5] >= 0", "first 5 of 4"),
        ("accuracy[group=7] >= 0", "no sample is of group 7"),
        ("equalized_odds_difference[3] <= 1", "no sample with the label 3"),
        ("confusion_matrix == [[1,2],[3,4]]", "2 rows for 4 classes"),
        ("confusion_matrix == [[8,0,0,1],[0,8,0,0],[0,0,7,0],[0,0,0,0]]", "row 0 adds up to 9"),
        ("macro_f1 >= 0.76", "no predictions"),
        ("correct >= 24", "no predictions"),
        ("recall[1] == 0.33", "no predictions"),
        ("accuracy == ?", "left open"),
    ],
)
def test_what_the_labels_leave_undefined_is_refused(claim: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        random_claim_case(0).lower(claim)


def test_claims_of_groups_need_groups() -> None:
    case = random_claim_case(0)
    for groups, fault in ((None, "no groups"), (np.zeros(23, np.int64), "one group")):
        dataset = type(case.dataset)(inputs=case.dataset.inputs, labels=case.dataset.labels, groups=groups)
        with pytest.raises(InvalidInput, match=fault):
            ClaimCase(dataset=dataset, logits=case.logits).lower("demographic_parity_difference <= 1")


@pytest.mark.parametrize(("samples", "classes"), [(1 << 20, 10), (10_000, 100)])
def test_a_macro_f1_of_many_samples_or_classes_fits(samples: int, classes: int) -> None:
    case = large(samples, classes)
    value = case.value("macro_f1")
    assert isinstance(value, Fraction)
    text = f"macro_f1 >= {float(value) - 1e-15:.18f}"
    _, gadget, _ = case.lower(text)
    (part,) = gadget.parts
    assert isinstance(part, MacroScore)
    assert part.denominator_limbs <= 4
    scaled = sum(-(-2 * part.scale * right // size) for right, size in counts(case))
    assert scaled >= part.scale * part.threshold
    assert sum(2 * right / size for right, size in counts(case)) == pytest.approx(float(part.threshold), abs=1e-9)


def counts(case: ClaimCase) -> list[tuple[int, int]]:
    """Right predictions, and predictions and samples, of each class."""
    matrix = case.value("confusion_matrix")
    assert isinstance(matrix, tuple)
    table = np.array(matrix)
    sums = (table.sum(axis=0) + table.sum(axis=1)).tolist()
    return [(int(table[c, c]), int(total)) for c, total in enumerate(sums)]


def large(samples: int, classes: int) -> ClaimCase:
    """Many predictions of which two thirds are right."""
    case = random_claim_case(0, samples=samples, classes=classes + 1, skill=0)
    generator = np.random.default_rng(1)
    chosen = np.where(generator.random(samples) < 0.6, case.dataset.labels, generator.integers(0, classes, samples))
    logits = np.zeros((classes, samples), np.int64)
    logits[chosen, np.arange(samples)] = 1
    return ClaimCase(dataset=case.dataset, logits=logits)


def test_a_macro_f1_beyond_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="products of limbs for 1000 classes"):
        large(4_000, 1000).lower("macro_f1 >= 0.5")


@pytest.mark.parametrize(
    "subject", ["f1[1]", "balanced_accuracy", "precision[1]", "demographic_parity_difference[1]", "min_group_accuracy"]
)
def test_thresholds_of_eighteen_digits_on_many_samples(subject: str) -> None:
    case = large(1 << 20, 3)
    value = case.value(subject)
    assert isinstance(value, Fraction)
    for step, expected in ((0, True), (1, False)):
        text = f"{subject} >= {Fraction(value.numerator * 10**17 // value.denominator + step, 10**17)}"
        assert holds(parse_claim(text).atoms[0], value) == expected
        _, gadget, _ = case.lower(text)
        (part,) = gadget.parts
        assert isinstance(part, FormulaGadget)
        tallies = [tally.count(predicted(case)) for tally in part.formula.tallies]
        assert part.formula.holds(tallies) == expected


def predicted(case: ClaimCase) -> dict[str, Any]:
    """The one-hot column."""
    one_hot = np.arange(len(case.logits))[:, None] == case.predictions.predicted[None, :]
    return {"argmax/prediction": one_hot.astype(np.int64)}


def test_an_atom_that_is_measured_is_closed() -> None:
    case = random_claim_case(1)
    for subject in SUBJECTS:
        atom = parse_claim(f"{subject} == ?").atoms[0]
        assert not holds(atom, measure(atom, case.predictions))


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("recall[3] == ?", "no sample has the label 3"),
        ("recall[9] == ?", "class 9 of 4"),
        ("accuracy[group=7] == ?", "no sample is of group 7"),
        ("equalized_odds_difference[3] == ?", "no sample with the label 3"),
        ("correct >= 1 and min_group_accuracy == ?", "no groups"),
    ],
)
def test_an_open_atom_that_is_undefined_is_not_closed(claim: str, fault: str) -> None:
    case = random_claim_case(0)
    dataset = replace(case.dataset, groups=None) if "min_group" in claim else case.dataset
    with pytest.raises(InvalidInput, match=fault):
        close_on_labels(parse_claim(claim), dataset, 4)
