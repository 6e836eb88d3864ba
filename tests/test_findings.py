"""What a verdict says of each atom: the sentence, the count, its denominator and the bound that follows."""

from __future__ import annotations

from math import floor

import numpy as np
import pytest
from scipy.stats import beta

from zkaudit.claim import parse_claim
from zkaudit.dataset import HeldOutSet
from zkaudit.findings import accuracy_of, findings_of

DATASET = HeldOutSet(
    inputs=np.zeros((1, 10), np.int64),
    labels=np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 2]),
    groups=np.array([5, 5, 5, 5, 5, 5, 7, 7, 7, 7]),
)
"""Three samples of class 0, three of class 1 and four of class 2; six of group 5 and four of group 7."""


def clopper_pearson(successes: int, samples: int) -> float:
    """The bound by the beta distribution, rounded down to six decimals."""
    return floor(10**6 * float(beta.ppf(0.05, successes, samples - successes + 1))) / 10**6


@pytest.mark.parametrize(
    ("atom", "words", "at_least", "of"),
    [
        ("accuracy >= 0.75", "The share of samples that the model gets right is at least 0.75.", 8, 10),
        (
            "accuracy[group=7] >= 0.6",
            "The share of samples that the model gets right in group 7 is at least 0.6.",
            3,
            4,
        ),
        ("correct >= 9", "The number of samples that the model gets right is at least 9.", 9, 10),
        ("correct[group=5] == 4", "The number of samples that the model gets right in group 5 is exactly 4.", 4, 6),
        ("recall[2] == 0.5", "The share of the samples of class 2 that the model finds is exactly 0.5.", 2, 4),
        ("recall[0] >= 1/3", "The share of the samples of class 0 that the model finds is at least 1/3.", 1, 3),
        (
            "top_k_accuracy[2] >= 0.81",
            "The share of samples whose label is among the model's first 2 classes is at least 0.81.",
            9,
            10,
        ),
    ],
)
def test_a_share_of_known_samples_bounds_that_of_the_population(atom: str, words: str, at_least: int, of: int) -> None:
    (found,) = findings_of(parse_claim(atom), DATASET)
    assert (found.atom, found.words, found.at_least, found.of) == (atom, words, at_least, of)
    assert found.exactly == (at_least if "==" in atom else None)
    assert found.lower_bound == clopper_pearson(at_least, of)
    assert found.table is None


@pytest.mark.parametrize(
    ("atom", "words", "of"),
    [
        ("accuracy <= 0.75", "The share of samples that the model gets right is at most 0.75.", 10),
        ("recall[1] <= 0.5", "The share of the samples of class 1 that the model finds is at most 0.5.", 3),
        ("balanced_accuracy >= 0.5", "The mean of the recalls of all classes is at least 0.5.", None),
        (
            "precision[1] >= 0.5",
            "The share of right ones among the model's predictions of class 1 is at least 0.5.",
            None,
        ),
        ("f1[2] == 0.5", "The F1 score of class 2 is exactly 0.5.", None),
        ("macro_f1 <= 0.5", "The mean of the F1 scores of all classes is at most 0.5.", None),
        (
            "demographic_parity_difference[1] <= 0.5",
            "The largest difference between groups in the share taken for class 1 is at most 0.5.",
            None,
        ),
        (
            "equalized_odds_difference[2] <= 0.5",
            "The largest difference between groups in the true or false positive rate of class 2 is at most 0.5.",
            None,
        ),
        ("min_group_accuracy >= 0.5", "The accuracy in the group where it is lowest is at least 0.5.", None),
    ],
)
def test_other_atoms_have_a_sentence_only(atom: str, words: str, of: int | None) -> None:
    (found,) = findings_of(parse_claim(atom), DATASET)
    assert (found.atom, found.words, found.of) == (atom, words, of)
    assert (found.at_least, found.exactly, found.lower_bound, found.table) == (None, None, None, None)


def test_how_often_a_class_is_predicted_bounds_no_success() -> None:
    (found,) = findings_of(parse_claim("predicted[1, group=7] == 3"), DATASET)
    assert found.words == "The number of samples that the model takes for class 1 in group 7 is exactly 3."
    assert (found.at_least, found.exactly, found.of, found.lower_bound) == (3, 3, 4, None)


def test_a_matrix_is_a_table() -> None:
    claim = parse_claim("confusion_matrix == [[3,0,0],[1,1,1],[0,0,4]]")
    (found,) = findings_of(claim, DATASET)
    assert found.words == "The number of predictions of each class on the samples of each class is as in the table."
    assert found.table == ((3, 0, 0), (1, 1, 1), (0, 0, 4))
    assert (found.at_least, found.exactly, found.of, found.lower_bound) == (None, None, None, None)
    assert accuracy_of(claim, 10) == (8, True)


@pytest.mark.parametrize(
    ("claim", "count", "exact"),
    [
        ("accuracy >= 0.75", 8, False),
        ("accuracy >= 0.9 and correct >= 5", 9, False),
        ("accuracy >= 0.5 and correct >= 9", 9, False),
        ("accuracy >= 0.5 and correct == 7", 7, True),
        ("accuracy >= 0.7 and correct == 7", 7, True),
        ("accuracy == 0.7 and correct >= 2", 7, True),
        ("correct >= 2 and correct <= 9", 2, False),
        ("accuracy <= 0.5", None, False),
        ("accuracy[group=5] == 0.5 and correct[group=7] >= 1", None, False),
        ("recall[1] == 1 and min_group_accuracy >= 0.5", None, False),
        ("predicted[1] == 5", None, False),
    ],
)
def test_the_right_predictions_that_a_claim_guarantees(claim: str, count: int | None, exact: bool) -> None:
    assert accuracy_of(parse_claim(claim), 10) == (count, exact)
