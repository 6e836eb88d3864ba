"""Keyrings: each key once, each proof of possession checked when it was added."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.signers import altered, edited, signer, stranger
from zkaudit.errors import InvalidInput, Rejected
from zkaudit.signing import suite
from zkaudit.signing.key_files import public_key_bytes, save_public_key
from zkaudit.signing.keyring import (
    find_key,
    keyring_bytes,
    load_keyring,
    load_trusted_keys,
    parse_keyring,
    save_keyring,
)
from zkaudit.signing.keys import PublicKey


def ring() -> bytes:
    return keyring_bytes([signer(0).public, signer(1).public])


def test_a_keyring_keeps_its_keys(tmp_path: Path) -> None:
    save_keyring(tmp_path / "trusted.json", [signer(1).public, signer(0).public])
    assert (tmp_path / "trusted.json").read_bytes() == ring()
    keys = load_keyring(tmp_path / "trusted.json")
    assert {key.name for key in keys} == {"Ada", "Björn"}
    assert all(key.proven for key in keys)
    assert parse_keyring(keyring_bytes([])) == ()


def test_only_checked_keys_are_added() -> None:
    with pytest.raises(ValueError, match="possession"):
        keyring_bytes([stranger(signer().public)])


def test_keys_are_in_order_and_once() -> None:
    keys = json.loads(ring())["keys"]
    for wrong in (keys[::-1], [keys[0], keys[0]], [keys[0], {**keys[0], "name": "Eve"}], keys * 600):
        with pytest.raises(InvalidInput):
            parse_keyring(altered(ring(), keys=wrong))


def test_trusted_keys_of_both_kinds_of_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ring.json").write_bytes(ring())
    save_public_key(tmp_path / "ada.pub.json", PublicKey(**{**_plain(0), "name": "Another name"}))
    save_public_key(tmp_path / "chidi.pub.json", signer(2).public)
    checked = []
    real = suite.is_possessed
    monkeypatch.setattr(suite, "is_possessed", lambda key, proof: checked.append(key) or real(key, proof))
    paths = [tmp_path / name for name in ("ring.json", "ada.pub.json", "chidi.pub.json", "chidi.pub.json")]
    keys = load_trusted_keys(paths)
    # The key ring's were checked before, and the one that it holds already is not checked again.
    assert checked == [signer(2).public.key]
    assert sorted(key.name for key in keys) == ["Ada", "Björn", "Chidi"]
    assert all(key.proven for key in keys)
    assert load_trusted_keys([]) == ()


def _plain(number: int) -> dict[str, object]:
    public = signer(number).public
    return {"key": public.key, "possession": public.possession}


def test_a_rogue_key_is_not_trusted(tmp_path: Path) -> None:
    evil = PublicKey(key=signer(0).public.key, possession=signer(1).public.possession, name="Ada")
    (tmp_path / "evil.pub.json").write_bytes(public_key_bytes(evil))
    with pytest.raises(Rejected, match="possession"):
        load_trusted_keys([tmp_path / "evil.pub.json"])


def test_keys_are_found_by_the_key_and_not_by_the_name() -> None:
    keys = [signer(0).public, signer(1).public]
    renamed = PublicKey(**_plain(1), name="Ada")  # type: ignore[arg-type]
    found = find_key(keys, renamed)
    assert found is not None
    assert found.name == "Björn"
    assert find_key(keys, signer(2).public) is None


@given(st.data())
def test_any_keyring_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(InvalidInput):
        parse_keyring(data.draw(edited(ring)))
