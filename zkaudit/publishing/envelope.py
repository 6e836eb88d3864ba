"""The DSSE envelope around a Statement: its form, its signatures by BLS keys, and their check.

An envelope without a signature has the same form and an empty list: it can be read and held against the proof,
and every tool that asks for a signature refuses it, because nobody signed.
Source: the DSSE protocol, version 1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zkaudit import wire
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.json_files import json_bytes, parse_map

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""Media type of an in-toto Statement, which the signature covers."""

MAX_SIGNATURES = 64
"""Performance knob: most signatures of an envelope."""


class Signer(Protocol):
    """A key that signs attestations, and the name that it goes by in an envelope."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature; `key_id` is a hint of whose it is, not authenticated."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload and what was signed; the signatures are not authenticated."""

    payload: bytes
    signatures: tuple[Signature, ...]

    def message(self) -> bytes:
        """The bytes that a signature is over: type and payload with their lengths."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def encode(self) -> bytes:
        """The file."""
        signatures = [{"keyid": one.key_id, "sig": base64.b64encode(one.value).decode()} for one in self.signatures]
        return json_bytes(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": signatures,
            }
        )


def sealed(payload: bytes, signers: Sequence[Signer] = ()) -> Envelope:
    """A payload in an envelope, signed by each of the keys."""
    message = Envelope(payload=payload, signatures=()).message()
    return Envelope(
        payload=payload,
        signatures=tuple(Signature(key_id=signer.key_id, value=signer.sign(message)) for signer in signers),
    )


def parse_envelope(data: bytes, where: str = "attestation") -> Envelope:
    """The envelope that a file holds; `InvalidInput` for bytes that are not one of a Statement."""
    fields: dict[str, type | wire.Checker] = {
        "payload": _base64,
        "payloadType": str,
        "signatures": wire.list_of(_signature, MAX_SIGNATURES),
    }
    body = wire.closed_map(parse_map(data, where), fields, where)
    if body["payloadType"] != PAYLOAD_TYPE:
        raise InvalidInput("another type of payload", where=where, expected=PAYLOAD_TYPE)
    return Envelope(payload=body["payload"], signatures=tuple(body["signatures"]))


Check = Callable[[bytes, bytes], None]
"""Takes a message and a signature; Rejected for a signature that is not the key's."""


def verified_signers(envelope: Envelope, keys: Mapping[str, Check]) -> tuple[str, ...]:
    """The identifiers of the given keys that signed an envelope, each once.

    Signatures that name other keys are passed over: they say nothing to a caller who does not know the keys.
    Rejected for a signature that names a given key and is not its own.
    """
    signers: list[str] = []
    for signature in envelope.signatures:
        check = keys.get(signature.key_id)
        if check is not None:
            check(envelope.message(), signature.value)
            if signature.key_id in signers:
                raise Rejected(Reason.WRONG_ATTESTATION, f"two signatures of the key {signature.key_id}")
            signers.append(signature.key_id)
    return tuple(signers)


def _signature(value: object, where: str) -> Signature:
    fields: dict[str, type | wire.Checker] = {"keyid": _key_id, "sig": _base64}
    body: dict[str, Any] = wire.closed_map(value, fields, where)
    return Signature(key_id=body["keyid"], value=body["sig"])


def _key_id(value: object, where: str) -> str:
    if type(value) is not str or not 0 < len(value) <= 128 or not value.isascii() or not value.isprintable():
        raise InvalidInput("not the name of a key", where=where, expected="1 to 128 printable ASCII characters")
    return value


def _base64(value: object, where: str) -> bytes:
    """The bytes of standard base64 in its one form, so that one payload has one text."""
    if type(value) is str and value.isascii():
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if data and base64.b64encode(data).decode() == value:
            return data
    raise InvalidInput("not base64", where=where, expected="standard base64 with padding")
