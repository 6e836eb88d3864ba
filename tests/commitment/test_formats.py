"""commitment.json and opening.zko: round trips, and every way in which their bytes can be wrong."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit import commitment, wire
from zkaudit.commitment import commit, load_commitment, load_opening, save_commitment, save_opening
from zkaudit.commitment.formats import (
    COMMITMENT_LIMIT,
    OPENING_MAGIC,
    commitment_text,
    opening_bytes,
    parse_commitment,
    parse_opening,
)
from zkaudit.errors import InvalidInput, UnsupportedVersion
from zkaudit.model.architecture import Architecture, Dense, Requantise

ARCHITECTURE = Architecture(
    input_shape=(4, 4), input_low=0, input_high=255, input_scale=(0.5).hex(),
    layers=(
        Dense(inputs=16, outputs=8, bias_limbs=2), Requantise(shift=7, activation="relu"),
        Dense(inputs=8, outputs=3, bias_limbs=2),
    ),
)  # fmt: skip
CELLS = np.arange(ARCHITECTURE.weight_count, dtype=np.int64).astype(np.int8)
COMMITMENT, OPENING = commit(ARCHITECTURE, CELLS)
TEXT = commitment_text(COMMITMENT)


def test_a_commitment_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "commitment.json"
    save_commitment(path, COMMITMENT)
    again = load_commitment(path)
    assert again == COMMITMENT
    assert again.digest() == COMMITMENT.digest()
    assert commitment_text(again).encode() == path.read_bytes()
    path.write_text("older")
    save_commitment(path, COMMITMENT)
    assert load_commitment(path) == COMMITMENT
    with pytest.raises(InvalidInput, match="exists already"):
        save_commitment(path, COMMITMENT, overwrite=False)


def test_every_public_name_is_there() -> None:
    assert [name for name in commitment.__all__ if not hasattr(commitment, name)] == []


def test_layout_is_free_and_content_is_not() -> None:
    body = json.loads(TEXT)
    assert list(body) == ["format", "version", "digest", "scheme", "architecture", "value"]
    assert parse_commitment(json.dumps(body, sort_keys=True, indent=None).encode()) == COMMITMENT
    assert parse_commitment(TEXT.replace("\n", "\r\n").encode()) == COMMITMENT


def changed(**fields: Any) -> bytes:
    body = json.loads(TEXT)
    body.update(fields)
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


LINES = json.loads(TEXT)["value"]
SHAPE = json.loads(TEXT)["architecture"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (TEXT.encode()[:-3], "unreadable"),
        (TEXT.encode() + b"{}", "unreadable"),
        (b"[" * 200_000, "unreadable"),
        (b"[]", "another kind of file"),
        (b"{}", "another kind of file"),
        (TEXT.replace('"version": 1,', '"version": 1, "version": 1,').encode(), "twice"),
        (TEXT.replace('"shift": 7', '"shift": 7, "shift": 7').encode(), "twice"),
        (TEXT.replace('"version": 1', '"version": 1.0').encode(), "integers"),
        (TEXT.replace('"version": 1', '"version": NaN').encode(), "integers"),
        (TEXT.replace('"version": 1', '"version": ' + "9" * 5000).encode(), "unreadable"),
        (TEXT.replace('"version": 1', '"version": true').encode(), "type bool"),
        (changed(format="zkaudit-proof"), "another kind of file"),
        (changed(scheme="ajtai-koalabear-256"), "unknown commitment scheme"),
        (changed(digest="00" * 32), "digest does not match"),
        (changed(digest=None), "missing field 'digest'"),
        (changed(note="hello"), "unknown field 'note'"),
        (changed(value=LINES[:-1]), "wrong length"),
        (changed(value=[*LINES, LINES[0]]), "not an accepted list"),
        (changed(value=[LINES[0].upper(), *LINES[1:]]), "lower-case"),
        (changed(value=["\u0663" * 128, *LINES[1:]]), "lower-case"),
        (changed(value=["ff" * 64, *LINES[1:]]), "not canonical"),
        (changed(value=["00" * 64, *LINES[1:]]), "digest does not match"),
        (changed(value="00"), "not an accepted list"),
        (changed(architecture=[]), "type list"),
        (changed(architecture={**SHAPE, "input_high": 254}), "digest does not match"),
        (changed(architecture={**SHAPE, "input_high": 256}), "input_high"),
        (changed(architecture={**SHAPE, "input_scale": "\ud800"}), "input_scale"),
        (b" " * (COMMITMENT_LIMIT + 1), "too many"),
    ],
    ids=range(30),
)
def test_odd_commitments_are_refused(data: bytes, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault) as caught:
        parse_commitment(data)
    assert "\n" not in str(caught.value)


def test_another_version_is_named() -> None:
    with pytest.raises(UnsupportedVersion, match="version 1"):
        parse_commitment(changed(version=2, more=3))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_means_the_same(place: int, byte: int) -> None:
    data = bytearray(TEXT.encode())
    data[place] = byte
    try:
        other = parse_commitment(bytes(data))
    except InvalidInput:
        return
    assert other == COMMITMENT


def test_an_opening_survives_its_file_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "opening.zko"
    save_opening(path, OPENING)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load_opening(path)
    assert np.array_equal(again.randomness, OPENING.randomness)
    assert again.commitment_digest == COMMITMENT.digest()
    before = path.read_bytes()
    _, other = commit(ARCHITECTURE, CELLS)
    with pytest.raises(InvalidInput, match="exists already"):
        save_opening(path, other)
    assert path.read_bytes() == before
    save_opening(path, other, overwrite=True)
    assert path.read_bytes() != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for load, what in ((load_commitment, "commitment"), (load_opening, "opening")):
        with pytest.raises(InvalidInput, match="no such file") as caught:
            load(tmp_path / "none")
        assert caught.value.where == f"{what} {tmp_path / 'none'}"


def test_odd_openings_are_refused() -> None:
    data = opening_bytes(OPENING)
    for place in range(0, len(data), 7):
        changed_data = bytearray(data)
        changed_data[place] ^= 1
        with pytest.raises(InvalidInput):
            parse_opening(bytes(changed_data))
    good = {"commitment": bytes(32), "randomness": bytes(2048)}
    assert parse_opening(wire.seal(OPENING_MAGIC, 1, good)).commitment_digest == bytes(32)
    for bad in (
        {**good, "randomness": b"\x80" * 2048}, {**good, "randomness": bytes(2047)}, {**good, "commitment": bytes(31)},
        {**good, "commitment": "0" * 32}, {**good, "note": 1}, {"randomness": bytes(2048)}, [],
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            parse_opening(wire.seal(OPENING_MAGIC, 1, bad))
    with pytest.raises(UnsupportedVersion):
        parse_opening(wire.seal(OPENING_MAGIC, 2, good))
