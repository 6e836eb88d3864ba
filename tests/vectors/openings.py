"""Known answers of the opening of the witness oracle and of the pad tableau, at toy sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.vectors.files import Case, Stream, case, fixed_randomness
from tests.views import toy_tableau
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ZERO, Element, add, multiply, negate
from zkaudit.field.koalabear import MODULUS
from zkaudit.masking import Affine, Tape
from zkaudit.merkle.messages import Oracle
from zkaudit.opening.prover import WitnessVector, combined_row
from zkaudit.opening.verifier import CombinedRow, RowLayout, verify_columns
from zkaudit.pads.messages import TableauLayout, TableauResponses
from zkaudit.pads.prover import PadTableau
from zkaudit.pads.verifier import draw_challenges, verify_tableau
from zkaudit.proof import OpenedColumns
from zkaudit.prover import _CommittedOracle
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.soundness import OracleParameters
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import _open, _responses

PROTOCOL = "zkaudit/v1"
GRINDING = 3


def opening_cases() -> list[Case]:
    """`opening.json`."""
    stream = Stream("opening")
    width, columns, pads, batched, static, variables = 8, 64, 4, 20, 13, 6
    layout: Any = SimpleNamespace(batched_cells=batched, static_cells=static, address_variables=variables)
    rows = RowLayout(layout, OracleParameters(message=width, columns=columns, pads=pads))
    cells = [stream.integers(0, MODULUS - 1, size).astype(np.uint32) for size in (batched, static)]
    padded = [np.pad(part, (0, -len(part) % width)) for part in cells]
    count = rows.batched_rows + rows.static_rows
    vector = WitnessVector(
        batched=padded[0],
        static=padded[1],
        pads=stream.integers(0, MODULUS - 1, (count, pads)).astype(np.uint32),
        mask_cells=stream.vector(width),
        mask_pads=stream.vector(pads),
    )
    point, gamma = stream.elements(variables), stream.element()
    row = combined_row(rows, vector, point, gamma)
    indices = [0, 9, 31, 62]
    mask = vector.mask_cells.astype(np.uint32)
    segments = [(mask.reshape(-1), 5), (padded[0], rows.batched_rows), (padded[1], rows.static_rows)]
    all_pads = np.concatenate([vector.mask_pads.astype(np.uint32), vector.pads])
    opened = open_columns(Domain(width, columns, pads), segments, all_pads, indices).astype(np.uint64)

    def answer(name: str, comment: str, row: CombinedRow, opened: arrays.Array, gamma: Element = gamma) -> Case:
        given = {
            "W": width,
            "n": columns,
            "t": pads,
            "batched cells": batched,
            "static cells": static,
            "point": point,
            "gamma": gamma,
            "row": arrays.to_elements(np.concatenate([row.cells, row.pads], axis=1)),
            "columns": indices,
            "cells": opened,
        }
        expected: dict[str, Any] = {"sum": arrays.dot(row.cells, rows.column_weights(point))}
        try:
            verify_columns(rows, point, gamma, row, indices, opened)
            expected["accepted"] = True
        except Rejected as error:
            expected["refused"] = error.reason.value
        return case(name, comment, given, expected)

    def with_one(array: arrays.Array, place: tuple[int, int]) -> arrays.Array:
        result = array.copy()
        result[place] = (result[place] + np.uint64(1)) % np.uint64(MODULUS)
        return result

    honest = "u = mask row + gamma * sum of E_i row_i, and its sum with eq of the columns' coordinates."
    return [
        answer("an honest row", honest, row, opened),
        answer(
            "an altered cell of u", "Every cell of u counts.", replace(row, cells=with_one(row.cells, (4, 7))), opened
        ),
        answer("an altered pad of u", "Every pad of u counts.", replace(row, pads=with_one(row.pads, (0, 3))), opened),
        answer("an altered mask", "The mask is added.", row, with_one(opened, (2, 1))),
        answer("an altered batched row", "Region 0 counts.", row, with_one(opened, (0, 5))),
        answer("an altered static row", "Region 1 counts.", row, with_one(opened, (3, 9))),
        answer("another gamma", "The witness is scaled by gamma, the mask is not.", row, opened, stream.element()),
    ]


class _Run:
    """One tableau with its constraints; parts may be altered before they are absorbed or after."""

    def __init__(self, name: str, layout: TableauLayout, constraints: int) -> None:
        self.layout, self.name = layout, name
        stream = Stream(f"pads {name}")
        with fixed_randomness(f"tableau {name}"):
            self.tableau = PadTableau(layout)
        plan, pads = layout.plan, self.tableau.pads
        products = [multiply(pads[a], pads[b]) for a, b in plan.products]
        leaves = arrays.from_elements([*pads, *products])
        self.forms: list[tuple[Element, list[Element]]] = []
        for _ in range(constraints):
            factors = stream.elements(plan.elements + len(plan.products))
            self.forms.append((negate(arrays.dot(arrays.from_elements(factors), leaves)), factors))

    def tape(self) -> Tape:
        """The constraints, each a constant and a coefficient for every pad and product pad."""
        tape = Tape(self.layout.plan)
        for number, (constant, factors) in enumerate(self.forms):
            terms = [(factor, Affine(ZERO, node)) for node, factor in enumerate(factors)]
            tape.require_zero(f"constraint {number}", tape.combine(terms, constant))
        return tape

    def answer(
        self,
        name: str,
        comment: str,
        alter: Callable[[TableauResponses], TableauResponses] = lambda responses: responses,
        alter_bytes: Callable[[bytes], bytes] = lambda data: data,
        alter_opened: Callable[[OpenedColumns], OpenedColumns] = lambda opened: opened,
    ) -> Case:
        """The verdict on the run."""
        layout, tape = self.layout, self.tape()
        cells, pads = self.tableau.base_rows()
        rows = [(cells.astype(np.uint32).reshape(-1), len(cells))]
        with fixed_randomness(f"salts {self.name}"):
            oracle = _CommittedOracle(Oracle.PADS, layout.oracle, rows, pads.astype(np.uint32))
        transcript = self._transcript(oracle.root)
        challenges = draw_challenges(transcript, layout, tape)
        weights, target = layout.combine_constraints(tape, challenges.linear)
        responses = alter_bytes(alter(self.tableau.respond(challenges, weights)).to_bytes())
        transcript.absorb(Label.PAD_RESPONSES, responses)
        opened = alter_opened(oracle.open(transcript, Label.PAD_GRINDING, Label.PAD_COLUMNS, GRINDING))
        sizes, plan = layout.oracle, layout.plan
        given = {
            "W": sizes.message,
            "n": sizes.columns,
            "t": sizes.pads,
            "grinding bits": GRINDING,
            "elements": plan.elements,
            "products": plan.products,
            "constraints": [{"constant": constant, "coefficients": factors} for constant, factors in self.forms],
            "root": oracle.root,
            "responses": responses,
            "opened": {
                "nonce": str(opened.nonce),
                "cells": opened.cells,
                "salts": opened.salts,
                "path": opened.path,
            },
        }
        expected = {"e": negate(target)} | self._verdict(oracle.root, responses, opened)
        if "accepted" in expected:
            expected["A"] = [arrays.to_elements(row) for row in np.moveaxis(weights, 1, 0)]
        return case(name, comment, given, expected)

    def _transcript(self, root: bytes) -> Transcript:
        transcript = Transcript(PROTOCOL)
        transcript.absorb(Label.PAD_ROOT, root)
        return transcript

    def _verdict(self, root: bytes, data: bytes, opened: OpenedColumns) -> dict[str, Any]:
        transcript, tape = self._transcript(root), self.tape()
        challenges = draw_challenges(transcript, self.layout, tape)
        try:
            responses = _responses(data, self.layout)
            transcript.absorb(Label.PAD_RESPONSES, data)
            rows = 5 * self.layout.rows
            indices, cells = _open(transcript, Oracle.PADS, self.layout.oracle, rows, opened, root, GRINDING)
            verify_tableau(self.layout, tape, challenges, responses, indices, cells)
        except Rejected as error:
            return {"refused": error.reason.value}
        return {"accepted": True, "columns": indices}


def pad_cases() -> list[Case]:
    """`pads.json`."""
    small = _Run("one product", toy_tableau(width=8, pads=3, elements=4, products=((0, 1),)), 2)
    pairs = [(i, (7 * i + 2) % 19) for i in range(11)]
    large = _Run("several rows", toy_tableau(width=8, pads=8, elements=19, products=pairs), 3)
    bare = _Run("no products", toy_tableau(width=4, pads=4, elements=5, products=()), 1)
    honest = "An accepted tableau: the combined constraint A, e, the columns that are drawn and the verdict."
    cases = [run.answer(run.name, honest) for run in (small, large, bare)]

    def with_one(part: str, place: int) -> Callable[[TableauResponses], TableauResponses]:
        def alter(responses: TableauResponses) -> TableauResponses:
            values = getattr(responses, part).copy()
            values[2, place] = (values[2, place] + np.uint64(1)) % np.uint64(MODULUS)
            return replace(responses, **{part: values})

        return alter

    for part, place, comment in (
        ("low_degree", 0, "The low-degree response differs from the rows."),
        ("linear", 0, "The linear response has another sum."),
        ("linear", 1, "The linear response has the right sum and differs from the rows."),
        ("quadratic", 5, "The quadratic response differs from the rows."),
    ):
        name = f"altered response, {part.replace('_', ' ')} {place}"
        cases.append(small.answer(name, comment, alter=with_one(part, place)))
    cases.append(_false_constraint())
    cases.append(_false_product())

    def opened(**changes: Callable[[Any], Any]) -> Callable[[OpenedColumns], OpenedColumns]:
        return lambda part: replace(part, **{name: change(getattr(part, name)) for name, change in changes.items()})

    def flipped(data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])

    modulus = MODULUS.to_bytes(4, "big")
    for name, comment, changes in (
        ("an altered cell", "An opened cell is under the root.", {"cells": flipped}),
        ("an altered salt", "A salt is under the root.", {"salts": flipped}),
        ("an altered path", "The path leads to the root.", {"path": flipped}),
        ("cells too short", "The statement fixes the length.", {"cells": lambda data: data[:-4]}),
        ("salts too long", "The statement fixes the length.", {"salts": lambda data: data + b"\0"}),
        ("a path too long", "The columns fix the length.", {"path": lambda data: data + bytes(32)}),
        ("a cell that is not canonical", "Residues are below p.", {"cells": lambda data: modulus + data[4:]}),
        ("another nonce", "The nonce does not reach the zero bits.", {"nonce": lambda nonce: nonce ^ 1}),
    ):
        cases.append(small.answer(name, comment, alter_opened=opened(**changes)))
    cases.append(
        small.answer("responses too short", "The statement fixes the length.", alter_bytes=lambda data: data[:-20])
    )
    cases.append(
        small.answer(
            "a response that is not canonical", "Residues are below p.", alter_bytes=lambda data: modulus + data[4:]
        )
    )
    return cases


def _false_constraint() -> Case:
    """A constraint that the pads do not meet."""
    run = _Run("a false constraint", toy_tableau(width=8, pads=3, elements=4, products=((0, 1),)), 2)
    constant, factors = run.forms[1]
    run.forms[1] = ((constant[0] ^ 1, *constant[1:]), factors)
    return run.answer(run.name, "The pads do not satisfy a constraint.")


def _false_product() -> Case:
    """A product pad that is not the product of its pads, under a constraint that does not read it."""
    run = _Run("a false product", toy_tableau(width=8, pads=3, elements=4, products=((0, 1),)), 1)
    constant, factors = run.forms[0]
    product = multiply(run.tableau.pads[0], run.tableau.pads[1])
    change = multiply(factors[-1], product)
    # Without the product pad in it the constraint stays true, whatever Z holds.
    run.forms[0] = (add(constant, change), [*factors[:-1], ZERO])
    row = run.layout.z_row
    run.tableau.cells[0, row, 0] = (run.tableau.cells[0, row, 0] + np.uint64(1)) % np.uint64(MODULUS)
    return run.answer(run.name, "A product pad is not the product of its factors.")
