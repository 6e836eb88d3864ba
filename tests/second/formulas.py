"""Section "Claim gadget": the tallies and constraints of an atom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import gcd, lcm

from tests.second.language import Atom
from tests.second.wire import require

PREDICTION = "argmax/prediction"


@dataclass(frozen=True)
class Tally:
    """Cells (position, sample) of a column of bits."""

    column: str
    positions: list[int]
    samples: list[int]

    @property
    def maximum(self) -> int:
        """The number of cells."""
        return len(self.samples)


@dataclass(frozen=True)
class Constraint:
    """sum of factors * tallies + constant >= 0, or == 0."""

    name: str
    terms: list[tuple[int, int]]
    constant: int
    exact: bool = False

    def bounds(self, tallies: list[Tally]) -> tuple[int, int]:
        """Least and greatest value."""
        ends = [(0, factor * tallies[t].maximum) for t, factor in self.terms]
        return self.constant + sum(map(min, ends)), self.constant + sum(map(max, ends))


@dataclass
class Formula:
    """All of `every` and, if there is any, one of `some`."""

    tallies: list[Tally] = field(default_factory=list)
    every: list[Constraint] = field(default_factory=list)
    some: list[Constraint] = field(default_factory=list)
    committed: bool = False


class Truth:
    """Labels, groups and classes."""

    def __init__(self, labels: list[int], groups: list[int] | None, classes: int) -> None:
        self.labels, self.classes = labels, classes
        self.of = dict(enumerate(groups or []))
        self.groups = sorted(set(groups or []))
        self.samples = range(len(labels))

    def chosen(self, label: int | None = None, group: int | None = None) -> list[int]:
        """Samples of a label and of a group."""
        return [
            n
            for n in self.samples
            if (label is None or self.labels[n] == label) and (group is None or self.of[n] == group)
        ]

    def right(self, samples: list[int]) -> Tally:
        """Right predictions."""
        return Tally(PREDICTION, [self.labels[n] for n in samples], samples)

    def predicted(self, index: int, samples: list[int]) -> Tally:
        """Predictions of a class."""
        return Tally(PREDICTION, [index] * len(samples), samples)

    def check(self, atom: Atom) -> None:
        """What has to exist."""
        if atom.index is not None:
            rank = atom.metric == "top_k_accuracy"
            require(rank <= atom.index < self.classes + rank, "statement", "class or rank")
        if atom.metric in ("recall", "f1"):
            require(bool(self.chosen(atom.index)), "statement", "an empty class")
        if atom.group is not None:
            require(atom.group in self.groups, "statement", "group")
        if atom.metric == "min_group_accuracy":
            require(bool(self.groups), "statement", "groups")
        if atom.metric.endswith("_difference"):
            require(len(self.groups) >= 2, "statement", "groups")
        if atom.metric == "equalized_odds_difference":
            for group in self.groups:
                size = len(self.chosen(group=group))
                require(0 < len(self.chosen(atom.index, group)) < size, "statement", "an empty group")


def formula_of(truth: Truth, atom: Atom) -> Formula:
    """The formula of an atom that is no macro F1."""
    result = Formula()
    RULES[atom.metric](truth, atom, result)
    for constraint in result.every:
        low, high = constraint.bounds(result.tallies)
        require(low <= 0 <= high, "statement", "no predictions meet the claim")
    return result


def compared(name: str, terms: list[tuple[int, int]], constant: int, relation: str, tallies: list[Tally]) -> Constraint:
    """The constraint of `terms + constant relation 0`."""
    if relation == "<=":
        terms, constant = [(t, -factor) for t, factor in terms], -constant
    divisor = gcd(*(factor for _, factor in terms))
    exact = relation == "=="
    require(not exact or constant % divisor == 0, "statement", "no predictions meet the claim")
    result = Constraint(name, [(t, factor // divisor) for t, factor in terms], constant // divisor, exact)
    low = result.bounds(tallies)[0]
    return replace(result, constant=result.constant - low) if low > 0 and not exact else result


def _share(name: str, tally: Tally, total: int, atom: Atom, result: Formula) -> None:
    result.tallies = [tally]
    a, b = atom.value.numerator, atom.value.denominator
    result.every = [compared(name, [(0, b)], -a * total, atom.relation, result.tallies)]


def _accuracy(truth: Truth, atom: Atom, result: Formula) -> None:
    samples = truth.chosen(group=atom.group)
    _share("correct count", truth.right(samples), 1 if atom.metric == "correct" else len(samples), atom, result)


def _predicted(truth: Truth, atom: Atom, result: Formula) -> None:
    _share("predicted count", truth.predicted(_index(atom), truth.chosen(group=atom.group)), 1, atom, result)


def _recall(truth: Truth, atom: Atom, result: Formula) -> None:
    samples = truth.chosen(atom.index)
    _share("recalled count", truth.right(samples), len(samples), atom, result)


def _top_k(truth: Truth, atom: Atom, result: Formula) -> None:
    samples = truth.chosen()
    tally = Tally(f"top k/hit {atom.index}", [0] * len(samples), samples)
    _share("hit count", tally, len(samples), atom, result)


def _balanced(truth: Truth, atom: Atom, result: Formula) -> None:
    result.tallies = [truth.right(samples) for c in range(truth.classes) if (samples := truth.chosen(c))]
    common = lcm(*(tally.maximum for tally in result.tallies))
    a, b = atom.value.numerator, atom.value.denominator
    terms = [(t, b * (common // tally.maximum)) for t, tally in enumerate(result.tallies)]
    constant = -a * len(terms) * common
    result.every = [compared("sum of recalls", terms, constant, atom.relation, result.tallies)]


def _precision(truth: Truth, atom: Atom, result: Formula) -> None:
    result.tallies = [truth.right(truth.chosen(atom.index)), truth.predicted(_index(atom), truth.chosen())]
    a, b = atom.value.numerator, atom.value.denominator
    share = compared("right among predicted", [(0, b), (1, -a)], 0, atom.relation, result.tallies)
    result.every = [share, Constraint("predicted at all", [(1, 1)], -1)]


def _f1(truth: Truth, atom: Atom, result: Formula) -> None:
    samples = truth.chosen(atom.index)
    result.tallies = [truth.right(samples), truth.predicted(_index(atom), truth.chosen())]
    a, b = atom.value.numerator, atom.value.denominator
    terms = [(0, 2 * b), (1, -a)]
    name = "right among predicted and labelled"
    result.every = [compared(name, terms, -a * len(samples), atom.relation, result.tallies)]


def _confusion(truth: Truth, atom: Atom, result: Formula) -> None:
    assert atom.matrix is not None
    require(len(atom.matrix) == truth.classes, "statement", "matrix")
    for row, cells in enumerate(atom.matrix):
        samples = truth.chosen(row)
        require(len(cells) == truth.classes and sum(cells) == len(samples), "statement", "matrix")
        for column, count in enumerate(cells):
            result.every.append(Constraint(f"cell {row} {column}", [(len(result.tallies), 1)], -count, True))
            result.tallies.append(truth.predicted(column, samples))


def _differences(truth: Truth, atom: Atom, families: list[tuple[str, list[Tally]]], result: Formula) -> None:
    result.tallies = [tally for _, family in families for tally in family]
    result.committed = True
    a, b = atom.value.numerator, atom.value.denominator

    def pairs(relation: str) -> Iterator[Constraint]:
        first = 0
        for words, family in families:
            for g, one in enumerate(family):
                for h, other in enumerate(family):
                    if g != h:
                        terms = [(first + g, b * other.maximum), (first + h, -b * one.maximum)]
                        name = f"{words} of groups {truth.groups[g]} and {truth.groups[h]}"
                        constant = -a * one.maximum * other.maximum
                        yield compared(name, terms, constant, relation, result.tallies)
            first += len(family)

    result.every = list(pairs("<=")) if atom.relation != ">=" else []
    result.some = list(pairs(">=")) if atom.relation != "<=" else []


def _parity(truth: Truth, atom: Atom, result: Formula) -> None:
    rates = [truth.predicted(_index(atom), truth.chosen(group=group)) for group in truth.groups]
    _differences(truth, atom, [("selected", rates)], result)


def _odds(truth: Truth, atom: Atom, result: Formula) -> None:
    inside = [truth.chosen(group=group) for group in truth.groups]
    families = []
    for words, positive in (("true positives", True), ("false positives", False)):
        chosen = [[n for n in samples if (truth.labels[n] == atom.index) == positive] for samples in inside]
        families.append((words, [truth.predicted(_index(atom), samples) for samples in chosen]))
    _differences(truth, atom, families, result)


def _min_group(truth: Truth, atom: Atom, result: Formula) -> None:
    result.tallies = [truth.right(truth.chosen(group=group)) for group in truth.groups]
    result.committed = True
    a, b = atom.value.numerator, atom.value.denominator

    def bounds(relation: str) -> list[Constraint]:
        return [
            compared(f"correct count of group {group}", [(t, b)], -a * tally.maximum, relation, result.tallies)
            for t, (group, tally) in enumerate(zip(truth.groups, result.tallies, strict=True))
        ]

    result.every = bounds(">=") if atom.relation != "<=" else []
    result.some = bounds("<=") if atom.relation != ">=" else []


def _index(atom: Atom) -> int:
    assert atom.index is not None
    return atom.index


RULES: dict[str, Callable[[Truth, Atom, Formula], None]] = {
    "accuracy": _accuracy,
    "correct": _accuracy,
    "predicted": _predicted,
    "balanced_accuracy": _balanced,
    "recall": _recall,
    "precision": _precision,
    "f1": _f1,
    "top_k_accuracy": _top_k,
    "confusion_matrix": _confusion,
    "demographic_parity_difference": _parity,
    "equalized_odds_difference": _odds,
    "min_group_accuracy": _min_group,
}
