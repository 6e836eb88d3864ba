"""The parts of the page with something to see: the bound, the security terms, the bytes."""

from __future__ import annotations

from collections import Counter

from zkaudit.report.audit import Audit, Share
from zkaudit.report.element import Element, Node, element
from zkaudit.report.plot import bound_at, plots
from zkaudit.report.text import percent, power, size

BAR_WIDTH = 200
"""Units of a bar; the page stretches it."""

FULL_BITS = 256
"""Bits of a whole bar: errors are counted in units of 2^-256."""

GROUPS = {
    "messages": "messages of the interactive part",
    "row": "combined row of the witness",
    "witness.cells": "opened columns of the witness",
    "witness.path": "Merkle paths of the witness",
    "witness.salts": "salts of the witness",
    "responses": "responses of the pad tests",
    "pads.cells": "opened columns of the pads",
    "pads.path": "Merkle paths of the pads",
    "pads.salts": "salts of the pads",
}
"""The parts of a proof file that are worth a row."""

OTHER = "names, digests, nonces and framing"
"""All other bytes of a proof file."""


def bound(share: Share, lower_bound: float) -> tuple[Node, ...]:
    """The plot of a share that has a bound, and what it says."""
    samples = share.of
    more = [place for place in (1_000, 10_000, 100_000) if place > 2 * samples][:2]
    others = " and ".join(f"{percent(bound_at(share.value, place))} on {place:,}" for place in more)
    outlook = f" The same share would show at least {others}." if others else ""
    words = (
        f"With 95% confidence, the {share.subject} in the population is at least {percent(lower_bound)}: "
        f"the one-sided Clopper-Pearson bound for {share.successes:,} of {samples:,}. "
        "It holds if the samples were drawn from that population independently, and were unknown to the owner "
        f"before the commitment.{outlook}"
    )
    caption = (
        "Curve: the lower bound for the same share on fewer and on more samples. "
        "Shaded: what 95% confidence leaves in the population."
    )
    return (
        element("p", words),
        element("figure", *plots(share, lower_bound), element("figcaption", caption)),
    )


def share_bar(share: Share) -> Element:
    """A lower bound as a bar and the share on the samples as a line, from 0 to 1."""
    said = f"share {percent(share.value)}"
    if share.lower_bound is not None:
        said += f", at least {percent(share.lower_bound)} in the population"
    return _bar(share.lower_bound or 0.0, said, mark=share.value)


def security(audit: Audit) -> tuple[Node, ...]:
    """Every error of the account; the weakest term decides the total."""
    weakest = min(audit.account.terms, key=lambda term: term.bits)
    rows = [
        element(
            "tr",
            element("th", term.name, element("span", f"{term.formula} · {term.source}", class_="source"), scope="row"),
            element("td", f"{term.bits:.2f}", class_="number"),
            element(
                "td",
                _bar(
                    term.bits / FULL_BITS,
                    f"{term.bits:.0f} of {FULL_BITS} bits",
                    mark=audit.target_bits / FULL_BITS,
                    weak=term is weakest,
                ),
                class_="bar-cell",
            ),
        )
        for term in sorted(audit.account.terms, key=lambda term: term.bits)
    ]
    words = (
        f"One attempt to prove a false claim succeeds with a chance of at most {power(audit.account.total_bits)}. "
        "SHA-256 is taken for a random oracle, and the work that a proof asks for is counted as attempts. "
        f"Opening the commitment to other weights is estimated to take {audit.binding_bits:.0f} bits of work "
        f"(Ring-SIS), and it is within {power(audit.hiding_bits)} of uniform, whatever the weights are."
    )
    total = element(
        "tr",
        element("th", "total", scope="row"),
        element("td", f"{audit.account.total_bits:.2f}", class_="number"),
        element("td"),
    )
    return (
        element("p", words),
        element(
            "table",
            element("caption", f"Soundness errors in bits, the weakest first; a line marks {audit.target_bits} bits."),
            _head(("Error", None), ("Bits", "number"), ("", None)),
            element("tbody", *rows),
            element("tfoot", total),
        ),
    )


def sizes(audit: Audit) -> tuple[Node, ...]:
    """The bytes of the proof, which add up to its file, the other files, the time that verifying took."""
    grouped: Counter[str] = Counter()
    for name, part in audit.parts:
        grouped[GROUPS.get(name, OTHER)] += part
    total = sum(grouped.values())
    rows = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", f"{part:,}", class_="number"),
            element("td", _bar(part / total, percent(part / total, 1)), class_="bar-cell"),
        )
        for name, part in sorted(grouped.items(), key=lambda one: -one[1])
    ]
    whole = element(
        "tr", element("th", "whole file", scope="row"), element("td", f"{total:,}", class_="number"), element("td")
    )
    files = ", ".join(f"{name} {size(number)}" for name, number in audit.files.items())
    timed = f" Verifying took {audit.seconds:.2f} s on one machine." if audit.seconds else ""
    return (
        element("p", f"{files}.{timed}"),
        element(
            "table",
            element("caption", "Bytes of the proof file by part."),
            _head(("Part", None), ("Bytes", "number"), ("", None)),
            element("tbody", *rows),
            element("tfoot", whole),
        ),
    )


def _head(*columns: tuple[str, str | None]) -> Element:
    """A head row; a column of bars repeats the numbers beside it and has no name."""
    cells = (
        element("th" if name else "td", name, scope="col" if name else None, class_=kind) for name, kind in columns
    )
    return element("thead", element("tr", *cells))


def _bar(value: float, said: str, *, mark: float | None = None, weak: bool = False) -> Element:
    """A bar of a share of its track, said in words for who cannot see it."""
    place = None if mark is None else min(mark, 1 - 1 / BAR_WIDTH) * BAR_WIDTH
    return element(
        "svg",
        element("rect", x=0, y=2, width=BAR_WIDTH, height=8, class_="track"),
        element("rect", x=0, y=2, width=max(value * BAR_WIDTH, 0.5), height=8, class_="weak" if weak else "value"),
        None if place is None else element("line", x1=place, x2=place, y1=0, y2=12, class_="mark"),
        viewBox=f"0 0 {BAR_WIDTH} 12",
        width=BAR_WIDTH,
        height=12,
        class_="bar",
        role="img",
        aria_label=said,
        preserveAspectRatio="none",
    )
