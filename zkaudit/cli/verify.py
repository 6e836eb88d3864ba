"""`zkaudit verify`: the verdict on a proof, from public files only."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.options import FILE, claim_option, commitment_option, data_option, json_option
from zkaudit.cli.outcome import Outcome, amount, table


@click.command()
@click.argument("proof", type=FILE, metavar="AUDIT.zkp")
@commitment_option
@data_option
@claim_option
@click.option(
    "--minimum-bits", type=click.IntRange(0, 1024), default=128, show_default=True, help="Security asked for."
)
@click.option(
    "--architecture", "architectures", multiple=True, metavar="DIGEST", help="Accept only this one; may be repeated."
)
@json_option
@click.pass_obj
def verify(
    known: dict[str, object],
    proof: Path,
    commitment: Path,
    data: Path,
    claim: str,
    minimum_bits: int,
    architectures: tuple[str, ...],
) -> Outcome:
    """Verify a proof from public files only."""
    known.update(claim=claim, samples=None, lower_bound=None, security_bits=None, seconds=None)
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.statement import Statement
    from zkaudit.verifier import Policy
    from zkaudit.verifier import verify as verify_proof
    from zkaudit.wire import read_bounded

    accepted = frozenset(digest.lower() for digest in architectures) or None
    policy = Policy(minimum_bits=minimum_bits, architectures=accepted)
    asked = parse_claim(claim)
    published = load_commitment(commitment)
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    known["samples"] = dataset.samples
    statement = Statement(commitment=published, dataset=dataset, claim=asked)
    content = read_bounded(proof, policy.maximum_proof_bytes, "proof")
    verdict = verify_proof(statement, content, policy)
    fields = {
        "claim": verdict.claim,
        "samples": verdict.samples,
        "lower_bound": verdict.lower_bound,
        "security_bits": verdict.security_bits,
        "seconds": verdict.seconds,
        "proof_bytes": len(content),
        "commitment": published.digest().hex(),
    }
    rows = {
        "claim": verdict.claim,
        "samples": f"{verdict.samples:,}",
        "lower bound": f"{verdict.lower_bound:.6f} accuracy in the population, one-sided 95% Clopper-Pearson",
        "": "if the samples were drawn from it independently, and unknown to the owner before the commitment",
        "security": f"{verdict.security_bits:.1f} bits",
        "commitment": published.digest().hex(),
        "proof": amount(len(content)),
        "seconds": f"{verdict.seconds:.2f}",
    }
    lines = ("VERIFIED: the committed model meets the claim on this held-out set", *table(rows.items()))
    return Outcome(status="verified", fields=fields, lines=lines)
