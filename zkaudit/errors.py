"""The errors that cross a public boundary, and the reasons of a rejection."""

from __future__ import annotations

from enum import StrEnum


class ZkauditError(Exception):
    """Base of every error that zkaudit raises on purpose."""


class InvalidInput(ZkauditError):
    """A file, array or option that cannot be used: one line that says what, where and what was expected.

    `what` names the fault, `where` the file, field or sample, `expected` what would have been accepted,
    `next_step` what the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", expected: str = "", next_step: str = "") -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.next_step = next_step
        super().__init__(str(self))

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            line += f" (expected {self.expected})"
        if self.next_step:
            line += f"; {self.next_step}"
        return line


class UnsupportedVersion(InvalidInput):
    """A well-formed artefact of a version or profile that this release does not read."""


class ProvingFailed(ZkauditError):
    """The statement is false for this model, or the files do not belong together: no proof was made."""


class Reason(StrEnum):
    """Why a proof was rejected; stable across releases."""

    NON_CANONICAL = "non-canonical"
    """A field element of the proof is not an integer below the modulus."""
    WRONG_COMMITMENT = "wrong-commitment"
    """The proof was made for another model commitment."""
    WRONG_DATA = "wrong-data"
    """The proof was made for another held-out set: other inputs, labels or order."""
    WRONG_CLAIM = "wrong-claim"
    """The proof was made for another claim."""
    WRONG_CHALLENGE = "wrong-challenge"
    """The proof answers another challenge, or none where one is asked for, or one where none is."""
    WRONG_RECEIPT = "wrong-receipt"
    """The receipt is over another proof or another statement."""
    BAD_SIGNATURE = "bad-signature"
    """A signature does not hold, or is over something else."""
    BAD_KEY = "bad-key"
    """A public key has no proof of possession that holds, or is no point of the group: a rogue or a broken key."""
    WRONG_PROFILE = "wrong-profile"
    """The proof was made under another parameter profile."""
    WRONG_LENGTH = "wrong-length"
    """A part of the proof has a length other than the one that the statement fixes."""
    GRINDING = "grinding"
    """A proof-of-work nonce does not reach the number of zero bits of the profile."""
    MERKLE_PATH = "merkle-path"
    """Opened columns do not hash to the committed root."""
    WITNESS_OPENING = "witness-opening"
    """The combined row does not agree with the opened columns of the witness oracle."""
    PAD_LOW_DEGREE = "pad-low-degree"
    """The low-degree test of the pad tableau fails at an opened column."""
    PAD_LINEAR = "pad-linear"
    """The linear test of the pad tableau fails: a relation of the statement does not hold."""
    WRONG_ATTESTATION = "wrong-attestation"
    """A published description of the proof says something else than the proof shows."""
    PAD_QUADRATIC = "pad-quadratic"
    """The quadratic test of the pad tableau fails: a product pad is not the product of its factors."""


class Rejected(ZkauditError):
    """The proof, or a binding of it, is false."""

    def __init__(self, reason: Reason, where: str, *, expected: str = "", actual: str = "") -> None:
        self.reason = reason
        self.where = where
        self.expected = expected
        self.actual = actual
        super().__init__(str(self))

    def __str__(self) -> str:
        line = f"{self.reason.value}: {self.where}"
        if self.expected:
            line += f": expected {self.expected}"
            if self.actual:
                line += f", found {self.actual}"
        return line


class PolicyNotMet(ZkauditError):
    """The proof is valid, and a condition that the caller set on it is not met."""
