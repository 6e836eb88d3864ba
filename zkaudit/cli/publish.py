"""`zkaudit publish`: the files of an audit, laid out beside a model."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.keys import passphrase_option, unlock
from zkaudit.cli.options import FILE, commitment_option, data_option, json_option
from zkaudit.cli.outcome import Outcome, amount, table


@click.command()
@click.argument("proof", type=FILE, metavar="AUDIT.zkp")
@commitment_option
@data_option
@click.option("--claim", metavar="CLAIM", help="The claim; without it, the one that the proof is for.")
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="The challenge that the proof answers.")
@click.option("--receipt", type=FILE, metavar="RECEIPT.json", help="The auditors' receipt for the proof.")
@click.option("--key", type=FILE, metavar="OWNER.zkk", help="The secret key that signs the attestation.")
@passphrase_option
@click.option("--withhold-data", is_flag=True, help="Leave the held-out set out of the folder.")
@click.option("--name", metavar="NAME", help="The model's name in the files; without it, that of DIR.")
@click.option("--to", "destination", type=FILE, required=True, metavar="DIR", help="The model's folder.")
@click.option("--force", is_flag=True, help="Replace a folder that holds other things, which are lost.")
@json_option
@click.pass_obj
def publish(
    known: dict[str, object],
    proof: Path,
    commitment: Path,
    data: Path,
    claim: str | None,
    challenge: Path | None,
    receipt: Path | None,
    key: Path | None,
    passphrase_file: Path | None,
    withhold_data: bool,
    name: str | None,
    destination: Path,
    force: bool,
) -> Outcome:
    """Lay out an audit beside a model, in DIR/zkaudit."""
    from zkaudit.publishing.evidence import Sources
    from zkaudit.publishing.publication import publish as publish_audit
    from zkaudit.publishing.signers import KeySigner

    done = publish_audit(
        Sources(proof=proof, commitment=commitment, data=data, challenge=challenge, receipt=receipt),
        destination,
        claim=claim,
        name=name,
        withhold_data=withhold_data,
        force=force,
        signers=() if key is None else (KeySigner(key=unlock(key, passphrase_file)),),
    )
    record = done.record
    warnings = [f"{path} is secret and lies in the folder to be published: move it away" for path in done.exposed]
    if not done.signers:
        warnings.append("nobody signed the attestation: give your key with --key")
    fields = {
        "folder": str(done.folder),
        "name": record.name,
        "claim": record.claim,
        "samples": record.samples,
        "lower_bound": record.lower_bound,
        "security_bits": record.security_bits,
        "commitment": record.commitment,
        "proof_sha256": record.proof_file.sha256,
        "files": dict(done.files),
        "signers": list(done.signers),
        "warnings": warnings,
    }
    rows = {
        "claim": record.claim,
        "shown": record.words,
        "commitment": record.commitment,
        **{f"  {file}": amount(size) for file, size in done.files},
        "signed by": ", ".join(done.signers) or "nobody",
    }
    lines = (f"published {done.folder}", *table(rows.items()), *(f"warning: {warning}" for warning in warnings))
    return Outcome(status="published", fields=fields, lines=lines)
