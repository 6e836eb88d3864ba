"""The frauds of docs/audit.md, by their titles there: each changes one thing in a copied stage.

A fraud that returns nothing is for the pipeline's gate; another one returns who gives which command.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.play.script import command_of
from tests.play.workshop import STRANGER, Workshop, in_order
from tests.signing.test_suite import rogue
from zkaudit import wire
from zkaudit.commitment import commit, save_commitment, save_opening
from zkaudit.model.model import load_model
from zkaudit.proof import MAGIC, VERSION
from zkaudit.publishing.envelope import parse_envelope, sealed
from zkaudit.publishing.signers import KeySigner
from zkaudit.receipt import Receipt
from zkaudit.signing import Domain, PublicKey, save_public_key, suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The command of the guide that meets a fraud."""

    actor: str
    command: str


Fraud = Callable[[Workshop], Attempt | None]

FRAUDS: dict[str, Fraud] = {}
"""Every fraud by its title in the guide."""

GATE = Attempt(actor="pipeline", command=command_of("pipeline", "verify"))


def fraud(title: str) -> Callable[[Fraud], Fraud]:
    """Enters a fraud under its title."""

    def enter(commit_it: Fraud) -> Fraud:
        FRAUDS[title] = commit_it
        return commit_it

    return enter


def attempt(actor: str, start: str) -> Attempt:
    """The one command of an actor that starts so."""
    return Attempt(actor=actor, command=command_of(actor, start))


# Another statement.


@fraud("The held-out set in the folder is another one")
def swapped_data(shop: Workshop) -> None:
    shop.relabel()


@fraud("The held-out set is another one, and the proof is made anew for it")
def proved_swapped_data(shop: Workshop) -> None:
    shop.relabel()
    shop.prove(shop.statement())
    shop.describe()


@fraud("Ada reveals another set than the one that she had committed to")
def revealed_another_set(shop: Workshop) -> Attempt:
    shop.relabel()
    shutil.copy(shop.file("heldout.npz"), shop.stage.public / "heldout.npz")
    return attempt("owner", "dataset check")


@fraud("Another model's commitment lies in the folder")
def swapped_commitment(shop: Workshop) -> None:
    committed_again(shop)


@fraud("The owner commits anew once the set is known, and makes the proof anew")
def late_commitment(shop: Workshop) -> None:
    committed_again(shop)
    shop.prove(shop.statement(), "late.zko")
    shop.describe()


@fraud("Another commitment lies under the owner's signature")
def signed_another_commitment(shop: Workshop) -> Attempt:
    committed_again(shop)
    shutil.copy(shop.file("commitment.json"), shop.stage.public / "commitment.json")
    return attempt("ada", "verify-signature")


def committed_again(shop: Workshop) -> None:
    """A fresh commitment in the folder; its opening is `late.zko`."""
    model = load_model(shop.stage.of("owner", "model.zkm"))
    commitment, opening = commit(model.architecture, model.weight_cells())
    save_commitment(shop.file("commitment.json"), commitment)
    save_opening(shop.stage.of("owner", "late.zko"), opening)


@fraud("The claim in the proof file is a stronger one")
def edited_claim(shop: Workshop) -> None:
    shop.reseal(claim="accuracy >= 0.99")


@fraud("Policy, challenge and proof file all name a stronger claim than the one that was proved")
def edited_claims(shop: Workshop) -> None:
    challenge = shop.challenged(claim="accuracy >= 0.99")
    shop.reseal(claim="accuracy >= 0.99", challenge=challenge.digest())
    demand(shop, 'claim = "accuracy >= 0.9"', 'claim = "accuracy >= 0.99"')


@fraud("A weaker claim than the least one is challenged, proved and countersigned")
def weak_claim(shop: Workshop) -> None:
    shop.audited(claim="accuracy >= 0.5")


@fraud("One bit of the proof is flipped")
def flipped_bit(shop: Workshop) -> None:
    shop.reseal(witness={"cells": flipped(proof_of(shop)["witness"]["cells"])})


@fraud("The proof that is brought to Ada has one flipped bit")
def brought_flipped_bit(shop: Workshop) -> Attempt:
    flipped_bit(shop)
    shutil.copy(shop.file("audit.zkp"), shop.stage.public / "audit.zkp")
    return attempt("ada", "countersign")


def proof_of(shop: Workshop) -> dict[str, Any]:
    """The fields of the proof in the folder."""
    return wire.unseal(MAGIC, {VERSION}, shop.file("audit.zkp").read_bytes(), "proof")[1]


def flipped(data: bytes) -> bytes:
    """The bytes with the last bit another one."""
    return data[:-1] + bytes([data[-1] ^ 1])


# The challenge.


@fraud("An old proof is shown for a new challenge")
def replayed(shop: Workshop) -> None:
    shop.challenged()


@fraud("The challenge has expired")
def expired(shop: Workshop) -> None:
    shop.audited(age=timedelta(days=3), lifetime=timedelta(days=2))


@fraud("The owner puts off the expiry in the challenge, and makes the proof anew")
def put_off(shop: Workshop) -> None:
    ticket = shop.challenge
    assert ticket.expires is not None
    later = replace(ticket, expires=ticket.expires + timedelta(days=365))
    shop.file("challenge.json").write_bytes(later.text())
    statement = shop.statement()
    shop.prove(statement)
    shop.put(shop.confirmed(statement, "ada", "ben"))


@fraud("The owner writes the challenge with a key of his own; Ben and Chi sign all the same")
def own_challenge(shop: Workshop) -> None:
    shop.audited(by="owner", signers=("ben", "chi"))


@fraud("The owner chooses data and claim without any challenge")
def no_challenge(shop: Workshop) -> None:
    statement = shop.statement(challenge=b"")
    shop.file("challenge.json").unlink()
    shop.prove(statement)
    shop.put(shop.confirmed(statement, "ada", "ben"))


@fraud("The audit is older than the pipeline's limit")
def stale(shop: Workshop) -> None:
    shop.audited(age=timedelta(days=40), lifetime=None)


# Keys and the receipt.


@fraud('The key file of "Ben" has another key, with Ben\'s proof of possession')
def forged_key(shop: Workshop) -> Attempt:
    evil, ben = shop.key(STRANGER).public, shop.key("ben").public
    forged = PublicKey(key=evil.key, possession=ben.possession, name="Ben")
    save_public_key(shop.stage.public / "ben.pub.json", forged, overwrite=True)
    return attempt("pipeline", "key trust")


@fraud("A rogue key, made from Ada's and Ben's, signs a receipt in their names")
def rogue_key(shop: Workshop) -> None:
    evil = shop.key(STRANGER)
    victims = [shop.key(name).public for name in ("ada", "ben")]
    key = rogue([one.key for one in victims], evil.secret)
    mine = PublicKey(key=key, possession=evil.public.possession, name=STRANGER)
    body = shop.body(shop.statement())
    signature = evil.sign(Domain.RECEIPT, body.digest())
    shop.put(Receipt(body=body, signers=in_order(mine, *victims), signature=signature))


@fraud("The receipt is of another proof of the same claim")
def another_receipt(shop: Workshop) -> None:
    shop.prove(shop.statement())
    shop.describe()


@fraud("A signer is left out of the receipt")
def left_out(shop: Workshop) -> None:
    receipt = shop.receipt
    shop.put(replace(receipt, signers=receipt.signers[1:]))


@fraud("A signer is added to the receipt who never signed it")
def added(shop: Workshop) -> None:
    receipt = shop.confirmed(shop.statement(), "ada")
    shop.put(replace(receipt, signers=in_order(*receipt.signers, shop.key("ben").public)))


@fraud("One auditor fills the quorum, listed twice with her signature doubled")
def twice(shop: Workshop) -> None:
    receipt = shop.confirmed(shop.statement(), "ada")
    doubled = suite.aggregate([receipt.signature, receipt.signature]).hex()
    body = json.loads(receipt.text())
    body |= {"signers": body["signers"] * 2, "signature": doubled}
    shop.file("receipt.json").write_text(json.dumps(body))


@fraud("One auditor is trusted, the second signer is a stranger")
def stranger(shop: Workshop) -> None:
    shop.put(shop.confirmed(shop.statement(), "ada", STRANGER))


# Descriptions and the folder.


@fraud("The claim in `claim.intoto.json` is edited, and the owner signs it again")
def edited_attestation(shop: Workshop) -> None:
    path = shop.file("claim.intoto.json")
    payload = parse_envelope(path.read_bytes()).payload
    edited = payload.replace(b'"claim": "accuracy >= 0.9"', b'"claim": "accuracy >= 0.99"', 1)
    path.write_bytes(sealed(edited, [KeySigner(key=shop.key("owner"))]).encode())


@fraud("A number in `model-index.yml` is edited")
def edited_model_card(shop: Workshop) -> None:
    edit(shop, "model-index.yml", "value: 0.9\n", "value: 0.99\n")


@fraud("A number in `cyclonedx.json` is edited")
def edited_bill(shop: Workshop) -> None:
    edit(shop, "cyclonedx.json", '"value": "0.9"', '"value": "0.99"')


@fraud("The opening of the commitment lies in the folder that is published anew")
def exposed_opening(shop: Workshop) -> Attempt:
    shutil.copy(shop.stage.of("owner", "opening.zko"), shop.file("notes.txt"))
    return attempt("owner", "publish")


@fraud("The opening is given for publication, under the name of the commitment")
def misnamed_opening(shop: Workshop) -> Attempt:
    shutil.copy(shop.stage.of("owner", "opening.zko"), shop.stage.of("owner", "commitment.json"))
    return attempt("owner", "publish")


@fraud("An honest audit, of another held-out set than the policy names")
def unexpected_data(shop: Workshop) -> None:
    data = shop.statement().dataset.digest().hex()
    demand(shop, data, bytes(32).hex())


def edit(shop: Workshop, name: str, old: str, new: str) -> None:
    """Other words in a file of the folder."""
    replaced(shop.file(name), old, new)


def demand(shop: Workshop, old: str, new: str) -> None:
    """Other words in the pipeline's policy."""
    replaced(shop.stage.of("pipeline", "policy.toml"), old, new)


def replaced(path: Path, old: str, new: str) -> None:
    """Other words in a file, that have to be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
