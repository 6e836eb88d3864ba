"""The numbers of a claim as other tools' model cards hold them: a metric, a limit that is proved, and its direction.

A proof of a threshold does not measure a metric, it bounds it; so the number is the bound, and its name says that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from zkaudit.publishing.record import Finding, Record

PLACES = 6
"""Decimal places of a published number."""

_ATOM = re.compile(r"([a-z][a-z0-9_]*)(?:\[[^\]]*\])* *(>=|<=|==) *([0-9]+(?:\.[0-9]+|/[0-9]+)?)")

_MEANING = {
    ">=": "proved lower limit, not a measured value",
    "<=": "proved upper limit, not a measured value",
    "==": "proved exact value, to six places",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a claim, or one revealed table.

    `kind` is the metric without its class or group, which are in `title`; `relation` says how the metric stands
    to `value`.
    """

    kind: str
    title: str
    relation: str
    value: Decimal | tuple[tuple[int, ...], ...]
    finding: Finding

    @property
    def value_text(self) -> str:
        """The value as other formats quote it."""
        if isinstance(self.value, Decimal):
            return decimal_text(self.value)
        return "; ".join(" ".join(map(str, row)) for row in self.value)


def metrics_of(record: Record) -> tuple[Metric, ...]:
    """One metric for each part of the claim that states a number or reveals a table."""
    found = (_metric(finding) for finding in record.findings)
    return tuple(metric for metric in found if metric is not None)


def _metric(finding: Finding) -> Metric | None:
    match = _ATOM.fullmatch(finding.atom)
    if match is None:
        if finding.table is None:
            return None
        title = "confusion_matrix: proved exact counts, a row for each true class"
        return Metric(kind="confusion_matrix", title=title, relation="==", value=finding.table, finding=finding)
    kind, relation, number = match.groups()
    value = Fraction(number)
    if kind == "correct" and finding.of:
        kind, value = "accuracy", value / finding.of
    title = f"{finding.atom}: {_MEANING[relation]}"
    return Metric(kind=kind, title=title, relation=relation, value=rounded(value, relation), finding=finding)


def rounded(value: Fraction, relation: str) -> Decimal:
    """A bound with few places, rounded so that what is published still follows from what is proved."""
    shifted = Decimal((value * 10**PLACES).__floor__())
    if value * 10**PLACES != int(shifted) and relation == "<=":
        shifted += 1
    return shifted.scaleb(-PLACES)


def decimal_text(value: Decimal) -> str:
    """A number in plain digits with a decimal point, which every format reads as a fraction and not as text."""
    text = format(value, "f").rstrip("0")
    whole, _, places = text.partition(".")
    return f"{whole or '0'}.{places or '0'}"
