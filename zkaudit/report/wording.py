"""What was checked, what was not, and what can be seen, in a reader's words."""

from __future__ import annotations

from zkaudit.report.audit import Check, State
from zkaudit.report.text import count, power
from zkaudit.statement import Statement
from zkaudit.verifier import Policy


def checked(statement: Statement, policy: Policy, size: int) -> tuple[tuple[str, str], ...]:
    """Each check in the order of the verifier, with what it means where it has passed."""
    samples = count(statement.samples, "sample", "samples")
    bits = statement.account.total_bits
    architectures = policy.architectures
    known = "any architecture" if architectures is None else f"one of {len(architectures)} known architectures"
    return (
        ("File", f"A proof file in canonical form, {size:,} bytes, its own digest intact."),
        ("Statement", "Made for this commitment, this held-out set, this claim and this profile."),
        (
            "Proof",
            f"The committed network, run exactly on all {samples}, meets the claim. "
            f"One attempt at a false claim passes with a chance below {power(bits)}.",
        ),
        (
            "Policy",
            f"At least {policy.minimum_bits:g} bits of soundness, {known}, profile {', '.join(policy.profiles)}.",
        ),
    )


def unchecked() -> tuple[Check, ...]:
    """What no proof shows: what a reader has to know from elsewhere, or not assume."""
    said = {
        "The commitment is older than the data": "On data that the owner knew before committing, any accuracy can be "
        "reached. No challenge was given to show the order of events: know it from elsewhere.",
        "The commitment is the model's": "Compare its digest with one from a place that the owner answers for. "
        "Nothing ties a commitment to the model that a service runs.",
        "The samples stand for the population": "The lower bound assumes samples drawn independently, with right "
        "labels, and chosen before anybody knew how the model does on them.",
        "This is the only audit": "An owner can make many and show the best. "
        "Agree on data and claim first, or ask for every audit of the commitment.",
        "Who made the proof": "Anybody with the weights can. No receipt with signatures was given.",
    }
    return tuple(Check(name=name, state=State.NOT_CHECKED, detail=detail) for name, detail in said.items())


def visible_facts(claim: str, *, exact: bool) -> tuple[str, ...]:
    """What is not hidden from a reader of the public files."""
    count_line = "and with it the exact count" if exact else "not the count behind it"
    return (
        "the architecture: layers, shapes, shifts and tables, not the weights",
        "the held-out set, inputs and labels",
        f"the claim {claim} and its truth, {count_line}",
        "sizes and times, which follow from the architecture and the number of samples",
    )
