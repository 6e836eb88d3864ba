"""What a verifier sees of each masking mechanism over a toy field, from a secret and all of the randomness.

Each `see` splits a matrix of random choices (N, `count`) into the named parts of the randomness.
Fields that are not at their defaults build a broken protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.toys.code import Code, Residues, shifted


def split(choices: Residues, *sizes: int) -> list[Residues]:
    """Consecutive parts of these sizes, which use up every choice."""
    if choices.shape[1] != sum(sizes):
        raise ValueError(f"{choices.shape[1]} random residues for {sum(sizes)}")
    return np.split(choices, np.cumsum(sizes)[:-1], axis=1)


def constant(values: list[int], count: int) -> Residues:
    """The same residues for every choice, (count, values)."""
    return np.repeat(np.array([values], np.int64), count, axis=0)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The opening of rows over K = F: the padded values v and g, u, and the opened columns of mask and rows.

    `inside` puts the mask row at the first index of the address space, where its weight is not one.
    """

    code: Code
    point: tuple[int, int, int]
    gamma: int
    rows: int = 2
    pads_of_rows: int | None = None
    inside: bool = False

    @property
    def pads(self) -> int:
        """Random pads of each row."""
        return self.code.pads if self.pads_of_rows is None else self.pads_of_rows

    @property
    def count(self) -> int:
        """Random residues of the prover."""
        return self.code.degree + self.rows * self.pads + 2

    def weights(self) -> tuple[int, list[int], list[int]]:
        """Weights of the mask, of the rows, and of the cells of a row: eq at two variables, and at one more."""
        p, (first, second, cell) = self.code.modulus, self.point
        rows = [(1 - first) * (1 - second) % p, first * (1 - second) % p, (1 - first) * second % p]
        table = [1]
        for _ in range(self.code.width.bit_length() - 1):
            table = [v * (1 - cell) % p for v in table] + [v * cell % p for v in table]
        return (rows[0], rows[1 : 1 + self.rows], table) if self.inside else (1, rows[: self.rows], table)

    def see(self, cells: list[list[int]], choices: Residues) -> Residues:
        """The view of a prover with these cells, one list of W for each row."""
        code, p = self.code, self.code.modulus
        mask, *rest = split(choices, code.degree, *[self.pads] * self.rows, 2)
        value_pads = rest.pop()
        extra = constant([0] * (code.pads - self.pads), len(choices))
        data = [
            code.row(constant(own, len(choices)), np.concatenate([pads, extra], axis=1))
            for own, pads in zip(cells, rest, strict=True)
        ]
        weight, high, low = self.weights()
        inner = np.array(low, np.int64)[:, None]
        value = sum(w * sum(a * b for a, b in zip(own, low, strict=True)) for w, own in zip(high, cells, strict=True))
        mask_value = code.product(mask[:, : code.width], inner)
        combined = weight * mask_row(code, mask) % p
        for factor, row in zip(high, data, strict=True):
            combined = (combined + self.gamma * factor % p * row) % p
        sent = np.concatenate([constant([value % p], len(choices)), mask_value], axis=1)
        opened = [code.at_points(row) for row in (mask_row(code, mask), *data)]
        return np.concatenate([(sent - value_pads) % p, combined, *opened], axis=1)

    def simulate(self, choices: Residues) -> Residues:
        """The view without cells: values, u and opened data cells uniform, the opened mask from the check."""
        code, p = self.code, self.code.modulus
        sent, combined, *data = split(choices, 2, code.degree, *[len(code.points)] * self.rows)
        _, high, _ = self.weights()
        mask = code.at_points(combined)
        for factor, opened in zip(high, data, strict=True):
            mask = (mask - self.gamma * factor % p * opened) % p
        return np.concatenate([sent, combined, mask, *data], axis=1)

    @property
    def simulated_count(self) -> int:
        """Random residues of the simulator."""
        return 2 + self.code.degree + self.rows * len(self.code.points)


@dataclass(frozen=True, kw_only=True)
class LinearTest:
    """E0 + X^W E1 + A row, and the opened columns of E0, E1 and of the row, at a public polynomial A of W coefficients.

    `shift` replaces the W of the mask.
    """

    code: Code
    factors: tuple[int, ...]
    shift: int | None = None

    @property
    def count(self) -> int:
        """Random residues of the prover: the pads of the row, E0 but for its first cell, E1."""
        return self.code.pads + 2 * self.code.degree - 1

    def see(self, cells: list[int], choices: Residues) -> Residues:
        """The view of a prover with these cells."""
        code, p = self.code, self.code.modulus
        pads, first, second = split(choices, code.pads, code.degree - 1, code.degree)
        row = code.row(constant(cells, len(choices)), pads)
        shift = code.width if self.shift is None else self.shift
        e0, e1 = masks_of_sum_zero(code, first, second, shift)
        length = max(code.width, shift) + code.degree
        linear = shifted(code.multiply(constant(list(self.factors), len(choices)), row), 0, length)
        linear = (linear + shifted(e0, 0, length) + shifted(e1, shift, length)) % p
        return np.concatenate([linear, *map(code.at_points, (e0, e1, row))], axis=1)


def masks_of_sum_zero(code: Code, first: Residues, second: Residues, shift: int) -> tuple[Residues, Residues]:
    """E0 and E1 as polynomials: E0 + X^shift E1 sums to zero over the message subgroup by the first cell of E0."""
    width, p = code.width, code.modulus
    powers = np.array([pow(x, shift, p) for x in code.cell_points], np.int64)
    rest = (first[:, : width - 1].sum(axis=1) + (second[:, :width] * powers % p).sum(axis=1)) % p
    cells = np.concatenate([((p - rest) % p)[:, None], first[:, : width - 1]], axis=1)
    return code.row(cells, first[:, width - 1 :]), mask_row(code, second)


def mask_row(code: Code, residues: Residues) -> Residues:
    """The polynomial of a mask of W cells and t pads, (N, k)."""
    return code.row(residues[:, : code.width], residues[:, code.width :])


@dataclass(frozen=True, kw_only=True)
class QuadraticTest:
    """Q0 + X^t Q1 + (X Y - Z) / (X^W - 1) and the opened columns of all five rows."""

    code: Code

    @property
    def count(self) -> int:
        """Random residues of the prover: the pads of X, Y and Z, and the two masks."""
        return 3 * self.code.pads + 2 * self.code.degree

    def see(self, cells: tuple[list[int], list[int]], choices: Residues) -> Residues:
        """The view of a prover whose rows X and Y have these cells."""
        code, p = self.code, self.code.modulus
        *pads, first, second = split(choices, *[code.pads] * 3, code.degree, code.degree)
        q0, q1 = mask_row(code, first), mask_row(code, second)
        triple = (*cells, [a * b % p for a, b in zip(*cells, strict=True)])
        x, y, z = (code.row(constant(own, len(choices)), pad) for own, pad in zip(triple, pads, strict=True))
        return np.concatenate([quotient_response(code, q0, q1, x, y, z), *map(code.at_points, (q0, q1, x, y, z))], 1)


def quotient_response(
    code: Code, q0: Residues, q1: Residues, x: Residues, y: Residues, z: Residues, factor: int = 1
) -> Residues:
    """Q0 + X^t Q1 + factor (X Y - Z) / (X^W - 1), W + 2 t coefficients; q0 and q1 are polynomials."""
    p, length = code.modulus, code.degree + code.pads
    product = code.multiply(x, y)
    difference = (product - shifted(z, 0, product.shape[1])) % p
    quotient = code.divide(difference) * factor % p
    return (shifted(quotient, 0, length) + shifted(q0, 0, length) + shifted(q1, code.pads, length)) % p
