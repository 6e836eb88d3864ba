"""`zkaudit check`: the circuit without cryptography, to see that a proof would succeed."""

from __future__ import annotations

import time
from pathlib import Path

import click

from zkaudit.cli.options import claim_option, data_option, json_option, model_argument
from zkaudit.cli.outcome import ExitCode, Outcome, printable, table
from zkaudit.cli.progress import announce

SHOWN_VIOLATIONS = 10
"""Performance knob: violations that a person sees; `--json` has them all."""


@click.command()
@model_argument
@data_option
@claim_option
@json_option
@click.pass_obj
def check(known: dict[str, object], model: Path, data: Path, claim: str) -> Outcome:
    """Evaluate every constraint; name the violated ones."""
    from zkaudit.checking import check as check_statement
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import commit
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.evaluation import close_on
    from zkaudit.model.model import load_model
    from zkaudit.statement import Statement

    owned = load_model(model)
    dataset = quantise_inputs(owned.architecture, load_dataset(data))
    asked = close_on(owned, dataset, parse_claim(claim))
    announce(asked.reveals())
    # The circuit of a statement does not depend on the randomness: any commitment to the model stands for it.
    commitment, _ = commit(owned.architecture, owned.weight_cells())
    start = time.perf_counter()
    report = check_statement(Statement(commitment=commitment, dataset=dataset, claim=asked), owned)
    seconds = time.perf_counter() - start
    violations = [
        {"constraint": one.constraint, "gadget": one.gadget, "cell": str(one.cell), "detail": one.detail}
        for one in report.violations
    ]
    fields = {
        "claim": asked.text,
        "reveals": list(asked.reveals()),
        "samples": dataset.samples,
        "constraints": report.constraints,
        "cells": report.cells,
        "violations": violations,
        "seconds": seconds,
    }
    rows = {
        "claim": asked.text,
        "samples": f"{dataset.samples:,}",
        "constraints": f"{report.constraints:,}",
        "cells": f"{report.cells:,}",
        "seconds": f"{seconds:.2f}",
    }
    if not violations:
        lines = ("every constraint holds", *table(rows.items()))
        return Outcome(status="satisfied", fields=fields, lines=lines)
    named = tuple(
        f"  {one['constraint']} of {one['gadget']} at {one['cell']}: {one['detail']}"
        for one in violations[:SHOWN_VIOLATIONS]
    )
    return Outcome(
        status="violated",
        reason="constraint-violated",
        exit_code=ExitCode.REJECTED,
        error=printable(f"{violations[0]['constraint']}, violated cells in all: {len(violations)}"),
        fields=fields,
        lines=(*named, *table(rows.items())),
    )
