"""The table of parameter profiles: a proof does not choose one, the verifier's policy does.

Each number says what fixes it: "Security-derived" may not change without the soundness account,
"Performance knob" trades seconds for bytes and changes the proof's format all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from zkaudit.errors import UnsupportedVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The numbers from which both sides derive every size of a proof."""

    name: str
    """What statements and files call it."""

    insecure: bool
    """Security-derived: true for profiles of the tests, which the command line and the default policy refuse."""

    target_bits: int
    """Security-derived: the sum of all soundness errors is at most 2^-target_bits."""

    grinding_bits: int
    """Security-derived: zero bits of the proof of work before the lookup challenges and before each column query."""

    chain_steps: int
    """Security-derived: sequential hashes after the statement, more than a provable circuit can afford."""

    blow_up: int
    """Performance knob: columns of the witness oracle per message cell, the inverse of the rate without pads."""

    smallest_message: int
    """Performance knob: least message cells in a row of the witness oracle; at least its opened columns."""

    largest_columns: int
    """Security-derived: most columns of the witness oracle, a subgroup of K and a bound on the row combination."""

    pad_message: int
    """Performance knob: message cells in a row of the pad oracle; at least its opened columns."""

    pad_columns: int
    """Security-derived: columns of the pad oracle, more than twice a row's dimension for the quadratic test."""

    pad_target_bits: int
    """Security-derived: the query errors of the pad oracle's tests add up to at most 2^-pad_target_bits.

    Eight bits beyond the target, so that the witness oracle, whose size grows, keeps nearly the whole budget.
    """


STANDARD = Profile(
    name="standard-128",
    insecure=False,
    target_bits=128,
    grinding_bits=16,
    chain_steps=1 << 16,
    blow_up=8,
    smallest_message=1 << 8,
    largest_columns=1 << 24,
    pad_message=1 << 8,
    pad_columns=1 << 12,
    pad_target_bits=136,
)
"""128 bits, provable in the unique-decoding regime, statistical zero knowledge."""

TEST_INSECURE = Profile(
    name="test-insecure",
    insecure=True,
    target_bits=20,
    grinding_bits=4,
    chain_steps=16,
    blow_up=8,
    smallest_message=1 << 6,
    largest_columns=1 << 24,
    pad_message=1 << 6,
    pad_columns=1 << 10,
    pad_target_bits=24,
)
"""Twenty bits: the same code paths, small enough for many proofs in a unit test."""

PROFILES = {profile.name: profile for profile in (STANDARD, TEST_INSECURE)}
"""Every profile that this release knows, by name."""


def profile(name: str) -> Profile:
    """The profile of a name; `UnsupportedVersion` for a name that this release does not know."""
    if name not in PROFILES:
        raise UnsupportedVersion(
            f"unknown parameter profile {name[:40]!r}",
            expected=" or ".join(sorted(PROFILES)),
            next_step="use a release of zkaudit that knows it",
        )
    return PROFILES[name]
