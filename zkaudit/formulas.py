"""The metrics as formulas: integer inequalities of tallies, cross-multiplied, never a division.

`A / B >= a / b` with a public or hidden B >= 1 is `b A - a B >= 0`.
Source: docs/protocol.md, "Claim gadget".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from zkaudit.atom import Atom, Metric
from zkaudit.errors import InvalidInput
from zkaudit.truth import Truth, index_of, undefined
from zkaudit_circuits.macro import MacroScore
from zkaudit_circuits.tally import Constraint, Formula, Tally
from zkaudit_circuits.top_k import hit

MAX_PRODUCTS = 1 << 18
"""Performance knob: most products of limbs of a macro F1: a hundred classes of a hundred samples each take a sixth."""

Terms = tuple[tuple[int, int], ...]


def formula_of(truth: Truth, atom: Atom) -> Formula:
    """The formula of an atom that is not open; InvalidInput for one that is undefined or that no predictions meet."""
    truth.require_defined(atom)
    return _FORMULAS[atom.metric](truth, atom)


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
    tally = truth.predicted(index_of(atom), truth.of_group(atom.group))
    return _share(atom, "predicted count", tally, 1)


def _recall(truth: Truth, atom: Atom) -> Formula:
    chosen = truth.of_class(index_of(atom))
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
    value, index = _value(atom), index_of(atom)
    tallies = (truth.right(truth.of_class(index)), truth.predicted(index, truth.of_group(None)))
    terms = ((0, value.denominator), (1, -value.numerator))
    constraint = _compared(atom, atom.relation, "right among predicted", terms, 0, tallies)
    some = Constraint(name="predicted at all", terms=((1, 1),), constant=-1)
    return Formula(tallies=tallies, every=(_met(atom, constraint, tallies), some))


def _f1(truth: Truth, atom: Atom) -> Formula:
    """Twice the right predictions of the class by its predictions and samples together."""
    value, index = _value(atom), index_of(atom)
    tallies = (truth.right(truth.of_class(index)), truth.predicted(index, truth.of_group(None)))
    terms = ((0, 2 * value.denominator), (1, -value.numerator))
    constant = -value.numerator * truth.class_sizes[index]
    constraint = _compared(atom, atom.relation, "right among predicted and labelled", terms, constant, tallies)
    return Formula(tallies=tallies, every=(_met(atom, constraint, tallies),))


def macro_scores(truth: Truth, atom: Atom, name: str) -> Iterator[MacroScore]:
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
    tally = Tally(column=hit(index_of(atom)), positions=zeros, samples=chosen)
    return _share(atom, "hit count", tally, len(chosen))


def _confusion_matrix(truth: Truth, atom: Atom) -> Formula:
    """One equation a cell; a row adds up to the samples of its class, which is public."""
    table = atom.table
    assert table is not None
    if len(table) != truth.classes:
        raise undefined(atom, f"{len(table)} rows for {truth.classes} classes", "a row and a column for each class")
    tallies: list[Tally] = []
    every: list[Constraint] = []
    for row, cells in enumerate(table):
        chosen = truth.of_class(row)
        if sum(cells) != len(chosen):
            raise undefined(atom, f"row {row} adds up to {sum(cells)}", f"the {len(chosen)} samples of this label")
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
    rates = [truth.predicted(index_of(atom), truth.of_group(group)) for group in truth.group_values]
    return _between_groups(atom, [("selected", rates)], truth.group_values)


def _equalized_odds(truth: Truth, atom: Atom) -> Formula:
    """The same shares of the samples of the class, and of those of all other classes."""
    index = index_of(atom)
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
