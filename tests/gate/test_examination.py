"""Examinations without signatures: where the claim comes from, what is checked, what ends it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.published import CLAIM, Published, publish
from zkaudit import wire
from zkaudit.claim import parse_claim
from zkaudit.dataset import dataset_bytes
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.gate import CheckName, Demands, Examination, State, examine, find_evidence, load_demands, verify_claim
from zkaudit.proof import MAGIC, VERSION


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture
def mine(made: Published, tmp_path: Path) -> Published:
    """A copy that a test can spoil."""
    shutil.copytree(made.folder, tmp_path / "model")
    return Published(tmp_path / "model", made.statement)


def states(found: Examination) -> dict[CheckName, State]:
    return {check.name: check.state for check in found.checks}


def failed(found: Examination) -> list[CheckName]:
    return [check.name for check in found.checks if check.state is State.FAILED]


def test_a_claim_of_the_caller(made: Published) -> None:
    found = examine(find_evidence(made.folder), claim=parse_claim(CLAIM))
    found.require()
    assert found.verdict is not None
    assert found.claim_source == "the caller"
    passed = [name for name, state in states(found).items() if state == "passed"]
    assert passed == [CheckName.FILES, CheckName.STATEMENT, CheckName.PROOF, CheckName.SECURITY_BITS]
    assert failed(found) == []
    assert found.digests["data"] == made.statement.dataset.digest().hex()


def test_no_claim_from_nowhere(made: Published) -> None:
    found = examine(find_evidence(made.folder))
    assert isinstance(found.error, InvalidInput)
    assert "no claim" in str(found.error)
    assert found.verdict is None


def test_the_proofs_own_claim_has_to_imply_the_least(made: Published) -> None:
    accepted = examine(find_evidence(made.folder), Demands(claim=parse_claim("accuracy >= 0.85")))
    accepted.require()
    assert accepted.claim_source == "the proof"
    refused = examine(find_evidence(made.folder), Demands(claim=parse_claim("accuracy >= 0.95")))
    assert isinstance(refused.error, PolicyNotMet)
    assert failed(refused) == [CheckName.MINIMUM_CLAIM]
    assert refused.verdict is not None


@pytest.mark.parametrize("text", ["accuracy >= 0.95", "correct == 21", "accuracy >= 1"])
def test_a_claim_that_the_proof_only_writes_is_not_believed(mine: Published, text: str) -> None:
    _rewrite(mine.file("audit.zkp"), claim=text)
    found = examine(find_evidence(mine.folder), Demands(claim=parse_claim("accuracy >= 0.9")))
    assert isinstance(found.error, Rejected)
    assert failed(found) == [CheckName.PROOF]
    assert states(found)[CheckName.MINIMUM_CLAIM] == "skipped"


@pytest.mark.parametrize("text", ["", "x" * 10_000, "accuracy >= 0.9\x1b[2J", "accuracy >= 1/0", " accuracy >= 0.9"])
def test_a_strange_text_in_the_claims_place(mine: Published, text: str) -> None:
    _rewrite(mine.file("audit.zkp"), claim=text)
    found = examine(find_evidence(mine.folder), Demands(claim=parse_claim("accuracy >= 0.9")))
    assert isinstance(found.error, (InvalidInput, Rejected))
    assert len(str(found.error)) < 600


def test_a_policy_that_names_everything(made: Published) -> None:
    digest = made.statement.commitment.architecture.digest().hex()
    path = made.policy(f'claim = "accuracy >= 0.9"\narchitectures = ["{digest}"]')
    found = examine(find_evidence(made.folder), load_demands(path))
    found.require()
    skipped = [name for name, state in states(found).items() if state == "skipped"]
    asked = [CheckName.CHALLENGE, CheckName.CHALLENGE_SIGNATURE, CheckName.RECEIPT, CheckName.AGE]
    assert skipped == [CheckName.DESCRIPTIONS, *asked]
    strict = examine(find_evidence(made.folder), load_demands(path), strict=True)
    assert isinstance(strict.error, PolicyNotMet)
    assert failed(strict) == asked


def test_the_commitment_pins_its_architecture(made: Published) -> None:
    found = examine(
        find_evidence(made.folder), Demands(commitment=made.statement.commitment.digest()), claim=parse_claim(CLAIM)
    )
    assert states(found)[CheckName.ARCHITECTURE] == "passed"


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"commitment": bytes(32)}, CheckName.COMMITMENT_DIGEST),
        ({"data": bytes(32)}, CheckName.DATA_DIGEST),
        ({"minimum_bits": 200}, CheckName.SECURITY_BITS),
        ({"architectures": (bytes(32),)}, CheckName.ARCHITECTURE),
        ({"require_challenge": True}, CheckName.CHALLENGE),
        ({"require_receipt": True}, CheckName.RECEIPT),
        ({"quorum": 1}, CheckName.RECEIPT),
    ],
)
def test_each_demand_that_is_not_met(made: Published, changed: dict[str, object], check: CheckName) -> None:
    found = examine(find_evidence(made.folder), replace(Demands(), **changed), claim=parse_claim(CLAIM))
    assert isinstance(found.error, PolicyNotMet)
    assert failed(found) == [check]
    assert found.verdict is not None


def test_a_maximum_age_needs_a_signed_time(made: Published) -> None:
    path = made.policy('claim = "accuracy >= 0.9"\nmaximum_age = "10000w"', "age.toml")
    found = examine(find_evidence(made.folder), load_demands(path))
    assert failed(found) == [CheckName.AGE]


def test_a_proof_that_is_too_large(made: Published) -> None:
    found = examine(find_evidence(made.folder), Demands(maximum_proof_bytes=1000), claim=parse_claim(CLAIM))
    assert isinstance(found.error, InvalidInput)
    assert failed(found) == [CheckName.FILES]


def test_swapped_data_is_a_false_binding_whatever_the_policy(mine: Published) -> None:
    data = np.load(mine.file("heldout.npz"))
    labels = data["labels"].copy()
    labels[5] = (labels[5] + 1) % 3
    mine.file("heldout.npz").write_bytes(dataset_bytes(data["inputs"], labels))
    found = examine(find_evidence(mine.folder), load_demands(mine.policy('claim = "accuracy >= 0.1"')))
    assert isinstance(found.error, Rejected)
    assert found.error.reason is Reason.WRONG_DATA
    assert failed(found) == [CheckName.STATEMENT]


def test_an_insecure_profile_is_not_picked_by_the_proof(mine: Published) -> None:
    _rewrite(mine.file("audit.zkp"), profile="test-insecure")
    found = examine(find_evidence(mine.folder), claim=parse_claim(CLAIM))
    assert isinstance(found.error, Rejected)
    assert found.error.reason is Reason.WRONG_PROFILE


@pytest.mark.parametrize("name", ["audit.zkp", "commitment.json", "heldout.npz"])
def test_missing_and_damaged_files_are_in_the_result(mine: Published, name: str) -> None:
    path = mine.file(name)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = examine(find_evidence(mine.folder), claim=parse_claim(CLAIM))
    assert isinstance(found.error, InvalidInput)
    assert failed(found) == [CheckName.FILES]
    path.unlink()
    if name != "heldout.npz":
        assert isinstance(examine(find_evidence(mine.folder), claim=parse_claim(CLAIM)).error, InvalidInput)


def test_the_helper_returns_the_verdict(made: Published) -> None:
    named = verify_claim(
        made.file("audit.zkp"),
        commitment=made.file("commitment.json"),
        data=made.file("heldout.npz"),
        claim=CLAIM,
    )
    assert (named.claim, named.samples) == (CLAIM, 21)
    assert verify_claim(made.folder, policy=made.policy('claim = "accuracy >= 0.9"')).claim == CLAIM
    assert verify_claim(made.folder, policy=Demands(claim=parse_claim("accuracy >= 0.9"))).claim == CLAIM


def test_the_helper_raises(mine: Published) -> None:
    with pytest.raises(InvalidInput):
        verify_claim(mine.folder)
    with pytest.raises(PolicyNotMet):
        verify_claim(mine.folder, claim=CLAIM, policy=Demands(minimum_bits=200))
    with pytest.raises(PolicyNotMet):
        verify_claim(mine.folder, claim=CLAIM, strict=True)
    with pytest.raises(Rejected):
        verify_claim(mine.folder, claim="accuracy >= 0.95")


def _rewrite(path: Path, **changed: object) -> None:
    _, body = wire.unseal(MAGIC, {VERSION}, path.read_bytes(), "proof")
    path.write_bytes(wire.seal(MAGIC, VERSION, {**body, **changed}))


def test_a_conjunction_implies_each_of_its_parts(tmp_path: Path) -> None:
    whole = publish(tmp_path, claim="accuracy >= 0.9 and recall[2] >= 0.5")
    for least in ("recall[2] >= 0.5", "accuracy >= 0.85 and recall[2] >= 0.4"):
        found = examine(find_evidence(whole.folder), Demands(claim=parse_claim(least)))
        found.require()
        assert [finding.atom for finding in found.findings] == ["accuracy >= 0.9", "recall[2] >= 0.5"]
    for least in ("recall[2] >= 0.6", "recall[1] >= 0.1", "accuracy >= 0.9 and precision[2] >= 0.1"):
        found = examine(find_evidence(whole.folder), Demands(claim=parse_claim(least)))
        assert failed(found) == [CheckName.MINIMUM_CLAIM]


def test_what_the_caller_leaves_open_the_proof_states(tmp_path: Path, made: Published) -> None:
    exact = publish(tmp_path, claim="correct == 19")
    found = examine(find_evidence(exact.folder), claim=parse_claim("correct == ?"))
    found.require()
    assert found.findings[0].exactly == 19
    other = examine(find_evidence(made.folder), claim=parse_claim("correct == ?"))
    assert isinstance(other.error, Rejected)
    assert other.error.reason is Reason.WRONG_CLAIM
