"""`zkaudit commit`: the public commitment to a model and its secret opening."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.options import FILE, force_option, guard_output, json_option, model_argument
from zkaudit.cli.outcome import Outcome, table


@click.command()
@model_argument
@click.option("-o", "--output", type=FILE, required=True, metavar="COMMITMENT.json", help="Public; publish it.")
@click.option("--opening", type=FILE, required=True, metavar="OPENING.zko", help="Secret; every audit needs it.")
@force_option
@json_option
@click.pass_obj
def commit(known: dict[str, object], model: Path, output: Path, opening: Path, force: bool) -> Outcome:
    """Commit to a model with fresh randomness."""
    from zkaudit.commitment import commit as commit_to
    from zkaudit.commitment import save_commitment, save_opening
    from zkaudit.estimation import estimate
    from zkaudit.model.model import load_model

    guard_output(output, inputs=(model,), force=force)
    guard_output(opening, inputs=(model,), force=force)
    committed = load_model(model)
    # A model whose circuit would be refused is refused before it is published.
    estimate(committed.architecture, samples=1)
    commitment, secret = commit_to(committed.architecture, committed.weight_cells())
    # The opening comes first: a commitment without one could never be audited.
    save_opening(opening, secret, overwrite=force)
    try:
        save_commitment(output, commitment)
    except BaseException:
        opening.unlink(missing_ok=True)
        raise
    fields = {"commitment": str(output), "opening": str(opening), "digest": commitment.digest().hex()}
    rows = {
        "commitment": f"{output} (publish it)",
        "opening": f"{opening} (secret; without it no audit is possible)",
        "digest": commitment.digest().hex(),
    }
    return Outcome(status="committed", fields=fields, lines=(f"committed to {model}", *table(rows.items())))
