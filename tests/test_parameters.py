"""The profile table."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from zkaudit.errors import UnsupportedVersion
from zkaudit.field.koalabear import TWO_ADICITY
from zkaudit.parameters import PROFILES, STANDARD, TEST_INSECURE, Profile, profile


def test_names_find_their_profiles() -> None:
    for name, entry in PROFILES.items():
        assert entry.name == name
        assert profile(name) is entry


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnsupportedVersion, match="standard-128"):
        profile("standard-512")


def test_the_standard_profile_is_the_documented_one() -> None:
    assert (STANDARD.target_bits, STANDARD.grinding_bits, STANDARD.chain_steps) == (128, 16, 65536)
    assert (STANDARD.blow_up, STANDARD.pad_message, STANDARD.pad_columns) == (8, 256, 4096)
    assert STANDARD.pad_target_bits == 136


def test_only_the_standard_profile_is_secure() -> None:
    assert [entry.name for entry in PROFILES.values() if not entry.insecure] == ["standard-128"]


@pytest.mark.parametrize("entry", PROFILES.values(), ids=list(PROFILES))
def test_sizes_fit_the_field(entry: Profile) -> None:
    for size in (entry.blow_up, entry.smallest_message, entry.largest_columns, entry.pad_message, entry.pad_columns):
        assert size & (size - 1) == 0
    assert entry.largest_columns <= 1 << TWO_ADICITY
    assert 4 * entry.pad_message < entry.pad_columns


def test_the_vectors_are_made_under_these_figures() -> None:
    assert asdict(TEST_INSECURE) == {
        "name": "test-insecure",
        "insecure": True,
        "target_bits": 20,
        "grinding_bits": 4,
        "chain_steps": 16,
        "blow_up": 8,
        "smallest_message": 64,
        "largest_columns": 2**24,
        "pad_message": 64,
        "pad_columns": 1024,
        "pad_target_bits": 24,
    }
    assert (STANDARD.smallest_message, STANDARD.largest_columns) == (256, 2**24)
