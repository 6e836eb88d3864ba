"""One proof's end: its examination, and the outcome that every format shows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from zkaudit.cli.outcome import ExitCode, Outcome, failure

if TYPE_CHECKING:
    from zkaudit.gate import Examination

WORST_FIRST = (
    ExitCode.INTERNAL,
    ExitCode.UNREADABLE,
    ExitCode.REJECTED,
    ExitCode.POLICY,
    ExitCode.ACCEPTED,
)
"""Which of several exit codes is the worse: what could not be judged comes before what was judged and is false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of one proof; `examination` is None where a fault of the program ended it."""

    subject: str
    examination: Examination | None
    outcome: Outcome


def judge(subject: str, examine: Callable[[], Examination]) -> Judgement:
    """The judgement on one proof; a fault of the program is one of the ends, so that other proofs still get theirs."""
    try:
        examination = examine()
    except Exception as error:
        return Judgement(subject=subject, examination=None, outcome=failure(error, {"proof": subject}))
    fields = _fields(subject, examination)
    if examination.error is None:
        status = "attested" if examination.verdict is None else "verified"
        return Judgement(subject=subject, examination=examination, outcome=Outcome(status=status, fields=fields))
    outcome = failure(examination.error, fields)
    return Judgement(subject=subject, examination=examination, outcome=outcome)


def worst(judgements: list[Judgement]) -> Outcome:
    """The outcome whose exit code the whole run takes."""
    return min((one.outcome for one in judgements), key=lambda outcome: WORST_FIRST.index(outcome.exit_code))


def _fields(subject: str, found: Examination) -> dict[str, object]:
    """What JSON says beside status and error; the figures of a proof only where it is accepted."""
    accepted, statement = found.error is None, found.statement
    verdict = found.verdict if accepted else None
    return {
        "proof": subject,
        "claim": statement.claim.text if statement else None,
        "claim_source": found.claim_source or None,
        "samples": statement.samples if statement else None,
        "findings": [asdict(finding) for finding in found.findings] if accepted else [],
        "lower_bound": verdict.lower_bound if verdict else None,
        "security_bits": statement.account.total_bits if statement and accepted else None,
        "profile": statement.profile if statement else None,
        "attested_by": list(found.attested_by),
        "seconds": found.seconds if accepted else None,
        "proof_bytes": len(found.content) or None,
        "commitment": found.digests.get("commitment"),
        "digests": dict(found.digests),
        "checks": [asdict(check) for check in found.checks],
    }
