"""The claim that this repository relies on, as a test beside the others."""

from pathlib import Path

import zkaudit

ROOT = Path(__file__).resolve().parent.parent


def test_the_model_keeps_its_claim() -> None:
    """Raises `zkaudit.Rejected`, `zkaudit.PolicyNotMet` or `zkaudit.InvalidInput` with the reason otherwise."""
    verdict = zkaudit.verify_claim(ROOT / "model", policy=ROOT / "policy.toml")
    assert verdict.security_bits >= 128
