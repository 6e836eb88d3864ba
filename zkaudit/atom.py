"""One bound on one metric: `metric relation value`.

Metrics have the names and meanings of scikit-learn and fairlearn; `zkaudit.metrics` computes them.
A value is a rational from the first character on: floats err (`ceil(0.55 * 100)` is 56).
Source: docs/protocol.md, "Claim".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from zkaudit.errors import InvalidInput

MAX_DIGITS = 18
"""Performance knob: most digits of a number in a claim."""

RELATIONS = (">=", "<=", "==")

GRAMMAR = (
    "METRIC >=|<=|== VALUE, joined by ' and ', as in 'accuracy >= 0.95', 'accuracy >= 19/20', 'correct == 351' or "
    "'recall[3] >= 0.9 and accuracy[group=1] >= 0.9'; metrics: accuracy, correct, accuracy[group=g], correct[group=g], "
    "predicted[c], predicted[c, group=g], balanced_accuracy, recall[c], precision[c], f1[c], macro_f1, "
    "top_k_accuracy[k], confusion_matrix, demographic_parity_difference[c], equalized_odds_difference[c], "
    "min_group_accuracy"
)
"""The forms of a claim, as error messages show them."""

Table = tuple[tuple[int, ...], ...]


class Metric(Enum):
    """Name, what its bracket takes (`class`, `rank`, or nothing) and whether a group may narrow it."""

    ACCURACY = ("accuracy", "", True)
    CORRECT = ("correct", "", True)
    PREDICTED = ("predicted", "class", True)
    BALANCED_ACCURACY = ("balanced_accuracy", "", False)
    RECALL = ("recall", "class", False)
    PRECISION = ("precision", "class", False)
    F1 = ("f1", "class", False)
    MACRO_F1 = ("macro_f1", "", False)
    TOP_K_ACCURACY = ("top_k_accuracy", "rank", False)
    CONFUSION_MATRIX = ("confusion_matrix", "", False)
    DEMOGRAPHIC_PARITY_DIFFERENCE = ("demographic_parity_difference", "class", False)
    EQUALIZED_ODDS_DIFFERENCE = ("equalized_odds_difference", "class", False)
    MIN_GROUP_ACCURACY = ("min_group_accuracy", "", False)

    def __init__(self, title: str, takes: str, by_group: bool) -> None:
        self.title = title
        self.takes = takes
        self.by_group = by_group

    @property
    def is_count(self) -> bool:
        """Whether the value is a number of samples; otherwise it is a share, or a matrix."""
        return self in (Metric.CORRECT, Metric.PREDICTED)

    @property
    def compares_groups(self) -> bool:
        """Whether the metric is one of all groups."""
        return self in (
            Metric.DEMOGRAPHIC_PARITY_DIFFERENCE,
            Metric.EQUALIZED_ODDS_DIFFERENCE,
            Metric.MIN_GROUP_ACCURACY,
        )


METRICS = {metric.title: metric for metric in Metric}

_DIGITS = f"([0-9]{{1,{MAX_DIGITS}}})"
_ATOM = re.compile(r"([a-z0-9_]+) *(?:\[([^\[\]]*)\])? *(?:(>=|<=|==) *(.*))?")
_VALUE = re.compile(rf"{_DIGITS}(?:\.{_DIGITS}|/{_DIGITS})?")
_BRACKET = re.compile(r" *(?:([0-9]{1,18}) *)?(?:(,?) *group *= *(-?[0-9]{1,19}) *)?")
_TABLE = re.compile(r"\[\[[0-9, ]+\](?: *, *\[[0-9, ]+\])*\]")
_ROW = re.compile(rf" *{_DIGITS[1:-1]} *(?:, *{_DIGITS[1:-1]} *)*")

DEFAULT_CLASS = 1
"""The positive class of a difference between groups where none is named, as in fairlearn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One bound on one metric, or one metric that is to be revealed (`value` and `table` None).

    `index` is the class or the rank in brackets, `group` the value of the group that narrows the metric.
    """

    metric: Metric
    relation: str
    value: Fraction | None = None
    table: Table | None = None
    index: int | None = None
    group: int | None = None

    def __post_init__(self) -> None:
        metric = self.metric
        fits = self.relation in RELATIONS and (self.index is not None) == bool(metric.takes)
        fits = fits and (self.group is None or (metric.by_group and -(2**63) <= self.group < 2**63))
        fits = fits and (self.index is None or self.index >= (metric.takes == "rank"))
        if metric is Metric.CONFUSION_MATRIX:
            fits = fits and self.value is None and self.relation == "=="
            fits = fits and (self.table is None or _is_square(self.table))
        elif self.value is None:
            fits = fits and self.relation == "==" and self.table is None
        else:
            fits = fits and self.table is None and self.value >= 0
            fits = fits and (self.value.denominator == 1 if metric.is_count else self.value <= 1)
        if self.value is not None and not _has_text(abs(self.value)):
            raise InvalidInput(
                f"{self.metric.title} has a value of more than {MAX_DIGITS} digits",
                where="claim",
                expected="a bound instead",
            )
        if not fits:
            raise InvalidInput("not a claim", where="claim", expected=GRAMMAR)

    @property
    def is_open(self) -> bool:
        """Whether the value is left to the proof."""
        return self.value is None and self.table is None

    @property
    def subject(self) -> str:
        """The metric with its brackets, as in `predicted[2, group=5]`."""
        inside = [] if self.index is None else [str(self.index)]
        if self.group is not None:
            inside.append(f"group={self.group}")
        return f"{self.metric.title}[{', '.join(inside)}]" if inside else self.metric.title

    @property
    def text(self) -> str:
        """The one way to write the atom: values as the shortest decimal of at most 18 places, or in lowest terms."""
        if self.table is not None:
            rows = ",".join(f"[{','.join(map(str, row))}]" for row in self.table)
            return f"{self.subject} == [{rows}]"
        if self.value is None:
            return self.subject if self.metric is Metric.CONFUSION_MATRIX else f"{self.subject} == ?"
        return f"{self.subject} {self.relation} {_shortest(self.value)}"

    @property
    def reveals(self) -> str:
        """What a proof of the atom says about the predictions, in a line."""
        if self.metric is Metric.CONFUSION_MATRIX:
            return "confusion_matrix: the number of predictions of each class on the samples of each class"
        if self.relation == "==":
            return f"{self.subject}: its exact value"
        bound = "at least" if self.relation == ">=" else "at most"
        return f"{self.subject}: one bit, that it is {bound} {'?' if self.value is None else _shortest(self.value)}"

    def follows_from(self, other: Atom) -> bool:
        """Whether every set of predictions for which `other` holds satisfies this atom, by their values alone."""
        if self.subject != other.subject or other.is_open:
            return False
        if self.is_open:
            return other.relation == "=="
        if self.value is None or other.value is None:
            return self.table == other.table
        if self.relation == ">=":
            return other.relation in (">=", "==") and other.value >= self.value
        if self.relation == "<=":
            return other.relation in ("<=", "==") and other.value <= self.value
        return other.relation == "==" and other.value == self.value


def _is_square(table: Table) -> bool:
    size = len(table)
    cells = [cell for row in table for cell in row]
    return size >= 1 and all(len(row) == size for row in table) and all(0 <= c < 10**MAX_DIGITS for c in cells)


def parse_atom(text: str) -> Atom:
    """The atom that a text states; `InvalidInput` with the grammar for any other text."""
    match = _ATOM.fullmatch(text)
    if match is None or match[1] not in METRICS:
        raise refused("not a claim", text)
    metric = METRICS[match[1]]
    index, group = _bracket(metric, match[2], text)
    relation, written = match[3], match[4]
    place = {"metric": metric, "index": index, "group": group}
    if metric is Metric.CONFUSION_MATRIX:
        if relation is None or (relation == "==" and written == "?"):
            return Atom(relation="==", **place)  # type: ignore[arg-type]
        table = _table(written, text)
        if relation != "==" or not _is_square(table):
            raise refused("a confusion matrix is stated as == and a square of counts", text)
        return Atom(relation="==", table=table, **place)  # type: ignore[arg-type]
    if relation == "==" and written == "?":
        return Atom(relation="==", **place)  # type: ignore[arg-type]
    value = _value(written, text)
    if metric.is_count and not written.isdecimal():
        raise refused("not a number of samples", text)
    if not metric.is_count and value > 1:
        raise refused(f"a value of {metric.title} above 1", text)
    return Atom(relation=relation, value=value, **place)  # type: ignore[arg-type]


def refused(fault: str, text: str) -> InvalidInput:
    """The error for a text that is no claim."""
    return InvalidInput(f"{fault}: {text[:60]!r}", where="claim", expected=GRAMMAR)


def _bracket(metric: Metric, inside: str | None, text: str) -> tuple[int | None, int | None]:
    """The class or rank and the group that a bracket names."""
    match = _BRACKET.fullmatch(inside or "")
    if match is None or (inside is not None and not inside.strip(" ")):
        raise refused("not a claim", text)
    index = None if match[1] is None else int(match[1])
    group = None if match[3] is None else int(match[3])
    if group is not None and (bool(match[2]) != (index is not None) or not metric.by_group):
        raise refused("not a claim", text)
    if index is None and metric.compares_groups and metric.takes:
        index = DEFAULT_CLASS
    if (index is not None) != bool(metric.takes):
        what = {"class": "a class in brackets", "rank": "a number in brackets", "": "no class"}[metric.takes]
        raise refused(f"{metric.title} takes {what}", text)
    return index, group


def _value(written: str | None, text: str) -> Fraction:
    match = _VALUE.fullmatch(written or "")
    if match is None:
        raise refused("not a claim", text)
    whole, places, denominator = match.groups()
    if denominator is not None and int(denominator) == 0:
        raise refused("division by zero", text)
    value = Fraction(int(whole), int(denominator or 1))
    return value + Fraction(int(places), 10 ** len(places)) if places else value


def _table(written: str, text: str) -> Table:
    if _TABLE.fullmatch(written) is None:
        raise refused("not a matrix", text)
    rows = [row.split("[")[-1] for row in written.removesuffix("]]").split("]")]
    if not all(_ROW.fullmatch(row) for row in rows):
        raise refused("not a matrix", text)
    return tuple(tuple(int(cell) for cell in row.split(",")) for row in rows)


def _has_text(value: Fraction) -> bool:
    """Whether the canonical text of a value can be read again."""
    written = _shortest(value)
    return _VALUE.fullmatch(written) is not None


def _shortest(value: Fraction) -> str:
    for places in range(MAX_DIGITS + 1):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"{value.numerator}/{value.denominator}"
