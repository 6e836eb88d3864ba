"""What a proof shows of the witness: nothing, by the ranks of the real encoders and the statistics of real proofs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.cases import random_case
from tests.views import (
    OpeningView,
    flat,
    linear_leak,
    matrix_of,
    opened_columns,
    rank,
    tableau_of,
    toy_challenges,
    toy_tableau,
    zero_sum_masks,
)
from zkaudit import prover
from zkaudit.field.arrays import Array
from zkaudit.field.koalabear import MODULUS
from zkaudit.merkle.messages import Oracle
from zkaudit.pads.messages import MASKS
from zkaudit.proof import Proof, decode
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.soundness import OracleParameters
from zkaudit.transcript import Label
from zkaudit_circuits.weights import WEIGHTS

BINS = 64
LARGEST_STATISTIC = 160.0
"""Chi-square with 63 degrees of freedom: mean 63, deviation 11.2; above 160 with probability below 10^-9."""


# Ranks: the witness oracle.


def test_opening_fixes_no_functional_of_the_witness() -> None:
    assert OpeningView().leaks() == 0


def test_one_column_more_than_pads_fixes_one_functional_a_row() -> None:
    assert OpeningView(columns=(3, 17, 50, 51)).leaks() == OpeningView.ROWS
    assert OpeningView(columns=(3, 17)).leaks() == 0


def test_values_in_clear_fix_one_functional_over_the_extension() -> None:
    assert OpeningView(clear_values=True).leaks() == 5


def test_mask_opened_at_other_columns_leaks() -> None:
    assert OpeningView(mask_columns=(5, 20, 40)).leaks() > 0


def test_mask_row_serves_one_opening() -> None:
    assert OpeningView(openings=2).leaks() > 0


@pytest.mark.parametrize(("width", "size", "pads"), [(8, 64, 3), (16, 64, 16), (64, 512, 5)])
def test_row_pads_have_full_rank_at_any_columns(width: int, size: int, pads: int) -> None:
    domain = Domain(width, size, pads)
    generator = np.random.default_rng(1)
    zero = [(np.zeros(pads * width, np.uint32), pads)]
    for _ in range(5):
        indices = sorted(int(i) for i in generator.choice(size, pads, replace=False))
        # One row for each unit vector of pads: (t, t) as opened.
        opened = open_columns(domain, zero, np.eye(pads, dtype=np.uint32), indices)
        assert rank(opened.astype(np.uint64)) == pads


# Ranks: the pad oracle.


def test_pad_responses_fix_the_sum_of_the_constraints_only() -> None:
    """Low degree and linear test are linear in all rows: the view fixes one functional over F, which is public."""
    layout = toy_tableau()
    assert linear_leak(layout, (3, 17, 50)) == 5


def test_one_pad_column_too_many_fixes_the_pads() -> None:
    layout = toy_tableau(products=())
    assert linear_leak(layout, (3, 17, 50)) == 5
    assert linear_leak(layout, (3, 17, 50, 51)) > 5


@pytest.mark.parametrize(("width", "pads"), [(8, 3), (4, 4)])
def test_masks_hide_all_that_the_three_tests_do_not_imply(width: int, pads: int) -> None:
    """Whatever the other rows hold, the view is uniform but for 3 t equations at opened columns and the public sum."""
    layout = toy_tableau(width, pads)
    challenges = toy_challenges(layout)
    weights = uniform_elements((layout.rows - MASKS) * width).reshape(5, -1, width)

    def see(unknowns: Array) -> Array:
        cells = np.zeros((5, layout.rows, width), np.uint64)
        paddings = np.zeros((5, layout.rows, pads), np.uint64)
        own, other = np.split(unknowns, [5 * MASKS * width])
        cells[:, :MASKS] = own.reshape(5, MASKS, width)
        paddings[:, :MASKS] = other.reshape(5, MASKS, pads)
        zero_sum_masks(layout, cells)
        tableau = tableau_of(layout, cells, paddings)
        responses = tableau.respond(challenges, weights)
        opened = opened_columns(tableau, [1, 2, 17, 50][:pads])[:, : 5 * MASKS].reshape(-1)
        return np.concatenate([opened, *map(flat, (responses.low_degree, responses.linear, responses.quadratic))])

    matrix = matrix_of(see, 5 * MASKS * (width + pads))
    implied = 5 * (3 * pads + 1)
    assert rank(matrix) == matrix.shape[1] - implied


# Statistics of real proofs.


def parts(proof: Proof) -> dict[str, bytes]:
    """The fields of a proof that are residues."""
    return {
        "messages": proof.messages,
        "row": proof.row,
        "witness cells": proof.witness.cells,
        "responses": proof.responses,
        "pad cells": proof.pads.cells,
    }


def statistic(data: bytes) -> float:
    """Chi-square of residues in bins of equal size."""
    residues = np.frombuffer(data, ">u4").astype(np.int64)
    counts = np.bincount(residues * BINS // MODULUS, minlength=BINS)
    expected = residues.size / BINS
    return float(((counts - expected) ** 2 / expected).sum())


def collected(count: int) -> dict[str, bytes]:
    case = random_case((3, 2, 3), 3)
    columns = case.columns()
    proofs = [parts(decode(prover.prove_columns(case.statement, columns).proof)) for _ in range(count)]
    return {name: b"".join(proof[name] for proof in proofs) for name in proofs[0]}


def test_every_masked_field_looks_uniform() -> None:
    for name, data in collected(4).items():
        assert len(data) > 4 * 20 * BINS, name
        assert statistic(data) < LARGEST_STATISTIC, name
        residues = np.frombuffer(data, ">u4")
        assert np.unique(residues).size > residues.size - 20, f"{name} repeats values"


def test_statistic_notices_missing_pads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "uniform_residues", lambda count: np.zeros(count, np.uint32))
    assert statistic(collected(1)["witness cells"]) > LARGEST_STATISTIC


def test_statistic_notices_words_reduced_modulo_p() -> None:
    words = np.random.default_rng(1).integers(0, 1 << 32, 1 << 18, dtype=np.uint64)
    assert statistic((words % np.uint64(MODULUS)).astype(">u4").tobytes()) > LARGEST_STATISTIC


def test_nothing_repeats_between_proofs_of_one_statement() -> None:
    case = random_case((3, 2, 3), 3)
    columns = case.columns()
    first, second = (decode(prover.prove_columns(case.statement, columns).proof) for _ in range(2))
    assert first.witness_root != second.witness_root
    assert first.pad_root != second.pad_root
    for name, data in parts(first).items():
        equal = np.frombuffer(data, ">u4") == np.frombuffer(parts(second)[name], ">u4")
        assert equal.sum() < 5, name
    for one, other in ((first.witness, second.witness), (first.pads, second.pads)):
        salts = [s[i : i + 32] for s in (one.salts, other.salts) for i in range(0, len(s), 32)]
        assert len(set(salts)) == len(salts)


def test_lengths_do_not_depend_on_the_witness() -> None:
    """Paths apart, whose length follows from the columns that the transcript draws."""
    case = random_case((3, 4, 3), 5)
    other = random_case((3, 4, 3), 5, seed=7)
    zero = dict(case.columns())
    zero[WEIGHTS] = np.zeros_like(zero[WEIGHTS])
    proofs = [
        decode(prover.prove_columns(statement, columns).proof)
        for statement, columns in (
            (case.statement, case.columns()),
            (dataclasses.replace(other.statement, claim=case.statement.claim), other.columns()),
            (case.statement, zero),
        )
    ]
    shapes = {
        tuple((name, len(data)) for name, data in [*parts(p).items(), ("salts", p.witness.salts + p.pads.salts)])
        for p in proofs
    }
    assert len(shapes) == 1


def test_an_oracle_is_opened_once() -> None:
    case = random_case((3, 2, 3), 3)
    sizes = OracleParameters(message=64, columns=512, pads=4)
    oracle = prover._CommittedOracle(
        Oracle.WITNESS, sizes, [(np.zeros(128, np.uint32), 2)], np.zeros((2, 4), np.uint32)
    )
    transcript = case.statement.open_transcript(oracle.root, oracle.root)
    labels = (Label.OPENING_GRINDING, Label.OPENING_COLUMNS)
    oracle.open(transcript, *labels, 0)
    with pytest.raises(RuntimeError, match="opened once"):
        oracle.open(transcript, *labels, 0)
