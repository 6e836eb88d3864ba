"""Prove in zero knowledge that a committed model reaches a stated accuracy; verify such proofs without the weights.

The public API; each name is imported when it is first used, so a verifier never loads the prover's packages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zkaudit.errors import InvalidInput, PolicyNotMet, ProvingFailed, Reason, Rejected

if TYPE_CHECKING:
    from zkaudit.challenge import load_challenge, require_answer, require_valid
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import (
        commit,
        load_commitment,
        load_opening,
        save_commitment,
        save_opening,
    )
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.model.model import load_model, save_model
    from zkaudit.model.quantiser import quantize, quantize_arrays
    from zkaudit.prover import prove
    from zkaudit.receipt import load_receipt, verify_receipt
    from zkaudit.signing import load_trusted_keys
    from zkaudit.statement import Statement
    from zkaudit.verifier import Policy, Verdict, verify

_HOMES = {
    "load_challenge": "zkaudit.challenge",
    "require_answer": "zkaudit.challenge",
    "require_valid": "zkaudit.challenge",
    "parse_claim": "zkaudit.claim",
    "commit": "zkaudit.commitment",
    "load_commitment": "zkaudit.commitment",
    "load_opening": "zkaudit.commitment",
    "save_commitment": "zkaudit.commitment",
    "save_opening": "zkaudit.commitment",
    "load_dataset": "zkaudit.dataset",
    "quantise_inputs": "zkaudit.dataset",
    "load_model": "zkaudit.model.model",
    "save_model": "zkaudit.model.model",
    "quantize": "zkaudit.model.quantiser",
    "quantize_arrays": "zkaudit.model.quantiser",
    "prove": "zkaudit.prover",
    "load_receipt": "zkaudit.receipt",
    "verify_receipt": "zkaudit.receipt",
    "load_trusted_keys": "zkaudit.signing",
    "Statement": "zkaudit.statement",
    "Finding": "zkaudit.findings",
    "Policy": "zkaudit.verifier",
    "Verdict": "zkaudit.verifier",
    "stated_claim": "zkaudit.verifier",
    "verify": "zkaudit.verifier",
}

__all__ = [
    "Finding",
    "InvalidInput",
    "Policy",
    "PolicyNotMet",
    "ProvingFailed",
    "Reason",
    "Rejected",
    "Statement",
    "Verdict",
    "commit",
    "load_challenge",
    "load_commitment",
    "load_dataset",
    "load_model",
    "load_opening",
    "load_receipt",
    "load_trusted_keys",
    "parse_claim",
    "prove",
    "quantise_inputs",
    "quantize",
    "quantize_arrays",
    "require_answer",
    "require_valid",
    "save_commitment",
    "save_model",
    "save_opening",
    "stated_claim",
    "verify",
    "verify_receipt",
]


def __getattr__(name: str) -> Any:
    """A public name, imported from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'zkaudit' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
