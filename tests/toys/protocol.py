"""A whole protocol over a toy field: the prover knows a and b with a b = c, sends both under pads, proves the equation.

The pad tableau has the rows of the real one: the masks M, E0, E1, Q0 and Q1, the pads P, and X, Y and Z = X Y.
The messages are a - x and b - y with x and y the first cells of P, the product pad x y is the first cell of Z, and the
one constraint is (first + x)(second + y) = c, that is first second + first y + second x + x y - c = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.toys.code import Code, Residues, shifted
from tests.toys.masks import constant, mask_row, masks_of_sum_zero, quotient_response, split


@dataclass(frozen=True, kw_only=True)
class Challenges:
    """Coefficients of the three tests: all rows behind M; the constraint and the copies to X and Y; X Y - Z."""

    low_degree: tuple[int, ...]
    linear: tuple[int, int, int]
    quadratic: int


@dataclass(frozen=True, kw_only=True)
class ProductProtocol:
    """The protocol at fixed challenges; fields with a default are at another value in a broken protocol.

    `without_pad` sends the secrets, `shared_mask` uses E0 as M, `bare` leaves out the pads of the rows P.
    """

    code: Code
    challenges: Challenges
    product: int
    without_pad: bool = False
    shared_mask: bool = False
    bare: bool = False

    @property
    def pad_rows(self) -> int:
        """Rows P."""
        return -(-2 // self.code.width)

    @property
    def count(self) -> int:
        """Random residues of the prover: the rows P, the pads of all rows, the masks."""
        code = self.code
        return self.pad_rows * code.width + (self.pad_rows + 3) * code.pads + 5 * code.degree - 1

    def factors(self, sent: Residues) -> tuple[list[Residues], Residues]:
        """The combined constraint for each choice of the messages (N, 2).

        A polynomial for each of the rows P, X, Y and Z, and the target (N, 1).
        """
        code, p = self.code, self.code.modulus
        constraint, left, right = self.challenges.linear
        first, second = sent[:, :1], sent[:, 1:]
        cells = np.zeros((len(sent), self.pad_rows * code.width), np.int64)
        cells[:, :1] = (constraint * second - left) % p
        cells[:, 1:2] = (constraint * first - right) % p
        rows = np.split(cells, self.pad_rows, axis=1)
        rows += [shifted(first * 0 + factor, 0, code.width) for factor in (left, right, constraint)]
        target = constraint * ((self.product - first * second) % p) % p
        return [code.interpolate(row) for row in rows], target

    def see(self, secrets: tuple[int, int], choices: Residues) -> Residues:
        """The view of a prover with these secrets: messages, three responses, opened columns of all rows."""
        code, p, pad_rows = self.code, self.code.modulus, self.pad_rows
        k, t, count = code.degree, code.pads, len(choices)
        sizes = [*[code.width] * pad_rows, *[t] * (pad_rows + 3), k, k - 1, k, k, k]
        *own, m, first, second, q0, q1 = split(choices, *sizes)
        cells, pads = own[:pad_rows], own[pad_rows:]
        if self.without_pad:
            cells = [part * 0 for part in cells]
        if self.bare:
            pads[:pad_rows] = [part * 0 for part in pads[:pad_rows]]
        flat = np.concatenate(cells, axis=1)
        x, y = flat[:, :1], flat[:, 1:2]
        sent = (constant(list(secrets), count) - flat[:, :2]) % p
        copies = [shifted(value, 0, code.width) for value in (x, y, x * y % p)]
        data = [code.row(row, pad) for row, pad in zip([*cells, *copies], pads, strict=True)]
        e0, e1 = masks_of_sum_zero(code, first, second, code.width)
        m = e0 if self.shared_mask else mask_row(code, m)
        rows = [e0, e1, mask_row(code, q0), mask_row(code, q1), *data]
        return np.concatenate([sent, *self.respond(sent, m, rows), *map(code.at_points, (m, *rows))], axis=1)

    def respond(self, sent: Residues, m: Residues, rows: list[Residues]) -> list[Residues]:
        """The three responses for the messages and the polynomials of all rows."""
        code, p = self.code, self.code.modulus
        e0, e1, q0, q1, *data = rows
        low_degree = m.copy()
        for factor, row in zip(self.challenges.low_degree, rows, strict=True):
            low_degree = (low_degree + factor * row) % p
        length = code.width + code.degree
        linear = shifted(e0, 0, length) + shifted(e1, code.width, length)
        for polynomial, row in zip(self.factors(sent)[0], data, strict=True):
            linear = (linear + shifted(code.multiply(polynomial, row), 0, length)) % p
        return [low_degree, linear, quotient_response(code, q0, q1, *data[-3:], factor=self.challenges.quadratic)]

    @property
    def simulated_count(self) -> int:
        """Random residues of the simulator: messages, responses less one sum, the opened cells that are free."""
        code = self.code
        responses = code.degree + (code.width + code.degree - 1) + (code.degree + code.pads)
        return 2 + responses + (self.pad_rows + 5) * len(code.points)

    def simulate(self, choices: Residues) -> Residues:
        """The view without secrets, by the steps of docs/zero-knowledge.md."""
        code, p, width = self.code, self.code.modulus, self.code.width
        k, opened = code.degree, len(code.points)
        sizes = [2, k, width + k - 1, k + code.pads, *[opened] * (self.pad_rows + 5)]
        sent, low_degree, linear, quadratic, e1, q1, *data = split(choices, *sizes)
        polynomials, target = self.factors(sent)
        # The sum over the message subgroup is W times the coefficients at multiples of W; the first is what is left.
        first = (target[:, 0] * pow(width, -1, p) - linear[:, width - 1 :: width].sum(axis=1)) % p
        linear = np.concatenate([first[:, None], linear], axis=1)
        powers = {n: np.array([pow(x, n, p) for x in code.points], np.int64) for n in (width, code.pads)}
        e0 = (code.at_points(linear) - e1 * powers[width]) % p
        for polynomial, row in zip(polynomials, data, strict=True):
            e0 = (e0 - code.at_points(polynomial) * row) % p
        vanishing = np.array([pow(int(v) - 1, -1, p) for v in powers[width]], np.int64)
        x, y, z = data[-3:]
        product = (x * y - z) % p * self.challenges.quadratic % p
        q0 = (code.at_points(quadratic) - product * vanishing % p - q1 * powers[code.pads]) % p
        rows = [e0, e1, q0, q1, *data]
        m = code.at_points(low_degree)
        for factor, row in zip(self.challenges.low_degree, rows, strict=True):
            m = (m - factor * row) % p
        return np.concatenate([sent, low_degree, linear, quadratic, m, *rows], axis=1)
