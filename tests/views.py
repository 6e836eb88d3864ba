"""What a verifier sees, as linear maps over K of the prover's secrets and randomness, and the ranks of these maps.

All challenges are fixed, so the real encoders and responses are linear, and unit vectors give their matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element, add, multiply, subtract
from zkaudit.field.koalabear import MODULUS
from zkaudit.masking import Plan
from zkaudit.opening.prover import WitnessVector, combined_row
from zkaudit.opening.verifier import RowLayout
from zkaudit.pads.messages import E0, E1, MASKS, Q0, Q1, TableauChallenges, TableauLayout
from zkaudit.pads.prover import PadTableau
from zkaudit.prover import _all_pads, _segments
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import Domain, evaluate_polynomial
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.soundness import OracleParameters

_P = np.uint64(MODULUS)
View = Callable[[Array], Array]


def random_elements(count: int) -> list[Element]:
    return arrays.to_elements(uniform_elements(count))


def random_element() -> Element:
    return random_elements(1)[0]


def flat(vector: Array) -> Array:
    """An F-vector as residues, coefficients of one element together."""
    return np.ascontiguousarray(vector.T).reshape(-1).astype(np.uint64)


def rank(matrix: Array) -> int:
    """Rank over K by elimination, (m, n) residues."""
    rows = matrix.astype(np.uint64) % _P
    found = 0
    for column in range(rows.shape[1]):
        places = np.flatnonzero(rows[found:, column])
        if not places.size:
            continue
        pivot = found + int(places[0])
        rows[[found, pivot]] = rows[[pivot, found]]
        rows[found] = rows[found] * np.uint64(pow(int(rows[found, column]), -1, MODULUS)) % _P
        below = found + 1 + np.flatnonzero(rows[found + 1 :, column])
        factors = _P - rows[below, column]
        rows[below] = (rows[below] + factors[:, None] * rows[found]) % _P
        found += 1
        if found == len(rows):
            break
    return found


def kernel_vector(matrix: Array) -> Array:
    """A non-zero x (n,) with matrix x = 0, for a matrix (n - 1, n) whose first n - 1 columns are independent."""
    rows = [[int(v) for v in row] for row in matrix]
    count = len(rows)
    for i in range(count):
        pivot = next(j for j in range(i, count) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        inverse = pow(rows[i][i], -1, MODULUS)
        rows[i] = [v * inverse % MODULUS for v in rows[i]]
        for j in range(count):
            if j != i:
                factor = rows[j][i]
                rows[j] = [(a - factor * b) % MODULUS for a, b in zip(rows[j], rows[i], strict=True)]
    return np.array([-row[-1] % MODULUS for row in rows] + [1], np.uint64)


def matrix_of(view: View, unknowns: int) -> Array:
    """The images of the unit vectors, (unknowns, length of the view)."""
    return np.stack([view(unit) for unit in np.eye(unknowns, dtype=np.uint64)])


def leaked(view: View, secrets: int, randomness: int) -> int:
    """How many independent functionals of the secrets, which come first among the unknowns, the view fixes."""
    matrix = matrix_of(view, secrets + randomness)
    return rank(matrix) - rank(matrix[secrets:])


@dataclass(frozen=True, kw_only=True)
class OpeningView:
    """The opening of a toy witness of 2 batched and 2 static rows, W = 8, t = 3, n = 64, at fixed challenges.

    Fields that are not at their defaults build a broken protocol.
    """

    columns: tuple[int, ...] = (3, 17, 50)
    mask_columns: tuple[int, ...] | None = None
    mask_coordinates: int = 5
    own_mask_pads: int = 5
    clear_values: bool = False
    openings: int = 1

    WIDTH, PADS, SIZE, ROWS = 8, 3, 64, 4

    @property
    def secrets(self) -> int:
        return self.ROWS * self.WIDTH

    @property
    def randomness(self) -> int:
        masks = self.mask_coordinates * self.WIDTH + max(1, self.own_mask_pads) * self.PADS
        return self.ROWS * self.PADS + masks + 10 * self.openings

    def rows(self) -> RowLayout:
        half = self.secrets // 2
        layout: Any = SimpleNamespace(batched_cells=half, static_cells=half, address_variables=5)
        sizes = OracleParameters(message=self.WIDTH, columns=self.SIZE, pads=self.PADS)
        return RowLayout(layout, sizes)

    def split(self, unknowns: Array) -> tuple[WitnessVector, Array]:
        """The committed rows, and the pads of the messages (openings, 2, 5)."""
        ends = np.cumsum([self.secrets, self.ROWS * self.PADS, self.mask_coordinates * self.WIDTH])
        cells, pads, mask, rest = np.split(unknowns, ends)
        mask_cells = np.zeros((5, self.WIDTH), np.uint64)
        mask_cells[: self.mask_coordinates] = mask.reshape(self.mask_coordinates, self.WIDTH)
        own = max(1, self.own_mask_pads)
        mask_pads = np.zeros((5, self.PADS), np.uint64)
        if self.own_mask_pads == 5:
            mask_pads[:] = rest[: own * self.PADS].reshape(5, self.PADS)
        elif self.own_mask_pads == 1:
            mask_pads[: self.mask_coordinates] = rest[: self.PADS]
        half = self.secrets // 2
        vector = WitnessVector(
            batched=cells[:half].astype(np.uint32),
            static=cells[half:].astype(np.uint32),
            pads=pads.astype(np.uint32).reshape(self.ROWS, self.PADS),
            mask_cells=mask_cells,
            mask_pads=mask_pads,
        )
        return vector, rest[own * self.PADS :].reshape(self.openings, 2, 5)

    def view(self) -> View:
        """Opened columns, u, padded v and g, and what the pad oracle's linear test says of their pads."""
        rows = self.rows()
        domain = Domain(self.WIDTH, self.SIZE, self.PADS)
        challenges = [(random_elements(5), random_element()) for _ in range(self.openings)]

        def see(unknowns: Array) -> Array:
            vector, message_pads = self.split(unknowns)
            opened = open_columns(domain, _segments(vector), _all_pads(vector), self.columns)
            parts = [opened.reshape(-1).astype(np.uint64)]
            if self.mask_columns is not None:
                moved = open_columns(domain, _segments(vector), _all_pads(vector), self.mask_columns)
                parts.append(moved[:, :5].reshape(-1).astype(np.uint64))
            for (point, gamma), own_pads in zip(challenges, message_pads, strict=True):
                row = combined_row(rows, vector, point, gamma)
                value, mask = evaluations(rows, vector, point)
                parts += [flat(row.cells), flat(row.pads)]
                if self.clear_values:
                    parts.append(np.array([*value, *mask], np.uint64))
                else:
                    a, b = (arrays.element(pad) for pad in own_pads)
                    received = (subtract(value, a), subtract(mask, b), add(b, multiply(gamma, a)))
                    parts += [np.array(element, np.uint64) for element in received]
            return np.concatenate(parts)

        return see

    def leaks(self) -> int:
        """Functionals of the witness over K that the view fixes."""
        return leaked(self.view(), self.secrets, self.randomness)


def evaluations(rows: RowLayout, vector: WitnessVector, point: list[Element]) -> tuple[Element, Element]:
    """The witness and the mask row at an address."""
    low, high = rows.column_weights(point), rows.row_weights(point)
    cells = np.concatenate([vector.batched, vector.static]).reshape(high.shape[1], -1)
    value = arrays.dot(high, arrays.matrix_vector(cells.astype(np.int64), low))
    return value, arrays.dot(vector.mask_cells, low)


def toy_tableau(
    width: int = 8, pads: int = 3, elements: int = 4, products: Sequence[tuple[int, int]] = ((0, 1),)
) -> TableauLayout:
    """A pad tableau of a small plan, n = 64."""
    plan = Plan()
    plan.message(elements)
    for left, right in products:
        plan.product(left, right)
    return TableauLayout(plan, OracleParameters(message=width, columns=64, pads=pads))


def toy_challenges(layout: TableauLayout, constraints: int = 1) -> TableauChallenges:
    """Uniform coefficients of the three tests."""
    return TableauChallenges(
        low_degree=random_elements(layout.rows - 1),
        linear=random_elements(constraints + 2 * len(layout.plan.products)),
        quadratic=random_elements(layout.product_rows),
    )


def tableau_of(layout: TableauLayout, cells: Array, paddings: Array) -> PadTableau:
    """The real tableau with chosen cells (5, rows, W) and paddings (5, rows, t)."""
    tableau = object.__new__(PadTableau)
    tableau.layout, tableau.cells, tableau.paddings = layout, cells, paddings
    return tableau


def opened_columns(tableau: PadTableau, indices: Sequence[int]) -> Array:
    """The opened columns (k, 5 rows) of a tableau, by the real encoder."""
    cells, paddings = tableau.base_rows()
    sizes = tableau.layout.oracle
    domain = Domain(sizes.message, sizes.columns, sizes.pads)
    segments = [(cells.astype(np.uint32).reshape(-1), len(cells))]
    return open_columns(domain, segments, paddings.astype(np.uint32), indices).astype(np.uint64)


def zero_sum_masks(layout: TableauLayout, cells: Array) -> None:
    """The first cell of E0 set so that E0 + X^W E1 sums to zero over the message subgroup, as the prover does."""
    rest = cells[:, E0, 1:].sum(axis=1) + cells[:, E1].sum(axis=1)
    cells[:, E0, 0] = (_P - rest % _P) % _P


def linear_leak(layout: TableauLayout, columns: Sequence[int], *, shift: int | None = None) -> int:
    """Functionals of the pads over K that opened columns, low-degree and linear response fix.

    `shift` replaces the W of the mask E0 + X^W E1.
    """
    width, pads = layout.oracle.message, layout.oracle.pads
    challenges = toy_challenges(layout)
    secret_rows = layout.rows - MASKS
    weights = uniform_elements(secret_rows * width).reshape(5, secret_rows, width)
    secrets, paddings, masks = 5 * secret_rows * width, 5 * layout.rows * pads, 5 * MASKS * width
    shift = width if shift is None else shift
    domain = Domain(width, layout.oracle.columns, pads)
    powers = np.array([pow(domain.cell_point(i), shift, MODULUS) for i in range(width)], np.uint64)

    def see(unknowns: Array) -> Array:
        rows, own, mask = np.split(unknowns, [secrets, secrets + paddings])
        cells = np.concatenate([mask.reshape(5, MASKS, width), rows.reshape(5, secret_rows, width)], axis=1)
        # The mask sums to zero over the message subgroup, whose elements to the power W are one.
        rest = cells[:, E0, 1:].sum(axis=1) + (cells[:, E1] * powers % _P).sum(axis=1)
        cells[:, E0, 0] = (_P - rest % _P) % _P
        tableau = tableau_of(layout, cells, own.reshape(5, layout.rows, pads))
        responses = tableau.respond(challenges, weights)
        second = tableau._coefficients()[:, E1]
        linear = np.zeros((5, max(width, shift) + layout.degree), np.uint64)
        linear[:, : layout.linear_length] = responses.linear
        linear[:, width : width + layout.degree] += _P - second
        linear[:, shift : shift + layout.degree] += second
        opened = opened_columns(tableau, columns).reshape(-1)
        return np.concatenate([opened, flat(responses.low_degree), flat(linear % _P)])

    return leaked(see, secrets, paddings + masks)


def quotient_leak(layout: TableauLayout) -> int:
    """Dimensions over K of the quotient that opened columns and the mask Q0 + X^t Q1 leave bare."""
    width, pads = layout.oracle.message, layout.oracle.pads
    challenges = toy_challenges(layout)
    weights = np.zeros((5, layout.rows - MASKS, width), np.uint64)
    columns = list(range(1, 1 + pads))

    def see(unknowns: Array) -> Array:
        cells = np.zeros((5, layout.rows, width), np.uint64)
        paddings = np.zeros((5, layout.rows, pads), np.uint64)
        own, other = np.split(unknowns, [10 * width])
        cells[:, Q0 : Q1 + 1] = own.reshape(5, 2, width)
        paddings[:, Q0 : Q1 + 1] = other.reshape(5, 2, pads)
        tableau = tableau_of(layout, cells, paddings)
        opened = opened_columns(tableau, columns)[:, 5 * Q0 : 5 * Q1 + 5].reshape(-1)
        return np.concatenate([opened, flat(tableau.respond(challenges, weights).quadratic)])

    return 5 * (width + 3 * pads) - rank(matrix_of(see, 10 * (width + pads)))


def quotient_leak_of_polynomials(width: int, pads: int) -> int:
    """`quotient_leak` over K for sizes that the encoder refuses: the masks are uniform of degree below W + t."""
    degree = width + pads
    points = np.array([pow(3, 1 + i, MODULUS) for i in range(pads)], np.uint64)

    def see(unknowns: Array) -> Array:
        first, second = np.split(unknowns, 2)
        response = np.zeros(degree + pads, np.uint64)
        response[:degree] += first
        response[pads:] += second
        opened = evaluate_polynomial(np.stack([first, second]), points)
        return np.concatenate([opened.reshape(-1), response])

    return width + 3 * pads - rank(matrix_of(see, 2 * degree))
