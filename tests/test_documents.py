"""What the public documents have in common: strict JSON, one form of every value."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkaudit.documents import (
    CLOCK_SKEW,
    DOCUMENT_LIMIT,
    document_digest,
    document_text,
    hex_of,
    hex_or_nothing,
    hex_text,
    parse_json,
    present,
    read_document,
    read_time,
    time_text,
)
from zkaudit.errors import InvalidInput, UnsupportedVersion

FIELDS: dict[str, Any] = {"a": int, "b": hex_of(2)}


def read(text: bytes) -> dict[str, Any]:
    return read_document(text, "kind", 1, FIELDS, "x")


def test_a_document_reads_what_was_written() -> None:
    text = document_text("kind", 1, {"a": 3, "b": "00ff"})
    assert read(text) == {"a": 3, "b": b"\x00\xff"}
    assert text.endswith(b"}\n")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": "kind", "version": 1, "a": 3, "b": "00ff", "c": 1}',
        b'{"format": "kind", "version": 1, "a": 3}',
        b'{"format": "kind", "version": 1, "a": 3, "a": 3, "b": "00ff"}',
        b'{"format": "kind", "version": 1, "a": 3.0, "b": "00ff"}',
        b'{"format": "kind", "version": 1, "a": true, "b": "00ff"}',
        b'{"format": "kind", "version": 1, "a": NaN, "b": "00ff"}',
        b'{"format": "kind", "version": true, "a": 3, "b": "00ff"}',
        b'{"format": "kind", "version": "1", "a": 3, "b": "00ff"}',
        b'{"format": "other", "version": 1, "a": 3, "b": "00ff"}',
        b'{"format": "kind", "version": 1, "a": 3, "b": "00FF"}',
        b'{"format": "kind", "version": 1, "a": 3, "b": "0ff"}',
        b'{"format": "kind", "version": 1, "a": 3, "b": 255}',
        b'{"format": "kind", "version": 1, "a": 3, "b": "00ff"} x',
        b'{"format": "kind", "version": 1, "a": ' + b"9" * 10_000 + b', "b": "00ff"}',
        b"[" * 100_000,
        b" " * (DOCUMENT_LIMIT + 1),
    ],
)
def test_what_is_no_document(text: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(text)
    assert type(caught.value) is InvalidInput
    assert "\n" not in str(caught.value)


def test_the_longest_document() -> None:
    text = document_text("kind", 1, {"a": 3, "b": "00ff"})
    assert read_document(text, "kind", 1, FIELDS, "x", limit=len(text)) == read(text)
    with pytest.raises(InvalidInput, match=f"{len(text)} bytes are too many"):
        read_document(text, "kind", 1, FIELDS, "x", limit=len(text) - 1)
    assert read(text.ljust(DOCUMENT_LIMIT)) == read(text)


def why(text: bytes) -> str:
    """Why bytes are no JSON here."""
    with pytest.raises(InvalidInput) as caught:
        parse_json(text, "x")
    return caught.value.what


def test_fractions_where_they_are_allowed() -> None:
    assert parse_json(b"[0.5, 1e3, 2]", "x", fractions=True) == [0.5, 1000.0, 2]
    for text in (b"0.5", b"1e3", b"-0.0"):
        assert why(text) == "unreadable: numbers are integers here"
    for text in (b"NaN", b"-Infinity"):
        with pytest.raises(InvalidInput, match="numbers are integers here"):
            parse_json(text, "x", fractions=True)


def test_reasons_are_one_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why(b'{"a": 1, "a": 1}') == "unreadable: a key occurs twice"
    # The parser's own words go on behind the eightieth character.
    long = "Expecting property name enclosed in double quotes: line 1 column 10001 (char 10000)"
    assert why(b"{" + b" " * 9999 + b"1") == f"unreadable: {long}"[: len("unreadable: ") + 80]

    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("zkaudit.documents.json.loads", exhausted)
    assert why(b"1") == "unreadable: MemoryError"


@pytest.mark.parametrize("version", [0, 2, -1, 2**70])
def test_another_version_is_named(version: int) -> None:
    with pytest.raises(UnsupportedVersion):
        read(b'{"format": "kind", "version": %d}' % version)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    with suppress(InvalidInput):
        parse_json(data, "x")


def test_nesting_is_bounded_whatever_the_limit_of_recursion_is() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        for text in (b"[" * 200_000, b'{"a":' * 100_000, b"[" * 17 + b"]" * 17):
            with pytest.raises(InvalidInput, match="nesting"):
                parse_json(text, "x")
    finally:
        sys.setrecursionlimit(limit)
    assert parse_json(b"[" * 16 + b"]" * 16, "x")
    assert parse_json(b'["' + b"[" * 100 + b'\\"[[", []]', "x")[1] == []
    assert len(parse_json(b"[" + b"[]," * 100 + b"[]]", "x")) == 101


def test_the_kind_and_the_version_are_in_the_digest() -> None:
    digests = {
        document_digest(kind, version, {"a": value})
        for kind in ("one", "two")
        for version in (1, 2)
        for value in (b"", b"\0", "")
    }
    assert len(digests) == 12


def test_the_bytes_of_a_document() -> None:
    text = document_text("kind", 1, {"name": "Zoë", "list": [1, "a"]})
    assert text.decode() == (
        '{\n  "format": "kind",\n  "version": 1,\n  "name": "Zoë",\n  "list": [\n    1,\n    "a"\n  ]\n}\n'
    )


def test_the_digest_is_over_one_map() -> None:
    """The encoding by hand: a map of three, keys in ascending order, texts and bytes with their lengths."""
    encoding = b"\x83" + b"\xa1a\xc4\x02\x00\xff" + b"\xa6format\xa4kind" + b"\xa7version\x01"
    assert document_digest("kind", 1, {"a": b"\0\xff"}) == hashlib.sha256(encoding).digest()


def test_hexadecimal_digits() -> None:
    check = hex_of(5)
    assert check("0123456789", "x") == b"\x01\x23\x45\x67\x89"
    assert check("abcdefabcd", "x") == b"\xab\xcd\xef\xab\xcd"
    for value in (
        "0123456",
        "01234567890",
        "0x23456789",
        "ABCDEFABCD",
        "01234 6789",
        "abcdefabcx",
        "ａbcdefabcd",
        None,
    ):
        with pytest.raises(InvalidInput) as caught:
            check(value, "x")
        assert caught.value.expected == "10 lower-case hex digits"


def test_a_digest_or_none() -> None:
    check = hex_or_nothing(2)
    assert check("none", "x") == b""
    assert check(hex_text(b"\1\2"), "x") == b"\1\2"
    assert check(hex_text(b""), "x") == b""
    for value in ("", "None", None, "01", "0102 ", b"\1\2"):
        with pytest.raises(InvalidInput):
            check(value, "x")


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_have_one_form(time: datetime) -> None:
    whole = time.replace(microsecond=0)
    assert read_time(time_text(whole), "x") == whole


def test_times_in_other_zones_are_written_in_utc() -> None:
    time = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=3)))
    assert time_text(time) == "2026-03-01T09:30:00Z"
    assert read_time("0001-01-01T00:00:00Z", "x").year == 1
    assert present().microsecond == 0


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:30:00+00:00",
        "2026-03-01T09:30:00z",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30:00.0Z",
        "2026-02-30T09:30:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:30:60Z",
        "2026-3-1T09:30:00Z",
        "٢٠٢٦-03-01T09:30:00Z",
        "0000-01-01T00:00:00Z",
        "2026-03-01T09:30:00Z\n",
        "",
        1,
        None,
    ],
)
def test_other_times_are_refused(text: object) -> None:
    with pytest.raises(InvalidInput, match="RFC 3339"):
        read_time(text, "x")


def test_clocks_may_differ_by_five_minutes() -> None:
    assert CLOCK_SKEW.total_seconds() == 300
