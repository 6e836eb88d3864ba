"""What a verdict says, atom by atom: sentences, and the numbers that follow."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from zkaudit.atom import Atom, Metric, Table
from zkaudit.claim import Claim
from zkaudit.confidence import clopper_pearson_lower
from zkaudit.dataset import HeldOutSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One atom of an accepted claim, and what follows from it.

    `at_least` of `of` samples are successes, exactly `exactly` where the atom reveals it, for a share with a public
    denominator; `lower_bound` is the exact one-sided 95 % Clopper-Pearson bound for that share in the population.
    `table` is a revealed confusion matrix, [true][predicted].
    """

    atom: str
    words: str
    at_least: int | None = None
    exactly: int | None = None
    of: int | None = None
    lower_bound: float | None = None
    table: Table | None = None


def findings_of(claim: Claim, dataset: HeldOutSet) -> tuple[Finding, ...]:
    """One finding for each atom of a claim that has been verified on a held-out set."""
    return tuple(_finding(atom, dataset) for atom in claim.atoms)


def accuracy_of(claim: Claim, samples: int) -> tuple[int | None, bool]:
    """The greatest number of right predictions that an atom guarantees, and whether it is their number."""
    best: tuple[int | None, bool] = (None, False)
    for atom in claim.atoms:
        count = None
        if atom.table is not None:
            count = sum(row[index] for index, row in enumerate(atom.table))
        elif atom.metric in (Metric.ACCURACY, Metric.CORRECT) and atom.group is None and atom.relation != "<=":
            assert atom.value is not None
            count = ceil(atom.value * (samples if atom.metric is Metric.ACCURACY else 1))
        if count is not None and (best[0] is None or (atom.relation == "==", count) > (best[1], best[0])):
            best = count, atom.relation == "=="
    return best


def _finding(atom: Atom, dataset: HeldOutSet) -> Finding:
    if atom.table is not None:
        return Finding(atom=atom.text, words=_words(atom), table=atom.table)
    total = _denominator(atom, dataset)
    if total is None or atom.relation == "<=":
        return Finding(atom=atom.text, words=_words(atom), of=total)
    assert atom.value is not None
    count = ceil(atom.value if atom.metric.is_count else atom.value * total)
    # How often a class is predicted is no success of the model.
    bound = None if atom.metric is Metric.PREDICTED else clopper_pearson_lower(count, total)
    exactly = count if atom.relation == "==" else None
    return Finding(atom=atom.text, words=_words(atom), at_least=count, exactly=exactly, of=total, lower_bound=bound)


def _denominator(atom: Atom, dataset: HeldOutSet) -> int | None:
    """The samples that the metric is a share of, or a number of; None where that is no public number."""
    if atom.metric in (Metric.ACCURACY, Metric.CORRECT, Metric.PREDICTED, Metric.TOP_K_ACCURACY):
        inside = np.ones(dataset.samples, bool) if atom.group is None else dataset.groups == atom.group
        return int(np.sum(inside))
    if atom.metric is Metric.RECALL:
        return int(np.sum(dataset.labels == atom.index))
    return None


_SUBJECTS = {
    Metric.ACCURACY: "The share of samples that the model gets right",
    Metric.CORRECT: "The number of samples that the model gets right",
    Metric.PREDICTED: "The number of samples that the model takes for class {c}",
    Metric.BALANCED_ACCURACY: "The mean of the recalls of all classes",
    Metric.RECALL: "The share of the samples of class {c} that the model finds",
    Metric.PRECISION: "The share of right ones among the model's predictions of class {c}",
    Metric.F1: "The F1 score of class {c}",
    Metric.MACRO_F1: "The mean of the F1 scores of all classes",
    Metric.TOP_K_ACCURACY: "The share of samples whose label is among the model's first {c} classes",
    Metric.CONFUSION_MATRIX: "The number of predictions of each class on the samples of each class",
    Metric.DEMOGRAPHIC_PARITY_DIFFERENCE: "The largest difference between groups in the share taken for class {c}",
    Metric.EQUALIZED_ODDS_DIFFERENCE: "The largest difference between groups in the true or false positive rate of "
    "class {c}",
    Metric.MIN_GROUP_ACCURACY: "The accuracy in the group where it is lowest",
}


def _words(atom: Atom) -> str:
    """One sentence."""
    subject = _SUBJECTS[atom.metric].format(c=atom.index)
    inside = "" if atom.group is None else f" in group {atom.group}"
    if atom.table is not None:
        return f"{subject} is as in the table."
    bound = {">=": "at least", "<=": "at most", "==": "exactly"}[atom.relation]
    return f"{subject}{inside} is {bound} {atom.text.rpartition(' ')[2]}."
