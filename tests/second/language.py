"""Section "Claim": the atoms of a canonical text."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import dataclass
from fractions import Fraction

from tests.second.wire import require

BRACKETS = {
    "accuracy": (False, True),
    "correct": (False, True),
    "predicted": (True, True),
    "balanced_accuracy": (False, False),
    "recall": (True, False),
    "precision": (True, False),
    "f1": (True, False),
    "macro_f1": (False, False),
    "top_k_accuracy": (True, False),
    "confusion_matrix": (False, False),
    "demographic_parity_difference": (True, False),
    "equalized_odds_difference": (True, False),
    "min_group_accuracy": (False, False),
}
"""Whether a metric takes a class or rank, and whether a group may narrow it."""


@dataclass(frozen=True)
class Atom:
    """A metric with its brackets, a relation, and a value or a matrix."""

    metric: str
    index: int | None
    group: int | None
    relation: str
    value: Fraction
    matrix: list[list[int]] | None


def read_claim(text: str) -> list[Atom]:
    """The atoms."""
    return [_atom(part) for part in text.split(" and ")]


def _atom(text: str) -> Atom:
    subject, relation, written = text.split(" ") if text.count("[[") else text.rsplit(" ", 2)
    metric, _, inside = subject.removesuffix("]").partition("[")
    index = group = None
    for part in filter(None, inside.split(", ")):
        if part.startswith("group="):
            group = int(part.removeprefix("group="))
        else:
            index = int(part)
    require(relation in (">=", "<=", "==") and metric in BRACKETS, "claim", text)
    require(BRACKETS[metric][0] == (index is not None) and (group is None or BRACKETS[metric][1]), "claim", text)
    if metric == "confusion_matrix":
        return Atom(metric, None, None, relation, Fraction(0), [list(row) for row in literal_eval(written)])
    return Atom(metric, index, group, relation, Fraction(written), None)
