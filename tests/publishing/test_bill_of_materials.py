"""The CycloneDX bill of materials: held against the official schema, and an edited field is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.publishing.records import MANY, finding, record
from tests.publishing.test_statement import edited, paths
from zkaudit.errors import InvalidInput, Rejected
from zkaudit.publishing.bill_of_materials import bill_of_materials, check_bill_of_materials
from zkaudit.publishing.json_files import json_bytes
from zkaudit.publishing.record import FileDigest, Record

ATTESTATION = FileDigest(name="claim.intoto.json", sha256="b1" * 32, size=3000)
VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


@pytest.mark.parametrize(
    "made", [record(), MANY, record(name='"}, {\n'), record(finding("confusion_matrix", table=((1,),)))]
)
def test_the_official_schema(made: Record) -> None:
    document = bill_of_materials(made, ATTESTATION)
    assert VALIDATOR.validate_str(json_bytes(document).decode()) is None
    # The newer version takes it as it is.
    newer = json.dumps({**document, "specVersion": "1.7", "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json"})
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(newer) is None


def test_the_schema_is_looked_at() -> None:
    document = bill_of_materials(record(), ATTESTATION)
    document["components"][0]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0]["accuracy"] = 1
    assert VALIDATOR.validate_str(json.dumps(document)) is not None


def test_what_it_says() -> None:
    model, data = bill_of_materials(MANY, ATTESTATION)["components"]
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert [metric["value"] for metric in metrics] == ["0.9", "0.333334", "0.975", "5 1; 0 6"]
    assert metrics[0]["confidenceInterval"] == {"lowerBound": "0.761000"}
    assert "confidenceInterval" not in metrics[1]
    references = {one["url"]: one["hashes"][0]["content"] for one in model["externalReferences"]}
    assert references == {
        "claim.intoto.json": "b1" * 32,
        "commitment.json": "c1" * 32,
        "challenge.json": "e1" * 32,
        "audit.zkp": "91" * 32,
        "heldout.npz": "d1" * 32,
        "receipt.json": "f1" * 32,
    }
    # A digest of the weights would confirm a guess of them.
    assert "hashes" not in model
    assert model["modelCard"]["modelParameters"]["datasets"] == [{"ref": data["bom-ref"]}]


def test_the_library_loads_it() -> None:
    bom: Any = Bom.from_json(bill_of_materials(MANY, ATTESTATION))  # type: ignore[attr-defined]
    assert {component.name for component in bom.components} == {"digits", "held-out set d0d0d0d0d0d0d0d0"}


def test_every_edit_is_found() -> None:
    document = bill_of_materials(MANY, ATTESTATION)
    check_bill_of_materials(json_bytes(document), MANY, ATTESTATION, "bill")
    for place in paths(document):
        inner: Any = document
        for key in place:
            inner = inner[key]
        other = f"{inner} " if isinstance(inner, str) else inner + 1
        with pytest.raises(Rejected):
            check_bill_of_materials(edited(document, place, other), MANY, ATTESTATION, "bill")
    with pytest.raises(InvalidInput):
        check_bill_of_materials(b"[]", MANY, ATTESTATION, "bill")
