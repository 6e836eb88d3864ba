"""`zkaudit publish` as a process and in it: what it prints, its exit codes, and that nothing is written on failure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Files, Program, make_files
from zkaudit import cli
from zkaudit.publishing.verification import verify_folder
from zkaudit.signing import generate_key, save_secret_key

CLAIM = "accuracy >= 0.9"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an audit with a proof of CLAIM, made once, and an owner's key."""
    made = make_files(tmp_path_factory.mktemp("audit"))
    arguments = [made.path("model.zkm"), "--opening", made.path("opening.zko"), "--claim", CLAIM]
    assert cli.run(["prove", *arguments, *public(made), "-o", made.path("audit.zkp")]) == 0
    save_secret_key(made.path("owner.zkk"), generate_key("owner"), b"a passphrase")
    (made.folder / "words.txt").write_text("a passphrase\n")
    return made


def public(files: Files, **changed: str) -> list[str]:
    """The options that name public files."""
    names = {"commitment": "commitment.json", "data": "heldout.npz"}
    return [part for key, name in names.items() for part in (f"--{key}", changed.get(key, files.path(name)))]


def test_as_a_process(audited: Files, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zkaudit", "publish", audited.path("audit.zkp"), *public(audited)]
    done = subprocess.run([*command, "--to", str(tmp_path)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"published {tmp_path}/zkaudit\n")
    assert CLAIM in done.stdout
    assert "warning: nobody signed the attestation" in done.stdout
    shown = verify_folder(tmp_path / "zkaudit", claim=CLAIM)
    assert shown.record.name == tmp_path.name
    again = subprocess.run([*command, "--to", str(tmp_path / "no")], capture_output=True, text=True, check=False)
    assert again.returncode == 3
    assert len(again.stderr.splitlines()) == 1
    assert again.stdout == ""


def test_signed(audited: Files, tmp_path: Path, program: Program) -> None:
    key = ["--key", audited.path("owner.zkk"), "--passphrase-file", audited.path("words.txt")]
    arguments = ["publish", audited.path("audit.zkp"), *public(audited), "--claim", CLAIM, *key]
    code, shown = program(*arguments, "--name", "acme/digits", "--withhold-data", "--to", str(tmp_path))
    assert (code, shown["status"], shown["warnings"]) == (0, "published", [])
    assert len(shown["signers"]) == 1
    assert shown["name"] == "acme/digits"
    assert "heldout.npz" not in shown["files"]
    assert sum(shown["files"].values()) == sum(path.stat().st_size for path in (tmp_path / "zkaudit").iterdir())


def test_every_published_json_says_what_it_is(audited: Files, tmp_path: Path, program: Program) -> None:
    key = ["--key", audited.path("owner.zkk"), "--passphrase-file", audited.path("words.txt")]
    folders = {"signed": key, "unsigned": []}
    for name, options in folders.items():
        arguments = ["publish", audited.path("audit.zkp"), *public(audited), "--claim", CLAIM, *options]
        (tmp_path / name).mkdir()
        assert program(*arguments, "--name", "acme/digits", "--to", str(tmp_path / name))[0] == 0
        kinds = {}
        for path in (tmp_path / name / "zkaudit").glob("*.json"):
            code, shown = program("inspect", str(path))
            assert (code, shown.get("version"), shown.get("secret")) == (0, 1, False), (path.name, shown)
            assert len(shown["digest"]) == 64
            assert sum(part["bytes"] for part in shown["parts"]) == shown["bytes"] == path.stat().st_size
            kinds[shown["kind"]] = shown["facts"]
        assert kinds.keys() == {"commitment", "attestation", "bill of materials"}
        attested = kinds["attestation"]
        assert (attested["says it was proved"], attested["of model"]) == (CLAIM, "acme/digits")
        assert attested["about 1"] == "commitment.json"
        assert ("says it is by 1" in attested) == (name == "signed")
        assert attested.get("signatures") == (None if name == "signed" else "none")
        assert kinds["bill of materials"]["component 1"] == "acme/digits"
    svr = tmp_path / "result.json"
    verified = [audited.path("audit.zkp"), *public(audited), "--claim", CLAIM, "--svr", str(svr)]
    assert program("verify", *verified)[0] == 0
    code, shown = program("inspect", str(svr))
    assert (code, shown["kind"]) == (0, "statement that nobody signed")
    assert shown["facts"]["about 2"] == "proof"


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b'{"payloadType": 1}',
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": [1]}',
        b'{"bomFormat": "SPDX"}',
    ],
)
def test_inspect_of_another_json_is_one_line(content: bytes, tmp_path: Path, program: Program) -> None:
    (tmp_path / "file").write_bytes(content)
    code, shown = program("inspect", str(tmp_path / "file"))
    assert code == 3
    assert shown["error"].isprintable()


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (
            b'{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}',
            {"predicate": "none", "signatures": "none"},
        ),
        (b'{"predicateType": 5, "predicate": [], "subject": {}}', {"predicate": "none"}),
        (
            b'{"predicateType": "t", "predicate": {"claim": 1, "timeCreated": "now"}, "subject": [1, {"name": "n"}]}',
            {"predicate": "t", "about 1": "none", "about 2": "n", "says it was made": "now"},
        ),
        (b'{"bomFormat": "CycloneDX", "components": 3}', {"CycloneDX": "none", "serial number": "none"}),
    ],
)
def test_inspect_shows_what_is_there(content: bytes, facts: dict[str, str], tmp_path: Path, program: Program) -> None:
    (tmp_path / "file").write_bytes(content)
    code, shown = program("inspect", str(tmp_path / "file"))
    assert (code, shown["facts"]) == (0, facts)


@pytest.mark.parametrize("members", [{f"k{n}": n for n in range(64)}, {"k" * 65: 1}])
def test_inspect_of_many_members_or_long_texts_is_short(
    members: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.dumps(members | {"predicateType": "t" * 3000, "subject": [{"name": "n" * 3000}] * 100})
    (tmp_path / "file").write_text(content)
    assert cli.run(["inspect", str(tmp_path / "file")]) == 0
    out, _ = capsys.readouterr()
    assert len(out) < 4000
    assert "members" in out
    assert "k1" not in out
    assert f"{'t' * 200}...\n" in out


def test_inspect_of_a_file_that_no_publication_has_is_one_line(tmp_path: Path, program: Program) -> None:
    for name in ("predicateType", "payloadType"):
        (tmp_path / "file").write_text(json.dumps({name: "t" * (1 << 20)}))
        code, shown = program("inspect", str(tmp_path / "file"))
        assert code == 3
        assert "bytes are too many" in shown["error"]


def test_a_secret_beside_the_folder_is_a_warning(audited: Files, tmp_path: Path, program: Program) -> None:
    shutil.copy(audited.path("owner.zkk"), tmp_path / "k\x1b[2J")
    code, shown = program("publish", audited.path("audit.zkp"), *public(audited), "--name", "m", "--to", str(tmp_path))
    assert code == 0
    assert "k\x1b[2J is secret" in shown["warnings"][0]
    assert cli.run(["publish", audited.path("audit.zkp"), *public(audited), "--name", "m", "--to", str(tmp_path)]) == 0


def test_no_escape_reaches_the_terminal(audited: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(audited.path("owner.zkk"), tmp_path / "k\x1b[2J")
    cli.run(["publish", audited.path("audit.zkp"), *public(audited), "--name", "m", "--to", str(tmp_path)])
    cli.run(["publish", audited.path("audit.zkp"), *public(audited), "--name", "m\x1b[2J", "--to", str(tmp_path)])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


@pytest.mark.parametrize("name", ["model.zkm", "opening.zko", "owner.zkk"])
def test_a_secret_is_refused(audited: Files, tmp_path: Path, program: Program, name: str) -> None:
    shutil.copy(audited.path(name), tmp_path / "public.json")
    (tmp_path / "model").mkdir()
    secret = str(tmp_path / "public.json")
    for arguments in (
        [audited.path("audit.zkp"), *public(audited, commitment=secret)],
        [audited.path("audit.zkp"), *public(audited, data=secret)],
        [secret, *public(audited)],
        [audited.path("audit.zkp"), *public(audited), "--challenge", secret],
        [audited.path("audit.zkp"), *public(audited), "--receipt", secret],
    ):
        code, shown = program("publish", *arguments, "--to", str(tmp_path / "model"))
        assert code == 3
        assert "never published" in shown["error"]
    assert os.listdir(tmp_path / "model") == []


def test_a_false_proof_is_refused(audited: Files, tmp_path: Path, program: Program) -> None:
    publish = ["publish", audited.path("audit.zkp")]
    code, shown = program(*publish, *public(audited), "--claim", "accuracy >= 0.95", "--to", str(tmp_path))
    assert (code, shown["reason"]) == (1, "wrong-claim")
    other = audited.heldout(np.roll(audited.labels, 1) * 0)
    code, shown = program(*publish, *public(audited, data=other), "--to", str(tmp_path))
    assert (code, shown["reason"]) == (1, "wrong-data")
    assert os.listdir(tmp_path) == []


def test_other_things_in_the_folder(audited: Files, tmp_path: Path, program: Program) -> None:
    (tmp_path / "zkaudit").mkdir()
    (tmp_path / "zkaudit" / "notes.txt").write_text("mine")
    arguments = ["publish", audited.path("audit.zkp"), *public(audited), "--to", str(tmp_path)]
    code, shown = program(*arguments)
    assert code == 3
    assert "--force" in shown["error"]
    assert (tmp_path / "zkaudit" / "notes.txt").read_text() == "mine"
    assert program(*arguments, "--force")[0] == 0
    assert not (tmp_path / "zkaudit" / "notes.txt").exists()
    assert program(*arguments)[0] == 0
    before = sorted((tmp_path / "zkaudit").iterdir())
    assert program(*arguments, "--key", audited.path("owner.zkk"))[0] == 3  # nobody to ask for a passphrase
    assert sorted((tmp_path / "zkaudit").iterdir()) == before


def test_usage(audited: Files) -> None:
    assert cli.run(["publish", audited.path("audit.zkp"), *public(audited)]) == 2
    assert cli.run(["publish"]) == 2
