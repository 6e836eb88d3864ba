"""Proofs made before anything is spoiled, true and false, and what the whole verifier says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import zkaudit.prover
from tests.cases import Case, random_case
from tests.forgery import FIELDS, POLICY, LyingProver, recounted, with_field
from tests.networks import network
from zkaudit.field.koalabear import MODULUS
from zkaudit.pads.prover import PadTableau
from zkaudit.prover import prove_columns
from zkaudit_circuits.network import INPUT


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A statement in bytes, a proof, and the verdict: the claim, or the reason or kind of a refusal."""

    commitment: bytes
    inputs: NDArray[np.int64]
    labels: NDArray[np.int64]
    claim: str
    challenge: bytes | None
    proof: bytes
    verdict: str = ""

    def verify(self) -> str:
        """The verdict of the verifier as it is now; every part of the statement is read anew."""
        from zkaudit import errors, verifier
        from zkaudit.claim import parse_claim
        from zkaudit.commitment.formats import parse_commitment
        from zkaudit.dataset import HeldOutSet
        from zkaudit.statement import Statement

        statement = Statement(
            commitment=parse_commitment(self.commitment),
            dataset=HeldOutSet(inputs=self.inputs, labels=self.labels),
            claim=parse_claim(self.claim),
            profile="test-insecure",
            challenge=self.challenge,
        )
        policy = verifier.Policy(minimum_bits=POLICY.minimum_bits, profiles=POLICY.profiles)
        try:
            verdict = verifier.verify(statement, self.proof, policy)
        except errors.Rejected as error:
            return error.reason.value
        except errors.InvalidInput:
            return "invalid"
        return f"{verdict.claim}, {verdict.lower_bound}, {verdict.security_bits}"


def _judged(case: Case, proof: bytes) -> Judged:
    from zkaudit.commitment.formats import commitment_text

    statement = case.statement
    text = commitment_text(statement.commitment).encode()
    data = statement.dataset
    unjudged = Judged(
        commitment=text,
        inputs=data.inputs,
        labels=data.labels,
        claim=statement.claim.text,
        challenge=statement.challenge,
        proof=proof,
    )
    return Judged(**{**vars(unjudged), "verdict": unjudged.verify()})


def _change(value: object) -> object:
    """A value with one unit or one bit changed."""
    if isinstance(value, int):
        return value + 1
    data = bytearray(value.encode() if isinstance(value, str) else value)  # type: ignore[arg-type, attr-defined]
    data[len(data) // 2] ^= 1
    return data.decode() if isinstance(value, str) else bytes(data)


def corpus() -> tuple[list[Judged], list[Judged]]:
    """True proofs, of networks with every kind of layer, and false ones: each field changed, each lie of a prover."""
    cases = [
        random_case((2, 2, 2), samples=3),
        random_case((2, 2), samples=1, claim="correct == 0", challenge=b"c" * 32),
    ]
    cases += [network(name) for name in ("residual, gate, table and views", "weights of two limbs")]
    proofs = [prove_columns(case.statement, case.columns()).proof for case in cases]
    true = [_judged(case, proof) for case, proof in zip(cases, proofs, strict=True)]
    assert all(one.verdict.startswith(one.claim) for one in true)
    false = [_judged(cases[1], with_field(proofs[1], name, _change)) for name in FIELDS]
    false += [_judged(cases[1], proof) for proof in lies(cases[1])]
    assert not any(one.verdict.startswith(one.claim) for one in false)
    return true, false


def lies(case: Case) -> Iterator[bytes]:
    """Proofs of a prover that lies once and is honest in all that follows: a cell, a message, a row, a response."""
    statement, columns = case.statement, case.columns()
    for name in columns:
        cells = columns[name].copy()
        cells[(0,) * cells.ndim] += 1
        lied = recounted(statement, columns | {name: cells})
        # Multiplicities are counted anew, and the public input is the verifier's own.
        if name in lied and lied[name][(0,) * cells.ndim] == cells[(0,) * cells.ndim] and name != INPUT:
            yield prove_columns(statement, lied).proof
    with pytest.MonkeyPatch.context() as patch:
        honest = LyingProver()
        honest.prove(patch, statement, columns)
        for places in honest.labels.values():
            yield LyingProver(places=frozenset({places[-1]})).prove(patch, statement, columns)
    for owner, name, parts in (
        (PadTableau, "respond", ("low_degree", "linear", "quadratic")),
        (zkaudit.prover, "combined_row", ("cells", "pads")),
    ):
        for part in parts:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(owner, name, _altering(getattr(owner, name), part))
                yield prove_columns(statement, columns).proof


def _altering(honest: Callable[..., Any], part: str) -> Callable[..., Any]:
    """A function whose result has one residue changed in one part."""

    def altered(*given: Any) -> Any:
        result = honest(*given)
        values = getattr(result, part).copy()
        values[0, -1] = (values[0, -1] + 1) % MODULUS
        return replace(result, **{part: values})

    return altered
