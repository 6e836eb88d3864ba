"""What a claim asks of predictions: the gadget of all its atoms, within bounds for any text and any held-out set."""

from __future__ import annotations

from zkaudit.atom import Metric
from zkaudit.claim import Claim
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.formulas import formula_of, macro_scores
from zkaudit.truth import Truth, index_of
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.formula import FormulaGadget
from zkaudit_circuits.macro import MacroScore
from zkaudit_circuits.top_k import Ranking

MAX_CONSTRAINTS = 1 << 15
"""Performance knob: most inequalities and equations of a claim: a matrix of 181 classes, which is the largest text."""

MAX_CELLS = 1 << 27
"""Performance knob: most cells that the tallies of a claim name, each time they do: 128 for each of 2^20 samples."""


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
            scores = list(macro_scores(truth, atom, name))
            cells += sum(tally.maximum for score in scores for tally in (*score.right, *score.predicted))
            parts += scores
        else:
            formula = formula_of(truth, atom)
            constraints += len(formula.every) + len(formula.some)
            cells += formula.cells
            parts.append(FormulaGadget(name=name, formula=formula))
        # Held against the limits atom by atom, so that a stranger's claim ends before it has taken the memory.
        _require_at_most(constraints, MAX_CONSTRAINTS, "inequalities")
        _require_at_most(cells, MAX_CELLS, "samples to count")
    ks = {index_of(atom) for atom in claim.atoms if atom.metric is Metric.TOP_K_ACCURACY}
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
