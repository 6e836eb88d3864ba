"""What a challenge and a receipt add to an audit: more checks, and who said what.

The signing package is imported by the caller, who has loaded the files; a report without them needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from zkaudit.challenge import Challenge, require_answer, require_genuine
from zkaudit.documents import time_text
from zkaudit.receipt import Receipt, verify_receipt
from zkaudit.report.audit import FactSheet, State, Step
from zkaudit.report.text import count
from zkaudit.signing import PublicKey
from zkaudit.statement import Statement


def challenge_steps(
    challenge: Challenge, statement: Statement, trusted: tuple[PublicKey, ...], now: datetime
) -> tuple[Step, Step]:
    """Two checks: the challenge asks for this statement, and an auditor signed it.

    A signature under a key that nobody vouches for shows nothing, as an owner can make one; it does not pass.
    """

    def answered() -> str:
        require_answer(challenge, statement)
        return "It asks for this claim, on this held-out set, of this commitment."

    def signed() -> str:
        require_genuine(challenge, trusted, now)
        issued = time_text(challenge.issued)
        if trusted:
            return f"Signed at {issued} by {challenge.auditor.name}, a key that the reader trusts, and not expired."
        return f"Signed at {issued} by a key that no --trusted-key vouches for: it may be the owner's own."

    state = State.PASSED if trusted else State.NOT_CHECKED
    return Step(name="Challenge", run=answered), Step(name="Challenge signature", run=signed, state=state)


def receipt_step(
    receipt: Receipt,
    statement: Statement,
    proof_digest: bytes,
    trusted: tuple[PublicKey, ...],
    *,
    quorum: int,
    now: datetime,
) -> Step:
    """Enough trusted auditors signed that they verified this file."""

    def signed() -> str:
        found = verify_receipt(
            receipt, proof_digest=proof_digest, statement=statement, trusted=trusted, quorum=quorum, now=now
        )
        names = ", ".join(one.name for one in found)
        return f"{count(len(found), 'trusted auditor', 'trusted auditors')} verified this file and signed: {names}."

    return Step(name="Receipt", run=signed)


def challenge_sheet(challenge: Challenge) -> FactSheet:
    """What a challenge says about itself."""
    rows = {
        "auditor": _named(challenge.auditor),
        "issued": time_text(challenge.issued),
        "expires": "never" if challenge.expires is None else time_text(challenge.expires),
    }
    if challenge.dataset_commitment:
        rows["data committed to"] = "earlier, by the digest below"
    return FactSheet(title="The challenge", rows=rows)


def receipt_sheet(receipt: Receipt, trusted: Iterable[PublicKey]) -> FactSheet:
    """Who signed a receipt, and when the first of them verified the proof."""
    known = {one.key: one.name for one in trusted}
    signers = [
        f"{_named(one)}, {'trusted' if one.key in known else 'not a key that the reader trusts'}"
        for one in receipt.signers
    ]
    rows = {"verified first": time_text(receipt.time)}
    rows |= {f"signer {number}": text for number, text in enumerate(signers, 1)}
    return FactSheet(title="The receipt", rows=rows)


def challenge_digests(challenge: Challenge) -> dict[str, str]:
    """The digests of a challenge."""
    digests = {"challenge": challenge.digest().hex()}
    if challenge.dataset_commitment:
        digests["data commitment"] = challenge.dataset_commitment.hex()
    return digests


def _named(key: PublicKey) -> str:
    return f"{key.name} ({key.short})"
