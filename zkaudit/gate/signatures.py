"""The signed part of an examination: a challenge before the proof, a receipt after it, and the keys that count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path

from zkaudit.challenge import Challenge, load_challenge, require_answer, require_current, require_valid
from zkaudit.documents import time_text
from zkaudit.errors import PolicyNotMet
from zkaudit.gate.checks import Skipped
from zkaudit.gate.demands import Demands
from zkaudit.gate.evidence import Evidence
from zkaudit.receipt import Receipt, load_receipt, verify_receipt
from zkaudit.signing import PublicKey, load_trusted_keys
from zkaudit.statement import Statement

NO_KEY = "no trusted key is given"


class TrustedKeys:
    """The keys of the caller's files, read and checked when they are first needed: each costs half a second."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.paths = tuple(paths)

    @cached_property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys; `InvalidInput` for a file that is none, Rejected for a key without proof of possession."""
        return load_trusted_keys(self.paths)


class Signatures:
    """Challenge and receipt of one examination, and the checks that they are put to."""

    def __init__(self, evidence: Evidence, demands: Demands, trusted: TrustedKeys, now: datetime) -> None:
        self._evidence, self._demands = evidence, demands
        self._trusted, self._now = trusted, now
        self.challenge: Challenge | None = None
        self.receipt: Receipt | None = None
        self.signers: tuple[str, ...] = ()
        # Those that a trusted key signed, the challenge's first.
        self._times: list[datetime] = []

    def read(self) -> None:
        """Reads the two files; nothing of them is verified."""
        if self._evidence.challenge is not None:
            self.challenge = load_challenge(self._evidence.challenge)
        if self._evidence.receipt is not None:
            self.receipt = load_receipt(self._evidence.receipt)

    def trusted_keys(self) -> tuple[PublicKey, ...]:
        """The caller's keys; reading them takes half a second each, the first time."""
        return self._trusted.keys

    @property
    def claim(self) -> str | None:
        """The challenge's claim, where the caller named the challenge or names keys that must have signed it."""
        if self.challenge is not None and (self._evidence.challenge_named or self._trusted.paths):
            return self.challenge.claim
        return None

    def answer(self, statement: Statement) -> str:
        """The statement is the one that the challenge asks for."""
        if self.challenge is None:
            if self._demands.require_challenge:
                raise PolicyNotMet("none is given, and one is asked for")
            raise Skipped("none is given")
        require_answer(self.challenge, statement)
        return f"answers {self.challenge.digest().hex()}"

    def challenge_signature(self) -> str:
        """A trusted key signed the challenge, which has not expired; an expired one fails whoever signed it."""
        if self.challenge is None:
            raise Skipped("no challenge is given")
        if not self._trusted.paths:
            require_current(self.challenge, self._now)
            if self._demands.require_challenge:
                raise PolicyNotMet(NO_KEY)
            raise Skipped(NO_KEY)
        auditor = require_valid(self.challenge, self._trusted.keys, self._now)
        self._times.append(self.challenge.issued)
        return f"by {auditor.name}, issued {time_text(self.challenge.issued)}"

    def countersignatures(self, statement: Statement, proof_digest: bytes) -> str:
        """Enough trusted auditors signed a receipt for these files.

        A receipt that nobody asked for only adds: with no trusted signer it is passed over.
        """
        quorum = self._demands.quorum or 1
        asked = self._evidence.receipt_named or self._demands.require_receipt or self._demands.quorum is not None
        if self.receipt is None:
            if asked:
                raise PolicyNotMet(f"none is given, and {quorum} trusted signers are asked for")
            raise Skipped("none is given")
        if not self._trusted.paths:
            if asked:
                raise PolicyNotMet(f"{NO_KEY}, and {quorum} trusted signers are asked for")
            raise Skipped(NO_KEY)
        try:
            signers = verify_receipt(
                self.receipt,
                proof_digest=proof_digest,
                statement=statement,
                trusted=self._trusted.keys,
                quorum=quorum,
                now=self._now,
            )
        except PolicyNotMet as error:
            if asked:
                raise
            raise Skipped(str(error)) from error
        self.signers = tuple(signer.name for signer in signers)
        self._times.append(self.receipt.time)
        return f"by {', '.join(self.signers)}, {quorum} asked for"

    def age(self) -> str:
        """The first time that a trusted key signed is recent enough."""
        limit = self._demands.maximum_age
        if limit is None:
            raise Skipped("the caller names none")
        if not self._times:
            raise PolicyNotMet("no trusted key signed a time, and a maximum age is asked for")
        if self._now - self._times[0] > limit:
            raise PolicyNotMet(f"signed {time_text(self._times[0])}, before {time_text(self._now - limit)}")
        return f"signed {time_text(self._times[0])}"
