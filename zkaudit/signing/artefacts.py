"""What a signature file can be over: which domain and digest an artefact has."""

from __future__ import annotations

from pathlib import Path

from zkaudit import wire
from zkaudit.challenge import CHALLENGE_FORMAT, parse_challenge
from zkaudit.commitment.formats import COMMITMENT_FORMAT, COMMITMENT_LIMIT, parse_commitment
from zkaudit.dataset_commitment import DATASET_FORMAT, parse_dataset_commitment
from zkaudit.documents import parse_json
from zkaudit.errors import InvalidInput
from zkaudit.receipt import RECEIPT_FORMAT
from zkaudit.signing.keys import Domain


def load_artefact(path: str | Path) -> tuple[Domain, bytes]:
    """The domain and the digest of a file that can be signed; `InvalidInput` for any other file."""
    data = wire.read_bounded(path, COMMITMENT_LIMIT, "artefact")
    where = f"artefact {path}"
    obj = parse_json(data, where)
    kind = obj.get("format") if type(obj) is dict else None
    if kind == COMMITMENT_FORMAT:
        return Domain.COMMITMENT, parse_commitment(data, where).digest()
    if kind == CHALLENGE_FORMAT:
        return Domain.CHALLENGE, parse_challenge(data, where).digest()
    if kind == DATASET_FORMAT:
        return Domain.DATASET, parse_dataset_commitment(data, where).digest()
    if kind == RECEIPT_FORMAT:
        raise InvalidInput(
            "a receipt carries its signatures", where=where, next_step="add one with `zkaudit countersign --receipt`"
        )
    raise InvalidInput(
        "not an artefact that can be signed", where=where, expected="a commitment, a challenge or a dataset commitment"
    )
