"""Which files an audit is made of, by name or by folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from zkaudit.errors import InvalidInput
from zkaudit.gate.evidence import find_evidence

NAMES = ("audit.zkp", "commitment.json", "heldout.npz", "challenge.json", "receipt.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    audit = tmp_path / "model" / "zkaudit"
    audit.mkdir(parents=True)
    for name in NAMES:
        (audit / name).touch()
    return tmp_path / "model"


def test_a_folder_and_the_one_above_it(folder: Path) -> None:
    for subject in (folder, folder / "zkaudit"):
        found = find_evidence(subject)
        paths = (found.proof, found.commitment, found.data, found.challenge, found.receipt)
        assert paths == tuple(folder / "zkaudit" / name for name in NAMES)
        assert found.subject == subject
        assert not found.receipt_named
        assert not found.challenge_named


def test_what_is_given_goes_before_what_lies_there(folder: Path) -> None:
    found = find_evidence(folder, commitment="c", data="d", challenge="h", receipt="r")
    assert (found.commitment, found.data, found.challenge, found.receipt) == tuple(map(Path, "cdhr"))
    assert found.receipt_named
    assert found.challenge_named


def test_what_is_not_published_is_not_there(folder: Path) -> None:
    for name in NAMES[2:]:
        (folder / "zkaudit" / name).unlink()
    with pytest.raises(InvalidInput, match="no held-out set"):
        find_evidence(folder)
    found = find_evidence(folder, data="d")
    assert (found.challenge, found.receipt) == (None, None)


def test_a_file_takes_nothing_from_beside_it(folder: Path) -> None:
    proof = folder / "zkaudit" / "audit.zkp"
    for given in ({}, {"commitment": "c"}, {"data": "d"}):
        with pytest.raises(InvalidInput):
            find_evidence(proof, **given)
    found = find_evidence(proof, commitment="c", data="d")
    assert (found.proof, found.challenge, found.receipt) == (proof, None, None)
