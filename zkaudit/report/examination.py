"""Verifies a proof and gathers what a report says about it.

A page never repeats a verdict that somebody else has reached: the proof is verified here, from the reader's files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

import zkaudit.report.wording as wording
from zkaudit.commitment.security import estimate_binding, hiding_bits
from zkaudit.errors import PolicyNotMet, Reason, Rejected
from zkaudit.inspection import inspect_proof
from zkaudit.report.audit import Audit, Check, FactSheet, Finding, Standing, State
from zkaudit.report.text import count, percent
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict, require_policy, verify

BINDINGS = frozenset(
    (Reason.WRONG_PROFILE, Reason.WRONG_COMMITMENT, Reason.WRONG_DATA, Reason.WRONG_CLAIM, Reason.WRONG_CHALLENGE)
)
"""Reasons that say: a proof of something else."""

LISTED_LAYERS = 24
"""Performance knob: layers that a report lists by name."""

LISTED_CLASSES = 12
"""Performance knob: classes of which a report gives the number of samples each."""


def examine(
    statement: Statement,
    proof: bytes,
    policy: Policy,
    *,
    command: str,
    files: Mapping[str, int],
    created: datetime,
    version: str = "",
) -> tuple[Audit, Rejected | PolicyNotMet | None]:
    """The facts of one audit, and the error that `verify` ends in for the same files, None where it accepts.

    InvalidInput for bytes that are no proof file: there is nothing to report on.
    """
    parts = inspect_proof(proof, "proof").parts
    error: Rejected | PolicyNotMet | None = None
    verdict: Verdict | None = None
    try:
        # The policy comes after: a valid proof that it does not admit is reported as valid.
        lenient = Policy(minimum_bits=0, profiles=(statement.profile,), maximum_proof_bytes=policy.maximum_proof_bytes)
        verdict = verify(statement, proof, lenient)
        require_policy(statement, policy)
    except (Rejected, PolicyNotMet) as failure:
        error = failure
    audit = Audit(
        standing=_standing(error),
        reason="" if error is None else str(error),
        claim=statement.claim.text,
        samples=statement.samples,
        findings=() if verdict is None else findings_of(verdict),
        checked=checks_of(statement, policy, len(proof), error),
        unchecked=wording.unchecked(),
        sheets=(_model_sheet(statement), _data_sheet(statement)),
        account=statement.account,
        target_bits=statement.parameters.target_bits,
        binding_bits=estimate_binding().classical_bits,
        hiding_bits=hiding_bits(),
        parts=tuple((part.name, part.size) for part in parts),
        files=files,
        seconds=0.0 if verdict is None else verdict.seconds,
        digests=digests_of(statement, proof),
        command=command,
        visible=wording.visible_facts(statement.claim.text, exact=statement.claim.reveals_count),
        created=created,
        version=version,
    )
    return audit, error


def findings_of(verdict: Verdict) -> tuple[Finding, ...]:
    """What an accepted proof says, atom by atom."""
    shown = f"{verdict.correct:,} of {count(verdict.samples, 'sample', 'samples')}"
    words = f"{'Exactly' if verdict.exact else 'At least'} {shown} classified correctly"
    finding = Finding(
        atom=verdict.claim,
        words=f"{words}: {percent(verdict.correct / verdict.samples)}.",
        at_least=verdict.correct,
        exactly=verdict.correct if verdict.exact else None,
        of=verdict.samples,
        lower_bound=verdict.lower_bound,
    )
    return (finding,)


def digests_of(statement: Statement, proof: bytes) -> dict[str, str]:
    """The digests that two people compare to know that they speak of the same audit."""
    return {
        "commitment": statement.commitment.digest().hex(),
        "held-out set": statement.dataset.digest().hex(),
        "architecture": statement.commitment.architecture.digest().hex(),
        "proof file, SHA-256": hashlib.sha256(proof).hexdigest(),
    }


def checks_of(
    statement: Statement, policy: Policy, size: int, error: Rejected | PolicyNotMet | None
) -> tuple[Check, ...]:
    """The checks in their order; those after a failed one were not reached."""
    planned: Sequence[tuple[str, str]] = wording.checked(statement, policy, size)
    failed = len(planned)
    if isinstance(error, Rejected):
        failed = 1 if error.reason in BINDINGS else 2
    elif isinstance(error, PolicyNotMet):
        failed = len(planned) - 1
    checks = [Check(name=name, state=State.PASSED, detail=detail) for name, detail in planned[:failed]]
    for name, _ in planned[failed:]:
        # What a check would have shown is not said of one that has not passed.
        first = len(checks) == failed
        state, detail = (State.FAILED, str(error)) if first else (State.NOT_REACHED, "The check above has failed.")
        checks.append(Check(name=name, state=state, detail=detail))
    return tuple(checks)


def _standing(error: Rejected | PolicyNotMet | None) -> Standing:
    if error is None:
        return Standing.VERIFIED
    return Standing.REJECTED if isinstance(error, Rejected) else Standing.POLICY


def _model_sheet(statement: Statement) -> FactSheet:
    """The public part of the model."""
    architecture = statement.commitment.architecture
    layers = [layer.summary.replace("->", "→") for layer in architecture.layers]
    more = f", and {len(layers) - LISTED_LAYERS:,} more" if len(layers) > LISTED_LAYERS else ""
    rows = {
        "input": " × ".join(map(str, architecture.input_shape)),
        "layers": ", ".join(layers[:LISTED_LAYERS]) + more,
        "classes": f"{architecture.classes:,}",
        "weights": f"{architecture.weight_count:,}, not shown",
        "arithmetic": f"{architecture.semantics}, exact integers",
    }
    return FactSheet(title="The model", rows=rows)


def _data_sheet(statement: Statement) -> FactSheet:
    """What anybody can count in the held-out set."""
    sizes = np.bincount(statement.dataset.labels, minlength=statement.commitment.architecture.classes).tolist()
    rows = {"samples": f"{statement.samples:,}"}
    if len(sizes) <= LISTED_CLASSES:
        rows["of each class"] = ", ".join(f"{label}: {number:,}" for label, number in enumerate(sizes))
    else:
        rows["of a class"] = f"{min(sizes):,} to {max(sizes):,}"
    rows["a constant answer"] = f"would be right on {percent(max(sizes) / statement.samples)}: the largest class"
    return FactSheet(title="The held-out set", rows=rows)
