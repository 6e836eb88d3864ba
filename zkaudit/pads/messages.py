"""The pad tableau's rows, its combined constraint, and the responses to its three tests.

Rows over F, each five rows over K: the mask of the low-degree test, E0, E1, Q0, Q1, then the pads,
then X, Y and Z with Z = X Y cell by cell, X and Y being copies of pads and Z the product pads.
Source: docs/protocol.md, "Pad tableau".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element, negate, subtract
from zkaudit.masking import Plan, Tape
from zkaudit.soundness import OracleParameters

LOW_DEGREE_MASK, E0, E1, Q0, Q1 = range(5)
MASKS = 5
"""Rows that are masks of a test; the type of a row is fixed by its place."""


@dataclass(frozen=True, slots=True)
class TableauLayout:
    """The places of pads and products in the tableau of a plan."""

    plan: Plan
    oracle: OracleParameters

    @property
    def pad_rows(self) -> int:
        """Rows of pads."""
        return -(-self.plan.elements // self.oracle.message)

    @property
    def product_rows(self) -> int:
        """Rows of each of X, Y and Z."""
        return -(-len(self.plan.products) // self.oracle.message)

    @property
    def x_row(self) -> int:
        """First row of X."""
        return MASKS + self.pad_rows

    @property
    def y_row(self) -> int:
        """First row of Y."""
        return self.x_row + self.product_rows

    @property
    def z_row(self) -> int:
        """First row of Z."""
        return self.y_row + self.product_rows

    @property
    def rows(self) -> int:
        """Rows over F."""
        return self.z_row + self.product_rows

    @property
    def degree(self) -> int:
        """k = W + t: a row's polynomial has so many coefficients."""
        return self.oracle.message + self.oracle.pads

    @property
    def linear_length(self) -> int:
        """Coefficients of the linear response, W + k."""
        return self.oracle.message + self.degree

    @property
    def quadratic_length(self) -> int:
        """Coefficients of the quotient, W + 2 t."""
        return self.degree + self.oracle.pads

    def linear_coefficients(self, tape: Tape) -> int:
        """Coefficients of the linear test: one a constraint, two a product for its copies."""
        return len(tape.constraints) + 2 * len(self.plan.products)

    def combine_constraints(self, tape: Tape, coefficients: Sequence[Element]) -> tuple[Array, Element]:
        """The combined constraint: sum of result * cells = target over the rows behind the masks.

        Returns weights (5, rows - MASKS, W) and the target.
        Every constraint has a uniform coefficient of its own, drawn after all rows and messages are fixed.
        """
        plan = self.plan
        count = len(tape.constraints)
        gradient, constant = tape.gradient(coefficients[:count])
        pads, products = gradient[: plan.elements], gradient[plan.elements :]
        width = self.oracle.message
        x: list[Element] = []
        y: list[Element] = []
        for k, (left, right) in enumerate(plan.products):
            x.append(coefficients[count + 2 * k])
            y.append(coefficients[count + 2 * k + 1])
            pads[left] = subtract(pads[left], x[k])
            pads[right] = subtract(pads[right], y[k])
        result = np.zeros((5, self.rows - MASKS, width), np.uint64)
        for row, elements in ((MASKS, pads), (self.x_row, x), (self.y_row, y), (self.z_row, products)):
            start = (row - MASKS) * width
            result.reshape(5, -1)[:, start : start + len(elements)] = arrays.from_elements(elements)
        return result, negate(constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableauResponses:
    """The three responses as coefficients, lowest first.

    `low_degree` (5, k), `linear` (5, W + k), `quadratic` (5, W + 2 t).
    """

    low_degree: Array
    linear: Array
    quadratic: Array

    def to_bytes(self) -> bytes:
        """The three in order, twenty bytes an element."""
        return b"".join(arrays.elements_to_bytes(part) for part in (self.low_degree, self.linear, self.quadratic))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableauChallenges:
    """Coefficients of the three tests: of all rows but the mask, of all constraints, of all row products."""

    low_degree: list[Element]
    linear: list[Element]
    quadratic: list[Element]
