"""Sections "Combinations" and "Views of columns"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Gather:
    """Position targets[k] finds position sources[k]."""

    targets: list[int]
    sources: list[int]


@dataclass(frozen=True)
class Read:
    """A coefficient times a column, through a gather or not."""

    column: str
    coefficient: int = 1
    gather: Gather | None = None

    def found(self, positions: int) -> list[tuple[int, int]]:
        """The pairs of a position and the column's position that it finds."""
        if self.gather is None:
            return [(i, i) for i in range(positions)]
        return list(zip(self.gather.targets, self.gather.sources, strict=True))


@dataclass(frozen=True)
class Combination:
    """The sum of the reads plus a constant, at so many positions."""

    positions: int
    reads: tuple[Read, ...] = ()
    constant: int = 0


@dataclass(frozen=True)
class View:
    """A list of columns; each element is a pair of an index into it and a position, or (-1, 0)."""

    columns: tuple[str, ...]
    elements: list[tuple[int, int]]

    def select(self, numbers: Sequence[int]) -> View:
        """The elements of these numbers, -1 for a zero; all columns stay."""
        return View(self.columns, [self.elements[number] if number >= 0 else (-1, 0) for number in numbers])

    def parts(self) -> list[tuple[str, Gather]]:
        """Each column that owns an element, with the gather of its elements."""
        result = []
        for index, column in enumerate(self.columns):
            pairs = [(k, place) for k, (owner, place) in enumerate(self.elements) if owner == index]
            if pairs:
                result.append((column, Gather([k for k, _ in pairs], [place for _, place in pairs])))
        return result

    def reads(self, coefficient: int = 1) -> tuple[Read, ...]:
        """The parts as reads."""
        return tuple(Read(column, coefficient, gather) for column, gather in self.parts())


def whole(column: str, positions: int) -> View:
    """All positions of a column."""
    return View((column,), [(0, i) for i in range(positions)])


def join(views: Sequence[View]) -> View:
    """The elements of several views one after the other."""
    columns = list(dict.fromkeys(column for view in views for column in view.columns))
    elements = [
        (columns.index(view.columns[owner]), place) if owner >= 0 else (-1, 0)
        for view in views
        for owner, place in view.elements
    ]
    return View(tuple(columns), elements)
