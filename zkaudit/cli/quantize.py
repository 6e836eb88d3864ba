"""`zkaudit quantize`: a float ONNX network to the integer model that is committed and proved."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.options import FILE, force_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome


@click.command()
@click.argument("network", type=FILE, metavar="NET.onnx")
@click.option("--calibration", type=FILE, required=True, metavar="CALIB.npz", help="Data that sets the ranges.")
@click.option("--validation", type=FILE, metavar="VALID.npz", help="Data for the accuracies, else the calibration.")
@click.option("--input-range", type=(float, float), metavar="LOW HIGH", help="Raw values that inputs may take.")
@click.option("--percentile", type=float, default=100.0, show_default=True, help="Values beyond it saturate.")
@click.option(
    "--ranges",
    "method",
    type=click.Choice(["automatic", "min-max", "percentile", "mean-squared-error"]),
    default="automatic",
    show_default=True,
    help="How the range of a tensor is chosen.",
)
@click.option("-o", "--output", type=FILE, required=True, metavar="MODEL.zkm", help="Secret; holds the weights.")
@force_option
@json_option
@click.pass_obj
def quantize(
    known: dict[str, object],
    network: Path,
    calibration: Path,
    validation: Path | None,
    input_range: tuple[float, float] | None,
    percentile: float,
    method: str,
    output: Path,
    force: bool,
) -> Outcome:
    """Make the integer model of a float network."""
    given = (network, calibration) if validation is None else (network, calibration, validation)
    guard_output(output, inputs=given, force=force)
    from zkaudit.dataset import load_dataset
    from zkaudit.model.model import save_model
    from zkaudit.model.onnx_import import import_onnx
    from zkaudit.model.quantiser import quantize as quantize_network

    source = import_onnx(network)
    examples = load_dataset(calibration)
    judged = None if validation is None else load_dataset(validation)
    model, report = quantize_network(
        source,
        examples.inputs,
        examples.labels,
        validation=None if judged is None else (judged.inputs, judged.labels),
        input_range=input_range,
        percentile=percentile,
        ranges=method,
    )
    # The guard has looked at what is there: nothing, no secret, or one that may be lost.
    save_model(model, output, overwrite=True)
    fields = {
        "model": str(output),
        "architecture": model.architecture.digest().hex(),
        "report": report.canonical(),
        "warnings": list(report.warnings),
    }
    lines = (f"{output} (secret; holds the weights)", *(f"  {line}" for line in report.lines()))
    return Outcome(status="quantized", fields=fields, lines=lines)
