"""The facts that a report shows, as plain values: nothing here is computed, and nothing is believed twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zkaudit.findings import Finding
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
class Step:
    """A check that is still to be made: it returns what it has found, or raises `Rejected` or `PolicyNotMet`.

    `state` is what becomes of it where it raises nothing.
    """

    name: str
    run: Callable[[], str]
    state: State = State.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share that the proof guarantees, with its bound where it has one."""

    subject: str
    successes: int
    of: int
    exact: bool
    lower_bound: float | None

    @property
    def value(self) -> float:
        """The share itself."""
        return self.successes / self.of


def share_of(finding: Finding) -> Share | None:
    """The share that a finding guarantees; None where it is not one of a public number."""
    successes = finding.at_least if finding.exactly is None else finding.exactly
    if successes is None or not finding.of:
        return None
    subject = re.split(" (?:>=|<=|==) ", finding.atom)[0]
    return Share(
        subject="accuracy" if subject == "correct" else subject,
        successes=successes,
        of=finding.of,
        exact=finding.exactly is not None,
        lower_bound=finding.lower_bound,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSheet:
    """Named facts of one thing."""

    title: str
    rows: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything that a report says.

    `findings` is empty and `accuracy` None unless the proof itself was accepted; `accuracy` is None as well where
    the claim bounds no accuracy. `reason` is empty exactly for a verified audit.
    `parts` are bytes of the proof file by name, `files` bytes of each file by name, `digests` hexadecimal.
    """

    standing: Standing
    reason: str
    claim: str
    samples: int
    accuracy: Share | None
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
