"""Verifies a proof and gathers what a report says about it.

A page never repeats a verdict that somebody else has reached: the proof is verified here, from the reader's files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

import zkaudit.report.wording as wording
from zkaudit.commitment.security import estimate_binding, hiding_bits
from zkaudit.errors import PolicyNotMet, Rejected
from zkaudit.inspection import inspect_proof
from zkaudit.proof import decode
from zkaudit.report.audit import Audit, Check, FactSheet, Standing, State, Step
from zkaudit.report.findings import accuracy_of
from zkaudit.report.text import percent
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict, require_bindings, require_policy, verify

LISTED_LAYERS = 24
"""Performance knob: layers that a report lists by name."""

LISTED_CLASSES = 12
"""Performance knob: classes of which a report gives the number of samples each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestations:
    """What a challenge and a receipt add, where there are any; `zkaudit.report.attestations` makes the parts.

    `vouched` says that the challenge is held against keys that the reader trusts.
    """

    challenge: tuple[Step, ...] = ()
    vouched: bool = False
    receipt: tuple[Step, ...] = ()
    sheets: tuple[FactSheet, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)


NO_ATTESTATIONS = Attestations()
"""An audit with neither challenge nor receipt."""


def examine(
    statement: Statement,
    proof: bytes,
    policy: Policy,
    *,
    command: str,
    files: Mapping[str, int],
    created: datetime,
    version: str = "",
    attestations: Attestations = NO_ATTESTATIONS,
    refusal: Rejected | None = None,
    asked: str = "",
) -> tuple[Audit, Rejected | PolicyNotMet | None]:
    """The facts of one audit, and the error that it ends in, None where everything holds.

    `refusal` says that the proof closes no open claim `asked`; `statement` then stands in for one that there is not.
    InvalidInput for bytes that are no proof file: there is nothing to report on.
    """
    parts = inspect_proof(proof, "proof").parts
    verdicts: list[Verdict] = []
    checked, error = _run(_steps(statement, proof, policy, attestations, verdicts, refusal))
    verdict = None if isinstance(error, Rejected) else verdicts[0]
    audit = Audit(
        standing=_standing(error),
        reason="" if error is None else str(error),
        claim=asked or statement.claim.text,
        samples=statement.samples,
        accuracy=None if verdict is None else accuracy_of(verdict),
        findings=() if verdict is None else verdict.findings,
        checked=checked,
        unchecked=wording.unchecked(challenge=attestations.vouched, receipt=bool(attestations.receipt)),
        sheets=(_model_sheet(statement), _data_sheet(statement), *attestations.sheets),
        account=statement.account,
        target_bits=statement.parameters.target_bits,
        binding_bits=estimate_binding().classical_bits,
        hiding_bits=hiding_bits(),
        parts=tuple((part.name, part.size) for part in parts),
        files=files,
        seconds=0.0 if verdict is None else verdict.seconds,
        digests={**digests_of(statement, proof), **attestations.digests},
        command=command,
        visible=wording.visible_facts(statement.claim.reveals()),
        created=created,
        version=version,
    )
    return audit, error


def _steps(
    statement: Statement,
    proof: bytes,
    policy: Policy,
    attestations: Attestations,
    verdicts: list[Verdict],
    refusal: Rejected | None,
) -> tuple[Step, ...]:
    """The checks in the order in which they are made; the verdict on the proof is left in `verdicts`."""

    def bound() -> str:
        if refusal is not None:
            raise refusal
        require_bindings(statement, decode(proof))
        return wording.statement(statement)

    def proved() -> str:
        # The caller's policy comes last: a valid proof that it does not admit is reported as valid.
        lenient = Policy(minimum_bits=0, profiles=(statement.profile,), maximum_proof_bytes=policy.maximum_proof_bytes)
        verdicts.append(verify(statement, proof, lenient))
        return wording.proof(statement)

    def admitted() -> str:
        require_policy(statement, policy)
        return wording.policy(policy)

    answered, *genuine = attestations.challenge or (None,)
    if refusal is not None:
        # There is no statement that could answer a challenge.
        answered = None
    steps = (
        Step(name="File", run=lambda: wording.file(len(proof))),
        answered,
        Step(name="Statement", run=bound),
        Step(name="Proof", run=proved),
        *genuine,
        *attestations.receipt,
        Step(name="Policy", run=admitted),
    )
    return tuple(step for step in steps if step is not None)


def _run(steps: tuple[Step, ...]) -> tuple[tuple[Check, ...], Rejected | PolicyNotMet | None]:
    """What became of each step, and the error that says most: a rejection, or else the first condition not met.

    A rejection ends the checks, and what a later one would have shown is not said.
    """
    checks: list[Check] = []
    error: Rejected | PolicyNotMet | None = None
    for step in steps:
        if isinstance(error, Rejected):
            checks.append(Check(name=step.name, state=State.NOT_REACHED, detail="A check above has failed."))
            continue
        try:
            checks.append(Check(name=step.name, state=step.state, detail=step.run()))
        except (Rejected, PolicyNotMet) as failure:
            checks.append(Check(name=step.name, state=State.FAILED, detail=str(failure)))
            error = failure if error is None or isinstance(failure, Rejected) else error
    return tuple(checks), error


def digests_of(statement: Statement, proof: bytes) -> dict[str, str]:
    """The digests that two people compare to know that they speak of the same audit."""
    return {
        "commitment": statement.commitment.digest().hex(),
        "held-out set": statement.dataset.digest().hex(),
        "architecture": statement.commitment.architecture.digest().hex(),
        "proof file, SHA-256": hashlib.sha256(proof).hexdigest(),
    }


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
    if statement.dataset.groups is not None:
        groups = dict(zip(*np.unique(statement.dataset.groups, return_counts=True), strict=True))
        shown = [f"{group}: {number:,}" for group, number in groups.items()][:LISTED_CLASSES]
        more = f", and {len(groups) - LISTED_CLASSES:,} more" if len(groups) > LISTED_CLASSES else ""
        rows["of each group"] = ", ".join(shown) + more
    rows["a constant answer"] = f"would be right on {percent(max(sizes) / statement.samples)}: the largest class"
    return FactSheet(title="The held-out set", rows=rows)
