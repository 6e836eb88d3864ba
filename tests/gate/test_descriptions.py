"""What lies beside a proof for other tools: held against the verdict, and against nothing less."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.published import CLAIM, Published, publish
from zkaudit.claim import parse_claim
from zkaudit.errors import InvalidInput, Rejected
from zkaudit.gate import CheckName, Examination, State, examine, find_evidence
from zkaudit.publishing.evidence import Sources
from zkaudit.publishing.publication import publish as describe


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A folder that `zkaudit publish` has laid out."""
    bare = publish(tmp_path_factory.mktemp("bare"))
    folder = tmp_path_factory.mktemp("whole") / "model"
    folder.mkdir()
    files = (bare.file("audit.zkp"), bare.file("commitment.json"), bare.file("heldout.npz"))
    describe(Sources(proof=files[0], commitment=files[1], data=files[2]), folder, claim=CLAIM)
    return Published(folder, bare.statement)


@pytest.fixture
def mine(made: Published, tmp_path: Path) -> Published:
    shutil.copytree(made.folder, tmp_path / "model")
    return Published(tmp_path / "model", made.statement)


def look(published: Published) -> Examination:
    return examine(find_evidence(published.folder), claim=parse_claim(CLAIM))


def state(found: Examination) -> State:
    return next(check.state for check in found.checks if check.name is CheckName.DESCRIPTIONS)


def test_true_descriptions(made: Published) -> None:
    found = look(made)
    found.require()
    assert state(found) is State.PASSED


def test_a_file_by_itself_has_none(made: Published) -> None:
    evidence = find_evidence(
        made.file("audit.zkp"), commitment=made.file("commitment.json"), data=made.file("heldout.npz")
    )
    found = examine(evidence, claim=parse_claim(CLAIM))
    (check,) = [one for one in found.checks if one.name is CheckName.DESCRIPTIONS]
    assert (check.state, check.reason) == (State.SKIPPED, "there is none beside the proof")


@pytest.mark.parametrize("name", ["model-index.yml", "cyclonedx.json"])
def test_an_edited_description_is_false(mine: Published, name: str) -> None:
    path = mine.file(name)
    before = path.read_text()
    edited = before.replace("0.9", "0.99")
    assert edited != before
    path.write_text(edited)
    found = look(mine)
    assert isinstance(found.error, Rejected)
    assert state(found) is State.FAILED


@pytest.mark.parametrize("name", ["claim.intoto.json", "model-index.yml", "cyclonedx.json"])
def test_one_that_is_missing_or_damaged(mine: Published, name: str) -> None:
    content = mine.file(name).read_bytes()
    mine.file(name).write_bytes(content[:-30])
    assert isinstance(look(mine).error, (InvalidInput, Rejected))
    mine.file(name).unlink()
    found = look(mine)
    assert isinstance(found.error, InvalidInput)
    assert state(found) is State.FAILED
