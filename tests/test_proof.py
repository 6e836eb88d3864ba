"""The proof file on hostile bytes: one of two errors, little memory, and nothing else."""

from __future__ import annotations

import hashlib
import tracemalloc
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases import Case, random_case
from tests.forgery import FIELDS, POLICY, field_of, refusal, replaced, sealed
from zkaudit import wire
from zkaudit.errors import InvalidInput, Reason, Rejected, UnsupportedVersion
from zkaudit.proof import LARGEST_NONCE, LARGEST_PROOF, MAGIC, VERSION, Proof, decode, elements, residues
from zkaudit.prover import prove_columns
from zkaudit.verifier import Policy, verify

MEMORY = 32 << 20
"""Bytes that refusing a hostile file of a few kilobytes may take: about what verifying a small proof takes."""

FUZZ = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@lru_cache(maxsize=1)
def honest() -> tuple[Case, bytes]:
    """A statement and a true proof of it."""
    case = random_case((2, 2, 2), samples=3)
    return case, prove_columns(case.statement, case.columns()).proof


def rehashed(data: bytes) -> bytes:
    """Any bytes as a container with a right length and a right digest."""
    framed = MAGIC + VERSION.to_bytes(4, "big") + len(data).to_bytes(8, "big") + data
    return framed + hashlib.sha256(framed).digest()


def packed() -> bytes:
    """The body of the true proof in msgpack."""
    return honest()[1][wire.HEADER_BYTES : -wire.DIGEST_BYTES]


@st.composite
def edits(draw: st.DrawFn, data: bytes) -> bytes:
    """A few changes of bytes: overwritten, cut out, put in, moved; never none."""
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(result) - 1)))
        length = draw(st.sampled_from([0, 1, 1, 4, 20, 64, 1000]))
        kind = draw(st.sampled_from(["overwrite", "cut", "insert", "repeat", "zero"]))
        if kind == "overwrite":
            new = draw(st.binary(min_size=1, max_size=24))
            result[start : start + len(new)] = new
        elif kind == "cut":
            del result[start : start + length]
        elif kind == "insert":
            result[start:start] = draw(st.binary(max_size=40))
        elif kind == "repeat":
            result[start:start] = result[start : start + length]
        else:
            result[start : start + length] = bytes(len(result[start : start + length]))
    return bytes(result)


def assert_refused(data: bytes) -> None:
    """Rejected or InvalidInput, unless the bytes are the true proof's."""
    case, proof = honest()
    if data == proof:
        verify(case.statement, data, POLICY)
    else:
        error = refusal(case.statement, data)
        assert len(str(error)) < 1000


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8) | st.binary(max_size=64),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=6), children, max_size=4),
    max_leaves=8,
)
"""Any value of the wire format."""


@FUZZ
@given(st.data())
def test_raw_bytes(data: st.DataObject) -> None:
    assert_refused(data.draw(edits(honest()[1])))


@FUZZ
@given(st.data())
def test_a_body_of_altered_bytes_with_a_right_digest(data: st.DataObject) -> None:
    assert_refused(rehashed(data.draw(edits(packed()))))


@FUZZ
@given(st.data(), st.sampled_from(FIELDS))
def test_a_field_of_altered_bytes_with_a_right_digest(data: st.DataObject, name: str) -> None:
    proof = honest()[1]
    value = field_of(proof, name)
    if isinstance(value, bytes):
        other: Any = data.draw(edits(value))
    elif isinstance(value, str):
        other = data.draw(st.text(max_size=200))
    else:
        other = data.draw(st.integers(-(2**63), 2**64 - 1))
    if other != value:
        assert_refused(replaced(proof, name, other))


@FUZZ
@given(VALUES, st.sampled_from(FIELDS))
def test_a_field_of_any_value(value: Any, name: str) -> None:
    proof = honest()[1]
    if value != field_of(proof, name):
        assert_refused(replaced(proof, name, value))


@FUZZ
@given(VALUES | st.dictionaries(st.sampled_from(sorted({name.partition(".")[0] for name in FIELDS})), VALUES))
def test_a_body_of_any_value(value: Any) -> None:
    assert_refused(sealed(value))


@FUZZ
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes(data: bytes, framed: bool) -> None:
    assert_refused(rehashed(data) if framed else data)


DEEP = b"\x91" * 4000
HOSTILE = {
    "a body of 2^63 bytes": MAGIC + VERSION.to_bytes(4, "big") + (1 << 63).to_bytes(8, "big") + bytes(64),
    "a body of a gigabyte": MAGIC + VERSION.to_bytes(4, "big") + (1 << 30).to_bytes(8, "big") + bytes(64),
    "an array of 2^32 - 1": rehashed(b"\xdd\xff\xff\xff\xff"),
    "a map of 2^32 - 1": rehashed(b"\xdf\xff\xff\xff\xff" + bytes(100)),
    "a byte string of 2^32 - 1": rehashed(b"\xc6\xff\xff\xff\xff" + bytes(100)),
    "a text of 2^32 - 1": rehashed(b"\xdb\xff\xff\xff\xff" + bytes(100)),
    "an extension of 2^32 - 1": rehashed(b"\xc9\xff\xff\xff\xff\x01" + bytes(100)),
    "arrays of arrays of 2^16 - 1": rehashed(b"\xdc\xff\xff" * 1000),
    "deep nesting": rehashed(DEEP + b"\x90"),
    "deep nesting of maps": rehashed(b"\x81\xa1a" * 4000 + b"\x80"),
    "a number that is none": rehashed(b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"),
    "nothing": rehashed(b""),
    "no text": rehashed(b"\xa4\xff\xfe\xfd\xfc"),
    "a timestamp": rehashed(b"\xd6\xff\x00\x00\x00\x00"),
}
"""Files that promise far more than they hold."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_takes_little_memory(name: str) -> None:
    case, _ = honest()
    tracemalloc.start()
    try:
        error = refusal(case.statement, HOSTILE[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, InvalidInput)
    assert peak < 1 << 20


@settings(FUZZ, max_examples=40)
@given(st.data())
def test_memory_stays_bounded(data: st.DataObject) -> None:
    case, proof = honest()
    altered = data.draw(
        st.one_of(
            edits(proof),
            edits(packed()).map(rehashed),
            edits(field_of(proof, "messages")).map(lambda value: replaced(proof, "messages", value)),
            edits(field_of(proof, "pads.path")).map(lambda value: replaced(proof, "pads.path", value)),
        )
    )
    if altered == proof:
        return
    tracemalloc.start()
    try:
        refusal(case.statement, altered)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY


def test_an_oversized_file_is_not_read() -> None:
    case, proof = honest()
    small = Policy(minimum_bits=0, profiles=("test-insecure",), maximum_proof_bytes=len(proof) - 1)
    with pytest.raises(InvalidInput, match="expected at most"):
        verify(case.statement, proof, small)
    assert LARGEST_PROOF == 1 << 28


def test_a_proof_has_one_encoding() -> None:
    _, proof = honest()
    parsed = decode(proof)
    assert isinstance(parsed, Proof)
    assert parsed.encode() == proof


@pytest.mark.parametrize("value", ["", "x" * 32, b"x", b"x" * 31, b"x" * 33, 0, [], list(range(32)), {}, False])
def test_a_challenge_is_a_digest_or_no_bytes(value: object) -> None:
    proof = honest()[1]
    for digest in (b"", b"x" * 32):
        assert decode(replaced(proof, "challenge", digest)).challenge == digest
    with pytest.raises(InvalidInput) as caught:
        decode(replaced(proof, "challenge", value))
    assert (caught.value.what, caught.value.where) == ("not the digest of a challenge", "proof, challenge")


def test_the_largest_nonce() -> None:
    proof = honest()[1]
    largest = (1 << 64) - 1
    assert decode(replaced(proof, "lookup_nonce", largest)).lookup_nonce == largest
    assert decode(replaced(proof, "pads.nonce", largest)).pads.nonce == largest
    with pytest.raises(InvalidInput) as caught:
        decode(replaced(proof, "witness.nonce", -1))
    assert (caught.value.what, caught.value.where) == ("not an accepted number", "proof witness, nonce")
    with pytest.raises(InvalidInput) as caught:
        decode(proof[:-1])
    assert (caught.value.what, caught.value.where) == ("truncated", "proof")


def test_another_version_is_named() -> None:
    case, proof = honest()
    for version in (0, VERSION + 1, 2**32 - 1):
        later = proof[: wire.MAGIC_BYTES] + version.to_bytes(4, "big") + proof[wire.MAGIC_BYTES + 4 :]
        assert isinstance(refusal(case.statement, later), UnsupportedVersion)


def test_residues_have_one_length_and_one_form() -> None:
    assert residues(bytes.fromhex("000000017f000000"), 2, "x").tolist() == [1, 0x7F000000]
    for data, reason in (
        (bytes(7), Reason.WRONG_LENGTH),
        (bytes(12), Reason.WRONG_LENGTH),
        (b"", Reason.WRONG_LENGTH),
        (bytes.fromhex("000000007f000001"), Reason.NON_CANONICAL),
        (bytes.fromhex("ffffffff00000000"), Reason.NON_CANONICAL),
    ):
        with pytest.raises(Rejected) as caught:
            residues(data, 2, "x")
        assert caught.value.reason is reason
    assert elements(bytes(19) + b"\x05", 1, "x") == [(0, 0, 0, 0, 5)]
    assert elements(b"", 0, "x") == []


def test_the_header_of_a_proof() -> None:
    assert (MAGIC, VERSION, LARGEST_NONCE) == (b"ZKAPROOF", 1, 2**64 - 1)
