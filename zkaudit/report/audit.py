"""The facts that a report shows, as plain values: nothing here is computed, and nothing is believed twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zkaudit.soundness import Account


class Standing(StrEnum):
    """What became of a proof."""

    VERIFIED = "verified"
    """Every check has passed."""
    POLICY = "policy not met"
    """The proof is valid, and a condition of the reader's is not met."""
    REJECTED = "rejected"
    """The proof or a binding of it is false: nothing is shown about the model."""


class State(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"
    NOT_GIVEN = "not given"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, or that was not."""

    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an accepted proof says about one atom of the claim.

    `at_least` successes of `of` are guaranteed, `exactly` is their number where the claim reveals it;
    `lower_bound` is the one-sided 95 % Clopper-Pearson bound of that share, `table` a revealed confusion matrix.
    """

    atom: str
    words: str
    at_least: int | None = None
    exactly: int | None = None
    of: int | None = None
    lower_bound: float | None = None
    table: tuple[tuple[int, ...], ...] | None = None

    @property
    def successes(self) -> int | None:
        """The successes that the proof guarantees."""
        return self.at_least if self.exactly is None else self.exactly

    @property
    def share(self) -> float | None:
        """The share that the proof guarantees."""
        if self.successes is None or not self.of:
            return None
        return self.successes / self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSheet:
    """Named facts of one thing."""

    title: str
    rows: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that a report says.

    `findings` is empty unless the proof itself was accepted; `reason` is empty exactly for a verified audit.
    `parts` are bytes of the proof file by name, `files` bytes of each file by name, `digests` hexadecimal.
    """

    standing: Standing
    reason: str
    claim: str
    samples: int
    findings: tuple[Finding, ...]
    checked: tuple[Check, ...]
    unchecked: tuple[Check, ...]
    sheets: tuple[FactSheet, ...]
    account: Account
    target_bits: int
    binding_bits: float
    hiding_bits: float
    parts: tuple[tuple[str, int], ...]
    files: Mapping[str, int]
    seconds: float
    digests: Mapping[str, str]
    command: str
    visible: tuple[str, ...]
    created: datetime
    version: str = field(default="")
