"""The fraction tree against a scalar verifier with random challenges, and against fractions in Python integers."""

from __future__ import annotations

import hashlib
import secrets
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field import arrays, blocks, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.lookup import leaves as leaves_module
from zkaudit.lookup.leaves import Leaves, write_denominators
from zkaudit.lookup.tree import FractionTree, prove_fraction_tree
from zkaudit.sumcheck import pairs as pairs_module
from zkaudit.transcript import Label


def random_element() -> Element:
    return blocks.canonical([secrets.randbelow(MODULUS) for _ in range(5)])[0]


def line(low: Element, high: Element, coordinate: Element) -> Element:
    return extension.add(low, extension.multiply(coordinate, extension.subtract(high, low)))


class ScalarVerifier:
    """A channel that follows the layers as the verifier does; `zeros` names the challenges that are zero."""

    def __init__(self, zeros: tuple[int, ...] = ()) -> None:
        self.labels: list[Label] = []
        self.root: list[Element] = []
        self.point: list[Element] = []
        self.claims = (ZERO, ZERO)
        self._zeros = zeros
        self._drawn = 0
        self._old_point: list[Element] = []
        self._coefficients: list[Element] = []
        self._combination = ZERO
        self._claim = ZERO

    def send(self, label: Label, elements: list[Element]) -> None:
        self.labels.append(label)
        self.elements = elements
        if label == Label.ROUND:
            linear = self._claim
            for coefficient in [elements[0], *elements]:
                linear = extension.subtract(linear, coefficient)
            self._coefficients = [elements[0], linear, *elements[1:]]
        elif label == Label.TREE_LAYER:
            p0, p1, q0, q1 = elements
            expected = extension.multiply(p0, q1)
            expected = extension.add(expected, extension.multiply(p1, q0))
            expected = extension.add(expected, extension.multiply(self._combination, extension.multiply(q0, q1)))
            assert self._claim == extension.multiply(extension.equality(self._old_point, self.point), expected)
        else:
            assert label == Label.TREE_ROOT
            self.root = elements

    def challenge(self, label: Label) -> Element:
        self.labels.append(label)
        challenge = ZERO if self._drawn in self._zeros else random_element()
        self._drawn += 1
        if label == Label.TREE_COMBINATION:
            self._combination = challenge
            self._claim = extension.add(self.claims[0], extension.multiply(challenge, self.claims[1]))
            self._old_point, self.point = self.point, []
        elif label == Label.ROUND_POINT:
            self._claim = extension.evaluate(self._coefficients, challenge)
            self.point.insert(0, challenge)
        else:
            assert label == Label.TREE_POINT
            p0, p1, q0, q1 = self.elements
            self.claims = (line(p0, p1, challenge), line(q0, q1, challenge))
            self.point.append(challenge)
        return challenge


def random_leaves(count: int) -> tuple[np.ndarray, Array]:
    rng = np.random.default_rng()
    numerators = rng.choice(np.array([0, 1, 5, MODULUS - 1, MODULUS - 77], np.uint32), count)
    return numerators, rng.integers(0, MODULUS, (5, count), dtype=np.uint64)


def fill(count: int) -> tuple[FractionTree, np.ndarray, Array]:
    """A tree of random leaves, of which a random number from the first on have the numerator 1."""
    numerators, denominators = random_leaves(count)
    ones = int(np.random.default_rng().integers(0, count + 1))
    numerators[:ones] = 1
    return tree_of(numerators, denominators, ones), numerators, denominators


def tree_of(numerators: np.ndarray, denominators: Array, ones: int) -> FractionTree:
    count = numerators.size
    leaves = Leaves(count, ones)
    leaves.write_numerators(ones, numerators[ones:])
    full = count // 16 * 80
    leaves.denominators[:full] = blocks.to_blocks(denominators)[:full]
    for i in range(count // 16 * 16, count):
        column = [np.zeros(1, np.uint32)]
        write_denominators(leaves.denominators, i, column, arrays.element(denominators[:, i]), [ONE])
    return FractionTree(leaves)


def check(count: int, zeros: tuple[int, ...] = ()) -> ScalarVerifier:
    tree, numerators, denominators = fill(count)
    verifier = ScalarVerifier(zeros)
    point = prove_fraction_tree(verifier, tree)
    assert point == verifier.point
    assert len(point) == max(1, (count - 1).bit_length())
    weights = arrays.equality_table(point, count)
    padding = extension.subtract(ONE, arrays.total(weights))
    assert verifier.claims[0] == arrays.dot_base(weights, numerators)
    assert verifier.claims[1] == extension.add(arrays.dot(weights, denominators), padding)
    return verifier


class Recorder:
    """A channel whose challenges are derived from the messages, which it keeps."""

    def __init__(self) -> None:
        self.messages: list[tuple[Label, list[Element]]] = []
        self._drawn = 0

    def send(self, label: Label, elements: list[Element]) -> None:
        self.messages.append((label, elements))

    def challenge(self, label: Label) -> Element:
        self._drawn += 1
        digest = hashlib.sha256(repr((self._drawn, self.messages[-1])).encode()).digest()
        return blocks.canonical([int.from_bytes(digest[4 * c : 4 * c + 4], "big") % MODULUS for c in range(5)])[0]


def messages_of(tree: FractionTree) -> list[tuple[Label, list[Element]]]:
    channel = Recorder()
    prove_fraction_tree(channel, tree)
    return channel.messages


sizes_around_powers_of_two = [1, 2, 15, 16, 17, *(2**k + d for k in range(5, 12) for d in (-1, 0, 1, 2 ** (k - 1)))]


@pytest.mark.parametrize("count", sizes_around_powers_of_two)
def test_missing_leaves_are_like_leaves_that_are_zero_over_one(count: int) -> None:
    numerators, denominators = random_leaves(count)
    numerators[: count // 3] = 1
    missing = (1 << max(1, (count - 1).bit_length())) - count
    padded = np.pad(numerators, (0, missing)), np.pad(denominators, ((0, 0), (0, missing)))
    padded[1][0, count:] = 1
    expected = messages_of(tree_of(*padded, 0))
    assert messages_of(tree_of(numerators, denominators, 0)) == expected
    assert messages_of(tree_of(numerators, denominators, count // 3)) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 16, 17, 32, 33, 63, 64, 65, 100, 128, 255, 700, 4096])
def test_layers_and_leaf_claims(count: int) -> None:
    check(count)


@given(st.integers(1, 2000))
@settings(max_examples=20, deadline=None)
def test_any_number_of_leaves(count: int) -> None:
    check(count)


def test_root_is_the_sum_of_the_fractions() -> None:
    for count in (1, 7, 16, 90):
        tree, numerators, denominators = fill(count)
        verifier = ScalarVerifier()
        prove_fraction_tree(verifier, tree)
        p, q = ZERO, ONE
        for m, d in zip(numerators.tolist(), arrays.to_elements(denominators), strict=True):
            p, q = extension.add(extension.multiply(p, d), extension.scale(q, m)), extension.multiply(q, d)
        p0, p1, q0, q1 = verifier.root
        assert extension.add(extension.multiply(p0, q1), extension.multiply(p1, q0)) == p
        assert extension.multiply(q0, q1) == q


def test_zero_challenges_do_not_abort() -> None:
    drawn = sum(label in (Label.TREE_POINT, Label.TREE_COMBINATION, Label.ROUND_POINT) for label in check(300).labels)
    for place in range(drawn):
        check(300, (place,))
    check(300, tuple(range(drawn)))


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "PARALLEL_BLOCKS", 1)
    monkeypatch.setattr(leaves_module, "PARALLEL_BLOCKS", 1)
    check(1000)
    check(2048, (3, 40, 60))


def test_message_schedule() -> None:
    layer = [Label.TREE_COMBINATION]
    expected = [Label.TREE_ROOT, Label.TREE_POINT]
    for rounds in range(1, 4):
        expected += layer + [Label.ROUND, Label.ROUND_POINT] * rounds + [Label.TREE_LAYER, Label.TREE_POINT]
    assert check(9).labels == expected


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize(("start", "count"), [(0, 16), (0, 1), (16, 33), (5, 3), (13, 40), (31, 1), (7, 0)])
def test_write_denominators(columns: int, start: int, count: int) -> None:
    rng = np.random.default_rng(start)
    values = [rng.integers(0, MODULUS, count, dtype=np.uint32) for _ in range(columns)]
    for column in values:
        column[:2] = MODULUS - 1
    betas = [random_element() for _ in values]
    constant = random_element()
    before = rng.integers(0, MODULUS, (5, 80), dtype=np.uint64)
    target = blocks.to_blocks(before)
    write_denominators(target, start, values, constant, betas)
    after = arrays.to_elements(blocks.from_blocks(target, 80))
    expected = arrays.to_elements(before)
    for i in range(count):
        expected[start + i] = constant
        for column, beta in zip(values, betas, strict=True):
            term = extension.scale(beta, int(column[i]))
            expected[start + i] = extension.subtract(expected[start + i], term)
    assert after == expected


def test_write_denominators_refuses_what_does_not_fit() -> None:
    target = blocks.to_blocks(np.zeros((5, 16), np.uint64))
    with pytest.raises(ValueError, match="do not lie"):
        write_denominators(target, 10, [np.zeros(7, np.uint32)], ONE, [ONE])
    with pytest.raises(ValueError, match="coefficient"):
        write_denominators(target, 0, [np.zeros(7, np.uint32)], ONE, [ONE, ONE])


def test_leaves_are_refused_that_no_tree_has() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        Leaves(0)
    with pytest.raises(ValueError, match="numerator 1"):
        Leaves(5, ones=6)
    leaves = Leaves(40, ones=20)
    for start, count in ((15, 1), (39, 2)):
        with pytest.raises(ValueError, match="not stored"):
            leaves.write_numerators(start, np.zeros(count, np.uint32))


@pytest.mark.parametrize("count", [66000, 100000, 113000, 116000, 131072])
def test_leaves_and_levels_take_44_bytes_a_leaf(count: int) -> None:
    for small in (1025, 2048):
        # Kernels are loaded by their first call, and stay.
        check(small)
    values = [np.ones(count, np.uint32)]
    tracemalloc.start()
    leaves = Leaves(count, count)
    write_denominators(leaves.denominators, 0, values, ONE, [ONE])
    prove_fraction_tree(Recorder(), FractionTree(leaves))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 44 * count
