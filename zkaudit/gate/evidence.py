"""The public files of one audit: named one by one, or found in a published folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from zkaudit.errors import InvalidInput

PUBLISHED = "zkaudit"
"""The folder beside a model that holds its audit."""

PROOF_NAME = "audit.zkp"
COMMITMENT_NAME = "commitment.json"
DATA_NAME = "heldout.npz"
CHALLENGE_NAME = "challenge.json"
RECEIPT_NAME = "receipt.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Paths of the files of one audit; nothing is read yet.

    `subject` is what the caller named, `folder` the published folder in it, if it is one.
    `challenge_named` and `receipt_named` tell what the caller named from what lay in the folder of a stranger.
    """

    subject: Path
    folder: Path | None = None
    proof: Path
    commitment: Path
    data: Path
    challenge: Path | None = None
    receipt: Path | None = None
    challenge_named: bool = False
    receipt_named: bool = False


def find_evidence(
    subject: str | Path,
    *,
    commitment: str | Path | None = None,
    data: str | Path | None = None,
    challenge: str | Path | None = None,
    receipt: str | Path | None = None,
) -> Evidence:
    """The files of a proof, or of a published folder or the folder that holds it; what is given goes first.

    `InvalidInput` where a proof file comes without its commitment or data.
    """
    subject = Path(subject)
    if os.path.isdir(subject):
        return _in_folder(subject, commitment, data, challenge, receipt)
    if commitment is None or data is None:
        raise InvalidInput(
            "a proof file without its commitment and its data",
            where=os.fspath(subject),
            next_step="name them, or name the published folder that holds all three",
        )
    return Evidence(
        subject=subject,
        proof=subject,
        commitment=Path(commitment),
        data=Path(data),
        challenge=None if challenge is None else Path(challenge),
        receipt=None if receipt is None else Path(receipt),
        challenge_named=challenge is not None,
        receipt_named=receipt is not None,
    )


def _in_folder(
    subject: Path,
    commitment: str | Path | None,
    data: str | Path | None,
    challenge: str | Path | None,
    receipt: str | Path | None,
) -> Evidence:
    folder = subject
    if not os.path.lexists(folder / PROOF_NAME) and os.path.isdir(folder / PUBLISHED):
        folder = folder / PUBLISHED
    if data is None and not os.path.lexists(folder / DATA_NAME):
        raise InvalidInput("no held-out set is published here", where=os.fspath(folder), next_step="give its file")
    return Evidence(
        subject=subject,
        folder=folder,
        proof=folder / PROOF_NAME,
        commitment=folder / COMMITMENT_NAME if commitment is None else Path(commitment),
        data=folder / DATA_NAME if data is None else Path(data),
        challenge=_optional(folder / CHALLENGE_NAME) if challenge is None else Path(challenge),
        receipt=_optional(folder / RECEIPT_NAME) if receipt is None else Path(receipt),
        challenge_named=challenge is not None,
        receipt_named=receipt is not None,
    )


def _optional(path: Path) -> Path | None:
    return path if os.path.lexists(path) else None
