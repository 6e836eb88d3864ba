"""`zkaudit report`: one page about one audit, for a person."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.keys import trusted_option
from zkaudit.cli.options import FILE, commitment_option, data_option, force_option, guard_output, json_option
from zkaudit.cli.outcome import Outcome, amount, failure

if TYPE_CHECKING:
    from datetime import datetime

    from zkaudit.challenge import Challenge
    from zkaudit.report.examination import Attestations
    from zkaudit.statement import Statement


@click.command()
@click.argument("proof", type=FILE, metavar="AUDIT.zkp")
@commitment_option
@data_option
@click.option("--claim", metavar="CLAIM", help="As for verify; left out where a challenge says it.")
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="The challenge that the proof answers.")
@click.option("--receipt", type=FILE, metavar="RECEIPT.json", help="Signatures of auditors who verified the proof.")
@trusted_option
@click.option(
    "--quorum", type=click.IntRange(1, 1024), default=1, show_default=True, help="Trusted auditors of a receipt."
)
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
    claim: str | None,
    challenge: Path | None,
    receipt: Path | None,
    trusted: tuple[Path, ...],
    quorum: int,
    minimum_bits: int,
    architectures: tuple[str, ...],
    output: Path,
    force: bool,
) -> Outcome:
    """Verify a proof and write a page about it.

    The page says what became of the proof, whatever that is; the exit code is that of verify.
    """
    if claim is None and challenge is None:
        raise click.UsageError("give --claim, or a --challenge that says it")
    if receipt is not None and not trusted:
        raise click.UsageError("--receipt needs --trusted-key")
    from datetime import UTC, datetime

    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.errors import Rejected
    from zkaudit.report.examination import examine
    from zkaudit.report.page import render_page
    from zkaudit.statement import Statement
    from zkaudit.verifier import Policy, stated_claim
    from zkaudit.wire import read_bounded, write_atomic

    read = tuple(path for path in (proof, commitment, data, challenge, receipt) if path is not None)
    guard_output(output, inputs=(*read, *trusted), force=force)
    accepted = frozenset(digest.lower() for digest in architectures) or None
    policy = Policy(minimum_bits=minimum_bits, architectures=accepted)
    ticket = _ticket(challenge)
    parsed = parse_claim(claim if claim is not None else ticket.claim if ticket else "")
    published = load_commitment(commitment)
    content = read_bounded(proof, policy.maximum_proof_bytes, "proof")
    refusal: Rejected | None = None
    try:
        stated = stated_claim(parsed, content)
    except Rejected as unstated:
        # Any claim will do in the place of the one that the proof does not state: nothing is said of it.
        stated, refusal = parse_claim("correct >= 0"), unstated
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    statement = Statement(
        commitment=published, dataset=dataset, claim=stated, challenge=None if ticket is None else ticket.digest()
    )
    now = datetime.now(UTC)
    options: list[tuple[str, ...]] = [
        ("--commitment", _name(commitment)),
        ("--data", _name(data)),
        ("--claim", parsed.text),
    ]
    options += [("--challenge", _name(challenge))] if challenge is not None else []
    options += [("--receipt", _name(receipt)), ("--quorum", str(quorum)), ("--full",)] if receipt is not None else []
    options += [("--trusted-key", _name(path)) for path in trusted]
    options += [("--minimum-bits", str(minimum_bits))] if minimum_bits != 128 else []
    options += [("--architecture", digest) for digest in architectures]
    audit, error = examine(
        statement,
        content,
        policy,
        command=_command(proof, options),
        files={path.name: len(content) if path == proof else path.stat().st_size for path in read},
        created=now,
        version=_release(),
        attestations=_attestations(statement, content, ticket, receipt, trusted, quorum, now),
        refusal=refusal,
        asked="" if refusal is None else parsed.text,
    )
    page = render_page(audit).encode()
    write_atomic(output, page)
    fields = {
        "report": str(output),
        "report_bytes": len(page),
        "standing": audit.standing.value,
        "claim": audit.claim,
        "samples": audit.samples,
    }
    if error is not None:
        return failure(error, fields)
    lines = (f"verified; the report is {output}, {amount(len(page))}",)
    return Outcome(status="verified", fields=fields, lines=lines)


def _ticket(path: Path | None) -> Challenge | None:
    """The challenge of a file, None without one."""
    if path is None:
        return None
    from zkaudit.challenge import load_challenge

    return load_challenge(path)


def _attestations(
    statement: Statement,
    proof: bytes,
    ticket: Challenge | None,
    receipt: Path | None,
    trusted: tuple[Path, ...],
    quorum: int,
    now: datetime,
) -> Attestations:
    """What a challenge and a receipt add; the signing package is imported only for them."""
    from zkaudit.report.examination import NO_ATTESTATIONS, Attestations

    if ticket is None and receipt is None:
        return NO_ATTESTATIONS
    from zkaudit.receipt import load_receipt
    from zkaudit.report import attestations as made
    from zkaudit.signing import load_trusted_keys

    keys = load_trusted_keys(trusted)
    signed = None if receipt is None else load_receipt(receipt)
    digest = hashlib.sha256(proof).digest()
    sheets = [] if ticket is None else [made.challenge_sheet(ticket)]
    sheets += [] if signed is None else [made.receipt_sheet(signed, keys)]
    return Attestations(
        challenge=() if ticket is None else made.challenge_steps(ticket, statement, keys, now),
        vouched=ticket is not None and bool(keys),
        receipt=() if signed is None else (made.receipt_step(signed, statement, digest, keys, quorum=quorum, now=now),),
        sheets=tuple(sheets),
        digests={} if ticket is None else made.challenge_digests(ticket),
    )


def _command(proof: Path, options: list[tuple[str, ...]]) -> str:
    """The command that reaches the same verdict in a folder with the files; their names, not the paths of a machine."""
    return " \\\n    ".join(map(shlex.join, [("zkaudit", "verify", _name(proof)), *options]))


def _name(path: Path) -> str:
    """A file name that no program takes for an option."""
    return f"./{path.name}" if path.name.startswith("-") else path.name


def _release() -> str:
    """The version of this program; empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("zkaudit")
    except PackageNotFoundError:
        return ""
