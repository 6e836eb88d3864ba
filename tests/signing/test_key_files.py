"""Key files: the secret under a passphrase in an age file, the public half as a document.

age spends about a second on every passphrase, so one file serves all tests.
"""

from __future__ import annotations

import stat
import sys
from contextlib import suppress
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.signers import altered, edited, signer
from tests.signing.test_suite import rogue
from zkaudit.errors import InvalidInput, Reason, Rejected, UnsupportedVersion
from zkaudit.signing import suite
from zkaudit.signing.key_files import (
    MAXIMUM_WORK,
    _read_secret,
    load_public_key,
    load_secret_key,
    parse_public_key,
    parse_secret_key,
    public_key_bytes,
    save_public_key,
    save_secret_key,
)
from zkaudit.signing.keys import PublicKey

PASSPHRASE = "pa ss ☂".encode()


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "ada.zkk"
    save_secret_key(path, signer(), PASSPHRASE)
    return path


def test_a_secret_key_file(secret_file: Path) -> None:
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    loaded = load_secret_key(secret_file, PASSPHRASE)
    assert loaded.secret == signer().secret
    assert loaded.public == signer().public
    data = secret_file.read_bytes()
    assert signer().to_bytes() not in data
    assert signer().to_bytes().hex().encode() not in data
    # An ordinary age file: its own library opens it without this project.
    text = pyrage.passphrase.decrypt(data, PASSPHRASE.decode())
    assert signer().to_bytes().hex().encode() in text


def test_a_wrong_passphrase_is_one_line(secret_file: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_secret_key(secret_file, b"wrong")
    assert "wrong passphrase" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nothing_is_overwritten(secret_file: Path) -> None:
    before = secret_file.read_bytes()
    with pytest.raises(InvalidInput, match="exists already"):
        save_secret_key(secret_file, signer(1), PASSPHRASE)
    assert secret_file.read_bytes() == before


@pytest.mark.parametrize("passphrase", [b"", b"\xff\xfe"])
def test_passphrases_that_are_none(secret_file: Path, passphrase: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="passphrase"):
        load_secret_key(secret_file, passphrase)
    with pytest.raises(InvalidInput, match="passphrase"):
        save_secret_key(tmp_path / "x.zkk", signer(), passphrase)
    assert not list(tmp_path.iterdir())


def test_a_missing_key_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        load_secret_key(tmp_path / "absent.zkk", PASSPHRASE)
    others = pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])
    for data in (b"", b"age", public_key_bytes(signer().public), b"age-encryption.org/v1\n", others):
        with pytest.raises(InvalidInput):
            parse_secret_key(data, PASSPHRASE)


def test_the_cost_of_a_strangers_file_is_bounded(secret_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda *_: pytest.fail("tried"))
    head, rest = secret_file.read_bytes().split(b"\n--- ", 1)
    lines = head.split(b"\n")
    for work in (MAXIMUM_WORK + 1, 63, 99):
        lines[1] = b" ".join([*lines[1].split(b" ")[:3], b"%d" % work])
        with pytest.raises(InvalidInput, match="work factor"):
            parse_secret_key(b"\n".join(lines) + b"\n--- " + rest, PASSPHRASE)
    for work in (b"0", b"018", b"-1", b"100", b"x"):
        lines[1] = b" ".join([*lines[1].split(b" ")[:3], work])
        with pytest.raises(InvalidInput, match="other recipients"):
            parse_secret_key(b"\n".join(lines) + b"\n--- " + rest, PASSPHRASE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"format": "zkaudit-secret-key", "version": 1, "name": "x", "secret": "' + b"00" * 32 + b'"}',
        b'{"format": "zkaudit-secret-key", "version": 1, "name": "x", "secret": "' + b"ff" * 32 + b'"}',
        b'{"format": "zkaudit-secret-key", "version": 1, "name": "", "secret": "' + b"01" * 32 + b'"}',
        b'{"format": "zkaudit-secret-key", "version": 1, "name": "x", "secret": "' + b"01" * 31 + b'"}',
    ],
)
def test_what_a_decrypted_file_may_hold(text: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a secret key of zkaudit") as caught:
        _read_secret(text, "x")
    assert caught.value.__cause__ is None


def test_a_later_version_is_named() -> None:
    with pytest.raises(UnsupportedVersion):
        _read_secret(b'{"format": "zkaudit-secret-key", "version": 2}', "x")


def test_without_the_library_the_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, secret_file: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(InvalidInput, match=r"pip install 'zkaudit\[sign\]'"):
        load_secret_key(secret_file, PASSPHRASE)


def test_a_public_key_file(tmp_path: Path) -> None:
    path = tmp_path / "ada.pub.json"
    save_public_key(path, signer().public)
    loaded = load_public_key(path)
    assert loaded == signer().public
    assert loaded.proven
    assert not parse_public_key(path.read_bytes()).proven
    with pytest.raises(InvalidInput, match="exists already"):
        save_public_key(path, signer(1).public)


def test_a_public_key_without_possession_is_refused(tmp_path: Path) -> None:
    key = PublicKey(key=rogue([signer().public.key], 77), possession=suite.prove_possession(77), name="Mallory")
    save_public_key(tmp_path / "mallory.pub.json", key)
    with pytest.raises(Rejected) as caught:
        load_public_key(tmp_path / "mallory.pub.json")
    assert caught.value.reason is Reason.BAD_KEY


def test_the_fingerprint_is_that_of_the_key() -> None:
    text = public_key_bytes(signer().public)
    for changes in ({"fingerprint": "00" * 32}, {"key": signer(1).public.key.hex()}, {"fingerprint": None}):
        with pytest.raises(InvalidInput):
            parse_public_key(altered(text, **changes))
    with pytest.raises(UnsupportedVersion):
        parse_public_key(altered(text, version=2))


@given(st.data())
def test_any_public_key_file_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(InvalidInput):
        parse_public_key(data.draw(edited(lambda: public_key_bytes(signer().public))))


@given(st.binary(max_size=60))
def test_any_secret_key_file_is_refused(data: bytes) -> None:
    for prefix in (b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> scrypt "):
        with pytest.raises(InvalidInput):
            parse_secret_key(prefix + data, PASSPHRASE)
