"""The commitment link: prover's coefficients, verifier's evaluation and the functional that both state."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.commitment import ajtai, ring
from zkaudit.commitment.link import Link
from zkaudit.field import arrays, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS


def random_elements(count: int) -> list[Element]:
    draw = [tuple(secrets.randbelow(MODULUS) for _ in range(5)) for _ in range(count)]
    return [(a, b, c, d, e) for a, b, c, d, e in draw]


def random_vector(count: int) -> Array:
    return arrays.from_elements(random_elements(count))


def random_cells(count: int) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
    return np.frombuffer(secrets.token_bytes(count), np.int8)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 70_000))
def test_secrets_that_open_satisfy_the_link_and_others_do_not(count: int) -> None:
    cells, randomness = random_cells(count), ajtai.draw_randomness()
    value = ajtai.commitment_value(cells, randomness)
    link = Link(random_elements(9))
    weights, scalars = link.weight_coefficients(count), link.randomness_coefficients()
    assert weights.shape == (5, count)
    left = extension.add(arrays.dot_base(weights, cells), arrays.dot_base(scalars, randomness))
    assert left == link.target(value)
    other = cells.copy()
    other[-1] ^= 1
    assert extension.add(arrays.dot_base(weights, other), arrays.dot_base(scalars, randomness)) != left


def test_coefficients_by_their_definition() -> None:
    tau = random_elements(9)
    table = arrays.to_elements(arrays.equality_table(tau))
    link = Link(tau)
    weights = arrays.to_elements(link.weight_coefficients(65 * 512))
    for i, power in ((0, 0), (1, 1), (64, 300), (63, 511)):
        a = ring.uniform_block(b"a", i // 64)[i % 64].tolist()
        shifted = [-v for v in a[512 - power :]] + a[: 512 - power]
        expected = extension.ZERO
        for entry, coefficient in zip(table, shifted, strict=True):
            expected = extension.add(expected, extension.scale(entry, coefficient))
        assert weights[512 * i + power] == expected
    scalars = arrays.to_elements(link.randomness_coefficients())
    for j in (0, 64, 2047):
        expected = extension.ZERO
        for entry, coefficient in zip(table, ring.uniform_block(b"b", j // 64)[j % 64].tolist(), strict=True):
            expected = extension.add(expected, extension.scale(entry, coefficient))
        assert scalars[j] == expected


@pytest.mark.parametrize("cells", [1, 2, 511, 512, 513, 5000, 64 * 512, 64 * 512 + 1, 40_000])
def test_the_verifier_agrees_with_the_coefficients(cells: int) -> None:
    link = Link(random_elements(9))
    rows = -(-cells // 512)
    high, low = random_vector(rows), random_vector(512)
    factors = arrays.multiply(np.repeat(high, 512, axis=1)[:, :cells], np.tile(low, rows)[:, :cells])
    assert link.evaluate_weights(high, low, cells) == arrays.dot(link.weight_coefficients(cells), factors)


def test_no_cells_are_worth_nothing() -> None:
    link = Link(random_elements(9))
    assert link.evaluate_weights(random_vector(0), random_vector(512), 0) == extension.ZERO
    assert link.weight_coefficients(0).shape == (5, 0)


def test_a_point_of_the_cube_reads_one_coefficient() -> None:
    cells, randomness = random_cells(1000), ajtai.draw_randomness()
    value = ajtai.commitment_value(cells, randomness)
    for index in (0, 1, 256, 511):
        link = Link([extension.embed(index >> bit & 1) for bit in range(9)])
        assert link.target(value) == extension.embed(int(value[index]))
        left = arrays.dot_base(link.weight_coefficients(1000), cells)
        right = arrays.dot_base(link.randomness_coefficients(), randomness)
        assert extension.add(left, right) == extension.embed(int(value[index]))


def test_wrong_shapes_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="9 challenges"):
        Link(random_elements(8))
    link = Link(random_elements(9))
    for high, low in ((random_vector(1), random_vector(512)), (random_vector(2), random_vector(511))):
        with pytest.raises(ValueError, match="513 cells"):
            link.evaluate_weights(high, low, 513)
