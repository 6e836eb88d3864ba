"""The soundness account against known answers, exact rationals and the least sizes by search."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb, log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.counting import calls_of
from zkaudit import soundness
from zkaudit.errors import InvalidInput
from zkaudit.parameters import PROFILES, STANDARD, TEST_INSECURE, Profile
from zkaudit.soundness import (
    FIELD_SIZE,
    Account,
    OracleParameters,
    StatementShape,
    account,
    choose_parameters,
    opening_bytes,
    pad_parameters,
    query_error,
)

SHAPE = StatementShape(
    sample_bits=10,
    lookups=(1 << 26) + 1,
    table_rows=1 << 17,
    tree_depth=27,
    product_variables=14,
    linear_points=(7, 4),
    linear_rounds=(10, 7),
    functional_count=2,
    functional_variables=11,
    claims=9,
    address_variables=26,
    batched_cells=1 << 25,
    static_cells=110_000,
    pad_elements=2_000,
    pad_products=100,
)

shapes = st.builds(
    StatementShape,
    sample_bits=st.integers(0, 20),
    lookups=st.integers(0, 1 << 28),
    table_rows=st.integers(0, 1 << 18),
    tree_depth=st.integers(1, 29),
    product_variables=st.none() | st.integers(0, 26),
    linear_points=st.lists(st.integers(0, 16), max_size=4).map(tuple),
    linear_rounds=st.lists(st.integers(0, 16), max_size=4).map(tuple),
    functional_count=st.integers(0, 4),
    functional_variables=st.none() | st.integers(0, 26),
    claims=st.integers(1, 50),
    address_variables=st.integers(0, 28),
    batched_cells=st.integers(0, 1 << 26),
    static_cells=st.integers(0, 1 << 22),
    pad_elements=st.integers(0, 4000),
    pad_products=st.integers(0, 200),
)


def bits(error: int) -> float:
    return 256 - log2(error)


def named(entries: Account) -> dict[str, float]:
    return {term.name: term.bits for term in entries.terms}


@pytest.mark.parametrize(
    ("exponent", "blow_up", "opened", "query", "row_combination"),
    [
        (9, 4, 183, 128.2, 140.2), (9, 8, 140, 128.8, 139.2), (10, 4, 173, 128.0, 139.2), (10, 8, 137, 128.1, 138.2),
        (11, 4, 169, 128.1, 138.2), (11, 8, 136, 128.1, 137.2), (12, 4, 167, 128.0, 137.2), (12, 8, 136, 128.5, 136.2),
        (13, 4, 167, 128.6, 136.2), (13, 8, 136, 128.7, 135.2), (14, 4, 166, 128.3, 135.2), (14, 8, 136, 128.8, 134.2),
        (15, 4, 166, 128.4, 134.2), (15, 8, 135, 128.0, 133.2), (16, 4, 166, 128.5, 133.2), (16, 8, 135, 128.0, 132.2),
    ],
)  # fmt: skip
def test_witness_oracle_known_answers(
    exponent: int, blow_up: int, opened: int, query: float, row_combination: float
) -> None:
    message = 1 << exponent
    oracle = OracleParameters(message=message, columns=blow_up * message, pads=opened)
    # 2^12 rows in all, 5 of them masks.
    shape = replace(SHAPE, address_variables=0, static_cells=0, batched_cells=((1 << 12) - 5) * message)
    terms = named(account(STANDARD, shape, oracle, pad_parameters(STANDARD)))
    assert terms["witness query"] == pytest.approx(query, abs=0.0501)
    assert terms["witness row combination"] == pytest.approx(row_combination, abs=0.0501)
    fewer = replace(oracle, pads=opened - 1)
    assert bits(query_error(fewer.columns, fewer.agreement, fewer.pads, 16)) < 128


@pytest.mark.parametrize(
    ("message", "opened", "low_degree", "linear", "quadratic"),
    [(256, 135, 120.0, 378.6, 337.3), (512, 150, 120.6, 281.2, 253.2), (1024, 186, 120.1, 168.2, 145.7)],
)
def test_pad_oracle_known_answers(
    message: int, opened: int, low_degree: float, linear: float, quadratic: float
) -> None:
    oracle = OracleParameters(message=message, columns=4096, pads=opened)
    terms = named(account(STANDARD, SHAPE, OracleParameters(message=16384, columns=131072, pads=136), oracle))
    assert terms["pad row combination"] == pytest.approx(142.9, abs=0.0501)
    assert terms["pad low-degree query"] - 16 == pytest.approx(low_degree, abs=0.0501)
    # The figures are for an agreement of W + k - 2 columns; with W + k - 1 the error is W + k - 1 over W + k - 1 - t
    # times as large. Errors below 2^-256 are counted as 2^-256.
    shift = log2(Fraction(message + oracle.dimension - 1, message + oracle.dimension - 1 - opened))
    assert terms["pad linear query"] - 16 == pytest.approx(min(linear - shift, 240), abs=0.0501)
    assert terms["pad quadratic query"] - 16 == pytest.approx(min(quadratic, 240), abs=0.0501)
    assert terms["pad linear combination"] == pytest.approx(154.9, abs=0.0501)


def test_the_pad_oracle_opens_135_columns() -> None:
    assert pad_parameters(STANDARD) == OracleParameters(message=256, columns=4096, pads=135)


def test_lookup_known_answers() -> None:
    terms = named(account(STANDARD, SHAPE, *choose_parameters(STANDARD, SHAPE)))
    assert terms["lookup argument"] == pytest.approx(144.9, abs=0.0501)
    assert terms["fraction tree"] == pytest.approx(144.7, abs=0.0501)


def test_every_other_term_by_its_formula() -> None:
    terms = named(account(STANDARD, SHAPE, *choose_parameters(STANDARD, SHAPE)))
    counts = {
        "sample collapse": 10, "linear output points": 11, "linear sumchecks": 34, "product point": 14,
        "product sumcheck": 42, "functional combination": 1, "functional sumcheck": 22, "commitment link": 9,
        "claim batching": 1, "batching sumcheck": 52, "opening gamma": 1, "pad quadratic combination": 1,
    }  # fmt: skip
    for name, count in counts.items():
        assert terms[name] == pytest.approx(log2(FIELD_SIZE) - log2(count)), name


def test_absent_parts_have_no_terms() -> None:
    shape = replace(
        SHAPE, sample_bits=0, product_variables=None, linear_points=(0,), linear_rounds=(0,), functional_count=0,
        functional_variables=None,
    )  # fmt: skip
    terms = named(account(STANDARD, shape, *choose_parameters(STANDARD, shape)))
    absent = ("sample", "product ", "linear output", "linear sum", "functional")
    assert not [name for name in terms if name.startswith(absent)]
    without_lookups = account(STANDARD, replace(SHAPE, lookups=0, table_rows=0), *choose_parameters(STANDARD, shape))
    assert "lookup argument" not in named(without_lookups)
    zero_rounds = replace(shape, product_variables=0)
    choose_parameters(STANDARD, zero_rounds)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 20))
def test_query_errors_are_the_exact_rational_rounded_up(columns: int, missing: int, opened: int, grinding: int) -> None:
    agreement, opened = max(columns - missing, 0), min(opened, columns)
    exact = Fraction(comb(agreement, opened), comb(columns, opened)) / 2**grinding
    error = Fraction(query_error(columns, agreement, opened, grinding), 2**256)
    assert exact <= error < exact + Fraction(1, 2**256)


@settings(max_examples=60, deadline=None)
@given(shapes, st.sampled_from(sorted(PROFILES)))
def test_chosen_sizes_reach_the_target_and_no_pad_is_superfluous(shape: StatementShape, name: str) -> None:
    profile = PROFILES[name]
    witness, pads = choose_parameters(profile, shape)
    entries = account(profile, shape, witness, pads)
    assert entries.reaches(profile.target_bits)
    assert entries.total_bits >= profile.target_bits
    assert witness.pads <= witness.message == witness.columns // profile.blow_up
    assert pads.pads <= pads.message
    assert 2 * pads.dimension < pads.columns
    assert 1 << witness.row_variables(shape) >= witness.data_rows(shape)
    fewer = replace(witness, pads=witness.pads - 1)
    assert not account(profile, shape, fewer, pads).reaches(profile.target_bits)


@pytest.mark.parametrize("cells", [1 << 10, 1 << 16, 1 << 20, 1 << 24])
def test_no_other_message_length_is_smaller(cells: int) -> None:
    shape = replace(SHAPE, batched_cells=cells, static_cells=0, address_variables=cells.bit_length() - 1)
    witness, pads = choose_parameters(STANDARD, shape)
    for exponent in range(8, 22):
        for opened in range(128, 200):
            other = OracleParameters(message=1 << exponent, columns=8 << exponent, pads=opened)
            if account(STANDARD, shape, other, pads).reaches(128):
                assert opening_bytes(shape, other) >= opening_bytes(shape, witness)
                break


def test_rows_and_their_variables() -> None:
    oracle = OracleParameters(message=8, columns=64, pads=3)
    for cells, static, rows, variables in (
        (8, 0, 1, 0), (8, 8, 2, 1), (9, 8, 3, 2), (9, 17, 5, 3), (32, 0, 4, 2), (33, 0, 5, 3), (32, 1, 5, 3),
    ):  # fmt: skip
        shape = replace(SHAPE, batched_cells=cells, static_cells=static, address_variables=0)
        assert (oracle.data_rows(shape), oracle.rows(shape)) == (rows, rows + 5)
        assert oracle.row_variables(shape) == variables
        # An address may have more variables than its rows need, or just as many.
        assert oracle.row_variables(replace(shape, address_variables=3 + variables)) == variables
        assert oracle.row_variables(replace(shape, address_variables=9)) == 6


def test_the_size_of_an_opening() -> None:
    oracle = OracleParameters(message=256, columns=2048, pads=100)
    shape = replace(SHAPE, batched_cells=1000, static_cells=300)
    # 356 elements of the combined row; columns of 11 rows, a salt and 5 digests: paths share 6 of their 11 levels.
    assert opening_bytes(shape, oracle) == 20 * 356 + 100 * (4 * 11 + 32 + 32 * 5)
    assert opening_bytes(shape, replace(oracle, pads=128)) == 20 * 384 + 128 * (4 * 11 + 32 + 32 * 4)


def test_a_sum_of_just_the_target_reaches_it() -> None:
    def reaches(error: int) -> bool:
        term = soundness.Term(name="term", formula="", source="", error=error)
        return Account(terms=(term, term)).reaches(100)

    assert reaches(1 << 155)
    assert not reaches((1 << 155) + 1)


def test_no_rows_have_more_columns_than_the_profile() -> None:
    shape = replace(SHAPE, lookups=1000, batched_cells=1 << 20)
    for exponent in (6, 7, 8):
        profile = replace(TEST_INSECURE, largest_columns=8 << exponent)
        assert choose_parameters(profile, shape)[0].message == 1 << exponent


def test_the_shorter_of_two_messages_of_one_size_is_chosen() -> None:
    shape = replace(
        SHAPE, lookups=1000, table_rows=100, tree_depth=11, product_variables=3, functional_variables=3,
        batched_cells=3072, static_cells=0, address_variables=0,
    )  # fmt: skip
    witness, _ = choose_parameters(TEST_INSECURE, shape)
    longer = replace(witness, message=128, columns=1024)
    assert witness == OracleParameters(message=64, columns=512, pads=20)
    assert account(TEST_INSECURE, shape, longer, pad_parameters(TEST_INSECURE)).reaches(20)
    assert opening_bytes(shape, longer) == opening_bytes(shape, witness)


def test_errors_may_take_the_whole_budget() -> None:
    def error(pads: int) -> int:
        oracle = OracleParameters(message=64, columns=512, pads=pads)
        return sum(term.error for term in soundness._oracle_terms(TEST_INSECURE, SHAPE, oracle))

    for pads in (1, 2, 3, 17, 63, 64):
        found = soundness._fewest_pads(TEST_INSECURE, SHAPE, 64, error(pads))
        assert found == OracleParameters(message=64, columns=512, pads=pads)
    assert soundness._fewest_pads(TEST_INSECURE, SHAPE, 64, error(64) - 1) is None


@pytest.mark.parametrize(
    ("message", "columns", "target", "pads"),
    # One column is 2^-4 exactly: the three agreements add up to 128 columns, and four bits are ground.
    [(14, 128, 4, 1), (14, 128, 5, 2), (14, 128, 15, 14), (8, 64, 10, None)],
)
def test_the_pad_oracle_opens_from_one_column_to_as_many_as_cells(
    message: int, columns: int, target: int, pads: int | None
) -> None:
    profile = replace(TEST_INSECURE, pad_message=message, pad_columns=columns, pad_target_bits=target)
    if pads:
        assert pad_parameters(profile).pads == pads
    else:
        with pytest.raises(ValueError, match="too small"):
            pad_parameters(profile)


def test_a_statement_beyond_the_profile_is_refused() -> None:
    with pytest.raises(InvalidInput, match="too large"):
        choose_parameters(STANDARD, replace(SHAPE, lookups=1 << 45))


@pytest.mark.parametrize("profile", [STANDARD, TEST_INSECURE], ids=lambda profile: profile.name)
def test_choosing_takes_few_and_short_products(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_parameters(profile, SHAPE)
    assert calls_of(lambda: choose_parameters(profile, SHAPE)) < 10_000
    factors: list[int] = []
    perm = soundness.perm
    monkeypatch.setattr(soundness, "perm", lambda total, chosen: (factors.append(chosen), perm(total, chosen))[1])
    choose_parameters(profile, SHAPE)
    assert max(factors) <= 1 << 10
    assert sum(factors) < 150_000
