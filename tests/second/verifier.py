"""Section "Verification", with "Statement", "Held-out set", "Proof file" and "Other files" as far as it needs them."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.second.architecture import Architecture, read_architecture
from tests.second.arguments import functionals, lookups, products
from tests.second.claims import extension
from tests.second.digest import circuit_digest
from tests.second.field import ONE, Point, clog, dot, equality_table, negate, scale, total
from tests.second.layout import Layout
from tests.second.linear import linear_relation
from tests.second.network import lower
from tests.second.oracles import Tableau, check_combined_row, open_columns
from tests.second.padded import MINUS_ONE, Channel, Expression, combine
from tests.second.ring import SCHEME, SEED, link, unpack_value
from tests.second.sizes import PROFILES, Sizes, sizes_of
from tests.second.transcript import Transcript
from tests.second.wire import big_endian, closed, elements, pack, require, sha256, unseal

FIELDS = {
    **dict.fromkeys(
        ("commitment", "data", "challenge", "witness_root", "pad_root", "messages", "row", "responses"), bytes
    ),
    **dict.fromkeys(("profile", "claim"), str),
    **dict.fromkeys(("witness", "pads"), dict),
    "lookup_nonce": int,
}
OPENED = {"nonce": int, "cells": bytes, "salts": bytes, "path": bytes}


@dataclass(frozen=True)
class Statement:
    """What is proved: the text of a commitment file, samples (one list each), labels, groups, claim and profile."""

    commitment: bytes
    samples: list[list[int]]
    labels: list[int]
    claim: str
    profile: str
    challenge: bytes = b""
    groups: list[int] | None = None

    @cached_property
    def file(self) -> dict[str, Any]:
        """The commitment file."""
        keys = {"format": str, "version": int, "digest": str, "scheme": str, "architecture": dict, "value": list}
        body = closed(json.loads(self.commitment), keys)
        heads = (body["format"], body["version"], body["scheme"])
        require(heads == ("zkaudit-commitment", 1, SCHEME), "unreadable", "commitment")
        require(sha256(pack(self.form(body))).hex() == body["digest"], "unreadable", "commitment digest")
        return body

    @staticmethod
    def form(body: dict[str, Any]) -> dict[str, Any]:
        """The canonical form of a commitment."""
        value = bytes.fromhex("".join(body["value"]))
        require(len(value) == 1984, "unreadable", "commitment value")
        return {key: body[key] for key in ("architecture", "scheme", "version")} | {"seed": SEED, "value": value}

    @cached_property
    def architecture(self) -> Architecture:
        """The architecture, the held-out set and the claim held against it."""
        result = read_architecture(self.file["architecture"])
        assert result.intervals[0] is not None
        low, high = result.intervals[0]
        require(1 <= len(self.samples) == len(self.labels) <= 2**20, "statement", "samples")
        require(all(len(sample) == result.features for sample in self.samples), "statement", "features")
        require(all(low <= x <= high for sample in self.samples for x in sample), "statement", "inputs")
        require(all(0 <= label < result.classes for label in self.labels), "statement", "labels")
        groups = self.groups or []
        require(self.groups is None or len(groups) == len(self.labels), "statement", "groups")
        require(len(set(groups)) <= 64 and all(-(2**63) <= g < 2**63 for g in groups), "statement", "groups")
        return result

    @cached_property
    def layout(self) -> Layout:
        """The circuit and its layout."""
        return Layout(lower(self.architecture, self.labels, self.claim, self.groups))

    @cached_property
    def sizes(self) -> Sizes:
        """The sizes of the oracles."""
        return sizes_of(PROFILES[self.profile], self.layout)

    def data_digest(self) -> bytes:
        """The digest of the held-out set."""
        head = b"zkaudit held-out set v1\0" + big_endian(8, len(self.samples[0])) + big_endian(8, len(self.samples))
        inputs = b"".join(struct.pack(f">{len(self.samples)}h", *row) for row in zip(*self.samples, strict=True))
        labels = b"".join(big_endian(4, label) for label in self.labels)
        return sha256(head + inputs + labels + self.group_bytes)

    @property
    def group_bytes(self) -> bytes:
        """The groups, none for a set without."""
        return b"".join(struct.pack(">q", group) for group in self.groups or [])

    @cached_property
    def description(self) -> bytes:
        """The statement map."""
        sizes = self.sizes
        pads, witness = sizes.pads, sizes.witness
        body = {
            "architecture": self.architecture.digest(),
            "challenge": self.challenge,
            "circuit": circuit_digest(self.layout.circuit),
            "claim": self.claim,
            "commitment": self.form(self.file),
            "groups": self.group_bytes,
            "inputs": b"".join(struct.pack(f">{len(sample)}i", *sample) for sample in self.samples),
            "labels": b"".join(big_endian(4, label) for label in self.labels),
            "pad oracle": [pads.message, pads.columns, pads.opened, sizes.pad_rows],
            "profile": self.profile,
            "samples": len(self.samples),
            "witness oracle": [witness.message, witness.columns, witness.opened, sizes.witness_rows],
        }
        return pack(body)

    def open_transcript(self, witness_root: bytes, pad_root: bytes) -> Transcript:
        """Section "Opening of the transcript"."""
        layout, transcript = self.layout, Transcript()
        transcript.absorb("protocol", b"zkaudit/v1")
        transcript.absorb("witness root", witness_root)
        transcript.absorb("pad root", pad_root)
        transcript.absorb("statement", self.description)
        padding = layout.batched_cells + layout.static_cells + layout.lookup_count
        transcript.absorb("circuit padding", bytes(min(padding, 2**24)))
        transcript.chain("hash chain", self.sizes.profile.chain_steps)
        return transcript


def verify(statement: Statement, proof: bytes) -> float:
    """The security bits of a proof that is accepted; RefusedError otherwise."""
    parts = _read(proof)
    bindings = (
        ("profile", statement.profile),
        ("commitment", bytes.fromhex(statement.file["digest"])),
        ("data", statement.data_digest()),
        ("claim", statement.claim),
        ("challenge", statement.challenge),
    )
    for name, expected in bindings:
        require(parts[name] == expected, f"wrong-{name}", "made for another statement")
    layout, sizes = statement.layout, statement.sizes
    bits, oracle = sizes.profile.grinding_bits, sizes.witness
    transcript = statement.open_transcript(parts["witness_root"], parts["pad_root"])
    transcript.grind("lookup grinding", parts["lookup_nonce"], bits)
    messages = elements(parts["messages"], layout.elements, "messages")
    channel = Channel(transcript, parts["messages"], messages)
    z, opened = _interactive(channel, statement)
    row = elements(parts["row"], oracle.dimension, "row")
    gamma = channel.challenge("opening gamma")
    transcript.absorb("opening combined row", parts["row"])
    known = dot(row[: oracle.message], equality_table(z[1 : clog(oracle.message) + 1]))
    channel.require_zero([(ONE, opened[1]), (gamma, opened[0])], negate(known))
    rows, root = sizes.witness_rows, parts["witness_root"]
    columns = open_columns(transcript, parts["witness"], oracle, rows, root, "W", "opening", bits)
    check_combined_row(layout, oracle, row, z, gamma, columns)
    tableau = Tableau(channel, layout, sizes)
    tableau.check(transcript, parts["pads"], parts["responses"], parts["pad_root"])
    return sizes.security_bits


def _read(proof: bytes) -> dict[str, Any]:
    require(len(proof) <= 2**28, "unreadable", "too long")
    parts = closed(unseal(b"ZKAPROOF", 1, proof), FIELDS)
    opened = [closed(parts[name], OPENED) for name in ("witness", "pads")]
    nonces = [parts["lookup_nonce"], *(part["nonce"] for part in opened)]
    digests = [parts[name] for name in ("commitment", "data", "witness_root", "pad_root")]
    require(all(0 <= nonce < 2**64 for nonce in nonces), "unreadable", "nonce")
    require(all(len(digest) == 32 for digest in digests), "unreadable", "digest")
    require(len(parts["challenge"]) in (0, 32), "unreadable", "challenge")
    return parts


def _interactive(channel: Channel, statement: Statement) -> tuple[Point, list[Expression]]:
    """From the lookups to the batching: the address that is opened, the witness there and the mask row."""
    layout = statement.layout
    sample_point, claims = lookups(channel, layout)
    product_point, product_claims = products(channel, layout)
    claims += product_claims
    samples = equality_table(sample_point)
    columns = zip(*statement.samples, strict=True)
    inputs = [total(scale(e, x) for e, x in zip(samples, column, strict=False)) for column in columns]
    for relation in layout.circuit.linear:
        claims += linear_relation(channel, layout, relation, inputs)
    claims.append(link(channel, layout, unpack_value(bytes.fromhex("".join(statement.file["value"])))))
    functional_point, functional_claims = functionals(channel, layout)
    claims += functional_claims
    assert len(claims) == layout.claims
    coefficients = channel.challenges("claim batching", layout.claims)
    pairs = list(zip(coefficients, claims, strict=True))
    combined = combine((coefficient, claim.value) for coefficient, claim in pairs)
    z, value = channel.sumcheck(combined, layout.address_variables, 2)
    opened = channel.receive("opening value and mask value", 2)
    weight = extension(layout, [sample_point, product_point, functional_point], pairs, z)
    channel.require_zero([(weight, opened[0]), (MINUS_ONE, value)])
    assert channel.finished
    assert len(channel.pairs) == layout.products
    return z, opened
