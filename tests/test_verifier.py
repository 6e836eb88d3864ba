"""The verdict and its limits, one step to each side of them; forged files have tests of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cases import Case, random_case
from tests.forgery import POLICY, replaced
from zkaudit import verifier
from zkaudit.claim import parse_claim
from zkaudit.confidence import clopper_pearson_lower
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.prover import prove
from zkaudit.verifier import Policy, require_policy, stated_claim, verify


@pytest.fixture(scope="module", params=["correct == ?", "predicted[0] >= 0"])
def honest(request: pytest.FixtureRequest) -> tuple[Case, bytes]:
    case = random_case((2, 2), samples=3, claim=request.param)
    return case, prove(case.statement, case.model, case.opening).proof


def test_the_verdict(honest: tuple[Case, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    case, proof = honest
    ticks = iter([10.0, 12.5])
    monkeypatch.setattr(verifier.time, "perf_counter", lambda: next(ticks))
    verdict = verify(case.statement, proof, POLICY)
    assert (verdict.claim, verdict.samples, verdict.seconds) == (case.statement.claim.text, 3, 2.5)
    assert verdict.security_bits == verdict.account.total_bits == case.statement.account.total_bits
    if verdict.claim.startswith("predicted"):
        assert (verdict.correct, verdict.exact, verdict.lower_bound) == (None, False, None)
    else:
        assert verdict.correct is not None
        assert verdict.exact
        assert verdict.lower_bound == clopper_pearson_lower(verdict.correct, 3)
    assert [finding.atom for finding in verdict.findings] == [verdict.claim]


def test_a_policy_is_met_at_its_limits_and_not_beyond(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    bits = case.statement.account.total_bits
    architecture = case.statement.commitment.architecture.digest().hex()
    exact = replace(POLICY, maximum_proof_bytes=len(proof), minimum_bits=bits, architectures=frozenset({architecture}))  # type: ignore[arg-type]
    verify(case.statement, proof, exact)
    with pytest.raises(InvalidInput, match=f"{len(proof)} bytes"):
        verify(case.statement, proof, replace(exact, maximum_proof_bytes=len(proof) - 1))
    for beyond, named in (
        ({"minimum_bits": bits + 1e-9}, "bits of soundness"),
        ({"profiles": ("standard-128",)}, "profile test-insecure is not among"),
        ({"architectures": frozenset()}, "architecture"),
    ):
        with pytest.raises(PolicyNotMet, match=named):
            verify(case.statement, proof, replace(exact, **beyond))  # type: ignore[arg-type]


def test_the_conditions_of_a_policy() -> None:
    statement = random_case((2, 2), samples=3).statement
    architecture = statement.commitment.architecture.digest().hex()
    bits = statement.account.total_bits
    require_policy(statement, replace(POLICY, minimum_bits=bits))  # type: ignore[arg-type]
    with pytest.raises(PolicyNotMet, match="bits of soundness"):
        require_policy(statement, replace(POLICY, minimum_bits=bits + 1e-9))  # type: ignore[arg-type]
    with pytest.raises(PolicyNotMet, match="profile test-insecure is not among standard-128"):
        require_policy(statement, replace(POLICY, profiles=("standard-128",)))
    require_policy(statement, replace(POLICY, architectures=frozenset({"00" * 32, architecture})))
    for others in (frozenset[str](), frozenset({"00" * 32})):
        with pytest.raises(PolicyNotMet, match=f"architecture {architecture} is not among"):
            require_policy(statement, replace(POLICY, architectures=others))


def test_the_default_policy_is_the_whole_strength() -> None:
    policy = Policy()
    assert (policy.minimum_bits, policy.profiles, policy.architectures) == (128, ("standard-128",), None)
    assert policy.maximum_proof_bytes == 1 << 28
    with pytest.raises(InvalidInput, match=r"2 bytes \(expected at most 1\)"):
        verify(random_case().statement, b"ab", Policy(maximum_proof_bytes=1))


def test_without_a_policy_the_default_one_decides(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    with pytest.raises(PolicyNotMet, match="128"):
        verify(case.statement, proof)


def test_an_open_claim_is_closed_by_what_the_proof_states(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    stated = case.statement.claim
    # A closed claim is the caller's, whatever the proof says.
    other = parse_claim("correct >= 1 and predicted[1] >= 0")
    assert stated_claim(other, proof) is other
    asked = parse_claim("correct == ?")
    if stated.text.startswith("correct =="):
        assert stated_claim(asked, proof) == stated
        asked = parse_claim("predicted[0] == ?")
    for answer in (proof, replaced(proof, "claim", "no claim"), replaced(proof, "claim", asked.text)):
        with pytest.raises(Rejected, match="does not state what was asked") as caught:
            stated_claim(asked, answer)
        assert caught.value.reason is Reason.WRONG_CLAIM
