"""The kernels of a sumcheck round against Python integers, extreme residues included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field import arrays, blocks
from zkaudit.field.extension import ZERO, Element, add, embed, multiply, scale, subtract
from zkaudit.field.koalabear import MODULUS
from zkaudit.sumcheck import kernels

seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, count: int) -> list[Element]:
    """Elements whose residues are 0 or p - 1 one time in four each; all p - 1 for seed 0."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, MODULUS, (count, 5))
    choice = rng.integers(0, 4, (count, 5))
    values[choice == 0] = 0
    values[choice == 1] = MODULUS - 1
    return blocks.canonical((values if seed else np.full_like(values, MODULUS - 1)).reshape(-1).tolist())


def pack(elements: list[Element]) -> blocks.Blocks:
    """Blocked so that the Montgomery residues, on which the kernels' bounds depend, are those of the elements."""
    canonical = arrays.scale_base(arrays.from_elements(elements), np.uint64(pow(2, -32, MODULUS)))
    return blocks.to_blocks(canonical)


def unpack(blocked: blocks.Blocks, count: int) -> list[Element]:
    return arrays.to_elements(blocks.from_blocks(blocked, count))


def line_sums(
    factors: list[list[Element]], weights: list[Element], half: int, spread: int = 1
) -> tuple[Element, Element]:
    """sum of w (a b + c d + ..) at zero and of its leading coefficient, on lines through (i, i + half)."""
    at_zero = leading = ZERO
    for i in range(half):
        low, high = ZERO, ZERO
        for a, b in zip(factors[::2], factors[1::2], strict=True):
            low = add(low, multiply(a[i], b[i]))
            high = add(high, multiply(subtract(a[i + half], a[i]), subtract(b[i + half], b[i])))
        at_zero = add(at_zero, multiply(weights[i // spread], low))
        leading = add(leading, multiply(weights[i // spread], high))
    return at_zero, leading


@given(seeds, st.integers(0, 7))
@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("base", [False, True])
def test_fold(base: bool, seed: int, variables: int) -> None:
    half = 1 << variables
    residues = np.array([value[0] for value in draw(seed, 2 * half)], np.uint32)
    blocked = pack(draw(seed, 2 * half))
    values = [embed(int(v)) for v in residues] if base else unpack(blocked, 2 * half)
    challenge = blocks.to_montgomery(draw(seed + 1, 1))
    r = blocks.from_montgomery(challenge)[0]
    expected = [add(values[i], multiply(r, subtract(values[i + half], values[i]))) for i in range(half)]
    count = half // 16
    if count == 0:
        blocked = blocks.to_blocks(arrays.from_elements(values))
        kernels.fold_small(blocked, challenge, half)
    elif base:
        kernels.fold_base(residues[:half], residues[half:], challenge, blocked[: blocked.size // 2])
    else:
        kernels.fold_blocks(blocked, challenge, 0, count, count)
    assert unpack(blocked, half) == expected


@given(seeds, st.integers(0, 2))
@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("repeated", [False, True])
def test_evaluate_pairs(repeated: bool, seed: int, extra: int) -> None:
    half = 16 << extra
    blocked = [pack(draw(seed + k if seed else 0, 2 * half)) for k in range(4)]
    values = [unpack(array, 2 * half) for array in blocked]
    if repeated:
        blocked[2:] = [array[:80].copy() for array in blocked[2:]]
        values[2:] = [value[:16] * (half // 8) for value in values[2:]]
    weights, lanes = pack(draw(seed, half // 16)), pack(draw(seed + 5, 16))
    accumulators = np.zeros((2, 160), np.uint64)
    cut = half // 32
    kernels.evaluate_pairs(*blocked, weights, accumulators[0], 0, cut, 0, half // 16)
    kernels.evaluate_pairs(*blocked, weights, accumulators[1], cut, half // 16, 0, half // 16)
    sums = np.empty(10, np.uint32)
    kernels.weigh_lanes(accumulators, lanes, sums)
    per_block, per_lane = unpack(weights, half // 16), unpack(lanes, 16)
    full = [multiply(per_block[i // 16], per_lane[i % 16]) for i in range(half)]
    assert tuple(blocks.from_montgomery(sums)) == line_sums(values, full, half)
    upper = np.zeros((1, 160), np.uint64)
    kernels.evaluate_pairs(*blocked, weights, upper[0], 0, half // 16, half // 16, half // 16)
    kernels.weigh_lanes(upper, lanes, sums)
    shifted = [value[half:] + value[half:] for value in values]
    assert tuple(blocks.from_montgomery(sums)) == line_sums(shifted, full, half)


@given(seeds, st.integers(0, 2))
@settings(max_examples=15, deadline=None)
def test_evaluate_base_products(seed: int, extra: int) -> None:
    half = 16 << extra
    cells = [np.array([v[0] for v in draw(seed + k if seed else 0, 2 * half)], np.uint32) for k in range(3)]
    values = [[embed(int(v)) for v in array] for array in cells] + [[embed(1)] * (2 * half)]
    weights, lanes = pack(draw(seed, half // 16)), pack(draw(seed + 5, 16))
    (a, a_high), (b, b_high), (c, _) = ((array[:half], array[half:]) for array in cells)
    accumulators = np.zeros((2, 160), np.uint64)
    part = half // 2 // 16 * 16
    kernels.evaluate_base_products(
        a[:part], b[:part], c[:part], a_high[:part], b_high[:part], weights, accumulators[0], 0
    )
    kernels.evaluate_base_products(
        a[part:], b[part:], c[part:], a_high[part:], b_high[part:], weights, accumulators[1], part // 16
    )
    sums = np.empty(10, np.uint32)
    kernels.weigh_lanes(accumulators, lanes, sums)
    per_block, per_lane = unpack(weights, half // 16), unpack(lanes, 16)
    full = [multiply(per_block[i // 16], per_lane[i % 16]) for i in range(half)]
    assert tuple(blocks.from_montgomery(sums)) == line_sums(values, full, half)


@given(seeds, st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_evaluate_small_pairs(seed: int, variables: int) -> None:
    half = 1 << variables
    blocked = [pack(draw(seed + k if seed else 0, 16)) for k in range(5)]
    values = [unpack(array, 16) for array in blocked]
    sums = np.empty(10, np.uint32)
    kernels.evaluate_small_pairs(*blocked, half, 0, sums)
    assert tuple(blocks.from_montgomery(sums)) == line_sums(values[:4], values[4], half)
    kernels.evaluate_small_pairs(*blocked, half, half, sums)
    shifted = [value[half:] + value[half:] for value in values[:4]]
    assert tuple(blocks.from_montgomery(sums)) == line_sums([s[:half] * 2 for s in shifted], values[4], half)


@given(seeds, st.integers(0, 6))
@settings(max_examples=30, deadline=None)
def test_evaluate_inner(seed: int, variables: int) -> None:
    half = 1 << variables
    left, right = pack(draw(seed, 2 * half)), pack(draw(seed + 1 if seed else 0, 2 * half))
    values = [unpack(left, 2 * half), unpack(right, 2 * half)]
    sums = np.empty(10, np.uint32)
    ones = [embed(1)] * half
    if half < 16:
        kernels.evaluate_small_inner(left, right, half, half, sums)
    else:
        accumulators = np.zeros((1, 288), np.uint64)
        kernels.evaluate_inner(left, right, accumulators[0], 0, half // 16, half // 16)
        kernels.sum_products(accumulators, sums)
    assert tuple(blocks.from_montgomery(sums)) == line_sums(values, ones, half)


def test_the_packing_is_extreme() -> None:
    blocked = pack(draw(0, 16))
    assert (blocked == MODULUS - 1).all()
    assert unpack(blocked, 1)[0] == scale(draw(0, 1)[0], pow(2, -32, MODULUS))
