"""Requantisation: from an accumulator to an activation, by a shift and a clamp or a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zkaudit.errors import InvalidInput
from zkaudit.model.layers import Layer, Shape, one_source
from zkaudit.model.limits import (
    INPUT_INTERVAL,
    MAX_CELLS,
    MAX_FACTOR,
    MAX_SHIFT,
    MAX_TABLE,
    check_integer,
    check_integers,
)

ACTIVATIONS = {"relu": (0, 255), "identity": (-128, 127)}
"""The interval of the outputs of each activation that is a clamp alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requantise(Layer):
    """A rounding right shift of an accumulator, q = floor((m_c acc + h) / 2^shift), and an activation of q.

    `multipliers` are one a channel, or none for m_c = 1.
    "relu" and "identity" saturate q to their intervals.
    "table" gives table[q - table_low], with q saturated to the ends of the table.
    """

    kind: ClassVar[str] = "requantise"
    reads_accumulator: ClassVar[bool] = True
    makes_accumulator: ClassVar[bool] = False
    shift: int
    activation: str
    multipliers: tuple[int, ...] = ()
    table: tuple[int, ...] = ()
    table_low: int = 0

    @property
    def clamp(self) -> tuple[int, int]:
        """The interval to which q saturates."""
        return (self.table_low, self.table_low + len(self.table) - 1) if self.table else ACTIVATIONS[self.activation]

    @property
    def low(self) -> int:
        """Least output."""
        return min(self.table) if self.table else ACTIVATIONS[self.activation][0]

    @property
    def high(self) -> int:
        """Greatest output."""
        return max(self.table) if self.table else ACTIVATIONS[self.activation][1]

    @property
    def summary(self) -> str:
        return f"{self.activation} after shift {self.shift}"

    def validate(self, where: str) -> None:
        check_integer(self.shift, 0, MAX_SHIFT, f"{where}, shift")
        names = (*ACTIVATIONS, "table")
        if type(self.activation) is not str or self.activation not in names:
            raise InvalidInput("unknown activation", where=where, expected=" or ".join(names))
        check_integers(self.multipliers, (0, MAX_CELLS), -MAX_FACTOR, MAX_FACTOR, f"{where}, multipliers")
        entries = (1, MAX_TABLE) if self.activation == "table" else (0, 0)
        check_integers(self.table, entries, *INPUT_INTERVAL, f"{where}, table")
        lowest = MAX_FACTOR if self.table else 0
        check_integer(self.table_low, -lowest, lowest, f"{where}, table_low")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        if self.multipliers and len(self.multipliers) != shape[0]:
            raise InvalidInput(f"{len(self.multipliers)} multipliers", where=where, expected=f"none or {shape[0]}")
        return shape
