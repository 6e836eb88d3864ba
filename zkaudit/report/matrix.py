"""A revealed confusion matrix: as a heat map, or where it is large as a list of its worst classes."""

from __future__ import annotations

from zkaudit.findings import Finding
from zkaudit.report.element import Element, Node, element
from zkaudit.report.text import count, percent

SHADES = 4
"""Steps of the heat map; the style sheet has as many."""

LARGEST_MATRIX = 32
"""Most classes of a matrix that is drawn cell by cell; of a larger one each class has a row."""

LISTED_CLASSES = 64
"""Most classes that are listed, the worst first."""


def matrix(finding: Finding) -> tuple[Node, ...]:
    """A revealed confusion matrix."""
    table = finding.table or ()
    words = element("p", finding.words)
    if len(table) > LARGEST_MATRIX:
        return (words, _class_list(table))
    heads = element(
        "tr",
        element("th", "true", scope="col"),
        *(element("th", str(label), scope="col") for label in range(len(table))),
        element("th", "right", scope="col", class_="total"),
    )
    rows = []
    for label, row in enumerate(table):
        total = sum(row)
        cells = [
            element("td", f"{number:,}" if number else "·", class_=_shade(number, total, right=label == predicted))
            for predicted, number in enumerate(row)
        ]
        right = percent(row[label] / total, 1) if total else "no samples"
        rows.append(element("tr", element("th", str(label), scope="row"), *cells, element("td", right, class_="total")))
    drawn = element(
        "table",
        element("caption", "Rows are true classes, columns predicted ones; shades are shares of a row."),
        element("thead", heads),
        element("tbody", *rows),
        class_="matrix",
    )
    return (
        words,
        element("div", drawn, class_="scroll", role="region", tabindex=0, aria_label="Confusion matrix, scrollable"),
    )


def _class_list(table: tuple[tuple[int, ...], ...]) -> Element:
    """A row a class, the worst first, where a matrix would be too large to read."""
    totals = [(sum(row), row[label], label) for label, row in enumerate(table)]
    worst = sorted((right / total, label, right, total) for total, right, label in totals if total)[:LISTED_CLASSES]
    heads = (("Class", None), ("Right", "number"), ("Share", "number"))
    return element(
        "table",
        element("caption", f"{count(len(worst), 'class', 'classes')} of {len(table):,}, the worst first."),
        element("thead", element("tr", *(element("th", name, scope="col", class_=kind) for name, kind in heads))),
        element(
            "tbody",
            *(
                element(
                    "tr",
                    element("th", str(label), scope="row"),
                    element("td", f"{right:,} of {total:,}", class_="number"),
                    element("td", percent(share, 1), class_="number"),
                )
                for share, label, right, total in worst
            ),
        ),
    )


def _shade(number: int, total: int, *, right: bool) -> str:
    if not number:
        return "none"
    return f"{'right' if right else 'wrong'}-{min(SHADES, 1 + number * SHADES // max(total, 1))}"
