"""An in-toto Simple Verification Result: that a verifier checked these files at this time, and what passed.

It is written for a passed verification only: the format has no word for a failure, so a failure has no file.
Source: in-toto attestation predicates, "Simple Verification Result", version 0.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.documents import time_text
from zkaudit.publishing.json_files import json_bytes, sha256
from zkaudit.publishing.statement import STATEMENT_TYPE
from zkaudit.statement import PROTOCOL
from zkaudit.verifier import Verdict

SVR_TYPE = "https://in-toto.io/attestation/svr/v0.1"
"""Names the meaning of the result's fields."""

VERIFIER = f"https://zkaudit.alt/verifier/{PROTOCOL.rpartition('/')[2]}"
"""Names what was checked; it changes with the protocol, so that a reader can tell two rules apart."""


def verification_result(
    verdict: Verdict, *, commitment: bytes, proof: bytes, time: datetime, properties: Sequence[str] = ()
) -> dict[str, Any]:
    """The result of a passed verification of two files, given as their bytes.

    `properties` are further checks that passed, each a word of the form `CHALLENGE_ANSWERED`.
    """
    passed = ("PROOF_VALID", "CLAIM_MET", f"SECURITY_BITS_{int(verdict.security_bits)}", *properties)
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "commitment", "digest": {"sha256": sha256(commitment)}},
            {"name": "proof", "digest": {"sha256": sha256(proof)}},
        ],
        "predicateType": SVR_TYPE,
        "predicate": {
            # The later version of the format asks for the list of policies, and for an empty one where there is none.
            "verifier": {"id": VERIFIER, "policies": []},
            "timeCreated": time_text(time),
            "properties": [f"ZKAUDIT_{name}" for name in passed] + [f"ZKAUDIT_CLAIM {verdict.claim}"],
        },
    }


def write_svr(
    path: str | Path,
    verdict: Verdict,
    *,
    commitment: bytes,
    proof: bytes,
    time: datetime,
    properties: Sequence[str] = (),
) -> None:
    """Writes the result of a passed verification; arguments as for `verification_result`.

    `InvalidInput` where the file cannot be written.
    """
    result = verification_result(verdict, commitment=commitment, proof=proof, time=time, properties=properties)
    wire.write_atomic(path, json_bytes(result))
