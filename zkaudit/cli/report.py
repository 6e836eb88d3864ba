"""`zkaudit report`: one page about one audit, for a person."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from zkaudit.cli.options import FILE, commitment_option, data_option, force_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, amount, failure


@click.command()
@click.argument("proof", type=FILE, metavar="AUDIT.zkp")
@commitment_option
@data_option
@click.option("--claim", required=True, metavar="CLAIM", help="As for verify.")
@click.option(
    "--minimum-bits", type=click.IntRange(0, 1024), default=128, show_default=True, help="Security asked for."
)
@click.option(
    "--architecture", "architectures", multiple=True, metavar="DIGEST", help="Accept only this one; may be repeated."
)
@click.option("-o", "--output", type=FILE, required=True, metavar="REPORT.html", help="The page.")
@force_option
@json_option
@click.pass_obj
def report(
    known: dict[str, object],
    proof: Path,
    commitment: Path,
    data: Path,
    claim: str,
    minimum_bits: int,
    architectures: tuple[str, ...],
    output: Path,
    force: bool,
) -> Outcome:
    """Verify a proof and write a page about it.

    The page says what became of the proof, whatever that is; the exit code is that of verify.
    """
    from datetime import UTC, datetime
    from importlib.metadata import PackageNotFoundError, version

    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.report.examination import examine
    from zkaudit.report.page import render_page
    from zkaudit.statement import Statement
    from zkaudit.verifier import Policy
    from zkaudit.wire import read_bounded, write_atomic

    guard_output(output, inputs=(proof, commitment, data), force=force)
    accepted = frozenset(digest.lower() for digest in architectures) or None
    policy = Policy(minimum_bits=minimum_bits, architectures=accepted)
    asked = parse_claim(claim)
    published = load_commitment(commitment)
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    statement = Statement(commitment=published, dataset=dataset, claim=asked)
    content = read_bounded(proof, policy.maximum_proof_bytes, "proof")
    try:
        release = version("zkaudit")
    except PackageNotFoundError:
        release = ""
    audit, error = examine(
        statement,
        content,
        policy,
        command=_command(proof, commitment, data, asked.text, minimum_bits, architectures),
        files={
            proof.name: len(content),
            commitment.name: commitment.stat().st_size,
            data.name: data.stat().st_size,
        },
        created=datetime.now(UTC),
        version=release,
    )
    page = render_page(audit).encode()
    write_atomic(output, page)
    fields = {
        "report": str(output),
        "report_bytes": len(page),
        "standing": audit.standing.value,
        "claim": asked.text,
        "samples": audit.samples,
    }
    if error is not None:
        return failure(error, fields)
    lines = (f"verified; the report is {output}, {amount(len(page))}",)
    return Outcome(status="verified", fields=fields, lines=lines)


def _command(
    proof: Path, commitment: Path, data: Path, claim: str, minimum_bits: int, architectures: tuple[str, ...]
) -> str:
    """The command that reaches the same verdict in a folder with the files; their names, not the paths of a machine."""
    arguments = [["zkaudit", "verify", _name(proof)], ["--commitment", _name(commitment)], ["--data", _name(data)]]
    arguments += [["--claim", claim]]
    if minimum_bits != 128:
        arguments += [["--minimum-bits", str(minimum_bits)]]
    arguments += [["--architecture", digest] for digest in architectures]
    return " \\\n    ".join(shlex.join(part) for part in arguments)


def _name(path: Path) -> str:
    """A file name that no program takes for an option."""
    return f"./{path.name}" if path.name.startswith("-") else path.name
