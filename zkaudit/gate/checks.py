"""Checks by name, each passed, failed or skipped with a reason, and the ledger that an examination keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from zkaudit.errors import PolicyNotMet, ZkauditError


class CheckName(StrEnum):
    """Everything that a gate can look at, in the order in which reports list it; stable across releases."""

    FILES = "files"
    """All files are readable and well-formed, and fit together in shape."""
    STATEMENT = "statement"
    """The proof says that it was made for this commitment, data, claim, challenge and an accepted profile."""
    PROOF = "proof"
    """The proof was verified here; skipped where auditors' signatures stand for that."""
    DESCRIPTIONS = "descriptions"
    """Attestation, model card and bill of materials of a published folder say what was verified, and no more."""
    SECURITY_BITS = "security bits"
    """The soundness of the proof's statement is at least what the caller asks for."""
    COMMITMENT_DIGEST = "commitment digest"
    """The commitment is the one that the caller expects."""
    DATA_DIGEST = "data digest"
    """The held-out set is the one that the caller expects."""
    MINIMUM_CLAIM = "minimum claim"
    """The proved claim implies the least one that the caller accepts."""
    ARCHITECTURE = "architecture"
    """The public architecture is one that the caller knows."""
    CHALLENGE = "challenge"
    """The proof answers the challenge: its commitment, data, claim and nonce."""
    CHALLENGE_SIGNATURE = "challenge signature"
    """A trusted auditor signed the challenge, and it has not expired."""
    RECEIPT = "receipt"
    """Enough trusted auditors signed a receipt for these very files."""
    AGE = "age"
    """The signed time of the challenge, or else of the receipt, is recent enough."""


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check; `reason` is a clause without a full stop, and may quote what a file says: escape it."""

    name: CheckName
    state: State
    reason: str


NOT_REACHED = "not reached"
"""Reason of the checks after the one that ended an examination."""


class Skipped(Exception):
    """Raised by a check that has nothing to look at; the message is the reason."""


class Absent(Skipped):
    """Raised where nothing lies that could be false and that anybody could ask for: strictness lets it pass."""


class Ledger:
    """The checks of one examination, and the error that ended it.

    A condition that is not met (`PolicyNotMet`) lets the examination go on, so that all of them are reported.
    Any other error ends it.
    """

    def __init__(self) -> None:
        self._checks: dict[CheckName, Check] = {}
        self._absent: set[CheckName] = set()
        self._fatal: ZkauditError | None = None

    def run(self, name: CheckName, body: Callable[[], str]) -> None:
        """Records a check as passed for the reason that the body returns, as skipped, or as failed with an error."""
        try:
            self._note(name, State.PASSED, body())
        except Skipped as reason:
            if isinstance(reason, Absent):
                self._absent.add(name)
            self._note(name, State.SKIPPED, str(reason))
        except ZkauditError as error:
            self._note(name, State.FAILED, str(error))
            if not isinstance(error, PolicyNotMet):
                self._fatal = error
                raise

    def _note(self, name: CheckName, state: State, reason: str) -> None:
        self._checks[name] = Check(name=name, state=state, reason=reason)

    def close(self, *, strict: bool) -> tuple[tuple[Check, ...], ZkauditError | None]:
        """All checks in their order, and the one error that says everything.

        `strict` fails what was skipped, but not what is absent.
        """
        unreached = {name: Check(name=name, state=State.SKIPPED, reason=NOT_REACHED) for name in CheckName}
        found = tuple({**unreached, **self._checks}[name] for name in CheckName)
        if self._fatal is not None:
            return found, self._fatal
        unmet = [f"{check.name}: {check.reason}" for check in found if check.state is State.FAILED]
        skipped = [check for check in found if check.state is State.SKIPPED and check.name not in self._absent]
        if strict and skipped:
            unmet.append(f"strict, and not checked: {', '.join(check.name for check in skipped)}")
            found = tuple(
                replace(check, state=State.FAILED, reason=f"strict, and {check.reason}") if check in skipped else check
                for check in found
            )
        return found, PolicyNotMet("; ".join(unmet)) if unmet else None
