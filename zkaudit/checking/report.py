"""What a check found: violations with the cells involved, and the coverage of the cells by the constraints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 100
"""Performance knob: violations listed for one constraint."""

LISTED_CELLS = 8
"""Performance knob: cells listed with one violation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellValue:
    """A cell (position, sample), or (position,) of a static column, and its integer."""

    column: str
    cell: tuple[int, ...]
    value: int

    def __str__(self) -> str:
        return f"{self.column}{list(self.cell)} = {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A constraint that does not hold at a cell (position, sample), or at (position,) of a static column.

    `layer` says which layers of the architecture the gadget proves, empty for none.
    `values` are the cells that the constraint reads there, at most LISTED_CELLS of them.
    """

    constraint: str
    gadget: str
    layer: str
    cell: tuple[int, ...]
    detail: str
    values: tuple[CellValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintCoverage:
    """How many equations or lookups a constraint stands for, and how many cells they touch in which columns."""

    constraint: str
    gadget: str
    layer: str
    instances: int
    cells: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCoverage:
    """The constraints that touch a column of the witness, and how many of its cells none of them touches."""

    column: str
    kind: str
    cells: int
    constraints: tuple[str, ...]
    untouched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What was evaluated, every violation found, at most LISTED for one constraint, and the coverage.

    An untouched cell is a violation, named "coverage".
    """

    constraints: int
    cells: int
    violations: tuple[Violation, ...]
    coverage: tuple[ConstraintCoverage, ...] = ()
    columns: tuple[ColumnCoverage, ...] = ()

    def by_gadget(self) -> dict[str, tuple[int, int, int]]:
        """For each gadget its constraints, their instances, and the cells of each constraint added up."""
        return {
            gadget: (len(own), sum(one.instances for one in own), sum(one.cells for one in own))
            for gadget, own in _grouped(self.coverage).items()
        }


def _grouped(coverage: Iterable[ConstraintCoverage]) -> dict[str, list[ConstraintCoverage]]:
    result: dict[str, list[ConstraintCoverage]] = {}
    for one in coverage:
        result.setdefault(one.gadget, []).append(one)
    return result
