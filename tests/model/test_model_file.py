"""Private models: commitment order, the `.zkm` file byte for byte, and damaged files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit import wire
from zkaudit.errors import InvalidInput, UnsupportedVersion
from zkaudit.model.architecture import Architecture, Dense, Requantise
from zkaudit.model.bounds import bias_capacity
from zkaudit.model.model import MAGIC, VERSION, Model, load_model, model_bytes, parse_model, save_model

ARCHITECTURE = Architecture(
    input_shape=(3,),
    input_low=0,
    input_high=255,
    input_scale=(0.5).hex(),
    layers=(
        Dense(inputs=3, outputs=2, bias_limbs=2),
        Requantise(shift=3, activation="relu"),
        Dense(inputs=2, outputs=2, bias_limbs=1),
    ),
)
MODEL = Model(
    architecture=ARCHITECTURE,
    kernels=(np.array([[1, -2, 3], [-128, 127, 0]], np.int8), np.array([[5, 6], [7, -8]], np.int8)),
    biases=(np.array([300, -32639]), np.array([-127, 9])),
    report={"samples": 3},
)


def test_commitment_order() -> None:
    # 300 = 44 + 1 * 256 and -32639 = -127 - 127 * 256, low limbs of both outputs first.
    expected = [1, -2, 3, -128, 127, 0, 44, -127, 1, -127, 5, 6, 7, -8, -127, 9]
    assert MODEL.weight_cells().tolist() == expected
    assert MODEL.weight_cells().dtype == np.int8


@given(st.lists(st.integers(-bias_capacity(3), bias_capacity(3)), min_size=2, max_size=2))
def test_cells_give_the_model_back(bias: list[int]) -> None:
    layer = Dense(inputs=1, outputs=2, bias_limbs=3)
    architecture = Architecture(input_shape=(1,), input_low=0, input_high=1, input_scale=(1.0).hex(), layers=(layer,))
    model = Model(architecture=architecture, kernels=(np.array([[1], [2]], np.int8),), biases=(np.array(bias),))
    again = Model.from_cells(architecture, model.weight_cells())
    assert again.biases[0].tolist() == bias
    assert again.kernels[0].tolist() == [[1], [2]]


def test_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "model.zkm"
    save_model(MODEL, path)
    loaded = load_model(path)
    assert model_bytes(loaded) == path.read_bytes() == model_bytes(MODEL)
    assert loaded.report == {"samples": 3}
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput, match="exists"):
        save_model(MODEL, path, overwrite=False)


def test_format_is_fixed() -> None:
    # A change of these bytes is a change of format and takes another version.
    assert hashlib.sha256(model_bytes(MODEL)).hexdigest() == (
        "cecef0199574c08a52e8887e67274dd0983d01214e0eba5ca35b04080aa5fbf0"
    )


def test_repr_shows_no_weights() -> None:
    assert repr(MODEL) == f"Model(architecture={ARCHITECTURE!r})"


@pytest.mark.parametrize(
    ("kernels", "biases", "named"),
    [
        (MODEL.kernels[:1], MODEL.biases, "number of weight arrays"),
        ((MODEL.kernels[0].T, MODEL.kernels[1]), MODEL.biases, "dense 1: a kernel"),
        ((MODEL.kernels[0], MODEL.kernels[1].astype(np.int64)), MODEL.biases, "dense 2: a kernel"),
        (MODEL.kernels, (MODEL.biases[0], MODEL.biases[1][:1]), "dense 2: a bias"),
        (MODEL.kernels, (MODEL.biases[0], np.array([128, 0])), "dense 2: a bias exceeds"),
        (MODEL.kernels, (MODEL.biases[0], np.array([-128, 0])), "dense 2: a bias exceeds"),
    ],
)
def test_wrong_arrays(kernels: tuple[np.ndarray, ...], biases: tuple[np.ndarray, ...], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Model(architecture=ARCHITECTURE, kernels=kernels, biases=biases)


def _sealed(**changes: object) -> bytes:
    body = {"architecture": ARCHITECTURE.canonical(), "report": {}, "weights": MODEL.weight_cells().tobytes()}
    return wire.seal(MAGIC, VERSION, body | changes)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        model_bytes(MODEL)[:-1],
        model_bytes(MODEL) + b"\0",
        wire.seal(b"zkauditX", VERSION, {}),
        wire.seal(MAGIC, VERSION, {}),
        _sealed(weights=MODEL.weight_cells().tobytes()[:-1]),
        _sealed(weights="weights"),
        # The digit -128 takes the bias out of the range that both signs have.
        _sealed(weights=MODEL.weight_cells().tobytes()[:-1] + b"\x80"),
        _sealed(report=[]),
        _sealed(architecture={}),
        _sealed(extra=1),
    ],
)
def test_damaged_files(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_model(data)


def test_later_version() -> None:
    with pytest.raises(UnsupportedVersion, match="version 2"):
        parse_model(wire.seal(MAGIC, 2, {}))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_changed_byte_is_noticed(data: st.DataObject) -> None:
    content = bytearray(model_bytes(MODEL))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidInput):
        parse_model(bytes(content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load_model(tmp_path / "absent.zkm")
