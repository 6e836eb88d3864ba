"""The public facts of a verified proof, from which every description of it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Protocol

from zkaudit.errors import InvalidInput
from zkaudit.statement import PROTOCOL, Statement
from zkaudit.verifier import Verdict

NAME_LENGTH = 96
"""Performance knob: longest name of a model."""

_REFUSED = re.compile(r"(^|/)\.{0,2}(/|$)|[\\]")
"""Empty, `.` and `..` parts of a path, and another system's separator."""


class Finding(Protocol):
    """What the verifier says of one part of a claim: the fields that descriptions use."""

    @property
    def atom(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def at_least(self) -> int | None: ...
    @property
    def exactly(self) -> int | None: ...
    @property
    def of(self) -> int | None: ...
    @property
    def lower_bound(self) -> float | None: ...
    @property
    def table(self) -> tuple[tuple[int, ...], ...] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A published file by its name in the folder, the SHA-256 of its bytes in hex, and its size."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One verified proof: what it shows, of what, and the files that show it.

    The digests of the commitment, the data, the challenge and the architecture are those that the proof binds, in hex;
    they differ from the digests of the files.
    `data_file`, `challenge_file` and `receipt_file` are None where no such file is published.
    """

    name: str
    claim: str
    findings: tuple[Finding, ...]
    samples: int
    profile: str
    security_bits: float
    lower_bound: float | None
    commitment: str
    architecture: str
    data: str
    challenge: str | None
    commitment_file: FileDigest
    proof_file: FileDigest
    data_file: FileDigest | None
    challenge_file: FileDigest | None
    receipt_file: FileDigest | None
    verified: datetime
    release: str
    """Version of the program that verified."""
    protocol: str = PROTOCOL

    @property
    def words(self) -> str:
        """The claim as sentences for a reader."""
        return " ".join(finding.words for finding in self.findings)

    @property
    def files(self) -> tuple[FileDigest, ...]:
        """The published files that the proof rests on."""
        held = (self.commitment_file, self.challenge_file, self.proof_file, self.data_file, self.receipt_file)
        return tuple(file for file in held if file is not None)


def record_of(
    statement: Statement,
    verdict: Verdict,
    *,
    name: str,
    verified: datetime,
    release: str,
    commitment_file: FileDigest,
    proof_file: FileDigest,
    data_file: FileDigest | None = None,
    challenge_file: FileDigest | None = None,
    receipt_file: FileDigest | None = None,
) -> Record:
    """The record of an accepted proof; `InvalidInput` for a name that is not fit to print."""
    return Record(
        name=checked_name(name),
        claim=verdict.claim,
        findings=findings_of(verdict),
        samples=verdict.samples,
        profile=statement.profile,
        # Rounded down, so that no description says more than the account.
        security_bits=floor(verdict.security_bits * 10) / 10,
        lower_bound=verdict.lower_bound,
        commitment=statement.commitment.digest().hex(),
        architecture=statement.commitment.architecture.digest().hex(),
        data=statement.dataset.digest().hex(),
        challenge=statement.challenge.hex() if statement.challenge else None,
        commitment_file=commitment_file,
        proof_file=proof_file,
        data_file=data_file,
        challenge_file=challenge_file,
        receipt_file=receipt_file,
        verified=verified,
        release=release,
    )


def installed_release() -> str:
    """The version of the installed distribution, or `unknown` in a copy that was never installed."""
    # A slow import, and a verdict needs none of it.
    from importlib import metadata

    try:
        return metadata.version("zkaudit")
    except metadata.PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountFinding:
    """The finding of a claim on the number of right predictions."""

    atom: str
    words: str
    at_least: int | None
    exactly: int | None
    of: int | None
    lower_bound: float | None
    table: tuple[tuple[int, ...], ...] | None = None


def findings_of(verdict: Verdict) -> tuple[Finding, ...]:
    """What a verdict says of each part of its claim."""
    stated: tuple[Finding, ...] | None = getattr(verdict, "findings", None)
    if stated is not None:
        return stated
    least = "Exactly" if verdict.exact else "At least"
    return (
        CountFinding(
            atom=verdict.claim,
            words=f"{least} {verdict.correct} of the {verdict.samples} predictions on the held-out set are right.",
            at_least=verdict.correct,
            exactly=verdict.correct if verdict.exact else None,
            of=verdict.samples,
            lower_bound=verdict.lower_bound,
        ),
    )


def checked_name(name: str) -> str:
    """A model's name that is safe to show and to quote: printable, one line, no way out of a folder.

    `InvalidInput` for any other text.
    """
    fit = 0 < len(name) <= NAME_LENGTH and name.isprintable() and name == name.strip() and not _REFUSED.search(name)
    if not fit:
        raise InvalidInput(
            f"not a name for a model: {name[:40]!a}",
            where="name",
            expected=f"up to {NAME_LENGTH} printable characters such as 'digits' or 'acme/digits'",
            next_step="choose one with --name",
        )
    return name
