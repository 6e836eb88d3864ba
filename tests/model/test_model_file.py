"""Private models: commitment order, the `.zkm` file byte for byte, and damaged files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit import wire
from zkaudit.errors import InvalidInput, UnsupportedVersion
from zkaudit.model.architecture import Architecture, Convolution, Dense, Requantise
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


def test_convolutions_lie_in_the_order_of_layers() -> None:
    convolution = Convolution(
        channels=2,
        filters=2,
        kernel=(1, 3),
        stride=(1, 1),
        dilation=(1, 1),
        padding=(0, 0, 0, 0),
        groups=2,
        bias_limbs=2,
    )
    layers = (convolution, Requantise(shift=3, activation="relu"), Dense(inputs=4, outputs=1, bias_limbs=1))
    architecture = replace(ARCHITECTURE, input_shape=(2, 1, 4), layers=layers)
    kernels = (np.arange(6).astype(np.int8).reshape(2, 1, 1, 3), np.array([[9, 8, 7, 6]], np.int8))
    model = Model(architecture=architecture, kernels=kernels, biases=(np.array([258, -1]), np.array([5])))
    assert model.weight_cells().tolist() == [0, 1, 2, 3, 4, 5, 2, -1, 1, 0, 9, 8, 7, 6, 5]
    again = parse_model(model_bytes(model))
    assert [kernel.tolist() for kernel in again.kernels] == [kernel.tolist() for kernel in kernels]
    assert model_bytes(again) == model_bytes(model)
    with pytest.raises(InvalidInput, match="convolution 1: a kernel of another type or shape"):
        Model(architecture=architecture, kernels=(kernels[0][:, 0, 0], kernels[1]), biases=model.biases)
    with pytest.raises(InvalidInput, match="dense 1: a bias of another shape"):
        Model(architecture=architecture, kernels=kernels, biases=(model.biases[0], model.biases[0]))


def test_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "model.zkm"
    save_model(MODEL, path)
    loaded = load_model(path)
    assert model_bytes(loaded) == path.read_bytes() == model_bytes(MODEL)
    assert loaded.report == {"samples": 3}
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput, match="exists"):
        save_model(MODEL, path)


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
