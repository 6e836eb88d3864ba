"""`zkaudit report`: a page for every verdict, the exit code of verify, nothing for what cannot be read."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SAMPLES, Files, Program, make_files
from tests.imports import ROOT
from zkaudit import cli, wire
from zkaudit.challenge import make_challenge, save_challenge
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit, load_commitment, load_opening, save_commitment
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.documents import present
from zkaudit.proof import MAGIC, VERSION
from zkaudit.prover import prove
from zkaudit.receipt import body_of, save_receipt, sign_receipt
from zkaudit.signing.key_files import save_public_key
from zkaudit.signing.keys import generate_key
from zkaudit.statement import Statement

CLAIM = "accuracy >= 0.9"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an audit with a proof of CLAIM, made once."""
    made = make_files(tmp_path_factory.mktemp("audit"))
    command = ["prove", made.path("model.zkm"), "--opening", made.path("opening.zko"), "--claim", CLAIM]
    command += ["--commitment", made.path("commitment.json"), "--data", made.path("heldout.npz")]
    assert cli.run([*command, "-o", made.path("audit.zkp")]) == 0
    return made


def arguments(files: Files, output: Path, *flags: str, claim: str = CLAIM, **changed: str) -> list[str]:
    """The arguments of the command."""
    names = {"proof": "audit.zkp", "commitment": "commitment.json", "data": "heldout.npz"}
    path = {key: changed.get(key, files.path(name)) for key, name in names.items()}
    public = ["--commitment", path["commitment"], "--data", path["data"], "--claim", claim]
    return ["report", path["proof"], *public, "-o", str(output), *flags]


def test_an_accepted_proof(audited: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    code, shown = program(*arguments(audited, output))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["status"], shown["report_bytes"]) == (0, "verified", output.stat().st_size)
    assert '<body class="verified">' in page
    assert f"19 of {SAMPLES} samples" in page
    # The bytes by part add up to the file.
    table = page[page.index("Bytes of the proof file") :]
    numbers = [int(text.replace(",", "")) for text in re.findall(r'class="number">([0-9,]+)<', table)]
    assert sum(numbers[:-1]) == numbers[-1] == (audited.folder / "audit.zkp").stat().st_size


def test_the_command_on_the_page_verifies(audited: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert program(*arguments(audited, output))[0] == 0
    text = re.findall("<pre><code>(.*?)</code></pre>", output.read_text(encoding="utf-8"))[-1]
    text = text.replace("<br>", "\n").replace("&gt;", ">").replace("&#x27;", "'").replace("\\\n", " ")
    name, *rest = shlex.split(text)
    assert name == "zkaudit"
    done = subprocess.run(
        [sys.executable, "-m", "zkaudit", *rest],
        cwd=audited.folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "circuits")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(audited.folder) not in text


@pytest.mark.parametrize("what", ["claim", "commitment", "data", "proof"])
def test_a_rejected_proof_has_a_page(audited: Files, program: Program, tmp_path: Path, what: str) -> None:
    output = tmp_path / "report.html"
    changed, claim = {}, CLAIM
    if what == "claim":
        claim = "accuracy >= 0.8"
    elif what == "commitment":
        other, _ = commit(audited.model.architecture, audited.model.weight_cells())
        save_commitment(tmp_path / "other.json", other)
        changed["commitment"] = str(tmp_path / "other.json")
    elif what == "data":
        changed["data"] = audited.heldout((audited.labels + 1) % 3)
    else:
        content = (audited.folder / "audit.zkp").read_bytes()
        _, body = wire.unseal(MAGIC, {VERSION}, content, "proof")
        body["witness_root"] = bytes(32)
        (tmp_path / "other.zkp").write_bytes(wire.seal(MAGIC, VERSION, body))
        changed["proof"] = str(tmp_path / "other.zkp")
    code, shown = program(*arguments(audited, output, claim=claim, **changed))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["status"]) == (1, "invalid")
    assert shown["reason"] in page
    assert '<body class="rejected">' in page
    assert "In the population" not in page
    # The verifier says the same.
    verified, same = program("verify", *arguments(audited, output, claim=claim, **changed)[1:-2])
    assert (verified, same["reason"], same["error"]) == (code, shown["reason"], shown["error"])


@pytest.mark.parametrize("flags", [("--minimum-bits", "200"), ("--architecture", "00" * 32)])
def test_a_policy_that_is_not_met(audited: Files, program: Program, tmp_path: Path, flags: tuple[str, ...]) -> None:
    output = tmp_path / "report.html"
    code, shown = program(*arguments(audited, output, *flags))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["status"], shown["standing"]) == (4, "policy", "policy not met")
    assert '<body class="policy">' in page
    assert f"{flags[0]} {flags[1]}" in page


@pytest.mark.parametrize("what", ["proof", "commitment", "data", "claim", "truncated"])
def test_what_cannot_be_read_has_no_page(audited: Files, program: Program, tmp_path: Path, what: str) -> None:
    output = tmp_path / "report.html"
    broken = tmp_path / "broken"
    content = (audited.folder / "audit.zkp").read_bytes()[:-1] if what == "truncated" else b"not a file of zkaudit"
    broken.write_bytes(content)
    if what == "claim":
        code, _ = program(*arguments(audited, output, claim="accuracy > 2"))
    else:
        code, _ = program(*arguments(audited, output, **{"proof" if what == "truncated" else what: str(broken)}))
    assert code == 3
    assert not output.exists()


@pytest.mark.parametrize("name", ["model.zkm", "audit.zkp"])
def test_a_page_takes_the_place_of_no_input_and_no_secret(audited: Files, program: Program, name: str) -> None:
    before = (audited.folder / name).read_bytes()
    code, _ = program(*arguments(audited, audited.folder / name))
    assert code == 3
    assert (audited.folder / name).read_bytes() == before


def test_two_pages_differ_in_their_time_only(audited: Files, program: Program, tmp_path: Path) -> None:
    pages = []
    for name in ("one.html", "two.html"):
        assert program(*arguments(audited, tmp_path / name))[0] == 0
        text = (tmp_path / name).read_text(encoding="utf-8")
        pages.append(re.sub(r"<time.*?</time>|took [0-9.]+ s", "", text))
    assert pages[0] == pages[1]


def test_counts_of_classes(audited: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    assert program(*arguments(audited, output))[0] == 0
    sizes = np.bincount(audited.labels, minlength=3)
    assert ", ".join(f"{label}: {size}" for label, size in enumerate(sizes)) in output.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an audit that answers a challenge, with a receipt of one auditor."""
    made = make_files(tmp_path_factory.mktemp("answer"))
    auditor = generate_key("<b>auditor</b>")
    stranger = generate_key("stranger")
    save_public_key(made.path("auditor.pub.json"), auditor.public)
    save_public_key(made.path("stranger.pub.json"), stranger.public)
    published = load_commitment(made.path("commitment.json"))
    dataset = quantise_inputs(published.architecture, load_dataset(made.path("heldout.npz")))
    asked = Statement(commitment=published, dataset=dataset, claim=parse_claim(CLAIM))
    for name, age in (("challenge", timedelta(0)), ("late", timedelta(days=2))):
        issued = present() - age
        ticket = make_challenge(asked, auditor, issued=issued, lifetime=timedelta(days=1))
        save_challenge(made.path(f"{name}.json"), ticket)
        statement = replace(asked, challenge=ticket.digest())
        opening = load_opening(made.path("opening.zko"))
        proof = prove(statement, made.model, opening).proof
        Path(made.path(f"{name}.zkp")).write_bytes(proof)
        if name == "challenge":
            body = body_of(hashlib.sha256(proof).digest(), statement, present())
            save_receipt(made.path("receipt.json"), sign_receipt(body, auditor))
    return made


def attested(files: Files, output: Path, *, challenge: str = "challenge", key: str = "auditor") -> list[str]:
    """The arguments of a report with challenge and receipt; the claim is the challenge's."""
    command = ["report", files.path(f"{challenge}.zkp"), "--commitment", files.path("commitment.json")]
    command += ["--data", files.path("heldout.npz"), "--challenge", files.path(f"{challenge}.json")]
    command += ["--trusted-key", files.path(f"{key}.pub.json"), "-o", str(output)]
    return command


def states(page: str) -> dict[str, str]:
    """The state of each check on a page."""
    found = re.findall(r'<span class="state ([a-z-]+)">[^<]*</span><div><strong>([^<]*)</strong>', page)
    return {name: state for state, name in found}


def test_challenge_and_receipt_are_checked(answered: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    code, shown = program(*attested(answered, output), "--receipt", answered.path("receipt.json"))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["claim"]) == (0, CLAIM)
    names = ("File", "Challenge", "Statement", "Proof", "Challenge signature", "Receipt", "Policy")
    assert {name: states(page)[name] for name in names} == dict.fromkeys(names, "passed")
    assert "1 trusted auditor verified this file" in page
    assert "No challenge by a trusted auditor" not in page
    # The auditor's name is a stranger's text.
    assert "&lt;b&gt;auditor&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("changed", "failed"),
    [({"key": "stranger"}, "Challenge signature"), ({"challenge": "late"}, "Challenge signature")],
)
def test_a_challenge_that_is_not_to_be_relied_on(
    answered: Files, program: Program, tmp_path: Path, changed: dict[str, str], failed: str
) -> None:
    output = tmp_path / "report.html"
    code, shown = program(*attested(answered, output, **changed))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["status"]) == (4, "policy")
    assert (states(page)["Proof"], states(page)[failed]) == ("passed", "failed")
    assert '<body class="policy">' in page


def test_another_challenge_is_a_rejection(answered: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    command = attested(answered, output)
    command[1] = answered.path("late.zkp")
    code, shown = program(*command)
    page = output.read_text(encoding="utf-8")
    assert (code, shown["reason"]) == (1, "wrong-challenge")
    assert (states(page)["Challenge"], states(page)["Statement"], states(page)["Proof"]) == (
        "passed",
        "failed",
        "not-reached",
    )
    assert '<body class="rejected">' in page


def test_a_receipt_for_another_proof_is_a_rejection(answered: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    command = [*attested(answered, output, challenge="late"), "--receipt", answered.path("receipt.json")]
    code, shown = program(*command)
    page = output.read_text(encoding="utf-8")
    # The late challenge alone would be a policy that is not met; a false receipt says more.
    assert (code, shown["reason"]) == (1, "wrong-receipt")
    assert states(page)["Receipt"] == "failed"
    assert '<body class="rejected">' in page
    assert "samples classified" not in page


def test_a_signature_without_a_trusted_key_says_so(answered: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    command = attested(answered, output)
    place = command.index("--trusted-key")
    code, _ = program(*command[:place], *command[place + 2 :])
    page = output.read_text(encoding="utf-8")
    assert code == 0
    assert (states(page)["Challenge"], states(page)["Challenge signature"]) == ("passed", "not-checked")
    assert "no --trusted-key vouches for" in page
    assert "No challenge by a trusted auditor" in page


def test_a_claim_or_a_challenge_is_needed(answered: Files, program: Program, tmp_path: Path) -> None:
    output = tmp_path / "report.html"
    command = [part for part in attested(answered, output) if part != "--challenge"]
    command.remove(answered.path("challenge.json"))
    assert program(*command)[0] == 2
    command = [*arguments(answered, output), "--receipt", answered.path("receipt.json")]
    assert program(*command)[0] == 2
    assert not output.exists()


def test_a_revealed_matrix_is_shown(audited: Files, program: Program, tmp_path: Path) -> None:
    proof, output = tmp_path / "matrix.zkp", tmp_path / "report.html"
    public = ["--commitment", audited.path("commitment.json"), "--data", audited.path("heldout.npz")]
    public += ["--claim", "confusion_matrix"]
    owned = ["prove", audited.path("model.zkm"), "--opening", audited.path("opening.zko")]
    assert program(*owned, *public, "-o", str(proof))[0] == 0
    assert program(*arguments(audited, output, claim="confusion_matrix", proof=str(proof)))[0] == 0
    page = output.read_text(encoding="utf-8")
    sizes = np.bincount(audited.labels, minlength=3)
    cells = re.findall(r'<td class="(?:none|right-.|wrong-.)">([^<]*)</td>', page)
    assert cells == [
        str(sizes[row]) if row == column and sizes[row] else "·" for row in range(3) for column in range(3)
    ]
    assert "Accuracy on these samples" in page


def test_a_proof_that_leaves_an_open_claim_open_is_a_rejection(
    audited: Files, program: Program, tmp_path: Path
) -> None:
    output = tmp_path / "report.html"
    code, shown = program(*arguments(audited, output, claim="confusion_matrix"))
    page = output.read_text(encoding="utf-8")
    assert (code, shown["reason"], shown["claim"]) == (1, "wrong-claim", "confusion_matrix")
    assert '<body class="rejected">' in page
    assert "correct &gt;= 0" not in page
