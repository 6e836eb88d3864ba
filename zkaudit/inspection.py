"""What a file says about itself: kind, version, digest and a byte breakdown, for files from strangers.

Nothing is verified beyond the format, and no content of a secret file is shown: not even a digest of a model,
which would let anyone who sees it confirm a guess of the weights.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.archive import MAX_ARRAY_BYTES
from zkaudit.commitment.formats import COMMITMENT_LIMIT, OPENING_LIMIT, OPENING_MAGIC, parse_commitment, parse_opening
from zkaudit.dataset import parse_dataset
from zkaudit.dataset_commitment import DATASET_LIMIT, SALT_MAGIC, parse_dataset_opening
from zkaudit.document_facts import DOCUMENTS
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture
from zkaudit.model.model import MAGIC as MODEL_MAGIC
from zkaudit.model.model import MAX_FILE_BYTES as MODEL_LIMIT
from zkaudit.model.model import parse_model
from zkaudit.proof import LARGEST_PROOF, decode
from zkaudit.proof import MAGIC as PROOF_MAGIC
from zkaudit.publishing.facts import facts_of
from zkaudit.publishing.json_files import parse_map
from zkaudit.signing.key_files import AGE_MAGIC, SECRET_LIMIT

ZIP_MAGIC = b"PK"
"""First bytes of a `.npz` file."""

MAX_LISTED_FIELDS = 64
"""Performance knob: a map with more fields than this is listed as one part."""

MAX_NAME = 64
"""Performance knob: and a document with a field of a longer name, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some bytes of a file under one name."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a file says about itself; the sizes of `parts` add up to `size`.

    `digest` is that of the commitment for a commitment, SHA-256 of the file for other public files, else empty.
    """

    kind: str
    version: int
    secret: bool
    digest: str
    size: int
    facts: Mapping[str, str | int]
    parts: tuple[Part, ...]


def inspect_file(path: Path) -> Inspection:
    """What any artefact says about itself; `InvalidInput` for another file, or a damaged one."""
    start = _first_bytes(path)
    where = os.fspath(path)
    if start == MODEL_MAGIC:
        return _inspect_model(wire.read_bounded(path, MODEL_LIMIT, "model"), where)
    if start == OPENING_MAGIC:
        return _inspect_opening(wire.read_bounded(path, OPENING_LIMIT, "opening"), where)
    if start == PROOF_MAGIC:
        return inspect_proof(wire.read_bounded(path, LARGEST_PROOF, "proof"), where)
    if start.startswith(ZIP_MAGIC):
        return _inspect_dataset(wire.read_bounded(path, MAX_ARRAY_BYTES, "data"), where)
    if start.lstrip().startswith(b"{"):
        return _inspect_document(wire.read_bounded(path, COMMITMENT_LIMIT, "document"), where)
    if start == SALT_MAGIC:
        return _inspect_dataset_opening(wire.read_bounded(path, DATASET_LIMIT, "dataset opening"), where)
    if start == AGE_MAGIC[: wire.MAGIC_BYTES]:
        return _inspect_secret_key(wire.read_bounded(path, SECRET_LIMIT, "secret key"), where)
    raise InvalidInput(
        "not an artefact of zkaudit", where=where, expected=".zkm, .zko, .zkp, .zkk, .zks, .npz or a document"
    )


def inspect_proof(data: bytes, where: str) -> Inspection:
    """What a proof file says about itself; `InvalidInput` for other bytes."""
    proof = decode(data)
    return Inspection(
        kind="proof",
        version=_version(data),
        secret=False,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        facts={
            "says it proves": proof.claim,
            "of commitment": proof.commitment.hex(),
            "on held-out set": proof.data.hex(),
            "under profile": proof.profile,
        },
        parts=_sealed_parts(data, where, levels=2),
    )


def holds_secret(path: Path) -> bool:
    """Whether an existing file begins like a model, an opening or a secret key."""
    return _first_bytes(path) in (MODEL_MAGIC, OPENING_MAGIC, SALT_MAGIC, AGE_MAGIC[: wire.MAGIC_BYTES])


def _first_bytes(path: Path) -> bytes:
    """The first bytes of a regular file; `InvalidInput` as for any other read where there is none."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(wire.MAGIC_BYTES)
    # The bounded reader has the words for every way in which a file cannot be read.
    return wire.read_bounded(path, 0, "file")


def _inspect_model(data: bytes, where: str) -> Inspection:
    model = parse_model(data, where)
    return Inspection(
        kind="model",
        version=_version(data),
        secret=True,
        digest="",
        size=len(data),
        facts=_architecture_facts(model.architecture),
        parts=_sealed_parts(data, where),
    )


def _inspect_opening(data: bytes, where: str) -> Inspection:
    opening = parse_opening(data, where)
    return Inspection(
        kind="opening",
        version=_version(data),
        secret=True,
        digest="",
        size=len(data),
        facts={"of commitment": opening.commitment_digest.hex()},
        parts=_sealed_parts(data, where),
    )


def _inspect_dataset(data: bytes, where: str) -> Inspection:
    raw = parse_dataset(data, where)
    facts: dict[str, str | int] = {
        "samples": len(raw.labels),
        "inputs": f"{raw.inputs.dtype.name} {raw.inputs.shape}",
        "groups": "none" if raw.groups is None else f"int64 {raw.groups.shape}",
    }
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = tuple(Part(name=one.filename, size=one.compress_size) for one in archive.infolist())
    return Inspection(
        kind="held-out set",
        version=1,
        secret=False,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        facts=facts,
        parts=_completed(members, "zip directory", len(data)),
    )


def _inspect_dataset_opening(data: bytes, where: str) -> Inspection:
    parse_dataset_opening(data, where)
    return Inspection(
        kind="dataset opening",
        version=_version(data),
        secret=True,
        digest="",
        size=len(data),
        facts={},
        parts=_sealed_parts(data, where),
    )


def _inspect_secret_key(data: bytes, where: str) -> Inspection:
    """Nothing but the size: what the file holds is encrypted."""
    return Inspection(
        kind="secret key under a passphrase",
        version=1,
        secret=True,
        digest="",
        size=len(data),
        facts={},
        parts=(Part(name="age file", size=len(data)),),
    )


def _inspect_document(data: bytes, where: str) -> Inspection:
    """A public document of the kind that its `format` names, or a file of a publication, which other tools read too.

    Anything else is held against a commitment.
    """
    document = parse_map(data, where, limit=COMMITMENT_LIMIT)
    kind = document.get("format")
    reader = DOCUMENTS.get(kind) if type(kind) is str else None
    found = facts_of(document, data, where) if reader is None else reader(data, where)
    if found is None:
        return _inspect_commitment(data, where)
    return Inspection(
        kind=found.kind,
        version=1,
        secret=False,
        digest=found.digest,
        size=len(data),
        facts=found.facts,
        parts=_json_parts(document, data),
    )


def _json_parts(document: dict[str, Any], data: bytes) -> tuple[Part, ...]:
    """The members of a document, or one part where a stranger's file has very many or very long names."""
    if len(document) > MAX_LISTED_FIELDS or any(len(key) > MAX_NAME for key in document):
        return (Part(name="members", size=len(data)),)
    return _completed(_json_members(data.decode()), "punctuation", len(data))


def _inspect_commitment(data: bytes, where: str) -> Inspection:
    commitment = parse_commitment(data, where)
    return Inspection(
        kind="commitment",
        version=1,
        secret=False,
        digest=commitment.digest().hex(),
        size=len(data),
        facts=_architecture_facts(commitment.architecture),
        parts=_completed(_json_members(data.decode()), "punctuation", len(data)),
    )


def _architecture_facts(architecture: Architecture) -> dict[str, str | int]:
    """The public part of a model."""
    steps = [layer.summary for layer in architecture.layers[:MAX_LISTED_FIELDS]]
    return {
        "semantics": architecture.semantics,
        "input shape": str(architecture.input_shape),
        "layers": ", ".join(steps),
        "classes": architecture.classes,
        "weights": architecture.weight_count,
        "architecture": architecture.digest().hex(),
    }


def _version(data: bytes) -> int:
    return int.from_bytes(data[wire.MAGIC_BYTES : wire.MAGIC_BYTES + 4], "big")


def _sealed_parts(data: bytes, where: str, *, levels: int = 1) -> tuple[Part, ...]:
    """The parts of a container: header, each field of its body so many levels deep, digest."""
    _, body = wire.unseal(data[: wire.MAGIC_BYTES], (_version(data),), data, where)
    ends = (Part(name="header", size=wire.HEADER_BYTES), Part(name="file digest", size=wire.DIGEST_BYTES))
    fields = _field_parts(body, "", levels)
    return _completed((ends[0], *fields, ends[1]), "framing", len(data))


def _field_parts(body: Any, prefix: str, levels: int) -> tuple[Part, ...]:
    """Each field of a map with its key; for a map inside it, its own fields and what is left."""
    if not isinstance(body, dict) or len(body) > MAX_LISTED_FIELDS or not levels:
        return ()
    parts: list[Part] = []
    for key, value in body.items():
        size = len(wire.pack(key)) + len(wire.pack(value))
        inner = _field_parts(value, f"{prefix}{key}.", levels - 1)
        parts += _completed(inner, f"{prefix}{key}.framing" if inner else f"{prefix}{key}", size)
    return tuple(parts)


def _completed(parts: tuple[Part, ...], rest: str, size: int) -> tuple[Part, ...]:
    """The parts and one more for the bytes between them, so that they add up to the file."""
    left = size - sum(part.size for part in parts)
    return (*parts, Part(name=rest, size=left)) if left else parts


def _json_members(text: str) -> tuple[Part, ...]:
    """The members of a JSON object that has been parsed before, from key to end of value."""
    decoder = json.JSONDecoder()
    parts: list[Part] = []
    start = text.find('"')
    while start >= 0:
        key, middle = decoder.raw_decode(text, start)
        value = middle
        while text[value] in " \t\r\n:":
            value += 1
        _, end = decoder.raw_decode(text, value)
        parts.append(Part(name=key, size=len(text[start:end].encode())))
        start = text.find('"', end)
    return tuple(parts)
