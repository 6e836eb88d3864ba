"""The in-toto Statement: accepted by the framework's own classes, and an edited one is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement as InTotoStatement

from tests.publishing.records import MANY, record
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.record import Record
from zkaudit.publishing.statement import (
    PREDICATE_TYPE,
    claim_statement,
    parse_stated,
    require_statement,
    statement_bytes,
)


@pytest.mark.parametrize("made", [record(), MANY])
def test_the_framework_reads_it(made: Record) -> None:
    parsed = json_format.Parse(statement_bytes(made), statement_pb2.Statement())
    InTotoStatement.copy_from_pb(parsed).validate()
    assert parsed.predicate_type == PREDICATE_TYPE
    assert parsed.subject[0].digest["sha256"] == made.commitment_file.sha256
    predicate = claim_statement(made)["predicate"]
    for field in predicate.keys() & {"proof", "data", "challenge", "receipt"}:
        descriptor = json_format.ParseDict(predicate[field], ResourceDescriptor().pb)
        ResourceDescriptor.copy_from_pb(descriptor).validate()


def test_what_it_says() -> None:
    predicate = claim_statement(record())["predicate"]
    assert predicate["claim"] == "accuracy >= 0.95"
    assert predicate["findings"] == [
        {
            "claim": "accuracy >= 0.95",
            "words": "It is shown that accuracy >= 0.95.",
            "atLeast": 342,
            "of": 360,
            "lowerBound": {"value": 0.926123, "confidence": 0.95, "method": "one-sided Clopper-Pearson"},
        }
    ]
    assert predicate["timeVerified"] == "2026-03-01T09:30:15Z"
    assert not {"challengeDigest", "challenge", "receipt", "data"} & predicate.keys()
    assert claim_statement(MANY)["predicate"]["challengeDigest"] == {"sha256": "e0" * 32}


def names(document: Any) -> set[str]:
    """Every key of a document."""
    if isinstance(document, dict):
        return set(document) | {name for value in document.values() for name in names(value)}
    return {name for value in document for name in names(value)} if isinstance(document, list) else set()


def test_fields_are_in_lower_camel_case() -> None:
    for name in names(claim_statement(MANY)["predicate"]):
        assert name.isalnum()
        assert name[0].islower()


def paths(document: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value that is no map and no list."""
    if isinstance(document, (dict, list)):
        entries = document.items() if isinstance(document, dict) else enumerate(document)
        return [path for key, value in entries for path in paths(value, (*place, key))]
    return [place]


def edited(document: Any, place: tuple[Any, ...], value: object) -> bytes:
    """The text of a document with another value at a place."""
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(copy).encode()


def test_every_edit_is_found() -> None:
    """Each value in turn is made another of its type; what only the Statement says is compared with the record too."""
    document = claim_statement(MANY)
    require_statement(json.dumps(document).encode(), MANY)
    for place in paths(document):
        inner: Any = document
        for key in place:
            inner = inner[key]
        other = inner + " " if isinstance(inner, str) else inner + 1
        with pytest.raises(Rejected) as caught:
            require_statement(edited(document, place, other), MANY)
        assert caught.value.reason == Reason.WRONG_ATTESTATION
        assert str(place[-1]) in str(caught.value)
        for kind in (None, True, [], {}, float(inner) if isinstance(inner, int) else 0):
            with pytest.raises(Rejected):
                require_statement(edited(document, place, kind), MANY)


def test_a_field_more_or_less_is_found() -> None:
    document = claim_statement(MANY)
    more = edited(document, ("predicate", "accuracy"), 0.99)
    with pytest.raises(Rejected, match=r"predicate\.accuracy: expected 'nothing', found 0\.99"):
        require_statement(more, MANY)
    del document["predicate"]["samples"]
    with pytest.raises(Rejected, match=r"predicate\.samples"):
        require_statement(json.dumps(document).encode(), MANY)
    with pytest.raises(Rejected, match="entries"):
        require_statement(edited(document, ("subject",), []), MANY)


def test_a_strangers_text_cannot_move_the_cursor() -> None:
    with pytest.raises(Rejected) as caught:
        require_statement(edited(claim_statement(MANY), ("predicate", "\x1b[2J"), "\x1b[2J\n"), MANY)
    assert str(caught.value).isprintable()


def test_what_a_statement_says_for_itself() -> None:
    stated = parse_stated(statement_bytes(MANY))
    assert (stated.name, stated.verified, stated.release) == (MANY.name, MANY.verified, MANY.release)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("predicateType",), "https://slsa.dev/provenance/v1"),
        (("predicate",), []),
        (("predicate", "modelName"), 3),
        (("predicate", "modelName"), "../model"),
        (("predicate", "modelName"), "a\x1b[31m"),
        (("predicate", "verifier"), "zkaudit"),
        (("predicate", "verifier", "version"), "1" * 65),
        (("predicate", "timeVerified"), "2026-03-01T09:30:15+01:00"),
        (("predicate", "timeVerified"), "2026-13-01T09:30:15Z"),
    ],
)
def test_what_is_no_statement(place: tuple[str, ...], value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_stated(edited(claim_statement(MANY), place, value))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'"x"', b"{", b'{"a":1,"a":1}', b'{"a":NaN}', b"\xff", b"[" * 10**5, b" " * (1 << 20) + b"{}"]
)
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_stated(data)
