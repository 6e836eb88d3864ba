"""An audit by people in directories of their own, told by docs/audit.md, and the frauds that its table names."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.play.frauds import FRAUDS, GATE, Attempt
from tests.play.script import Handwritten, Line, Row, agrees, scenes, table
from tests.play.stage import ACTORS, Ended, Stage, set_up
from tests.play.workshop import Workshop


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The honest play, to its end; after each line nothing secret lies in public."""
    made = set_up(tmp_path_factory.mktemp("play") / "stage")
    said: dict[str, str] = {}
    for scene in scenes():
        if isinstance(scene, Handwritten):
            text = scene.text
            for row, words in (("commitment", "DIGEST THAT THE OWNER SIGNED"), ("data", "DIGEST THAT ADA NAMED")):
                (digest,) = re.findall(rf"^  {row} +([0-9a-f]{{64}})$", said["zkaudit challenge"], re.MULTILINE)
                assert words in text
                text = text.replace(words, digest)
            made.of(scene.actor, scene.name).write_text(text)
        else:
            ended = perform(made, scene)
            said[" ".join(scene.command.split()[:2])] = ended.out
        made.require_no_secret_in_public()
    return made


def perform(stage: Stage, line: Line) -> Ended:
    """A line of the honest play, which ends well and prints what the guide shows."""
    ended = stage.run(line.actor, line.command)
    assert ended.code == 0, f"{line.actor}$ {line.command}\n{ended.error}"
    assert not line.shown or agrees(line.shown, ended.out), f"{line.command}\n{ended.out}"
    return ended


def files_of(folder: Path) -> dict[str, str]:
    """Every file below a folder by the digest of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def ends(stage: Stage, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Future]:
    """How the attempt of each chosen fraud ended; commands run beside each other, since each waits for its own."""
    folder = tmp_path_factory.mktemp("frauds")
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    titles = [call.params["row"].title for call in chosen if call and isinstance(call.params.get("row"), Row)]
    found: dict[str, Future] = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for number, title in enumerate(titles):
            shop = Workshop(stage=stage.copied(folder / str(number)), origin=stage)
            attempt = FRAUDS[title](shop) or GATE
            found[title] = pool.submit(shop.stage.run, attempt.actor, attempt.command)
    return found


def test_the_play(stage: Stage) -> None:
    assert {path.name for path in stage.public.iterdir()} >= {"audit.zkp", "receipt.json", "digits"}
    assert len(json.loads((stage.published / "receipt.json").read_text())["signers"]) == 3
    for actor in ACTORS:
        assert list(stage.of(actor, "home").iterdir()) == []


def test_the_table_names_every_fraud_once() -> None:
    assert len(table()) == len(FRAUDS) >= 14
    assert {row.title for row in table()} == set(FRAUDS)


@pytest.mark.parametrize("row", table(), ids=lambda row: row.title)
def test_fraud(row: Row, stage: Stage, ends: dict[str, Future]) -> None:
    ended: Ended = ends[row.title].result()
    assert (ended.code, ended.out) == (row.code, ""), ended
    assert ended.error.endswith("\n")
    (line,) = ended.error.splitlines()
    assert agrees(row.line, line), line


def test_the_honest_folder_still_passes(stage: Stage, tmp_path: Path) -> None:
    """After all frauds, and for machines: every verdict of several in one run, its exit code that of the worst."""
    assert stage.run(GATE.actor, GATE.command).code == 0
