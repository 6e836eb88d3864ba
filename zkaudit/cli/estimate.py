"""`zkaudit estimate`: time, memory and proof size before anything is proved."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from zkaudit.cli.options import json_option, model_argument
from zkaudit.cli.outcome import Outcome, amount, table


@click.command()
@model_argument
@click.option("--samples", type=click.IntRange(min=1), required=True, help="Samples of the held-out set.")
@click.option("--claim", metavar="CLAIM", help="What will be proved, if not a threshold for the accuracy.")
@json_option
@click.pass_obj
def estimate(known: dict[str, object], model: Path, samples: int, claim: str | None) -> Outcome:
    """Predict what a proof will cost."""
    from zkaudit.claim import parse_claim
    from zkaudit.estimation import estimate as estimate_cost
    from zkaudit.model.model import load_model

    asked = None if claim is None else parse_claim(claim)
    cost = estimate_cost(load_model(model).architecture, samples, claim=asked)
    rows = {
        "samples": f"{cost.samples:,}, proved as {cost.padded_samples:,}",
        "weights": f"{cost.weights:,}",
        "cells": f"{cost.cells:,}",
        "lookups": f"{cost.lookups:,}",
        "seconds": f"about {cost.seconds:.1f}, two cores, kernels compiled",
        "peak memory": f"about {amount(cost.peak_bytes)}",
        "proof": f"about {amount(cost.proof_bytes)}",
        "security": f"{cost.security_bits:.1f} bits",
    }
    note: tuple[str, ...] = ()
    if cost.samples < cost.padded_samples and cost.padded_samples - cost.samples > cost.samples // 2:
        note = (f"  a set of {cost.padded_samples // 2:,} samples would cost about half",)
    lines = (f"estimate for {model}", *table(rows.items()), *note)
    return Outcome(status="estimated", fields=asdict(cost), lines=lines)
