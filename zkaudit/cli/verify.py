"""`zkaudit verify`: the verdict on proofs, from public files only."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.options import FILE, guard_output
from zkaudit.cli.outcome import Outcome

if TYPE_CHECKING:
    from zkaudit.cli.formats.judgement import Judgement
    from zkaudit.gate import Examination


@click.command()
@click.argument("proofs", type=FILE, metavar="PROOF...", nargs=-1, required=True)
@click.option("--commitment", type=FILE, metavar="COMMITMENT.json", help="The published commitment to the model.")
@click.option("--data", type=FILE, metavar="HELDOUT.npz", help="The held-out set: arrays `inputs` and `labels`.")
@click.option("--claim", metavar="CLAIM", help='Such as "accuracy >= 0.95", "correct >= 342", "correct == 351".')
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="The challenge that the proof answers.")
@click.option("--receipt", type=FILE, metavar="RECEIPT.json", help="Auditors' signatures, instead of verifying here.")
@click.option("--full", is_flag=True, help="With --receipt: verify the proof here as well.")
@click.option("--quorum", type=click.IntRange(1, 1024), help="Trusted auditors that a receipt needs.  [default: 1]")
@click.option(
    "--trusted-key", "keys", type=FILE, multiple=True, metavar="KEY", help="A public key or keyring; may be repeated."
)
@click.option("--policy", type=FILE, metavar="POLICY.toml", help="What is asked of the proofs; your own file.")
@click.option("--minimum-bits", type=click.IntRange(0, 1024), help="Security asked for.  [default: 128]")
@click.option(
    "--architecture", "architectures", multiple=True, metavar="DIGEST", help="Accept only this one; may be repeated."
)
@click.option("--svr", type=FILE, metavar="OUT.json", help="Write an in-toto verification result of an accepted proof.")
@click.option("--strict", is_flag=True, help="A check that was skipped fails.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "github"]),
    default="text",
    show_default=True,
    help="How the verdict is shown.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def verify(
    known: dict[str, object],
    proofs: tuple[Path, ...],
    commitment: Path | None,
    data: Path | None,
    claim: str | None,
    challenge: Path | None,
    receipt: Path | None,
    full: bool,
    quorum: int | None,
    keys: tuple[Path, ...],
    policy: Path | None,
    minimum_bits: int | None,
    architectures: tuple[str, ...],
    svr: Path | None,
    strict: bool,
    form: str,
    as_json: bool,
) -> Outcome:
    """Verify proofs from public files only.

    A PROOF is a proof file, with --commitment and --data, or a published folder, from which is taken what is not
    given. The claim is yours, the challenge's, or with a policy the proof's own, which has to imply the least claim
    there. An option takes the place of the same demand of the policy. With several proofs the exit code is the
    worst: 5, then 3, 1, 4, 0.
    """
    known.update(claim=claim, samples=None, lower_bound=None, security_bits=None, seconds=None)
    for proof in proofs:
        if not os.path.isdir(proof) and (commitment is None or data is None):
            raise click.UsageError(f"{proof} is no published folder: give --commitment and --data")
    if claim is None and challenge is None and policy is None:
        raise click.UsageError("give --claim, --challenge, or a --policy with the least claim")
    if receipt is not None and not keys and policy is None:
        raise click.UsageError("--receipt needs --trusted-key, or a --policy that names trusted keys")
    if svr is not None and (len(proofs) > 1 or (receipt is not None and not full)):
        raise click.UsageError("--svr is about one proof that is verified here: with a --receipt, add --full")
    from zkaudit.claim import parse_claim
    from zkaudit.cli.formats.judgement import judge
    from zkaudit.gate import Demands, TrustedKeys, examine, find_evidence, load_demands, write_result

    demands = Demands() if policy is None else load_demands(policy)
    demands = demands.overridden(
        minimum_bits=minimum_bits, quorum=quorum, trusted_keys=keys, architectures=architectures
    )
    trusted = TrustedKeys(demands.trusted_keys)
    asked = None if claim is None else parse_claim(claim)

    def examination(proof: Path) -> Examination:
        evidence = find_evidence(proof, commitment=commitment, data=data, challenge=challenge, receipt=receipt)
        if svr is not None:
            held = (evidence.proof, evidence.commitment, evidence.data, evidence.challenge, evidence.receipt, policy)
            guard_output(svr, inputs=(*keys, *(path for path in held if path is not None)), force=False)
        found = examine(evidence, demands, claim=asked, trusted=trusted, full=full, strict=strict)
        if svr is not None and found.error is None:
            write_result(svr, found)
        return found

    judgements = [judge(os.fspath(proof), partial(examination, proof)) for proof in proofs]
    return _shown("json" if as_json else form, judgements)


def _shown(form: str, judgements: list[Judgement]) -> Outcome:
    """The outcome of all proofs in one format; only its own module is imported."""
    match form:
        case "json":
            from zkaudit.cli.formats.json import json

            return json(judgements)
        case "junit":
            from zkaudit.cli.formats.junit import junit

            return junit(judgements)
        case "github":
            from zkaudit.cli.formats.github import github

            return github(judgements)
        case _:
            from zkaudit.cli.formats.text import text

            return text(judgements)
