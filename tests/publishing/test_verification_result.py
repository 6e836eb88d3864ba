"""The Simple Verification Result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement as InTotoStatement

from tests.publishing.conftest import NOW, Audit, verified
from zkaudit.errors import InvalidInput
from zkaudit.publishing.json_files import sha256
from zkaudit.publishing.verification_result import write_svr


def test_a_result(audit: Audit, published: Path, tmp_path: Path) -> None:
    verdict = verified(published).verdict
    commitment, proof = audit.sources.commitment.read_bytes(), audit.sources.proof.read_bytes()
    out = tmp_path / "svr.json"
    write_svr(out, verdict, commitment=commitment, proof=proof, time=NOW, properties=["CHALLENGE_ANSWERED"])
    parsed = json_format.Parse(out.read_bytes(), statement_pb2.Statement())
    InTotoStatement.copy_from_pb(parsed).validate()
    result = json.loads(out.read_bytes())
    assert result["predicateType"] == "https://in-toto.io/attestation/svr/v0.1"
    assert [one["digest"]["sha256"] for one in result["subject"]] == [sha256(commitment), sha256(proof)]
    assert result["predicate"] == {
        "verifier": {"id": "https://zkaudit.alt/verifier/v1", "policies": []},
        "timeCreated": "2026-03-01T09:30:15Z",
        "properties": [
            "ZKAUDIT_PROOF_VALID",
            "ZKAUDIT_CLAIM_MET",
            f"ZKAUDIT_SECURITY_BITS_{int(verdict.security_bits)}",
            "ZKAUDIT_CHALLENGE_ANSWERED",
            f"ZKAUDIT_CLAIM {verdict.claim}",
        ],
    }


def test_nothing_half_written(published: Path, tmp_path: Path) -> None:
    verdict = verified(published).verdict
    with pytest.raises(InvalidInput):
        write_svr(tmp_path / "no" / "svr.json", verdict, commitment=b"", proof=b"", time=NOW)
    assert not (tmp_path / "no").exists()
