"""The descriptions that lie in a published folder, held against what was verified here.

They are for other tools: what they say is taken from nowhere, but a false one misleads whoever reads it alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from zkaudit.signing import PublicKey
from zkaudit.statement import Statement
from zkaudit.verifier import Verdict

DESCRIPTIONS = ("claim.intoto.json", "model-index.yml", "cyclonedx.json")
"""Their names in the folder; where there is one, there are to be all."""


def described(folder: Path) -> bool:
    """Whether a folder holds a description."""
    return any(os.path.lexists(folder / name) for name in DESCRIPTIONS)


def check_descriptions(
    folder: Path, data: Path, statement: Statement, verdict: Verdict, trusted: Iterable[PublicKey]
) -> tuple[str, ...]:
    """The names of the trusted keys that signed the attestation, whose content agrees with the verdict.

    `InvalidInput` for a file that is missing or malformed, Rejected for one that says something else.
    """
    from zkaudit.publishing.evidence import read_evidence
    from zkaudit.publishing.verification import require_descriptions, sources_of

    evidence = read_evidence(sources_of(folder, data))
    _, signers = require_descriptions(folder, evidence, statement, verdict, trusted)
    return tuple(key.name for key in signers)
