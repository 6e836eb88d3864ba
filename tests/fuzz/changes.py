"""True artefacts changed as choices say, sealed again where they are containers."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

from tests.fuzz import documents, seeds
from tests.fuzz.choices import Choices, altered_bytes, altered_tree
from tests.fuzz.protobuf import alter_message
from zkaudit import wire
from zkaudit.commitment.formats import parse_commitment
from zkaudit.errors import InvalidInput
from zkaudit.model.model import MAGIC as MODEL_MAGIC
from zkaudit.proof import MAGIC as PROOF_MAGIC
from zkaudit.proof import VERSION


def mended(data: bytes) -> bytes:
    """A container with the length and the digest that its header and its body ask for."""
    body = data[wire.HEADER_BYTES : -wire.DIGEST_BYTES]
    framed = data[: wire.MAGIC_BYTES + 4].ljust(wire.MAGIC_BYTES + 4, b"\0") + len(body).to_bytes(8, "big") + body
    return framed + hashlib.sha256(framed).digest()


def _container(data: bytes, magic: bytes, choices: Choices) -> bytes:
    """A container whose body was changed as a value or as bytes, sealed again."""
    _, body = wire.unseal(magic, (1,), data, "seed")
    if choices.number(4):
        for _ in range(1 + choices.number(2)):
            body = altered_tree(body, choices)
        with suppress(TypeError, ValueError, OverflowError):
            return wire.seal(magic, 1, body)
    return mended(altered_bytes(data, choices))


def proof(data: bytes) -> bytes:
    """A true proof with any change."""
    return _container(seeds.proof(), PROOF_MAGIC, Choices(data))


def messages(data: bytes) -> bytes:
    """A true proof with other field elements, salts, paths or roots, of the right lengths."""
    choices = Choices(data)
    _, body = wire.unseal(PROOF_MAGIC, (VERSION,), seeds.proof(), "seed")
    names = ("messages", "row", "responses", "witness", "pads", "witness_root", "pad_root")
    for _ in range(1 + choices.number(3)):
        owner, name = body, choices.one_of(names)
        if isinstance(owner[name], dict):
            owner, name = owner[name], choices.one_of(("cells", "salts", "path"))
        value = owner[name]
        start = 4 * choices.number(len(value) // 4)
        word = (int.from_bytes(value[start : start + 4], "big") + choices.integer()) % (1 << 32)
        owner[name] = value[:start] + word.to_bytes(4, "big") + value[start + 4 :]
    return wire.seal(PROOF_MAGIC, VERSION, body)


def commitment(data: bytes) -> bytes:
    """A true commitment that was changed as a value, often with the digest that belongs to it."""
    choices = Choices(data)
    tree = altered_tree(json.loads(choices.one_of(seeds.commitments())), choices)
    if isinstance(tree, dict) and choices.number(4):
        with suppress(InvalidInput):
            tree = {**tree, "digest": ""}
            try:
                parse_commitment(_json(tree))
            except InvalidInput as error:
                # The refusal of a wrong digest names the right one.
                tree["digest"] = error.expected
    return _json(tree, choices.one_of((None, 2)))


def _json(tree: Any, indent: int | None = None) -> bytes:
    return json.dumps(tree, default=repr, indent=indent).encode()


def model(data: bytes) -> bytes:
    """A true model with any change."""
    choices = Choices(data)
    return _container(choices.one_of(seeds.models()), MODEL_MAGIC, choices)


def architecture(data: bytes) -> bytes:
    """A true architecture in canonical bytes, with a few changes."""
    choices = Choices(data)
    tree = choices.one_of(seeds.networks()).model.architecture.canonical()
    for _ in range(1 + choices.number(3)):
        changed = altered_tree(tree, choices)
        with suppress(TypeError, ValueError, OverflowError):
            wire.pack(changed)
            tree = changed
    return wire.pack(tree)


def unpacked(data: bytes) -> object:
    """What the reader of an architecture is given."""
    return wire.unpack(data, what="architecture")


def any_artefact(data: bytes) -> bytes:
    """One of the files with a change, or the bytes themselves."""
    choices = Choices(data)
    options = (seeds.proof(), seeds.models()[0], seeds.opening(), seeds.commitments()[0], seeds.dataset())
    options += documents.true_documents()
    changed = altered_bytes(choices.one_of(options), choices)
    return choices.one_of((changed, mended(changed), data))


def onnx_file(data: bytes) -> bytes:
    """A true ONNX network with a few changed fields."""
    import onnx

    choices = Choices(data)
    message = onnx.ModelProto()
    message.ParseFromString(choices.one_of(seeds.onnx_files()))
    for _ in range(1 + choices.number(3)):
        with suppress(TypeError, ValueError, OverflowError):
            alter_message(message, choices)
    return bytes(message.SerializeToString())
