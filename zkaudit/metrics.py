"""What each metric is: the exact value of an atom on predictions, as a rational or a matrix.

The oracle of the tests is scikit-learn and fairlearn; ties of a ranking go to the lowest index, where scikit-learn
takes the highest.
Source: docs/protocol.md, "Claim".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from zkaudit.atom import Atom, Metric, Table
from zkaudit.claim import Claim
from zkaudit.constraints import require_defined
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.relation import Integers

Flags = NDArray[np.bool_]

Value = Fraction | Table | None
"""None is the precision of a class that is never predicted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """Predicted classes (samples,) of a held-out set, and how many classes outrank each label, where it is asked."""

    predicted: Integers
    dataset: HeldOutSet
    classes: int
    ranks: Integers | None = None

    def share(self, right: Flags, among: Flags | None = None) -> Fraction:
        """The share of the true entries (samples,), among the true ones of another array."""
        chosen = right if among is None else right[among]
        return Fraction(int(chosen.sum()), len(chosen))

    def of_group(self, group: int | None) -> Flags:
        """The samples of a group, or all."""
        groups = self.dataset.groups
        return np.ones(self.dataset.samples, bool) if group is None or groups is None else groups == group

    @property
    def right(self) -> Flags:
        """Predictions that are the label."""
        return np.equal(self.predicted, self.dataset.labels)

    def over_groups(self, right: Flags, among: Flags | None = None) -> list[Fraction]:
        """The share in each group, in ascending order of the groups."""
        assert self.dataset.groups is not None
        inside = np.ones(self.dataset.samples, bool) if among is None else among
        return [self.share(right, inside & (self.dataset.groups == group)) for group in np.unique(self.dataset.groups)]


def measure(atom: Atom, predictions: Predictions) -> Value:
    """The value of an atom's metric; the atom is defined on the held-out set."""
    return _MEASURES[atom.metric](atom, predictions)


def holds(atom: Atom, value: Value) -> bool:
    """Whether a measured value is as the atom says; an undefined one is not."""
    if isinstance(value, tuple):
        return value == atom.table
    if value is None or atom.value is None:
        return False
    if atom.relation == "==":
        return value == atom.value
    return value >= atom.value if atom.relation == ">=" else value <= atom.value


def close(claim: Claim, predictions: Predictions) -> Claim:
    """The claim with measured values where it is open.

    InvalidInput for a metric that the held-out set leaves undefined, and for a value that a claim cannot state.
    """
    values: dict[str, Fraction | Table] = {}
    if claim.is_open:
        require_defined(claim, predictions.dataset, predictions.classes)
    for atom in claim.atoms:
        value = measure(atom, predictions) if atom.is_open else None
        if value is not None:
            values[atom.subject] = value
        elif atom.is_open:
            raise InvalidInput(described(atom, None), where=f"claim {atom.subject}", expected="a value to state")
    return claim.closed(values)


def close_on_labels(claim: Claim, dataset: HeldOutSet, classes: int) -> Claim:
    """The claim with the values of a model that is always right where it is open: of the size of any other closing."""
    ranks = np.zeros_like(dataset.labels)
    perfect = Predictions(predicted=dataset.labels, dataset=dataset, classes=classes, ranks=ranks)
    return close(claim, perfect)


def described(atom: Atom, value: Value) -> str:
    """A measured value in words."""
    if value is None:
        return f"class {atom.index} is never predicted"
    if isinstance(value, tuple):
        return f"the matrix has other numbers, {sum(row[i] for i, row in enumerate(value))} on its diagonal"
    if value.denominator == 1:
        return f"{atom.subject} is {value.numerator}"
    written = f"{value.numerator}/{value.denominator}"
    return f"{atom.subject} is {float(value):.6f}" + (f", {written}" if len(written) < 40 else "")


def _accuracy(atom: Atom, p: Predictions) -> Value:
    return p.share(p.right, p.of_group(atom.group))


def _correct(atom: Atom, p: Predictions) -> Value:
    return Fraction(int((p.right & p.of_group(atom.group)).sum()))


def _predicted(atom: Atom, p: Predictions) -> Value:
    return Fraction(int(((p.predicted == atom.index) & p.of_group(atom.group)).sum()))


def _recall(atom: Atom, p: Predictions) -> Value:
    return p.share(p.predicted == atom.index, p.dataset.labels == atom.index)


def _balanced_accuracy(atom: Atom, p: Predictions) -> Value:
    labels = p.dataset.labels
    present = np.unique(labels)
    return sum((p.share(p.predicted == c, labels == c) for c in present), Fraction(0)) / len(present)


def _precision(atom: Atom, p: Predictions) -> Value:
    inside = p.predicted == atom.index
    return p.share(p.dataset.labels == atom.index, inside) if inside.any() else None


def _f1_of(index: int, p: Predictions) -> Fraction:
    """Zero for a class that is neither predicted nor a label."""
    predicted, labelled = p.predicted == index, p.dataset.labels == index
    total = int(predicted.sum() + labelled.sum())
    return Fraction(2 * int((predicted & labelled).sum()), total) if total else Fraction(0)


def _f1(atom: Atom, p: Predictions) -> Value:
    return _f1_of(atom.index or 0, p)


def _macro_f1(atom: Atom, p: Predictions) -> Value:
    return sum((_f1_of(index, p) for index in range(p.classes)), Fraction(0)) / p.classes


def _top_k_accuracy(atom: Atom, p: Predictions) -> Value:
    assert p.ranks is not None
    assert atom.index is not None
    return p.share(p.ranks < atom.index)


def _confusion_matrix(atom: Atom, p: Predictions) -> Value:
    counts = np.bincount(p.dataset.labels * p.classes + p.predicted, minlength=p.classes**2)
    return tuple(tuple(row) for row in counts.reshape(p.classes, p.classes).tolist())


def _spread(rates: list[Fraction]) -> Fraction:
    return max(rates) - min(rates)


def _demographic_parity_difference(atom: Atom, p: Predictions) -> Value:
    return _spread(p.over_groups(p.predicted == atom.index))


def _equalized_odds_difference(atom: Atom, p: Predictions) -> Value:
    selected, positive = p.predicted == atom.index, p.dataset.labels == atom.index
    return max(_spread(p.over_groups(selected, inside)) for inside in (positive, ~positive))


def _min_group_accuracy(atom: Atom, p: Predictions) -> Value:
    return min(p.over_groups(p.right))


_MEASURES: dict[Metric, Callable[[Atom, Predictions], Value]] = {
    Metric.ACCURACY: _accuracy,
    Metric.CORRECT: _correct,
    Metric.PREDICTED: _predicted,
    Metric.BALANCED_ACCURACY: _balanced_accuracy,
    Metric.RECALL: _recall,
    Metric.PRECISION: _precision,
    Metric.F1: _f1,
    Metric.MACRO_F1: _macro_f1,
    Metric.TOP_K_ACCURACY: _top_k_accuracy,
    Metric.CONFUSION_MATRIX: _confusion_matrix,
    Metric.DEMOGRAPHIC_PARITY_DIFFERENCE: _demographic_parity_difference,
    Metric.EQUALIZED_ODDS_DIFFERENCE: _equalized_odds_difference,
    Metric.MIN_GROUP_ACCURACY: _min_group_accuracy,
}
