"""What was checked, what was not, and what can be seen, in a reader's words."""

from __future__ import annotations

from zkaudit.report.audit import Check, State
from zkaudit.report.text import count, power
from zkaudit.statement import Statement
from zkaudit.verifier import Policy


def file(size: int) -> str:
    """What an intact proof file has shown."""
    return f"A proof file in canonical form, {size:,} bytes, its own digest intact."


def statement(made_for: Statement) -> str:
    """What a proof of the right statement has shown."""
    ticket = "no challenge" if made_for.challenge is None else "this challenge"
    return f"Made for this commitment, this held-out set, this claim, {ticket} and this profile."


def proof(proved: Statement) -> str:
    """What an accepted proof has shown."""
    samples = count(proved.samples, "sample", "samples")
    return (
        f"The committed network, run exactly on all {samples}, meets the claim. "
        f"One attempt at a false claim passes with a chance of at most {power(proved.account.total_bits)}."
    )


def policy(asked: Policy) -> str:
    """What a policy that is met has asked for."""
    known = asked.architectures
    architecture = (
        "any architecture" if known is None else count(len(known), "known architecture", "known architectures")
    )
    return f"At least {asked.minimum_bits:g} bits of soundness; {architecture}; profile {', '.join(asked.profiles)}."


def unchecked(*, challenge: bool, receipt: bool) -> tuple[Check, ...]:
    """What no proof shows: what a reader has to know from elsewhere, or not assume."""
    order = "No challenge by a trusted auditor shows the order of events: know it from elsewhere."
    if challenge:
        order = (
            "The challenge shows that the commitment existed when an auditor asked, and that the proof was made after. "
            "That the owner had not seen the data by then is the auditor's word."
        )
    maker = "Anybody with the weights can. No receipt with signatures was given."
    if receipt:
        maker = "Anybody with the weights can. A receipt says who verified it, not who made it."
    said = {
        "The data was unknown to the owner": "On data that the owner knew before committing, any accuracy can be "
        f"reached. {order}",
        "The commitment is the model's": "Compare its digest with one from a place that the owner answers for. "
        "Nothing ties a commitment to the model that a service runs.",
        "The samples stand for the population": "The lower bound assumes samples drawn independently, with right "
        "labels, and chosen before anybody knew how the model does on them.",
        "This is the only audit": "An owner can make many and show the best. "
        "Agree on data and claim first, or ask for every audit of the commitment.",
        "Who made the proof": maker,
    }
    return tuple(Check(name=name, state=State.NOT_CHECKED, detail=detail) for name, detail in said.items())


def visible_facts(reveals: tuple[str, ...]) -> tuple[str, ...]:
    """What is not hidden from a reader of the public files."""
    return (
        "the architecture: layers, shapes, shifts and tables, not the weights",
        "the held-out set, inputs, labels and groups if any",
        *(f"of the predictions, {line}" for line in reveals),
        "sizes and times, which follow from the architecture, the number of samples and the claim",
    )
