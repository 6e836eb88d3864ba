"""What a held-out set says of predictions before there are any: the samples of each class and group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zkaudit.atom import Atom, Metric
from zkaudit.errors import InvalidInput
from zkaudit.relation import Integers
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.tally import Tally


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The public side of predictions: labels (samples,), groups (samples,) or None, and the number of classes."""

    labels: Integers
    groups: Integers | None
    classes: int

    @cached_property
    def class_sizes(self) -> list[int]:
        """Samples of each class."""
        return [int(n) for n in np.bincount(self.labels, minlength=self.classes)]

    @cached_property
    def group_values(self) -> list[int]:
        """The groups in ascending order."""
        assert self.groups is not None
        return [int(value) for value in np.unique(self.groups)]

    def require_defined(self, atom: Atom) -> None:
        """InvalidInput where a class, a rank or a group does not exist, or has no samples to divide by."""
        if atom.metric.takes == "class":
            index = index_of(atom)
            if index >= self.classes:
                raise undefined(atom, f"class {index} of {self.classes}", "a class of the model")
            if atom.metric in (Metric.RECALL, Metric.F1) and not self.class_sizes[index]:
                raise undefined(atom, f"no sample has the label {index}", "a class that has samples")
        if atom.metric.takes == "rank" and not 1 <= index_of(atom) <= self.classes:
            raise undefined(atom, f"the first {atom.index} of {self.classes} classes", f"1 to {self.classes}")
        if atom.group is None and not atom.metric.compares_groups:
            return
        if self.groups is None:
            raise undefined(atom, "the held-out set has no groups", "an array `groups`, one integer a sample")
        if atom.group is not None and atom.group not in self.group_values:
            raise undefined(atom, f"no sample is of group {atom.group}", "a group that has samples")
        if atom.metric is Metric.MIN_GROUP_ACCURACY or not atom.metric.compares_groups:
            return
        if len(self.group_values) < 2:
            raise undefined(atom, "the held-out set has one group", "at least two")
        if atom.metric is Metric.EQUALIZED_ODDS_DIFFERENCE:
            for group in self.group_values:
                positive = self.labels[self.groups == group] == atom.index
                if positive.all() or not positive.any():
                    lacks = "without" if positive.all() else "with"
                    raise undefined(
                        atom, f"group {group} has no sample {lacks} the label {atom.index}", "both in every group"
                    )

    def right(self, chosen: Integers) -> Tally:
        """Right predictions among some samples."""
        return Tally(column=PREDICTION, positions=self.labels[chosen], samples=chosen)

    def predicted(self, index: int, chosen: Integers) -> Tally:
        """Predictions of a class among some samples."""
        return Tally(column=PREDICTION, positions=np.broadcast_to(np.int64(index), chosen.shape), samples=chosen)

    def of_class(self, index: int) -> Integers:
        """The samples of a class."""
        return np.flatnonzero(self.labels == index)

    def of_group(self, group: int | None) -> Integers:
        """The samples of a group, or all; one array for all who ask, as they keep it."""
        if group not in self._chosen:
            every = group is None
            self._chosen[group] = np.arange(len(self.labels)) if every else np.flatnonzero(self.groups == group)
        return self._chosen[group]

    @cached_property
    def _chosen(self) -> dict[int | None, Integers]:
        return {}


def undefined(atom: Atom, fault: str, expected: str) -> InvalidInput:
    """The refusal of an atom that the held-out set gives no meaning."""
    return InvalidInput(fault, where=f"claim {atom.subject}", expected=expected)


def index_of(atom: Atom) -> int:
    """The class or the rank of an atom that has one."""
    assert atom.index is not None
    return atom.index
