"""`zkaudit prove`: the proof that a committed model meets a claim."""

from __future__ import annotations

from pathlib import Path

import click

from zkaudit.cli.keys import trusted_option
from zkaudit.cli.measurement import peak_rss_bytes
from zkaudit.cli.options import (
    FILE,
    MEMORY,
    commitment_option,
    data_option,
    force_option,
    guard_output,
    json_option,
    model_argument,
    opening_option,
)
from zkaudit.cli.outcome import Outcome, amount, table
from zkaudit.cli.progress import ProgressBar, announce, say


@click.command()
@model_argument
@opening_option
@commitment_option
@data_option
@click.option("--claim", metavar="CLAIM", help='Such as "accuracy >= 0.95"; left out where a challenge says it.')
@click.option("--challenge", type=FILE, metavar="CHALLENGE.json", help="The auditor's challenge that this answers.")
@trusted_option
@click.option("-o", "--output", type=FILE, required=True, metavar="AUDIT.zkp", help="Public; give it to the verifier.")
@click.option("--max-memory", type=MEMORY, metavar="SIZE", help="Refuse to start beyond it, e.g. 8GB.")
@force_option
@json_option
@click.pass_obj
def prove(
    known: dict[str, object],
    model: Path,
    opening: Path,
    commitment: Path,
    data: Path,
    claim: str | None,
    challenge: Path | None,
    trusted: tuple[Path, ...],
    output: Path,
    max_memory: int | None,
    force: bool,
) -> Outcome:
    """Prove a claim about a committed model."""
    if claim is None and challenge is None:
        raise click.UsageError("give --claim, or a --challenge that says it")
    given = tuple(path for path in (model, opening, commitment, data, challenge) if path is not None)
    guard_output(output, inputs=given, force=force)
    from zkaudit.challenge import load_challenge, require_answer, require_genuine
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment, load_opening
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.documents import present
    from zkaudit.estimation import require_memory
    from zkaudit.evaluation import close_on
    from zkaudit.field.jit import compile_seconds, on_first_compile
    from zkaudit.model.model import load_model
    from zkaudit.prover import prove as prove_statement
    from zkaudit.signing import load_trusted_keys
    from zkaudit.statement import Statement
    from zkaudit.wire import write_atomic

    ticket = None if challenge is None else load_challenge(challenge)
    asked = parse_claim(claim if claim is not None else ticket.claim if ticket else "")
    owned = load_model(model)
    secret = load_opening(opening)
    published = load_commitment(commitment)
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    asked = close_on(owned, dataset, asked)
    answered = None if ticket is None else ticket.digest()
    statement = Statement(commitment=published, dataset=dataset, claim=asked, challenge=answered)
    if ticket is not None:
        # A ticket that no verifier would accept an answer to is refused before the work.
        require_answer(ticket, statement)
        require_genuine(ticket, load_trusted_keys(trusted), present())
    if max_memory is not None:
        require_memory(published.architecture, dataset.samples, max_memory, asked)
    announce(asked.reveals())
    on_first_compile(lambda: say("compiling the kernels, once on this machine: about 15 seconds"))
    with ProgressBar() as progress:
        result = prove_statement(statement, owned, secret, progress=progress)
    write_atomic(output, result.proof)
    compiled, peak = compile_seconds(), peak_rss_bytes()
    fields = {
        "claim": asked.text,
        "challenge": None if answered is None else answered.hex(),
        "reveals": list(asked.reveals()),
        "samples": dataset.samples,
        "proof": str(output),
        "proof_bytes": len(result.proof),
        "seconds": result.seconds,
        "phases": dict(result.phases),
        "compile_seconds": compiled,
        "peak_rss_bytes": peak,
    }
    rows = {
        "claim": asked.text,
        **({} if answered is None else {"challenge": answered.hex()}),
        "samples": f"{dataset.samples:,}",
        "proof": f"{output}, {amount(len(result.proof))}",
        "seconds": f"{result.seconds:.2f}",
        **{f"  {phase}": f"{seconds:.2f}" for phase, seconds in result.phases.items()},
        **({"compiling": f"{compiled:.1f} s, not again on this machine"} if compiled >= 1 else {}),
        "peak memory": amount(peak),
    }
    return Outcome(status="proved", fields=fields, lines=("proved", *table(rows.items())))
