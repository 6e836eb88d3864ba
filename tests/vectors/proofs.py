"""The files of whole proofs, valid ones and those with one oddity each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import pytest

import zkaudit.prover
import zkaudit.statement
from tests.forgery import LyingProver, field_of, parts_of, recounted, relabelled, replaced, sealed, with_cells
from tests.vectors.files import Case, case, fixed_randomness, render, render_map
from tests.vectors.statements import RECIPES, Files, asked, expected_of, statement_of, valid
from zkaudit import wire
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.field.koalabear import MODULUS
from zkaudit.opening import prover as opening
from zkaudit.pads.prover import PadTableau
from zkaudit.proof import MAGIC, VERSION
from zkaudit.prover import prove, prove_columns
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import Policy, verify
from zkaudit.witness import honest_witness

TRACED = ("smallest", "residual")
"""Proofs whose transcript is listed."""

BOTH = ("standard-128", "test-insecure")
Splice = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """A proof or a statement that is not quite a valid one, and what has to be said of it."""

    comment: str
    verdict: str
    reason: str
    proof: bytes
    base: str = "smallest"
    given: dict[str, Any] = field(default_factory=dict)
    file: str = ""


def proof_files() -> Files:
    """Every file below `proofs/`."""
    result: Files = {}
    for name in RECIPES:
        found = valid(name)
        if verdict_on(found.files, _asked(name)) != ("accepted", ""):
            raise ValueError(f"{name} is not accepted")
        for file, data in found.files.items():
            result[f"{name}/{file}"] = data
        result[f"{name}/expected.json"] = render_map(expected_of(name))
        if name in TRACED:
            comment = "Every message that the verifier absorbs and every seed that it takes, in order."
            result[f"{name}/trace.json"] = render("Transcript", comment, _trace(name))
    cases = []
    for name, oddity in oddities().items():
        entry, data = _described(name, oddity)
        cases.append(entry)
        if data is not None:
            result[oddity.file] = data
    comment = "Proofs and statements with one oddity each, as changes of a valid folder."
    result["rejected.json"] = render("Verification", comment, cases)
    return result


def verdict_on(files: Files, given: dict[str, Any], proof: bytes | None = None) -> tuple[str, str]:
    """The verdict and its reason: "accepted", "rejected", "unreadable", "statement" or "policy"."""
    policy = Policy(
        minimum_bits=given.get("minimum bits", 0),
        profiles=tuple(given.get("profiles", BOTH)),
        architectures=frozenset(given["architectures"]) if "architectures" in given else None,
    )
    try:
        statement = statement_of(files, given)
        _ = statement.account
    except InvalidInput:
        return "statement", ""
    try:
        verify(statement, files["audit.zkp"] if proof is None else proof, policy)
    except Rejected as error:
        return "rejected", error.reason.value
    except InvalidInput as error:
        return "unreadable", kind_of(error)
    except PolicyNotMet:
        return "policy", ""
    return "accepted", ""


KINDS = {
    "another kind": "another kind of file",
    "truncated": "truncated",
    "bytes behind the end": "bytes after the end",
    "unknown version": "format version",
    "wrong digest": "damaged",
    "not canonical": "canonical",
    "missing field": "missing field",
    "unknown field": "unknown field",
    "wrong type": "a value of type",
    "wrong number": "not an accepted number",
    "not a map": "not a map",
    "wrong size": "not a byte string of the right length",
    "wrong challenge": "not the digest of a challenge",
}
"""The kinds of unreadable files, and words of our own message for each."""


def kind_of(error: InvalidInput) -> str:
    """The kind that a message belongs to."""
    return next(kind for kind, words in KINDS.items() if words in f"{error.what} {error.expected}")


def _asked(name: str, **changes: Any) -> dict[str, Any]:
    """What the verifier of a folder asks for."""
    return asked(name) | changes


def _trace(name: str) -> list[Case]:
    """The transcript of a verification."""
    steps: list[Case] = []

    class Recorder(Transcript):
        def absorb(self, label: Label, message: bytes) -> None:
            super().absorb(label, message)
            digest = hashlib.sha256(message).hexdigest()
            steps.append({"step": "absorb", "label": label.value, "length": len(message), "sha256": digest})

        def challenge_bytes(self, label: Label) -> bytes:
            seed = super().challenge_bytes(label)
            steps.append({"step": "seed", "label": label.value, "seed": seed})
            return seed

    found = valid(name)
    with mock.patch.object(zkaudit.statement, "Transcript", Recorder):
        verify(found.statement, found.files["audit.zkp"], Policy(minimum_bits=0, profiles=BOTH))
    return [{"name": str(number), **step} for number, step in enumerate(steps)]


def _described(name: str, oddity: Oddity) -> tuple[Case, bytes | None]:
    """The case of an oddity, and its proof where it is a file of its own."""
    found = valid(oddity.base)
    given = _asked(oddity.base) | oddity.given
    verdict = verdict_on(found.files, given, oddity.proof)
    if verdict != (oddity.verdict, oddity.reason):
        raise ValueError(f"{name}: {verdict} instead of {(oddity.verdict, oddity.reason)}")
    honest = found.files["audit.zkp"]
    proof = {"file": oddity.file} if oddity.file else {"splices": splices(honest, oddity.proof)}
    expected = {"sha256": hashlib.sha256(oddity.proof).digest(), "verdict": oddity.verdict, "reason": oddity.reason}
    entry = case(name, oddity.comment, {"folder": oddity.base} | given | proof, expected)
    return entry, oddity.proof if oddity.file.startswith("rejected/") else None


def file_name(name: str) -> str:
    """A name without spaces and commas."""
    return name.replace(",", "").replace(" ", "-")


def splices(honest: bytes, other: bytes) -> list[Splice]:
    """What turns one file into the other; each offset counts in the honest file."""
    result: list[Splice] = []
    old = new = 0
    while honest[old:] != other[new:]:
        common = _common(honest[old:], other[new:])
        old, new = old + common, new + common
        removed, inserted = _next_match(honest[old:], other[new:])
        result.append({"offset": old, "remove": removed, "insert": other[new : new + inserted]})
        old, new = old + removed, new + inserted
    return result


WINDOW = 16
"""Bytes that two files share where they are said to go on alike."""


def _next_match(a: bytes, b: bytes) -> tuple[int, int]:
    """The fewest bytes of both to leave out before they go on alike, all of them where they do not."""
    places = [(len(a), len(b))]
    for skipped in range(64):
        for first, second, turned in ((a, b, False), (b, a, True)):
            found = first.find(second[skipped : skipped + WINDOW])
            if len(second) >= skipped + WINDOW and found >= 0:
                places.append((skipped, found) if turned else (found, skipped))
    return min(places, key=sum)


def _common(a: bytes, b: bytes) -> int:
    """Length of the common start."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def oddities() -> dict[str, Oddity]:
    """Every oddity by its name."""
    return {name: oddity for source in (_bindings, _bytes, _files, _statements, _lies) for name, oddity in source()}


def _rejected(comment: str, reason: Reason, proof: bytes, **given: Any) -> Oddity:
    return Oddity(comment=comment, verdict="rejected", reason=reason.value, proof=proof, given=given)


def _bindings() -> Iterator[tuple[str, Oddity]]:
    """Proofs that say that they were made for another statement, and true ones held against another statement."""
    found = valid("smallest")
    proof = found.files["audit.zkp"]
    reasons = {
        "profile": (Reason.WRONG_PROFILE, "standard-128"),
        "commitment": (Reason.WRONG_COMMITMENT, bytes(32)),
        "data": (Reason.WRONG_DATA, bytes(32)),
        "claim": (Reason.WRONG_CLAIM, "correct >= 0"),
        "challenge": (Reason.WRONG_CHALLENGE, bytes(32)),
    }
    for name, (reason, value) in reasons.items():
        changed = replaced(proof, name, value)
        yield f"names another {name}", _rejected(f"The file names another {name}.", reason, changed)
    yield (
        "another profile",
        _rejected("The verifier asks for another profile.", Reason.WRONG_PROFILE, proof, profile=BOTH[0]),
    )
    yield (
        "another claim",
        _rejected("The verifier asks for a weaker claim.", Reason.WRONG_CLAIM, proof, claim="correct >= 0"),
    )
    labels = (1 - found.statement.dataset.labels).tolist()
    yield "another label", _rejected("The verifier has another label.", Reason.WRONG_DATA, proof, labels=labels)
    challenge = bytes(32).hex()
    comment = "The verifier has a challenge, and the proof answers none."
    yield "no answer", _rejected(comment, Reason.WRONG_CHALLENGE, proof, challenge=challenge)
    for name, text in (("another challenge", challenge), ("a challenge that was not set", "")):
        answer = _rejected("A valid proof answers another challenge.", Reason.WRONG_CHALLENGE, b"", challenge=text)
        own = valid("answered-challenge").files["audit.zkp"]
        yield name, replace(answer, base="answered-challenge", proof=own)
    other = valid("none-right").files["audit.zkp"]
    moved = _rejected("A valid proof of another folder.", Reason.WRONG_COMMITMENT, other)
    yield "another model", replace(moved, file="none-right/audit.zkp")
    for name, changes in (
        ("claim", {"claim": "correct >= 0"}),
        ("label", {"labels": labels}),
        ("challenge", {"challenge": challenge}),
    ):
        statement = statement_of(found.files, _asked("smallest", **changes))
        relabelled_proof = relabelled(proof, statement)
        reason = _reason_of(statement, relabelled_proof)
        comment = f"A proof that is relabelled for another {name}: its challenges are others."
        yield f"relabelled for another {name}", _rejected(comment, reason, relabelled_proof, **changes)


def _reason_of(statement: Statement, proof: bytes) -> Reason:
    """The reason of a rejection that hangs on a hash."""
    with pytest.raises(Rejected) as caught:
        verify(statement, proof, Policy(minimum_bits=0, profiles=BOTH))
    return caught.value.reason


def _bytes() -> Iterator[tuple[str, Oddity]]:
    """Altered parts of a file that is sealed again."""
    found = valid("smallest")
    proof = found.files["audit.zkp"]
    modulus = MODULUS.to_bytes(4, "big")

    def flipped(data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])

    for name in ("messages", "row", "responses", "witness.cells", "pads.cells"):
        value = field_of(proof, name)
        changed = replaced(proof, name, value[:-4])
        yield f"{name} too short", _rejected("The statement fixes its length.", Reason.WRONG_LENGTH, changed)
        changed = replaced(proof, name, value + bytes(20))
        yield f"{name} too long", _rejected("The statement fixes its length.", Reason.WRONG_LENGTH, changed)
        changed = replaced(proof, name, modulus + value[4:])
        yield f"{name} not canonical", _rejected("The first residue is p.", Reason.NON_CANONICAL, changed)
        changed = replaced(proof, name, value[:-4] + b"\xff" * 4)
        yield f"{name} all ones", _rejected("The last residue is 2^32 - 1.", Reason.NON_CANONICAL, changed)
    for oracle in ("witness", "pads"):
        for name, change, comment, reason in (
            ("cells", flipped, "A cell that is not under the root.", Reason.MERKLE_PATH),
            ("salts", flipped, "A salt that is not under the root.", Reason.MERKLE_PATH),
            ("path", flipped, "A digest that does not lead to the root.", Reason.MERKLE_PATH),
            ("salts", lambda data: data[:-1], "The columns fix the length.", Reason.WRONG_LENGTH),
            ("path", lambda data: data[:-32], "A digest is missing.", Reason.WRONG_LENGTH),
            ("path", lambda data: data + bytes(32), "A digest that is not used.", Reason.WRONG_LENGTH),
        ):
            part = f"{oracle}.{name}"
            changed = replaced(proof, part, change(field_of(proof, part)))
            size = len(field_of(changed, part)) - len(field_of(proof, part))
            which = "altered" if size == 0 else "too long" if size > 0 else "too short"
            yield f"{part} {which}", _rejected(comment, reason, changed)
    for part in ("lookup_nonce", "witness.nonce", "pads.nonce"):
        yield f"{part} that fails", _rejected("A nonce without its zero bits.", Reason.GRINDING, _bad_nonce(part))
    for part in ("witness_root", "pad_root", "messages", "row", "responses"):
        changed = replaced(proof, part, flipped(field_of(proof, part)))
        reason = _reason_of(found.statement, changed)
        comment = "What is absorbed changes every later challenge."
        yield f"{part} altered", _rejected(comment, reason, changed)


def _bad_nonce(part: str) -> bytes:
    """A proof with the least nonce that fails."""
    found = valid("smallest")
    for nonce in range(10**4):
        changed = replaced(found.files["audit.zkp"], part, nonce)
        if verdict_on(found.files, _asked("smallest"), changed) == ("rejected", "grinding"):
            return changed
    raise ValueError("every nonce holds")


def _files() -> Iterator[tuple[str, Oddity]]:
    """Bytes that are no proof file."""
    proof = valid("smallest").files["audit.zkp"]
    body = parts_of(proof)
    packed = wire.pack(body)

    def unreadable(name: str, kind: str, data: bytes, comment: str) -> tuple[str, Oddity]:
        return name, Oddity(comment=comment, verdict="unreadable", reason=kind, proof=data)

    def framed(data: bytes, version: int = VERSION) -> bytes:
        head = MAGIC + version.to_bytes(4, "big") + len(data).to_bytes(8, "big") + data
        return head + hashlib.sha256(head).digest()

    yield unreadable("no bytes", "another kind", b"", "An empty file.")
    yield unreadable("another magic", "another kind", b"X" + proof[1:], "Another kind of file.")
    yield unreadable("a header alone", "truncated", proof[:20], "A file that ends behind its header.")
    yield unreadable("a byte too few", "truncated", proof[:-1], "The last byte is missing.")
    yield unreadable("a byte too many", "bytes behind the end", proof + b"\0", "A byte behind the digest.")
    yield unreadable("version 2", "unknown version", framed(packed, 2), "A version that does not exist.")
    yield unreadable("an altered digest", "wrong digest", proof[:-1] + bytes([proof[-1] ^ 1]), "Another digest.")
    yield unreadable("an altered byte", "wrong digest", proof[:40] + bytes([proof[40] ^ 1]) + proof[41:], "Not sealed.")
    yield unreadable("a byte behind the body", "not canonical", framed(packed + b"\0"), "Two values in the body.")
    yield unreadable("a body that ends early", "not canonical", framed(packed[:-1]), "The last value is cut short.")
    # The first key of the map is a text of five bytes; `d9` writes it in a longer form.
    start = packed.index(b"\xa5claim")
    longer = packed[:start] + b"\xd9\x05claim" + packed[start + 6 :]
    yield unreadable("a long form", "not canonical", framed(longer), "A key in a form that is not the shortest.")
    missing = {key: value for key, value in body.items() if key != "row"}
    yield unreadable("a missing field", "missing field", sealed(missing), "The combined row is missing.")
    yield unreadable("an unknown field", "unknown field", sealed(body | {"spare": 0}), "A key of no meaning.")
    yield unreadable("a list for a map", "not a map", sealed([]), "The body is a list.")
    yield unreadable("a text for bytes", "wrong type", sealed(body | {"row": "row"}), "A text for bytes.")
    yield unreadable("bytes for a map", "wrong type", sealed(body | {"pads": b""}), "Bytes for a map.")
    yield unreadable(
        "a boolean nonce", "wrong number", sealed(body | {"lookup_nonce": True}), "A boolean for an integer."
    )
    yield unreadable("a negative nonce", "wrong number", sealed(body | {"lookup_nonce": -1}), "Below zero.")
    short = sealed(body | {"witness_root": bytes(31)})
    yield unreadable("a short root", "wrong size", short, "A root of 31 bytes.")
    challenged = sealed(body | {"challenge": bytes(31)})
    yield unreadable("a short challenge", "wrong challenge", challenged, "A challenge of 31 bytes.")
    opened = {key: value for key, value in body["pads"].items() if key != "salts"}
    yield unreadable("no salts", "missing field", sealed(body | {"pads": opened}), "Opened columns without salts.")
    opened = body["witness"] | {"spare": b""}
    yield unreadable(
        "a spare part", "unknown field", sealed(body | {"witness": opened}), "Opened columns with a spare."
    )


def _statements() -> Iterator[tuple[str, Oddity]]:
    """Statements that are refused, and policies that are not met."""
    proof = valid("smallest").files["audit.zkp"]
    for name, comment, given in (
        ("a count above the samples", "More right predictions than samples.", {"claim": "correct >= 2"}),
        ("a label that is no class", "Labels lie below the classes.", {"labels": [2]}),
        ("a negative label", "Labels are not negative.", {"labels": [-1]}),
        ("a label too many", "There is one label a sample.", {"labels": [0, 0]}),
        ("an unknown profile", "There is no such profile.", {"profile": "standard-256"}),
        ("an unknown claim", "There is no such claim.", {"claim": "speed >= 1"}),
    ):
        yield name, Oddity(comment=comment, verdict="statement", reason="", proof=proof, given=given)
    for name, comment, given in (
        ("a profile that is not admitted", "The policy admits the standard profile alone.", {"profiles": [BOTH[0]]}),
        ("too few bits", "The policy asks for 128 bits.", {"minimum bits": 128}),
        ("an architecture that is not admitted", "The policy names others.", {"architectures": ["00" * 32]}),
    ):
        yield name, Oddity(comment=comment, verdict="policy", reason="", proof=proof, given=given)
    found = valid("standard-128")
    given = {"minimum bits": 129}
    yield (
        "a bit too few",
        Oddity(
            comment="The policy asks for 129 bits.",
            verdict="policy",
            reason="",
            proof=found.files["audit.zkp"],
            base="standard-128",
            given=given,
        ),
    )


def _lies() -> Iterator[tuple[str, Oddity]]:
    """Whole proofs of a prover that lies in one place and is honest in all that follows."""
    for name, (comment, reason, make) in {**_false_columns(), **_false_messages(), **_false_responses()}.items():
        base = "residual" if name.startswith("residual") else "smallest"
        with fixed_randomness(f"lie {name}"):
            proof = make()
        yield (
            name,
            Oddity(
                comment=comment,
                verdict="rejected",
                reason=reason.value,
                proof=proof,
                base=base,
                file=f"rejected/{file_name(name)}.zkp",
            ),
        )


Lie = tuple[str, Reason, Callable[[], bytes]]


def _false_columns() -> dict[str, Lie]:
    """A cell that is off by one, its multiplicities counted again."""

    def lie(base: str, column: str) -> Callable[[], bytes]:
        def make() -> bytes:
            found = valid(base)
            columns = honest_witness(found.statement, found.model, found.opening)
            place = (0,) * columns[column].ndim
            changed = with_cells(found.statement, columns, {(column, place): int(columns[column][place]) + 1})
            return prove_columns(found.statement, changed).proof

        return make

    def another_model() -> bytes:
        found = valid("smallest")
        columns = honest_witness(found.statement, found.model, found.opening)
        cells = columns["weights"].copy()
        cells[:] = 0
        return prove_columns(found.statement, recounted(found.statement, columns | {"weights": cells})).proof

    linear = Reason.PAD_LINEAR
    return {
        "a false weight": ("A weight that the commitment does not open to.", linear, lie("smallest", "weights")),
        "a false scalar": ("Randomness that does not open the commitment.", linear, lie("smallest", "randomness")),
        "a false prediction": ("Two classes are predicted.", linear, lie("smallest", "argmax/prediction")),
        "a false maximum": ("Not the largest logit.", linear, lie("smallest", "argmax/maximum")),
        "residual, a false activation": (
            "An output that is not the clamp of its quotient.",
            linear,
            lie("residual", "requantise 2/output"),
        ),
        "zero weights": ("The weights of another model.", linear, another_model),
    }


@cache
def _places() -> dict[Label, int]:
    """The place of the first element of each message."""
    found = valid("smallest")
    honest = LyingProver()
    columns = honest_witness(found.statement, found.model, found.opening)
    # With a stream of its own, so that the lies do not depend on which of them comes first.
    with fixed_randomness("places of messages"):
        honest.prove(pytest.MonkeyPatch(), found.statement, columns)
    return {label: places[0] for label, places in honest.labels.items()}


def _false_messages() -> dict[str, Lie]:
    """One element of a message is off by one."""

    def lie(label: Label) -> Callable[[], bytes]:
        def make() -> bytes:
            found = valid("smallest")
            columns = honest_witness(found.statement, found.model, found.opening)
            lying = LyingProver(places=frozenset({_places()[label]}))
            return lying.prove(pytest.MonkeyPatch(), found.statement, columns)

        return make

    comment = "The first element of this message is off by one."
    labels = (Label.TREE_ROOT, Label.ROUND, Label.PRODUCT_CLAIMS, Label.FUNCTIONAL_CLAIM, Label.OPENING_VALUE)
    return {f"a false {label.value}": (comment, Reason.PAD_LINEAR, lie(label)) for label in labels}


def _false_responses() -> dict[str, Lie]:
    """A coefficient of a response, or a cell of the combined row, is another."""
    respond, combine = PadTableau.respond, opening.combined_row

    def altered(result: Any, part: str) -> Any:
        values = getattr(result, part).copy()
        values[0, 1] ^= np.uint64(1)
        return replace(result, **{part: values})

    def response(part: str) -> Callable[[], bytes]:
        def make() -> bytes:
            found = valid("smallest")
            with mock.patch.object(PadTableau, "respond", lambda *given: altered(respond(*given), part)):
                return prove(found.statement, found.model, found.opening).proof

        return make

    def row() -> bytes:
        found = valid("smallest")
        with mock.patch.object(zkaudit.prover, "combined_row", lambda *given: altered(combine(*given), "cells")):
            return prove(found.statement, found.model, found.opening).proof

    return {
        "a false low-degree response": ("One coefficient is another.", Reason.PAD_LOW_DEGREE, response("low_degree")),
        "a false linear response": ("One coefficient is another.", Reason.PAD_LINEAR, response("linear")),
        "a false quadratic response": ("One coefficient is another.", Reason.PAD_QUADRATIC, response("quadratic")),
        "a false combined row": ("One cell of u is another.", Reason.WITNESS_OPENING, row),
    }
