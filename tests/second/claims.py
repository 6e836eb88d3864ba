"""Section "Batching": linear claims, and the extension of their weights."""

from __future__ import annotations

from collections.abc import Iterable

from tests.second.combinations import Read
from tests.second.field import (
    ONE,
    ZERO,
    Element,
    Point,
    add,
    equality,
    equality_table,
    multiply,
    scale,
    subtract,
    total,
)
from tests.second.layout import Layout
from tests.second.padded import Expression


class Claim:
    """Weights on positions at sample points and on static places; their sum with the cells is `value`."""

    def __init__(self, layout: Layout) -> None:
        self.value = Expression(ZERO)
        self.batched: dict[int, dict[int, Element]] = {}
        self.static: dict[int, Element] = {}
        self._layout = layout

    def cell(self, sample_point: int, column: str, position: int, weight: Element) -> None:
        """Adds a weight on a position of a batched column."""
        weights = self.batched.setdefault(sample_point, {})
        place = self._layout.position[column] + position
        weights[place] = add(weights.get(place, ZERO), weight)

    def static_cell(self, column: str, position: int, weight: Element) -> None:
        """Adds a weight on a position of a static column."""
        place = self._layout.place[column] + position
        self.static[place] = add(self.static.get(place, ZERO), weight)

    def read(self, sample_point: int | None, read: Read, weights: list[Element]) -> None:
        """Weights on what a read finds, on static cells without a sample point."""
        for position, source in read.found(len(weights)):
            weight = scale(weights[position], read.coefficient)
            if sample_point is None:
                self.static_cell(read.column, source, weight)
            else:
                self.cell(sample_point, read.column, source, weight)


def extension(layout: Layout, sample_points: list[Point], claims: Iterable[tuple[Element, Claim]], z: Point) -> Element:
    """The extension w of the combined weights at an address."""
    samples, positions, places = z[1 : layout.bits + 1], equality_table(z[layout.bits + 1 :]), equality_table(z[1:])
    at_samples = [equality(point, samples) for point in sample_points]
    batched = static = ZERO
    for coefficient, claim in claims:
        for sample_point, weights in claim.batched.items():
            part = total(multiply(weight, positions[i]) for i, weight in weights.items())
            batched = add(batched, multiply(multiply(coefficient, at_samples[sample_point]), part))
        part = total(multiply(weight, places[i]) for i, weight in claim.static.items())
        static = add(static, multiply(coefficient, part))
    return add(multiply(subtract(ONE, z[0]), batched), multiply(z[0], static))
