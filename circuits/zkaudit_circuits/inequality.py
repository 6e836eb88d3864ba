"""Inequalities of static cells with coefficients of any size.

An inequality V >= 0 is the equation V - slack = 0 with a slack in limbs, where its integers stay below the wrap.
Where they do not, its public integers are split into digits of `width` bits, lowest first, and
digit_j(V) + carry_j - slack_j - 2^width carry_(j+1) = 0 for each digit, carry_0 and the last carry being zero:
the sum of 2^(width j) times these equations is V - slack = 0 again, as an identity of integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zkaudit.builder import CircuitBuilder, fits
from zkaudit.relation import Functional, Integers, Kind
from zkaudit_circuits.limbs import add_limbs, capacity, limb_widths, limb_witness

WIDEST_DIGIT = 8
"""Performance knob: bits of a digit where they fit; fewer make more equations, more make larger carries."""

Static = tuple[str, int, tuple[int, ...]]
"""A column, a start and coefficients, as in a functional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """coefficients * consecutive cells of a static column from `start`, cells that lie in [0, largest]."""

    column: str
    start: int
    coefficients: tuple[int, ...]
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """V = the sum of the runs and a constant; `high` bounds it from above for every honest witness."""

    name: str
    runs: tuple[Run, ...]
    constant: int
    high: int

    def collected(self, columns: Mapping[str, Integers]) -> dict[int, int]:
        """The sum of the cells of a witness that share a coefficient, for each; forms of many cells have few."""
        sums: dict[int, int] = {}
        for run in self.runs:
            cells = columns[run.column][run.start : run.start + len(run.coefficients)]
            for factor, cell in zip(run.coefficients, cells.tolist(), strict=True):
                sums[factor] = sums.get(factor, 0) + cell
        return sums


def digit(value: int, width: int, j: int) -> int:
    """Digit number j of the magnitude, with the sign of the value."""
    part = (abs(value) >> (width * j)) & ((1 << width) - 1)
    return -part if value < 0 else part


def nonzero_runs(column: str, start: int, coefficients: tuple[int, ...]) -> Iterator[Static]:
    """The longest stretches without a zero among coefficients of consecutive cells."""
    first = 0
    for place in range(len(coefficients) + 1):
        if place == len(coefficients) or coefficients[place] == 0:
            if place > first:
                yield column, start + first, coefficients[first:place]
            first = place + 1


def limb_columns(name: str, maximum: int) -> Iterator[tuple[str, int, int]]:
    """The limb columns for a maximum with their weights and largest cells."""
    weight = 1
    for i, width in enumerate(limb_widths(maximum)):
        yield f"{name} limb {i}", weight, (1 << width) - 1
        weight <<= width


def limb_cell(name: str, maximum: int, position: int, factor: int) -> Iterator[Static]:
    """factor * the integer that limbs spell at one position."""
    for column, weight, _ in limb_columns(name, maximum):
        yield column, position, (factor * weight,)


@dataclass(frozen=True, kw_only=True)
class Inequalities:
    """V >= 0 for each of some forms, in one way for all of them; `name` begins all their names."""

    name: str
    forms: tuple[Form, ...]

    @cached_property
    def slack(self) -> int:
        """The largest slack of an honest witness."""
        return max(form.high for form in self.forms)

    @cached_property
    def largest_carry(self) -> int:
        """K, which no carry exceeds: with R the sum of the largest cells of a form, its digits, its constant's digit
        and the slack's add up to at most (2^width - 1) (R + 2), and ((2^width - 1) K + K) / 2^width = K for K = R + 2.
        """
        sums = (sum(run.largest * sum(map(bool, run.coefficients)) for run in form.runs) for form in self.forms)
        return max(sums) + 2

    @cached_property
    def width(self) -> int:
        """Bits of a digit, or 0 where no form has to be split."""
        room = capacity(self.slack)
        if all(self._fits_whole(form, room) for form in self.forms):
            return 0
        carry = self.largest_carry
        beyond = capacity(2 * carry) - carry
        for width in range(WIDEST_DIGIT, 1, -1):
            if fits(((1 << width) - 1) * carry + ((1 << width) + 1) * beyond):
                return width
        return 1

    @cached_property
    def digits(self) -> int:
        """Digits of the longest public integer or slack."""
        numbers = [self.slack, *(abs(form.constant) for form in self.forms)]
        numbers += [abs(factor) for form in self.forms for run in form.runs for factor in run.coefficients]
        return -(-max(numbers).bit_length() // self.width)

    def lower(self, builder: CircuitBuilder) -> None:
        """Slacks, and carries if there are digits, in limbs; one functional for each form, or each of its digits."""
        if not self.width:
            add_limbs(builder, f"{self.name}/slack", "claim", Kind.STATIC, len(self.forms), self.slack)
            for i, form in enumerate(self.forms):
                static = [part for run in form.runs for part in nonzero_runs(run.column, run.start, run.coefficients)]
                static += limb_cell(f"{self.name}/slack", self.slack, i, -1)
                self._add(builder, form.name, static, form.constant)
            return
        digits, width, carry = self.digits, self.width, self.largest_carry
        count = len(self.forms)
        largest = (1 << width) - 1
        add_limbs(builder, f"{self.name}/slack digit", "claim", Kind.STATIC, count * digits, largest)
        if digits > 1:
            add_limbs(builder, f"{self.name}/carry", "claim", Kind.STATIC, count * (digits - 1), 2 * carry)
        for i, form in enumerate(self.forms):
            distinct = [set(run.coefficients) for run in form.runs]
            for j in range(digits):
                static, constant = [], digit(form.constant, width, j)
                for run, factors in zip(form.runs, distinct, strict=True):
                    parts = {factor: digit(factor, width, j) for factor in factors}
                    if any(parts.values()):
                        static += nonzero_runs(run.column, run.start, tuple(map(parts.__getitem__, run.coefficients)))
                static += limb_cell(f"{self.name}/slack digit", largest, i * digits + j, -1)
                # A carry is committed with the offset that makes it non-negative.
                if j > 0:
                    static += limb_cell(f"{self.name}/carry", 2 * carry, i * (digits - 1) + j - 1, 1)
                    constant -= carry
                if j < digits - 1:
                    static += limb_cell(f"{self.name}/carry", 2 * carry, i * (digits - 1) + j, -(1 << width))
                    constant += carry << width
                self._add(builder, f"{form.name}, digit {j}", static, constant)

    def _add(self, builder: CircuitBuilder, name: str, static: list[Static], constant: int) -> None:
        builder.add_functional(
            Functional(name=f"{self.name}/{name}", gadget="claim", batched=(), static=tuple(static), constant=constant)
        )

    def witness(self, columns: Mapping[str, Integers]) -> dict[str, Integers]:
        """Slacks and carries; a form below zero has the slack zero, and one of its equations does not hold."""
        collected = [form.collected(columns) for form in self.forms]
        values = [
            max(form.constant + sum(factor * cells for factor, cells in sums.items()), 0)
            for form, sums in zip(self.forms, collected, strict=True)
        ]
        if not self.width:
            return clipped_limbs(f"{self.name}/slack", self.slack, values)
        digits, width, carry = self.digits, self.width, self.largest_carry
        slacks: list[int] = []
        carries: list[int] = []
        for form, sums, value in zip(self.forms, collected, values, strict=True):
            rest = 0
            for j in range(digits):
                slacks.append(value >> (width * j) & ((1 << width) - 1))
                total = digit(form.constant, width, j)
                total += sum(digit(factor, width, j) * cells for factor, cells in sums.items())
                rest = (total + rest - slacks[-1]) >> width
                if j < digits - 1:
                    carries.append(rest + carry)
        result = clipped_limbs(f"{self.name}/slack digit", (1 << width) - 1, slacks)
        return result | clipped_limbs(f"{self.name}/carry", 2 * carry, carries) if carries else result

    def _fits_whole(self, form: Form, room: int) -> bool:
        low = high = form.constant
        for run in form.runs:
            low += run.largest * sum(factor for factor in run.coefficients if factor < 0)
            high += run.largest * sum(factor for factor in run.coefficients if factor > 0)
        return fits(high) and fits(low - room)


def clipped_limbs(name: str, maximum: int, values: list[int]) -> dict[str, Integers]:
    """The limbs of integers, those that no limbs hold moved to the nearest that some do: a lie, and it shows."""
    largest = capacity(maximum)
    return limb_witness(name, maximum, np.array([min(max(value, 0), largest) for value in values], np.int64))
