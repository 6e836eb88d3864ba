"""Sections "Reed-Solomon rows", "Merkle trees", "Opening" from step 3 on, and "Pad tableau"."""

from __future__ import annotations

from typing import Any

from tests.second.field import (
    ONE,
    ZERO,
    Element,
    P,
    Point,
    add,
    clog,
    dot,
    equality_table,
    evaluate,
    interpolate,
    multiply,
    negate,
    reverse_bits,
    root_of_unity,
    scale,
    subtract,
    total,
)
from tests.second.layout import Layout
from tests.second.padded import Channel
from tests.second.sizes import Oracle, Sizes
from tests.second.transcript import Transcript
from tests.second.wire import big_endian, elements, grouped, require, residues, sha256

Column = tuple[int, list[int]]
"""The point of an opened column and its cells."""


def open_columns(
    transcript: Transcript,
    part: dict[str, Any],
    oracle: Oracle,
    rows: int,
    root: bytes,
    name: str,
    labels: str,
    bits: int,
) -> list[Column]:
    """Grinds, draws the columns and leads them to the root; `name` is O."""
    transcript.grind(f"{labels} grinding", part["nonce"], bits)
    indices = transcript.indices(f"{labels} columns", oracle.opened, oracle.columns)
    cells, salts, path = part["cells"], part["salts"], part["path"]
    values = residues(cells, oracle.opened * rows, f"{labels} cells")
    require(len(salts) == 32 * oracle.opened, "wrong-length", f"{labels} salts")
    kind = name.encode()
    known = {
        index: sha256(
            b"zkaudit column leaf v1 " + kind + bytes(4) + big_endian(4, index)
            + salts[32 * i : 32 * (i + 1)] + cells[4 * rows * i : 4 * rows * (i + 1)]
        )
        for i, index in enumerate(indices)
    }  # fmt: skip
    used = 0
    for level in range(1, clog(oracle.columns) + 1):
        for index in sorted(known):
            if index ^ 1 not in known:
                known[index ^ 1] = path[used : used + 32]
                used += 32
        label = b"zkaudit merkle node v1 " + kind + big_endian(4, level)
        parents = sorted({index // 2 for index in known})
        known = {i: sha256(label + big_endian(4, i) + known[2 * i] + known[2 * i + 1]) for i in parents}
    require(used == len(path), "wrong-length", f"{labels} path")
    require(known[0] == root, "merkle-path", labels)
    points = [_point(oracle, index) for index in indices]
    return [(x, values[rows * i : rows * (i + 1)]) for i, x in enumerate(points)]


def _point(oracle: Oracle, index: int) -> int:
    """x(c W + j)."""
    coset, cell = divmod(index, oracle.message)
    turn = pow(root_of_unity(oracle.message), reverse_bits(cell, clog(oracle.message)), P)
    return 3 * pow(root_of_unity(oracle.columns), coset, P) * turn % P


def check_combined_row(
    layout: Layout, oracle: Oracle, row: list[Element], z: Point, gamma: Element, columns: list[Column]
) -> None:
    """Step 4 of section "Opening"."""
    weights = equality_table(z[clog(oracle.message) + 1 :])
    batched, static = (-(-cells // oracle.message) for cells in (layout.batched_cells, layout.static_cells))
    factors = [multiply(subtract(ONE, z[0]), weight) for weight in weights[:batched]]
    factors += [multiply(z[0], weight) for weight in weights[:static]]
    message = interpolate(row[: oracle.message])
    for x, cells in columns:
        encoded = add(evaluate(message, x), scale(evaluate(row[oracle.message :], x), pow(x, oracle.message, P) - 1))
        combined = total(scale(factor, cell) for factor, cell in zip(factors, cells[5:], strict=True))
        (mask,) = grouped(cells[:5])
        require(encoded == add(mask, multiply(gamma, combined)), "witness-opening", f"at {x}")


class Tableau:
    """The combined constraint and the coefficients of the three tests."""

    def __init__(self, channel: Channel, layout: Layout, sizes: Sizes) -> None:
        self.sizes = sizes
        oracle, pairs, constraints = sizes.pads, channel.pairs, channel.constraints
        transcript = channel.transcript
        self.low_degree = transcript.elements("pad low-degree coefficients", sizes.pad_rows - 1)
        linear = transcript.elements("pad linear coefficients", len(constraints) + 2 * len(pairs))
        self.quadratic = transcript.elements("pad quadratic coefficients", sizes.product_rows)
        width = oracle.message
        rows = [[ZERO] * width for _ in range(sizes.pad_rows - 5)]
        first_x = sizes.message_rows * width
        first_y, first_z = first_x + sizes.product_rows * width, first_x + 2 * sizes.product_rows * width

        def put(cell: int, weight: Element) -> None:
            rows[cell // width][cell % width] = add(rows[cell // width][cell % width], weight)

        self.constant = ZERO
        for coefficient, constraint in zip(linear, constraints, strict=False):
            self.constant = add(self.constant, multiply(coefficient, constraint.constant))
            for pad, factor in constraint.form.items():
                cell = pad if pad < layout.elements else first_z + pad - layout.elements
                put(cell, multiply(coefficient, factor))
        ties = linear[len(constraints) :]
        for m, (left, right) in enumerate(pairs):
            for pad, tie, first in ((left, ties[2 * m], first_x), (right, ties[2 * m + 1], first_y)):
                put(pad, negate(tie))
                put(first + m, tie)
        self.rows = [interpolate(row) for row in rows]

    def check(self, transcript: Transcript, part: dict[str, Any], responses: bytes, root: bytes) -> None:
        """Reads the responses, opens the columns and runs the three tests."""
        oracle, sizes = self.sizes.pads, self.sizes
        width, opened, dimension = oracle.message, oracle.opened, oracle.dimension
        values = elements(responses, 4 * width + 4 * opened, "responses")
        transcript.absorb("pad test responses", responses)
        columns = open_columns(
            transcript, part, oracle, 5 * sizes.pad_rows, root, "P", "pad", sizes.profile.grinding_bits
        )
        low, linear, quadratic = (
            values[:dimension],
            values[dimension : -width - 2 * opened],
            values[-width - 2 * opened :],
        )
        total_sum = scale(total(linear[::width]), width)
        require(total_sum == negate(self.constant), "pad-linear", "sum")
        for x, cells in columns:
            rows = grouped(cells)
            require(evaluate(low, x) == add(rows[0], dot(self.low_degree, rows[1:])), "pad-low-degree", f"at {x}")
        for x, cells in columns:
            rows = grouped(cells)
            mask = add(rows[1], scale(rows[2], pow(x, width, P)))
            weights = [evaluate(row, x) for row in self.rows]
            require(evaluate(linear, x) == add(mask, dot(weights, rows[5:])), "pad-linear", f"at {x}")
        for x, cells in columns:
            rows = grouped(cells)
            mask = add(rows[3], scale(rows[4], pow(x, opened, P)))
            left = scale(subtract(evaluate(quadratic, x), mask), pow(x, width, P) - 1)
            products = self._differences(rows[5 + sizes.message_rows :])
            require(left == dot(self.quadratic, products), "pad-quadratic", f"at {x}")

    def _differences(self, rows: list[Element]) -> list[Element]:
        """X Y - Z of each row."""
        count = self.sizes.product_rows
        x, y, z = rows[:count], rows[count : 2 * count], rows[2 * count :]
        return [subtract(multiply(a, b), c) for a, b, c in zip(x, y, z, strict=True)]
