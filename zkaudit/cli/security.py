"""`zkaudit security`: what the soundness of a statement is made of, and what it assumes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zkaudit.cli.options import FILE, json_option
from zkaudit.cli.outcome import Outcome, table

if TYPE_CHECKING:
    from zkaudit.statement import Statement

ASSUMPTIONS = (
    "SHA-256 is a random oracle: challenges by Fiat-Shamir, collisions in the trees, the salts of unopened columns",
    "the total is for one try of a forger, a proof of work counted as its tries; T tries have T times the chance",
    "binding: Ring-SIS over the commitment's ring is hard; the bits are an estimate for the best lattice reduction",
    "hiding: the ring elements, an output of SHAKE128, stand for uniform ones, and the owner's generator is uniform",
    "commitment, held-out set and claim are the verifier's own, and the commitment is older than the data",
)
"""What the figures rest on; docs/soundness.md and docs/threat-model.md say more."""

DEFAULT_CLAIM = "accuracy >= 0.5"
"""The claim that `--model` assumes: which threshold changes no more than the width of one slack."""


@click.command()
@click.argument("proof", type=FILE, required=False, metavar="[AUDIT.zkp]")
@click.option("--model", type=FILE, metavar="MODEL.zkm", help="Account for future proofs of a model instead.")
@click.option("--samples", type=click.IntRange(min=1), help="With --model: samples of the held-out set.")
@click.option("--commitment", type=FILE, metavar="COMMITMENT.json", help="With a proof: as for verify.")
@click.option("--data", type=FILE, metavar="HELDOUT.npz", help="With a proof: as for verify.")
@click.option("--claim", metavar="CLAIM", help="With a proof: as for verify. With --model: any, a threshold if none.")
@json_option
@click.pass_obj
def security(
    known: dict[str, object],
    proof: Path | None,
    model: Path | None,
    samples: int | None,
    commitment: Path | None,
    data: Path | None,
    claim: str | None,
) -> Outcome:
    """Account for the security bits of a statement; verify nothing.

    The account belongs to the statement, not to the bytes of a proof.
    So a proof is read only to see that it was made for the commitment, data and claim that are given.
    """
    if proof is not None and commitment is not None and data is not None and claim is not None:
        if model is not None or samples is not None:
            raise click.UsageError("--model and --samples do not go with a proof")
        statement = _statement_of_proof(proof, commitment, data, claim)
        subject = f"{proof}: the statement that it was made for, nothing verified"
    elif proof is not None:
        raise click.UsageError("a proof needs its statement, as for verify: --commitment, --data and --claim")
    elif model is not None and samples is not None and commitment is None and data is None:
        statement = _statement_of_model(model, samples, claim or DEFAULT_CLAIM)
        subject = f"{model}: a proof on {samples:,} samples, nothing verified"
    else:
        raise click.UsageError("give either a proof with --commitment, --data and --claim, or --model and --samples")
    return _account(subject, statement)


def _statement_of_proof(proof: Path, commitment: Path, data: Path, claim: str) -> Statement:
    """The statement of public files; `Rejected` when the proof names another one."""
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import load_commitment
    from zkaudit.dataset import load_dataset, quantise_inputs
    from zkaudit.proof import LARGEST_PROOF, decode
    from zkaudit.statement import Statement
    from zkaudit.verifier import require_bindings, stated_claim
    from zkaudit.wire import read_bounded

    asked = parse_claim(claim)
    published = load_commitment(commitment)
    dataset = quantise_inputs(published.architecture, load_dataset(data))
    content = read_bounded(proof, LARGEST_PROOF, "proof")
    asked = stated_claim(asked, content)
    parts = decode(content)
    # No size depends on the challenge, so the one that the proof names will do.
    statement = Statement(commitment=published, dataset=dataset, claim=asked, challenge=parts.challenge or None)
    require_bindings(statement, parts)
    return statement


def _statement_of_model(model: Path, samples: int, claim: str) -> Statement:
    """A statement of the sizes that a model and a number of samples give; its values stand for any others."""
    import numpy as np

    from zkaudit.claim import parse_claim
    from zkaudit.commitment import Commitment
    from zkaudit.commitment.ring import DEGREE
    from zkaudit.estimation import stand_in
    from zkaudit.model.model import load_model
    from zkaudit.statement import Statement

    architecture = load_model(model).architecture
    # Neither the value of a commitment nor inputs and predictions change a size; zeros lie in all their intervals.
    asked, dataset = stand_in(architecture, samples, parse_claim(claim))
    commitment = Commitment(architecture=architecture, value=np.zeros(DEGREE, np.uint32))
    return Statement(commitment=commitment, dataset=dataset, claim=asked)


def _account(subject: str, statement: Statement) -> Outcome:
    """Every term, the sizes of the oracles, the commitment's estimates and the assumptions."""
    from zkaudit.commitment.security import estimate_binding, hiding_bits

    total, terms = statement.account.total_bits, statement.account.terms
    witness, pads = statement.oracles
    oracles = {
        name: {"message": sizes.message, "pads": sizes.pads, "columns": sizes.columns, "rows": rows}
        for name, sizes, rows in (
            ("witness", witness, statement.rows.rows),
            ("pad", pads, 5 * statement.tableau.rows),
        )
    }
    binding, hiding = estimate_binding(), hiding_bits()
    fields = {
        "verified": False,
        "profile": statement.profile,
        "target_bits": statement.parameters.target_bits,
        "grinding_bits": statement.parameters.grinding_bits,
        "claim": statement.claim.text,
        "samples": statement.samples,
        "total_bits": total,
        "terms": [{"name": t.name, "bits": t.bits, "formula": t.formula, "source": t.source} for t in terms],
        "oracles": oracles,
        "commitment": {
            "norm": binding.norm,
            "block_size": binding.block_size,
            "binding_bits": binding.classical_bits,
            "binding_bits_quantum": binding.quantum_bits,
            "hiding_bits": hiding,
        },
        "assumptions": list(ASSUMPTIONS),
    }
    rows = {
        "claim": f"{statement.claim.text}, {statement.samples:,} samples",
        "profile": f"{statement.profile}, {statement.parameters.target_bits} bits or no proof",
        **{
            f"{name} oracle": f"{one['rows']:,} rows, {one['message']:,} cells and {one['pads']} pads in each; "
            f"{one['pads']} of {one['columns']:,} columns opened"
            for name, one in oracles.items()
        },
        "binding": f"about {binding.classical_bits:.0f} bits, {binding.quantum_bits:.0f} against a quantum computer: "
        f"Ring-SIS, BKZ block size {binding.block_size}",
        "hiding": f"within 2^-{hiding:.0f} of uniform: leftover hash lemma",
    }
    width = max(len(term.formula) for term in terms)
    errors = {term.name: f"{term.bits:6.2f}  {term.formula:<{width}}  {term.source}" for term in terms}
    lines = (
        subject,
        *table(rows.items()),
        "soundness errors in bits; docs/soundness.md argues each and spells out its source",
        *table({**errors, "total": f"{total:6.2f}  sum of the errors"}.items()),
        "assumed",
        *(f"  {line}" for line in ASSUMPTIONS),
    )
    return Outcome(status="accounted", fields=fields, lines=lines)
