"""The result of an examination as a file for other tools: an in-toto Simple Verification Result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from zkaudit.errors import InvalidInput
from zkaudit.gate.checks import CheckName, State
from zkaudit.gate.examination import Examination

IMPLIED = (CheckName.FILES, CheckName.STATEMENT, CheckName.PROOF, CheckName.SECURITY_BITS)
"""Checks that every result stands for, in words of its own."""


def write_result(path: str | Path, examination: Examination, now: datetime | None = None) -> None:
    """Writes the result of a proof that was verified here and met every demand.

    `InvalidInput` for any other examination, for which the format has no word, or a file that cannot be written.
    """
    if examination.error is not None or examination.verdict is None:
        raise InvalidInput("nothing was accepted here", where=str(path), expected="a verified proof")
    from zkaudit.publishing.verification_result import write_svr

    passed = [check.name for check in examination.checks if check.state is State.PASSED and check.name not in IMPLIED]
    write_svr(
        path,
        examination.verdict,
        commitment=examination.commitment,
        proof=examination.content,
        time=now or datetime.now(UTC),
        properties=[name.upper().replace(" ", "_") for name in passed],
    )
