"""The commitment: its equation, its opening, its canonical form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.counting import calls_of
from zkaudit.commitment import Commitment, Opening, ajtai, commit, ring, verify_opening
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import MODULUS
from zkaudit.model.architecture import Architecture, Dense


def one_layer(inputs: int, outputs: int) -> Architecture:
    return Architecture(
        input_shape=(inputs,), input_low=0, input_high=255, input_scale=(1.0).hex(),
        layers=(Dense(inputs=inputs, outputs=outputs, bias_limbs=2),),
    )  # fmt: skip


def random_cells(count: int, seed: int = 0) -> NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-128, 128, count).astype(np.int8)


ARCHITECTURE = one_layer(60, 10)
CELLS = random_cells(ARCHITECTURE.weight_count)


def test_the_value_is_the_sum_of_its_terms() -> None:
    randomness = ajtai.draw_randomness()
    value = ajtai.commitment_value(CELLS, randomness)
    # 620 cells: one full ring element and one of 108 cells.
    expected = np.zeros(512, object)
    padded = np.concatenate([CELLS, np.zeros(404, np.int8)]).reshape(2, 512)
    for element, row in zip(ring.uniform_block(b"a", 0)[:2].tolist(), padded.tolist(), strict=True):
        for power, cell in enumerate(row):
            # X^power times the element: the coefficients that pass X^512 change their sign.
            expected += cell * np.array([-a for a in element[512 - power :]] + element[: 512 - power], object)
    for j in range(2048):
        expected += int(randomness[j]) * ring.uniform_block(b"b", j // 64)[j % 64].astype(object)
    assert value.tolist() == (expected % MODULUS).tolist()


@pytest.mark.parametrize(
    ("count", "blocks"),
    [(0, []), (1, [(0, 1)]), (64, [(0, 64)]), (65, [(0, 64), (64, 1)]), (130, [(0, 64), (64, 64), (128, 2)])],
)
def test_as_many_ring_elements_as_asked(count: int, blocks: list[tuple[int, int]]) -> None:
    assert [(start, len(elements)) for start, elements in ajtai.ring_blocks(b"a", count)] == blocks


@pytest.mark.parametrize("count", [1, 511, 512, 513, 64 * 512, 64 * 512 + 1])
def test_commitments_are_linear_and_their_elements_a_prefix(count: int) -> None:
    none = np.zeros(2048, np.int8)
    left, right = random_cells(count, 1) // 2, random_cells(count, 2) // 2
    total = ajtai.commitment_value(left, none).astype(np.int64) + ajtai.commitment_value(right, none)
    assert np.array_equal(ajtai.commitment_value((left + right).astype(np.int8), none), total % MODULUS)
    longer = np.concatenate([left, np.zeros(1000, np.int8)]).astype(np.int8)
    assert np.array_equal(ajtai.commitment_value(longer, none), ajtai.commitment_value(left, none))


def test_a_commitment_opens_with_its_own_secrets_only() -> None:
    commitment, opening = commit(ARCHITECTURE, CELLS)
    assert verify_opening(commitment, CELLS, opening)
    for place in (0, 511, 512, len(CELLS) - 1):
        other = CELLS.copy()
        other[place] ^= 1
        assert not verify_opening(commitment, other, opening)
    scalars = opening.randomness.copy()
    scalars[2047] = -scalars[2047] if scalars[2047] else 1
    assert not verify_opening(commitment, CELLS, replace(opening, randomness=scalars))
    assert not verify_opening(commitment, CELLS, replace(opening, commitment_digest=bytes(32)))
    # The same cells under another architecture of as many weights are another commitment.
    other_shape = Commitment(architecture=one_layer(29, 20), value=commitment.value)
    assert other_shape.architecture.weight_count == len(CELLS)
    assert not verify_opening(other_shape, CELLS, opening)


def test_commitments_are_fresh() -> None:
    first, second = (commit(ARCHITECTURE, CELLS) for _ in range(2))
    assert first[0] != second[0]
    assert first[0].digest() != second[0].digest()
    assert not verify_opening(first[0], CELLS, second[1])


def test_randomness_is_uniform_in_its_interval() -> None:
    drawn = np.concatenate([ajtai.draw_randomness() for _ in range(100)])
    counts = np.bincount(drawn.astype(np.int64) + 127, minlength=255)
    assert len(counts) == 255
    mean = len(drawn) / 255
    # Chi-squared with 254 degrees of freedom: below 400 but once in 10^8 runs.
    assert ((counts - mean) ** 2 / mean).sum() < 400
    places = drawn.reshape(100, 2048)
    assert (places.min(axis=0) < places.max(axis=0)).all()


def test_scalars_are_drawn_by_as_many_bytes_as_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream gives the same commitment as ever; of its bytes only 255 stands for none, eight times in 2,112."""
    drawn: list[int] = []

    def token_bytes(count: int) -> bytes:
        drawn.append(count)
        return bytes(254 if len(drawn) > 1 else 255 for _ in range(count))

    monkeypatch.setattr(ajtai.secrets, "token_bytes", token_bytes)
    assert ajtai.draw_randomness().tolist() == [127] * 2048
    assert drawn == [2112, 2112]


def test_nothing_secret_is_printed() -> None:
    _, opening = commit(ARCHITECTURE, CELLS)
    for text in (repr(opening), str(opening), f"{opening}"):
        assert "randomness" not in text
        assert len(text) < 200


def test_the_digest_covers_every_part() -> None:
    commitment, _ = commit(ARCHITECTURE, CELLS)
    assert commitment.digest() == Commitment(architecture=ARCHITECTURE, value=commitment.value.copy()).digest()
    changed = commitment.value.copy()
    changed[511] = (changed[511] + 1) % MODULUS
    others = [
        Commitment(architecture=ARCHITECTURE, value=changed),
        Commitment(architecture=one_layer(29, 20), value=commitment.value),
    ]
    assert len({commitment.digest(), *(other.digest() for other in others)}) == 3
    assert set(commitment.canonical()) == {"architecture", "scheme", "seed", "value", "version"}


def test_values_are_checked_at_construction() -> None:
    good = np.zeros(512, np.uint32)
    for bad in (good[:511], np.full(512, MODULUS, np.uint32), good.astype(np.int64), good.reshape(2, 256)):
        with pytest.raises(InvalidInput, match="ring element"):
            Commitment(architecture=ARCHITECTURE, value=bad)
    scalars = np.zeros(2048, np.int8)
    for wrong in (scalars[:2047], np.full(2048, -128, np.int8), scalars.astype(np.int16)):
        with pytest.raises(InvalidInput, match="randomness"):
            Opening(randomness=wrong, commitment_digest=bytes(32))


def test_values_are_copies_that_nobody_can_change() -> None:
    value, scalars = np.zeros(512, np.uint32), np.zeros(2048, np.int8)
    commitment = Commitment(architecture=ARCHITECTURE, value=value)
    opening = Opening(randomness=scalars, commitment_digest=commitment.digest())
    value[0] = scalars[0] = 1
    assert not commitment.value.any()
    assert not opening.randomness.any()
    for kept in (commitment.value, opening.randomness):
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = 1


def test_cells_must_fit_the_architecture() -> None:
    for bad in (CELLS[:-1], CELLS.astype(np.int16), CELLS.reshape(10, 62)):
        with pytest.raises(InvalidInput, match="weight cells"):
            commit(ARCHITECTURE, bad)


def test_packed_residues_are_31_bits_each() -> None:
    values = np.random.default_rng(3).integers(0, MODULUS, 512).astype(np.uint32)
    packed = ajtai.pack_residues(values)
    number = 0
    for value in values.tolist():
        number = number << 31 | value
    assert packed == number.to_bytes(1984, "big")
    assert np.array_equal(ajtai.unpack_residues(packed, "value"), values)
    for bad in (packed[:-1], packed + b"\x00", b"\xff" * 1984):
        with pytest.raises(InvalidInput):
            ajtai.unpack_residues(bad, "value")
    values[7] = MODULUS
    with pytest.raises(InvalidInput, match="not canonical"):
        ajtai.unpack_residues(ajtai.pack_residues(values), "value")


def test_committing_takes_no_call_for_each_cell() -> None:
    cells = random_cells(101_770)
    randomness = ajtai.draw_randomness()
    ajtai.commitment_value(cells, randomness)
    assert calls_of(lambda: ajtai.commitment_value(cells, randomness)) < 500
