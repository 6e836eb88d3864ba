"""The commands around a proof: keys, signatures, challenges, receipts, commitments to data."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import numpy as np
import pytest

from tests.cli.conftest import SAMPLES, Files, Program, make_files
from tests.imports import ROOT
from tests.signers import NAMES, altered, signer
from tests.signing.test_suite import rogue
from zkaudit import challenge as challenges
from zkaudit import cli, documents
from zkaudit.challenge import load_challenge
from zkaudit.receipt import load_receipt
from zkaudit.signing import key_files, suite
from zkaudit.signing.key_files import public_key_bytes, save_public_key, save_secret_key
from zkaudit.signing.keyring import save_keyring
from zkaudit.signing.keys import PublicKey

CLAIM = f"correct >= {SAMPLES // 2}"
PASSPHRASE = "open sesame"


class QuickAge:
    """age's interface with a passphrase that costs nothing; the real one is tested beside its own module."""

    class DecryptError(Exception):
        """What the library raises."""

    class passphrase:  # noqa: N801
        """The module of that name."""

        HEAD = key_files.AGE_MAGIC + b"-> scrypt " + b"A" * 22 + b" 10\n"

        @classmethod
        def encrypt(cls, text: bytes, words: str) -> bytes:
            return cls.HEAD + hashlib.sha256(words.encode()).digest() + text

        @classmethod
        def decrypt(cls, data: bytes, words: str) -> bytes:
            start = len(cls.HEAD)
            if data[start : start + 32] != hashlib.sha256(words.encode()).digest():
                raise QuickAge.DecryptError
            return data[start + 32 :]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick key files, and a passphrase that nobody has to type."""
    monkeypatch.setattr(key_files, "_age", lambda: QuickAge)
    monkeypatch.setenv("ZKAUDIT_PASSPHRASE", PASSPHRASE)


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """An owner's and three auditors' files, a challenge and the proof that answers it."""
    made = make_files(tmp_path_factory.mktemp("play"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_files, "_age", lambda: QuickAge)
        patch.setenv("ZKAUDIT_PASSPHRASE", PASSPHRASE)
        for number, name in enumerate(NAMES):
            save_secret_key(made.path(f"{name}.zkk"), signer(number), PASSPHRASE.encode())
            save_public_key(made.path(f"{name}.pub.json"), signer(number).public)
        save_keyring(made.path("trusted.json"), [signer(number).public for number in range(3)])
        assert cli.run(ask(made)) == 0
        assert cli.run(answer(made)) == 0
        assert cli.run(confirm(made)) == 0
    return made


def ask(files: Files, output: str = "challenge.json", *more: str) -> list[str]:
    """Ada's challenge."""
    public = ["--commitment", files.path("commitment.json"), "--data", files.path("heldout.npz")]
    return ["challenge", *public, "--claim", CLAIM, "--key", files.path("Ada.zkk"), "-o", files.path(output), *more]


def answer(files: Files, *more: str, ticket: str = "challenge.json", output: str = "audit.zkp") -> list[str]:
    """The owner's proof."""
    names = {"opening": "opening.zko", "commitment": "commitment.json", "data": "heldout.npz", "challenge": ticket}
    options = [text for name, value in names.items() for text in (f"--{name}", files.path(value))]
    return ["prove", files.path("model.zkm"), *options, "-o", files.path(output), *more]


def confirm(files: Files, *more: str, key: str = "Ada", output: str = "receipt.json") -> list[str]:
    """An auditor's receipt."""
    names = {"commitment": "commitment.json", "data": "heldout.npz", "challenge": "challenge.json", "key": f"{key}.zkk"}
    options = [text for name, value in names.items() for text in (f"--{name}", files.path(value))]
    return ["countersign", files.path("audit.zkp"), *options, "-o", files.path(output), *more]


def test_a_new_key(tmp_path: Path, program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "me.zkk"
    code, shown = program("key", "new", str(secret), "--name", "Auditor One")
    assert (code, shown["status"], shown["public"]) == (0, "made", str(tmp_path / "me.pub.json"))
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    for file, kind in (("me.zkk", "secret key"), ("me.pub.json", "public key")):
        code, seen = program("key", "show", str(tmp_path / file))
        assert (code, seen["kind"], seen["possession"]) == (0, kind, True)
        assert (seen["name"], seen["fingerprint"]) == ("Auditor One", shown["fingerprint"])
    again = str(tmp_path / "again.pub.json")
    assert program("key", "show", str(secret), "--public", again)[0] == 0
    assert Path(again).read_bytes() == (tmp_path / "me.pub.json").read_bytes()
    assert program("key", "show", str(secret), "--public", again)[0] == 3
    assert program("key", "show", again, "--public", str(tmp_path / "third"))[0] == 2
    before = secret.read_bytes()
    code, refused = program("key", "new", str(secret), "--name", "Again")
    assert (code, refused["reason"]) == (3, "invalid-input")
    assert "holds a secret" in refused["error"]
    assert secret.read_bytes() == before
    assert cli.run(["inspect", str(secret)]) == 0
    out, _ = capsys.readouterr()
    assert "age file" in out


def test_names_of_new_keys(tmp_path: Path, program: Program) -> None:
    code, shown = program("key", "new", str(tmp_path / "k.zkk"), "--name", "\x1b[31m")
    assert (code, list(tmp_path.iterdir())) == (3, [])
    assert "\x1b" not in shown["error"]
    one = str(tmp_path / "k")
    assert program("key", "new", one, "--name", "x", "--public", one)[0] == 3


def test_passphrases(tmp_path: Path, program: Program, play: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = ["sign", play.path("commitment.json"), "--key", play.path("Ada.zkk"), "-o", str(tmp_path / "s.json")]
    for text, words in (
        ("wrong", "wrong passphrase, or a damaged file"),
        ("", "an empty passphrase"),
    ):
        monkeypatch.setenv("ZKAUDIT_PASSPHRASE", text)
        code, shown = program(*signed)
        assert code == 3
        assert words in shown["error"]
    (tmp_path / "word").write_text(PASSPHRASE + "\n")
    assert program(*signed, "--passphrase-file", str(tmp_path / "word"))[0] == 0
    (tmp_path / "word").write_text("\n")
    assert "empty" in program(*signed, "--passphrase-file", str(tmp_path / "word"))[1]["error"]
    monkeypatch.delenv("ZKAUDIT_PASSPHRASE")
    code, shown = program(*signed)
    assert code == 3
    assert "--passphrase-file" in shown["error"]


def test_a_person_is_asked_twice_for_a_new_passphrase(
    tmp_path: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZKAUDIT_PASSPHRASE")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []

    def typed(prompt: str, **how: object) -> str:
        asked.append((prompt, how["hide_input"], how["confirmation_prompt"], how["err"]))
        return "typed"

    monkeypatch.setattr(click, "prompt", typed)
    secret = str(tmp_path / "k.zkk")
    assert program("key", "new", secret, "--name", "x")[0] == 0
    assert program("key", "show", secret)[0] == 0
    assert asked == [(f"New passphrase for {secret}", True, True, True), (f"Passphrase of {secret}", True, False, True)]


def test_a_missing_key_is_named_before_anybody_is_asked(play: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZKAUDIT_PASSPHRASE")
    done = subprocess.run(
        [sys.executable, "-m", "zkaudit", "sign", play.path("commitment.json"), "--key", "absent.zkk", "-o", "s.json"],
        cwd=play.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "circuits")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "error: secret key absent.zkk: no such file; check the path\n"


def test_trusting_keys(tmp_path: Path, program: Program, play: Files) -> None:
    ring = str(tmp_path / "trusted.json")
    code, shown = program("key", "trust", play.path("Ada.pub.json"), "--keyring", ring)
    assert (code, shown["keys"], [key["name"] for key in shown["added"]]) == (0, 1, ["Ada"])
    code, shown = program("key", "trust", play.path("Ada.pub.json"), play.path("Chidi.pub.json"), "--keyring", ring)
    assert (code, shown["keys"], [key["name"] for key in shown["added"]]) == (0, 2, ["Chidi"])
    code, shown = program("key", "show", ring)
    assert (code, shown["kind"], len(shown["keys"])) == (0, "keyring", 2)
    evil = PublicKey(
        key=rogue([signer(0).public.key], 77), possession=suite.prove_possession(77), name="Mallory \x1b"[:7]
    )
    (tmp_path / "evil.pub.json").write_bytes(public_key_bytes(evil))
    before = Path(ring).read_bytes()
    code, shown = program("key", "trust", str(tmp_path / "evil.pub.json"), "--keyring", ring)
    assert (code, shown["reason"]) == (1, "bad-key")
    assert Path(ring).read_bytes() == before
    code, shown = program("key", "show", str(tmp_path / "evil.pub.json"))
    assert (code, shown["reason"], shown["possession"], shown["name"]) == (1, "bad-key", False, "Mallory")


def test_signing_a_commitment(tmp_path: Path, program: Program, play: Files) -> None:
    given, made = play.path("commitment.json"), str(tmp_path / "s.json")
    code, shown = program("sign", given, "--key", play.path("Ada.zkk"), "-o", made)
    assert (code, shown["domain"], shown["signer"]) == (0, "commitment", "Ada")
    code, shown = program("verify-signature", given, "--signature", made, "--trusted-key", play.path("trusted.json"))
    assert (code, shown["status"], shown["signer"]) == (0, "verified", "Ada")
    save_keyring(tmp_path / "other.json", [signer(1).public])
    code, _ = program("verify-signature", given, "--signature", made, "--trusted-key", str(tmp_path / "other.json"))
    assert code == 4
    wrong = ["verify-signature", play.path("challenge.json"), "--signature", made]
    code, shown = program(*wrong, "--trusted-key", play.path("trusted.json"))
    assert (code, shown["reason"]) == (1, "bad-signature")
    assert program("verify-signature", given, "--signature", made)[0] == 2
    assert program("sign", play.path("receipt.json"), "--key", play.path("Ada.zkk"), "-o", made)[0] == 3
    assert program("sign", given, "--key", play.path("Ada.zkk"), "-o", given)[0] == 3


def test_a_challenge_and_its_answer(play: Files, program: Program) -> None:
    ticket = load_challenge(play.path("challenge.json"))
    assert (ticket.claim, ticket.expires, ticket.auditor.name) == (CLAIM, None, "Ada")
    public = ["--commitment", play.path("commitment.json"), "--data", play.path("heldout.npz"), "--claim", CLAIM]
    # The proof answers a challenge, so it is none of the bare statement.
    code, shown = program("verify", play.path("audit.zkp"), *public)
    assert (code, shown["reason"]) == (1, "wrong-challenge")
    code, shown = program("security", play.path("audit.zkp"), *public)
    assert (code, shown["verified"]) == (0, False)


def test_challenges_that_are_not_answered(play: Files, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(ticket: str = "challenge.json", *more: str) -> tuple[int, str]:
        code, shown = program(*answer(play, *more, ticket=ticket, output="none.zkp"))
        assert not (play.folder / "none.zkp").exists()
        return code, shown["reason"]

    assert refused("challenge.json", "--claim", "correct >= 1") == (1, "wrong-claim")
    labels = play.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    other = answer(play, output="none.zkp")
    other[other.index("--data") + 1] = play.heldout(labels)
    code, shown = program(*other)
    assert (code, shown["reason"]) == (1, "wrong-data")
    text = (play.folder / "challenge.json").read_bytes()
    forged = challenges.parse_challenge(text)
    (play.folder / "forged.json").write_bytes(
        challenges.Challenge(
            **{name: getattr(forged, name) for name in forged.__dataclass_fields__} | {"nonce": bytes(32)}
        ).text()
    )
    assert refused("forged.json") == (1, "bad-signature")
    (play.folder / "edited.json").write_bytes(altered(text, claim="correct >= 1"))
    assert refused("edited.json") == (3, "invalid-input")
    assert refused("absent.json") == (3, "invalid-input")
    assert refused("challenge.json", "--trusted-key", play.path("Chidi.pub.json")) == (4, "policy-not-met")
    assert program(*ask(play, "short.json", "--expires", "90m"))[0] == 0
    issued = load_challenge(play.path("short.json")).issued
    assert load_challenge(play.path("short.json")).expires == issued + timedelta(minutes=90)
    real = documents.present
    monkeypatch.setattr(documents, "present", lambda: real() + timedelta(hours=2))
    assert refused("short.json") == (4, "policy-not-met")
    without = answer(play, output="none.zkp")
    del without[without.index("--challenge") : without.index("--challenge") + 2]
    assert program(*without)[0] == 2


@pytest.mark.parametrize("time", ["0d", "d", "30", "30y", "-1d", "1.5d", "999999d", "٣d"])
def test_times_that_are_none(play: Files, program: Program, time: str) -> None:
    assert program(*ask(play, "none.json", "--expires", time))[0] == 2
    assert not (play.folder / "none.json").exists()


def test_a_claim_that_nobody_could_prove_is_not_signed(play: Files, program: Program) -> None:
    given = ask(play, "none.json")
    given[given.index("--claim") + 1] = f"correct >= {SAMPLES + 1}"
    assert program(*given)[0] == 3
    assert not (play.folder / "none.json").exists()


def test_receipts(play: Files, program: Program, tmp_path: Path) -> None:
    first = load_receipt(play.path("receipt.json"))
    assert [key.name for key in first.signers] == ["Ada"]
    trusted = ["--trusted-key", play.path("trusted.json")]
    given = ["--receipt", play.path("receipt.json"), *trusted]
    code, shown = program(*confirm(play, *given, key="Chidi", output="both.json"))
    assert (code, sorted(one["name"] for one in shown["signers"])) == (0, ["Ada", "Chidi"])
    both = load_receipt(play.path("both.json"))
    assert both.body == first.body
    again = confirm(play, "--receipt", play.path("both.json"), *trusted, key="Ada", output="none.json")
    code, shown = program(*again)
    assert code == 3
    assert "signed it already" in shown["error"]
    # A receipt over another proof of the same statement is another auditor's business.
    changed = both.body.__class__(
        **{name: getattr(both.body, name) for name in both.body.__dataclass_fields__} | {"proof": bytes(32)}
    )
    other = both.__class__(body=changed, signers=both.signers, signature=both.signature)
    (tmp_path / "other.json").write_bytes(other.text())
    wrong = confirm(play, "--receipt", str(tmp_path / "other.json"), *trusted, key="Björn", output="none.json")
    code, shown = program(*wrong)
    assert (code, shown["reason"]) == (1, "wrong-receipt")
    assert not (play.folder / "none.json").exists()


def test_a_signer_sees_who_asked(play: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a trusted key anybody's challenge is countersigned, and the one who signs is told so."""
    shown = []
    for trusted in ([], ["--trusted-key", play.path("trusted.json")]):
        assert cli.run(confirm(play, *trusted, output="asked.json")) == 0
        shown += [line for line in capsys.readouterr().out.splitlines() if line.startswith("  asked by  Ada, ")]
    assert [line.endswith("(give --trusted-key to ask whether you trust it)") for line in shown] == [True, False]


def test_a_false_proof_is_not_signed(play: Files, program: Program, tmp_path: Path) -> None:
    data = bytearray(Path(play.path("audit.zkp")).read_bytes())
    data[len(data) // 2] ^= 1
    data[-32:] = hashlib.sha256(data[:-32]).digest()
    (tmp_path / "false.zkp").write_bytes(data)
    given = confirm(play, output="none.json")
    given[1] = str(tmp_path / "false.zkp")
    assert program(*given)[0] == 1
    expired = confirm(play, output="none.json", key="Björn")
    assert program(*ask(play, "short.json", "--expires", "90m"))[0] == 0
    expired[expired.index("--challenge") + 1] = play.path("short.json")
    code, shown = program(*expired)
    assert (code, shown["reason"]) == (1, "wrong-challenge")
    assert not (play.folder / "none.json").exists()


def test_a_commitment_to_data(play: Files, program: Program, tmp_path: Path) -> None:
    public, secret = str(tmp_path / "dataset.json"), str(tmp_path / "dataset.zks")
    data = play.path("heldout.npz")
    assert program("dataset", "commit", data, "-o", public, "--opening", secret)[0] == 0
    assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    assert program("dataset", "commit", data, "-o", public, "--opening", secret)[0] == 3
    check = ["dataset", "check", data, "--commitment", public, "--opening", secret]
    assert program(*check)[1]["status"] == "opened"
    assert program(*ask(play, "named.json", "--dataset-commitment", public))[0] == 0
    assert program(*check, "--challenge", play.path("named.json"))[0] == 0
    code, shown = program(*check, "--challenge", play.path("challenge.json"))
    assert (code, shown["reason"]) == (1, "wrong-data")
    labels = np.roll(play.labels, 1) if len(set(play.labels.tolist())) > 1 else play.labels + 1
    check[2] = play.heldout(labels)
    code, shown = program(*check)
    assert (code, shown["reason"]) == (1, "wrong-data")


def test_secrets_are_not_overwritten_by_outputs(play: Files, program: Program) -> None:
    before = Path(play.path("Ada.zkk")).read_bytes()
    given = ["sign", play.path("commitment.json"), "--key", play.path("Chidi.zkk"), "-o", play.path("Ada.zkk")]
    assert program(*given)[0] == 3
    assert program("key", "trust", play.path("Ada.pub.json"), "--keyring", play.path("Ada.zkk"))[0] == 3
    assert Path(play.path("Ada.zkk")).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("challenge.json", "challenge"),
        ("receipt.json", "receipt"),
        ("trusted.json", "keyring"),
        ("Ada.pub.json", "public key"),
        ("Ada.zkk", "secret key under a passphrase"),
    ],
)
def test_inspect(play: Files, program: Program, name: str, kind: str) -> None:
    code, shown = program("inspect", play.path(name))
    assert (code, shown["kind"]) == (0, kind)
    assert sum(part["bytes"] for part in shown["parts"]) == shown["bytes"] == os.path.getsize(play.path(name))
    assert signer().to_bytes().hex() not in json.dumps(shown)


LOADED = """
import json, sys
from zkaudit import cli
code = cli.run(sys.argv[1:])
print(json.dumps({"code": code, "modules": sorted({name.partition(".")[0] for name in sys.modules})}))
"""


def test_verify_without_keys_loads_no_signature_library(play: Files) -> None:
    public = ["--commitment", play.path("commitment.json"), "--data", play.path("heldout.npz"), "--claim", CLAIM]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "verify", play.path("audit.zkp"), *public],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "circuits")])},
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["code"] == 1
    assert not {"py_ecc", "eth_utils", "pydantic", "pyrage", "numba"} & set(result["modules"])


def test_the_time_of_a_receipt_is_the_present(play: Files) -> None:
    age = datetime.now(UTC) - load_receipt(play.path("receipt.json")).time
    assert timedelta() <= age < timedelta(hours=1)
