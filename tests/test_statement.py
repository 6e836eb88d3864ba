"""What a statement refuses, and that all of it is in the transcript."""

from __future__ import annotations

import struct
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.cases import random_case
from zkaudit import statement as statements
from zkaudit.claim import parse_claim
from zkaudit.errors import InvalidInput
from zkaudit.statement import Statement
from zkaudit.transcript import Label


def small() -> Statement:
    """A statement of three samples in two groups."""
    statement = random_case((2, 2, 2), samples=3).statement
    groups = np.array([-(2**63), 7, 2**63 - 1])
    return replace(statement, dataset=replace(statement.dataset, groups=groups))


def test_the_profile_is_the_standard_one_unless_another_is_named() -> None:
    one = small()
    assert Statement(commitment=one.commitment, dataset=one.dataset, claim=one.claim).profile == "standard-128"


def test_an_open_claim_is_no_statement() -> None:
    for claim in ("accuracy == ?", "accuracy >= 0 and confusion_matrix"):
        with pytest.raises(InvalidInput, match="a value is left open"):
            replace(small(), claim=parse_claim(claim))


def test_as_many_lookups_as_the_field_can_count(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = small().layout
    lookups = layout.table_rows + layout.lookup_count
    assert layout.table_rows
    assert layout.lookup_count
    monkeypatch.setattr(statements, "HALF", lookups)
    assert small().layout.lookup_count == layout.lookup_count
    monkeypatch.setattr(statements, "HALF", lookups - 1)
    with pytest.raises(InvalidInput, match=f"^statement: {lookups} lookups could wrap"):
        _ = small().layout


def test_an_oracle_has_two_rows_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    for variables, accepted in ((0, False), (1, True), (2, True)):
        rows = SimpleNamespace(row_variables=variables)
        monkeypatch.setattr(statements, "RowLayout", lambda *_, rows=rows: rows)
        if accepted:
            assert small().rows is rows
        else:
            with pytest.raises(RuntimeError, match="no oracle"):
                _ = small().rows


def test_every_part_of_the_data_is_in_the_transcript() -> None:
    one = small()
    data = one.dataset
    assert data.groups is not None
    others = [
        replace(one, dataset=replace(data, groups=None)),
        replace(one, dataset=replace(data, groups=data.groups[::-1].copy())),
        replace(one, dataset=replace(data, groups=data.groups + np.array([0, 1, 0]))),
        replace(one, dataset=replace(data, labels=1 - data.labels)),
        replace(one, dataset=replace(data, inputs=data.inputs[:, ::-1].copy())),
        replace(one, claim=parse_claim("accuracy <= 1")),
        replace(one, challenge=bytes(32)),
    ]
    seeds = {
        statement.open_transcript(bytes(32), bytes(32)).challenge_bytes(Label.LOOKUP_ALPHA)
        for statement in (one, replace(one), *others)
    }
    assert len(seeds) == 1 + len(others)


def test_the_bytes_of_the_data_in_the_transcript() -> None:
    statement = small()
    described = statement._description()
    assert described["groups"] == struct.pack(">3q", -(2**63), 7, 2**63 - 1)
    assert described["labels"] == struct.pack(">3i", *statement.dataset.labels.tolist())
    samples = [value for sample in statement.dataset.inputs.T.tolist() for value in sample]
    assert described["inputs"] == struct.pack(f">{len(samples)}i", *samples)
    assert described["samples"] == 3
    assert described["challenge"] == b""
    assert replace(statement, challenge=b"c" * 32)._description()["challenge"] == b"c" * 32
    assert replace(statement, dataset=replace(statement.dataset, groups=None))._description()["groups"] == b""
