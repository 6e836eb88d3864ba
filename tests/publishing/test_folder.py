"""The folder appears whole or not at all, replaces nothing but a publication, and never holds a secret."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.conftest import Audit
from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.publishing import folder
from zkaudit.publishing.folder import FOLDER, guard_destination, place, secrets_within

CONTENTS = {"commitment.json": b"{}", "audit.zkp": b"proof"}
SECRETS = ("model.zkm", "opening.zko", "opening.zks", "owner.zkk")


def tree(parent: Path) -> dict[str, bytes]:
    """Every file under a folder, hidden ones too."""
    found = [Path(place_) / name for place_, _, names in os.walk(parent) for name in names]
    return {os.fspath(path.relative_to(parent)): path.read_bytes() for path in found}


def test_a_new_folder(tmp_path: Path) -> None:
    assert place(CONTENTS, tmp_path, force=False) == tmp_path / FOLDER
    assert tree(tmp_path) == {f"zkaudit/{name}": data for name, data in CONTENTS.items()}
    assert os.listdir(tmp_path) == [FOLDER]


def test_an_earlier_publication_is_replaced(tmp_path: Path) -> None:
    place({**CONTENTS, "receipt.json": b"old"}, tmp_path, force=False)
    place({"audit.zkp": b"new"}, tmp_path, force=False)
    assert tree(tmp_path) == {"zkaudit/audit.zkp": b"new"}
    assert os.listdir(tmp_path) == [FOLDER]


@pytest.mark.parametrize("other", ["notes.txt", "audit.zkp/x", ".hidden", "a\x1b[2J"])
def test_other_things_are_kept(tmp_path: Path, other: str) -> None:
    path = tmp_path / FOLDER / other
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    before = tree(tmp_path)
    with pytest.raises(InvalidInput, match="no part of a publication") as caught:
        place(CONTENTS, tmp_path, force=False)
    assert str(caught.value).isprintable()
    assert tree(tmp_path) == before
    place(CONTENTS, tmp_path, force=True)
    assert tree(tmp_path) == {f"zkaudit/{name}": data for name, data in CONTENTS.items()}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", ["mine.bin", "sub/audit.zkp", "commitment.json"])
def test_a_secret_is_never_replaced(audit: Audit, tmp_path: Path, secret: str, name: str) -> None:
    path = tmp_path / FOLDER / name
    path.parent.mkdir(parents=True)
    shutil.copy(audit.folder / secret, path)
    before = tree(tmp_path)
    for force in (True, False):
        with pytest.raises(InvalidInput, match="a secret in the folder to be replaced; move it away"):
            place(CONTENTS, tmp_path, force=force)
    assert tree(tmp_path) == before


def test_what_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a folder"):
        guard_destination(tmp_path / "no", force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidInput, match="not a folder"):
        guard_destination(tmp_path / "file", force=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="is not a folder"):
        guard_destination(tmp_path, force=True)
    (tmp_path / FOLDER).unlink()
    (tmp_path / FOLDER).write_bytes(b"a file")
    with pytest.raises(InvalidInput, match="is not a folder"):
        guard_destination(tmp_path, force=True)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_among_the_files(audit: Audit, tmp_path: Path, secret: str) -> None:
    """The finished folder is read again, so that no way past the check of the inputs ends in a published secret."""
    content = (audit.folder / secret).read_bytes()
    for data in (content, b"PK\x03\x04" + content):
        with pytest.raises(InvalidInput, match="never published"):
            place({**CONTENTS, "heldout.npz": data}, tmp_path, force=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN AGE ENCRYPTED FILE-----\n",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"-----BEGIN EC PRIVATE KEY-----\n",
        b"AGE-SECRET-KEY-1ABC",
    ],
)
def test_keys_of_other_tools(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="never published"):
        place({"audit.zkp": b"\n" + data}, tmp_path, force=False)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["notes.txt", "../audit.zkp"])
def test_no_file_beside_those_of_a_publication(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "model"
    inner.mkdir()
    with pytest.raises(ValueError, match="not files of a publication"):
        place({name: b"x"}, inner, force=False)
    assert not (inner / FOLDER).exists()


def fail_at(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, call: int) -> None:
    """The given call of a function fails as on a full disk; earlier and later ones do not."""
    original, calls = getattr(target, name), [0]

    def failing(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise OSError(28, "No space left on device")
        return original(*arguments, **named)

    monkeypatch.setattr(target, name, failing)


FAULTS = [(os, "fsync", 1), (os, "fsync", 2), (wire, "_place_new", 2), (os, "rename", 1)]


@pytest.mark.parametrize(
    ("earlier", "target", "name", "call"),
    # The second renaming is of the new folder where an old one has stepped aside.
    [*((earlier, *fault) for fault in FAULTS for earlier in (False, True)), (True, os, "rename", 2)],
)
def test_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool, target: Any, name: str, call: int
) -> None:
    if earlier:
        place({"audit.zkp": b"earlier", "receipt.json": b"r"}, tmp_path, force=False)
    before = tree(tmp_path)
    with monkeypatch.context() as patch:
        fail_at(patch, target, name, call)
        with pytest.raises(InvalidInput, match="No space left"):
            place(CONTENTS, tmp_path, force=False)
    assert tree(tmp_path) == before
    assert os.listdir(tmp_path) == ([FOLDER] if earlier else [])


def test_an_interruption_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place({"audit.zkp": b"earlier"}, tmp_path, force=False)
    original, calls = os.rename, []

    def interrupted(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        original(source, target)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        place(CONTENTS, tmp_path, force=False)
    assert tree(tmp_path) == {"zkaudit/audit.zkp": b"earlier"}
    assert len(calls) == 3


def test_secrets_under_a_folder(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    shutil.copy(audit.folder / "model.zkm", tmp_path / "deep" / "er" / "weights.bin")
    shutil.copy(audit.folder / "opening.zko", tmp_path / "a.zko")
    (tmp_path / "link").symlink_to(audit.folder / "model.zkm")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert secrets_within(tmp_path) == ("a.zko", "deep/er/weights.bin")
    monkeypatch.setattr(folder, "MAX_SEARCHED", 1)
    assert secrets_within(tmp_path) == ("a.zko",)
