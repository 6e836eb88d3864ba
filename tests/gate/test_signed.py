"""Challenge, receipt and age: whose signatures count, and what stands for verifying here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.published import CLAIM, ISSUED, SEEN, Published, attest, make_keys, publish
from zkaudit import wire
from zkaudit.challenge import load_challenge, save_challenge
from zkaudit.claim import parse_claim
from zkaudit.cli.formats.text import accepted_lines
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.gate import CheckName, Demands, Examination, State, TrustedKeys, examine, find_evidence
from zkaudit.proof import MAGIC, VERSION
from zkaudit.signing import SecretKey, suite

NOW = SEEN + timedelta(days=1)


@pytest.fixture(scope="module", autouse=True)
def each_pairing_once() -> Iterator[None]:
    """A pairing takes half a second and depends on its bytes alone, so equal ones are computed once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("is_signature", "is_possessed"):
            patch.setattr(suite, name, cache(getattr(suite, name)))
        yield


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SecretKey]]:
    folder = tmp_path_factory.mktemp("keys")
    return folder, make_keys(folder, "anna", "bert", "cleo")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, keys: tuple[Path, list[SecretKey]]) -> Published:
    """Anna's challenge, answered, and a receipt by Anna and Bert."""
    anna, bert, _ = keys[1]
    published = publish(tmp_path_factory.mktemp("signed"), anna)
    attest(published, anna, bert)
    return published


@pytest.fixture(scope="module")
def trusted(keys: tuple[Path, list[SecretKey]]) -> dict[str, TrustedKeys]:
    """Trust in one or two of them, each key read once for all tests."""
    folder = keys[0]
    names = {"anna": ["anna"], "cleo": ["cleo"], "both": ["anna", "bert"]}
    return {name: TrustedKeys(folder / f"{one}.pub.json" for one in ones) for name, ones in names.items()}


def look(made: Published, trust: TrustedKeys | None = None, **options: object) -> Examination:
    evidence = find_evidence(made.folder)
    for name in ("challenge", "receipt"):
        if options.pop(f"{name}_named", False):
            evidence = replace(evidence, **{f"{name}_named": True})
    now = options.pop("now", NOW)
    assert isinstance(now, datetime)
    full, strict = bool(options.pop("full", False)), bool(options.pop("strict", False))
    claim = options.pop("claim", CLAIM)
    demands = Demands(trusted_keys=trust.paths if trust else (), **options)  # type: ignore[arg-type]
    asked = parse_claim(str(claim)) if claim else None
    return examine(evidence, demands, claim=asked, trusted=trust, full=full, strict=strict, now=now)


def check(found: Examination, name: CheckName) -> tuple[State, str]:
    return next((one.state, one.reason) for one in found.checks if one.name is name)


def test_nobody_is_trusted_unless_named(made: Published) -> None:
    found = look(made)
    found.require()
    assert check(found, CheckName.CHALLENGE)[0] == "passed"
    assert check(found, CheckName.CHALLENGE_SIGNATURE) == (State.SKIPPED, "no trusted key is given")
    assert check(found, CheckName.RECEIPT) == (State.SKIPPED, "no trusted key is given")
    assert found.attested_by == ()


def test_everything_signed_and_trusted(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    statement = made.statement
    found = look(
        made,
        trusted["both"],
        claim=None,
        strict=True,
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        quorum=2,
        maximum_age=timedelta(days=3),
        require_challenge=True,
        require_receipt=True,
    )
    # The least claim is the one thing that this policy leaves out.
    assert str(found.error) == "strict, and not checked: minimum claim"
    assert found.claim_source == "the challenge"
    assert found.verdict is not None
    assert sorted(found.attested_by) == ["anna", "bert"]


def test_an_open_challenge_is_answered_by_what_the_proof_states(
    tmp_path: Path, keys: tuple[Path, list[SecretKey]]
) -> None:
    exact = publish(tmp_path, keys[1][0], claim="correct == 19", asked="correct == ?")
    found = look(exact, claim=None, challenge_named=True)
    found.require()
    assert found.claim_source == "the challenge"
    assert found.findings[0].exactly == 19
    other = look(exact, claim="correct == 18", challenge_named=True)
    assert isinstance(other.error, Rejected)
    assert other.error.reason is Reason.WRONG_CLAIM


def test_the_claim_of_a_strangers_challenge_is_nobodys(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    assert isinstance(look(made, claim=None).error, InvalidInput)
    assert look(made, claim=None, challenge_named=True).claim_source == "the challenge"
    refused = look(made, trusted["cleo"], claim=None)
    assert isinstance(refused.error, PolicyNotMet)
    assert check(refused, CheckName.CHALLENGE_SIGNATURE)[0] == "failed"


def test_an_expired_challenge_fails_whoever_signed_it(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    late = ISSUED + timedelta(days=31)
    for trust in (None, trusted["anna"]):
        found = look(made, trust, now=late)
        assert isinstance(found.error, PolicyNotMet)
        assert "expired" in check(found, CheckName.CHALLENGE_SIGNATURE)[1]


def test_a_required_challenge_needs_a_trusted_signature(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    assert isinstance(look(made, require_challenge=True).error, PolicyNotMet)
    look(made, trusted["anna"], require_challenge=True).require()


def test_another_challenge_and_a_forged_one(made: Published, trusted: dict[str, TrustedKeys], tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "model")
    mine = Published(tmp_path / "model", made.statement)
    asked = load_challenge(mine.file("challenge.json"))
    save_challenge(mine.file("challenge.json"), replace(asked, nonce=bytes(32)))
    replayed = look(mine, trusted["anna"])
    assert isinstance(replayed.error, Rejected)
    assert replayed.error.reason is Reason.WRONG_CHALLENGE
    save_challenge(mine.file("challenge.json"), replace(asked, signature=bytes([asked.signature[0]]) + bytes(95)))
    forged = look(mine, trusted["anna"])
    assert isinstance(forged.error, Rejected)
    assert forged.error.reason is Reason.BAD_SIGNATURE
    mine.file("challenge.json").unlink()
    dropped = look(mine)
    assert isinstance(dropped.error, Rejected)
    assert dropped.error.reason is Reason.WRONG_CHALLENGE


def test_a_receipt_stands_for_the_proof_only_where_the_caller_names_it(
    made: Published, trusted: dict[str, TrustedKeys]
) -> None:
    lying_there = look(made, trusted["both"], quorum=2)
    lying_there.require()
    assert lying_there.verdict is not None
    named = look(made, trusted["both"], quorum=2, receipt_named=True)
    named.require()
    assert named.verdict is None
    assert check(named, CheckName.PROOF) == (State.SKIPPED, "a receipt stands for it")
    assert sorted(named.attested_by) == ["anna", "bert"]
    assert named.findings[0].at_least == 19
    lines = accepted_lines(named)
    assert lines[0].startswith("ATTESTED by 2 auditors")
    assert len(lines) <= 10
    both = look(made, trusted["both"], quorum=2, receipt_named=True, full=True)
    both.require()
    assert both.verdict is not None
    assert isinstance(look(made, trusted["both"], receipt_named=True, strict=True).error, PolicyNotMet)


def test_too_few_trusted_signers(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    for options in ({"receipt_named": True}, {"quorum": 2}, {"quorum": 3, "receipt_named": True}):
        found = look(made, trusted["anna"] if "quorum" in options else trusted["cleo"], **options)
        assert isinstance(found.error, PolicyNotMet)
        assert check(found, CheckName.RECEIPT)[0] == "failed"
        assert found.attested_by == ()
    assert check(look(made, receipt_named=True), CheckName.RECEIPT)[0] == "failed"


def test_a_receipt_over_another_proof(made: Published, trusted: dict[str, TrustedKeys], tmp_path: Path) -> None:
    """A proof that nobody verified is not accepted on the strength of a receipt for another."""
    shutil.copytree(made.folder, tmp_path / "model")
    mine = Published(tmp_path / "model", made.statement)
    _, body = wire.unseal(MAGIC, {VERSION}, mine.file("audit.zkp").read_bytes(), "proof")
    flipped = body["row"][:-1] + bytes([body["row"][-1] ^ 1])
    mine.file("audit.zkp").write_bytes(wire.seal(MAGIC, VERSION, {**body, "row": flipped}))
    found = look(mine, trusted["both"], quorum=2, receipt_named=True)
    assert isinstance(found.error, Rejected)
    assert found.error.reason is Reason.WRONG_RECEIPT


def test_the_age_is_that_of_the_first_trusted_time(made: Published, trusted: dict[str, TrustedKeys]) -> None:
    # The challenge is three days old, the receipt one; Cleo's trust reaches neither.
    assert look(made, trusted["anna"], maximum_age=timedelta(days=3)).error is None
    old = look(made, trusted["anna"], maximum_age=timedelta(days=2))
    assert isinstance(old.error, PolicyNotMet)
    assert re.fullmatch(r"age: signed \S+Z, before \S+Z", str(old.error))
    assert check(old, CheckName.AGE)[0] == "failed"
    assert check(look(made, maximum_age=timedelta(days=9)), CheckName.AGE)[0] == "failed"
