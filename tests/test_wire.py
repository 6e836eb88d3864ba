"""Canonical msgpack, containers, bounded reads and atomic writes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tracemalloc
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.counting import calls_of
from zkaudit import wire
from zkaudit.errors import InvalidInput, UnsupportedVersion

MAGIC = b"zkatest\n"

scalars = st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=40), st.binary(max_size=40))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_values_survive_and_have_one_encoding(value: object) -> None:
    data = wire.pack(value)
    assert wire.unpack(data, what="a value") == value
    assert msgpack.unpackb(data) == value


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_invalid_input(data: bytes) -> None:
    try:
        value = wire.unpack(data, what="noise")
    except InvalidInput:
        return
    assert wire.pack(value) == data


@given(values, st.data())
def test_a_changed_byte_is_a_different_value_or_refused(value: object, draw: st.DataObject) -> None:
    data = bytearray(wire.pack(value))
    place = draw.draw(st.integers(0, len(data) - 1))
    data[place] ^= draw.draw(st.integers(1, 255))
    try:
        other = wire.unpack(bytes(data), what="noise")
    except InvalidInput:
        return
    assert wire.pack(other) == data


@pytest.mark.parametrize(
    ("data", "oddity"),
    [
        (b"", "nothing"),
        (b"\x01\x01", "trailing byte"),
        (b"\xcc\x01", "long form of an integer"),
        (b"\xd9\x01a", "long form of a string"),
        (b"\xdc\x00\x00", "long form of a list"),
        (b"\x82\xa1b\x01\xa1a\x01", "keys not sorted"),
        (b"\x82\xa1a\x01\xa1a\x01", "a key twice"),
        (b"\x81\x01\x01", "integer key"),
        (b"\x81\xc4\x01a\x01", "byte string key"),
        (b"\x81\x90\x01", "list as key"),
        (b"\xc0", "nil"),
        (b"\xcb" + bytes(8), "float"),
        (b"\xd4\x05\x00", "extension"),
        (b"\xc7\x00\x05", "empty extension"),
        (b"\xd6\xff" + bytes(4), "timestamp"),
        (b"\xa1\xff", "not UTF-8"),
        (b"\xa3\xed\xa0\x80", "surrogate"),
        (b"\xdd\xff\xff\xff\xff", "list of 2^32 entries"),
        (b"\xc6\xff\xff\xff\xff", "byte string of 2^32 bytes"),
        (b"\x91" * 17 + b"\x01", "seventeen levels"),
        (b"\x91" * 100_000, "a hundred thousand levels"),
        (b"\x81\xa1a" * 5_000, "five thousand maps"),
        (b"\xc1", "reserved byte"),
    ],
)
def test_odd_bytes_are_refused(data: bytes, oddity: str) -> None:
    with pytest.raises(InvalidInput):
        wire.unpack(data, what=oddity)


def test_sixteen_levels_are_read() -> None:
    assert wire.unpack(b"\x91" * 16 + b"\x01", what="a value")


def test_nesting_is_counted_in_lists_and_in_maps() -> None:
    for item in (lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}):
        deep: object = 1
        for _ in range(wire.MAX_DEPTH):
            deep = item(deep)
        data = wire.pack(deep)
        assert wire.pack(wire.unpack(data, what="a value")) == data
        with pytest.raises(ValueError, match="nesting deeper than 16"):
            wire.pack(item(deep))
    for start in (b"\x91", b"\x81\xa1a"):
        with pytest.raises(InvalidInput, match="nesting deeper than 16"):
            wire.unpack(start * 17 + b"\x01", what="a value")


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ([], 1),
        ([1, 2, 3], 4),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, 9),
        ([[1, 2], {"a": [3]}], 11),
    ],
)
def test_the_most_values_of_a_body(value: object, items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list counts one more than its entries, a map one more than its keys and values."""
    monkeypatch.setattr(wire, "MAX_ITEMS", items)
    data = wire.pack(value)
    assert wire.unpack(data, what="a value") == value
    monkeypatch.setattr(wire, "MAX_ITEMS", items - 1)
    with pytest.raises(InvalidInput):
        wire.unpack(data, what="a value")


def test_reasons_of_the_decoder_are_one_short_line() -> None:
    for error, line in (
        (ValueError("two\n  lines"), "two lines"), (ValueError("x" * 90), "x" * 80), (MemoryError(), "MemoryError")
    ):  # fmt: skip
        assert wire._reason(error) == line
    for value, line in ((None, "NoneType"), (1.0, "float"), ({1, 2}, "set")):
        with pytest.raises(TypeError, match=f"no encoding for {line}"):
            wire.pack([value])
    with pytest.raises(TypeError, match="a key is not a string"):
        wire.pack({"a": 1, 2: 3})


def test_many_small_items_are_refused_early() -> None:
    body = b"\xdd\x00\x04\x00\x00" * 400 + b"\x90" * (1 << 24)

    def refuse() -> None:
        with pytest.raises(InvalidInput, match="more than 262144 values"):
            wire.unpack(body, what="a bomb")

    # Three calls for each of the 2^18 values that are allowed, none for the other sixteen million.
    assert calls_of(refuse) < 4 * wire.MAX_ITEMS


def test_pack_refuses_what_has_no_encoding() -> None:
    deep: object = 1
    for _ in range(17):
        deep = [deep]
    for bad in (None, 1.0, {1: 2}, {b"a": 1}, object(), deep, 1 << 64, "\ud800"):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            wire.pack(bad)


@given(values)
def test_containers_survive(value: object) -> None:
    data = wire.seal(MAGIC, 3, value)
    assert wire.unseal(MAGIC, (1, 3), data, "a file") == (3, value)


def test_every_damage_to_a_container_is_refused() -> None:
    data = wire.seal(MAGIC, 1, {"a": 1, "b": b"bytes"})
    for length in range(len(data)):
        with pytest.raises(InvalidInput):
            wire.unseal(MAGIC, (1,), data[:length], "a file")
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(InvalidInput):
                wire.unseal(MAGIC, (1,), bytes(changed), "a file")
    for extended in (data + b"\x00", data + data):
        with pytest.raises(InvalidInput, match="after the end"):
            wire.unseal(MAGIC, (1,), extended, "a file")


def test_the_bytes_of_a_container() -> None:
    framed = b"zkatest\n" + bytes.fromhex("00000102 0000000000000003") + b"\x92\x01\x02"
    assert wire.seal(MAGIC, 0x102, [1, 2]) == framed + hashlib.sha256(framed).digest()
    for magic in (b"", b"zkatest", b"zkatest\n\n"):
        with pytest.raises(ValueError, match="a magic has 8 bytes"):
            wire.seal(magic, 1, [])


def test_why_a_container_is_refused() -> None:
    data = wire.seal(MAGIC, 1, [1, 2])
    empty = MAGIC + bytes([0, 0, 0, 1]) + bytes(8)
    long = data[:12] + b"\x01" + data[13:23]
    for altered, what, expected in (
        (b"", "another kind of file", f"a file that begins with {MAGIC!r}"),
        (data[:7], "another kind of file", f"a file that begins with {MAGIC!r}"),
        (data[:8], "truncated", "at least 52 bytes"),
        (data[:51], "truncated", "at least 52 bytes"),
        (data[:52], "truncated", "55 bytes, found 52"),
        (data[:54], "truncated", "55 bytes, found 54"),
        (data + b"x", "bytes after the end", "55 bytes, found 56"),
        (data[:-1] + b"x", "damaged: its digest does not match its content", ""),
        (long + hashlib.sha256(long).digest(), "truncated", f"{(1 << 56) + 55} bytes, found 55"),
        (empty + hashlib.sha256(empty).digest(), "unreadable: Unpack failed: incomplete input", "canonical msgpack"),
    ):
        with pytest.raises(InvalidInput) as caught:
            wire.unseal(MAGIC, (1,), altered, "a file")
        assert (caught.value.what, caught.value.where, caught.value.expected) == (what, "a file", expected)


def test_an_unknown_version_is_named() -> None:
    with pytest.raises(UnsupportedVersion, match="reads version 7"):
        wire.unseal(MAGIC, (1, 2), wire.seal(MAGIC, 7, {}), "a file")


def test_closed_maps() -> None:
    fields: dict[str, type | wire.Checker] = {
        "n": wire.integer_in(1, 5),
        "flag": bool,
        "key": wire.bytes_of(2),
        "rows": wire.list_of(int, 2),
    }
    good: dict[str, object] = {"n": 3, "flag": True, "key": b"ab", "rows": [1, 2]}
    for change in ({}, {"n": 1}, {"n": 5}, {"rows": []}):
        assert wire.closed_map(good | change, fields, "here") == good | change
    for change in (
        {"n": 0}, {"n": True}, {"n": 6}, {"n": "3"}, {"flag": 1}, {"key": b"abc"}, {"key": "ab"}, {"rows": [1, 2, 3]},
        {"rows": [True]}, {"rows": (1,)}, {"extra": 1},
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="here"):
            wire.closed_map(good | change, fields, "here")
    with pytest.raises(InvalidInput, match="missing field 'key'"):
        wire.closed_map({"n": 3, "flag": True, "rows": []}, fields, "here")
    with pytest.raises(InvalidInput, match="not a map"):
        wire.closed_map([], fields, "here")


def test_files_are_read_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert wire.read_bounded(path, 5, "file") == b"12345"
    with pytest.raises(InvalidInput, match="5 bytes are too many"):
        wire.read_bounded(path, 4, "file")
    with pytest.raises(InvalidInput, match="no such file"):
        wire.read_bounded(tmp_path / "absent", 5, "file")
    with pytest.raises(InvalidInput):
        wire.read_bounded(tmp_path, 5, "folder")
    with pytest.raises(InvalidInput):
        wire.read_bounded("a\x00b", 5, "file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="not a regular file"):
        wire.read_bounded(tmp_path / "pipe", 5, "pipe")
    with pytest.raises(InvalidInput):
        wire.read_bounded("/dev/zero", 5, "device")
    with pytest.raises(InvalidInput, match="too many"):
        wire.read_bounded("/proc/self/status", 5, "a file whose size is not known beforehand")


def test_a_file_that_claims_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="too many"):
        wire.read_bounded(path, 1 << 24, "file")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_reading_takes_as_much_memory_as_the_file_has_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    tracemalloc.start()
    try:
        assert wire.read_bounded(path, 1 << 32, "file") == b"x" * 1000
        assert len(wire.read_bounded("/proc/self/status", 1 << 32, "file")) > 100
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_file_that_grows_while_it_is_read_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    for said, limit, read in ((10, 300_000, 200_000), (10, 150_000, 150_001), (0, 70_000, 70_001), (10, 4, 5)):
        with path.open("rb") as file:
            assert len(wire._read_at_most(file, limit, said)) == read


def test_writes_are_whole_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    wire.write_atomic(path, b"one")
    wire.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    with pytest.raises(InvalidInput, match="exists already"):
        wire.write_atomic(path, b"three", overwrite=False)
    assert path.read_bytes() == b"two"
    secret = tmp_path / "secret"
    wire.write_atomic(secret, b"s", mode=0o600, overwrite=False)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    (tmp_path / "folder").mkdir()
    for bad in (tmp_path / "folder", tmp_path / "absent" / "file", tmp_path / ("x" * 300), "a\x00b"):
        with pytest.raises(InvalidInput, match="cannot be written"):
            wire.write_atomic(bad, b"data")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder", "secret"]


def test_what_is_put_in_place_has_been_synced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name must not point at a file whose bytes a crash could still lose."""
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    wire.write_atomic(tmp_path / "file", b"data")
    assert sizes == [4]


def test_modes_and_reasons_of_written_files(tmp_path: Path) -> None:
    wire.write_atomic(tmp_path / "file", b"data")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644 & ~_umask()
    with pytest.raises(InvalidInput) as caught:
        wire.write_atomic(tmp_path / "absent" / "file", b"data")
    assert caught.value.what == f"cannot be written: {os.strerror(errno.ENOENT)}"
    with pytest.raises(InvalidInput) as caught:
        wire.write_atomic("a\x00b", b"data")
    assert caught.value.what == "cannot be written: embedded null byte"


def _umask() -> int:
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK])
def test_where_there_are_no_hard_links_an_empty_file_holds_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "file"
    held: list[tuple[int, int]] = []
    replace = os.replace

    def refuse(*_: object) -> None:
        raise OSError(number, "no hard links here")

    def watch(source: Path, target: Path) -> None:
        held.append((stat.S_IMODE(target.stat().st_mode), target.stat().st_size))
        replace(source, target)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", watch)
    wire.write_atomic(path, b"one", overwrite=False)
    assert held == [(0o600, 0)]
    assert path.read_bytes() == b"one"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), OSError("broken")])
def test_a_link_that_fails_for_another_reason_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(InvalidInput) as caught:
        wire.write_atomic(tmp_path / "file", b"one", overwrite=False)
    assert caught.value.what == "cannot be written: broken"
    assert not list(tmp_path.iterdir())


def test_without_hard_links_a_file_is_still_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "file"
    wire.write_atomic(path, b"one", overwrite=False)
    with pytest.raises(InvalidInput, match="exists already"):
        wire.write_atomic(path, b"two", overwrite=False)
    assert path.read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
