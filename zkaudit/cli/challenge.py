"""`zkaudit challenge`: an auditor's signed ticket for one commitment, one held-out set and one claim."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from zkaudit.cli.keys import LIFETIME, key_option, passphrase_option, unlock
from zkaudit.cli.options import FILE, claim_option, commitment_option, data_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, table


@click.command()
@commitment_option
@data_option
@claim_option
@click.option("--expires", type=LIFETIME, metavar="TIME", help="How long it may be answered: 90m, 12h, 30d, 4w.")
@click.option(
    "--dataset-commitment", type=FILE, metavar="DATASET.json", help="Your earlier commitment to this held-out set."
)
@key_option
@click.option("-o", "--output", type=FILE, required=True, metavar="CHALLENGE.json", help="Give it to the owner.")
@passphrase_option
@json_option
@click.pass_obj
def challenge(
    known: dict[str, object],
    commitment: Path,
    data: Path,
    claim: str,
    expires: timedelta | None,
    dataset_commitment: Path | None,
    key: Path,
    output: Path,
    passphrase_file: Path | None,
) -> Outcome:
    """Challenge an owner to prove a claim about a committed model."""
    from zkaudit.challenge import make_challenge, save_challenge
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.dataset_commitment import load_dataset_commitment
    from zkaudit.documents import present, time_text
    from zkaudit.metrics import close_on_labels
    from zkaudit.statement import Statement

    earlier = () if dataset_commitment is None else (dataset_commitment,)
    guard_output(output, inputs=(commitment, data, key, *earlier), force=False)
    published = load_commitment(commitment)
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    asked, classes = parse_claim(claim), published.architecture.classes
    statement = Statement(commitment=published, dataset=dataset, claim=close_on_labels(asked, dataset, classes))
    # A claim or a network that no proof could be about is refused before it is signed.
    _ = statement.layout
    committed = b"" if dataset_commitment is None else load_dataset_commitment(dataset_commitment).digest()
    auditor = unlock(key, passphrase_file)
    ticket = make_challenge(
        statement, auditor, issued=present(), lifetime=expires, dataset_commitment=committed, asked=asked
    )
    save_challenge(output, ticket)
    until = "never" if ticket.expires is None else time_text(ticket.expires)
    fields = {
        "challenge": str(output),
        "digest": ticket.digest().hex(),
        "claim": ticket.claim,
        "commitment": ticket.commitment.hex(),
        "data": ticket.data.hex(),
        "issued": time_text(ticket.issued),
        "expires": until,
        "auditor": auditor.public.name,
        "fingerprint": auditor.public.fingerprint(),
    }
    rows = {
        "claim": ticket.claim,
        "commitment": ticket.commitment.hex(),
        "data": ticket.data.hex(),
        "issued": time_text(ticket.issued),
        "expires": until,
        "auditor": f"{auditor.public.name}, {auditor.public.short}",
        "digest": ticket.digest().hex(),
        "challenge": f"{output} (give it to the owner, with the data)",
    }
    return Outcome(status="challenged", fields=fields, lines=("signed a challenge", *table(rows.items())))
