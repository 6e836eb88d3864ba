"""Salted commitments to held-out sets: what they bind, and that the salt is fresh."""

from __future__ import annotations

import hashlib
import struct
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.signers import altered, edited
from zkaudit import dataset_commitment, wire
from zkaudit.dataset import RawDataset, dataset_bytes, parse_dataset
from zkaudit.dataset_commitment import (
    SALT_MAGIC,
    DatasetCommitment,
    DatasetOpening,
    commit_dataset,
    parse_dataset_commitment,
    parse_dataset_opening,
    salted_hash,
    verify_dataset,
)
from zkaudit.errors import InvalidInput, Reason, Rejected, UnsupportedVersion

INPUTS = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
LABELS = np.array([0, 2, 1])
RAW = RawDataset(inputs=INPUTS, labels=LABELS)


def test_a_commitment_opens_to_its_set_and_to_no_other() -> None:
    commitment, opening = commit_dataset(RAW)
    assert parse_dataset_commitment(commitment.text()) == commitment
    assert parse_dataset_opening(opening.to_bytes()) == opening
    # The file's compression and the order in memory are no part of it.
    again = parse_dataset(dataset_bytes(np.asfortranarray(INPUTS), LABELS.astype(np.uint8)))
    verify_dataset(commitment, opening, again)
    for other in other_sets():
        with pytest.raises(Rejected) as caught:
            verify_dataset(commitment, opening, other)
        assert caught.value.reason is Reason.WRONG_DATA
    for wrong in (replace(opening, salt=bytes(32)), replace(opening, value=bytes(32)), commit_dataset(RAW)[1]):
        with pytest.raises(Rejected):
            verify_dataset(commitment, wrong, RAW)


def other_sets() -> list[RawDataset]:
    signed_zero = INPUTS.copy()
    signed_zero[0, 0, 0] = -0.0
    return [
        replace(RAW, inputs=INPUTS + 1),
        replace(RAW, inputs=signed_zero),
        replace(RAW, inputs=INPUTS.astype(np.float64)),
        replace(RAW, inputs=INPUTS.reshape(3, 4)),
        replace(RAW, inputs=INPUTS.reshape(3, 1, 4)),
        replace(RAW, inputs=INPUTS[::-1]),
        replace(RAW, inputs=INPUTS.view(np.int32)),
        replace(RAW, inputs=INPUTS[:2], labels=LABELS[:2]),
        replace(RAW, labels=LABELS[::-1]),
        replace(RAW, groups=LABELS),
        replace(RAW, groups=np.zeros(3, np.int64)),
    ]


def test_all_these_sets_have_hashes_of_their_own() -> None:
    salt = bytes(32)
    hashes = {salted_hash(salt, one) for one in (RAW, *other_sets())}
    assert len(hashes) == 1 + len(other_sets())
    assert salted_hash(salt, RAW) == salted_hash(salt, replace(RAW, source="elsewhere"))
    big = replace(RAW, inputs=INPUTS.astype(">f4"))
    assert salted_hash(salt, big) == salted_hash(salt, RAW)


def test_a_known_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """From docs/formats.md, made again by hand."""
    state = b"zkaudit dataset commitment v1\0" + bytes(range(32))
    for name, kind, shape, values in (
        (b"inputs", b"float32", [3, 2, 2], struct.pack(">12f", *range(12))),
        (b"labels", b"int64", [3], struct.pack(">3q", 0, 2, 1)),
        (b"groups", b"", [], b""),
    ):
        header = wire.pack({"array": name.decode(), "shape": shape, "type": kind.decode()})
        state += len(header).to_bytes(8, "big") + header + values
    assert salted_hash(bytes(range(32)), RAW) == hashlib.sha256(state).digest()
    for block in (1, 5, 11, 12, 13):
        monkeypatch.setattr(dataset_commitment, "_BLOCK", block)
        assert salted_hash(bytes(range(32)), RAW) == hashlib.sha256(state).digest()


def test_the_salt_is_fresh_and_is_not_shown() -> None:
    first, second = commit_dataset(RAW), commit_dataset(RAW)
    assert first[0] != second[0]
    assert first[1].salt != second[1].salt
    assert len(first[1].salt) == 32
    assert first[1].salt.hex() not in repr(first[1])
    assert repr(first[1].salt) not in repr(first[1])
    assert first[1].salt.hex().encode() not in first[0].text()


def test_other_files_are_refused() -> None:
    text = DatasetCommitment(value=bytes(32)).text()
    for changes in ({"value": "00"}, {"value": "01" * 32}, {"digest": None}, {"salt": "00"}, {"format": "x"}):
        with pytest.raises(InvalidInput):
            parse_dataset_commitment(altered(text, **changes))
    with pytest.raises(UnsupportedVersion):
        parse_dataset_commitment(altered(text, version=2))
    for body in ({}, {"salt": bytes(32)}, {"salt": bytes(31), "value": bytes(32)}, [1]):
        with pytest.raises(InvalidInput):
            parse_dataset_opening(wire.seal(SALT_MAGIC, 1, body))


@given(st.data())
def test_any_file_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(InvalidInput):
        parse_dataset_commitment(data.draw(edited(DatasetCommitment(value=bytes(32)).text)))
    opening = bytearray(DatasetOpening(value=bytes(32), salt=bytes(32)).to_bytes())
    place = data.draw(st.integers(0, len(opening) - 1))
    opening[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidInput):
        parse_dataset_opening(bytes(opening))
