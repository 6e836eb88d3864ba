"""`zkaudit countersign`: an auditor verifies a proof in full, then signs a receipt for it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.keys import key_option, passphrase_option, trusted_option, unlock
from zkaudit.cli.options import FILE, commitment_option, data_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, table

if TYPE_CHECKING:
    from zkaudit.signing import PublicKey


@click.command()
@click.argument("proof", type=FILE, metavar="AUDIT.zkp")
@commitment_option
@data_option
@click.option("--claim", metavar="CLAIM", help="What the proof shows; left out where a challenge says it.")
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="The challenge that the proof answers.")
@click.option("--receipt", type=FILE, metavar="RECEIPT.json", help="The receipt of earlier auditors, to sign too.")
@trusted_option
@key_option
@click.option("-o", "--output", type=FILE, required=True, metavar="RECEIPT.json", help="Public; publish it.")
@passphrase_option
@json_option
@click.pass_obj
def countersign(
    known: dict[str, object],
    proof: Path,
    commitment: Path,
    data: Path,
    claim: str | None,
    challenge: Path | None,
    receipt: Path | None,
    trusted: tuple[Path, ...],
    key: Path,
    output: Path,
    passphrase_file: Path | None,
) -> Outcome:
    """Verify a proof and sign a receipt for it, alone or with earlier auditors."""
    if claim is None and challenge is None:
        raise click.UsageError("give --claim, or a --challenge that says it")
    from zkaudit.challenge import load_challenge, require_answer, require_genuine
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.documents import present, time_text
    from zkaudit.receipt import body_of, load_receipt, save_receipt, sign_receipt
    from zkaudit.receipt import countersign as add_signature
    from zkaudit.signing import load_trusted_keys
    from zkaudit.statement import Statement
    from zkaudit.verifier import Policy, stated_claim, verify
    from zkaudit.wire import read_bounded

    read = tuple(path for path in (proof, commitment, data, challenge, key) if path is not None)
    guard_output(output, inputs=read, force=False)
    policy = Policy()
    ticket = None if challenge is None else load_challenge(challenge)
    earlier = None if receipt is None else load_receipt(receipt)
    known_keys = load_trusted_keys(trusted)
    published = load_commitment(commitment)
    content = read_bounded(proof, policy.maximum_proof_bytes, "proof")
    asked = parse_claim(claim if claim is not None else ticket.claim if ticket else "")
    statement = Statement(
        commitment=published,
        dataset=quantise_inputs(published.architecture, load_dataset(data)),
        claim=stated_claim(asked, content),
        challenge=None if ticket is None else ticket.digest(),
    )
    now = present()
    time = now if earlier is None else earlier.time
    if ticket is not None:
        require_answer(ticket, statement)
        # A later signer attests what the first one saw, and at the first one's time.
        require_genuine(ticket, known_keys, time)
    verdict = verify(statement, content, policy)
    body = body_of(hashlib.sha256(content).digest(), statement, time)
    signer = unlock(key, passphrase_file)
    if earlier is None:
        made = sign_receipt(body, signer)
    else:
        made = add_signature(earlier, body, signer, trusted=known_keys, now=now)
    save_receipt(output, made)
    fields = {
        "receipt": str(output),
        "digest": body.digest().hex(),
        "claim": verdict.claim,
        "samples": verdict.samples,
        "security_bits": verdict.security_bits,
        "time": time_text(made.time),
        "signers": [{"name": one.name, "fingerprint": one.fingerprint()} for one in made.signers],
    }
    rows = {
        "claim": verdict.claim,
        "samples": f"{verdict.samples:,}",
        **({} if ticket is None else {"asked by": _asker(ticket.auditor, known_keys)}),
        "time": time_text(made.time),
        **{f"signer {count}": f"{one.name}, {one.short}" for count, one in enumerate(made.signers, 1)},
        "receipt": f"{output} (publish it)",
    }
    lines = ("VERIFIED and signed: the committed model meets the claim on this held-out set", *table(rows.items()))
    return Outcome(status="countersigned", fields=fields, lines=lines)


def _asker(auditor: PublicKey, trusted: tuple[PublicKey, ...]) -> str:
    """Who challenged, as the key's file calls him; without trusted keys a challenge of anybody is countersigned."""
    return f"{auditor.name}, {auditor.short}" + ("" if trusted else " (give --trusted-key to ask whether you trust it)")
