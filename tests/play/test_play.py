"""An audit by people in directories of their own, told by docs/audit.md, and the frauds that its table names."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.play.frauds import FRAUDS, GATE, Attempt
from tests.play.script import Handwritten, Line, Row, agrees, command_of, scenes, table
from tests.play.stage import ACTORS, Ended, Stage, set_up
from tests.play.workshop import Workshop


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The honest play, to its end; after each line nothing secret lies in public."""
    made = set_up(tmp_path_factory.mktemp("play") / "stage")
    said: dict[str, str] = {}
    # Nothing comes before the keys, and each takes seconds by design: they are made beside each other.
    with ThreadPoolExecutor(max_workers=2) as pool:
        lines = [scene for scene in scenes() if isinstance(scene, Line) and " key new " in scene.command]
        keys = {line: pool.submit(perform, made, line) for line in lines}
    for scene in scenes():
        if isinstance(scene, Handwritten):
            text = scene.text
            for row, words in (("commitment", "DIGEST THAT THE OWNER SIGNED"), ("data", "DIGEST THAT ADA NAMED")):
                (digest,) = re.findall(rf"^  {row} +([0-9a-f]{{64}})$", said["zkaudit challenge"], re.MULTILINE)
                assert words in text
                text = text.replace(words, digest)
            made.of(scene.actor, scene.name).write_text(text)
        else:
            ended = keys[scene].result() if scene in keys else perform(made, scene)
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
def before(stage: Stage) -> dict[str, str]:
    """The files of the honest play before any fraud."""
    return files_of(stage.folder)


Ends = dict[str, tuple[Attempt, Future[Ended]]]


@pytest.fixture(scope="module")
def ends(
    stage: Stage,
    before: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Ends:
    """How the attempt of each chosen fraud ended; commands run beside each other, since each waits for its own."""
    folder = tmp_path_factory.mktemp("frauds")
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    titles = [call.params["row"].title for call in chosen if call and isinstance(call.params.get("row"), Row)]
    found: Ends = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for number, title in enumerate(titles):
            shop = Workshop(stage=stage.copied(folder / str(number)), origin=stage)
            attempt = FRAUDS[title](shop) or GATE
            found[title] = attempt, pool.submit(shop.stage.run, attempt.actor, attempt.command)
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
def test_fraud(row: Row, ends: Ends) -> None:
    attempt, future = ends[row.title]
    if row.by == "gate":
        assert attempt == GATE
    else:
        actor, command = row.by.lower().split(", ")
        assert (attempt.actor, attempt.command) == (actor, command_of(actor, command.strip("`")))
    ended = future.result()
    assert (ended.code, ended.out) == (row.code, ""), ended
    assert ended.error.endswith("\n")
    (line,) = ended.error.splitlines()
    assert agrees(row.line, line), line


def test_for_machines_too(stage: Stage, tmp_path: Path) -> None:
    """The honest folder beside two that are not, in one run: each has its verdict, and the worst is the exit code."""
    copied = stage.copied(tmp_path / "stage")
    titles = ("The claim in the proof file is a stronger one", "A number in `model-index.yml` is edited")
    for name, title in zip(("claimed", "carded"), titles, strict=True):
        other = replace(copied, model=name)
        shutil.copytree(stage.published, other.published)
        FRAUDS[title](Workshop(stage=other, origin=stage))
    command = GATE.command.replace("public/digits", "public/digits public/claimed public/carded")
    ended = copied.run(GATE.actor, f"{command} --format json")
    shown = json.loads(ended.out)
    assert (ended.code, ended.error, shown["exit_code"]) == (1, "", 1)
    assert [one["status"] for one in shown["results"]] == ["verified", "invalid", "invalid"]
    assert [one["reason"] for one in shown["results"]] == [None, "wrong-claim", "wrong-attestation"]
    assert {check["state"] for check in shown["results"][0]["checks"]} == {"passed"}
    ended = copied.run(GATE.actor, f"{command} --format github")
    assert (ended.code, ended.error) == (1, "")
    kinds = [line.partition(" ")[0] for line in ended.out.splitlines()]
    assert kinds == ["::notice", "::error", "::error"]


def test_the_honest_play_is_as_it_was(stage: Stage, before: dict[str, str], ends: Ends) -> None:
    """After all frauds: nobody has touched it, and it passes."""
    assert files_of(stage.folder) == before
    assert stage.run(GATE.actor, GATE.command).code == 0


def test_a_secret_in_public_is_seen(stage: Stage, tmp_path: Path) -> None:
    """The check of each hand-over is one: it sees every secret, whole or in part, and has some to look for."""
    copied = stage.copied(tmp_path / "stage")
    secrets = copied.secrets()
    assert len(secrets) == len(ACTORS) + 7
    for name, secret in secrets.items():
        seen = copied.public / "digits" / "seen.txt"
        # The second half: age files begin alike.
        seen.write_bytes(b"before" + secret[len(secret) // 48 * 24 :] + b"after")
        with pytest.raises(AssertionError, match=name):
            copied.require_no_secret_in_public()
