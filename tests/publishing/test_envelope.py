"""The DSSE envelope: read by the tools of others, signed over type and payload, in one form."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest
from securesystemslib import dsse
from securesystemslib.exceptions import VerificationError

from tests.publishing.records import record
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.envelope import PAYLOAD_TYPE, Envelope, parse_envelope, sealed, verified_signers
from zkaudit.publishing.statement import statement_bytes


@dataclass(frozen=True)
class Toy:
    """A stand-in for a key: a hash with a secret in front."""

    key_id: str

    def sign(self, message: bytes) -> bytes:
        """The signature."""
        return hashlib.sha256(self.key_id.encode() + message).digest()

    def check(self, message: bytes, signature: bytes) -> None:
        """Rejected for another signature."""
        if signature != self.sign(message):
            raise Rejected(Reason.WRONG_ATTESTATION, "the signature does not hold")


PAYLOAD = statement_bytes(record())


def test_others_read_it() -> None:
    ours = sealed(PAYLOAD, [Toy("one"), Toy("two")])
    theirs = dsse.Envelope.from_dict(json.loads(ours.encode()))
    assert theirs.payload == PAYLOAD
    assert theirs.payload_type == PAYLOAD_TYPE
    assert theirs.pae() == ours.message()
    assert {key: bytes.fromhex(one.signature) for key, one in theirs.signatures.items()} == {
        one.key_id: one.value for one in ours.signatures
    }


def test_nobodys_envelope_is_read_and_not_taken_for_signed() -> None:
    ours = sealed(PAYLOAD)
    theirs = dsse.Envelope.from_dict(json.loads(ours.encode()))
    assert theirs.payload == PAYLOAD
    with pytest.raises((VerificationError, ValueError)):
        theirs.verify([], 1)
    assert verified_signers(ours, {"one": Toy("one").check}) == ()


def test_round_trip() -> None:
    ours = sealed(PAYLOAD, [Toy("one")])
    assert parse_envelope(ours.encode()) == ours
    assert parse_envelope(sealed(PAYLOAD).encode()) == sealed(PAYLOAD)


def test_signers() -> None:
    one, two = Toy("one"), Toy("two")
    envelope = sealed(PAYLOAD, [one, two])
    assert verified_signers(envelope, {"two": two.check, "three": Toy("three").check}) == ("two",)
    with pytest.raises(Rejected):
        verified_signers(Envelope(payload=PAYLOAD + b" ", signatures=envelope.signatures), {"one": one.check})
    twice = Envelope(payload=PAYLOAD, signatures=(envelope.signatures[0],) * 2)
    with pytest.raises(Rejected, match="two signatures of the key one"):
        verified_signers(twice, {"one": one.check})


def changed(**fields: Any) -> bytes:
    """An envelope with other fields."""
    body = json.loads(sealed(PAYLOAD, [Toy("one")]).encode())
    return json.dumps({**body, **fields}).encode()


GOOD = base64.b64encode(b"ab").decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"payloadType": "text/plain"},
        {"payload": ""},
        {"payload": 3},
        {"payload": "YWI"},
        {"payload": "YW I="},
        {"payload": "YWJ="},
        {"payload": "YWI=\n"},
        {"payload": "-_-_"},
        {"payload": "YWI\u00a0="},
        {"signatures": {}},
        {"signatures": [{"keyid": "one"}]},
        {"signatures": [{"keyid": "", "sig": GOOD}]},
        {"signatures": [{"keyid": "a\x1b", "sig": GOOD}]},
        {"signatures": [{"keyid": "k" * 129, "sig": GOOD}]},
        {"signatures": [{"keyid": 1, "sig": GOOD}]},
        {"signatures": [{"keyid": "a", "sig": "?"}]},
        {"signatures": [{"keyid": "a", "sig": GOOD}] * 65},
        {"extra": 1},
    ],
)
def test_what_is_no_envelope(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_envelope(changed(**fields))
    assert str(caught.value).isprintable()
