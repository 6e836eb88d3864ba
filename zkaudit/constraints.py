"""What a claim asks of predictions, as integer inequalities of tallies: cross-multiplied, never a division.

`A / B >= a / b` with a public or hidden B >= 1 is `b A - a B >= 0`.
Source: docs/protocol.md, "Claim gadget".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np

from zkaudit.atom import Atom, Metric
from zkaudit.claim import Claim
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.relation import Integers
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.formula import FormulaGadget
from zkaudit_circuits.macro import MacroScore
from zkaudit_circuits.tally import Constraint, Formula, Tally
from zkaudit_circuits.top_k import Ranking, hit

MAX_PRODUCTS = 1 << 18
"""Performance knob: most products of limbs of a macro F1: a hundred classes of a hundred samples each take a sixth."""

MAX_CONSTRAINTS = 1 << 15
"""Performance knob: most inequalities and equations of a claim: a matrix of 181 classes, which is the largest text."""

MAX_CELLS = 1 << 27
"""Performance knob: most cells that the tallies of a claim name, each time they do: 128 for each of 2^20 samples."""

Terms = tuple[tuple[int, int], ...]


def claim_gadget(claim: Claim, dataset: HeldOutSet, classes: int) -> ClaimGadget:
    """The gadget of a claim on a held-out set.

    InvalidInput for a class, rank or group that does not exist, for a metric that the labels and groups leave
    undefined, and for a bound that no predictions meet.
    """
    if claim.is_open:
        raise InvalidInput("a value is left open", where="claim", expected="the values that the proof states")
    truth = Truth(labels=dataset.labels, groups=dataset.groups, classes=classes)
    parts: list[FormulaGadget | MacroScore] = []
    constraints = cells = 0
    for number, atom in enumerate(claim.atoms, 1):
        name = "claim" if number == 1 else f"claim {number}"
        if atom.metric is Metric.MACRO_F1:
            scores = list(_macro_f1(truth, atom, name))
            cells += sum(tally.maximum for score in scores for tally in (*score.right, *score.predicted))
            parts += scores
        else:
            formula = truth.formula(atom)
            constraints += len(formula.every) + len(formula.some)
            cells += formula.cells
            parts.append(FormulaGadget(name=name, formula=formula))
        # Held against the limits atom by atom, so that a stranger's claim ends before it has taken the memory.
        _require_at_most(constraints, MAX_CONSTRAINTS, "inequalities")
        _require_at_most(cells, MAX_CELLS, "samples to count")
    ks = {_index(atom) for atom in claim.atoms if atom.metric is Metric.TOP_K_ACCURACY}
    ranking = Ranking(labels=dataset.labels, ks=tuple(sorted(ks))) if ks else None
    return ClaimGadget(samples=dataset.samples, parts=tuple(parts), ranking=ranking)


def require_defined(claim: Claim, dataset: HeldOutSet, classes: int) -> None:
    """InvalidInput for an atom, open or not, that names what the held-out set lacks."""
    truth = Truth(labels=dataset.labels, groups=dataset.groups, classes=classes)
    for atom in claim.atoms:
        truth.require_defined(atom)


def _require_at_most(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise InvalidInput(
            f"{count} {what}",
            where="claim",
            expected=f"at most {limit}",
            next_step="use fewer samples, or prove it in several claims",
        )


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

    def formula(self, atom: Atom) -> Formula:
        """The formula of an atom that is not open."""
        self.require_defined(atom)
        return _FORMULAS[atom.metric](self, atom)

    def require_defined(self, atom: Atom) -> None:
        """InvalidInput where a class, a rank or a group does not exist, or has no samples to divide by."""
        if atom.metric.takes == "class":
            index = _index(atom)
            if index >= self.classes:
                raise _undefined(atom, f"class {index} of {self.classes}", "a class of the model")
            if atom.metric in (Metric.RECALL, Metric.F1) and not self.class_sizes[index]:
                raise _undefined(atom, f"no sample has the label {index}", "a class that has samples")
        if atom.metric.takes == "rank" and not 1 <= _index(atom) <= self.classes:
            raise _undefined(atom, f"the first {atom.index} of {self.classes} classes", f"1 to {self.classes}")
        if atom.group is None and not atom.metric.compares_groups:
            return
        if self.groups is None:
            raise _undefined(atom, "the held-out set has no groups", "an array `groups`, one integer a sample")
        if atom.group is not None and atom.group not in self.group_values:
            raise _undefined(atom, f"no sample is of group {atom.group}", "a group that has samples")
        if atom.metric is Metric.MIN_GROUP_ACCURACY or not atom.metric.compares_groups:
            return
        if len(self.group_values) < 2:
            raise _undefined(atom, "the held-out set has one group", "at least two")
        if atom.metric is Metric.EQUALIZED_ODDS_DIFFERENCE:
            for group in self.group_values:
                positive = self.labels[self.groups == group] == atom.index
                if positive.all() or not positive.any():
                    lacks = "without" if positive.all() else "with"
                    raise _undefined(
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


def _undefined(atom: Atom, fault: str, expected: str) -> InvalidInput:
    return InvalidInput(fault, where=f"claim {atom.subject}", expected=expected)


def _compared(
    atom: Atom, relation: str, name: str, terms: Terms, constant: int, tallies: Sequence[Tally]
) -> Constraint:
    """Of `V relation 0`, V = sum of terms + constant, the constraint in lowest terms.

    One that holds for all counts is moved to where its least value is zero, so that its slack stays small.
    """
    if relation == "<=":
        terms, constant = tuple((tally, -factor) for tally, factor in terms), -constant
    divisor = gcd(*(factor for _, factor in terms))
    exact = relation == "=="
    if exact and constant % divisor:
        raise _unmet(atom, terms, tallies)
    reduced = tuple((tally, factor // divisor) for tally, factor in terms)
    result = Constraint(name=name, terms=reduced, constant=constant // divisor, exact=exact)
    if exact:
        return result
    low, _ = result.bounds(tallies)
    return Constraint(name=name, terms=reduced, constant=result.constant - max(low, 0))


def _met(atom: Atom, constraint: Constraint, tallies: Sequence[Tally]) -> Constraint:
    """The constraint; InvalidInput where no counts meet it."""
    _, high = constraint.bounds(tallies)
    if high < 0:
        raise _unmet(atom, constraint.terms, tallies)
    return constraint


def _unmet(atom: Atom, terms: Terms, tallies: Sequence[Tally]) -> InvalidInput:
    reach = f"a number up to {tallies[terms[0][0]].maximum}" if len(terms) == 1 else "a value that predictions can have"
    return InvalidInput(
        f"no predictions on this held-out set make {atom.text[:80]} true", where="claim", expected=reach
    )


def _value(atom: Atom) -> Fraction:
    assert atom.value is not None
    return atom.value


def _index(atom: Atom) -> int:
    assert atom.index is not None
    return atom.index


def _share(atom: Atom, name: str, tally: Tally, total: int) -> Formula:
    """tally / total against the value; a count has the total 1."""
    value = _value(atom)
    terms, constant = ((0, value.denominator),), -value.numerator * total
    constraint = _compared(atom, atom.relation, name, terms, constant, [tally])
    return Formula(tallies=(tally,), every=(_met(atom, constraint, [tally]),))


def _accuracy(truth: Truth, atom: Atom) -> Formula:
    chosen = truth.of_group(atom.group)
    total = 1 if atom.metric is Metric.CORRECT else len(chosen)
    return _share(atom, "correct count", truth.right(chosen), total)


def _predicted(truth: Truth, atom: Atom) -> Formula:
    tally = truth.predicted(_index(atom), truth.of_group(atom.group))
    return _share(atom, "predicted count", tally, 1)


def _recall(truth: Truth, atom: Atom) -> Formula:
    chosen = truth.of_class(_index(atom))
    return _share(atom, "recalled count", truth.right(chosen), len(chosen))


def _balanced_accuracy(truth: Truth, atom: Atom) -> Formula:
    """The mean of the recalls of the classes that have samples, over their common denominator."""
    value = _value(atom)
    present = [index for index, size in enumerate(truth.class_sizes) if size]
    tallies = tuple(truth.right(truth.of_class(index)) for index in present)
    common = lcm(*(tally.maximum for tally in tallies))
    terms = tuple((t, value.denominator * (common // tally.maximum)) for t, tally in enumerate(tallies))
    constraint = _compared(
        atom, atom.relation, "sum of recalls", terms, -value.numerator * len(present) * common, tallies
    )
    return Formula(tallies=tallies, every=(_met(atom, constraint, tallies),))


def _precision(truth: Truth, atom: Atom) -> Formula:
    """Right predictions of the class by all predictions of it, of which there has to be one."""
    value, index = _value(atom), _index(atom)
    tallies = (truth.right(truth.of_class(index)), truth.predicted(index, truth.of_group(None)))
    terms = ((0, value.denominator), (1, -value.numerator))
    constraint = _compared(atom, atom.relation, "right among predicted", terms, 0, tallies)
    some = Constraint(name="predicted at all", terms=((1, 1),), constant=-1)
    return Formula(tallies=tallies, every=(_met(atom, constraint, tallies), some))


def _f1(truth: Truth, atom: Atom) -> Formula:
    """Twice the right predictions of the class by its predictions and samples together."""
    value, index = _value(atom), _index(atom)
    tallies = (truth.right(truth.of_class(index)), truth.predicted(index, truth.of_group(None)))
    terms = ((0, 2 * value.denominator), (1, -value.numerator))
    constant = -value.numerator * truth.class_sizes[index]
    constraint = _compared(atom, atom.relation, "right among predicted and labelled", terms, constant, tallies)
    return Formula(tallies=tallies, every=(_met(atom, constraint, tallies),))


def _macro_f1(truth: Truth, atom: Atom, name: str) -> Iterator[MacroScore]:
    """The sum of the F1 scores of the classes that have samples: the other classes have the score zero."""
    threshold = _value(atom) * truth.classes
    present = [index for index, size in enumerate(truth.class_sizes) if size]
    if threshold > len(present) and atom.relation != "<=":
        raise _unmet(atom, (), ())
    for up, words in ((True, "at least"), (False, "at most")):
        if atom.relation in ("==", ">=" if up else "<="):
            gadget = MacroScore(
                name=f"{name}/{words}",
                samples=len(truth.labels),
                right=tuple(truth.right(truth.of_class(index)) for index in present),
                predicted=tuple(truth.predicted(index, truth.of_group(None)) for index in present),
                threshold=threshold,
                up=up,
            )
            if gadget.products > MAX_PRODUCTS:
                raise InvalidInput(
                    f"{gadget.products} products of limbs for {len(present)} classes",
                    where=f"claim {atom.subject}",
                    expected=f"at most {MAX_PRODUCTS}",
                    next_step="use fewer samples or a threshold with fewer digits, or claim the f1 of each class",
                )
            yield gadget


def _top_k_accuracy(truth: Truth, atom: Atom) -> Formula:
    """The samples whose label is outranked by fewer than k classes."""
    chosen = truth.of_group(None)
    zeros = np.broadcast_to(np.int64(0), chosen.shape)
    tally = Tally(column=hit(_index(atom)), positions=zeros, samples=chosen)
    return _share(atom, "hit count", tally, len(chosen))


def _confusion_matrix(truth: Truth, atom: Atom) -> Formula:
    """One equation a cell; a row adds up to the samples of its class, which is public."""
    table = atom.table
    assert table is not None
    if len(table) != truth.classes:
        raise _undefined(atom, f"{len(table)} rows for {truth.classes} classes", "a row and a column for each class")
    tallies: list[Tally] = []
    every: list[Constraint] = []
    for row, cells in enumerate(table):
        chosen = truth.of_class(row)
        if sum(cells) != len(chosen):
            raise _undefined(atom, f"row {row} adds up to {sum(cells)}", f"the {len(chosen)} samples of this label")
        for column, count in enumerate(cells):
            every.append(
                Constraint(name=f"cell {row} {column}", terms=((len(tallies), 1),), constant=-count, exact=True)
            )
            tallies.append(truth.predicted(column, chosen))
    return Formula(tallies=tuple(tallies), every=tuple(every))


def _between_groups(atom: Atom, families: Sequence[tuple[str, list[Tally]]], names: list[int]) -> Formula:
    """The largest difference of two rates of one family against the value.

    It is at most v if every difference is, and at least v if some difference is.
    """
    value = _value(atom)
    tallies = [tally for _, family in families for tally in family]

    def differences(relation: str) -> Iterator[Constraint]:
        first = 0
        for words, family in families:
            for g, one in enumerate(family):
                for h, other in enumerate(family):
                    if g != h:
                        terms = (
                            (first + g, value.denominator * other.maximum),
                            (first + h, -value.denominator * one.maximum),
                        )
                        constant = -value.numerator * one.maximum * other.maximum
                        name = f"{words} of groups {names[g]} and {names[h]}"
                        yield _compared(atom, relation, name, terms, constant, tallies)
            first += len(family)

    every = tuple(_met(atom, c, tallies) for c in differences("<=")) if atom.relation != ">=" else ()
    some = tuple(differences(">=")) if atom.relation != "<=" else ()
    return Formula(tallies=tuple(tallies), every=every, some=some, committed=True)


def _demographic_parity(truth: Truth, atom: Atom) -> Formula:
    """Shares of the samples of a group that are predicted as the class."""
    rates = [truth.predicted(_index(atom), truth.of_group(group)) for group in truth.group_values]
    return _between_groups(atom, [("selected", rates)], truth.group_values)


def _equalized_odds(truth: Truth, atom: Atom) -> Formula:
    """The same shares of the samples of the class, and of those of all other classes."""
    index = _index(atom)
    positive = truth.labels == index
    families = []
    for words, inside in (("true positives", positive), ("false positives", ~positive)):
        chosen = [np.flatnonzero((truth.groups == group) & inside) for group in truth.group_values]
        families.append((words, [truth.predicted(index, samples) for samples in chosen]))
    return _between_groups(atom, families, truth.group_values)


def _min_group_accuracy(truth: Truth, atom: Atom) -> Formula:
    """At least v if every group's accuracy is, at most v if some group's is."""
    value = _value(atom)
    tallies = tuple(truth.right(truth.of_group(group)) for group in truth.group_values)

    def accuracies(relation: str) -> Iterator[Constraint]:
        for t, group in enumerate(truth.group_values):
            terms, constant = ((t, value.denominator),), -value.numerator * tallies[t].maximum
            yield _compared(atom, relation, f"correct count of group {group}", terms, constant, tallies)

    every = tuple(_met(atom, c, tallies) for c in accuracies(">=")) if atom.relation != "<=" else ()
    some = tuple(accuracies("<=")) if atom.relation != ">=" else ()
    return Formula(tallies=tallies, every=every, some=some, committed=True)


_FORMULAS: dict[Metric, Callable[[Truth, Atom], Formula]] = {
    Metric.ACCURACY: _accuracy,
    Metric.CORRECT: _accuracy,
    Metric.PREDICTED: _predicted,
    Metric.BALANCED_ACCURACY: _balanced_accuracy,
    Metric.RECALL: _recall,
    Metric.PRECISION: _precision,
    Metric.F1: _f1,
    Metric.TOP_K_ACCURACY: _top_k_accuracy,
    Metric.CONFUSION_MATRIX: _confusion_matrix,
    Metric.DEMOGRAPHIC_PARITY_DIFFERENCE: _demographic_parity,
    Metric.EQUALIZED_ODDS_DIFFERENCE: _equalized_odds,
    Metric.MIN_GROUP_ACCURACY: _min_group_accuracy,
}
