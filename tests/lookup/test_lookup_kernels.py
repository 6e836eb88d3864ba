"""The kernels of the fraction tree against Python integers, extreme residues included."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field import arrays, blocks
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply
from zkaudit.field.koalabear import MODULUS
from zkaudit.lookup import kernels

Fraction = tuple[Element, Element]
seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, entries: int) -> tuple[np.ndarray, blocks.Blocks]:
    """Residues over K and a blocked array, 0 or p - 1 one time in four each; all p - 1 for seed 0."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, MODULUS, blocks.cells(entries) + entries, dtype=np.uint32)
    choice = rng.integers(0, 4, cells.size)
    cells[choice == 0] = 0
    cells[(choice == 1) | (seed == 0)] = MODULUS - 1
    return cells[:entries], cells[entries:].copy()


def unpack(blocked: blocks.Blocks, count: int) -> list[Element]:
    return arrays.to_elements(blocks.from_blocks(blocked, count))


def fractions(numerators: list[Element], denominators: list[Element]) -> list[Fraction]:
    return list(zip(numerators, denominators, strict=True))


def level_above(level: list[Fraction]) -> list[Fraction]:
    half = len(level) // 2
    pairs = zip(level[:half], level[half:], strict=True)
    return [(add(multiply(p0, q1), multiply(p1, q0)), multiply(q0, q1)) for (p0, q0), (p1, q1) in pairs]


def outputs(entries: int) -> tuple[blocks.Blocks, blocks.Blocks]:
    return np.zeros(blocks.cells(entries), np.uint32), np.zeros(blocks.cells(entries), np.uint32)


@given(seeds, st.integers(1, 2), st.integers(0, 8), st.integers(0, 8))
@settings(max_examples=20, deadline=None)
def test_levels_from_leaves(seed: int, count: int, ones: int, missing: int) -> None:
    size, exist = 128 * count, 8 * count - min(missing, 4 * count)
    ones = min(ones, exist)
    m, q = draw(seed, 16 * exist)
    m[: 16 * ones] = 1
    leaves = fractions([embed(int(v)) for v in m], unpack(q, 16 * exist)) + [(ZERO, ONE)] * (size - 16 * exist)
    stored = np.concatenate([np.ones(16, np.uint32), m[16 * ones :], np.zeros(16, np.uint32)])
    arguments = (stored, ones, np.concatenate([q, blocks.to_blocks(arrays.from_elements([ONE] * 16))]))
    expected = leaves
    level = outputs(size)
    kernels.copy_leaves(*arguments, *level)
    assert fractions(*(unpack(array, size) for array in level)) == leaves
    for combine in (kernels.combine_leaves, kernels.combine_leaves_twice, kernels.combine_leaves_thrice):
        expected = level_above(expected)
        entries = len(expected)
        level = outputs(entries)
        combine(*arguments, *level, 0, entries // 16, entries // 16)
        assert fractions(*(unpack(array, entries) for array in level)) == expected


@given(seeds, st.integers(0, 6))
@settings(max_examples=30, deadline=None)
def test_level_from_level(seed: int, variables: int) -> None:
    half = 1 << variables
    p, q = draw(seed, 2 * half)[1], draw(seed + 1 if seed else 0, 2 * half)[1]
    above = outputs(half)
    if half < 16:
        kernels.combine_small(p, q, *above, half)
    else:
        kernels.combine_level(p, q, *above, 0, half // 16, half // 16)
    expected = level_above(fractions(unpack(p, 2 * half), unpack(q, 2 * half)))
    assert fractions(*(unpack(array, half) for array in above)) == expected


@given(seeds, st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_add_scaled(seed: int, count: int) -> None:
    size = 16 * count
    p = draw(seed, size)[1]
    q = draw(seed + 1 if seed else 0, size)[1]
    scalar = np.full(5, MODULUS - 1, np.uint32) if seed == 0 else draw(seed + 2, 16)[1][:5]
    factor = blocks.from_montgomery(scalar)[0]
    products = [multiply(factor, value) for value in unpack(q, size)]
    over_field = [add(a, b) for a, b in zip(unpack(p, size), products, strict=True)]
    kernels.add_scaled(p, q, scalar, 0, count)
    assert unpack(p, size) == over_field
