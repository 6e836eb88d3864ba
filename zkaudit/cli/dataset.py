"""`zkaudit dataset`: a salted commitment to a held-out set, and its opening once the set is revealed."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.options import FILE, force_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, table

data_argument = click.argument("data", type=FILE, metavar="HELDOUT.npz")


@click.group()
def dataset() -> None:
    """Commit to a held-out set before it is revealed, and open the commitment."""


@dataset.command("commit")
@data_argument
@click.option("-o", "--output", type=FILE, required=True, metavar="DATASET.json", help="Public; publish it first.")
@click.option("--opening", type=FILE, required=True, metavar="DATASET.zks", help="Secret until the set is revealed.")
@force_option
@json_option
@click.pass_obj
def commit(known: dict[str, object], data: Path, output: Path, opening: Path, force: bool) -> Outcome:
    """Commit to a held-out set under a fresh salt."""
    from zkaudit.dataset import load_dataset
    from zkaudit.dataset_commitment import commit_dataset
    from zkaudit.wire import write_atomic

    guard_output(output, inputs=(data,), force=force)
    guard_output(opening, inputs=(data,), force=force)
    commitment, secret = commit_dataset(load_dataset(data))
    # The opening comes first: a commitment without one could never be opened.
    write_atomic(opening, secret.to_bytes(), mode=0o600, overwrite=force)
    try:
        write_atomic(output, commitment.text())
    except BaseException:
        opening.unlink(missing_ok=True)
        raise
    fields = {"commitment": str(output), "opening": str(opening), "digest": commitment.digest().hex()}
    rows = {
        "commitment": f"{output} (publish it before the model is committed to)",
        "opening": f"{opening} (secret until you reveal the set)",
        "digest": commitment.digest().hex(),
    }
    return Outcome(status="committed", fields=fields, lines=(f"committed to {data}", *table(rows.items())))


@dataset.command("check")
@data_argument
@click.option("--commitment", type=FILE, required=True, metavar="DATASET.json", help="What was published before.")
@click.option("--opening", type=FILE, required=True, metavar="DATASET.zks", help="The salt, revealed with the set.")
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="A challenge that names this commitment.")
@json_option
@click.pass_obj
def check(known: dict[str, object], data: Path, commitment: Path, opening: Path, challenge: Path | None) -> Outcome:
    """Check that a held-out set is the one that was committed to."""
    from zkaudit.challenge import load_challenge, require_dataset_commitment
    from zkaudit.dataset import load_dataset
    from zkaudit.dataset_commitment import load_dataset_commitment, load_dataset_opening, verify_dataset

    published = load_dataset_commitment(commitment)
    known["digest"] = published.digest().hex()
    verify_dataset(published, load_dataset_opening(opening), load_dataset(data))
    if challenge is not None:
        require_dataset_commitment(load_challenge(challenge), published.digest())
    lines = (f"OPENED: {data} is the held-out set of {commitment}", *table([("digest", published.digest().hex())]))
    return Outcome(status="opened", fields=dict(known), lines=lines)
