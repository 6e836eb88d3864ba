"""Verifies a proof against a statement that the caller has built from its own files.

Imports numpy, msgpack and the standard library only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from zkaudit.claim import Claim, parse_claim
from zkaudit.confidence import clopper_pearson_lower
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.findings import Finding, accuracy_of, findings_of
from zkaudit.masking import VerifierChannel
from zkaudit.merkle.messages import Oracle, leaf_digest
from zkaudit.merkle.verifier import path_length, root_from_opening
from zkaudit.opening.verifier import CombinedRow, reduce_claims, reduce_opening, verify_columns
from zkaudit.pads.messages import TableauLayout, TableauResponses
from zkaudit.pads.verifier import draw_challenges, verify_tableau
from zkaudit.proof import LARGEST_PROOF, OpenedColumns, Proof, decode, elements, extension_vector
from zkaudit.reduction import reduce_statement
from zkaudit.soundness import Account, OracleParameters
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript, grinding_digest, has_leading_zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the caller asks of a valid proof; the proof has no say in it.

    `architectures` are digests in lowercase hex; None allows all.
    """

    minimum_bits: float = 128
    profiles: tuple[str, ...] = ("standard-128",)
    architectures: frozenset[str] | None = None
    maximum_proof_bytes: int = LARGEST_PROOF


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An accepted proof: what it shows, atom by atom, and exact one-sided 95 % Clopper-Pearson bounds that follow.

    `correct` is the least number of right predictions that the claim guarantees, or their number if `exact`;
    it and the bound for the accuracy are None where no atom bounds the accuracy.
    The bounds assume samples drawn independently from the population and unknown to the owner before committing.
    """

    claim: str
    samples: int
    correct: int | None
    exact: bool
    lower_bound: float | None
    findings: tuple[Finding, ...]
    security_bits: float
    seconds: float
    account: Account


def verify(statement: Statement, proof: bytes, policy: Policy | None = None) -> Verdict:
    """The verdict on an accepted proof.

    1. Decode the file; refuse a proof that was made for something else, by name.
    2. Rebuild the transcript from the roots and the statement; check the first proof of work.
    3. Run the interactive part on the messages; it leaves one evaluation of the witness, and constraints on pads.
    4. Check the opening of that evaluation at random columns of the witness oracle.
    5. Check the constraints at random columns of the pad oracle.
    6. Hold the accepted proof against the caller's policy.

    InvalidInput for bytes that are no proof file, Rejected for a false proof, PolicyNotMet for a valid one
    that the policy does not admit.
    Source: docs/protocol.md.
    """
    started = time.perf_counter()
    policy = policy or Policy()
    # 1.
    if len(proof) > policy.maximum_proof_bytes:
        raise InvalidInput(f"{len(proof)} bytes", where="proof", expected=f"at most {policy.maximum_proof_bytes}")
    parts = decode(proof)
    require_bindings(statement, parts)
    # 2.
    transcript = statement.open_transcript(parts.witness_root, parts.pad_root)
    bits = statement.parameters.grinding_bits
    verify_grinding(transcript, Label.LOOKUP_GRINDING, parts.lookup_nonce, bits)
    # 3.
    plan = statement.layout.full_plan
    channel = VerifierChannel(transcript, elements(parts.messages, plan.elements, "messages"), plan)
    inputs, value = statement.dataset.inputs, statement.commitment.value
    claims = reduce_statement(channel, statement.layout, inputs, value)
    evaluation = reduce_claims(channel, claims, statement.rows)
    # 4.
    row = _combined_row(parts.row, statement.oracles[0])
    gamma = reduce_opening(channel, statement.rows, evaluation, row)
    channel.finish()
    indices, cells = _open(
        transcript, Oracle.WITNESS, statement.oracles[0], statement.rows.rows, parts.witness, parts.witness_root, bits
    )
    verify_columns(statement.rows, evaluation.point, gamma, row, indices, cells)
    # 5.
    challenges = draw_challenges(transcript, statement.tableau, channel.tape)
    responses = _responses(parts.responses, statement.tableau)
    transcript.absorb(Label.PAD_RESPONSES, responses.to_bytes())
    indices, cells = _open(
        transcript, Oracle.PADS, statement.oracles[1], 5 * statement.tableau.rows, parts.pads, parts.pad_root, bits
    )
    verify_tableau(statement.tableau, channel.tape, challenges, responses, indices, cells)
    # 6.
    require_policy(statement, policy)
    correct, exact = accuracy_of(statement.claim, statement.samples)
    return Verdict(
        claim=statement.claim.text,
        samples=statement.samples,
        correct=correct,
        exact=exact,
        lower_bound=None if correct is None else clopper_pearson_lower(correct, statement.samples),
        findings=findings_of(statement.claim, statement.dataset),
        security_bits=statement.account.total_bits,
        seconds=time.perf_counter() - started,
        account=statement.account,
    )


def stated_claim(asked: Claim, proof: bytes) -> Claim:
    """The claim to verify: the one asked, or for an open one its closing that the proof states, not yet verified.

    Rejected when the proof states no closing of what was asked; InvalidInput for bytes that are no proof file.
    """
    if not asked.is_open:
        return asked
    text = decode(proof).claim
    try:
        stated = parse_claim(text)
    except InvalidInput:
        stated = asked
    if not stated.is_closing_of(asked):
        raise Rejected(
            Reason.WRONG_CLAIM,
            "the proof does not state what was asked",
            expected=asked.text[:80],
            actual=ascii(text[:80]),
        )
    return stated


def require_bindings(statement: Statement, parts: Proof) -> None:
    """Rejected with the part of the statement that the proof was not made for."""
    bindings = (
        (Reason.WRONG_PROFILE, "profile", ascii(statement.profile), ascii(parts.profile)),
        (Reason.WRONG_COMMITMENT, "commitment", statement.commitment.digest().hex(), parts.commitment.hex()),
        (Reason.WRONG_DATA, "held-out set", statement.dataset.digest().hex(), parts.data.hex()),
        (Reason.WRONG_CLAIM, "claim", ascii(statement.claim.text), ascii(parts.claim)),
        (Reason.WRONG_CHALLENGE, "challenge", _named(statement.challenge), _named(parts.challenge)),
    )
    for reason, where, expected, actual in bindings:
        if expected != actual:
            raise Rejected(
                reason, f"the proof was made for another {where}", expected=expected[:80], actual=actual[:80]
            )


def _named(challenge: bytes | None) -> str:
    """The digest of a challenge in hex, or words where there is none."""
    return challenge.hex() if challenge else "no challenge"


def verify_grinding(transcript: Transcript, label: Label, nonce: int, bits: int) -> None:
    """The nonce's digest starts with so many zero bits; Rejected otherwise."""
    if not has_leading_zeros(grinding_digest(transcript.grinding_seed(label), nonce), bits):
        raise Rejected(Reason.GRINDING, label.value, expected=f"{bits} leading zero bits")
    transcript.absorb_nonce(label, nonce)


def require_policy(statement: Statement, policy: Policy) -> None:
    """PolicyNotMet with the first condition that a valid proof does not meet."""
    if statement.profile not in policy.profiles:
        raise PolicyNotMet(f"profile {statement.profile} is not among {', '.join(policy.profiles)}")
    if statement.account.total_bits < policy.minimum_bits:
        raise PolicyNotMet(f"{statement.account.total_bits:.1f} bits of soundness, {policy.minimum_bits} asked for")
    digest = statement.commitment.architecture.digest().hex()
    if policy.architectures is not None and digest not in policy.architectures:
        raise PolicyNotMet(f"architecture {digest} is not among those allowed")


def _open(
    transcript: Transcript,
    oracle: Oracle,
    sizes: OracleParameters,
    rows: int,
    opened: OpenedColumns,
    root: bytes,
    bits: int,
) -> tuple[list[int], Array]:
    """The drawn columns and their cells (t, rows), authenticated against the root."""
    grinding, label = {
        Oracle.WITNESS: (Label.OPENING_GRINDING, Label.OPENING_COLUMNS),
        Oracle.PADS: (Label.PAD_GRINDING, Label.PAD_COLUMNS),
    }[oracle]
    verify_grinding(transcript, grinding, opened.nonce, bits)
    indices = transcript.distinct_indices(label, sizes.pads, sizes.columns)
    where = f"{oracle.name.lower()} oracle"
    cells = opened.columns(len(indices), rows, where)
    salts = opened.column_salts(len(indices), where)
    path = opened.path_digests(path_length(sizes.columns, indices), where)
    leaves = [
        leaf_digest(oracle, index, salt, arrays.to_bytes(column))
        for index, salt, column in zip(indices, salts, cells, strict=True)
    ]
    if root_from_opening(oracle, sizes.columns, indices, leaves, path) != root:
        raise Rejected(Reason.MERKLE_PATH, where, expected=f"root {root.hex()}")
    return indices, cells


def _combined_row(data: bytes, oracle: OracleParameters) -> CombinedRow:
    row = extension_vector(data, oracle.message + oracle.pads, "combined row")
    return CombinedRow(cells=row[:, : oracle.message], pads=row[:, oracle.message :])


def _responses(data: bytes, tableau: TableauLayout) -> TableauResponses:
    lengths = (tableau.degree, tableau.linear_length, tableau.quadratic_length)
    parts = extension_vector(data, sum(lengths), "pad responses")
    first, second = lengths[0], lengths[0] + lengths[1]
    return TableauResponses(low_degree=parts[:, :first], linear=parts[:, first:second], quadratic=parts[:, second:])
