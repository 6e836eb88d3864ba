"""Held-out sets: what is accepted, what each fault says, and that no bytes raise anything else."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.archives import header
from zkaudit import archive, dataset
from zkaudit.dataset import (
    MAX_GROUPS,
    HeldOutSet,
    RawDataset,
    check_dataset,
    dataset_bytes,
    load_dataset,
    parse_dataset,
    quantise_inputs,
)
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture, Dense

INPUTS = np.arange(24, dtype=np.uint8).reshape(3, 2, 4)
LABELS = np.array([2, 0, 1])
VALID = dataset_bytes(INPUTS, LABELS)


def _architecture(low: int = 0, high: int = 255, scale: float = 1.0) -> Architecture:
    return Architecture(
        input_shape=(2, 4),
        input_low=low,
        input_high=high,
        input_scale=scale.hex(),
        layers=(Dense(inputs=8, outputs=3, bias_limbs=1),),
    )


def _saved(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _member(header: bytes, body: bytes, **info: Any) -> bytes:
    """A file whose `inputs` is the given member and whose labels fit."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **info) as file:
        file.writestr("inputs.npy", header + body)
        labels = io.BytesIO()
        np.save(labels, LABELS)
        file.writestr("labels.npy", labels.getvalue())
    return buffer.getvalue()


def _header(text: str, length: int | None = None) -> bytes:
    content = text.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(content) if length is None else length) + content


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "heldout.npz"
    path.write_bytes(VALID)
    raw = load_dataset(path)
    assert raw.inputs.tolist() == INPUTS.tolist()
    assert raw.labels.tolist() == LABELS.tolist()
    assert raw.groups is None
    assert dataset_bytes(raw.inputs, raw.labels) == VALID


@pytest.mark.parametrize("dtype", ["u1", "i8", ">i4", "f2", "f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_number_types_and_memory_orders(dtype: str, order: Any) -> None:
    raw = parse_dataset(_saved(inputs=INPUTS.astype(dtype, order=order), labels=LABELS.astype("u1"), groups=LABELS))
    assert raw.inputs.dtype.isnative
    assert raw.inputs.tolist() == INPUTS.tolist()
    assert raw.groups is not None
    held = quantise_inputs(_architecture(), raw)
    assert held.inputs.tolist() == INPUTS.reshape(3, 8).T.tolist()
    plain = quantise_inputs(_architecture(), parse_dataset(VALID))
    assert held.digest() == replace(plain, groups=LABELS).digest() != plain.digest()


def test_digest_binds_inputs_labels_and_order() -> None:
    held = quantise_inputs(_architecture(), parse_dataset(VALID))
    others = [
        HeldOutSet(inputs=held.inputs + np.eye(8, 3, dtype=np.int64), labels=held.labels),
        HeldOutSet(inputs=held.inputs, labels=held.labels[::-1]),
        HeldOutSet(inputs=held.inputs[:, ::-1], labels=held.labels[::-1]),
        HeldOutSet(inputs=held.inputs[:, :2], labels=held.labels[:2]),
        HeldOutSet(inputs=-held.inputs, labels=held.labels),
    ]
    assert len({held.digest(), *(other.digest() for other in others)}) == 6
    assert held.samples == 3


def test_the_input_rule() -> None:
    architecture = _architecture(low=-3, high=3, scale=0.1)
    values = np.array([0.05, 0.0499, -0.05, -0.0501, 0.35, -0.35, 0.3, 0.0])
    held = quantise_inputs(architecture, RawDataset(inputs=values.reshape(1, 2, 4), labels=np.array([0])))
    expected = np.clip([int(np.floor(v / 0.1 + 0.5)) for v in values], -3, 3)
    assert held.inputs[:, 0].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("inputs", "labels", "named"),
    [
        (INPUTS.reshape(3, 8), LABELS, "shape"),
        (INPUTS.reshape(3, 2, 4, 1), LABELS, "shape"),
        (INPUTS.reshape(1, 3, 2, 4), LABELS, "shape"),
        (INPUTS[:2], LABELS, "shape"),
        (INPUTS[:0], LABELS[:0], "0 samples"),
        (INPUTS, np.array([0, 1, 3]), "sample 2: label 3"),
        (INPUTS, np.array([0, -1, 3]), "sample 1: label -1"),
        (np.where(INPUTS == 9, np.nan, INPUTS), LABELS, "sample 1: value nan at feature 1"),
        (np.where(INPUTS == 23, -np.inf, INPUTS), LABELS, "sample 2: value -inf at feature 7"),
        (np.where(INPUTS == 8, 255.6, INPUTS), LABELS, "sample 1: value 255.6 at feature 0 .*0 to 255.*wider"),
        (np.where(INPUTS == 8, -0.6, INPUTS), LABELS, "sample 1: value -0.6 at feature 0"),
        (np.where(INPUTS == 8, 1e308, INPUTS), LABELS, "sample 1"),
        (np.where(INPUTS == 8, np.uint64(2**64 - 1), INPUTS), LABELS, "sample 1"),
    ],
)
def test_data_that_does_not_fit(inputs: Any, labels: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        quantise_inputs(_architecture(scale=1.0), RawDataset(inputs=inputs, labels=labels))


def test_groups_are_one_integer_a_sample_and_few() -> None:
    samples = MAX_GROUPS + 1
    inputs, labels = np.zeros((8, samples), np.int64), np.zeros(samples, np.int64)
    many = np.arange(samples)
    check_dataset(_architecture(), HeldOutSet(inputs=inputs, labels=labels, groups=np.maximum(many, 1)))
    for groups, named in (
        (many, f"{samples} groups"),
        (many[:-1], "shape"),
        (many.reshape(-1, 1), "shape"),
        (many.astype(np.int32), "groups of int32"),
    ):
        with pytest.raises(InvalidInput, match=named):
            check_dataset(_architecture(), HeldOutSet(inputs=inputs, labels=labels, groups=groups))
        raw = RawDataset(inputs=inputs.T.reshape(samples, 2, 4), labels=labels, groups=groups)
        with pytest.raises(InvalidInput, match=named):
            quantise_inputs(_architecture(), raw)
    written = parse_dataset(dataset_bytes(inputs.T, labels, many // 2))
    assert written.groups is not None
    assert written.groups.tolist() == (many // 2).tolist()
    assert parse_dataset(dataset_bytes(inputs.T, labels)).groups is None


@pytest.mark.parametrize(
    ("inputs", "labels", "what", "expected"),
    [
        ([-3, 4], [0, 2], "", ""),
        ([-4, 4], [0, 2], "inputs from -4 to 4", "-3 to 4"),
        ([-3, 5], [0, 2], "inputs from -3 to 5", "-3 to 4"),
        ([-3, 4], [-1, 2], "labels from -1 to 2", "0 to 2"),
        ([-3, 4], [0, 3], "labels from 0 to 3", "0 to 2"),
        ([-3, 4], [], "labels of shape (0,)", "(1 to 1048576,)"),
        ([-3, 4], [[0, 2]], "labels of shape (1, 2)", "(1 to 1048576,)"),
        ([-3, 4], [0], "inputs of shape (8, 2)", "(8, 1)"),
    ],
)
def test_a_verifier_holds_the_integers_against_the_architecture(
    inputs: list[int], labels: Any, what: str, expected: str
) -> None:
    """Nobody else looks at a set that is no file: the bounds of a circuit rest on these intervals."""
    held = HeldOutSet(inputs=np.array([inputs] * 8, np.int64), labels=np.array(labels, np.int64))
    if not what:
        check_dataset(_architecture(low=-3, high=4), held)
        return
    with pytest.raises(InvalidInput) as caught:
        check_dataset(_architecture(low=-3, high=4), held)
    assert (caught.value.what, caught.value.where, caught.value.expected) == (what, "held-out set", expected)


def test_the_most_samples_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = parse_dataset(VALID)
    held = quantise_inputs(_architecture(), raw)
    for name, most, what in (
        ("MAX_SAMPLES", 3, "3 samples"),
        ("MAX_FEATURES", 8, "shape (3, 2, 4)"),
        ("MAX_CELLS", 24, "shape (3, 2, 4)"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(dataset, name, most)
            check_dataset(_architecture(), quantise_inputs(_architecture(), parse_dataset(VALID)))
            patch.setattr(dataset, name, most - 1)
            with pytest.raises(InvalidInput) as caught:
                parse_dataset(VALID)
            assert caught.value.what == what
    monkeypatch.setattr(dataset, "MAX_SAMPLES", 2)
    with pytest.raises(InvalidInput, match="3 samples"):
        quantise_inputs(_architecture(), raw)
    with pytest.raises(InvalidInput, match="labels of shape"):
        check_dataset(_architecture(), held)


@pytest.mark.parametrize("name", ["labels", "groups"])
def test_labels_and_groups_are_signed_64_bit_integers(name: str) -> None:
    for largest, dtype in ((2, np.uint64), (2**63 - 1, np.uint64), (2**63 - 1, np.int64), (2**32 - 1, np.uint32)):
        values = np.array([0, largest, 1], dtype)
        found = getattr(parse_dataset(_saved(**{"inputs": INPUTS, "labels": LABELS, name: values})), name)
        assert found.dtype == np.int64
        assert found.tolist() == [0, largest, 1]
    with pytest.raises(InvalidInput) as caught:
        parse_dataset(_saved(**{"inputs": INPUTS, "labels": LABELS, name: np.array([0, 2**63, 1], np.uint64)}))
    assert (caught.value.what, caught.value.where) == (f"a value of {2**63}", f"data, {name}")


def test_types_that_are_asked_for() -> None:
    for name, expected in (
        ("inputs", "integers or floats of at most 64 bits"), ("labels", "integers"), ("groups", "integers")
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            parse_dataset(_saved(**{"inputs": INPUTS, "labels": LABELS, name: LABELS > 1}))
        assert (caught.value.what, caught.value.expected) == ("values of type bool", expected)


def test_overflowing_division_is_out_of_range() -> None:
    raw = RawDataset(inputs=np.full((1, 2, 4), 1e300), labels=np.array([0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidInput, match="outside the range"):
            quantise_inputs(_architecture(scale=1e-300), raw)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "not a zip"),
        (b"PK\x05\x06", "not a zip"),
        (VALID[:-1], "not a zip|damaged"),
        (VALID[: len(VALID) // 2], "not a zip"),
        (VALID[50:], "damaged"),
        (_saved(inputs=INPUTS), "no array 'labels'"),
        (_saved(labels=LABELS), "no array 'inputs'"),
        (_saved(inputs=INPUTS, labels=LABELS, weights=LABELS), "unknown array 'weights.npy'"),
        (_saved(inputs=INPUTS, labels=LABELS[:2]), "2 labels for 3 inputs"),
        (_saved(inputs=INPUTS, labels=LABELS, groups=LABELS[:1]), "1 groups"),
        (_saved(inputs=INPUTS, labels=LABELS.reshape(3, 1)), "labels: shape"),
        (_saved(inputs=INPUTS, labels=LABELS.astype(float)), "labels: values of type float64"),
        (_saved(inputs=INPUTS, labels=np.full(3, 2**64 - 1, np.uint64)), "labels"),
        (_saved(inputs=INPUTS > 3, labels=LABELS), "inputs: values of type bool"),
        (_saved(inputs=INPUTS.astype(complex), labels=LABELS), "inputs: values of type complex"),
        (_saved(inputs=INPUTS.astype(str), labels=LABELS), "inputs: values of type str"),
        (_saved(inputs=INPUTS.astype(np.longdouble), labels=LABELS), "inputs: values of type"),
        (_saved(inputs=INPUTS.astype("datetime64[s]"), labels=LABELS), "inputs: values of type"),
        (_saved(inputs=np.zeros(3, [("a", "i4")]), labels=LABELS), "inputs: values of type"),
        (_saved(inputs=INPUTS.astype(object), labels=LABELS), "never unpickled"),
        (_saved(inputs=np.zeros(3, [("a", "O")]), labels=LABELS), "never unpickled"),
        (_saved(inputs=np.int64(3), labels=LABELS), "inputs: shape"),
        (_saved(inputs=INPUTS[:0], labels=LABELS[:0]), "no samples"),
        (_saved(inputs=INPUTS[:, :0], labels=LABELS), "inputs: shape"),
        (_saved(inputs=np.zeros((2**20 + 1, 1), np.int8), labels=LABELS), "1048577 samples"),
        (_saved(**{f"a{i}": LABELS for i in range(17)}), "too large a zip directory"),
    ],
)
def test_files_that_are_no_held_out_set(data: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as caught:
        parse_dataset(data)
    assert "\n" not in str(caught.value)


_PLAIN = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 8), }"


@pytest.mark.parametrize(
    ("header", "body", "named"),
    [
        (_header(_PLAIN), bytes(24), ""),
        (_header(_PLAIN), bytes(23), "23 bytes of values"),
        (_header(_PLAIN), bytes(25), "25 bytes of values"),
        (_header(_PLAIN.replace("3, 8", "3, 2**60")), bytes(24), "damaged"),
        (_header(_PLAIN.replace("3, 8", "-3, -8")), bytes(24), "shape"),
        (_header(_PLAIN.replace("3, 8", "3, True")), bytes(3), "shape"),
        (_header(_PLAIN.replace("3, 8", f"3, {10**40}")), bytes(24), "shape"),
        (_header(_PLAIN.replace("3, 8", "3, 268435456")), bytes(24), "shape"),
        (_header(_PLAIN.replace("|u1", "|O")), bytes(24), "never unpickled"),
        (_header("(" * 3000), bytes(24), "damaged"),
        (_header("\\d" + _PLAIN), bytes(24), "damaged"),
        (_header(_PLAIN, 60000), bytes(24), "damaged"),
        (_header(_PLAIN).replace(b"NUMPY\x01", b"NUMPY\x03"), bytes(24), "array format"),
        (header("(3, 8)", "|u1", version=b"\x02\x00"), bytes(24), ""),
        (b"", b"", "damaged"),
        (b"\x80\x04\x95", b"a pickle", "damaged"),
    ],
)
def test_array_headers(header: bytes, body: bytes, named: str) -> None:
    data = _member(header, body)
    if not named:
        assert parse_dataset(data).inputs.shape == (3, 8)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidInput, match=named):
            parse_dataset(data)


def _bomb(data: bytes) -> bytes:
    """The same file with the directory's size of `inputs` a gigabyte larger."""
    place = data.index(b"PK\x01\x02") + 24
    size = int.from_bytes(data[place : place + 4], "little") + (1 << 30)
    return data[:place] + size.to_bytes(4, "little") + data[place + 4 :]


def test_declared_sizes_are_held_against_the_header() -> None:
    with pytest.raises(InvalidInput, match="bytes of values"):
        parse_dataset(_bomb(VALID))


def test_all_arrays_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ARRAY_BYTES", 100)
    with pytest.raises(InvalidInput, match="too many bytes"):
        parse_dataset(VALID)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method: int) -> None:
    with pytest.raises(InvalidInput, match="another compression"):
        parse_dataset(_member(_header(_PLAIN), bytes(24), compression=method))


def test_repeated_arrays_are_refused() -> None:
    buffer = io.BytesIO(VALID)
    with zipfile.ZipFile(buffer, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr("labels.npy", b"")
    with pytest.raises(InvalidInput, match="twice"):
        parse_dataset(buffer.getvalue())


def _parses_or_is_refused(data: bytes) -> None:
    with suppress(InvalidInput):
        quantise_inputs(_architecture(), parse_dataset(data))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example([(VALID.index(b"PK\x05\x06") + 16, 255)])
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    content = bytearray(VALID)
    for place, value in changes:
        content[place] = value
    _parses_or_is_refused(bytes(content))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(VALID)), st.integers(0, len(VALID)), st.binary(max_size=30))
def test_cut_and_pasted_bytes(start: int, end: int, middle: bytes) -> None:
    _parses_or_is_refused(VALID[:start] + middle + VALID[end:])


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 150), st.integers(0, 255), st.sampled_from([_PLAIN, _PLAIN.replace("|u1", ">f8")]))
def test_changed_array_headers(place: int, value: int, text: str) -> None:
    """The member's checksum is right, so the header itself is what has to be refused."""
    content = bytearray(_header(text) + bytes(24))
    content[place % len(content)] = value
    _parses_or_is_refused(_member(bytes(content), b""))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.npz", tmp_path):
        with pytest.raises(InvalidInput) as caught:
            load_dataset(path)
        assert caught.value.where == f"data {path}"


def test_all_accepted_types_give_the_same_integers() -> None:
    casts: list[Callable[[Any], Any]] = [np.uint8, np.int16, np.float16, np.float32, np.float64]
    digests = {
        quantise_inputs(_architecture(), RawDataset(inputs=cast(INPUTS), labels=LABELS)).digest() for cast in casts
    }
    assert len(digests) == 1


def test_a_data_set_from_nowhere_is_called_data() -> None:
    assert RawDataset(inputs=np.zeros((1, 1)), labels=np.zeros(1, np.int64)).source == "data"
